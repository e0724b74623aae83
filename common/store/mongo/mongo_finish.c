/* What a worker writes while it holds a lease. Every filter holds _id, state, owner and lease. */
#include <string.h>

#include "common/base/alloc.h"
#include "common/store/mongo/bson_json.h"
#include "common/store/mongo/bson_trial.h"
#include "common/store/mongo/mongo_internal.h"

bson_t *hopt_mongo__lease_filter(const hopt_lease *lease) {
    bson_oid_t oid = hopt_mongo__oid(&lease->id);
    return BCON_NEW("_id", BCON_OID(&oid), "state", BCON_INT32(HOPT_RUNNING), "owner", "[",
                    BCON_UTF8(lease->owner), "]", "hopt.lease", BCON_INT32(lease->lease));
}

static hopt_status lease_lost(const hopt_lease *lease, hopt_error *err) {
    return hopt_error_set(err, HOPT_ECONFLICT, "trial %d: the lease is lost",
                          hopt_trial_id_num(&lease->id));
}

/* ---- beat ---- */

static void read_stop(char stop[32], const bson_t *doc) {
    bson_iter_t at, found;
    if (!bson_iter_init(&at, doc) || !bson_iter_find_descendant(&at, "hopt.stop", &found)) return;
    /* Whatever somebody wrote there by hand, it means: stop. */
    if (!hopt_bson_name(stop, 32, &found) && !BSON_ITER_HOLDS_NULL(&found))
        snprintf(stop, 32, "cancelled");
}

static bson_t *beat_update(int64_t step) {
    bson_t *update = BCON_NEW("$inc", "{", "hopt.beat", BCON_INT64(1), "}", "$currentDate", "{",
                              "refresh_time", BCON_BOOL(true), "}");
    if (step >= 0) BCON_APPEND(update, "$set", "{", "hopt.step", BCON_INT64(step), "}");
    return update;
}

hopt_status hopt_mongo__beat(void *self, const hopt_lease *lease, int64_t step, char stop[32],
                             hopt_error *err) {
    bson_t *filter = hopt_mongo__lease_filter(lease);
    bson_t *fields = BCON_NEW("hopt.stop", BCON_INT32(1));
    bson_t *update = beat_update(step);
    bson_t *doc = NULL;
    stop[0] = '\0';
    hopt_status status =
        hopt_mongo__find_and_modify(self, HOPT_MONGO_JOBS, filter, update, fields, &doc, err);
    if (status == HOPT_OK) read_stop(stop, doc);
    if (status == HOPT_ENOTFOUND) status = lease_lost(lease, err);
    if (doc) bson_destroy(doc);
    bson_destroy(filter);
    bson_destroy(update);
    bson_destroy(fields);
    return status;
}

/* {_id: {$in: [...]}} of the ids that lie `stride` bytes apart. */
static bson_t *ids_filter(const hopt_trial_id *first, size_t stride, size_t n) {
    bson_t in, list, *filter = bson_new();
    BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &in);
    BSON_APPEND_ARRAY_BEGIN(&in, "$in", &list);
    for (size_t i = 0; i < n; i++) {
        char buffer[16];
        const char *index;
        bson_uint32_to_string((uint32_t)i, &index, buffer, sizeof buffer);
        hopt_bson_add_id(&list, index, (const hopt_trial_id *)((const char *)first + i * stride));
    }
    bson_append_array_end(&in, &list);
    bson_append_document_end(filter, &in);
    return filter;
}

/* Updates that go in one command. */
static mongoc_bulk_operation_t *bulk_new(hopt_mongo *self) {
    bson_t *opts = BCON_NEW("ordered", BCON_BOOL(false));
    mongoc_bulk_operation_t *bulk = mongoc_collection_create_bulk_operation_with_opts(
        hopt_mongo__collection(self, HOPT_MONGO_JOBS), opts);
    bson_destroy(opts);
    return bulk;
}

/* Takes both documents. */
static bool bulk_add(mongoc_bulk_operation_t *bulk, bson_t *filter, bson_t *update,
                     bson_error_t *error) {
    bool good = mongoc_bulk_operation_update_one_with_opts(bulk, filter, update, NULL, error);
    bson_destroy(filter);
    bson_destroy(update);
    return good;
}

static bool bulk_execute(mongoc_bulk_operation_t *bulk, int64_t *matched, bson_error_t *error) {
    bson_t reply;
    bool good = mongoc_bulk_operation_execute(bulk, &reply, error) != 0;
    *matched = hopt_mongo__number(&reply, "nMatched", 0);
    bson_destroy(&reply);
    return good;
}

/* Which of them hold their lease, and what they are told. */
static hopt_status read_beats(hopt_mongo *self, hopt_beat *beats, size_t n, hopt_error *err) {
    const bson_t *doc;
    bson_t *opts = BCON_NEW("projection", "{", "state", BCON_INT32(1), "owner", BCON_INT32(1),
                            "hopt.lease", BCON_INT32(1), "hopt.stop", BCON_INT32(1), "}");
    for (size_t i = 0; i < n; i++)
        beats[i].status = HOPT_ECONFLICT;
    mongoc_cursor_t *cursor = hopt_mongo__find(
        self, HOPT_MONGO_JOBS, ids_filter(&beats[0].lease.id, sizeof *beats, n), opts);
    while (mongoc_cursor_next(cursor, &doc)) {
        bson_iter_t at;
        hopt_trial_id id;
        char owner[HOPT_OWNER_MAX] = "";
        if (!bson_iter_init_find(&at, doc, "_id") || !hopt_bson_id(&id, &at)) continue;
        if (bson_iter_init_find(&at, doc, "owner")) hopt_bson_owner(owner, &at);
        for (size_t i = 0; i < n; i++) {
            const hopt_lease *lease = &beats[i].lease;
            if (memcmp(&lease->id, &id, sizeof id) != 0 || strcmp(owner, lease->owner) != 0 ||
                hopt_mongo__number(doc, "state", HOPT_NEW) != HOPT_RUNNING ||
                hopt_mongo__number(doc, "hopt.lease", -1) != lease->lease)
                continue;
            beats[i].status = HOPT_OK;
            read_stop(beats[i].stop, doc);
        }
    }
    return hopt_mongo__end(self, cursor, err);
}

/* One write for all of a worker's trials, and one read of what it is to know. */
hopt_status hopt_mongo__beat_many(void *self, hopt_beat *beats, size_t n, hopt_error *err) {
    bson_error_t error;
    int64_t matched;
    mongoc_bulk_operation_t *bulk = bulk_new(self);
    bool good = true;
    for (size_t i = 0; i < n && good; i++)
        good = bulk_add(bulk, hopt_mongo__lease_filter(&beats[i].lease), beat_update(beats[i].step),
                        &error);
    if (good) good = bulk_execute(bulk, &matched, &error);
    mongoc_bulk_operation_destroy(bulk);
    if (!good) return hopt_mongo__failed(self, &error, err);
    return read_beats(self, beats, n, err);
}

/* ---- finish ---- */

static bson_t *finish_update(const hopt_result *result) {
    bson_t set, *update = bson_new();
    BSON_APPEND_DOCUMENT_BEGIN(update, "$set", &set);
    BSON_APPEND_INT32(&set, "state", (int32_t)result->state);
    hopt_bson_add_result(&set, "result", result->state, result);
    if (result->state == HOPT_ERROR) hopt_bson_add_error(&set, "error", result);
    BSON_APPEND_INT64(&set, "hopt.ms", result->ms);
    if (result->has_step) BSON_APPEND_INT64(&set, "hopt.step", result->step);
    if (result->stop) hopt_bson_add_text(&set, "hopt.stop", result->stop);
    bson_append_document_end(update, &set);
    BCON_APPEND(update, "$inc", "{", "version", BCON_INT32(1), "}", "$currentDate", "{",
                "refresh_time", BCON_BOOL(true), "hopt.end", BCON_BOOL(true), "}");
    return update;
}

/* Whether a trial that the update did not match was ended by this very lease: an update before,
 * whose reply was lost. The reaper's end (LeaseExpired) keeps owner and lease, but is no success.
 */
static bool ended_by(const bson_t *doc, const hopt_lease *lease) {
    char owner[HOPT_OWNER_MAX] = "", type[32] = "";
    bson_iter_t at, found;
    int64_t state = hopt_mongo__number(doc, "state", HOPT_NEW);
    if (bson_iter_init_find(&at, doc, "owner")) hopt_bson_owner(owner, &at);
    if (bson_iter_init(&at, doc) && bson_iter_find_descendant(&at, "error.0", &found))
        hopt_bson_name(type, sizeof type, &found);
    return state >= HOPT_DONE && state <= HOPT_CANCEL && strcmp(owner, lease->owner) == 0 &&
           hopt_mongo__number(doc, "hopt.lease", -1) == lease->lease &&
           !(state == HOPT_ERROR && strcmp(type, "LeaseExpired") == 0);
}

/* Which of them are ended by their lease, read back. */
static hopt_status read_back(hopt_mongo *self, hopt_finish *ends, size_t n, hopt_error *err) {
    const bson_t *doc;
    bson_t *opts = BCON_NEW("projection", "{", "state", BCON_INT32(1), "owner", BCON_INT32(1),
                            "error", BCON_INT32(1), "hopt.lease", BCON_INT32(1), "}");
    for (size_t i = 0; i < n; i++)
        ends[i].status = HOPT_ECONFLICT;
    mongoc_cursor_t *cursor = hopt_mongo__find(
        self, HOPT_MONGO_JOBS, ids_filter(&ends[0].lease.id, sizeof *ends, n), opts);
    while (mongoc_cursor_next(cursor, &doc)) {
        bson_iter_t at;
        hopt_trial_id id;
        if (!bson_iter_init_find(&at, doc, "_id") || !hopt_bson_id(&id, &at)) continue;
        for (size_t i = 0; i < n; i++) {
            if (memcmp(&ends[i].lease.id, &id, sizeof id) == 0 && ended_by(doc, &ends[i].lease))
                ends[i].status = HOPT_OK;
        }
    }
    return hopt_mongo__after_change(hopt_mongo__end(self, cursor, err), err);
}

/* All in one update command; *matched of them held their lease. */
static hopt_status update_all(hopt_mongo *self, const hopt_finish *ends, size_t n, int64_t *matched,
                              hopt_error *err) {
    bson_error_t error;
    mongoc_bulk_operation_t *bulk = bulk_new(self);
    bool good = true;
    for (size_t i = 0; i < n && good; i++)
        good = bulk_add(bulk, hopt_mongo__lease_filter(&ends[i].lease),
                        finish_update(ends[i].result), &error);
    if (good) good = bulk_execute(bulk, matched, &error);
    mongoc_bulk_operation_destroy(bulk);
    return good ? HOPT_OK : hopt_mongo__failed(self, &error, err);
}

hopt_status hopt_mongo__finish_many(void *self, hopt_finish *ends, size_t n, hopt_error *err) {
    int64_t matched = 0;
    if (n == 0) return HOPT_OK;
    hopt_status status;
    if (n == 1)
        status = hopt_mongo__update(self, HOPT_MONGO_JOBS, HOPT_MONGO_ONE,
                                    hopt_mongo__lease_filter(&ends[0].lease),
                                    finish_update(ends[0].result), &matched, err);
    else
        status = update_all(self, ends, n, &matched, err);
    if (status != HOPT_OK) return status;
    if (matched < (int64_t)n) return read_back(self, ends, n, err);
    for (size_t i = 0; i < n; i++)
        ends[i].status = HOPT_OK;
    return HOPT_OK;
}

/* ---- release ---- */

hopt_status hopt_mongo__release(void *self, const hopt_lease *lease, hopt_error *err) {
    int64_t matched;
    bson_t *update =
        BCON_NEW("$set", "{", "state", BCON_INT32(HOPT_NEW), "owner", "[", BCON_UTF8("hopt"), "]",
                 "book_time", BCON_NULL, "refresh_time", BCON_NULL, "}", "$inc", "{", "version",
                 BCON_INT32(hopt_event_version_step(HOPT_EVENT_RELEASE)), "}");
    hopt_status status = hopt_mongo__update(self, HOPT_MONGO_JOBS, HOPT_MONGO_ONE,
                                            hopt_mongo__lease_filter(lease), update, &matched, err);
    if (status == HOPT_OK && !matched) status = lease_lost(lease, err);
    return status;
}
