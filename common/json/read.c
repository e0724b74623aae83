/* A quick reader of plain JSON: objects and lists of ASCII strings without escapes, of numbers and
 * literals, as programs write them. Whatever else it meets, errors included, it leaves to jansson,
 * which takes some hundred instructions a byte. So it never decides what is valid: what it reads
 * jansson reads the same, and what it does not read is asked there. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/json/json.h"
#include "common/json/json_internal.h"

enum { DEPTH = 32, KEY = 128, NUMBER = 40, INTEGER_DIGITS = 18 };

typedef struct reader {
    const char *at, *end;
    int depth;
} reader;

static void skip_space(reader *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r'))
        r->at++;
}

static bool take(reader *r, char c) {
    skip_space(r);
    if (r->at == r->end || *r->at != c) return false;
    r->at++;
    return true;
}

static bool take_string(reader *r, const char **text, size_t *length) {
    if (!take(r, '"')) return false;
    *text = r->at;
    while (r->at < r->end && *r->at >= 0x20 && *r->at < 0x7f && *r->at != '"' && *r->at != '\\')
        r->at++;
    if (r->at == r->end || *r->at != '"') return false;
    *length = (size_t)(r->at++ - *text);
    return true;
}

static size_t take_digits(reader *r) {
    const char *from = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return (size_t)(r->at - from);
}

static bool take_any(reader *r, const char *of) {
    if (r->at == r->end || !*r->at || !strchr(of, *r->at)) return false;
    r->at++;
    return true;
}

static json_t *read_number(reader *r) {
    char copy[NUMBER + 1], *end;
    const char *from = r->at;
    (void)take_any(r, "-");
    const char *first = r->at;
    size_t before = take_digits(r);
    if (!before || (before > 1 && *first == '0')) return NULL;
    bool real = false;
    if (take_any(r, ".")) {
        real = true;
        if (!take_digits(r)) return NULL;
    }
    if (take_any(r, "eE")) {
        real = true;
        (void)take_any(r, "+-");
        if (!take_digits(r)) return NULL;
    }
    size_t length = (size_t)(r->at - from);
    if (length > NUMBER || (!real && before > INTEGER_DIGITS)) return NULL;
    double value;
    if (real && hopt_json__decimal_exact(&value, from, length)) return json_real(value);
    memcpy(copy, from, length);
    copy[length] = '\0';
    if (!real) return json_integer(strtoll(copy, NULL, 10));
    value = strtod(copy, &end);
    return *end || !isfinite(value) ? NULL : json_real(value); /* another locale's point */
}

static json_t *read_value(reader *r);

static bool read_members(reader *r, json_t *object) {
    char key[KEY];
    const char *text;
    size_t length, count = 0;
    if (take(r, '}')) return true;
    do {
        if (!take_string(r, &text, &length) || length >= sizeof key || !take(r, ':')) return false;
        memcpy(key, text, length);
        key[length] = '\0';
        json_t *value = read_value(r);
        if (!value || json_object_set_new_nocheck(object, key, value)) return false;
        if (json_object_size(object) != ++count) return false; /* twice the same key */
    } while (take(r, ','));
    return take(r, '}');
}

static bool read_items(reader *r, json_t *list) {
    if (take(r, ']')) return true;
    do {
        json_t *value = read_value(r);
        if (!value || json_array_append_new(list, value)) return false;
    } while (take(r, ','));
    return take(r, ']');
}

static json_t *read_word(reader *r, const char *word, json_t *value) {
    size_t length = strlen(word);
    if ((size_t)(r->end - r->at) < length || memcmp(r->at, word, length) != 0) return NULL;
    r->at += length;
    return value;
}

static json_t *read_nested(reader *r, bool object) {
    if (r->depth == DEPTH) return NULL;
    json_t *value = object ? json_object() : json_array();
    r->at++;
    r->depth++;
    bool fine = object ? read_members(r, value) : read_items(r, value);
    r->depth--;
    if (fine) return value;
    json_decref(value);
    return NULL;
}

static json_t *read_value(reader *r) {
    const char *text;
    size_t length;
    skip_space(r);
    if (r->at == r->end) return NULL;
    switch (*r->at) {
    case '{':
    case '[':
        return read_nested(r, *r->at == '{');
    case '"':
        return take_string(r, &text, &length) ? json_stringn_nocheck(text, length) : NULL;
    case 't':
        return read_word(r, "true", json_true());
    case 'f':
        return read_word(r, "false", json_false());
    case 'n':
        return read_word(r, "null", json_null());
    default:
        return read_number(r);
    }
}

json_t *hopt_json__read_plain(const char *text, size_t length) {
    reader r = {.at = text, .end = text + length};
    skip_space(&r);
    if (r.at == r.end || (*r.at != '{' && *r.at != '[')) return NULL;
    json_t *value = read_value(&r);
    if (!value) return NULL;
    skip_space(&r);
    if (r.at == r.end) return value;
    json_decref(value);
    return NULL;
}

json_t *hopt_json_read(const char *text, size_t length) {
    json_t *value = hopt_json__read_plain(text, length);
    return value ? value : json_loadb(text, length, JSON_ALLOW_NUL, NULL);
}
