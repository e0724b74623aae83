/** Instances: the numbers of a seed, the noise, the space. */
#include "tests/bench/quality/instance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/sampler/sampler_internal.h"

void hopt_problem_run_begin(hopt_problem_run *run, const hopt_problem *problem, int number) {
    *run = (hopt_problem_run){.instance.problem = problem, .deviation = problem->noise};
    run->seed = hopt_hash_splitmix64((uint64_t)number, 77);
    hopt_rng rng;
    hopt_rng_seed(&rng, run->seed);
    for (int i = 0; i < HOPT_PROBLEM_NUMBERS; i++)
        run->instance.t[i] = .1 + .8 * hopt_rng_uniform(&rng);
    hopt_rng_seed(&run->noise, run->seed ^ 0x5eed);
}

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double hopt_problem_run_spread(const hopt_problem_run *run, const hopt_space *space) {
    enum { POINTS = 999 };
    double losses[POINTS];
    double *point = hopt_alloc(((size_t)hopt_space_size(space) + 1) * sizeof *point);
    hopt_rng rng;
    hopt_rng_seed(&rng, run->seed ^ 0x59ead);
    for (int i = 0; i < POINTS; i++) {
        hopt_sampler__draw_point(space, &rng, point);
        losses[i] = run->instance.problem->regret(&run->instance, point);
    }
    free(point);
    qsort(losses, POINTS, sizeof *losses, ascending);
    return losses[POINTS * 3 / 4] - losses[POINTS / 4];
}

double hopt_problem_run_evaluate(hopt_problem_run *run, const double *point, double *seen) {
    const hopt_problem *problem = run->instance.problem;
    double regret = problem->regret(&run->instance, point);
    *seen = regret + run->deviation * hopt_rng_normal(&run->noise);
    return regret;
}

/** randint [0, n) becomes uniformint [0, n-1], wherever it stands. */
static void order_levels(json_t *json) {
    const char *key;
    json_t *member;
    size_t i;
    if (json_is_array(json)) {
        json_array_foreach(json, i, member) order_levels(member);
        return;
    }
    const char *type = json_string_value(json_object_get(json, "_type"));
    if (type && strcmp(type, "randint") == 0) {
        json_t *value = json_object_get(json, "_value");
        json_int_t n = json_integer_value(json_array_get(value, 1));
        json_object_set_new(json, "_type", json_string("uniformint"));
        json_array_set_new(value, 1, json_integer(n - 1));
        return;
    }
    json_object_foreach(json, key, member) order_levels(member);
}

json_t *hopt_problem_space(const hopt_problem *problem, bool ordered) {
    json_t *space;
    if (problem->space) {
        json_error_t where;
        space = json_loads(problem->space, 0, &where);
        if (!space) {
            fprintf(stderr, "%s: %s\n", problem->name, where.text);
            exit(1);
        }
    } else {
        space = json_object();
        for (int i = 0; i < problem->dimensions; i++) {
            char label[16];
            snprintf(label, sizeof label, "x%d", i);
            json_object_set_new(space, label,
                                json_pack("{s:s,s:[i,i]}", "_type", "uniform", "_value", 0, 1));
        }
    }
    if (ordered) order_levels(space);
    return space;
}

const hopt_problem *hopt_problem_find(const char *name) {
    for (int i = 0; i < HOPT_PROBLEMS + HOPT_LARGE_PROBLEMS; i++)
        if (strcmp(hopt_problems[i].name, name) == 0) return &hopt_problems[i];
    return NULL;
}
