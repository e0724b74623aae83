/* The store's front: opening, studies, leadership, workers, health. Arguments are checked here once
 * for all drivers. */
#include "common/store/store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/store/store_internal.h"
#include "common/store/store_observed.h"
#include "common/store/uri.h"
#include "common/sys/clock.h"

enum { TIMEOUT_MS_DEFAULT = 10000, TIMEOUT_MS_MIN = 1000, TIMEOUT_MS_MAX = 60000 };
enum { NAME_SIZE = 1024 };

/* ---- checks ---- */

hopt_status hopt_store__check_study(const char *name, hopt_error *err) {
    if (name && hopt_study_name_valid(name)) return HOPT_OK;
    return hopt_error_set(err, HOPT_EINVAL,
                          "a study's name is 1 to 64 of the characters A-Z a-z 0-9 . _ -");
}

hopt_status hopt_store__check_writable(const hopt_store *store, hopt_error *err) {
    if (!store->read_only) return HOPT_OK;
    return hopt_error_set(err, HOPT_EUNAVAILABLE, "%s: opened for reading only", store->name);
}

hopt_status hopt_store__check_write(const hopt_store *store, const char *study, hopt_error *err) {
    hopt_status status = hopt_store__check_writable(store, err);
    return status ? status : hopt_store__check_study(study, err);
}

hopt_status hopt_store__check_owner(const char *text, hopt_error *err) {
    size_t length = text ? strlen(text) : 0;
    if (length > 0 && length < HOPT_OWNER_MAX) return HOPT_OK;
    return hopt_error_set(err, HOPT_EINVAL, "an owner is 1 to %d bytes", HOPT_OWNER_MAX - 1);
}

hopt_status hopt_store__end_names(char ***names, size_t *count, hopt_status status) {
    if (status == HOPT_OK) {
        *names = hopt_realloc(*names, *count + 1, sizeof **names);
        (*names)[*count] = NULL;
        return HOPT_OK;
    }
    for (size_t i = 0; i < *count; i++)
        free((*names)[i]);
    free(*names);
    *names = NULL;
    *count = 0;
    return status;
}

/* ---- opening ---- */

static const hopt_store_driver_ops *driver_of(hopt_store_kind kind) {
    if (kind == HOPT_STORE_KIND_SQLITE) return &hopt_store_sqlite;
#ifdef HOPT_STORE_MONGO
    return &hopt_store_mongo;
#else
    return NULL;
#endif
}

static hopt_status check_options(hopt_store_options *out, const hopt_store_options *options,
                                 hopt_error *err) {
    *out = options ? *options : (hopt_store_options){0};
    if (out->timeout_ms == 0) out->timeout_ms = TIMEOUT_MS_DEFAULT;
    if (out->timeout_ms < TIMEOUT_MS_MIN || out->timeout_ms > TIMEOUT_MS_MAX)
        return hopt_error_set(err, HOPT_EINVAL, "the store's time-out is %d to %d ms",
                              TIMEOUT_MS_MIN, TIMEOUT_MS_MAX);
    return HOPT_OK;
}

static hopt_status open_driver(const hopt_store_driver_ops **ops, void **self, const char *uri,
                               const hopt_store_options *options, hopt_error *err) {
    const hopt_store_observer *observer = options->observer;
    if (!observer) return (*ops)->open(self, uri, options, err);
    int64_t began_ns = hopt_clock_mono_ns();
    hopt_status status = (*ops)->open(self, uri, options, err);
    hopt_store__tell(observer, HOPT_STORE_OP_OPEN, began_ns, status, 0, 0);
    if (status == HOPT_OK) hopt_store__observe(ops, self, *ops, *self, observer);
    return status;
}

hopt_status hopt_store_open(hopt_store **out, const char *uri, const hopt_store_options *options,
                            hopt_error *err) {
    hopt_store_options checked;
    hopt_store_uri parsed;
    *out = NULL;
    hopt_status status = check_options(&checked, options, err);
    if (status) return status;
    if ((status = hopt_store_uri_parse(&parsed, uri, err))) return status;
    const hopt_store_driver_ops *ops = driver_of(parsed.kind);
    hopt_store_uri_clear(&parsed);
    if (!ops) return hopt_error_set(err, HOPT_EUNAVAILABLE, "this hopt was built without MongoDB");
    void *self = NULL;
    if ((status = open_driver(&ops, &self, uri, &checked, err))) return status;
    char name[NAME_SIZE];
    hopt_store_uri_mask(name, sizeof name, uri);
    hopt_store *store = hopt_zalloc(1, sizeof *store);
    *store = (hopt_store){ops, self, hopt_strdup(name), checked.read_only};
    *out = store;
    return HOPT_OK;
}

void hopt_store_close(hopt_store *store) {
    if (!store) return;
    store->ops->close(store->self);
    free(store->name);
    free(store);
}

const char *hopt_store_name(const hopt_store *store) {
    return store->name;
}

void hopt_store_mask_uri(char *out, size_t size, const char *uri) {
    hopt_store_uri_mask(out, size, uri);
}

const char *hopt_store_driver(const hopt_store *store) {
    return store->ops->name;
}

/* ---- studies ---- */

hopt_status hopt_store_study_create(hopt_store *store, hopt_study_record *study, hopt_error *err) {
    hopt_status status = hopt_store__check_write(store, study->name, err);
    if (status) return status;
    if (!study->spec || study->seed > INT64_MAX)
        return hopt_error_set(err, HOPT_EINVAL, "study %s: no text, or its seed is 2^63 or more",
                              study->name);
    return store->ops->study_create(store->self, study, err);
}

hopt_status hopt_store_study(hopt_store *store, hopt_study_record **out, const char *name,
                             hopt_error *err) {
    *out = NULL;
    hopt_status status = hopt_store__check_study(name, err);
    return status ? status : store->ops->study(store->self, out, name, err);
}

hopt_status hopt_store_studies(hopt_store *store, char ***names, size_t *count, hopt_error *err) {
    *names = NULL;
    *count = 0;
    return hopt_store__end_names(names, count, store->ops->studies(store->self, names, count, err));
}

hopt_status hopt_store_study_update(hopt_store *store, const char *name, int64_t rev, int state,
                                    const char *reason, const char *spec, const char *file_hash,
                                    hopt_error *err) {
    hopt_status status = hopt_store__check_write(store, name, err);
    if (status) return status;
    if (state > HOPT_STUDY_DONE)
        return hopt_error_set(err, HOPT_EINVAL, "there is no study state %d", state);
    return store->ops->study_update(store->self, name, rev, state < 0 ? -1 : state, reason, spec,
                                    file_hash, err);
}

hopt_status hopt_store_study_delete(hopt_store *store, const char *name, hopt_error *err) {
    hopt_status status = hopt_store__check_write(store, name, err);
    return status ? status : store->ops->study_delete(store->self, name, err);
}

/* ---- visits ---- */

hopt_status hopt_store_visit_begin(hopt_store *store, hopt_error *err) {
    hopt_status status = hopt_store__check_writable(store, err);
    return status ? status : store->ops->visit_begin(store->self, err);
}

hopt_status hopt_store_visit_end(hopt_store *store, hopt_error *err) {
    return store->ops->visit_end(store->self, err);
}

/* ---- leadership ---- */

static hopt_status check_lead(const hopt_store *store, const char *name, const char *me,
                              hopt_error *err) {
    hopt_status status = hopt_store__check_write(store, name, err);
    return status ? status : hopt_store__check_owner(me, err);
}

hopt_status hopt_store_lead(hopt_store *store, const char *name, const char *me, int64_t epoch,
                            int64_t beat, hopt_error *err) {
    hopt_status status = check_lead(store, name, me, err);
    if (!status) status = store->ops->lead(store->self, name, me, epoch, beat, err);
    if (status == HOPT_ECONFLICT)
        return hopt_error_set(err, status, "study %s: another master was faster", name);
    return status;
}

static hopt_status say_not_leader(hopt_status status, const char *name, hopt_error *err) {
    if (status == HOPT_ECONFLICT)
        return hopt_error_set(err, status, "study %s: no longer its leader", name);
    return status;
}

hopt_status hopt_store_renew(hopt_store *store, const char *name, const char *me, int64_t epoch,
                             const hopt_study_progress *progress, hopt_error *err) {
    hopt_status status = check_lead(store, name, me, err);
    if (!status && progress->has_best && !isfinite(progress->best_loss))
        return hopt_error_set(err, HOPT_EINVAL, "study %s: its best loss is not finite", name);
    if (!status) status = store->ops->renew(store->self, name, me, epoch, progress, err);
    return say_not_leader(status, name, err);
}

hopt_status hopt_store_abdicate(hopt_store *store, const char *name, const char *me, int64_t epoch,
                                hopt_error *err) {
    hopt_status status = check_lead(store, name, me, err);
    if (!status) status = store->ops->abdicate(store->self, name, me, epoch, err);
    return say_not_leader(status, name, err);
}

/* ---- workers ---- */

hopt_status hopt_store_worker_put(hopt_store *store, const hopt_worker_record *worker,
                                  hopt_error *err) {
    hopt_status status = hopt_store__check_writable(store, err);
    if (!status) status = hopt_store__check_owner(worker->owner, err);
    return status ? status : store->ops->worker_put(store->self, worker, err);
}

hopt_status hopt_store_worker_remove(hopt_store *store, const char *owner, hopt_error *err) {
    hopt_status status = hopt_store__check_writable(store, err);
    if (!status) status = hopt_store__check_owner(owner, err);
    return status ? status : store->ops->worker_remove(store->self, owner, err);
}

hopt_status hopt_store_workers(hopt_store *store, hopt_worker_record **list, size_t *count,
                               hopt_error *err) {
    *list = NULL;
    *count = 0;
    hopt_status status = store->ops->workers(store->self, list, count, err);
    if (status) {
        hopt_worker_records_free(*list, *count);
        *list = NULL;
        *count = 0;
    }
    return status;
}

/* ---- health ---- */

hopt_status hopt_store_version(hopt_store *store, int64_t *token, hopt_error *err) {
    *token = 0;
    return store->ops->version(store->self, token, err);
}

hopt_status hopt_store_health_check(hopt_store *store, hopt_store_health *out, hopt_error *err) {
    memset(out, 0, sizeof *out);
    return store->ops->health(store->self, out, err);
}
