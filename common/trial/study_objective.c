/* "objective": what is evaluated, and {label} in the arguments of a command. */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/trial/study_internal.h"

static const char *const objective_keys[] = {"command", "server", "plugin", "config",
                                             "start_timeout_s"};
static const char *const kind_keys[] = {
    [HOPT_OBJECTIVE_COMMAND] = "command",
    [HOPT_OBJECTIVE_SERVER] = "server",
    [HOPT_OBJECTIVE_PLUGIN] = "plugin",
};

/* ---- parse ---- */

/* A string without NUL, which would end an argument early. */
static bool plain_string(const json_t *value) {
    return json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value);
}

static void parse_argument(hopt_study_parser *parser, const char *kind, const json_t *list,
                           size_t i) {
    const json_t *value = json_array_get(list, i);
    hopt_buf path = HOPT_BUF_INIT;
    hopt_buf_print(&path, "objective/%s", kind);
    hopt_json_path_index(&path, i);
    const char *at = hopt_buf_string(&path);
    if (!json_is_string(value))
        hopt_study__error(parser, at, false,
                          "`objective.%s`: argument %zu must be a string, not %s: put it in "
                          "quotes",
                          kind, i, hopt_study__kind(value));
    else if (!plain_string(value))
        hopt_study__error(parser, at, false, "`objective.%s`: argument %zu holds a NUL character",
                          kind, i);
    else if (i == 0 && json_string_length(value) == 0)
        hopt_study__error(parser, at, false, "`objective.%s`: the program's name is empty", kind);
    else
        parser->spec->objective.argv[i] = hopt_strdup(json_string_value(value));
    /* NULL would end the list, and hide later arguments from hopt_study_spec_free(). */
    if (!parser->spec->objective.argv[i]) parser->spec->objective.argv[i] = hopt_strdup("");
    hopt_buf_clear(&path);
}

static void parse_argv(hopt_study_parser *parser, const char *kind, const json_t *list) {
    hopt_buf path = HOPT_BUF_INIT;
    hopt_buf_print(&path, "objective/%s", kind);
    if (!json_is_array(list) || json_array_size(list) == 0) {
        hopt_study__error(parser, hopt_buf_string(&path), false,
                          "`objective.%s` must be a list of at least one string, such as "
                          "[\"python3\", \"train.py\"], not %s",
                          kind, json_is_array(list) ? "empty" : hopt_study__kind(list));
    } else {
        size_t count = json_array_size(list);
        parser->spec->objective.argv = hopt_zalloc(count + 1, sizeof(char *));
        for (size_t i = 0; i < count; i++)
            parse_argument(parser, kind, list, i);
    }
    hopt_buf_clear(&path);
}

static void parse_plugin(hopt_study_parser *parser, const json_t *value) {
    if (!plain_string(value) || json_string_length(value) == 0)
        hopt_study__error(parser, "objective/plugin", false,
                          "`objective.plugin` must be the file name of a shared object, such as "
                          "\"svm.so\"");
    else
        parser->spec->objective.plugin = hopt_strdup(json_string_value(value));
}

/* A key that belongs to another kind of objective. */
static void check_misplaced(hopt_study_parser *parser, const json_t *objective, const char *key,
                            hopt_objective_kind kind) {
    if (!json_object_get(objective, key) || parser->spec->objective.kind == kind) return;
    hopt_buf path = HOPT_BUF_INIT;
    hopt_buf_print(&path, "objective/%s", key);
    hopt_study__error(parser, hopt_buf_string(&path), true,
                      "`objective.%s` is only for a %s: remove it", key, kind_keys[kind]);
    hopt_buf_clear(&path);
}

void hopt_study__objective(hopt_study_parser *parser) {
    hopt_objective *to = &parser->spec->objective;
    const json_t *objective = json_object_get(parser->root, "objective");
    if (!objective) return;
    if (!json_is_object(objective)) {
        hopt_study__error(parser, "objective", false,
                          "`objective` must be an object such as {\"command\": [\"./train\"]}, "
                          "not %s",
                          hopt_study__kind(objective));
        return;
    }
    size_t before = parser->errors->total;
    hopt_study__unknown_keys(parser, objective, "objective", objective_keys,
                             HOPT_COUNT(objective_keys));
    int kinds = 0;
    for (int kind = HOPT_OBJECTIVE_COMMAND; kind <= HOPT_OBJECTIVE_PLUGIN; kind++) {
        if (!json_object_get(objective, kind_keys[kind])) continue;
        if (kinds++ == 0) to->kind = (hopt_objective_kind)kind;
    }
    /* {"comand": ...} is one error, not two. */
    if (kinds == 0 && parser->errors->total > before) return;
    if (kinds != 1) {
        hopt_study__error(parser, "objective", false,
                          "`objective` must have exactly one of `command`, `server` and "
                          "`plugin`, not %s",
                          kinds ? "several" : "none");
        return;
    }
    const json_t *value = json_object_get(objective, kind_keys[to->kind]);
    if (to->kind == HOPT_OBJECTIVE_PLUGIN)
        parse_plugin(parser, value);
    else
        parse_argv(parser, kind_keys[to->kind], value);
    check_misplaced(parser, objective, "config", HOPT_OBJECTIVE_PLUGIN);
    check_misplaced(parser, objective, "start_timeout_s", HOPT_OBJECTIVE_SERVER);
    const json_t *config = json_object_get(objective, "config");
    if (config) to->config = json_deep_copy(config);
}

/* ---- placeholders ---- */

typedef enum piece_kind { PIECE_END, PIECE_TEXT, PIECE_LABEL, PIECE_OPEN } piece_kind;

/* The next piece of an argument: plain text (a doubled brace is one), a {label}, or a brace that is
 * never closed. A single '}' stands for itself. */
static piece_kind next_piece(const char **cursor, const char **text, size_t *length) {
    const char *c = *cursor;
    if (!*c) return PIECE_END;
    *text = c;
    if ((c[0] == '{' || c[0] == '}') && c[1] == c[0]) {
        *length = 1;
        *cursor = c + 2;
        return PIECE_TEXT;
    }
    if (*c == '{') {
        const char *end = strchr(c, '}');
        *text = c + 1;
        *length = end ? (size_t)(end - c) - 1 : strlen(c + 1);
        *cursor = end ? end + 1 : c + 1 + *length;
        return end ? PIECE_LABEL : PIECE_OPEN;
    }
    *length = 1 + strcspn(c + 1, "{}");
    *cursor = c + *length;
    return PIECE_TEXT;
}

static int find_label(const hopt_space *space, const char *text, size_t length) {
    char label[HOPT_LABEL_MAX];
    if (length >= sizeof label) return -1;
    memcpy(label, text, length);
    label[length] = '\0';
    return hopt_space_find(space, label);
}

static const char *nearest_label(const hopt_space *space, const char *text, size_t length) {
    int size = hopt_space_size(space);
    const char **labels = hopt_zalloc((size_t)size + 1, sizeof *labels);
    for (int i = 0; i < size; i++)
        labels[i] = hopt_space_param(space, i)->label;
    char *word = hopt_strndup(text, length);
    const char *nearest = hopt_nearest(word, labels, (size_t)size);
    /* A last step alone is the usual slip: {C} for {model/svm/C}. */
    for (int i = 0; !nearest && length && i < size; i++) {
        const char *step = strrchr(labels[i], '/');
        if (step && strcmp(step + 1, word) == 0) nearest = labels[i];
    }
    free(word);
    free(labels);
    return nearest;
}

static void unknown_label(hopt_study_parser *parser, const char *path, const char *text,
                          size_t length) {
    int shown = (int)(length < 60 ? length : 60);
    const char *nearest = nearest_label(parser->spec->space, text, length);
    if (nearest)
        hopt_study__error(parser, path, false,
                          "unknown label {%.*s}: did you mean {%s}? (for a brace itself write {{)",
                          shown, text, nearest);
    else
        hopt_study__error(parser, path, false,
                          "unknown label {%.*s}: name a parameter of the space (for a brace itself "
                          "write {{)",
                          shown, text);
}

static void check_argument(hopt_study_parser *parser, const char *argument, const char *path) {
    const char *text;
    size_t length;
    piece_kind kind;
    while ((kind = next_piece(&argument, &text, &length)) != PIECE_END) {
        if (!hopt_study__has_room(parser)) return;
        if (kind == PIECE_OPEN)
            hopt_study__error(parser, path, false,
                              "'{' is not closed by '}' (for a brace itself write {{)");
        else if (kind == PIECE_LABEL && find_label(parser->spec->space, text, length) < 0)
            unknown_label(parser, path, text, length);
    }
}

void hopt_study__placeholders(hopt_study_parser *parser) {
    const hopt_objective *objective = &parser->spec->objective;
    if (objective->kind != HOPT_OBJECTIVE_COMMAND || !objective->argv) return;
    for (size_t i = 0; objective->argv[i]; i++) {
        hopt_buf path = HOPT_BUF_INIT;
        hopt_buf_text(&path, "objective/command");
        hopt_json_path_index(&path, i);
        check_argument(parser, objective->argv[i], hopt_buf_string(&path));
        hopt_buf_clear(&path);
    }
}

void hopt_objective_argument(const hopt_study_spec *spec, const double *point, const char *argument,
                             hopt_buf *out) {
    const char *text;
    size_t length;
    piece_kind kind;
    while ((kind = next_piece(&argument, &text, &length)) != PIECE_END) {
        int label = kind == PIECE_LABEL ? find_label(spec->space, text, length) : -1;
        if (kind == PIECE_TEXT)
            hopt_buf_add(out, text, length);
        else if (label >= 0)
            hopt_space_value_text(spec->space, point, label, out);
    }
}

bool hopt_study_objective_equal(const hopt_objective *a, const hopt_objective *b) {
    if (a->kind != b->kind) return false;
    if (a->plugin && b->plugin && strcmp(a->plugin, b->plugin) != 0) return false;
    if (!a->config != !b->config || (a->config && !json_equal(a->config, b->config))) return false;
    if (!a->argv || !b->argv) return a->argv == b->argv;
    size_t i = 0;
    while (a->argv[i] && b->argv[i] && strcmp(a->argv[i], b->argv[i]) == 0)
        i++;
    return !a->argv[i] && !b->argv[i];
}
