/* Where two spaces differ, in a person's words: a label, or else a path. */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/space/space_internal.h"

typedef struct walk {
    const hopt_space *a, *b;
    hopt_buf path;
} walk;

static bool same_dist(const hopt_dist *a, const hopt_dist *b) {
    if (a->kind != b->kind || a->low != b->low || a->high != b->high || a->q != b->q ||
        a->mu != b->mu || a->sigma != b->sigma || a->options != b->options)
        return false;
    return !a->probability ||
           !memcmp(a->probability, b->probability, (size_t)a->options * sizeof *a->probability);
}

static bool has_condition(const hopt_space *space, const hopt_param *param, const char *parent,
                          int option) {
    for (int i = 0; i < param->n_conditions; i++) {
        if (param->conditions[i].option == option &&
            !strcmp(space->params[param->conditions[i].parent].label, parent))
            return true;
    }
    return false;
}

static bool same_conditions(const hopt_space *a, const hopt_param *of_a, const hopt_space *b,
                            const hopt_param *of_b) {
    if (of_a->n_conditions != of_b->n_conditions) return false;
    for (int i = 0; i < of_a->n_conditions; i++) {
        const hopt_condition *condition = &of_a->conditions[i];
        if (!has_condition(b, of_b, a->params[condition->parent].label, condition->option))
            return false;
    }
    return true;
}

static const char *different_label(const hopt_space *a, const hopt_space *b) {
    for (int i = 0; i < a->size; i++) {
        const hopt_param *param = &a->params[i];
        int j = hopt_space_find(b, param->label);
        if (j < 0 || !same_dist(&param->dist, &b->params[j].dist) ||
            !same_conditions(a, param, b, &b->params[j]))
            return param->label;
    }
    for (int i = 0; i < b->size; i++) {
        if (hopt_space_find(a, b->params[i].label) < 0) return b->params[i].label;
    }
    return NULL;
}

static bool differ(walk *w, const hopt_space__node *a, const hopt_space__node *b);

static void enter(walk *w, const char *key, size_t index) {
    if (w->path.length) hopt_buf_char(&w->path, '/');
    if (key)
        hopt_buf_text(&w->path, key);
    else
        hopt_buf_print(&w->path, "%zu", index);
}

static bool differ_children(walk *w, const hopt_space__node *a, const hopt_space__node *b) {
    size_t length = w->path.length;
    for (size_t i = 0; i < a->n || i < b->n; i++) {
        const hopt_space__node *longer = i < a->n ? a : b;
        enter(w, longer->keys ? longer->keys[i] : NULL, i);
        if (i >= a->n || i >= b->n) return true;
        if (a->keys && strcmp(a->keys[i], b->keys[i]) != 0) return true;
        if (differ(w, &a->children[i], &b->children[i])) return true;
        w->path.length = length;
        if (w->path.data) w->path.data[length] = '\0';
    }
    return false;
}

static bool differ_params(walk *w, int a, int b) {
    const hopt_param *of_a = &w->a->params[a], *of_b = &w->b->params[b];
    size_t length = w->path.length;
    if (strcmp(of_a->label, of_b->label) != 0) return true;
    for (int i = 0; i < of_a->dist.options; i++) {
        const hopt_space__branch *branch = &w->a->extra[a].branches[i];
        enter(w, branch->name, (size_t)i);
        if (differ(w, &branch->node, &w->b->extra[b].branches[i].node)) return true;
        w->path.length = length;
        if (w->path.data) w->path.data[length] = '\0';
    }
    return false;
}

/** True when they differ; the path then says where. */
static bool differ(walk *w, const hopt_space__node *a, const hopt_space__node *b) {
    if (a->kind != b->kind) return true;
    if (a->kind == NODE_PARAM) return differ_params(w, a->param, b->param);
    if (a->kind != NODE_CONST) return differ_children(w, a, b);
    char *of_a = hopt_json_text(a->json), *of_b = hopt_json_text(b->json);
    bool different = strcmp(of_a, of_b) != 0;
    free(of_a);
    free(of_b);
    return different;
}

char *hopt_space_difference(const hopt_space *a, const hopt_space *b) {
    if (!strcmp(a->canonical, b->canonical)) return NULL;
    const char *label = different_label(a, b);
    if (label) return hopt_strdup(label);
    walk w = {a, b, HOPT_BUF_INIT};
    differ(&w, &a->root, &b->root);
    if (!w.path.length) hopt_buf_text(&w.path, "space");
    return hopt_buf_take(&w.path);
}
