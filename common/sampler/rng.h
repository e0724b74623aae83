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

/* A suggestion takes thousands of these: they are compiled where they are used. */
static inline uint64_t hopt_rng__rotate(uint64_t x, int k) {
    return (x << k) | (x >> (64 - k));
}

static inline uint64_t hopt_rng_next(hopt_rng *rng) {
    uint64_t *s = rng->s;
    uint64_t result = hopt_rng__rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = hopt_rng__rotate(s[3], 45);
    return result;
}

/** Uniform in [0, 1), 53 bits. */
static inline double hopt_rng_uniform(hopt_rng *rng) {
    return (double)(hopt_rng_next(rng) >> 11) * 0x1p-53;
}

/** Uniform integer in [0, n), n >= 1, without bias (Lemire 2019). */
uint64_t hopt_rng_below(hopt_rng *rng, uint64_t n);
/** Standard normal, by inverse CDF of one uniform: one draw, one number. */
double hopt_rng_normal(hopt_rng *rng);

#endif
