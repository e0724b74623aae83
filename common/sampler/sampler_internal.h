/** What the files of this module share: kinds, prior draws, the option reader. */
#ifndef HOPT_SAMPLER_SAMPLER_INTERNAL_H
#define HOPT_SAMPLER_SAMPLER_INTERNAL_H

#include "common/sampler/rng.h"
#include "common/sampler/sampler.h"

extern const hopt_sampler_kind hopt_sampler__tpe;
extern const hopt_sampler_kind hopt_sampler__gp;
extern const hopt_sampler_kind hopt_sampler__auto;
extern const hopt_sampler_kind hopt_sampler__random;
extern const hopt_sampler_kind hopt_sampler__hyperopt;
extern const hopt_sampler_kind hopt_sampler__anneal;
extern const hopt_sampler_kind hopt_sampler__mix;

/** One draw from the prior of `dist`, inside hopt_dist_contains() (prior.c). */
double hopt_sampler__draw_value(const hopt_dist *dist, hopt_rng *rng);
/** A whole point from the prior; inactive parameters NaN. */
void hopt_sampler__draw_point(const hopt_space *space, hopt_rng *rng, double *point);
/** k*q as the space stores it: never -0. */
double hopt_sampler__grid_value(double k, double q);
/** exp into the finite positive doubles, for the lognormal kinds. */
double hopt_sampler__exp_finite(double x);

/**
 * Fill a kind's options structure from JSON (options.c).
 * @param[out] values  `kind->options_size` bytes; defaults for what is not given. NULL: only check.
 */
HOPT_MUST_CHECK hopt_status hopt_sampler__read_options(void *values, const hopt_sampler_kind *kind,
                                                       const json_t *options, hopt_error *err);

#endif
