/** How an evaluation ended, as a hopt_result: the table of DESIGN §4 in one place. Pure. */
#ifndef HOPT_WORKER_CHILD_RESULT_H
#define HOPT_WORKER_CHILD_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/trial/trial.h"
#include "worker/child_protocol.h"

/** What ended it. */
typedef enum hopt_child_end {
    HOPT_CHILD_GAVE,      /**< a server gave its result and lives on */
    HOPT_CHILD_EXITED,    /**< exit code `code`; 0: `loss`, `bad` or nothing decides */
    HOPT_CHILD_SIGNALED,  /**< died by signal `code`, which we did not send */
    HOPT_CHILD_TIMEOUT,   /**< killed after `limit` seconds */
    HOPT_CHILD_MEMORY,    /**< killed for its memory, above `limit` MB */
    HOPT_CHILD_PROCESSES, /**< killed for having more than `limit` processes */
    HOPT_CHILD_OUTPUT,    /**< killed for printing more than `limit` MB */
    HOPT_CHILD_UNSTARTED, /**< could not be started: `message` */
    HOPT_CHILD_STOPPED    /**< ended after it was told to stop: `stop` says why */
} hopt_child_end;

/** Everything known at the end. Texts are borrowed, any may be NULL. */
typedef struct hopt_child_outcome {
    hopt_child_end end;
    int code;                    /**< exit code or signal */
    double limit;                /**< the limit that was crossed */
    int file_mb;                 /**< the limit of file sizes, 0: none: for a hint */
    const char *message;         /**< what is known besides; NULL: nothing */
    const char *bad;             /**< what was wrong with the result or a message; NULL: nothing */
    const hopt_child_loss *loss; /**< the result given; NULL: none */
    const char *error_type;      /**< GAVE: an error of this type instead of a result; NULL: none */
    const char *error_text;      /**< its message */
    const char *last_log;        /**< last line printed, best of standard error */
    const char *stop;            /**< STOPPED: "pruned", "timeout", "cancelled" */
    bool maximize;               /**< the objective's losses are negated */
    bool has_report;             /**< whether it reported: `step` and `reported` are set */
    int64_t step;
    double reported; /**< last reported loss, minimized sign */
    int64_t ms;
} hopt_child_outcome;

/** @param[out] out  overwritten; the caller's to hopt_result_clear(). */
void hopt_child_result(hopt_result *out, const hopt_child_outcome *outcome);

#endif
