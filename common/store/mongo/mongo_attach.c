/**
 * Attachments, as hyperopt keeps those of a trial (HYPEROPT.md §2): GridFS `fs`, filename
 * "<_id of the job>_<name>", and on the job `_attachments`, pairs [name, file's id], one a name.
 * Order of writes: the new file, the job, then the old file's deletion; what breaks off in between
 * leaves a file that nobody points to, never a pair without file.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/store/mongo/bson_json.h"
#include "common/store/mongo/mongo_internal.h"

/* ---- bucket ---- */

typedef hopt_mongo_bucket bucket;

void hopt_mongo__bucket_close(bucket *b) {
    if (b->files) mongoc_gridfs_bucket_destroy(b->files);
    mongoc_database_destroy(b->database);
}

hopt_status hopt_mongo__bucket_open(bucket *out, hopt_mongo *self, hopt_error *err) {
    bson_error_t error;
    out->database = mongoc_client_get_database(hopt_mongo__client(self), self->database);
    out->files = mongoc_gridfs_bucket_new(out->database, NULL, NULL, &error);
    if (out->files) return HOPT_OK;
    hopt_mongo__bucket_close(out);
    return hopt_mongo__failed(self, &error, err);
}

hopt_status hopt_mongo__stream_failed(hopt_mongo *self, mongoc_stream_t *stream, hopt_error *err) {
    bson_error_t error;
    if (mongoc_gridfs_bucket_stream_error(stream, &error))
        return hopt_mongo__failed(self, &error, err);
    return hopt_error_set(err, HOPT_ESTORE, "MongoDB at %s: a GridFS stream broke off",
                          self->hosts);
}

hopt_status hopt_mongo__upload(hopt_mongo *self, bucket *b, const char *filename, const void *data,
                               size_t length, bson_value_t *file, hopt_error *err) {
    bson_error_t error;
    mongoc_stream_t *stream =
        mongoc_gridfs_bucket_open_upload_stream(b->files, filename, NULL, file, &error);
    if (!stream) return hopt_mongo__failed(self, &error, err);
    hopt_status status = HOPT_OK;
    ssize_t written = length ? mongoc_stream_write(stream, (void *)data, length, 0) : 0;
    /* Closing writes the last chunk and the file's record. */
    if (written != (ssize_t)length || mongoc_stream_close(stream) != 0 ||
        mongoc_gridfs_bucket_stream_error(stream, &error)) {
        status = hopt_mongo__stream_failed(self, stream, err);
        if (written != (ssize_t)length) mongoc_gridfs_bucket_abort_upload(stream);
        bson_value_destroy(file);
    }
    mongoc_stream_destroy(stream);
    return status;
}

/* What can't be deleted stays as an orphan until the study is deleted. */
static void discard(bucket *b, const bson_value_t *file) {
    bson_error_t error;
    (void)mongoc_gridfs_bucket_delete_by_id(b->files, file, &error);
}

/* ---- the job's pairs ---- */

/* A pair's name, and its file; false for what is no pair. */
static bool read_pair(const bson_iter_t *at, char **name, bson_iter_t *file) {
    return BSON_ITER_HOLDS_ARRAY(at) && bson_iter_recurse(at, file) && bson_iter_next(file) &&
           hopt_bson_text(name, file) && bson_iter_next(file);
}

static bool find_pairs(bson_iter_t *at, const bson_t *job) {
    bson_iter_t array;
    return bson_iter_init_find(&array, job, "_attachments") && BSON_ITER_HOLDS_ARRAY(&array) &&
           bson_iter_recurse(&array, at);
}

static hopt_status read_job(hopt_mongo *self, const hopt_trial_id *id, bson_t **job,
                            hopt_error *err) {
    bson_oid_t oid = hopt_mongo__oid(id);
    hopt_status status = hopt_mongo__find_one(
        self, HOPT_MONGO_JOBS, BCON_NEW("_id", BCON_OID(&oid)),
        BCON_NEW("projection", "{", "_attachments", BCON_INT32(1), "}"), job, err);
    if (status == HOPT_ENOTFOUND) hopt_error_set(err, status, "no trial %d", hopt_trial_id_num(id));
    return status;
}

/* Append to `pairs` those of `job` under other names, then the new one; files under this name go to
 * `old` (an array of ids). */
static void replace_pair(bson_t *pairs, bson_t *old, const bson_t *job, const char *name,
                         const bson_value_t *file) {
    bson_iter_t at, old_file;
    uint32_t n = 0, n_old = 0;
    char buffer[16], *text = NULL;
    const char *index;
    bool any = find_pairs(&at, job);
    while (any && bson_iter_next(&at)) {
        if (!read_pair(&at, &text, &old_file)) continue;
        bool same = strcmp(text, name) == 0;
        bson_uint32_to_string(same ? n_old++ : n++, &index, buffer, sizeof buffer);
        bson_append_iter(same ? old : pairs, index, -1, same ? &old_file : &at);
    }
    free(text);
    bson_t pair;
    bson_uint32_to_string(n, &index, buffer, sizeof buffer);
    bson_append_array_begin(pairs, index, -1, &pair);
    hopt_bson_add_text(&pair, "0", name);
    bson_append_value(&pair, "1", 1, file);
    bson_append_array_end(pairs, &pair);
}

/* Set the pairs unless somebody changed them since `job` was read. */
static hopt_status store_pairs(hopt_mongo *self, const hopt_trial_id *id, const bson_t *job,
                               const bson_t *pairs, int64_t *matched, hopt_error *err) {
    bson_oid_t oid = hopt_mongo__oid(id);
    bson_iter_t was;
    bson_t *filter = BCON_NEW("_id", BCON_OID(&oid)), *update = bson_new(), set;
    if (bson_iter_init_find(&was, job, "_attachments"))
        bson_append_iter(filter, "_attachments", -1, &was);
    else
        BCON_APPEND(filter, "_attachments", "{", "$exists", BCON_BOOL(false), "}");
    BSON_APPEND_DOCUMENT_BEGIN(update, "$set", &set);
    BSON_APPEND_ARRAY(&set, "_attachments", pairs);
    bson_append_document_end(update, &set);
    return hopt_mongo__update(self, HOPT_MONGO_JOBS, HOPT_MONGO_ONE, filter, update, matched, err);
}

static void discard_all(bucket *b, const bson_t *files) {
    bson_iter_t at;
    if (!bson_iter_init(&at, files)) return;
    while (bson_iter_next(&at))
        discard(b, bson_iter_value(&at));
}

/* Enter the file into the job. *entered: whether the job may point to it now. */
static hopt_status enter(hopt_mongo *self, bucket *b, const hopt_trial_id *id, const char *name,
                         const bson_value_t *file, bool *entered, hopt_error *err) {
    enum { TRIES = 10 };
    for (int i = 0; i < TRIES; i++) {
        bson_t *job, pairs = BSON_INITIALIZER, old = BSON_INITIALIZER;
        int64_t matched = 0;
        hopt_status status = read_job(self, id, &job, err);
        if (status != HOPT_OK) return status;
        replace_pair(&pairs, &old, job, name, file);
        status = store_pairs(self, id, job, &pairs, &matched, err);
        *entered = matched || status == HOPT_ESTORE;
        if (matched) discard_all(b, &old);
        bson_destroy(&pairs);
        bson_destroy(&old);
        bson_destroy(job);
        if (status != HOPT_OK || matched) return status;
    }
    return hopt_error_set(err, HOPT_ESTORE, "trial %d: its attachments keep changing",
                          hopt_trial_id_num(id));
}

/* ---- the driver's slots ---- */

hopt_status hopt_mongo__attach(void *store, const hopt_trial_id *id, const char *name,
                               const void *data, size_t length, hopt_error *err) {
    hopt_mongo *self = store;
    bucket b;
    bson_value_t file;
    bson_t *job;
    char hex[25], *clean = hopt_bson_clean_text(name, strlen(name));
    bson_oid_t oid = hopt_mongo__oid(id);
    bson_oid_to_string(&oid, hex);
    char *filename = hopt_format("%s_%s", hex, clean);
    hopt_status status = read_job(self, id, &job, err); /* before 64 MB go over the line */
    if (status == HOPT_OK) {
        bson_destroy(job);
        status = hopt_mongo__bucket_open(&b, self, err);
    }
    if (status == HOPT_OK) {
        status = hopt_mongo__upload(self, &b, filename, data, length, &file, err);
        if (status == HOPT_OK) {
            bool entered = false;
            status = enter(self, &b, id, clean, &file, &entered, err);
            if (status != HOPT_OK && !entered) discard(&b, &file);
            bson_value_destroy(&file);
        }
        hopt_mongo__bucket_close(&b);
    }
    free(filename);
    free(clean);
    return status;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

hopt_status hopt_mongo__attachments(void *self, char ***names, size_t *count,
                                    const hopt_trial_id *id, hopt_error *err) {
    bson_t *job;
    bson_iter_t at, file;
    size_t capacity = 0;
    hopt_status status = read_job(self, id, &job, err);
    if (status != HOPT_OK) return status == HOPT_ENOTFOUND ? HOPT_OK : status;
    bool any = find_pairs(&at, job);
    while (any && bson_iter_next(&at)) {
        char *name = NULL;
        if (read_pair(&at, &name, &file)) {
            *names = hopt_grow(*names, *count, &capacity, sizeof **names);
            (*names)[(*count)++] = name;
        } else {
            free(name);
        }
    }
    bson_destroy(job);
    if (*count) qsort(*names, *count, sizeof **names, by_name);
    return HOPT_OK;
}

static bool find_file(const bson_t *job, const char *name, bson_value_t *out) {
    bson_iter_t at, file;
    char *text = NULL;
    bool found = false, any = find_pairs(&at, job);
    while (any && !found && bson_iter_next(&at)) {
        if (!read_pair(&at, &text, &file) || strcmp(text, name) != 0) continue;
        bson_value_copy(bson_iter_value(&file), out);
        found = true;
    }
    free(text);
    return found;
}

static hopt_status download(hopt_mongo *self, bucket *b, const bson_value_t *file, void **data,
                            size_t *length, hopt_error *err) {
    enum { STEP = 1 << 20 };
    bson_error_t error;
    mongoc_stream_t *stream = mongoc_gridfs_bucket_open_download_stream(b->files, file, &error);
    if (!stream && error.code == MONGOC_ERROR_GRIDFS_BUCKET_FILE_NOT_FOUND) return HOPT_ENOTFOUND;
    if (!stream) return hopt_mongo__failed(self, &error, err);
    char *bytes = hopt_alloc(STEP);
    size_t size = 0;
    ssize_t got;
    while ((got = mongoc_stream_read(stream, bytes + size, STEP, 1, 0)) > 0 &&
           size <= HOPT_ATTACHMENT_MAX) {
        size += (size_t)got;
        bytes = hopt_realloc(bytes, size + STEP, 1);
    }
    hopt_status status = HOPT_OK;
    if (got > 0)
        status = hopt_error_set(err, HOPT_EINVAL, "the attachment is larger than %zu MB",
                                HOPT_ATTACHMENT_MAX >> 20);
    else if (got < 0 || mongoc_gridfs_bucket_stream_error(stream, &error))
        status = hopt_mongo__stream_failed(self, stream, err);
    mongoc_stream_destroy(stream);
    if (status != HOPT_OK) {
        free(bytes);
        return status;
    }
    *data = bytes;
    *length = size;
    return HOPT_OK;
}

hopt_status hopt_mongo__attachment(void *store, void **data, size_t *length,
                                   const hopt_trial_id *id, const char *name, hopt_error *err) {
    hopt_mongo *self = store;
    bson_t *job;
    bson_value_t file;
    bucket b;
    hopt_status status = read_job(self, id, &job, err);
    if (status != HOPT_OK) return status;
    bool found = find_file(job, name, &file);
    bson_destroy(job);
    if (found) {
        status = hopt_mongo__bucket_open(&b, self, err);
        if (status == HOPT_OK) {
            status = download(self, &b, &file, data, length, err);
            hopt_mongo__bucket_close(&b);
        }
        bson_value_destroy(&file);
    }
    if (!found || status == HOPT_ENOTFOUND)
        status = hopt_error_set(err, HOPT_ENOTFOUND, "trial %d has no attachment \"%s\"",
                                hopt_trial_id_num(id), name);
    return status;
}

hopt_status hopt_mongo__delete_files(hopt_mongo *self, const uint8_t prefix[HOPT_PREFIX_SIZE],
                                     hopt_error *err) {
    bucket b;
    const bson_t *doc;
    bson_iter_t at;
    char pattern[2 * HOPT_PREFIX_SIZE + 2] = "^";
    for (size_t i = 0; i < HOPT_PREFIX_SIZE; i++)
        snprintf(pattern + 1 + 2 * i, 3, "%02x", prefix[i]);
    hopt_status status = hopt_mongo__bucket_open(&b, self, err);
    if (status != HOPT_OK) return status;
    mongoc_cursor_t *cursor =
        hopt_mongo__find(self, HOPT_MONGO_FILES, BCON_NEW("filename", BCON_REGEX(pattern, "")),
                         BCON_NEW("projection", "{", "_id", BCON_INT32(1), "}"));
    while (mongoc_cursor_next(cursor, &doc)) {
        if (bson_iter_init_find(&at, doc, "_id")) discard(&b, bson_iter_value(&at));
    }
    status = hopt_mongo__end(self, cursor, err);
    hopt_mongo__bucket_close(&b);
    return status;
}
