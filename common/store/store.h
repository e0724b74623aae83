/**
 * The store: all state of hopt, behind one interface with two drivers, MongoDB and SQLite. FORMATS
 * §1 and §2 fix documents and commands; the conformance suite (tests/conformance) holds both
 * drivers to what is said here.
 *
 * A hopt_store is one connection: used by one thread at a time, opened after any fork. Every call
 * blocks, at most `timeout_ms` of the options plus one reconnect; never call it on a loop thread.
 *
 * Statuses of every call, besides its own: HOPT_ESTORE = the store failed. When `ambiguous` of the
 * call's documentation applies, the change may have happened although no reply came: follow the
 * repeat rule that is given there (DESIGN §5.6). HOPT_EUNAVAILABLE = it can't be reached or opened:
 * nothing changed.
 */
#ifndef HOPT_STORE_STORE_H
#define HOPT_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/store/observer.h"
#include "common/trial/study.h"
#include "common/trial/trial.h"

typedef struct hopt_store hopt_store;

typedef struct hopt_store_options {
    int timeout_ms; /**< longest a single call may hang; 1000..60000; 0: 10000 */
    bool create;    /**< make the database, tables and indexes when missing */
    bool read_only; /**< refuse writes */
    const hopt_store_observer *observer; /**< is told of every call; copied; NULL: nobody */
} hopt_store_options;

/**
 * Open `sqlite:PATH`, `sqlite::memory:`, `mongodb://...`, `mongodb+srv://...` or hyperopt's
 * `mongo://host:port/db/jobs`. The database of a mongodb:// URI without one is "hopt".
 * @param options  may be NULL.
 * @return HOPT_OK; HOPT_EINVAL for a malformed URI or unknown scheme; HOPT_EUNAVAILABLE with the
 *         reason (absent, read-only, newer format, network file system, no server, login, TLS).
 */
HOPT_MUST_CHECK hopt_status hopt_store_open(hopt_store **out, const char *uri,
                                            const hopt_store_options *options, hopt_error *err);
void hopt_store_close(hopt_store *store);
/** The URI with password masked, for logs; owned by the store. */
const char *hopt_store_name(const hopt_store *store);
/** Mask the password of any URI into `out`. Needs no store. */
void hopt_store_mask_uri(char *out, size_t size, const char *uri);
/** "sqlite" or "mongodb". */
const char *hopt_store_driver(const hopt_store *store);

/* ---- studies ---- */

/**
 * Create the study unless its name is there. On HOPT_ECONFLICT (exists) `*study` is left alone:
 * read it with hopt_store_study(). A repeat after a lost reply gives HOPT_ECONFLICT: compare
 * `prefix`. The driver fills `study->prefix` (9 random bytes) when it is all zero.
 */
HOPT_MUST_CHECK hopt_status hopt_store_study_create(hopt_store *store, hopt_study_record *study,
                                                    hopt_error *err);
/** Read one study. HOPT_ENOTFOUND; HOPT_EINVAL when its record is malformed or of a newer format.
 * @param[out] out the caller's. */
HOPT_MUST_CHECK hopt_status hopt_store_study(hopt_store *store, hopt_study_record **out,
                                             const char *name, hopt_error *err);
/** Names of all studies, sorted; NULL-terminated; free with hopt_names_free(). Malformed records
 * are left out. */
HOPT_MUST_CHECK hopt_status hopt_store_studies(hopt_store *store, char ***names, size_t *count,
                                               hopt_error *err);
void hopt_names_free(char **names);
/**
 * Change state, reason and/or spec of a study whose `rev` is `rev`; rev + 1 after it.
 * @param state   new state, or -1: as it is.
 * @param reason  new reason (NULL removes it); only used when state >= 0.
 * @param spec    new text of the study file, or NULL: as it is.
 * @param file_hash  new file_hash, or NULL: as it is.
 * @return HOPT_ECONFLICT when rev differs (read again), HOPT_ENOTFOUND.
 */
HOPT_MUST_CHECK hopt_status hopt_store_study_update(hopt_store *store, const char *name,
                                                    int64_t rev, int state, const char *reason,
                                                    const char *spec, const char *file_hash,
                                                    hopt_error *err);
/** Delete the study with trials, reports, logs and attachments. HOPT_ENOTFOUND. */
HOPT_MUST_CHECK hopt_status hopt_store_study_delete(hopt_store *store, const char *name,
                                                    hopt_error *err);

/* ---- visits ---- */

/**
 * Begin a visit: calls that belong together. Where the driver can (SQLite), all that is written on
 * this connection up to the end is one transaction, which costs a fraction of several; reads see
 * it, other connections don't, and wait when they want to write: keep it short. Elsewhere every
 * write is firm at once, as without a visit.
 * @return HOPT_OK, or why it can't begin; then there is none.
 */
HOPT_MUST_CHECK hopt_status hopt_store_visit_begin(hopt_store *store, hopt_error *err);
/**
 * End it. Unless the answer is HOPT_OK every write of the visit is in doubt, as if its reply had
 * been lost, whatever it answered: repeat, or read anew.
 */
HOPT_MUST_CHECK hopt_status hopt_store_visit_end(hopt_store *store, hopt_error *err);

/* ---- leadership (DESIGN §5.5) ---- */

/** Take the lead when (epoch, beat) are still those seen. HOPT_ECONFLICT: somebody was faster. On
 * success the epoch is `epoch` + 1 and the beat 0. */
HOPT_MUST_CHECK hopt_status hopt_store_lead(hopt_store *store, const char *name, const char *me,
                                            int64_t epoch, int64_t beat, hopt_error *err);

typedef struct hopt_study_progress {
    int64_t active_ms;
    int64_t counts[HOPT_STATES];
    bool has_best;
    int best_num;
    double best_loss;
} hopt_study_progress;

/** Raise the leader's beat and store progress. HOPT_ECONFLICT: no longer the leader. */
HOPT_MUST_CHECK hopt_status hopt_store_renew(hopt_store *store, const char *name, const char *me,
                                             int64_t epoch, const hopt_study_progress *progress,
                                             hopt_error *err);
/** Leave the lead (sets leader to none) so that another takes over at once. HOPT_ECONFLICT as
 * above. */
HOPT_MUST_CHECK hopt_status hopt_store_abdicate(hopt_store *store, const char *name, const char *me,
                                                int64_t epoch, hopt_error *err);

/* ---- trials: the queue ---- */

/** `n` fresh database-wide tids: *first .. *first + n - 1. A lost reply leaves a gap: repeat
 * freely. */
HOPT_MUST_CHECK hopt_status hopt_store_tids(hopt_store *store, int64_t *first, int n,
                                            hopt_error *err);

/**
 * Insert trials in the given order, stopping at the first whose slot (`id`) is taken. All must be
 * NEW. A driver may answer HOPT_ENOTFOUND when their study is gone.
 * @param[out] inserted  how many went in; also set on failure (then a lower bound).
 * @return HOPT_OK; HOPT_ECONFLICT: slot of trials[*inserted] is taken, read it and go on;
 *         ambiguous on HOPT_ESTORE: repeat, and take a conflict on one's own id as inserted when
 *         its tid is the same.
 */
HOPT_MUST_CHECK hopt_status hopt_store_enqueue(hopt_store *store, hopt_trial *const *trials,
                                               size_t n, size_t *inserted, hopt_error *err);

/**
 * Claim one NEW trial of `study` for `owner` ("host:pid:8hex"). One whose record is damaged is not
 * given away and does not keep the others from being claimed.
 * @param[out] out  RUNNING, whole (vals, params, seed, lease, lost); the caller's; NULL unless
 * HOPT_OK.
 * @return HOPT_ENOTFOUND when nothing is queued. Ambiguous on HOPT_ESTORE: call
 *         hopt_store_mine() before the next claim and adopt what it finds.
 */
HOPT_MUST_CHECK hopt_status hopt_store_claim(hopt_store *store, hopt_trial **out, const char *study,
                                             const char *owner, hopt_error *err);
/** All RUNNING trials of `study` with this owner, whole. */
HOPT_MUST_CHECK hopt_status hopt_store_mine(hopt_store *store, hopt_trials *out, const char *study,
                                            const char *owner, hopt_error *err);

/** Who writes: every later write of a worker filters on all of it (DESIGN §5.2). */
typedef struct hopt_lease {
    hopt_trial_id id;
    const char *study;
    const char *owner;
    int lease;
} hopt_lease;

/**
 * Heartbeat.
 * @param step       last reported step, or -1.
 * @param[out] stop  "timeout", "cancelled", ... when the evaluation shall end, else ""; 32 bytes.
 * @return HOPT_ECONFLICT = the lease is lost: kill the child, drop the result.
 */
HOPT_MUST_CHECK hopt_status hopt_store_beat(hopt_store *store, const hopt_lease *lease,
                                            int64_t step, char stop[32], hopt_error *err);

/** One of several heartbeats. */
typedef struct hopt_beat {
    hopt_lease lease;
    int64_t step;       /**< last reported step, or -1 */
    char stop[32];      /**< out: as hopt_store_beat() */
    hopt_status status; /**< out: HOPT_OK or HOPT_ECONFLICT */
} hopt_beat;

/** Several hopt_store_beat() in one write. On any failure none or any may have happened. */
HOPT_MUST_CHECK hopt_status hopt_store_beat_many(hopt_store *store, hopt_beat *beats, size_t n,
                                                 hopt_error *err);

/**
 * End a trial. Log, reports and attachments are written before it.
 * Ambiguous on HOPT_ESTORE: repeat; a repeat that matches nothing reads the trial, and when it is
 * terminal with this owner and lease the answer is HOPT_OK.
 * @return HOPT_ECONFLICT = lease lost.
 */
HOPT_MUST_CHECK hopt_status hopt_store_finish(hopt_store *store, const hopt_lease *lease,
                                              const hopt_result *result, hopt_error *err);

/** What hopt_store_finish_many() ends. */
typedef struct hopt_finish {
    hopt_lease lease;
    const hopt_result *result;
    hopt_status status;        /**< out: HOPT_OK or HOPT_ECONFLICT */
    const hopt_trial *claimed; /**< as claim gave it: saves work; may be NULL */
} hopt_finish;

/** Several hopt_store_finish() in one exchange or transaction. On HOPT_ESTORE none or any may have
 * happened: repeat all. */
HOPT_MUST_CHECK hopt_status hopt_store_finish_many(hopt_store *store, hopt_finish *ends, size_t n,
                                                   hopt_error *err);

/** Up to `n` claims in one exchange or transaction; fewer when the queue is short; HOPT_ENOTFOUND
 * when empty. */
HOPT_MUST_CHECK hopt_status hopt_store_claim_many(hopt_store *store, hopt_trials *out,
                                                  const char *study, const char *owner, size_t n,
                                                  hopt_error *err);

/** Give a trial back to the queue: neither lease nor lost changes. HOPT_ECONFLICT = lease lost. */
HOPT_MUST_CHECK hopt_status hopt_store_release(hopt_store *store, const hopt_lease *lease,
                                               hopt_error *err);

/* ---- trials: the master ---- */

/** One row of the open set. */
typedef struct hopt_open_trial {
    hopt_trial_id id;
    int num;
    hopt_state state; /**< NEW or RUNNING */
    int lease;
    int64_t beat;
    char owner[HOPT_OWNER_MAX];  /**< owner[0] or "" */
    char worker[HOPT_OWNER_MAX]; /**< hopt.worker: who claimed it; "" when never */
} hopt_open_trial;

/** All NEW and RUNNING trials of ours in the study, by num. @param[out] list the caller's, free().
 */
HOPT_MUST_CHECK hopt_status hopt_store_open_set(hopt_store *store, hopt_open_trial **list,
                                                size_t *count, const char *study, hopt_error *err);

/**
 * Expire a lease that was seen unchanged: RUNNING with this owner, lease and beat becomes NEW, or
 * ERROR LeaseExpired when lost + 1 reaches `max_attempts`. HOPT_ECONFLICT: it changed, nothing
 * done.
 */
HOPT_MUST_CHECK hopt_status hopt_store_expire(hopt_store *store, const char *study,
                                              const hopt_open_trial *seen, int max_attempts,
                                              hopt_error *err);

/** NEW -> CANCEL for all trials of the study with num >= from; `*changed` may be NULL. */
HOPT_MUST_CHECK hopt_status hopt_store_cancel_new(hopt_store *store, const char *study, int from,
                                                  const char *why, int64_t *changed,
                                                  hopt_error *err);
/** Ask all RUNNING trials of the study to stop (`why`: "timeout", "cancelled"). num >= 0: only that
 * one. */
HOPT_MUST_CHECK hopt_status hopt_store_stop_running(hopt_store *store, const char *study, int num,
                                                    const char *why, hopt_error *err);
/** ERROR -> NEW with lost = 0. HOPT_ECONFLICT when it is not in ERROR; HOPT_ENOTFOUND. */
HOPT_MUST_CHECK hopt_status hopt_store_retry(hopt_store *store, const char *study, int num,
                                             hopt_error *err);

/* ---- trials: reading ---- */

typedef struct hopt_trial_query {
    const char *study;
    int after;      /**< num > after; -1: from the start */
    int limit;      /**< at most this many, 0: 1000; fewer: there are no more */
    int state_mask; /**< bit (1 << state); 0: all */
    bool brief;     /**< leave out params and extras (the sampler needs only vals, result, num) */
} hopt_trial_query;

/** Trials by num, appended to `out`. Malformed documents are skipped and counted in `*malformed`
 * (may be NULL), not in the limit. */
HOPT_MUST_CHECK hopt_status hopt_store_trials(hopt_store *store, hopt_trials *out,
                                              const hopt_trial_query *query, int64_t *malformed,
                                              hopt_error *err);
/** The trials with these nums (any order), appended to `out` by num; missing ones are left out. */
HOPT_MUST_CHECK hopt_status hopt_store_trials_by_num(hopt_store *store, hopt_trials *out,
                                                     const char *study, const int *nums, size_t n,
                                                     hopt_error *err);
/** One trial. HOPT_ENOTFOUND. */
HOPT_MUST_CHECK hopt_status hopt_store_trial(hopt_store *store, hopt_trial **out, const char *study,
                                             int num, hopt_error *err);
/** How many trials are in each state. */
HOPT_MUST_CHECK hopt_status hopt_store_counts(hopt_store *store, const char *study,
                                              int64_t counts[HOPT_STATES], hopt_error *err);
/** The DONE ok trial with the lowest loss (first num on ties). HOPT_ENOTFOUND. */
HOPT_MUST_CHECK hopt_status hopt_store_best(hopt_store *store, hopt_trial **out, const char *study,
                                            hopt_error *err);
/** Insert trials as they are, ended ones too (`hopt copy`, import). Slots that exist are skipped;
 * *inserted counts. The caller gives them tids of this store (hopt_store_tids()); the counter rises
 * above any others. */
HOPT_MUST_CHECK hopt_status hopt_store_import(hopt_store *store, hopt_trial *const *trials,
                                              size_t n, size_t *inserted, hopt_error *err);

/* ---- trials of Python's hyperopt ---- */

/** Called with one document, borrowed. Another answer than HOPT_OK ends the walk and is its answer.
 */
typedef hopt_status (*hopt_store_each_document)(void *data, const json_t *document,
                                                hopt_error *err);

/**
 * Every trial document in the store that is not one of hopt's, by _id, in MongoDB's relaxed
 * extended JSON as hopt_trial_from_json() reads it. Attachments: hopt_store_attachments() with the
 * document's _id.
 * @param exp_key  only this experiment's; NULL: all.
 * @return HOPT_EINVAL where the store is not MongoDB; HOPT_OK when there is none.
 */
HOPT_MUST_CHECK hopt_status hopt_store_foreign(hopt_store *store, const char *exp_key,
                                               hopt_store_each_document each, void *data,
                                               hopt_error *err);

/* ---- curves, logs, attachments ---- */

enum { HOPT_REPORTS_MAX = 10000, HOPT_LOG_PART_MAX = 65536 };
#define HOPT_ATTACHMENT_MAX ((size_t)64 << 20)

typedef struct hopt_reports {
    int lease;
    size_t count;
    int64_t *steps; /**< owned */
    double *losses; /**< owned */
} hopt_reports;
void hopt_reports_clear(hopt_reports *reports);

/** Append `n` reported values of this lease (steps of a former lease are replaced). What is beyond
 * HOPT_REPORTS_MAX of a lease is dropped. HOPT_ECONFLICT: a newer lease has reported. */
HOPT_MUST_CHECK hopt_status hopt_store_report(hopt_store *store, const hopt_trial_id *id, int lease,
                                              const int64_t *steps, const double *losses, size_t n,
                                              hopt_error *err);
/** The values of the newest lease. No report: HOPT_OK with count 0. */
HOPT_MUST_CHECK hopt_status hopt_store_reports(hopt_store *store, hopt_reports *out,
                                               const hopt_trial_id *id, hopt_error *err);

typedef struct hopt_log_text {
    int lease;
    char *head, *tail; /**< owned; NULL or "" when empty */
    size_t head_length, tail_length;
} hopt_log_text;
void hopt_log_text_clear(hopt_log_text *log);
/** Put or replace the log of a trial; any bytes, each part at most HOPT_LOG_PART_MAX.
 * HOPT_ECONFLICT: a newer lease has put its log. */
HOPT_MUST_CHECK hopt_status hopt_store_put_log(hopt_store *store, const hopt_trial_id *id,
                                               const hopt_log_text *log, hopt_error *err);
/** HOPT_ENOTFOUND when there is none. */
HOPT_MUST_CHECK hopt_status hopt_store_log(hopt_store *store, hopt_log_text *out,
                                           const hopt_trial_id *id, hopt_error *err);

/** Put or replace an attachment of a trial (MongoDB: GridFS as hyperopt's). */
HOPT_MUST_CHECK hopt_status hopt_store_attach(hopt_store *store, const hopt_trial_id *id,
                                              const char *name, const void *data, size_t length,
                                              hopt_error *err);
/** Names, NULL-terminated, hopt_names_free(). */
HOPT_MUST_CHECK hopt_status hopt_store_attachments(hopt_store *store, char ***names, size_t *count,
                                                   const hopt_trial_id *id, hopt_error *err);
/** @param[out] data the caller's, free(). HOPT_ENOTFOUND. */
HOPT_MUST_CHECK hopt_status hopt_store_attachment(hopt_store *store, void **data, size_t *length,
                                                  const hopt_trial_id *id, const char *name,
                                                  hopt_error *err);

/* ---- workers ---- */

typedef struct hopt_worker_record {
    char owner[HOPT_OWNER_MAX]; /**< "host:pid:8hex" */
    char host[256];
    int pid;
    char boot_id[40]; /**< of the machine's boot; "" unknown */
    int slots;
    int running;
    double lease_s; /**< how long it may be silent */
    char *studies;  /**< names joined by ','; owned */
    int64_t beat;
    int64_t seen_ms; /**< store's clock at its last beat; read only */
    int64_t age_ms;  /**< store's now - seen_ms; read only */
} hopt_worker_record;

/** Whether a worker was not heard of for longer than it said. One that is busy renews its trials
 * instead of its record: look there before (`master/keeper_fill.c`, `master/workers_seen.c`). */
static inline bool hopt_worker_silent(const hopt_worker_record *worker) {
    return (double)worker->age_ms > worker->lease_s * 1000;
}
/** Insert or renew a worker's record; beat and seen are the driver's. */
HOPT_MUST_CHECK hopt_status hopt_store_worker_put(hopt_store *store,
                                                  const hopt_worker_record *worker,
                                                  hopt_error *err);
HOPT_MUST_CHECK hopt_status hopt_store_worker_remove(hopt_store *store, const char *owner,
                                                     hopt_error *err);
/** All records, newest first. @param[out] list free with hopt_worker_records_free(). */
HOPT_MUST_CHECK hopt_status hopt_store_workers(hopt_store *store, hopt_worker_record **list,
                                               size_t *count, hopt_error *err);
void hopt_worker_records_free(hopt_worker_record *list, size_t count);

/* ---- health ---- */

/**
 * A cheap token that changes whenever another connection changed the store (SQLite: PRAGMA
 * data_version); 0 when the store has none, then polling is the only way.
 */
HOPT_MUST_CHECK hopt_status hopt_store_version(hopt_store *store, int64_t *token, hopt_error *err);

typedef struct hopt_store_health {
    double ping_ms;        /**< one round trip, median of 5 */
    double write_ms;       /**< one durable write, median of 5 */
    int64_t clock_skew_ms; /**< store's clock - this machine's */
    bool indexes_ok;
    char version[128]; /**< server's or library's */
    char detail[512];  /**< driver's remarks for people, lines split by '\n' */
} hopt_store_health;
/** For `hopt doctor`. */
HOPT_MUST_CHECK hopt_status hopt_store_health_check(hopt_store *store, hopt_store_health *out,
                                                    hopt_error *err);

#endif
