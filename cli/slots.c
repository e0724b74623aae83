#include "cli/slots.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/sys/clock.h"
#include "common/sys/host.h"

hopt_status hopt_slots_first(const hopt_context *context, int *num, hopt_error *err) {
    int64_t counts[HOPT_STATES], total = 0;
    hopt_status status = hopt_store_counts(context->store, context->study->name, counts, err);
    if (status != HOPT_OK) return status;
    for (int i = 0; i < HOPT_STATES; i++)
        total += counts[i];
    *num = (int)total;
    return HOPT_OK;
}

hopt_status hopt_slots_allowed(const hopt_context *context, int num, hopt_error *err) {
    const hopt_study_record *study = context->study;
    int most = context->spec->stop.max_trials ? context->spec->stop.max_trials : HOPT_TRIALS_MAX;
    if (num >= most)
        return hopt_error_set(err, HOPT_ECONFLICT,
                              "study %s has its %d trials; \"hopt study set %s stop.max_trials=N\" "
                              "allows more",
                              study->name, most, study->name);
    if (study->state == HOPT_STUDY_CLOSING || study->state == HOPT_STUDY_DONE)
        return hopt_error_set(err, HOPT_ECONFLICT, "study %s is %s (%s)", study->name,
                              hopt_study_state_name(study->state),
                              study->reason ? study->reason : "no reason");
    return HOPT_OK;
}

uint64_t hopt_slots_seed(const hopt_context *context, int num) {
    return hopt_hash_splitmix64(context->study->seed, (uint64_t)num) >> 1;
}

/* After a failure that may have come too late: it is in when the slot holds our tid. */
static hopt_status settle(const hopt_context *context, const hopt_trial *trial, hopt_status failed,
                          hopt_error *err) {
    hopt_trial *there;
    if (failed != HOPT_ESTORE) return failed;
    if (hopt_store_trial(context->store, &there, trial->study, trial->num, NULL) != HOPT_OK)
        return failed;
    bool mine = there->tid == trial->tid;
    hopt_trial_free(there);
    return mine ? HOPT_OK : hopt_error_set(err, HOPT_ECONFLICT, "slot %d is taken", trial->num);
}

hopt_status hopt_slots_insert(const hopt_context *context, hopt_trial *trial, const char *owner,
                              hopt_error *err) {
    char by[HOPT_OWNER_TEXT_MAX];
    size_t inserted = 0;
    hopt_host_owner(by);
    memcpy(trial->study, context->study->name, sizeof trial->study);
    trial->id = hopt_trial_id_make(context->study->prefix, trial->num);
    hopt_status status = hopt_store_tids(context->store, &trial->tid, 1, err);
    if (status != HOPT_OK) return status;
    free(trial->by);
    trial->by = hopt_strdup(by);
    if (!owner) {
        status = hopt_store_enqueue(context->store, &trial, 1, &inserted, err);
        return status == HOPT_OK || status == HOPT_ECONFLICT ? status
                                                             : settle(context, trial, status, err);
    }
    trial->state = HOPT_RUNNING;
    trial->lease = trial->version = 1;
    trial->owner = hopt_strdup(owner);
    trial->worker = hopt_strdup(owner);
    trial->book_ms = trial->refresh_ms = hopt_clock_unix_ms();
    status = hopt_store_import(context->store, &trial, 1, &inserted, err);
    if (status != HOPT_OK) return settle(context, trial, status, err);
    if (inserted == 0) return hopt_error_set(err, HOPT_ECONFLICT, "slot %d is taken", trial->num);
    return HOPT_OK;
}
