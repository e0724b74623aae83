/* The keeper's memory: which slots exist, what the sampler and the budget have seen. */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sys/clock.h"
#include "master/keeper_internal.h"

enum { PAGE = 1000, COMPARE_MS = 60000 };

void hopt_keeper__note_slot(hopt_keeper *keeper, int num) {
    size_t index = (size_t)num;
    if (index >= keeper->taken_capacity) {
        size_t capacity = keeper->taken_capacity ? keeper->taken_capacity : 256;
        while (capacity <= index)
            capacity *= 2;
        keeper->taken = hopt_realloc(keeper->taken, capacity, 1);
        memset(keeper->taken + keeper->taken_capacity, 0, capacity - keeper->taken_capacity);
        keeper->taken_capacity = capacity;
    }
    if (keeper->taken[index]) return;
    keeper->taken[index] = HOPT_SLOT_EXISTS;
    if (index >= keeper->n_taken) {
        keeper->holes += (int)(index - keeper->n_taken);
        keeper->n_taken = index + 1;
    } else {
        keeper->holes--;
    }
}

void hopt_keeper__take_up(hopt_keeper *keeper, hopt_trials *trials, hopt_keeper_news *news) {
    for (size_t i = 0; i < trials->count; i++) {
        hopt_trial *trial = trials->list[i];
        hopt_error err;
        if (trial->num < 0 || trial->num >= HOPT_TRIALS_MAX) continue;
        hopt_keeper__note_slot(keeper, trial->num);
        hopt_status status = hopt_proposer_add(keeper->proposer, trial, &err);
        if (status != HOPT_OK && news) memcpy(news->warning, err.message, sizeof news->warning);
        unsigned char *slot = &keeper->taken[trial->num];
        bool counted = *slot & HOPT_SLOT_COUNTED;
        if (!hopt_state_terminal(trial->state)) {
            /* An ended trial is open again (`hopt trials retry`): what was learnt from it is void.
             */
            if (counted) keeper->loaded = false;
            continue;
        }
        if (counted) continue;
        *slot |= HOPT_SLOT_COUNTED;
        hopt_budget_add(&keeper->budget, trial, keeper->spec);
        if (!news) continue;
        hopt_trials_add(&news->ended, trial);
        trials->list[i] = NULL;
    }
}

void hopt_keeper__unload(hopt_keeper *keeper) {
    hopt_proposer_close(keeper->proposer);
    keeper->proposer = NULL;
    hopt_reaper_free(keeper->reaper);
    keeper->reaper = NULL;
    free(keeper->taken);
    keeper->taken = NULL;
    free(keeper->open);
    keeper->open = NULL;
    keeper->n_taken = keeper->taken_capacity = keeper->n_open = keeper->n_new = 0;
    keeper->n_running = 0;
    keeper->holes = 0;
    keeper->exhausted = false;
    memset(&keeper->budget, 0, sizeof keeper->budget);
    keeper->loaded = false;
}

void hopt_keeper__forget(hopt_keeper *keeper) {
    hopt_keeper__unload(keeper);
    free(keeper->occupied);
    keeper->occupied = NULL;
    keeper->n_occupied = keeper->occupied_capacity = 0;
    keeper->unread = 0;
    keeper->spec_rev = -1;
}

void hopt_keeper__note_occupied(hopt_keeper *keeper, int num) {
    keeper->occupied = hopt_grow(keeper->occupied, keeper->n_occupied, &keeper->occupied_capacity,
                                 sizeof *keeper->occupied);
    keeper->occupied[keeper->n_occupied++] = num;
}

/* NEW and RUNNING trials enter the open list, so that the next read of it sees them end. */
static void remember_open(hopt_keeper *keeper, const hopt_trials *trials, size_t *capacity) {
    for (size_t i = 0; i < trials->count; i++) {
        const hopt_trial *trial = trials->list[i];
        if (hopt_state_terminal(trial->state)) continue;
        keeper->open = hopt_grow(keeper->open, keeper->n_open, capacity, sizeof *keeper->open);
        keeper->open[keeper->n_open++] =
            (hopt_open_trial){.id = trial->id, .num = trial->num, .state = trial->state};
    }
}

hopt_status hopt_keeper__load(hopt_keeper *keeper, hopt_store *store, hopt_error *err) {
    hopt_keeper__unload(keeper);
    hopt_status status =
        hopt_proposer_open(&keeper->proposer, keeper->spec, keeper->record->seed, err);
    if (status != HOPT_OK) return status;
    keeper->reaper = hopt_reaper_new();
    hopt_trial_query query = {.study = keeper->study, .after = -1, .limit = PAGE, .brief = true};
    size_t open_capacity = 0;
    for (;;) {
        hopt_trials page = {0};
        status = hopt_store_trials(store, &page, &query, NULL, err);
        size_t count = page.count;
        if (status == HOPT_OK && count) {
            query.after = page.list[count - 1]->num;
            remember_open(keeper, &page, &open_capacity);
            hopt_keeper__take_up(keeper, &page, NULL);
        }
        hopt_trials_clear(&page);
        if (status != HOPT_OK || count == 0) break;
    }
    if (status != HOPT_OK) {
        hopt_keeper__unload(keeper);
        return status;
    }
    for (size_t i = 0; i < keeper->n_occupied; i++)
        hopt_keeper__note_slot(keeper, keeper->occupied[i]);
    keeper->loaded = true;
    keeper->counted_ms = hopt_clock_mono_ms();
    return HOPT_OK;
}

hopt_status hopt_keeper__compare(hopt_keeper *keeper, hopt_store *store, int64_t now_ms,
                                 hopt_error *err) {
    if (now_ms - keeper->counted_ms < COMPARE_MS) return HOPT_OK;
    int64_t counts[HOPT_STATES];
    hopt_status status = hopt_store_counts(store, keeper->study, counts, err);
    if (status != HOPT_OK) return status;
    keeper->counted_ms = now_ms;
    /* Trials may have ended since the open set was read: only their sum with the open ones is firm.
     */
    int64_t stored = 0, known = keeper->budget.ended + (int64_t)keeper->n_open;
    bool fewer = false; /* an end was taken back: a retry that was not seen */
    for (int state = 0; state < HOPT_STATES; state++) {
        stored += counts[state];
        fewer |=
            hopt_state_terminal((hopt_state)state) && counts[state] < keeper->budget.counts[state];
    }
    /* What reading anew did not bring (damaged trials) is no reason to read anew each time. */
    if (fewer || stored - known != keeper->unread) keeper->loaded = false;
    keeper->unread = stored - known;
    return HOPT_OK;
}
