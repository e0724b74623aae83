/**
 * The problems for samplers of other languages: a shared library with plain types, for Python's
 * ctypes (peers.py). Levels are ordered integers here: every peer has those.
 */
#include <stdlib.h>

#include "common/base/alloc.h"
#include "tests/bench/quality/instance.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT const char *bench_problem_name(int problem);
EXPORT char *bench_problem_space(int problem);
EXPORT const double *bench_problem_expect(int problem);
EXPORT hopt_problem_run *bench_run_open(int problem, int number);
EXPORT double bench_run_evaluate(hopt_problem_run *run, const double *point, double *seen);
EXPORT void bench_free(void *pointer);

/** NULL beyond the last. */
const char *bench_problem_name(int problem) {
    return problem >= 0 && problem < HOPT_PROBLEMS ? hopt_problems[problem].name : NULL;
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
