/* Trials of Python's hyperopt that lie in the same collection (HYPEROPT.md §1). */
#include "common/store/mongo/bson_json.h"
#include "common/store/mongo/mongo_internal.h"

/* The whole document as JSON. Keys are as they stand there: only hopt escapes them. */
static json_t *whole(const bson_t *doc) {
    json_t *out = json_object();
    bson_iter_t at;
    if (!bson_iter_init(&at, doc)) return out;
    while (bson_iter_next(&at)) {
        const char *key = bson_iter_key(&at);
        char *clean = hopt_bson_clean_text(key, strlen(key));
        json_object_set_new(out, clean, hopt_bson_json(&at, false));
        free(clean);
    }
    return out;
}

hopt_status hopt_mongo__foreign(void *self, const char *exp_key, hopt_store_each_document each,
                                void *data, hopt_error *err) {
    const bson_t *doc;
    bson_t *filter = BCON_NEW("misc.cmd.0", "{", "$ne", BCON_UTF8("hopt"), "}", "hopt", "{",
                              "$exists", BCON_BOOL(false), "}");
    bson_t *opts = BCON_NEW("sort", "{", "_id", BCON_INT32(1), "}", "batchSize", BCON_INT32(1000));
    if (exp_key) BSON_APPEND_UTF8(filter, "exp_key", exp_key);
    mongoc_cursor_t *cursor = hopt_mongo__find(self, HOPT_MONGO_JOBS, filter, opts);
    hopt_status status = HOPT_OK;
    while (status == HOPT_OK && mongoc_cursor_next(cursor, &doc)) {
        json_t *json = whole(doc);
        status = each(data, json, err);
        json_decref(json);
    }
    hopt_status read = hopt_mongo__end(self, cursor, status == HOPT_OK ? err : NULL);
    return status == HOPT_OK ? read : status;
}
