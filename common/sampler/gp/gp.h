/** The sampler `gp`: candidates of `tpe`, ranked by a Gaussian process (GP.md). */
#ifndef HOPT_SAMPLER_GP_GP_H
#define HOPT_SAMPLER_GP_GP_H

#include "common/sampler/gp/gp_internal.h"

typedef struct hopt_gp_options {
    hopt_tpe_options tpe; /**< first: its start-up, candidates, repeat */
    int hand_over;
} hopt_gp_options;

/** The options that gp and auto share, for their tables; AT(field) is the offset of gp's field. */
#define HOPT_GP_OPTIONS(AT)                                                                        \
    {.name = "startup",                                                                            \
     .summary = "trials of the start-up design",                                                   \
     .type = HOPT_OPTION_INT,                                                                      \
     .low = 1,                                                                                     \
     .high = 10000,                                                                                \
     .initial = 10,                                                                                \
     .offset = AT(tpe.startup)},                                                                   \
        {.name = "candidates",                                                                     \
         .summary = "candidates of tpe's own suggestions",                                         \
         .type = HOPT_OPTION_INT,                                                                  \
         .low = 1,                                                                                 \
         .high = 10000,                                                                            \
         .initial = 24,                                                                            \
         .offset = AT(tpe.candidates)},                                                            \
        {.name = "hand_over",                                                                      \
         .summary = "with more finished trials every suggestion is tpe's",                         \
         .type = HOPT_OPTION_INT,                                                                  \
         .low = 0,                                                                                 \
         .high = 100000,                                                                           \
         .initial = HOPT_GP_HAND_OVER,                                                             \
         .offset = AT(hand_over)},                                                                 \
    {                                                                                              \
        .name = "repeat", .summary = "allow the same point again in a finite space",               \
        .type = HOPT_OPTION_BOOL, .low = 0, .high = 1, .initial = 0, .offset = AT(tpe.repeat)      \
    }

typedef enum hopt_gp_step {
    HOPT_GP_TPE,  /**< its turn, or the start-up */
    HOPT_GP_FEW,  /**< too few finished trials */
    HOPT_GP_MANY, /**< handed over */
    HOPT_GP_NONE, /**< no model could be had */
    HOPT_GP_SEEN, /**< all candidates were evaluated before */
    HOPT_GP_MODEL
} hopt_gp_step;

/** A fit, and the trials that it was made of. */
typedef struct hopt_gp_fitted {
    uint32_t *records;
    size_t n, capacity;
    bool good, additive;
    hopt_gp_hyper hyper;
} hopt_gp_fitted;

typedef struct hopt_gp {
    hopt_gp_options options;
    hopt_tpe *tpe; /**< history, start-up and generator */
    hopt_gp_model model;
    hopt_gp_fitted product; /**< the last fit of the product kernel */
    hopt_gp_fitted either;  /**< the last choice between the kernels */
    const hopt_gp_fitted *used;
    /* The last suggestion, for explaining it. */
    hopt_gp_step step;
    double log_ei, mean, deviation; /**< of the winner, transformed */
    int64_t believed;               /**< num of the complete trial with the least posterior mean */
    uint32_t *order;                /**< records of the model's trials, best first */
    size_t n_order;
} hopt_gp;

/** More finished trials than this were not measured (docs/adr/0024): the default of `hand_over`. */
enum { HOPT_GP_HAND_OVER = 1000 };

/** The tpe within, of the same history. */
hopt_tpe *hopt_gp_tpe(hopt_gp *gp);

/** What hopt_sampler_explain() says of a suggestion by the model. New reference. */
HOPT_MUST_CHECK json_t *hopt_gp_explain(const hopt_gp *gp);

#endif
