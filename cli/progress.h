/**
 * The progress of `hopt run` on standard error: on a terminal one line that is redrawn at most ten
 * times a second; elsewhere a line after 1 s, then after twice the time each, at most every 30 s,
 * and at the end. Times are monotonic milliseconds and come as arguments.
 */
#ifndef HOPT_CLI_PROGRESS_H
#define HOPT_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"

/** What there is to show. */
typedef struct hopt_progress_state {
    const char *name;
    int64_t done;    /**< ended trials */
    int64_t total;   /**< 0: no limit */
    int64_t running; /**< -1: does not apply */
    int64_t failed;
    bool has_best;
    double best;        /**< in the user's sign */
    double rate;        /**< trials a second, 0: not known yet */
    int64_t left_ms;    /**< -1: not known */
    const char *remark; /**< e.g. "stopping", or NULL */
} hopt_progress_state;

/** The line for a terminal of `width` columns, never wider than width - 1. Appends to `out`. */
void hopt_progress_line(hopt_buf *out, const hopt_progress_state *state, int width, bool utf8);
/** The line for a log. Appends to `out`. */
void hopt_progress_text(hopt_buf *out, const hopt_progress_state *state);

typedef struct hopt_progress hopt_progress;

/** @param name  borrowed. @param quiet  show nothing. */
hopt_progress *hopt_progress_new(const char *name, bool quiet, int64_t now_ms);
/** New numbers; draws when it is time to. rate and left_ms are computed here. */
void hopt_progress_set(hopt_progress *progress, const hopt_progress_state *state, int64_t now_ms);
/** Call every 100 ms or so. */
void hopt_progress_tick(hopt_progress *progress, int64_t now_ms);
/** Take the bar off the terminal; draw it again. For hopt_log_set_hooks(). */
void hopt_progress_hide(void *progress);
void hopt_progress_show(void *progress);
/** The last line; frees. */
void hopt_progress_end(hopt_progress *progress, int64_t now_ms);

#endif
