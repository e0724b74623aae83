#include "master/leader.h"

#include <stdio.h>
#include <string.h>

#include "common/sys/host.h"

#define EPOCH_MAX (INT64_C(1) << 53)

void hopt_leader_init(hopt_leader *leader, const char *owner) {
    char boot[HOPT_BOOT_ID_MAX];
    memset(leader, 0, sizeof *leader);
    hopt_host_boot_id(boot);
    snprintf(leader->me, sizeof leader->me, "%.270s@%s", owner, boot);
}

/* The holder's process on this very host and boot is gone: no need to wait for its lease. */
static bool holder_gone(const char *holder) {
    const char *at = strrchr(holder, '@');
    return at && hopt_host_owner_gone(holder, at + 1);
}

static bool may_take(hopt_leader *leader, const hopt_study_record *study, int64_t before_ms) {
    if (!study->leader || !study->leader[0]) return true;
    /* Our own id in the record: a take-over whose reply was lost. */
    if (strcmp(study->leader, leader->me) == 0 || holder_gone(study->leader)) return true;
    bool same = leader->seen && leader->epoch == study->epoch && leader->beat == study->beat;
    if (!same) {
        leader->seen = true;
        leader->epoch = study->epoch;
        leader->beat = study->beat;
        leader->since_ms = before_ms;
    }
    return same && before_ms - leader->since_ms >= HOPT_LEADER_LEASE_MS;
}

hopt_status hopt_leader_try(hopt_leader *leader, hopt_store *store, const hopt_study_record *study,
                            int64_t before_ms, hopt_error *err) {
    if (leader->leading || !may_take(leader, study, before_ms)) return HOPT_OK;
    if (study->epoch < 0 || study->epoch > EPOCH_MAX) /* by hand: it can't be counted up */
        return hopt_error_set(err, HOPT_EINVAL, "study %s has a damaged record: leader's epoch",
                              study->name);
    hopt_status status =
        hopt_store_lead(store, study->name, leader->me, study->epoch, study->beat, err);
    leader->seen = false;
    if (status == HOPT_ECONFLICT) return HOPT_OK; /* another was faster: stand by */
    if (status != HOPT_OK) return status;
    leader->leading = true;
    leader->epoch = study->epoch + 1;
    leader->renewed_ms = before_ms;
    return HOPT_OK;
}

hopt_status hopt_leader_renew(hopt_leader *leader, hopt_store *store, const char *study,
                              const hopt_study_progress *progress, int64_t now_ms, bool now,
                              hopt_error *err) {
    if (!leader->leading) return HOPT_OK;
    if (!now && now_ms - leader->renewed_ms < HOPT_LEADER_BEAT_MS) return HOPT_OK;
    hopt_status status = hopt_store_renew(store, study, leader->me, leader->epoch, progress, err);
    if (status == HOPT_ECONFLICT) leader->leading = false;
    if (status == HOPT_OK) leader->renewed_ms = now_ms;
    return status;
}

void hopt_leader_leave(hopt_leader *leader, hopt_store *store, const char *study) {
    hopt_error ignored;
    if (!leader->leading) return;
    leader->leading = false;
    hopt_status status = hopt_store_abdicate(store, study, leader->me, leader->epoch, &ignored);
    (void)status; /* unreachable or overtaken: the lease ends without us */
}
