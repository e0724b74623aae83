#include "master/sinks/mlflow_load.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/json/json.h"

enum { EXTRAS_DEPTH_MAX = 8, EXTRAS_MAX = 5000 };

/* ---- keys ---- */

static bool is_reserved(const char *label, const char *const *reserved) {
    for (; reserved && *reserved; reserved++) {
        if (strcmp(label, *reserved) == 0) return true;
    }
    return false;
}

static bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           strchr("_-./ ", c);
}

/* MLflow refuses what is not a clean path: empty parts, "." and "..". */
static bool breaks_path(const char *label, const char *at) {
    bool first = at == label || at[-1] == '/';
    if (*at == '/') return first || !at[1];
    if (*at != '.' || !first) return false;
    size_t length = strcspn(at, "/");
    return length == 1 || (length == 2 && at[1] == '.') || (at == label && at[1] == '.');
}

void hopt_mlflow_key(hopt_buf *out, const char *prefix, const char *label,
                     const char *const *reserved) {
    size_t start = out->length;
    bool escape = is_reserved(label, reserved) || !*label;
    hopt_buf_text(out, prefix);
    for (const char *at = label; *at; at++) {
        bool mark = at[0] == '_' && at[1] == '-';
        if (escape || mark || !is_plain(*at) || breaks_path(label, at))
            hopt_buf_print(out, "_-%02x", (unsigned)(unsigned char)*at);
        else
            hopt_buf_char(out, *at);
        escape = false;
    }
    if (!*label) hopt_buf_text(out, "_-");
    if (out->length - start <= HOPT_MLFLOW_KEY_MAX) return;
    uint64_t hash = hopt_hash_fnv1a(HOPT_FNV_START, label, strlen(label));
    out->length = start + HOPT_MLFLOW_KEY_MAX - 19;
    while (out->data[out->length - 1] == '/')
        out->length--;
    hopt_buf_print(out, "_-x%016llx", (unsigned long long)hash);
}

/* ---- values ---- */

json_t *hopt_mlflow_value(double value) {
    if (isnan(value)) return json_string("NaN");
    if (isinf(value)) return json_string(value > 0 ? "Infinity" : "-Infinity");
    return json_real(value);
}

bool hopt_mlflow_same(double ours, const json_t *theirs) {
    double value;
    if (!hopt_json_double(&value, theirs)) return false;
    if (isnan(ours)) return isnan(value);
    if (isinf(value)) value = value > 0 ? DBL_MAX : -DBL_MAX;
    if (isinf(ours)) ours = ours > 0 ? DBL_MAX : -DBL_MAX;
    return ours == value;
}

/* At most `max` bytes, not in the middle of a character; the end says that it was cut. */
static json_t *text_json(const char *text, size_t max) {
    size_t length = strlen(text);
    json_t *json = length <= max ? json_stringn(text, length) : NULL;
    if (json) return json;
    hopt_buf quoted = HOPT_BUF_INIT;
    if (length > max) {
        length = max - 3;
        while (length && ((unsigned char)text[length] & 0xc0) == 0x80)
            length--;
    }
    hopt_json_print_string(&quoted, text, length); /* mends what is not UTF-8 */
    json = json_loads(hopt_buf_string(&quoted), JSON_DECODE_ANY, NULL);
    hopt_buf_clear(&quoted);
    char *cut =
        hopt_format("%s%s", json ? json_string_value(json) : "", strlen(text) > max ? "..." : "");
    json_decref(json);
    json = json_string(cut);
    free(cut);
    return json;
}

/* ---- loads ---- */

void hopt_mlflow_load_init(hopt_mlflow_load *load) {
    load->metrics = json_array();
    load->params = json_array();
    load->tags = json_array();
}

void hopt_mlflow_load_clear(hopt_mlflow_load *load) {
    json_decref(load->metrics);
    json_decref(load->params);
    json_decref(load->tags);
    memset(load, 0, sizeof *load);
}

void hopt_mlflow_add_metric(hopt_mlflow_load *load, const char *key, double value, int64_t unix_ms,
                            int64_t step) {
    json_array_append_new(load->metrics, json_pack("{s:s,s:o,s:I,s:I}", "key", key, "value",
                                                   hopt_mlflow_value(value), "timestamp",
                                                   (json_int_t)unix_ms, "step", (json_int_t)step));
}

void hopt_mlflow_add_param(hopt_mlflow_load *load, const char *key, const char *value) {
    json_array_append_new(load->params, json_pack("{s:s,s:o}", "key", key, "value",
                                                  text_json(value, HOPT_MLFLOW_PARAM_MAX)));
}

void hopt_mlflow_add_tag(hopt_mlflow_load *load, const char *key, const char *value) {
    json_array_append_new(load->tags, json_pack("{s:s,s:o}", "key", key, "value",
                                                text_json(value, HOPT_MLFLOW_TAG_MAX)));
}

/* Move the first items of a list, at most `max` and what is left of `*room`. */
static json_t *take(json_t *from, size_t max, size_t *room) {
    json_t *taken = json_array();
    size_t n = json_array_size(from), at;
    if (n > max) n = max;
    if (n > *room) n = *room;
    for (at = 0; at < n; at++)
        json_array_append(taken, json_array_get(from, at));
    json_t *rest = json_array();
    for (; at < json_array_size(from); at++)
        json_array_append(rest, json_array_get(from, at));
    json_array_clear(from);
    json_array_extend(from, rest);
    json_decref(rest);
    *room -= n;
    return taken;
}

json_t *hopt_mlflow_batch(hopt_mlflow_load *load, const char *run) {
    size_t room = HOPT_MLFLOW_ITEMS_MAX;
    if (json_array_size(load->metrics) + json_array_size(load->params) +
            json_array_size(load->tags) ==
        0)
        return NULL;
    json_t *params = take(load->params, HOPT_MLFLOW_PARAMS_MAX, &room);
    json_t *tags = take(load->tags, HOPT_MLFLOW_TAGS_MAX, &room);
    json_t *metrics = take(load->metrics, HOPT_MLFLOW_METRICS_MAX, &room);
    return json_pack("{s:s,s:o,s:o,s:o}", "run_id", run, "metrics", metrics, "params", params,
                     "tags", tags);
}

/* ---- a trial ---- */

void hopt_mlflow_id(char out[2 * HOPT_ID_SIZE + 1], const hopt_trial_id *id) {
    for (size_t i = 0; i < HOPT_ID_SIZE; i++)
        snprintf(out + 2 * i, 3, "%02x", id->bytes[i]);
}

const char *hopt_mlflow_trial_status(const hopt_trial *trial) {
    if (trial->state == HOPT_CANCEL) return "KILLED";
    return trial->state == HOPT_DONE && trial->result.ok ? "FINISHED" : "FAILED";
}

static void add_params(hopt_mlflow_load *load, const hopt_study_spec *spec,
                       const hopt_trial *trial) {
    const hopt_space *space = spec->space;
    hopt_buf key = HOPT_BUF_INIT, text = HOPT_BUF_INIT;
    double *point = hopt_zalloc((size_t)hopt_space_size(space) + 1, sizeof *point);
    bool fits = trial->vals && hopt_trial_point(point, trial, space, NULL) == HOPT_OK;
    for (int i = 0; fits && i < hopt_space_size(space); i++) {
        if (!hopt_space_active(space, point, i)) continue;
        hopt_buf_reset(&key);
        hopt_buf_reset(&text);
        hopt_mlflow_key(&key, "", hopt_space_param(space, i)->label, NULL);
        hopt_space_value_text(space, point, i, &text);
        hopt_mlflow_add_param(load, key.data, hopt_buf_string(&text));
    }
    free(point);
    hopt_buf_clear(&key);
    hopt_buf_clear(&text);
}

/* Numbers, and those in objects as "outer/inner". */
static void add_extras(hopt_mlflow_load *load, const json_t *extras, const char *path, int depth,
                       int64_t unix_ms) {
    static const char *const reserved[] = {HOPT_MLFLOW_LOSS, HOPT_MLFLOW_CURVE, NULL};
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)extras, name, value) {
        double number;
        if (json_array_size(load->metrics) >= EXTRAS_MAX) return;
        char *whole = path ? hopt_format("%s/%s", path, name) : hopt_strdup(name);
        if (json_is_object(value) && depth < EXTRAS_DEPTH_MAX) {
            add_extras(load, value, whole, depth + 1, unix_ms);
        } else if (json_is_number(value) ||
                   (json_is_string(value) && hopt_json_double(&number, value))) {
            hopt_buf key = HOPT_BUF_INIT;
            hopt_mlflow_key(&key, "", whole, reserved);
            if (hopt_json_double(&number, value))
                hopt_mlflow_add_metric(load, key.data, number, unix_ms, 0);
            hopt_buf_clear(&key);
        }
        free(whole);
    }
}

static double user_sign(const hopt_study_spec *spec, double loss) {
    return spec->maximize ? -loss : loss;
}

/* Reports have no time of their own: spread over the evaluation, always in the same way, so that a
 * point that is sent again is the same point. */
static void add_curve(hopt_mlflow_load *load, const hopt_study_spec *spec, const hopt_trial *trial,
                      const hopt_reports *reports) {
    int64_t end_ms = trial->end_ms, start_ms = trial->book_ms;
    if (start_ms <= 0 || start_ms > end_ms) start_ms = end_ms;
    for (size_t i = 0; i < reports->count; i++) {
        double part = (double)(i + 1) / (double)reports->count;
        int64_t at_ms = start_ms + (int64_t)((double)(end_ms - start_ms) * part);
        hopt_mlflow_add_metric(load, HOPT_MLFLOW_CURVE, user_sign(spec, reports->losses[i]), at_ms,
                               reports->steps[i]);
    }
}

static void add_tags(hopt_mlflow_load *load, const hopt_trial *trial) {
    const hopt_result *result = &trial->result;
    char text[32];
    hopt_mlflow_add_tag(load, "hopt.state", hopt_state_name(trial->state));
    if (trial->state == HOPT_DONE)
        hopt_mlflow_add_tag(load, "hopt.status", result->ok ? "ok" : "fail");
    snprintf(text, sizeof text, "%d", trial->lost + 1);
    hopt_mlflow_add_tag(load, "hopt.attempt", text);
    if (trial->worker) hopt_mlflow_add_tag(load, "hopt.worker", trial->worker);
    if (result->stop) hopt_mlflow_add_tag(load, "hopt.stop", result->stop);
    if (result->status_fail) hopt_mlflow_add_tag(load, "hopt.status_fail", result->status_fail);
    if (result->error_type) {
        char *error = hopt_format("%s: %s", result->error_type,
                                  result->error_message ? result->error_message : "");
        hopt_mlflow_add_tag(load, "hopt.error", error);
        free(error);
    }
}

void hopt_mlflow_trial(hopt_mlflow_load *load, const hopt_study_spec *spec, const hopt_trial *trial,
                       const hopt_reports *reports) {
    const hopt_result *result = &trial->result;
    add_params(load, spec, trial);
    if (result->has_loss)
        hopt_mlflow_add_metric(load, HOPT_MLFLOW_LOSS, user_sign(spec, result->loss), trial->end_ms,
                               0);
    add_extras(load, result->extras, NULL, 0, trial->end_ms);
    add_curve(load, spec, trial, reports);
    add_tags(load, trial);
}

/* ---- a study ---- */

static void add_number(hopt_mlflow_load *load, const char *key, double value) {
    char text[HOPT_JSON_NUMBER];
    hopt_json_number(text, value);
    hopt_mlflow_add_param(load, key, text);
}

static void add_space(hopt_mlflow_load *load, const hopt_space *space) {
    hopt_buf key = HOPT_BUF_INIT, text = HOPT_BUF_INIT;
    for (int i = 0; i < hopt_space_size(space); i++) {
        hopt_buf_reset(&key);
        hopt_buf_reset(&text);
        const hopt_param *param = hopt_space_param(space, i);
        hopt_mlflow_key(&key, "space/", param->label, NULL);
        hopt_dist_text(&param->dist, &text);
        hopt_mlflow_add_param(load, key.data, hopt_buf_string(&text));
    }
    hopt_buf_clear(&key);
    hopt_buf_clear(&text);
}

static void add_budget(hopt_mlflow_load *load, const hopt_stop_rules *stop) {
    if (stop->max_trials) add_number(load, "stop/max_trials", stop->max_trials);
    if (stop->timeout_s > 0) add_number(load, "stop/timeout_s", stop->timeout_s);
    if (stop->has_loss_below) add_number(load, "stop/loss_below", stop->loss_below);
    if (!stop->no_progress_trials) return;
    add_number(load, "stop/no_progress/trials", stop->no_progress_trials);
    add_number(load, "stop/no_progress/percent", stop->no_progress_percent);
}

void hopt_mlflow_study(hopt_mlflow_load *load, const hopt_study_spec *spec, uint64_t seed) {
    char text[32];
    hopt_mlflow_add_param(load, "direction", spec->maximize ? "maximize" : "minimize");
    hopt_mlflow_add_param(load, "sampler", spec->sampler);
    snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    hopt_mlflow_add_param(load, "sampler/seed", text);
    if (json_object_size(spec->sampler_options)) {
        char *options = hopt_json_text(spec->sampler_options);
        hopt_mlflow_add_param(load, "sampler/options", options);
        free(options);
    }
    add_budget(load, &spec->stop);
    char *space = hopt_space_canonical(spec->space);
    hopt_mlflow_add_param(load, "space", space);
    free(space);
    add_space(load, spec->space);
}
