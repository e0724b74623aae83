/* A study file as a whole: text to JSON, the top level, and where errors are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/trial/study_internal.h"

static const char *const top_keys[] = {"name", "space", "objective", "direction", "sampler",
                                       "stop", "trial", "queue",     "points"};

/* ---- errors ---- */

bool hopt_study__has_room(const hopt_study_parser *parser) {
    return parser->errors->count < HOPT_ERRORS_MAX;
}

/* Whether slash path `path` is `parent` or below it. */
static bool at_or_below(const char *path, const char *parent) {
    size_t length = strlen(parent);
    if (length == 0) return true;
    return strncmp(path, parent, length) == 0 && (!path[length] || path[length] == '/');
}

const hopt_study_set *hopt_study__set_of(const hopt_study_parser *parser, const char *path) {
    for (size_t i = parser->n_sets; i-- > 0;) {
        if (at_or_below(path, parser->sets[i].path)) return &parser->sets[i];
    }
    return NULL;
}

const hopt_study_set *hopt_study__set_below(const hopt_study_parser *parser, const char *path) {
    for (size_t i = parser->n_sets; i-- > 0;) {
        if (at_or_below(parser->sets[i].path, path)) return &parser->sets[i];
    }
    return hopt_study__set_of(parser, path);
}

void hopt_study__error(hopt_study_parser *parser, const char *path, bool key, const char *format,
                       ...) {
    hopt_error err = {.code = HOPT_EINVAL};
    if (!hopt_study__has_room(parser)) {
        hopt_errors_add(parser->errors, &err);
        return;
    }
    char message[HOPT_ERROR_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    const hopt_study_set *set = hopt_study__set_of(parser, path);
    if (set) {
        hopt_error_set(&err, HOPT_EINVAL, "--set %.100s: %s", set->text, message);
    } else {
        int line, column;
        hopt_json_locate(&line, &column, parser->text, parser->length, path, key);
        hopt_error_at(&err, HOPT_EINVAL, line, column, "%s", message);
    }
    hopt_errors_add(parser->errors, &err);
}

const char *hopt_study__kind(const json_t *value) {
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_NULL:
        return "null";
    default:
        return "a boolean";
    }
}

void hopt_study__unknown_keys(hopt_study_parser *parser, const json_t *object, const char *path,
                              const char *const *keys, size_t count) {
    const char *key;
    json_t *value;
    char in[64];
    snprintf(in, sizeof in, "%s", *path ? path : "a study");
    for (char *c = in; *c; c++) {
        if (*c == '/') *c = '.';
    }
    json_object_foreach((json_t *)object, key, value) {
        size_t i = 0;
        while (i < count && strcmp(key, keys[i]) != 0)
            i++;
        if (i < count) continue;
        if (!hopt_study__has_room(parser)) return;
        hopt_buf at = HOPT_BUF_INIT;
        hopt_buf_text(&at, path);
        hopt_json_path_key(&at, key);
        const char *nearest = hopt_nearest(key, keys, count);
        if (nearest)
            hopt_study__error(parser, hopt_buf_string(&at), true,
                              "unknown key `%.60s` in %s: did you mean `%s`?", key, in, nearest);
        else
            hopt_study__error(parser, hopt_buf_string(&at), true,
                              "unknown key `%.60s` in %s: remove it", key, in);
        hopt_buf_clear(&at);
    }
}

/* ---- the parts of the top level ---- */

bool hopt_study_name_valid(const char *name) {
    size_t length = strlen(name);
    if (length < 1 || length >= HOPT_STUDY_NAME_MAX) return false;
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "._-";
    return strspn(name, allowed) == length;
}

static void parse_name(hopt_study_parser *parser, const char *override) {
    static const char rule[] = "use 1 to 64 letters, digits, '.', '_' or '-'";
    const json_t *value = json_object_get(parser->root, "name");
    const char *name = override && *override ? override : json_string_value(value);
    if (!value && !name)
        hopt_study__error(parser, "", false,
                          "`name` is missing: add \"name\": \"...\" to the file or give --name");
    else if (!name)
        hopt_study__error(parser, "name", false, "`name` must be a string, not %s",
                          hopt_study__kind(value));
    else if (!hopt_study_name_valid(name) && name == override) {
        hopt_error err;
        hopt_error_set(&err, HOPT_EINVAL, "--name \"%.80s\" is not valid: %s", name, rule);
        hopt_errors_add(parser->errors, &err);
    } else if (!hopt_study_name_valid(name))
        hopt_study__error(parser, "name", false, "`name`: \"%.80s\" is not valid: %s", name, rule);
    else
        snprintf(parser->spec->name, sizeof parser->spec->name, "%s", name);
}

static void parse_space(hopt_study_parser *parser) {
    const json_t *space = json_object_get(parser->root, "space");
    if (!space) {
        hopt_study__error(parser, "", false,
                          "`space` is missing: add \"space\": {...} with the parameters");
        return;
    }
    /* What --set changed has no sure position in the file. */
    const hopt_study_set *set = hopt_study__set_below(parser, "space");
    hopt_errors *errors = parser->errors;
    size_t before = errors->total, i = errors->count;
    hopt_status status = hopt_space_parse(&parser->spec->space, space, set ? NULL : parser->text,
                                          set ? 0 : parser->length, "space", errors);
    for (; set && i < errors->count; i++)
        hopt_error_prefix(&errors->list[i], "--set %.100s", set->text);
    /* A bad space without a message would pass for a good study. */
    if (status != HOPT_OK && errors->total == before)
        hopt_study__error(parser, "space", false, "`space` is not valid");
}

static void check_size(hopt_study_parser *parser) {
    int64_t trials = parser->spec->stop.max_trials, size = hopt_space_size(parser->spec->space);
    if (trials * size <= HOPT_STUDY_VALUES_MAX) return;
    hopt_study__error(parser, "stop/max_trials", false,
                      "`stop.max_trials`: %lld trials of %lld parameters are more than %d values: "
                      "at most %lld trials",
                      (long long)trials, (long long)size, HOPT_STUDY_VALUES_MAX,
                      (long long)(HOPT_STUDY_VALUES_MAX / size));
}

static void parse_top(hopt_study_parser *parser, const char *name) {
    if (!json_is_object(parser->root)) {
        hopt_study__error(parser, "", false, "a study must be a JSON object, not %s",
                          hopt_study__kind(parser->root));
        return;
    }
    hopt_study__unknown_keys(parser, parser->root, "", top_keys, HOPT_COUNT(top_keys));
    parse_name(parser, name);
    hopt_study__settings(parser);
    hopt_study__objective(parser);
    parse_space(parser);
    if (!parser->spec->space) return;
    check_size(parser);
    hopt_study__placeholders(parser);
    hopt_study__points(parser);
}

/* ---- text ---- */

/**
 * JSON proper; where that fails but NaN and Infinity as words would do, those become strings: the
 * checks then name the label, and `*odd` (the syntax error) is reported when they find nothing.
 */
static hopt_status parse_text(json_t **root, hopt_error *odd, const char *text, size_t length) {
    hopt_status status = hopt_json_parse(root, text, length, HOPT_JSON_COMMENTS, odd);
    if (status == HOPT_OK) {
        memset(odd, 0, sizeof *odd);
        return status;
    }
    return hopt_json_parse(root, text, length, HOPT_JSON_COMMENTS | HOPT_JSON_NAN, NULL);
}

static void free_sets(hopt_study_parser *parser) {
    for (size_t i = 0; i < parser->n_sets; i++)
        free(parser->sets[i].path);
    free(parser->sets);
}

/* The text to keep. A merged one has to read back: --set may have made it too long or too deep. */
static char *spec_text(hopt_study_parser *parser, size_t n_sets) {
    if (n_sets == 0) return hopt_strndup(parser->text, parser->length);
    hopt_buf out = HOPT_BUF_INIT;
    json_t *back;
    hopt_error err;
    hopt_json_print_pretty(&out, parser->root);
    hopt_buf_char(&out, '\n');
    if (out.length > HOPT_JSON_TEXT_MAX) {
        hopt_buf_reset(&out);
        hopt_json_print(&out, parser->root);
    }
    if (hopt_json_parse(&back, hopt_buf_string(&out), out.length, 0, &err) != HOPT_OK) {
        hopt_error_prefix(&err, "--set: the study it makes is not valid");
        err.line = err.column = 0;
        hopt_errors_add(parser->errors, &err);
    }
    json_decref(back);
    return hopt_buf_take(&out);
}

hopt_status hopt_study_spec_parse(hopt_study_spec **out, const char *text, size_t length,
                                  const char *name, const char *const *sets, size_t n_sets,
                                  hopt_errors *errors) {
    *out = NULL;
    hopt_study_parser parser = {.text = text, .length = length, .errors = errors};
    hopt_error odd = {0};
    size_t before = errors->total;
    if (parse_text(&parser.root, &odd, text, length) != HOPT_OK) {
        hopt_errors_add(errors, &odd);
        return HOPT_EINVAL;
    }
    parser.spec = hopt_zalloc(1, sizeof *parser.spec);
    hopt_study__merge(&parser, sets, n_sets);
    parse_top(&parser, name);
    if (odd.code != HOPT_OK && errors->total == before) hopt_errors_add(errors, &odd);
    if (errors->total == before) parser.spec->text = spec_text(&parser, n_sets);
    hopt_errors_sort(errors);
    bool good = errors->total == before;
    if (good) {
        *out = parser.spec;
    } else {
        hopt_study_spec_free(parser.spec);
    }
    free_sets(&parser);
    json_decref(parser.root);
    return good ? HOPT_OK : HOPT_EINVAL;
}

void hopt_study_spec_free(hopt_study_spec *spec) {
    if (!spec) return;
    hopt_space_free(spec->space);
    for (char **argument = spec->objective.argv; argument && *argument; argument++)
        free(*argument);
    free(spec->objective.argv);
    free(spec->objective.plugin);
    json_decref(spec->objective.config);
    free(spec->sampler);
    json_decref(spec->sampler_options);
    free(spec->points);
    free(spec->text);
    free(spec);
}
