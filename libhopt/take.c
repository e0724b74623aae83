/*
 * Taking a trial. What is known of the trials is kept between calls: each one reads the trials
 * above the highest known num and the open set, and of these only what is new or has ended. A
 * proposal whose slot somebody else took can't be unsaid to the sampler: then all is read anew.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/sys/clock.h"
#include "common/sys/host.h"
#include "libhopt/libhopt_internal.h"
#include "master/slots.h"

enum { PAGE = 1000, RACES_MAX = 1000, RECORD_AGE_MS = 1000 };

void hopt_lib__forget(hopt_study *study) {
    hopt_proposer_close(study->proposer);
    free(study->open);
    study->proposer = NULL;
    study->open = NULL;
    study->n_open = study->open_capacity = 0;
    study->last = -1;
    study->next = 0;
}

hopt_status hopt_lib__record(hopt_study *study, int64_t age_ms, hopt_error *err) {
    int64_t now_ms = hopt_clock_mono_ms();
    hopt_study_record *record;
    if (study->record_ms && now_ms - study->record_ms < age_ms) return HOPT_OK;
    hopt_status status = hopt_store_study(study->store, &record, study->spec->name, err);
    if (status == HOPT_ENOTFOUND)
        return hopt_error_set(err, HOPT_ECONFLICT, "study %s was deleted", study->spec->name);
    if (status != HOPT_OK) return status;
    bool same = memcmp(record->prefix, study->record->prefix, sizeof record->prefix) == 0;
    if (!same) {
        hopt_study_free(record);
        return hopt_error_set(err, HOPT_ECONFLICT, "study %s was deleted and made again",
                              study->spec->name);
    }
    hopt_study_free(study->record);
    study->record = record;
    study->record_ms = now_ms;
    return HOPT_OK;
}

/* ---- what is known ---- */

static size_t open_index(const hopt_study *study, int num) {
    size_t low = 0, high = study->n_open;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (study->open[middle] < num)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void note_open(hopt_study *study, int num, bool open) {
    size_t at = open_index(study, num);
    bool known = at < study->n_open && study->open[at] == num;
    if (known == open) return;
    if (open) {
        study->open =
            hopt_grow(study->open, study->n_open, &study->open_capacity, sizeof *study->open);
        memmove(study->open + at + 1, study->open + at, (study->n_open - at) * sizeof *study->open);
        study->open[at] = num;
        study->n_open++;
    } else {
        study->n_open--;
        memmove(study->open + at, study->open + at + 1, (study->n_open - at) * sizeof *study->open);
    }
}

static void note_best(hopt_study *study, const hopt_trial *trial) {
    const hopt_result *result = &trial->result;
    if (trial->state != HOPT_DONE || !result->ok || !result->has_loss) return;
    if (study->has_best && study->best <= result->loss) return;
    study->has_best = true;
    study->best = result->loss;
}

/* Values that don't fit the space are left out, as a master does; the slot is taken all the same.
 */
static void take_up(hopt_study *study, const hopt_trial *trial) {
    hopt_error ignored;
    hopt_status status = hopt_proposer_add(study->proposer, trial, &ignored);
    bool terminal = hopt_state_terminal(trial->state);
    note_open(study, trial->num, !terminal && status == HOPT_OK);
    if (trial->num > study->last) study->last = trial->num;
    if (status == HOPT_OK) note_best(study, trial);
}

void hopt_lib__note(hopt_study *study, const hopt_trial *trial) {
    if (study->proposer) take_up(study, trial);
}

static hopt_status read_higher(hopt_study *study, hopt_error *err) {
    for (bool more = true; more;) {
        hopt_trials trials = {0};
        hopt_trial_query query = {
            .study = study->spec->name, .after = study->last, .limit = PAGE, .brief = true};
        hopt_status status = hopt_store_trials(study->store, &trials, &query, NULL, err);
        if (status == HOPT_OK)
            for (size_t i = 0; i < trials.count; i++)
                take_up(study, trials.list[i]);
        more = trials.count == PAGE;
        hopt_trials_clear(&trials);
        if (status != HOPT_OK) return status;
    }
    return HOPT_OK;
}

static hopt_status read_nums(hopt_study *study, const int *nums, size_t count, hopt_error *err) {
    hopt_status status = HOPT_OK;
    for (size_t from = 0; from < count && status == HOPT_OK; from += PAGE) {
        size_t n = count - from < PAGE ? count - from : PAGE;
        hopt_trials trials = {0};
        status =
            hopt_store_trials_by_num(study->store, &trials, study->spec->name, nums + from, n, err);
        for (size_t i = 0; status == HOPT_OK && i < trials.count; i++)
            take_up(study, trials.list[i]);
        hopt_trials_clear(&trials);
    }
    return status;
}

static void count_open(hopt_study *study, const hopt_open_trial *list, size_t count) {
    study->n_new = study->n_others = 0;
    for (size_t i = 0; i < count; i++) {
        if (list[i].state == HOPT_NEW)
            study->n_new++;
        else if (!hopt_reaper_asked(list[i].owner) && strcmp(list[i].owner, study->owner) != 0)
            study->n_others++;
    }
}

/* Known open ones that are no longer open, and open ones that were not known (a hole was filled, an
 * error is tried again). */
static hopt_status read_differences(hopt_study *study, const hopt_open_trial *now, size_t n_now,
                                    hopt_error *err) {
    int *nums = hopt_alloc((study->n_open + n_now + 1) * sizeof *nums);
    size_t n = 0, i = 0, j = 0;
    while (i < study->n_open || j < n_now) {
        if (j == n_now || (i < study->n_open && study->open[i] < now[j].num))
            nums[n++] = study->open[i++];
        else if (i == study->n_open || now[j].num < study->open[i])
            nums[n++] = now[j++].num;
        else
            i++, j++;
    }
    hopt_status status = read_nums(study, nums, n, err);
    free(nums);
    return status;
}

hopt_status hopt_lib__catch_up(hopt_study *study, hopt_error *err) {
    hopt_open_trial *list;
    size_t count;
    if (!study->proposer) {
        hopt_status status = hopt_proposer_open(&study->proposer, study->spec, study->seed, err);
        if (status != HOPT_OK) return status;
    }
    hopt_status status = read_higher(study, err);
    if (status == HOPT_OK)
        status = hopt_store_open_set(study->store, &list, &count, study->spec->name, err);
    if (status != HOPT_OK) return status;
    count_open(study, list, count);
    status = read_differences(study, list, count, err);
    free(list);
    return status;
}

/* ---- taking ---- */

static hopt_status check_active(hopt_study *study, hopt_error *err) {
    hopt_status status = hopt_lib__record(study, RECORD_AGE_MS, err);
    if (status != HOPT_OK) return status;
    const hopt_study_record *record = study->record;
    if (record->state == HOPT_STUDY_ACTIVE) return HOPT_OK;
    study->record_ms = 0; /* it may be active the next moment */
    return hopt_error_set(err, HOPT_ECONFLICT, "study %s is %s (%s)", record->name,
                          hopt_study_state_name(record->state),
                          record->reason ? record->reason : "no reason");
}

/* The queue first: what a dead process left, what a person added. */
static hopt_status claim(hopt_study *study, const char *owner, hopt_trial **trial,
                         hopt_error *err) {
    hopt_status status = hopt_store_claim(study->store, trial, study->spec->name, owner, err);
    if (status != HOPT_OK) return status;
    take_up(study, *trial);
    return HOPT_OK;
}

static int free_slot(hopt_study *study) {
    while (hopt_proposer_knows(study->proposer, study->next))
        study->next++;
    return study->next;
}

static hopt_status full(const hopt_study *study, hopt_error *err) {
    return hopt_error_set(err, HOPT_ECONFLICT, "study %s has its %d trials", study->spec->name,
                          study->max_trials);
}

/* Propose for the next free slot (at `point` where one is given) and put it there; `owner` NULL:
 * into the queue. */
static hopt_status propose(hopt_study *study, const char *owner, const double *point,
                           hopt_trial **trial, hopt_error *err) {
    for (int races = 0; races < RACES_MAX; races++) {
        int num = free_slot(study);
        if (num >= study->max_trials) return full(study, err);
        hopt_status status = HOPT_OK;
        if (point)
            *trial = hopt_proposer_give(study->proposer, num, point);
        else
            status = hopt_proposer_propose(study->proposer, trial, num, err);
        if (status != HOPT_OK) return status;
        status = hopt_slot_insert(study->store, study->record, *trial, owner, err);
        if (status == HOPT_OK) {
            note_open(study, num, true);
            if (num > study->last) study->last = num;
            return HOPT_OK;
        }
        hopt_trial_free(*trial);
        *trial = NULL;
        hopt_lib__forget(study);
        if (status != HOPT_ECONFLICT) return status;
        status = hopt_lib__catch_up(study, err);
        if (status != HOPT_OK) return status;
    }
    return hopt_error_set(err, HOPT_ESTORE, "others took %d slots in a row", RACES_MAX);
}

static hopt_status take(hopt_study *study, const char *owner, int batch, const double *point,
                        hopt_trial **trial, hopt_error *err) {
    hopt_status status = check_active(study, err);
    if (status == HOPT_OK) status = hopt_lib__catch_up(study, err);
    if (status != HOPT_OK) return status;
    if (study->n_new > 0 && !point) {
        status = claim(study, owner, trial, err);
        if (status != HOPT_ENOTFOUND) return status;
        study->n_new = 0; /* what is there can't be had: taken meanwhile, or damaged */
    }
    status = propose(study, owner, point, trial, err);
    for (int i = 1; i < batch && status == HOPT_OK; i++) {
        hopt_trial *queued;
        hopt_error ignored;
        if (propose(study, NULL, NULL, &queued, &ignored) != HOPT_OK) break;
        hopt_trial_free(queued);
    }
    return status;
}

/* The calls of one take are one transaction where the store can. */
static hopt_status visit(hopt_study *study, const char *owner, int batch, const double *point,
                         hopt_trial **trial, hopt_error *err) {
    hopt_status status = hopt_store_visit_begin(study->store, err);
    if (status != HOPT_OK) return status;
    hopt_error end_error;
    status = take(study, owner, batch, point, trial, err);
    hopt_status end = hopt_store_visit_end(study->store, &end_error);
    if (end == HOPT_OK) return status;
    /* Nothing of it may have happened. */
    hopt_lib__forget(study);
    hopt_trial_free(*trial);
    *trial = NULL;
    if (err) *err = end_error;
    return end;
}

hopt_status hopt_lib__take(hopt_study *study, bool leased, int batch, const double *point,
                           hopt_eval **eval, hopt_error *err) {
    hopt_trial *trial = NULL;
    const char *owner = leased ? study->owner : study->ask_owner;
    *eval = NULL;
    pthread_mutex_lock(&study->mutex);
    hopt_status status = visit(study, owner, batch, point, &trial, err);
    if (status == HOPT_OK) {
        *eval = hopt_lib__eval_new(study, trial, owner, err);
        if (!*eval) status = HOPT_EINVAL;
    }
    if (status == HOPT_OK && leased) hopt_lib__hold(*eval);
    pthread_mutex_unlock(&study->mutex);
    return status;
}
