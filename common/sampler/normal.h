/**
 * Elementary functions that give the same bits on every machine: glibc's exp and log differ in the
 * last bit between processors with and without FMA, and a replayed study must not. Only
 * + - * / and sqrt, which IEEE 754 fixes. Pure; thread-safe.
 */
#ifndef HOPT_SAMPLER_NORMAL_H
#define HOPT_SAMPLER_NORMAL_H

/** e^x, error below 1 ulp; 0 below -745, infinity above 709.79. */
double hopt_math_exp(double x);
/** ln x, error below 1 ulp; -infinity at 0, NaN below. */
double hopt_math_log(double x);
/** The standard normal distribution function, relative error about 1e-15 in both tails. */
double hopt_normal_cdf(double x);
/** Its inverse for p in (0, 1), relative error about 1e-15. */
double hopt_normal_quantile(double p);

#endif
