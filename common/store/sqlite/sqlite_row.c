/* Trials between rows and records. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/store/sqlite/sqlite_internal.h"

void hopt_sqlite__text(char *out, size_t size, sqlite3_stmt *row, int column) {
    const char *text = (const char *)sqlite3_column_text(row, column);
    snprintf(out, size, "%s", text ? text : "");
}

json_t *hopt_sqlite__object(sqlite3_stmt *row, int column) {
    const char *text = (const char *)sqlite3_column_text(row, column);
    if (!text) return NULL;
    json_t *object = hopt_json_read(text, (size_t)sqlite3_column_bytes(row, column));
    if (json_is_object(object)) return object;
    json_decref(object);
    return NULL;
}

bool hopt_sqlite__slot(hopt_trial_id *id, int *num, sqlite3_stmt *row, int id_column,
                       int num_column) {
    if (sqlite3_column_type(row, id_column) != SQLITE_BLOB ||
        sqlite3_column_bytes(row, id_column) != HOPT_ID_SIZE)
        return false;
    memcpy(id->bytes, sqlite3_column_blob(row, id_column), HOPT_ID_SIZE);
    *num = hopt_trial_id_num(id);
    return sqlite3_column_type(row, num_column) == SQLITE_INTEGER &&
           sqlite3_column_int64(row, num_column) == *num;
}

/* SQLite keeps what it is given: an INT column may hold a text, which would read as 0. */
static bool whole_number(int *out, sqlite3_stmt *row, int column, int64_t most) {
    int64_t value = sqlite3_column_int64(row, column);
    *out = (int)value;
    return sqlite3_column_type(row, column) == SQLITE_INTEGER && value >= 0 && value <= most;
}

static char *text_or_null(sqlite3_stmt *row, int column) {
    return hopt_strdup((const char *)sqlite3_column_text(row, column));
}

/* All but the document. False when something is outside its range. */
static bool read_columns(hopt_trial *trial, sqlite3_stmt *row) {
    int state;
    bool good = hopt_sqlite__slot(&trial->id, &trial->num, row, 0, 2) &&
                sqlite3_column_type(row, 3) == SQLITE_INTEGER &&
                whole_number(&state, row, 4, HOPT_STATES - 1) &&
                whole_number(&trial->lease, row, 6, HOPT_CLAIMS_MAX) &&
                whole_number(&trial->lost, row, 7, HOPT_CLAIMS_MAX) &&
                whole_number(&trial->version, row, 9, INT_MAX);
    if (!good) return false;
    hopt_sqlite__text(trial->study, sizeof trial->study, row, 1);
    trial->tid = sqlite3_column_int64(row, 3);
    trial->state = (hopt_state)state;
    trial->owner = text_or_null(row, 5);
    trial->beat = sqlite3_column_int64(row, 8);
    trial->result.stop = text_or_null(row, 10);
    trial->book_ms = sqlite3_column_int64(row, 11);
    trial->refresh_ms = sqlite3_column_int64(row, 12);
    return true;
}

hopt_trial *hopt_sqlite__trial(sqlite3_stmt *row, bool brief, hopt_error *err) {
    hopt_trial *trial = hopt_trial_new();
    json_t *doc = hopt_sqlite__object(row, 13);
    hopt_status status = HOPT_OK;
    if (!read_columns(trial, row) || !doc) {
        status =
            hopt_error_set(err, HOPT_EINVAL, "damaged trial %d: %s", trial->num,
                           doc ? "a column is out of range" : "its document is no JSON object");
    } else {
        if (brief) json_object_del(doc, "params");
        status = hopt_trial_read_doc(trial, doc, err);
    }
    if (status == HOPT_OK && brief) {
        json_decref(trial->result.extras);
        trial->result.extras = NULL;
    }
    /* A claim writes only columns: the one that claimed is the owner until somebody else writes. */
    if (status == HOPT_OK && trial->owner && trial->state != HOPT_NEW &&
        strcmp(trial->owner, "hopt") != 0) {
        free(trial->worker);
        trial->worker = hopt_strdup(trial->owner);
    }
    json_decref(doc);
    if (status == HOPT_OK) return trial;
    hopt_trial_free(trial);
    return NULL;
}

/* ON CONFLICT DO NOTHING does not say which unique column it was. */
static hopt_status explain_conflict(hopt_sqlite *s, const hopt_trial *trial, hopt_error *err) {
    sqlite3_stmt *slot;
    bool row = false;
    hopt_status status = hopt_sqlite__bind(s, &slot, HOPT_SQL_SLOT, err, "bti", &trial->id,
                                           trial->study, trial->num);
    if (status == HOPT_OK) status = hopt_sqlite__step(s, slot, &row, err);
    if (status) return status;
    if (row) {
        sqlite3_reset(slot);
        return HOPT_OK;
    }
    return hopt_error_set(err, HOPT_EINVAL,
                          "trial %d of %s: tid %lld is another trial's; take fresh ones",
                          trial->num, trial->study, (long long)trial->tid);
}

static const char *status_of(const hopt_trial *trial) {
    if (trial->state == HOPT_DONE) return trial->result.ok ? "ok" : "fail";
    return trial->state == HOPT_CANCEL ? "fail" : NULL;
}

hopt_status hopt_sqlite__insert(hopt_sqlite *s, const hopt_trial *t, bool *inserted,
                                hopt_error *err) {
    json_t *doc = hopt_trial_doc(t);
    char *text = hopt_json_text(doc);
    json_decref(doc);
    double loss = t->state == HOPT_DONE && t->result.has_loss ? t->result.loss : (double)NAN;
    int changes = 0;
    *inserted = false;
    hopt_status status = hopt_sqlite__run(
        s, &changes, HOPT_SQL_INSERT, err, "btilitiilitzztdt", &t->id, t->study, t->num, t->tid,
        (int)t->state, t->owner ? t->owner : "hopt", t->lease, t->lost, t->beat, t->version,
        t->result.stop, t->book_ms, t->refresh_ms, text, loss, status_of(t));
    free(text);
    if (status && sqlite3_extended_errcode(s->db) == SQLITE_CONSTRAINT_FOREIGNKEY)
        return hopt_error_set(err, HOPT_ENOTFOUND, "no study named %s", t->study);
    if (status) return status;
    *inserted = changes > 0;
    return *inserted ? HOPT_OK : explain_conflict(s, t, err);
}
