/* The walk over a space's JSON: objects, lists, constants. Parameters are in parse_param.c. Every
 * error is kept and the walk goes on, so that a person sees all of them at once; a space is built
 * only when there was none. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/space/space_internal.h"

void hopt_space__fail(hopt_space__parser *p, const char *step, bool key, const char *label,
                      const char *format, ...) {
    hopt_error err;
    memset(&err, 0, sizeof err);
    err.code = HOPT_EINVAL;
    if (p->errors->count < HOPT_ERRORS_MAX) { /* beyond it only the total counts */
        char what[HOPT_ERROR_MESSAGE_MAX];
        va_list args;
        va_start(args, format);
        vsnprintf(what, sizeof what, format, args);
        va_end(args);
        int line = 0, column = 0;
        if (p->text) {
            size_t length = p->path.length;
            if (*step) {
                if (length) hopt_buf_char(&p->path, '/');
                hopt_buf_text(&p->path, step);
            }
            if (!hopt_json_locate(&line, &column, p->text, p->length, hopt_buf_string(&p->path),
                                  key))
                line = column = 0;
            p->path.length = length;
            if (p->path.data) p->path.data[length] = '\0';
        }
        if (*label)
            hopt_error_at(&err, HOPT_EINVAL, line, column, "`%.255s`: %s", label, what);
        else
            hopt_error_at(&err, HOPT_EINVAL, line, column, "the space: %s", what);
    }
    hopt_errors_add(p->errors, &err);
}

const char *hopt_space__here(const hopt_space__parser *p) {
    return hopt_buf_string(&p->label);
}

static void cut(hopt_buf *buf, size_t length) {
    buf->length = length;
    if (buf->data) buf->data[length] = '\0';
}

static void enter(hopt_space__parser *p, const char *key) {
    if (p->label.length) hopt_buf_char(&p->label, '/');
    hopt_buf_text(&p->label, key);
}

/** A node whose children are all constants is one itself. */
static void fold(hopt_space__node *node) {
    for (size_t i = 0; i < node->n; i++) {
        if (node->children[i].kind != NODE_CONST) return;
    }
    const json_t *json = node->json;
    hopt_space__node_clear(node);
    node->json = json;
}

static void parse_list(hopt_space__parser *p, hopt_space__node *node, const json_t *json) {
    size_t n = json_array_size(json), path = p->path.length, label = p->label.length;
    node->kind = NODE_LIST;
    node->children = hopt_zalloc(n ? n : 1, sizeof *node->children);
    node->n = n;
    for (size_t i = 0; i < n; i++) {
        char index[24];
        snprintf(index, sizeof index, "%zu", i);
        hopt_json_path_index(&p->path, i);
        enter(p, index);
        hopt_space__parse_node(p, &node->children[i], json_array_get(json, i), false);
        cut(&p->path, path);
        cut(&p->label, label);
    }
    fold(node);
}

static void check_key(hopt_space__parser *p, const char *key, const json_t *value, bool option) {
    if (key[0] != '_') return;
    if (strcmp(key, "_name") != 0) {
        hopt_space__fail(p, "", true, hopt_space__here(p),
                         "unknown key: keys that begin with _ are _type, _value, _label and, in an "
                         "option of a choice, _name");
    } else if (!option) {
        hopt_space__fail(p, "", true, hopt_space__here(p),
                         "_name belongs into an option of a choice: remove it");
    } else if (!json_is_string(value)) {
        hopt_space__fail(p, "", false, hopt_space__here(p), "_name must be a string");
    }
}

static void parse_object(hopt_space__parser *p, hopt_space__node *node, const json_t *json,
                         bool option) {
    size_t path = p->path.length, label = p->label.length, i = 0;
    node->kind = NODE_OBJECT;
    node->n = json_object_size(json);
    node->children = hopt_zalloc(node->n ? node->n : 1, sizeof *node->children);
    node->keys = hopt_zalloc(node->n ? node->n : 1, sizeof *node->keys);
    json_t *walk = (json_t *)json; /* iterators take a non-const object and leave it as it is */
    for (void *at = json_object_iter(walk); at; at = json_object_iter_next(walk, at), i++) {
        const char *key = json_object_iter_key(at);
        const json_t *value = json_object_iter_value(at);
        hopt_json_path_key(&p->path, key);
        enter(p, key);
        check_key(p, key, value, option);
        node->keys[i] = key;
        hopt_space__parse_node(p, &node->children[i], value, false);
        cut(&p->path, path);
        cut(&p->label, label);
    }
    fold(node);
}

void hopt_space__parse_node(hopt_space__parser *p, hopt_space__node *node, const json_t *json,
                            bool option) {
    memset(node, 0, sizeof *node);
    node->json = json;
    if (!json_is_object(json) && !json_is_array(json)) return;
    if (p->depth >= HOPT_SPACE_DEPTH_MAX) {
        hopt_space__fail(p, "", false, hopt_space__here(p),
                         "nested deeper than %d levels: flatten it", HOPT_SPACE_DEPTH_MAX);
        return;
    }
    p->depth++;
    if (json_is_array(json))
        parse_list(p, node, json);
    else if (json_object_get(json, "_type") || json_object_get(json, "_value") ||
             json_object_get(json, "_label"))
        hopt_space__parse_param(p, node, json);
    else
        parse_object(p, node, json, option);
    p->depth--;
}

void hopt_space__node_clear(hopt_space__node *node) {
    for (size_t i = 0; i < node->n; i++)
        hopt_space__node_clear(&node->children[i]);
    free(node->children);
    free(node->keys);
    memset(node, 0, sizeof *node);
}

hopt_status hopt_space_parse(hopt_space **out, const json_t *json, const char *text, size_t length,
                             const char *path, hopt_errors *errors) {
    *out = NULL;
    hopt_space *space = hopt_zalloc(1, sizeof *space);
    hopt_space__parser p = {.space = space, .text = text, .length = length, .errors = errors};
    size_t before = errors->total;
    p.choice = -1;
    hopt_buf_text(&p.path, path ? path : "");
    space->json = json_deep_copy(json);
    space->index = json_object();
    if (!json_is_object(json) && !json_is_array(json))
        hopt_space__fail(&p, "", false, "", "it must be an object of parameters");
    else
        hopt_space__parse_node(&p, &space->root, space->json, false);
    if (errors->total == before && !space->size)
        hopt_space__fail(&p, "", false, "",
                         "it has no parameter: give at least one, e.g. "
                         "{\"x\": {\"_type\": \"uniform\", \"_value\": [0, 1]}}");
    hopt_buf_clear(&p.path);
    hopt_buf_clear(&p.label);
    if (errors->total != before) {
        hopt_space_free(space);
        return HOPT_EINVAL;
    }
    hopt_space__build(space);
    *out = space;
    return HOPT_OK;
}
