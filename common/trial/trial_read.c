/* Trials read back: members, results, and the lines of FORMATS §4. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/time.h"
#include "common/json/json.h"
#include "common/trial/trial_internal.h"

/* What hopt_time_format() can write, in Unix ms. */
#define YEAR_1 INT64_C(-62135596800000)
#define YEAR_9999 INT64_C(253402300799999)

/* ---- members ---- */

const json_t *hopt_trial__member(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_null(value) ? NULL : value;
}

/* A JSON integer, or a real that is whole (BSON writers differ). */
static bool whole(int64_t *out, const json_t *value) {
    if (json_is_integer(value)) {
        *out = json_integer_value(value);
        return true;
    }
    double real = json_real_value(value);
    if (!json_is_real(value) || rint(real) != real || fabs(real) > 9007199254740992.0) return false;
    *out = (int64_t)real;
    return true;
}

hopt_status hopt_trial__read_integer(int64_t *out, const json_t *object, const char *key,
                                     int64_t low, int64_t high, hopt_error *err) {
    const json_t *value = hopt_trial__member(object, key);
    if (!value) return HOPT_OK;
    int64_t integer;
    if (!whole(&integer, value))
        return hopt_error_set(err, HOPT_EINVAL, "`%s` must be an integer", key);
    if (integer < low || integer > high)
        return hopt_error_set(err, HOPT_EINVAL, "`%s` must lie in %lld .. %lld", key,
                              (long long)low, (long long)high);
    *out = integer;
    return HOPT_OK;
}

hopt_status hopt_trial__read_int(int *out, const json_t *object, const char *key, int high,
                                 hopt_error *err) {
    int64_t integer = *out;
    hopt_status status = hopt_trial__read_integer(&integer, object, key, 0, high, err);
    *out = (int)integer;
    return status;
}

hopt_status hopt_trial__read_text(char **out, const json_t *object, const char *key,
                                  hopt_error *err) {
    const json_t *value = hopt_trial__member(object, key);
    if (!value) return HOPT_OK;
    if (!json_is_string(value))
        return hopt_error_set(err, HOPT_EINVAL, "`%s` must be a string", key);
    free(*out);
    *out = hopt_strdup(json_string_value(value));
    return HOPT_OK;
}

hopt_status hopt_trial__read_time(int64_t *out, const json_t *object, const char *key,
                                  hopt_error *err) {
    const json_t *value = hopt_trial__member(object, key);
    const char *text = json_string_value(value);
    int64_t time;
    if (!value) return HOPT_OK;
    if ((whole(&time, value) || (text && hopt_time_parse(&time, text))) && time >= YEAR_1 &&
        time <= YEAR_9999) {
        *out = time;
        return HOPT_OK;
    }
    return hopt_error_set(err, HOPT_EINVAL,
                          "`%s` must be a time such as \"2026-01-02T03:04:05.678Z\"", key);
}

hopt_status hopt_trial__read_error(hopt_result *out, const json_t *object, hopt_error *err) {
    const json_t *value = hopt_trial__member(object, "error");
    if (!value) return HOPT_OK;
    const char *type = NULL, *message = NULL;
    if (json_is_array(value)) {
        type = json_string_value(json_array_get(value, 0));
        message = json_string_value(json_array_get(value, 1));
    } else {
        type = hopt_json_string_of(value, "type");
        message = hopt_json_string_of(value, "message");
    }
    if (!type)
        return hopt_error_set(err, HOPT_EINVAL,
                              "`error` must be {\"type\", \"message\"} or [type, message]");
    free(out->error_type);
    free(out->error_message);
    out->error_type = hopt_strdup(type);
    out->error_message = hopt_strdup(message ? message : "");
    return HOPT_OK;
}

hopt_status hopt_trial__read_saw(hopt_trial *trial, const json_t *object, hopt_error *err) {
    const json_t *value = hopt_trial__member(object, "saw");
    if (!value) return HOPT_OK;
    if (!json_is_array(value))
        return hopt_error_set(err, HOPT_EINVAL, "`saw` must be a list of nums");
    size_t count = json_array_size(value);
    free(trial->saw);
    trial->n_saw = 0;
    trial->saw = count ? hopt_zalloc(count, sizeof trial->saw[0]) : NULL;
    for (size_t i = 0; i < count; i++) {
        int64_t num;
        if (!whole(&num, json_array_get(value, i)) || num < 0 || num > INT_MAX)
            return hopt_error_set(err, HOPT_EINVAL, "`saw` must be a list of nums");
        trial->saw[trial->n_saw++] = (int)num;
    }
    return HOPT_OK;
}

hopt_status hopt_trial__read_view(hopt_trial *trial, const json_t *object, hopt_error *err) {
    const json_t *value = hopt_trial__member(object, "view");
    if (!value) return HOPT_OK;
    if (!json_is_object(value)) return hopt_error_set(err, HOPT_EINVAL, "`view` must be an object");
    json_decref(trial->view);
    trial->view = json_deep_copy(value);
    return HOPT_OK;
}

hopt_status hopt_trial__read_vals(hopt_trial *trial, const json_t *object, hopt_error *err) {
    const json_t *vals = hopt_trial__member(object, "vals");
    if (!json_is_object(vals))
        return hopt_error_set(err, HOPT_EINVAL,
                              vals ? "`vals` must be an object of labels" : "`vals` is missing");
    const char *label;
    json_t *value;
    json_object_foreach((json_t *)vals, label, value) {
        size_t size = json_array_size(value);
        if (!json_is_array(value) || size > 1 ||
            (size == 1 && !json_is_number(json_array_get(value, 0))))
            return hopt_error_set(err, HOPT_EINVAL, "`vals`: label `%s` must be [] or [number]",
                                  label);
    }
    json_decref(trial->vals);
    trial->vals = json_incref((json_t *)vals);
    return HOPT_OK;
}

/* ---- results ---- */

/* The loss, when there is one; *odd says why it is none that a sampler can use. */
static hopt_status read_loss(hopt_result *result, const char **odd, const json_t *loss, double sign,
                             hopt_error *err) {
    double number = NAN;
    *odd = NULL;
    if (!loss) return HOPT_OK;
    if (!json_is_null(loss) && !hopt_json_double(&number, loss))
        return hopt_error_set(err, HOPT_EINVAL, "`loss` must be a number or null");
    if (isfinite(number)) {
        result->has_loss = true;
        result->loss = sign < 0 ? 0.0 - number : number;
    } else {
        *odd = isnan(number) ? "loss is nan" : "loss is infinite";
        if (isnan(number) && !json_is_null(loss)) result->loss = NAN;
    }
    return HOPT_OK;
}

hopt_status hopt_trial__read_result(hopt_trial *trial, const char *status, const json_t *result,
                                    double sign, hopt_error *err) {
    hopt_result *to = &trial->result;
    const json_t *loss = json_object_get(result, "loss");
    const char *odd;
    to->state = trial->state;
    hopt_status bad = read_loss(to, &odd, loss, sign, err);
    if (bad == HOPT_OK) bad = hopt_trial__read_text(&to->status_fail, result, "status_fail", err);
    if (bad != HOPT_OK || trial->state != HOPT_DONE) return bad;
    if (strcmp(status, "ok") != 0 && strcmp(status, "fail") != 0)
        return hopt_error_set(err, HOPT_EINVAL,
                              "`status` of a done trial must be \"ok\" or \"fail\", not \"%.40s\"",
                              status);
    to->ok = strcmp(status, "ok") == 0;
    if (!to->ok) return HOPT_OK;
    if (!loss) return hopt_error_set(err, HOPT_EINVAL, "`loss` is missing, but `status` is ok");
    if (odd) {
        to->ok = false;
        if (!to->status_fail) to->status_fail = hopt_strdup(odd);
    }
    return HOPT_OK;
}

/* ---- a line of FORMATS §4 ---- */

hopt_status hopt_trial__read_from(hopt_trial *trial, const json_t *object, hopt_error *err) {
    /* It is a tid; which num that is can be told only where they are the same. */
    if (!hopt_trial__member(object, "from_tid") || trial->num != trial->tid) return HOPT_OK;
    trial->has_from = true;
    return hopt_trial__read_integer(&trial->from, object, "from_tid", 0, INT64_MAX, err);
}

hopt_status hopt_trial__read_identity(hopt_trial *trial, const json_t *json, hopt_error *err) {
    const json_t *num = hopt_trial__member(json, "num"), *tid = hopt_trial__member(json, "tid");
    if (!num && !tid)
        return hopt_error_set(err, HOPT_EINVAL, "the trial has neither `num` nor `tid`");
    hopt_status status = hopt_trial__read_int(&trial->num, json, "num", INT_MAX, err);
    trial->tid = trial->num;
    if (status == HOPT_OK)
        status = hopt_trial__read_integer(&trial->tid, json, "tid", 0, INT64_MAX, err);
    if (status == HOPT_OK && !num)
        status = hopt_trial__read_int(&trial->num, json, "tid", INT_MAX, err);
    return status;
}

static hopt_status unknown_status(const char *word, hopt_error *err) {
    if (!word)
        return hopt_error_set(err, HOPT_EINVAL, "the trial has neither `status` nor `state`");
    return hopt_error_set(err, HOPT_EINVAL,
                          "`status` must be \"ok\", \"fail\", \"new\" or \"running\", not "
                          "\"%.40s\"",
                          word);
}

/* "state", else what "status" and "error" tell. */
hopt_status hopt_trial__read_state(hopt_trial *trial, const json_t *json, const char *word,
                                   hopt_error *err) {
    const json_t *state = hopt_trial__member(json, "state");
    int64_t number;
    if (state && whole(&number, state) && number >= 0 && number < HOPT_STATES) {
        trial->state = (hopt_state)number;
        return HOPT_OK;
    }
    if (state) {
        if (hopt_state_parse(&trial->state, json_string_value(state))) return HOPT_OK;
        return hopt_error_set(err, HOPT_EINVAL,
                              "`state` must be new, running, done, error, cancel or 0 .. 4");
    }
    if (hopt_trial__member(json, "error"))
        trial->state = HOPT_ERROR;
    else if (word && (strcmp(word, "ok") == 0 || strcmp(word, "fail") == 0))
        trial->state = HOPT_DONE;
    else if (word && strcmp(word, "running") == 0)
        trial->state = HOPT_RUNNING;
    else if (word && strcmp(word, "new") == 0)
        trial->state = HOPT_NEW;
    else
        return unknown_status(word, err);
    return HOPT_OK;
}

/* What the record says about its course: all optional. `json` is the line, or `hopt` of a document.
 */
hopt_status hopt_trial__read_course(hopt_trial *trial, const json_t *json, hopt_error *err) {
    int64_t seed = 0;
    hopt_status status = hopt_trial__read_integer(&seed, json, "seed", 0, INT64_MAX, err);
    trial->seed = (uint64_t)seed;
    if (status == HOPT_OK)
        status = hopt_trial__read_int(&trial->lease, json, "lease", INT_MAX, err);
    if (status == HOPT_OK)
        status = hopt_trial__read_int(&trial->lost, json, "lost", INT_MAX - 1, err);
    if (status == HOPT_OK) status = hopt_trial__read_text(&trial->worker, json, "worker", err);
    if (status == HOPT_OK) status = hopt_trial__read_text(&trial->result.stop, json, "stop", err);
    trial->result.has_step = hopt_trial__member(json, "step") != NULL;
    if (status == HOPT_OK)
        status =
            hopt_trial__read_integer(&trial->result.step, json, "step", INT64_MIN, INT64_MAX, err);
    if (status == HOPT_OK)
        status = hopt_trial__read_integer(&trial->result.ms, json, "ms", 0, INT64_MAX, err);
    if (status == HOPT_OK) status = hopt_trial__read_time(&trial->end_ms, json, "end", err);
    trial->params = json_incref((json_t *)hopt_trial__member(json, "params"));
    return status;
}

static hopt_status read_line(hopt_trial *trial, const json_t *json, double sign, hopt_error *err) {
    const char *word = hopt_json_string_of(json, "status");
    hopt_status status = hopt_trial__read_identity(trial, json, err);
    if (status == HOPT_OK) status = hopt_trial__read_vals(trial, json, err);
    if (status == HOPT_OK) status = hopt_trial__read_from(trial, json, err);
    if (status == HOPT_OK && hopt_trial__member(json, "status") && !word)
        status = hopt_error_set(err, HOPT_EINVAL, "`status` must be a string");
    if (status == HOPT_OK) status = hopt_trial__read_state(trial, json, word, err);
    if (status == HOPT_OK) status = hopt_trial__read_course(trial, json, err);
    if (status == HOPT_OK && !hopt_trial__member(json, "lost")) {
        int attempt = 1;
        status = hopt_trial__read_int(&attempt, json, "attempt", INT_MAX, err);
        trial->lost = attempt > 0 ? attempt - 1 : 0;
    }
    if (status == HOPT_OK) status = hopt_trial__read_time(&trial->book_ms, json, "start", err);
    if (status == HOPT_OK) status = hopt_trial__read_error(&trial->result, json, err);
    if (status == HOPT_OK && hopt_state_terminal(trial->state)) {
        status = hopt_trial__read_result(trial, word ? word : "", json, sign, err);
        trial->result.extras = hopt_trial__extras(json_object_get(json, "extras"));
    }
    return status;
}

hopt_status hopt_trial_from_json(hopt_trial **out, const json_t *json, bool maximize,
                                 hopt_error *err) {
    *out = NULL;
    if (!json_is_object(json))
        return hopt_error_set(err, HOPT_EINVAL, "a trial must be a JSON object");
    hopt_trial *trial = hopt_trial_new();
    hopt_status status;
    if (json_is_object(json_object_get(json, "misc"))) {
        status = hopt_trial__read_document(trial, json, err);
    } else {
        status = read_line(trial, json, maximize ? -1.0 : 1.0, err);
    }
    if (status == HOPT_OK)
        *out = trial;
    else
        hopt_trial_free(trial);
    return status;
}
