#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "tests/common/sampler/support.h"

enum { DRAWS = 20000 };

/** Draw parameter 0 many times, all inside its support. */
static double *draw_many(const hopt_space *space) {
    const hopt_dist *dist = &hopt_space_param(space, 0)->dist;
    double *x = hopt_zalloc(DRAWS, sizeof *x);
    for (int i = 0; i < DRAWS; i++) {
        hopt_space_draw(space, hopt_hash_splitmix64(99, (uint64_t)i), &x[i]);
        cr_assert(hopt_dist_contains(dist, x[i]), "%g is outside", x[i]);
        cr_assert(!(x[i] == 0 && signbit(x[i])), "a negative zero");
    }
    return x;
}

static void check_continuous(const char *text) {
    hopt_space *space = space_of(text);
    double *x = draw_many(space);
    const hopt_dist *dist = &hopt_space_param(space, 0)->dist;
    double statistic = ks_statistic(x, DRAWS, reference_cdf, dist);
    cr_assert_lt(statistic, 1.95, "%s: %g", text, statistic);
    free(x);
    hopt_space_free(space);
}

/** Values first, first + step, ... in `cells` cells. @return the deviate against `reference`. */
static double deviate(const hopt_dist *dist, const hopt_dist *reference, const double *x,
                      double first, double step, int cells) {
    double *observed = hopt_zalloc((size_t)cells, sizeof *observed);
    double *expected = hopt_zalloc((size_t)cells, sizeof *expected);
    (void)dist;
    for (int i = 0; i < DRAWS; i++) {
        double k = (x[i] - first) / step;
        cr_assert_float_eq(k, rint(k), 1e-9, "%g is off the grid", x[i]);
        if (k >= 0 && k < cells) observed[(int)rint(k)]++;
    }
    for (int k = 0; k < cells; k++)
        expected[k] = DRAWS * reference_cell(reference, first + k * step);
    double result = chi_square_deviate(observed, expected, cells);
    free(observed);
    free(expected);
    return result;
}

static void check_discrete(const char *text, double first, double step, int cells) {
    hopt_space *space = space_of(text);
    double *x = draw_many(space);
    const hopt_dist *dist = &hopt_space_param(space, 0)->dist;
    double z = deviate(dist, dist, x, first, step, cells);
    cr_assert_lt(z, 3.1, "%s: %g", text, z);
    free(x);
    hopt_space_free(space);
}

Test(prior, continuous_kinds_fit) {
    check_continuous("{'a':{'_type':'uniform','_value':[-3,7]}}");
    check_continuous("{'a':{'_type':'loguniform','_value':[1e-5,100]}}");
    check_continuous("{'a':{'_type':'normal','_value':[4,7]}}");
    check_continuous("{'a':{'_type':'lognormal','_value':[-2,2]}}");
}

Test(prior, discrete_kinds_fit) {
    check_discrete("{'a':{'_type':'choice','_value':[1,2,3,4,5,6,7]}}", 0, 1, 7);
    check_discrete("{'a':{'_type':'pchoice','_value':[[0.1,'a'],[0.65,'b'],[0.25,'c']]}}", 0, 1, 3);
    check_discrete("{'a':{'_type':'randint','_value':[0,13]}}", 0, 1, 13);
    check_discrete("{'a':{'_type':'randint','_value':[-12,25]}}", -12, 1, 37);
}

Test(prior, quantized_kinds_fit_with_hyperopts_edges) {
    /* rint(x/q)*q, half to even, not clipped: 0..10 by 3 reaches 0, 3, 6, 9; -3..7 by 2 from -4. */
    check_discrete("{'a':{'_type':'quniform','_value':[0,10,3]}}", 0, 3, 4);
    check_discrete("{'a':{'_type':'quniform','_value':[-2.9,7.1,2]}}", -2, 2, 6);
    check_discrete("{'a':{'_type':'quniform','_value':[0.1,0.9,0.25]}}", 0, 0.25, 5);
    check_discrete("{'a':{'_type':'uniformint','_value':[2,9]}}", 2, 1, 8);
    check_discrete("{'a':{'_type':'qloguniform','_value':[1,20,2]}}", 0, 2, 11);
    check_discrete("{'a':{'_type':'qnormal','_value':[1,5,2]}}", -24, 2, 26);
    check_discrete("{'a':{'_type':'qlognormal','_value':[0,1.5,1]}}", 0, 1, 60);
}

Test(prior, the_fit_tests_can_fail) {
    hopt_space *space = space_of("{'a':{'_type':'quniform','_value':[0,10,3]}}");
    double *x = draw_many(space);
    /* Equal cells, as if the edges were not halved. */
    hopt_dist wrong = {.kind = HOPT_RANDINT, .low = 0, .high = 4};
    const hopt_dist *dist = &hopt_space_param(space, 0)->dist;
    double observed[4] = {0};
    double expected[4] = {DRAWS / 4.0, DRAWS / 4.0, DRAWS / 4.0, DRAWS / 4.0};
    for (int i = 0; i < DRAWS; i++)
        observed[(int)rint(x[i] / 3)]++;
    cr_assert_gt(chi_square_deviate(observed, expected, 4), 3.1);
    cr_assert_float_eq(reference_cell(&wrong, 0), 0.25, 1e-12);
    cr_assert_float_eq(reference_cell(dist, 0), 0.15, 1e-12);
    free(x);
    hopt_space_free(space);

    space = space_of("{'a':{'_type':'loguniform','_value':[1e-5,100]}}");
    x = draw_many(space);
    hopt_dist shifted = hopt_space_param(space, 0)->dist;
    shifted.low = 2e-5;
    cr_assert_gt(ks_statistic(x, DRAWS, reference_cdf, &shifted), 1.95);
    free(x);
    hopt_space_free(space);
}

Test(prior, extreme_ranges_stay_finite_and_inside) {
    static const char *const spaces[] = {
        "{'a':{'_type':'uniform','_value':[-8e307,8e307]}}",
        "{'a':{'_type':'uniform','_value':[1,1.0000000000000002]}}",
        "{'a':{'_type':'loguniform','_value':[1e-308,1e308]}}",
        "{'a':{'_type':'loguniform','_value':[1,1.0000000000000002]}}",
        "{'a':{'_type':'normal','_value':[1e307,1e305]}}",
        "{'a':{'_type':'lognormal','_value':[0,15]}}",
        "{'a':{'_type':'qnormal','_value':[0,1e200,1e-3]}}",
        "{'a':{'_type':'qlognormal','_value':[0,15,0.5]}}",
        "{'a':{'_type':'quniform','_value':[0.1,0.2,5]}}",
    };
    for (size_t s = 0; s < HOPT_COUNT(spaces); s++) {
        hopt_space *space = space_of(spaces[s]);
        for (uint64_t i = 0; i < 500; i++) {
            double x;
            hopt_space_draw(space, i, &x);
            cr_assert(isfinite(x), "%s", spaces[s]);
            cr_assert(hopt_dist_contains(&hopt_space_param(space, 0)->dist, x), "%s: %.17g",
                      spaces[s], x);
        }
        hopt_space_free(space);
    }
}

Test(prior, only_active_parameters_are_set) {
    hopt_space *space = space_of("{'m':{'_type':'choice','_value':["
                                 "{'_name':'a','x':{'_type':'uniform','_value':[0,1]}},"
                                 "{'_name':'b','y':{'_type':'choice','_value':["
                                 "{'_name':'c','z':{'_type':'normal','_value':[0,1]}},"
                                 "{'_name':'d'}]}}]}}");
    int seen_z = 0;
    for (uint64_t i = 0; i < 200; i++) {
        double point[4];
        hopt_error err;
        hopt_space_draw(space, i, point);
        cr_assert_eq(hopt_space_check_point(space, point, &err), HOPT_OK);
        seen_z += !isnan(point[hopt_space_find(space, "m/b/y/c/z")]);
    }
    cr_assert(seen_z > 20 && seen_z < 90); /* a quarter */
    hopt_space_free(space);
}
