/* What sinks keep: `mlflow` of a study's document, `hopt.mlflow` of a trial's. */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/store/mongo/bson_trial.h"
#include "common/store/mongo/mongo_internal.h"

static void read_text(char *out, size_t size, const bson_t *doc, const char *path) {
    bson_iter_t at, found;
    const char *text = "";
    if (bson_iter_init(&at, doc) && bson_iter_find_descendant(&at, path, &found) &&
        BSON_ITER_HOLDS_UTF8(&found))
        text = bson_iter_utf8(&found, NULL);
    snprintf(out, size, "%s", text);
}

hopt_status hopt_mongo__sink_study(void *self, hopt_sink_study *out, const char *study,
                                   hopt_error *err) {
    bson_t *doc;
    hopt_status status =
        hopt_mongo__find_one(self, HOPT_MONGO_STUDIES, BCON_NEW("_id", BCON_UTF8(study)),
                             BCON_NEW("projection", "{", "mlflow", BCON_INT32(1), "}"), &doc, err);
    if (status == HOPT_ENOTFOUND) return hopt_error_set(err, status, "no study \"%s\"", study);
    if (status != HOPT_OK) return status;
    out->exists = bson_has_field(doc, "mlflow");
    read_text(out->run, sizeof out->run, doc, "mlflow.run");
    read_text(out->owner, sizeof out->owner, doc, "mlflow.owner");
    out->beat = hopt_mongo__number(doc, "mlflow.beat", 0);
    bson_destroy(doc);
    return HOPT_OK;
}

hopt_status hopt_mongo__sink_study_put(void *self, const char *study, const hopt_sink_study *old,
                                       const hopt_sink_study *now, hopt_error *err) {
    int64_t matched;
    bson_t *filter = BCON_NEW("_id", BCON_UTF8(study));
    if (old->exists)
        BCON_APPEND(filter, "mlflow.run", BCON_UTF8(old->run), "mlflow.owner",
                    BCON_UTF8(old->owner), "mlflow.beat", BCON_INT64(old->beat));
    else
        BCON_APPEND(filter, "mlflow", "{", "$exists", BCON_BOOL(false), "}");
    bson_t *update = BCON_NEW("$set", "{", "mlflow", "{", "run", BCON_UTF8(now->run), "owner",
                              BCON_UTF8(now->owner), "beat", BCON_INT64(now->beat), "}", "}");
    hopt_status status =
        hopt_mongo__update(self, HOPT_MONGO_STUDIES, HOPT_MONGO_ONE, filter, update, &matched, err);
    return status == HOPT_OK && !matched ? HOPT_ECONFLICT : status;
}

/* Ended, and not done for this parent in the version that it has now. */
static bson_t *pending_filter(const uint8_t prefix[HOPT_PREFIX_SIZE], const char *parent,
                              int after) {
    bson_t *filter = hopt_mongo__slots(prefix, after + 1, HOPT_MONGO_SLOT_LAST);
    BCON_APPEND(filter, "state", "{", "$in", "[", BCON_INT32(HOPT_DONE), BCON_INT32(HOPT_ERROR),
                BCON_INT32(HOPT_CANCEL), "]", "}", "$or", "[", "{", "hopt.mlflow.parent", "{",
                "$ne", BCON_UTF8(parent), "}", "}", "{", "$expr", "{", "$ne", "[",
                BCON_UTF8("$hopt.mlflow.done"), BCON_UTF8("$version"), "]", "}", "}", "]");
    return filter;
}

hopt_status hopt_mongo__sink_pending(void *store, hopt_sink_trial **list, size_t *count,
                                     const char *study, const char *parent, int after, int limit,
                                     hopt_error *err) {
    hopt_mongo *self = store;
    uint8_t prefix[HOPT_PREFIX_SIZE];
    const bson_t *doc;
    size_t capacity = 0;
    hopt_status status = hopt_mongo__prefix(self, prefix, study, err);
    if (status == HOPT_ENOTFOUND || after >= HOPT_MONGO_SLOT_LAST) return HOPT_OK;
    if (status != HOPT_OK) return status;
    bson_t *opts =
        BCON_NEW("sort", "{", "_id", BCON_INT32(1), "}", "limit", BCON_INT64(limit), "projection",
                 "{", "version", BCON_INT32(1), "hopt.mlflow", BCON_INT32(1), "}");
    mongoc_cursor_t *cursor =
        hopt_mongo__find(self, HOPT_MONGO_JOBS, pending_filter(prefix, parent, after), opts);
    while (mongoc_cursor_next(cursor, &doc)) {
        bson_iter_t at;
        *list = hopt_grow(*list, *count, &capacity, sizeof **list);
        hopt_sink_trial *one = &(*list)[*count];
        *one = (hopt_sink_trial){.version = (int)hopt_mongo__number(doc, "version", 0)};
        if (!bson_iter_init_find(&at, doc, "_id") || !hopt_bson_id(&one->id, &at)) continue;
        one->num = hopt_trial_id_num(&one->id);
        read_text(one->parent, sizeof one->parent, doc, "hopt.mlflow.parent");
        read_text(one->run, sizeof one->run, doc, "hopt.mlflow.run");
        ++*count;
    }
    return hopt_mongo__end(self, cursor, err);
}

static hopt_status put_one(hopt_mongo *self, hopt_sink_trial *one, hopt_error *err) {
    int64_t matched;
    bson_oid_t oid = hopt_mongo__oid(&one->id);
    bson_t *filter = BCON_NEW("_id", BCON_OID(&oid), "version", BCON_INT32(one->version));
    bson_t mark, set, *update = bson_new();
    BSON_APPEND_DOCUMENT_BEGIN(update, "$set", &set);
    BSON_APPEND_DOCUMENT_BEGIN(&set, "hopt.mlflow", &mark);
    BSON_APPEND_UTF8(&mark, "parent", one->parent);
    BSON_APPEND_UTF8(&mark, "run", one->run);
    if (one->done) BSON_APPEND_INT32(&mark, "done", one->version);
    bson_append_document_end(&set, &mark);
    bson_append_document_end(update, &set);
    hopt_status status =
        hopt_mongo__update(self, HOPT_MONGO_JOBS, HOPT_MONGO_ONE, filter, update, &matched, err);
    if (status == HOPT_OK) one->status = matched ? HOPT_OK : HOPT_ECONFLICT;
    return status;
}

hopt_status hopt_mongo__sink_put(void *self, hopt_sink_trial *trials, size_t n, hopt_error *err) {
    hopt_status status = HOPT_OK;
    for (size_t i = 0; i < n && status == HOPT_OK; i++)
        status = put_one(self, &trials[i], err);
    return status;
}
