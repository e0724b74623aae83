/* The few commands that everything is made of. */
#include <string.h>

#include "common/base/attr.h"
#include "common/store/mongo/bson_json.h"
#include "common/store/mongo/mongo_internal.h"

static const char *const place_names[HOPT_MONGO_PLACES] = {
    [HOPT_MONGO_JOBS] = "jobs",
    [HOPT_MONGO_JOB_IDS] = "job_ids",
    [HOPT_MONGO_STUDIES] = "hopt_studies",
    [HOPT_MONGO_REPORTS] = "hopt_reports",
    [HOPT_MONGO_LOGS] = "hopt_logs",
    [HOPT_MONGO_WORKERS] = "hopt_workers",
    [HOPT_MONGO_FILES] = "fs.files",
    [HOPT_MONGO_HEALTH] = "hopt_health",
};

const char *hopt_mongo__place_name(hopt_mongo_place place) {
    return place_names[place];
}

/* ---- client and collections ---- */

void hopt_mongo__drop_client(hopt_mongo *self) {
    for (int i = 0; i < HOPT_MONGO_PLACES; i++) {
        if (self->collections[i]) mongoc_collection_destroy(self->collections[i]);
        self->collections[i] = NULL;
    }
    if (self->client) mongoc_client_destroy(self->client);
    self->client = NULL;
}

mongoc_client_t *hopt_mongo__client(hopt_mongo *self) {
    if (self->renew) hopt_mongo__drop_client(self);
    self->renew = false;
    if (!self->client) {
        self->client = mongoc_client_new_from_uri(self->uri);
        HOPT_ASSERT(self->client); /* the same URI did at hopt_store_open() */
        mongoc_client_set_error_api(self->client, MONGOC_ERROR_API_VERSION_2);
    }
    return self->client;
}

mongoc_collection_t *hopt_mongo__collection(hopt_mongo *self, hopt_mongo_place place) {
    mongoc_client_t *client = hopt_mongo__client(self);
    if (!self->collections[place])
        self->collections[place] =
            mongoc_client_get_collection(client, self->database, place_names[place]);
    return self->collections[place];
}

/* ---- commands ---- */

hopt_status hopt_mongo__command(hopt_mongo *self, const char *database, bson_t *command,
                                bson_t **reply, hopt_error *err) {
    bson_error_t error;
    bson_t answer;
    bool good =
        mongoc_client_command_simple(hopt_mongo__client(self), database ? database : self->database,
                                     command, NULL, &answer, &error);
    if (reply) *reply = bson_copy(&answer);
    bson_destroy(&answer);
    bson_destroy(command);
    return good ? HOPT_OK : hopt_mongo__failed(self, &error, err);
}

hopt_status hopt_mongo__hello(hopt_mongo *self, bson_t **reply, hopt_error *err) {
    hopt_status status =
        hopt_mongo__command(self, "admin", BCON_NEW("hello", BCON_INT32(1)), reply, err);
    if (status != HOPT_ESTORE || !*reply ||
        hopt_mongo__number(*reply, "code", 0) != MONGOC_ERROR_QUERY_COMMAND_NOT_FOUND)
        return status;
    bson_destroy(*reply);
    return hopt_mongo__command(self, "admin", BCON_NEW("isMaster", BCON_INT32(1)), reply, err);
}

mongoc_cursor_t *hopt_mongo__find(hopt_mongo *self, hopt_mongo_place place, bson_t *filter,
                                  bson_t *opts) {
    mongoc_cursor_t *cursor =
        mongoc_collection_find_with_opts(hopt_mongo__collection(self, place), filter, opts, NULL);
    bson_destroy(filter);
    if (opts) bson_destroy(opts);
    return cursor;
}

hopt_status hopt_mongo__end(hopt_mongo *self, mongoc_cursor_t *cursor, hopt_error *err) {
    bson_error_t error;
    hopt_status status = HOPT_OK;
    if (mongoc_cursor_error(cursor, &error)) status = hopt_mongo__failed(self, &error, err);
    mongoc_cursor_destroy(cursor);
    return status;
}

hopt_status hopt_mongo__find_one(hopt_mongo *self, hopt_mongo_place place, bson_t *filter,
                                 bson_t *opts, bson_t **doc, hopt_error *err) {
    const bson_t *found;
    bson_t *all = opts ? opts : bson_new();
    BSON_APPEND_INT64(all, "limit", 1);
    BSON_APPEND_BOOL(all, "singleBatch", true);
    mongoc_cursor_t *cursor = hopt_mongo__find(self, place, filter, all);
    *doc = mongoc_cursor_next(cursor, &found) ? bson_copy(found) : NULL;
    hopt_status status = hopt_mongo__end(self, cursor, err);
    if (status == HOPT_OK && !*doc) status = HOPT_ENOTFOUND;
    return status;
}

/* The document in findAndModify's reply; NULL when nothing matched. */
static bson_t *reply_value(const bson_t *reply) {
    bson_iter_t at;
    uint32_t length;
    const uint8_t *data;
    if (!bson_iter_init_find(&at, reply, "value") || !BSON_ITER_HOLDS_DOCUMENT(&at)) return NULL;
    bson_iter_document(&at, &length, &data);
    return bson_new_from_data(data, length);
}

hopt_status hopt_mongo__find_and_modify(hopt_mongo *self, hopt_mongo_place place,
                                        const bson_t *filter, const bson_t *update,
                                        const bson_t *fields, bson_t **doc, hopt_error *err) {
    mongoc_find_and_modify_opts_t *opts = mongoc_find_and_modify_opts_new();
    mongoc_find_and_modify_opts_set_update(opts, update);
    mongoc_find_and_modify_opts_set_flags(opts, MONGOC_FIND_AND_MODIFY_RETURN_NEW);
    if (fields) mongoc_find_and_modify_opts_set_fields(opts, fields);
    bson_t reply, *value = NULL;
    bson_error_t error;
    hopt_status status = HOPT_OK;
    if (!mongoc_collection_find_and_modify_with_opts(hopt_mongo__collection(self, place), filter,
                                                     opts, &reply, &error))
        status = hopt_mongo__failed(self, &error, err);
    else if (!(value = reply_value(&reply)))
        status = HOPT_ENOTFOUND;
    bson_destroy(&reply);
    mongoc_find_and_modify_opts_destroy(opts);
    if (doc)
        *doc = value;
    else if (value)
        bson_destroy(value);
    return status;
}

hopt_status hopt_mongo__update(hopt_mongo *self, hopt_mongo_place place, hopt_mongo_how how,
                               bson_t *filter, bson_t *update, int64_t *matched, hopt_error *err) {
    mongoc_collection_t *collection = hopt_mongo__collection(self, place);
    bson_t reply, *opts = how == HOPT_MONGO_UPSERT ? BCON_NEW("upsert", BCON_BOOL(true))
                          : how == HOPT_MONGO_RAW  ? BCON_NEW("validate", BCON_BOOL(false))
                                                   : NULL;
    bson_error_t error;
    bool good =
        how == HOPT_MONGO_MANY
            ? mongoc_collection_update_many(collection, filter, update, NULL, &reply, &error)
            : mongoc_collection_update_one(collection, filter, update, opts, &reply, &error);
    if (matched) *matched = good ? hopt_mongo__number(&reply, "matchedCount", 0) : 0;
    bson_destroy(&reply);
    bson_destroy(filter);
    bson_destroy(update);
    if (opts) bson_destroy(opts);
    if (good) return HOPT_OK;
    if (hopt_mongo__duplicate(&error))
        return hopt_error_set(err, HOPT_ECONFLICT, "MongoDB at %s: %s", self->hosts, error.message);
    return hopt_mongo__failed(self, &error, err);
}

hopt_status hopt_mongo__insert(hopt_mongo *self, hopt_mongo_place place, bson_t *doc,
                               hopt_error *err) {
    bson_error_t error;
    bool good =
        mongoc_collection_insert_one(hopt_mongo__collection(self, place), doc, NULL, NULL, &error);
    bson_destroy(doc);
    if (good) return HOPT_OK;
    if (hopt_mongo__duplicate(&error)) return HOPT_ECONFLICT;
    return hopt_mongo__failed(self, &error, err);
}

hopt_status hopt_mongo__delete(hopt_mongo *self, hopt_mongo_place place, bool many, bson_t *filter,
                               hopt_error *err) {
    mongoc_collection_t *collection = hopt_mongo__collection(self, place);
    bson_error_t error;
    bool good = many ? mongoc_collection_delete_many(collection, filter, NULL, NULL, &error)
                     : mongoc_collection_delete_one(collection, filter, NULL, NULL, &error);
    bson_destroy(filter);
    return good ? HOPT_OK : hopt_mongo__failed(self, &error, err);
}

/* ---- small readers ---- */

int64_t hopt_mongo__number(const bson_t *doc, const char *path, int64_t otherwise) {
    bson_iter_t at, found;
    int64_t value = otherwise;
    if (bson_iter_init(&at, doc) && bson_iter_find_descendant(&at, path, &found))
        hopt_bson_integer(&value, &found, INT64_MIN, INT64_MAX);
    return value;
}

bson_oid_t hopt_mongo__oid(const hopt_trial_id *id) {
    bson_oid_t oid;
    bson_oid_init_from_data(&oid, id->bytes);
    return oid;
}
