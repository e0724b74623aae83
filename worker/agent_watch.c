/* Leases of a Python driver's trials. There is no master for them, so the workers themselves watch
 * each other, by the master's own rule (common/store/reaper.h): as long as one worker lives, a
 * trial of a dead one goes back to the queue. Several may see the same; the store lets one of them
 * win. */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sys/clock.h"
#include "common/sys/log.h"
#include "worker/agent_internal.h"

/* Reads are to be less than a quarter lease apart, or the reaper forgets what it saw. */
enum { READS_A_LEASE = 8 };

static int64_t lease_ms_of(const hopt_agent_study *study) {
    return (int64_t)(study->spec->trial.lease_s * 1000);
}

/* ---- on the beats' thread ---- */

static hopt_status expire(const hopt_agent *agent, hopt_store *store, const hopt_open_trial *seen,
                          const hopt_agent_study *study, hopt_error *err) {
    hopt_status status = hopt_driven_expire(store, seen, study->spec->trial.max_attempts, err);
    if (status == HOPT_OK) hopt_counter_add(agent->options.lease_expired, 1);
    if (status == HOPT_OK)
        hopt_log_warn("lease expired study=%s trial=%d worker=%s by=%s", study->spec->name,
                      seen->num, seen->owner, agent->owner);
    return status == HOPT_ECONFLICT ? HOPT_OK : status; /* it beats after all, or has ended */
}

static bool any_others(const hopt_agent *agent, const hopt_open_trial *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].owner, agent->owner) != 0) return true;
    }
    return false;
}

static int by_owner(const void *a, const void *b) {
    return strcmp(((const hopt_worker_record *)a)->owner, ((const hopt_worker_record *)b)->owner);
}

static hopt_status watch_one(const hopt_agent *agent, hopt_store *store, size_t index,
                             hopt_error *err) {
    const hopt_agent_study *study = &agent->studies[index];
    hopt_reaper *reaper = agent->reapers[index];
    int64_t lease_ms = lease_ms_of(study), before_ms = hopt_clock_mono_ms();
    hopt_open_trial *list;
    hopt_worker_record *workers = NULL;
    size_t count, n_workers = 0;
    hopt_status status = hopt_driven_running(store, &list, &count, study->exp_key, err);
    if (status != HOPT_OK) return status;
    hopt_reaper_observe(reaper, list, count, before_ms, lease_ms);
    if (any_others(agent, list, count))
        status = hopt_store_workers(store, &workers, &n_workers, err);
    if (n_workers) qsort(workers, n_workers, sizeof *workers, by_owner);
    int64_t now_ms = hopt_clock_mono_ms();
    for (size_t i = 0; i < count && status == HOPT_OK; i++) {
        if (strcmp(list[i].owner, agent->owner) == 0) continue;
        if (hopt_reaper_expired(reaper, &list[i], now_ms, lease_ms, workers, n_workers))
            status = expire(agent, store, &list[i], study, err);
    }
    hopt_worker_records_free(workers, n_workers);
    free(list);
    return status;
}

static void watch_work(void *context, void *data) {
    hopt_agent *agent = data;
    hopt_store **store = context;
    hopt_error err;
    hopt_status status = hopt_agent__open_store(agent, store, &err);
    for (size_t i = 0; i < agent->options.n_studies; i++) {
        if (!agent->reapers[i]) continue;
        if (status == HOPT_OK) status = watch_one(agent, *store, i, &err);
        if (status != HOPT_OK) hopt_reaper_forget(agent->reapers[i]);
    }
}

/* ---- on the loop thread ---- */

static void watch_done(void *data, bool ran) {
    (void)ran;
    ((hopt_agent *)data)->watching = false;
}

static void on_watch(uv_timer_t *timer) {
    hopt_agent *agent = timer->data;
    if (agent->watching || agent->left) return;
    agent->watching = true;
    hopt_offload_submit(agent->beats, watch_work, watch_done, agent);
}

void hopt_agent__watch_start(hopt_agent *agent) {
    int64_t every_ms = 0;
    for (size_t i = 0; i < agent->options.n_studies; i++) {
        if (!agent->reapers[i]) continue;
        int64_t part_ms = lease_ms_of(&agent->studies[i]) / READS_A_LEASE;
        if (!every_ms || part_ms < every_ms) every_ms = part_ms;
    }
    if (every_ms) uv_timer_start(&agent->watch_timer, on_watch, 0, (uint64_t)every_ms);
}
