/* Parameters of a space: their labels, their options, and what is shared. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/space/space_internal.h"

const char *hopt_space__bad_label(const char *label) {
    size_t length = strlen(label);
    if (!length) return "is empty";
    if (length >= HOPT_LABEL_MAX) return "has more than 255 bytes";
    if (label[0] == '$') return "begins with $";
    if (label[0] == '/' || label[length - 1] == '/' || strstr(label, "//"))
        return "has an empty part";
    for (const char *c = label; *c; c++) {
        if (*c == '.') return "holds a dot";
        if ((unsigned char)*c < 0x20 || *c == 0x7f) return "holds a control character";
    }
    return NULL;
}

/** A definition is the same when its values are; bounds may be written 1 or 1.0. */
static bool same_definition(const json_t *a, const json_t *b, bool numeric) {
    if (json_is_array(a) && json_is_array(b)) {
        if (json_array_size(a) != json_array_size(b)) return false;
        for (size_t i = 0; i < json_array_size(a); i++) {
            if (!same_definition(json_array_get(a, i), json_array_get(b, i), numeric)) return false;
        }
        return true;
    }
    if (!json_is_object(a) || !json_is_object(b)) return hopt_space__same_json(a, b, numeric);
    if (json_object_size(a) != json_object_size(b)) return false;
    const char *type = hopt_json_string_of(a, "_type");
    bool bounds = type && !strstr(type, "choice");
    json_t *walk = (json_t *)a;
    for (void *i = json_object_iter(walk); i; i = json_object_iter_next(walk, i)) {
        const json_t *other = json_object_get(b, json_object_iter_key(i));
        if (!other || !same_definition(json_object_iter_value(i), other, bounds)) return false;
    }
    return true;
}

static void add_condition(hopt_space__parser *p, hopt_space__extra *extra) {
    if (!p->inside_choice) extra->unconditional = true;
    if (p->choice < 0) return;
    extra->conditions = hopt_grow(extra->conditions, extra->n_conditions,
                                  &extra->conditions_capacity, sizeof *extra->conditions);
    extra->conditions[extra->n_conditions++] = (hopt_condition){p->choice, p->option};
}

/** A label is there already: shared, or an error. */
static void repeat(hopt_space__parser *p, int found, const char *label, const json_t *json,
                   bool labelled) {
    hopt_space__extra *extra = &p->space->extra[found];
    int line = 0, column = 0;
    char where[40] = "";
    if (p->text && hopt_json_locate(&line, &column, p->text, p->length, extra->path, false))
        snprintf(where, sizeof where, " (the other one: line %d)", line);
    if (extra->open)
        hopt_space__fail(p, "", false, label,
                         "a label inside itself: give the inner parameter another _label");
    else if (!labelled || !extra->labelled)
        hopt_space__fail(p, "", false, label,
                         "two parameters have this label%s: rename one, or give both the same "
                         "_label to share one value",
                         where);
    else if (!same_definition(extra->json, json, false))
        hopt_space__fail(p, "", false, label,
                         "this label is defined twice, differently%s: make both the same to share "
                         "one value, or give one another _label",
                         where);
    else
        add_condition(p, extra);
}

static int add_param(hopt_space__parser *p, const char *label, const json_t *json, bool labelled) {
    hopt_space *space = p->space;
    size_t n = (size_t)space->size;
    space->params = hopt_grow(space->params, n, &p->capacity, sizeof *space->params);
    space->extra = hopt_grow(space->extra, n, &p->extra_capacity, sizeof *space->extra);
    memset(&space->params[n], 0, sizeof space->params[n]);
    memset(&space->extra[n], 0, sizeof space->extra[n]);
    hopt_space__extra *extra = &space->extra[n];
    extra->label = hopt_strdup(label);
    extra->labelled = labelled;
    extra->json = json;
    extra->path = hopt_strdup(hopt_buf_string(&p->path));
    add_condition(p, extra);
    json_object_set_new(space->index, label, json_integer((json_int_t)n));
    return space->size++;
}

static void check_keys(hopt_space__parser *p, const char *label, const json_t *json) {
    json_t *walk = (json_t *)json;
    size_t path = p->path.length;
    for (void *i = json_object_iter(walk); i; i = json_object_iter_next(walk, i)) {
        const char *key = json_object_iter_key(i);
        if (!strcmp(key, "_type") || !strcmp(key, "_value") || !strcmp(key, "_label")) continue;
        hopt_json_path_key(&p->path, key);
        hopt_space__fail(p, "", true, label,
                         "unknown key `%.60s` in a parameter, which has _type, _value and perhaps "
                         "_label: remove it",
                         key);
        p->path.length = path;
        p->path.data[path] = '\0';
    }
}

/** Options' names, so that a second one of the same name is seen at once. */
static void parse_name(hopt_space__parser *p, hopt_space__branch *branch, const json_t *option,
                       json_t *names, const char *label) {
    if (!json_is_object(option) || json_object_get(option, "_type")) return;
    const char *name = hopt_json_string_of(option, "_name");
    if (!name) return;
    const char *bad = hopt_space__bad_label(name);
    if (bad && !p->mute_label)
        hopt_space__fail(p, "_name", false, label, "the _name \"%.100s\" %s: rename it", name, bad);
    if (json_object_get(names, name))
        hopt_space__fail(p, "_name", false, label,
                         "two options have the _name \"%.100s\": rename one", name);
    json_object_set_new(names, name, json_true());
    branch->name = name;
}

static void parse_option(hopt_space__parser *p, hopt_space__branch *branch, const json_t *option,
                         int i, json_t *names, const char *label) {
    char index[24];
    snprintf(index, sizeof index, "%d", i);
    p->option = i;
    parse_name(p, branch, option, names, label);
    hopt_buf_reset(&p->label);
    hopt_buf_print(&p->label, "%s/%s", label, branch->name ? branch->name : index);
    hopt_space__parse_node(p, &branch->node, option, true);
}

static void parse_options(hopt_space__parser *p, int self, const hopt_dist *dist, const char *label,
                          const json_t *json) {
    hopt_space__parser outer = *p;
    size_t path = p->path.length;
    bool weighted = dist->kind == HOPT_PCHOICE;
    json_t *options = json_object_get(json, "_value"), *names = json_object();
    hopt_space__branch *branches = hopt_zalloc((size_t)dist->options, sizeof *branches);
    p->label = (hopt_buf)HOPT_BUF_INIT;
    p->choice = self;
    p->inside_choice = true;
    hopt_json_path_key(&p->path, "_value");
    size_t inner = p->path.length;
    for (int i = 0; i < dist->options; i++) {
        json_t *option = json_array_get(options, (size_t)i);
        hopt_json_path_index(&p->path, (size_t)i);
        if (weighted) {
            option = json_array_get(option, 1);
            hopt_json_path_index(&p->path, 1);
        }
        parse_option(p, &branches[i], option, i, names, label);
        p->path.length = inner;
        p->path.data[inner] = '\0';
    }
    p->path.length = path;
    p->path.data[path] = '\0';
    hopt_buf_clear(&p->label);
    json_decref(names);
    p->label = outer.label;
    p->choice = outer.choice;
    p->option = outer.option;
    p->inside_choice = outer.inside_choice;
    if (self >= 0) {
        p->space->extra[self].branches = branches;
        return;
    }
    for (int i = 0; i < dist->options; i++)
        hopt_space__node_clear(&branches[i].node);
    free(branches);
}

/** Find out the label of a parameter; false when it is bad, which was said. */
static bool parse_label(hopt_space__parser *p, char **label, bool *labelled, const json_t *json) {
    const json_t *given = json_object_get(json, "_label");
    const char *text = json_string_value(given);
    *labelled = text != NULL;
    *label = hopt_strdup(text ? text : hopt_space__here(p));
    if (given && !text) {
        hopt_space__fail(p, "_label", false, *label, "_label must be a string");
        return false;
    }
    const char *bad = hopt_space__bad_label(*label);
    if (!bad) return true;
    if (p->mute_label && !text) return false;
    if (!**label && !text)
        hopt_space__fail(p, "", false, "", "a parameter at the top needs a _label");
    else
        hopt_space__fail(p, text ? "_label" : "", !text, *label, "the label %s: %s", bad,
                         text ? "change it" : "rename the key, or give a _label");
    return false;
}

/** The parameter's number; -1 when it could not be registered, -2 when nothing is left to do. */
static int register_param(hopt_space__parser *p, hopt_space__node *node, const char *label,
                          const json_t *json, bool labelled) {
    const json_t *found = json_object_get(p->space->index, label);
    if (found) {
        node->param = (int)json_integer_value(found);
        repeat(p, node->param, label, json, labelled);
        return -2;
    }
    if (p->space->size >= HOPT_SPACE_PARAMS_MAX) {
        if (!p->too_many)
            hopt_space__fail(p, "", false, label, "more than %d parameters: the space is too large",
                             HOPT_SPACE_PARAMS_MAX);
        p->too_many = true;
        return -1;
    }
    return node->param = add_param(p, label, json, labelled);
}

void hopt_space__parse_param(hopt_space__parser *p, hopt_space__node *node, const json_t *json) {
    char *label;
    bool labelled, mute = p->mute_label;
    bool good = parse_label(p, &label, &labelled, json);
    int self = -1;
    node->kind = NODE_PARAM;
    if (good) self = register_param(p, node, label, json, labelled);
    if (self != -2) {
        hopt_dist dist;
        double *probability = NULL;
        check_keys(p, label, json);
        bool sound = hopt_space__parse_dist(p, label, json, &dist, &probability);
        if (self >= 0) {
            p->space->extra[self].open = true;
            p->space->extra[self].probability = probability;
            p->space->params[self].dist = dist;
        }
        if (sound && dist.options) {
            p->mute_label = mute || !good;
            parse_options(p, self, &dist, label, json);
            p->mute_label = mute;
        }
        if (self >= 0)
            p->space->extra[self].open = false;
        else
            free(probability);
    }
    free(label);
}
