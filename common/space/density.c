/* Log densities of the distributions: what a draw of hyperopt's, and of `random`, follows. */
#include <math.h>

#include "common/space/space.h"

static const double HALF_LN_2PI = 0.91893853320467274178;

/* ln of the normal distribution function at -a, a >= 0. */
static double log_tail(double a) {
    if (a < 35) return log(0.5 * erfc(a * M_SQRT1_2));
    /* Abramowitz and Stegun 26.2.12; the next term is below 2e-8 of the whole from a = 35 on. */
    double s = 1 / (a * a);
    return -0.5 * a * a - log(a) - HALF_LN_2PI + log1p(-s * (1 - 3 * s * (1 - 5 * s)));
}

/* ln(e^a - e^b), a >= b. */
static double log_minus(double a, double b) {
    return b == -INFINITY ? a : a + log1p(-exp(b - a));
}

/* ln P(a < Z <= b) of a standard normal Z, in the tail where it does not cancel. */
static double log_between(double a, double b) {
    if (!(a < b)) return -INFINITY;
    if (a > 0) return log_minus(log_tail(a), b == INFINITY ? -INFINITY : log_tail(b));
    if (b < 0) return log_minus(log_tail(-b), a == -INFINITY ? -INFINITY : log_tail(-a));
    return log1p(-0.5 * (erfc(-a * M_SQRT1_2) + erfc(b * M_SQRT1_2)));
}

/* ln(to / from) of positive numbers, precise where they are close, no overflow where far apart. */
static double log_ratio(double to, double from) {
    double r = (to - from) / from;
    return r < 1 ? log1p(r) : log(to) - log(from);
}

static double log_normal(double x, double mu, double sigma) {
    double z = (x - mu) / sigma;
    return -0.5 * z * z - log(sigma) - HALF_LN_2PI;
}

/* The cell of a grid value: what rounds to it. */
static void cell(const hopt_dist *dist, double x, double *from, double *to) {
    double k = rint(x / dist->q);
    *from = (k - 0.5) * dist->q;
    *to = (k + 0.5) * dist->q;
}

/* The part of [low, high] that rounds to x; logarithms for log kinds. */
static double log_cell(const hopt_dist *dist, double x, bool log_of) {
    double from, to;
    cell(dist, x, &from, &to);
    from = fmax(from, dist->low);
    to = fmin(to, dist->high);
    if (!(from < to)) return -INFINITY;
    if (!log_of) return log(to - from) - log(dist->high - dist->low);
    return log(log_ratio(to, from)) - log(log_ratio(dist->high, dist->low));
}

static double log_normal_cell(const hopt_dist *dist, double x, bool log_of) {
    double from, to;
    cell(dist, x, &from, &to);
    if (log_of) {
        from = from > 0 ? log(from) : -INFINITY;
        to = log(to);
    }
    return log_between((from - dist->mu) / dist->sigma, (to - dist->mu) / dist->sigma);
}

double hopt_dist_log_density(const hopt_dist *dist, double x) {
    if (!hopt_dist_contains(dist, x)) return -INFINITY;
    switch (dist->kind) {
    case HOPT_CHOICE:
        return -log(dist->options);
    case HOPT_PCHOICE:
        return log(dist->probability[(int)x]);
    case HOPT_RANDINT: /* so many values */
    case HOPT_UNIFORM:
        return -log(dist->high - dist->low);
    case HOPT_LOGUNIFORM:
        return -log(x) - log(log_ratio(dist->high, dist->low));
    case HOPT_NORMAL:
        return log_normal(x, dist->mu, dist->sigma);
    case HOPT_LOGNORMAL:
        return log_normal(log(x), dist->mu, dist->sigma) - log(x);
    case HOPT_QUNIFORM:
    case HOPT_UNIFORMINT:
        return log_cell(dist, x, false);
    case HOPT_QLOGUNIFORM:
        return log_cell(dist, x, true);
    case HOPT_QNORMAL:
        return log_normal_cell(dist, x, false);
    case HOPT_QLOGNORMAL:
        return log_normal_cell(dist, x, true);
    }
    return -INFINITY;
}
