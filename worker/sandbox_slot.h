/** The slot itself, shared by sandbox.c (lifecycle) and sandbox_trial.c (what the objective says
 * and what becomes of the trial). */
#ifndef HOPT_WORKER_SANDBOX_SLOT_H
#define HOPT_WORKER_SANDBOX_SLOT_H

#include "worker/child_protocol.h"
#include "worker/child_result.h"
#include "worker/sandbox_internal.h"

/** Where the trial is. */
typedef enum sandbox_phase {
    SANDBOX_IDLE,     /**< no trial; a server may live on */
    SANDBOX_WAITING,  /**< a trial waits for the end of the former child */
    SANDBOX_STARTING, /**< a server was started and is not ready */
    SANDBOX_RUNNING,  /**< the objective has the trial */
    SANDBOX_ENDING,   /**< the outcome is known, its processes are dying */
    SANDBOX_ENDED     /**< on_end is due */
} sandbox_phase;

/** What is known of a server's scratch folders: see sandbox_scratch.c. */
typedef struct sandbox_scratch {
    enum {
        SANDBOX_SCRATCH_UNKNOWN, /**< no trial has ended yet */
        SANDBOX_SCRATCH_UNUSED,  /**< all were left empty */
        SANDBOX_SCRATCH_USED     /**< one was not */
    } use;
    char *spare; /**< an empty folder to lend, or NULL */
    bool lent;   /**< the running trial has it */
    char *own;   /**< lent: the path that would be the trial's own */
} sandbox_scratch;

struct hopt_sandbox {
    uv_loop_t *loop;
    hopt_sandbox_options options;
    int64_t grace_ms;
    uint64_t output_max; /**< bytes of one trial */
    uv_timer_t limit;    /**< the trial's time-out, or the server's to be ready */
    uv_timer_t push;     /**< from a wish to stop to SIGTERM */
    uv_timer_t later;    /**< on_end of what ends without an event of its own */
    int open;            /**< handles and folder removals that still refer to this */
    bool closing;
    void (*on_closed)(void *data);
    void *closed_data;

    sandbox_child *child; /**< NULL: none */
    bool ready;           /**< a server that said so */
    bool doomed;          /**< the child was told to end */
    bool late;            /**< the limit has passed; what was said before it is read first */

    /* the trial */
    sandbox_phase phase;
    hopt_sandbox_callbacks callbacks;
    void *data;
    hopt_buf line; /**< the trial line, waiting to be sent */
    size_t line_length;
    char **argv; /**< command: with labels filled in */
    sandbox_env_trial env;
    char *workdir;
    sandbox_scratch scratch;
    uint64_t started_ns;
    uint64_t printed; /**< bytes since the last trial's end */
    int64_t attached; /**< bytes of the trial's attachments */
    char *stop;       /**< wish to stop, or NULL */
    bool told;        /**< the objective learned of it, or was killed for it */
    bool has_outcome; /**< `outcome.end` is decided */
    bool interrupted; /**< see hopt_sandbox_interrupted() */
    hopt_child_outcome outcome;
    char *outcome_message; /**< owns outcome.message */
    hopt_child_loss loss;  /**< the result given */
    bool has_loss;
    char *error_type, *error_text; /**< the error given instead */
    char *bad;                     /**< the first message of wrong shape */
    hopt_buf last_line;            /**< command: last line that is not blank */
    bool last_long;                /**< that one was longer than a line may be */
    bool long_blank;               /**< the pieces of a long line so far were blank */
    sandbox_log log;
};

/* ---- sandbox.c ---- */

bool hopt_sandbox__is_server(const hopt_sandbox *sandbox);
/** Send the trial line and start its clock. */
void hopt_sandbox__send_trial(hopt_sandbox *sandbox);
/**
 * Decide the outcome, unless one is decided, and end the processes: at once or with the grace time.
 * The trial ends when they are gone.
 * @param message  copied; or NULL.
 */
void hopt_sandbox__end_child(hopt_sandbox *sandbox, hopt_child_end end, const char *message,
                             bool at_once);
/** A wish to stop was told: after the grace time SIGTERM. */
void hopt_sandbox__push_later(hopt_sandbox *sandbox);
/** Begin the removal of a scratch folder that is not empty. Takes `workdir`. */
void hopt_sandbox__remove_later(hopt_sandbox *sandbox, char *workdir);

/* ---- sandbox_scratch.c ---- */

/** The scratch folder for a trial, made; NULL with err. The caller's string. */
char *hopt_sandbox__scratch_begin(hopt_sandbox *sandbox, int num, hopt_error *err);
/** The trial ended: remove its folder, or keep it after an error. Frees sandbox->workdir. */
void hopt_sandbox__scratch_end(hopt_sandbox *sandbox, bool error);
void hopt_sandbox__scratch_close(hopt_sandbox *sandbox);

/* ---- sandbox_trial.c ---- */

/** The events of the child while it lives; `data` is the sandbox. */
extern const sandbox_events hopt_sandbox__events;
/** The processes of a trial are gone: fill what they left open in the outcome. */
void hopt_sandbox__outcome_of_exit(hopt_sandbox *sandbox, const sandbox_exit *how);
/** Set the outcome unless one is set. `message` is copied; or NULL. */
void hopt_sandbox__decide(hopt_sandbox *sandbox, hopt_child_end end, const char *message);
/** Tell on_end; the slot is idle before it. */
void hopt_sandbox__deliver(hopt_sandbox *sandbox);
/** sandbox.c's, the last of the events. */
void hopt_sandbox__on_gone(void *data, const sandbox_exit *how);

#endif
