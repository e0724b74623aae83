#include "cli/guess.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

/* A grid finer than this part of the largest value can't be told from chance. */
#define FINEST 1e-4
/* By this part of the largest value a multiple may be off. */
#define OFF 1e-11
/* Log-likelihood by which the logarithmic type must be better, and cells that a grid must have. */
#define CLEARLY 2.0
#define CELLS_MIN 20

static void range_of(const double *values, size_t n, double *low, double *high) {
    *low = *high = values[0];
    for (size_t i = 1; i < n; i++) {
        if (values[i] < *low) *low = values[i];
        if (values[i] > *high) *high = values[i];
    }
}

hopt_guess hopt_guess_integers(const double *values, size_t n) {
    double low, high;
    range_of(values, n, &low, &high);
    /* The chance that of 0 .. high nothing below `low` came in n draws. */
    double chance = pow((high + 1 - low) / (high + 1), (double)n);
    if (low > 0 && chance > 0.01) low = 0;
    return (hopt_guess){.type = "randint",
                        .low = low,
                        .high = high + 1,
                        .otherwise = "a choice or pchoice: then write its options in their order, "
                                     "as many as there were"};
}

/* ---- grids ---- */

static double common_step(double a, double b, double off) {
    while (b > off) {
        double rest = fmod(a, b);
        if (b - rest < off) rest = 0;
        a = b;
        b = rest;
    }
    return a;
}

static bool all_multiples(const double *values, size_t n, double q) {
    for (size_t i = 0; i < n; i++) {
        double k = rint(values[i] / q);
        if (fabs(values[i] - k * q) > 1e-9 * q + 4e-16 * fabs(values[i])) return false;
    }
    return true;
}

/* The largest step that all values are multiples of; 0: none that could be meant. */
static double step_of(const double *values, size_t n) {
    double step = 0, most = 0;
    bool whole = true, several = false;
    for (size_t i = 0; i < n; i++) {
        most = fmax(most, fabs(values[i]));
        whole = whole && rint(values[i]) == values[i];
        several = several || fabs(values[i]) != fabs(values[0]);
    }
    if (most == 0 || (whole && !several)) return whole && most < 0x1p53 ? 1 : 0;
    if (!several || most >= 0x1p53) return 0;
    for (size_t i = 0; i < n; i++) {
        if (values[i] != 0) step = common_step(step, fabs(values[i]), whole ? 0.5 : OFF * most);
        if (step < (whole ? 1 : FINEST * most)) return 0;
    }
    /* 0.1 rather than 0.10000000000000003 */
    char text[32];
    snprintf(text, sizeof text, "%.9g", most / rint(most / step));
    double plain = strtod(text, NULL);
    return all_multiples(values, n, plain) ? plain : all_multiples(values, n, step) ? step : 0;
}

/* ---- bounds ---- */

/* k 10^exponent, correctly rounded for small exponents. */
static double decimal(double k, double exponent) {
    return exponent < 0 ? k / pow(10, -exponent) : k * pow(10, exponent);
}

static double outward(double value, double exponent, bool up) {
    double k = value / pow(10, exponent);
    return decimal(up ? ceil(k - 1e-9) : floor(k + 1e-9), exponent);
}

static void widen(hopt_guess *out, double low, double high, size_t n) {
    double gap = n > 1 && high > low ? (high - low) / (double)(n - 1) : fmax(fabs(low) / 2, 0.5);
    double exponent = floor(log10((high - low + 2 * gap) / 20));
    out->low = outward(low - gap, exponent, false);
    out->high = outward(high + gap, exponent, true);
    if (low >= 0 && out->low < 0) out->low = 0;
    if (high <= 0 && out->high > 0) out->high = 0;
    if (!(out->low <= low)) out->low = low; /* rounding took it too far */
    if (!(out->high >= high)) out->high = high;
}

/* To two digits. */
static void widen_logs(hopt_guess *out, double low, double high, size_t n) {
    double gap = log(high / low) / (double)(n - 1);
    double a = low * exp(-gap), b = high * exp(gap);
    out->low = outward(a, floor(log10(a)) - 1, false);
    out->high = outward(b, floor(log10(b)) - 1, true);
    if (!(out->low > 0) || out->low > low) out->low = low;
    if (!(out->high >= high)) out->high = high;
}

static double on_grid(double k, double q) {
    char text[32];
    snprintf(text, sizeof text, "%.12g", k * q);
    return strtod(text, NULL);
}

static void widen_grid(hopt_guess *out, double low, double high, size_t n, bool logs) {
    double q = out->q, gap = n > 1 ? (high - low) / (double)(n - 1) : 0;
    double first = rint(low / q), last = rint(high / q), more = floor(gap / q);
    if (logs) more = 0;
    double a = first - more, b = last + more;
    if (first >= 0 && a < 0) a = 0;
    if (last <= 0 && b > 0) b = 0;
    if (a == b) b = a + 1;
    out->low = on_grid(a, q);
    out->high = on_grid(b, q);
}

/* ---- the type ---- */

static bool looks_logarithmic(const double *values, size_t n) {
    enum { ENOUGH = 5 };
    double low, high, logs = 0;
    range_of(values, n, &low, &high);
    if (n < ENOUGH || low <= 0 || high < 10 * low) return false;
    for (size_t i = 0; i < n; i++)
        logs += log(values[i]);
    double uniform = -(double)n * log(high - low);
    return -logs - (double)n * log(log(high / low)) > uniform + CLEARLY;
}

hopt_guess hopt_guess_reals(const double *values, size_t n, size_t n_start) {
    enum { ENOUGH = 5 };
    hopt_guess out = {.q = step_of(values, n)};
    double low, high;
    range_of(values, n, &low, &high);
    bool logs = low > 0 && high > low &&
                looks_logarithmic(values, n_start >= ENOUGH && n_start < n ? n_start : n);
    if (out.q > 0 && (high - low) / out.q < CELLS_MIN) logs = false;
    if (out.q > 0) {
        widen_grid(&out, low, high, n, logs);
        bool integers = out.q == 1 && !logs;
        out.type = logs ? "qloguniform" : integers ? "uniformint" : "quniform";
        out.otherwise = logs ? "qlognormal [mu, sigma, q], or another step"
                        : integers
                            ? "quniform or qnormal with a step of 1, or any type with values "
                              "that happened to be whole"
                            : "qnormal [mu, sigma, q], or another step";
        if (integers) out.q = 0;
    } else if (logs) {
        widen_logs(&out, low, high, n);
        out.type = "loguniform";
        out.otherwise = "lognormal [mu, sigma], or uniform";
    } else {
        widen(&out, low, high, n);
        out.type = "uniform";
        out.otherwise = "normal [mu, sigma], or loguniform";
    }
    /* Near the largest double, widening leaves the numbers. */
    if (!isfinite(out.low)) out.low = low;
    if (!isfinite(out.high)) out.high = high;
    return out;
}
