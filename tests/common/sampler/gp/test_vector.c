/* Every vector width gives the same bits, and the right numbers. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/sampler/gp/gp_internal.h"
#include "common/sampler/gp/lbfgs.h"
#include "common/sampler/rng.h"

enum { N = 77 };

static void fill(double *x, hopt_rng *rng) {
    for (int i = 0; i < N; i++)
        x[i] = hopt_rng_uniform(rng);
}

Test(gp_vector, every_width_gives_the_same_bits) {
    double first[11][N], x[N], y[N], g[N], k[N], slope[N];
    for (int w = 0; hopt_gp_ops_at(w); w++) {
        const hopt_gp_ops *ops = hopt_gp_ops_at(w);
        hopt_rng rng;
        hopt_rng_seed(&rng, 5);
        fill(x, &rng);
        fill(g, &rng);
        for (int f = 0; f < 11; f++) {
            fill(y, &rng);
            switch (f) {
            case 0:
                ops->subtract(y, .7, x, N);
                break;
            case 1:
                ops->add(y, .7, x, N);
                break;
            case 2:
                ops->add_square(y, .7, x, .3, N);
                break;
            case 3:
                ops->add_differs(y, .7, x, x[3], N);
                break;
            case 4:
                ops->weigh_square(y, g, x, .3, N);
                break;
            case 5:
                ops->weigh_differs(y, g, x, x[3], N);
                break;
            case 6:
                ops->add_squares(y, x, N);
                break;
            case 7:
                ops->subtract_all(y, g, 2, x, 1, 9, N - 9);
                break;
            case 8:
                ops->add_all(y, g + 8, -1, x + 16, -2, 9, N - 16);
                break;
            case 9:
                ops->weigh_square_all(y, g, 1, x, x, 9, N - 9);
                break;
            default:
                ops->matern(k, slope, x, N);
                for (int i = 0; i < N; i++)
                    y[i] = k[i] + 3 * slope[i];
            }
            if (w == 0) memcpy(first[f], y, sizeof y);
            cr_assert_eq(memcmp(first[f], y, sizeof y), 0, "width %d, loop %d", w, f);
        }
    }
}

/* All terms at once are the same bits as one after the other, whatever the length. */
Test(gp_vector, many_terms_are_as_one_by_one) {
    enum { TERMS = 11, LONGEST = N };
    static double x[TERMS * N], a[TERMS], begun[N], y[N], once[N];
    hopt_rng rng;
    hopt_rng_seed(&rng, 6);
    for (int k = 0; k < TERMS; k++)
        fill(x + (ptrdiff_t)k * N, &rng);
    fill(begun, &rng);
    memcpy(a, begun + 20, sizeof a);
    for (int w = 0; hopt_gp_ops_at(w); w++) {
        const hopt_gp_ops *ops = hopt_gp_ops_at(w);
        for (size_t n = 0; n <= LONGEST; n++)
            for (int f = 0; f < 3; f++) {
                memcpy(y, begun, sizeof y);
                memcpy(once, begun, sizeof once);
                for (int k = 0; k < TERMS; k++) {
                    const double *one = x + (ptrdiff_t)k * N;
                    if (f == 0) ops->subtract(y, a[k], one, n);
                    if (f == 1) ops->add(y, a[k], one, n);
                    if (f == 2) ops->weigh_square(y, one, begun, a[k], n);
                }
                if (f == 0) ops->subtract_all(once, a, 1, x, N, TERMS, n);
                if (f == 1) ops->add_all(once, a, 1, x, N, TERMS, n);
                if (f == 2) ops->weigh_square_all(once, x, N, begun, a, TERMS, n);
                cr_assert_eq(memcmp(y, once, sizeof y), 0, "width %d, loop %d, n %zu", w, f, n);
            }
    }
}

Test(gp_vector, matern_and_its_derivative) {
    const double far[] = {0, 1e-18, 1e-8, .01, .3, 1, 7, 100, 1e5, 1e12};
    double k[10], slope[10];
    hopt_gp_best_ops()->matern(k, slope, far, 10);
    for (int i = 0; i < 10; i++) {
        double t = sqrt(5 * far[i]);
        cr_assert_float_eq(k[i], (1 + t + t * t / 3) * exp(-t), 1e-15, "%g", far[i]);
        cr_assert_float_eq(slope[i], -5.0 / 6 * (1 + t) * exp(-t), 1e-15, "%g", far[i]);
    }
}

/* Rosenbrock's valley, upside down. */
static double valley(void *data, const double *x, double *gradient) {
    (*(int *)data)++;
    double a = x[1] - x[0] * x[0], b = 1 - x[0];
    gradient[0] = 400 * a * x[0] + 2 * b;
    gradient[1] = -200 * a;
    return -100 * a * a - b * b;
}

static double bowl(void *data, const double *x, double *gradient) {
    (void)data;
    gradient[0] = -2 * (x[0] - 3);
    gradient[1] = -2 * (x[1] + 1);
    return -(x[0] - 3) * (x[0] - 3) - (x[1] + 1) * (x[1] + 1);
}

static double nowhere(void *data, const double *x, double *gradient) {
    (void)data;
    (void)x;
    gradient[0] = gradient[1] = 0;
    return NAN;
}

Test(lbfgs, climbs_and_stays_in_its_box) {
    hopt_lbfgs_options options = {.iterations = 200,
                                  .memory = 8,
                                  .tries = 20,
                                  .first_cap = .5,
                                  .cap = 1,
                                  .shrink = .5,
                                  .least_gain = 1e-14};
    double low[] = {-2, -2}, high[] = {2, 2}, x[] = {-1.2, 1};
    int calls = 0;
    hopt_lbfgs_problem problem = {
        .size = 2, .low = low, .high = high, .value = valley, .data = &calls};
    cr_assert_float_eq(hopt_lbfgs(&problem, &options, x), 0, 1e-9);
    cr_assert_float_eq(x[0], 1, 1e-4);
    cr_assert_lt(calls, 200);
    problem.value = bowl; /* its top is outside: the nearest corner of the box */
    x[0] = x[1] = 0;
    cr_assert_float_eq(hopt_lbfgs(&problem, &options, x), -1, 1e-12);
    cr_assert_eq(x[0], 2);
    cr_assert_float_eq(x[1], -1, 1e-6);
    problem.value = nowhere;
    cr_assert(isnan(hopt_lbfgs(&problem, &options, x)));
}
