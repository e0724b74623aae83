/*
 * The store traffic of a thousand workers: claim, beat, finish, with evaluations that only take
 * their time. Real connections, one a thread; each thread plays many workers of one slot. A worker
 * that finds the queue empty looks again as hopt-worker does: after half a second, then rarer.
 *
 *   bench_scale fill URI STUDY N                 N ended trials
 *   bench_scale bare URI CLIENTS SECONDS         the server's own findAndModify rate
 *   bench_scale work URI STUDY WORKERS TRIAL_S SECONDS [THREADS]
 */
#include "tests/bench/scale/bench_scale.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/sampler/rng.h"

enum { THREADS_MAX = 64 };
static const double IDLE_MIN = 0.5, IDLE_MAX = 5;

typedef struct samples {
    float *list;
    size_t count, capacity;
} samples;

typedef struct worker {
    char owner[HOPT_OWNER_MAX];
    hopt_trial *trial;         /* NULL: waits for one */
    double ends, beats, looks; /* when the next thing is due */
    double idle;               /* how long it waits between looks */
    double waits_since;
    double next_record;
} worker;

typedef struct settings {
    const char *uri, *study;
    int workers, threads;
    double trial_s, seconds, lease_s;
} settings;

typedef struct crew {
    pthread_t thread;
    const settings *set;
    int index, count;
    worker *list;
    hopt_store *store;
    hopt_rng rng;
    double until, from; /* measured between these */
    samples claim, finish, wait;
    double waited, busy; /* seconds, of all its workers, while measured */
    long ended, claims, empty, beats, records, lost;
} crew;

double scale_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void scale_must(hopt_status status, const hopt_error *err) {
    if (status == HOPT_OK) return;
    fprintf(stderr, "bench_scale: %s\n", err->message);
    exit(1);
}

hopt_store *scale_open(const char *uri) {
    hopt_store_options options = {.create = true, .timeout_ms = 60000};
    hopt_store *store;
    hopt_error err = {0};
    scale_must(hopt_store_open(&store, uri, &options, &err), &err);
    return store;
}

/* ---- one worker's deeds ---- */

static void add(samples *s, double value) {
    s->list = hopt_grow(s->list, s->count, &s->capacity, sizeof *s->list);
    s->list[s->count++] = (float)value;
}

static bool measured(const crew *c, double now) {
    return now >= c->from;
}

static double jitter(crew *c, double seconds) {
    return seconds * (0.75 + 0.5 * hopt_rng_uniform(&c->rng));
}

static void claim(crew *c, worker *w) {
    hopt_error err = {0};
    double before = scale_now();
    hopt_status status = hopt_store_claim(c->store, &w->trial, c->set->study, w->owner, &err);
    double now = scale_now();
    bool counts = measured(c, before);
    if (status == HOPT_ENOTFOUND) {
        w->trial = NULL;
        w->idle = w->idle > 0 ? fmin(w->idle * 1.5, IDLE_MAX) : IDLE_MIN;
        w->looks = now + jitter(c, w->idle);
        if (counts) c->empty++;
        return;
    }
    scale_must(status, &err);
    double since = w->waits_since > c->from ? w->waits_since : c->from;
    if (counts) {
        c->claims++;
        add(&c->claim, now - before);
        add(&c->wait, now - since);
        c->waited += now - since;
    }
    w->idle = 0;
    w->ends = now + jitter(c, c->set->trial_s);
    w->beats = now + c->set->lease_s / 4;
}

static void finish(crew *c, worker *w) {
    hopt_error err = {0};
    hopt_lease lease = {w->trial->id, c->set->study, w->owner, w->trial->lease};
    hopt_result result = {.state = HOPT_DONE,
                          .ok = true,
                          .has_loss = true,
                          .loss = hopt_rng_uniform(&c->rng),
                          .ms = (int64_t)(c->set->trial_s * 1000)};
    double before = scale_now();
    hopt_status status = hopt_store_finish(c->store, &lease, &result, &err);
    if (status == HOPT_ECONFLICT)
        c->lost++;
    else
        scale_must(status, &err);
    if (measured(c, before)) {
        c->ended++;
        add(&c->finish, scale_now() - before);
    }
    hopt_trial_free(w->trial);
    w->trial = NULL;
    w->waits_since = before;
    w->looks = before; /* at once */
}

static void beat(crew *c, worker *w, double now) {
    hopt_error err = {0};
    char stop[32];
    hopt_lease lease = {w->trial->id, c->set->study, w->owner, w->trial->lease};
    hopt_status status = hopt_store_beat(c->store, &lease, -1, stop, &err);
    if (status != HOPT_ECONFLICT) scale_must(status, &err);
    w->beats = now + c->set->lease_s / 4;
    if (measured(c, now)) c->beats++;
}

static void put_record(crew *c, worker *w, double now) {
    hopt_error err = {0};
    hopt_worker_record record = {.host = "bench",
                                 .pid = (int)getpid(),
                                 .slots = 1,
                                 .running = w->trial != NULL,
                                 .lease_s = c->set->lease_s,
                                 .studies = (char *)c->set->study};
    memcpy(record.owner, w->owner, sizeof record.owner);
    scale_must(hopt_store_worker_put(c->store, &record, &err), &err);
    w->next_record = now + c->set->lease_s / 4;
    if (measured(c, now)) c->records++;
}

/* When this worker has something to do next. */
static double due(const worker *w) {
    return w->trial ? fmin(w->ends, w->beats) : fmin(w->looks, w->next_record);
}

static void act(crew *c, worker *w, double now) {
    if (!w->trial && w->next_record <= now) { /* a busy one renews its trial only */
        put_record(c, w, now);
    } else if (!w->trial) {
        claim(c, w);
    } else if (w->ends <= now) {
        finish(c, w);
        claim(c, w);
    } else {
        beat(c, w, now);
    }
}

static void *play(void *data) {
    crew *c = data;
    c->store = scale_open(c->set->uri);
    double now = scale_now();
    while (now < c->until) {
        worker *first = &c->list[0];
        for (int i = 1; i < c->count; i++)
            if (due(&c->list[i]) < due(first)) first = &c->list[i];
        double at = due(first);
        if (at > now) {
            double pause = fmin(at, c->until) - now;
            nanosleep(&(struct timespec){(time_t)pause, (long)(fmod(pause, 1) * 1e9)}, NULL);
        } else {
            act(c, first, now);
        }
        now = scale_now();
    }
    return NULL;
}

/* What its workers hold is given back, and their records go. */
static void leave(crew *c) {
    hopt_error err = {0};
    for (int i = 0; i < c->count; i++) {
        worker *w = &c->list[i];
        double since = w->waits_since > c->from ? w->waits_since : c->from;
        if (!w->trial) c->waited += c->until - since;
        if (w->trial) {
            hopt_lease lease = {w->trial->id, c->set->study, w->owner, w->trial->lease};
            hopt_status status = hopt_store_release(c->store, &lease, &err);
            if (status != HOPT_ECONFLICT) scale_must(status, &err);
            hopt_trial_free(w->trial);
        }
        scale_must(hopt_store_worker_remove(c->store, w->owner, &err), &err);
    }
    hopt_store_close(c->store);
}

/* ---- the report ---- */

static int ascending(const void *left, const void *right) {
    float a = *(const float *)left, b = *(const float *)right;
    return a < b ? -1 : a > b;
}

static void merge(samples *into, const samples *from) {
    for (size_t i = 0; i < from->count; i++)
        add(into, (double)from->list[i]);
}

static void print_samples(const char *name, samples *s) {
    if (s->count == 0) return;
    qsort(s->list, s->count, sizeof *s->list, ascending);
    printf("%-10s %8zu   p50 %8.2f ms   p99 %8.2f ms   most %8.2f ms\n", name, s->count,
           1e3 * (double)s->list[s->count / 2], 1e3 * (double)s->list[s->count * 99 / 100],
           1e3 * (double)s->list[s->count - 1]);
}

static void report(const settings *set, crew *crews, double measured_s) {
    samples claim = {0}, finish = {0}, wait = {0};
    long ended = 0, claims = 0, empty = 0, beats = 0, records = 0, lost = 0;
    double waited = 0;
    for (int i = 0; i < set->threads; i++) {
        crew *c = &crews[i];
        merge(&claim, &c->claim);
        merge(&finish, &c->finish);
        merge(&wait, &c->wait);
        ended += c->ended, claims += c->claims, empty += c->empty, beats += c->beats;
        records += c->records, lost += c->lost, waited += c->waited;
    }
    printf(
        "%d workers, trials of %g s, %.0f s measured: %ld trials, %.1f a second (%.1f possible)\n",
        set->workers, set->trial_s, measured_s, ended, (double)ended / measured_s,
        set->workers / set->trial_s);
    print_samples("claim", &claim);
    print_samples("finish", &finish);
    print_samples("wait", &wait);
    printf("waiting for a trial: %.2f %% of the workers' time\n",
           100 * waited / (set->workers * measured_s));
    printf("store calls of the workers a trial: %.2f (claims %ld, empty looks %ld, ends %ld, beats "
           "%ld, records %ld); leases lost: %ld\n",
           (double)(claims + empty + ended + beats + records) / (double)(ended ? ended : 1), claims,
           empty, ended, beats, records, lost);
}

static int work(settings *set) {
    crew crews[THREADS_MAX];
    double now = scale_now(), warm = 2 * set->trial_s;
    for (int i = 0; i < set->threads; i++) {
        crew *c = &crews[i];
        int first = set->workers * i / set->threads, last = set->workers * (i + 1) / set->threads;
        *c = (crew){.set = set,
                    .index = i,
                    .count = last - first,
                    .from = now + warm,
                    .until = now + warm + set->seconds};
        hopt_rng_seed(&c->rng, (uint64_t)i);
        c->list = hopt_zalloc((size_t)c->count + 1, sizeof *c->list);
        for (int k = 0; k < c->count; k++) {
            worker *w = &c->list[k];
            snprintf(w->owner, sizeof w->owner, "bench:%d:%08x", (int)getpid(), first + k);
            /* They arrive over one trial's time, the record first. */
            w->next_record = now + set->trial_s * hopt_rng_uniform(&c->rng);
            w->looks = w->waits_since = w->next_record;
        }
        if (pthread_create(&c->thread, NULL, play, c) != 0) exit(1);
    }
    for (int i = 0; i < set->threads; i++)
        pthread_join(crews[i].thread, NULL);
    for (int i = 0; i < set->threads; i++)
        leave(&crews[i]);
    report(set, crews, set->seconds);
    return 0;
}

static double lease_of(const char *uri, const char *name) {
    hopt_store *store = scale_open(uri);
    hopt_error err = {0};
    hopt_errors errors = {0};
    hopt_study_record *study;
    hopt_study_spec *spec;
    scale_must(hopt_store_study(store, &study, name, &err), &err);
    if (hopt_study_spec_parse_stored(&spec, study->spec, NULL, &errors) != HOPT_OK) exit(1);
    double lease_s = spec->trial.lease_s;
    hopt_study_spec_free(spec);
    hopt_study_free(study);
    hopt_store_close(store);
    return lease_s;
}

int main(int argc, char **argv) {
    if (argc == 5 && strcmp(argv[1], "fill") == 0) {
        scale_fill(argv[2], argv[3], atoi(argv[4]));
        return 0;
    }
    if (argc == 5 && strcmp(argv[1], "bare") == 0) {
        printf("bare findAndModify, %s clients: %.0f a second\n", argv[3],
               scale_bare(argv[2], atoi(argv[3]), strtod(argv[4], NULL)));
        return 0;
    }
    if (argc < 7 || strcmp(argv[1], "work") != 0) {
        fprintf(stderr, "usage: bench_scale fill URI STUDY N | bare URI CLIENTS SECONDS |\n"
                        "       work URI STUDY WORKERS TRIAL_S SECONDS [THREADS]\n");
        return 2;
    }
    settings set = {.uri = argv[2],
                    .study = argv[3],
                    .workers = atoi(argv[4]),
                    .trial_s = strtod(argv[5], NULL),
                    .seconds = strtod(argv[6], NULL),
                    .threads = argc > 7 ? atoi(argv[7]) : 16};
    if (set.threads < 1 || set.threads > THREADS_MAX || set.workers < set.threads) return 2;
    set.lease_s = lease_of(set.uri, set.study);
    return work(&set);
}
