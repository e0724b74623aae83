/* What the caller decides: hopt_ask_at() and the sampler without a store. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/include/hopt/hopt.h"

static hopt_failure why;

static void ok(int code, int line) {
    cr_assert_eq(code, HOPT_OK, "line %d: %d, %s", line, code, why.message);
}
#define OK(call) ok(call, __LINE__)

#define SPACE                                                                                      \
    "{\"k\": {\"_type\": \"choice\", \"_label\": \"k\", \"_value\": [{\"x\": {\"_type\": "         \
    "\"uniform\", \"_value\": [-5, 5], \"_label\": \"x\"}}, 7]}}"

static hopt_study *open_study(const char *sampler) {
    hopt_study *study;
    hopt_study_options options;
    hopt_study_options_init(&options);
    options.sampler = sampler;
    options.has_seed = 1;
    options.seed = 3;
    OK(hopt_study_from_text(&study, SPACE, &options, &why));
    return study;
}

Test(ask_at, a_point_is_evaluated_and_learnt_from) {
    hopt_study *study = open_study("tpe");
    hopt_eval *eval;
    hopt_info *best;
    double x;
    OK(hopt_ask_at(study, "{\"k\": 0, \"x\": [1.5]}", &eval, &why));
    cr_assert_eq(hopt_eval_num(eval), 0);
    OK(hopt_eval_real(eval, "x", &x));
    cr_assert_eq(x, 1.5);
    cr_assert_str_eq(hopt_eval_params_json(eval), "{\"k\":{\"x\":1.5}}");
    OK(hopt_tell(eval, -100, &why));
    hopt_eval_free(eval);
    OK(hopt_ask_at(study, "{\"k\": 1}", &eval, &why));
    cr_assert_eq(hopt_eval_num(eval), 1);
    hopt_eval_free(eval); /* not leased: it waits */
    OK(hopt_study_best(study, &best, &why));
    cr_assert_eq(hopt_info_num(best), 0);
    hopt_info_free(best);
    hopt_study_close(study);
}

Test(ask_at, the_next_numbers_go_on) {
    hopt_study *study = open_study("random");
    hopt_eval *eval;
    for (int i = 0; i < 6; i++) {
        if (i % 2)
            OK(hopt_ask_at(study, "{\"k\": 1, \"x\": null}", &eval, &why));
        else
            OK(hopt_ask(study, &eval, &why));
        cr_assert_eq(hopt_eval_num(eval), i);
        OK(hopt_tell(eval, i, &why));
        hopt_eval_free(eval);
    }
    hopt_study_close(study);
}

Test(ask_at, what_is_no_point) {
    hopt_study *study = open_study("tpe");
    hopt_eval *eval;
    static const struct {
        const char *vals, *message;
    } bad[] = {{"{\"k\": 0}", "`x`"},
               {"{\"k\": 0, \"x\": 6}", "`x`"},
               {"{\"k\": 1, \"x\": 1}", "`x`"},
               {"{\"k\": 2}", "`k`"},
               {"{\"y\": 2}", "`y`: no such label"},
               {"[1]", "an object of labels"},
               {"{", ""},
               {NULL, "NULL"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_assert_eq(hopt_ask_at(study, bad[i].vals, &eval, &why), HOPT_EINVAL);
        cr_assert_null(eval);
        cr_assert(strstr(why.message, bad[i].message), "%zu: %s", i, why.message);
    }
    hopt_study_close(study);
}

/* ---- the sampler ---- */

#define TEXT(sampler)                                                                              \
    "{\"name\": \"s\", \"space\": " SPACE ", \"sampler\": {\"name\": \"" sampler "\"}}"

/* A study's own trials, proposed once more by a sampler that hears of each. */
static void repeat(const char *text, const char *sampler) {
    hopt_study *study = open_study(sampler);
    hopt_suggester *suggester;
    hopt_eval *eval;
    hopt_info *info;
    OK(hopt_suggester_open(&suggester, text, 3, &why));
    for (int num = 0; num < 40; num++) {
        char *vals;
        double x = 4;
        OK(hopt_ask(study, &eval, &why));
        uint64_t seed = hopt_suggester_seed(suggester, num, 0);
        cr_assert_eq(seed, hopt_eval_seed(eval));
        OK(hopt_suggester_suggest(suggester, seed, num, &vals, &why));
        cr_assert_str_eq(vals, hopt_eval_vals_json(eval), "%s, trial %d", sampler, num);
        hopt_free(vals);
        hopt_eval_real(eval, "x", &x);
        if (num % 7 == 3)
            OK(hopt_tell_fail(eval, NULL, &why));
        else
            OK(hopt_tell(eval, (x - 3) * (x - 3), &why));
        hopt_eval_free(eval);
        OK(hopt_study_trial(study, num, &info, &why));
        OK(hopt_suggester_add(suggester, hopt_info_json(info), &why));
        OK(hopt_suggester_add(suggester, hopt_info_json(info), &why)); /* heard of before */
        hopt_info_free(info);
    }
    hopt_suggester_close(suggester);
    hopt_study_close(study);
}

Test(suggester, proposes_what_a_study_does) {
    repeat(TEXT("tpe"), "tpe");
    repeat(TEXT("hyperopt"), "hyperopt");
    repeat(TEXT("anneal"), "anneal");
}

Test(suggester, running_trials_are_pending) {
    hopt_suggester *suggester;
    char *alone, *beside;
    OK(hopt_suggester_open(&suggester, TEXT("tpe"), 3, &why));
    for (int num = 0; num < 20; num++) {
        char line[200];
        snprintf(
            line, sizeof line,
            "{\"num\": %d, \"status\": \"ok\", \"loss\": %d, \"vals\": {\"k\": [0], \"x\": [%g]}}",
            num, num, 1 + num / 10.0);
        OK(hopt_suggester_add(suggester, line, &why));
    }
    OK(hopt_suggester_suggest(suggester, 9, 21, &alone, &why));
    /* Somebody is at that very point. */
    char line[200];
    snprintf(line, sizeof line, "{\"num\": 20, \"state\": \"running\", \"vals\": %s}", alone);
    OK(hopt_suggester_add(suggester, line, &why));
    OK(hopt_suggester_suggest(suggester, 9, 21, &beside, &why));
    cr_assert_str_neq(alone, beside);
    hopt_free(alone);
    hopt_free(beside);
    hopt_suggester_close(suggester);
    hopt_suggester_close(NULL);
}

Test(suggester, mistakes) {
    hopt_suggester *suggester;
    char *vals;
    cr_assert_eq(
        hopt_suggester_open(&suggester, "{\"space\": {\"x\": {\"_type\": \"no\"}}}", 1, &why),
        HOPT_EINVAL);
    cr_assert_null(suggester);
    cr_assert(strstr(why.message, "unknown _type"), "%s", why.message);
    cr_assert_eq(hopt_suggester_open(&suggester, TEXT("magic"), 1, &why), HOPT_EINVAL);
    OK(hopt_suggester_open(&suggester,
                           "{\"name\": \"s\", \"space\": {\"k\": {\"_type\": \"choice\", "
                           "\"_value\": [1]}}}",
                           1, &why));
    static const char *const lines[] = {
        "no JSON", "{\"num\": 1}", "{\"num\": 1, \"status\": \"ok\", \"vals\": {\"k\": [0]}}",
        "{\"num\": 1, \"status\": \"fail\", \"vals\": {\"k\": [5]}}"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        cr_assert_eq(hopt_suggester_add(suggester, lines[i], &why), HOPT_EINVAL, "line %zu", i);
    OK(hopt_suggester_add(suggester,
                          "{\"num\": 0, \"status\": \"ok\", \"loss\": NaN, \"vals\": {\"k\": [0]}}",
                          &why));
    cr_assert_eq(hopt_suggester_suggest(suggester, 1, 1, &vals, &why), HOPT_ENOTFOUND);
    cr_assert_null(vals);
    hopt_suggester_close(suggester);
}
