/* What the owner of a lease writes: beat, end, release. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/json/json.h"
#include "common/store/sqlite/sqlite_internal.h"

static hopt_status lost(hopt_error *err, const hopt_lease *lease) {
    return hopt_error_set(err, HOPT_ECONFLICT, "trial %d of %s: lease %d of %s is lost",
                          hopt_trial_id_num(&lease->id), lease->study, lease->lease, lease->owner);
}

static hopt_status beat(hopt_sqlite *s, const hopt_lease *lease, int64_t step, char stop[32],
                        bool *row, hopt_error *err) {
    sqlite3_stmt *update;
    bool more;
    hopt_status status =
        step < 0 ? hopt_sqlite__bind(s, &update, HOPT_SQL_BEAT, err, "btil", &lease->id,
                                     lease->owner, lease->lease, hopt_sqlite__now())
                 : hopt_sqlite__bind(s, &update, HOPT_SQL_BEAT_STEP, err, "btill", &lease->id,
                                     lease->owner, lease->lease, hopt_sqlite__now(), step);
    if (status == HOPT_OK) status = hopt_sqlite__step(s, update, row, err);
    if (status || !*row) return status;
    hopt_sqlite__text(stop, 32, update, 0);
    return hopt_sqlite__step(s, update, &more, err);
}

hopt_status hopt_sqlite__beat(void *self, const hopt_lease *lease, int64_t step, char stop[32],
                              hopt_error *err) {
    hopt_sqlite *s = self;
    bool row = false;
    hopt_status status = hopt_sqlite__begin(s, err);
    if (status) return status;
    status = hopt_sqlite__end(s, beat(s, lease, step, stop, &row, err), err);
    return status == HOPT_OK && !row ? lost(err, lease) : status;
}

/* The texts that an end merges into the document: all but `result`, and `result`. */
static void result_texts(char **patch, char **result_text, const hopt_result *result,
                         int64_t now_ms) {
    hopt_trial ended = {.state = result->state, .result = *result, .end_ms = now_ms};
    json_t *doc = hopt_trial_doc(&ended);
    *result_text = hopt_json_text(json_object_get(doc, "result"));
    json_object_del(doc, "result");
    json_object_del(doc, "seed"); /* the proposal's, not known here */
    *patch = hopt_json_text(doc);
    json_decref(doc);
}

/* The claimed document with the members that an end adds to it; NULL: SQLite has to merge them. */
static char *ended_text(const char *claimed, const char *patch, const char *result_text) {
    if (!claimed) return NULL;
    size_t length = strlen(claimed) - 1, more = strlen(patch) - 2; /* without the braces */
    hopt_buf text = HOPT_BUF_INIT;
    hopt_buf_add(&text, claimed, length);
    hopt_buf_char(&text, ',');
    hopt_buf_add(&text, patch + 1, more);
    if (more) hopt_buf_char(&text, ',');
    hopt_buf_text(&text, "\"result\":");
    hopt_buf_text(&text, result_text);
    hopt_buf_char(&text, '}');
    return hopt_buf_take(&text);
}

static const char *status_of(const hopt_result *result) {
    if (result->state == HOPT_DONE) return result->ok ? "ok" : "fail";
    return result->state == HOPT_CANCEL ? "fail" : NULL;
}

static hopt_status ended_before(hopt_sqlite *s, const hopt_lease *lease, bool *ended,
                                hopt_error *err) {
    sqlite3_stmt *select;
    hopt_status status = hopt_sqlite__bind(s, &select, HOPT_SQL_ENDED, err, "bti", &lease->id,
                                           lease->owner, lease->lease);
    if (status == HOPT_OK) status = hopt_sqlite__step(s, select, ended, err);
    if (status == HOPT_OK && *ended) sqlite3_reset(select);
    return status;
}

/* One end inside a transaction; `end->status` says whether the lease held. */
static hopt_status finish(hopt_sqlite *s, hopt_finish *end, int64_t now_ms, hopt_error *err) {
    const hopt_result *result = end->result;
    const hopt_lease *lease = &end->lease;
    const char *claimed = end->claimed ? end->claimed->stored : NULL;
    char *patch, *text;
    int changes = 0;
    bool ended = false;
    HOPT_ASSERT(hopt_state_allows(HOPT_RUNNING, HOPT_EVENT_FINISH, result->state));
    result_texts(&patch, &text, result, now_ms);
    char *ended_doc = ended_text(claimed, patch, text);
    double loss = result->state == HOPT_DONE && result->has_loss ? result->loss : (double)NAN;
    hopt_status status = hopt_sqlite__run(
        s, &changes, HOPT_SQL_FINISH, err, "btiiidttltttt", &lease->id, lease->owner, lease->lease,
        (int)result->state, hopt_event_version_step(HOPT_EVENT_FINISH), loss, status_of(result),
        result->stop, now_ms, patch, text, claimed, ended_doc);
    free(ended_doc);
    free(patch);
    free(text);
    /* Nothing matched: perhaps this is the repeat of an end whose reply was lost. */
    if (status == HOPT_OK && changes == 0) status = ended_before(s, lease, &ended, err);
    end->status = changes || ended ? HOPT_OK : HOPT_ECONFLICT;
    return status;
}

hopt_status hopt_sqlite__finish_many(void *self, hopt_finish *ends, size_t n, hopt_error *err) {
    hopt_sqlite *s = self;
    int64_t now_ms = hopt_sqlite__now();
    hopt_status status = hopt_sqlite__begin(s, err);
    if (status) return status;
    for (size_t i = 0; i < n && status == HOPT_OK; i++)
        status = finish(s, &ends[i], now_ms, err);
    return hopt_sqlite__end(s, status, err);
}

hopt_status hopt_sqlite__release(void *self, const hopt_lease *lease, hopt_error *err) {
    HOPT_ASSERT(hopt_state_allows(HOPT_RUNNING, HOPT_EVENT_RELEASE, HOPT_NEW));
    hopt_status status =
        hopt_sqlite__write(self, HOPT_ECONFLICT, err, HOPT_SQL_RELEASE, "btii", &lease->id,
                           lease->owner, lease->lease, hopt_event_version_step(HOPT_EVENT_RELEASE));
    return status == HOPT_ECONFLICT ? lost(err, lease) : status;
}
