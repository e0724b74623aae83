/** Which power of the logarithm makes the losses look Gaussian (GP.md 3). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sampler/gp/gp_internal.h"
#include "common/sampler/normal.h"

static const double CURVES[HOPT_GP_TRANSFORMS] = {INFINITY, 3, 1, .3, .1, .03, .01, .003, .001};
/** Losses that differ by more count as this far apart: their squares must not overflow. */
#define FARTHEST 1e140

double hopt_gp_transform_at(int i) {
    return CURVES[i];
}

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

hopt_gp_transform hopt_gp_transform_of(const double *losses, size_t n) {
    double *sorted = hopt_alloc(n * sizeof *sorted);
    memcpy(sorted, losses, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, ascending);
    double lowest = sorted[0];
    double median = n % 2 ? sorted[n / 2] : 0.5 * sorted[n / 2 - 1] + 0.5 * sorted[n / 2];
    free(sorted);
    double scale = fmax(median - lowest, 1e-12 * (1 + fabs(lowest)));
    return (hopt_gp_transform){.lowest = lowest, .scale = fmin(scale, 1e300), .c = INFINITY};
}

/* ln(1 + x), x >= 0, precise for small x (Kahan's form). */
static double log_plus_one(double x) {
    double u = 1 + x;
    return u > 1 ? hopt_math_log(u) * (x / (u - 1)) : x;
}

static double distance(const hopt_gp_transform *transform, double loss) {
    double x = loss / transform->scale - transform->lowest / transform->scale;
    if (!isfinite(x)) x = FARTHEST; /* only upwards: lowest is the least */
    return fmin(fmax(x, 0), FARTHEST);
}

double hopt_gp_transform_apply(const hopt_gp_transform *transform, double loss) {
    double x = distance(transform, loss);
    return isinf(transform->c) ? x : transform->c * log_plus_one(x / transform->c);
}

double hopt_gp_transform_log_jacobian(const hopt_gp_transform *transform, const double *losses,
                                      size_t n) {
    double sum = 0;
    if (isinf(transform->c)) return 0;
    for (size_t i = 0; i < n; i++)
        sum -= log_plus_one(distance(transform, losses[i]) / transform->c);
    return sum;
}
