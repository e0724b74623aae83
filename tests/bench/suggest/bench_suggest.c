/**
 * What a suggestion costs: time to propose a point and to take a result up, by sampler, space,
 * parameters and history; also memory, 1,000 trials from nothing, and a million trials. In-process,
 * one thread, no store. One line a measurement, fields parted by tabs, for table.py. Trials take a
 * millisecond, so `auto` proposes by `tpe`; `gp` is asked for its greatest memory only (what its
 * proposals cost: tests/bench/quality).
 *
 * usage: bench_suggest [--sampler NAME] [--space flat|conditional|categorical] [--n N] [--d D]
 *                      [--part grid|odd|loop|million|peak] [--sums]
 * --sums adds a checksum of the proposed points: the same on every machine, and the same after a
 * change that must not change suggestions.
 */
#include <getopt.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/base/hash.h"
#include "common/sampler/sampler.h"
#include "common/space/space.h"

enum { SAMPLES = 200, BRANCHES = 3, OPTIONS = 10, SEED = 7 };

static const char *const SAMPLERS[] = {"tpe", "auto", "hyperopt", "random"};
static const int DIMENSIONS[] = {5, 20, 40};
static const int HISTORIES[] = {100, 1000, 10000};

typedef void write_space(hopt_buf *text, int d);

typedef struct settings {
    const char *sampler, *space, *part; /* NULL: all */
    int n, d;                           /* 0: all */
    bool sums;
} settings;

/** CPU time of the one thread: what else the machine does counts less. */
static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/** What one look at the clock takes, the median. */
static double clock_us(void) {
    static double cost;
    double seen[101];
    if (cost > 0) return cost;
    for (size_t i = 0; i < HOPT_COUNT(seen); i++) {
        double start = now_us();
        seen[i] = now_us() - start;
    }
    qsort(seen, HOPT_COUNT(seen), sizeof(double), ascending);
    cost = seen[HOPT_COUNT(seen) / 2];
    return cost;
}

static double since(double start) {
    return fmax(0, now_us() - start - clock_us());
}

static void must(hopt_status status, const hopt_error *err) {
    if (status == HOPT_OK) return;
    fprintf(stderr, "%s\n", err->message);
    exit(1);
}

/* ---- spaces of d parameters ---- */

static void flat(hopt_buf *text, int d) {
    for (int i = 0; i < d; i++)
        hopt_buf_print(text, "%s\"x%d\":{\"_type\":\"uniform\",\"_value\":[-5,5]}", i ? "," : "{",
                       i);
    hopt_buf_char(text, '}');
}

/** A choice of three branches, among which the d - 1 reals are dealt. */
static void conditional(hopt_buf *text, int d) {
    hopt_buf_text(text, "{\"m\":{\"_type\":\"choice\",\"_value\":[");
    for (int b = 0; b < BRANCHES; b++) {
        hopt_buf_print(text, "%s{\"_name\":\"b%d\"", b ? "," : "", b);
        for (int i = b; i < d - 1; i += BRANCHES)
            hopt_buf_print(text, ",\"x%d\":{\"_type\":\"uniform\",\"_value\":[-5,5]}", i);
        hopt_buf_char(text, '}');
    }
    hopt_buf_text(text, "]}}");
}

static void choices(hopt_buf *text, int d, int options) {
    for (int i = 0; i < d; i++) {
        hopt_buf_print(text, "%s\"c%d\":{\"_type\":\"choice\",\"_value\":[", i ? "," : "{", i);
        for (int k = 0; k < options; k++)
            hopt_buf_print(text, "%s%d", k ? "," : "", k);
        hopt_buf_text(text, "]}");
    }
    hopt_buf_char(text, '}');
}

static void categorical(hopt_buf *text, int d) {
    choices(text, d, OPTIONS);
}

static void many_options(hopt_buf *text, int d) {
    choices(text, d, 500);
}

static void every_real(hopt_buf *text, int d) {
    static const char *const kinds[] = {
        "uniform\",\"_value\":[-5,5]",        "quniform\",\"_value\":[-5,5,0.5]",
        "quniform\",\"_value\":[-5,5,0.01]",  "uniformint\",\"_value\":[1,30]",
        "loguniform\",\"_value\":[0.01,100]", "qloguniform\",\"_value\":[1,1000,1]",
        "normal\",\"_value\":[0,3]",          "qnormal\",\"_value\":[0,3,0.25]",
        "lognormal\",\"_value\":[0,1]",       "qlognormal\",\"_value\":[0,2,0.5]",
    };
    for (int i = 0; i < d; i++)
        hopt_buf_print(text, "%s\"x%d\":{\"_type\":\"%s}", i ? "," : "{", i,
                       kinds[(size_t)i % HOPT_COUNT(kinds)]);
    hopt_buf_char(text, '}');
}

static void one_ulp(hopt_buf *text, int d) {
    for (int i = 0; i < d; i++)
        hopt_buf_print(text, "%s\"x%d\":{\"_type\":\"uniform\",\"_value\":[1,1.0000000000000002]}",
                       i ? "," : "{", i);
    hopt_buf_char(text, '}');
}

static const struct {
    const char *name;
    write_space *write;
} SPACES[] = {{"flat", flat}, {"conditional", conditional}, {"categorical", categorical}};

static hopt_space *make_space(write_space *write, int d) {
    hopt_buf text = HOPT_BUF_INIT;
    write(&text, d);
    json_error_t where;
    json_t *json = json_loads(hopt_buf_string(&text), 0, &where);
    hopt_errors errors = {0};
    hopt_space *space = NULL;
    if (!json || hopt_space_parse(&space, json, NULL, 0, "space", &errors) != HOPT_OK) {
        fprintf(stderr, "%s\n", json ? errors.list[0].message : where.text);
        exit(1);
    }
    json_decref(json);
    hopt_buf_clear(&text);
    return space;
}

/* ---- a run of one sampler ---- */

typedef double loss_of(const double *point, int size, int64_t num);

typedef struct run {
    hopt_sampler *sampler;
    loss_of *loss; /* NaN: the trial failed */
    bool same;     /* one random point for the whole history */
    const hopt_space *space;
    int size;
    int64_t next;
    double *point;
    uint64_t sum; /* of all proposals */
} run;

/** The same sphere as in peers.py; an option counts as a coordinate. */
static double sphere(const double *point, int size, int64_t num HOPT_UNUSED) {
    double sum = 0;
    for (int i = 0; i < size; i++)
        if (!isnan(point[i])) sum += (point[i] - 1) * (point[i] - 1);
    return sum;
}

static run run_start(const char *sampler, const hopt_space *space) {
    hopt_error err;
    run r = {.space = space, .size = hopt_space_size(space), .loss = sphere, .sum = HOPT_FNV_START};
    must(hopt_sampler_open(&r.sampler, sampler, space, NULL, SEED, &err), &err);
    r.point = hopt_zalloc((size_t)r.size, sizeof *r.point);
    return r;
}

static void run_end(run *r) {
    hopt_sampler_close(r->sampler);
    free(r->point);
}

static void run_add(run *r) {
    double loss = r->loss(r->point, r->size, r->next);
    hopt_outcome outcome = isnan(loss) ? HOPT_OUTCOME_FAILED : HOPT_OUTCOME_OK;
    hopt_observation seen = {
        .num = r->next, .outcome = outcome, .loss = loss, .point = r->point, .ms = 1};
    hopt_sampler_add(r->sampler, &seen);
    r->next++;
}

/** Add n random trials. @return microseconds in the sampler alone. */
static double run_fill(run *r, int64_t n) {
    double spent = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!r->same || i == 0)
            hopt_space_draw(r->space, hopt_hash_splitmix64(SEED, (uint64_t)r->next), r->point);
        double start = now_us();
        run_add(r);
        spent += since(start);
    }
    return spent;
}

static void run_ask(run *r) {
    hopt_error err;
    uint64_t seed = hopt_sampler_seed(r->sampler, SEED, r->next, 0);
    must(hopt_sampler_suggest(r->sampler, seed, r->next, r->point, &err), &err);
}

static void run_tell(run *r) {
    hopt_sampler_pend(r->sampler, r->next, r->point);
    run_add(r);
}

typedef struct timings {
    double ask[SAMPLES], tell[SAMPLES];
    int count;
} timings;

/** Ask and tell `times` trials. Telling is announcing the trial as running, and its result. */
static void run_measure(run *r, timings *out, int times) {
    for (int i = 0; i < times && out->count < SAMPLES; i++) {
        double start = now_us();
        run_ask(r);
        out->ask[out->count] = since(start);
        r->sum = hopt_hash_fnv1a(r->sum, r->point, (size_t)r->size * sizeof *r->point);
        start = now_us();
        run_tell(r);
        out->tell[out->count++] = since(start);
    }
}

/** The fields that all lines begin with: what, sampler, space, d, N. */
static void print_key(const char *part, const char *sampler, const char *space, int d, int n) {
    printf("%s\thopt %s\t%s\t%d\t%d", part, sampler, space, d, n);
}

static void print_timings(timings *t, uint64_t sum, bool sums) {
    size_t n = (size_t)t->count;
    qsort(t->ask, n, sizeof(double), ascending);
    qsort(t->tell, n, sizeof(double), ascending);
    printf("\t%.2f\t%.2f\t%.2f\t%.2f", t->ask[n / 2], t->ask[n * 95 / 100], t->tell[n / 2],
           t->tell[n * 95 / 100]);
    if (sums) printf("\t%016llx", (unsigned long long)sum);
    putchar('\n');
    fflush(stdout);
}

static size_t bytes_in_use(void) {
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

/** Short histories would grow by what is told: they are begun anew after a tenth. */
static void measure_cell(const settings *set, const char *sampler, int space, int d, int n) {
    hopt_space *parsed = make_space(SPACES[space].write, d);
    timings t = {.count = 0};
    uint64_t sum = HOPT_FNV_START;
    while (t.count < SAMPLES) {
        run r = run_start(sampler, parsed);
        run_fill(&r, n);
        run_ask(&r); /* what is built at the first use is not counted */
        run_measure(&r, &t, n / 10);
        sum = hopt_hash_fnv1a(sum, &r.sum, sizeof r.sum);
        run_end(&r);
    }
    print_key("suggest", sampler, SPACES[space].name, d, n);
    print_timings(&t, sum, set->sums);
    hopt_space_free(parsed);
}

/** Bytes for each trial and parameter, after a suggestion. */
static void measure_memory(const char *sampler, int d, int n) {
    hopt_space *space = make_space(flat, d);
    size_t before = bytes_in_use();
    run r = run_start(sampler, space);
    run_fill(&r, n);
    run_ask(&r);
    double bytes = (double)(bytes_in_use() - before);
    print_key("memory", sampler, "flat", d, n);
    printf("\t%.2f\n", bytes / n / d);
    run_end(&r);
    hopt_space_free(space);
}

static double equal(const double *point HOPT_UNUSED, int size HOPT_UNUSED,
                    int64_t num HOPT_UNUSED) {
    return 0;
}

static double failed(const double *point HOPT_UNUSED, int size HOPT_UNUSED,
                     int64_t num HOPT_UNUSED) {
    return (double)NAN;
}

static double huge_and_tiny(const double *point, int size, int64_t num) {
    return (num % 2 ? 1e300 : 1e-300) * sphere(point, size, num);
}

/** Odd input must not be slow out of proportion: each beside what is ordinary. */
static void measure_odd(const settings *set, const char *sampler) {
    static const struct {
        const char *name;
        write_space *write;
        loss_of *loss;
        bool same;
        int d;
    } odd[] = {
        {"ordinary", flat, sphere, false, 20},
        {"all losses equal", flat, equal, false, 20},
        {"all failed", flat, failed, false, 20},
        {"losses of 1e300 and 1e-300", flat, huge_and_tiny, false, 20},
        {"identical points", flat, sphere, true, 20},
        {"ranges of one ulp", one_ulp, sphere, false, 20},
        {"1,000 parameters", flat, sphere, false, 1000},
        {"every kind of real", every_real, sphere, false, 20},
        {"choices of 10", categorical, sphere, false, 20},
        {"choices of 500", many_options, sphere, false, 20},
    };
    enum { N = 1000, TIMES = 40 };
    for (size_t i = 0; i < HOPT_COUNT(odd); i++) {
        hopt_space *space = make_space(odd[i].write, odd[i].d);
        timings t = {.count = 0};
        run r = run_start(sampler, space);
        r.loss = odd[i].loss;
        r.same = odd[i].same;
        run_fill(&r, N);
        run_ask(&r);
        run_measure(&r, &t, TIMES);
        print_key("odd", sampler, odd[i].name, odd[i].d, N);
        print_timings(&t, r.sum, set->sums);
        run_end(&r);
        hopt_space_free(space);
    }
}

/** 1,000 trials at 40 parameters, from an empty history. Seconds; the median of three. */
static void measure_loop(const settings *set, const char *sampler) {
    enum { D = 40, N = 1000, ROUNDS = 3 };
    hopt_space *space = make_space(flat, D);
    double seconds[ROUNDS];
    uint64_t sum = 0;
    for (int k = 0; k < ROUNDS; k++) {
        run r = run_start(sampler, space);
        double start = now_us();
        for (int i = 0; i < N; i++) {
            run_ask(&r);
            sum = hopt_hash_fnv1a(sum, r.point, (size_t)r.size * sizeof *r.point);
            run_tell(&r);
        }
        seconds[k] = since(start) * 1e-6;
        run_end(&r);
    }
    qsort(seconds, ROUNDS, sizeof(double), ascending);
    print_key("loop", sampler, "flat", D, N);
    printf("\t%.4f", seconds[ROUNDS / 2]);
    if (set->sums) printf("\t%016llx", (unsigned long long)sum);
    putchar('\n');
    fflush(stdout);
    hopt_space_free(space);
}

/** A million trials at 20 parameters: seconds to load, then as a cell, and bytes. */
static void measure_million(const settings *set, const char *sampler) {
    enum { D = 20, N = 1000000 };
    hopt_space *space = make_space(flat, D);
    size_t before = bytes_in_use();
    run r = run_start(sampler, space);
    double load = run_fill(&r, N);
    run_ask(&r);
    double bytes = (double)(bytes_in_use() - before);
    timings t = {.count = 0};
    run_measure(&r, &t, strcmp(sampler, "hyperopt") == 0 ? 3 : SAMPLES);
    print_key("load", sampler, "flat", D, N);
    printf("\t%.3f\n", load * 1e-6);
    print_key("memory", sampler, "flat", D, N);
    printf("\t%.2f\n", bytes / N / D);
    print_key("suggest", sampler, "flat", D, N);
    print_timings(&t, r.sum, set->sums);
    run_end(&r);
    hopt_space_free(space);
}

/* ---- the greatest memory of the model ---- */

/** A field of /proc/self/status in MB. */
static double status_mb(const char *field) {
    char line[256];
    double kb = 0;
    FILE *file = fopen("/proc/self/status", "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, field, strlen(field)) == 0) kb = strtod(line + strlen(field) + 1, NULL);
    if (file) fclose(file);
    return kb / 1024;
}

/** MB beyond what the process had before, at the worst: after 50 trials more, up to 250 ended ones,
 * and with 250 that run beside them. */
static void run_to_peak(const char *sampler, int d) {
    enum { FROM = 200, N = 250, RUNNING = 250 };
    hopt_space *space = make_space(flat, d);
    double before = status_mb("VmRSS");
    run r = run_start(sampler, space);
    run_fill(&r, FROM);
    for (int i = FROM; i < N; i++) {
        run_ask(&r);
        run_tell(&r);
    }
    double serial = status_mb("VmHWM") - before;
    for (int i = 0; i < RUNNING; i++) {
        hopt_space_draw(space, hopt_hash_splitmix64(SEED, (uint64_t)r.next), r.point);
        hopt_sampler_pend(r.sampler, r.next++, r.point);
    }
    for (int i = 0; i < 3; i++) { /* every third one is tpe's */
        run_ask(&r);
        hopt_sampler_pend(r.sampler, r.next++, r.point);
    }
    print_key("peak", sampler, "flat", d, N);
    printf("\t%.2f\t%.2f\n", serial, status_mb("VmHWM") - before);
    run_end(&r);
    hopt_space_free(space);
}

/** Each in a process of its own: the greatest memory does not go down again. */
static void measure_peak(const char *sampler) {
    static const int dimensions[] = {10, 20, 40};
    for (size_t i = 0; i < HOPT_COUNT(dimensions); i++) {
        malloc_trim(0);
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0) {
            run_to_peak(sampler, dimensions[i]);
            exit(0);
        }
        int status = 1;
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) exit(1);
    }
}

static bool wanted(const char *asked, const char *name) {
    return !asked || strcmp(asked, name) == 0;
}

static void measure_grid(const settings *set, const char *sampler) {
    for (size_t s = 0; s < HOPT_COUNT(SPACES); s++) {
        if (!wanted(set->space, SPACES[s].name)) continue;
        for (size_t i = 0; i < HOPT_COUNT(DIMENSIONS); i++)
            for (size_t k = 0; k < HOPT_COUNT(HISTORIES); k++) {
                if (set->d && set->d != DIMENSIONS[i]) continue;
                if (set->n && set->n != HISTORIES[k]) continue;
                measure_cell(set, sampler, (int)s, DIMENSIONS[i], HISTORIES[k]);
                if (s == 0 && !set->sums) measure_memory(sampler, DIMENSIONS[i], HISTORIES[k]);
            }
    }
}

static void read_settings(settings *set, int argc, char **argv) {
    static const struct option options[] = {{"sampler", 1, NULL, 'a'},
                                            {"space", 1, NULL, 's'},
                                            {"part", 1, NULL, 'p'},
                                            {"n", 1, NULL, 'n'},
                                            {"d", 1, NULL, 'd'},
                                            {"sums", 0, NULL, 'c'},
                                            {0}};
    int c;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'a') set->sampler = optarg;
        if (c == 's') set->space = optarg;
        if (c == 'p') set->part = optarg;
        if (c == 'n') set->n = atoi(optarg);
        if (c == 'd') set->d = atoi(optarg);
        if (c == 'c') set->sums = true;
        if (c == '?') exit(2);
    }
}

int main(int argc, char **argv) {
    settings set = {0};
    read_settings(&set, argc, argv);
    for (size_t i = 0; i < HOPT_COUNT(SAMPLERS); i++) {
        if (!wanted(set.sampler, SAMPLERS[i])) continue;
        if (wanted(set.part, "grid")) measure_grid(&set, SAMPLERS[i]);
        if (wanted(set.part, "odd")) measure_odd(&set, SAMPLERS[i]);
        if (wanted(set.part, "loop")) measure_loop(&set, SAMPLERS[i]);
        if (wanted(set.part, "million")) measure_million(&set, SAMPLERS[i]);
    }
    if (wanted(set.part, "peak") && wanted(set.sampler, "tpe")) measure_peak("tpe");
    if (wanted(set.part, "peak") && wanted(set.sampler, "gp")) measure_peak("gp");
    return 0;
}
