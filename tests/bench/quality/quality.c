/**
 * Regret of a sampler on the development problems, beside what TPE.md 0.9 measured for `tpe`.
 * In-process, serial, one thread. usage: bench_quality [--sampler tpe] [--n 100] [--seeds 20]
 * [--first 0] [--problem NAME] [--ahead 0] [--options '{"repeat":true}']
 */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/base/hash.h"
#include "common/sampler/rng.h"
#include "common/sampler/sampler.h"
#include "common/space/space.h"
#include "tests/bench/quality/problems.h"

typedef struct settings {
    const char *sampler;
    const char *problem; /* NULL: all */
    json_t *options;     /* the sampler's, or NULL */
    int n, seeds, first;
    int ahead; /* trials that are pending beside the one asked for */
} settings;

typedef struct result {
    double *regret; /* [seed] */
    double suggest_ns;
    long suggestions;
} result;

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static hopt_space *make_space(const hopt_problem *problem) {
    hopt_buf text = HOPT_BUF_INIT;
    if (problem->space) {
        hopt_buf_text(&text, problem->space);
    } else {
        for (int i = 0; i < problem->dimensions; i++)
            hopt_buf_print(&text, "%s\"x%d\":{\"_type\":\"uniform\",\"_value\":[0,1]}",
                           i ? "," : "{", i);
        hopt_buf_text(&text, "}");
    }
    json_error_t where;
    json_t *json = json_loads(hopt_buf_string(&text), 0, &where);
    hopt_errors errors = {0};
    hopt_space *space = NULL;
    if (!json || hopt_space_parse(&space, json, NULL, 0, "space", &errors) != HOPT_OK) {
        fprintf(stderr, "%s: %s\n", problem->name, json ? errors.list[0].message : where.text);
        exit(1);
    }
    json_decref(json);
    hopt_buf_clear(&text);
    return space;
}

static void must(hopt_status status, const hopt_error *err) {
    if (status == HOPT_OK) return;
    fprintf(stderr, "%s\n", err->message);
    exit(1);
}

/** Ask and tell n trials, `ahead` of them in flight. @return the incumbent's true regret. */
static double optimize(const settings *set, const hopt_instance *instance, const hopt_space *space,
                       uint64_t seed, result *out) {
    hopt_error err;
    hopt_sampler *sampler;
    must(hopt_sampler_open(&sampler, set->sampler, space, set->options, seed, &err), &err);
    size_t size = (size_t)hopt_space_size(space);
    double *points = hopt_zalloc((size_t)set->n * size, sizeof *points);
    hopt_rng noise;
    hopt_rng_seed(&noise, seed ^ 0x5eed);
    double best = INFINITY;
    double regret = INFINITY;
    for (int i = 0; i < set->n + set->ahead; i++) {
        if (i < set->n) {
            double *point = points + (size_t)i * size;
            double start = now_ns();
            must(hopt_sampler_suggest(sampler, hopt_hash_splitmix64(seed, (uint64_t)i), i, point,
                                      &err),
                 &err);
            out->suggest_ns += now_ns() - start;
            out->suggestions++;
            hopt_sampler_pend(sampler, i, point);
        }
        int ended = i - set->ahead;
        if (ended < 0) continue;
        const double *point = points + (size_t)ended * size;
        double value = instance->problem->regret(instance, point);
        double seen = value + instance->problem->noise * hopt_rng_normal(&noise);
        hopt_sampler_add(
            sampler, &(hopt_observation){
                         .num = ended, .outcome = HOPT_OUTCOME_OK, .loss = seen, .point = point});
        if (seen < best) {
            best = seen;
            regret = value;
        }
    }
    free(points);
    hopt_sampler_close(sampler);
    return regret;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/** Linear interpolation between order statistics, as numpy's default. */
static double quantile(const double *sorted, int n, double q) {
    double at = q * (n - 1);
    int i = (int)at;
    return i + 1 < n ? sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

static result run_problem(const settings *set, const hopt_problem *problem) {
    result out = {.regret = hopt_zalloc((size_t)set->seeds, sizeof(double))};
    hopt_space *space = make_space(problem);
    for (int s = 0; s < set->seeds; s++) {
        uint64_t seed = hopt_hash_splitmix64((uint64_t)(set->first + s), 77);
        hopt_instance instance = {.problem = problem};
        hopt_rng rng;
        hopt_rng_seed(&rng, seed);
        for (int i = 0; i < HOPT_PROBLEM_NUMBERS; i++)
            instance.t[i] = .1 + .8 * hopt_rng_uniform(&rng);
        out.regret[s] = optimize(set, &instance, space, seed, &out);
    }
    hopt_space_free(space);
    qsort(out.regret, (size_t)set->seeds, sizeof(double), ascending);
    return out;
}

/** Mean log10 regret: TPE.md's way to add problems up. */
static double mean_log(const result *r, int seeds) {
    double sum = 0;
    for (int s = 0; s < seeds; s++)
        sum += log10(fmax(r->regret[s], 1e-12));
    return sum / seeds;
}

static void read_settings(settings *set, int argc, char **argv) {
    static const struct option options[] = {{"sampler", 1, NULL, 's'}, {"n", 1, NULL, 'n'},
                                            {"seeds", 1, NULL, 'k'},   {"first", 1, NULL, 'f'},
                                            {"problem", 1, NULL, 'p'}, {"ahead", 1, NULL, 'a'},
                                            {"options", 1, NULL, 'o'}, {0}};
    int c;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 's') set->sampler = optarg;
        if (c == 'p') set->problem = optarg;
        if (c == 'o') set->options = json_loads(optarg, 0, NULL);
        if (c == 'n') set->n = atoi(optarg);
        if (c == 'k') set->seeds = atoi(optarg);
        if (c == 'f') set->first = atoi(optarg);
        if (c == 'a') set->ahead = atoi(optarg);
        if (c == '?') exit(2);
    }
    if (set->n < 1 || set->seeds < 1 || set->ahead < 0) {
        fprintf(stderr, "--n and --seeds must be at least 1\n");
        exit(2);
    }
}

int main(int argc, char **argv) {
    settings set = {.sampler = "tpe", .n = 100, .seeds = 20};
    read_settings(&set, argc, argv);
    printf("%s, N=%d, %d seeds from %d, %d more in flight; regret of the incumbent\n", set.sampler,
           set.n, set.seeds, set.first, set.ahead);
    printf("%-16s %10s %10s %10s | %9s %9s %9s %7s | %8s %8s\n", "problem", "q25", "median", "q75",
           "q25 ref", "med ref", "q75 ref", "med/ref", "mean lg", "us/sugg");
    double total = 0;
    double ratio = 0;
    int count = 0;
    for (int i = 0; i < HOPT_PROBLEMS; i++) {
        const hopt_problem *problem = &hopt_problems[i];
        if (set.problem && strcmp(set.problem, problem->name) != 0) continue;
        result r = run_problem(&set, problem);
        double median = quantile(r.regret, set.seeds, .5);
        const double *expect = problem->expect;
        double lg = mean_log(&r, set.seeds);
        printf("%-16s %10.3g %10.3g %10.3g | %9.3g %9.3g %9.3g %7.2f | %8.3f %8.1f\n",
               problem->name, quantile(r.regret, set.seeds, .25), median,
               quantile(r.regret, set.seeds, .75), expect[0], expect[1], expect[2],
               median / expect[1], lg, r.suggest_ns / (double)r.suggestions / 1e3);
        fflush(stdout);
        total += lg;
        ratio += log10(median / expect[1]);
        count++;
        free(r.regret);
    }
    if (count > 0)
        printf("mean log10 regret %.3f; mean log10 (median / reference) %+.3f\n", total / count,
               ratio / count);
    json_decref(set.options);
    return count > 0 ? 0 : 2;
}
