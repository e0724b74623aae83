/* Claims and ends per second on a store, by 1, 8 and 16 processes that each have a connection, with
 * few and many trials queued or ended: bench_store URI [SECONDS]. It makes studies named bench-...
 * in that store and deletes them. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/store/store.h"

enum { CLIENTS_MAX = 16, SAMPLES = 20000, BATCH = 1000 };

typedef struct scenario {
    const char *name;
    int ended, queued;
    int most;    /**< claims in one measurement; 0: as many as the time allows */
    int repeats; /**< on a fresh study each; 1: one study for all numbers of clients */
} scenario;

static const scenario scenarios[] = {{"2,000 queued", 0, 2000, 2000, 5},
                                     {"200,000 queued", 0, 200000, 0, 1},
                                     {"200,000 ended", 200000, 6000, 2000, 1}};
static const int client_counts[] = {1, 8, 16};

/* What clients tell, in shared memory. */
typedef struct board {
    atomic_int ready, claimed_by, claims;
    double claim_s, finish_s; /**< wall time of a phase, by the parent's clock */
    int samples[CLIENTS_MAX];
    float claim_ms[CLIENTS_MAX][SAMPLES];
} board;

static board *shared;
static const char *uri;
static double seconds = 2;

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void must(hopt_status status, const hopt_error *err) {
    if (status == HOPT_OK) return;
    fprintf(stderr, "bench_store: %s\n", err->message);
    exit(1);
}

static hopt_store *open_store(void) {
    hopt_store_options options = {.create = true, .timeout_ms = 60000};
    hopt_store *store;
    hopt_error err = {0};
    must(hopt_store_open(&store, uri, &options, &err), &err);
    return store;
}

/* ---- filling ---- */

static hopt_trial *new_trial(const hopt_study_record *study, int num, int64_t tid, bool ended) {
    static const char *const labels[] = {"a", "model", "model/svm/C", "model/svm/gamma", "scale"};
    hopt_trial *trial = hopt_trial_new();
    trial->id = hopt_trial_id_make(study->prefix, num);
    snprintf(trial->study, sizeof trial->study, "%s", study->name);
    trial->num = num;
    trial->tid = tid;
    trial->cmd = hopt_strdup("server");
    trial->by = hopt_strdup("bench:1:00000000");
    trial->seed = (uint64_t)num;
    trial->vals = json_object();
    trial->params = json_object();
    for (size_t i = 0; i < HOPT_COUNT(labels); i++) {
        double value = (double)(num % 1000 + 1) / (double)(i + 3);
        json_object_set_new(trial->vals, labels[i], json_pack("[f]", value));
        json_object_set_new(trial->params, labels[i], json_real(value));
    }
    if (!ended) return trial;
    trial->state = HOPT_DONE;
    trial->owner = hopt_strdup("bench:1:00000001");
    trial->lease = 1;
    trial->version = 2;
    trial->result =
        (hopt_result){.state = HOPT_DONE, .ok = true, .has_loss = true, .loss = num % 977, .ms = 5};
    trial->book_ms = trial->refresh_ms = trial->end_ms = INT64_C(1700000000000);
    return trial;
}

static void fill(hopt_store *store, const hopt_study_record *study, int from, int n, bool ended) {
    hopt_error err = {0};
    for (int at = 0; at < n; at += BATCH) {
        hopt_trials list = {0};
        size_t inserted;
        int64_t tid;
        int size = n - at < BATCH ? n - at : BATCH;
        must(hopt_store_tids(store, &tid, size, &err), &err);
        for (int i = 0; i < size; i++)
            hopt_trials_add(&list, new_trial(study, from + at + i, tid + i, ended));
        must(ended ? hopt_store_import(store, list.list, list.count, &inserted, &err)
                   : hopt_store_enqueue(store, list.list, list.count, &inserted, &err),
             &err);
        hopt_trials_clear(&list);
    }
}

/* Runs `work` in a process of its own: no connection may be there when clients are forked. */
static void in_child(void (*work)(const char *name, const scenario *s), const char *name,
                     const scenario *s) {
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        work(name, s);
        exit(0);
    }
    int status;
    if (waitpid(pid, &status, 0) != pid || status) exit(1);
}

static void make(const char *name, const scenario *s) {
    hopt_error err = {0};
    hopt_store *store = open_store();
    hopt_study_record *study = hopt_study_new();
    snprintf(study->name, sizeof study->name, "%s", name);
    study->spec = hopt_strdup("{}");
    must(hopt_store_study_create(store, study, &err), &err);
    fill(store, study, 0, s->ended, true);
    fill(store, study, s->ended, s->queued, false);
    hopt_study_free(study);
    hopt_store_close(store);
}

static void delete (const char *name, const scenario *s) {
    (void)s;
    hopt_error err = {0};
    hopt_store *store = open_store();
    must(hopt_store_study_delete(store, name, &err), &err);
    hopt_store_close(store);
}

/* ---- measuring ---- */

static void meet(int clients, int round) {
    atomic_fetch_add(&shared->ready, 1);
    while (atomic_load(&shared->ready) < clients * round)
        usleep(200);
}

static void client(int index, int clients, const char *name, int most) {
    hopt_error err = {0};
    hopt_trials mine = {0};
    hopt_trial *trial;
    char owner[32];
    snprintf(owner, sizeof owner, "bench:%d:%08x", (int)getpid(), index);
    hopt_store *store = open_store();
    meet(clients, 1);
    double start = now_s(), before = start;
    while (before - start < seconds &&
           (most == 0 || atomic_fetch_add(&shared->claimed_by, 1) < most)) {
        hopt_status status = hopt_store_claim(store, &trial, name, owner, &err);
        if (status == HOPT_ENOTFOUND) break;
        must(status, &err);
        double after = now_s();
        hopt_trials_add(&mine, trial);
        if (shared->samples[index] < SAMPLES)
            shared->claim_ms[index][shared->samples[index]++] = (float)((after - before) * 1e3);
        before = after;
    }
    atomic_fetch_add(&shared->claims, (int)mine.count);
    meet(clients, 2);
    if (index == 0) shared->claim_s = now_s() - start;
    start = now_s();
    for (size_t i = 0; i < mine.count; i++) {
        hopt_lease lease = {mine.list[i]->id, name, owner, mine.list[i]->lease};
        hopt_result result = {
            .state = HOPT_DONE, .ok = true, .has_loss = true, .loss = (double)i, .ms = 3};
        must(hopt_store_finish(store, &lease, &result, &err), &err);
    }
    meet(clients, 3);
    if (index == 0) shared->finish_s = now_s() - start;
    hopt_trials_clear(&mine);
    hopt_store_close(store);
}

static void measure(int clients, const char *name, int most) {
    atomic_store(&shared->ready, 0);
    atomic_store(&shared->claimed_by, 0);
    fflush(NULL);
    for (int i = 0; i < clients; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            client(i, clients, name, most);
            exit(0);
        }
        if (pid < 0) exit(1);
    }
    int status, bad = 0;
    for (int i = 0; i < clients; i++)
        bad += wait(&status) < 0 || status != 0;
    if (bad) exit(1);
}

static int ascending(const void *left, const void *right) {
    float a = *(const float *)left, b = *(const float *)right;
    return a < b ? -1 : a > b;
}

static void print_row(const scenario *s, int clients, int claims, double claim_s, double finish_s) {
    size_t count = 0;
    float *all = hopt_alloc(sizeof shared->claim_ms);
    for (int i = 0; i < clients; i++) {
        memcpy(all + count, shared->claim_ms[i], (size_t)shared->samples[i] * sizeof *all);
        count += (size_t)shared->samples[i];
    }
    qsort(all, count, sizeof *all, ascending);
    double median = count ? (double)all[count / 2] : 0,
           late = count ? (double)all[count * 99 / 100] : 0;
    printf("%-16s %7d %9d %10.0f %10.0f %10.3f %10.3f\n", s->name, clients, claims,
           claims / claim_s, claims / finish_s, median, late);
    fflush(stdout);
    free(all);
}

static void run_row(const scenario *s, int clients) {
    int claims = 0;
    double claim_s = 0, finish_s = 0;
    char name[64];
    memset(shared, 0, sizeof *shared);
    for (int i = 0; i < s->repeats; i++) {
        snprintf(name, sizeof name, "bench-%d-%d", (int)(s - scenarios), s->repeats > 1 ? i : 0);
        if (s->repeats > 1) in_child(make, name, s);
        atomic_store(&shared->claims, 0);
        measure(clients, name, s->most);
        claims += atomic_load(&shared->claims);
        claim_s += shared->claim_s;
        finish_s += shared->finish_s;
        if (s->repeats > 1) in_child(delete, name, s);
    }
    print_row(s, clients, claims, claim_s, finish_s);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: bench_store URI [SECONDS]\n");
        return 2;
    }
    uri = argv[1];
    if (argc > 2) seconds = strtod(argv[2], NULL);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return 1;
    char masked[200], name[64];
    hopt_store_mask_uri(masked, sizeof masked, uri);
    printf("store: %s\n%-16s %7s %9s %10s %10s %10s %10s\n", masked, "in the study", "clients",
           "claims", "claims/s", "ends/s", "median ms", "p99 ms");
    for (size_t k = 0; k < HOPT_COUNT(scenarios); k++) {
        const scenario *s = &scenarios[k];
        snprintf(name, sizeof name, "bench-%zu-0", k);
        if (s->repeats == 1) in_child(make, name, s);
        for (size_t c = 0; c < HOPT_COUNT(client_counts); c++)
            run_row(s, client_counts[c]);
        if (s->repeats == 1) in_child(delete, name, s);
    }
    return 0;
}
