/* Attachments of a Python driver's trials and of its experiment, as MongoTrials keeps them
 * (HYPEROPT.md §2): an experiment's file has its plain name as filename and, at the top level of
 * its record, `exp_key` and `encoding`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/store/mongo/bson_json.h"
#include "common/store/mongo/mongo_internal.h"

/* ---- of a trial ---- */

hopt_status hopt_mongo__driven_attach(void *store, const hopt_lease *lease, const char *name,
                                      const void *data, size_t length, hopt_error *err) {
    int64_t matched;
    hopt_status status = hopt_mongo__attach(store, &lease->id, name, data, length, err);
    if (status == HOPT_ENOTFOUND) return hopt_mongo__driven_lost(lease, err);
    if (status != HOPT_OK) return status;
    /* MongoTrials reads a document again when its version has changed. */
    status =
        hopt_mongo__update(store, HOPT_MONGO_JOBS, HOPT_MONGO_ONE, hopt_mongo__driven_filter(lease),
                           BCON_NEW("$inc", "{", "version", BCON_INT32(1), "}"), &matched, err);
    if (status == HOPT_OK && !matched) status = hopt_mongo__driven_lost(lease, err);
    return status;
}

/* ---- of the experiment ---- */

static bson_t *newest_first(void) {
    return BCON_NEW("sort", "{", "uploadDate", BCON_INT32(-1), "_id", BCON_INT32(-1), "}",
                    "projection", "{", "_id", BCON_INT32(1), "}");
}

static hopt_status find_newest(hopt_mongo *self, const char *exp_key, const char *name,
                               bson_oid_t *oid, hopt_error *err) {
    bson_t *doc;
    bson_iter_t at;
    hopt_status status =
        hopt_mongo__find_one(self, HOPT_MONGO_FILES,
                             BCON_NEW("filename", BCON_UTF8(name), "exp_key", BCON_UTF8(exp_key)),
                             newest_first(), &doc, err);
    if (status != HOPT_OK)
        return status == HOPT_ENOTFOUND
                   ? hopt_error_set(err, status, "the experiment has no attachment \"%s\"", name)
                   : status;
    bool good = bson_iter_init_find(&at, doc, "_id") && BSON_ITER_HOLDS_OID(&at);
    if (good) bson_oid_copy(bson_iter_oid(&at), oid);
    bson_destroy(doc);
    return good ? HOPT_OK
                : hopt_error_set(err, HOPT_ENOTFOUND, "attachment \"%s\": its _id is no ObjectId",
                                 name);
}

hopt_status hopt_mongo__driven_file(void *self, const char *exp_key, const char *name,
                                    char id[HOPT_FILE_ID_SIZE], hopt_error *err) {
    bson_oid_t oid;
    hopt_status status = find_newest(self, exp_key, name, &oid, err);
    if (status == HOPT_OK) bson_oid_to_string(&oid, id);
    return status;
}

static hopt_status write_all(int fd, const char *data, size_t length, hopt_error *err) {
    while (length > 0) {
        ssize_t wrote = write(fd, data, length);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0)
            return hopt_error_set(err, HOPT_EFAILED, "can't write an attachment's file: %s",
                                  wrote < 0 ? strerror(errno) : "no space left");
        data += wrote;
        length -= (size_t)wrote;
    }
    return HOPT_OK;
}

hopt_status hopt_mongo__driven_download(void *store, const char *id, int fd, hopt_error *err) {
    enum { STEP = 1 << 20 };
    hopt_mongo *self = store;
    hopt_mongo_bucket b;
    bson_error_t error;
    bson_value_t file = {.value_type = BSON_TYPE_OID};
    if (!bson_oid_is_valid(id, strlen(id)))
        return hopt_error_set(err, HOPT_EINVAL, "\"%s\" is no ObjectId", id);
    bson_oid_init_from_string(&file.value.v_oid, id);
    hopt_status status = hopt_mongo__bucket_open(&b, self, err);
    if (status != HOPT_OK) return status;
    mongoc_stream_t *stream = mongoc_gridfs_bucket_open_download_stream(b.files, &file, &error);
    if (!stream && error.code == MONGOC_ERROR_GRIDFS_BUCKET_FILE_NOT_FOUND)
        status = hopt_error_set(err, HOPT_ENOTFOUND, "the attachment's file is gone");
    else if (!stream)
        status = hopt_mongo__failed(self, &error, err);
    char *bytes = stream ? hopt_alloc(STEP) : NULL;
    while (status == HOPT_OK) {
        ssize_t got = mongoc_stream_read(stream, bytes, STEP, 1, 0);
        if (got == 0 && !mongoc_gridfs_bucket_stream_error(stream, &error)) break;
        status = got <= 0 ? hopt_mongo__stream_failed(self, stream, err)
                          : write_all(fd, bytes, (size_t)got, err);
    }
    free(bytes);
    if (stream) mongoc_stream_destroy(stream);
    hopt_mongo__bucket_close(&b);
    return status;
}

hopt_status hopt_mongo__driven_put(void *store, const char *exp_key, const char *name,
                                   const void *data, size_t length, hopt_error *err) {
    hopt_mongo *self = store;
    hopt_mongo_bucket b;
    bson_value_t file;
    bson_oid_t old;
    hopt_status found = find_newest(self, exp_key, name, &old, err);
    if (found != HOPT_OK && found != HOPT_ENOTFOUND) return found;
    hopt_status status = hopt_mongo__bucket_open(&b, self, err);
    if (status != HOPT_OK) return status;
    status = hopt_mongo__upload(self, &b, name, data, length, &file, err);
    if (status == HOPT_OK) {
        bson_t *filter = bson_new();
        bson_append_value(filter, "_id", -1, &file);
        status = hopt_mongo__update(self, HOPT_MONGO_FILES, HOPT_MONGO_ONE, filter,
                                    BCON_NEW("$set", "{", "encoding", BCON_UTF8("utf-8"), "exp_key",
                                             BCON_UTF8(exp_key), "}"),
                                    NULL, err);
        if (status == HOPT_OK && found == HOPT_OK) {
            bson_error_t ignored; /* what stays is older, and is not read */
            bson_value_t former = {.value_type = BSON_TYPE_OID, .value.v_oid = old};
            (void)mongoc_gridfs_bucket_delete_by_id(b.files, &former, &ignored);
        }
        bson_value_destroy(&file);
    }
    hopt_mongo__bucket_close(&b);
    return status;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

hopt_status hopt_mongo__driven_files(void *store, const char *exp_key, char ***names, size_t *count,
                                     hopt_error *err) {
    hopt_mongo *self = store;
    const bson_t *doc;
    bson_iter_t at;
    size_t capacity = 0, kept = 0;
    mongoc_cursor_t *cursor =
        hopt_mongo__find(self, HOPT_MONGO_FILES, BCON_NEW("exp_key", BCON_UTF8(exp_key)),
                         BCON_NEW("projection", "{", "filename", BCON_INT32(1), "}"));
    while (mongoc_cursor_next(cursor, &doc)) {
        char *name = NULL;
        if (!bson_iter_init_find(&at, doc, "filename") || !hopt_bson_text(&name, &at)) continue;
        *names = hopt_grow(*names, *count, &capacity, sizeof **names);
        (*names)[(*count)++] = name;
    }
    hopt_status status = hopt_mongo__end(self, cursor, err);
    if (*count) qsort(*names, *count, sizeof **names, by_name);
    for (size_t i = 0; i < *count; i++) { /* versions of one name */
        if (kept && strcmp((*names)[i], (*names)[kept - 1]) == 0)
            free((*names)[i]);
        else
            (*names)[kept++] = (*names)[i];
    }
    *count = kept;
    return status;
}
