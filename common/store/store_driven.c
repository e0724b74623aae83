/* The store's front for the trials of a Python driver. */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/store/driven.h"
#include "common/store/store_internal.h"

enum { EXP_KEY_MAX = 1000, NAME_MAX_BYTES = 255 };

/* ---- checks ---- */

static hopt_status check(const hopt_store *store, hopt_error *err) {
    if (!store->ops->driven)
        return hopt_error_set(err, HOPT_EINVAL,
                              "%s: a Python driver's trials are in MongoDB only, where hyperopt's "
                              "MongoTrials puts them",
                              store->name);
    return hopt_store__check_writable(store, err);
}

static hopt_status check_key(const hopt_store *store, const char *exp_key, hopt_error *err) {
    hopt_status status = check(store, err);
    if (status) return status;
    if (exp_key && exp_key[0] && strlen(exp_key) <= EXP_KEY_MAX) return HOPT_OK;
    return hopt_error_set(err, HOPT_EINVAL, "an exp_key is 1 to %d bytes", EXP_KEY_MAX);
}

static hopt_status check_owned(const hopt_store *store, const char *exp_key, const char *owner,
                               hopt_error *err) {
    hopt_status status = check_key(store, exp_key, err);
    return status ? status : hopt_store__check_owner(owner, err);
}

static hopt_status check_lease(const hopt_store *store, const hopt_lease *lease, hopt_error *err) {
    hopt_status status = check(store, err);
    return status ? status : hopt_store__check_owner(lease->owner, err);
}

static hopt_status check_file(const char *name, size_t length, hopt_error *err) {
    size_t size = name ? strlen(name) : 0;
    if (size < 1 || size > NAME_MAX_BYTES)
        return hopt_error_set(err, HOPT_EINVAL, "an attachment's name is 1 to %d bytes",
                              NAME_MAX_BYTES);
    if (length <= HOPT_ATTACHMENT_MAX) return HOPT_OK;
    return hopt_error_set(err, HOPT_EINVAL, "attachment %s: %zu bytes, at most %zu", name, length,
                          HOPT_ATTACHMENT_MAX);
}

static hopt_status keep_or_drop(hopt_trials *list, size_t before, hopt_status status) {
    while (status && list->count > before)
        hopt_trial_free(list->list[--list->count]);
    return status;
}

/* ---- the queue ---- */

hopt_status hopt_driven_claim(hopt_store *store, hopt_trials *out, const char *exp_key,
                              const char *owner, size_t n, hopt_error *err) {
    size_t before = out->count;
    hopt_status status = check_owned(store, exp_key, owner, err);
    if (status || n == 0) return status;
    status = store->ops->driven->claim(store->self, out, exp_key, owner, n, err);
    return keep_or_drop(out, before, status);
}

hopt_status hopt_driven_mine(hopt_store *store, hopt_trials *out, const char *exp_key,
                             const char *owner, hopt_error *err) {
    size_t before = out->count;
    hopt_status status = check_owned(store, exp_key, owner, err);
    if (!status) status = store->ops->driven->mine(store->self, out, exp_key, owner, err);
    return keep_or_drop(out, before, status);
}

hopt_status hopt_driven_beat(hopt_store *store, const hopt_lease *lease, hopt_error *err) {
    hopt_status status = check_lease(store, lease, err);
    return status ? status : store->ops->driven->beat(store->self, lease, err);
}

hopt_status hopt_driven_checkpoint(hopt_store *store, const hopt_lease *lease, const char *result,
                                   hopt_error *err) {
    hopt_status status = check_lease(store, lease, err);
    return status ? status : store->ops->driven->checkpoint(store->self, lease, result, err);
}

hopt_status hopt_driven_finish(hopt_store *store, const hopt_lease *lease,
                               const hopt_result *result, const char *document, hopt_error *err) {
    hopt_status status = check_lease(store, lease, err);
    if (status) return status;
    if (result->state != HOPT_ERROR && (result->state != HOPT_DONE || !document))
        return hopt_error_set(err, HOPT_EINVAL,
                              "trial %s ends as DONE with a document, or as ERROR", lease->study);
    return store->ops->driven->finish(store->self, lease, result, document, err);
}

hopt_status hopt_driven_release(hopt_store *store, const hopt_lease *lease, hopt_error *err) {
    hopt_status status = check_lease(store, lease, err);
    return status ? status : store->ops->driven->release(store->self, lease, err);
}

hopt_status hopt_driven_running(hopt_store *store, hopt_open_trial **list, size_t *count,
                                const char *exp_key, hopt_error *err) {
    *list = NULL;
    *count = 0;
    hopt_status status = check_key(store, exp_key, err);
    if (!status) status = store->ops->driven->running(store->self, list, count, exp_key, err);
    if (status) {
        free(*list);
        *list = NULL;
        *count = 0;
    }
    return status;
}

hopt_status hopt_driven_expire(hopt_store *store, const hopt_open_trial *seen, int max_attempts,
                               hopt_error *err) {
    hopt_status status = check(store, err);
    if (status) return status;
    if (max_attempts < 1) return hopt_error_set(err, HOPT_EINVAL, "max_attempts is 1 at least");
    if (seen->state != HOPT_RUNNING)
        return hopt_error_set(err, HOPT_ECONFLICT, "trial %d has no lease", seen->num);
    return store->ops->driven->expire(store->self, seen, max_attempts, err);
}

/* ---- attachments ---- */

hopt_status hopt_driven_attach(hopt_store *store, const hopt_lease *lease, const char *name,
                               const void *data, size_t length, hopt_error *err) {
    hopt_status status = check_lease(store, lease, err);
    if (!status) status = check_file(name, length, err);
    return status ? status
                  : store->ops->driven->attach(store->self, lease, name, data, length, err);
}

hopt_status hopt_driven_file(hopt_store *store, const char *exp_key, const char *name,
                             char id[HOPT_FILE_ID_SIZE], hopt_error *err) {
    id[0] = '\0';
    hopt_status status = check_key(store, exp_key, err);
    if (!status) status = check_file(name, 0, err);
    return status ? status : store->ops->driven->file(store->self, exp_key, name, id, err);
}

hopt_status hopt_driven_download(hopt_store *store, const char *id, int fd, hopt_error *err) {
    hopt_status status = check(store, err);
    return status ? status : store->ops->driven->download(store->self, id, fd, err);
}

hopt_status hopt_driven_put(hopt_store *store, const char *exp_key, const char *name,
                            const void *data, size_t length, hopt_error *err) {
    hopt_status status = check_key(store, exp_key, err);
    if (!status) status = check_file(name, length, err);
    return status ? status : store->ops->driven->put(store->self, exp_key, name, data, length, err);
}

hopt_status hopt_driven_files(hopt_store *store, const char *exp_key, char ***names, size_t *count,
                              hopt_error *err) {
    *names = NULL;
    *count = 0;
    hopt_status status = check_key(store, exp_key, err);
    if (!status) status = store->ops->driven->files(store->self, exp_key, names, count, err);
    return hopt_store__end_names(names, count, status);
}
