/**
 * What a sink (master/sinks) keeps in the store: where a study and its trials are in another
 * system (runs of MLflow), and which ended trials are not there yet. So the store is the outbox,
 * and any process goes on where another one was killed. Same connections, statuses and rules as
 * store.h.
 *
 * In MongoDB it is `mlflow` of the study's document and `hopt.mlflow` of a trial's; in SQLite
 * tables of their own beside the documents, made when first needed. `hopt copy` does not take it
 * along: the copy is another study.
 */
#ifndef HOPT_STORE_SINK_H
#define HOPT_STORE_SINK_H

#include "common/store/store.h"

enum { HOPT_SINK_RUN_MAX = 64 };

/** A study's. Who feeds the sink is a lease as the leader's (DESIGN §5.5): taken when (owner,
 * beat) stood still. */
typedef struct hopt_sink_study {
    bool exists;                 /**< false: nobody has fed a sink with it */
    char run[HOPT_SINK_RUN_MAX]; /**< its run, "": none yet */
    char owner[HOPT_OWNER_MAX];  /**< who feeds, "": nobody */
    int64_t beat;
} hopt_sink_study;

/** A trial's. */
typedef struct hopt_sink_trial {
    hopt_trial_id id;
    int num;
    int version;                    /**< of the trial as it was read */
    char parent[HOPT_SINK_RUN_MAX]; /**< the study's run when it was noted, "": never */
    char run[HOPT_SINK_RUN_MAX];    /**< its run; "" with a parent: one may have been made */
    bool done;                      /**< with hopt_sink_put(): all of this version is there */
    hopt_status status;             /**< out of hopt_sink_put(): HOPT_OK or HOPT_ECONFLICT */
} hopt_sink_trial;

/** HOPT_ENOTFOUND: no such study. */
HOPT_MUST_CHECK hopt_status hopt_sink_study_read(hopt_store *store, hopt_sink_study *out,
                                                 const char *study, hopt_error *err);
/** Write it when it still is `old`. HOPT_ECONFLICT: it is not. Ambiguous on HOPT_ESTORE: read it.
 */
HOPT_MUST_CHECK hopt_status hopt_sink_study_put(hopt_store *store, const char *study,
                                                const hopt_sink_study *old,
                                                const hopt_sink_study *now, hopt_error *err);
/**
 * Ended trials above `after` that are not done for the study's run `parent`, by num, at most
 * `limit`.
 * @param[out] list  the caller's, free().
 */
HOPT_MUST_CHECK hopt_status hopt_sink_pending(hopt_store *store, hopt_sink_trial **list,
                                              size_t *count, const char *study, const char *parent,
                                              int after, int limit, hopt_error *err);
/** Note `n` of them (at most 1,000) where the version is still the same. Repeat freely. */
HOPT_MUST_CHECK hopt_status hopt_sink_put(hopt_store *store, hopt_sink_trial *trials, size_t n,
                                          hopt_error *err);

#endif
