/**
 * The worker's agent: claims trials of the studies it was given, evaluates them in its slots
 * (worker/sandbox.h), heartbeats, writes results. Everything runs on one uv loop; store calls go
 * to two offloads (queue work; heartbeats), each with a connection of its own.
 *
 * A study whose objective in the store is another than the operator's is refused: its trials are
 * claimed and end in ERROR with that reason (worker/refusal.h).
 *
 * Lifecycle: new -> start -> (drain | release) -> on_idle -> close -> on_closed. Loop thread only.
 */
#ifndef HOPT_WORKER_AGENT_H
#define HOPT_WORKER_AGENT_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/base/error.h"
#include "common/metrics/metrics.h"
#include "common/store/store.h"
#include "common/trial/study.h"
#include "common/trial/trial.h"

typedef struct hopt_agent hopt_agent;

typedef enum hopt_agent_event_kind {
    HOPT_AGENT_CLAIMED,    /**< trial: just claimed */
    HOPT_AGENT_ENDED,      /**< trial + result: written to the store */
    HOPT_AGENT_RELEASED,   /**< trial: given back */
    HOPT_AGENT_LOST,       /**< trial: its lease was lost; the result is dropped */
    HOPT_AGENT_IDLE,       /**< nothing queued */
    HOPT_AGENT_STORE_DOWN, /**< the store can't be used (message); results are kept, it tries again
                            */
    HOPT_AGENT_STORE_UP,   /**< it works again */
    HOPT_AGENT_LEFT /**< the agent has left: drained, limit reached, too many errors (message) */
} hopt_agent_event_kind;

typedef struct hopt_agent_event {
    hopt_agent_event_kind kind;
    const hopt_trial *trial;   /**< borrowed for the call, or NULL */
    const hopt_result *result; /**< ENDED only */
    const char *message;       /**< LEFT, STORE_DOWN: why, for people; LEFT: NULL = as asked */
    bool failed;               /**< LEFT: exit code 1 */
} hopt_agent_event;

typedef struct hopt_agent_options {
    const char *store_uri;
    const hopt_study_spec *const
        *studies; /**< what the operator named; borrowed, outlive the agent */
    size_t n_studies;
    const char *const *cwds; /**< working directory of each study's objective (n_studies) */
    int slots;               /**< 1..1024 */
    int64_t
        grace_ms; /**< after drain: how long running trials may take before release; -1: for ever */
    int max_trials;          /**< leave after so many, 0: no limit */
    int max_failures;        /**< leave after so many ERRORs in a row; 0: never */
    int64_t idle_timeout_ms; /**< leave when nothing was claimed for so long, 0: never */
    int64_t walltime_ms;     /**< drain after so long, 0: never */
    const char *runner;      /**< path of hopt-runner */
    const char *workdir;     /**< base of the trials' scratch folders */
    const char *const
        *plugins; /**< absolute path of each study's plugin or NULL: hopt_worker_plugin() */
    const char *const
        *exp_keys; /**< of each study: it stands for the trials of a Python driver with this exp_key
                      (common/store/driven.h); NULL, or NULL entries: a study of ours */
    const char *const *refusals; /**< why no trial of a study (n_studies) is evaluated, or NULL: it
                                     is; may be NULL */
    bool any_objective;          /**< the study's objective in the store may be another */
    const char *gpus;            /**< "0,1,2": CUDA_VISIBLE_DEVICES per slot, NULL: none */
    bool quiet;                  /**< no log lines for single trials */
    const hopt_store_observer *observer; /**< of its connections; borrowed; NULL: none */
    hopt_histogram *claim_wait;  /**< how long slots were without work before a claim; NULL: not
                                    measured, as the next */
    hopt_counter *lease_expired; /**< leases of other workers that the agent ended */
    void (*on_event)(void *data, const hopt_agent_event *event);
    /**
     * A master in the same process may take its turn within an exchange, between the ends and the
     * claims: one visit of the store instead of three. All three or none (NULL).
     * may_turn (loop thread): whether `turn` shall be called in the exchange that begins now;
     * turn (the agent's thread): with the agent's connection, after the ends were written;
     * turned (loop thread): after the exchange's events; `ran` false: `turn` was not called;
     * `kept` false: what it wrote may not have happened.
     */
    bool (*may_turn)(void *data);
    void (*turn)(void *data, hopt_store *store);
    void (*turned)(void *data, bool ran, bool kept);
    void *data;
} hopt_agent_options;

/** @param options  copied but for what is said to be borrowed. */
hopt_agent *hopt_agent_new(uv_loop_t *loop, const hopt_agent_options *options);
void hopt_agent_start(hopt_agent *agent);
/** Something may be in the queue: look now instead of at the next poll. */
void hopt_agent_wake(hopt_agent *agent);
/** Exchange soon, with a turn. false: no exchange comes, or there is nobody to take a turn. */
bool hopt_agent_ask_for_turn(hopt_agent *agent);
/** Beat now instead of in a quarter lease: a wish to stop may wait in the store. */
void hopt_agent_beat(hopt_agent *agent);
/** Take no more; finish what runs within the grace time, then release it. LEFT follows. */
void hopt_agent_drain(hopt_agent *agent);
/** Release everything at once. LEFT follows. */
void hopt_agent_release(hopt_agent *agent);
/** After LEFT: close handles; `closed` is the last call. */
void hopt_agent_close(hopt_agent *agent, void (*closed)(void *data), void *data);
/** NULL: the store answered when last asked and trials are taken; else why not (constant). */
const char *hopt_agent_not_ready(const hopt_agent *agent);
/** owner "host:pid:8hex". */
const char *hopt_agent_owner(const hopt_agent *agent);

#endif
