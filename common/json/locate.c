/* Positions of values in a text that is known to parse: a scanner that follows one path. It reads
 * comments and NaN tokens too, since the text may hold them, and never recurses. */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/json/json_internal.h"

typedef struct scanner {
    const char *text;
    size_t length;
    size_t at;
} scanner;

static char peek(const scanner *s) {
    return s->at < s->length ? s->text[s->at] : '\0';
}

static bool at_comment(const scanner *s) {
    return s->at + 1 < s->length && s->text[s->at] == '/' && s->text[s->at + 1] == '/';
}

static void skip_comment(scanner *s) {
    while (s->at < s->length && s->text[s->at] != '\n')
        s->at++;
}

static void skip_blank(scanner *s) {
    while (s->at < s->length) {
        if (at_comment(s))
            skip_comment(s);
        else if (strchr(" \t\r\n", s->text[s->at]))
            s->at++;
        else
            return;
    }
}

static void skip_string(scanner *s) {
    for (s->at++; s->at < s->length && s->text[s->at] != '"'; s->at++) {
        if (s->text[s->at] == '\\') s->at++;
    }
    s->at = s->at < s->length ? s->at + 1 : s->length;
}

static void skip_value(scanner *s) {
    size_t depth = 0;
    while (s->at < s->length) {
        char c = s->text[s->at];
        if (c == '"') {
            skip_string(s);
        } else if (c == '[' || c == '{') {
            depth++;
            s->at++;
            continue;
        } else if (c == ']' || c == '}') {
            if (!depth) return;
            depth--;
            s->at++;
        } else if (at_comment(s)) {
            skip_comment(s);
            continue;
        } else if (strchr(" \t\r\n,:", c)) {
            if (!depth) return;
            s->at++;
            continue;
        } else { /* a number or word */
            while (s->at < s->length && !strchr(" \t\r\n,:[]{}\"/", s->text[s->at]))
                s->at++;
            if (s->at < s->length && s->text[s->at] == '/' && !at_comment(s)) s->at++;
        }
        if (!depth) return;
    }
}

/** Whether the string literal at `literal` spells the key. */
static bool literal_is(const char *literal, size_t length, const char *key, size_t key_length) {
    if (!memchr(literal, '\\', length))
        return length == key_length + 2 && !memcmp(literal + 1, key, key_length);
    json_t *string = json_loadb(literal, length, JSON_DECODE_ANY, NULL);
    bool same = json_is_string(string) && json_string_length(string) == key_length &&
                !memcmp(json_string_value(string), key, key_length);
    json_decref(string);
    return same;
}

/** Enter the member `key` of the object at the scanner: to its value, `*key_at` at its key. */
static bool enter_member(scanner *s, const char *key, size_t length, size_t *key_at) {
    for (s->at++;;) {
        skip_blank(s);
        if (peek(s) != '"') return false;
        size_t start = s->at;
        skip_string(s);
        bool found = literal_is(s->text + start, s->at - start, key, length);
        skip_blank(s);
        if (peek(s) != ':') return false;
        s->at++;
        skip_blank(s);
        if (found) {
            *key_at = start;
            return true;
        }
        skip_value(s);
        skip_blank(s);
        if (peek(s) != ',') return false;
        s->at++;
    }
}

static bool enter_element(scanner *s, size_t index) {
    s->at++;
    skip_blank(s);
    for (size_t i = 0; i < index; i++) {
        if (peek(s) == ']') return false;
        skip_value(s);
        skip_blank(s);
        if (peek(s) != ',') return false;
        s->at++;
        skip_blank(s);
    }
    return s->at < s->length && peek(s) != ']';
}

/** Undo the escapes of one step, in place. */
static size_t unescape(char *step, size_t length) {
    size_t to = 0;
    for (size_t i = 0; i < length; i++) {
        char c = step[i];
        if (c == '~' && i + 1 < length && strchr("012", step[i + 1])) {
            char kind = step[++i];
            if (kind == '2') continue;
            c = kind == '0' ? '~' : '/';
        }
        step[to++] = c;
    }
    step[to] = '\0';
    return to;
}

static bool index_of(size_t *index, const char *step, size_t length) {
    *index = 0;
    if (!length || length > 9) return false;
    for (size_t i = 0; i < length; i++) {
        if (step[i] < '0' || step[i] > '9') return false;
        *index = *index * 10 + (size_t)(step[i] - '0');
    }
    return true;
}

static bool follow_step(scanner *s, char *step, size_t length, size_t *key_at) {
    size_t index;
    length = unescape(step, length);
    if (peek(s) == '{') return enter_member(s, step, length, key_at);
    if (peek(s) != '[' || !index_of(&index, step, length) || !enter_element(s, index)) return false;
    *key_at = s->at;
    return true;
}

static bool follow(scanner *s, const char *path, size_t *key_at) {
    if (!*path) return true;
    for (;;) {
        size_t length = strcspn(path, "/");
        char *step = hopt_strndup(path, length);
        bool found = follow_step(s, step, length, key_at);
        free(step);
        if (!found || !path[length]) return found;
        path += length + 1;
    }
}

bool hopt_json_locate(int *line, int *column, const char *text, size_t length, const char *path,
                      bool key) {
    scanner s = {text, length, 0};
    *line = *column = 1;
    skip_blank(&s);
    size_t key_at = s.at;
    if (!follow(&s, path, &key_at)) return false;
    hopt_json__position(line, column, text, length, key ? key_at : s.at);
    return true;
}

void hopt_json_path_key(hopt_buf *path, const char *key) {
    if (path->length) hopt_buf_char(path, '/');
    if (!*key) hopt_buf_text(path, "~2");
    for (; *key; key++) {
        if (*key == '/')
            hopt_buf_text(path, "~1");
        else if (*key == '~')
            hopt_buf_text(path, "~0");
        else
            hopt_buf_char(path, *key);
    }
}

void hopt_json_path_index(hopt_buf *path, size_t index) {
    if (path->length) hopt_buf_char(path, '/');
    hopt_buf_print(path, "%zu", index);
}
