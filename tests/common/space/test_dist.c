/* The support of every kind, at its edges, and the texts of distributions. */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "support.h"

static hopt_dist bounds(hopt_dist_kind kind, double low, double high, double q) {
    return (hopt_dist){.kind = kind, .low = low, .high = high, .q = q};
}

static hopt_dist bell(hopt_dist_kind kind, double mu, double sigma, double q) {
    return (hopt_dist){.kind = kind, .mu = mu, .sigma = sigma, .q = q};
}

static void inside(hopt_dist dist, const double *values, size_t n, bool expected) {
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(hopt_dist_contains(&dist, values[i]), expected, "%s: %.17g",
                     hopt_dist_name(dist.kind), values[i]);
}

#define INSIDE(dist, ...)                                                                          \
    inside(dist, (double[]){__VA_ARGS__}, HOPT_COUNT(((double[]){__VA_ARGS__})), true)
#define OUTSIDE(dist, ...)                                                                         \
    inside(dist, (double[]){__VA_ARGS__}, HOPT_COUNT(((double[]){__VA_ARGS__})), false)

Test(space_dist, discrete) {
    hopt_dist choice = {.kind = HOPT_CHOICE, .options = 3};
    INSIDE(choice, 0, 1, 2);
    OUTSIDE(choice, -1, 3, 0.5, NAN, INFINITY);
    double one = 1;
    hopt_dist pchoice = {.kind = HOPT_PCHOICE, .options = 1, .probability = &one};
    INSIDE(pchoice, 0);
    OUTSIDE(pchoice, 1, -1);
    INSIDE(bounds(HOPT_RANDINT, -2, 3, 0), -2, 0, 2);
    OUTSIDE(bounds(HOPT_RANDINT, -2, 3, 0), -3, 3, 0.5, NAN);
    INSIDE(bounds(HOPT_RANDINT, 4, 5, 0), 4);
    OUTSIDE(bounds(HOPT_RANDINT, 4, 5, 0), 5, 3);
}

Test(space_dist, continuous) {
    hopt_dist uniform = bounds(HOPT_UNIFORM, -1, 2, 0);
    INSIDE(uniform, -1, 0, 2);
    OUTSIDE(uniform, nextafter(-1, -2), nextafter(2, 3), NAN, -INFINITY);
    hopt_dist ulp = bounds(HOPT_UNIFORM, 1, nextafter(1, 2), 0);
    INSIDE(ulp, 1, nextafter(1, 2));
    OUTSIDE(ulp, nextafter(1, 0));
    double lower = log(1e-3);
    hopt_dist logs = bounds(HOPT_LOGUNIFORM, 1e-3, 1e3, 0);
    INSIDE(logs, 1e-3, 1, 1e3, exp(lower), 1e3 * (1 + 1e-13));
    OUTSIDE(logs, 0.99e-3, 1.01e3, 0, -1, 1e3 * (1 + 1e-11));
    hopt_dist extreme = bounds(HOPT_LOGUNIFORM, DBL_MIN, DBL_MAX, 0);
    INSIDE(extreme, DBL_MIN, 1, DBL_MAX);
    OUTSIDE(extreme, 0, INFINITY);
    INSIDE(bell(HOPT_NORMAL, 0, 1, 0), -1e300, 0, 50);
    OUTSIDE(bell(HOPT_NORMAL, 0, 1, 0), NAN, INFINITY);
    INSIDE(bell(HOPT_LOGNORMAL, 0, 1, 0), 5e-324, 1, 1e300);
    OUTSIDE(bell(HOPT_LOGNORMAL, 0, 1, 0), 0, -1, NAN);
}

Test(space_dist, quantized_supports_are_not_clipped) {
    /* rint(0.26 / 0.5) = 1 (of 0.52), rint(2.3 / 0.5) = 5 (of 4.6): the grid reaches over 2.3. */
    hopt_dist q = bounds(HOPT_QUNIFORM, 0.26, 2.3, 0.5);
    INSIDE(q, 0.5, 1, 2, 2.5);
    OUTSIDE(q, 0, 3, 0.6, 0.26, NAN);
    /* Half to even: 5/2 = 2.5 is 2, 15/2 = 7.5 is 8. */
    hopt_dist even = bounds(HOPT_QUNIFORM, 5, 15, 2);
    INSIDE(even, 4, 6, 14, 16);
    OUTSIDE(even, 2, 18, 5, 15);
    hopt_dist tenth = bounds(HOPT_QUNIFORM, 0, 1, 0.1);
    INSIDE(tenth, 0.3, 3 * 0.1, 0.7, 1, -0.0);
    OUTSIDE(tenth, 0.3 + 1e-9, -0.1, 1.1);
    INSIDE(tenth, 0.3 + 1e-11);
    hopt_dist one = bounds(HOPT_QUNIFORM, 0.1, 0.4, 1);
    INSIDE(one, 0, -0.0);
    OUTSIDE(one, 1, 0.4);
    hopt_dist integer = bounds(HOPT_UNIFORMINT, -3, 3, 1);
    INSIDE(integer, -3, 0, 3);
    OUTSIDE(integer, -4, 4, 0.5);
    hopt_dist qlog = bounds(HOPT_QLOGUNIFORM, 0.4, 10.6, 1);
    INSIDE(qlog, 0, 1, 11);
    OUTSIDE(qlog, -1, 12, 0.4, 10.6);
}

Test(space_dist, quantized_bells) {
    hopt_dist qnormal = bell(HOPT_QNORMAL, 0, 1, 0.5);
    INSIDE(qnormal, -100, -0.5, 0, 7.5, 1e15);
    OUTSIDE(qnormal, 0.3, NAN, INFINITY);
    hopt_dist qlognormal = bell(HOPT_QLOGNORMAL, 0, 1, 2);
    INSIDE(qlognormal, 0, -0.0, 2, 1e6);
    OUTSIDE(qlognormal, -2, 1, 3);
}

Test(space_dist, large_grids_keep_their_values) {
    double q = 0.7, high = 0.7 * 4e15;
    hopt_dist dist = bounds(HOPT_QUNIFORM, 0, high, q);
    for (double k = 3.9e15; k < 3.9e15 + 1000; k++)
        INSIDE(dist, k * q);
}

Test(space_dist, cardinality) {
    hopt_dist dist = {.kind = HOPT_CHOICE, .options = 3};
    cr_assert_eq(hopt_dist_cardinality(&dist), 3);
    dist = bounds(HOPT_RANDINT, -2, 3, 0);
    cr_assert_eq(hopt_dist_cardinality(&dist), 5);
    dist = bounds(HOPT_RANDINT, 0, 9007199254740992.0, 0);
    cr_assert_eq(hopt_dist_cardinality(&dist), UINT64_C(9007199254740992));
    dist = bounds(HOPT_UNIFORMINT, 1, 10, 1);
    cr_assert_eq(hopt_dist_cardinality(&dist), 10);
    dist = bounds(HOPT_QUNIFORM, 5, 15, 2);
    cr_assert_eq(hopt_dist_cardinality(&dist), 7);
    dist = bounds(HOPT_QUNIFORM, 0.1, 0.4, 1);
    cr_assert_eq(hopt_dist_cardinality(&dist), 1);
    dist = bounds(HOPT_QUNIFORM, -9007199254740992.0, 9007199254740992.0, 1);
    cr_assert_eq(hopt_dist_cardinality(&dist), 0);
    dist = bounds(HOPT_QLOGUNIFORM, 0.4, 10.6, 1);
    cr_assert_eq(hopt_dist_cardinality(&dist), 12);
    static const hopt_dist_kind endless[] = {HOPT_UNIFORM, HOPT_LOGUNIFORM, HOPT_NORMAL,
                                             HOPT_QNORMAL, HOPT_LOGNORMAL,  HOPT_QLOGNORMAL};
    for (size_t i = 0; i < HOPT_COUNT(endless); i++) {
        dist = (hopt_dist){.kind = endless[i], .low = 1, .high = 2, .q = 1, .sigma = 1};
        cr_assert_eq(hopt_dist_cardinality(&dist), 0);
    }
}

static void text_is(hopt_dist dist, const char *expected) {
    hopt_buf out = HOPT_BUF_INIT;
    hopt_dist_text(&dist, &out);
    cr_assert_str_eq(out.data, expected);
    hopt_buf_clear(&out);
}

Test(space_dist, texts) {
    text_is((hopt_dist){.kind = HOPT_CHOICE, .options = 3}, "choice of 3");
    text_is((hopt_dist){.kind = HOPT_PCHOICE, .options = 1}, "pchoice of 1");
    text_is(bounds(HOPT_RANDINT, 0, 10, 0), "randint 0 .. 9");
    text_is(bounds(HOPT_LOGUNIFORM, 0.001, 1000, 0), "loguniform 0.001 .. 1000");
    text_is(bounds(HOPT_QUNIFORM, 10, 300, 10), "quniform 10 .. 300 step 10");
    text_is(bounds(HOPT_UNIFORMINT, 1, 5, 1), "uniformint 1 .. 5");
    text_is(bell(HOPT_NORMAL, 0, 2, 0), "normal mu 0 sigma 2");
    text_is(bell(HOPT_QLOGNORMAL, 0, 2, 0.5), "qlognormal mu 0 sigma 2 step 0.5");
}
