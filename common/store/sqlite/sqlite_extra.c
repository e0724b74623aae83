/* Curves, logs and attachments. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/store/sqlite/sqlite_internal.h"

/* ---- curves ---- */

static hopt_status read_count(hopt_sqlite *s, int64_t *value, hopt_sqlite_sql sql,
                              const hopt_trial_id *id, int lease, hopt_error *err) {
    sqlite3_stmt *select;
    bool row = false;
    *value = 0;
    hopt_status status = sql == HOPT_SQL_REPORT_COUNT
                             ? hopt_sqlite__bind(s, &select, sql, err, "bi", id, lease)
                             : hopt_sqlite__bind(s, &select, sql, err, "b", id);
    if (status == HOPT_OK) status = hopt_sqlite__step(s, select, &row, err);
    if (status || !row) return status;
    *value = sqlite3_column_int64(select, 0);
    sqlite3_reset(select);
    return HOPT_OK;
}

static hopt_status add_reports(hopt_sqlite *s, const hopt_trial_id *id, int lease,
                               const int64_t *steps, const double *losses, size_t n,
                               hopt_error *err) {
    int64_t newest, count;
    hopt_status status = read_count(s, &newest, HOPT_SQL_REPORT_NEWEST, id, lease, err);
    if (status) return status;
    if (newest > lease)
        return hopt_error_set(err, HOPT_ECONFLICT, "trial %d: a newer lease has reported",
                              hopt_trial_id_num(id));
    status = hopt_sqlite__run(s, NULL, HOPT_SQL_REPORT_CLEAN, err, "bi", id, lease);
    if (status == HOPT_OK) status = read_count(s, &count, HOPT_SQL_REPORT_COUNT, id, lease, err);
    for (size_t i = 0; i < n && status == HOPT_OK && count + (int64_t)i < HOPT_REPORTS_MAX; i++)
        status = hopt_sqlite__run(s, NULL, HOPT_SQL_REPORT_INSERT, err, "bild", id, lease, steps[i],
                                  losses[i]);
    return status;
}

hopt_status hopt_sqlite__report(void *self, const hopt_trial_id *id, int lease,
                                const int64_t *steps, const double *losses, size_t n,
                                hopt_error *err) {
    hopt_sqlite *s = self;
    hopt_status status = hopt_sqlite__begin(s, err);
    if (status) return status;
    return hopt_sqlite__end(s, add_reports(s, id, lease, steps, losses, n, err), err);
}

hopt_status hopt_sqlite__reports(void *self, hopt_reports *out, const hopt_trial_id *id,
                                 hopt_error *err) {
    hopt_sqlite *s = self;
    sqlite3_stmt *select;
    size_t room = 0, room_too = 0;
    bool row;
    hopt_status status = hopt_sqlite__bind(s, &select, HOPT_SQL_REPORTS, err, "b", id);
    while (status == HOPT_OK && (status = hopt_sqlite__step(s, select, &row, err)) == HOPT_OK &&
           row) {
        out->steps = hopt_grow(out->steps, out->count, &room, sizeof *out->steps);
        out->losses = hopt_grow(out->losses, out->count, &room_too, sizeof *out->losses);
        out->lease = sqlite3_column_int(select, 0);
        out->steps[out->count] = sqlite3_column_int64(select, 1);
        bool none = sqlite3_column_type(select, 2) == SQLITE_NULL; /* SQLite's form of NaN */
        out->losses[out->count++] = none ? (double)NAN : sqlite3_column_double(select, 2);
    }
    return status;
}

/* ---- logs ---- */

hopt_status hopt_sqlite__put_log(void *self, const hopt_trial_id *id, const hopt_log_text *log,
                                 hopt_error *err) {
    hopt_status status =
        hopt_sqlite__write(self, HOPT_ECONFLICT, err, HOPT_SQL_LOG_PUT, "biBB", id, log->lease,
                           (const void *)log->head, log->head ? log->head_length : 0,
                           (const void *)log->tail, log->tail ? log->tail_length : 0);
    if (status == HOPT_ECONFLICT)
        return hopt_error_set(err, status, "trial %d: a newer lease has put its log",
                              hopt_trial_id_num(id));
    return status;
}

static char *copy_blob(size_t *length, sqlite3_stmt *row, int column) {
    const void *data = sqlite3_column_blob(row, column);
    *length = (size_t)sqlite3_column_bytes(row, column);
    return hopt_strndup(data ? data : "", *length);
}

hopt_status hopt_sqlite__log(void *self, hopt_log_text *out, const hopt_trial_id *id,
                             hopt_error *err) {
    hopt_sqlite *s = self;
    sqlite3_stmt *select;
    bool row = false;
    hopt_status status = hopt_sqlite__bind(s, &select, HOPT_SQL_LOG, err, "b", id);
    if (status == HOPT_OK) status = hopt_sqlite__step(s, select, &row, err);
    if (status) return status;
    if (!row) return HOPT_ENOTFOUND;
    out->lease = sqlite3_column_int(select, 0);
    out->head = copy_blob(&out->head_length, select, 1);
    out->tail = copy_blob(&out->tail_length, select, 2);
    sqlite3_reset(select);
    return HOPT_OK;
}

/* ---- attachments ---- */

hopt_status hopt_sqlite__attach(void *self, const hopt_trial_id *id, const char *name,
                                const void *data, size_t length, hopt_error *err) {
    return hopt_sqlite__write(self, HOPT_OK, err, HOPT_SQL_ATTACH, "btB", id, name, data, length);
}

hopt_status hopt_sqlite__attachments(void *self, char ***names, size_t *count,
                                     const hopt_trial_id *id, hopt_error *err) {
    hopt_sqlite *s = self;
    sqlite3_stmt *select;
    size_t capacity = 0;
    bool row;
    hopt_status status = hopt_sqlite__bind(s, &select, HOPT_SQL_ATTACHMENTS, err, "b", id);
    while (status == HOPT_OK && (status = hopt_sqlite__step(s, select, &row, err)) == HOPT_OK &&
           row) {
        const char *name = (const char *)sqlite3_column_text(select, 0);
        *names = hopt_grow(*names, *count, &capacity, sizeof **names);
        (*names)[(*count)++] = hopt_strdup(name ? name : "");
    }
    return status;
}

hopt_status hopt_sqlite__attachment(void *self, void **data, size_t *length,
                                    const hopt_trial_id *id, const char *name, hopt_error *err) {
    hopt_sqlite *s = self;
    sqlite3_stmt *select;
    bool row = false;
    hopt_status status = hopt_sqlite__bind(s, &select, HOPT_SQL_ATTACHMENT, err, "bt", id, name);
    if (status == HOPT_OK) status = hopt_sqlite__step(s, select, &row, err);
    if (status) return status;
    if (!row) return HOPT_ENOTFOUND;
    *data = copy_blob(length, select, 0);
    sqlite3_reset(select);
    return HOPT_OK;
}
