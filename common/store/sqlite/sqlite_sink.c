/* What sinks keep: two tables beside the documents, for a finished trial's document is written
 * whole by who finishes it. */
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/store/sqlite/sqlite_internal.h"

static hopt_status ensure_tables(hopt_sqlite *s, hopt_error *err) {
    if (s->sink_tables) return HOPT_OK;
    hopt_status status = hopt_sqlite__begin(s, err);
    if (status) return status;
    status = hopt_sqlite__run(s, NULL, HOPT_SQL_SINK_STUDY_TABLE, err, "");
    if (!status) status = hopt_sqlite__run(s, NULL, HOPT_SQL_SINK_TRIAL_TABLE, err, "");
    status = hopt_sqlite__end(s, status, err);
    s->sink_tables = status == HOPT_OK && !s->visit; /* a visit may yet be undone */
    return status;
}

hopt_status hopt_sqlite__sink_study(void *self, hopt_sink_study *out, const char *study,
                                    hopt_error *err) {
    hopt_sqlite *s = self;
    sqlite3_stmt *select;
    bool row = false;
    hopt_status status = ensure_tables(s, err);
    if (!status) status = hopt_sqlite__bind(s, &select, HOPT_SQL_SINK_STUDY, err, "t", study);
    if (!status) status = hopt_sqlite__step(s, select, &row, err);
    if (status) return status;
    if (!row) return hopt_error_set(err, HOPT_ENOTFOUND, "no study named %s", study);
    out->exists = sqlite3_column_type(select, 2) != SQLITE_NULL;
    hopt_sqlite__text(out->run, sizeof out->run, select, 0);
    hopt_sqlite__text(out->owner, sizeof out->owner, select, 1);
    out->beat = sqlite3_column_int64(select, 2);
    sqlite3_reset(select);
    return HOPT_OK;
}

hopt_status hopt_sqlite__sink_study_put(void *self, const char *study, const hopt_sink_study *old,
                                        const hopt_sink_study *now, hopt_error *err) {
    hopt_sqlite *s = self;
    hopt_status status = ensure_tables(s, err);
    if (status) return status;
    if (!old->exists)
        return hopt_sqlite__write(s, HOPT_ECONFLICT, err, HOPT_SQL_SINK_STUDY_FIRST, "tttl", study,
                                  now->run, now->owner, now->beat);
    return hopt_sqlite__write(s, HOPT_ECONFLICT, err, HOPT_SQL_SINK_STUDY_PUT, "tttlttl", study,
                              now->run, now->owner, now->beat, old->run, old->owner, old->beat);
}

hopt_status hopt_sqlite__sink_pending(void *self, hopt_sink_trial **list, size_t *count,
                                      const char *study, const char *parent, int after, int limit,
                                      hopt_error *err) {
    hopt_sqlite *s = self;
    sqlite3_stmt *select;
    size_t capacity = 0;
    bool row;
    hopt_status status = ensure_tables(s, err);
    if (!status)
        status = hopt_sqlite__bind(s, &select, HOPT_SQL_SINK_PENDING, err, "ttii", study, parent,
                                   after, limit);
    while (!status && (status = hopt_sqlite__step(s, select, &row, err)) == HOPT_OK && row) {
        *list = hopt_grow(*list, *count, &capacity, sizeof **list);
        hopt_sink_trial *one = &(*list)[*count];
        *one = (hopt_sink_trial){.version = sqlite3_column_int(select, 2)};
        if (!hopt_sqlite__slot(&one->id, &one->num, select, 0, 1)) continue;
        hopt_sqlite__text(one->parent, sizeof one->parent, select, 3);
        hopt_sqlite__text(one->run, sizeof one->run, select, 4);
        ++*count;
    }
    return status;
}

hopt_status hopt_sqlite__sink_put(void *self, hopt_sink_trial *trials, size_t n, hopt_error *err) {
    hopt_sqlite *s = self;
    hopt_status status = ensure_tables(s, err);
    if (!status) status = hopt_sqlite__begin(s, err);
    if (status) return status;
    for (size_t i = 0; i < n && !status; i++) {
        hopt_sink_trial *one = &trials[i];
        int changes;
        status = hopt_sqlite__run(s, &changes, HOPT_SQL_SINK_PUT, err, "bitti", &one->id,
                                  one->version, one->parent, one->run, (int)one->done);
        one->status = changes ? HOPT_OK : HOPT_ECONFLICT;
    }
    return hopt_sqlite__end(s, status, err);
}

hopt_status hopt_sqlite__sink_delete(hopt_sqlite *s, const char *study, hopt_error *err) {
    hopt_status status = hopt_sqlite__run(s, NULL, HOPT_SQL_SINK_STUDY_TABLE, err, "");
    if (!status) status = hopt_sqlite__run(s, NULL, HOPT_SQL_SINK_TRIAL_TABLE, err, "");
    if (!status) status = hopt_sqlite__run(s, NULL, HOPT_SQL_SINK_STUDY_DELETE, err, "t", study);
    if (!status) status = hopt_sqlite__run(s, NULL, HOPT_SQL_SINK_TRIALS_DELETE, err, "t", study);
    return status;
}
