/* The pass before jansson: bytes, size and depth are checked, comments blanked, NaN tokens quoted.
 * Comments keep their length, so that every position of what follows stays what it was. */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/json/json_internal.h"

void hopt_json__position(int *line, int *column, const char *text, size_t length, size_t offset) {
    size_t start = 0;
    *line = 1;
    if (offset > length) offset = length;
    for (const char *end; (end = memchr(text + start, '\n', offset - start)); (*line)++)
        start = (size_t)(end - text) + 1;
    *column = (int)(offset - start) + 1;
}

size_t hopt_json__utf8(const char *text, size_t length) {
    const unsigned char *c = (const unsigned char *)text;
    if (!length) return 0;
    if (c[0] < 0x80) return 1;
    size_t need = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
    if (c[0] < 0xc2 || c[0] > 0xf4 || length < need) return 0;
    for (size_t i = 1; i < need; i++) {
        if ((c[i] & 0xc0) != 0x80) return 0;
    }
    /* Overlong forms, surrogates and what lies above U+10FFFF (Unicode 15, table 3-7). */
    if (c[0] == 0xe0 && c[1] < 0xa0) return 0;
    if (c[0] == 0xed && c[1] > 0x9f) return 0;
    if (c[0] == 0xf0 && c[1] < 0x90) return 0;
    if (c[0] == 0xf4 && c[1] > 0x8f) return 0;
    return need;
}

static bool word_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
}

size_t hopt_json__nan_token(const char *text, size_t length) {
    static const char *const tokens[] = {"NaN", "Infinity", "-Infinity"};
    for (size_t i = 0; i < HOPT_COUNT(tokens); i++) {
        size_t n = strlen(tokens[i]);
        if (length >= n && !memcmp(text, tokens[i], n) && (length == n || !word_byte(text[n])))
            return n;
    }
    return 0;
}

/** Whether what begins here stands before a colon: then it would be a key, which no NaN is. */
static bool is_key(const char *text, size_t length) {
    size_t i = 0;
    for (; i < length && strchr(" \t\r\n/", text[i]); i++) {
        if (text[i] != '/') continue;
        const char *newline = memchr(text + i, '\n', length - i); /* a comment */
        if (!newline) return false;
        i = (size_t)(newline - text);
    }
    return i < length && text[i] == ':';
}

static hopt_status fail(hopt_error *err, const char *text, size_t length, size_t offset,
                        const char *message) {
    int line, column;
    hopt_json__position(&line, &column, text, length, offset);
    return hopt_error_at(err, HOPT_EINVAL, line, column, "%s", message);
}

static hopt_status check_bytes(const char *text, size_t length, hopt_error *err) {
    if (length > HOPT_JSON_TEXT_MAX)
        return hopt_error_set(err, HOPT_EINVAL, "the text has %zu bytes, the limit is %zu (16 MiB)",
                              length, HOPT_JSON_TEXT_MAX);
    if (length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
        return fail(err, text, length, 0,
                    "the text begins with a byte order mark: save it as UTF-8 without one");
    if (length >= 2 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2)))
        return fail(err, text, length, 0, "the text is UTF-16: save it as UTF-8");
    bool blank = true;
    for (size_t i = 0, n; i < length; i += n) {
        n = hopt_json__utf8(text + i, length - i);
        if (!n)
            return fail(err, text, length, i,
                        "a byte here is not UTF-8: save the text as UTF-8 without other encodings");
        if (!text[i]) return fail(err, text, length, i, "a NUL byte is not allowed: remove it");
        if (!strchr(" \t\r\n", text[i])) blank = false;
    }
    if (blank) return fail(err, text, length, 0, "the text is empty: a JSON value is expected");
    return HOPT_OK;
}

/** Past the closing quote of the string that begins at `i`, or the length. */
static size_t string_end(const char *text, size_t length, size_t i) {
    for (i++; i < length && text[i] != '"'; i++) {
        if (text[i] == '\\') i++;
    }
    return i < length ? i + 1 : length;
}

/** Copy what is unchanged before `i`, then the replacement. */
static void replace(hopt_json__prepared *out, const char *text, size_t *copied, size_t i,
                    const char *replacement, size_t length) {
    hopt_buf_add(&out->copy, text + *copied, i - *copied);
    hopt_buf_add(&out->copy, replacement, length);
    *copied = i;
}

static size_t blank_comment(hopt_json__prepared *out, const char *text, size_t length,
                            size_t *copied, size_t i) {
    const char *newline = memchr(text + i, '\n', length - i);
    size_t end = newline ? (size_t)(newline - text) : length;
    replace(out, text, copied, i, NULL, 0);
    for (size_t k = i; k < end; k++)
        hopt_buf_char(&out->copy, ' ');
    return *copied = end;
}

static size_t quote_token(hopt_json__prepared *out, const char *text, size_t *copied, size_t i,
                          size_t token) {
    replace(out, text, copied, i, "\"", 1);
    out->shifts = hopt_grow(out->shifts, out->n_shifts, &out->shifts_capacity, sizeof(size_t));
    out->shifts[out->n_shifts++] = out->copy.length;
    hopt_buf_add(&out->copy, text + i, token);
    hopt_buf_char(&out->copy, '"');
    return *copied = i + token;
}

hopt_status hopt_json__prepare(hopt_json__prepared *out, const char *text, size_t length, int flags,
                               hopt_error *err) {
    memset(out, 0, sizeof *out);
    hopt_status status = check_bytes(text, length, err);
    if (status != HOPT_OK) return status;
    size_t copied = 0, depth = 0;
    for (size_t i = 0; i < length;) {
        char c = text[i];
        size_t token;
        if (c == '"') {
            i = string_end(text, length, i);
        } else if (c == '/' && (flags & HOPT_JSON_COMMENTS) && i + 1 < length &&
                   text[i + 1] == '/') {
            i = blank_comment(out, text, length, &copied, i);
        } else if ((flags & HOPT_JSON_NAN) && strchr("NI-", c) &&
                   (i == 0 || !word_byte(text[i - 1])) &&
                   (token = hopt_json__nan_token(text + i, length - i)) &&
                   !is_key(text + i + token, length - i - token)) {
            i = quote_token(out, text, &copied, i, token);
        } else {
            if ((c == '[' || c == '{') && ++depth > HOPT_JSON_DEPTH_MAX) {
                int line, column;
                hopt_json__position(&line, &column, text, length, i);
                return hopt_error_at(err, HOPT_EINVAL, line, column,
                                     "nested deeper than %d levels: flatten it",
                                     HOPT_JSON_DEPTH_MAX);
            }
            if ((c == ']' || c == '}') && depth > 0) depth--;
            i++;
        }
    }
    if (out->copy.data) replace(out, text, &copied, length, NULL, 0);
    out->text = out->copy.data ? out->copy.data : text;
    out->length = out->copy.data ? out->copy.length : length;
    return HOPT_OK;
}

void hopt_json__prepared_clear(hopt_json__prepared *prepared) {
    hopt_buf_clear(&prepared->copy);
    free(prepared->shifts);
    memset(prepared, 0, sizeof *prepared);
}

size_t hopt_json__original(const hopt_json__prepared *prepared, size_t offset) {
    size_t before = 0, added = 0;
    /* A token's opening quote stands one before its shift, its closing quote after it. */
    while (before < prepared->n_shifts && prepared->shifts[before] <= offset) {
        added += 1;
        size_t close = prepared->shifts[before];
        while (close < prepared->length && prepared->text[close] != '"')
            close++;
        if (close < offset) added += 1;
        before++;
    }
    return offset - added;
}
