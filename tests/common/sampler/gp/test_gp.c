/* The sampler `gp` as a whole: better than chance, inside the support, the same from any order of
 * the same trials, and never stopped by a history that it can't model. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/sampler/rng.h"
#include "tests/common/sampler/support.h"

#define CUBE                                                                                       \
    "{'a':{'_type':'uniform','_value':[0,1]},'b':{'_type':'uniform','_value':[0,1]},"              \
    "'c':{'_type':'uniform','_value':[0,1]}}"
#define MIXED                                                                                      \
    "{'m':{'_type':'choice','_value':["                                                            \
    "{'_name':'a','x':{'_type':'loguniform','_value':[0.001,10]},"                                 \
    " 'k':{'_type':'quniform','_value':[0,10,2]}},"                                                \
    "{'_name':'b','y':{'_type':'normal','_value':[0,1]},'z':{'_type':'qloguniform',"               \
    " '_value':[1,1000,5]}}]},'c':{'_type':'pchoice','_value':[[0.5,1],[0.3,2],[0.2,3]]},"         \
    "'i':{'_type':'randint','_value':[2,9]},'l':{'_type':'lognormal','_value':[0,1]},"             \
    "'qn':{'_type':'qnormal','_value':[0,10,3]},'ql':{'_type':'qlognormal','_value':[1,1,1]},"     \
    "'u':{'_type':'uniformint','_value':[1,4]}}"

static double loss_of(const double *point, int size) {
    double sum = 0;
    for (int i = 0; i < size; i++)
        if (!isnan(point[i])) sum += fabs(tanh(point[i]) - .3);
    return sum;
}

Test(gp, all_kinds_stay_inside_and_failures_do_no_harm) {
    hopt_space *space = space_of(MIXED);
    int size = hopt_space_size(space);
    hopt_sampler *sampler = open_sampler("gp", space, NULL, 7);
    double *point = hopt_zalloc((size_t)size, sizeof *point);
    for (int64_t num = 0; num < 70; num++) {
        ask(sampler, space, 7, num, point); /* fails the test unless it is inside */
        hopt_sampler_pend(sampler, num, point);
        hopt_outcome outcome = num % 9 == 4   ? HOPT_OUTCOME_FAILED
                               : num % 9 == 6 ? HOPT_OUTCOME_PRUNED
                               : num % 9 == 8 ? HOPT_OUTCOME_IGNORED
                                              : HOPT_OUTCOME_OK;
        tell_outcome(sampler, num, point, outcome,
                     outcome == HOPT_OUTCOME_FAILED ? (double)NAN : loss_of(point, size), num);
    }
    free(point);
    hopt_sampler_close(sampler);
    hopt_space_free(space);
}

static double bowl(const double *x) {
    return 3 + pow(x[0] - .3, 2) + 2 * pow(x[1] - .8, 2) + pow(x[2] - .55, 2);
}

static double best_of(const char *name, const hopt_space *space, int trials) {
    hopt_sampler *sampler = open_sampler(name, space, NULL, 11);
    double point[3], best = INFINITY;
    for (int64_t num = 0; num < trials; num++) {
        ask(sampler, space, 11, num, point);
        tell(sampler, num, point, bowl(point));
        best = fmin(best, bowl(point));
    }
    hopt_sampler_close(sampler);
    return best - 3;
}

Test(gp, far_better_than_tpe_on_a_bowl) {
    hopt_space *space = space_of(CUBE);
    double gp = best_of("gp", space, 40), tpe = best_of("tpe", space, 40);
    cr_assert_lt(gp, 1e-4);
    cr_assert_lt(gp, tpe / 10, "%g %g", gp, tpe);
    hopt_space_free(space);
}

/* What is proposed depends on the set of trials, not on the order in which they ended, nor on what
 * was proposed before: a new master goes on as the old one would have. */
Test(gp, a_function_of_the_set_of_trials) {
    enum { TRIALS = 60, PENDING = 4 };
    hopt_space *space = space_of(MIXED);
    size_t size = (size_t)hopt_space_size(space);
    hopt_sampler *old = open_sampler("gp", space, NULL, 5), *fresh;
    double *points = hopt_zalloc((TRIALS + PENDING) * size, sizeof *points);
    double *a = hopt_zalloc(size, sizeof *a), *b = hopt_zalloc(size, sizeof *b);
    for (int64_t num = 0; num < TRIALS + PENDING; num++) {
        double *point = points + (size_t)num * size;
        ask(old, space, 5, num, point);
        hopt_sampler_pend(old, num, point);
        if (num < TRIALS) tell(old, num, point, loss_of(point, (int)size));
    }
    fresh = open_sampler("gp", space, NULL, 5);
    for (int64_t num = TRIALS + PENDING - 1; num >= 0; num--) {
        const double *point = points + (size_t)num * size;
        if (num < TRIALS)
            tell(fresh, num, point, loss_of(point, (int)size));
        else
            hopt_sampler_pend(fresh, num, point);
    }
    hopt_error err;
    for (uint64_t seed = 0; seed < 6; seed++) {
        cr_assert_eq(hopt_sampler_suggest(old, seed, 70, a, &err), HOPT_OK);
        cr_assert_eq(hopt_sampler_suggest(fresh, seed, 70, b, &err), HOPT_OK);
        cr_assert_eq(memcmp(a, b, size * sizeof *a), 0, "seed %d", (int)seed);
    }
    free(points);
    free(a);
    free(b);
    hopt_sampler_close(old);
    hopt_sampler_close(fresh);
    hopt_space_free(space);
}

typedef struct bad_history {
    const char *name;
    int trials;
    double (*loss)(int i);
    bool same_point;
} bad_history;

static double equal(int i) {
    (void)i;
    return 4;
}
static double tiny(int i) {
    return 1e-300 * (i + 1);
}
static double huge(int i) {
    return i % 2 ? 1e300 * (i + 1) : -1e300;
}
static double mixed(int i) {
    return i % 3 ? 1e-300 * i : 1e300;
}
static double missing(int i) {
    return i % 4 ? (double)NAN : i;
}
static double index_of(int i) {
    return i;
}

Test(gp, histories_without_a_model_fall_back) {
    static const bad_history list[] = {
        {"all equal", 30, equal, false},    {"one point", 30, index_of, true},
        {"tiny losses", 30, tiny, false},   {"huge losses", 30, huge, false},
        {"both", 30, mixed, false},         {"mostly failed", 30, missing, false},
        {"two trials", 12, missing, false}, {"one point, equal", 30, equal, true},
    };
    hopt_space *space = space_of(MIXED);
    size_t size = (size_t)hopt_space_size(space);
    double *point = hopt_zalloc(size, sizeof *point);
    for (size_t k = 0; k < HOPT_COUNT(list); k++) {
        hopt_sampler *sampler = open_sampler("gp", space, NULL, 1);
        for (int i = 0; i < list[k].trials; i++) {
            hopt_space_draw(space, list[k].same_point ? 1 : (uint64_t)i, point);
            double loss = list[k].loss(i);
            tell_outcome(sampler, i, point, isnan(loss) ? HOPT_OUTCOME_FAILED : HOPT_OUTCOME_OK,
                         loss, 0);
        }
        for (int64_t num = list[k].trials; num < list[k].trials + 6; num++) {
            ask(sampler, space, 1, num, point);
            hopt_sampler_pend(sampler, num, point);
        }
        hopt_sampler_close(sampler);
    }
    free(point);
    hopt_space_free(space);
}

static double valley(const double *x) {
    return pow(x[0] - x[1] * x[1], 2) + .1 * pow(x[1] * x[2] - .3, 2);
}

/* The text of the length scales that the next suggestion is made with; not of its turn, tpe's. */
static char *length_scales(hopt_sampler *sampler, int64_t num) {
    json_t *said = hopt_sampler_explain(sampler, 1, num);
    char *text = json_dumps(json_object_get(said, "length_scales"), JSON_SORT_KEYS);
    json_decref(said);
    return text;
}

/* Past 250 trials a fit serves for 20 of them. */
Test(gp, a_long_study_has_few_fits) {
    hopt_space *space = space_of(CUBE);
    hopt_sampler *sampler = open_sampler("gp", space, NULL, 2);
    double point[3];
    char *before = NULL;
    for (int64_t num = 0; num <= 292; num++) {
        if (num > 251 && num % 3 != 0) {
            char *now = length_scales(sampler, num);
            cr_assert_not_null(now, "trial %d", (int)num);
            bool new_fit = num == 271 || num == 290;
            if (before)
                cr_assert_eq(strcmp(before, now) != 0, new_fit, "trial %d: %s %s", (int)num, before,
                             now);
            free(before);
            before = now;
        }
        hopt_space_draw(space, (uint64_t)num, point);
        tell(sampler, num, point, valley(point));
    }
    free(before);
    hopt_sampler_close(sampler);
    hopt_space_free(space);
}

/* A choice of two branches of `each` reals. */
static hopt_space *branches(int each) {
    json_t *options = json_array();
    for (int o = 0; o < 2; o++) {
        json_t *option = json_pack("{s:o}", "_name", json_sprintf("%d", o));
        for (int i = 0; i < each; i++) {
            char label[16];
            snprintf(label, sizeof label, "%c%d", 'a' + o, i);
            json_object_set_new(option, label,
                                json_pack("{s:s,s:[i,i]}", "_type", "uniform", "_value", 0, 1));
        }
        json_array_append_new(options, option);
    }
    json_t *json = json_pack("{s:{s:s,s:o}}", "m", "_type", "choice", "_value", options);
    char *text = json_dumps(json, 0);
    hopt_space *space = space_of(text);
    free(text);
    json_decref(json);
    return space;
}

/* With more than 20 parameters active a candidate is a good trial with some of them changed: it
 * must be inside whichever branch it came from, and lead somewhere. */
Test(gp, large_branches) {
    enum { EACH = 25, TRIALS = 80 };
    hopt_space *space = branches(EACH);
    double best[2] = {INFINITY, INFINITY}, point[2 * EACH + 1];
    for (int s = 0; s < 2; s++) {
        hopt_sampler *sampler = open_sampler(s ? "random" : "gp", space, NULL, 4);
        for (int64_t num = 0; num < TRIALS; num++) {
            ask(sampler, space, 4, num, point); /* fails the test unless it is inside */
            double loss = point[0];
            for (int i = 1; i <= 2 * EACH; i++)
                loss += isnan(point[i]) ? 0 : pow(point[i] - .3, 2);
            best[s] = fmin(best[s], loss);
            tell(sampler, num, point, loss);
        }
        hopt_sampler_close(sampler);
    }
    cr_assert_lt(best[0], best[1] / 3, "%g %g", best[0], best[1]);
    hopt_space_free(space);
}

Test(gp, a_finite_space_is_used_up_once) {
    hopt_space *space = space_of("{'a':{'_type':'choice','_value':[1,2,3,4]},"
                                 "'b':{'_type':'uniformint','_value':[1,6]}}");
    hopt_sampler *sampler = open_sampler("gp", space, NULL, 2);
    bool seen[4][7] = {{false}};
    double point[2];
    hopt_error err;
    for (int64_t num = 0; num < 24; num++) {
        ask(sampler, space, 2, num, point);
        bool *was = &seen[(int)point[0]][(int)point[1]];
        cr_assert_not(*was, "trial %d repeats", (int)num);
        *was = true;
        tell(sampler, num, point, point[0] + fabs(point[1] - 3));
    }
    cr_assert_eq(hopt_sampler_suggest(sampler, 1, 24, point, &err), HOPT_ENOTFOUND);
    hopt_sampler_close(sampler);
    hopt_space_free(space);
}

Test(gp, many_trials_are_cut_and_handed_over) {
    hopt_space *space = space_of(CUBE);
    hopt_sampler *sampler = open_sampler("gp", space, "{'hand_over':320}", 2);
    double point[3];
    for (int64_t num = 0; num < 331; num++) {
        if (num < 290) {
            hopt_space_draw(space, (uint64_t)num, point);
            hopt_sampler_pend(sampler, num, point);
        } else {
            ask(sampler, space, 2, num, point);
        }
        tell(sampler, num, point, bowl(point));
    }
    json_t *said = hopt_sampler_explain(sampler, 1, 331);
    cr_assert_str_eq(json_string_value(json_object_get(said, "step")), "handed_over");
    json_decref(said);
    hopt_sampler_close(sampler);
    hopt_space_free(space);
}

Test(gp, believes_nothing_of_too_few_or_equal_losses) {
    hopt_space *space = space_of("{'a':{'_type':'uniform','_value':[0,1]}}");
    hopt_sampler *gp = open_sampler("gp", space, NULL, 2),
                 *tpe = open_sampler("tpe", space, NULL, 2);
    hopt_error err;
    int64_t num;
    for (int64_t k = 0; k < 12; k++) {
        cr_assert_eq(hopt_sampler_believed_best(gp, &num, &err), HOPT_ENOTFOUND);
        cr_assert_eq(hopt_sampler_believed_best(tpe, &num, &err), HOPT_ENOTFOUND);
        tell(gp, k, (double[]){(double)k / 12}, 1);
        tell(tpe, k, (double[]){(double)k / 12}, 1);
    }
    tell(gp, 12, (double[]){1}, .5);
    cr_assert_eq(hopt_sampler_believed_best(gp, &num, &err), HOPT_OK);
    hopt_sampler_close(gp);
    hopt_sampler_close(tpe);
    hopt_space_free(space);
}

/* Of noisy losses the least is a lucky one: the model knows better. */
Test(gp, believes_another_trial_than_the_lucky_one_to_be_the_best) {
    enum { TRIALS = 61, LUCKY = 30 }; /* 61: not tpe's turn */
    hopt_space *space = space_of(CUBE);
    hopt_sampler *sampler = open_sampler("gp", space, NULL, 2);
    double points[TRIALS][3];
    hopt_rng rng;
    hopt_rng_seed(&rng, 5);
    for (int64_t num = 0; num < TRIALS; num++) {
        hopt_space_draw(space, (uint64_t)num, points[num]);
        double loss = bowl(points[num]) + .1 * hopt_rng_normal(&rng);
        tell(sampler, num, points[num], num == LUCKY ? 2.7 : loss);
    }
    cr_assert_gt(bowl(points[LUCKY]), 3.3);
    json_t *said = hopt_sampler_explain(sampler, 1, TRIALS);
    cr_assert_str_eq(json_string_value(json_object_get(said, "step")), "gp");
    json_int_t best = json_integer_value(json_object_get(said, "believed_best"));
    cr_assert_neq(best, LUCKY);
    cr_assert_lt(bowl(points[best]), 3.1, "%d", (int)best);
    json_decref(said);
    hopt_error err;
    int64_t num = -1;
    cr_assert_eq(hopt_sampler_believed_best(sampler, &num, &err), HOPT_OK);
    cr_assert_eq(num, best);
    hopt_sampler_close(sampler);
    hopt_space_free(space);
}

Test(gp, explains_length_scales_and_the_winner) {
    hopt_space *space = space_of(CUBE);
    hopt_sampler *sampler = open_sampler("gp", space, NULL, 2), *silent;
    silent = open_sampler("gp", space, NULL, 2);
    double point[3], same[3];
    hopt_error err;
    int models = 0;
    for (int64_t num = 0; num < 40; num++) {
        json_t *said = hopt_sampler_explain(sampler, (uint64_t)num, num);
        cr_assert_eq(hopt_sampler_suggest(sampler, (uint64_t)num, num, point, &err), HOPT_OK);
        cr_assert_eq(hopt_sampler_suggest(silent, (uint64_t)num, num, same, &err), HOPT_OK);
        cr_assert_eq(memcmp(point, same, sizeof point), 0);
        const json_t *labels = json_object_get(said, "length_scales");
        if (strcmp(json_string_value(json_object_get(said, "step")), "gp") == 0) {
            models++;
            cr_assert_eq(json_object_size(labels), 3);
            double b = json_number_value(json_object_get(json_object_get(labels, "b"), "scale"));
            cr_assert_gt(b, 0);
            cr_assert_gt(json_number_value(json_object_get(said, "deviation")), 0);
            cr_assert(json_is_number(json_object_get(said, "log_ei")));
            cr_assert(json_is_string(json_object_get(said, "kernel")));
        }
        json_decref(said);
        /* b does not matter. */
        double loss = pow(point[0] - .3, 2) + pow(point[2] - .6, 2);
        tell(sampler, num, point, loss);
        tell(silent, num, point, loss);
    }
    cr_assert_geq(models, 15);
    json_t *said = hopt_sampler_explain(sampler, 1, 40);
    const json_t *labels = json_object_get(said, "length_scales");
    double scale[3];
    for (int i = 0; i < 3; i++) {
        const json_t *one = json_object_get(labels, (const char *[]){"a", "b", "c"}[i]);
        scale[i] = json_number_value(json_object_get(one, "scale"));
    }
    cr_assert_gt(scale[1], scale[0]);
    cr_assert_gt(scale[1], scale[2]);
    json_decref(said);
    hopt_sampler_close(sampler);
    hopt_sampler_close(silent);
    hopt_space_free(space);
}

/* Cheap trials get tpe's suggestions, dear ones gp's; the same from any order of arrival. */
Test(gp_auto, takes_gp_where_it_is_cheap_beside_the_trials) {
    hopt_space *space = space_of(CUBE);
    static const struct {
        double ms;
        const char *options, *picked;
        int running;
    } cases[] = {
        {1, NULL, "tpe", 0},         {0.5, NULL, "tpe", 0},
        {10000, NULL, "gp", 0},      {0, NULL, "gp", 0}, /* not known */
        {1, "{'share':2}", "gp", 0}, {10000, "{'share':0}", "tpe", 0},
        {10000, NULL, "gp", 8},      {10000, NULL, "gp", 100},         /* they wait for 1 % of it */
        {2000, NULL, "tpe", 300},    {2000, "{'share':1}", "gp", 300}, /* keeps up or not */
        {0, "{'share':0}", "tpe", 0}};
    for (size_t k = 0; k < HOPT_COUNT(cases); k++) {
        hopt_sampler *sampler = open_sampler("auto", space, cases[k].options, 3);
        hopt_sampler *other = open_sampler("auto", space, cases[k].options, 3);
        hopt_sampler *wanted = open_sampler(cases[k].picked, space, NULL, 3);
        double point[3], same[3];
        hopt_error err;
        for (int64_t num = 0; num < 41; num++) {
            for (int which = 0; which < 3; which++) {
                int64_t at =
                    which == 1 ? 40 - num : num; /* the other one hears of them backwards */
                hopt_space_draw(space, (uint64_t)at, point);
                hopt_observation seen = {.num = at,
                                         .outcome = HOPT_OUTCOME_OK,
                                         .loss = bowl(point),
                                         .point = point,
                                         .ms = at % 7 ? cases[k].ms : 1e9 * (cases[k].ms > 0)};
                hopt_sampler_add(which == 0 ? sampler : which == 1 ? other : wanted, &seen);
            }
        }
        for (int64_t num = 50; num < 50 + cases[k].running; num++) {
            hopt_space_draw(space, (uint64_t)num, point);
            hopt_sampler_pend(sampler, num, point);
            hopt_sampler_pend(other, num, point);
            hopt_sampler_pend(wanted, num, point);
        }
        json_t *said = hopt_sampler_explain(sampler, 9, 41);
        cr_assert_str_eq(json_string_value(json_object_get(said, "picked")), cases[k].picked, "%zu",
                         k);
        cr_assert_eq(json_integer_value(json_object_get(said, "proposals")), cases[k].running + 1);
        json_decref(said);
        cr_assert_eq(hopt_sampler_suggest(sampler, 9, 41, point, &err), HOPT_OK);
        cr_assert_eq(hopt_sampler_suggest(other, 9, 41, same, &err), HOPT_OK);
        cr_assert_eq(memcmp(point, same, sizeof point), 0, "%zu", k);
        cr_assert_eq(hopt_sampler_suggest(wanted, 9, 41, same, &err), HOPT_OK);
        cr_assert_eq(memcmp(point, same, sizeof point), 0, "%zu", k);
        hopt_sampler_close(sampler);
        hopt_sampler_close(other);
        hopt_sampler_close(wanted);
    }
    hopt_space_free(space);
}

/* Trials that pass in no time have no use for a model: to the bit what `tpe` proposes, whatever the
 * space and whatever ended how. Long ones get what `gp` proposes. */
Test(gp_auto, is_tpe_or_gp_to_the_bit) {
    static const struct {
        const char *as;
        double ms;
        int trials;
    } cases[] = {{"tpe", 1, 500}, {"tpe", 0.5, 120}, {"gp", 600000, 60}};
    static const char *const spaces[] = {
        MIXED, "{'a':{'_type':'uniform','_value':[0,1]},'b':{'_type':'normal','_value':[0,1]}}",
        "{'a':{'_type':'randint','_value':[0,30]},'b':{'_type':'choice','_value':[1,2,3]}}"};
    for (size_t k = 0; k < HOPT_COUNT(cases) * HOPT_COUNT(spaces); k++) {
        double ms = cases[k / HOPT_COUNT(spaces)].ms;
        hopt_space *space = space_of(spaces[k % HOPT_COUNT(spaces)]);
        int size = hopt_space_size(space);
        hopt_sampler *sampler[2] = {open_sampler("auto", space, NULL, 5),
                                    open_sampler(cases[k / HOPT_COUNT(spaces)].as, space, NULL, 5)};
        double *point = hopt_zalloc((size_t)size, sizeof *point),
               *same = hopt_zalloc((size_t)size, sizeof *same);
        for (int64_t num = 0; num < cases[k / HOPT_COUNT(spaces)].trials; num++) {
            hopt_error err;
            hopt_status status = hopt_sampler_suggest(sampler[0], (uint64_t)num, num, point, &err);
            cr_assert_eq(hopt_sampler_suggest(sampler[1], (uint64_t)num, num, same, &err), status);
            if (status != HOPT_OK) { /* the finite one ends when all was tried, not before */
                cr_assert(status == HOPT_ENOTFOUND && num == 90 && k % HOPT_COUNT(spaces) == 2);
                break;
            }
            cr_assert(memcmp(point, same, (size_t)size * sizeof *point) == 0, "%zu, %d", k,
                      (int)num);
            hopt_outcome outcome = num % 9 == 4   ? HOPT_OUTCOME_FAILED
                                   : num % 9 == 6 ? HOPT_OUTCOME_PRUNED
                                   : num % 9 == 8 ? HOPT_OUTCOME_IGNORED
                                                  : HOPT_OUTCOME_OK;
            hopt_observation seen = {.num = num,
                                     .outcome = outcome,
                                     .loss = outcome == HOPT_OUTCOME_FAILED ? (double)NAN
                                                                            : loss_of(point, size),
                                     .step = num % 4,
                                     .point = point,
                                     .ms = ms};
            for (int i = 0; i < 2; i++) {
                hopt_sampler_pend(sampler[i], num, point);
                hopt_sampler_add(sampler[i], &seen);
            }
        }
        free(point);
        free(same);
        hopt_sampler_close(sampler[0]);
        hopt_sampler_close(sampler[1]);
        hopt_space_free(space);
    }
}

static const char *picked_after(const hopt_space *space, hopt_outcome outcome, double ms) {
    static char picked[8];
    hopt_sampler *sampler = open_sampler("auto", space, NULL, 3);
    for (int64_t num = 0; num < 40; num++) {
        double point[3];
        hopt_space_draw(space, (uint64_t)num, point);
        bool timed = num >= 20;
        hopt_observation seen = {.num = num,
                                 .outcome = timed ? outcome : HOPT_OUTCOME_OK,
                                 .loss = bowl(point),
                                 .point = point,
                                 .ms = timed ? ms : 0};
        hopt_sampler_add(sampler, &seen);
    }
    json_t *said = hopt_sampler_explain(sampler, 9, 41);
    snprintf(picked, sizeof picked, "%s", json_string_value(json_object_get(said, "picked")));
    json_decref(said);
    hopt_sampler_close(sampler);
    return picked;
}

/* Whose time counts: what ended for good. A failed one may be tried again, and its record would
 * then have another time than the one that was seen. */
Test(gp_auto, the_time_of_pruned_trials_counts_and_of_failed_ones_not) {
    hopt_space *space = space_of(CUBE);
    cr_assert_str_eq(picked_after(space, HOPT_OUTCOME_OK, 1), "tpe");
    cr_assert_str_eq(picked_after(space, HOPT_OUTCOME_PRUNED, 1), "tpe");
    cr_assert_str_eq(picked_after(space, HOPT_OUTCOME_FAILED, 1), "gp");
    cr_assert_str_eq(picked_after(space, HOPT_OUTCOME_IGNORED, 1), "gp");
    cr_assert_str_eq(picked_after(space, HOPT_OUTCOME_PRUNED, 600000), "gp");
    hopt_space_free(space);
}

static double time_of(uint64_t k, int num) {
    return (double)(hopt_hash_splitmix64(k, (uint64_t)num) % (3 + k % 40));
}

/* The one at place count / 2 of the latest 25 whose time is known; 0: there is none. */
static double median_of(uint64_t k, int n) {
    double latest[25];
    int count = 0;
    for (int num = n - 1; num >= 0 && count < 25; num--)
        if (time_of(k, num) > 0) latest[count++] = time_of(k, num);
    for (int i = 0; i < count; i++) {
        int below = 0, same = 0;
        for (int j = 0; j < count; j++) {
            below += latest[j] < latest[i];
            same += latest[j] == latest[i];
        }
        if (below <= count / 2 && count / 2 < below + same) return latest[i];
    }
    return 0;
}

/* Whatever the times and however many: what explain says of the two sides is how it chose. */
Test(gp_auto, compares_with_the_median_of_the_latest) {
    hopt_space *space = space_of(CUBE);
    int picked[2] = {0};
    for (uint64_t k = 0; k < 400; k++) {
        hopt_sampler *sampler = open_sampler("auto", space, NULL, 3);
        int n = (int)(k % 31);
        for (int i = 0; i < n; i++) {
            int num = k % 2 ? n - 1 - i : i;
            double point[3];
            hopt_space_draw(space, (uint64_t)num, point);
            hopt_observation seen = {.num = num,
                                     .outcome = HOPT_OUTCOME_OK,
                                     .loss = bowl(point),
                                     .point = point,
                                     .ms = time_of(k, num)};
            hopt_sampler_add(sampler, &seen);
        }
        json_t *said = hopt_sampler_explain(sampler, 9, 99);
        double trial_ms = json_number_value(json_object_get(said, "trial_ms")),
               gp_ms = json_number_value(json_object_get(said, "gp_ms"));
        bool gp = strcmp(json_string_value(json_object_get(said, "picked")), "gp") == 0;
        cr_assert_eq(trial_ms, median_of(k, n), "%d: %g", (int)k, trial_ms);
        cr_assert_eq(gp, trial_ms == 0 || gp_ms <= 0.02 * trial_ms, "%d: %g %g", (int)k, gp_ms,
                     trial_ms);
        picked[gp]++;
        json_decref(said);
        hopt_sampler_close(sampler);
    }
    cr_assert(picked[0] > 50 && picked[1] > 50, "%d %d", picked[0], picked[1]);
    hopt_space_free(space);
}
