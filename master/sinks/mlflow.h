/**
 * The MLflow sink: a run for each study, a nested run for each of its ended trials
 * (docs/mlflow.md).
 *
 * It works on a thread of its own, with a connection to the store of its own, and reads there what
 * has ended: nothing that proposes, claims or finishes trials ever waits for it. What has been
 * delivered is noted in the store (common/store/sink.h), so whatever is killed, the next one goes
 * on where it was. Of several processes one feeds a study at a time (a lease in the study's note).
 *
 * Locking theory: one mutex guards the requests, the answers and the remarks between the owner's
 * thread and the sink's; all else is the thread's. The thread never logs: remarks wait for
 * hopt_mlflow_say(), since the log may have hooks of the owner's thread.
 */
#ifndef HOPT_MASTER_SINKS_MLFLOW_H
#define HOPT_MASTER_SINKS_MLFLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/store/observer.h"

typedef struct hopt_mlflow hopt_mlflow;

typedef struct hopt_mlflow_options {
    const char *store_uri;
    const char *study; /**< this study only; NULL: all whose name matches `glob` */
    const char *glob;
    const char *uri;                     /**< of the tracking server */
    const char *experiment;              /**< its experiment; made when it is not there */
    bool artifacts;                      /**< attachments too */
    const hopt_store_observer *observer; /**< of its connection; borrowed; NULL: none */
} hopt_mlflow_options;

/** Whether a URI is one of a tracking server. @return HOPT_OK or HOPT_EINVAL. */
HOPT_MUST_CHECK hopt_status hopt_mlflow_check_uri(const char *uri, hopt_error *err);

/** Start the thread. Texts are copied. */
hopt_mlflow *hopt_mlflow_start(const hopt_mlflow_options *options);
/** Something has ended: look soon. Any thread. */
void hopt_mlflow_wake(hopt_mlflow *mlflow);
/** Log what the thread had to say. Call it now and then, from one thread. */
void hopt_mlflow_say(hopt_mlflow *mlflow);
/** How many trials were delivered so far. Any thread. */
int64_t hopt_mlflow_delivered(hopt_mlflow *mlflow);
/** Begin to flush: deliver, without pauses, what has ended up to now. */
void hopt_mlflow_flush(hopt_mlflow *mlflow);
/** Whether all that had ended at hopt_mlflow_flush() is delivered. */
bool hopt_mlflow_flushed(hopt_mlflow *mlflow);
/** Stop at once, breaking off a request; what was not delivered is for the next one. Joins the
 * thread, says what is left to say and frees. NULL: nothing. */
void hopt_mlflow_stop(hopt_mlflow *mlflow);

/**
 * Flush and wait for it on a loop of its own, at most `wait_ms` and until the first SIGINT or
 * SIGTERM.
 * @param[out] signum  that signal, or 0.
 * @return whether all is delivered.
 */
bool hopt_mlflow_drain(hopt_mlflow *mlflow, int64_t wait_ms, int *signum);

#endif
