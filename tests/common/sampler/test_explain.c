/* hopt_sampler_explain(): it tells of the very suggestion, adds up, and changes nothing. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "support.h"

#define SPACE                                                                                      \
    "{'m':{'_type':'pchoice','_value':["                                                           \
    "[0.9,{'_name':'a','x':{'_type':'loguniform','_value':[0.001,10]},"                            \
    "      'k':{'_type':'quniform','_value':[0,10,2]}}],"                                          \
    "[0.1,{'_name':'b','y':{'_type':'uniform','_value':[0,1]}}]]},"                                \
    "'c':{'_type':'choice','_value':['p','q','r']},"                                               \
    "'n':{'_type':'normal','_value':[1,2]},'i':{'_type':'randint','_value':[3,9]}}"

enum { TRIALS = 180 };

static double loss_of(const double *point, int size) {
    double sum = 0;
    for (int i = 0; i < size; i++)
        if (!isnan(point[i])) sum += fabs(sin(point[i]) - 0.3);
    return sum;
}

static json_t *explained(const hopt_sampler *sampler, int64_t num) {
    json_t *said = hopt_sampler_explain((hopt_sampler *)sampler, (uint64_t)num * 7 + 1, num);
    cr_assert(hopt_json_string_of(said, "sampler"));
    cr_assert(hopt_json_string_of(said, "step"));
    cr_assert(hopt_json_string_of(said, "why"));
    return said;
}

static double mean_density(const json_t *side) {
    const json_t *density = json_object_get(side, "density");
    double sum = 0;
    size_t i;
    json_t *value;
    json_array_foreach(density, i, value) sum += json_number_value(value);
    return sum / (double)json_array_size(density);
}

static double sum_of(const json_t *numbers) {
    double sum = 0;
    size_t i;
    json_t *value;
    json_array_foreach(numbers, i, value) sum += json_number_value(value);
    return sum;
}

/* Each side adds up: probabilities to 1, a density over equally likely cells to a mean of 1. */
static void check_sides(const char *name, const json_t *label, double tolerance) {
    static const char *const sides[] = {"below", "above"};
    for (size_t i = 0; i < HOPT_COUNT(sides); i++) {
        const json_t *side = json_object_get(label, sides[i]);
        const json_t *probability = json_object_get(side, "probability");
        if (probability)
            cr_assert_float_eq(sum_of(probability), 1, 1e-9, "%s %s", name, sides[i]);
        else
            cr_assert_float_eq(mean_density(side), 1, tolerance, "%s %s: %g", name, sides[i],
                               mean_density(side));
        const json_t *kernels = json_object_get(side, "kernels");
        if (kernels && json_object_get(side, "prior_weight"))
            cr_assert_leq(sum_of(json_object_get(kernels, "weight")) +
                              json_number_value(json_object_get(side, "prior_weight")),
                          1 + 1e-9, "%s %s", name, sides[i]);
    }
}

/* The chosen candidate is the proposed point, and none that was not tried has a better score. */
static void check_candidates(const json_t *said, const hopt_space *space, const double *point) {
    double best = -INFINITY, chosen = NAN;
    json_t *vals = hopt_space_vals(space, point);
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(said, "candidates"), i, one) {
        double score = hopt_json_number_of(one, "score", NAN);
        if (!json_is_true(json_object_get(one, "tried"))) best = fmax(best, score);
        if (!json_is_true(json_object_get(one, "chosen"))) continue;
        chosen = score;
        cr_assert(json_equal(json_object_get(one, "vals"), vals));
    }
    json_decref(vals);
    cr_assert_eq(chosen, best);
}

static void check_labels(const json_t *said, const hopt_space *space, const double *point,
                         double tolerance) {
    const json_t *labels = json_object_get(said, "labels");
    for (int i = 0; i < hopt_space_size(space); i++) {
        const char *name = hopt_space_param(space, i)->label;
        const json_t *label = json_object_get(labels, name);
        cr_assert_eq(label != NULL, !isnan(point[i]), "%s", name);
        if (!label) continue;
        double value = json_number_value(json_object_get(label, "value"));
        cr_assert_float_eq(value, point[i], 1e-6 * fmax(1, fabs(point[i])), "%s", name);
        check_sides(name, label, tolerance);
    }
}

Test(explain, tpe_tells_of_the_very_suggestion) {
    hopt_space *space = space_of(SPACE);
    int size = hopt_space_size(space);
    hopt_sampler *sampler = open_sampler("tpe", space, NULL, 3);
    hopt_sampler *silent = open_sampler("tpe", space, NULL, 3); /* never asked to explain */
    double *point = hopt_zalloc((size_t)size, sizeof *point);
    double *same = hopt_zalloc((size_t)size, sizeof *same);
    const char *steps[] = {"startup", "model", "jump", "branch"};
    int seen[HOPT_COUNT(steps)] = {0};
    hopt_error err;
    for (int64_t num = 0; num < TRIALS; num++) {
        json_t *said = explained(sampler, num);
        uint64_t seed = (uint64_t)num * 7 + 1;
        cr_assert_eq(hopt_sampler_suggest(sampler, seed, num, point, &err), HOPT_OK);
        cr_assert_eq(hopt_sampler_suggest(silent, seed, num, same, &err), HOPT_OK);
        cr_assert_eq(memcmp(point, same, (size_t)size * sizeof *point), 0, "trial %d", (int)num);
        for (size_t i = 0; i < HOPT_COUNT(steps); i++)
            seen[i] += strcmp(hopt_json_string_of(said, "step"), steps[i]) == 0;
        if (json_object_get(said, "candidates")) {
            check_candidates(said, space, point);
            check_labels(said, space, point, 0.1); /* few levels: a cell's middle stands for it */
            size_t good = json_array_size(json_object_get(said, "good"));
            cr_assert_eq((long long)good + hopt_json_integer_of(said, "others", -1), num);
        }
        json_decref(said);
        hopt_sampler_pend(sampler, num, point);
        tell(sampler, num, point, loss_of(point, size));
        tell(silent, num, point, loss_of(point, size));
    }
    for (size_t i = 0; i < HOPT_COUNT(steps); i++)
        cr_assert_gt(seen[i], 0, "step %s did not occur", steps[i]);
    free(point);
    free(same);
    hopt_sampler_close(sampler);
    hopt_sampler_close(silent);
    hopt_space_free(space);
}

Test(explain, tpe_says_when_all_candidates_were_tried) {
    hopt_space *space = space_of("{'c':{'_type':'choice','_value':[1,2,3,4,5,6,7,8,9,10,11,12]}}");
    hopt_sampler *sampler = open_sampler("tpe", space, "{'startup':2,'candidates':1}", 1);
    double point[1];
    hopt_error err;
    bool seen = false;
    for (int64_t num = 0; num < 12; num++) {
        json_t *said = explained(sampler, num);
        seen |= strstr(hopt_json_string_of(said, "why"), "tried before") != NULL;
        cr_assert_eq(hopt_sampler_suggest(sampler, (uint64_t)num * 7 + 1, num, point, &err),
                     HOPT_OK);
        const json_t *label = json_object_get(json_object_get(said, "labels"), "c");
        if (label) cr_assert_eq(json_number_value(json_object_get(label, "value")), point[0]);
        json_decref(said);
        tell(sampler, num, point, fabs(point[0] - 2));
    }
    cr_assert(seen);
    json_t *said = explained(sampler, 12);
    cr_assert_str_eq(hopt_json_string_of(said, "step"), "none");
    json_decref(said);
    hopt_sampler_close(sampler);
    hopt_space_free(space);
}

/* Each label's chosen candidate is the proposed value, with the highest score of all. */
static void check_hyperopt_label(const json_t *label) {
    double value = json_number_value(json_object_get(label, "value"));
    double best = -INFINITY, chosen = NAN;
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(label, "candidates"), i, one) {
        double score = hopt_json_number_of(one, "score", NAN);
        best = fmax(best, score);
        if (!json_is_true(json_object_get(one, "chosen"))) continue;
        chosen = score;
        cr_assert_eq(json_number_value(json_object_get(one, "value")), value);
    }
    cr_assert_eq(chosen, best);
    cr_assert_float_eq(hopt_json_number_of(label, "log_ratio", NAN), best, 1e-12);
}

Test(explain, hyperopt_and_mix) {
    hopt_space *space = space_of(SPACE);
    int size = hopt_space_size(space);
    hopt_sampler *sampler = open_sampler("hyperopt", space, NULL, 3);
    hopt_sampler *mix = open_sampler("mix", space, NULL, 3);
    double *point = hopt_zalloc((size_t)size, sizeof *point);
    hopt_error err;
    int models = 0;
    for (int64_t num = 0; num < TRIALS; num++) {
        json_t *said = explained(sampler, num);
        cr_assert_eq(hopt_sampler_suggest(sampler, (uint64_t)num * 7 + 1, num, point, &err),
                     HOPT_OK);
        const char *name;
        json_t *label;
        if (json_object_get(said, "labels")) {
            models++;
            json_object_foreach(json_object_get(said, "labels"), name, label) {
                check_hyperopt_label(label);
                check_sides(name, label, INFINITY); /* bounded log mixtures have mass outside */
            }
        }
        json_decref(said);
        said = explained(mix, num);
        cr_assert(hopt_json_string_of(said, "picked"));
        json_decref(said);
        tell(sampler, num, point, loss_of(point, size));
        tell(mix, num, point, loss_of(point, size));
    }
    cr_assert_eq(models, TRIALS - 20);
    free(point);
    hopt_sampler_close(sampler);
    hopt_sampler_close(mix);
    hopt_space_free(space);
}

Test(explain, the_others_say_what_they_do) {
    hopt_space *space = space_of(SPACE);
    static const char *const names[] = {"random", "anneal"};
    static const char *const steps[] = {"prior", "prior"};
    for (size_t i = 0; i < HOPT_COUNT(names); i++) {
        hopt_sampler *sampler = open_sampler(names[i], space, NULL, 1);
        json_t *said = explained(sampler, 0);
        cr_assert_str_eq(hopt_json_string_of(said, "sampler"), names[i]);
        cr_assert_str_eq(hopt_json_string_of(said, "step"), steps[i]);
        json_decref(said);
        hopt_sampler_close(sampler);
    }
    hopt_space_free(space);
}
