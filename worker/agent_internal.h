/** What the parts of the agent share. All of it belongs to the loop thread, except what an exchange
 * or a beat round carries while it is under way. */
#ifndef HOPT_WORKER_AGENT_INTERNAL_H
#define HOPT_WORKER_AGENT_INTERNAL_H

#include "common/loop/offload.h"
#include "common/store/driven.h"
#include "common/store/reaper.h"
#include "worker/agent.h"
#include "worker/sandbox.h"

/** A file that came with a trial, read before its workdir goes away. */
typedef struct hopt_agent_file {
    char *name;
    void *data;
    size_t length;
} hopt_agent_file;

/** Reported values on their way to the store. */
typedef struct hopt_agent_reports {
    hopt_trial_id id;
    hopt_reports reports;
} hopt_agent_reports;

typedef struct hopt_ask hopt_ask; /* agent_ask.c */

/** A Python driver's pickled domain: a file that the objectives of some trials read. */
typedef struct hopt_domain {
    char id[HOPT_FILE_ID_SIZE];
    int users; /**< trials that hold it */
} hopt_domain;

typedef enum hopt_slot_state {
    HOPT_SLOT_FREE,
    HOPT_SLOT_BUSY,   /**< its sandbox evaluates */
    HOPT_SLOT_HELD,   /**< result known; perhaps we are about to be asked to leave, then it is not
                         written */
    HOPT_SLOT_ENDED,  /**< result waits to be written */
    HOPT_SLOT_GIVE_UP /**< the trial waits to be released */
} hopt_slot_state;

typedef struct hopt_slot {
    struct hopt_agent *agent;
    int index;
    hopt_slot_state state;
    size_t study; /**< index of the sandbox's study, valid with a sandbox */
    hopt_sandbox *sandbox;
    hopt_sandbox_options sandbox_options;
    char *gpu_env;
    const char *env[2];
    hopt_trial *trial;
    int64_t beat;      /**< beats that the store acknowledged */
    int64_t last_step; /**< of its reports, -1: none */
    int64_t idle_ns;   /**< when it had nothing to evaluate any more */
    bool stop_reports; /**< answer the next report with stop */
    bool lost;         /**< lease lost: drop the result */
    bool retry;        /**< ERROR with retry_errors: back to the queue, one attempt less */
    bool in_exchange;  /**< its end is being written */
    int64_t held_ms;   /**< HELD: since when */
    hopt_result result;
    hopt_log_text log;
    hopt_reports reports; /**< not yet stored */
    size_t reports_capacity;
    hopt_agent_file *files;
    size_t n_files, files_capacity;
    /* a Python driver's trial only */
    const char *exp_key; /**< NULL: a study's trial, and the rest is unused */
    char *document;      /**< its result as extended JSON, once given */
    hopt_ask *ask;       /**< what its objective waits for, or NULL */
} hopt_slot;

/** What the agent knows of a study it was given. */
typedef struct hopt_agent_study {
    const hopt_study_spec *spec;
    const char *cwd;
    const char *plugin;  /**< absolute path, plugin objectives */
    const char *exp_key; /**< of a Python driver, or NULL: a study of ours */
    uint64_t judged;     /**< hash of the stored text that the next two are about, 0: none yet */
    bool unreadable;     /**< nobody knows what it names: nothing is claimed */
    char *refusal;  /**< why its trials end in ERROR without a start; NULL: they may run; owned */
    bool claimable; /**< active in the store when last looked at */
    bool stopping;  /**< closing with a reason that stops running trials */
} hopt_agent_study;

struct hopt_agent {
    hopt_agent_options options;
    char owner[HOPT_OWNER_MAX];
    char host[256];
    char boot_id[40];
    uv_loop_t *loop;
    hopt_offload *queue; /**< claims, results */
    hopt_offload *beats; /**< heartbeats: never behind a result that is being retried */
    uv_timer_t poll_timer, beat_timer, limit_timer, watch_timer;
    hopt_agent_study *studies;
    hopt_slot *slots;

    bool exchanging;
    bool again;     /**< something came up during the exchange */
    bool want_turn; /**< the next exchange shall have a turn even if nothing has ended */
    bool adopt;     /**< a claim's reply was lost: look for trials of ours first */
    bool beating;
    bool draining, releasing, left, closing;
    bool asked; /**< to leave, from outside: by hopt_agent_drain() or hopt_agent_release() */
    int closing_parts;
    const char *leave_message;
    bool leave_failed;
    bool in_grace; /**< running trials are given the grace time only */
    int64_t grace_start_ms;
    int64_t start_ms, last_claim_ms, looked_ms;
    int64_t record_ms;           /**< when the worker's record was last put; 0: never */
    int64_t visit_ms;            /**< how long the last exchange with ends was in the store */
    int64_t token;               /**< the store's, when it has one: see hopt_store_version() */
    bool peek;                   /**< the next exchange only looks when the token has changed */
    int64_t next_look_ms;        /**< when to look in any case */
    int64_t idle_ms;             /**< current idle poll interval */
    int64_t retry_ms;            /**< back-off after a store error, 0: none */
    bool retry_wait;             /**< the poll timer waits out a back-off */
    bool flush_reports;          /**< the next exchange takes the running trials' reports along */
    hopt_agent_reports *reports; /**< not yet stored, of running trials */
    size_t n_reports, reports_capacity;
    int claimed, failures;
    bool store_down;
    bool met;            /**< the store has answered an exchange */
    bool beat_failed;    /**< the store failed at the last beat */
    int64_t exchange_ms; /**< when the exchange that is under way began */
    bool watching;
    hopt_reaper **reapers; /**< of each Python driver; a watch's thread has them while it runs */
    hopt_domain *domains;
    size_t n_domains, domains_capacity;
    char domain[HOPT_FILE_ID_SIZE]; /**< the newest */
    void (*closed)(void *data);
    void *closed_data;
};

/* agent.c */
void hopt_agent__event(hopt_agent *agent, hopt_agent_event_kind kind, const hopt_slot *slot);
/** The store went away (err) or came back (NULL). */
void hopt_agent__store_event(hopt_agent *agent, const hopt_error *err);
/** Open a thread's connection unless it is there. */
HOPT_MUST_CHECK hopt_status hopt_agent__open_store(const hopt_agent *agent, hopt_store **store,
                                                   hopt_error *err);
/** Begin to leave: claim no more; running trials may end. For people's `message` (a constant; NULL:
 * as asked). */
void hopt_agent__leave(hopt_agent *agent, const char *message, bool failed);
/** A trial ended, with an error or not: too many of those in a row, and the agent leaves. */
void hopt_agent__count_end(hopt_agent *agent, bool error);
/** When drained and nothing is left: LEFT. */
void hopt_agent__check_left(hopt_agent *agent);
/** Milliseconds with +-20 % jitter, so that many workers do not move in step. */
uint64_t hopt_agent__jitter(int64_t ms);

/* agent_slot.c */
void hopt_slot__init(hopt_agent *agent, int index);
/** The slot is for this claimed trial from now on, whose evaluation starts later; takes it. */
void hopt_slot__take(hopt_slot *slot, hopt_trial *trial);
/** Evaluate the trial that was taken. */
void hopt_slot__start(hopt_slot *slot, size_t study);
/** Whether its trial's end may be due to a signal that we are about to get as well: give the trial
 * back if we were asked to leave, or else, after a moment, write the end. */
void hopt_slot__settle(hopt_slot *slot);
/** The trial's end is written (or dropped): free everything, the slot is free again. */
void hopt_slot__free_trial(hopt_slot *slot);
hopt_lease hopt_slot__lease(const hopt_slot *slot);

/* agent_exchange.c */
/** Write what ended, claim what is wanted; at most one exchange is under way. */
void hopt_agent__exchange(hopt_agent *agent);

/* agent_driven.c: trials of Python drivers. Those with a store run on the queue's thread. */
/** End or give back: what write_ends() does for trials of ours. */
hopt_status hopt_driven__end(hopt_store *store, const hopt_slot *slot, hopt_error *err);
/** Fetch the domains that claimed trials name. One that is nowhere: the trial's params get
 * "problem". */
hopt_status hopt_driven__domains(const hopt_agent *agent, hopt_store *store, const char *exp_key,
                                 hopt_trials *claimed, hopt_error *err);
/** A slot takes or lets go its trial's domain; takes false: it has none (`problem` of params). */
bool hopt_driven__take(hopt_agent *agent, hopt_trial *trial);
void hopt_driven__drop(hopt_agent *agent, const hopt_trial *trial);
/** Remove domains that nobody uses and that are not the newest; `all`: whatever is there. */
void hopt_driven__sweep(hopt_agent *agent, bool all);
/** The evaluation ended: keep its document, show its output. */
void hopt_driven__ended(hopt_slot *slot, const hopt_sandbox_log *log);

/* agent_ask.c */
void hopt_slot__on_ask(void *data, const json_t *ask);
/** Ask again what the store could not answer. */
void hopt_slot__ask_again(hopt_slot *slot);
/** Forget what is asked. */
void hopt_slot__drop_ask(hopt_slot *slot);

/* agent_watch.c */
/** Watch the leases of Python drivers' trials: there may be no master for them. */
void hopt_agent__watch_start(hopt_agent *agent);

/* agent_beat.c */
void hopt_agent__beat_start(hopt_agent *agent);
/** Beat for all running trials now. */
void hopt_agent__beat(hopt_agent *agent);
/** No slot is busy: renew the record, which busy workers leave alone, unless it is fresh. */
void hopt_agent__beat_idle(hopt_agent *agent);

#endif
