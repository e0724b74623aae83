/* Studies and their leadership. What has no column is in the JSON of `doc`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/store/sqlite/sqlite_internal.h"

/* ---- record and document ---- */

static void set_text(json_t *object, const char *key, const char *text) {
    json_object_set_new(object, key, text ? json_string(text) : json_null());
}

static json_t *counts_json(const int64_t counts[HOPT_STATES]) {
    json_t *array = json_array();
    for (int i = 0; i < HOPT_STATES; i++)
        json_array_append_new(array, json_integer(counts[i]));
    return array;
}

static json_t *best_json(bool has, int num, double loss) {
    return has ? json_pack("{s:i,s:f}", "num", num, "loss", loss) : json_null();
}

static json_t *study_doc(const hopt_study_record *study) {
    json_t *doc = json_object();
    json_object_set_new(doc, "format", json_integer(HOPT_SQLITE_FORMAT));
    set_text(doc, "reason", study->reason);
    json_object_set_new(doc, "rev", json_integer(study->rev));
    set_text(doc, "spec", study->spec);
    set_text(doc, "space_hash", study->space_hash);
    set_text(doc, "file_hash", study->file_hash);
    json_object_set_new(doc, "seed", json_integer((json_int_t)study->seed));
    json_object_set_new(doc, "active_ms", json_integer(study->active_ms));
    json_object_set_new(doc, "counts", counts_json(study->counts));
    json_object_set_new(doc, "best", best_json(study->has_best, study->best_num, study->best_loss));
    return doc;
}

static void read_progress(hopt_study_record *study, const json_t *doc) {
    study->active_ms = hopt_json_integer_of(doc, "active_ms", 0);
    const json_t *counts = json_object_get(doc, "counts"), *best = json_object_get(doc, "best");
    for (size_t i = 0; i < HOPT_STATES; i++)
        study->counts[i] = json_integer_value(json_array_get(counts, i));
    study->has_best = json_is_object(best) && json_is_number(json_object_get(best, "loss"));
    if (!study->has_best) return;
    study->best_num = (int)hopt_json_integer_of(best, "num", 0);
    study->best_loss = hopt_json_number_of(best, "loss", 0);
}

static hopt_status read_doc(hopt_study_record *study, const json_t *doc, hopt_error *err) {
    long long format = hopt_json_integer_of(doc, "format", 0);
    if (format > HOPT_SQLITE_FORMAT)
        return hopt_error_set(err, HOPT_EINVAL,
                              "study %s: written by a newer hopt (format %lld, this one reads %d)",
                              study->name, format, HOPT_SQLITE_FORMAT);
    const char *spec = hopt_json_string_of(doc, "spec"),
               *hash = hopt_json_string_of(doc, "space_hash"),
               *file_hash = hopt_json_string_of(doc, "file_hash");
    if (format < 1 || !spec || !hash || strlen(hash) >= sizeof study->space_hash)
        return hopt_error_set(err, HOPT_EINVAL, "study %s: its record is damaged", study->name);
    study->format = (int)format;
    study->reason = hopt_strdup(hopt_json_string_of(doc, "reason"));
    study->rev = hopt_json_integer_of(doc, "rev", 0);
    study->spec = hopt_strdup(spec);
    snprintf(study->space_hash, sizeof study->space_hash, "%s", hash);
    if (file_hash) snprintf(study->file_hash, sizeof study->file_hash, "%s", file_hash);
    study->seed = (uint64_t)hopt_json_integer_of(doc, "seed", 0);
    read_progress(study, doc);
    return HOPT_OK;
}

/* The current row as a record. On HOPT_EINVAL it is damaged, or of a newer format. */
static hopt_status read_study(hopt_study_record **out, sqlite3_stmt *row, hopt_error *err) {
    hopt_study_record *study = hopt_study_new();
    hopt_sqlite__text(study->name, sizeof study->name, row, 0);
    char state[16];
    hopt_sqlite__text(state, sizeof state, row, 1);
    study->leader = hopt_strdup((const char *)sqlite3_column_text(row, 2));
    study->epoch = sqlite3_column_int64(row, 3);
    study->beat = sqlite3_column_int64(row, 4);
    bool fine = hopt_study_state_parse(&study->state, state) &&
                sqlite3_column_bytes(row, 5) == HOPT_PREFIX_SIZE;
    if (fine) memcpy(study->prefix, sqlite3_column_blob(row, 5), HOPT_PREFIX_SIZE);
    json_t *doc = hopt_sqlite__object(row, 6);
    hopt_status status = HOPT_OK;
    if (!fine || !doc)
        status = hopt_error_set(err, HOPT_EINVAL, "study %s: its record is damaged", study->name);
    else
        status = read_doc(study, doc, err);
    json_decref(doc);
    if (status == HOPT_OK)
        *out = study;
    else
        hopt_study_free(study);
    return status;
}

/* ---- studies ---- */

static hopt_status fill_prefix(hopt_study_record *study, hopt_error *err) {
    static const uint8_t none[HOPT_PREFIX_SIZE];
    if (memcmp(study->prefix, none, sizeof none) != 0) return HOPT_OK;
    if (getrandom(study->prefix, sizeof study->prefix, 0) != (ssize_t)sizeof study->prefix)
        return hopt_error_set(err, HOPT_EFAILED, "no random numbers from the system");
    return HOPT_OK;
}

hopt_status hopt_sqlite__study_create(void *self, hopt_study_record *study, hopt_error *err) {
    hopt_sqlite *s = self;
    hopt_study_record made = *study; /* the caller's is left alone when the name is there */
    hopt_status status = fill_prefix(&made, err);
    if (status) return status;
    json_t *doc = study_doc(study);
    char *text = hopt_json_text(doc);
    json_decref(doc);
    status = hopt_sqlite__write(s, HOPT_ECONFLICT, err, HOPT_SQL_STUDY_INSERT, "tttllBt",
                                study->name, hopt_study_state_name(study->state), study->leader,
                                study->epoch, study->beat, made.prefix, sizeof made.prefix, text);
    free(text);
    if (status == HOPT_ECONFLICT)
        return hopt_error_set(err, status, "a study named %s exists", study->name);
    if (status == HOPT_OK) {
        memcpy(study->prefix, made.prefix, sizeof made.prefix);
        study->format = HOPT_SQLITE_FORMAT;
    }
    return status;
}

hopt_status hopt_sqlite__study(void *self, hopt_study_record **out, const char *name,
                               hopt_error *err) {
    hopt_sqlite *s = self;
    sqlite3_stmt *select;
    bool row = false;
    hopt_status status = hopt_sqlite__bind(s, &select, HOPT_SQL_STUDY, err, "t", name);
    if (status == HOPT_OK) status = hopt_sqlite__step(s, select, &row, err);
    if (status) return status;
    if (!row) return hopt_error_set(err, HOPT_ENOTFOUND, "no study named %s", name);
    status = read_study(out, select, err);
    sqlite3_reset(select);
    return status;
}

hopt_status hopt_sqlite__studies(void *self, char ***names, size_t *count, hopt_error *err) {
    hopt_sqlite *s = self;
    sqlite3_stmt *select;
    bool row = true;
    size_t capacity = 0;
    hopt_status status = hopt_sqlite__bind(s, &select, HOPT_SQL_STUDIES, err, "");
    while (status == HOPT_OK && (status = hopt_sqlite__step(s, select, &row, err)) == HOPT_OK &&
           row) {
        hopt_study_record *study;
        if (read_study(&study, select, NULL) != HOPT_OK) continue;
        *names = hopt_grow(*names, *count, &capacity, sizeof **names);
        (*names)[(*count)++] = hopt_strdup(study->name);
        hopt_study_free(study);
    }
    return status;
}

static void replace(char **text, const char *by) {
    free(*text);
    *text = hopt_strdup(by);
}

static hopt_status write_study(hopt_sqlite *s, const hopt_study_record *study, hopt_error *err) {
    json_t *doc = study_doc(study);
    char *text = hopt_json_text(doc);
    json_decref(doc);
    hopt_status status = hopt_sqlite__run(s, NULL, HOPT_SQL_STUDY_UPDATE, err, "ttt", study->name,
                                          hopt_study_state_name(study->state), text);
    free(text);
    return status;
}

hopt_status hopt_sqlite__study_update(void *self, const char *name, int64_t rev, int state,
                                      const char *reason, const char *spec, const char *file_hash,
                                      hopt_error *err) {
    hopt_sqlite *s = self;
    hopt_study_record *study = NULL;
    hopt_status status = hopt_sqlite__begin(s, err);
    if (status) return status;
    status = hopt_sqlite__study(s, &study, name, err);
    HOPT_ASSERT(status != HOPT_OK || study);
    if (status == HOPT_OK && study->rev != rev)
        status = hopt_error_set(err, HOPT_ECONFLICT, "study %s was changed by somebody else", name);
    if (status == HOPT_OK) {
        study->rev++;
        if (state >= 0) {
            study->state = (hopt_study_state)state;
            replace(&study->reason, reason);
        }
        if (spec) replace(&study->spec, spec);
        if (file_hash) snprintf(study->file_hash, sizeof study->file_hash, "%s", file_hash);
        status = write_study(s, study, err);
    }
    hopt_study_free(study);
    return hopt_sqlite__end(s, status, err);
}

hopt_status hopt_sqlite__study_delete(void *self, const char *name, hopt_error *err) {
    static const hopt_sqlite_sql steps[] = {HOPT_SQL_DELETE_REPORTS, HOPT_SQL_DELETE_LOGS,
                                            HOPT_SQL_DELETE_ATTACHMENTS, HOPT_SQL_DELETE_TRIALS,
                                            HOPT_SQL_STUDY_DELETE};
    hopt_sqlite *s = self;
    int changes = 0;
    hopt_status status = hopt_sqlite__begin(s, err);
    if (status) return status;
    status = hopt_sqlite__sink_delete(s, name, err);
    for (size_t i = 0; i < HOPT_COUNT(steps) && status == HOPT_OK; i++)
        status = hopt_sqlite__run(s, &changes, steps[i], err, "t", name);
    status = hopt_sqlite__end(s, status, err);
    if (status == HOPT_OK && changes == 0)
        return hopt_error_set(err, HOPT_ENOTFOUND, "no study named %s", name);
    return status;
}

/* ---- leadership ---- */

hopt_status hopt_sqlite__lead(void *self, const char *name, const char *me, int64_t epoch,
                              int64_t beat, hopt_error *err) {
    return hopt_sqlite__write(self, HOPT_ECONFLICT, err, HOPT_SQL_LEAD, "ttll", name, me, epoch,
                              beat);
}

hopt_status hopt_sqlite__renew(void *self, const char *name, const char *me, int64_t epoch,
                               const hopt_study_progress *p, hopt_error *err) {
    json_t *array = counts_json(p->counts),
           *best = best_json(p->has_best, p->best_num, p->best_loss);
    char *counts_text = hopt_json_text(array), *best_text = hopt_json_text(best);
    hopt_status status = hopt_sqlite__write(self, HOPT_ECONFLICT, err, HOPT_SQL_RENEW, "ttlltt",
                                            name, me, epoch, p->active_ms, counts_text, best_text);
    free(counts_text);
    free(best_text);
    json_decref(array);
    json_decref(best);
    return status;
}

hopt_status hopt_sqlite__abdicate(void *self, const char *name, const char *me, int64_t epoch,
                                  hopt_error *err) {
    return hopt_sqlite__write(self, HOPT_ECONFLICT, err, HOPT_SQL_ABDICATE, "ttl", name, me, epoch);
}
