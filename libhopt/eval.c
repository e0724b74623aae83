/* An evaluation: what it can read, and what it leaves beside its loss. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/sys/clock.h"
#include "libhopt/libhopt_internal.h"

enum { UNSAVED_MAX = 256 };

hopt_eval *hopt_lib__eval_new(hopt_study *study, hopt_trial *trial, const char *owner,
                              hopt_error *err) {
    hopt_eval *eval = hopt_zalloc(1, sizeof *eval);
    if (hopt_lib__values_init(&eval->values, study->shared, trial, err) != HOPT_OK) {
        hopt_trial_free(trial);
        free(eval);
        return NULL;
    }
    eval->study = study;
    eval->trial = trial;
    snprintf(eval->owner, sizeof eval->owner, "%s", owner);
    eval->began_ms = hopt_clock_mono_ms();
    return eval;
}

void hopt_lib__eval_free(hopt_eval *eval) {
    if (!eval) return;
    hopt_lib__values_clear(&eval->values);
    hopt_trial_free(eval->trial);
    json_decref(eval->extras);
    hopt_lib__log_clear(&eval->log);
    free(eval->unsaved.steps);
    free(eval->unsaved.losses);
    free(eval->type);
    free(eval->message);
    free(eval);
}

int hopt_eval_real(const hopt_eval *eval, const char *label, double *out) {
    return hopt_lib__real(&eval->values, label, out);
}

int hopt_eval_integer(const hopt_eval *eval, const char *label, int64_t *out) {
    return hopt_lib__integer(&eval->values, label, out);
}

int hopt_eval_option(const hopt_eval *eval, const char *label, int *out) {
    return hopt_lib__option(&eval->values, label, out);
}

const char *hopt_eval_text(const hopt_eval *eval, const char *label) {
    return hopt_lib__text(&eval->values, label);
}

int hopt_eval_active(const hopt_eval *eval, const char *label) {
    return hopt_lib__active(&eval->values, label);
}

const char *hopt_eval_params_json(const hopt_eval *eval) {
    return eval->values.params;
}

const char *hopt_eval_vals_json(const hopt_eval *eval) {
    return eval->values.vals;
}

int64_t hopt_eval_num(const hopt_eval *eval) {
    return eval->trial->num;
}

uint64_t hopt_eval_seed(const hopt_eval *eval) {
    return eval->trial->seed;
}

int hopt_eval_attempt(const hopt_eval *eval) {
    return eval->trial->lost + 1;
}

/* ---- reports ---- */

void hopt_lib__eval_stop(hopt_eval *eval, const char *why, bool here) {
    if (!eval->why[0]) {
        snprintf(eval->why, sizeof eval->why, "%s", why);
        eval->wanted_here = here;
    }
    atomic_store(&eval->stop, true);
}

hopt_status hopt_lib__flush_reports(hopt_eval *eval, hopt_error *err) {
    hopt_lib_reports *unsaved = &eval->unsaved;
    if (unsaved->count == 0) return HOPT_OK;
    hopt_status status = hopt_store_report(eval->study->store, &eval->trial->id, eval->trial->lease,
                                           unsaved->steps, unsaved->losses, unsaved->count, err);
    if (status == HOPT_OK || status == HOPT_ECONFLICT) unsaved->count = 0;
    return status;
}

/* Losses are stored in the minimized sign, as everywhere in the documents. */
static void keep_report(hopt_eval *eval, int64_t step, double loss) {
    hopt_lib_reports *unsaved = &eval->unsaved;
    unsaved->steps =
        hopt_grow(unsaved->steps, unsaved->count, &unsaved->step_capacity, sizeof *unsaved->steps);
    unsaved->losses = hopt_grow(unsaved->losses, unsaved->count, &unsaved->loss_capacity,
                                sizeof *unsaved->losses);
    unsaved->steps[unsaved->count] = step;
    unsaved->losses[unsaved->count++] = eval->study->spec->maximize ? -loss : loss;
    eval->has_report = true;
    eval->step = step;
    eval->reported = loss;
}

/* Asked at once, without waiting for the loop or the thread of keep.c to say so. */
static bool run_ends(hopt_eval *eval) {
    hopt_study *study = eval->study;
    if (!eval->in_fmin) return false;
    int64_t deadline_ms = atomic_load(&study->deadline_ms);
    return atomic_load(&study->cancelled) || (deadline_ms && hopt_clock_mono_ms() >= deadline_ms);
}

int hopt_eval_should_stop(hopt_eval *eval) {
    if (eval->pipe && hopt_lib__pipe_stops(eval->pipe)) atomic_store(&eval->stop, true);
    return atomic_load(&eval->stop) || run_ends(eval);
}

int hopt_eval_report(hopt_eval *eval, int64_t step, double loss) {
    if (!isfinite(loss)) return hopt_eval_should_stop(eval);
    if (eval->pipe) {
        hopt_lib__pipe_send(eval->pipe, 'r', &step, sizeof step, &loss, sizeof loss);
        return hopt_eval_should_stop(eval);
    }
    hopt_error ignored;
    pthread_mutex_lock(&eval->study->mutex);
    if (!eval->told) keep_report(eval, step, loss);
    /* A failure here is met again when the trial is ended. */
    if (eval->unsaved.count >= UNSAVED_MAX) {
        hopt_status status = hopt_lib__flush_reports(eval, &ignored);
        if (status != HOPT_OK && eval->unsaved.count > HOPT_REPORTS_MAX) eval->unsaved.count = 0;
    }
    pthread_mutex_unlock(&eval->study->mutex);
    return hopt_eval_should_stop(eval);
}

/* ---- attachments, extras, log ---- */

static bool good_name(const char *name) {
    size_t length = name ? strlen(name) : 0;
    if (length == 0 || length > 255) return false;
    for (const unsigned char *at = (const unsigned char *)name; *at; at++)
        if (*at < 0x20 || *at == 0x7f || *at == '/') return false;
    return true;
}

int hopt_eval_attach(hopt_eval *eval, const char *name, const void *data, size_t size) {
    hopt_error ignored;
    if (!good_name(name) || (!data && size) || size > HOPT_ATTACHMENT_MAX) return -1;
    if (eval->pipe)
        return hopt_lib__pipe_send(eval->pipe, 'a', name, strlen(name) + 1, data, size) ? 0 : -1;
    pthread_mutex_lock(&eval->study->mutex);
    hopt_status status = hopt_store_attach(eval->study->store, &eval->trial->id, name,
                                           data ? data : "", size, &ignored);
    pthread_mutex_unlock(&eval->study->mutex);
    return status == HOPT_OK ? 0 : -1;
}

static bool reserved(const char *key) {
    return strcmp(key, "loss") == 0 || strcmp(key, "status") == 0 ||
           strcmp(key, "status_fail") == 0;
}

/* hopt_json_parse() wants a value as it is; NaN becomes a text, since documents hold no other. */
int hopt_eval_extra(hopt_eval *eval, const char *key, const char *json) {
    json_t *value;
    if (!key || !*key || !json || reserved(key)) return -1;
    if (hopt_json_parse(&value, json, strlen(json), HOPT_JSON_NAN, NULL) != HOPT_OK) return -1;
    if (!eval->extras) eval->extras = json_object();
    if (json_object_set_new(eval->extras, key, value) != 0) return -1;
    if (eval->pipe)
        return hopt_lib__pipe_send(eval->pipe, 'x', key, strlen(key) + 1, json, strlen(json) + 1)
                   ? 0
                   : -1;
    return 0;
}

/* The head is filled first, then the tail keeps the last of it. */
void hopt_lib__log_add(hopt_lib_log *log, const char *line) {
    enum { MOST = HOPT_LOG_PART_MAX };
    size_t length = strlen(line);
    bool to_head = log->tail.length == 0 && log->head.length + length + 1 <= MOST;
    hopt_buf *to = to_head ? &log->head : &log->tail;
    if (length >= MOST) line += length - (MOST - 1), length = MOST - 1;
    hopt_buf_add(to, line, length);
    hopt_buf_char(to, '\n');
    if (!to_head && to->length > 2 * MOST) hopt_buf_consume(to, to->length - MOST);
}

void hopt_lib__log_clear(hopt_lib_log *log) {
    hopt_buf_clear(&log->head);
    hopt_buf_clear(&log->tail);
}

void hopt_eval_log(hopt_eval *eval, const char *line) {
    if (!line) return;
    if (eval->pipe)
        hopt_lib__pipe_send(eval->pipe, 'l', line, strlen(line) + 1, NULL, 0);
    else
        hopt_lib__log_add(&eval->log, line);
}

static void replace(char **text, const char *with) {
    if (!with) return;
    char *copy = hopt_strdup(with);
    free(*text);
    *text = copy;
}

void hopt_eval_because(hopt_eval *eval, const char *type, const char *message) {
    replace(&eval->type, type);
    replace(&eval->message, message);
    if (!eval->pipe) return;
    if (type) hopt_lib__pipe_send(eval->pipe, 't', type, strlen(type) + 1, NULL, 0);
    if (message) hopt_lib__pipe_send(eval->pipe, 'm', message, strlen(message) + 1, NULL, 0);
}
