/* Studies and who leads them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/alloc.h"
#include "common/store/mongo/bson_json.h"
#include "common/store/mongo/bson_study.h"
#include "common/store/mongo/mongo_internal.h"

/* ---- studies ---- */

static const uint8_t no_prefix[HOPT_PREFIX_SIZE];

static hopt_status fill_prefix(hopt_study_record *study, hopt_error *err) {
    ssize_t got;
    do
        got = getrandom(study->prefix, sizeof study->prefix, 0);
    while (got < 0 && errno == EINTR);
    if (got == (ssize_t)sizeof study->prefix) return HOPT_OK;
    return hopt_error_set(err, HOPT_EFAILED, "no random numbers: %s", strerror(errno));
}

hopt_status hopt_mongo__study_create(void *self, hopt_study_record *study, hopt_error *err) {
    bool fill = memcmp(study->prefix, no_prefix, sizeof no_prefix) == 0;
    hopt_status status = fill ? fill_prefix(study, err) : HOPT_OK;
    if (status != HOPT_OK) return status;
    bson_t *doc = bson_new();
    hopt_bson_study_encode(doc, study);
    status = hopt_mongo__insert(self, HOPT_MONGO_STUDIES, doc, err);
    if (status != HOPT_ECONFLICT) return status; /* after a lost reply the caller compares prefix */
    if (fill) memcpy(study->prefix, no_prefix, sizeof no_prefix);
    return hopt_error_set(err, status, "the study \"%s\" exists", study->name);
}

hopt_status hopt_mongo__study(void *self, hopt_study_record **out, const char *name,
                              hopt_error *err) {
    bson_t *doc;
    *out = NULL;
    hopt_status status = hopt_mongo__find_one(self, HOPT_MONGO_STUDIES,
                                              BCON_NEW("_id", BCON_UTF8(name)), NULL, &doc, err);
    if (status == HOPT_ENOTFOUND) return hopt_error_set(err, status, "no study \"%s\"", name);
    if (status != HOPT_OK) return status;
    status = hopt_bson_study_decode(out, doc, err);
    bson_destroy(doc);
    return status;
}

hopt_status hopt_mongo__studies(void *self, char ***names, size_t *count, hopt_error *err) {
    const bson_t *doc;
    size_t capacity = 0;
    mongoc_cursor_t *cursor = hopt_mongo__find(self, HOPT_MONGO_STUDIES, bson_new(),
                                               BCON_NEW("sort", "{", "_id", BCON_INT32(1), "}"));
    while (mongoc_cursor_next(cursor, &doc)) {
        hopt_study_record *study;
        if (hopt_bson_study_decode(&study, doc, NULL) != HOPT_OK) continue;
        *names = hopt_grow(*names, *count, &capacity, sizeof **names);
        (*names)[(*count)++] = hopt_strdup(study->name);
        hopt_study_free(study);
    }
    return hopt_mongo__end(self, cursor, err);
}

/* Matched nothing: because there is no such study, or because of the rest of the filter? */
static hopt_status absent_or_changed(hopt_mongo *self, const char *name, const char *what,
                                     hopt_error *err) {
    bson_t *doc;
    hopt_status status =
        hopt_mongo__find_one(self, HOPT_MONGO_STUDIES, BCON_NEW("_id", BCON_UTF8(name)),
                             BCON_NEW("projection", "{", "rev", BCON_INT32(1), "}"), &doc, err);
    if (doc) bson_destroy(doc);
    if (status == HOPT_ENOTFOUND) return hopt_error_set(err, status, "no study \"%s\"", name);
    if (status != HOPT_OK) return status;
    return hopt_error_set(err, HOPT_ECONFLICT, "study \"%s\": %s", name, what);
}

hopt_status hopt_mongo__study_update(void *self, const char *name, int64_t rev, int state,
                                     const char *reason, const char *spec, const char *file_hash,
                                     hopt_error *err) {
    bson_t *update = BCON_NEW("$inc", "{", "rev", BCON_INT32(1), "}");
    bson_t set;
    bool any = state >= 0 || spec || file_hash;
    bson_init(&set);
    if (state >= 0) {
        BSON_APPEND_UTF8(&set, "state", hopt_study_state_name((hopt_study_state)state));
        if (reason)
            hopt_bson_add_text(&set, "reason", reason);
        else
            BSON_APPEND_NULL(&set, "reason");
    }
    if (spec) hopt_bson_add_text(&set, "spec", spec);
    if (file_hash) hopt_bson_add_text(&set, "file_hash", file_hash);
    if (any) BSON_APPEND_DOCUMENT(update, "$set", &set);
    bson_destroy(&set);
    int64_t matched;
    bson_t *filter = BCON_NEW("_id", BCON_UTF8(name), "rev", BCON_INT64(rev));
    hopt_status status =
        hopt_mongo__update(self, HOPT_MONGO_STUDIES, HOPT_MONGO_ONE, filter, update, &matched, err);
    if (status != HOPT_OK || matched) return status;
    return absent_or_changed(self, name, "it was changed meanwhile", err);
}

/* ---- deletion ---- */

/* In steps, so that no single command outlives the socket's time-out. */
static hopt_status delete_slots(hopt_mongo *self, hopt_mongo_place place, const uint8_t *prefix,
                                hopt_error *err) {
    enum { STEP = 5000 };
    int last;
    hopt_status status = hopt_mongo__last_slot(self, place, prefix, &last, err);
    for (int from = 0; from <= last && status == HOPT_OK; from += STEP)
        status = hopt_mongo__delete(self, place, true,
                                    hopt_mongo__slots(prefix, from, from + STEP - 1), err);
    return status;
}

static hopt_status delete_parts(hopt_mongo *self, const uint8_t *prefix, hopt_error *err) {
    /* Trials first: from then on no worker of this study gets anything stored. */
    hopt_status status = delete_slots(self, HOPT_MONGO_JOBS, prefix, err);
    if (status == HOPT_OK) status = delete_slots(self, HOPT_MONGO_REPORTS, prefix, err);
    if (status == HOPT_OK) status = delete_slots(self, HOPT_MONGO_LOGS, prefix, err);
    if (status == HOPT_OK) status = hopt_mongo__delete_files(self, prefix, err);
    return status;
}

hopt_status hopt_mongo__study_delete(void *store, const char *name, hopt_error *err) {
    hopt_mongo *self = store;
    uint8_t prefix[HOPT_PREFIX_SIZE];
    hopt_status status = hopt_mongo__prefix(self, prefix, name, err);
    if (status == HOPT_EINVAL) /* a damaged record: nothing is known to belong to it */
        return hopt_mongo__delete(self, HOPT_MONGO_STUDIES, false, BCON_NEW("_id", BCON_UTF8(name)),
                                  err);
    if (status != HOPT_OK) return status;
    status = delete_parts(self, prefix, err);
    /* The record last: a deletion that broke off can be repeated. */
    if (status == HOPT_OK)
        status = hopt_mongo__delete(self, HOPT_MONGO_STUDIES, false,
                                    BCON_NEW("_id", BCON_UTF8(name)), err);
    /* And once more what a master put into the queue meanwhile. */
    if (status == HOPT_OK) status = delete_parts(self, prefix, err);
    return hopt_mongo__after_change(status, err);
}

/* ---- leadership ---- */

hopt_status hopt_mongo__lead(void *self, const char *name, const char *me, int64_t epoch,
                             int64_t beat, hopt_error *err) {
    bson_t *filter = BCON_NEW("_id", BCON_UTF8(name), "leader.epoch", BCON_INT64(epoch),
                              "leader.beat", BCON_INT64(beat));
    bson_t *update = BCON_NEW("$set", "{", "leader", "{", "id", BCON_UTF8(me), "epoch",
                              BCON_INT64(epoch + 1), "beat", BCON_INT64(0), "}", "}");
    bson_t *fields = BCON_NEW("leader", BCON_INT32(1));
    hopt_status status =
        hopt_mongo__find_and_modify(self, HOPT_MONGO_STUDIES, filter, update, fields, NULL, err);
    bson_destroy(filter);
    bson_destroy(update);
    bson_destroy(fields);
    if (status == HOPT_ENOTFOUND)
        status = hopt_error_set(err, HOPT_ECONFLICT, "study \"%s\": another master leads", name);
    return status;
}

static hopt_status update_as_leader(hopt_mongo *self, const char *name, const char *me,
                                    int64_t epoch, bson_t *update, hopt_error *err) {
    int64_t matched;
    bson_t *filter = BCON_NEW("_id", BCON_UTF8(name), "leader.id", BCON_UTF8(me), "leader.epoch",
                              BCON_INT64(epoch));
    hopt_status status =
        hopt_mongo__update(self, HOPT_MONGO_STUDIES, HOPT_MONGO_ONE, filter, update, &matched, err);
    if (status == HOPT_OK && !matched)
        status = hopt_error_set(err, HOPT_ECONFLICT, "study \"%s\": another master leads", name);
    return status;
}

hopt_status hopt_mongo__renew(void *self, const char *name, const char *me, int64_t epoch,
                              const hopt_study_progress *progress, hopt_error *err) {
    bson_t *update = BCON_NEW("$inc", "{", "leader.beat", BCON_INT64(1), "}");
    bson_t set;
    BSON_APPEND_DOCUMENT_BEGIN(update, "$set", &set);
    BSON_APPEND_INT64(&set, "active_ms", progress->active_ms);
    hopt_bson_add_counts(&set, "counts", progress->counts);
    hopt_bson_add_best(&set, "best", progress->has_best, progress->best_num, progress->best_loss);
    bson_append_document_end(update, &set);
    return update_as_leader(self, name, me, epoch, update, err);
}

hopt_status hopt_mongo__abdicate(void *self, const char *name, const char *me, int64_t epoch,
                                 hopt_error *err) {
    bson_t *update = BCON_NEW("$set", "{", "leader.id", BCON_NULL, "}");
    return update_as_leader(self, name, me, epoch, update, err);
}
