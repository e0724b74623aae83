#include <criterion/criterion.h>
#include <math.h>

#include "common/base/alloc.h"
#include "common/sampler/cube.h"
#include "common/sampler/design.h"
#include "common/sampler/rng.h"
#include "tests/common/sampler/support.h"

static const char *const KINDS[] = {
    "{'a':{'_type':'choice','_value':[1,2,3]}}",
    "{'a':{'_type':'pchoice','_value':[[0.1,'a'],[0.65,'b'],[0.25,'c']]}}",
    "{'a':{'_type':'randint','_value':[0,13]}}",
    "{'a':{'_type':'randint','_value':[-5,9007199254740000]}}",
    "{'a':{'_type':'uniform','_value':[-3,7]}}",
    "{'a':{'_type':'uniform','_value':[-8e307,8e307]}}",
    "{'a':{'_type':'uniform','_value':[1,1.0000000000000002]}}",
    "{'a':{'_type':'quniform','_value':[0.3,1.7,0.1]}}",
    "{'a':{'_type':'quniform','_value':[0.1,0.2,5]}}",
    "{'a':{'_type':'uniformint','_value':[2,9]}}",
    "{'a':{'_type':'loguniform','_value':[1e-5,100]}}",
    "{'a':{'_type':'qloguniform','_value':[1,1000,1]}}",
    "{'a':{'_type':'qloguniform','_value':[0.5,1e15,2]}}",
    "{'a':{'_type':'normal','_value':[4,7]}}",
    "{'a':{'_type':'qnormal','_value':[4,7,2]}}",
    "{'a':{'_type':'lognormal','_value':[-2,2]}}",
    "{'a':{'_type':'qlognormal','_value':[0,1.5,1]}}",
};

static bool has_bounds(const hopt_dist *dist) {
    return dist->kind >= HOPT_RANDINT && dist->kind <= HOPT_QLOGUNIFORM;
}

Test(cube, decodes_into_the_support_and_back) {
    for (size_t k = 0; k < HOPT_COUNT(KINDS); k++) {
        hopt_space *space = space_of(KINDS[k]);
        hopt_cube *cube = hopt_cube_new(space);
        const hopt_cube_dim *dim = &cube->dims[0];
        const hopt_dist *dist = &dim->param->dist;
        for (int i = 0; i <= 1000; i++) {
            double u = hopt_cube_quantile(dim, i == 1000 ? 1 - 0x1p-53 : i / 1000.0);
            double value = hopt_cube_decode(dim, u);
            cr_assert(hopt_dist_contains(dist, value), "%s: u %g gives %.17g", KINDS[k], u, value);
            if (has_bounds(dist) && dist->q < 5) /* 5: no grid value lies inside */
                cr_assert(value >= dist->low - 1e-15 && value <= dist->high + 1e-15, "%s: %.17g",
                          KINDS[k], value);
            double back = hopt_cube_encode(dim, value);
            if (dist->high - dist->low > 1e-10 || !has_bounds(dist))
                cr_assert_float_eq(back, u, 1e-9, "%s: %g -> %g -> %g", KINDS[k], u, value, back);
            if (dim->step > 0 || dim->scale == HOPT_CUBE_OPTION)
                cr_assert_eq(hopt_cube_decode(dim, back), value, "%s: %.17g", KINDS[k], value);
        }
        hopt_cube_free(cube);
        hopt_space_free(space);
    }
}

Test(cube, levels_sit_in_the_middle_of_equal_cells) {
    hopt_space *space = space_of("{'a':{'_type':'quniform','_value':[0,10,3]},"
                                 "'b':{'_type':'randint','_value':[5,9]},"
                                 "'c':{'_type':'quniform','_value':[0.3,0.5,0.1]}}");
    hopt_cube *cube = hopt_cube_new(space);
    const hopt_cube_dim *a = &cube->dims[hopt_space_find(space, "a")];
    const hopt_cube_dim *b = &cube->dims[hopt_space_find(space, "b")];
    const hopt_cube_dim *c = &cube->dims[hopt_space_find(space, "c")];
    cr_assert_eq(a->levels, 4); /* 0 3 6 9 */
    cr_assert_float_eq(hopt_cube_encode(a, 6), 2.5 / 4, 1e-15);
    cr_assert_eq(hopt_cube_decode(a, 0.49), 3);
    cr_assert_eq(hopt_cube_decode(a, 1), 9);
    cr_assert_float_eq(a->floor, 0.5 / 4, 1e-15);
    cr_assert_eq(b->levels, 4);
    cr_assert_eq(hopt_cube_decode(b, 0), 5);
    cr_assert_eq(hopt_cube_decode(b, 0.999), 8);
    cr_assert_eq(c->levels, 3); /* .3/.1 is 2.9999999999999996: still the third level */
    hopt_cube_free(cube);
    hopt_space_free(space);
}

Test(cube, values_outside_the_bounds_go_to_the_nearest_level) {
    /* 4.6 .. 7.4 by 2: hyperopt's support is 4, 6, 8; only 6 lies inside. */
    hopt_space *space = space_of("{'a':{'_type':'quniform','_value':[4.6,9.4,2]}}");
    hopt_cube *cube = hopt_cube_new(space);
    cr_assert_eq(cube->dims[0].levels, 2);
    cr_assert(hopt_dist_contains(&cube->dims[0].param->dist, 4));
    cr_assert_float_eq(hopt_cube_encode(&cube->dims[0], 4), 0.25, 1e-15);
    cr_assert_float_eq(hopt_cube_encode(&cube->dims[0], 10), 0.75, 1e-15);
    hopt_cube_free(cube);
    hopt_space_free(space);
}

Test(cube, the_prior_is_uniform) {
    enum { N = 20000 };
    double *x = hopt_zalloc(N, sizeof *x);
    static const int continuous[] = {4, 10, 13, 15};
    for (size_t k = 0; k < HOPT_COUNT(continuous); k++) {
        hopt_space *space = space_of(KINDS[continuous[k]]);
        hopt_cube *cube = hopt_cube_new(space);
        hopt_rng rng;
        hopt_rng_seed(&rng, k);
        for (int i = 0; i < N; i++)
            x[i] = hopt_cube_decode(&cube->dims[0], hopt_cube_draw(&cube->dims[0], &rng));
        cr_assert_lt(ks_statistic(x, N, reference_cdf, &cube->dims[0].param->dist), 1.95, "%s",
                     KINDS[continuous[k]]);
        hopt_cube_free(cube);
        hopt_space_free(space);
    }
    free(x);
}

Test(design, each_stratum_once) {
    hopt_space *space = space_of("{'a':{'_type':'uniform','_value':[0,1]},"
                                 "'b':{'_type':'loguniform','_value':[1,1000]},"
                                 "'c':{'_type':'choice','_value':[0,1]},"
                                 "'p':{'_type':'pchoice','_value':[[0.9,'x'],[0.1,'y']]}}");
    hopt_cube *cube = hopt_cube_new(space);
    for (uint64_t study = 0; study < 20; study++) {
        hopt_design *design = hopt_design_new(cube, 10, study);
        unsigned seen[2] = {0};
        int sums[2] = {0};
        for (int row = 0; row < 10; row++) {
            double u[4];
            hopt_rng rng;
            hopt_rng_seed(&rng, (uint64_t)row + 1000 * study);
            hopt_design_draw(design, row, &rng, u);
            seen[0] |= 1U << (int)(u[0] * 10);
            seen[1] |= 1U << (int)(u[1] * 10);
            sums[0] += (int)u[2];
            sums[1] += (int)u[3];
        }
        cr_assert_eq(seen[0], 1023U);
        cr_assert_eq(seen[1], 1023U);
        cr_assert_eq(sums[0], 5);
        cr_assert_eq(sums[1], 1); /* pchoice starts by its probabilities */
        hopt_design_free(design);
    }
    hopt_cube_free(cube);
    hopt_space_free(space);
}
