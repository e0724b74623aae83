/**
 * Regret of a sampler of hopt on the development problems, beside what TPE.md 0.9 measured for
 * `tpe`; with --raw the regrets themselves, in the form of peers_run.py, for report.py.
 */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "tests/bench/quality/inprocess.h"
#include "tests/bench/quality/instance.h"

static const char USAGE[] =
    "usage: bench_quality [OPTION...]\n"
    "  --sampler NAME    tpe; also gp, auto, random, hyperopt, anneal, mix\n"
    "  --options JSON    the sampler's options\n"
    "  --problem NAME    only this one\n"
    "  --large           the 8 problems of 20 to 60 parameters rather than the 29\n"
    "  --n N             trials (100)\n"
    "  --at N,N,...      look after so many trials; the last is --n\n"
    "  --seeds K         so many instances (20)\n"
    "  --first K         the first of them (0)\n"
    "  --in-flight K     trials that are asked before the first one is told (1)\n"
    "  --uneven          with it: trials end out of order, their times are lognormal, sigma 1\n"
    "  --noise SHARE     gives problems without noise some: so many interquartile ranges of the "
    "losses\n"
    "                    of random points (0)\n"
    "  --noise-times X   so many times the noise of those with (1)\n"
    "  --by-model        regret of the trial with the least posterior mean, not of the least loss; "
    "with\n"
    "                    --raw a second line NAME-by-model\n"
    "  --thin-at N       tpe: thin its history above N trials (as it does by itself)\n"
    "  --late N          tpe: coordinate jumps and branch minima after N trials (as it does)\n"
    "  --plain           tpe: without the two rules of ADR 10\n"
    "  --name NAME       with --raw: what to call the sampler\n"
    "  --raw             a line for each run: sampler,in_flight,problem,seed,N=regret tN=ms ...\n";

typedef struct settings {
    hopt_inprocess how;
    const char *name;
    const hopt_problem *problem; /* NULL: all */
    int seeds, first;
    bool raw, large;
} settings;

static bool is_wanted(const settings *set, int i) {
    if (set->problem) return set->problem == &hopt_problems[i];
    return set->large == (i >= HOPT_PROBLEMS);
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

static void print_line(const settings *set, const char *suffix, const hopt_problem *problem,
                       int number, const double *regret, const double *ms) {
    printf("%s%s,%d,%s,%d,", set->name, suffix, set->how.in_flight, problem->name, number);
    for (int i = 0; i < set->how.checkpoints; i++)
        printf("%s%d=%.4g t%d=%.4g", i ? " " : "", set->how.at[i], regret[i], set->how.at[i],
               ms[i]);
    printf("\n");
}

static void print_raw(const settings *set, const hopt_problem *problem, int number,
                      const hopt_inprocess_result *result) {
    print_line(set, "", problem, number, result->regret, result->ms);
    if (set->how.by_model)
        print_line(set, "-by-model", problem, number, result->by_model, result->ms);
}

typedef struct summary {
    double q25, median, q75;
    double mean_log; /* log10, of each regret or 1e-12 when that is more: TPE.md's way to add up */
    double suggest_us;
} summary;

static summary summarize(const settings *set, const hopt_problem *problem) {
    summary out = {0};
    int last = set->how.checkpoints - 1;
    double *regret = hopt_zalloc((size_t)set->seeds, sizeof *regret);
    for (int s = 0; s < set->seeds; s++) {
        hopt_inprocess_result result;
        hopt_inprocess_run(&result, &set->how, problem, set->first + s);
        if (set->raw) print_raw(set, problem, set->first + s, &result);
        regret[s] = set->how.by_model ? result.by_model[last] : result.regret[last];
        out.mean_log += log10(fmax(regret[s], 1e-12)) / set->seeds;
        out.suggest_us += result.suggest_ns / 1e3 / set->how.at[last] / set->seeds;
    }
    qsort(regret, (size_t)set->seeds, sizeof *regret, ascending);
    out.q25 = quantile(regret, set->seeds, .25);
    out.median = quantile(regret, set->seeds, .5);
    out.q75 = quantile(regret, set->seeds, .75);
    free(regret);
    return out;
}

static void print_table(const settings *set) {
    printf("%s, N=%d, %d seeds from %d, %d in flight; regret of the incumbent\n", set->name,
           set->how.at[set->how.checkpoints - 1], set->seeds, set->first, set->how.in_flight);
    printf("%-16s %10s %10s %10s | %9s %9s %9s %7s | %8s %8s\n", "problem", "q25", "median", "q75",
           "q25 ref", "med ref", "q75 ref", "med/ref", "mean lg", "us/sugg");
    double total = 0;
    double ratio = 0;
    int count = 0;
    for (int i = 0; i < HOPT_PROBLEMS + HOPT_LARGE_PROBLEMS; i++) {
        const hopt_problem *problem = &hopt_problems[i];
        if (!is_wanted(set, i)) continue;
        summary s = summarize(set, problem);
        const double *expect = problem->expect;
        printf("%-16s %10.3g %10.3g %10.3g |", problem->name, s.q25, s.median, s.q75);
        if (expect[1] > 0)
            printf(" %9.3g %9.3g %9.3g %7.2f", expect[0], expect[1], expect[2],
                   s.median / expect[1]);
        else
            printf("%38s", "");
        printf(" | %8.3f %8.1f\n", s.mean_log, s.suggest_us);
        fflush(stdout);
        total += s.mean_log;
        ratio += expect[1] > 0 ? log10(s.median / expect[1]) : 0;
        count++;
    }
    printf("mean log10 regret %.3f", total / count);
    if (set->large)
        printf("\n");
    else
        printf("; mean log10 (median / reference) %+.3f\n", ratio / count);
}

static void print_lines(const settings *set) {
    for (int i = 0; i < HOPT_PROBLEMS + HOPT_LARGE_PROBLEMS; i++)
        if (is_wanted(set, i)) summarize(set, &hopt_problems[i]);
}

HOPT_NORETURN static void refuse(const char *what) {
    fprintf(stderr, "bench_quality: %s\n%s", what, USAGE);
    exit(2);
}

static void read_checkpoints(hopt_inprocess *how, const char *text) {
    how->checkpoints = 0;
    for (char *end = NULL; how->checkpoints < HOPT_CHECKPOINTS_MAX; text = end + 1) {
        long at = strtol(text, &end, 10);
        if (end == text || at < 1 || at > 100000000 ||
            (how->checkpoints > 0 && at <= how->at[how->checkpoints - 1]))
            refuse("--at: ascending numbers of trials, separated by commas");
        how->at[how->checkpoints++] = (int)at;
        if (*end == '\0') return;
    }
    refuse("--at: too many");
}

static void read_settings(settings *set, int argc, char **argv) {
    static const struct option options[] = {{"sampler", 1, NULL, 's'},
                                            {"n", 1, NULL, 'n'},
                                            {"seeds", 1, NULL, 'k'},
                                            {"first", 1, NULL, 'f'},
                                            {"problem", 1, NULL, 'p'},
                                            {"in-flight", 1, NULL, 'i'},
                                            {"options", 1, NULL, 'o'},
                                            {"thin-at", 1, NULL, 't'},
                                            {"at", 1, NULL, 'a'},
                                            {"raw", 0, NULL, 'r'},
                                            {"plain", 0, NULL, 'b'},
                                            {"name", 1, NULL, 'm'},
                                            {"late", 1, NULL, 'l'},
                                            {"uneven", 0, NULL, 'u'},
                                            {"noise", 1, NULL, 'x'},
                                            {"noise-times", 1, NULL, 'X'},
                                            {"by-model", 0, NULL, 'y'},
                                            {"large", 0, NULL, 'L'},
                                            {0}};
    int c;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 's' && !(set->how.kind = hopt_sampler_find(optarg))) refuse("unknown sampler");
        if (c == 'p' && !(set->problem = hopt_problem_find(optarg))) refuse("unknown problem");
        if (c == 'o' && !(set->how.options = json_loads(optarg, 0, NULL))) refuse("bad --options");
        if (c == 'n' || c == 'a') read_checkpoints(&set->how, optarg);
        if (c == 'k') set->seeds = atoi(optarg);
        if (c == 'f') set->first = atoi(optarg);
        if (c == 'i') set->how.in_flight = atoi(optarg);
        if (c == 't') set->how.thin_at = (size_t)atoll(optarg);
        if (c == 'l') set->how.late = (size_t)atoll(optarg);
        if (c == 'm') set->name = optarg;
        if (c == 'u') set->how.uneven = true;
        if (c == 'x') set->how.noise = atof(optarg);
        if (c == 'X') set->how.noise_times = atof(optarg);
        if (c == 'y') set->how.by_model = true;
        if (c == 'r') set->raw = true;
        if (c == 'L') set->large = true;
        if (c == 'b') set->how.plain = true;
        if (c == '?') refuse("unknown option");
    }
    if (set->seeds < 1 || set->how.in_flight < 1) refuse("--seeds and --in-flight: at least 1");
    if (!set->name) set->name = set->how.kind->name;
}

int main(int argc, char **argv) {
    settings set = {.how = {.kind = hopt_sampler_find("tpe"),
                            .in_flight = 1,
                            .noise_times = 1,
                            .checkpoints = 1,
                            .at = {100}},
                    .seeds = 20};
    read_settings(&set, argc, argv);
    if (set.raw)
        print_lines(&set);
    else
        print_table(&set);
    json_decref((json_t *)set.how.options);
    return 0;
}
