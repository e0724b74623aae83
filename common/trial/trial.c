#include "common/trial/trial.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

hopt_trial_id hopt_trial_id_make(const uint8_t prefix[HOPT_PREFIX_SIZE], int num) {
    HOPT_ASSERT(num >= 0 && num < 1 << 24);
    hopt_trial_id id;
    memcpy(id.bytes, prefix, HOPT_PREFIX_SIZE);
    id.bytes[HOPT_PREFIX_SIZE] = (uint8_t)(num >> 16);
    id.bytes[HOPT_PREFIX_SIZE + 1] = (uint8_t)(num >> 8);
    id.bytes[HOPT_PREFIX_SIZE + 2] = (uint8_t)num;
    return id;
}

int hopt_trial_id_num(const hopt_trial_id *id) {
    const uint8_t *end = id->bytes + HOPT_PREFIX_SIZE;
    return end[0] << 16 | end[1] << 8 | end[2];
}

void hopt_result_clear(hopt_result *result) {
    free(result->status_fail);
    json_decref(result->extras);
    free(result->error_type);
    free(result->error_message);
    free(result->stop);
    memset(result, 0, sizeof *result);
}

void hopt_result_copy(hopt_result *to, const hopt_result *from) {
    if (to == from) return;
    hopt_result_clear(to);
    *to = *from;
    to->status_fail = hopt_strdup(from->status_fail);
    to->extras = from->extras ? json_deep_copy(from->extras) : NULL;
    to->error_type = hopt_strdup(from->error_type);
    to->error_message = hopt_strdup(from->error_message);
    to->stop = hopt_strdup(from->stop);
}

hopt_trial *hopt_trial_new(void) {
    return hopt_zalloc(1, sizeof(hopt_trial));
}

void hopt_trial_free(hopt_trial *trial) {
    if (!trial) return;
    free(trial->owner);
    free(trial->cmd);
    free(trial->saw);
    json_decref(trial->view);
    free(trial->by);
    free(trial->worker);
    json_decref(trial->vals);
    json_decref(trial->params);
    hopt_result_clear(&trial->result);
    free(trial->stored);
    free(trial);
}

void hopt_trials_add(hopt_trials *trials, hopt_trial *trial) {
    trials->list = hopt_grow(trials->list, trials->count, &trials->capacity, sizeof(void *));
    trials->list[trials->count++] = trial;
}

void hopt_trials_clear(hopt_trials *trials) {
    for (size_t i = 0; i < trials->count; i++)
        hopt_trial_free(trials->list[i]);
    free(trials->list);
    memset(trials, 0, sizeof *trials);
}

hopt_status hopt_trial_point(double *point, const hopt_trial *trial, const hopt_space *space,
                             hopt_error *err) {
    hopt_status status = hopt_space_from_vals(space, point, trial->vals, err);
    if (status != HOPT_OK) hopt_error_prefix(err, "trial %d", trial->num);
    return status;
}
