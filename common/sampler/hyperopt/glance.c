/**
 * Design notes. Inner loops have no branch and fixed lanes, so that they become vectors and give
 * the same bits on every path; columns have a tile of room at their end, so that none needs a rest.
 */
#include "common/sampler/hyperopt/glance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

/** More than the error of exp_near() and of the sums. */
#define ROUGHNESS 1e-9
/** More than the relative error of tail_near(). */
#define TAIL_ROUGHNESS 1.3e-7
/** More than what rounding does to a sum of all weights times Phi, relative to their sum. */
#define CELL_ROUNDING 2e-15
/** Below this exponent a component adds nothing. */
#define LEAST_EXPONENT (-700.0)

enum { LANES = 8, TILE = 16 };

/* ---- inner loops ---- */

/* e^y for -700 <= y <= 0, relative error 1e-11: Taylor's sum after 2^n is split off. */
static inline __attribute__((always_inline)) double exp_near(double y) {
    y = y > LEAST_EXPONENT ? y : LEAST_EXPONENT;
    double shifted = y * 1.4426950408889634 + 0x1.8p52; /* rounds to an integer */
    double n = shifted - 0x1.8p52;
    double r = y - n * 0.6931471805599453;
    double p = 1.0 / 362880 * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = p * r + 1;
    p = p * r + 1;
    uint64_t bits, exponent;
    memcpy(&bits, &p, sizeof bits);
    memcpy(&exponent, &shifted, sizeof exponent);
    bits += exponent << 52;
    memcpy(&p, &bits, sizeof p);
    return p;
}

static inline __attribute__((always_inline)) double add_up(const double lane[LANES]) {
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

/* Sum of weight * exp(-((x - mu) / sigma)^2 / 2) over `count`, a multiple of LANES, of one width.
 */
static inline __attribute__((always_inline)) double
narrow_lanes(const double *mu, const double *weight, int count, double x, double inverse) {
    double lane[LANES] = {0};
    for (int i = 0; i < count; i += LANES)
        for (int k = 0; k < LANES; k++) {
            double z = (x - mu[i + k]) * inverse;
            lane[k] += weight[i + k] * exp_near(-0.5 * (z * z));
        }
    return add_up(lane);
}

/* The same with a width each. */
static inline __attribute__((always_inline)) double
wide_lanes(const double *mu, const double *height, const double *inverse, int count, double x) {
    double lane[LANES] = {0};
    for (int i = 0; i < count; i += LANES)
        for (int k = 0; k < LANES; k++) {
            double z = (x - mu[i + k]) * inverse[i + k];
            lane[k] += height[i + k] * exp_near(-0.5 * (z * z));
        }
    return add_up(lane);
}

/* 1 - Phi(z) for z >= 0, relative error below 1.2e-7: erfcc of Press et al., Numerical Recipes in
 * C, 2nd ed., section 6.2. */
static inline __attribute__((always_inline)) double tail_near(double z) {
    double x = z * 0.7071067811865476;
    double t = 1 / (1 + 0.5 * x);
    double p = 0.17087277 * t - 0.82215223;
    p = p * t + 1.48851587;
    p = p * t - 1.13520398;
    p = p * t + 0.27886807;
    p = p * t - 0.18628806;
    p = p * t + 0.09678418;
    p = p * t + 0.37409196;
    p = p * t + 1.00002368;
    p = p * t - 1.26551223;
    return 0.5 * t * exp_near(p - x * x);
}

/* Sums of weight * (Phi((upper - mu) / sigma) - Phi((lower - mu) / sigma)) and of both tails, whose
 * errors are what is wrong with it. `each`: an inverse width for every component. */
static inline __attribute__((always_inline)) void
cell_lanes(double sums[2], const double *mu, const double *weight, const double *inverse, bool each,
           int count, double lower, double upper) {
    double lane[LANES] = {0};
    double tails[LANES] = {0};
    for (int i = 0; i < count; i += LANES)
        for (int k = 0; k < LANES; k++) {
            double scale = each ? inverse[i + k] : *inverse;
            double a = (lower - mu[i + k]) * scale;
            double b = (upper - mu[i + k]) * scale;
            double tail_a = tail_near(fabs(a));
            double tail_b = tail_near(fabs(b));
            double whole = (b < 0 ? 0.0 : 1.0) - (a < 0 ? 0.0 : 1.0);
            double parts = (b < 0 ? tail_b : -tail_b) - (a < 0 ? tail_a : -tail_a);
            lane[k] += weight[i + k] * (whole + parts);
            tails[k] += weight[i + k] * (tail_a + tail_b);
        }
    sums[0] += add_up(lane);
    sums[1] += add_up(tails);
}

/* Weights by age, 0 for what has no rank. `count` is a multiple of TILE. */
static inline __attribute__((always_inline)) void
weigh_lanes(double *weight, const int *rank, int count, const hopt_hyperopt_ramp *ramp) {
    double step = ramp->step;
    double least = ramp->least;
    int last = ramp->last;
    for (int i = 0; i < count; i += TILE)
        for (int k = 0; k < TILE; k++) {
            int age = rank[i + k];
            double w = age < last ? age * step + least : 1;
            weight[i + k] = w;
        }
}

/* Whether any of TILE gaps is wider than `narrowest`. */
static inline __attribute__((always_inline)) bool wide_gap_lanes(const double *mu,
                                                                 double narrowest) {
    int wide = 0;
    for (int k = 0; k < TILE; k++)
        wide |= mu[k + 1] - mu[k] > narrowest;
    return wide;
}

/* The first tile from `from` on that has one; `count` when there is none. */
static inline __attribute__((always_inline)) int gap_lanes(const double *mu, int from, int count,
                                                           double narrowest) {
    while (from < count && !wide_gap_lanes(mu + from, narrowest))
        from += TILE;
    return from;
}

struct hopt_hyperopt_loops {
    double (*narrow)(const double *, const double *, int, double, double);
    double (*wide)(const double *, const double *, const double *, int, double);
    void (*narrow_cell)(double *, const double *, const double *, const double *, int, double,
                        double);
    void (*wide_cell)(double *, const double *, const double *, const double *, int, double,
                      double);
    void (*weigh)(double *, const int *, int, const hopt_hyperopt_ramp *);
    int (*gap)(const double *, int, int, double);
};

/* The loops compiled for one instruction set, and their table. An attribute takes no parentheses.
 */
/* NOLINTBEGIN(bugprone-macro-parentheses) */
#define LOOPS_FOR(NAME, TARGET)                                                                    \
    TARGET static double narrow_##NAME(const double *mu, const double *weight, int count,          \
                                       double x, double inverse) {                                 \
        return narrow_lanes(mu, weight, count, x, inverse);                                        \
    }                                                                                              \
    TARGET static double wide_##NAME(const double *mu, const double *height,                       \
                                     const double *inverse, int count, double x) {                 \
        return wide_lanes(mu, height, inverse, count, x);                                          \
    }                                                                                              \
    TARGET static void narrow_cell_##NAME(double *sums, const double *mu, const double *weight,    \
                                          const double *inverse, int count, double lower,          \
                                          double upper) {                                          \
        cell_lanes(sums, mu, weight, inverse, false, count, lower, upper);                         \
    }                                                                                              \
    TARGET static void wide_cell_##NAME(double *sums, const double *mu, const double *weight,      \
                                        const double *inverse, int count, double lower,            \
                                        double upper) {                                            \
        cell_lanes(sums, mu, weight, inverse, true, count, lower, upper);                          \
    }                                                                                              \
    TARGET static void weigh_##NAME(double *weight, const int *rank, int count,                    \
                                    const hopt_hyperopt_ramp *ramp) {                              \
        weigh_lanes(weight, rank, count, ramp);                                                    \
    }                                                                                              \
    TARGET static int gap_##NAME(const double *mu, int from, int count, double narrowest) {        \
        return gap_lanes(mu, from, count, narrowest);                                              \
    }                                                                                              \
    static const hopt_hyperopt_loops loops_##NAME = {narrow_##NAME,      wide_##NAME,              \
                                                     narrow_cell_##NAME, wide_cell_##NAME,         \
                                                     weigh_##NAME,       gap_##NAME};
/* NOLINTEND(bugprone-macro-parentheses) */

LOOPS_FOR(plain, )
#if defined(__x86_64__)
LOOPS_FOR(avx2, __attribute__((target("avx2"))))
LOOPS_FOR(avx512, __attribute__((target("avx512f,avx512dq"))))
#endif

const hopt_hyperopt_loops *hopt_hyperopt_loops_at(int i) {
    const hopt_hyperopt_loops *all[4] = {&loops_plain};
#if defined(__x86_64__)
    int n = 1;
    if (__builtin_cpu_supports("avx2")) all[n++] = &loops_avx2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
        all[n++] = &loops_avx512;
#endif
    return i < 4 ? all[i] : NULL;
}

static const hopt_hyperopt_loops *loops_of(hopt_hyperopt_crowd *crowd) {
    if (crowd->loops) return crowd->loops;
    for (int i = 0; hopt_hyperopt_loops_at(i); i++)
        crowd->loops = hopt_hyperopt_loops_at(i);
    return crowd->loops;
}

/* ---- a crowd ---- */

void hopt_hyperopt_crowd_clear(hopt_hyperopt_crowd *crowd) {
    free(crowd->mu);
    free(crowd->weight);
    free(crowd->rank);
    free(crowd->wide_mu);
    free(crowd->wide_weight);
    free(crowd->wide_height);
    free(crowd->wide_inverse);
    *crowd = (hopt_hyperopt_crowd){0};
}

static void reserve(hopt_hyperopt_crowd *crowd, size_t components) {
    int capacity = (int)components + 2 * TILE;
    if (capacity <= crowd->capacity) return;
    capacity += capacity / 4;
    crowd->capacity = capacity;
    crowd->mu = hopt_realloc(crowd->mu, (size_t)capacity, sizeof(double));
    crowd->weight = hopt_realloc(crowd->weight, (size_t)capacity, sizeof(double));
    crowd->rank = hopt_realloc(crowd->rank, (size_t)capacity, sizeof(int));
}

/* The weight may be 0: what fills the last lanes up. */
static void add_wide(hopt_hyperopt_crowd *crowd, double mu, double weight, double sigma) {
    if (crowd->n_wide == crowd->wide_capacity) {
        crowd->wide_capacity = 2 * crowd->wide_capacity + 4 * LANES;
        size_t n = (size_t)crowd->wide_capacity;
        crowd->wide_mu = hopt_realloc(crowd->wide_mu, n, sizeof(double));
        crowd->wide_weight = hopt_realloc(crowd->wide_weight, n, sizeof(double));
        crowd->wide_height = hopt_realloc(crowd->wide_height, n, sizeof(double));
        crowd->wide_inverse = hopt_realloc(crowd->wide_inverse, n, sizeof(double));
    }
    crowd->wide_mu[crowd->n_wide] = mu;
    crowd->wide_weight[crowd->n_wide] = weight;
    crowd->wide_height[crowd->n_wide] = weight / sigma;
    crowd->wide_inverse[crowd->n_wide++] = 1 / sigma;
}

static void fill_wide(hopt_hyperopt_crowd *crowd) {
    while (crowd->n_wide % LANES)
        add_wide(crowd, 0, 0, 1);
}

/* The first of `count` ascending ones that is not below x. No branch depends on x. */
static int first_from(const double *mu, int count, double x) {
    const double *at = mu;
    while (count > 1) {
        int half = count / 2;
        at += at[half - 1] < x ? half : 0;
        count -= half;
    }
    return (int)(at - mu) + (count && *at < x);
}

/* Component i is wider than the narrowest: it goes over to the wide ones. */
static void widen(hopt_hyperopt_crowd *crowd, int i, double prior_sigma) {
    if (crowd->weight[i] == 0) return; /* it has */
    const double *mu = crowd->mu;
    double below = i > 0 ? mu[i] - mu[i - 1] : 0;
    double above = i + 1 < crowd->count ? mu[i + 1] - mu[i] : 0;
    double sigma = below > above ? below : above;
    add_wide(crowd, mu[i], crowd->weight[i], sigma < prior_sigma ? sigma : prior_sigma);
    crowd->weight[i] = 0;
}

static void find_wide(hopt_hyperopt_crowd *crowd, double prior_sigma) {
    const hopt_hyperopt_loops *run = loops_of(crowd);
    int gaps = crowd->count - 1;
    for (int at = run->gap(crowd->mu, 0, gaps, crowd->narrowest); at < gaps;
         at = run->gap(crowd->mu, at + TILE, gaps, crowd->narrowest))
        for (int i = at; i < at + TILE && i < gaps; i++)
            if (crowd->mu[i + 1] - crowd->mu[i] > crowd->narrowest) {
                widen(crowd, i, prior_sigma);
                widen(crowd, i + 1, prior_sigma);
            }
}

/* Append those of [from, to) that have a rank. */
static void append_ranked(hopt_hyperopt_crowd *crowd, const hopt_hyperopt_sorted *sorted,
                          const int *rank, size_t from, size_t to) {
    double *mu = crowd->mu;
    int *ranks = crowd->rank;
    int n = crowd->count;
    for (size_t i = from; i < to; i++) { /* each is written, and the next over it if it has none */
        int age = rank[sorted->slot[i]];
        mu[n] = sorted->x[i];
        ranks[n] = age;
        n += age >= 0;
    }
    crowd->count = n;
}

void hopt_hyperopt_crowd_gather(hopt_hyperopt_crowd *crowd, const hopt_hyperopt_sorted *sorted,
                                const int *rank, int n, double prior_weight, double prior_mu,
                                double prior_sigma) {
    reserve(crowd, sorted->count + 1);
    crowd->count = 0;
    crowd->n_wide = 0;
    size_t below = (size_t)first_from(sorted->x, (int)sorted->count, prior_mu);
    append_ranked(crowd, sorted, rank, 0, below);
    int prior = crowd->count++;
    crowd->mu[prior] = prior_mu;
    crowd->rank[prior] = 0;
    append_ranked(crowd, sorted, rank, below, sorted->count);
    /* Room for whole tiles: no gap, no weight. */
    for (int i = 0; i < 2 * TILE; i++) {
        crowd->mu[crowd->count + i] = crowd->mu[crowd->count - 1];
        crowd->rank[crowd->count + i] = 0;
    }
    hopt_hyperopt_ramp ramp = hopt_hyperopt_ramp_of(n);
    loops_of(crowd)->weigh(crowd->weight, crowd->rank, (crowd->count + TILE - 1) / TILE * TILE,
                           &ramp);
    for (int i = 0; i < TILE; i++)
        crowd->weight[crowd->count + i] = 0;
    crowd->weight[prior] = 0;
    add_wide(crowd, prior_mu, prior_weight, prior_sigma);
    crowd->narrow = n;
    crowd->narrowest = prior_sigma / fmin(100.0, 1.0 + crowd->count);
    find_wide(crowd, prior_sigma);
    fill_wide(crowd);
}

void hopt_hyperopt_crowd_copy(hopt_hyperopt_crowd *crowd, const hopt_hyperopt_mixture *mixture) {
    crowd->count = 0;
    crowd->n_wide = 0;
    for (int k = 0; k < mixture->count; k++)
        add_wide(crowd, mixture->mu[k], mixture->weight[k], mixture->sigma[k]);
    fill_wide(crowd);
    crowd->narrow = 0;
    crowd->narrowest = 1;
}

/* What lies within reach of [lower, upper]: the first component, and how many, up to whole lanes.
 */
static void find_near(const hopt_hyperopt_crowd *crowd, double reach, double lower, double upper,
                      int *from, int *whole) {
    double width = reach * crowd->narrowest;
    *from = first_from(crowd->mu, crowd->count, lower - width);
    int to = first_from(crowd->mu, crowd->count, upper + width);
    *whole = (to - *from + LANES - 1) / LANES * LANES;
}

void hopt_hyperopt_crowd_scores(hopt_hyperopt_crowd *crowd, double reach, const double *at,
                                int count, double *score, double *doubt) {
    const hopt_hyperopt_loops *run = loops_of(crowd);
    double inverse = 1 / crowd->narrowest;
    double most_missed = crowd->narrow * inverse * exp(-0.5 * reach * reach);
    for (int i = 0; i < count; i++) {
        double sum = run->wide(crowd->wide_mu, crowd->wide_height, crowd->wide_inverse,
                               crowd->n_wide, at[i]);
        if (crowd->count > 0) {
            int from, whole;
            find_near(crowd, reach, at[i], at[i], &from, &whole);
            sum += run->narrow(crowd->mu + from, crowd->weight + from, whole, at[i], inverse) *
                   inverse;
        }
        doubt[i] = most_missed / sum + ROUGHNESS;
        score[i] = log(sum);
    }
}

void hopt_hyperopt_crowd_cells(hopt_hyperopt_crowd *crowd, double reach, const double *lower,
                               const double *upper, int count, double *score, double *doubt) {
    const hopt_hyperopt_loops *run = loops_of(crowd);
    double inverse = 1 / crowd->narrowest;
    double most_missed = crowd->narrow * 0.5 * exp(-0.5 * reach * reach);
    double all = crowd->narrow;
    for (int k = 0; k < crowd->n_wide; k++)
        all += crowd->wide_weight[k];
    for (int i = 0; i < count; i++) {
        double sums[2] = {0, 0};
        run->wide_cell(sums, crowd->wide_mu, crowd->wide_weight, crowd->wide_inverse, crowd->n_wide,
                       lower[i], upper[i]);
        if (crowd->count > 0) {
            int from, whole;
            find_near(crowd, reach, lower[i], upper[i], &from, &whole);
            run->narrow_cell(sums, crowd->mu + from, crowd->weight + from, &inverse, whole,
                             lower[i], upper[i]);
        }
        /* Of a logarithm: -log(1 - e) <= 2 e for small e, and what is not small is no help. */
        double wrong = most_missed + TAIL_ROUGHNESS * sums[1] + CELL_ROUNDING * all;
        double mass = sums[0];
        doubt[i] = wrong < 0.5 * mass ? 2 * wrong / mass + ROUGHNESS : (double)INFINITY;
        score[i] = log(mass);
    }
}
