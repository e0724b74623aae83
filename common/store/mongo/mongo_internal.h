/** What the files of the MongoDB driver share. Not for other modules. */
#ifndef HOPT_STORE_MONGO_MONGO_INTERNAL_H
#define HOPT_STORE_MONGO_MONGO_INTERNAL_H

#include <mongoc/mongoc.h>

#include "common/store/store_driver.h"

/** The collections, by what they hold. */
typedef enum hopt_mongo_place {
    HOPT_MONGO_JOBS,
    HOPT_MONGO_JOB_IDS,
    HOPT_MONGO_STUDIES,
    HOPT_MONGO_REPORTS,
    HOPT_MONGO_LOGS,
    HOPT_MONGO_WORKERS,
    HOPT_MONGO_FILES,
    HOPT_MONGO_HEALTH
} hopt_mongo_place;
enum { HOPT_MONGO_PLACES = 8 };

/** One connection. The client is made anew after a failed server selection: libmongoc would not try
 * the same server again for 5 s. */
typedef struct hopt_mongo {
    mongoc_uri_t *uri;
    char *database;
    char hosts[256]; /**< for messages */
    bool read_only;
    mongoc_client_t *client;
    mongoc_collection_t *collections[HOPT_MONGO_PLACES]; /**< made when first used */
    bool renew;                              /**< make the client anew before the next command */
    char claimed_study[HOPT_STUDY_NAME_MAX]; /**< of the last trial claimed; "" none */
    hopt_trial_id claimed;
    bool refused;          /**< the last failure was the server's answer, not a lost connection */
    uint32_t refused_code; /**< the code of that answer */
} hopt_mongo;

/* ---- mongo_error.c ---- */

/** Translate libmongoc's error: HOPT_EUNAVAILABLE (nothing was sent), HOPT_EINVAL (too large a
 * document) or HOPT_ESTORE. Sets `renew` when needed. */
hopt_status hopt_mongo__failed(hopt_mongo *self, const bson_error_t *error, hopt_error *err);
/** A failure after something was, or may have been, changed: HOPT_EUNAVAILABLE becomes HOPT_ESTORE.
 */
hopt_status hopt_mongo__after_change(hopt_status status, hopt_error *err);
bool hopt_mongo__duplicate(const bson_error_t *error);

/* ---- mongo_command.c ----
 * All take ownership of the documents that are given as bson_t * (never of const ones). */

mongoc_client_t *hopt_mongo__client(hopt_mongo *self);
mongoc_collection_t *hopt_mongo__collection(hopt_mongo *self, hopt_mongo_place place);
void hopt_mongo__drop_client(hopt_mongo *self);
const char *hopt_mongo__place_name(hopt_mongo_place place);

/** Run a command on a database (NULL: the store's). @param[out] reply  the caller's, also on
 * failure; NULL: not wanted. */
hopt_status hopt_mongo__command(hopt_mongo *self, const char *database, bson_t *command,
                                bson_t **reply, hopt_error *err);

/** `opts` may be NULL. End with hopt_mongo__end(). */
mongoc_cursor_t *hopt_mongo__find(hopt_mongo *self, hopt_mongo_place place, bson_t *filter,
                                  bson_t *opts);
/** Check and destroy a cursor. */
hopt_status hopt_mongo__end(hopt_mongo *self, mongoc_cursor_t *cursor, hopt_error *err);
/** @param[out] doc  a copy, the caller's; NULL unless HOPT_OK. HOPT_ENOTFOUND. */
hopt_status hopt_mongo__find_one(hopt_mongo *self, hopt_mongo_place place, bson_t *filter,
                                 bson_t *opts, bson_t **doc, hopt_error *err);

/**
 * findAndModify with new:true and no upsert.
 * @param fields   may be NULL.
 * @param[out] doc the caller's; NULL unless HOPT_OK; NULL: not wanted. HOPT_ENOTFOUND when nothing
 *                 matched. Ambiguous on HOPT_ESTORE.
 */
hopt_status hopt_mongo__find_and_modify(hopt_mongo *self, hopt_mongo_place place,
                                        const bson_t *filter, const bson_t *update,
                                        const bson_t *fields, bson_t **doc, hopt_error *err);

typedef enum hopt_mongo_how {
    HOPT_MONGO_ONE,
    HOPT_MONGO_MANY,
    HOPT_MONGO_UPSERT,
    HOPT_MONGO_RAW /**< one, its keys unchecked: the server judges them */
} hopt_mongo_how;
/** @param[out] matched  may be NULL. */
hopt_status hopt_mongo__update(hopt_mongo *self, hopt_mongo_place place, hopt_mongo_how how,
                               bson_t *filter, bson_t *update, int64_t *matched, hopt_error *err);
/** HOPT_ECONFLICT when the key is there. */
hopt_status hopt_mongo__insert(hopt_mongo *self, hopt_mongo_place place, bson_t *doc,
                               hopt_error *err);
hopt_status hopt_mongo__delete(hopt_mongo *self, hopt_mongo_place place, bool many, bson_t *filter,
                               hopt_error *err);

/** The integer at a dotted path, or `otherwise`. */
int64_t hopt_mongo__number(const bson_t *doc, const char *path, int64_t otherwise);

/** {_id, ...} of a trial: an ObjectId as BCON wants it. */
bson_oid_t hopt_mongo__oid(const hopt_trial_id *id);

/** Command "hello" (or what older servers call it). */
hopt_status hopt_mongo__hello(hopt_mongo *self, bson_t **reply, hopt_error *err);

/* ---- mongo_read.c ---- */

/** The prefix of the study's ids. HOPT_ENOTFOUND when there is no such study. */
hopt_status hopt_mongo__prefix(hopt_mongo *self, uint8_t prefix[HOPT_PREFIX_SIZE],
                               const char *study, hopt_error *err);
/** {_id: from..to}: slots of one study, in the index on _id. No exp_key beside it: the prefix says
 * it, and a planner that takes the index on exp_key sorts the whole study for a page. `to` may be
 * beyond the last slot. */
bson_t *hopt_mongo__slots(const uint8_t prefix[HOPT_PREFIX_SIZE], int from, int to);
/** The highest slot that is in use in `jobs`, `hopt_reports` or `hopt_logs`; -1 for none. */
hopt_status hopt_mongo__last_slot(hopt_mongo *self, hopt_mongo_place place,
                                  const uint8_t prefix[HOPT_PREFIX_SIZE], int *last,
                                  hopt_error *err);
enum { HOPT_MONGO_SLOT_LAST = (1 << 24) - 1 };

/* ---- mongo_attach.c ---- */

/** GridFS `fs`. */
typedef struct hopt_mongo_bucket {
    mongoc_database_t *database;
    mongoc_gridfs_bucket_t *files;
} hopt_mongo_bucket;
hopt_status hopt_mongo__bucket_open(hopt_mongo_bucket *out, hopt_mongo *self, hopt_error *err);
void hopt_mongo__bucket_close(hopt_mongo_bucket *b);
/** What is wrong with a stream of it. */
hopt_status hopt_mongo__stream_failed(hopt_mongo *self, mongoc_stream_t *stream, hopt_error *err);
/** @param[out] file  the new file's id; bson_value_destroy() after HOPT_OK. */
hopt_status hopt_mongo__upload(hopt_mongo *self, hopt_mongo_bucket *b, const char *filename,
                               const void *data, size_t length, bson_value_t *file,
                               hopt_error *err);

/** Delete the attachments of all trials whose id begins with `prefix`. */
hopt_status hopt_mongo__delete_files(hopt_mongo *self, const uint8_t prefix[HOPT_PREFIX_SIZE],
                                     hopt_error *err);

/* ---- mongo_health.c ---- */

/** Create what is missing of the indexes. */
hopt_status hopt_mongo__create_indexes(hopt_mongo *self, hopt_error *err);

/* ---- the slots of the driver's table, by file ---- */

/* mongo_study.c */
hopt_status hopt_mongo__study_create(void *self, hopt_study_record *study, hopt_error *err);
hopt_status hopt_mongo__study(void *self, hopt_study_record **out, const char *name,
                              hopt_error *err);
hopt_status hopt_mongo__studies(void *self, char ***names, size_t *count, hopt_error *err);
hopt_status hopt_mongo__study_update(void *self, const char *name, int64_t rev, int state,
                                     const char *reason, const char *spec, const char *file_hash,
                                     hopt_error *err);
hopt_status hopt_mongo__study_delete(void *self, const char *name, hopt_error *err);
hopt_status hopt_mongo__lead(void *self, const char *name, const char *me, int64_t epoch,
                             int64_t beat, hopt_error *err);
hopt_status hopt_mongo__renew(void *self, const char *name, const char *me, int64_t epoch,
                              const hopt_study_progress *progress, hopt_error *err);
hopt_status hopt_mongo__abdicate(void *self, const char *name, const char *me, int64_t epoch,
                                 hopt_error *err);
/* mongo_queue.c */
hopt_status hopt_mongo__tids(void *self, int64_t *first, int n, hopt_error *err);
hopt_status hopt_mongo__enqueue(void *self, hopt_trial *const *trials, size_t n, size_t *inserted,
                                hopt_error *err);
/** Claims and cancelling fail on documents whose hopt or version can't be counted up: they leave
 * the queue, as ERROR. @param[out] found  how many there were. */
hopt_status hopt_mongo__end_unclaimable(hopt_mongo *self, const char *study, int64_t *found,
                                        hopt_error *err);
hopt_status hopt_mongo__claim_many(void *self, hopt_trials *out, const char *study,
                                   const char *owner, size_t n, hopt_error *err);
hopt_status hopt_mongo__mine(void *self, hopt_trials *out, const char *study, const char *owner,
                             hopt_error *err);
hopt_status hopt_mongo__import(void *self, hopt_trial *const *trials, size_t n, size_t *inserted,
                               hopt_error *err);
/* mongo_finish.c */
bson_t *hopt_mongo__lease_filter(const hopt_lease *lease);
hopt_status hopt_mongo__beat(void *self, const hopt_lease *lease, int64_t step, char stop[32],
                             hopt_error *err);
hopt_status hopt_mongo__beat_many(void *self, hopt_beat *beats, size_t n, hopt_error *err);
hopt_status hopt_mongo__finish_many(void *self, hopt_finish *ends, size_t n, hopt_error *err);
hopt_status hopt_mongo__release(void *self, const hopt_lease *lease, hopt_error *err);
/* mongo_master.c */
hopt_status hopt_mongo__open_set(void *self, hopt_open_trial **list, size_t *count,
                                 const char *study, hopt_error *err);
hopt_status hopt_mongo__expire(void *self, const char *study, const hopt_open_trial *seen,
                               int max_attempts, hopt_error *err);
hopt_status hopt_mongo__cancel_new(void *self, const char *study, int from, const char *why,
                                   int64_t *changed, hopt_error *err);
hopt_status hopt_mongo__stop_running(void *self, const char *study, int num, const char *why,
                                     hopt_error *err);
hopt_status hopt_mongo__retry(void *self, const char *study, int num, hopt_error *err);
/* mongo_read.c */
hopt_status hopt_mongo__trials(void *self, hopt_trials *out, const hopt_trial_query *query,
                               int64_t *malformed, hopt_error *err);
hopt_status hopt_mongo__trials_by_num(void *self, hopt_trials *out, const char *study,
                                      const int *nums, size_t n, hopt_error *err);
hopt_status hopt_mongo__counts(void *self, const char *study, int64_t counts[HOPT_STATES],
                               hopt_error *err);
hopt_status hopt_mongo__best(void *self, hopt_trial **out, const char *study, hopt_error *err);
/* mongo_foreign.c */
hopt_status hopt_mongo__foreign(void *self, const char *exp_key, hopt_store_each_document each,
                                void *data, hopt_error *err);
/* mongo_extra.c */
hopt_status hopt_mongo__report(void *self, const hopt_trial_id *id, int lease, const int64_t *steps,
                               const double *losses, size_t n, hopt_error *err);
hopt_status hopt_mongo__reports(void *self, hopt_reports *out, const hopt_trial_id *id,
                                hopt_error *err);
hopt_status hopt_mongo__put_log(void *self, const hopt_trial_id *id, const hopt_log_text *log,
                                hopt_error *err);
hopt_status hopt_mongo__log(void *self, hopt_log_text *out, const hopt_trial_id *id,
                            hopt_error *err);
/* mongo_attach.c */
hopt_status hopt_mongo__attach(void *self, const hopt_trial_id *id, const char *name,
                               const void *data, size_t length, hopt_error *err);
hopt_status hopt_mongo__attachments(void *self, char ***names, size_t *count,
                                    const hopt_trial_id *id, hopt_error *err);
hopt_status hopt_mongo__attachment(void *self, void **data, size_t *length, const hopt_trial_id *id,
                                   const char *name, hopt_error *err);
/* mongo_worker.c */
hopt_status hopt_mongo__worker_put(void *self, const hopt_worker_record *worker, hopt_error *err);
hopt_status hopt_mongo__worker_remove(void *self, const char *owner, hopt_error *err);
hopt_status hopt_mongo__workers(void *self, hopt_worker_record **list, size_t *count,
                                hopt_error *err);
/* mongo_sink.c */
hopt_status hopt_mongo__sink_study(void *self, hopt_sink_study *out, const char *study,
                                   hopt_error *err);
hopt_status hopt_mongo__sink_study_put(void *self, const char *study, const hopt_sink_study *old,
                                       const hopt_sink_study *now, hopt_error *err);
hopt_status hopt_mongo__sink_pending(void *self, hopt_sink_trial **list, size_t *count,
                                     const char *study, const char *parent, int after, int limit,
                                     hopt_error *err);
hopt_status hopt_mongo__sink_put(void *self, hopt_sink_trial *trials, size_t n, hopt_error *err);
/* mongo_health.c */
hopt_status hopt_mongo__health(void *self, hopt_store_health *out, hopt_error *err);
/* mongo_driven.c */
extern const hopt_store_driven_ops hopt_mongo__driven;
/** The trial as its lease says, RUNNING. */
bson_t *hopt_mongo__driven_filter(const hopt_lease *lease);
hopt_status hopt_mongo__driven_lost(const hopt_lease *lease, hopt_error *err);
/* mongo_driven_files.c */
hopt_status hopt_mongo__driven_attach(void *self, const hopt_lease *lease, const char *name,
                                      const void *data, size_t length, hopt_error *err);
hopt_status hopt_mongo__driven_file(void *self, const char *exp_key, const char *name,
                                    char id[HOPT_FILE_ID_SIZE], hopt_error *err);
hopt_status hopt_mongo__driven_download(void *self, const char *id, int fd, hopt_error *err);
hopt_status hopt_mongo__driven_put(void *self, const char *exp_key, const char *name,
                                   const void *data, size_t length, hopt_error *err);
hopt_status hopt_mongo__driven_files(void *self, const char *exp_key, char ***names, size_t *count,
                                     hopt_error *err);

#endif
