/* Reading trials. One statement is one consistent snapshot: no trial is seen half written. */
#include "common/store/sqlite/sqlite_internal.h"

enum { ALL_STATES = (1 << HOPT_STATES) - 1, OPEN_STATES = 1 << HOPT_NEW | 1 << HOPT_RUNNING };

hopt_status hopt_sqlite__trials(void *self, hopt_trials *out, const hopt_trial_query *query,
                                int64_t *malformed, hopt_error *err) {
    hopt_sqlite *s = self;
    sqlite3_stmt *select;
    bool row;
    int mask = query->state_mask ? query->state_mask : ALL_STATES;
    hopt_sqlite_sql sql = mask & ~OPEN_STATES ? HOPT_SQL_TRIALS : HOPT_SQL_TRIALS_OPEN;
    size_t end = out->count + (size_t)query->limit;
    hopt_status status =
        hopt_sqlite__bind(s, &select, sql, err, "tii", query->study, query->after, mask);
    while (status == HOPT_OK && (status = hopt_sqlite__step(s, select, &row, err)) == HOPT_OK &&
           row) {
        hopt_trial *trial = hopt_sqlite__trial(select, query->brief, NULL);
        if (!trial) {
            ++*malformed;
            continue;
        }
        hopt_trials_add(out, trial);
        if (out->count == end) break;
    }
    sqlite3_reset(select);
    return status;
}

static hopt_status read_one(hopt_sqlite *s, hopt_trials *out, const char *study, int num,
                            hopt_error *err) {
    sqlite3_stmt *select;
    bool row = false;
    hopt_status status = hopt_sqlite__bind(s, &select, HOPT_SQL_TRIAL, err, "ti", study, num);
    if (status == HOPT_OK) status = hopt_sqlite__step(s, select, &row, err);
    if (status || !row) return status;
    hopt_trial *trial = hopt_sqlite__trial(select, false, err);
    if (trial) hopt_trials_add(out, trial);
    sqlite3_reset(select);
    return HOPT_OK;
}

hopt_status hopt_sqlite__trials_by_num(void *self, hopt_trials *out, const char *study,
                                       const int *nums, size_t n, hopt_error *err) {
    hopt_status status = HOPT_OK;
    for (size_t i = 0; i < n && status == HOPT_OK; i++)
        status = read_one(self, out, study, nums[i], err);
    return status;
}

hopt_status hopt_sqlite__counts(void *self, const char *study, int64_t counts[HOPT_STATES],
                                hopt_error *err) {
    hopt_sqlite *s = self;
    sqlite3_stmt *select;
    bool row;
    int64_t done = 0;
    hopt_status status = hopt_sqlite__bind(s, &select, HOPT_SQL_COUNTS, err, "t", study);
    while (status == HOPT_OK && (status = hopt_sqlite__step(s, select, &row, err)) == HOPT_OK &&
           row) {
        int state = sqlite3_column_type(select, 0) == SQLITE_INTEGER ? sqlite3_column_int(select, 0)
                                                                     : HOPT_STATES;
        int64_t count = sqlite3_column_int64(select, 1);
        done += state == -1 ? count : -count;
        if (state >= 0 && state < HOPT_STATES) counts[state] = count;
    }
    counts[HOPT_DONE] = done;
    return status;
}

hopt_status hopt_sqlite__best(void *self, hopt_trial **out, const char *study, hopt_error *err) {
    hopt_sqlite *s = self;
    sqlite3_stmt *select;
    bool row;
    hopt_status status = hopt_sqlite__bind(s, &select, HOPT_SQL_BEST, err, "t", study);
    while (status == HOPT_OK && (status = hopt_sqlite__step(s, select, &row, err)) == HOPT_OK &&
           row) {
        *out = hopt_sqlite__trial(select, false, NULL); /* a damaged one is skipped */
        if (*out) {
            sqlite3_reset(select);
            return HOPT_OK;
        }
    }
    return status == HOPT_OK ? HOPT_ENOTFOUND : status;
}
