/* Snapshots of trials. */
#include <math.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "libhopt/libhopt_internal.h"

struct hopt_info {
    hopt_lib_values values;
    hopt_trial *trial;
    char *argmin, *extras, *line;
};

double hopt_lib__loss(const hopt_study_spec *spec, const hopt_result *result) {
    if (!result->has_loss) return NAN;
    return spec->maximize ? -result->loss : result->loss;
}

/* label -> value of the active ones. */
static char *argmin_of(const hopt_trial *trial) {
    json_t *out = json_object(), *list;
    const char *label;
    json_object_foreach(trial->vals, label, list) {
        if (json_array_size(list)) json_object_set(out, label, json_array_get(list, 0));
    }
    char *text = hopt_json_text(out);
    json_decref(out);
    return text;
}

hopt_info *hopt_lib__info_new(hopt_lib_spec *shared, hopt_trial *trial, hopt_error *err) {
    hopt_info *info = hopt_zalloc(1, sizeof *info);
    if (hopt_lib__values_init(&info->values, shared, trial, err) != HOPT_OK) {
        hopt_trial_free(trial);
        free(info);
        return NULL;
    }
    info->trial = trial;
    info->argmin = argmin_of(trial);
    info->extras = trial->result.extras ? hopt_json_text(trial->result.extras) : hopt_strdup("{}");
    json_t *line = hopt_trial_json(trial, shared->spec->maximize);
    info->line = hopt_json_text(line);
    json_decref(line);
    return info;
}

void hopt_info_free(hopt_info *info) {
    if (!info) return;
    hopt_lib__values_clear(&info->values);
    hopt_trial_free(info->trial);
    free(info->argmin);
    free(info->extras);
    free(info->line);
    free(info);
}

int64_t hopt_info_num(const hopt_info *info) {
    return info->trial->num;
}

int64_t hopt_info_tid(const hopt_info *info) {
    return info->trial->tid;
}

uint64_t hopt_info_seed(const hopt_info *info) {
    return info->trial->seed;
}

int hopt_info_attempt(const hopt_info *info) {
    return info->trial->lost + 1;
}

const char *hopt_info_worker(const hopt_info *info) {
    return info->trial->worker;
}

int hopt_info_state(const hopt_info *info) {
    return (int)info->trial->state;
}

const char *hopt_info_status(const hopt_info *info) {
    const hopt_trial *trial = info->trial;
    if (trial->state == HOPT_DONE) return trial->result.ok ? "ok" : "fail";
    return trial->state == HOPT_CANCEL ? "fail" : "new";
}

double hopt_info_loss(const hopt_info *info) {
    return hopt_lib__loss(info->values.shared->spec, &info->trial->result);
}

int hopt_info_real(const hopt_info *info, const char *label, double *out) {
    return hopt_lib__real(&info->values, label, out);
}

int hopt_info_integer(const hopt_info *info, const char *label, int64_t *out) {
    return hopt_lib__integer(&info->values, label, out);
}

int hopt_info_option(const hopt_info *info, const char *label, int *out) {
    return hopt_lib__option(&info->values, label, out);
}

const char *hopt_info_text(const hopt_info *info, const char *label) {
    return hopt_lib__text(&info->values, label);
}

int hopt_info_active(const hopt_info *info, const char *label) {
    return hopt_lib__active(&info->values, label);
}

const char *hopt_info_params_json(const hopt_info *info) {
    return info->values.params;
}

const char *hopt_info_vals_json(const hopt_info *info) {
    return info->values.vals;
}

const char *hopt_info_argmin_json(const hopt_info *info) {
    return info->argmin;
}

const char *hopt_info_extras_json(const hopt_info *info) {
    return info->extras;
}

const char *hopt_info_json(const hopt_info *info) {
    return info->line;
}

const char *hopt_info_error_type(const hopt_info *info) {
    return info->trial->result.error_type;
}

const char *hopt_info_error_message(const hopt_info *info) {
    return info->trial->result.error_message;
}

const char *hopt_info_fail_reason(const hopt_info *info) {
    return info->trial->result.status_fail;
}

int64_t hopt_info_start_ms(const hopt_info *info) {
    return info->trial->book_ms;
}

int64_t hopt_info_end_ms(const hopt_info *info) {
    return info->trial->end_ms;
}
