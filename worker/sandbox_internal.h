/** What the files of the sandbox share: the log, the scratch folder, the environment and the child
 * with its streams. Loop thread only. */
#ifndef HOPT_WORKER_SANDBOX_INTERNAL_H
#define HOPT_WORKER_SANDBOX_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/trial/trial.h"
#include "worker/child_lines.h"
#include "worker/sandbox.h"

/* ---- sandbox_log.c: head, tail and last lines of what a trial prints ---- */

enum { SANDBOX_LAST_MAX = 400 };

/** The end of one stream, for error messages. */
typedef struct sandbox_last {
    char bytes[SANDBOX_LAST_MAX];
    size_t length;
} sandbox_last;

typedef struct sandbox_log {
    hopt_buf head;
    char *ring; /**< HOPT_SANDBOX_LOG_MAX bytes once head is full */
    size_t at, kept;
    uint64_t total;
    sandbox_last out, err; /**< of standard output and error */
} sandbox_log;

void hopt_sandbox__log_add(sandbox_log *log, bool error, const char *bytes, size_t length);
/** Forget everything, keep the memory. */
void hopt_sandbox__log_reset(sandbox_log *log);
void hopt_sandbox__log_clear(sandbox_log *log);
/** The view of on_end; turns the ring so that it is contiguous. */
void hopt_sandbox__log_view(sandbox_log *log, hopt_sandbox_log *out);
/** The last line that is not blank, of standard error if it has any, as clean UTF-8. Appends. */
void hopt_sandbox__log_last(const sandbox_log *log, hopt_buf *out);

/* ---- sandbox_workdir.c: scratch folders ---- */

/** `<base>/<study>/<name>`, the caller's. */
char *hopt_sandbox__workdir_path(const char *base, const char *study, const char *name);
/** Create a scratch folder, and those above it. True when it is there. */
bool hopt_sandbox__workdir_make(const char *path, hopt_error *err);
/** Write the resolved parameters to `<workdir>/params.json`. */
HOPT_MUST_CHECK hopt_status hopt_sandbox__params_write(const char *workdir, const json_t *params,
                                                       hopt_error *err);
/** Open a file to attach (see hopt_sandbox_on_attach). @return a descriptor, or -1 with err. */
int hopt_sandbox__attach_open(const char *workdir, const char *file, int64_t *size,
                              hopt_error *err);
/** The quick part of removing a folder that holds at most params.json. @return whether it is gone.
 */
bool hopt_sandbox__workdir_drop(const char *workdir);

/* ---- sandbox_env.c: the child's environment ---- */

/** One trial for HOPT_TRIAL and so on; NULL for a server, which sees many. */
typedef struct sandbox_env_trial {
    int num, attempt, lease;
    uint64_t seed;
    const char *workdir;
    bool report_fd; /**< descriptor 4 is HOPT_REPORT_FD */
} sandbox_env_trial;

/** The worker's environment without its secrets, with the options' and ours. Free with
 * hopt_sandbox__strings_free(). */
char **hopt_sandbox__env(const hopt_sandbox_options *options, const sandbox_env_trial *trial);
void hopt_sandbox__strings_free(char **strings);

/* ---- sandbox_child.c: one hopt-runner with its streams ---- */

typedef struct sandbox_child sandbox_child;

/** How it went, from the runner's final line. */
typedef struct sandbox_exit {
    bool told;    /**< the runner told; else it was killed itself */
    int code;     /**< exit code, or -1 */
    int signal;   /**< signal, or 0 */
    bool outside; /**< the runner got a signal to end from somebody else than this worker */
    char *reason; /**< "memory", "processes", "stopped", "start" or NULL */
    char *message;
} sandbox_exit;

typedef struct sandbox_events {
    hopt_child_on_piece on_out; /**< standard output, cut into lines */
    void (*on_err)(void *data, const char *bytes, size_t length);
    hopt_child_on_piece on_side;    /**< lines of the report descriptor */
    void (*on_pause)(void *data);   /**< what was read is handled; more may come */
    void (*on_waiting)(void *data); /**< a process of it waits for more standard input */
    void (*on_out_end)(void *data); /**< end of standard output; the process may live on */
    /** Everything has ended and is closed; the child is freed after it. */
    void (*on_gone)(void *data, const sandbox_exit *how);
} sandbox_events;

typedef struct sandbox_spawn {
    const char *runner, *cwd;
    const char *plugin, *config; /**< or argv */
    char **argv, **env;
    int memory_mb, file_mb, processes; /**< 0: no limit */
    int64_t grace_ms;
    bool side; /**< make the report descriptor, 4 in the child */
} sandbox_spawn;

/** Start hopt-runner. @return NULL with err when not even that is possible. */
sandbox_child *hopt_sandbox__child_spawn(uv_loop_t *loop, const sandbox_spawn *spawn,
                                         const sandbox_events *events, void *data, hopt_error *err);
/** Write to its standard input, or the report descriptor. Never blocks; what is still unread when
 * much waits already is dropped. */
void hopt_sandbox__child_write(sandbox_child *child, bool side, const char *bytes, size_t length);
/** Close its standard input: it reads an end of file once it has read the rest. */
void hopt_sandbox__child_end_input(sandbox_child *child);
/** Bytes written to standard input that nobody has read yet. */
size_t hopt_sandbox__child_unread(sandbox_child *child);
/** Bytes of its messages, from standard output and the report descriptor, that we have not read
 * yet. */
size_t hopt_sandbox__child_unheard(sandbox_child *child);
/** Read what standard error holds at this moment. */
void hopt_sandbox__child_drain(sandbox_child *child);
/** SIGTERM to the group, SIGKILL after the grace time. */
void hopt_sandbox__child_stop(sandbox_child *child);
/** SIGKILL to all of it at once. */
void hopt_sandbox__child_kill(sandbox_child *child);

#endif
