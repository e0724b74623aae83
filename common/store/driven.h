/**
 * Trials of a Python driver: what hyperopt's MongoTrials puts into the database for
 * hyperopt-mongo-worker, whose objective is a pickled Python function (docs/adr/0012). They are no
 * trials of a study, and the calls of store.h do not see them, save those for attachments by id.
 *
 * Only MongoDB has them: with another store each call is HOPT_EINVAL. Statuses, threads and
 * ambiguity are those of store.h.
 *
 * While a worker of hopt holds such a trial its document has, besides hyperopt's fields,
 *   hopt_lease: {worker: "host:pid:8hex", n: int32, beat: int64, lost: int32}
 * and every write filters on _id, state, owner and n: DESIGN §5.2's fence. A trial in the queue
 * belongs to nobody (owner null), so that Python workers take it as well.
 *
 * In a hopt_trial: `study` is hopt_driven_name() of exp_key, `num` the tid (its low 31 bits),
 * `params` {"document": the whole document as canonical extended JSON, "attachment": the name of
 * the pickled domain}.
 */
#ifndef HOPT_STORE_DRIVEN_H
#define HOPT_STORE_DRIVEN_H

#include "common/store/store.h"

enum { HOPT_FILE_ID_SIZE = 25 /**< 24 hex digits and NUL */ };

/** A name for logs and folders: exp_key with what a study's name can't hold as '_', cut. */
void hopt_driven_name(char out[HOPT_STUDY_NAME_MAX], const char *exp_key);

/* ---- the queue; the semantics are those of the calls of the same name in store.h ---- */

/** Claim up to `n` NEW trials that belong to nobody, as hyperopt-mongo-worker does; only those
 * whose command is a pickled domain ("domain_attachment"), others are left. */
HOPT_MUST_CHECK hopt_status hopt_driven_claim(hopt_store *store, hopt_trials *out,
                                              const char *exp_key, const char *owner, size_t n,
                                              hopt_error *err);
HOPT_MUST_CHECK hopt_status hopt_driven_mine(hopt_store *store, hopt_trials *out,
                                             const char *exp_key, const char *owner,
                                             hopt_error *err);
HOPT_MUST_CHECK hopt_status hopt_driven_beat(hopt_store *store, const hopt_lease *lease,
                                             hopt_error *err);
/** A partial result; the trial goes on. @param result  extended JSON, or NULL: only refresh_time.
 * HOPT_EINVAL: no document, or one that the database can't take. */
HOPT_MUST_CHECK hopt_status hopt_driven_checkpoint(hopt_store *store, const hopt_lease *lease,
                                                   const char *result, hopt_error *err);
/**
 * End a trial. Result and state are one write.
 * @param result    DONE or ERROR (error_type and error_message are written as they are).
 * @param document  DONE: the result's document as extended JSON; else NULL.
 */
HOPT_MUST_CHECK hopt_status hopt_driven_finish(hopt_store *store, const hopt_lease *lease,
                                               const hopt_result *result, const char *document,
                                               hopt_error *err);
HOPT_MUST_CHECK hopt_status hopt_driven_release(hopt_store *store, const hopt_lease *lease,
                                                hopt_error *err);
/** The RUNNING trials that workers of hopt hold, for hopt_reaper_observe(). @param[out] list
 * free().
 */
HOPT_MUST_CHECK hopt_status hopt_driven_running(hopt_store *store, hopt_open_trial **list,
                                                size_t *count, const char *exp_key,
                                                hopt_error *err);
/** As hopt_store_expire(). A `beat` of -1 is not compared: the owner itself gives up an attempt. */
HOPT_MUST_CHECK hopt_status hopt_driven_expire(hopt_store *store, const hopt_open_trial *seen,
                                               int max_attempts, hopt_error *err);

/* ---- attachments ---- */

/** hopt_store_attach() for a trial that is held, and visible to the driver at once (version + 1).
 * HOPT_ECONFLICT = the lease is lost. */
HOPT_MUST_CHECK hopt_status hopt_driven_attach(hopt_store *store, const hopt_lease *lease,
                                               const char *name, const void *data, size_t length,
                                               hopt_error *err);
/** The newest file of the experiment with this name (MongoTrials.attachments). HOPT_ENOTFOUND. */
HOPT_MUST_CHECK hopt_status hopt_driven_file(hopt_store *store, const char *exp_key,
                                             const char *name, char id[HOPT_FILE_ID_SIZE],
                                             hopt_error *err);
/** Write a file's bytes to the descriptor. HOPT_ENOTFOUND: it is gone; HOPT_EFAILED: fd. */
HOPT_MUST_CHECK hopt_status hopt_driven_download(hopt_store *store, const char *id, int fd,
                                                 hopt_error *err);
/** Put or replace a file of the experiment. */
HOPT_MUST_CHECK hopt_status hopt_driven_put(hopt_store *store, const char *exp_key,
                                            const char *name, const void *data, size_t length,
                                            hopt_error *err);
/** The names of the experiment's files, NULL-terminated, each once; hopt_names_free(). */
HOPT_MUST_CHECK hopt_status hopt_driven_files(hopt_store *store, const char *exp_key, char ***names,
                                              size_t *count, hopt_error *err);

#endif
