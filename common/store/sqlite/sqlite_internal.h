/**
 * What the files of the SQLite driver share. Not for other modules.
 *
 * Design notes. A connection is used by one thread at a time (SQLITE_OPEN_NOMUTEX). Every write is
 * one transaction begun with BEGIN IMMEDIATE: a deferred one that reads and then writes may get
 * SQLITE_BUSY at once, whatever the timeout. Every statement is reset before its function returns,
 * for a forgotten one keeps its lock. Waiting for another process's lock is the busy handler's
 * work; when it gives up the call fails with HOPT_ESTORE and nothing was changed.
 */
#ifndef HOPT_STORE_SQLITE_INTERNAL_H
#define HOPT_STORE_SQLITE_INTERNAL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/store/store_driver.h"

/** The statements, prepared when first used; their texts are in sqlite_statement.c. */
typedef enum hopt_sqlite_sql {
    HOPT_SQL_BEGIN,
    HOPT_SQL_COMMIT,
    HOPT_SQL_ROLLBACK,
    HOPT_SQL_STUDY_INSERT,
    HOPT_SQL_STUDY,
    HOPT_SQL_STUDIES,
    HOPT_SQL_STUDY_UPDATE,
    HOPT_SQL_STUDY_DELETE,
    HOPT_SQL_DELETE_REPORTS,
    HOPT_SQL_DELETE_LOGS,
    HOPT_SQL_DELETE_ATTACHMENTS,
    HOPT_SQL_DELETE_TRIALS,
    HOPT_SQL_LEAD,
    HOPT_SQL_RENEW,
    HOPT_SQL_ABDICATE,
    HOPT_SQL_TIDS,
    HOPT_SQL_TIDS_RAISE,
    HOPT_SQL_INSERT,
    HOPT_SQL_SLOT,
    HOPT_SQL_NEXT,
    HOPT_SQL_CLAIM,
    HOPT_SQL_CLAIMED,
    HOPT_SQL_DAMAGED,
    HOPT_SQL_MINE,
    HOPT_SQL_BEAT,
    HOPT_SQL_BEAT_STEP,
    HOPT_SQL_FINISH,
    HOPT_SQL_ENDED,
    HOPT_SQL_RELEASE,
    HOPT_SQL_OPEN_SET,
    HOPT_SQL_EXPIRE_NEW,
    HOPT_SQL_EXPIRE_ERROR,
    HOPT_SQL_LOST,
    HOPT_SQL_CANCEL,
    HOPT_SQL_STOP,
    HOPT_SQL_STOP_ONE,
    HOPT_SQL_RETRY,
    HOPT_SQL_TRIALS,
    HOPT_SQL_TRIALS_OPEN,
    HOPT_SQL_TRIAL,
    HOPT_SQL_COUNTS,
    HOPT_SQL_BEST,
    HOPT_SQL_REPORT_NEWEST,
    HOPT_SQL_REPORT_CLEAN,
    HOPT_SQL_REPORT_COUNT,
    HOPT_SQL_REPORT_INSERT,
    HOPT_SQL_REPORTS,
    HOPT_SQL_LOG_PUT,
    HOPT_SQL_LOG,
    HOPT_SQL_ATTACH,
    HOPT_SQL_ATTACHMENTS,
    HOPT_SQL_ATTACHMENT,
    HOPT_SQL_WORKER,
    HOPT_SQL_WORKER_PUT,
    HOPT_SQL_WORKER_REMOVE,
    HOPT_SQL_WORKERS,
    HOPT_SQL_SINK_STUDY_TABLE,
    HOPT_SQL_SINK_TRIAL_TABLE,
    HOPT_SQL_SINK_STUDY,
    HOPT_SQL_SINK_STUDY_FIRST,
    HOPT_SQL_SINK_STUDY_PUT,
    HOPT_SQL_SINK_PENDING,
    HOPT_SQL_SINK_PUT,
    HOPT_SQL_SINK_STUDY_DELETE,
    HOPT_SQL_SINK_TRIALS_DELETE,
    HOPT_SQL_DATA_VERSION,
    HOPT_SQL_SCRATCH,
    HOPT_SQL_COUNT /* how many */
} hopt_sqlite_sql;

typedef struct hopt_sqlite {
    sqlite3 *db;
    sqlite3_stmt *statements[HOPT_SQL_COUNT];
    char *place; /**< for messages: the path or ":memory:" */
    bool memory;
    int timeout_ms;
    int64_t busy_since_ms; /**< of the wait that goes on; the busy handler's */
    uint64_t jitter;       /**< the busy handler's random state */
    bool visit;        /**< a visit's transaction is open: those of single calls are part of it */
    bool visit_failed; /**< a call in it failed: it shall not be committed */
    bool sink_tables;  /**< they are there */
    hopt_error visit_why; /**< what that call said */
} hopt_sqlite;

/** Milliseconds since 1970 on this machine's clock, which is the store's clock. */
int64_t hopt_sqlite__now(void);
/** Milliseconds on a clock that never jumps. */
double hopt_sqlite__ticks(void);

/* ---- sqlite_open.c, sqlite_place.c ---- */

enum { HOPT_SQLITE_FORMAT = 1, HOPT_SQLITE_APPLICATION = 0x686f7074 /* "hopt" */ };

hopt_status hopt_sqlite__open(void **self, const char *uri, const hopt_store_options *options,
                              hopt_error *err);
void hopt_sqlite__close(void *self);
/**
 * Whether a file system cannot hold a SQLite store, since its locks or shared memory do not work
 * between machines.
 * @param magic  statfs.f_type. @param type  as in /proc/self/mountinfo, or "" when unknown; only
 *               looked at for FUSE, which hides what is behind it.
 * @return its name for people, or NULL when it is fine.
 */
const char *hopt_sqlite__network_name(unsigned long magic, const char *type);
/** Look at the file's place before SQLite does, whose messages say less.
 * @return HOPT_OK or HOPT_EUNAVAILABLE. */
hopt_status hopt_sqlite__check_place(const char *path, const hopt_store_options *options,
                                     hopt_error *err);
/** The type of the file system of `path` ("ext4"), or "unknown". */
void hopt_sqlite__file_system(char *out, size_t size, const char *path);

/* ---- sqlite_statement.c ---- */

/** Set `err` from a failed call. @return HOPT_ESTORE. */
hopt_status hopt_sqlite__fail(hopt_sqlite *s, int code, hopt_error *err);

/**
 * Prepare (once) and bind a statement. Formats, one letter a parameter: i int, l int64_t, z int64_t
 * (0 becomes NULL), d double (NaN becomes NULL), t text or NULL, b const hopt_trial_id *, B const
 * void * and size_t, v const sqlite3_value *. Texts and blobs are borrowed until the statement is
 * reset.
 */
hopt_status hopt_sqlite__bind(hopt_sqlite *s, sqlite3_stmt **out, hopt_sqlite_sql sql,
                              hopt_error *err, const char *format, ...);
/** Step to the next row. @return HOPT_OK with *row; on the end and on failure it is reset. */
hopt_status hopt_sqlite__step(hopt_sqlite *s, sqlite3_stmt *statement, bool *row, hopt_error *err);
/** Bind, step to the end, reset. `changes`: rows written, may be NULL. */
hopt_status hopt_sqlite__run(hopt_sqlite *s, int *changes, hopt_sqlite_sql sql, hopt_error *err,
                             const char *format, ...);

hopt_status hopt_sqlite__begin(hopt_sqlite *s, hopt_error *err);
/** Commit when `status` is HOPT_OK, else roll back. @return `status`, or why it could not commit.
 */
hopt_status hopt_sqlite__end(hopt_sqlite *s, hopt_status status, hopt_error *err);
hopt_status hopt_sqlite__visit_begin(void *self, hopt_error *err);
hopt_status hopt_sqlite__visit_end(void *self, hopt_error *err);
/** One statement in a transaction of its own. HOPT_ECONFLICT when it changed no row. */
hopt_status hopt_sqlite__write(hopt_sqlite *s, hopt_status none, hopt_error *err,
                               hopt_sqlite_sql sql, const char *format, ...);

/* ---- sqlite_row.c ---- */

/** The columns that hopt_sqlite__trial() reads, in this order. */
#define HOPT_SQLITE_TRIAL                                                                          \
    "id,study,num,tid,state,owner,lease,lost,beat,version,stop,book_ms,refresh_ms,doc"

/**
 * Make a trial of the current row.
 * @param brief  without params and extras.
 * @return NULL when the row is damaged, with the reason in `err`.
 */
hopt_trial *hopt_sqlite__trial(sqlite3_stmt *row, bool brief, hopt_error *err);
/** Insert one trial as it is; `*inserted` false: its slot is taken. */
hopt_status hopt_sqlite__insert(hopt_sqlite *s, const hopt_trial *trial, bool *inserted,
                                hopt_error *err);
/** The id and num of a row. False when one of them is damaged or they are not of one slot. */
bool hopt_sqlite__slot(hopt_trial_id *id, int *num, sqlite3_stmt *row, int id_column,
                       int num_column);
/** Copy a text column, never NULL, cut to `size`. */
void hopt_sqlite__text(char *out, size_t size, sqlite3_stmt *row, int column);
/** Parse a text column as a JSON object; new reference or NULL. */
json_t *hopt_sqlite__object(sqlite3_stmt *row, int column);

/* ---- the driver's table: sqlite_study.c ---- */

hopt_status hopt_sqlite__study_create(void *self, hopt_study_record *study, hopt_error *err);
hopt_status hopt_sqlite__study(void *self, hopt_study_record **out, const char *name,
                               hopt_error *err);
hopt_status hopt_sqlite__studies(void *self, char ***names, size_t *count, hopt_error *err);
hopt_status hopt_sqlite__study_update(void *self, const char *name, int64_t rev, int state,
                                      const char *reason, const char *spec, const char *file_hash,
                                      hopt_error *err);
hopt_status hopt_sqlite__study_delete(void *self, const char *name, hopt_error *err);
hopt_status hopt_sqlite__lead(void *self, const char *name, const char *me, int64_t epoch,
                              int64_t beat, hopt_error *err);
hopt_status hopt_sqlite__renew(void *self, const char *name, const char *me, int64_t epoch,
                               const hopt_study_progress *progress, hopt_error *err);
hopt_status hopt_sqlite__abdicate(void *self, const char *name, const char *me, int64_t epoch,
                                  hopt_error *err);

/* ---- sqlite_queue.c, sqlite_finish.c ---- */

hopt_status hopt_sqlite__tids(void *self, int64_t *first, int n, hopt_error *err);
hopt_status hopt_sqlite__enqueue(void *self, hopt_trial *const *trials, size_t n, size_t *inserted,
                                 hopt_error *err);
hopt_status hopt_sqlite__import(void *self, hopt_trial *const *trials, size_t n, size_t *inserted,
                                hopt_error *err);
hopt_status hopt_sqlite__claim_many(void *self, hopt_trials *out, const char *study,
                                    const char *owner, size_t n, hopt_error *err);
hopt_status hopt_sqlite__mine(void *self, hopt_trials *out, const char *study, const char *owner,
                              hopt_error *err);
hopt_status hopt_sqlite__beat(void *self, const hopt_lease *lease, int64_t step, char stop[32],
                              hopt_error *err);
hopt_status hopt_sqlite__finish_many(void *self, hopt_finish *ends, size_t n, hopt_error *err);
hopt_status hopt_sqlite__release(void *self, const hopt_lease *lease, hopt_error *err);

/* ---- sqlite_master.c ---- */

hopt_status hopt_sqlite__open_set(void *self, hopt_open_trial **list, size_t *count,
                                  const char *study, hopt_error *err);
hopt_status hopt_sqlite__expire(void *self, const char *study, const hopt_open_trial *seen,
                                int max_attempts, hopt_error *err);
hopt_status hopt_sqlite__cancel_new(void *self, const char *study, int from, const char *why,
                                    int64_t *changed, hopt_error *err);
hopt_status hopt_sqlite__stop_running(void *self, const char *study, int num, const char *why,
                                      hopt_error *err);
hopt_status hopt_sqlite__retry(void *self, const char *study, int num, hopt_error *err);

/* ---- sqlite_read.c ---- */

hopt_status hopt_sqlite__trials(void *self, hopt_trials *out, const hopt_trial_query *query,
                                int64_t *malformed, hopt_error *err);
hopt_status hopt_sqlite__trials_by_num(void *self, hopt_trials *out, const char *study,
                                       const int *nums, size_t n, hopt_error *err);
hopt_status hopt_sqlite__counts(void *self, const char *study, int64_t counts[HOPT_STATES],
                                hopt_error *err);
hopt_status hopt_sqlite__best(void *self, hopt_trial **out, const char *study, hopt_error *err);

/* ---- sqlite_extra.c: curves, logs, attachments; sqlite_worker.c ---- */

hopt_status hopt_sqlite__report(void *self, const hopt_trial_id *id, int lease,
                                const int64_t *steps, const double *losses, size_t n,
                                hopt_error *err);
hopt_status hopt_sqlite__reports(void *self, hopt_reports *out, const hopt_trial_id *id,
                                 hopt_error *err);
hopt_status hopt_sqlite__put_log(void *self, const hopt_trial_id *id, const hopt_log_text *log,
                                 hopt_error *err);
hopt_status hopt_sqlite__log(void *self, hopt_log_text *out, const hopt_trial_id *id,
                             hopt_error *err);
hopt_status hopt_sqlite__attach(void *self, const hopt_trial_id *id, const char *name,
                                const void *data, size_t length, hopt_error *err);
hopt_status hopt_sqlite__attachments(void *self, char ***names, size_t *count,
                                     const hopt_trial_id *id, hopt_error *err);
hopt_status hopt_sqlite__attachment(void *self, void **data, size_t *length,
                                    const hopt_trial_id *id, const char *name, hopt_error *err);
hopt_status hopt_sqlite__worker_put(void *self, const hopt_worker_record *worker, hopt_error *err);
hopt_status hopt_sqlite__worker_remove(void *self, const char *owner, hopt_error *err);
hopt_status hopt_sqlite__workers(void *self, hopt_worker_record **list, size_t *count,
                                 hopt_error *err);

/* ---- sqlite_sink.c ---- */

hopt_status hopt_sqlite__sink_study(void *self, hopt_sink_study *out, const char *study,
                                    hopt_error *err);
hopt_status hopt_sqlite__sink_study_put(void *self, const char *study, const hopt_sink_study *old,
                                        const hopt_sink_study *now, hopt_error *err);
hopt_status hopt_sqlite__sink_pending(void *self, hopt_sink_trial **list, size_t *count,
                                      const char *study, const char *parent, int after, int limit,
                                      hopt_error *err);
hopt_status hopt_sqlite__sink_put(void *self, hopt_sink_trial *trials, size_t n, hopt_error *err);
/** Forget what sinks keep of a study; part of the caller's transaction. */
hopt_status hopt_sqlite__sink_delete(hopt_sqlite *s, const char *study, hopt_error *err);

/* ---- sqlite_health.c ---- */

hopt_status hopt_sqlite__version(void *self, int64_t *token, hopt_error *err);
hopt_status hopt_sqlite__health(void *self, hopt_store_health *out, hopt_error *err);
/** Whether all tables and indexes of the schema are there. */
hopt_status hopt_sqlite__indexes_ok(hopt_sqlite *s, bool *ok, hopt_error *err);

#endif
