/** Asks and tells in-process. The sampler is driven through its kind, to get at `tpe`'s thinning.
 */
#include "tests/bench/quality/inprocess.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/sampler/sampler_internal.h"
#include "common/sampler/tpe_internal.h"
#include "tests/bench/quality/instance.h"

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* the machine has other work */
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void must(hopt_status status, const hopt_error *err) {
    if (status == HOPT_OK) return;
    fprintf(stderr, "%s\n", err->message);
    exit(1);
}

/** What takes levels for categories unless they are told to be ordered: hyperopt's algorithms. */
static bool wants_order(const hopt_sampler_kind *kind) {
    return kind->fmin_seeds;
}

static hopt_space *make_space(const hopt_inprocess *how, const hopt_problem *problem) {
    json_t *json = hopt_problem_space(problem, wants_order(how->kind));
    hopt_errors errors = {0};
    hopt_space *space = NULL;
    if (hopt_space_parse(&space, json, NULL, 0, "space", &errors) != HOPT_OK) {
        fprintf(stderr, "%s: %s\n", problem->name, errors.list[0].message);
        exit(1);
    }
    json_decref(json);
    return space;
}

static void *open_sampler(const hopt_inprocess *how, const hopt_space *space, uint64_t seed) {
    hopt_error err;
    void *self;
    void *values = hopt_zalloc(1, how->kind->options_size + 1);
    must(hopt_sampler__read_options(values, how->kind, how->options, &err), &err);
    must(how->kind->open(&self, space, values, seed, &err), &err);
    free(values);
    if (how->kind == &hopt_sampler__tpe) {
        hopt_tpe *tpe = self;
        if (how->thin_at > 0) tpe->split.thin_at = how->thin_at;
        if (how->late > 0) tpe->late = how->late;
        tpe->plain = how->plain;
    }
    return self;
}

void hopt_inprocess_run(hopt_inprocess_result *out, const hopt_inprocess *how,
                        const hopt_problem *problem, int number) {
    const hopt_sampler_kind *kind = how->kind;
    hopt_space *space = make_space(how, problem);
    hopt_problem_run run;
    hopt_problem_run_begin(&run, problem, number);
    void *sampler = open_sampler(how, space, run.seed);
    size_t size = (size_t)hopt_space_size(space);
    int n = how->at[how->checkpoints - 1];
    double *points = hopt_zalloc((size_t)n * size, sizeof *points);
    double best = INFINITY;
    double incumbent = INFINITY;
    int checkpoint = 0;
    *out = (hopt_inprocess_result){0};
    for (int i = 0; i < n + how->in_flight - 1; i++) {
        if (i < n) {
            hopt_error err;
            double *point = points + (size_t)i * size;
            double start = now_ns();
            must(
                kind->suggest(sampler, hopt_hash_splitmix64(run.seed, (uint64_t)i), i, point, &err),
                &err);
            out->suggest_ns += now_ns() - start;
            kind->pend(sampler, i, point);
        }
        int ended = i - how->in_flight + 1;
        if (ended < 0) continue;
        const double *point = points + (size_t)ended * size;
        double seen;
        double regret = hopt_problem_run_evaluate(&run, point, &seen);
        kind->add(sampler,
                  &(hopt_observation){
                      .num = ended, .outcome = HOPT_OUTCOME_OK, .loss = seen, .point = point});
        if (seen < best) {
            best = seen;
            incumbent = regret;
        }
        if (ended + 1 < how->at[checkpoint]) continue;
        out->ms[checkpoint] = out->suggest_ns / 1e6;
        out->regret[checkpoint++] = incumbent;
    }
    free(points);
    kind->close(sampler);
    hopt_space_free(space);
}
