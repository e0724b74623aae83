/** hyperopt's algorithms over one history; kinds.c makes samplers of them. Not thread-safe. */
#ifndef HOPT_SAMPLER_HYPEROPT_HYPEROPT_H
#define HOPT_SAMPLER_HYPEROPT_HYPEROPT_H

#include "common/sampler/hyperopt/docs.h"
#include "common/sampler/hyperopt/parzen.h"
#include "common/sampler/hyperopt/sorted.h"

/** The names and defaults are those of hyperopt's suggest functions. */
typedef struct hopt_hyperopt_options {
    int n_startup_jobs, n_EI_candidates;
    double gamma, prior_weight;
    double avg_best_idx, shrink_coef;
    hopt_sampler_shares p_suggest; /**< mix */
} hopt_hyperopt_options;

typedef struct hopt_hyperopt hopt_hyperopt;
struct hopt_hyperopt {
    hopt_hyperopt_plan plan;
    hopt_hyperopt_docs docs;
    hopt_hyperopt_options options;
    /* Scratch, grown as needed. */
    hopt_hyperopt_mixture below, above;
    double *x_below, *x_above; /**< observations of one label */
    unsigned char *group;      /**< of each kept trial */
    size_t x_capacity;
    hopt_hyperopt_sorted *sorted; /**< of each parameter */
    int *rank;                    /**< by slot: age among the label's others, or -1 */
    double *p_below, *p_above;    /**< of an unordered parameter's values */
    int p_capacity;
    /* n_EI_candidates of each */
    double *draws, *score_below, *score_above, *doubt_below, *doubt_above;
    /* Told of each label of tpe.suggest while its mixtures and exact scores are there; or NULL. */
    void (*watch)(hopt_hyperopt *self, int param, double value);
    void *watcher;
};

/** rand.suggest. */
void hopt_hyperopt_rand(hopt_hyperopt *self, uint64_t seed, double *point);
/** tpe.suggest. */
void hopt_hyperopt_tpe(hopt_hyperopt *self, uint64_t seed, double *point);
/** anneal.suggest for the trial `num`. */
void hopt_hyperopt_anneal(hopt_hyperopt *self, uint64_t seed, int64_t num, double *point);

/** After hopt_hyperopt_tpe() with a model: whether docs.kept[i] is one of the good trials. */
bool hopt_hyperopt_is_good(const hopt_hyperopt *self, size_t i);

/** What hopt_sampler_explain() says: of tpe.suggest, which is done again; of anneal.suggest. */
HOPT_MUST_CHECK json_t *hopt_hyperopt_explain_tpe(hopt_hyperopt *self, uint64_t seed);
HOPT_MUST_CHECK json_t *hopt_hyperopt_explain_anneal(const hopt_hyperopt *self);

/** Make `p_below` and `p_above` hold `values` doubles. */
void hopt_hyperopt_need_values(hopt_hyperopt *self, int values);

#endif
