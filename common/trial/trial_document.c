/* Whole trial documents, of hopt and of hyperopt, in MongoDB's extended JSON. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/time.h"
#include "common/json/json.h"
#include "common/trial/trial_internal.h"

static json_t *plain_real(const char *text) {
    char *end;
    double number = strtod(text, &end);
    if (!*text || *end) return NULL;
    if (isnan(number)) return json_string("NaN");
    if (isinf(number)) return json_string(number > 0 ? "Infinity" : "-Infinity");
    return json_real(number);
}

static json_t *plain_integer(const char *text) {
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    return !*text || *end || errno ? NULL : json_integer(number);
}

static json_t *plain(const json_t *json);

/* The value of a one-key wrapper such as {"$numberInt": "5"}; NULL when it is none. */
static json_t *unwrap(const char *key, const json_t *value) {
    const char *text = json_string_value(value);
    if (strcmp(key, "$numberInt") == 0 || strcmp(key, "$numberLong") == 0)
        return text ? plain_integer(text) : NULL;
    if (strcmp(key, "$numberDouble") == 0 || strcmp(key, "$numberDecimal") == 0)
        return text ? plain_real(text) : NULL;
    if (strcmp(key, "$oid") == 0) return text ? json_string(text) : NULL;
    if (strcmp(key, "$date") != 0) return NULL;
    json_t *date = plain(value);
    if (json_is_integer(date)) {
        char time[HOPT_TIME_TEXT];
        hopt_time_format(time, json_integer_value(date));
        json_decref(date);
        date = json_string(time);
    }
    return date;
}

/* A copy with MongoDB's wrappers taken off; NaN and infinities become the strings that
 * HOPT_JSON_NAN makes. The parser's limit on depth bounds the recursion. */
static json_t *plain(const json_t *json) {
    if (json_is_array(json)) {
        json_t *out = json_array();
        for (size_t i = 0; i < json_array_size(json); i++)
            json_array_append_new(out, plain(json_array_get(json, i)));
        return out;
    }
    if (!json_is_object(json)) return json_copy((json_t *)json);
    const char *key;
    json_t *value;
    if (json_object_size(json) == 1) {
        void *first = json_object_iter((json_t *)json);
        json_t *unwrapped = unwrap(json_object_iter_key(first), json_object_iter_value(first));
        if (unwrapped) return unwrapped;
    }
    json_t *out = json_object();
    json_object_foreach((json_t *)json, key, value) json_object_set_new(out, key, plain(value));
    return out;
}

static void read_oid(hopt_trial_id *id, const char *hex) {
    if (!hex || strlen(hex) != 2 * (size_t)HOPT_ID_SIZE) return;
    for (int i = 0; i < HOPT_ID_SIZE; i++, hex += 2) {
        const char pair[] = {hex[0], hex[1], '\0'};
        id->bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
}

/* `_id`, exp_key, owner, version, times, misc.cmd. */
static hopt_status read_frame(hopt_trial *trial, const json_t *doc, hopt_error *err) {
    const char *study = hopt_json_string_of(doc, "exp_key");
    if (study && strlen(study) < sizeof trial->study)
        snprintf(trial->study, sizeof trial->study, "%s", study);
    read_oid(&trial->id, hopt_json_string_of(doc, "_id"));
    const json_t *owner = json_object_get(doc, "owner");
    if (json_is_array(owner)) owner = json_array_get(owner, 0);
    trial->owner = hopt_strdup(json_string_value(owner));
    const json_t *cmd = json_object_get(json_object_get(doc, "misc"), "cmd");
    const char *word = json_string_value(json_array_get(cmd, 0));
    if (word && strcmp(word, "hopt") == 0)
        trial->cmd = hopt_strdup(json_string_value(json_array_get(cmd, 1)));
    hopt_status status = hopt_trial__read_int(&trial->version, doc, "version", INT_MAX, err);
    if (status == HOPT_OK) status = hopt_trial__read_time(&trial->book_ms, doc, "book_time", err);
    if (status == HOPT_OK)
        status = hopt_trial__read_time(&trial->refresh_ms, doc, "refresh_time", err);
    return status;
}

/* num of `hopt`, tid of the document or of misc. */
static hopt_status read_document_identity(hopt_trial *trial, const json_t *doc, hopt_error *err) {
    const json_t *num = hopt_trial__member(json_object_get(doc, "hopt"), "num");
    const json_t *tid = hopt_trial__member(doc, "tid");
    if (!tid) tid = hopt_trial__member(json_object_get(doc, "misc"), "tid");
    json_t *both = json_object();
    if (num) json_object_set(both, "num", (json_t *)num);
    if (tid) json_object_set(both, "tid", (json_t *)tid);
    hopt_status status = hopt_trial__read_identity(trial, both, err);
    json_decref(both);
    return status;
}

static hopt_status read_plain(hopt_trial *trial, const json_t *doc, hopt_error *err) {
    const json_t *ours = json_object_get(doc, "hopt"), *result = json_object_get(doc, "result");
    const char *word = hopt_json_string_of(result, "status");
    hopt_status status = read_document_identity(trial, doc, err);
    if (status == HOPT_OK) status = hopt_trial__read_vals(trial, json_object_get(doc, "misc"), err);
    if (status == HOPT_OK) status = hopt_trial__read_from(trial, json_object_get(doc, "misc"), err);
    if (status == HOPT_OK) status = hopt_trial__read_state(trial, doc, word, err);
    if (status == HOPT_OK) status = read_frame(trial, doc, err);
    if (status == HOPT_OK) status = hopt_trial__read_course(trial, ours, err);
    if (status == HOPT_OK)
        status = hopt_trial__read_integer(&trial->beat, ours, "beat", 0, INT64_MAX, err);
    if (status == HOPT_OK) status = hopt_trial__read_saw(trial, ours, err);
    if (status == HOPT_OK) status = hopt_trial__read_text(&trial->by, ours, "by", err);
    if (status == HOPT_OK) status = hopt_trial__read_error(&trial->result, doc, err);
    if (status == HOPT_OK && !trial->result.error_type) /* where Trials in memory have it */
        status = hopt_trial__read_error(&trial->result, json_object_get(doc, "misc"), err);
    if (status == HOPT_OK && hopt_state_terminal(trial->state)) {
        status = hopt_trial__read_result(trial, word ? word : "", result, 1.0, err);
        trial->result.extras = hopt_trial__extras(result);
    }
    return status;
}

hopt_status hopt_trial__read_document(hopt_trial *trial, const json_t *json, hopt_error *err) {
    json_t *doc = plain(json);
    hopt_status status = read_plain(trial, doc, err);
    json_decref(doc);
    return status;
}
