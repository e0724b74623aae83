/* The queue's entry: numbers, inserting, claiming. */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/store/sqlite/sqlite_internal.h"

hopt_status hopt_sqlite__tids(void *self, int64_t *first, int n, hopt_error *err) {
    hopt_sqlite *s = self;
    sqlite3_stmt *update;
    bool row = false, more = true;
    hopt_status status = hopt_sqlite__begin(s, err);
    if (status) return status;
    status = hopt_sqlite__bind(s, &update, HOPT_SQL_TIDS, err, "i", n);
    if (status == HOPT_OK) status = hopt_sqlite__step(s, update, &row, err);
    if (status == HOPT_OK && !row)
        status = hopt_error_set(err, HOPT_ESTORE, "%s: its counter is gone: the file is damaged",
                                s->place);
    if (status == HOPT_OK) {
        *first = sqlite3_column_int64(update, 0);
        status = hopt_sqlite__step(s, update, &more, err);
    }
    return hopt_sqlite__end(s, status, err);
}

hopt_status hopt_sqlite__enqueue(void *self, hopt_trial *const *trials, size_t n, size_t *inserted,
                                 hopt_error *err) {
    hopt_sqlite *s = self;
    size_t done = 0;
    bool free_slot = true;
    hopt_status status = hopt_sqlite__begin(s, err);
    if (status) return status;
    while (status == HOPT_OK && done < n) {
        status = hopt_sqlite__insert(s, trials[done], &free_slot, err);
        if (!free_slot) break;
        done++;
    }
    /* A taken slot ends the batch; what is before it stays. */
    status = hopt_sqlite__end(s, status, err);
    if (status) return status;
    *inserted = done;
    if (free_slot) return HOPT_OK;
    return hopt_error_set(err, HOPT_ECONFLICT, "trial %d of %s is there already", trials[done]->num,
                          trials[done]->study);
}

hopt_status hopt_sqlite__import(void *self, hopt_trial *const *trials, size_t n, size_t *inserted,
                                hopt_error *err) {
    hopt_sqlite *s = self;
    size_t count = 0;
    int64_t last = 0;
    hopt_status status = hopt_sqlite__begin(s, err);
    if (status) return status;
    for (size_t i = 0; status == HOPT_OK && i < n; i++) {
        bool free_slot;
        status = hopt_sqlite__insert(s, trials[i], &free_slot, err);
        if (status == HOPT_OK && free_slot) count++;
        if (trials[i]->tid >= last) last = trials[i]->tid + 1;
    }
    /* Later tids must not meet these. */
    if (status == HOPT_OK) status = hopt_sqlite__run(s, NULL, HOPT_SQL_TIDS_RAISE, err, "l", last);
    status = hopt_sqlite__end(s, status, err);
    if (status == HOPT_OK) *inserted = count;
    return status;
}

/* A queued trial that nobody can read would be the first one for ever: it ends with the reason. */
static hopt_status set_aside(hopt_sqlite *s, const sqlite3_value *id, const char *why,
                             hopt_error *err) {
    HOPT_ASSERT(hopt_state_allows(HOPT_RUNNING, HOPT_EVENT_EXPIRE, HOPT_ERROR));
    return hopt_sqlite__run(s, NULL, HOPT_SQL_DAMAGED, err, "vit", id,
                            hopt_event_version_step(HOPT_EVENT_EXPIRE), why);
}

/* Keep the document's text, to which an end can then simply be added. */
static void keep_text(hopt_trial *trial, sqlite3_stmt *row) {
    const char *text = (const char *)sqlite3_column_text(row, 13);
    size_t length = (size_t)sqlite3_column_bytes(row, 13);
    const hopt_result *result = &trial->result;
    bool ended_before = result->error_type || result->has_step || result->ms || trial->end_ms ||
                        strstr(text, "\"result\"");
    if (!ended_before && length > 2 && strlen(text) == length && text[length - 1] == '}')
        trial->stored = hopt_strndup(text, length);
}

/* The first in the queue; *row false: there is none. The id as it is, for of a damaged row it may
 * be of another type; the caller's, sqlite3_value_free(). */
static hopt_status next_queued(hopt_sqlite *s, sqlite3_value **id, const char *study, bool *row,
                               hopt_error *err) {
    sqlite3_stmt *select;
    hopt_status status = hopt_sqlite__bind(s, &select, HOPT_SQL_NEXT, err, "t", study);
    if (status == HOPT_OK) status = hopt_sqlite__step(s, select, row, err);
    if (status || !*row) return status;
    *id = sqlite3_value_dup(sqlite3_column_value(select, 0));
    HOPT_ASSERT(*id);
    sqlite3_reset(select);
    return HOPT_OK;
}

/* Claim the row with this id. */
static hopt_status claim_row(hopt_sqlite *s, hopt_trials *out, const sqlite3_value *id,
                             const char *study, const char *owner, hopt_error *err) {
    sqlite3_stmt *select;
    hopt_error why = {0};
    bool there;
    hopt_status status =
        hopt_sqlite__run(s, NULL, HOPT_SQL_CLAIM, err, "vtil", id, owner,
                         hopt_event_version_step(HOPT_EVENT_CLAIM), hopt_sqlite__now());
    if (status == HOPT_OK) status = hopt_sqlite__bind(s, &select, HOPT_SQL_CLAIMED, err, "v", id);
    if (status == HOPT_OK) status = hopt_sqlite__step(s, select, &there, err);
    if (status) return status;
    if (!there)
        return hopt_error_set(err, HOPT_ESTORE, "%s: the queue of %s is damaged", s->place, study);
    hopt_trial *trial = hopt_sqlite__trial(select, false, &why);
    if (trial) {
        keep_text(trial, select);
        hopt_trials_add(out, trial);
    }
    sqlite3_reset(select);
    return trial ? HOPT_OK : set_aside(s, id, why.message, err);
}

/* One claim inside a transaction; *row false: nothing is queued. */
static hopt_status claim(hopt_sqlite *s, hopt_trials *out, const char *study, const char *owner,
                         bool *row, hopt_error *err) {
    sqlite3_value *id = NULL;
    hopt_status status = next_queued(s, &id, study, row, err);
    if (status || !*row) return status;
    status = claim_row(s, out, id, study, owner, err);
    sqlite3_value_free(id);
    return status;
}

hopt_status hopt_sqlite__claim_many(void *self, hopt_trials *out, const char *study,
                                    const char *owner, size_t n, hopt_error *err) {
    hopt_sqlite *s = self;
    size_t before = out->count;
    bool row = true;
    HOPT_ASSERT(hopt_state_allows(HOPT_NEW, HOPT_EVENT_CLAIM, HOPT_RUNNING));
    hopt_status status = hopt_sqlite__begin(s, err);
    if (status) return status;
    while (status == HOPT_OK && row && out->count - before < n)
        status = claim(s, out, study, owner, &row, err);
    status = hopt_sqlite__end(s, status, err);
    if (status == HOPT_OK) return out->count > before ? HOPT_OK : HOPT_ENOTFOUND;
    while (out->count > before)
        hopt_trial_free(out->list[--out->count]);
    return status;
}

hopt_status hopt_sqlite__mine(void *self, hopt_trials *out, const char *study, const char *owner,
                              hopt_error *err) {
    hopt_sqlite *s = self;
    sqlite3_stmt *select;
    bool row;
    hopt_status status = hopt_sqlite__bind(s, &select, HOPT_SQL_MINE, err, "tt", study, owner);
    while (status == HOPT_OK && (status = hopt_sqlite__step(s, select, &row, err)) == HOPT_OK &&
           row) {
        hopt_trial *trial = hopt_sqlite__trial(select, false, NULL);
        if (trial) hopt_trials_add(out, trial);
    }
    return status;
}
