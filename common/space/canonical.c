/* The canonical text: the space's structure in the order of its file, with every label spelled out
 * and numbers in one form. Order stays significant, since the samplers draw in it. A shared
 * parameter is printed where it first occurs, later by its label alone. */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/space/space_internal.h"

typedef struct printer {
    const hopt_space *space;
    hopt_buf out;
    bool *seen; /**< per parameter */
} printer;

static void print_node(printer *p, const hopt_space__node *node);

static void print_number(printer *p, char before, double value) {
    char number[HOPT_JSON_NUMBER];
    hopt_json_number(number, value);
    hopt_buf_char(&p->out, before);
    hopt_buf_text(&p->out, number);
}

static void print_options(printer *p, int i) {
    const hopt_dist *dist = &p->space->params[i].dist;
    hopt_buf_char(&p->out, '[');
    for (int k = 0; k < dist->options; k++) {
        if (k) hopt_buf_char(&p->out, ',');
        if (dist->probability) {
            print_number(p, '[', dist->probability[k]);
            hopt_buf_char(&p->out, ',');
        }
        print_node(p, &p->space->extra[i].branches[k].node);
        if (dist->probability) hopt_buf_char(&p->out, ']');
    }
}

static void print_param(printer *p, int i) {
    const hopt_param *param = &p->space->params[i];
    const hopt_dist *dist = &param->dist;
    hopt_buf_text(&p->out, "{\"_label\":");
    hopt_json_print_string(&p->out, param->label, strlen(param->label));
    if (p->seen[i]) {
        hopt_buf_char(&p->out, '}');
        return;
    }
    p->seen[i] = true;
    hopt_buf_print(&p->out, ",\"_type\":\"%s\",\"_value\":", hopt_dist_name(dist->kind));
    if (dist->options) {
        print_options(p, i);
    } else {
        bool normal = dist->sigma > 0;
        print_number(p, '[', normal ? dist->mu : dist->low);
        print_number(p, ',', normal ? dist->sigma : dist->high);
        if (dist->q > 0 && dist->kind != HOPT_UNIFORMINT) print_number(p, ',', dist->q);
    }
    hopt_buf_text(&p->out, "]}");
}

static void print_node(printer *p, const hopt_space__node *node) {
    if (node->kind == NODE_CONST) {
        hopt_json_print(&p->out, node->json);
        return;
    }
    if (node->kind == NODE_PARAM) {
        print_param(p, node->param);
        return;
    }
    bool list = node->kind == NODE_LIST;
    hopt_buf_char(&p->out, list ? '[' : '{');
    for (size_t i = 0; i < node->n; i++) {
        if (i) hopt_buf_char(&p->out, ',');
        if (!list) {
            hopt_json_print_string(&p->out, node->keys[i], strlen(node->keys[i]));
            hopt_buf_char(&p->out, ':');
        }
        print_node(p, &node->children[i]);
    }
    hopt_buf_char(&p->out, list ? ']' : '}');
}

char *hopt_space__print_canonical(const hopt_space *space) {
    printer p = {.space = space};
    p.seen = hopt_zalloc((size_t)space->size, sizeof *p.seen);
    print_node(&p, &space->root);
    free(p.seen);
    return hopt_buf_take(&p.out);
}
