#include "common/sampler/hyperopt/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"

/** The choices that a parameter's places in the space hang below, in hyperopt's order. */
typedef struct places {
    int *parents;
    size_t count, capacity;
} places;

/** A walk over the space's JSON as hyperopt converts it: an object's keys in byte order. */
typedef struct walk {
    const hopt_space *space;
    places *places; /* by parameter */
    hopt_buf label; /* what a parameter here would be called */
    int parent;     /* the enclosing choice, or -1 */
} walk;

static void walk_value(walk *w, const json_t *json);

static void walk_named(walk *w, const char *name, const json_t *json) {
    size_t length = w->label.length;
    if (length) hopt_buf_char(&w->label, '/');
    hopt_buf_text(&w->label, name);
    walk_value(w, json);
    w->label.length = length;
    if (w->label.data) w->label.data[length] = '\0';
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void walk_object(walk *w, const json_t *json) {
    size_t count = 0;
    const char **keys = hopt_zalloc(json_object_size(json) + 1, sizeof *keys);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)json, key, value) keys[count++] = key;
    qsort(keys, count, sizeof *keys, by_text);
    for (size_t i = 0; i < count; i++)
        walk_named(w, keys[i], json_object_get(json, keys[i]));
    free(keys);
}

static void walk_options(walk *w, int param, const json_t *options) {
    const hopt_param *choice = hopt_space_param(w->space, param);
    hopt_buf outer = w->label;
    int parent = w->parent;
    w->parent = param;
    w->label = (hopt_buf)HOPT_BUF_INIT;
    hopt_buf_text(&w->label, choice->label);
    for (int i = 0; i < choice->dist.options; i++) {
        const json_t *option = json_array_get(options, (size_t)i);
        if (choice->dist.kind == HOPT_PCHOICE) option = json_array_get(option, 1);
        char index[24];
        snprintf(index, sizeof index, "%d", i);
        const char *name = json_string_value(json_object_get(option, "_name"));
        walk_named(w, name ? name : index, option);
    }
    hopt_buf_clear(&w->label);
    w->label = outer;
    w->parent = parent;
}

static void walk_param(walk *w, const json_t *json) {
    const char *label = json_string_value(json_object_get(json, "_label"));
    int param = hopt_space_find(w->space, label ? label : hopt_buf_string(&w->label));
    HOPT_ASSERT(param >= 0); /* the space was built from this very JSON */
    places *at = &w->places[param];
    if (w->parent >= 0) {
        at->parents = hopt_grow(at->parents, at->count, &at->capacity, sizeof *at->parents);
        at->parents[at->count++] = w->parent;
    }
    if (hopt_space_param(w->space, param)->dist.options)
        walk_options(w, param, json_object_get(json, "_value"));
}

static void walk_value(walk *w, const json_t *json) {
    if (json_is_object(json)) {
        if (json_object_get(json, "_type"))
            walk_param(w, json);
        else
            walk_object(w, json);
        return;
    }
    for (size_t i = 0; i < json_array_size(json); i++) {
        char index[24];
        snprintf(index, sizeof index, "%zu", i);
        walk_named(w, index, json_array_get(json, i));
    }
}

/** A step of the depth-first order: a parameter's choices, then itself. */
static void place(const places *all, int param, bool *placed, int *order, int *count) {
    if (placed[param]) return;
    placed[param] = true;
    for (size_t i = all[param].count; i-- > 0;)
        place(all, all[param].parents[i], placed, order, count);
    order[(*count)++] = param;
}

static void find_order(hopt_hyperopt_plan *plan) {
    size_t size = (size_t)plan->size;
    walk w = {.space = plan->space, .places = hopt_zalloc(size, sizeof *w.places), .parent = -1};
    walk_value(&w, hopt_space_json(plan->space));
    hopt_buf_clear(&w.label);
    const char **labels = hopt_zalloc(size, sizeof *labels);
    for (size_t i = 0; i < size; i++)
        labels[i] = hopt_space_param(plan->space, (int)i)->label;
    qsort(labels, size, sizeof *labels, by_text);
    bool *placed = hopt_zalloc(size, sizeof *placed);
    int count = 0;
    for (size_t i = size; i-- > 0;)
        place(w.places, hopt_space_find(plan->space, labels[i]), placed, plan->order, &count);
    for (size_t i = 0; i < size; i++)
        free(w.places[i].parents);
    free(w.places);
    free(placed);
    free(labels);
}

static bool is_log(const hopt_dist *dist) {
    return dist->kind == HOPT_LOGUNIFORM || dist->kind == HOPT_QLOGUNIFORM;
}

hopt_status hopt_hyperopt_plan_init(hopt_hyperopt_plan *plan, const hopt_space *space,
                                    bool categorical, hopt_error *err) {
    int size = hopt_space_size(space);
    *plan = (hopt_hyperopt_plan){.space = space, .size = size};
    for (int i = 0; i < size && categorical; i++) {
        const hopt_param *param = hopt_space_param(space, i);
        if (param->dist.kind == HOPT_RANDINT &&
            param->dist.high - param->dist.low > HOPT_HYPEROPT_VALUES_MAX)
            return hopt_error_set(err, HOPT_EINVAL,
                                  "sampler: `%s` is a randint of more than %d values, which this "
                                  "sampler counts one by one: make it a uniformint, or take the "
                                  "sampler `tpe`",
                                  param->label, HOPT_HYPEROPT_VALUES_MAX);
    }
    plan->order = hopt_zalloc((size_t)size, sizeof *plan->order);
    plan->low = hopt_zalloc((size_t)size, sizeof *plan->low);
    plan->high = hopt_zalloc((size_t)size, sizeof *plan->high);
    for (int i = 0; i < size; i++) {
        const hopt_dist *dist = &hopt_space_param(space, i)->dist;
        plan->low[i] = is_log(dist) ? log(dist->low) : dist->low;
        plan->high[i] = is_log(dist) ? log(dist->high) : dist->high;
    }
    find_order(plan);
    return HOPT_OK;
}

void hopt_hyperopt_plan_clear(hopt_hyperopt_plan *plan) {
    free(plan->order);
    free(plan->low);
    free(plan->high);
    *plan = (hopt_hyperopt_plan){0};
}
