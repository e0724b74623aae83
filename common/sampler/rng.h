/**
 * Random numbers for the samplers: xoshiro256** seeded by splitmix64 (Blackman and Vigna 2018,
 * "Scrambled linear pseudorandom number generators"). The same seed gives the same stream on every
 * machine. (hyperopt parity uses numpy's generators, in sampler/hyperopt/.)
 */
#ifndef HOPT_SAMPLER_RNG_H
#define HOPT_SAMPLER_RNG_H

#include <stdint.h>

typedef struct hopt_rng {
    uint64_t s[4];
} hopt_rng;

void hopt_rng_seed(hopt_rng *rng, uint64_t seed);
uint64_t hopt_rng_next(hopt_rng *rng);
/** Uniform in [0, 1), 53 bits. */
double hopt_rng_uniform(hopt_rng *rng);
/** Uniform integer in [0, n), n >= 1, without bias (Lemire 2019). */
uint64_t hopt_rng_below(hopt_rng *rng, uint64_t n);
/** Standard normal, by inverse CDF of one uniform: one draw, one number. */
double hopt_rng_normal(hopt_rng *rng);

#endif
