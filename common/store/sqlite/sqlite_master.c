/* What the master writes: expiry, cancelling, stopping, retrying; and the open set it reads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/store/sqlite/sqlite_internal.h"

static bool read_open(hopt_open_trial *open, sqlite3_stmt *row) {
    if (!hopt_sqlite__slot(&open->id, &open->num, row, 0, 1)) return false;
    open->state = sqlite3_column_int(row, 2) == HOPT_RUNNING ? HOPT_RUNNING : HOPT_NEW;
    open->lease = sqlite3_column_int(row, 3);
    open->beat = sqlite3_column_int64(row, 4);
    hopt_sqlite__text(open->owner, sizeof open->owner, row, 5);
    if (open->state == HOPT_RUNNING) { /* only hopt claims here: the owner is the worker */
        memcpy(open->worker, open->owner, sizeof open->worker);
        return true;
    }
    json_t *doc = hopt_sqlite__object(row, 6);
    const char *worker = hopt_json_string_of(doc, "worker");
    snprintf(open->worker, sizeof open->worker, "%s", worker ? worker : "");
    json_decref(doc);
    return true;
}

static int by_num(const void *left, const void *right) {
    const hopt_open_trial *a = left, *b = right;
    return a->num < b->num ? -1 : a->num > b->num;
}

hopt_status hopt_sqlite__open_set(void *self, hopt_open_trial **list, size_t *count,
                                  const char *study, hopt_error *err) {
    hopt_sqlite *s = self;
    sqlite3_stmt *select;
    size_t capacity = 0;
    bool row;
    hopt_status status = hopt_sqlite__bind(s, &select, HOPT_SQL_OPEN_SET, err, "t", study);
    while (status == HOPT_OK && (status = hopt_sqlite__step(s, select, &row, err)) == HOPT_OK &&
           row) {
        *list = hopt_grow(*list, *count, &capacity, sizeof **list);
        if (read_open(&(*list)[*count], select)) (*count)++;
    }
    if (*count) qsort(*list, *count, sizeof **list, by_num);
    return status;
}

/* How often the lease of a trial that is still as seen was lost before; ECONFLICT when it changed.
 */
static hopt_status lost_count(hopt_sqlite *s, int *lost, const hopt_open_trial *seen,
                              hopt_error *err) {
    sqlite3_stmt *select;
    bool row = false;
    hopt_status status = hopt_sqlite__bind(s, &select, HOPT_SQL_LOST, err, "btil", &seen->id,
                                           seen->owner, seen->lease, seen->beat);
    if (status == HOPT_OK) status = hopt_sqlite__step(s, select, &row, err);
    if (status) return status;
    if (!row) return hopt_error_set(err, HOPT_ECONFLICT, "trial %d is not as seen", seen->num);
    int64_t count = sqlite3_column_int64(select, 0);
    *lost = count >= 0 && count < HOPT_CLAIMS_MAX ? (int)count : HOPT_CLAIMS_MAX;
    sqlite3_reset(select);
    return HOPT_OK;
}

static hopt_status expire(hopt_sqlite *s, const hopt_open_trial *seen, int max_attempts,
                          hopt_error *err) {
    int lost = 0;
    hopt_status status = lost_count(s, &lost, seen, err);
    if (status) return status;
    hopt_state to = lost + 1 < max_attempts ? HOPT_NEW : HOPT_ERROR;
    HOPT_ASSERT(hopt_state_allows(HOPT_RUNNING, HOPT_EVENT_EXPIRE, to));
    int step = hopt_event_version_step(HOPT_EVENT_EXPIRE);
    if (to == HOPT_NEW)
        return hopt_sqlite__run(s, NULL, HOPT_SQL_EXPIRE_NEW, err, "btili", &seen->id, seen->owner,
                                seen->lease, seen->beat, step);
    char why[128];
    snprintf(why, sizeof why, "the worker was lost %d time%s", lost + 1, lost ? "s" : "");
    return hopt_sqlite__run(s, NULL, HOPT_SQL_EXPIRE_ERROR, err, "btilit", &seen->id, seen->owner,
                            seen->lease, seen->beat, step, why);
}

hopt_status hopt_sqlite__expire(void *self, const char *study, const hopt_open_trial *seen,
                                int max_attempts, hopt_error *err) {
    hopt_sqlite *s = self;
    (void)study; /* the id says it */
    hopt_status status = hopt_sqlite__begin(s, err);
    if (status) return status;
    return hopt_sqlite__end(s, expire(s, seen, max_attempts, err), err);
}

hopt_status hopt_sqlite__cancel_new(void *self, const char *study, int from, const char *why,
                                    int64_t *changed, hopt_error *err) {
    hopt_sqlite *s = self;
    int changes = 0;
    HOPT_ASSERT(hopt_state_allows(HOPT_NEW, HOPT_EVENT_CANCEL, HOPT_CANCEL));
    hopt_status status = hopt_sqlite__begin(s, err);
    if (status) return status;
    status = hopt_sqlite__run(s, &changes, HOPT_SQL_CANCEL, err, "tiit", study, from,
                              hopt_event_version_step(HOPT_EVENT_CANCEL), why);
    status = hopt_sqlite__end(s, status, err);
    if (changed && status == HOPT_OK) *changed = changes;
    return status;
}

hopt_status hopt_sqlite__stop_running(void *self, const char *study, int num, const char *why,
                                      hopt_error *err) {
    if (num < 0) return hopt_sqlite__write(self, HOPT_OK, err, HOPT_SQL_STOP, "tt", study, why);
    return hopt_sqlite__write(self, HOPT_OK, err, HOPT_SQL_STOP_ONE, "tti", study, why, num);
}

static hopt_status retry(hopt_sqlite *s, const char *study, int num, hopt_error *err) {
    int changes = 0;
    HOPT_ASSERT(hopt_state_allows(HOPT_ERROR, HOPT_EVENT_RETRY, HOPT_NEW));
    hopt_status status = hopt_sqlite__run(s, &changes, HOPT_SQL_RETRY, err, "tii", study, num,
                                          hopt_event_version_step(HOPT_EVENT_RETRY));
    if (status || changes) return status;
    sqlite3_stmt *select;
    bool row = false;
    status = hopt_sqlite__bind(s, &select, HOPT_SQL_TRIAL, err, "ti", study, num);
    if (status == HOPT_OK) status = hopt_sqlite__step(s, select, &row, err);
    if (status) return status;
    if (!row) return hopt_error_set(err, HOPT_ENOTFOUND, "study %s has no trial %d", study, num);
    hopt_state state = (hopt_state)sqlite3_column_int(select, 4);
    sqlite3_reset(select);
    return hopt_error_set(err, HOPT_ECONFLICT, "trial %d of %s is in state %s, not error", num,
                          study, hopt_state_name(state));
}

hopt_status hopt_sqlite__retry(void *self, const char *study, int num, hopt_error *err) {
    hopt_sqlite *s = self;
    hopt_status status = hopt_sqlite__begin(s, err);
    if (status) return status;
    return hopt_sqlite__end(s, retry(s, study, num, err), err);
}
