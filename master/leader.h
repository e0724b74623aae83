/**
 * Leadership of one study (DESIGN §5.5): a lease like a trial's, 15 s long, renewed every 5 s,
 * taken over when (epoch, beat) stood still for 15 s on our own clock, or at once when the leader's
 * process on this host is gone. Blocks on the store. One owner thread.
 */
#ifndef HOPT_MASTER_LEADER_H
#define HOPT_MASTER_LEADER_H

#include "common/store/store.h"

enum { HOPT_LEADER_LEASE_MS = 15000, HOPT_LEADER_BEAT_MS = 5000 };

typedef struct hopt_leader {
    char me[HOPT_OWNER_MAX]; /**< "host:pid:8hex@boot" */
    bool leading;
    int64_t epoch; /**< ours while leading, else the last seen */
    int64_t beat;
    int64_t since_ms; /**< when (epoch, beat) was first seen */
    bool seen;
    int64_t renewed_ms;
} hopt_leader;

void hopt_leader_init(hopt_leader *leader, const char *owner);

/**
 * Look at a fresh record of the study and take the lead when it is free or its holder silent.
 * @param before_ms  monotonic time before the record was read.
 * @return HOPT_OK (see `leading`), or the store's failure.
 */
HOPT_MUST_CHECK hopt_status hopt_leader_try(hopt_leader *leader, hopt_store *store,
                                            const hopt_study_record *study, int64_t before_ms,
                                            hopt_error *err);

/** Renew when due (or `now`); on HOPT_ECONFLICT we lead no more (`leading` is false then). */
HOPT_MUST_CHECK hopt_status hopt_leader_renew(hopt_leader *leader, hopt_store *store,
                                              const char *study,
                                              const hopt_study_progress *progress, int64_t now_ms,
                                              bool now, hopt_error *err);

/** Give the lead back; errors don't matter: the lease ends by itself. */
void hopt_leader_leave(hopt_leader *leader, hopt_store *store, const char *study);

#endif
