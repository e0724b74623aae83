/**
 * Scores for the price of a few components: hyperopt's widths are mostly the narrowest that it
 * allows, a hundredth of the range, so a candidate has few components near. What is left out is
 * bounded, and where the bound leaves the winner open, the exact scores decide. Not thread-safe.
 */
#ifndef HOPT_SAMPLER_HYPEROPT_GLANCE_H
#define HOPT_SAMPLER_HYPEROPT_GLANCE_H

#include "common/sampler/hyperopt/parzen.h"
#include "common/sampler/hyperopt/sorted.h"

/** The inner loops for one instruction set. */
typedef struct hopt_hyperopt_loops hopt_hyperopt_loops;
/** All that this processor can run, the fastest last; NULL beyond it. All give the same bits. */
const hopt_hyperopt_loops *hopt_hyperopt_loops_at(int i);

/** A mixture as a glance needs it: not normalized. Starts as zeros. */
typedef struct hopt_hyperopt_crowd {
    int count, capacity;
    double *mu;     /**< of all components, ascending */
    double *weight; /**< of the narrowest ones; 0 for the others */
    int *rank;      /**< scratch */
    double narrowest;
    double narrow; /**< at least the sum of `weight` */
    int n_wide, wide_capacity;
    double *wide_mu, *wide_weight;
    double *wide_height, *wide_inverse; /**< height: weight / width; inverse: 1 / width */
    const hopt_hyperopt_loops *loops;   /**< NULL: the fastest, from the first use on */
} hopt_hyperopt_crowd;

void hopt_hyperopt_crowd_clear(hopt_hyperopt_crowd *crowd);

/**
 * Of a label's observations those with a rank, weighed and widened as hopt_hyperopt_parzen_placed()
 * does it.
 * @param rank  by slot: the age among the n that have one; of others negative.
 */
void hopt_hyperopt_crowd_gather(hopt_hyperopt_crowd *crowd, const hopt_hyperopt_sorted *sorted,
                                const int *rank, int n, double prior_weight, double prior_mu,
                                double prior_sigma);
/** Of a mixture of few components: none will be left out. */
void hopt_hyperopt_crowd_copy(hopt_hyperopt_crowd *crowd, const hopt_hyperopt_mixture *mixture);

/**
 * Log densities, but for a constant.
 * @param reach       how many deviations from a narrow component it is still looked at.
 * @param at          candidates, their logarithms for log types.
 * @param[out] doubt  how far the score may be from the exact one.
 */
void hopt_hyperopt_crowd_scores(hopt_hyperopt_crowd *crowd, double reach, const double *at,
                                int count, double *score, double *doubt);
/** Likewise the log of the mass between `lower` and `upper` of each candidate's cell. */
void hopt_hyperopt_crowd_cells(hopt_hyperopt_crowd *crowd, double reach, const double *lower,
                               const double *upper, int count, double *score, double *doubt);

#endif
