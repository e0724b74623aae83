/* The workers' records. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/store/sqlite/sqlite_internal.h"

#define YEAR_MS (INT64_C(366) * 24 * 3600 * 1000)

static json_t *worker_doc(const hopt_worker_record *worker, int64_t beat) {
    json_t *doc = json_object();
    json_object_set_new(doc, "host", json_string(worker->host));
    json_object_set_new(doc, "pid", json_integer(worker->pid));
    json_object_set_new(doc, "boot_id", json_string(worker->boot_id));
    json_object_set_new(doc, "slots", json_integer(worker->slots));
    json_object_set_new(doc, "running", json_integer(worker->running));
    json_object_set_new(doc, "lease_s", json_real(worker->lease_s));
    json_object_set_new(doc, "studies", json_string(worker->studies ? worker->studies : ""));
    json_object_set_new(doc, "beat", json_integer(beat));
    return doc;
}

static void copy(char *out, size_t size, const json_t *doc, const char *key) {
    const char *text = hopt_json_string_of(doc, key);
    snprintf(out, size, "%s", text ? text : "");
}

static void read_worker(hopt_worker_record *worker, sqlite3_stmt *row, const json_t *doc) {
    memset(worker, 0, sizeof *worker);
    hopt_sqlite__text(worker->owner, sizeof worker->owner, row, 0);
    copy(worker->host, sizeof worker->host, doc, "host");
    copy(worker->boot_id, sizeof worker->boot_id, doc, "boot_id");
    worker->pid = (int)hopt_json_integer_of(doc, "pid", 0);
    worker->slots = (int)hopt_json_integer_of(doc, "slots", 0);
    worker->running = (int)hopt_json_integer_of(doc, "running", 0);
    worker->lease_s = hopt_json_number_of(doc, "lease_s", 0);
    const char *studies = hopt_json_string_of(doc, "studies");
    worker->studies = hopt_strdup(studies ? studies : "");
    worker->beat = hopt_json_integer_of(doc, "beat", 0);
    /* By hand it may be anything: what is no time up to now is the oldest one. */
    int64_t now_ms = hopt_sqlite__now(), seen_ms = sqlite3_column_int64(row, 2);
    worker->seen_ms = seen_ms >= 0 && seen_ms <= now_ms + YEAR_MS ? seen_ms : 0;
    worker->age_ms = now_ms - worker->seen_ms;
}

static hopt_status last_beat(hopt_sqlite *s, int64_t *beat, const char *owner, hopt_error *err) {
    sqlite3_stmt *select;
    bool row = false;
    *beat = 0;
    hopt_status status = hopt_sqlite__bind(s, &select, HOPT_SQL_WORKER, err, "t", owner);
    if (status == HOPT_OK) status = hopt_sqlite__step(s, select, &row, err);
    if (status || !row) return status;
    json_t *doc = hopt_sqlite__object(select, 0);
    *beat = hopt_json_integer_of(doc, "beat", 0);
    json_decref(doc);
    sqlite3_reset(select);
    return HOPT_OK;
}

static hopt_status put(hopt_sqlite *s, const hopt_worker_record *worker, hopt_error *err) {
    int64_t beat;
    hopt_status status = last_beat(s, &beat, worker->owner, err);
    if (status) return status;
    json_t *doc = worker_doc(worker, beat + 1);
    char *text = hopt_json_text(doc);
    json_decref(doc);
    status = hopt_sqlite__run(s, NULL, HOPT_SQL_WORKER_PUT, err, "ttl", worker->owner, text,
                              hopt_sqlite__now());
    free(text);
    return status;
}

hopt_status hopt_sqlite__worker_put(void *self, const hopt_worker_record *worker, hopt_error *err) {
    hopt_sqlite *s = self;
    hopt_status status = hopt_sqlite__begin(s, err);
    if (status) return status;
    return hopt_sqlite__end(s, put(s, worker, err), err);
}

hopt_status hopt_sqlite__worker_remove(void *self, const char *owner, hopt_error *err) {
    return hopt_sqlite__write(self, HOPT_OK, err, HOPT_SQL_WORKER_REMOVE, "t", owner);
}

hopt_status hopt_sqlite__workers(void *self, hopt_worker_record **list, size_t *count,
                                 hopt_error *err) {
    hopt_sqlite *s = self;
    sqlite3_stmt *select;
    size_t capacity = 0;
    bool row;
    hopt_status status = hopt_sqlite__bind(s, &select, HOPT_SQL_WORKERS, err, "");
    while (status == HOPT_OK && (status = hopt_sqlite__step(s, select, &row, err)) == HOPT_OK &&
           row) {
        json_t *doc = hopt_sqlite__object(select, 1);
        if (!doc) continue;
        *list = hopt_grow(*list, *count, &capacity, sizeof **list);
        read_worker(&(*list)[(*count)++], select, doc);
        json_decref(doc);
    }
    return status;
}
