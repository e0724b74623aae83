/**
 * One slot's objective: starts it through hopt-runner, speaks the child protocol with it and turns
 * what happens into a hopt_result (DESIGN §4, FORMATS §3). A command is one process a trial; a
 * server or plugin is started at its first trial and kept for the next ones.
 *
 * Design notes
 * - Everything here runs on the loop thread, which must be the thread that lives as long as the
 *   program: the kernel sends the runner its death signal when the *thread* that started it ends.
 * - One trial at a time. Every hopt_sandbox_start() is followed by exactly one on_end, never from
 *   inside start() itself; on_end may call start() for the next trial.
 * - Whatever the objective does is the trial's, never the worker's: all failures arrive in the
 *   result of on_end. Memory is bounded: a line of at most 1 MiB, a log of twice 64 KiB.
 * - SIGPIPE is ignored from the first hopt_sandbox_new() on (libuv writes to pipes whose reader may
 *   be gone); children get the default again.
 */
#ifndef HOPT_WORKER_SANDBOX_H
#define HOPT_WORKER_SANDBOX_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/trial/study.h"
#include "common/trial/trial.h"

enum {
    HOPT_SANDBOX_LOG_MAX = 64 << 10,         /**< of head and tail of a log each, in bytes */
    HOPT_SANDBOX_ATTACHMENT_MAX = 64 << 20,  /**< bytes */
    HOPT_SANDBOX_ATTACHMENTS_MAX = 256 << 20 /**< bytes, of one trial: the worker holds them until
                                                the trial ends */
};

typedef struct hopt_sandbox hopt_sandbox;

/** What a slot needs to know. All pointers are borrowed for the life of the sandbox. */
typedef struct hopt_sandbox_options {
    int slot;                    /**< 0.. : HOPT_SLOT */
    const hopt_study_spec *spec; /**< objective kind other than NONE */
    const char *runner;          /**< path of hopt-runner; see hopt_sandbox_runner_path() */
    const char *workdir;         /**< scratch base, created when missing; absolute */
    const char *cwd;             /**< the objective's working directory; NULL: the worker's */
    const char *plugin;          /**< plugin objectives: absolute path of the shared object */
    const char *const *env; /**< further "NAME=value" for the child, NULL-terminated; or NULL */
} hopt_sandbox_options;

/** What the objective printed in one trial (a server's output between trials counts to the next).
 * Standard output's messages of the protocol are not in it. When `total` <= length(head) +
 * length(tail) the two together are the whole. Valid during the callback. */
typedef struct hopt_sandbox_log {
    const char *head; /**< the first bytes, at most HOPT_SANDBOX_LOG_MAX; not NUL-terminated */
    size_t head_length;
    const char *tail; /**< the last bytes that are not in head */
    size_t tail_length;
    uint64_t total; /**< bytes printed */
} hopt_sandbox_log;

/**
 * A report of the running trial. Minimized sign (already negated for direction maximize); NaN and
 * infinities are passed on.
 * @return true: please stop, the trial is pruned.
 */
typedef bool (*hopt_sandbox_on_report)(void *data, int64_t step, double loss);

/**
 * A file to keep with the trial: regular, inside the workdir, <= HOPT_SANDBOX_ATTACHMENT_MAX, all
 * of a trial together <= HOPT_SANDBOX_ATTACHMENTS_MAX, opened without following links.
 * @param name  1..255 bytes without control characters; valid during the call.
 * @param fd    open for reading; the callee's to close, still readable after the workdir is gone.
 */
typedef void (*hopt_sandbox_on_attach)(void *data, const char *name, int fd, int64_t size);

/**
 * The trial ended; the slot is free again when this is called, so it may start the next.
 * @param result  valid during the call: hopt_result_copy() to keep it. `ms`, `has_step` and `step`
 *                are filled. State DONE, ERROR or CANCEL (then `stop` says why, and loss is the
 *                last reported one).
 */
typedef void (*hopt_sandbox_on_end)(void *data, const hopt_result *result,
                                    const hopt_sandbox_log *log);

/**
 * The objective that serves a Python driver asks something of the store and waits for
 * hopt_sandbox_answer().
 * @param ask  an object with one key, valid during the call.
 */
typedef void (*hopt_sandbox_on_ask)(void *data, const json_t *ask);

typedef struct hopt_sandbox_callbacks {
    hopt_sandbox_on_report on_report; /**< may be NULL: never stop */
    hopt_sandbox_on_attach on_attach; /**< may be NULL: attachments are ignored */
    hopt_sandbox_on_end on_end;
    hopt_sandbox_on_ask on_ask; /**< may be NULL: "ask" and "error" are no messages, but log */
} hopt_sandbox_callbacks;

/**
 * A slot with no child yet.
 * @return the sandbox; end it with hopt_sandbox_close(), never free().
 */
HOPT_MUST_CHECK hopt_sandbox *hopt_sandbox_new(uv_loop_t *loop,
                                               const hopt_sandbox_options *options);

/**
 * Evaluate a trial. The sandbox must not be busy.
 * @param trial  borrowed for the call only (num, seed, lost, vals and params are used).
 * @param data   goes to the callbacks.
 */
void hopt_sandbox_start(hopt_sandbox *sandbox, const hopt_trial *trial,
                        hopt_sandbox_callbacks callbacks, void *data);

/** Answer what on_ask asked. @param answer  any JSON. No trial that waits: no effect. */
void hopt_sandbox_answer(hopt_sandbox *sandbox, const json_t *answer);
/** Open a file of the running trial's workdir, as for hopt_sandbox_on_attach. @return a descriptor,
 * or -1 with err. */
int hopt_sandbox_open(hopt_sandbox *sandbox, const char *file, int64_t *size, hopt_error *err);
/** Move a file (of the same file system) into the running trial's workdir.
 * @param name  a plain file name. HOPT_EINVAL, HOPT_EFAILED. */
HOPT_MUST_CHECK hopt_status hopt_sandbox_give(hopt_sandbox *sandbox, const char *path,
                                              const char *name, hopt_error *err);

/** Whether a trial is being evaluated (from start() until just before on_end). */
bool hopt_sandbox_busy(const hopt_sandbox *sandbox);

/**
 * Ask the running trial to stop: its next report is answered with {"stop":true}; after the grace
 * time SIGTERM to its process group, after another one SIGKILL. It ends as CANCEL with `why`; when
 * it gives its result before it could learn of the wish, that result counts. No trial: no effect.
 * @param why  "pruned", "timeout" or "cancelled"; copied.
 */
void hopt_sandbox_stop(hopt_sandbox *sandbox, const char *why);

/**
 * Kill the running trial's processes at once (lease lost, second SIGTERM). on_end still comes, with
 * state CANCEL and stop `why`. No trial: no effect.
 */
void hopt_sandbox_kill(hopt_sandbox *sandbox, const char *why);

/**
 * For on_end: the objective was ended by SIGTERM, SIGINT or SIGHUP, or hopt-runner got one of them,
 * and not from here. That may have been sent to every process of a batch job or a service, the
 * worker among them, which then is about to get it too.
 */
bool hopt_sandbox_interrupted(const hopt_sandbox *sandbox);

/**
 * End the slot: kills what runs (a trial ends by on_end as after hopt_sandbox_kill()), closes every
 * handle, frees the sandbox, then calls `on_closed` (may be NULL). The options may be freed after.
 */
void hopt_sandbox_close(hopt_sandbox *sandbox, void (*on_closed)(void *data), void *data);

/**
 * Where hopt-runner is: beside the program itself, else its libexec or bin folder as installed.
 * @return a new string, the caller's; NULL when no executable file was found (err says where it
 *         looked).
 */
HOPT_MUST_CHECK char *hopt_sandbox_runner_path(hopt_error *err);

/**
 * Remove a scratch folder and all in it, never following links; what can't be removed stays.
 * @return false when something stayed.
 */
bool hopt_sandbox_remove(const char *path);

#endif
