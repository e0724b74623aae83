/* The values of a trial by label. */
#include <math.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "libhopt/libhopt_internal.h"

hopt_lib_spec *hopt_lib__spec_ref(hopt_lib_spec *shared) {
    atomic_fetch_add(&shared->references, 1);
    return shared;
}

void hopt_lib__spec_unref(hopt_lib_spec *shared) {
    if (!shared || atomic_fetch_sub(&shared->references, 1) > 1) return;
    hopt_study_spec_free(shared->spec);
    free(shared);
}

hopt_status hopt_lib__values_init(hopt_lib_values *values, hopt_lib_spec *shared,
                                  const hopt_trial *trial, hopt_error *err) {
    const hopt_space *space = shared->spec->space;
    *values = (hopt_lib_values){
        .point = hopt_zalloc((size_t)hopt_space_size(space) + 1, sizeof *values->point)};
    hopt_status status = hopt_trial_point(values->point, trial, space, err);
    if (status != HOPT_OK) {
        free(values->point);
        values->point = NULL;
        return status;
    }
    values->shared = hopt_lib__spec_ref(shared);
    json_t *params = hopt_space_resolve(space, values->point);
    json_t *vals = hopt_space_vals(space, values->point);
    values->params = hopt_json_text(params);
    values->vals = hopt_json_text(vals);
    json_decref(params);
    json_decref(vals);
    return HOPT_OK;
}

void hopt_lib__values_clear(hopt_lib_values *values) {
    if (!values->shared) return;
    free(values->point);
    free(values->params);
    free(values->vals);
    hopt_lib__spec_unref(values->shared);
}

/* @return the index of an active label, or a HOPT_VALUE_ code. */
static int find(const hopt_lib_values *values, const char *label) {
    int i = label ? hopt_space_find(values->shared->spec->space, label) : -1;
    if (i < 0) return HOPT_VALUE_UNKNOWN;
    return isnan(values->point[i]) ? HOPT_VALUE_INACTIVE : i;
}

static bool chooses(const hopt_param *param) {
    return param->dist.kind == HOPT_CHOICE || param->dist.kind == HOPT_PCHOICE;
}

int hopt_lib__real(const hopt_lib_values *values, const char *label, double *out) {
    const hopt_space *space = values->shared->spec->space;
    int i = find(values, label);
    if (i < 0) return i;
    double value = values->point[i];
    if (chooses(hopt_space_param(space, i))) {
        const json_t *constant = hopt_space_option_constant(space, i, (int)value);
        if (!json_is_number(constant)) return HOPT_VALUE_UNKNOWN;
        value = json_number_value(constant);
    }
    *out = value;
    return 0;
}

int hopt_lib__integer(const hopt_lib_values *values, const char *label, int64_t *out) {
    double value;
    int why = hopt_lib__real(values, label, &value);
    if (why != 0) return why;
    if (value != rint(value) || fabs(value) > 9.0e18) return HOPT_VALUE_UNKNOWN;
    *out = (int64_t)value;
    return 0;
}

int hopt_lib__option(const hopt_lib_values *values, const char *label, int *out) {
    int i = find(values, label);
    if (i < 0) return i;
    if (!chooses(hopt_space_param(values->shared->spec->space, i))) return HOPT_VALUE_UNKNOWN;
    *out = (int)values->point[i];
    return 0;
}

const char *hopt_lib__text(const hopt_lib_values *values, const char *label) {
    const hopt_space *space = values->shared->spec->space;
    int i = find(values, label);
    if (i < 0 || !chooses(hopt_space_param(space, i))) return NULL;
    int option = (int)values->point[i];
    const char *name = hopt_space_option_name(space, i, option);
    return name ? name : json_string_value(hopt_space_option_constant(space, i, option));
}

int hopt_lib__active(const hopt_lib_values *values, const char *label) {
    int i = find(values, label);
    return i >= 0 ? 1 : i == HOPT_VALUE_INACTIVE ? 0 : i;
}
