#include "cli/slots.h"

#include "common/base/hash.h"
#include "master/slots.h"

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

hopt_status hopt_slots_insert(const hopt_context *context, hopt_trial *trial, const char *owner,
                              hopt_error *err) {
    return hopt_slot_insert(context->store, context->study, trial, owner, err);
}
