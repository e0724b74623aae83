/* The parser is strict about the shape of messages and says which key is wrong: an objective in a
 * foreign language has no other debugger than this message. */
#include "worker/child_protocol.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"

/* Results nest less than BSON can (100), so that every store takes them. */
enum { EXTRAS_DEPTH_MAX = 64, NUMBER_TEXT_MAX = 64, NAME_MAX_BYTES = 255 };

void hopt_child_print_trial(hopt_buf *out, const hopt_child_trial *trial) {
    hopt_buf_text(out, "{\"hopt\":1,\"study\":");
    hopt_json_print_string(out, trial->study, strlen(trial->study));
    hopt_buf_print(out,
                   ",\"trial\":%d,\"attempt\":%d,\"seed\":%llu,\"slot\":%d,\"params\":", trial->num,
                   trial->attempt, (unsigned long long)trial->seed, trial->slot);
    if (trial->params)
        hopt_json_print(out, trial->params);
    else
        hopt_buf_text(out, "{}");
    hopt_buf_text(out, ",\"workdir\":");
    hopt_json_print_string(out, trial->workdir, strlen(trial->workdir));
    hopt_buf_print(out, ",\"lease\":%d", trial->lease);
    if (trial->labels) {
        hopt_buf_text(out, ",\"labels\":");
        hopt_json_print(out, trial->labels);
    }
    hopt_buf_text(out, "}\n");
}

const char *hopt_child_answer(bool stop) {
    return stop ? "{\"stop\":true}\n" : "{\"stop\":false}\n";
}

static const char *type_name(const json_t *value) {
    if (!value) return "missing";
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
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    default:
        return "null";
    }
}

/* The stores' rule for keys: MongoDB keeps '.' and a leading '$' for itself. */
static hopt_status check_stored(const json_t *value, int depth, hopt_error *err) {
    if (depth > EXTRAS_DEPTH_MAX)
        return hopt_error_set(err, HOPT_EINVAL, "result is nested deeper than %d",
                              EXTRAS_DEPTH_MAX);
    hopt_status status = HOPT_OK;
    if (json_is_object(value)) {
        const char *key;
        json_t *member;
        json_object_foreach((json_t *)value, key, member) {
            if (!*key || *key == '$' || strchr(key, '.'))
                return hopt_error_set(err, HOPT_EINVAL,
                                      "result: key \"%.60s\" may not be empty, begin with '$' or "
                                      "hold a '.'",
                                      key);
            status = check_stored(member, depth + 1, err);
            if (status != HOPT_OK) return status;
        }
    } else if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value) && status == HOPT_OK; i++)
            status = check_stored(json_array_get(value, i), depth + 1, err);
    }
    return status;
}

static hopt_status read_status(hopt_child_loss *out, const json_t *object, hopt_error *err) {
    const json_t *status = json_object_get(object, "status");
    if (status) {
        const char *text = json_string_value(status);
        if (!text)
            return hopt_error_set(err, HOPT_EINVAL,
                                  "result.status must be \"ok\" or \"fail\", not %s",
                                  type_name(status));
        if (strcmp(text, "ok") != 0 && strcmp(text, "fail") != 0)
            return hopt_error_set(err, HOPT_EINVAL,
                                  "result.status must be \"ok\" or \"fail\", not \"%.60s\"", text);
        out->fail = strcmp(text, "fail") == 0;
    }
    const json_t *why = json_object_get(object, "status_fail");
    if (why && !json_is_null(why)) {
        if (!json_is_string(why))
            return hopt_error_set(err, HOPT_EINVAL, "result.status_fail must be a string, not %s",
                                  type_name(why));
        out->status_fail = hopt_strdup(json_string_value(why));
    }
    return HOPT_OK;
}

/* The object of a result message, or a command's last line. */
static hopt_status read_result(hopt_child_loss *out, const json_t *object, hopt_error *err) {
    if (!json_is_object(object))
        return hopt_error_set(err, HOPT_EINVAL, "result must be an object with \"loss\", not %s",
                              type_name(object));
    hopt_status status = read_status(out, object, err);
    if (status != HOPT_OK) return status;
    const json_t *loss = json_object_get(object, "loss");
    if (loss && !(out->fail && json_is_null(loss))) {
        if (!hopt_json_double(&out->loss, loss))
            return hopt_error_set(err, HOPT_EINVAL, "result.loss must be a number, not %s",
                                  type_name(loss));
        out->has_loss = true;
    } else if (!out->fail) {
        return hopt_error_set(err, HOPT_EINVAL, "result has no \"loss\"");
    }
    status = check_stored(object, 0, err);
    if (status != HOPT_OK) return status;
    json_t *extras = json_copy((json_t *)object);
    json_object_del(extras, "loss");
    json_object_del(extras, "status");
    json_object_del(extras, "status_fail");
    if (json_object_size(extras))
        out->extras = extras;
    else
        json_decref(extras);
    return HOPT_OK;
}

void hopt_child_loss_clear(hopt_child_loss *loss) {
    free(loss->status_fail);
    json_decref(loss->extras);
    *loss = (hopt_child_loss){0};
}

/* ---- messages ---- */

static hopt_status read_report(hopt_child_message *out, const json_t *value, hopt_error *err) {
    if (!json_is_object(value))
        return hopt_error_set(err, HOPT_EINVAL,
                              "report must be an object with \"step\" and \"loss\", not %s",
                              type_name(value));
    const json_t *step = json_object_get(value, "step"), *loss = json_object_get(value, "loss");
    double number;
    if (!step || json_is_string(step) || !hopt_json_double(&number, step))
        return hopt_error_set(err, HOPT_EINVAL, "report.step must be an integer, not %s",
                              type_name(step));
    if (!(fabs(number) < 9e15) || number != floor(number))
        return hopt_error_set(err, HOPT_EINVAL, "report.step must be an integer");
    if (!loss || !hopt_json_double(&out->loss, loss))
        return hopt_error_set(err, HOPT_EINVAL, "report.loss must be a number, not %s",
                              type_name(loss));
    out->step = (int64_t)number;
    return HOPT_OK;
}

static hopt_status read_attach(hopt_child_message *out, const json_t *value, hopt_error *err) {
    const json_t *name = json_object_get(value, "name"), *file = json_object_get(value, "file");
    if (!json_is_string(name) || !json_is_string(file))
        return hopt_error_set(err, HOPT_EINVAL,
                              "attach must be an object with the strings \"name\" and \"file\"");
    const char *text = json_string_value(name);
    size_t length = strlen(text);
    if (!length || length > NAME_MAX_BYTES)
        return hopt_error_set(err, HOPT_EINVAL, "attach.name must have 1 to %d bytes",
                              NAME_MAX_BYTES);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return hopt_error_set(err, HOPT_EINVAL, "attach.name holds a control character");
    if (!*json_string_value(file)) return hopt_error_set(err, HOPT_EINVAL, "attach.file is empty");
    out->name = hopt_strdup(text);
    out->file = hopt_strdup(json_string_value(file));
    return HOPT_OK;
}

static hopt_status read_error(hopt_child_message *out, const json_t *value, hopt_error *err) {
    const json_t *type = json_object_get(value, "type"), *text = json_object_get(value, "message");
    if (!json_is_string(type) || !json_is_string(text))
        return hopt_error_set(err, HOPT_EINVAL,
                              "error must be an object with the strings \"type\" and \"message\"");
    out->type = hopt_strdup(json_string_value(type));
    out->text = hopt_strdup(json_string_value(text));
    return HOPT_OK;
}

static hopt_status read_ask(hopt_child_message *out, const json_t *value, hopt_error *err) {
    if (json_object_size(value) != 1 ||
        !json_is_object(json_object_iter_value(json_object_iter((json_t *)value))))
        return hopt_error_set(err, HOPT_EINVAL, "ask must be an object with one object in it");
    out->ask = json_incref((json_t *)value);
    return HOPT_OK;
}

static hopt_status read_message(hopt_child_message *out, const json_t *value, hopt_error *err) {
    switch (out->kind) {
    case HOPT_CHILD_ERROR:
        return read_error(out, value, err);
    case HOPT_CHILD_ASK:
        return read_ask(out, value, err);
    case HOPT_CHILD_REPORT:
        return read_report(out, value, err);
    case HOPT_CHILD_ATTACH:
        return read_attach(out, value, err);
    case HOPT_CHILD_RESULT:
        return read_result(&out->result, value, err);
    default:
        if (json_is_true(value)) return HOPT_OK;
        return hopt_error_set(err, HOPT_EINVAL, "ready must be true, not %s",
                              json_is_false(value) ? "false" : type_name(value));
    }
}

/* The kind by the first key, before anything is parsed: most lines of a chatty objective are log.
 */
static hopt_child_kind guess(const char *line, size_t length) {
    static const struct {
        const char *key;
        hopt_child_kind kind;
    } keys[] = {{"\"report\"", HOPT_CHILD_REPORT}, {"\"attach\"", HOPT_CHILD_ATTACH},
                {"\"result\"", HOPT_CHILD_RESULT}, {"\"ready\"", HOPT_CHILD_READY},
                {"\"error\"", HOPT_CHILD_ERROR},   {"\"ask\"", HOPT_CHILD_ASK}};
    size_t at = 0;
    while (at < length && isspace((unsigned char)line[at]))
        at++;
    if (at == length || line[at++] != '{') return HOPT_CHILD_LOG;
    while (at < length && isspace((unsigned char)line[at]))
        at++;
    for (size_t i = 0; i < HOPT_COUNT(keys); i++) {
        size_t size = strlen(keys[i].key);
        if (length - at >= size && memcmp(line + at, keys[i].key, size) == 0) return keys[i].kind;
    }
    return HOPT_CHILD_LOG;
}

void hopt_child_parse(hopt_child_message *out, const char *line, size_t length) {
    *out = (hopt_child_message){.kind = HOPT_CHILD_LOG};
    hopt_child_kind kind = guess(line, length);
    if (kind == HOPT_CHILD_LOG) return;
    json_t *object;
    if (hopt_json_parse(&object, line, length, HOPT_JSON_NAN, NULL) != HOPT_OK) return;
    if (json_object_size(object) == 1) {
        hopt_error err = {0};
        out->kind = kind;
        if (read_message(out, json_object_iter_value(json_object_iter(object)), &err) != HOPT_OK) {
            hopt_child_message_clear(out);
            out->kind = HOPT_CHILD_BAD;
            out->about = kind;
            hopt_error_text(out->error, sizeof out->error, NULL, &err);
        }
    }
    json_decref(object);
}

void hopt_child_message_clear(hopt_child_message *message) {
    free(message->name);
    free(message->file);
    free(message->type);
    free(message->text);
    json_decref(message->ask);
    hopt_child_loss_clear(&message->result);
    *message = (hopt_child_message){.kind = HOPT_CHILD_LOG};
}

/* ---- the last line of a command ---- */

bool hopt_child_blank(const char *line, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (!isspace((unsigned char)line[i])) return false;
    return true;
}

/* A decimal number as any language prints it (".5" of bc, "1e-05", "+3"), nan or inf. No hex. */
static bool read_number(double *out, const char *text, size_t length) {
    char copy[NUMBER_TEXT_MAX + 1];
    if (!length || length > NUMBER_TEXT_MAX) return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (strpbrk(copy, "xXpP(")) return false;
    char *end;
    *out = strtod(copy, &end);
    return end == copy + length;
}

hopt_status hopt_child_parse_last(hopt_child_loss *out, const char *line, size_t length,
                                  hopt_error *err) {
    *out = (hopt_child_loss){0};
    while (length && isspace((unsigned char)line[length - 1]))
        length--;
    while (length && isspace((unsigned char)*line))
        line++, length--;
    if (read_number(&out->loss, line, length)) {
        out->has_loss = true;
        return HOPT_OK;
    }
    if (!length || *line != '{')
        return hopt_error_set(err, HOPT_EINVAL,
                              "the last line of output is neither a number nor an object with "
                              "\"loss\"");
    json_t *object;
    hopt_error parse = {0};
    if (hopt_json_parse(&object, line, length, HOPT_JSON_NAN, &parse) != HOPT_OK)
        return hopt_error_set(err, HOPT_EINVAL, "the last line of output is no JSON: column %d: %s",
                              parse.column, parse.message);
    hopt_status status = read_result(out, object, err);
    if (status != HOPT_OK) hopt_child_loss_clear(out);
    json_decref(object);
    return status;
}
