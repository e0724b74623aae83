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
    double first[8][N], x[N], y[N], g[N], k[N], slope[N];
    for (int w = 0; hopt_gp_ops_at(w); w++) {
        const hopt_gp_ops *ops = hopt_gp_ops_at(w);
        hopt_rng rng;
        hopt_rng_seed(&rng, 5);
        fill(x, &rng);
        fill(g, &rng);
        for (int f = 0; f < 8; f++) {
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
