/** xoshiro256** and what is drawn from it. */
#include "common/sampler/rng.h"

#include "common/base/hash.h"
#include "common/sampler/normal.h"

void hopt_rng_seed(hopt_rng *rng, uint64_t seed) {
    for (uint64_t i = 0; i < 4; i++)
        rng->s[i] = hopt_hash_splitmix64(seed, i);
}

uint64_t hopt_rng_below(hopt_rng *rng, uint64_t n) {
    /* Lemire 2019, "Fast random integer generation in an interval", algorithm 5. */
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)hopt_rng_next(rng) * n;
    if ((uint64_t)product < n) {
        uint64_t threshold = (0 - n) % n;
        while ((uint64_t)product < threshold)
            product = (wide)hopt_rng_next(rng) * n;
    }
    return (uint64_t)(product >> 64);
}

double hopt_rng_normal(hopt_rng *rng) {
    /* The middle of one of 2^53 cells: never 0 or 1, where the quantile is infinite. */
    double u = ((double)(hopt_rng_next(rng) >> 12) + 0.5) * 0x1p-52;
    return hopt_normal_quantile(u);
}
