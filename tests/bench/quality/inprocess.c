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

/* ---- one run ---- */

typedef struct bench_run {
    const hopt_inprocess *how;
    const hopt_space *space;
    hopt_problem_run problem;
    void *sampler;
    void *judge; /* a gp; NULL: not wanted */
    hopt_rng clock;
    size_t size;
    int asked, ended;
    double *points; /* [asked][size] */
    double *regret; /* [asked], of those that ended */
    double *ends;   /* [asked] when; infinity: it has */
    double best, incumbent;
} bench_run;

static void open_run(bench_run *run, const hopt_inprocess *how, const hopt_problem *problem,
                     const hopt_space *space, int number) {
    size_t most = (size_t)(how->at[how->checkpoints - 1] + how->in_flight);
    *run = (bench_run){.how = how, .space = space, .best = INFINITY, .incumbent = INFINITY};
    hopt_problem_run_begin(&run->problem, problem, number);
    if (problem->noise > 0)
        run->problem.deviation *= how->noise_times;
    else if (how->noise > 0)
        run->problem.deviation = how->noise * hopt_problem_run_spread(&run->problem, space);
    run->sampler = open_sampler(how, space, run->problem.seed);
    hopt_inprocess judge = {.kind = &hopt_sampler__gp};
    if (how->by_model) run->judge = open_sampler(&judge, space, run->problem.seed);
    hopt_rng_seed(&run->clock, run->problem.seed ^ 0xc10c);
    run->size = (size_t)hopt_space_size(space);
    run->points = hopt_zalloc(most * run->size, sizeof *run->points);
    run->regret = hopt_zalloc(most, sizeof *run->regret);
    run->ends = hopt_zalloc(most, sizeof *run->ends);
}

static void close_run(bench_run *run) {
    run->how->kind->close(run->sampler);
    if (run->judge) hopt_sampler__gp.close(run->judge);
    free(run->points);
    free(run->regret);
    free(run->ends);
}

/* The next trial starts. @return the nanoseconds that its suggestion took. */
static double ask(bench_run *run, double now) {
    const hopt_sampler_kind *kind = run->how->kind;
    int i = run->asked++;
    double *point = run->points + (size_t)i * run->size;
    uint64_t seed = hopt_hash_splitmix64(run->problem.seed, (uint64_t)i);
    hopt_error err;
    double start = now_ns();
    must(kind->suggest(run->sampler, seed, i, point, &err), &err);
    double took = now_ns() - start;
    kind->pend(run->sampler, i, point);
    double units = run->how->uneven ? exp(hopt_rng_normal(&run->clock)) : 1;
    run->ends[i] = now + units;
    return took;
}

/* The trial that ends first, of equal ones the oldest, does. @return when. */
static double tell(bench_run *run) {
    int first = 0;
    for (int i = 1; i < run->asked; i++)
        if (run->ends[i] < run->ends[first]) first = i;
    double now = run->ends[first], loss;
    const double *point = run->points + (size_t)first * run->size;
    run->regret[first] = hopt_problem_run_evaluate(&run->problem, point, &loss);
    hopt_observation ended = {
        .num = first, .outcome = HOPT_OUTCOME_OK, .loss = loss, .point = point};
    run->how->kind->add(run->sampler, &ended);
    if (run->judge) hopt_sampler__gp.add(run->judge, &ended);
    if (loss < run->best) {
        run->best = loss;
        run->incumbent = run->regret[first];
    }
    run->ends[first] = INFINITY;
    run->ended++;
    return now;
}

static double regret_by_model(bench_run *run) {
    int64_t num;
    return hopt_sampler__gp.believed_best(run->judge, &num) ? run->regret[num] : run->incumbent;
}

void hopt_inprocess_run(hopt_inprocess_result *out, const hopt_inprocess *how,
                        const hopt_problem *problem, int number) {
    hopt_space *space = make_space(how, problem);
    bench_run run;
    open_run(&run, how, problem, space, number);
    *out = (hopt_inprocess_result){0};
    double now = 0;
    for (int k = 0; k < how->checkpoints; k++) {
        while (run.ended < how->at[k]) {
            while (run.asked < run.ended + how->in_flight &&
                   run.asked < how->at[how->checkpoints - 1])
                out->suggest_ns += ask(&run, now);
            now = tell(&run);
        }
        out->ms[k] = out->suggest_ns / 1e6;
        out->regret[k] = run.incumbent;
        if (run.judge) out->by_model[k] = regret_by_model(&run);
    }
    close_run(&run);
    hopt_space_free(space);
}
