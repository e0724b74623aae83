#include "common/store/mongo/bson_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/json/json.h"

/* ---- text ---- */

/* The length of the UTF-8 sequence at `text`, 0 when it is none. */
static size_t sequence(const unsigned char *text, size_t left) {
    size_t length = text[0] < 0x80 ? 1 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
    if (text[0] == 0 || length > left) return 0;
    return bson_utf8_validate((const char *)text, length, false) ? length : 0;
}

char *hopt_bson_clean_text(const char *text, size_t length) {
    if (bson_utf8_validate(text, length, false)) return hopt_strndup(text, length);
    hopt_buf out = HOPT_BUF_INIT;
    for (size_t i = 0; i < length;) {
        size_t n = sequence((const unsigned char *)text + i, length - i);
        if (n)
            hopt_buf_add(&out, text + i, n);
        else
            hopt_buf_char(&out, '?');
        i += n ? n : 1;
    }
    return hopt_buf_take(&out);
}

void hopt_bson_add_text(bson_t *to, const char *key, const char *text) {
    char *clean = hopt_bson_clean_text(text, strlen(text));
    bson_append_utf8(to, key, -1, clean, -1);
    free(clean);
}

void hopt_bson_add_integer(bson_t *to, const char *key, int64_t value) {
    if (value >= INT32_MIN && value <= INT32_MAX)
        bson_append_int32(to, key, -1, (int32_t)value);
    else
        bson_append_int64(to, key, -1, value);
}

/* ---- keys ---- */

static bool needs_escape(const char *key) {
    return !*key || *key == '$' || *key == '%' || strchr(key, '.');
}

/* "%" and the key with '%', '$' and '.' as %25, %24, %2E. Other keys are as they are. */
static void escape_key(hopt_buf *out, const char *key) {
    if (!needs_escape(key)) {
        hopt_buf_text(out, key);
        return;
    }
    hopt_buf_char(out, '%');
    for (const char *c = key; *c; c++) {
        if (*c == '%' || *c == '$' || *c == '.')
            hopt_buf_print(out, "%%%02X", (unsigned)*c);
        else
            hopt_buf_char(out, *c);
    }
}

/* The inverse. A key that escape_key() can't have made is another program's: taken as it is. */
static void unescape_key(hopt_buf *out, const char *key) {
    static const char *const codes[] = {"25%", "24$", "2E."};
    const char *c = key;
    if (*c == '%') {
        for (c++; *c; c++) {
            size_t i = 0;
            while (*c == '%' && i < HOPT_COUNT(codes) && strncmp(c + 1, codes[i], 2) != 0)
                i++;
            if (i == HOPT_COUNT(codes)) break;
            hopt_buf_char(out, *c == '%' ? codes[i][2] : *c);
            if (*c == '%') c += 2;
        }
    }
    hopt_buf again = HOPT_BUF_INIT;
    escape_key(&again, hopt_buf_string(out));
    if (*key != '%' || strcmp(hopt_buf_string(&again), key) != 0) {
        hopt_buf_reset(out);
        hopt_buf_text(out, key);
    }
    hopt_buf_clear(&again);
}

/* ---- JSON to BSON ---- */

static bool too_deep(const json_t *value, int left) {
    if (left == 0) return json_is_object(value) || json_is_array(value);
    size_t i;
    const char *key;
    json_t *member;
    json_array_foreach(value, i, member) {
        if (too_deep(member, left - 1)) return true;
    }
    json_object_foreach((json_t *)value, key, member) {
        if (too_deep(member, left - 1)) return true;
    }
    return false;
}

static void add_value(bson_t *to, const char *key, const json_t *value, bool escape);

static void add_member(bson_t *to, const char *key, const json_t *value, bool escape) {
    hopt_buf name = HOPT_BUF_INIT;
    if (escape)
        escape_key(&name, key);
    else
        hopt_buf_text(&name, key);
    add_value(to, hopt_buf_string(&name), value, escape);
    hopt_buf_clear(&name);
}

static void add_object(bson_t *to, const char *key, const json_t *value, bool escape) {
    bson_t child;
    const char *name;
    json_t *member;
    bson_append_document_begin(to, key, -1, &child);
    json_object_foreach((json_t *)value, name, member) {
        add_member(&child, name, member, escape);
    }
    bson_append_document_end(to, &child);
}

static void add_array(bson_t *to, const char *key, const json_t *value, bool escape) {
    bson_t child;
    size_t i;
    json_t *element;
    bson_append_array_begin(to, key, -1, &child);
    json_array_foreach(value, i, element) {
        char buffer[16];
        const char *index;
        bson_uint32_to_string((uint32_t)i, &index, buffer, sizeof buffer);
        add_value(&child, index, element, escape);
    }
    bson_append_array_end(to, &child);
}

static void add_string(bson_t *to, const char *key, const json_t *value) {
    char *clean = hopt_bson_clean_text(json_string_value(value), json_string_length(value));
    bson_append_utf8(to, key, -1, clean, -1);
    free(clean);
}

static void add_value(bson_t *to, const char *key, const json_t *value, bool escape) {
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        add_object(to, key, value, escape);
        break;
    case JSON_ARRAY:
        add_array(to, key, value, escape);
        break;
    case JSON_STRING:
        add_string(to, key, value);
        break;
    case JSON_INTEGER:
        hopt_bson_add_integer(to, key, json_integer_value(value));
        break;
    case JSON_REAL:
        bson_append_double(to, key, -1, json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        bson_append_bool(to, key, -1, json_is_true(value));
        break;
    case JSON_NULL:
        bson_append_null(to, key, -1);
        break;
    }
}

void hopt_bson_add_json(bson_t *to, const char *key, const json_t *value, bool escape) {
    if (!too_deep(value, HOPT_BSON_DEPTH_MAX)) {
        add_value(to, key, value, escape);
        return;
    }
    char *text = hopt_json_text(value);
    hopt_bson_add_text(to, key, text);
    free(text);
}

static bool listed(const char *const *list, const char *name) {
    for (; *list; list++) {
        if (strcmp(*list, name) == 0) return true;
    }
    return false;
}

void hopt_bson_add_members(bson_t *to, const json_t *object, const char *const *but) {
    const char *name;
    json_t *member;
    json_object_foreach((json_t *)object, name, member) {
        if (listed(but, name)) continue;
        hopt_buf key = HOPT_BUF_INIT;
        escape_key(&key, name);
        hopt_bson_add_json(to, hopt_buf_string(&key), member, true);
        hopt_buf_clear(&key);
    }
}

/* ---- BSON to JSON ---- */

static json_t *read_value(const bson_iter_t *at, bool escape, int depth);

static json_t *text_json(const char *text, size_t length) {
    char *clean = hopt_bson_clean_text(text, length);
    json_t *value = json_string(clean);
    free(clean);
    return value;
}

static json_t *read_object(const bson_iter_t *at, bool escape, int depth) {
    json_t *object = json_object();
    bson_iter_t member;
    if (!bson_iter_recurse(at, &member)) return object;
    while (bson_iter_next(&member)) {
        const char *raw = bson_iter_key(&member);
        char *clean = hopt_bson_clean_text(raw, strlen(raw));
        hopt_buf key = HOPT_BUF_INIT;
        if (escape)
            unescape_key(&key, clean);
        else
            hopt_buf_text(&key, clean);
        json_object_set_new(object, hopt_buf_string(&key), read_value(&member, escape, depth + 1));
        hopt_buf_clear(&key);
        free(clean);
    }
    return object;
}

static json_t *read_array(const bson_iter_t *at, bool escape, int depth) {
    json_t *array = json_array();
    bson_iter_t element;
    if (!bson_iter_recurse(at, &element)) return array;
    while (bson_iter_next(&element))
        json_array_append_new(array, read_value(&element, escape, depth + 1));
    return array;
}

static json_t *read_double(double value) {
    if (isfinite(value)) return json_real(value);
    return json_string(isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
}

/* Types that JSON lacks, by libbson's own printer. */
static json_t *read_extended(const bson_iter_t *at) {
    bson_t alone = BSON_INITIALIZER;
    json_t *value = NULL;
    if (bson_append_iter(&alone, "v", 1, at)) {
        char *text = bson_as_relaxed_extended_json(&alone, NULL);
        json_t *whole = text ? json_loads(text, 0, NULL) : NULL;
        value = json_incref(json_object_get(whole, "v"));
        json_decref(whole);
        bson_free(text);
    }
    bson_destroy(&alone);
    return value ? value : json_null();
}

static json_t *read_value(const bson_iter_t *at, bool escape, int depth) {
    uint32_t length;
    if (depth > HOPT_JSON_DEPTH_MAX) return json_string("(too deep)");
    switch (bson_iter_type(at)) {
    case BSON_TYPE_DOUBLE:
        return read_double(bson_iter_double(at));
    case BSON_TYPE_INT32:
        return json_integer(bson_iter_int32(at));
    case BSON_TYPE_INT64:
        return json_integer(bson_iter_int64(at));
    case BSON_TYPE_BOOL:
        return json_boolean(bson_iter_bool(at));
    case BSON_TYPE_NULL:
    case BSON_TYPE_UNDEFINED:
        return json_null();
    case BSON_TYPE_DOCUMENT:
        return read_object(at, escape, depth);
    case BSON_TYPE_ARRAY:
        return read_array(at, escape, depth);
    case BSON_TYPE_UTF8: {
        const char *text = bson_iter_utf8(at, &length);
        return text_json(text, length);
    }
    default:
        return read_extended(at);
    }
}

json_t *hopt_bson_json(const bson_iter_t *at, bool escape) {
    return read_value(at, escape, 0);
}

/* ---- checked readers ---- */

bool hopt_bson_double(double *out, const bson_iter_t *at) {
    if (BSON_ITER_HOLDS_DOUBLE(at))
        *out = bson_iter_double(at);
    else if (BSON_ITER_HOLDS_INT32(at))
        *out = bson_iter_int32(at);
    else if (BSON_ITER_HOLDS_INT64(at))
        *out = (double)bson_iter_int64(at);
    else
        return false;
    return true;
}

bool hopt_bson_integer(int64_t *out, const bson_iter_t *at, int64_t low, int64_t high) {
    int64_t value;
    if (BSON_ITER_HOLDS_INT32(at)) {
        value = bson_iter_int32(at);
    } else if (BSON_ITER_HOLDS_INT64(at)) {
        value = bson_iter_int64(at);
    } else if (BSON_ITER_HOLDS_DOUBLE(at)) {
        double real = bson_iter_double(at);
        if (!(fabs(real) < 0x1p63) || real != rint(real)) return false;
        value = (int64_t)real;
    } else {
        return false;
    }
    if (value < low || value > high) return false;
    *out = value;
    return true;
}

bool hopt_bson_text(char **out, const bson_iter_t *at) {
    if (!BSON_ITER_HOLDS_UTF8(at)) return false;
    uint32_t length;
    const char *text = bson_iter_utf8(at, &length);
    free(*out);
    *out = hopt_bson_clean_text(text, length);
    return true;
}

bool hopt_bson_name(char *out, size_t size, const bson_iter_t *at) {
    if (!BSON_ITER_HOLDS_UTF8(at)) return false;
    uint32_t length;
    const char *text = bson_iter_utf8(at, &length);
    if (length >= size || !bson_utf8_validate(text, length, false)) return false;
    memcpy(out, text, length);
    out[length] = '\0';
    return true;
}

bool hopt_bson_date(int64_t *out, const bson_iter_t *at) {
    if (BSON_ITER_HOLDS_NULL(at))
        *out = 0;
    else if (BSON_ITER_HOLDS_DATE_TIME(at))
        *out = bson_iter_date_time(at);
    else
        return false;
    return true;
}
