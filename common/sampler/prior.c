/** Draws from the prior of each distribution (HYPEROPT.md §4), by inverse CDF of one uniform. */
#include <float.h>
#include <math.h>

#include "common/sampler/normal.h"
#include "common/sampler/sampler_internal.h"

static double clamp(double x, double low, double high) {
    return x < low ? low : x > high ? high : x;
}

double hopt_sampler__grid_value(double k, double q) {
    return k * q + 0.0; /* -0 + 0 is 0 */
}

double hopt_sampler__exp_finite(double x) {
    return clamp(hopt_math_exp(x), DBL_MIN, DBL_MAX);
}

/** rint(x/q)*q, half to even, as hyperopt; finite for every finite x. */
static double quantize(double x, double q) {
    double k = rint(x / q);
    return isfinite(k) && isfinite(k * q) ? hopt_sampler__grid_value(k, q) : x;
}

static double between(double low, double high, double u) {
    double span = high - low;
    return isfinite(span) ? clamp(low + span * u, low, high)
                          : clamp(low * (1 - u) + high * u, low, high);
}

static double draw_normal(const hopt_dist *dist, hopt_rng *rng) {
    return clamp(dist->mu + dist->sigma * hopt_rng_normal(rng), -DBL_MAX, DBL_MAX);
}

static double draw_log_uniform(const hopt_dist *dist, hopt_rng *rng) {
    double u = hopt_rng_uniform(rng);
    return clamp(hopt_math_exp(between(hopt_math_log(dist->low), hopt_math_log(dist->high), u)),
                 dist->low, dist->high);
}

static double draw_integer(const hopt_dist *dist, hopt_rng *rng) {
    double span = dist->high - dist->low;
    if (span <= 0x1p53) return dist->low + (double)hopt_rng_below(rng, (uint64_t)span);
    double k = floor(between(dist->low, dist->high, hopt_rng_uniform(rng)));
    return k < dist->high ? k : nextafter(dist->high, dist->low);
}

static double draw_option(const hopt_dist *dist, hopt_rng *rng) {
    if (dist->kind == HOPT_CHOICE) return (double)hopt_rng_below(rng, (uint64_t)dist->options);
    double u = hopt_rng_uniform(rng);
    double sum = 0;
    int last = 0; /* the last possible option takes what rounding leaves */
    for (int i = 0; i < dist->options; i++) {
        if (dist->probability[i] <= 0) continue;
        last = i;
        sum += dist->probability[i];
        if (u < sum) break;
    }
    return last;
}

double hopt_sampler__draw_value(const hopt_dist *dist, hopt_rng *rng) {
    switch (dist->kind) {
    case HOPT_CHOICE:
    case HOPT_PCHOICE:
        return draw_option(dist, rng);
    case HOPT_RANDINT:
        return draw_integer(dist, rng);
    case HOPT_UNIFORM:
        return between(dist->low, dist->high, hopt_rng_uniform(rng));
    case HOPT_QUNIFORM:
    case HOPT_UNIFORMINT:
        return quantize(between(dist->low, dist->high, hopt_rng_uniform(rng)), dist->q);
    case HOPT_LOGUNIFORM:
        return draw_log_uniform(dist, rng);
    case HOPT_QLOGUNIFORM:
        return quantize(draw_log_uniform(dist, rng), dist->q);
    case HOPT_NORMAL:
        return draw_normal(dist, rng);
    case HOPT_QNORMAL:
        return quantize(draw_normal(dist, rng), dist->q);
    case HOPT_LOGNORMAL:
        return hopt_sampler__exp_finite(draw_normal(dist, rng));
    case HOPT_QLOGNORMAL:
        return quantize(hopt_sampler__exp_finite(draw_normal(dist, rng)), dist->q);
    }
    HOPT_ASSERT(dist->kind <= HOPT_QLOGNORMAL); /* every kind has a draw above */
    return 0;
}

void hopt_sampler__draw_point(const hopt_space *space, hopt_rng *rng, double *point) {
    int size = hopt_space_size(space);
    for (int i = 0; i < size; i++) /* parents come first, so `active` sees them drawn */
        point[i] = hopt_space_active(space, point, i)
                       ? hopt_sampler__draw_value(&hopt_space_param(space, i)->dist, rng)
                       : NAN;
}

void hopt_space_draw(const hopt_space *space, uint64_t seed, double *point) {
    hopt_rng rng;
    hopt_rng_seed(&rng, seed);
    hopt_sampler__draw_point(space, &rng, point);
}
