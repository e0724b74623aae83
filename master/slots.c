#include "master/slots.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sys/clock.h"
#include "common/sys/host.h"

/* After a failure that may have come too late: it is in when the slot holds our tid. */
static hopt_status settle(hopt_store *store, const hopt_trial *trial, hopt_status failed,
                          hopt_error *err) {
    hopt_trial *there;
    if (failed != HOPT_ESTORE) return failed;
    if (hopt_store_trial(store, &there, trial->study, trial->num, NULL) != HOPT_OK) return failed;
    bool mine = there->tid == trial->tid;
    hopt_trial_free(there);
    return mine ? HOPT_OK : hopt_error_set(err, HOPT_ECONFLICT, "slot %d is taken", trial->num);
}

hopt_status hopt_slot_insert(hopt_store *store, const hopt_study_record *study, hopt_trial *trial,
                             const char *owner, hopt_error *err) {
    char by[HOPT_OWNER_TEXT_MAX];
    size_t inserted = 0;
    hopt_host_owner(by);
    memcpy(trial->study, study->name, sizeof trial->study);
    trial->id = hopt_trial_id_make(study->prefix, trial->num);
    hopt_status status = hopt_store_tids(store, &trial->tid, 1, err);
    if (status != HOPT_OK) return status;
    free(trial->by);
    trial->by = hopt_strdup(by);
    if (!owner) {
        status = hopt_store_enqueue(store, &trial, 1, &inserted, err);
        return status == HOPT_OK || status == HOPT_ECONFLICT ? status
                                                             : settle(store, trial, status, err);
    }
    trial->state = HOPT_RUNNING;
    trial->lease = trial->version = 1;
    trial->owner = hopt_strdup(owner);
    trial->worker = hopt_strdup(owner);
    trial->book_ms = trial->refresh_ms = hopt_clock_unix_ms();
    status = hopt_store_import(store, &trial, 1, &inserted, err);
    if (status != HOPT_OK) return settle(store, trial, status, err);
    if (inserted == 0) return hopt_error_set(err, HOPT_ECONFLICT, "slot %d is taken", trial->num);
    return HOPT_OK;
}
