/* Weights, bandwidths and kernels against the formulas of TPE.md 0.3, worked out by hand. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/sampler/tpe_internal.h"
#include "tests/common/sampler/support.h"

typedef struct fixture {
    hopt_space *space;
    hopt_cube *cube;
    hopt_history history;
    hopt_tpe_above above;
    hopt_tpe_below below;
    float u[64];
} fixture;

static void open_fixture(fixture *f, const char *text) {
    *f = (fixture){.space = space_of(text)};
    f->cube = hopt_cube_new(f->space);
    hopt_history_init(&f->history);
    hopt_tpe_above_init(&f->above, f->cube);
    hopt_tpe_below_init(&f->below, f->cube);
}

static void close_fixture(fixture *f) {
    hopt_history_clear(&f->history);
    hopt_tpe_above_clear(&f->above);
    hopt_tpe_below_clear(&f->below);
    hopt_cube_free(f->cube);
    hopt_space_free(f->space);
}

static const char *const REAL = "{'a':{'_type':'uniform','_value':[0,1]}}";
static const char *const LEVELS = "{'a':{'_type':'randint','_value':[0,5]}}";

static void build_below(fixture *f, const float *u, int n) {
    hopt_best members = {.count = n};
    for (int i = 0; i < n; i++) {
        members.index[i] = (uint32_t)i;
        f->u[i] = u[i];
    }
    f->below.built = false;
    hopt_tpe_below_build(&f->below, &members, f->u);
}

Test(below, weights_of_three) {
    fixture f;
    open_fixture(&f, REAL);
    build_below(&f, (float[]){0.2F, 0.4F, 0.9F}, 3);
    /* ln 3.5 - ln 1, - ln 2, - ln 3; the prior their mean. */
    cr_assert_float_eq(f.below.weight[0], 1.252762968495368, 1e-14);
    cr_assert_float_eq(f.below.weight[1], 0.5596157879354227, 1e-14);
    cr_assert_float_eq(f.below.weight[2], 0.15415067982725827, 1e-14);
    cr_assert_float_eq(f.below.prior_weight, 0.6555098120860164, 1e-14);
    cr_assert_float_eq(f.below.cumulative[2], 0.75, 1e-14);
    close_fixture(&f);
}

Test(below, bandwidth_of_three) {
    fixture f;
    open_fixture(&f, REAL);
    build_below(&f, (float[]){0.2F, 0.4F, 0.9F}, 3);
    /* mean = (1.252763*.2 + .559616*.4 + .154151*.9)/1.966529 = .311785;
     * variance = (1.252763*.2^2 + .559616*.4^2 + .154151*.9^2)/1.966529 - mean^2 = .037297;
     * h = 1.059 * sqrt(.037297*3/2) * 3^-.2 = .201072. */
    cr_assert_float_eq(f.below.dims[0].mean, 0.3117851, 1e-6);
    cr_assert_float_eq(f.below.dims[0].h, 0.2010722, 1e-6);
    /* .5 max(sd', h): sd' = .1932 < h. */
    cr_assert_float_eq(f.below.dims[0].mean_sd, 0.5 * f.below.dims[0].h, 1e-12);
    close_fixture(&f);
}

Test(below, bandwidth_is_clamped) {
    fixture f;
    open_fixture(&f, REAL);
    build_below(&f, (float[]){0.7F}, 1);
    cr_assert_eq(f.below.dims[0].h, 0.5); /* one trial */
    cr_assert_eq(f.below.dims[0].mean_sd, 0.25);
    build_below(&f, (float[]){0.7F, 0.7F}, 2);
    cr_assert_float_eq(f.below.dims[0].h, 0.125, 1e-12); /* (2+2)^-1.5 */
    float same[25];
    for (int i = 0; i < 25; i++)
        same[i] = 0.3F;
    build_below(&f, same, 25);
    cr_assert_float_eq(f.below.dims[0].h, 0.01, 1e-12); /* 27^-1.5 = .0071 < .01 */
    close_fixture(&f);
    open_fixture(&f, LEVELS);
    build_below(&f, same, 25);
    cr_assert_float_eq(f.below.dims[0].h, 0.1, 1e-12); /* .5/5 */
    build_below(&f, (float[]){0.0F, 1.0F}, 2);
    cr_assert_eq(f.below.dims[0].h, 0.5); /* 1.059 * .7 * .87 and more */
    close_fixture(&f);
}

/** The width of a slot's kernel: v = sqrt(.5)/s. */
static double width(const fixture *f, size_t slot) {
    return sqrt(0.5) / (double)*hopt_tpe_at(&f->above.columns, slot, f->above.layout[0].first);
}

static uint32_t enter(fixture *f, int64_t num, float u) {
    uint32_t index = hopt_history_append(&f->history, num, HOPT_RECORD_OK);
    hopt_tpe_above_admit(&f->above, &f->history, index);
    f->u[index] = u;
    hopt_tpe_above_join(&f->above, f->history.records[index].slot, &f->u[index], HOPT_TPE_ABOVE);
    return index;
}

Test(above, bandwidth_is_the_larger_gap) {
    fixture f;
    open_fixture(&f, REAL);
    enter(&f, 0, 0.5F);
    cr_assert_float_eq(width(&f, 0), 1, 1e-6); /* a single point */
    enter(&f, 1, 0.52F);
    cr_assert_float_eq(width(&f, 0), 1.0 / 16, 1e-6); /* gap .02 < (2+2)^-2 */
    enter(&f, 2, 0.9F);
    enter(&f, 3, 0.1F);
    enter(&f, 4, 0.51F);
    /* .1 .5 .51 .52 .9: gaps .4 .01 .01 .38; the ends have one neighbour, the domain's are not. */
    cr_assert_float_eq(width(&f, 3), 0.4, 1e-5);
    cr_assert_float_eq(width(&f, 0), 0.4, 1e-5);
    cr_assert_float_eq(width(&f, 4), 0.04, 1e-6); /* the floor */
    cr_assert_float_eq(width(&f, 1), 0.38, 1e-5);
    cr_assert_float_eq(width(&f, 2), 0.38, 1e-5);
    hopt_tpe_above_leave(&f.above, 1, &f.u[1]); /* without .52: .39 */
    cr_assert_float_eq(width(&f, 4), 0.39, 1e-5);
    cr_assert_float_eq(width(&f, 2), 0.39, 1e-5);
    close_fixture(&f);
    open_fixture(&f, LEVELS);
    for (int i = 0; i < 6; i++)
        enter(&f, i, 0.5F);
    cr_assert_float_eq(width(&f, 2), 0.1, 1e-6); /* .5/5 */
    close_fixture(&f);
}

Test(above, kernels_do_not_depend_on_the_order_of_arrival) {
    enum { N = 40 };
    fixture a;
    fixture b;
    open_fixture(&a, REAL);
    open_fixture(&b, REAL);
    /* Many ties: what is tied is told apart by its num. */
    for (int i = 0; i < N; i++)
        enter(&a, i, (float)((i * 7) % 11) / 11);
    for (int i = N - 1; i >= 0; i--) {
        int num = (i * 13) % N;
        enter(&b, num, (float)((num * 7) % 11) / 11);
    }
    uint32_t extra = enter(&b, -5, 0.123F); /* comes and goes: slot 0, all others move */
    cr_assert_eq(b.history.records[extra].slot, 0);
    hopt_tpe_above_leave(&b.above, 0, &b.u[extra]);
    hopt_tpe_above_expel(&b.above, &b.history, extra);
    hopt_tpe_above_weigh(&a.above, 0, -1);
    hopt_tpe_above_weigh(&b.above, 0, -1);
    for (size_t slot = 0; slot < N; slot++) {
        cr_assert_eq(a.history.records[a.above.record[slot]].num, (int64_t)slot);
        cr_assert_eq(b.history.records[b.above.record[slot]].num, (int64_t)slot);
        cr_assert_eq(a.above.columns.base[slot], b.above.columns.base[slot]);
        for (int c = 0; c < a.above.columns.columns; c++)
            cr_assert_eq(*hopt_tpe_at(&a.above.columns, slot, c),
                         *hopt_tpe_at(&b.above.columns, slot, c), "slot %zu column %d", slot, c);
    }
    close_fixture(&a);
    close_fixture(&b);
}

Test(kernel, integrates_to_one) {
    static const double cases[][2] = {{0.5, 0.04}, {0, 0.3}, {1, 0.01}, {0.93, 0.5}, {0.2, 1}};
    for (size_t k = 0; k < HOPT_COUNT(cases); k++) {
        hopt_tpe_kernel kernel = hopt_tpe_make_kernel(cases[k][0], cases[k][1]);
        double sum = 0;
        int n = 20000;
        for (int i = 0; i < n; i++) {
            double t = (i + 0.5) / n * (double)kernel.v - (double)kernel.b;
            sum += exp((double)kernel.c - t * t) / n;
        }
        cr_assert_float_eq(sum, 1, 1e-5, "mu %g s %g: %.8f", cases[k][0], cases[k][1], sum);
    }
}
