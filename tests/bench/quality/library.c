/**
 * The problems for samplers of other languages: a shared library with plain types, for Python's
 * ctypes (peers.py). Levels are ordered integers here: every peer has those.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/sampler/sampler.h"
#include "tests/bench/quality/instance.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT const char *bench_problem_name(int problem);
EXPORT int bench_problem_is_large(int problem);
EXPORT char *bench_problem_space(int problem);
EXPORT const double *bench_problem_expect(int problem);
EXPORT hopt_problem_run *bench_run_open(int problem, int number);
EXPORT double bench_run_evaluate(hopt_problem_run *run, const double *point, double *seen);
EXPORT void bench_free(void *pointer);

/** A sampler of hopt for Python, serial. */
typedef struct bench_sampler {
    hopt_space *space;
    hopt_sampler *sampler;
    uint64_t seed;
    int64_t asked;
} bench_sampler;

EXPORT bench_sampler *bench_sampler_open(const char *name, const char *space, uint64_t seed);
EXPORT int bench_sampler_suggest(bench_sampler *self, double *point);
EXPORT void bench_sampler_add(bench_sampler *self, const double *point, double loss);
EXPORT void bench_sampler_close(bench_sampler *self);

/** NULL beyond the last. */
const char *bench_problem_name(int problem) {
    bool is = problem >= 0 && problem < HOPT_PROBLEMS + HOPT_LARGE_PROBLEMS;
    return is ? hopt_problems[problem].name : NULL;
}

/** Whether it is one of 20 to 60 parameters rather than of the 29. */
int bench_problem_is_large(int problem) {
    return problem >= HOPT_PROBLEMS;
}

/** The space as JSON text; bench_free() it. */
char *bench_problem_space(int problem) {
    json_t *space = hopt_problem_space(&hopt_problems[problem], true);
    char *text = json_dumps(space, 0);
    json_decref(space);
    return text;
}

/** hopt_problem.expect: q25, median, q75. */
const double *bench_problem_expect(int problem) {
    return hopt_problems[problem].expect;
}

/** An instance to optimize; bench_free() it. */
hopt_problem_run *bench_run_open(int problem, int number) {
    hopt_problem_run *run = hopt_zalloc(1, sizeof *run);
    hopt_problem_run_begin(run, &hopt_problems[problem], number);
    return run;
}

/** hopt_problem_run_evaluate(): a point in the order of the space's text, inactive ones NaN. */
double bench_run_evaluate(hopt_problem_run *run, const double *point, double *seen) {
    return hopt_problem_run_evaluate(run, point, seen);
}

void bench_free(void *pointer) {
    free(pointer);
}

/** Of this space, in the form of a study file; NULL with a message when it is refused. */
bench_sampler *bench_sampler_open(const char *name, const char *space, uint64_t seed) {
    bench_sampler *self = hopt_zalloc(1, sizeof *self);
    json_t *json = json_loads(space, 0, NULL);
    hopt_errors errors = {0};
    hopt_error err;
    self->seed = seed;
    if (hopt_space_parse(&self->space, json, NULL, 0, "space", &errors) != HOPT_OK) {
        fprintf(stderr, "%s\n", errors.list[0].message);
    } else if (hopt_sampler_open(&self->sampler, name, self->space, NULL, seed, &err) != HOPT_OK) {
        fprintf(stderr, "%s\n", err.message);
    }
    json_decref(json);
    if (self->sampler) return self;
    bench_sampler_close(self);
    return NULL;
}

/** The next point, in the order of the space's text, inactive ones NaN. @return 0: all were tried.
 */
int bench_sampler_suggest(bench_sampler *self, double *point) {
    hopt_error err;
    uint64_t seed = hopt_sampler_seed(self->sampler, self->seed, self->asked, 0);
    return hopt_sampler_suggest(self->sampler, seed, self->asked, point, &err) == HOPT_OK;
}

/** What came of the point that was suggested last. */
void bench_sampler_add(bench_sampler *self, const double *point, double loss) {
    hopt_sampler_add(self->sampler, &(hopt_observation){.num = self->asked++,
                                                        .outcome = HOPT_OUTCOME_OK,
                                                        .loss = loss,
                                                        .point = point});
}

/** NULL is allowed. */
void bench_sampler_close(bench_sampler *self) {
    if (!self) return;
    hopt_sampler_close(self->sampler);
    hopt_space_free(self->space);
    free(self);
}
