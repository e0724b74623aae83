/* The keeper and the queue: propose, number, insert. */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sys/clock.h"
#include "master/keeper_internal.h"

enum { BATCH = 200, TID_BLOCK = 64 };

/* Whether a worker's record is of this very process ("host:pid:"). */
static bool is_local(const hopt_keeper *keeper, const hopt_worker_record *worker) {
    const char *token = strrchr(keeper->owner, ':');
    return token && strncmp(worker->owner, keeper->owner, (size_t)(token - keeper->owner) + 1) == 0;
}

static bool names_study(const char *studies, const char *study) {
    size_t length = strlen(study);
    for (const char *at = studies; at && (at = strstr(at, study)); at += length) {
        if ((at == studies || at[-1] == ',') && (at[length] == ',' || !at[length])) return true;
    }
    return false;
}

static int by_text(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Who holds a running trial, sorted. @return how many; the caller frees the list. */
static size_t busy_owners(const hopt_keeper *keeper, const char ***out) {
    const char **owners = hopt_alloc((keeper->n_open + 1) * sizeof *owners);
    size_t count = 0;
    for (size_t i = 0; i < keeper->n_open; i++)
        if (keeper->open[i].state == HOPT_RUNNING) owners[count++] = keeper->open[i].owner;
    if (count) qsort(owners, count, sizeof *owners, by_text);
    *out = owners;
    return count;
}

/* A worker that was silent for longer than its lease is not there, unless it is busy: then it
 * renews its trials and not its record, and the reaper judges those. */
static bool is_live(const hopt_worker_record *worker, const char **busy, size_t n_busy) {
    const char *owner = worker->owner;
    return !hopt_worker_silent(worker) ||
           (n_busy && bsearch(&owner, busy, n_busy, sizeof *busy, by_text));
}

static int live_slots(const hopt_keeper *keeper) {
    int slots = keeper->local_slots;
    const char **busy;
    size_t n_busy = busy_owners(keeper, &busy);
    for (size_t i = 0; i < keeper->n_workers; i++) {
        const hopt_worker_record *worker = &keeper->workers[i];
        if (keeper->local_slots && is_local(keeper, worker)) continue;
        if (!is_live(worker, busy, n_busy)) continue;
        if (names_study(worker->studies, keeper->study)) slots += worker->slots;
    }
    free(busy);
    return slots;
}

size_t hopt_keeper_workers_max(const hopt_keeper *keeper) {
    return keeper->n_workers;
}

size_t hopt_keeper_workers(const hopt_keeper *keeper, const char **owners) {
    const char **busy;
    size_t count = 0;
    if (!keeper->leader.leading) return 0;
    size_t n_busy = busy_owners(keeper, &busy);
    for (size_t i = 0; i < keeper->n_workers; i++)
        if (is_live(&keeper->workers[i], busy, n_busy)) owners[count++] = keeper->workers[i].owner;
    free(busy);
    return count;
}

/* The lowest num that has no trial: holes first, then the end. */
static int next_slot(const hopt_keeper *keeper, int from) {
    if (keeper->holes == 0 && from < (int)keeper->n_taken) from = (int)keeper->n_taken;
    while ((size_t)from < keeper->n_taken && keeper->taken[from])
        from++;
    return from;
}

/* How many slots the budget still has. */
static int slots_left(const hopt_keeper *keeper) {
    int limit = keeper->spec->stop.max_trials > 0 ? keeper->spec->stop.max_trials : HOPT_TRIALS_MAX;
    int used = (int)keeper->n_taken - keeper->holes;
    return limit > used ? limit - used : 0;
}

/* That a model could not be had is said once, whatever comes later. */
static void note_sampler(hopt_keeper *keeper, hopt_keeper_news *news) {
    const char *note = hopt_proposer_note(keeper->proposer);
    if (!note || keeper->noted) return;
    keeper->noted = true;
    snprintf(news->warning, sizeof news->warning, "sampler: %s", note);
}

static hopt_status propose(hopt_keeper *keeper, hopt_trial **batch, size_t *n, int want,
                           hopt_keeper_news *news, hopt_error *err) {
    int num = -1;
    int limit = keeper->spec->stop.max_trials > 0 ? keeper->spec->stop.max_trials : HOPT_TRIALS_MAX;
    for (*n = 0; (int)*n < want; (*n)++) {
        num = next_slot(keeper, num + 1);
        if (num >= limit) break;
        int64_t began_ns = keeper->suggest ? hopt_clock_mono_ns() : 0;
        hopt_status status = hopt_proposer_propose(keeper->proposer, &batch[*n], num, err);
        if (keeper->suggest)
            hopt_histogram_observe(keeper->suggest, hopt_clock_mono_ns() - began_ns);
        if (status == HOPT_ENOTFOUND) keeper->exhausted = true;
        if (status != HOPT_OK) return status == HOPT_ENOTFOUND ? HOPT_OK : status;
        batch[*n]->id = hopt_trial_id_make(keeper->record->prefix, num);
        batch[*n]->by = hopt_strdup(keeper->owner);
        note_sampler(keeper, news);
    }
    return HOPT_OK;
}

static void note_queued(hopt_keeper *keeper, hopt_trial *const *batch, size_t n) {
    keeper->open = hopt_realloc(keeper->open, keeper->n_open + n + 1, sizeof *keeper->open);
    for (size_t i = 0; i < n; i++) {
        hopt_open_trial one = {.id = batch[i]->id, .num = batch[i]->num, .state = HOPT_NEW};
        size_t at = keeper->n_open++;
        for (; at > 0 && keeper->open[at - 1].num > one.num; at--)
            keeper->open[at] = keeper->open[at - 1];
        keeper->open[at] = one;
        hopt_keeper__note_slot(keeper, one.num);
    }
    keeper->n_new += n;
}

/* tids come in blocks, so that a serial study needs one write less a trial; gaps are fine. */
static hopt_status take_tids(hopt_keeper *keeper, hopt_store *store, int64_t *first, int n,
                             hopt_error *err) {
    if (keeper->tids_left < n) {
        int block = n > TID_BLOCK ? n : TID_BLOCK;
        hopt_status status = hopt_store_tids(store, &keeper->next_tid, block, err);
        keeper->tids_left = status == HOPT_OK ? block : 0;
        if (status != HOPT_OK) return status;
    }
    *first = keeper->next_tid;
    keeper->next_tid += n;
    keeper->tids_left -= n;
    return HOPT_OK;
}

/* Another master's trial is read with all others in the next tick. Something that can't be read
 * would then be a free slot again, for ever. @return HOPT_ECONFLICT, or the store's failure. */
static hopt_status look_at_taken(hopt_keeper *keeper, hopt_store *store, int num, hopt_error *err) {
    hopt_trial *taken;
    hopt_status status = hopt_store_trial(store, &taken, keeper->study, num, err);
    if (status == HOPT_OK) hopt_trial_free(taken);
    if (status == HOPT_ENOTFOUND) hopt_keeper__note_occupied(keeper, num);
    return status == HOPT_OK || status == HOPT_ENOTFOUND ? HOPT_ECONFLICT : status;
}

static hopt_status insert(hopt_keeper *keeper, hopt_store *store, hopt_trial **batch, size_t n,
                          hopt_keeper_news *news, hopt_error *err) {
    int64_t tid;
    size_t inserted = 0;
    hopt_status status = take_tids(keeper, store, &tid, (int)n, err);
    if (status != HOPT_OK) return status;
    for (size_t i = 0; i < n; i++)
        batch[i]->tid = tid + (int64_t)i;
    status = hopt_store_enqueue(store, batch, n, &inserted, err);
    note_queued(keeper, batch, inserted);
    news->queued += (int)inserted;
    if (status == HOPT_ECONFLICT && inserted < n)
        return look_at_taken(keeper, store, batch[inserted]->num, err);
    return status;
}

hopt_status hopt_keeper__fill(hopt_keeper *keeper, hopt_store *store, hopt_keeper_news *news,
                              hopt_error *err) {
    int slots = live_slots(keeper);
    int target = hopt_queue_target(keeper->spec->queue_ahead, slots, (int)keeper->n_running,
                                   keeper->rate.per_s, (double)keeper->away_ms / 1000.0);
    hopt_status status = HOPT_OK;
    while (status == HOPT_OK && !keeper->exhausted && (int)keeper->n_new < target) {
        int want = target - (int)keeper->n_new, left = slots_left(keeper);
        if (want > BATCH) want = BATCH;
        if (want > left) want = left;
        if (want <= 0) break;
        hopt_trial *batch[BATCH];
        size_t n;
        status = propose(keeper, batch, &n, want, news, err);
        size_t proposed = n;
        if (status == HOPT_OK && n) status = insert(keeper, store, batch, n, news, err);
        for (size_t i = 0; i < proposed; i++)
            hopt_trial_free(batch[i]);
        if (proposed == 0) break;
    }
    /* Proposed but not inserted points are pending in the sampler's memory: forget that memory. A
     * taken slot (another master was here) and a lost reply are both read from the store then. */
    if (status != HOPT_OK) keeper->loaded = false;
    return status == HOPT_ECONFLICT ? HOPT_OK : status;
}
