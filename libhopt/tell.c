/* How evaluations end: hopt_ask(), hopt_tell() and what hopt_fmin() writes. */
#include <math.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/sys/clock.h"
#include "libhopt/libhopt_internal.h"

/* ---- results ---- */

static void set_fail(hopt_result *result, const char *reason) {
    result->state = HOPT_DONE;
    result->ok = false;
    result->status_fail = hopt_strdup(reason && *reason ? reason : "the objective said fail");
}

static void set_loss(hopt_result *result, const hopt_study_spec *spec, double loss) {
    if (!isfinite(loss)) {
        set_fail(result, "loss is nan"); /* infinite too: DESIGN §4 */
        return;
    }
    result->state = HOPT_DONE;
    result->ok = result->has_loss = true;
    result->loss = spec->maximize ? -loss : loss;
}

static void set_error(hopt_result *result, const char *type, const char *message) {
    result->state = HOPT_ERROR;
    result->error_type = hopt_strdup(type && *type ? type : "Error");
    result->error_message = hopt_strdup(message && *message ? message : "no message");
}

/* The last report stands for the result of a stopped trial. */
static void set_stopped(hopt_result *result, hopt_eval *eval, const char *why) {
    result->state = HOPT_CANCEL;
    result->stop = hopt_strdup(why);
    result->status_fail = hopt_strdup(why);
    result->has_loss = eval->has_report;
    result->loss = !eval->has_report             ? 0
                   : eval->study->spec->maximize ? -eval->reported
                                                 : eval->reported;
}

/* What every end has. */
static void begin_result(hopt_result *result, hopt_eval *eval) {
    *result = (hopt_result){.ms = hopt_clock_mono_ms() - eval->began_ms};
    if (eval->extras) result->extras = json_deep_copy(eval->extras);
    result->has_step = eval->has_report;
    result->step = eval->has_report ? eval->step : 0;
}

/* Nobody but the run itself wanted it to stop. */
static void settle_why(hopt_eval *eval) {
    if (eval->why[0]) return;
    int64_t deadline_ms = atomic_load(&eval->study->deadline_ms);
    bool late = eval->in_fmin && deadline_ms && hopt_clock_mono_ms() >= deadline_ms;
    bool cancelled = eval->in_fmin && atomic_load(&eval->study->cancelled);
    hopt_lib__eval_stop(eval, late && !cancelled ? "timeout" : "cancelled", true);
}

void hopt_lib__result(hopt_eval *eval, hopt_result *result, int returned, double loss) {
    char number[64];
    pthread_mutex_lock(&eval->study->mutex); /* reports and why */
    begin_result(result, eval);
    switch (returned) {
    case HOPT_EVAL_OK:
        set_loss(result, eval->study->spec, loss);
        break;
    case HOPT_EVAL_FAIL:
        set_fail(result, eval->message);
        break;
    case HOPT_EVAL_STOPPED:
        settle_why(eval);
        set_stopped(result, eval, eval->why);
        break;
    default:
        snprintf(number, sizeof number, "the function returned %d", returned);
        set_error(result, eval->type, eval->message ? eval->message : number);
    }
    pthread_mutex_unlock(&eval->study->mutex);
}

/* ---- writing ---- */

static hopt_status write_log(hopt_eval *eval, hopt_error *err) {
    hopt_buf *tail = &eval->log.tail;
    if (eval->log.head.length == 0 && tail->length == 0) return HOPT_OK;
    if (tail->length > HOPT_LOG_PART_MAX) hopt_buf_consume(tail, tail->length - HOPT_LOG_PART_MAX);
    hopt_log_text log = {.lease = eval->trial->lease,
                         .head = eval->log.head.data,
                         .head_length = eval->log.head.length,
                         .tail = tail->data,
                         .tail_length = tail->length};
    return hopt_store_put_log(eval->study->store, &eval->trial->id, &log, err);
}

static hopt_lease lease_of(const hopt_eval *eval) {
    return (hopt_lease){eval->trial->id, eval->study->spec->name, eval->owner, eval->trial->lease};
}

/* The store takes a second end of the same lease for a repeat after a lost reply: whether it was
 * one is seen by what is there. */
static bool is_there(const hopt_result *result, const hopt_trial *trial) {
    return trial->state == result->state && trial->result.ok == result->ok &&
           trial->result.has_loss == result->has_loss &&
           (!result->has_loss || trial->result.loss == result->loss);
}

static hopt_status write_end(hopt_eval *eval, const hopt_result *result, hopt_trial **trial,
                             hopt_error *err) {
    hopt_study *study = eval->study;
    hopt_lease lease = lease_of(eval);
    hopt_status status = hopt_lib__flush_reports(eval, err);
    if (status == HOPT_OK) status = write_log(eval, err);
    if (status == HOPT_OK) status = hopt_store_finish(study->store, &lease, result, err);
    if (status == HOPT_OK)
        status = hopt_store_trial(study->store, trial, study->spec->name, eval->trial->num, err);
    if (status == HOPT_OK && !is_there(result, *trial)) {
        hopt_trial_free(*trial);
        *trial = NULL;
        status = HOPT_ECONFLICT;
    }
    return status;
}

static hopt_status visit_end(hopt_eval *eval, const hopt_result *result, hopt_trial **trial,
                             hopt_error *err) {
    hopt_store *store = eval->study->store;
    hopt_error end_error;
    hopt_status status = hopt_store_visit_begin(store, err);
    if (status != HOPT_OK) return status;
    status = write_end(eval, result, trial, err);
    hopt_status end = hopt_store_visit_end(store, &end_error);
    if (end == HOPT_OK) return status;
    hopt_trial_free(*trial);
    *trial = NULL;
    if (err) *err = end_error;
    return end;
}

static hopt_status told_before(const hopt_eval *eval, hopt_error *err) {
    return hopt_error_set(err, HOPT_ECONFLICT, "trial %d was told already", eval->trial->num);
}

static hopt_status lost_lease(const hopt_eval *eval, hopt_error *err) {
    return hopt_error_set(
        err, HOPT_ECONFLICT,
        "trial %d was ended or taken over by somebody else; the result is dropped",
        eval->trial->num);
}

hopt_status hopt_lib__finish(hopt_eval *eval, const hopt_result *result, hopt_info **info,
                             hopt_error *err) {
    hopt_study *study = eval->study;
    hopt_trial *trial = NULL;
    if (info) *info = NULL;
    pthread_mutex_lock(&study->mutex);
    hopt_status status = eval->told ? told_before(eval, err) : visit_end(eval, result, &trial, err);
    if (status == HOPT_ECONFLICT && !eval->told) status = lost_lease(eval, err);
    if (status == HOPT_OK) hopt_lib__note(study, trial);
    if (status == HOPT_OK || status == HOPT_ECONFLICT) {
        eval->told = true;
        hopt_lib__let_go(eval);
    }
    pthread_mutex_unlock(&study->mutex);
    if (trial && info)
        *info = hopt_lib__info_new(study->shared, trial, err);
    else
        hopt_trial_free(trial);
    return status;
}

hopt_status hopt_lib__release(hopt_eval *eval, hopt_error *err) {
    hopt_study *study = eval->study;
    hopt_lease lease = lease_of(eval);
    pthread_mutex_lock(&study->mutex);
    hopt_status status =
        eval->told ? told_before(eval, err) : hopt_store_release(study->store, &lease, err);
    if (status == HOPT_ECONFLICT && !eval->told) status = lost_lease(eval, err);
    if (status == HOPT_OK || status == HOPT_ECONFLICT) {
        eval->told = true;
        hopt_lib__let_go(eval);
    }
    pthread_mutex_unlock(&study->mutex);
    return status;
}

/* ---- ask ---- */

/* The thread that beats for asked trials lives until the study is closed. */
static hopt_status keep_asks(hopt_study *study, hopt_error *err) {
    pthread_mutex_lock(&study->mutex);
    bool begin = study->lease_asked && !study->asks_kept;
    if (begin) study->asks_kept = true;
    pthread_mutex_unlock(&study->mutex);
    hopt_status status = begin ? hopt_lib__keep_start(study, err) : HOPT_OK;
    if (begin && status != HOPT_OK) {
        pthread_mutex_lock(&study->mutex);
        study->asks_kept = false;
        pthread_mutex_unlock(&study->mutex);
    }
    return status;
}

static int ask(hopt_study *study, const double *point, hopt_eval **eval, hopt_failure *why) {
    hopt_error err = {0};
    hopt_status status = keep_asks(study, &err);
    if (status == HOPT_OK) status = hopt_lib__take(study, study->lease_asked, 1, point, eval, &err);
    if (status == HOPT_ENOTFOUND)
        hopt_error_set(&err, status, "study %s: every point of its finite space is tried",
                       study->spec->name);
    err.code = status;
    return status == HOPT_OK ? HOPT_OK : hopt_lib__fail(why, &err);
}

int hopt_ask(hopt_study *study, hopt_eval **eval, hopt_failure *why) {
    *eval = NULL;
    return ask(study, NULL, eval, why);
}

int hopt_ask_at(hopt_study *study, const char *vals, hopt_eval **eval, hopt_failure *why) {
    json_t *json;
    hopt_error err = {0};
    const hopt_space *space = study->spec->space;
    *eval = NULL;
    if (!vals) return hopt_lib__say(why, HOPT_EINVAL, "the point is NULL");
    double *point = hopt_zalloc((size_t)hopt_space_size(space) + 1, sizeof *point);
    hopt_status status = hopt_json_parse(&json, vals, strlen(vals), 0, &err);
    if (status == HOPT_OK) {
        status = hopt_lib__read_vals(space, point, json, &err);
        json_decref(json);
    }
    int code = status == HOPT_OK ? ask(study, point, eval, why) : hopt_lib__fail(why, &err);
    free(point);
    return code;
}

void hopt_eval_free(hopt_eval *eval) {
    hopt_error ignored;
    if (!eval) return;
    if (!eval->told && eval->leased) {
        hopt_status status = hopt_lib__release(eval, &ignored);
        if (status != HOPT_OK) { /* nobody beats for it any more: it goes back by itself */
            pthread_mutex_lock(&eval->study->mutex);
            hopt_lib__let_go(eval);
            pthread_mutex_unlock(&eval->study->mutex);
        }
    }
    hopt_lib__eval_free(eval);
}

/* ---- tell ---- */

static int tell(hopt_eval *eval, hopt_result *result, hopt_failure *why) {
    hopt_error err = {0};
    hopt_status status = hopt_lib__finish(eval, result, NULL, &err);
    if (status == HOPT_ESTORE) /* a lost reply: a repeat tells */
        status = hopt_lib__finish(eval, result, NULL, &err);
    hopt_result_clear(result);
    err.code = status;
    return status == HOPT_OK ? HOPT_OK : hopt_lib__fail(why, &err);
}

int hopt_tell(hopt_eval *eval, double loss, hopt_failure *why) {
    hopt_result result;
    hopt_lib__result(eval, &result, HOPT_EVAL_OK, loss);
    return tell(eval, &result, why);
}

int hopt_tell_fail(hopt_eval *eval, const char *reason, hopt_failure *why) {
    hopt_result result;
    if (reason) hopt_eval_because(eval, NULL, reason);
    hopt_lib__result(eval, &result, HOPT_EVAL_FAIL, NAN);
    return tell(eval, &result, why);
}

int hopt_tell_error(hopt_eval *eval, const char *type, const char *message, hopt_failure *why) {
    hopt_result result;
    begin_result(&result, eval);
    set_error(&result, type, message);
    return tell(eval, &result, why);
}

int hopt_tell_pruned(hopt_eval *eval, hopt_failure *why) {
    hopt_result result;
    begin_result(&result, eval);
    set_stopped(&result, eval, "pruned");
    return tell(eval, &result, why);
}

int hopt_tell_cancel(hopt_eval *eval, const char *why_not, hopt_failure *why) {
    hopt_result result;
    begin_result(&result, eval);
    result.state = HOPT_CANCEL;
    result.stop = hopt_strdup("cancelled");
    result.status_fail = hopt_strdup(why_not && *why_not ? why_not : "cancelled");
    return tell(eval, &result, why);
}

int hopt_tell_release(hopt_eval *eval, hopt_failure *why) {
    hopt_error err = {0};
    hopt_status status = hopt_lib__release(eval, &err);
    err.code = status;
    return status == HOPT_OK ? HOPT_OK : hopt_lib__fail(why, &err);
}

/* {"loss": ..., "status": ..., anything else} or a number alone. */
static hopt_status read_result(hopt_result *result, const hopt_study_spec *spec, const char *text,
                               hopt_error *err) {
    json_t *json;
    double loss;
    hopt_status status = hopt_json_parse(&json, text, strlen(text), HOPT_JSON_NAN, err);
    if (status != HOPT_OK) return status;
    const char *word = hopt_json_string_of(json, "status");
    bool number =
        hopt_json_double(&loss, json_is_object(json) ? json_object_get(json, "loss") : json);
    if (word && strcmp(word, "fail") == 0) {
        set_fail(result, hopt_json_string_of(json, "status_fail"));
    } else if (word && strcmp(word, "ok") != 0) {
        status =
            hopt_error_set(err, HOPT_EINVAL, "status is \"ok\" or \"fail\", not \"%.40s\"", word);
    } else if (!number) {
        status = hopt_error_set(err, HOPT_EINVAL, "the result has no \"loss\" that is a number");
    } else {
        set_loss(result, spec, loss);
    }
    if (status == HOPT_OK && json_is_object(json)) {
        json_object_del(json, "loss");
        json_object_del(json, "status");
        json_object_del(json, "status_fail");
        if (json_object_size(json)) result->extras = json_incref(json);
    }
    json_decref(json);
    return status;
}

/* Further keys of the result win over those of hopt_eval_extra(). */
static void join_extras(hopt_result *result, const hopt_eval *eval) {
    if (!eval->extras) return;
    json_t *all = json_deep_copy(eval->extras);
    if (result->extras) json_object_update(all, result->extras);
    json_decref(result->extras);
    result->extras = all;
}

int hopt_tell_result(hopt_eval *eval, const char *text, hopt_failure *why) {
    hopt_result result = {0};
    hopt_error err = {0};
    if (!text) return hopt_lib__say(why, HOPT_EINVAL, "the result is NULL");
    hopt_status status = read_result(&result, eval->study->spec, text, &err);
    if (status != HOPT_OK) {
        hopt_result_clear(&result);
        return hopt_lib__fail(why, &err);
    }
    join_extras(&result, eval);
    pthread_mutex_lock(&eval->study->mutex);
    result.has_step = eval->has_report;
    result.step = eval->has_report ? eval->step : 0;
    pthread_mutex_unlock(&eval->study->mutex);
    result.ms = hopt_clock_mono_ms() - eval->began_ms;
    return tell(eval, &result, why);
}

/* ---- by number ---- */

static hopt_status check_told(const hopt_study *study, const hopt_trial *trial, hopt_error *err) {
    if (trial->state != HOPT_RUNNING)
        return hopt_error_set(err, HOPT_ECONFLICT, "trial %d is %s, not running", trial->num,
                              hopt_state_name(trial->state));
    if (trial->owner &&
        (hopt_reaper_asked(trial->owner) || strcmp(trial->owner, study->owner) == 0))
        return HOPT_OK;
    return hopt_error_set(err, HOPT_ECONFLICT,
                          "trial %d is evaluated by %s; only asked trials are told", trial->num,
                          trial->owner ? trial->owner : "somebody else");
}

static hopt_status tell_num(hopt_study *study, int num, hopt_result *result, hopt_error *err) {
    hopt_trial *trial;
    const char *name = study->spec->name;
    hopt_status status = hopt_store_trial(study->store, &trial, name, num, err);
    if (status == HOPT_ENOTFOUND)
        return hopt_error_set(err, status, "study %s has no trial %d", name, num);
    if (status != HOPT_OK) return status;
    status = check_told(study, trial, err);
    if (status == HOPT_OK) {
        hopt_lease lease = {trial->id, name, trial->owner, trial->lease};
        status = hopt_store_finish(study->store, &lease, result, err);
        if (status == HOPT_ESTORE) status = hopt_store_finish(study->store, &lease, result, err);
    }
    hopt_trial_free(trial);
    return status;
}

int hopt_tell_num(hopt_study *study, int64_t num, const char *text, hopt_failure *why) {
    hopt_result result = {0};
    hopt_error err = {0};
    if (num < 0 || num >= HOPT_TRIALS_MAX)
        return hopt_lib__say(why, HOPT_ENOTFOUND, "study %s has no trial %lld", study->spec->name,
                             (long long)num);
    if (!text) return hopt_lib__say(why, HOPT_EINVAL, "the result is NULL");
    hopt_status status = read_result(&result, study->spec, text, &err);
    pthread_mutex_lock(&study->mutex);
    if (status == HOPT_OK) status = tell_num(study, (int)num, &result, &err);
    for (hopt_eval *eval = study->held; eval && status == HOPT_OK; eval = eval->next_held) {
        if (eval->trial->num != num) continue;
        hopt_lib__let_go(eval);
        break;
    }
    pthread_mutex_unlock(&study->mutex);
    hopt_result_clear(&result);
    err.code = status;
    return status == HOPT_OK ? HOPT_OK : hopt_lib__fail(why, &err);
}
