/*
 * Leases. While something is leased a thread beats for it every quarter lease, and watches what
 * others hold: what stood still for a lease goes back to the queue (common/store/reaper.h), and at
 * once when its process on this machine is gone, which the owner's worker record tells.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/sys/clock.h"
#include "common/sys/host.h"
#include "libhopt/libhopt_internal.h"

enum { ROUND_MS = 1000 };

static int64_t lease_ms(const hopt_study *study) {
    return (int64_t)(study->spec->trial.lease_s * 1000);
}

void hopt_lib__hold(hopt_eval *eval) {
    hopt_study *study = eval->study;
    eval->leased = true;
    eval->next_held = study->held;
    if (study->held) study->held->previous_held = eval;
    study->held = eval;
}

void hopt_lib__let_go(hopt_eval *eval) {
    if (!eval->leased) return;
    eval->leased = false;
    if (eval->previous_held)
        eval->previous_held->next_held = eval->next_held;
    else
        eval->study->held = eval->next_held;
    if (eval->next_held) eval->next_held->previous_held = eval->previous_held;
    eval->next_held = eval->previous_held = NULL;
}

/* ---- beats ---- */

static hopt_status put_record(hopt_study *study, hopt_error *err) {
    hopt_worker_record worker = {.pid = (int)getpid(),
                                 .slots = study->slots,
                                 .lease_s = study->spec->trial.lease_s,
                                 .studies = (char *)study->spec->name};
    snprintf(worker.owner, sizeof worker.owner, "%s", study->owner);
    hopt_host_name(worker.host);
    hopt_host_boot_id(worker.boot_id);
    for (const hopt_eval *eval = study->held; eval; eval = eval->next_held)
        worker.running++;
    return hopt_store_worker_put(study->store, &worker, err);
}

static hopt_status beat(hopt_eval *eval, hopt_error *err) {
    char stop[32] = "";
    hopt_lease lease = {eval->trial->id, eval->study->spec->name, eval->owner, eval->trial->lease};
    hopt_status status =
        hopt_store_beat(eval->study->store, &lease, eval->has_report ? eval->step : -1, stop, err);
    if (status == HOPT_ECONFLICT) {
        hopt_lib__eval_stop(eval, "lost", false);
        eval->lost = true;
        return HOPT_OK;
    }
    if (status == HOPT_OK && stop[0]) hopt_lib__eval_stop(eval, stop, false);
    return status == HOPT_OK ? hopt_lib__flush_reports(eval, err) : status;
}

static hopt_status beat_all(hopt_study *study, hopt_error *err) {
    hopt_status status = put_record(study, err);
    for (hopt_eval *eval = study->held; eval && status == HOPT_OK; eval = eval->next_held)
        if (!eval->lost) status = beat(eval, err);
    return status == HOPT_ECONFLICT ? HOPT_OK : status;
}

/* ---- the dead ---- */

static int by_owner(const void *left, const void *right) {
    const hopt_worker_record *a = left, *b = right;
    return strcmp(a->owner, b->owner);
}

static hopt_status expire(hopt_study *study, const hopt_open_trial *open, size_t count,
                          hopt_error *err) {
    hopt_worker_record *workers;
    size_t n_workers;
    hopt_status status = hopt_store_workers(study->store, &workers, &n_workers, err);
    if (status != HOPT_OK) return status;
    if (n_workers) qsort(workers, n_workers, sizeof *workers, by_owner);
    int64_t now_ms = hopt_clock_mono_ms();
    for (size_t i = 0; i < count && status == HOPT_OK; i++) {
        if (strcmp(open[i].owner, study->owner) == 0) continue;
        if (!hopt_reaper_expired(study->reaper, &open[i], now_ms, lease_ms(study), workers,
                                 n_workers))
            continue;
        status = hopt_store_expire(study->store, study->spec->name, &open[i],
                                   study->spec->trial.max_attempts, err);
        if (status == HOPT_ECONFLICT) status = HOPT_OK; /* it moved: alive after all */
    }
    hopt_worker_records_free(workers, n_workers);
    return status;
}

static hopt_status watch(hopt_study *study, hopt_error *err) {
    hopt_open_trial *open;
    size_t count;
    bool others = false;
    int64_t before_ms = hopt_clock_mono_ms();
    hopt_status status = hopt_store_open_set(study->store, &open, &count, study->spec->name, err);
    if (status != HOPT_OK) {
        hopt_reaper_forget(study->reaper);
        return status;
    }
    hopt_reaper_observe(study->reaper, open, count, before_ms, lease_ms(study));
    for (size_t i = 0; i < count; i++)
        others |= open[i].state == HOPT_RUNNING && strcmp(open[i].owner, study->owner) != 0 &&
                  !hopt_reaper_asked(open[i].owner);
    if (others) status = expire(study, open, count, err);
    free(open);
    return status;
}

hopt_status hopt_lib__keep_round(hopt_study *study, hopt_error *err) {
    int64_t now_ms = hopt_clock_mono_ms();
    hopt_status status = HOPT_OK;
    if (!study->beat_ms || now_ms - study->beat_ms >= lease_ms(study) / 4) {
        status = beat_all(study, err);
        if (status == HOPT_OK) study->beat_ms = now_ms;
    }
    return status == HOPT_OK ? watch(study, err) : status;
}

/* ---- the thread ---- */

static void wait_round(hopt_study *study) {
    struct timespec until;
    int64_t ms = lease_ms(study) / 8 < ROUND_MS ? lease_ms(study) / 8 : ROUND_MS;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
    pthread_cond_timedwait(&study->keep_wake, &study->mutex, &until);
}

/* A store that fails is asked again in the next round; what that costs is the leases' matter. */
static void *keep(void *given) {
    hopt_study *study = given;
    hopt_error ignored;
    pthread_mutex_lock(&study->mutex);
    while (!study->keep_quit) {
        wait_round(study);
        if (study->keep_quit) break;
        hopt_status status = hopt_lib__keep_round(study, &ignored);
        (void)status;
        if (study->running) hopt_lib__wake(study);
    }
    pthread_mutex_unlock(&study->mutex);
    return NULL;
}

/* The host's signals stay with the host's threads. */
hopt_status hopt_lib__thread_new(pthread_t *thread, void *(*run)(void *), void *data,
                                 hopt_error *err) {
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int code = pthread_create(thread, NULL, run, data);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (code == 0) return HOPT_OK;
    return hopt_error_set(err, HOPT_EFAILED, "a thread can't be started: %s", strerror(code));
}

hopt_status hopt_lib__keep_start(hopt_study *study, hopt_error *err) {
    pthread_mutex_lock(&study->keep_lock);
    pthread_mutex_lock(&study->mutex);
    hopt_status status = HOPT_OK;
    if (study->keep_users == 0) {
        study->keep_quit = false;
        study->beat_ms = 0;
        hopt_reaper_forget(study->reaper);
        status = hopt_lib__keep_round(study, err);
        if (status == HOPT_OK) status = hopt_lib__thread_new(&study->keeper, keep, study, err);
    }
    if (status == HOPT_OK) study->keep_users++;
    pthread_mutex_unlock(&study->mutex);
    pthread_mutex_unlock(&study->keep_lock);
    return status;
}

static void end_thread(hopt_study *study) {
    hopt_error ignored;
    pthread_join(study->keeper, NULL);
    pthread_mutex_lock(&study->mutex);
    hopt_status status = hopt_store_worker_remove(study->store, study->owner, &ignored);
    (void)status; /* a record that stays grows silent */
    pthread_mutex_unlock(&study->mutex);
}

void hopt_lib__keep_stop(hopt_study *study) {
    pthread_mutex_lock(&study->keep_lock);
    pthread_mutex_lock(&study->mutex);
    bool last = --study->keep_users == 0;
    if (last) {
        study->keep_quit = true;
        pthread_cond_signal(&study->keep_wake);
    }
    pthread_mutex_unlock(&study->mutex);
    if (last) end_thread(study);
    pthread_mutex_unlock(&study->keep_lock);
}
