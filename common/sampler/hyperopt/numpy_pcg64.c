/** PCG64 with XSL-RR output, as numpy steps it: first the state, then the output of the new one. */
#include "common/sampler/hyperopt/numpy_internal.h"

uint64_t hopt_numpy_next64(hopt_numpy *rng) {
    const hopt_uint128 multiplier =
        (hopt_uint128)UINT64_C(0x2360ed051fc65da4) << 64 | UINT64_C(0x4385df649fccf645);
    rng->state = rng->state * multiplier + rng->increment;
    uint64_t folded = (uint64_t)(rng->state >> 64) ^ (uint64_t)rng->state;
    unsigned turn = (unsigned)(rng->state >> 122);
    return folded >> turn | folded << (-turn & 63);
}

uint32_t hopt_numpy_next32(hopt_numpy *rng) {
    if (rng->has_half) {
        rng->has_half = false;
        return rng->half;
    }
    uint64_t bits = hopt_numpy_next64(rng);
    rng->has_half = true;
    rng->half = (uint32_t)(bits >> 32);
    return (uint32_t)bits;
}

double hopt_numpy_random(hopt_numpy *rng) {
    return (double)(hopt_numpy_next64(rng) >> 11) * 0x1p-53;
}

static uint64_t below_32(hopt_numpy *rng, uint32_t n) {
    uint64_t product = (uint64_t)hopt_numpy_next32(rng) * n;
    if ((uint32_t)product < n) {
        uint32_t floor = -n % n; /* 2^32 mod n */
        while ((uint32_t)product < floor)
            product = (uint64_t)hopt_numpy_next32(rng) * n;
    }
    return product >> 32;
}

static uint64_t below_64(hopt_numpy *rng, uint64_t n) {
    hopt_uint128 product = (hopt_uint128)hopt_numpy_next64(rng) * n;
    if ((uint64_t)product < n) {
        uint64_t floor = -n % n; /* 2^64 mod n */
        while ((uint64_t)product < floor)
            product = (hopt_uint128)hopt_numpy_next64(rng) * n;
    }
    return (uint64_t)(product >> 64);
}

uint64_t hopt_numpy_integers(hopt_numpy *rng, uint64_t n) {
    if (n <= 1) return 0;
    if (n == UINT64_C(1) << 32) return hopt_numpy_next32(rng);
    return n < UINT64_C(1) << 32 ? below_32(rng, (uint32_t)n) : below_64(rng, n);
}
