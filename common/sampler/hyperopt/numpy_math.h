/**
 * numpy's and scipy's ways to sum, to step and to integrate, in their order of operations: TPE's
 * winner is often decided between scores that differ in the last bits. Pure; thread-safe.
 */
#ifndef HOPT_SAMPLER_HYPEROPT_NUMPY_MATH_H
#define HOPT_SAMPLER_HYPEROPT_NUMPY_MATH_H

#include <stddef.h>

/** numpy.sum of contiguous doubles: pairwise, eight lanes. */
double hopt_numpy_sum(const double *x, size_t count);
/** scipy.special.erf: Cephes' rational approximations (Moshier). */
double hopt_numpy_erf(double x);
/** numpy.clip. */
double hopt_numpy_clip(double x, double low, double high);
/** Element i of numpy.linspace(low, high, count). */
double hopt_numpy_linspace(double low, double high, int count, int i);

#endif
