#include "worker/child_result.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"

/* What each end makes of a trial when it decides alone; `type` NULL: the result decides. */
static const struct row {
    const char *type;
    hopt_child_end end;
    hopt_state state;
} rows[] = {
    {NULL, HOPT_CHILD_GAVE, HOPT_DONE},
    {"Exit", HOPT_CHILD_EXITED, HOPT_ERROR}, /* code 0: the result decides */
    {"Signal", HOPT_CHILD_SIGNALED, HOPT_ERROR},
    {"Timeout", HOPT_CHILD_TIMEOUT, HOPT_ERROR},
    {"Memory", HOPT_CHILD_MEMORY, HOPT_ERROR},
    {"Processes", HOPT_CHILD_PROCESSES, HOPT_ERROR},
    {"BadResult", HOPT_CHILD_OUTPUT, HOPT_ERROR},
    {"Start", HOPT_CHILD_UNSTARTED, HOPT_ERROR},
    {NULL, HOPT_CHILD_STOPPED, HOPT_CANCEL},
};

/* Who writes beyond the limit gets SIGXFSZ; a shell exits with 128 + its number for a child's;
 * where it is ignored, as in Python, the write fails with EFBIG, and that is printed. */
static bool file_too_large(const hopt_child_outcome *outcome) {
    if (!outcome->file_mb) return false;
    if (outcome->end == HOPT_CHILD_SIGNALED) return outcome->code == SIGXFSZ;
    if (outcome->end != HOPT_CHILD_EXITED) return false;
    return outcome->code == 128 + SIGXFSZ ||
           (outcome->last_log && (strstr(outcome->last_log, "File too large") ||
                                  strstr(outcome->last_log, "File size limit exceeded")));
}

/* The first sentence of an error, by its end. */
static void describe(hopt_buf *text, const hopt_child_outcome *outcome) {
    switch (outcome->end) {
    case HOPT_CHILD_EXITED:
        hopt_buf_print(text, "exit code %d", outcome->code);
        break;
    case HOPT_CHILD_SIGNALED:
        hopt_buf_print(text, "killed by signal %d (%s)", outcome->code, strsignal(outcome->code));
        if (outcome->code == SIGKILL) hopt_buf_text(text, ", perhaps by the system for its memory");
        break;
    case HOPT_CHILD_TIMEOUT:
        hopt_buf_print(text, "not done within %g s", outcome->limit);
        break;
    case HOPT_CHILD_MEMORY:
        hopt_buf_print(text, "used more than %g MB of memory", outcome->limit);
        break;
    case HOPT_CHILD_PROCESSES:
        hopt_buf_print(text, "had more than %g processes at a time (trial.processes)",
                       outcome->limit);
        break;
    case HOPT_CHILD_OUTPUT:
        hopt_buf_print(text, "printed more than %g MB", outcome->limit);
        break;
    default:
        break;
    }
    if (file_too_large(outcome))
        hopt_buf_print(text, ", for a file larger than %d MB (trial.file_mb)", outcome->file_mb);
    if (!outcome->message || !*outcome->message) return;
    if (text->length) hopt_buf_text(text, ": ");
    hopt_buf_text(text, outcome->message);
}

static void set_error(hopt_result *out, const hopt_child_outcome *outcome, const char *type,
                      hopt_buf *text) {
    if (outcome->last_log && *outcome->last_log) {
        hopt_buf_text(text, text->length ? "; last output: " : "last output: ");
        hopt_buf_text(text, outcome->last_log);
    }
    out->state = HOPT_ERROR;
    out->error_type = hopt_strdup(type);
    out->error_message = hopt_buf_take(text);
}

/* DONE by the loss that the objective gave. */
static void set_done(hopt_result *out, const hopt_child_outcome *outcome) {
    const hopt_child_loss *given = outcome->loss;
    out->state = HOPT_DONE;
    out->ok = !given->fail;
    if (given->extras) out->extras = json_incref(given->extras);
    if (given->status_fail) out->status_fail = hopt_strdup(given->status_fail);
    if (given->has_loss && isfinite(given->loss)) {
        out->has_loss = true;
        out->loss = outcome->maximize ? -given->loss : given->loss;
    } else if (given->has_loss && !given->fail) {
        out->ok = false;
        free(out->status_fail);
        out->status_fail = hopt_strdup("loss is nan") /* infinite too: DESIGN §4 */;
    }
    /* hyperopt's wording for a fail without a reason is none; ours is never empty. */
    if (out->ok) {
        free(out->status_fail);
        out->status_fail = NULL;
    } else if (!out->status_fail) {
        out->status_fail = hopt_strdup("the objective said fail");
    }
}

/* The last report stands for the result of a stopped trial. */
static void set_cancel(hopt_result *out, const hopt_child_outcome *outcome) {
    out->state = HOPT_CANCEL;
    out->stop = hopt_strdup(outcome->stop ? outcome->stop : "cancelled");
    out->status_fail = hopt_strdup(out->stop);
    out->has_loss = outcome->has_report && isfinite(outcome->reported);
    out->loss = out->has_loss ? outcome->reported : 0;
    if (outcome->loss && outcome->loss->extras) out->extras = json_incref(outcome->loss->extras);
}

void hopt_child_result(hopt_result *out, const hopt_child_outcome *outcome) {
    const struct row *row = &rows[outcome->end];
    HOPT_ASSERT(row->end == outcome->end);
    hopt_buf text = HOPT_BUF_INIT;
    *out = (hopt_result){.has_step = outcome->has_report,
                         .step = outcome->has_report ? outcome->step : 0,
                         .ms = outcome->ms};
    bool result_decides =
        outcome->end == HOPT_CHILD_GAVE || (outcome->end == HOPT_CHILD_EXITED && !outcome->code);
    if (row->state == HOPT_CANCEL) {
        set_cancel(out, outcome);
    } else if (!result_decides) {
        describe(&text, outcome);
        set_error(out, outcome, row->type, &text);
    } else if (outcome->error_type) { /* the objective's own words, and no others */
        out->state = HOPT_ERROR;
        out->error_type = hopt_strdup(outcome->error_type);
        out->error_message = hopt_strdup(outcome->error_text);
    } else if (outcome->bad) {
        hopt_buf_text(&text, outcome->bad);
        set_error(out, outcome, "BadResult", &text);
    } else if (!outcome->loss) {
        hopt_buf_text(&text, outcome->message ? outcome->message : "ended without a result");
        set_error(out, outcome, "NoResult", &text);
    } else {
        set_done(out, outcome);
    }
    hopt_buf_clear(&text);
}
