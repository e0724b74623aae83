/* From a point to the structure that the objective gets, and to texts. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/space/space_internal.h"

static json_t *copy_constant(const json_t *json) {
    /* A scalar can't be changed under us; what can is copied, the result being the caller's. */
    if (json_is_object(json) || json_is_array(json)) return json_deep_copy(json);
    return json_incref((json_t *)json);
}

static json_t *number_of(const hopt_dist *dist, double value) {
    HOPT_ASSERT(isfinite(value));
    if (hopt_dist__whole(dist) && fabs(value) < 0x1p63)
        return json_integer((json_int_t)rint(value));
    return json_real(value + 0.0);
}

static const hopt_space__branch *branch_of(const hopt_space *space, int i, const double *point) {
    HOPT_ASSERT(hopt_dist_contains(&space->params[i].dist, point[i]));
    return &space->extra[i].branches[(int)point[i]];
}

static json_t *resolve_param(const hopt_space *space, int i, const double *point) {
    const hopt_dist *dist = &space->params[i].dist;
    if (!dist->options) return number_of(dist, point[i]);
    return hopt_space__resolve_node(space, &branch_of(space, i, point)->node, point);
}

json_t *hopt_space__resolve_node(const hopt_space *space, const hopt_space__node *node,
                                 const double *point) {
    if (node->kind == NODE_CONST) return copy_constant(node->json);
    if (node->kind == NODE_PARAM) return resolve_param(space, node->param, point);
    json_t *out = node->kind == NODE_LIST ? json_array() : json_object();
    for (size_t i = 0; i < node->n; i++) {
        json_t *child = hopt_space__resolve_node(space, &node->children[i], point);
        if (node->kind == NODE_LIST)
            json_array_append_new(out, child);
        else
            json_object_set_new_nocheck(out, node->keys[i], child);
    }
    return out;
}

json_t *hopt_space_resolve(const hopt_space *space, const double *point) {
    return hopt_space__resolve_node(space, &space->root, point);
}

static bool scalar_text(const json_t *json, hopt_buf *out) {
    if (json_is_object(json) || json_is_array(json)) return false;
    if (json_is_string(json))
        hopt_buf_text(out, json_string_value(json));
    else
        hopt_json_print(out, json);
    return true;
}

static const hopt_space__branch *option_of(const hopt_space *space, int i, int option) {
    HOPT_ASSERT(option >= 0 && option < hopt_space_param(space, i)->dist.options);
    return &space->extra[i].branches[option];
}

const char *hopt_space_option_name(const hopt_space *space, int i, int option) {
    return option_of(space, i, option)->name;
}

const json_t *hopt_space_option_constant(const hopt_space *space, int i, int option) {
    const hopt_space__branch *branch = option_of(space, i, option);
    return branch->node.kind == NODE_CONST ? branch->node.json : NULL;
}

void hopt_space_option_text(const hopt_space *space, int i, int option, hopt_buf *out) {
    const hopt_space__branch *branch = option_of(space, i, option);
    if (branch->name)
        hopt_buf_text(out, branch->name);
    else if (branch->node.kind != NODE_CONST || !scalar_text(branch->node.json, out))
        hopt_buf_print(out, "%d", option);
}

void hopt_space_value_text(const hopt_space *space, const double *point, int i, hopt_buf *out) {
    const hopt_param *param = hopt_space_param(space, i);
    if (isnan(point[i])) return;
    const hopt_space__branch *branch = param->dist.options ? branch_of(space, i, point) : NULL;
    if (branch && branch->name) {
        hopt_buf_text(out, branch->name);
        return;
    }
    json_t *value = resolve_param(space, i, point);
    if (json_is_real(value)) { /* 3, not 3.0: a command line has no types */
        char number[HOPT_JSON_NUMBER];
        hopt_json_number(number, json_real_value(value));
        hopt_buf_text(out, number);
    } else if (!scalar_text(value, out)) {
        hopt_json_print(out, value);
    }
    json_decref(value);
}
