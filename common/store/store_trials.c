/* The store's front: trials, their curves, logs and attachments. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/store/store_internal.h"

enum { BATCH = 1000 /* trials a transaction or command */, LIMIT_DEFAULT = 1000 };
enum { ATTACHMENT_NAME_MAX = 255, WHY_MAX = 31 };

/* ---- checks ---- */

static hopt_status check_trial(const hopt_trial *trial, hopt_error *err) {
    hopt_status status = hopt_store__check_study(trial->study, err);
    if (status) return status;
    if (trial->num < 0 || trial->num >= 1 << 24 || trial->seed > INT64_MAX || trial->tid < 0)
        return hopt_error_set(err, HOPT_EINVAL, "trial %d of %s: num, tid or seed out of range",
                              trial->num, trial->study);
    return HOPT_OK;
}

static hopt_status check_lease(const hopt_store *store, const hopt_lease *lease, hopt_error *err) {
    hopt_status status = hopt_store__check_write(store, lease->study, err);
    return status ? status : hopt_store__check_owner(lease->owner, err);
}

static hopt_status check_result(const hopt_lease *lease, const hopt_result *result,
                                hopt_error *err) {
    bool bad_loss = result->has_loss ? !isfinite(result->loss) : result->ok;
    if (!hopt_state_allows(HOPT_RUNNING, HOPT_EVENT_FINISH, result->state) ||
        (result->state == HOPT_DONE && bad_loss))
        return hopt_error_set(err, HOPT_EINVAL,
                              "trial %d of %s: a result is DONE, ERROR or CANCEL, and a loss is "
                              "finite",
                              hopt_trial_id_num(&lease->id), lease->study);
    return HOPT_OK;
}

static hopt_status check_why(const char *why, hopt_error *err) {
    if (why && why[0] && strlen(why) <= WHY_MAX) return HOPT_OK;
    return hopt_error_set(err, HOPT_EINVAL, "a reason to stop is 1 to %d bytes", WHY_MAX);
}

/* On failure, what a driver has appended is taken back. */
static hopt_status keep_or_drop(hopt_trials *list, size_t before, hopt_status status) {
    while (status && list->count > before)
        hopt_trial_free(list->list[--list->count]);
    return status;
}

/* ---- the queue ---- */

hopt_status hopt_store_tids(hopt_store *store, int64_t *first, int n, hopt_error *err) {
    *first = 0;
    hopt_status status = hopt_store__check_writable(store, err);
    if (status) return status;
    if (n < 1 || n > HOPT_TRIALS_MAX)
        return hopt_error_set(err, HOPT_EINVAL, "%d trial numbers are too few or too many", n);
    return store->ops->tids(store->self, first, n, err);
}

hopt_status hopt_store_enqueue(hopt_store *store, hopt_trial *const *trials, size_t n,
                               size_t *inserted, hopt_error *err) {
    *inserted = 0;
    hopt_status status = hopt_store__check_writable(store, err);
    for (size_t i = 0; i < n && !status; i++) {
        status = check_trial(trials[i], err);
        if (!status && trials[i]->state != HOPT_NEW)
            status = hopt_error_set(err, HOPT_EINVAL, "trial %d is not new", trials[i]->num);
    }
    for (size_t at = 0; at < n && !status; at += BATCH) {
        size_t size = n - at < BATCH ? n - at : BATCH, done = 0;
        status = store->ops->enqueue(store->self, trials + at, size, &done, err);
        *inserted += done;
    }
    return status;
}

hopt_status hopt_store_import(hopt_store *store, hopt_trial *const *trials, size_t n,
                              size_t *inserted, hopt_error *err) {
    *inserted = 0;
    hopt_status status = hopt_store__check_writable(store, err);
    for (size_t i = 0; i < n && !status; i++)
        status = check_trial(trials[i], err);
    for (size_t at = 0; at < n && !status; at += BATCH) {
        size_t size = n - at < BATCH ? n - at : BATCH, done = 0;
        status = store->ops->import_trials(store->self, trials + at, size, &done, err);
        *inserted += done;
    }
    return status;
}

/* A driver's word is checked where it comes back: a claimed trial is RUNNING and ours. */
static hopt_status check_claimed(const hopt_trials *list, size_t from, const char *study,
                                 const char *owner, hopt_error *err) {
    for (size_t i = from; i < list->count; i++) {
        const hopt_trial *trial = list->list[i];
        if (trial->state != HOPT_RUNNING || trial->lease < 1 || !trial->owner ||
            strcmp(trial->owner, owner) != 0 || strcmp(trial->study, study) != 0)
            return hopt_error_set(err, HOPT_ESTORE,
                                  "trial %d of %s: the store gave away what it "
                                  "did not claim",
                                  trial->num, study);
    }
    return HOPT_OK;
}

hopt_status hopt_store_claim_many(hopt_store *store, hopt_trials *out, const char *study,
                                  const char *owner, size_t n, hopt_error *err) {
    size_t before = out->count;
    hopt_status status = hopt_store__check_write(store, study, err);
    if (!status) status = hopt_store__check_owner(owner, err);
    if (status) return status;
    if (n == 0) return HOPT_OK;
    status = store->ops->claim_many(store->self, out, study, owner, n < BATCH ? n : BATCH, err);
    if (!status) status = check_claimed(out, before, study, owner, err);
    return keep_or_drop(out, before, status);
}

hopt_status hopt_store_claim(hopt_store *store, hopt_trial **out, const char *study,
                             const char *owner, hopt_error *err) {
    hopt_trials list = {0};
    *out = NULL;
    hopt_status status = hopt_store_claim_many(store, &list, study, owner, 1, err);
    if (!status) {
        HOPT_ASSERT(list.count == 1);
        *out = list.list[0];
        list.count = 0;
    }
    hopt_trials_clear(&list);
    return status;
}

hopt_status hopt_store_mine(hopt_store *store, hopt_trials *out, const char *study,
                            const char *owner, hopt_error *err) {
    size_t before = out->count;
    hopt_status status = hopt_store__check_study(study, err);
    if (!status) status = hopt_store__check_owner(owner, err);
    if (!status) status = store->ops->mine(store->self, out, study, owner, err);
    if (!status) status = check_claimed(out, before, study, owner, err);
    return keep_or_drop(out, before, status);
}

hopt_status hopt_store_beat(hopt_store *store, const hopt_lease *lease, int64_t step, char stop[32],
                            hopt_error *err) {
    stop[0] = '\0';
    hopt_status status = check_lease(store, lease, err);
    return status ? status : store->ops->beat(store->self, lease, step, stop, err);
}

hopt_status hopt_store_beat_many(hopt_store *store, hopt_beat *beats, size_t n, hopt_error *err) {
    hopt_status status = HOPT_OK;
    for (size_t i = 0; i < n && !status; i++) {
        beats[i].stop[0] = '\0';
        status = check_lease(store, &beats[i].lease, err);
    }
    if (status) return status;
    if (n > 1 && store->ops->beat_many) return store->ops->beat_many(store->self, beats, n, err);
    for (size_t i = 0; i < n; i++) {
        hopt_beat *one = &beats[i];
        one->status = store->ops->beat(store->self, &one->lease, one->step, one->stop, err);
        if (one->status != HOPT_OK && one->status != HOPT_ECONFLICT) return one->status;
    }
    return HOPT_OK;
}

hopt_status hopt_store_finish_many(hopt_store *store, hopt_finish *ends, size_t n,
                                   hopt_error *err) {
    hopt_status status = HOPT_OK;
    for (size_t i = 0; i < n && !status; i++) {
        status = check_lease(store, &ends[i].lease, err);
        if (!status) status = check_result(&ends[i].lease, ends[i].result, err);
    }
    for (size_t at = 0; at < n && !status; at += BATCH)
        status =
            store->ops->finish_many(store->self, ends + at, n - at < BATCH ? n - at : BATCH, err);
    return status;
}

hopt_status hopt_store_finish(hopt_store *store, const hopt_lease *lease, const hopt_result *result,
                              hopt_error *err) {
    hopt_finish end = {.lease = *lease, .result = result};
    hopt_status status = hopt_store_finish_many(store, &end, 1, err);
    if (status || end.status == HOPT_OK) return status;
    return hopt_error_set(err, end.status, "trial %d of %s: lease %d of %s is lost",
                          hopt_trial_id_num(&lease->id), lease->study, lease->lease, lease->owner);
}

hopt_status hopt_store_release(hopt_store *store, const hopt_lease *lease, hopt_error *err) {
    hopt_status status = check_lease(store, lease, err);
    return status ? status : store->ops->release(store->self, lease, err);
}

/* ---- the master ---- */

hopt_status hopt_store_open_set(hopt_store *store, hopt_open_trial **list, size_t *count,
                                const char *study, hopt_error *err) {
    *list = NULL;
    *count = 0;
    hopt_status status = hopt_store__check_study(study, err);
    if (!status) status = store->ops->open_set(store->self, list, count, study, err);
    if (status) {
        free(*list);
        *list = NULL;
        *count = 0;
    }
    return status;
}

hopt_status hopt_store_expire(hopt_store *store, const char *study, const hopt_open_trial *seen,
                              int max_attempts, hopt_error *err) {
    hopt_status status = hopt_store__check_write(store, study, err);
    if (status) return status;
    if (max_attempts < 1) return hopt_error_set(err, HOPT_EINVAL, "max_attempts is 1 at least");
    if (seen->state != HOPT_RUNNING)
        return hopt_error_set(err, HOPT_ECONFLICT, "trial %d has no lease", seen->num);
    return store->ops->expire(store->self, study, seen, max_attempts, err);
}

hopt_status hopt_store_cancel_new(hopt_store *store, const char *study, int from, const char *why,
                                  int64_t *changed, hopt_error *err) {
    int64_t count = 0;
    hopt_status status = hopt_store__check_write(store, study, err);
    if (!status) status = check_why(why, err);
    if (!status)
        status = store->ops->cancel_new(store->self, study, from < 0 ? 0 : from, why, &count, err);
    if (changed) *changed = count;
    return status;
}

hopt_status hopt_store_stop_running(hopt_store *store, const char *study, int num, const char *why,
                                    hopt_error *err) {
    hopt_status status = hopt_store__check_write(store, study, err);
    if (!status) status = check_why(why, err);
    return status ? status
                  : store->ops->stop_running(store->self, study, num < 0 ? -1 : num, why, err);
}

hopt_status hopt_store_retry(hopt_store *store, const char *study, int num, hopt_error *err) {
    hopt_status status = hopt_store__check_write(store, study, err);
    return status ? status : store->ops->retry(store->self, study, num, err);
}

/* ---- reading ---- */

hopt_status hopt_store_trials(hopt_store *store, hopt_trials *out, const hopt_trial_query *query,
                              int64_t *malformed, hopt_error *err) {
    hopt_trial_query checked = *query;
    size_t before = out->count;
    int64_t skipped = 0;
    hopt_status status = hopt_store__check_study(query->study, err);
    if (checked.limit <= 0) checked.limit = LIMIT_DEFAULT;
    if (checked.after < -1) checked.after = -1;
    if (!status) status = store->ops->trials(store->self, out, &checked, &skipped, err);
    if (malformed) *malformed = skipped;
    return keep_or_drop(out, before, status);
}

static int ascending(const void *left, const void *right) {
    int a = *(const int *)left, b = *(const int *)right;
    return a < b ? -1 : a > b;
}

hopt_status hopt_store_trials_by_num(hopt_store *store, hopt_trials *out, const char *study,
                                     const int *nums, size_t n, hopt_error *err) {
    size_t before = out->count, kept = 0;
    hopt_status status = hopt_store__check_study(study, err);
    if (status || n == 0) return status;
    int *sorted = hopt_alloc(n * sizeof *sorted); /* drivers get them ascending, each once */
    memcpy(sorted, nums, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, ascending);
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || sorted[i] != sorted[kept - 1]) sorted[kept++] = sorted[i];
    }
    for (size_t at = 0; at < kept && !status; at += BATCH)
        status = store->ops->trials_by_num(store->self, out, study, sorted + at,
                                           kept - at < BATCH ? kept - at : BATCH, err);
    free(sorted);
    return keep_or_drop(out, before, status);
}

hopt_status hopt_store_trial(hopt_store *store, hopt_trial **out, const char *study, int num,
                             hopt_error *err) {
    hopt_trials list = {0};
    *out = NULL;
    hopt_status status = hopt_store_trials_by_num(store, &list, study, &num, 1, err);
    if (!status && list.count == 0)
        status = hopt_error_set(err, HOPT_ENOTFOUND, "study %s has no trial %d", study, num);
    if (!status) {
        *out = list.list[0];
        list.list[0] = NULL;
    }
    hopt_trials_clear(&list);
    return status;
}

hopt_status hopt_store_counts(hopt_store *store, const char *study, int64_t counts[HOPT_STATES],
                              hopt_error *err) {
    memset(counts, 0, sizeof counts[0] * HOPT_STATES);
    hopt_status status = hopt_store__check_study(study, err);
    return status ? status : store->ops->counts(store->self, study, counts, err);
}

hopt_status hopt_store_best(hopt_store *store, hopt_trial **out, const char *study,
                            hopt_error *err) {
    *out = NULL;
    hopt_status status = hopt_store__check_study(study, err);
    return status ? status : store->ops->best(store->self, out, study, err);
}

hopt_status hopt_store_foreign(hopt_store *store, const char *exp_key,
                               hopt_store_each_document each, void *data, hopt_error *err) {
    if (!store->ops->foreign)
        return hopt_error_set(err, HOPT_EINVAL, "%s holds no trials of Python's hyperopt",
                              store->name);
    return store->ops->foreign(store->self, exp_key, each, data, err);
}

/* ---- curves, logs, attachments ---- */

hopt_status hopt_store_report(hopt_store *store, const hopt_trial_id *id, int lease,
                              const int64_t *steps, const double *losses, size_t n,
                              hopt_error *err) {
    hopt_status status = hopt_store__check_writable(store, err);
    if (status || n == 0) return status;
    return store->ops->report(store->self, id, lease, steps, losses, n, err);
}

hopt_status hopt_store_reports(hopt_store *store, hopt_reports *out, const hopt_trial_id *id,
                               hopt_error *err) {
    *out = (hopt_reports){0};
    hopt_status status = store->ops->reports(store->self, out, id, err);
    if (status) hopt_reports_clear(out);
    return status;
}

hopt_status hopt_store_put_log(hopt_store *store, const hopt_trial_id *id, const hopt_log_text *log,
                               hopt_error *err) {
    hopt_status status = hopt_store__check_writable(store, err);
    if (status) return status;
    if (log->head_length > HOPT_LOG_PART_MAX || log->tail_length > HOPT_LOG_PART_MAX)
        return hopt_error_set(err, HOPT_EINVAL, "a part of a log is at most %d bytes",
                              HOPT_LOG_PART_MAX);
    return store->ops->put_log(store->self, id, log, err);
}

hopt_status hopt_store_log(hopt_store *store, hopt_log_text *out, const hopt_trial_id *id,
                           hopt_error *err) {
    *out = (hopt_log_text){0};
    hopt_status status = store->ops->log(store->self, out, id, err);
    if (status) hopt_log_text_clear(out);
    return status;
}

static hopt_status check_attachment(const char *name, hopt_error *err) {
    size_t length = name ? strlen(name) : 0;
    if (length >= 1 && length <= ATTACHMENT_NAME_MAX) return HOPT_OK;
    return hopt_error_set(err, HOPT_EINVAL, "an attachment's name is 1 to %d bytes",
                          ATTACHMENT_NAME_MAX);
}

hopt_status hopt_store_attach(hopt_store *store, const hopt_trial_id *id, const char *name,
                              const void *data, size_t length, hopt_error *err) {
    hopt_status status = hopt_store__check_writable(store, err);
    if (!status) status = check_attachment(name, err);
    if (status) return status;
    if (length > HOPT_ATTACHMENT_MAX)
        return hopt_error_set(err, HOPT_EINVAL, "attachment %s: %zu bytes, at most %zu", name,
                              length, HOPT_ATTACHMENT_MAX);
    return store->ops->attach(store->self, id, name, data, length, err);
}

hopt_status hopt_store_attachments(hopt_store *store, char ***names, size_t *count,
                                   const hopt_trial_id *id, hopt_error *err) {
    *names = NULL;
    *count = 0;
    return hopt_store__end_names(names, count,
                                 store->ops->attachments(store->self, names, count, id, err));
}

hopt_status hopt_store_attachment(hopt_store *store, void **data, size_t *length,
                                  const hopt_trial_id *id, const char *name, hopt_error *err) {
    *data = NULL;
    *length = 0;
    hopt_status status = check_attachment(name, err);
    return status ? status : store->ops->attachment(store->self, data, length, id, name, err);
}
