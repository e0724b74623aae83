/**
 * Leases by observation (DESIGN §5.5): a trial is expired when its (lease, beat) has not changed
 * for a whole lease on *our own* monotonic clock, measured from before the read that first saw it.
 * A worker that beats for a longer lease, as its record says, has that one. A gap of more than a
 * quarter lease between good reads clears all observations: what we did not watch, we do not judge.
 * Clocks of other machines play no part. Pure but for hopt_host_owner_gone().
 */
#ifndef HOPT_MASTER_REAPER_H
#define HOPT_MASTER_REAPER_H

#include "common/store/store.h"

typedef struct hopt_reaper hopt_reaper;

hopt_reaper *hopt_reaper_new(void);
void hopt_reaper_free(hopt_reaper *reaper);

/** Forget all observations (store error, gap). */
void hopt_reaper_forget(hopt_reaper *reaper);

/**
 * Take in one good read of the open set.
 * @param before_ms  monotonic time before the read began.
 * @param lease_ms   the study's lease.
 */
void hopt_reaper_observe(hopt_reaper *reaper, const hopt_open_trial *open, size_t count,
                         int64_t before_ms, int64_t lease_ms);

/**
 * Whether trial `seen` (of the last observed set) shall be expired now.
 * @param workers  records of the workers, by ascending owner (strcmp), for "same host, same boot, pid
 *                 gone: at once".
 */
bool hopt_reaper_expired(const hopt_reaper *reaper, const hopt_open_trial *seen, int64_t now_ms,
                         int64_t lease_ms, const hopt_worker_record *workers, size_t n_workers);

/** Trials of `hopt ask` have no heartbeat: they wait for `hopt tell` and are never expired. */
bool hopt_reaper_asked(const char *owner);

#endif
