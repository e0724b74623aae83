/* Processes, records and checks that the cases share. */
#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/hash.h"
#include "tests/conformance/conformance.h"

void failed(const char *file, int line, const char *what) {
    const char *name = strrchr(file, '/');
    printf("     %s:%d: %s\n", name ? name + 1 : file, line, what);
    if (E.message[0]) printf("     last error: %s\n", E.message);
    fflush(stdout);
    _exit(1);
}

void skip(const char *why) {
    printf("     %s\n", why);
    exit(SKIPPED);
}

void expected(const char *file, int line, const char *call, hopt_status got, hopt_status wanted) {
    if (got == wanted) return;
    char text[400];
    snprintf(text, sizeof text, "%.300s: status %d, wanted %d", call, (int)got, (int)wanted);
    failed(file, line, text);
}

/* ---- processes ---- */

void *shared(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    return memory;
}

void sleep_ms(int ms) {
    struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
    while (nanosleep(&time, &time) != 0 && errno == EINTR)
        continue;
}

double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

uint64_t draw(uint64_t below) {
    static uint64_t count;
    return hopt_hash_splitmix64(SEED, count++) % below;
}

void together(int n, void (*work)(int index)) {
    atomic_int *ready = shared(sizeof *ready);
    fflush(NULL);
    for (int i = 0; i < n; i++) {
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid > 0) continue;
        SEED += (uint64_t)i + 1;
        atomic_fetch_add(ready, 1);
        while (atomic_load(ready) < n)
            sleep_ms(1);
        work(i);
        exit(0);
    }
    int status, bad = 0;
    for (int i = 0; i < n; i++) {
        CHECK(wait(&status) > 0);
        bad += status != 0;
    }
    if (bad) failed(__FILE__, __LINE__, "a process of the case failed");
    munmap(ready, sizeof *ready);
}

/* ---- stores and records ---- */

static void on_call(void *data, const hopt_store_call *call) {
    (void)data;
    CHECK(call->op < HOPT_STORE_OPS && call->duration_ns >= 0);
}

/* Every second connection is watched: the contract is the same. */
hopt_store *open_store(void) {
    static atomic_int opened;
    static const hopt_store_observer observer = {on_call, NULL};
    hopt_store_options options = {.timeout_ms = 30000,
                                  .create = true,
                                  .observer = atomic_fetch_add(&opened, 1) % 2 ? NULL : &observer};
    hopt_store *store;
    MUST(hopt_store_open(&store, URI, &options, &E));
    return store;
}

hopt_study_record *new_study(const char *name) {
    hopt_study_record *study = hopt_study_new();
    snprintf(study->name, sizeof study->name, "%s", name);
    study->spec = hopt_strdup("{\"name\":\"x\"}");
    snprintf(study->space_hash, sizeof study->space_hash, "0123456789abcdef");
    snprintf(study->file_hash, sizeof study->file_hash, "fedcba9876543210");
    study->seed = UINT64_C(9223372036854775807);
    return study;
}

hopt_study_record *make_study(hopt_store *store, const char *name) {
    hopt_study_record *study = new_study(name), *stored;
    MUST(hopt_store_study_create(store, study, &E));
    MUST(hopt_store_study(store, &stored, name, &E));
    CHECK(memcmp(study->prefix, stored->prefix, HOPT_PREFIX_SIZE) == 0);
    hopt_study_free(study);
    return stored;
}

hopt_trial *new_trial(const hopt_study_record *study, int num, int64_t tid) {
    hopt_trial *trial = hopt_trial_new();
    trial->id = hopt_trial_id_make(study->prefix, num);
    snprintf(trial->study, sizeof trial->study, "%s", study->name);
    trial->num = num;
    trial->tid = tid;
    trial->cmd = hopt_strdup("command");
    trial->seed = UINT64_C(9223372036854775807) - (uint64_t)num;
    trial->by = hopt_strdup("master:1:00000000");
    trial->n_saw = 2;
    trial->saw = hopt_alloc(2 * sizeof *trial->saw);
    trial->saw[0] = num;
    trial->saw[1] = num + 1;
    trial->view = json_pack("{s:[i], s:{s:s, s:{s:f, s:b}}}", "erred", num, "sampler", "name",
                            "tpe", "options", "gamma", 1.0, "repeat", 0);
    trial->vals =
        json_pack("{s:[f],s:[i],s:[]}", "model/svm/C", 0.1 + num, "model", num % 3, "gone");
    trial->params = json_pack("{s:{s:s,s:f},s:b,s:n}", "model", "_name", "s\u00e9", "C", 0.1 + num,
                              "scale", 1, "none");
    CHECK(trial->vals && trial->params);
    return trial;
}

void queue_trials(hopt_store *store, const hopt_study_record *study, int from, int n) {
    hopt_trials list = {0};
    int64_t tid;
    size_t inserted;
    MUST(hopt_store_tids(store, &tid, n, &E));
    for (int i = 0; i < n; i++)
        hopt_trials_add(&list, new_trial(study, from + i, tid + i));
    MUST(hopt_store_enqueue(store, list.list, list.count, &inserted, &E));
    CHECK(inserted == (size_t)n);
    hopt_trials_clear(&list);
}

hopt_trial *claim(hopt_store *store, const char *study, const char *owner) {
    hopt_trial *trial;
    MUST(hopt_store_claim(store, &trial, study, owner, &E));
    CHECK(trial->state == HOPT_RUNNING && strcmp(trial->owner, owner) == 0);
    return trial;
}

hopt_lease lease_of(const hopt_trial *trial) {
    return (hopt_lease){trial->id, trial->study, trial->owner, trial->lease};
}

hopt_trial *read_trial(hopt_store *store, const char *study, int num) {
    hopt_trial *trial;
    MUST(hopt_store_trial(store, &trial, study, num, &E));
    return trial;
}

hopt_result ok_result(double loss) {
    return (hopt_result){.state = HOPT_DONE, .ok = true, .has_loss = true, .loss = loss, .ms = 12};
}

void check_trial(hopt_store *store, const char *study, int num, hopt_state state, int lease,
                 int lost, int version) {
    hopt_trial *trial = read_trial(store, study, num);
    if (trial->state != state || trial->lease != lease || trial->lost != lost ||
        trial->version != version) {
        char text[200];
        snprintf(text, sizeof text,
                 "trial %d: state %d lease %d lost %d version %d, wanted %d %d %d %d", num,
                 (int)trial->state, trial->lease, trial->lost, trial->version, (int)state, lease,
                 lost, version);
        failed(__FILE__, __LINE__, text);
    }
    hopt_trial_free(trial);
}
