/* What the objective says, and what becomes of the trial. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "worker/sandbox_slot.h"

/* What keeping a file costs the worker besides its bytes, so that empty ones have a limit too. */
enum { ATTACHMENT_COST = 4096 };

void hopt_sandbox__decide(hopt_sandbox *sandbox, hopt_child_end end, const char *message) {
    if (sandbox->has_outcome) return;
    sandbox->has_outcome = true;
    sandbox->outcome.end = end;
    free(sandbox->outcome_message);
    sandbox->outcome_message = hopt_strdup(message);
}

static void note_bad(hopt_sandbox *sandbox, const char *what) {
    if (!sandbox->bad) sandbox->bad = hopt_strdup(what);
}

/* ---- messages ---- */

static void on_report(hopt_sandbox *sandbox, const hopt_child_message *message, bool side) {
    double loss = sandbox->options.spec->maximize ? -message->loss : message->loss;
    sandbox->outcome.has_report = true;
    sandbox->outcome.step = message->step;
    sandbox->outcome.reported = loss;
    if (sandbox->callbacks.on_report && !sandbox->stop &&
        sandbox->callbacks.on_report(sandbox->data, message->step, loss) && !sandbox->stop)
        sandbox->stop = hopt_strdup("pruned");
    const char *answer = hopt_child_answer(sandbox->stop != NULL);
    if (sandbox->child) hopt_sandbox__child_write(sandbox->child, side, answer, strlen(answer));
    if (sandbox->stop && !sandbox->told) {
        sandbox->told = true;
        hopt_sandbox__push_later(sandbox);
    }
}

static void on_attach(hopt_sandbox *sandbox, const hopt_child_message *message) {
    if (!sandbox->callbacks.on_attach) return;
    hopt_error err = {0};
    int64_t size = 0;
    int fd = hopt_sandbox__attach_open(sandbox->workdir, message->file, &size, &err);
    if (fd < 0) {
        note_bad(sandbox, err.message);
    } else if (size + ATTACHMENT_COST > HOPT_SANDBOX_ATTACHMENTS_MAX - sandbox->attached) {
        close(fd);
        note_bad(sandbox, "attach: its files are larger than 256 MB together");
    } else {
        sandbox->attached += size + ATTACHMENT_COST;
        sandbox->callbacks.on_attach(sandbox->data, message->name, fd, size);
    }
}

/* A server's result ends the trial here; a command's when it exits. */
static void on_result(hopt_sandbox *sandbox, hopt_child_message *message) {
    hopt_child_loss_clear(&sandbox->loss);
    sandbox->loss = message->result;
    message->result = (hopt_child_loss){0};
    sandbox->has_loss = true;
    if (!hopt_sandbox__is_server(sandbox)) return;
    hopt_sandbox__decide(sandbox, HOPT_CHILD_GAVE, NULL);
    sandbox->phase = SANDBOX_ENDED;
}

static void on_error(hopt_sandbox *sandbox, hopt_child_message *message) {
    sandbox->error_type = message->type;
    sandbox->error_text = message->text;
    message->type = message->text = NULL;
    hopt_sandbox__decide(sandbox, HOPT_CHILD_GAVE, NULL);
    sandbox->phase = SANDBOX_ENDED;
}

static void on_bad(hopt_sandbox *sandbox, const hopt_child_message *message, bool side) {
    note_bad(sandbox, message->error);
    if (message->about == HOPT_CHILD_REPORT && sandbox->child) {
        /* It waits for an answer, and the trial is lost already. */
        const char *answer = hopt_child_answer(true);
        hopt_sandbox__child_write(sandbox->child, side, answer, strlen(answer));
    } else if (message->about == HOPT_CHILD_ASK) {
        json_t *answer = json_pack("{s:s}", "error", message->error);
        hopt_sandbox_answer(sandbox, answer);
        json_decref(answer);
    } else if (message->about == HOPT_CHILD_RESULT && hopt_sandbox__is_server(sandbox)) {
        hopt_sandbox__decide(sandbox, HOPT_CHILD_GAVE, NULL);
        sandbox->phase = SANDBOX_ENDED;
    }
}

/* A result before the server read a byte of the trial is of no trial: it printed two. */
static bool unasked(const hopt_sandbox *sandbox, const hopt_child_message *message) {
    bool result = message->kind == HOPT_CHILD_RESULT ||
                  (message->kind == HOPT_CHILD_BAD && message->about == HOPT_CHILD_RESULT);
    return result && hopt_sandbox__is_server(sandbox) && sandbox->child &&
           hopt_sandbox__child_unread(sandbox->child) >= sandbox->line_length;
}

/* @return whether the line was a message for the phase the trial is in; else it is log. */
static bool take_message(hopt_sandbox *sandbox, hopt_child_message *message, bool side) {
    if (sandbox->phase == SANDBOX_STARTING) {
        if (message->kind != HOPT_CHILD_READY) return false;
        sandbox->ready = true;
        hopt_sandbox__send_trial(sandbox);
        return true;
    }
    if (sandbox->phase != SANDBOX_RUNNING || unasked(sandbox, message)) return false;
    hopt_child_kind kind = message->kind == HOPT_CHILD_BAD ? message->about : message->kind;
    if ((kind == HOPT_CHILD_ASK || kind == HOPT_CHILD_ERROR) && !sandbox->callbacks.on_ask)
        return false;
    switch (message->kind) {
    case HOPT_CHILD_ERROR:
        on_error(sandbox, message);
        return true;
    case HOPT_CHILD_ASK:
        sandbox->callbacks.on_ask(sandbox->data, message->ask);
        return true;
    case HOPT_CHILD_REPORT:
        on_report(sandbox, message, side);
        return true;
    case HOPT_CHILD_ATTACH:
        on_attach(sandbox, message);
        return true;
    case HOPT_CHILD_RESULT:
        on_result(sandbox, message);
        return true;
    case HOPT_CHILD_BAD:
        if (message->about == HOPT_CHILD_READY) return false;
        on_bad(sandbox, message, side);
        return true;
    default:
        return false;
    }
}

/* ---- answers ---- */

void hopt_sandbox_answer(hopt_sandbox *sandbox, const json_t *answer) {
    if (sandbox->phase != SANDBOX_RUNNING || !sandbox->child) return;
    hopt_buf line = HOPT_BUF_INIT;
    hopt_buf_text(&line, "{\"answer\":");
    hopt_json_print(&line, answer);
    hopt_buf_text(&line, "}\n");
    hopt_sandbox__child_write(sandbox->child, false, line.data, line.length);
    hopt_buf_clear(&line);
}

int hopt_sandbox_open(hopt_sandbox *sandbox, const char *file, int64_t *size, hopt_error *err) {
    if (sandbox->workdir) return hopt_sandbox__attach_open(sandbox->workdir, file, size, err);
    hopt_error_set(err, HOPT_EINVAL, "no trial runs");
    return -1;
}

hopt_status hopt_sandbox_give(hopt_sandbox *sandbox, const char *path, const char *name,
                              hopt_error *err) {
    if (!sandbox->workdir || !*name || *name == '.' || strchr(name, '/'))
        return hopt_error_set(err, HOPT_EINVAL, "\"%.100s\" is no plain file name", name);
    char *target = hopt_format("%s/%s", sandbox->workdir, name);
    hopt_status status = HOPT_OK;
    if (rename(path, target) != 0)
        status = hopt_error_set(err, HOPT_EFAILED, "%s: %s", target, strerror(errno));
    free(target);
    return status;
}

/* ---- output ---- */

static void count_output(hopt_sandbox *sandbox, size_t length) {
    sandbox->printed += length;
    if (sandbox->printed <= sandbox->output_max || sandbox->doomed) return;
    hopt_sandbox__end_child(sandbox, HOPT_CHILD_OUTPUT, NULL, true);
}

static void log_out(hopt_sandbox *sandbox, const char *text, size_t length, bool newline) {
    if (sandbox->printed > sandbox->output_max) return;
    hopt_sandbox__log_add(&sandbox->log, false, text, length);
    if (newline) hopt_sandbox__log_add(&sandbox->log, false, "\n", 1);
}

/* Remember what may be a command's last line. */
static void note_last(hopt_sandbox *sandbox, hopt_child_piece piece, const char *text,
                      size_t length) {
    if (hopt_sandbox__is_server(sandbox)) return;
    if (piece == HOPT_CHILD_LINE) {
        if (hopt_child_blank(text, length)) return;
        hopt_buf_reset(&sandbox->last_line);
        hopt_buf_add(&sandbox->last_line, text, length);
        sandbox->last_long = false;
    } else if (!hopt_child_blank(text, length)) {
        hopt_buf_reset(&sandbox->last_line);
        sandbox->last_long = true;
    }
}

static void on_line(hopt_sandbox *sandbox, hopt_child_piece piece, const char *text, size_t length,
                    bool side) {
    if (sandbox->phase == SANDBOX_ENDING) return; /* decided; only the log goes on */
    if (piece == HOPT_CHILD_LINE) {
        hopt_child_message message;
        hopt_child_parse(&message, text, length);
        bool taken = message.kind != HOPT_CHILD_LOG && take_message(sandbox, &message, side);
        hopt_child_message_clear(&message);
        if (taken) return;
    }
    if (!side) note_last(sandbox, piece, text, length);
    log_out(sandbox, text, length, piece != HOPT_CHILD_LONG);
}

static void on_out(void *data, hopt_child_piece piece, const char *text, size_t length) {
    hopt_sandbox *sandbox = data;
    count_output(sandbox, length + 1);
    if (sandbox->phase == SANDBOX_ENDING)
        log_out(sandbox, text, length, piece != HOPT_CHILD_LONG);
    else
        on_line(sandbox, piece, text, length, false);
}

static void on_side(void *data, hopt_child_piece piece, const char *text, size_t length) {
    count_output(data, length + 1);
    on_line(data, piece, text, length, true);
}

static void on_err(void *data, const char *bytes, size_t length) {
    hopt_sandbox *sandbox = data;
    count_output(sandbox, length);
    if (sandbox->printed <= sandbox->output_max)
        hopt_sandbox__log_add(&sandbox->log, true, bytes, length);
}

/* Everything that was read is handled: now a server's result may be told, not between two lines. */
static void on_pause(void *data) {
    hopt_sandbox *sandbox = data;
    if (sandbox->phase != SANDBOX_ENDED || !sandbox->child) return;
    hopt_sandbox__child_drain(sandbox->child);
    hopt_sandbox__deliver(sandbox);
}

/* A command that has read its line, never reported, and reads on: it reads to the end of the file
 * (`cat`, json.load(sys.stdin)), which would never come. No answer is owed, so the end comes now.
 * The word that it waits may overtake the report that it wants an answer to: then the runner says
 * it again.
 */
static void on_waiting(void *data) {
    hopt_sandbox *sandbox = data;
    if (sandbox->phase != SANDBOX_RUNNING || hopt_sandbox__is_server(sandbox)) return;
    if (sandbox->outcome.has_report || sandbox->bad || hopt_sandbox__child_unread(sandbox->child) ||
        hopt_sandbox__child_unheard(sandbox->child))
        return;
    hopt_sandbox__child_end_input(sandbox->child);
}

/* A command may close its output and work on. A server can't be heard any more: unless it is just
 * ending, its trial has no result. */
static void on_out_end(void *data) {
    hopt_sandbox *sandbox = data;
    if (hopt_sandbox__is_server(sandbox) && !sandbox->doomed) hopt_sandbox__push_later(sandbox);
}

const sandbox_events hopt_sandbox__events = {.on_out = on_out,
                                             .on_err = on_err,
                                             .on_side = on_side,
                                             .on_pause = on_pause,
                                             .on_waiting = on_waiting,
                                             .on_out_end = on_out_end,
                                             .on_gone = hopt_sandbox__on_gone};

/* ---- outcome ---- */

static void outcome_before_ready(hopt_sandbox *sandbox, const sandbox_exit *how) {
    char *text = how->signal
                     ? hopt_format("killed by signal %d (%s) before it was ready", how->signal,
                                   strsignal(how->signal))
                     : hopt_format("ended with exit code %d before it was ready", how->code);
    hopt_sandbox__decide(sandbox, HOPT_CHILD_UNSTARTED, text);
    free(text);
}

/* By a signal that asks processes to end, or, as shells say it, of a child. */
static bool asked_to_end(const sandbox_exit *how) {
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < HOPT_COUNT(signals); i++)
        if (how->signal == signals[i] || how->code == 128 + signals[i]) return true;
    return how->outside;
}

void hopt_sandbox__outcome_of_exit(hopt_sandbox *sandbox, const sandbox_exit *how) {
    const char *reason = how->reason ? how->reason : "";
    sandbox->interrupted =
        how->told && !sandbox->told && !sandbox->has_outcome && asked_to_end(how);
    if (sandbox->told) {
        hopt_sandbox__decide(sandbox, HOPT_CHILD_STOPPED, NULL);
    } else if (!how->told) {
        sandbox->outcome.code = 9;
        hopt_sandbox__decide(sandbox, HOPT_CHILD_SIGNALED, "hopt-runner itself was killed");
    } else if (strcmp(reason, "start") == 0) {
        hopt_sandbox__decide(sandbox, HOPT_CHILD_UNSTARTED, how->message);
    } else if (strcmp(reason, "memory") == 0) {
        hopt_sandbox__decide(sandbox, HOPT_CHILD_MEMORY, how->message);
    } else if (strcmp(reason, "processes") == 0) {
        hopt_sandbox__decide(sandbox, HOPT_CHILD_PROCESSES, how->message);
    } else if (sandbox->phase == SANDBOX_STARTING) {
        outcome_before_ready(sandbox, how);
    } else if (how->signal) {
        sandbox->outcome.code = how->signal;
        hopt_sandbox__decide(sandbox, HOPT_CHILD_SIGNALED, NULL);
    } else {
        /* A server that ends in a trial with code 0 gave no result. */
        sandbox->outcome.code = how->code;
        hopt_sandbox__decide(sandbox, HOPT_CHILD_EXITED, NULL);
    }
}

/* A command without a result message: its last line. */
static void read_last_line(hopt_sandbox *sandbox, hopt_buf *message) {
    hopt_error err = {0};
    if (sandbox->has_loss || sandbox->bad || hopt_sandbox__is_server(sandbox)) return;
    if (sandbox->last_long) {
        note_bad(sandbox, "the last line of output is longer than 1 MiB");
    } else if (!sandbox->last_line.length) {
        hopt_buf_text(message, "it printed no result");
    } else if (hopt_child_parse_last(&sandbox->loss, sandbox->last_line.data,
                                     sandbox->last_line.length, &err) == HOPT_OK) {
        sandbox->has_loss = true;
    } else {
        note_bad(sandbox, err.message);
    }
}

/* The limit that an outcome speaks of. */
static double limit_of(const hopt_sandbox *sandbox) {
    const hopt_trial_rules *rules = &sandbox->options.spec->trial;
    switch (sandbox->outcome.end) {
    case HOPT_CHILD_TIMEOUT:
        return rules->timeout_s;
    case HOPT_CHILD_MEMORY:
        return rules->memory_mb;
    case HOPT_CHILD_PROCESSES:
        return rules->processes;
    case HOPT_CHILD_OUTPUT:
        return rules->output_mb;
    default:
        return 0;
    }
}

static void make_result(hopt_sandbox *sandbox, hopt_result *result) {
    hopt_buf last = HOPT_BUF_INIT, message = HOPT_BUF_INIT;
    hopt_child_outcome *outcome = &sandbox->outcome;
    if (sandbox->told) outcome->end = HOPT_CHILD_STOPPED;
    if (outcome->end == HOPT_CHILD_EXITED && !outcome->code) read_last_line(sandbox, &message);
    if (outcome->end != HOPT_CHILD_STOPPED) hopt_sandbox__log_last(&sandbox->log, &last);
    outcome->message = sandbox->outcome_message;
    if (message.length) outcome->message = message.data;
    outcome->bad = sandbox->bad;
    outcome->error_type = sandbox->error_type;
    outcome->error_text = sandbox->error_text;
    outcome->loss = sandbox->has_loss ? &sandbox->loss : NULL;
    outcome->limit = limit_of(sandbox);
    outcome->file_mb = sandbox->options.spec->trial.file_mb;
    outcome->last_log = hopt_buf_string(&last);
    outcome->stop = sandbox->stop;
    outcome->maximize = sandbox->options.spec->maximize;
    outcome->ms =
        sandbox->started_ns ? (int64_t)((uv_hrtime() - sandbox->started_ns) / 1000000) : 0;
    hopt_child_result(result, outcome);
    hopt_buf_clear(&last);
    hopt_buf_clear(&message);
}

static void reset_trial(hopt_sandbox *sandbox) {
    hopt_buf_reset(&sandbox->line);
    hopt_sandbox__strings_free(sandbox->argv);
    sandbox->argv = NULL;
    sandbox->started_ns = 0;
    sandbox->printed = 0;
    sandbox->attached = 0;
    free(sandbox->stop);
    sandbox->stop = NULL;
    sandbox->told = sandbox->has_outcome = sandbox->has_loss = sandbox->last_long = false;
    free(sandbox->outcome_message);
    sandbox->outcome_message = NULL;
    sandbox->outcome = (hopt_child_outcome){0};
    hopt_child_loss_clear(&sandbox->loss);
    free(sandbox->bad);
    free(sandbox->error_type);
    free(sandbox->error_text);
    sandbox->bad = sandbox->error_type = sandbox->error_text = NULL;
    hopt_buf_clear(&sandbox->last_line);
    sandbox->phase = SANDBOX_IDLE;
}

void hopt_sandbox__deliver(hopt_sandbox *sandbox) {
    hopt_result result;
    hopt_sandbox_log view;
    uv_timer_stop(&sandbox->limit);
    uv_timer_stop(&sandbox->push);
    uv_timer_stop(&sandbox->later);
    make_result(sandbox, &result);
    hopt_sandbox__scratch_end(sandbox, result.state == HOPT_ERROR);
    reset_trial(sandbox);
    /* The log is the callee's to read, and on_end may start the next trial, which adds to it. */
    sandbox_log log = sandbox->log;
    sandbox->log = (sandbox_log){0};
    hopt_sandbox__log_view(&log, &view);
    sandbox->callbacks.on_end(sandbox->data, &result, &view);
    sandbox->interrupted = false;
    if (!sandbox->log.head.capacity) { /* keep its memory for the next */
        hopt_sandbox__log_reset(&log);
        sandbox->log = log;
    } else {
        hopt_sandbox__log_clear(&log);
    }
    hopt_result_clear(&result);
}
