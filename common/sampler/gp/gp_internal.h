/**
 * The parts of the sampler `gp` (GP.md), in the order in which a suggestion passes them:
 * gp_transform.c (losses made Gaussian) → gp_kernel.c (how alike two points are) → gp_model.c
 * (Cholesky factor, posterior) → gp_fit.c (which kernel, length scales and noise) → gp_acquire.c
 * (log expected improvement) → gp_search.c (the candidates' local search) → gp.c. Points are rows
 * of cube coordinates (cube.h), inactive ones NaN. Not thread-safe.
 *
 * Everything is a function of the set of known trials and the seed: there are no warm starts, so
 * that a master that starts anew proposes the same, and a replay repeats it.
 */
#ifndef HOPT_SAMPLER_GP_INTERNAL_H
#define HOPT_SAMPLER_GP_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/sampler/cube.h"
#include "common/sampler/gp/gp_vector.h"
#include "common/sampler/tpe_internal.h"

/** The most trials in the model (GP.md 4). */
enum { HOPT_GP_DATA_MAX = 250 };
/** Columns are worked on in pieces of so many trials; capacities are multiples of it. */
enum { HOPT_GP_BLOCK = 32 };
/** Fewer trials than this can't tell a sum from a product. */
enum { HOPT_GP_ADDITIVE = 40 };

/* ---- gp_transform.c ---- */

enum { HOPT_GP_TRANSFORMS = 9 };

/** T(y) = c log1p(x / c), x = (y - lowest) / scale; the first is the identity (GP.md 3). */
typedef struct hopt_gp_transform {
    double lowest, scale;
    double c; /**< infinity: the identity */
} hopt_gp_transform;

double hopt_gp_transform_at(int i);
/** Lowest and scale of n >= 1 finite losses; the identity. */
hopt_gp_transform hopt_gp_transform_of(const double *losses, size_t n);
double hopt_gp_transform_apply(const hopt_gp_transform *transform, double loss);
/** Sum of ln T'(y): what the likelihood of the untransformed losses has on top. */
double hopt_gp_transform_log_jacobian(const hopt_gp_transform *transform, const double *losses,
                                      size_t n);

/* ---- gp_model.c ---- */

typedef struct hopt_gp_hyper {
    double *theta; /**< [size] ln length-scale */
    double ln_eta; /**< ln noise, relative to the signal's variance */
    bool linear;   /**< the climb began with the losses as they are (docs/adr/0025) */
} hopt_gp_hyper;

typedef struct hopt_gp_model {
    const hopt_cube *cube;
    const hopt_gp_ops *ops;
    int size;
    size_t n;        /**< finished trials */
    size_t total;    /**< with pending ones after them */
    size_t capacity; /**< of each column */
    double *z;       /**< [size][capacity] the embedding (GP.md 2) */
    double *loss;    /**< [n] */
    double *t;       /**< [total] transformed; for pending ones the believed mean */
    hopt_gp_transform transform;
    hopt_gp_hyper hyper;
    bool additive;  /**< the sum of one kernel for each parameter (docs/adr/0019) */
    double *weight; /**< [size] e^(-2 theta) */
    double *lower;  /**< column j of the Cholesky factor at lower + j * capacity */
    double *upper;  /**< row i of it at upper + i * capacity */
    double *alpha;  /**< [total] K^-1 (t - mean) */
    double mean, variance;
    double best; /**< least posterior mean at a trial, believed ones too: f* of the acquisition */
    double *scratch; /**< 5 * capacity */
} hopt_gp_model;

void hopt_gp_model_init(hopt_gp_model *model, const hopt_cube *cube);
void hopt_gp_model_clear(hopt_gp_model *model);
/** The embedding of a coordinate: numeric .5 and category -1 where inactive. */
double hopt_gp_embed(const hopt_cube_dim *dim, double u);
/** Room for so many trials. */
void hopt_gp_model_reserve(hopt_gp_model *model, size_t total);
/** Put a row at place i of the columns. */
void hopt_gp_model_put(hopt_gp_model *model, size_t i, const double *row);
/** Write weight from hyper.theta. */
void hopt_gp_model_weigh(hopt_gp_model *model);
/** Kernel of trials from..count-1 with trial j, into k[from..count-1]; `slope` as hopt_gp_kernel()
 * for the product, else not written. Uses scratch[0..2 capacity - 1]. */
void hopt_gp_model_column(const hopt_gp_model *model, double *k, double *slope, size_t j,
                          size_t from, size_t count);
/** The factor of the n finished trials' K + eta I. @return false: a pivot is too small. */
bool hopt_gp_model_factor(hopt_gp_model *model);
/** Cholesky of the lower triangle in place, columns at `lower`. @return false: a pivot is too
 * small. */
bool hopt_gp_cholesky(const hopt_gp_ops *ops, double *lower, double *upper, size_t n,
                      size_t stride);
/** x = L^-1 x over the first n. */
void hopt_gp_forward(const hopt_gp_model *model, double *x, size_t n);
/** x = L^-T x. */
void hopt_gp_backward(const hopt_gp_model *model, double *x, size_t n);
/** Choose the transform by likelihood for the factor at hand. @return the log likelihood, NaN:
 * none. */
double hopt_gp_model_choose(hopt_gp_model *model);
/** The same with the identity for all choice. */
double hopt_gp_model_keep(hopt_gp_model *model);
/** Mean, variance and alpha of t; f*. */
void hopt_gp_model_finish(hopt_gp_model *model);
/** The posterior mean at finished trial i. */
double hopt_gp_model_mean_at(const hopt_gp_model *model, size_t i);
/** Append a pending trial with its posterior mean (GP.md 6), which counts for f* (docs/adr/0026).
 */
void hopt_gp_model_believe(hopt_gp_model *model, const double *row);

/* ---- gp_kernel.c ---- */

/** Embedded points: coordinate d of the i-th one is at[d * stride + i]. */
typedef struct hopt_gp_columns {
    const double *at;
    size_t stride;
} hopt_gp_columns;

/**
 * The kernel of n points x with the first point of c.
 * @param slope  its derivative by the squared distance: [n]; of the sum [size][n], by that along
 *               each parameter. May be NULL.
 * @param room   2 n.
 */
void hopt_gp_kernel(const hopt_gp_model *model, double *k, double *slope, hopt_gp_columns x,
                    hopt_gp_columns c, double *room, size_t n);
/** One parameter's part of the sum, before its share: k and derivative; `r2` is room for n. */
void hopt_gp_kernel_along(const hopt_gp_model *model, int d, double *k, double *slope,
                          const double *x, double c, double *r2, size_t n);

/* ---- gp_fit.c ---- */

/**
 * Length scales and noise of the n trials by maximum a posteriori (GP.md 4), of the product kernel.
 * Two climbs (docs/adr/0025): one with the transform that is likeliest at its start, one with the
 * identity.
 * @param as  only the climb that led to these; NULL: both, the more likely end stays.
 * @return false: no factor, or all losses are the same.
 */
bool hopt_gp_fit(hopt_gp_model *model, double active, const hopt_gp_hyper *as);
/** The same of the product and of the sum (docs/adr/0019): the more likely one stays. */
bool hopt_gp_fit_either(hopt_gp_model *model, double active);

/* ---- gp_acquire.c ---- */

/** ln(phi(z) + z Phi(z)); also Phi/h and phi/h of that h (GP.md 5). */
double hopt_gp_log_h(double z, double *cdf_share, double *pdf_share);
/** Log expected improvement at `count` rows. */
void hopt_gp_log_ei(const hopt_gp_model *model, const double *rows, size_t count, double *out);
/** The same at one row, with its gradient by the coordinates of all active numeric dimensions
 * (others: 0). `gradient` may be NULL. Also the posterior. */
double hopt_gp_log_ei_at(const hopt_gp_model *model, const double *row, double *gradient,
                         double *mean, double *deviation);

/* ---- gp_search.c ---- */

/** What new values for parameters that become active are taken from. */
typedef struct hopt_gp_source {
    const hopt_tpe_split *split;
    const uint32_t *order; /**< records of the model's trials, best first */
    size_t count;
} hopt_gp_source;

/** Climb from a row by the continuous and discrete moves of GP.md 5. @return log EI there. */
double hopt_gp_climb(const hopt_gp_model *model, const hopt_gp_source *source, hopt_rng *rng,
                     double *row);

#endif
