/**
 * The master: for every active study in the store it leads, it keeps the queue filled, takes up
 * ended trials, expires dead leases, and ends the study by its budget. It keeps nothing but caches:
 * kill it and start it anywhere. Runs on one uv loop; store calls go to an offload.
 *
 * Lifecycle: new -> start -> stop -> closed. Loop thread only.
 */
#ifndef HOPT_MASTER_MASTER_H
#define HOPT_MASTER_MASTER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/base/error.h"
#include "common/metrics/metrics.h"
#include "common/store/store.h"
#include "common/trial/study.h"
#include "common/trial/trial.h"

typedef struct hopt_master hopt_master;

/** A study as the master sees it now; borrowed for the call. */
typedef struct hopt_master_view {
    const hopt_study_spec *spec;
    hopt_study_state state;
    const char *reason; /**< NULL while active */
    bool leading;
    bool deleted; /**< the study is gone: the last view of it */
    int64_t counts[HOPT_STATES];
    int64_t failed; /**< DONE with status fail, and ERROR */
    bool has_best;
    int best_num;
    double best_loss; /**< minimized sign */
    int64_t active_ms;
} hopt_master_view;

typedef struct hopt_master_options {
    const char *store_uri;
    const char *const
        *studies; /**< names to look after; n_studies = 0: all whose name matches `glob` */
    size_t n_studies;
    const char *glob; /**< NULL: "*" */
    int64_t poll_ms;  /**< 0: 1000 */
    int local_slots;  /**< slots of a worker in this process, counted at once; 0: only the store's
                         records */
    /** A trial that ended was taken up; called once for each (not for those found at start-up). */
    void (*on_trial)(void *data, const hopt_study_spec *spec, const hopt_trial *trial);
    /** Something of a study changed (counts, state, best, leadership). */
    void (*on_view)(void *data, const hopt_master_view *view);
    /** New trials were queued: wake a worker of this process. */
    void (*on_queued)(void *data);
    /** Something is wrong with one study (bad values in a trial, a stored file that can't be read).
     */
    void (*on_warning)(void *data, const char *study, const char *message);
    /** A round is wanted, best as a turn (below): ask for one. false: none will come. NULL: never.
     */
    bool (*ask_for_turn)(void *data);
    /** The store can't be used for now (err) or again (NULL). */
    void (*on_store)(void *data, const hopt_error *err);
    void *data;
    const hopt_store_observer *observer; /**< of its connection; borrowed; NULL: none */
    hopt_histogram *suggest; /**< how long proposals of one point took; NULL: not measured */
    bool count_workers;      /**< for hopt_master_workers() */
} hopt_master_options;

/** @param options  copied but for texts that are said to be borrowed. */
hopt_master *hopt_master_new(uv_loop_t *loop, const hopt_master_options *options);
void hopt_master_start(hopt_master *master);
/** Trials may have ended: look now. */
void hopt_master_wake(hopt_master *master);
/**
 * A round on another thread, with its connection (see hopt_agent_options.may_turn). begin and end
 * on the loop thread, nothing else of the master's between them but wakes, which it then need not
 * hear.
 * @return of begin: false when it can't be now; then neither of the others is to be called.
 * @param ran   whether hopt_master_turn() was called.
 * @param kept  false: what it wrote may not have happened; it is as if it had not run, but for what
 *              the next round reads.
 */
bool hopt_master_turn_begin(hopt_master *master);
void hopt_master_turn(hopt_master *master, hopt_store *store);
void hopt_master_turn_end(hopt_master *master, bool ran, bool kept);
/** NULL: the store answered when last asked and studies are looked after; else why not
 * (constant). */
const char *hopt_master_not_ready(const hopt_master *master);
/** Workers in the store that look alive; 0 while no study is led here. */
int hopt_master_workers(const hopt_master *master);
/** Leave leadership, close; `closed` is the last call and the master is freed. */
void hopt_master_stop(hopt_master *master, void (*closed)(void *data), void *data);

#endif
