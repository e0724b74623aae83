/* hyperopt's algorithms as samplers: known runs, what of a trial they look at, order of draws. */
#include <criterion/criterion.h>
#include <math.h>

#include "tests/common/sampler/support.h"

#define LINE "{'x':{'_type':'uniform','_value':[-5,5]}}"

static double ask_one(hopt_sampler *sampler, int num) {
    double x;
    hopt_error err;
    uint64_t seed = hopt_sampler_seed(sampler, 0, num, 0);
    cr_assert_eq(hopt_sampler_suggest(sampler, seed, num, &x, &err), HOPT_OK);
    return x;
}

/* As HYPEROPT.md §3: fmin on (x - 3)^2 with rstate default_rng(0). */
static void expect_run(const char *name, int first, const double *right, int count) {
    hopt_space *space = space_of(LINE);
    hopt_sampler *sampler = open_sampler(name, space, NULL, 0);
    for (int num = 0; num < first + count; num++) {
        double x = ask_one(sampler, num);
        if (num >= first)
            cr_assert_float_eq(x, right[num - first], 1e-12, "%s %d: %.17g", name, num, x);
        tell(sampler, num, &x, (x - 3) * (x - 3));
    }
    hopt_sampler_close(sampler);
    hopt_space_free(space);
}

Test(hyperopt, known_runs) {
    expect_run("random", 0, (double[]){1.8226362074622475, 3.2711584225694974}, 2);
    expect_run("hyperopt", 20,
               (double[]){2.9137923234330882, 2.611480806910044, 4.913437924923354,
                          2.7316179094000095, 4.360545033467732},
               5);
    expect_run("anneal", 1, (double[]){-3.634863271111869, -1.304806223133241, 2.031234016196131},
               3);
}

Test(hyperopt, seeds_are_fmins_in_any_order) {
    hopt_space *space = space_of(LINE);
    hopt_sampler *sampler = open_sampler("hyperopt", space, NULL, 0);
    cr_assert_eq(hopt_sampler_seed(sampler, 0, 4, 3), 1367864806); /* three given points */
    cr_assert_eq(hopt_sampler_seed(sampler, 0, 0, 0), 1826701614);
    cr_assert_eq(hopt_sampler_seed(sampler, 0, 2, 0), 1097657231);
    cr_assert_eq(hopt_sampler_seed(sampler, 0, 2, 0), 1097657231);
    cr_assert_neq(hopt_sampler_seed(sampler, 1, 2, 0), 1097657231);
    cr_assert_eq(hopt_sampler_seed(sampler, 0, 1, 0), 1367864806);
    hopt_sampler_close(sampler);
    sampler = open_sampler("tpe", space, NULL, 0);
    cr_assert_neq(hopt_sampler_seed(sampler, 0, 0, 0), 1826701614);
    hopt_sampler_close(sampler);
    hopt_space_free(space);
}

/* Suggest after 19 usual trials and one odd one: with that, if it counts, the model begins. */
static double after_with(const char *name, const char *options, const hopt_observation *odd,
                         bool pending) {
    hopt_space *space = space_of(LINE);
    hopt_sampler *sampler = open_sampler(name, space, options, 0);
    for (int num = 0; num < 19; num++) {
        double x = -5 + num * 0.52;
        tell(sampler, num, &x, (x - 3) * (x - 3) + 0.001 * num);
    }
    if (pending) hopt_sampler_pend(sampler, odd->num, odd->point);
    if (odd && !pending) hopt_sampler_add(sampler, odd);
    double x = ask_one(sampler, 31);
    hopt_sampler_close(sampler);
    hopt_space_free(space);
    return x;
}

static double after(const char *name, const hopt_observation *odd, bool pending) {
    return after_with(name, NULL, odd, pending);
}

Test(hyperopt, what_counts_of_a_trial) {
    static const double at = -1.7;
    hopt_observation odd = {.num = 30, .outcome = HOPT_OUTCOME_OK, .loss = -1, .point = &at};
    double none = after("hyperopt", NULL, false);
    double good = after("hyperopt", &odd, false);
    cr_assert_neq(good, none);
    odd.outcome = HOPT_OUTCOME_FAILED; /* the status is not looked at */
    cr_assert_eq(after("hyperopt", &odd, false), good);
    odd.error = true;
    cr_assert_eq(after("hyperopt", &odd, false), none);
    odd.error = false;
    odd.loss = NAN; /* no loss: as bad as can be, like a running one */
    double worst = after("hyperopt", &odd, false);
    cr_assert_eq(after("hyperopt", &odd, true), worst);
    cr_assert_neq(worst, none);
    odd.nan_loss = true;
    cr_assert_eq(after("hyperopt", &odd, false), none);
    /* anneal leaves a NaN at the end of its ranking, but counts it: the neighbourhood shrinks. */
    cr_assert_neq(after("anneal", &odd, false), after("anneal", NULL, false));
    odd.outcome = HOPT_OUTCOME_IGNORED;
    cr_assert_eq(after("anneal", &odd, false), after("anneal", NULL, false));
}

/* One with a worse loss than the trial it came from is not looked at; a better one takes its place,
 * and then, by a quirk of hyperopt, neither group has it: its own number is no id. */
Test(hyperopt, derived_trials) {
    static const char EARLY[] = "{'n_startup_jobs':5}";
    static const double at = -1.7;
    hopt_observation odd = {.num = 30,
                            .outcome = HOPT_OUTCOME_OK,
                            .loss = 1e9,
                            .point = &at,
                            .derived = true,
                            .from = 15 /* the best */};
    double none = after_with("hyperopt", EARLY, NULL, false);
    cr_assert_eq(after_with("hyperopt", EARLY, &odd, false), none);
    odd.loss = -1;
    double better = after_with("hyperopt", EARLY, &odd, false);
    cr_assert_neq(better, none);
    static const double other = 4.4;
    odd.point = &other;
    cr_assert_eq(after_with("hyperopt", EARLY, &odd, false), better);
}

/* Two orders of keys are one space to hyperopt, which sorts them; labels draw from the last to the
 * first, parents before children. */
Test(hyperopt, keys_are_sorted) {
    hopt_space *a = space_of("{'b':{'_type':'normal','_value':[0,1]},'a':{'_type':'choice',"
                             "'_value':[{'z':{'_type':'uniform','_value':[0,1]}},5]}}");
    hopt_space *b = space_of("{'a':{'_type':'choice','_value':[{'z':{'_type':'uniform','_value':"
                             "[0,1]}},5]},'b':{'_type':'normal','_value':[0,1]}}");
    hopt_sampler *of_a = open_sampler("random", a, NULL, 0);
    hopt_sampler *of_b = open_sampler("random", b, NULL, 0);
    for (uint64_t seed = 0; seed < 50; seed++) {
        double x[3], y[3];
        cr_assert_eq(hopt_sampler_suggest(of_a, seed, 0, x, NULL), HOPT_OK);
        cr_assert_eq(hopt_sampler_suggest(of_b, seed, 0, y, NULL), HOPT_OK);
        for (int i = 0; i < 3; i++) {
            int k = hopt_space_find(b, hopt_space_param(a, i)->label);
            cr_assert(x[i] == y[k] || (isnan(x[i]) && isnan(y[k])));
        }
    }
    hopt_sampler_close(of_a);
    hopt_sampler_close(of_b);
    hopt_space_free(a);
    hopt_space_free(b);
}

Test(hyperopt, options) {
    hopt_space *space = space_of(LINE);
    hopt_sampler_close(open_sampler(
        "mix", space, "{'p_suggest':[[0.25,'hyperopt'],[0.75,'random']],'gamma':0.5}", 0));
    static const char *const bad[] = {
        "{\"p_suggest\": 3}",
        "{\"p_suggest\": []}",
        "{\"p_suggest\": [[1, \"tpe\"]]}",
        "{\"p_suggest\": [[0.5, \"random\"], [0.6, \"anneal\"]]}",
        "{\"p_suggest\": [[-1, \"random\"], [2, \"anneal\"]]}",
        "{\"p_suggest\": [[1, \"random\", 0]]}",
        "{\"avg_best_idx\": 0.5}",
    };
    for (size_t i = 0; i < HOPT_COUNT(bad); i++) {
        json_t *json = json_loads(bad[i], 0, NULL);
        cr_assert_eq(hopt_sampler_check("mix", json, NULL), HOPT_EINVAL, "%s", bad[i]);
        json_decref(json);
    }
    hopt_space_free(space);
    space = space_of("{'x':{'_type':'randint','_value':[0,100000000]}}");
    hopt_sampler *sampler;
    cr_assert_eq(hopt_sampler_open(&sampler, "hyperopt", space, NULL, 0, NULL), HOPT_EINVAL);
    hopt_sampler_close(open_sampler("random", space, NULL, 0));
    hopt_space_free(space);
}
