/* The space itself: access, and what a point must fulfil. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/space/space_internal.h"

void hopt_space_free(hopt_space *space) {
    if (!space) return;
    for (int i = 0; i < space->size; i++) {
        hopt_space__extra *extra = &space->extra[i];
        for (int k = 0; extra->branches && k < space->params[i].dist.options; k++)
            hopt_space__node_clear(&extra->branches[k].node);
        free(extra->branches);
        free(extra->probability);
        free(extra->conditions);
        free(extra->label);
        free(extra->path);
    }
    hopt_space__node_clear(&space->root);
    free(space->params);
    free(space->extra);
    free(space->canonical);
    json_decref(space->index);
    json_decref(space->json);
    free(space);
}

int hopt_space_size(const hopt_space *space) {
    return space->size;
}

const hopt_param *hopt_space_param(const hopt_space *space, int i) {
    HOPT_ASSERT(i >= 0 && i < space->size);
    return &space->params[i];
}

int hopt_space_find(const hopt_space *space, const char *label) {
    const json_t *found = json_object_get(space->index, label);
    return found ? (int)json_integer_value(found) : -1;
}

char *hopt_space_canonical(const hopt_space *space) {
    return hopt_strdup(space->canonical);
}

uint64_t hopt_space_hash(const hopt_space *space) {
    return space->hash;
}

const json_t *hopt_space_json(const hopt_space *space) {
    return space->json;
}

bool hopt_space__active_masked(const hopt_param *param, const double *point) {
    for (int i = 0; i < param->n_conditions; i++) {
        /* An inactive parent is NaN, which equals no option. */
        if (point[param->conditions[i].parent] == param->conditions[i].option) return true;
    }
    return !param->n_conditions;
}

bool hopt_space_active(const hopt_space *space, const double *point, int i) {
    const hopt_param *param = hopt_space_param(space, i);
    for (int k = 0; k < param->n_conditions; k++) {
        const hopt_condition *condition = &param->conditions[k];
        if (point[condition->parent] == condition->option &&
            hopt_space_active(space, point, condition->parent))
            return true;
    }
    return !param->n_conditions;
}

hopt_status hopt_space_check_point(const hopt_space *space, const double *point, hopt_error *err) {
    for (int i = 0; i < space->size; i++) {
        const hopt_param *param = &space->params[i];
        /* All earlier ones were checked, so what is inactive among them is NaN. */
        if (!hopt_space__active_masked(param, point)) {
            if (isnan(point[i])) continue;
            return hopt_error_set(err, HOPT_EINVAL,
                                  "`%s` has a value, but is inactive: leave it out", param->label);
        }
        if (isnan(point[i]))
            return hopt_error_set(err, HOPT_EINVAL,
                                  "`%s` is missing: every active parameter needs a value",
                                  param->label);
        if (hopt_dist_contains(&param->dist, point[i])) continue;
        hopt_buf support = HOPT_BUF_INIT;
        char number[HOPT_JSON_NUMBER];
        hopt_json_number(number, point[i]);
        hopt_dist_text(&param->dist, &support);
        hopt_error_set(err, HOPT_EINVAL, "`%s`: %s is outside of its values: give one of %s",
                       param->label, number, hopt_buf_string(&support));
        hopt_buf_clear(&support);
        return HOPT_EINVAL;
    }
    return HOPT_OK;
}

void hopt_space_mask(const hopt_space *space, double *to, const double *from) {
    for (int i = 0; i < space->size; i++)
        to[i] = hopt_space__active_masked(&space->params[i], to) ? from[i] : NAN;
}
