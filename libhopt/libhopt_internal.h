/**
 * What the files of libhopt share. hopt.h is the contract; this is how it is kept.
 *
 * Design notes
 * - A study is proposed for by whoever asks: there is no leader. take.c reads what came into the
 *   store, takes a trial of the queue or else the next free slot; the slots' rule (DESIGN §5.1)
 * keeps several processes apart. So hopt_ask() and hopt_fmin() are the same thing.
 * - `mutex` guards the store's connection and all that is marked with it. It is held for one
 * exchange with the store, never while a function or a callback of the host runs.
 * - keep.c is a thread that beats for leased trials and gives those of the dead back. It runs only
 *   while something is leased.
 */
#ifndef HOPT_LIBHOPT_INTERNAL_H
#define HOPT_LIBHOPT_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/include/hopt/hopt.h"
#include "common/store/reaper.h"
#include "common/store/store.h"
#include "master/proposer.h"

/** A study file that snapshots refer to, so that they outlive their study. */
typedef struct hopt_lib_spec {
    atomic_int references;
    hopt_study_spec *spec;
} hopt_lib_spec;

hopt_lib_spec *hopt_lib__spec_ref(hopt_lib_spec *shared);
void hopt_lib__spec_unref(hopt_lib_spec *shared);

/** The values of a trial by label. */
typedef struct hopt_lib_values {
    hopt_lib_spec *shared;
    double *point;
    char *params, *vals; /* JSON */
} hopt_lib_values;

hopt_status hopt_lib__values_init(hopt_lib_values *values, hopt_lib_spec *shared,
                                  const hopt_trial *trial, hopt_error *err);
void hopt_lib__values_clear(hopt_lib_values *values);
int hopt_lib__real(const hopt_lib_values *values, const char *label, double *out);
int hopt_lib__integer(const hopt_lib_values *values, const char *label, int64_t *out);
int hopt_lib__option(const hopt_lib_values *values, const char *label, int *out);
const char *hopt_lib__text(const hopt_lib_values *values, const char *label);
int hopt_lib__active(const hopt_lib_values *values, const char *label);

/** A log as it is kept: head and a tail that rolls. */
typedef struct hopt_lib_log {
    hopt_buf head, tail;
} hopt_lib_log;

void hopt_lib__log_add(hopt_lib_log *log, const char *line);
void hopt_lib__log_clear(hopt_lib_log *log);

/** Messages of a child process to the host (child.c). */
typedef struct hopt_lib_pipe hopt_lib_pipe;

typedef struct hopt_lib_reports {
    int64_t *steps;
    double *losses;
    size_t count, step_capacity, loss_capacity;
} hopt_lib_reports;

struct hopt_eval {
    hopt_study *study;
    hopt_trial *trial;
    hopt_lib_values values;
    char owner[HOPT_OWNER_MAX];
    hopt_lib_pipe *pipe; /* in a child process: where what is said goes */
    json_t *extras;      /* owner's thread only */
    hopt_lib_log log;
    char *type, *message; /* hopt_eval_because() */
    int64_t began_ms;
    bool told;
    bool in_fmin; /* stops with its hopt_fmin() */

    /* Guarded by the study's mutex. */
    hopt_lib_reports unsaved;
    bool has_report;
    int64_t step;
    double reported; /* in the host's sign */
    bool leased;
    struct hopt_eval *next_held, *previous_held;

    atomic_bool stop; /* to be read without the mutex */
    bool lost;        /* the lease is another's: guarded */
    char why[32];     /* why to stop, guarded: "timeout", "cancelled", "pruned" */
    bool wanted_here; /* it is this process that wants it to stop: guarded */
};

struct hopt_study {
    pthread_mutex_t mutex;
    hopt_store *store;
    hopt_study_record *record;
    int64_t record_ms; /* when it was read, monotonic */
    uint64_t seed;
    hopt_lib_spec *shared;
    const hopt_study_spec *spec;
    bool limited; /* the text or an option names limits */
    int max_trials;
    bool lease_asked;
    char owner[HOPT_OWNER_MAX];
    char ask_owner[HOPT_OWNER_MAX];

    /* What is known of the trials (take.c). */
    hopt_proposer *proposer; /* NULL: to be read anew */
    int last;                /* highest num that was read, -1: none */
    int next;                /* no slot below it is free */
    int *open;               /* known nums that have not ended, ascending */
    size_t n_open, open_capacity;
    size_t n_new;    /* of the open set as last read */
    size_t n_others; /* trials of others that run and are not asked ones */
    bool has_best;   /* of those that were read or ended here */
    double best;     /* minimized sign */

    /* Leases (keep.c). */
    pthread_mutex_t keep_lock; /* taken before `mutex`: one begins or ends the thread at a time */
    hopt_eval *held;
    bool asks_kept; /* lease_asked, and something was asked: the thread runs until close */
    int keep_users;
    bool keep_quit;
    pthread_t keeper;
    pthread_cond_t keep_wake;
    hopt_reaper *reaper;
    int64_t beat_ms;
    int slots;

    /* fmin */
    bool running;
    atomic_bool cancelled;
    atomic_llong deadline_ms; /* monotonic, of the hopt_fmin() that runs; 0: none */
    int wake_fd;              /* eventfd: wakes the loop of hopt_fmin() */
    const char *reason;
};

/* ---- failures ---- */

/** Copy `err` to the caller's failure. @return the code. */
int hopt_lib__fail(hopt_failure *why, const hopt_error *err);
int hopt_lib__say(hopt_failure *why, int code, const char *format, ...) HOPT_PRINTF(3, 4);
/** All errors of a text, one a line; `file` may be NULL. `shift`: bytes that stand before the
 * caller's text on line 1. */
int hopt_lib__fail_text(hopt_failure *why, hopt_errors *errors, const char *file, int shift);

/** Of a text that the host never saw: without "line:column: " and with no position. */
void hopt_lib__drop_positions(hopt_failure *why);

/* ---- taking and ending ---- */

/** A point of hyperopt's form: label -> value, [value], null or []. */
hopt_status hopt_lib__read_vals(const hopt_space *space, double *point, const json_t *vals,
                                hopt_error *err);

/**
 * The next trial: of the queue, else a new proposal. Mutex not held.
 * @param leased  beat for it (the thread of keep.c runs); else as an asked one.
 * @param batch   how many to propose when the queue is empty; the others are queued.
 * @param point   a point that is to be the trial's, or NULL.
 * @return HOPT_ECONFLICT: no slot is left, or the study is not active; HOPT_ENOTFOUND: exhausted.
 */
hopt_status hopt_lib__take(hopt_study *study, bool leased, int batch, const double *point,
                           hopt_eval **eval, hopt_error *err);
/** Read the record again when it is older than `age_ms`. Mutex held. */
hopt_status hopt_lib__record(hopt_study *study, int64_t age_ms, hopt_error *err);
/** Forget what is known of the trials: the next take reads all. Mutex held. */
void hopt_lib__forget(hopt_study *study);
/** Reads what is new. Mutex held. */
hopt_status hopt_lib__catch_up(hopt_study *study, hopt_error *err);

hopt_eval *hopt_lib__eval_new(hopt_study *study, hopt_trial *trial, const char *owner,
                              hopt_error *err);
/** Ask it to stop. Mutex held. @param here  this process wants it. */
void hopt_lib__eval_stop(hopt_eval *eval, const char *why, bool here);
/**
 * Write log, reports and the end. May be repeated after HOPT_ESTORE. Mutex not held.
 * @param[out] info  the trial as it is stored then; may be NULL.
 */
hopt_status hopt_lib__finish(hopt_eval *eval, const hopt_result *result, hopt_info **info,
                             hopt_error *err);
void hopt_lib__eval_free(hopt_eval *eval);
/** Take up a trial that ended here. Mutex held. */
void hopt_lib__note(hopt_study *study, const hopt_trial *trial);
/** Back to the queue. */
hopt_status hopt_lib__release(hopt_eval *eval, hopt_error *err);
/** Write reports that were not written. Mutex held. */
hopt_status hopt_lib__flush_reports(hopt_eval *eval, hopt_error *err);
/** The result of what a function returned, DONE or ERROR; CANCEL for HOPT_EVAL_STOPPED. */
void hopt_lib__result(hopt_eval *eval, hopt_result *result, int returned, double loss);

/* ---- leases ---- */

/** Begin and end to need the thread; pairs. Mutex not held. */
hopt_status hopt_lib__thread_new(pthread_t *thread, void *(*run)(void *), void *data,
                                 hopt_error *err);
hopt_status hopt_lib__keep_start(hopt_study *study, hopt_error *err);
void hopt_lib__keep_stop(hopt_study *study);
/** Add and remove an evaluation that is leased. Mutex held. */
void hopt_lib__hold(hopt_eval *eval);
void hopt_lib__let_go(hopt_eval *eval);
/** One round: beat when due, give back what the dead held. Mutex held. */
hopt_status hopt_lib__keep_round(hopt_study *study, hopt_error *err);

/* ---- snapshots ---- */

/** `trial` is used up. */
hopt_info *hopt_lib__info_new(hopt_lib_spec *shared, hopt_trial *trial, hopt_error *err);
/** The loss that a trial has in the host's sign, or NaN. */
double hopt_lib__loss(const hopt_study_spec *spec, const hopt_result *result);

/* ---- fmin ---- */

typedef struct hopt_fmin_run hopt_fmin_run;

/** One evaluation that runs beside the loop. */
typedef struct hopt_lib_slot {
    hopt_fmin_run *run;
    hopt_eval *eval; /* NULL: free */

    /* Threads; `work` and `ended` are guarded by the run's lock. */
    pthread_t thread;
    bool thread_made, work;

    /* Processes. */
    int pid; /* 0: none */
    int fd;  /* our end of its socket */
    hopt_buf input;
    bool told_to_stop;
    int64_t limit_ms, kill_ms; /* monotonic, 0: none: when it is killed for its time, for a stop */
    bool timed_out;
    int wait_status; /* of waitpid() */

    /* How it ended. */
    bool ended, has_result;
    int returned;
    double loss;
} hopt_lib_slot;

struct hopt_fmin_run {
    hopt_study *study;
    hopt_function function;
    void *context;
    hopt_fmin_options options;
    hopt_lib_slot *slots;
    int n_slots, busy;
    const char *ending; /* why no evaluation is begun any more; NULL: go on */
    hopt_status code;   /* why it failed, else HOPT_OK */
    hopt_error error;

    /* What has ended here, and of all that is known the best (fmin_end.c). */
    int64_t ended, failed;
    bool has_best, progressed;
    double best, progress_loss; /* minimized sign */
    int64_t idle;

    int64_t began_ms, shown_ms, show_after_ms;

    pthread_mutex_t lock; /* of the threads */
    pthread_cond_t job;
    bool quit;
};

/** Evaluate in a thread of the slot's own. */
hopt_status hopt_lib__thread_start(hopt_lib_slot *slot, hopt_error *err);
void hopt_lib__threads_end(hopt_fmin_run *run);
/** Whether the slot's evaluation has returned. */
bool hopt_lib__thread_ended(hopt_lib_slot *slot);
/** Evaluate in a child process. */
hopt_status hopt_lib__child_start(hopt_lib_slot *slot, hopt_error *err);
/** Read what the child said, ask it to stop, kill it, see it end: what is due now. */
void hopt_lib__child_look(hopt_lib_slot *slot);
/** The result of a child that ended. */
void hopt_lib__child_result(hopt_lib_slot *slot, hopt_result *result);
/** Send what a child says instead of keeping it here. @return false: the host is gone. */
bool hopt_lib__pipe_send(hopt_lib_pipe *pipe, char kind, const void *a, size_t a_size,
                         const void *b, size_t b_size);
/** Whether the host said to stop. */
bool hopt_lib__pipe_stops(hopt_lib_pipe *pipe);

/** Take in a trial that ended here: callbacks, limits. `info` is used up. */
void hopt_lib__ended(hopt_fmin_run *run, hopt_info *info);
/** Whether to end, with `ending` set. */
bool hopt_lib__ends(hopt_fmin_run *run);

/** Show how far it is, when it is asked for and due. */
void hopt_lib__progress(hopt_fmin_run *run, bool last);
/** Wake the loop of hopt_fmin(). Async-signal-safe. */
void hopt_lib__wake(hopt_study *study);

#endif
