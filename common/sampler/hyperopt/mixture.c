/** Draws from a mixture and its log density: GMM1, LGMM1 and their lpdf in tpe.py. */
#include <float.h>
#include <math.h>

#include "common/base/alloc.h"
#include "common/sampler/hyperopt/numpy_math.h"
#include "common/sampler/hyperopt/parzen.h"

#define EPSILON 1e-12

hopt_hyperopt_kernel hopt_hyperopt_kernel_of(const hopt_dist *dist,
                                             const hopt_hyperopt_range *range) {
    bool log = dist->kind == HOPT_LOGUNIFORM || dist->kind == HOPT_QLOGUNIFORM ||
               dist->kind == HOPT_LOGNORMAL || dist->kind == HOPT_QLOGNORMAL;
    return (hopt_hyperopt_kernel){.log = log,
                                  .bounded = dist->sigma <= 0,
                                  .low = range->low,
                                  .high = range->high,
                                  .q = dist->q};
}

static double finish(const hopt_hyperopt_kernel *kernel, double draw) {
    if (kernel->log) draw = fmin(fmax(exp(draw), DBL_MIN), DBL_MAX);
    return kernel->q > 0 ? hopt_hyperopt_round(draw, kernel->q) : draw;
}

void hopt_hyperopt_mixture_draw(hopt_hyperopt_mixture *mixture, const hopt_hyperopt_kernel *kernel,
                                hopt_numpy *rng, double *draws, int count) {
    const double *mu = mixture->mu;
    const double *sigma = mixture->sigma;
    if (mixture->n_links < mixture->count) {
        mixture->n_links = mixture->count + 8;
        mixture->links =
            hopt_realloc(mixture->links, (size_t)mixture->n_links, sizeof *mixture->links);
    }
    hopt_numpy_chain chain = hopt_numpy_chain_of(mixture->weight, mixture->count, mixture->links);
    if (kernel->bounded) { /* component and value by turns, until one lies inside */
        for (int i = 0; i < count;) {
            int k = hopt_numpy_chain_pick(rng, &chain);
            double draw = hopt_numpy_normal(rng, mu[k], sigma[k]);
            if (draw >= kernel->low && draw < kernel->high) draws[i++] = finish(kernel, draw);
        }
        return;
    }
    for (int i = 0; i < count; i++) /* all components first */
        draws[i] = hopt_numpy_chain_pick(rng, &chain);
    for (int i = 0; i < count; i++) {
        int k = (int)draws[i];
        draws[i] = finish(kernel, hopt_numpy_normal(rng, mu[k], sigma[k]));
    }
}

static double normal_cdf(double x, double mu, double sigma) {
    return 0.5 * (1 + hopt_numpy_erf((x - mu) / fmax(M_SQRT2 * sigma, EPSILON)));
}

/* The same of a logarithm; another order of operations in hyperopt, and so another rounding. */
static double lognormal_cdf(double log_x, double mu, double sigma) {
    return 0.5 + 0.5 * hopt_numpy_erf((log_x - mu) / fmax(M_SQRT2 * sigma, EPSILON));
}

/* The mass between the bounds, or 1. */
static double accepted(hopt_hyperopt_mixture *mixture, const hopt_hyperopt_kernel *kernel) {
    if (!kernel->bounded) return 1;
    for (int k = 0; k < mixture->count; k++)
        mixture->work[k] =
            mixture->weight[k] * (normal_cdf(kernel->high, mixture->mu[k], mixture->sigma[k]) -
                                  normal_cdf(kernel->low, mixture->mu[k], mixture->sigma[k]));
    return hopt_numpy_sum(mixture->work, (size_t)mixture->count);
}

void hopt_hyperopt_cell(const hopt_hyperopt_kernel *kernel, double x, double *lower,
                        double *upper) {
    *upper = x + kernel->q / 2;
    *lower = x - kernel->q / 2;
    if (kernel->bounded) {
        *upper = fmin(*upper, kernel->log ? exp(kernel->high) : kernel->high);
        *lower = fmax(*lower, kernel->log ? exp(kernel->low) : kernel->low);
    }
    if (kernel->log) {
        *upper = log(fmax(*upper, EPSILON));
        *lower = log(fmax(*lower, EPSILON)); /* also of what is below 0 */
    }
}

/* The log of the mass in the cell around x. */
static double cell_score(const hopt_hyperopt_mixture *mixture, const hopt_hyperopt_kernel *kernel,
                         double x) {
    double lower, upper;
    hopt_hyperopt_cell(kernel, x, &lower, &upper);
    double mass = 0;
    for (int k = 0; k < mixture->count; k++) {
        double w = mixture->weight[k];
        double mu = mixture->mu[k];
        double sigma = mixture->sigma[k];
        double part =
            w * (kernel->log ? lognormal_cdf(upper, mu, sigma) : normal_cdf(upper, mu, sigma));
        part -= w * (kernel->log ? lognormal_cdf(lower, mu, sigma) : normal_cdf(lower, mu, sigma));
        mass += part;
    }
    return log(mass);
}

/* log sum exp of the work space, which holds each component's part. */
static double log_sum(hopt_hyperopt_mixture *mixture) {
    double *part = mixture->work;
    double most = part[0];
    for (int k = 1; k < mixture->count; k++)
        most = part[k] > most ? part[k] : most;
    for (int k = 0; k < mixture->count; k++)
        part[k] = exp(part[k] - most);
    return log(hopt_numpy_sum(part, (size_t)mixture->count)) + most;
}

static void find_heights(hopt_hyperopt_mixture *mixture, const hopt_hyperopt_kernel *kernel,
                         double mass) {
    for (int k = 0; k < mixture->count; k++) {
        double sigma = mixture->sigma[k];
        mixture->height[k] =
            log(kernel->log ? mixture->weight[k]
                            : mixture->weight[k] / sqrt(2 * M_PI * (sigma * sigma)) / mass);
    }
}

static double normal_score(hopt_hyperopt_mixture *mixture, double x) {
    for (int k = 0; k < mixture->count; k++) {
        double z = (x - mixture->mu[k]) / fmax(mixture->sigma[k], EPSILON);
        mixture->work[k] = -0.5 * (z * z) + mixture->height[k];
    }
    return log_sum(mixture);
}

/* hyperopt does not divide by the mass between the bounds here. */
static double lognormal_score(hopt_hyperopt_mixture *mixture, double x) {
    double log_x = log(x);
    for (int k = 0; k < mixture->count; k++) {
        double sigma = fmax(mixture->sigma[k], EPSILON);
        double z = (log_x - mixture->mu[k]) / sigma;
        mixture->work[k] = -(0.5 * (z * z)) - log(sigma * x * sqrt(2 * M_PI)) + mixture->height[k];
    }
    return log_sum(mixture);
}

void hopt_hyperopt_mixture_score(hopt_hyperopt_mixture *mixture, const hopt_hyperopt_kernel *kernel,
                                 const double *x, int count, double *log_density) {
    /* What no score is divided by need not be known. */
    double mass = kernel->q > 0 || !kernel->log ? accepted(mixture, kernel) : 1;
    if (kernel->q <= 0) find_heights(mixture, kernel, mass);
    for (int i = 0; i < count; i++) {
        if (kernel->q > 0)
            log_density[i] = cell_score(mixture, kernel, x[i]) - log(mass);
        else if (kernel->log)
            log_density[i] = lognormal_score(mixture, x[i]);
        else
            log_density[i] = normal_score(mixture, x[i]);
    }
}
