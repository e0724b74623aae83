/* jansson behind the pass of scan.c, its errors said in the words of a person's file. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/json/json.h"
#include "common/json/json_internal.h"

/** Where the token that jansson stumbled over begins: it reports the end. */
static size_t token_start(const hopt_json__prepared *prepared, const json_error_t *error) {
    size_t end = error->position < 0 ? 0 : (size_t)error->position;
    if (end > prepared->length) end = prepared->length;
    const char *near = strstr(error->text, " near '");
    if (near) {
        near += strlen(" near '");
        size_t length = strlen(near);
        if (length) length--; /* the closing quote */
        if (length && length <= end && !memcmp(prepared->text + end - length, near, length))
            return end - length;
    }
    return strstr(error->text, "near end of file") || !end ? end : end - 1;
}

/** Start of the string literal whose closing quote is at end - 1. */
static size_t literal_start(const char *text, size_t end) {
    for (size_t i = end < 2 ? 0 : end - 2; i > 0; i--) {
        if (text[i] != '"') continue;
        size_t slashes = 0;
        while (slashes < i && text[i - 1 - slashes] == '\\')
            slashes++;
        if (slashes % 2 == 0) return i;
    }
    return 0;
}

/** The usual slips of hand, by the bytes at and before the place. NULL: none known. */
static const char *slip(const char *text, size_t length, size_t start, int flags) {
    const char *at = text + start;
    size_t left = length - start, back = start;
    while (back > 0 && isspace((unsigned char)text[back - 1]))
        back--;
    if (left && (*at == ']' || *at == '}') && back > 0 && text[back - 1] == ',')
        return "there is a comma before the closing bracket: remove it";
    if (left && *at == '\'') return "strings need double quotes";
    if (left && *at == '#') return "comments begin with //";
    if (left >= 2 && !memcmp(at, "/*", 2)) return "only comments that begin with // are read";
    if (left >= 2 && !memcmp(at, "//", 2) && !(flags & HOPT_JSON_COMMENTS))
        return "comments are not allowed here: remove it";
    if (hopt_json__nan_token(at, left))
        return "NaN and Infinity are not JSON: give a finite number";
    if (left >= 4 && (!memcmp(at, "True", 4) || !memcmp(at, "None", 4)))
        return "write true, false and null as JSON does";
    if (left >= 5 && !memcmp(at, "False", 5)) return "write true, false and null as JSON does";
    return NULL;
}

static hopt_status syntax_error(hopt_error *err, const hopt_json__prepared *prepared,
                                const char *text, size_t length, int flags,
                                const json_error_t *error) {
    size_t start = token_start(prepared, error);
    enum json_error_code code = json_error_code(error);
    char detail[JSON_ERROR_TEXT_LENGTH + 100];
    const char *message = detail;
    snprintf(detail, sizeof detail, "syntax error: %s", error->text);
    if (code == json_error_duplicate_key) {
        size_t end = (size_t)error->position;
        start = literal_start(prepared->text, end);
        snprintf(detail, sizeof detail, "the key %.*s appears twice in one object: keep one",
                 (int)(end - start > 100 ? 100 : end - start), prepared->text + start);
    } else if (code == json_error_numeric_overflow) {
        message = strstr(error->text, "integer")
                      ? "this integer does not fit in 64 bits: write it as a real, e.g. 1e20"
                      : "this number is too large for a double (1.8e308)";
    } else if (code == json_error_end_of_input_expected) {
        message = slip(prepared->text, prepared->length, start, flags);
        if (!message) message = "there is text after the end of the JSON value: remove it";
    } else if (code == json_error_premature_end_of_input) {
        message = "the text ends too early: a bracket, brace or quote is not closed";
    } else if (code == json_error_null_character || code == json_error_null_byte_in_key) {
        message = "\\u0000 is not allowed in a string";
    } else {
        const char *hint = slip(prepared->text, prepared->length, start, flags);
        if (hint) snprintf(detail, sizeof detail, "syntax error: %s", hint);
    }
    int line, column;
    hopt_json__position(&line, &column, text, length, hopt_json__original(prepared, start));
    return hopt_error_at(err, HOPT_EINVAL, line, column, "%s", message);
}

hopt_status hopt_json_parse(json_t **out, const char *text, size_t length, int flags,
                            hopt_error *err) {
    *out = length <= HOPT_JSON_TEXT_MAX ? hopt_json__read_plain(text, length) : NULL;
    if (*out) return HOPT_OK;
    hopt_json__prepared prepared;
    hopt_status status = hopt_json__prepare(&prepared, text, length, flags, err);
    if (status == HOPT_OK) {
        json_error_t error;
        *out = json_loadb(prepared.text, prepared.length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
                          &error);
        if (!*out) status = syntax_error(err, &prepared, text, length, flags, &error);
    }
    hopt_json__prepared_clear(&prepared);
    return status;
}
