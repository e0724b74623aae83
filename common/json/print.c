/* Our own printer, since jansson prints 17 digits where fewer read back the same. */
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/json/json_internal.h"

/** A list of scalars stays on one line up to here. */
enum { LINE_WIDTH = 80, COMPACT = -1 };

static const char *escape_of(unsigned char c) {
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\b':
        return "\\b";
    case '\f':
        return "\\f";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        return NULL;
    }
}

void hopt_json_print_string(hopt_buf *out, const char *text, size_t length) {
    hopt_buf_char(out, '"');
    size_t plain = 0;
    for (size_t i = 0, n; i < length; i += n) {
        unsigned char c = (unsigned char)text[i];
        n = hopt_json__utf8(text + i, length - i);
        if (n && c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) continue;
        hopt_buf_add(out, text + plain, i - plain);
        const char *escape = escape_of(c);
        if (!n)
            hopt_buf_text(out, "\xef\xbf\xbd"); /* U+FFFD for a byte that is not UTF-8 */
        else if (escape)
            hopt_buf_text(out, escape);
        else
            hopt_buf_print(out, "\\u%04x", c);
        if (!n) n = 1;
        plain = i + n;
    }
    hopt_buf_add(out, text + plain, length - plain);
    hopt_buf_char(out, '"');
}

static void print_real(hopt_buf *out, double value) {
    char number[HOPT_JSON_NUMBER];
    hopt_json_number(number, value);
    hopt_buf_text(out, number);
    if (!strpbrk(number, ".eIN")) hopt_buf_text(out, ".0");
}

static void new_line(hopt_buf *out, int indent) {
    if (indent == COMPACT) return;
    hopt_buf_char(out, '\n');
    for (int i = 0; i < indent; i++)
        hopt_buf_text(out, "  ");
}

static void print(hopt_buf *out, const json_t *value, int indent);

/** Whether a list holds scalars only and fits a line; then it is in `out`. */
static bool print_short_list(hopt_buf *out, const json_t *list, int indent) {
    size_t start = out->length;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        hopt_buf_text(out, i ? ", " : "[");
        if (json_is_array(item) || json_is_object(item)) goto no;
        print(out, item, COMPACT);
        if (out->length - start + (size_t)indent * 2 > LINE_WIDTH) goto no;
    }
    hopt_buf_char(out, ']');
    return true;
no:
    out->length = start;
    if (out->data) out->data[start] = '\0';
    return false;
}

static void print_list(hopt_buf *out, const json_t *list, int indent) {
    if (!json_array_size(list)) {
        hopt_buf_text(out, "[]");
        return;
    }
    if (indent != COMPACT && print_short_list(out, list, indent)) return;
    int inner = indent == COMPACT ? COMPACT : indent + 1;
    for (size_t i = 0; i < json_array_size(list); i++) {
        hopt_buf_char(out, i ? ',' : '[');
        new_line(out, inner);
        print(out, json_array_get(list, i), inner);
    }
    new_line(out, indent);
    hopt_buf_char(out, ']');
}

static void print_object(hopt_buf *out, const json_t *object, int indent) {
    int inner = indent == COMPACT ? COMPACT : indent + 1;
    char before = '{';
    /* The iterator takes a non-const object, but changes nothing. */
    json_t *walk = (json_t *)object;
    for (void *i = json_object_iter(walk); i; i = json_object_iter_next(walk, i)) {
        hopt_buf_char(out, before);
        before = ',';
        new_line(out, inner);
        const char *key = json_object_iter_key(i);
        hopt_json_print_string(out, key, strlen(key));
        hopt_buf_text(out, indent == COMPACT ? ":" : ": ");
        print(out, json_object_iter_value(i), inner);
    }
    if (before == '{')
        hopt_buf_char(out, '{');
    else
        new_line(out, indent);
    hopt_buf_char(out, '}');
}

static void print(hopt_buf *out, const json_t *value, int indent) {
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_OBJECT:
        print_object(out, value, indent);
        break;
    case JSON_ARRAY:
        print_list(out, value, indent);
        break;
    case JSON_STRING:
        hopt_json_print_string(out, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        hopt_buf_print(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        print_real(out, json_real_value(value));
        break;
    case JSON_TRUE:
        hopt_buf_text(out, "true");
        break;
    case JSON_FALSE:
        hopt_buf_text(out, "false");
        break;
    case JSON_NULL:
        hopt_buf_text(out, "null");
        break;
    }
}

void hopt_json_print(hopt_buf *out, const json_t *value) {
    print(out, value, COMPACT);
}

void hopt_json_print_pretty(hopt_buf *out, const json_t *value) {
    print(out, value, 0);
}

char *hopt_json_text(const json_t *value) {
    hopt_buf out = HOPT_BUF_INIT;
    hopt_json_print(&out, value);
    return hopt_buf_take(&out);
}
