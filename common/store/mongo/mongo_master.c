/* The queue as the master sees it: the open set, and what ends or requeues trials from outside.
 * Only trials of ours are touched (DESIGN §5.4): those of a Python worker have no `hopt`. */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/store/mongo/bson_json.h"
#include "common/store/mongo/bson_trial.h"
#include "common/store/mongo/mongo_internal.h"

/* ---- open set ---- */

/* False for a trial that is not ours, or damaged. */
static bool read_open(hopt_open_trial *out, const bson_t *doc) {
    bson_iter_t at, found;
    *out = (hopt_open_trial){0};
    if (!bson_iter_init_find(&at, doc, "_id") || !hopt_bson_id(&out->id, &at)) return false;
    if (bson_iter_init_find(&at, doc, "owner") && !hopt_bson_owner(out->owner, &at)) return false;
    if (bson_iter_init(&at, doc) && bson_iter_find_descendant(&at, "hopt.worker", &found) &&
        !hopt_bson_name(out->worker, sizeof out->worker, &found))
        return false;
    int64_t lease = hopt_mongo__number(doc, "hopt.lease", -1);
    if (lease < 0 || lease > INT32_MAX) return false;
    out->num = hopt_trial_id_num(&out->id);
    out->state = hopt_mongo__number(doc, "state", 0) ? HOPT_RUNNING : HOPT_NEW;
    out->lease = (int)lease;
    out->beat = hopt_mongo__number(doc, "hopt.beat", 0);
    return strcmp(out->owner, "hopt") == 0 ||
           (out->worker[0] && strcmp(out->owner, out->worker) == 0);
}

static int by_num(const void *a, const void *b) {
    const hopt_open_trial *x = a, *y = b;
    return (x->num > y->num) - (x->num < y->num);
}

hopt_status hopt_mongo__open_set(void *self, hopt_open_trial **list, size_t *count,
                                 const char *study, hopt_error *err) {
    const bson_t *doc;
    hopt_open_trial *found = NULL;
    size_t n = 0, capacity = 0;
    bson_t *filter = BCON_NEW("exp_key", BCON_UTF8(study), "state", "{", "$in", "[",
                              BCON_INT32(HOPT_NEW), BCON_INT32(HOPT_RUNNING), "]", "}");
    bson_t *opts =
        BCON_NEW("projection", "{", "state", BCON_INT32(1), "owner", BCON_INT32(1), "hopt.lease",
                 BCON_INT32(1), "hopt.beat", BCON_INT32(1), "hopt.worker", BCON_INT32(1), "}");
    mongoc_cursor_t *cursor = hopt_mongo__find(self, HOPT_MONGO_JOBS, filter, opts);
    while (mongoc_cursor_next(cursor, &doc)) {
        found = hopt_grow(found, n, &capacity, sizeof found[0]);
        if (read_open(&found[n], doc)) n++;
    }
    hopt_status status = hopt_mongo__end(self, cursor, err);
    if (status != HOPT_OK) {
        free(found);
        found = NULL;
        n = 0;
    }
    if (n) qsort(found, n, sizeof found[0], by_num);
    *list = found;
    *count = n;
    return status;
}

/* ---- expire ---- */

/* The trial as it was seen, with fewer than `lost` leases lost, or with as many and more. */
static bson_t *seen_filter(const hopt_open_trial *seen, bool fewer, int lost) {
    bson_oid_t oid = hopt_mongo__oid(&seen->id);
    bson_t *filter =
        BCON_NEW("_id", BCON_OID(&oid), "state", BCON_INT32(HOPT_RUNNING), "owner", "[",
                 BCON_UTF8(seen->owner), "]", "hopt.worker", BCON_UTF8(seen->owner), "hopt.lease",
                 BCON_INT32(seen->lease), "hopt.beat", BCON_INT64(seen->beat));
    if (fewer)
        BCON_APPEND(filter, "hopt.lost", "{", "$lt", BCON_INT32(lost), "}");
    else /* also where a hand has removed it */
        BCON_APPEND(filter, "hopt.lost", "{", "$not", "{", "$lt", BCON_INT32(lost), "}", "}");
    return filter;
}

static bson_t *requeue_update(void) {
    return BCON_NEW("$set", "{", "state", BCON_INT32(HOPT_NEW), "owner", "[", BCON_UTF8("hopt"),
                    "]", "book_time", BCON_NULL, "refresh_time", BCON_NULL, "}", "$inc", "{",
                    "hopt.lost", BCON_INT32(1), "version",
                    BCON_INT32(hopt_event_version_step(HOPT_EVENT_EXPIRE)), "}");
}

static bson_t *give_up_update(int max_attempts) {
    char message[96];
    snprintf(message, sizeof message,
             "the lease was lost %d time%s: its workers died or lost the store", max_attempts,
             max_attempts == 1 ? "" : "s");
    return BCON_NEW("$set", "{", "state", BCON_INT32(HOPT_ERROR), "error", "[",
                    BCON_UTF8("LeaseExpired"), BCON_UTF8(message), "]", "}", "$inc", "{",
                    "hopt.lost", BCON_INT32(1), "version",
                    BCON_INT32(hopt_event_version_step(HOPT_EVENT_EXPIRE)), "}");
}

hopt_status hopt_mongo__expire(void *self, HOPT_UNUSED const char *study,
                               const hopt_open_trial *seen, int max_attempts, hopt_error *err) {
    int64_t matched = 0;
    hopt_status status = hopt_mongo__update(self, HOPT_MONGO_JOBS, HOPT_MONGO_ONE,
                                            seen_filter(seen, true, max_attempts - 1),
                                            requeue_update(), &matched, err);
    if (status != HOPT_OK || matched) return status;
    status = hopt_mongo__update(self, HOPT_MONGO_JOBS, HOPT_MONGO_ONE,
                                seen_filter(seen, false, max_attempts - 1),
                                give_up_update(max_attempts), &matched, err);
    if (status == HOPT_OK && !matched)
        status = hopt_error_set(err, HOPT_ECONFLICT, "trial %d changed meanwhile", seen->num);
    return status;
}

/* ---- cancel, stop, retry ---- */

static hopt_status cancel(hopt_mongo *self, const char *study, int from, const char *why,
                          int64_t *changed, hopt_error *err) {
    char *reason = hopt_bson_clean_text(why ? why : "", why ? strlen(why) : 0);
    bson_t *filter = BCON_NEW("exp_key", BCON_UTF8(study), "state", BCON_INT32(HOPT_NEW),
                              "hopt.num", "{", "$gte", BCON_INT32(from), "}");
    bson_t *update =
        BCON_NEW("$set", "{", "state", BCON_INT32(HOPT_CANCEL), "result", "{", "status",
                 BCON_UTF8("fail"), "status_fail", BCON_UTF8(reason), "}", "}", "$inc", "{",
                 "version", BCON_INT32(hopt_event_version_step(HOPT_EVENT_CANCEL)), "}");
    free(reason);
    return hopt_mongo__update(self, HOPT_MONGO_JOBS, HOPT_MONGO_MANY, filter, update, changed, err);
}

hopt_status hopt_mongo__cancel_new(void *store, const char *study, int from, const char *why,
                                   int64_t *changed, hopt_error *err) {
    hopt_mongo *self = store;
    int64_t found = 0;
    hopt_status status = cancel(self, study, from, why, changed, err);
    /* One whose version can't be counted up makes the server refuse them all. */
    if (status != HOPT_ESTORE || !self->refused ||
        hopt_mongo__end_unclaimable(self, study, &found, NULL) != HOPT_OK || found == 0)
        return status;
    return cancel(self, study, from, why, changed, err);
}

hopt_status hopt_mongo__stop_running(void *self, const char *study, int num, const char *why,
                                     hopt_error *err) {
    char *reason = hopt_bson_clean_text(why, strlen(why));
    bson_t *filter = BCON_NEW("exp_key", BCON_UTF8(study), "state", BCON_INT32(HOPT_RUNNING));
    if (num >= 0)
        BSON_APPEND_INT32(filter, "hopt.num", num);
    else
        BCON_APPEND(filter, "hopt.num", "{", "$gte", BCON_INT32(0), "}");
    bson_t *update = BCON_NEW("$set", "{", "hopt.stop", BCON_UTF8(reason), "}");
    free(reason);
    return hopt_mongo__update(self, HOPT_MONGO_JOBS, HOPT_MONGO_MANY, filter, update, NULL, err);
}

static hopt_status why_no_retry(hopt_mongo *self, const bson_oid_t *oid, int num, hopt_error *err) {
    bson_t *doc;
    hopt_status status =
        hopt_mongo__find_one(self, HOPT_MONGO_JOBS, BCON_NEW("_id", BCON_OID(oid)),
                             BCON_NEW("projection", "{", "state", BCON_INT32(1), "}"), &doc, err);
    if (doc) bson_destroy(doc);
    if (status == HOPT_ENOTFOUND) return hopt_error_set(err, status, "no trial %d", num);
    if (status != HOPT_OK) return status;
    return hopt_error_set(err, HOPT_ECONFLICT, "trial %d is not in state error", num);
}

hopt_status hopt_mongo__retry(void *self, const char *study, int num, hopt_error *err) {
    uint8_t prefix[HOPT_PREFIX_SIZE];
    int64_t matched;
    hopt_status status = hopt_mongo__prefix(self, prefix, study, err);
    if (status != HOPT_OK) return status;
    hopt_trial_id id = hopt_trial_id_make(prefix, num);
    bson_oid_t oid = hopt_mongo__oid(&id);
    bson_t *filter = BCON_NEW("_id", BCON_OID(&oid), "state", BCON_INT32(HOPT_ERROR));
    bson_t *update =
        BCON_NEW("$set", "{", "state", BCON_INT32(HOPT_NEW), "owner", "[", BCON_UTF8("hopt"), "]",
                 "result", "{", "status", BCON_UTF8("new"), "}", "hopt.lost", BCON_INT32(0), "}",
                 "$unset", "{", "error", BCON_UTF8(""), "}", "$inc", "{", "version",
                 BCON_INT32(hopt_event_version_step(HOPT_EVENT_RETRY)), "}");
    status =
        hopt_mongo__update(self, HOPT_MONGO_JOBS, HOPT_MONGO_ONE, filter, update, &matched, err);
    if (status != HOPT_OK || matched) return status;
    return why_no_retry(self, &oid, num, err);
}
