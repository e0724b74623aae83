/* hyperopt's form of a point: label -> [] or [v]. */
#include <math.h>

#include "common/space/space_internal.h"

json_t *hopt_space_vals(const hopt_space *space, const double *point) {
    json_t *vals = json_object();
    for (int i = 0; i < space->size; i++) {
        const hopt_param *param = &space->params[i];
        json_t *list = json_array();
        if (isfinite(point[i])) {
            bool integer = param->dist.options || param->dist.kind == HOPT_RANDINT;
            json_array_append_new(list, integer ? json_integer((json_int_t)point[i])
                                                : json_real(point[i]));
        }
        json_object_set_new_nocheck(vals, param->label, list);
    }
    return vals;
}

static hopt_status read_list(double *value, const char *label, const json_t *list,
                             hopt_error *err) {
    size_t n = json_array_size(list);
    *value = NAN;
    if (json_is_array(list) && n == 0) return HOPT_OK;
    if (!json_is_array(list) || n != 1)
        return hopt_error_set(err, HOPT_EINVAL, "`%s`: give [] or [value]", label);
    const json_t *item = json_array_get(list, 0);
    if (!json_is_number(item))
        return hopt_error_set(err, HOPT_EINVAL, "`%s`: its value must be a number", label);
    *value = json_number_value(item);
    return HOPT_OK;
}

static hopt_status unknown_label(const hopt_space *space, const json_t *vals, hopt_error *err) {
    json_t *walk = (json_t *)vals;
    for (void *i = json_object_iter(walk); i; i = json_object_iter_next(walk, i)) {
        const char *label = json_object_iter_key(i);
        if (hopt_space_find(space, label) < 0)
            return hopt_error_set(err, HOPT_EINVAL, "`%.255s` is no label of the space: remove it",
                                  label);
    }
    return HOPT_OK;
}

hopt_status hopt_space_from_vals(const hopt_space *space, double *point, const json_t *vals,
                                 hopt_error *err) {
    for (int i = 0; i < space->size; i++)
        point[i] = NAN;
    if (!json_is_object(vals))
        return hopt_error_set(err, HOPT_EINVAL, "vals must be an object of label: [value]");
    size_t found = 0;
    for (int i = 0; i < space->size; i++) {
        const char *label = space->params[i].label;
        const json_t *list = json_object_get(vals, label);
        if (!list) continue;
        found++;
        hopt_status status = read_list(&point[i], label, list, err);
        if (status != HOPT_OK) return status;
    }
    if (found != json_object_size(vals)) {
        hopt_status status = unknown_label(space, vals, err);
        if (status != HOPT_OK) return status;
    }
    return hopt_space_check_point(space, point, err);
}
