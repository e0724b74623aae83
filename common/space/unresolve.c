/* From the structure that a person gives, or the objective got, back to a point.
 *
 * An option with a _name is found by it. One without is found by value, which for an option that
 * holds parameters means: the first that fits. Such a try is quiet and undone when it fails. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/space/space_internal.h"

typedef struct reader {
    const hopt_space *space;
    double *point;
    const char *text; /**< for positions, or NULL */
    size_t length;
    hopt_buf path;
    hopt_error *err;
    bool quiet;  /**< a try: no message is made */
    bool exact;  /**< of a try: 1 is not 1.0, since the objective got one of them */
    bool strict; /**< constants must be there: they tell one unnamed option from another */
    int *trail;  /**< parameters in the order they were set */
    int n_trail;
} reader;

static bool read_node(reader *r, const hopt_space__node *node, const json_t *json, int within);

/** Always false, so that a caller can return it. */
static bool fail(reader *r, bool key, const char *format, ...) HOPT_PRINTF(3, 4);
static bool fail(reader *r, bool key, const char *format, ...) {
    if (r->quiet) return false;
    char what[HOPT_ERROR_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    int line = 0, column = 0;
    if (!r->text ||
        !hopt_json_locate(&line, &column, r->text, r->length, hopt_buf_string(&r->path), key))
        line = column = 0;
    hopt_error_at(r->err, HOPT_EINVAL, line, column, "%s", what);
    return false;
}

static void cut(reader *r, size_t length) {
    r->path.length = length;
    if (r->path.data) r->path.data[length] = '\0';
}

static void undo(reader *r, int n_trail) {
    while (r->n_trail > n_trail)
        r->point[r->trail[--r->n_trail]] = NAN;
}

static bool set(reader *r, int i, double value) {
    if (isnan(r->point[i])) {
        r->point[i] = value;
        r->trail[r->n_trail++] = i;
        return true;
    }
    if (r->point[i] == value) return true;
    return fail(r, false,
                "`%s` has two different values: it is one shared parameter, give one value",
                r->space->params[i].label);
}

bool hopt_space__same_json(const json_t *a, const json_t *b, bool loosely) {
    if (loosely && json_is_number(a) && json_is_number(b))
        return json_number_value(a) == json_number_value(b);
    if (!a || !b || json_typeof(a) != json_typeof(b)) return false;
    if (json_is_array(a)) {
        if (json_array_size(a) != json_array_size(b)) return false;
        for (size_t i = 0; i < json_array_size(a); i++) {
            if (!hopt_space__same_json(json_array_get(a, i), json_array_get(b, i), loosely))
                return false;
        }
        return true;
    }
    if (!json_is_object(a)) return json_equal(a, b);
    if (json_object_size(a) != json_object_size(b)) return false;
    json_t *walk = (json_t *)a;
    for (void *i = json_object_iter(walk); i; i = json_object_iter_next(walk, i)) {
        const json_t *other = json_object_get(b, json_object_iter_key(i));
        if (!hopt_space__same_json(json_object_iter_value(i), other, loosely)) return false;
    }
    return true;
}

static bool read_number(reader *r, int i, const json_t *json) {
    const hopt_param *param = &r->space->params[i];
    const hopt_dist *dist = &param->dist;
    double value = json_number_value(json);
    bool integer = hopt_dist__whole(dist) && fabs(value) < 0x1p63;
    if (r->exact && (json_is_integer(json) != integer || hopt_dist__snap(dist, value) != value))
        return false;
    if (json_is_number(json) && hopt_dist_contains(dist, value))
        return set(r, i, hopt_dist__snap(dist, value));
    if (r->quiet) return false;
    hopt_buf support = HOPT_BUF_INIT;
    char *got = hopt_json_text(json);
    hopt_dist_text(dist, &support);
    if (json_is_number(json))
        fail(r, false, "`%s`: %s is outside of its values: give one of %s", param->label, got,
             hopt_buf_string(&support));
    else
        fail(r, false, "`%s` must be a number, got %.60s: give one of %s", param->label, got,
             hopt_buf_string(&support));
    hopt_buf_clear(&support);
    free(got);
    return false;
}

/* ---- choices ---- */

static bool no_option(reader *r, int i, const char *got) {
    if (r->quiet) return false;
    const hopt_param *param = &r->space->params[i];
    hopt_buf list = HOPT_BUF_INIT;
    for (int k = 0; k < param->dist.options && list.length < 120; k++) {
        if (k) hopt_buf_text(&list, ", ");
        hopt_space_option_text(r->space, i, k, &list);
        if (list.length >= 120 && k + 1 < param->dist.options) hopt_buf_text(&list, ", ...");
    }
    fail(r, false, "`%s`: %.100s is none of its options: %.160s", param->label, got,
         hopt_buf_string(&list));
    hopt_buf_clear(&list);
    return false;
}

static bool try_branch(reader *r, int i, int option, const json_t *json) {
    int before = r->n_trail;
    if (set(r, i, option) && read_node(r, &r->space->extra[i].branches[option].node, json, i))
        return true;
    undo(r, before);
    return false;
}

/** The option of this name, or -1; `*others`: some have no name and hold parameters. */
static int named_option(const reader *r, int i, const char *name, bool *others) {
    const hopt_space__extra *extra = &r->space->extra[i];
    int named = -1;
    *others = false;
    for (int k = 0; k < r->space->params[i].dist.options; k++) {
        const hopt_space__branch *branch = &extra->branches[k];
        if (!branch->name)
            *others = *others || branch->node.kind != NODE_CONST;
        else if (name && !strcmp(branch->name, name))
            named = k;
    }
    return named;
}

static bool try_named(reader *r, int i, int option, const json_t *json) {
    bool strict = r->strict;
    r->strict = false; /* the name tells the option */
    bool good = try_branch(r, i, option, json);
    r->strict = strict;
    return good;
}

static int constant_option(const reader *r, int i, const json_t *json, bool loosely) {
    const hopt_space__extra *extra = &r->space->extra[i];
    for (int k = 0; k < r->space->params[i].dist.options; k++) {
        const hopt_space__branch *branch = &extra->branches[k];
        if (!branch->name && branch->node.kind == NODE_CONST &&
            hopt_space__same_json(branch->node.json, json, loosely))
            return k;
    }
    return -1;
}

/** Whether the option's shape could take the value: a hint which option was meant. */
static bool plausible(const hopt_space__node *node, const json_t *json) {
    if (node->kind == NODE_LIST) return json_is_array(json);
    if (node->kind == NODE_OBJECT) return json_is_object(json);
    return true;
}

/**
 * Set the first option that fits; quietly. An option without a name may be a choice itself, whose
 * options have names: so those are tried also for an object with a _name.
 */
static bool find_option(reader *r, int i, int named, const json_t *json) {
    const hopt_space__extra *extra = &r->space->extra[i];
    if (named >= 0 && try_named(r, i, named, json)) return true;
    int option = constant_option(r, i, json, !r->exact);
    if (option >= 0) return set(r, i, option);
    bool strict = r->strict, good = false;
    r->strict = true;
    for (int k = 0; k < r->space->params[i].dist.options && !good; k++) {
        const hopt_space__branch *branch = &extra->branches[k];
        if (!branch->name && branch->node.kind != NODE_CONST) good = try_branch(r, i, k, json);
    }
    r->strict = strict;
    return good;
}

/** The only option that can have been meant, or -1. */
static int only_candidate(const reader *r, int i, const json_t *json) {
    const hopt_space__extra *extra = &r->space->extra[i];
    int candidate = -1;
    for (int k = 0; k < r->space->params[i].dist.options; k++) {
        const hopt_space__branch *branch = &extra->branches[k];
        if (branch->name || branch->node.kind == NODE_CONST || !plausible(&branch->node, json))
            continue;
        if (candidate >= 0) return -1;
        candidate = k;
    }
    return candidate;
}

/** No option fits: say what is wrong with the one that was meant, if that is clear. */
static bool explain(reader *r, int i, const char *name, int named, const json_t *json) {
    if (named >= 0) return try_named(r, i, named, json);
    int candidate = only_candidate(r, i, json);
    if (candidate >= 0) {
        bool strict = r->strict;
        r->strict = true;
        bool good = try_branch(r, i, candidate, json);
        r->strict = strict;
        return good;
    }
    size_t path = r->path.length;
    char *got = name ? hopt_strdup(name) : hopt_json_text(json);
    if (name) hopt_json_path_key(&r->path, "_name");
    no_option(r, i, got);
    cut(r, path);
    free(got);
    return false;
}

static bool read_choice(reader *r, int i, const json_t *json) {
    bool others;
    const char *name = hopt_json_string_of(json, "_name");
    int named = named_option(r, i, name, &others);
    if (named >= 0 && !others) return try_named(r, i, named, json);
    if (r->quiet) return find_option(r, i, named, json); /* the outermost try says how exactly */
    r->quiet = r->exact = true;
    bool good = find_option(r, i, named, json);
    r->exact = false;
    good = good || find_option(r, i, named, json);
    r->quiet = false;
    return good || explain(r, i, name, named, json);
}

static bool read_param(reader *r, int i, const json_t *json) {
    return r->space->params[i].dist.options ? read_choice(r, i, json) : read_number(r, i, json);
}

/* ---- structure ---- */

/** The first label in a node that has one. */
static const char *first_label(const hopt_space *space, const hopt_space__node *node) {
    if (node->kind == NODE_PARAM) return space->params[node->param].label;
    for (size_t i = 0; i < node->n; i++) {
        const char *label = first_label(space, &node->children[i]);
        if (label) return label;
    }
    return NULL;
}

static bool has_key(const hopt_space__node *node, const char *key) {
    for (size_t i = 0; node->kind == NODE_OBJECT && i < node->n; i++) {
        if (!strcmp(node->keys[i], key)) return true;
    }
    return false;
}

/** A key that the node does not have: perhaps one of another option. */
static bool unknown_key(reader *r, const hopt_space__node *node, const json_t *json, int within) {
    json_t *walk = (json_t *)json;
    for (void *at = json_object_iter(walk); at; at = json_object_iter_next(walk, at)) {
        const char *key = json_object_iter_key(at);
        if (node->kind == NODE_OBJECT ? has_key(node, key)
                                      : json_object_get(node->json, key) != NULL)
            continue;
        size_t path = r->path.length;
        hopt_json_path_key(&r->path, key);
        const hopt_param *choice = within >= 0 ? &r->space->params[within] : NULL;
        const hopt_space__branch *branches = choice ? r->space->extra[within].branches : NULL;
        bool inactive = false;
        for (int k = 0; choice && k < choice->dist.options; k++)
            inactive = inactive || has_key(&branches[k].node, key);
        if (inactive)
            fail(r, true, "`%s`: `%.100s` is inactive, it belongs to another option: remove it",
                 choice->label, key);
        else
            fail(r, true, "unknown key `%.100s`, the space has none here: remove it", key);
        cut(r, path);
        return false;
    }
    return true;
}

static bool read_object(reader *r, const hopt_space__node *node, const json_t *json, int within) {
    size_t path = r->path.length, found = 0;
    for (size_t i = 0; i < node->n; i++) {
        const hopt_space__node *child = &node->children[i];
        const json_t *member = json_object_get(json, node->keys[i]);
        if (!member) {
            if (child->kind == NODE_CONST && !r->strict) continue;
            const char *label = first_label(r->space, child);
            return fail(r, false, "`%.255s` is missing: every active parameter needs a value",
                        label ? label : node->keys[i]);
        }
        found++;
        hopt_json_path_key(&r->path, node->keys[i]);
        bool good = read_node(r, child, member, -1);
        cut(r, path);
        if (!good) return false;
    }
    return found == json_object_size(json) || unknown_key(r, node, json, within);
}

static bool read_list(reader *r, const hopt_space__node *node, const json_t *json) {
    size_t path = r->path.length;
    if (json_array_size(json) != node->n)
        return fail(r, false, "a list of %zu elements where the space has %zu",
                    json_array_size(json), node->n);
    for (size_t i = 0; i < node->n; i++) {
        hopt_json_path_index(&r->path, i);
        bool good = read_node(r, &node->children[i], json_array_get(json, i), -1);
        cut(r, path);
        if (!good) return false;
    }
    return true;
}

static bool read_constant(reader *r, const hopt_space__node *node, const json_t *json, int within) {
    if (hopt_space__same_json(node->json, json, !r->exact)) return true;
    if (r->quiet) return false;
    if (json_is_object(node->json) && json_is_object(json) && !unknown_key(r, node, json, within))
        return false;
    char *want = hopt_json_text(node->json), *got = hopt_json_text(json);
    fail(r, false, "%.100s given where the space has the constant %.100s: leave it out", got, want);
    free(want);
    free(got);
    return false;
}

/** @param within  the choice that the node is an option of, or -1. */
static bool read_node(reader *r, const hopt_space__node *node, const json_t *json, int within) {
    switch (node->kind) {
    case NODE_CONST:
        return read_constant(r, node, json, within);
    case NODE_PARAM:
        return read_param(r, node->param, json);
    case NODE_LIST:
        if (json_is_array(json)) return read_list(r, node, json);
        return fail(r, false, "a list is expected here, as in the space");
    case NODE_OBJECT:
        break;
    }
    if (json_is_object(json)) return read_object(r, node, json, within);
    return fail(r, false, "an object is expected here, as in the space");
}

hopt_status hopt_space_unresolve(const hopt_space *space, double *point, const json_t *resolved,
                                 const char *text, size_t length, const char *path,
                                 hopt_error *err) {
    reader r = {.space = space, .point = point, .text = text, .length = length, .err = err};
    r.trail = hopt_zalloc((size_t)space->size, sizeof *r.trail);
    hopt_buf_text(&r.path, path ? path : "");
    for (int i = 0; i < space->size; i++)
        point[i] = NAN;
    bool good = read_node(&r, &space->root, resolved, -1);
    hopt_buf_clear(&r.path);
    free(r.trail);
    return good ? HOPT_OK : HOPT_EINVAL;
}
