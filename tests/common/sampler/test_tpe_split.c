#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "common/sampler/tpe_internal.h"
#include "tests/common/sampler/support.h"

Test(split, size_follows_the_formula) {
    /* min(25, max(1, ceil(.10 N)), N-1), worked out by hand. */
    static const int expected[][2] = {{0, 0},    {1, 0},    {2, 1},      {3, 1},    {10, 1},
                                      {11, 2},   {20, 2},   {21, 3},     {30, 3},   {31, 4},
                                      {99, 10},  {100, 10}, {101, 11},   {240, 24}, {241, 25},
                                      {250, 25}, {251, 25}, {100000, 25}};
    for (size_t i = 0; i < HOPT_COUNT(expected); i++)
        cr_assert_eq(hopt_tpe_split_size((size_t)expected[i][0]), expected[i][1], "N = %d",
                     expected[i][0]);
}

typedef struct fixture {
    hopt_space *space;
    hopt_cube *cube;
    hopt_tpe_split split;
} fixture;

static fixture make(const char *text) {
    fixture f = {.space = space_of(text)};
    f.cube = hopt_cube_new(f.space);
    return f;
}

static void clear(fixture *f) {
    hopt_tpe_split_clear(&f->split);
    hopt_cube_free(f->cube);
    hopt_space_free(f->space);
}

static void add(fixture *f, int64_t num, const double *point, hopt_outcome outcome, double loss,
                int64_t step) {
    hopt_tpe_split_add(
        &f->split, &(hopt_observation){
                       .num = num, .outcome = outcome, .loss = loss, .step = step, .point = point});
}

static const char *const REAL = "{'a':{'_type':'uniform','_value':[0,1]}}";

Test(split, ranks_complete_then_pruned_ties_by_age) {
    fixture f = make(REAL);
    hopt_tpe_split_init(&f.split, f.cube);
    double x = 0.5;
    add(&f, 9, &x, HOPT_OUTCOME_OK, 2, 0);
    add(&f, 4, &x, HOPT_OUTCOME_PRUNED, -100, 3);
    add(&f, 3, &x, HOPT_OUTCOME_OK, 2, 0);
    add(&f, 5, &x, HOPT_OUTCOME_PRUNED, 7, 10);
    add(&f, 6, &x, HOPT_OUTCOME_PRUNED, 6, 10);
    add(&f, 7, &x, HOPT_OUTCOME_FAILED, -1e9, 0);
    add(&f, 8, &x, HOPT_OUTCOME_OK, NAN, 0); /* counts as failed */
    add(&f, 1, &x, HOPT_OUTCOME_IGNORED, 0, 0);
    add(&f, 2, &x, HOPT_OUTCOME_OK, 1e300, 0);
    add(&f, 9, &x, HOPT_OUTCOME_OK, -5, 0); /* its second end is ignored */
    static const int64_t expected[] = {3, 9, 2, 6, 5, 4};
    cr_assert_eq(f.split.best.count, 6);
    for (int i = 0; i < 6; i++)
        cr_assert_eq(f.split.history.records[f.split.best.index[i]].num, expected[i], "rank %d", i);
    cr_assert_eq(f.split.finished, 6);
    cr_assert_eq(f.split.failed, 2);
    cr_assert_eq(f.split.below.count, 1);
    cr_assert_eq(f.split.above.n_above, 7); /* 5 finished and 2 failed */
    clear(&f);
}

Test(split, pending_wait_above_until_they_end) {
    fixture f = make(REAL);
    hopt_tpe_split_init(&f.split, f.cube);
    double x = 0.5;
    for (int i = 0; i < 5; i++)
        hopt_tpe_split_pend(&f.split, i, &x);
    hopt_tpe_split_pend(&f.split, 2, &x); /* a repeat */
    cr_assert_eq(f.split.above.n_waiting, 5);
    add(&f, 0, &x, HOPT_OUTCOME_OK, 1, 0);
    add(&f, 1, &x, HOPT_OUTCOME_OK, 0, 0);
    add(&f, 2, &x, HOPT_OUTCOME_IGNORED, 0, 0);
    add(&f, 3, &x, HOPT_OUTCOME_FAILED, NAN, 0);
    hopt_tpe_split_pend(&f.split, 0, &x); /* ended already */
    cr_assert_eq(f.split.above.n_waiting, 1);
    cr_assert_eq(f.split.above.n_above, 2);
    cr_assert_eq(f.split.below.count, 1);
    cr_assert_eq(f.split.history.records[f.split.below.index[0]].num, 1);
    cr_assert_eq(f.split.above.sorted[0].count, 3);
    clear(&f);
}

Test(split, thinning_keeps_a_fixed_sample) {
    fixture f = make(REAL);
    hopt_tpe_split_init(&f.split, f.cube);
    f.split.thin_at = 60;
    f.split.thin_to = 40;
    hopt_tpe_split other;
    hopt_tpe_split_init(&other, f.cube);
    other.thin_at = 60;
    other.thin_to = 40;
    for (int i = 0; i < 500; i++) {
        double x = fmod(i * 0.618, 1);
        hopt_tpe_split_pend(&f.split, i, &x);
        if (i >= 7) {
            double y = fmod((i - 7) * 0.618, 1);
            add(&f, i - 7, &y, HOPT_OUTCOME_OK, fabs(y - 0.3), 0);
        }
    }
    for (int i = 492; i >= 0; i--) { /* the same set, the other way round, never pending */
        double x = fmod(i * 0.618, 1);
        hopt_tpe_split_add(&other,
                           &(hopt_observation){.num = i, .loss = fabs(x - 0.3), .point = &x});
    }
    cr_assert(f.split.thinned && other.thinned);
    cr_assert_eq(f.split.above.slots, 40 + 7);
    cr_assert_eq(other.above.slots, 40);
    for (size_t i = 0; i < 40; i++)
        cr_assert_eq(f.split.history.records[f.split.above.record[i]].num,
                     other.history.records[other.above.record[i]].num);
    /* The sample is spread over all ages. */
    int early = 0;
    for (size_t i = 0; i < 40; i++)
        early += other.history.records[other.above.record[i]].num < 246;
    cr_assert(early >= 10 && early <= 30, "%d", early);
    hopt_tpe_split_clear(&other);
    clear(&f);
}

static const char *const BRANCHES =
    "{'z':{'_type':'choice','_value':[1,2]},"
    "'m':{'_type':'choice','_value':["
    "{'_name':'0','x':{'_type':'uniform','_value':[0,1]}},"
    "{'_name':'1','y':{'_type':'uniform','_value':[0,1]}},{'_name':'2'}]}}";

Test(split, branch_minimum_finds_the_least_tried) {
    fixture f = make(BRANCHES);
    hopt_tpe_split_init(&f.split, f.cube);
    int m = hopt_space_find(f.space, "m");
    int x = hopt_space_find(f.space, "m/0/x");
    int y = hopt_space_find(f.space, "m/1/y");
    cr_assert_eq(f.split.root, m); /* not z: it has no children */
    for (int i = 0; i < 120; i++) {
        double point[4] = {NAN, NAN, NAN, NAN};
        point[hopt_space_find(f.space, "z")] = 0;
        point[m] = i < 100 ? 0 : 1;
        point[i < 100 ? x : y] = i / 120.0;
        add(&f, i, point, HOPT_OUTCOME_OK, i, 0);
    }
    /* N = 120: min(2 sqrt 120, .5*120/3) = 20; branch 2 has none, branch 1 exactly 20. */
    cr_assert_eq(hopt_tpe_split_due(&f.split), 2);
    double point[4] = {NAN, NAN, NAN, NAN};
    point[hopt_space_find(f.space, "z")] = 0;
    point[m] = 2;
    for (int i = 120; i < 140; i++) /* failures count as tries, else they would go on for ever */
        add(&f, i, point, HOPT_OUTCOME_FAILED, NAN, 0);
    cr_assert_eq(hopt_tpe_split_due(&f.split), -1);
    /* Branch 1: the best min(25, max(2, ceil(.1*20))) = 2 of its 20; all others above. */
    hopt_best below = hopt_tpe_split_branch(&f.split, 1);
    cr_assert_eq(below.count, 2);
    cr_assert_eq(below.index[0], 100);
    cr_assert_eq(below.index[1], 101);
    cr_assert_eq(f.split.above.n_above, 140 - 12);
    hopt_tpe_split_set(&f.split, &below);
    cr_assert_eq(f.split.above.n_above, 140 - 2);
    hopt_best usual = hopt_tpe_split_usual(&f.split);
    cr_assert_eq(usual.count, 12);
    hopt_tpe_split_set(&f.split, &usual);
    cr_assert_eq(f.split.above.n_above, 140 - 12);
    clear(&f);
}

/** 60 trials, told in a shuffled order: num i has loss(i). */
static bool stagnates_with(double (*loss)(int i), int count) {
    fixture f = make(REAL);
    hopt_tpe_split_init(&f.split, f.cube);
    for (int i = 0; i < count; i++) {
        double x = 0.5;
        int num = i * 7 % count;
        add(&f, num, &x, HOPT_OUTCOME_OK, loss(num), 0);
    }
    bool rests = hopt_tpe_split_stagnates(&f.split);
    clear(&f);
    return rests;
}

/* The best is 0 from num 10 on, the median about 100; the last 12 of 60 begin at num 48. */
static double at_rest(int i) {
    return i == 10 ? 0 : 100 + 0.01 * i;
}
static double gains_little(int i) {
    return i == 50 ? -4 : at_rest(i);
}
static double gains_enough(int i) {
    return i == 50 ? -6 : at_rest(i);
}
static double gained_before(int i) {
    return i == 47 ? -60 : at_rest(i);
}
static double alike(int i HOPT_UNUSED) {
    return 1;
}
static double far_apart(int i) {
    return i % 2 ? 1.7e308 : -1.7e308;
}

Test(split, rests_when_the_last_dozen_gained_less_than_a_twentieth) {
    cr_assert(stagnates_with(at_rest, 60));
    cr_assert(stagnates_with(gains_little, 60));
    cr_assert_not(stagnates_with(gains_enough, 60));
    cr_assert(stagnates_with(gained_before, 60));
    cr_assert_not(stagnates_with(at_rest, 40));
    cr_assert(stagnates_with(at_rest, 41));
    cr_assert_not(stagnates_with(alike, 60)); /* nothing lies between the best and the median */
    stagnates_with(far_apart, 60);
}
