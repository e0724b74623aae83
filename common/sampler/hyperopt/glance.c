/**
 * Scores for the price of a few components: hyperopt's widths are mostly the narrowest that it
 * allows, a hundredth of the range, so a candidate has few components near. What is left out is
 * bounded, and where the bound leaves the winner open, the exact scores decide.
 */
#include <math.h>
#include <string.h>

#include "common/sampler/hyperopt/parzen.h"

/** More than the error of exp_near() and of the sums. */
#define ROUGHNESS 1e-9

/* e^y for -700 < y <= 0, relative error 1e-11: Taylor's sum after 2^n is split off. No branch, so
 * that loops of it become vectors. */
static inline double exp_near(double y) {
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

/* Sum of weight * exp(-((x - mu) / sigma)^2 / 2) over components of one width. */
static inline __attribute__((always_inline)) double
sum_lanes(const double *mu, const double *weight, int count, double x, double inverse) {
    double lane[8] = {0};
    int i = 0;
    for (; i + 8 <= count; i += 8)
        for (int k = 0; k < 8; k++) {
            double z = (x - mu[i + k]) * inverse;
            lane[k] += weight[i + k] * exp_near(-0.5 * (z * z));
        }
    for (; i < count; i++) {
        double z = (x - mu[i]) * inverse;
        lane[0] += weight[i] * exp_near(-0.5 * (z * z));
    }
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

typedef double sum_near(const double *mu, const double *weight, int count, double x,
                        double inverse);

static double sum_plain(const double *mu, const double *weight, int count, double x,
                        double inverse) {
    return sum_lanes(mu, weight, count, x, inverse);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static double sum_avx2(const double *mu, const double *weight,
                                                       int count, double x, double inverse) {
    return sum_lanes(mu, weight, count, x, inverse);
}

__attribute__((target("avx512f,avx512dq"))) static double
sum_avx512(const double *mu, const double *weight, int count, double x, double inverse) {
    return sum_lanes(mu, weight, count, x, inverse);
}
#endif

/* All give the same bits: the same lanes, and nothing is contracted. */
static sum_near *best_sum(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) return sum_avx512;
    if (__builtin_cpu_supports("avx2")) return sum_avx2;
#endif
    return sum_plain;
}

/* The first of the ascending mu that is not below x. */
static int first_from(const double *mu, int count, double x) {
    int low = 0;
    while (low < count) {
        int middle = low + (count - low) / 2;
        if (mu[middle] < x)
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

void hopt_hyperopt_mixture_glance(hopt_hyperopt_mixture *mixture,
                                  const hopt_hyperopt_kernel *kernel, double reach, const double *x,
                                  int count, double *score, double *doubt) {
    double least = mixture->sigma[0];
    for (int k = 1; k < mixture->count; k++)
        least = mixture->sigma[k] < least ? mixture->sigma[k] : least;
    double *mu = mixture->work;
    double *weight = mixture->height;
    double narrow = 0; /* weight of all components of the least width */
    sum_near *sum = best_sum();
    int n = 0;
    for (int i = 0; i < count; i++)
        score[i] = 0;
    for (int k = 0; k < mixture->count; k++) {
        double sigma = mixture->sigma[k];
        mu[n] = mixture->mu[k];
        weight[n] = mixture->weight[k];
        if (sigma <= least) {
            narrow += mixture->weight[k];
            n++;
            continue;
        }
        for (int i = 0; i < count; i++) {
            double z = ((kernel->log ? log(x[i]) : x[i]) - mixture->mu[k]) / sigma;
            double y = -0.5 * (z * z);
            if (y > -700) score[i] += mixture->weight[k] / sigma * exp_near(y);
        }
    }
    double most_missed = narrow / least * exp(-0.5 * reach * reach);
    for (int i = 0; i < count; i++) {
        double at = kernel->log ? log(x[i]) : x[i];
        int from = first_from(mu, n, at - reach * least);
        int to = first_from(mu, n, at + reach * least);
        score[i] += sum(mu + from, weight + from, to - from, at, 1 / least) / least;
        doubt[i] = most_missed / score[i] + ROUGHNESS;
        score[i] = log(score[i]);
    }
}
