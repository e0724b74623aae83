/**
 * numpy's random numbers, bit for bit: `numpy.random.default_rng(seed)` of numpy 2 and the draws
 * that hyperopt takes from it. Elementary functions are libm's, as numpy's own are. Pure; one
 * generator a thread.
 */
#ifndef HOPT_SAMPLER_HYPEROPT_NUMPY_H
#define HOPT_SAMPLER_HYPEROPT_NUMPY_H

#include <stdbool.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 hopt_uint128;

/** PCG64: O'Neill 2014, "PCG: A family of simple fast space-efficient statistically good
 * algorithms", setseq-128 XSL-RR 64. */
typedef struct hopt_numpy {
    hopt_uint128 state, increment;
    bool has_half; /**< the upper half of the last 64 bits waits to be the next 32 */
    uint32_t half;
} hopt_numpy;

/** As default_rng(seed): SeedSequence spreads the seed over the state. */
void hopt_numpy_seed(hopt_numpy *rng, uint64_t seed);
/** SeedSequence(seed).generate_state(count), 32-bit words. */
void hopt_numpy_seed_words(uint32_t *words, int count, uint64_t seed);

uint64_t hopt_numpy_next64(hopt_numpy *rng);
uint32_t hopt_numpy_next32(hopt_numpy *rng);
/** random(): [0, 1), 53 bits. */
double hopt_numpy_random(hopt_numpy *rng);
/** integers(n), n >= 1 (Lemire 2019); up to 2^32 values take 32 bits a try. n = 1 takes none. */
uint64_t hopt_numpy_integers(hopt_numpy *rng, uint64_t n);
/** uniform(low, high). */
double hopt_numpy_uniform(hopt_numpy *rng, double low, double high);
/** normal(loc, scale). */
double hopt_numpy_normal(hopt_numpy *rng, double loc, double scale);
/** standard_exponential(). */
double hopt_numpy_exponential(hopt_numpy *rng);
/** binomial(n, p), 0 <= p <= 1, n >= 0, n*min(p, 1 - p) <= 30. */
int64_t hopt_numpy_binomial(hopt_numpy *rng, int64_t n, double p);
/** multinomial(1, p).argmax(): an index below count; p adds up to about 1. */
int hopt_numpy_pick(hopt_numpy *rng, const double *p, int count);

/** One link of a chain: what a binomial(1, p) compares its uniform number with. */
typedef struct hopt_numpy_link {
    double zero, one; /**< chance of the rarer value and of the other: its cells */
    bool mirrored, never;
} hopt_numpy_link;

/** Many picks of one p: each link is worked out when it is first come to. */
typedef struct hopt_numpy_chain {
    const double *p;        /**< borrowed */
    hopt_numpy_link *links; /**< room for `count`, borrowed */
    int count, ready;
    double rest;
} hopt_numpy_chain;

hopt_numpy_chain hopt_numpy_chain_of(const double *p, int count, hopt_numpy_link *links);
/** The same as hopt_numpy_pick() of the chain's p. */
int hopt_numpy_chain_pick(hopt_numpy *rng, hopt_numpy_chain *chain);
/** geometric(p), 0 < p <= 1: 1, 2, ... */
int64_t hopt_numpy_geometric(hopt_numpy *rng, double p);

#endif
