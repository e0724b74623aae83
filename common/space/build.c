/* After a parse without errors: parameters into topological order, conditions settled. */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/space/space_internal.h"

static int by_parent(const void *left, const void *right) {
    const hopt_condition *a = left, *b = right;
    if (a->parent != b->parent) return a->parent < b->parent ? -1 : 1;
    return (a->option > b->option) - (a->option < b->option);
}

static void settle_conditions(hopt_space__extra *extra) {
    if (extra->unconditional) extra->n_conditions = 0;
    if (extra->n_conditions < 2) return;
    qsort(extra->conditions, extra->n_conditions, sizeof *extra->conditions, by_parent);
    size_t kept = 1;
    for (size_t i = 1; i < extra->n_conditions; i++) {
        if (by_parent(&extra->conditions[kept - 1], &extra->conditions[i]))
            extra->conditions[kept++] = extra->conditions[i];
    }
    extra->n_conditions = kept;
}

/**
 * `place[old] = new`: of the parameters whose parents are all placed, the one that appeared first
 * comes next. A parent can come after its child in the text only when the child is shared.
 */
static void sort_params(const hopt_space *space, int *place) {
    size_t *checked = hopt_zalloc((size_t)space->size, sizeof *checked);
    for (int i = 0; i < space->size; i++)
        place[i] = -1;
    for (int next = 0; next < space->size; next++) {
        int found = -1;
        for (int i = 0; i < space->size && found < 0; i++) {
            const hopt_space__extra *extra = &space->extra[i];
            if (place[i] >= 0) continue;
            while (checked[i] < extra->n_conditions &&
                   place[extra->conditions[checked[i]].parent] >= 0)
                checked[i]++;
            if (checked[i] == extra->n_conditions) found = i;
        }
        /* A cycle would need two definitions that hold each other; texts are finite. */
        HOPT_ASSERT(found >= 0);
        place[found] = next;
    }
    free(checked);
}

static void renumber(hopt_space__node *node, const int *place) {
    if (node->kind == NODE_PARAM) node->param = place[node->param];
    for (size_t i = 0; i < node->n; i++)
        renumber(&node->children[i], place);
}

static void apply_order(hopt_space *space, const int *place) {
    size_t n = (size_t)space->size;
    hopt_param *params = hopt_zalloc(n, sizeof *params);
    hopt_space__extra *extra = hopt_zalloc(n, sizeof *extra);
    for (size_t i = 0; i < n; i++) {
        params[place[i]] = space->params[i];
        extra[place[i]] = space->extra[i];
    }
    free(space->params);
    free(space->extra);
    space->params = params;
    space->extra = extra;
    renumber(&space->root, place);
    for (size_t i = 0; i < n; i++) {
        for (int k = 0; extra[i].branches && k < params[i].dist.options; k++)
            renumber(&extra[i].branches[k].node, place);
        for (size_t k = 0; k < extra[i].n_conditions; k++)
            extra[i].conditions[k].parent = place[extra[i].conditions[k].parent];
        settle_conditions(&extra[i]);
    }
}

void hopt_space__build(hopt_space *space) {
    int *place = hopt_zalloc((size_t)space->size, sizeof *place);
    for (int i = 0; i < space->size; i++)
        settle_conditions(&space->extra[i]);
    sort_params(space, place);
    apply_order(space, place);
    free(place);
    json_object_clear(space->index);
    for (int i = 0; i < space->size; i++) {
        hopt_space__extra *extra = &space->extra[i];
        hopt_param *param = &space->params[i];
        param->label = extra->label;
        param->conditions = extra->n_conditions ? extra->conditions : NULL;
        param->n_conditions = (int)extra->n_conditions;
        json_object_set_new(space->index, param->label, json_integer(i));
        free(extra->path);
        extra->path = NULL;
    }
    space->canonical = hopt_space__print_canonical(space);
    space->hash = hopt_hash_fnv1a(HOPT_FNV_START, space->canonical, strlen(space->canonical));
}
