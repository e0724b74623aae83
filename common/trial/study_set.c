/* `--set a.b.c=VALUE`: settings merged over a study file. */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/trial/study_internal.h"

enum { STEPS_MAX = 64 };

static void set_error(hopt_study_parser *parser, const char *text, const char *why) {
    hopt_error err;
    hopt_error_set(&err, HOPT_EINVAL, "--set %.100s: %s", text, why);
    hopt_errors_add(parser->errors, &err);
}

/* Split "a.b.c" in place; 0 when a step is empty or there are too many. */
static size_t split_steps(char *path, char *steps[STEPS_MAX]) {
    size_t count = 0;
    for (char *step = path; step; count++) {
        char *dot = strchr(step, '.');
        if (dot) *dot = '\0';
        if (!*step || count == STEPS_MAX) return 0;
        steps[count] = step;
        step = dot ? dot + 1 : NULL;
    }
    return count;
}

static json_t *parse_value(const char *text, bool word) {
    json_t *value;
    if (!word && hopt_json_parse(&value, text, strlen(text), 0, NULL) == HOPT_OK) return value;
    return json_string(text);
}

/* The index that a step names in a list, or the list's size. */
static size_t list_index(const json_t *list, const char *step) {
    char *end;
    unsigned long index = strtoul(step, &end, 10);
    size_t size = json_array_size(list);
    return *step < '0' || *step > '9' || *end || index >= size ? size : index;
}

static json_t *child(const json_t *parent, const char *step) {
    if (json_is_array(parent)) return json_array_get(parent, list_index(parent, step));
    return json_object_get(parent, step);
}

/* Put `value` (taken over) at the steps below `root`. Missing objects on the way are made, unless
 * the first step is one whose content has no fixed keys: there a slip would add, not change.
 * @return NULL, or what is wrong. */
static const char *put(json_t *root, char *const *steps, size_t count, json_t *value) {
    bool fixed = strcmp(steps[0], "space") != 0 && strcmp(steps[0], "points") != 0;
    const char *why = NULL;
    json_t *parent = root;
    for (size_t i = 0; i + 1 < count && !why; i++) {
        json_t *next = child(parent, steps[i]);
        if (!next && fixed && json_is_object(parent)) {
            next = json_object();
            json_object_set_new(parent, steps[i], next);
        }
        if (!next) why = "the study has no such path";
        if (next && !json_is_object(next) && !json_is_array(next))
            why = "the path goes on below a single value";
        parent = next;
    }
    const char *last = steps[count - 1];
    if (!why && (!fixed || json_is_array(parent)) && count > 1 && !child(parent, last))
        why = "the study has no such path";
    if (why)
        json_decref(value);
    else if (json_is_array(parent))
        json_array_set_new(parent, list_index(parent, last), value);
    else if (json_is_null(value) && fixed && strcmp(steps[0], "objective") != 0) {
        json_object_del(parent, last);
        json_decref(value);
    } else
        json_object_set_new(parent, last, value);
    return why;
}

static void merge_one(hopt_study_parser *parser, const char *text) {
    json_t *valid = json_string(text);
    const char *equals = strchr(text, '=');
    if (!valid || !equals) {
        set_error(parser, valid ? text : "...",
                  valid ? "give a path and a value, such as stop.max_trials=50" : "not UTF-8");
        json_decref(valid);
        return;
    }
    json_decref(valid);
    char *path = hopt_strndup(text, (size_t)(equals - text));
    /* A name made of digits is still a name. */
    bool word = strcmp(path, "name") == 0 || strcmp(path, "sampler.name") == 0;
    char *steps[STEPS_MAX];
    size_t count = split_steps(path, steps);
    const char *why = "give a path and a value, such as stop.max_trials=50";
    if (count > 0) why = put(parser->root, steps, count, parse_value(equals + 1, word));
    if (why) {
        set_error(parser, text, why);
    } else {
        hopt_buf slashes = HOPT_BUF_INIT;
        for (size_t i = 0; i < count; i++)
            hopt_json_path_key(&slashes, steps[i]);
        hopt_study_set *set = &parser->sets[parser->n_sets++];
        set->text = text;
        set->path = hopt_buf_take(&slashes);
    }
    free(path);
}

void hopt_study__merge(hopt_study_parser *parser, const char *const *sets, size_t n_sets) {
    if (n_sets == 0 || !json_is_object(parser->root)) return;
    parser->sets = hopt_zalloc(n_sets, sizeof parser->sets[0]);
    for (size_t i = 0; i < n_sets; i++)
        merge_one(parser, sets[i]);
}

/* ---- hopt study set ---- */

/* Whether the first step of a text's path leads to settings that may change. */
static bool changeable(const char *text) {
    size_t length = strcspn(text, ".="), count;
    const hopt_study_setting *settings = hopt_study_settings(&count);
    for (size_t i = 0; i < count; i++) {
        if (settings[i].changeable && strncmp(settings[i].key, text, length) == 0 &&
            settings[i].key[length] == '.')
            return true;
    }
    return false;
}

hopt_status hopt_study_spec_merge_set(char **new_text, const char *text, const char *name,
                                      const char *const *sets, size_t n_sets, hopt_errors *errors) {
    *new_text = NULL;
    size_t before = errors->total;
    for (size_t i = 0; i < n_sets; i++) {
        if (changeable(sets[i])) continue;
        hopt_error err;
        hopt_error_set(
            &err, HOPT_EINVAL,
            "--set %.100s: only stop, trial and queue may change in a study that exists; "
            "for the rest create another study (--name)",
            sets[i]);
        hopt_errors_add(errors, &err);
    }
    if (errors->total != before) return HOPT_EINVAL;
    hopt_study_spec *spec; /* only for its text: the default sampler plays no part */
    hopt_status status =
        hopt_study_spec_parse(&spec, text, strlen(text), name, sets, n_sets, errors);
    if (status == HOPT_OK) *new_text = hopt_strdup(spec->text);
    hopt_study_spec_free(spec);
    return status;
}
