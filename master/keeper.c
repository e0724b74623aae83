#include "master/keeper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sys/clock.h"
#include "master/enroll.h"
#include "master/keeper_internal.h"

void hopt_keeper_news_clear(hopt_keeper_news *news) {
    hopt_trials_clear(&news->ended);
    hopt_study_spec_free(news->spec);
    memset(news, 0, sizeof *news);
}

hopt_keeper *hopt_keeper_new(const hopt_keeper_options *options) {
    hopt_keeper *keeper = hopt_zalloc(1, sizeof *keeper);
    snprintf(keeper->study, sizeof keeper->study, "%s", options->study);
    snprintf(keeper->owner, sizeof keeper->owner, "%s", options->owner);
    keeper->poll_ms = options->poll_ms;
    keeper->away_ms = options->away_ms;
    keeper->local_slots = options->local_slots;
    keeper->suggest = options->suggest;
    keeper->spec_rev = -1;
    hopt_leader_init(&keeper->leader, options->owner);
    return keeper;
}

/* While nothing is loaded (standing by, or about to read anew) the record knows best. */
static hopt_study_progress recorded_progress(const hopt_keeper *keeper) {
    const hopt_study_record *record = keeper->record;
    hopt_study_progress progress = {.active_ms = keeper->leader.leading ? keeper->active_ms
                                                                        : record->active_ms,
                                    .has_best = record->has_best,
                                    .best_num = record->best_num,
                                    .best_loss = record->best_loss};
    memcpy(progress.counts, record->counts, sizeof progress.counts);
    return progress;
}

static hopt_study_progress progress_of(const hopt_keeper *keeper) {
    if (!keeper->proposer) return recorded_progress(keeper);
    hopt_study_progress progress = {.active_ms = keeper->active_ms,
                                    .has_best = keeper->budget.has_best,
                                    .best_num = keeper->budget.best_num,
                                    .best_loss = keeper->budget.best_loss};
    memcpy(progress.counts, keeper->budget.counts, sizeof progress.counts);
    progress.counts[HOPT_NEW] = (int64_t)keeper->n_new;
    progress.counts[HOPT_RUNNING] = (int64_t)keeper->n_running;
    return progress;
}

void hopt_keeper_free(hopt_keeper *keeper, hopt_store *store) {
    if (!keeper) return;
    if (store && keeper->leader.leading) {
        hopt_study_progress progress = progress_of(keeper);
        hopt_error ignored;
        hopt_status status = hopt_leader_renew(&keeper->leader, store, keeper->study, &progress,
                                               hopt_clock_mono_ms(), true, &ignored);
        (void)status; /* the last word on counts is a courtesy: they are read anew by the next
                         leader */
        hopt_leader_leave(&keeper->leader, store, keeper->study);
    }
    hopt_keeper__forget(keeper);
    hopt_study_free(keeper->record);
    hopt_study_spec_free(keeper->spec);
    hopt_worker_records_free(keeper->workers, keeper->n_workers);
    free(keeper);
}

/* ---- the record ---- */

static hopt_status parse_spec(hopt_study_spec **spec, const hopt_study_record *record,
                              hopt_error *err) {
    hopt_errors errors = {0};
    hopt_status status = hopt_study_spec_parse_stored(spec, record->spec, record->name, &errors);
    if (status != HOPT_OK) {
        if (err) *err = errors.list[0];
        hopt_error_prefix(err, "study %s: its stored file is not valid", record->name);
    }
    return status;
}

/* A person changed the study: take its new settings; the proposer refers to the spec, so it is
 * built anew. */
static hopt_status read_spec(hopt_keeper *keeper, hopt_keeper_news *news, hopt_error *err) {
    if (keeper->spec && keeper->spec_rev == keeper->record->rev) return HOPT_OK;
    hopt_study_spec *spec;
    hopt_status status = parse_spec(&spec, keeper->record, err);
    if (status != HOPT_OK) return status;
    status = parse_spec(&news->spec, keeper->record, err);
    HOPT_ASSERT(status == HOPT_OK);
    hopt_keeper__unload(keeper);
    hopt_study_spec_free(keeper->spec);
    keeper->spec = spec;
    keeper->spec_rev = keeper->record->rev;
    return HOPT_OK;
}

/* A deleted study's name may be another study's now, and an overtaken leader leads no more. */
static void compare_records(hopt_keeper *keeper, const hopt_study_record *now) {
    const hopt_study_record *old = keeper->record;
    hopt_leader *leader = &keeper->leader;
    bool same = !old || memcmp(old->prefix, now->prefix, sizeof old->prefix) == 0;
    if (!same) hopt_keeper__forget(keeper);
    bool overtaken =
        !now->leader || strcmp(now->leader, leader->me) != 0 || now->epoch != leader->epoch;
    if (leader->leading && (!same || overtaken)) {
        leader->leading = leader->seen = false;
        hopt_keeper__unload(keeper);
    }
}

/* Room to count on, whatever somebody wrote there by hand. */
static int64_t sane_active_ms(int64_t active_ms) {
    static const int64_t most = INT64_C(1) << 53;
    return active_ms < 0 ? 0 : active_ms > most ? most : active_ms;
}

static hopt_status read_record(hopt_keeper *keeper, hopt_store *store, hopt_keeper_news *news,
                               hopt_error *err) {
    int64_t before_ms = hopt_clock_mono_ms();
    hopt_study_record *record;
    hopt_status status = hopt_store_study(store, &record, keeper->study, err);
    if (status != HOPT_OK) return status;
    compare_records(keeper, record);
    hopt_study_free(keeper->record);
    keeper->record = record;
    keeper->record_ms = before_ms;
    if (record->state == HOPT_STUDY_DONE && !keeper->leader.leading)
        return read_spec(keeper, news, err);
    bool led = keeper->leader.leading;
    status = hopt_leader_try(&keeper->leader, store, record, before_ms, err);
    if (status != HOPT_OK) return status;
    if (keeper->leader.leading && !led) {
        keeper->active_base_ms = keeper->active_ms = sane_active_ms(record->active_ms);
        keeper->tick_ms = before_ms;
        hopt_keeper__unload(keeper);
    }
    return read_spec(keeper, news, err);
}

static int by_owner(const void *left, const void *right) {
    const hopt_worker_record *a = left, *b = right;
    return strcmp(a->owner, b->owner);
}

static hopt_status read_workers(hopt_keeper *keeper, hopt_store *store, hopt_error *err) {
    hopt_worker_record *workers;
    size_t count;
    hopt_status status = hopt_store_workers(store, &workers, &count, err);
    if (status != HOPT_OK) return status;
    if (count) qsort(workers, count, sizeof *workers, by_owner);
    hopt_worker_records_free(keeper->workers, keeper->n_workers);
    keeper->workers = workers;
    keeper->n_workers = count;
    return HOPT_OK;
}

/* ---- the study's end ---- */

static hopt_status set_state(hopt_keeper *keeper, hopt_store *store, hopt_study_state state,
                             const char *reason, hopt_error *err) {
    hopt_status status = hopt_store_study_update(store, keeper->study, keeper->record->rev,
                                                 (int)state, reason, NULL, NULL, err);
    if (status == HOPT_ECONFLICT) { /* somebody else changed it: look again in the next tick */
        keeper->record_ms = 0;
        return HOPT_OK;
    }
    if (status != HOPT_OK) return status;
    char *copy = hopt_strdup(reason);
    free(keeper->record->reason);
    keeper->record->reason = copy;
    keeper->record->state = state;
    keeper->spec_rev = ++keeper->record->rev;
    return HOPT_OK;
}

/* Trials of `hopt ask` have no worker that hears of the wish to stop: they end here. */
static hopt_status end_asked(hopt_keeper *keeper, hopt_store *store, const char *reason,
                             hopt_error *err) {
    hopt_status status = HOPT_OK;
    for (size_t i = 0; i < keeper->n_open && status == HOPT_OK; i++) {
        const hopt_open_trial *open = &keeper->open[i];
        if (open->state != HOPT_RUNNING || !hopt_reaper_asked(open->owner)) continue;
        hopt_lease lease = {open->id, keeper->study, open->owner, open->lease};
        char *stop = hopt_strdup(reason);
        hopt_result result = {.state = HOPT_CANCEL, .stop = stop};
        status = hopt_store_finish(store, &lease, &result, err);
        if (status == HOPT_ECONFLICT) status = HOPT_OK; /* told meanwhile */
        free(stop);
    }
    return status;
}

static hopt_status close_study(hopt_keeper *keeper, hopt_store *store, hopt_keeper_news *news,
                               hopt_error *err) {
    const char *reason = keeper->record->reason ? keeper->record->reason : "cancelled";
    hopt_status status = HOPT_OK;
    if (keeper->n_new > 0)
        status = hopt_store_cancel_new(store, keeper->study, 0, reason, NULL, err);
    if (status == HOPT_OK && keeper->n_running > 0 && hopt_study_reason_stops(reason))
        status = hopt_store_stop_running(store, keeper->study, -1, reason, err);
    if (status == HOPT_OK && keeper->n_running > 0 && hopt_study_reason_stops(reason))
        status = end_asked(keeper, store, reason, err);
    if (status == HOPT_OK && keeper->n_open > 0)
        status = hopt_keeper__sync(keeper, store, news, err);
    if (status != HOPT_OK || keeper->n_open > 0) return status;
    hopt_study_progress progress = progress_of(keeper);
    status = hopt_leader_renew(&keeper->leader, store, keeper->study, &progress,
                               hopt_clock_mono_ms(), true, err);
    if (status == HOPT_ECONFLICT) return HOPT_OK;
    if (status != HOPT_OK) return status;
    status = set_state(keeper, store, HOPT_STUDY_DONE, reason, err);
    if (status == HOPT_OK) hopt_leader_leave(&keeper->leader, store, keeper->study);
    return status;
}

/* Queued trials above a limit that was lowered, whoever put them there. */
static hopt_status cancel_above(hopt_keeper *keeper, hopt_store *store, hopt_keeper_news *news,
                                hopt_error *err) {
    int limit = keeper->spec->stop.max_trials;
    bool any = false;
    for (size_t i = 0; limit > 0 && i < keeper->n_open; i++)
        any |= keeper->open[i].state == HOPT_NEW && keeper->open[i].num >= limit;
    if (!any) return HOPT_OK;
    hopt_status status =
        hopt_store_cancel_new(store, keeper->study, limit, "max_trials was lowered", NULL, err);
    return status == HOPT_OK ? hopt_keeper__sync(keeper, store, news, err) : status;
}

static hopt_status run_active(hopt_keeper *keeper, hopt_store *store, hopt_keeper_news *news,
                              hopt_error *err) {
    if (news->ended.count > 0 && hopt_budget_hopeless(&keeper->budget))
        return set_state(keeper, store, HOPT_STUDY_PAUSED, "the first trials all failed", err);
    int used = (int)keeper->n_taken - keeper->holes;
    const char *end = hopt_budget_verdict(&keeper->budget, keeper->spec, used, (int)keeper->n_open,
                                          keeper->active_ms);
    if (!end && keeper->exhausted && keeper->n_open == 0) end = "exhausted";
    if (!end) return hopt_keeper__fill(keeper, store, news, err);
    hopt_status status = set_state(keeper, store, HOPT_STUDY_CLOSING, end, err);
    if (status != HOPT_OK || keeper->record->state != HOPT_STUDY_CLOSING) return status;
    return close_study(keeper, store, news, err);
}

/* ---- the tick ---- */

static void count_active_time(hopt_keeper *keeper, int64_t now_ms) {
    if (keeper->record->state == HOPT_STUDY_ACTIVE) keeper->active_ms += now_ms - keeper->tick_ms;
    keeper->tick_ms = now_ms;
}

static hopt_status lead(hopt_keeper *keeper, hopt_store *store, bool full, hopt_keeper_news *news,
                        hopt_error *err) {
    hopt_status status = HOPT_OK;
    if (full && hopt_clock_mono_ms() - keeper->workers_ms >= keeper->poll_ms / 2) {
        status = read_workers(keeper, store, err);
        if (status != HOPT_OK) return status;
        keeper->workers_ms = hopt_clock_mono_ms();
    }
    if (!keeper->loaded) status = hopt_keeper__load(keeper, store, err);
    if (status == HOPT_OK) status = hopt_keeper__sync(keeper, store, news, err);
    if (status == HOPT_OK && full) status = hopt_keeper__reap(keeper, store, news, err);
    if (status == HOPT_OK && news->expired) status = hopt_keeper__sync(keeper, store, news, err);
    if (status == HOPT_OK) status = cancel_above(keeper, store, news, err);
    if (status != HOPT_OK) return status;
    count_active_time(keeper, hopt_clock_mono_ms());
    if (keeper->record->state == HOPT_STUDY_ACTIVE)
        status = run_active(keeper, store, news, err);
    else if (keeper->record->state == HOPT_STUDY_CLOSING)
        status = close_study(keeper, store, news, err);
    if (status == HOPT_OK && full)
        status = hopt_keeper__compare(keeper, store, hopt_clock_mono_ms(), err);
    return status;
}

static void report(const hopt_keeper *keeper, hopt_keeper_news *news) {
    hopt_study_progress progress = progress_of(keeper);
    hopt_master_view *view = &news->view;
    view->state = keeper->record->state;
    view->leading = keeper->leader.leading;
    view->active_ms = keeper->active_ms;
    view->has_best = progress.has_best;
    view->best_num = progress.best_num;
    view->best_loss = progress.best_loss;
    view->failed = keeper->budget.failed;
    memcpy(view->counts, progress.counts, sizeof view->counts);
    snprintf(news->reason, sizeof news->reason, "%s",
             keeper->record->reason ? keeper->record->reason : "");
}

hopt_status hopt_keeper_tick(hopt_keeper *keeper, hopt_store *store, bool full,
                             hopt_keeper_news *news, hopt_error *err) {
    hopt_status status = HOPT_OK;
    bool due = full && hopt_clock_mono_ms() - keeper->record_ms >= keeper->poll_ms;
    /* A record whose file could not be used is read again until it can. */
    bool usable = keeper->record && keeper->spec && keeper->spec_rev == keeper->record->rev;
    if (!usable || due) status = read_record(keeper, store, news, err);
    if (status != HOPT_OK) return status;
    if (!keeper->leader.leading) {
        report(keeper, news);
        return HOPT_OK;
    }
    status = lead(keeper, store, full, news, err);
    if (status != HOPT_OK) return status;
    hopt_study_progress progress = progress_of(keeper);
    status = hopt_leader_renew(&keeper->leader, store, keeper->study, &progress,
                               hopt_clock_mono_ms(), false, err);
    if (status == HOPT_ECONFLICT) {
        hopt_keeper__unload(keeper);
        status = HOPT_OK;
    }
    report(keeper, news);
    return status;
}

void hopt_keeper_doubt(hopt_keeper *keeper) {
    hopt_keeper__unload(keeper);
    keeper->tids_left = 0;
    keeper->spec_rev = -1; /* the record, and with it who leads */
}
