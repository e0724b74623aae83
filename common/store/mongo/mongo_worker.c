/* The workers' records. Ages are by the server's clock alone. */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/store/mongo/bson_json.h"
#include "common/store/mongo/mongo_internal.h"

#define YEAR_MS (INT64_C(366) * 24 * 3600 * 1000)

/* "a,b" as an array of names. */
static void add_studies(bson_t *to, const char *names) {
    bson_t array;
    uint32_t n = 0;
    BSON_APPEND_ARRAY_BEGIN(to, "studies", &array);
    while (names && *names) {
        char buffer[16];
        const char *index;
        size_t length = strcspn(names, ",");
        char *clean = hopt_bson_clean_text(names, length);
        bson_uint32_to_string(n++, &index, buffer, sizeof buffer);
        bson_append_utf8(&array, index, -1, clean, -1);
        free(clean);
        names += length;
        names += *names == ',';
    }
    bson_append_array_end(to, &array);
}

hopt_status hopt_mongo__worker_put(void *self, const hopt_worker_record *worker, hopt_error *err) {
    enum { TRIES = 5 };
    hopt_status status = HOPT_ECONFLICT;
    /* Two upserts of one key can race; the second try is then an update. */
    for (int i = 0; i < TRIES && status == HOPT_ECONFLICT; i++) {
        bson_t set, *update = bson_new();
        BSON_APPEND_DOCUMENT_BEGIN(update, "$set", &set);
        hopt_bson_add_text(&set, "host", worker->host);
        BSON_APPEND_INT32(&set, "pid", worker->pid);
        hopt_bson_add_text(&set, "boot_id", worker->boot_id);
        BSON_APPEND_INT32(&set, "slots", worker->slots);
        BSON_APPEND_INT32(&set, "running", worker->running);
        BSON_APPEND_DOUBLE(&set, "lease_s", worker->lease_s);
        add_studies(&set, worker->studies);
        bson_append_document_end(update, &set);
        BCON_APPEND(update, "$inc", "{", "beat", BCON_INT64(1), "}", "$currentDate", "{", "seen",
                    BCON_BOOL(true), "}");
        bson_t *filter = bson_new();
        hopt_bson_add_text(filter, "_id", worker->owner);
        status = hopt_mongo__update(self, HOPT_MONGO_WORKERS, HOPT_MONGO_UPSERT, filter, update,
                                    NULL, err);
    }
    return status == HOPT_ECONFLICT ? HOPT_ESTORE : status;
}

hopt_status hopt_mongo__worker_remove(void *self, const char *owner, hopt_error *err) {
    bson_t *filter = bson_new();
    hopt_bson_add_text(filter, "_id", owner);
    return hopt_mongo__delete(self, HOPT_MONGO_WORKERS, false, filter, err);
}

static void read_int(int *out, const bson_iter_t *at) {
    int64_t value;
    if (hopt_bson_integer(&value, at, INT32_MIN, INT32_MAX)) *out = (int)value;
}

static char *join_studies(const bson_iter_t *at) {
    bson_iter_t name;
    hopt_buf out = HOPT_BUF_INIT;
    char *text = NULL;
    if (BSON_ITER_HOLDS_ARRAY(at) && bson_iter_recurse(at, &name)) {
        while (bson_iter_next(&name)) {
            if (!hopt_bson_text(&text, &name)) continue;
            hopt_buf_print(&out, "%s%s", out.length ? "," : "", text);
        }
    }
    free(text);
    return hopt_buf_take(&out);
}

static void read_field(hopt_worker_record *worker, const char *key, const bson_iter_t *at) {
    if (strcmp(key, "_id") == 0) hopt_bson_name(worker->owner, sizeof worker->owner, at);
    if (strcmp(key, "host") == 0) hopt_bson_name(worker->host, sizeof worker->host, at);
    if (strcmp(key, "boot_id") == 0) hopt_bson_name(worker->boot_id, sizeof worker->boot_id, at);
    if (strcmp(key, "pid") == 0) read_int(&worker->pid, at);
    if (strcmp(key, "slots") == 0) read_int(&worker->slots, at);
    if (strcmp(key, "running") == 0) read_int(&worker->running, at);
    if (strcmp(key, "lease_s") == 0) hopt_bson_double(&worker->lease_s, at);
    if (strcmp(key, "beat") == 0) hopt_bson_integer(&worker->beat, at, 0, INT64_MAX);
    if (strcmp(key, "seen") == 0) hopt_bson_date(&worker->seen_ms, at);
    if (strcmp(key, "studies") == 0) {
        free(worker->studies);
        worker->studies = join_studies(at);
    }
}

static hopt_status server_now(hopt_mongo *self, int64_t *now_ms, hopt_error *err) {
    bson_t *hello;
    bson_iter_t at;
    *now_ms = 0;
    hopt_status status = hopt_mongo__hello(self, &hello, err);
    if (status == HOPT_OK && bson_iter_init_find(&at, hello, "localTime"))
        hopt_bson_date(now_ms, &at);
    bson_destroy(hello);
    if (status == HOPT_OK && !*now_ms)
        status =
            hopt_error_set(err, HOPT_ESTORE, "MongoDB at %s does not tell its time", self->hosts);
    return status;
}

hopt_status hopt_mongo__workers(void *self, hopt_worker_record **list, size_t *count,
                                hopt_error *err) {
    const bson_t *doc;
    bson_iter_t at;
    size_t capacity = 0;
    int64_t now_ms;
    mongoc_cursor_t *cursor =
        hopt_mongo__find(self, HOPT_MONGO_WORKERS, bson_new(),
                         BCON_NEW("sort", "{", "seen", BCON_INT32(-1), "_id", BCON_INT32(1), "}"));
    while (mongoc_cursor_next(cursor, &doc)) {
        hopt_worker_record worker = {0};
        if (!bson_iter_init(&at, doc)) continue;
        while (bson_iter_next(&at))
            read_field(&worker, bson_iter_key(&at), &at);
        if (!worker.studies) worker.studies = hopt_strdup("");
        *list = hopt_grow(*list, *count, &capacity, sizeof **list);
        (*list)[(*count)++] = worker;
    }
    hopt_status status = hopt_mongo__end(self, cursor, err);
    if (status != HOPT_OK || *count == 0) return status;
    status = server_now(self, &now_ms, err);
    for (size_t i = 0; i < *count; i++) {
        int64_t seen_ms = (*list)[i].seen_ms; /* anything, by hand */
        if (seen_ms < 0 || seen_ms > now_ms + YEAR_MS) seen_ms = (*list)[i].seen_ms = 0;
        (*list)[i].age_ms = seen_ms > now_ms ? 0 : now_ms - seen_ms;
    }
    return status;
}
