/* sqlite::memory: is one store for all connections of a process, and gone with the last of them.
 * A plain program, so that it runs under TSan too. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/store/store.h"

enum { THREADS = 8, TRIALS = 400 };

static atomic_int claimed[TRIALS];

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static hopt_store *open_memory(void) {
    hopt_store_options options = {.create = true, .timeout_ms = 60000};
    hopt_store *store;
    hopt_error err = {0};
    if (hopt_store_open(&store, "sqlite::memory:", &options, &err) != HOPT_OK) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    return store;
}

static void fill(hopt_store *store) {
    hopt_error err = {0};
    hopt_study_record *study = hopt_study_new();
    snprintf(study->name, sizeof study->name, "a");
    study->spec = hopt_strdup("{}");
    CHECK(hopt_store_study_create(store, study, &err) == HOPT_OK);
    hopt_trials list = {0};
    size_t inserted;
    for (int i = 0; i < TRIALS; i++) {
        hopt_trial *trial = hopt_trial_new();
        trial->id = hopt_trial_id_make(study->prefix, i);
        snprintf(trial->study, sizeof trial->study, "a");
        trial->num = i;
        trial->tid = i;
        trial->vals = json_object();
        trial->params = json_object();
        hopt_trials_add(&list, trial);
    }
    CHECK(hopt_store_enqueue(store, list.list, list.count, &inserted, &err) == HOPT_OK);
    hopt_trials_clear(&list);
    hopt_study_free(study);
}

static void *work(void *argument) {
    char owner[32];
    snprintf(owner, sizeof owner, "w:%d:00000000", *(int *)argument);
    hopt_store *store = open_memory();
    hopt_error err = {0};
    hopt_trial *trial;
    hopt_status status;
    while ((status = hopt_store_claim(store, &trial, "a", owner, &err)) == HOPT_OK) {
        CHECK(atomic_fetch_add(&claimed[trial->num], 1) == 0);
        hopt_lease lease = {trial->id, "a", owner, trial->lease};
        hopt_result result = {.state = HOPT_DONE, .ok = true, .has_loss = true, .loss = 1};
        CHECK(hopt_store_finish(store, &lease, &result, &err) == HOPT_OK);
        hopt_trial_free(trial);
    }
    if (status != HOPT_ENOTFOUND) fprintf(stderr, "%s\n", err.message);
    CHECK(status == HOPT_ENOTFOUND);
    hopt_store_close(store);
    return NULL;
}

int main(void) {
    hopt_store *store = open_memory();
    fill(store);
    pthread_t threads[THREADS];
    int indexes[THREADS];
    for (int i = 0; i < THREADS; i++) {
        indexes[i] = i;
        CHECK(pthread_create(&threads[i], NULL, work, &indexes[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    int64_t counts[HOPT_STATES], token = 0, again = 0;
    CHECK(hopt_store_counts(store, "a", counts, NULL) == HOPT_OK && counts[HOPT_DONE] == TRIALS);
    for (int i = 0; i < TRIALS; i++)
        CHECK(atomic_load(&claimed[i]) == 1);
    CHECK(hopt_store_version(store, &token, NULL) == HOPT_OK);
    CHECK(hopt_store_version(store, &again, NULL) == HOPT_OK && token == again);
    hopt_store_close(store);
    store = open_memory(); /* all were closed: a new, empty one */
    char **names;
    size_t count;
    CHECK(hopt_store_studies(store, &names, &count, NULL) == HOPT_OK && count == 0);
    hopt_names_free(names);
    hopt_store_close(store);
    printf("%d trials by %d threads in memory\n", TRIALS, THREADS);
    return 0;
}
