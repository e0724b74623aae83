/* A trial as people and programs read it: the JSON object of FORMATS §4. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/time.h"
#include "common/trial/trial_internal.h"

const char *hopt_trial__status(const hopt_trial *trial) {
    if (trial->state == HOPT_DONE) return trial->result.ok ? "ok" : "fail";
    return trial->state == HOPT_CANCEL ? "fail" : "new";
}

bool hopt_trial__result_key(const char *key) {
    return strcmp(key, "status") == 0 || strcmp(key, "loss") == 0 ||
           strcmp(key, "status_fail") == 0;
}

json_t *hopt_trial__extras(const json_t *result) {
    json_t *extras = NULL;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)result, key, value) {
        if (hopt_trial__result_key(key)) continue;
        if (!extras) extras = json_object();
        json_object_set_new(extras, key, json_deep_copy(value));
    }
    return extras;
}

json_t *hopt_trial__text(const char *text) {
    json_t *string = json_string(text);
    if (string) return string;
    /* Not UTF-8 (an objective's last words, say): keep what is plain. */
    char *plain = hopt_strdup(text);
    for (char *c = plain; *c; c++) {
        if ((unsigned char)*c >= 0x80) *c = '?';
    }
    string = json_string(plain);
    free(plain);
    return string;
}

void hopt_trial__set_text(json_t *object, const char *key, const char *text) {
    if (text) json_object_set_new(object, key, hopt_trial__text(text));
}

static void set_text_or_null(json_t *object, const char *key, const char *text) {
    if (text)
        hopt_trial__set_text(object, key, text);
    else
        json_object_set_new(object, key, json_null());
}

static void set_time(json_t *object, const char *key, int64_t unix_ms) {
    char text[HOPT_TIME_TEXT];
    if (unix_ms) hopt_time_format(text, unix_ms);
    set_text_or_null(object, key, unix_ms ? text : NULL);
}

static json_t *copy_or_empty(const json_t *value) {
    return value ? json_deep_copy(value) : json_object();
}

static void set_unless_zero(json_t *object, const char *key, int64_t value) {
    if (value) json_object_set_new(object, key, json_integer(value));
}

static json_t *error_json(const hopt_result *result) {
    if (!result->error_type) return json_null();
    json_t *error = json_object();
    hopt_trial__set_text(error, "type", result->error_type);
    hopt_trial__set_text(error, "message", result->error_message ? result->error_message : "");
    return error;
}

static json_t *loss_json(const hopt_trial *trial, bool maximize) {
    const hopt_result *result = &trial->result;
    if (!hopt_state_terminal(trial->state) || !result->has_loss || !isfinite(result->loss))
        return json_null();
    /* 0 - x and not -x: no "-0" for people who maximize. */
    return json_real(maximize ? 0.0 - result->loss : result->loss);
}

json_t *hopt_trial_json(const hopt_trial *trial, bool maximize) {
    const hopt_result *result = &trial->result;
    json_t *out = json_object();
    json_object_set_new(out, "num", json_integer(trial->num));
    json_object_set_new(out, "tid", json_integer(trial->tid));
    json_object_set_new(out, "state", json_string(hopt_state_name(trial->state)));
    json_object_set_new(out, "status", json_string(hopt_trial__status(trial)));
    json_object_set_new(out, "loss", loss_json(trial, maximize));
    json_object_set_new(out, "vals", copy_or_empty(trial->vals));
    json_object_set_new(out, "params", trial->params ? json_deep_copy(trial->params) : json_null());
    json_object_set_new(out, "attempt", json_integer(trial->lost + 1));
    set_text_or_null(out, "worker", trial->worker);
    set_time(out, "start", trial->book_ms);
    set_time(out, "end", trial->end_ms);
    json_object_set_new(out, "error", error_json(result));
    json_object_set_new(out, "extras", copy_or_empty(result->extras));
    set_unless_zero(out, "seed", (int64_t)trial->seed);
    set_unless_zero(out, "lease", trial->lease);
    set_unless_zero(out, "lost", trial->lost);
    hopt_trial__set_text(out, "stop", result->stop);
    if (result->has_step) json_object_set_new(out, "step", json_integer(result->step));
    set_unless_zero(out, "ms", result->ms);
    hopt_trial__set_text(out, "status_fail", result->status_fail);
    return out;
}
