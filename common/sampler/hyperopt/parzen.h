/**
 * hyperopt's estimators of one parameter (tpe.py; Bergstra et al. 2011, "Algorithms for
 * Hyper-Parameter Optimization"): the adaptive Parzen mixture of normals and the smoothed counts,
 * with their draws and log densities. The order of operations is numpy's throughout. Not
 * thread-safe.
 */
#ifndef HOPT_SAMPLER_HYPEROPT_PARZEN_H
#define HOPT_SAMPLER_HYPEROPT_PARZEN_H

#include <stddef.h>

#include "common/sampler/hyperopt/plan.h"

enum { HOPT_HYPEROPT_FULL_WEIGHT = 25 }; /**< so many of the latest weigh 1 (DEFAULT_LF) */

typedef struct hopt_hyperopt_place {
    double x;
    int index;
} hopt_hyperopt_place;

/** A mixture by ascending mean; also room for what is computed from it. */
typedef struct hopt_hyperopt_mixture {
    int count, capacity;
    double *weight, *mu, *sigma;
    double *work;   /**< `capacity` doubles */
    double *height; /**< likewise: what of a score does not depend on x */
    hopt_hyperopt_place *place;
    hopt_numpy_link *links; /**< `n_links` of them, for draws */
    int n_links;
} hopt_hyperopt_mixture;

void hopt_hyperopt_mixture_clear(hopt_hyperopt_mixture *mixture);

/** linear_forgetting_weights(n, 25)[i]. */
double hopt_hyperopt_forgetting(int n, int i);

/** The same for many i: i * step + least below `last`, then 1. */
typedef struct hopt_hyperopt_ramp {
    int last;
    double step, least;
} hopt_hyperopt_ramp;
hopt_hyperopt_ramp hopt_hyperopt_ramp_of(int n);

/** Room for n observations in `place`, for hopt_hyperopt_parzen_placed(). */
void hopt_hyperopt_mixture_reserve(hopt_hyperopt_mixture *mixture, int n);
/** adaptive_parzen_normal of the first n of `place`: by x, ties by index, which is the age. */
void hopt_hyperopt_parzen_placed(hopt_hyperopt_mixture *mixture, int n, double prior_weight,
                                 double prior_mu, double prior_sigma);
/** adaptive_parzen_normal: x in the order of age. */
void hopt_hyperopt_parzen(hopt_hyperopt_mixture *mixture, const double *x, int n,
                          double prior_weight, double prior_mu, double prior_sigma);

/** What a mixture is of: bounds (of the logarithm for log types), grid. */
typedef struct hopt_hyperopt_kernel {
    bool log;     /**< LGMM1: the mixture is of logarithms */
    bool bounded; /**< between low and high */
    double low, high;
    double q; /**< 0: no grid */
} hopt_hyperopt_kernel;

hopt_hyperopt_kernel hopt_hyperopt_kernel_of(const hopt_dist *dist,
                                             const hopt_hyperopt_range *range);

/** The cell of the grid around x, within the bounds; logarithms for log types. */
void hopt_hyperopt_cell(const hopt_hyperopt_kernel *kernel, double x, double *lower, double *upper);

/** GMM1, LGMM1. */
void hopt_hyperopt_mixture_draw(hopt_hyperopt_mixture *mixture, const hopt_hyperopt_kernel *kernel,
                                hopt_numpy *rng, double *draws, int count);
/** GMM1_lpdf, LGMM1_lpdf. Uses the mixture's work space. */
void hopt_hyperopt_mixture_score(hopt_hyperopt_mixture *mixture, const hopt_hyperopt_kernel *kernel,
                                 const double *x, int count, double *log_density);

/**
 * The posterior of an unordered parameter: counts weighted by age, plus prior_weight for each
 * value (pchoice: K p prior_weight), normalized.
 * @param[out] p  `values` doubles.
 */
void hopt_hyperopt_counts(double *p, int values, const hopt_dist *dist, double low, const double *x,
                          int n, double prior_weight);

#endif
