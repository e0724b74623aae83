/** Helpers of the sampler's tests: spaces from text, goodness of fit, independent formulas. */
#ifndef HOPT_TEST_SAMPLER_SUPPORT_H
#define HOPT_TEST_SAMPLER_SUPPORT_H

#include <stddef.h>

#include "common/sampler/sampler.h"
#include "common/space/space.h"

/** Parse a space; single quotes in `text` stand for double ones. Fails the test when it is wrong.
 */
hopt_space *space_of(const char *text);

/** Open a sampler with options given as JSON text (single quotes), or NULL. */
hopt_sampler *open_sampler(const char *name, const hopt_space *space, const char *options,
                           uint64_t study_seed);
/** Ask with seed splitmix64(study_seed, num), fail the test unless the point is in the support. */
void ask(hopt_sampler *sampler, const hopt_space *space, uint64_t study_seed, int64_t num,
         double *point);
void tell(hopt_sampler *sampler, int64_t num, const double *point, double loss);
void tell_outcome(hopt_sampler *sampler, int64_t num, const double *point, hopt_outcome outcome,
                  double loss, int64_t step);

/** Kolmogorov-Smirnov: sqrt(n) sup |F_n - F|; above 1.95 has probability 1e-3. Sorts `x`. */
double ks_statistic(double *x, int n, double (*cdf)(const hopt_dist *, double),
                    const hopt_dist *dist);
/** The chi-square statistic as a standard normal deviate (Wilson and Hilferty): cells of less than
 * 5 expected are merged with the next. Above 3.1: probability 1e-3. */
double chi_square_deviate(const double *observed, const double *expected, int cells);

/** Distribution function and cell probability of each kind, by libm. */
double reference_cdf(const hopt_dist *dist, double x);
double reference_cell(const hopt_dist *dist, double value);

#endif
