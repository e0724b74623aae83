#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/sampler/finite.h"
#include "tests/common/sampler/support.h"

/**
 * `s` is shared by two branches. qloguniform 1..3 by 2 is 0, 2, 4 to hyperopt, only 2 lies inside:
 * 3 * (1 + 2*2 + 3*2) * 2 = 66 points for `random`, 3 * (1 + 2*2 + 1*2) * 2 = 42 for `tpe`.
 */
static const char *const TREE = "{'a':{'_type':'randint','_value':[0,3]},"
                                "'m':{'_type':'choice','_value':[{'_name':'x'},"
                                "{'_name':'y','k':{'_type':'uniformint','_value':[1,2]},"
                                "'s':{'_label':'s','_type':'choice','_value':[7,8]}},"
                                "{'_name':'z','q':{'_type':'qloguniform','_value':[1,3,2]},"
                                "'s':{'_label':'s','_type':'choice','_value':[7,8]}}]},"
                                "'b':{'_type':'pchoice','_value':[[0.999,true],[0.001,false]]}}";

static double loss_of(const double *point, int size) {
    double sum = 0;
    for (int i = 0; i < size; i++)
        sum += isnan(point[i]) ? 0 : cos(point[i] * (i + 1));
    return sum;
}

/** Ask until the sampler says it is exhausted: all points differ. @return how many. */
static int exhaust(const char *name, const char *text, int most, int ahead) {
    hopt_space *space = space_of(text);
    hopt_sampler *sampler = open_sampler(name, space, NULL, 5);
    int size = hopt_space_size(space);
    double *points = hopt_zalloc((size_t)(most + 1) * (size_t)size + 1, sizeof *points);
    hopt_status status = HOPT_OK;
    int n = 0;
    for (; n <= most; n++) {
        double *point = points + (size_t)n * size;
        hopt_error err;
        status =
            hopt_sampler_suggest(sampler, hopt_hash_splitmix64(5, (uint64_t)n), n, point, &err);
        if (status != HOPT_OK) break;
        cr_assert_eq(hopt_space_check_point(space, point, &err), HOPT_OK, "%s", err.message);
        for (int i = 0; i < n; i++) {
            bool same = true;
            for (int d = 0; d < size; d++) {
                double x = points[(size_t)i * size + d];
                same &= x == point[d] || (isnan(x) && isnan(point[d]));
            }
            cr_assert(!same, "%s: trial %d repeats %d", name, n, i);
        }
        hopt_sampler_pend(sampler, n, point);
        if (n >= ahead)
            tell(sampler, n - ahead, point - (size_t)ahead * size,
                 loss_of(point - (size_t)ahead * size, size));
    }
    cr_assert_eq(status, HOPT_ENOTFOUND);
    free(points);
    hopt_sampler_close(sampler);
    hopt_space_free(space);
    return n;
}

Test(finite, every_point_once_and_then_the_end) {
    cr_assert_eq(exhaust("random", TREE, 200, 0), 66);
    cr_assert_eq(exhaust("tpe", TREE, 200, 0), 42);
    cr_assert_eq(exhaust("random", TREE, 200, 7), 66); /* the last 7 pending */
    cr_assert_eq(exhaust("tpe", TREE, 200, 7), 42);
}

Test(finite, a_larger_one_to_the_last_point) {
    static const char *const text = "{'a':{'_type':'randint','_value':[0,20]},"
                                    "'b':{'_type':'quniform','_value':[0,10,1]},"
                                    "'c':{'_type':'choice','_value':[1,2,3]}}";
    cr_assert_eq(exhaust("tpe", text, 1000, 0), 20 * 11 * 3);
    cr_assert_eq(exhaust("random", text, 1000, 0), 20 * 11 * 3);
}

Test(finite, repeat_lifts_it) {
    hopt_space *space = space_of("{'a':{'_type':'choice','_value':[1,2]}}");
    for (int k = 0; k < 2; k++) {
        hopt_sampler *sampler = open_sampler(k ? "tpe" : "random", space, "{'repeat':true}", 1);
        double point;
        for (int i = 0; i < 150; i++) {
            ask(sampler, space, 1, i, &point);
            tell(sampler, i, &point, point);
        }
        hopt_sampler_close(sampler);
    }
    hopt_space_free(space);
}

Test(finite, huge_spaces_and_failures_do_not_slow_it) {
    hopt_space *space = space_of("{'a':{'_type':'randint','_value':[0,1000000000000]},"
                                 "'b':{'_type':'choice','_value':[1,2]}}");
    hopt_finite *finite = hopt_finite_open(space, true);
    cr_assert(hopt_finite_is(finite));
    hopt_rng rng;
    hopt_rng_seed(&rng, 1);
    double point[2];
    for (int i = 0; i < 1000; i++) {
        cr_assert(hopt_finite_find(finite, &rng, point));
        hopt_finite_note(finite, point);
        cr_assert(hopt_finite_tried(finite, point));
    }
    hopt_finite_close(finite);
    hopt_space_free(space);
}

Test(finite, a_branch_without_continuous_parameters_is_not_repeated) {
    /* The space is not finite, but branch x has one point. */
    hopt_space *space = space_of("{'m':{'_type':'choice','_value':[{'_name':'x'},"
                                 "{'_name':'y','u':{'_type':'uniform','_value':[0,1]}}]}}");
    hopt_sampler *sampler = open_sampler("tpe", space, NULL, 3);
    int visits = 0;
    for (int i = 0; i < 200; i++) {
        double point[2];
        ask(sampler, space, 3, i, point);
        visits += point[0] == 0;
        tell(sampler, i, point, point[0] == 0 ? 0 : point[1]);
    }
    cr_assert_leq(visits, 2, "%d", visits);
    hopt_sampler_close(sampler);
    hopt_space_free(space);
}

Test(finite, a_single_point) {
    static const char *const text = "{'a':{'_type':'choice','_value':['only']}}";
    cr_assert_eq(exhaust("random", text, 3, 0), 1);
    cr_assert_eq(exhaust("tpe", text, 3, 0), 1);
}
