/* Suggestions of Python's hyperopt 0.3.0, frozen by generate.py: hopt gives the same ones. Each
 * line is a space, a sampler, a history, a seed, and the vals of one or more suggestions in a row.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "master/proposer.h"

#define TOLERANCE 1e-9
#define LEAST_CASES 150

typedef struct replay {
    const json_t *json;
    hopt_space *space;
    hopt_sampler *sampler;
    double *point, *right;
    int64_t next;
    int line;
} replay;

static void take_history(replay *r) {
    size_t i;
    json_t *line;
    json_array_foreach(json_object_get(r->json, "history"), i, line) {
        hopt_error err = {0};
        hopt_trial *trial;
        cr_assert_eq(hopt_trial_from_json(&trial, line, false, &err), HOPT_OK, "line %d: %s",
                     r->line, err.message);
        cr_assert_eq(hopt_space_from_vals(r->space, r->point, trial->vals, &err), HOPT_OK,
                     "line %d: %s", r->line, err.message);
        if (hopt_state_terminal(trial->state)) {
            hopt_observation seen = hopt_proposer_observation(trial, r->point);
            hopt_sampler_add(r->sampler, &seen);
        } else {
            hopt_sampler_pend(r->sampler, trial->num, r->point);
        }
        if (trial->num >= r->next) r->next = trial->num + 1;
        hopt_trial_free(trial);
    }
}

static bool same(const hopt_dist *dist, double a, double b) {
    if (isnan(a) || isnan(b)) return isnan(a) && isnan(b);
    bool whole =
        dist->kind == HOPT_CHOICE || dist->kind == HOPT_PCHOICE || dist->kind == HOPT_RANDINT;
    return whole ? a == b : fabs(a - b) <= TOLERANCE * fabs(b);
}

static void compare(replay *r) {
    uint64_t seed = (uint64_t)json_integer_value(json_object_get(r->json, "seed"));
    size_t i;
    json_t *vals;
    json_array_foreach(json_object_get(r->json, "vals"), i, vals) {
        hopt_error err = {0};
        cr_assert_eq(hopt_space_from_vals(r->space, r->right, vals, &err), HOPT_OK, "line %d: %s",
                     r->line, err.message);
        cr_assert_eq(hopt_sampler_suggest(r->sampler, seed + i, r->next, r->point, &err), HOPT_OK);
        for (int k = 0; k < hopt_space_size(r->space); k++) {
            const hopt_param *param = hopt_space_param(r->space, k);
            cr_assert(same(&param->dist, r->point[k], r->right[k]),
                      "line %d, suggestion %zu: `%s` is %.17g, not hyperopt's %.17g", r->line, i,
                      param->label, r->point[k], r->right[k]);
        }
        hopt_sampler_pend(r->sampler, r->next++, r->point);
    }
}

static void run_line(const char *text, size_t length, int line) {
    json_t *json;
    hopt_error err = {0};
    hopt_errors errors = {0};
    cr_assert_eq(hopt_json_parse(&json, text, length, HOPT_JSON_NAN, &err), HOPT_OK, "line %d: %s",
                 line, err.message);
    replay r = {.json = json, .line = line};
    cr_assert_eq(hopt_space_parse(&r.space, json_object_get(json, "space"), NULL, 0, "", &errors),
                 HOPT_OK, "line %d: %s", line, errors.list[0].message);
    const json_t *options = json_object_get(json, "sampler");
    const char *name = json_string_value(json_object_get(options, "name"));
    cr_assert_eq(hopt_sampler_open(&r.sampler, name, r.space, options, 0, &err), HOPT_OK, "%s",
                 err.message);
    size_t size = (size_t)hopt_space_size(r.space);
    r.point = hopt_zalloc(size, sizeof(double));
    r.right = hopt_zalloc(size, sizeof(double));
    take_history(&r);
    compare(&r);
    free(r.point);
    free(r.right);
    hopt_sampler_close(r.sampler);
    hopt_space_free(r.space);
    json_decref(json);
}

Test(golden, hyperopts_own_suggestions) {
    FILE *file = fopen("tests/golden/frozen.jsonl", "re");
    cr_assert_not_null(file, "run from the source folder");
    char *text = NULL;
    size_t capacity = 0;
    int line = 0;
    for (ssize_t length; (length = getline(&text, &capacity, file)) >= 0;)
        run_line(text, (size_t)length, ++line);
    free(text);
    fclose(file);
    cr_assert_geq(line, LEAST_CASES, "only %d cases", line);
}
