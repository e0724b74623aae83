/* The keeper and the open set: what ended, what is new, which leases are dead. */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sys/clock.h"
#include "master/keeper_internal.h"

/* The nums to fetch: known open ones that are no longer there, and open ones that were not known.
 */
static size_t differences(int *nums, const hopt_open_trial *old, size_t n_old,
                          const hopt_open_trial *now, size_t n_now) {
    size_t count = 0, i = 0, j = 0;
    while (i < n_old || j < n_now) {
        if (j == n_now || (i < n_old && old[i].num < now[j].num))
            nums[count++] = old[i++].num;
        else if (i == n_old || now[j].num < old[i].num)
            nums[count++] = now[j++].num;
        else
            i++, j++;
    }
    return count;
}

static hopt_status fetch(hopt_keeper *keeper, hopt_store *store, const int *nums, size_t count,
                         hopt_keeper_news *news, hopt_error *err) {
    enum { PAGE = 1000 };
    for (size_t from = 0; from < count; from += PAGE) {
        size_t n = count - from < PAGE ? count - from : PAGE;
        hopt_trials trials = {0};
        hopt_status status =
            hopt_store_trials_by_num(store, &trials, keeper->study, nums + from, n, err);
        if (status == HOPT_OK) hopt_keeper__take_up(keeper, &trials, news);
        hopt_trials_clear(&trials);
        if (status != HOPT_OK) return status;
    }
    return HOPT_OK;
}

static void count_open(hopt_keeper *keeper) {
    keeper->n_new = keeper->n_running = 0;
    for (size_t i = 0; i < keeper->n_open; i++) {
        if (keeper->open[i].state == HOPT_NEW)
            keeper->n_new++;
        else
            keeper->n_running++;
    }
}

hopt_status hopt_keeper__sync(hopt_keeper *keeper, hopt_store *store, hopt_keeper_news *news,
                              hopt_error *err) {
    hopt_open_trial *now;
    size_t n_now, ended_before = news->ended.count;
    int64_t before_ms = hopt_clock_mono_ms();
    hopt_status status = hopt_store_open_set(store, &now, &n_now, keeper->study, err);
    if (status != HOPT_OK) {
        hopt_reaper_forget(keeper->reaper);
        return status;
    }
    int *nums = hopt_alloc((keeper->n_open + n_now + 1) * sizeof *nums);
    size_t count = differences(nums, keeper->open, keeper->n_open, now, n_now);
    status = fetch(keeper, store, nums, count, news, err);
    free(nums);
    if (status != HOPT_OK) {
        /* The old list stays: what it misses now is fetched next time; the sampler ignores repeats,
         * but the budget counts each ended trial once, so start anew from the store. */
        free(now);
        keeper->loaded = false;
        return status;
    }
    free(keeper->open);
    keeper->open = now;
    keeper->n_open = n_now;
    count_open(keeper);
    hopt_rate_add(&keeper->rate, (int)(news->ended.count - ended_before), before_ms);
    hopt_reaper_observe(keeper->reaper, now, n_now, before_ms,
                        (int64_t)(keeper->spec->trial.lease_s * 1000));
    return HOPT_OK;
}

hopt_status hopt_keeper__reap(hopt_keeper *keeper, hopt_store *store, hopt_keeper_news *news,
                              hopt_error *err) {
    int64_t now_ms = hopt_clock_mono_ms();
    int64_t lease_ms = (int64_t)(keeper->spec->trial.lease_s * 1000);
    for (size_t i = 0; i < keeper->n_open; i++) {
        hopt_open_trial *seen = &keeper->open[i];
        if (!hopt_reaper_expired(keeper->reaper, seen, now_ms, lease_ms, keeper->workers,
                                 keeper->n_workers))
            continue;
        hopt_status status =
            hopt_store_expire(store, keeper->study, seen, keeper->spec->trial.max_attempts, err);
        if (status == HOPT_ECONFLICT) continue; /* it moved: alive after all */
        if (status != HOPT_OK) return status;
        news->expired++;
    }
    return HOPT_OK;
}
