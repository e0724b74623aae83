/* The space as a tree for people: names at the left with branch lines, what they are at the right,
 * in one column. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/space/space_internal.h"

/** Texts are cut here, and names longer than the column push theirs out. */
enum { COLUMN_MAX = 40, TEXT_MAX = 60, OPTIONS_INLINE = 60 };

typedef struct line {
    char *left, *right;
    size_t width; /**< of left, in characters */
} line;

typedef struct drawing {
    const hopt_space *space;
    bool utf8;
    hopt_buf prefix; /**< the branch lines that go on below */
    int depth;
    line *lines;
    size_t n, capacity;
    bool *seen; /**< parameters drawn already */
} drawing;

static void draw_children(drawing *d, const hopt_space__node *node);

static size_t width_of(const char *text) {
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/** A text of the file on a terminal: nothing that moves the cursor, and not for ever. */
static void add_text(hopt_buf *out, const char *text, size_t max) {
    size_t n = 0;
    for (; *text; text++) {
        bool start = ((unsigned char)*text & 0xc0) != 0x80;
        if (start && n++ == max) {
            hopt_buf_text(out, "...");
            return;
        }
        hopt_buf_char(out, (unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
    }
}

/** One line; `last` of its siblings. Gives its right side away to be filled. */
static void add_line(drawing *d, const char *name, bool last, hopt_buf *right) {
    hopt_buf left = HOPT_BUF_INIT;
    hopt_buf_text(&left, hopt_buf_string(&d->prefix));
    if (d->depth)
        hopt_buf_text(&left, d->utf8 ? (last ? "\u2514\u2500 " : "\u251c\u2500 ")
                                     : (last ? "`- " : "|- "));
    add_text(&left, name, TEXT_MAX);
    d->lines = hopt_grow(d->lines, d->n, &d->capacity, sizeof *d->lines);
    d->lines[d->n].width = width_of(hopt_buf_string(&left));
    d->lines[d->n].left = hopt_buf_take(&left);
    d->lines[d->n++].right = hopt_buf_take(right);
}

static bool leaf(const hopt_space__branch *branch) {
    if (branch->node.kind != NODE_CONST) return false;
    return branch->name ? json_object_size(branch->node.json) == 1
                        : !json_is_object(branch->node.json) && !json_is_array(branch->node.json);
}

/** "a, b, c" when every option is a plain value and they fit a line. */
static bool inline_options(const drawing *d, int i, hopt_buf *right) {
    const hopt_dist *dist = &d->space->params[i].dist;
    hopt_buf list = HOPT_BUF_INIT;
    bool good = dist->kind == HOPT_CHOICE;
    for (int k = 0; good && k < dist->options; k++) {
        good = leaf(&d->space->extra[i].branches[k]) && list.length <= OPTIONS_INLINE;
        if (k) hopt_buf_text(&list, ", ");
        if (good) hopt_space_option_text(d->space, i, k, &list);
    }
    good = good && list.length <= OPTIONS_INLINE;
    if (good) {
        hopt_buf_text(right, ": ");
        add_text(right, hopt_buf_string(&list), OPTIONS_INLINE);
    }
    hopt_buf_clear(&list);
    return good;
}

static void describe_param(drawing *d, int i, bool again, const char *path, hopt_buf *right) {
    const hopt_param *param = &d->space->params[i];
    if (again) {
        hopt_buf_text(right, "shared: ");
        add_text(right, param->label, TEXT_MAX);
        return;
    }
    hopt_dist_text(&param->dist, right);
    if (d->space->extra[i].labelled && strcmp(path, param->label) != 0) {
        hopt_buf_text(right, "  (label ");
        add_text(right, param->label, TEXT_MAX);
        hopt_buf_char(right, ')');
    }
}

static void describe_constant(const json_t *json, hopt_buf *right) {
    char *text = hopt_json_text(json);
    hopt_buf_text(right, "= ");
    add_text(right, text, TEXT_MAX);
    free(text);
}

static void enter(drawing *d, bool last) {
    if (d->depth++) hopt_buf_text(&d->prefix, last ? "   " : d->utf8 ? "\u2502  " : "|  ");
}

static void leave(drawing *d, size_t prefix) {
    d->depth--;
    d->prefix.length = prefix;
    if (d->prefix.data) d->prefix.data[prefix] = '\0';
}

static void draw_node(drawing *d, const char *name, const hopt_space__node *node, bool last,
                      hopt_buf *right);

static void draw_options(drawing *d, int i) {
    const hopt_dist *dist = &d->space->params[i].dist;
    for (int k = 0; k < dist->options; k++) {
        const hopt_space__branch *branch = &d->space->extra[i].branches[k];
        hopt_buf name = HOPT_BUF_INIT, right = HOPT_BUF_INIT;
        char weight[HOPT_JSON_NUMBER];
        hopt_space_option_text(d->space, i, k, &name);
        if (dist->probability) {
            hopt_json_number(weight, dist->probability[k]);
            hopt_buf_print(&right, "p %s", weight);
        }
        if (leaf(branch)) {
            add_line(d, hopt_buf_string(&name), k == dist->options - 1, &right);
        } else {
            if (right.length && branch->node.kind == NODE_PARAM) hopt_buf_text(&right, "  ");
            draw_node(d, hopt_buf_string(&name), &branch->node, k == dist->options - 1, &right);
        }
        hopt_buf_clear(&name);
    }
}

static void draw_node(drawing *d, const char *name, const hopt_space__node *node, bool last,
                      hopt_buf *right) {
    size_t prefix = d->prefix.length;
    bool draw_below = node->kind != NODE_CONST;
    if (node->kind == NODE_CONST) {
        if (right->length) hopt_buf_text(right, "  ");
        describe_constant(node->json, right);
    } else if (node->kind == NODE_PARAM) {
        describe_param(d, node->param, d->seen[node->param], name, right);
        draw_below = !d->seen[node->param] && d->space->params[node->param].dist.options &&
                     !inline_options(d, node->param, right);
        d->seen[node->param] = true;
    }
    add_line(d, name, last, right);
    if (!draw_below) return;
    enter(d, last);
    if (node->kind == NODE_PARAM)
        draw_options(d, node->param);
    else
        draw_children(d, node);
    leave(d, prefix);
}

static void draw_children(drawing *d, const hopt_space__node *node) {
    size_t last = node->n;
    bool object = node->kind == NODE_OBJECT;
    while (last > 0 && object && !strcmp(node->keys[last - 1], "_name"))
        last--; /* the option's line says it already */
    for (size_t i = 0; i < last; i++) {
        char index[24];
        hopt_buf right = HOPT_BUF_INIT;
        snprintf(index, sizeof index, "%zu", i);
        if (object && !strcmp(node->keys[i], "_name")) continue;
        draw_node(d, object ? node->keys[i] : index, &node->children[i], i + 1 == last, &right);
    }
}

void hopt_space_print_tree(const hopt_space *space, hopt_buf *out, bool utf8) {
    drawing d = {.space = space, .utf8 = utf8};
    hopt_buf right = HOPT_BUF_INIT;
    d.seen = hopt_zalloc((size_t)space->size, sizeof *d.seen);
    if (space->root.kind == NODE_PARAM)
        draw_node(&d, space->params[space->root.param].label, &space->root, true, &right);
    else
        draw_children(&d, &space->root);
    size_t column = 0;
    for (size_t i = 0; i < d.n; i++) {
        if (d.lines[i].width > column && d.lines[i].width <= COLUMN_MAX) column = d.lines[i].width;
    }
    for (size_t i = 0; i < d.n; i++) {
        hopt_buf_text(out, d.lines[i].left);
        if (*d.lines[i].right) {
            for (size_t k = d.lines[i].width; k < column + 2; k++)
                hopt_buf_char(out, ' ');
            if (d.lines[i].width >= column + 2) hopt_buf_text(out, "  ");
            hopt_buf_text(out, d.lines[i].right);
        }
        hopt_buf_char(out, '\n');
        free(d.lines[i].left);
        free(d.lines[i].right);
    }
    free(d.lines);
    free(d.seen);
    hopt_buf_clear(&d.prefix);
}
