/**
 * numpy's distributions. Normal and exponential: Marsaglia and Tsang 2000, "The ziggurat method for
 * generating random variables". Which bits choose the layer and the sign, and every order of draws
 * and operations, is numpy's: the numbers have to be the same, not only their distribution.
 */
#include <math.h>

#include "common/base/alloc.h"
#include "common/sampler/hyperopt/numpy_internal.h"

#define NORMAL_TAIL 3.6541528853610087963519472518
#define NORMAL_TAIL_INVERSE 0.27366123732975827203338247596
#define EXPONENTIAL_TAIL 7.6971174701310497140446280481
/** Above this mean numpy goes over to rejection (BTPE), which nothing here needs. */
#define BINOMIAL_MEAN_MAX 30.0

double hopt_numpy_uniform(hopt_numpy *rng, double low, double high) {
    return low + (high - low) * hopt_numpy_random(rng);
}

/* Beyond the last layer: Marsaglia's tail. */
static double normal_tail(hopt_numpy *rng, bool negative) {
    for (;;) {
        double x = -NORMAL_TAIL_INVERSE * log1p(-hopt_numpy_random(rng));
        double y = -log1p(-hopt_numpy_random(rng));
        if (y + y > x * x) return negative ? -(NORMAL_TAIL + x) : NORMAL_TAIL + x;
    }
}

static double standard_normal(hopt_numpy *rng) {
    for (;;) {
        uint64_t bits = hopt_numpy_next64(rng);
        int layer = (int)(bits & 0xff);
        uint64_t size = bits >> 9 & UINT64_C(0xfffffffffffff);
        double x = (double)size * hopt_numpy__normal_w[layer];
        if (bits >> 8 & 1) x = -x;
        if (size < hopt_numpy__normal_k[layer]) return x;
        if (layer == 0) return normal_tail(rng, size >> 8 & 1);
        double above = hopt_numpy__normal_f[layer - 1] - hopt_numpy__normal_f[layer];
        if (above * hopt_numpy_random(rng) + hopt_numpy__normal_f[layer] < exp(-0.5 * x * x))
            return x;
    }
}

double hopt_numpy_normal(hopt_numpy *rng, double loc, double scale) {
    return loc + scale * standard_normal(rng);
}

double hopt_numpy_exponential(hopt_numpy *rng) {
    for (;;) {
        uint64_t bits = hopt_numpy_next64(rng) >> 3;
        int layer = (int)(bits & 0xff);
        uint64_t size = bits >> 8;
        double x = (double)size * hopt_numpy__exponential_w[layer];
        if (size < hopt_numpy__exponential_k[layer]) return x;
        if (layer == 0) return EXPONENTIAL_TAIL - log1p(-hopt_numpy_random(rng));
        double above = hopt_numpy__exponential_f[layer - 1] - hopt_numpy__exponential_f[layer];
        if (above * hopt_numpy_random(rng) + hopt_numpy__exponential_f[layer] < exp(-x)) return x;
    }
}

/* Kachitvichyanukul and Schmeiser 1988, "Binomial random variate generation", algorithm BINV; a
 * draw that runs past ten standard deviations begins anew. */
static int64_t binomial_inversion(hopt_numpy *rng, int64_t n, double p) {
    double q = 1 - p;
    double first = exp((double)n * log1p(-p));
    double mean = (double)n * p;
    int64_t most = (int64_t)fmin((double)n, mean + 10.0 * sqrt(mean * q + 1));
    int64_t x = 0;
    double cell = first;
    double u = hopt_numpy_random(rng);
    while (u > cell) {
        x++;
        if (x > most) {
            x = 0;
            cell = first;
            u = hopt_numpy_random(rng);
        } else {
            u -= cell;
            cell = ((double)(n - x + 1) * p * cell) / ((double)x * q);
        }
    }
    return x;
}

int64_t hopt_numpy_binomial(hopt_numpy *rng, int64_t n, double p) {
    if (n == 0 || p == 0) return 0;
    bool mirrored = p > 0.5;
    double rarer = mirrored ? 1 - p : p;
    HOPT_ASSERT(rarer * (double)n <= BINOMIAL_MEAN_MAX);
    int64_t x = binomial_inversion(rng, n, rarer);
    return mirrored ? n - x : x;
}

/* A chain of binomials, each on what its predecessors left. */
int hopt_numpy_pick(hopt_numpy *rng, const double *p, int count) {
    double rest = 1;
    for (int i = 0; i < count - 1; i++) {
        if (hopt_numpy_binomial(rng, 1, p[i] / rest)) return i;
        rest -= p[i];
    }
    return count - 1;
}

hopt_numpy_chain hopt_numpy_chain_of(const double *p, int count, hopt_numpy_link *links) {
    return (hopt_numpy_chain){.p = p, .links = links, .count = count, .rest = 1};
}

/* binomial_inversion() of n = 1, up to where it draws. */
static hopt_numpy_link link_of(double p) {
    if (p == 0) return (hopt_numpy_link){.never = true};
    hopt_numpy_link link = {.mirrored = p > 0.5};
    double rarer = link.mirrored ? 1 - p : p;
    HOPT_ASSERT(rarer <= BINOMIAL_MEAN_MAX);
    link.zero = exp(log1p(-rarer));
    link.one = (rarer * link.zero) / (1 - rarer);
    return link;
}

static bool link_draw(const hopt_numpy_link *link, hopt_numpy *rng) {
    if (link->never) return false;
    for (;;) {
        double u = hopt_numpy_random(rng);
        if (!(u > link->zero)) return link->mirrored;
        if (!(u - link->zero > link->one)) return !link->mirrored;
    }
}

int hopt_numpy_chain_pick(hopt_numpy *rng, hopt_numpy_chain *chain) {
    for (int i = 0; i < chain->count - 1; i++) {
        if (i == chain->ready) {
            chain->links[chain->ready++] = link_of(chain->p[i] / chain->rest);
            chain->rest -= chain->p[i];
        }
        if (link_draw(&chain->links[i], rng)) return i;
    }
    return chain->count - 1;
}

int64_t hopt_numpy_geometric(hopt_numpy *rng, double p) {
    if (p < 0.333333333333333333333333) {
        double x = ceil(-hopt_numpy_exponential(rng) / log1p(-p));
        return x >= 0x1p63 ? INT64_MAX : (int64_t)x;
    }
    int64_t x = 1;
    double sum = p;
    double term = p;
    double u = hopt_numpy_random(rng);
    while (u > sum) {
        term *= 1 - p;
        sum += term;
        x++;
    }
    return x;
}
