#include "master/workers_seen.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

enum { PAGE = 1000 };

static int by_owner(const void *left, const void *right) {
    const hopt_worker_record *const *a = left, *const *b = right;
    return strcmp((*a)->owner, (*b)->owner);
}

typedef struct seen {
    hopt_worker_record **by_owner; /* sorted */
    int *running;                  /* of each */
    size_t count;
} seen;

static void take(seen *self, const hopt_trial *trial) {
    hopt_worker_record key = {0};
    const hopt_worker_record *wanted = &key;
    size_t length = trial->owner ? strlen(trial->owner) : sizeof key.owner;
    if (length >= sizeof key.owner) return;
    memcpy(key.owner, trial->owner, length);
    hopt_worker_record **found =
        bsearch(&wanted, self->by_owner, self->count, sizeof *self->by_owner, by_owner);
    if (!found) return;
    hopt_worker_record *worker = *found;
    self->running[found - self->by_owner]++;
    if (trial->refresh_ms <= worker->seen_ms) return;
    /* The store's clock wrote both, or somebody's hand: any two numbers. */
    uint64_t later_ms = (uint64_t)trial->refresh_ms - (uint64_t)worker->seen_ms;
    worker->seen_ms = trial->refresh_ms;
    if (worker->age_ms < 0 || later_ms > (uint64_t)worker->age_ms)
        worker->age_ms = 0;
    else
        worker->age_ms -= (int64_t)later_ms;
}

static hopt_status look_at(seen *self, hopt_store *store, const char *study, hopt_error *err) {
    hopt_trial_query query = {
        .study = study, .after = -1, .limit = PAGE, .state_mask = 1 << HOPT_RUNNING, .brief = true};
    hopt_status status = HOPT_OK;
    for (bool more = true; more && status == HOPT_OK;) {
        hopt_trials page = {0};
        status = hopt_store_trials(store, &page, &query, NULL, err);
        for (size_t i = 0; i < page.count; i++)
            take(self, page.list[i]);
        more = page.count == PAGE;
        if (page.count) query.after = page.list[page.count - 1]->num;
        hopt_trials_clear(&page);
    }
    return status;
}

hopt_status hopt_workers_seen(hopt_store *store, hopt_worker_record **list, size_t *count,
                              hopt_error *err) {
    hopt_status status = hopt_store_workers(store, list, count, err);
    if (status != HOPT_OK || *count == 0) return status;
    seen self = {.count = *count};
    self.by_owner = hopt_alloc(*count * sizeof *self.by_owner);
    self.running = hopt_zalloc(*count, sizeof *self.running);
    for (size_t i = 0; i < *count; i++)
        self.by_owner[i] = &(*list)[i];
    qsort(self.by_owner, self.count, sizeof *self.by_owner, by_owner);
    char **names;
    size_t n_names;
    status = hopt_store_studies(store, &names, &n_names, err);
    if (status == HOPT_OK) {
        for (size_t i = 0; i < n_names && status == HOPT_OK; i++)
            status = look_at(&self, store, names[i], err);
        hopt_names_free(names);
    }
    for (size_t i = 0; i < self.count; i++)
        self.by_owner[i]->running = self.running[i];
    free(self.by_owner);
    free(self.running);
    if (status == HOPT_OK) return HOPT_OK;
    hopt_worker_records_free(*list, *count);
    *list = NULL;
    *count = 0;
    return status;
}
