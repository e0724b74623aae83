/* Any bytes: parsed with every set of flags; what is read prints, reads back the same, and every
 * value in it is found in the text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/json/json_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** Each path costs a pass over the text. */
enum { PATHS_MAX = 300 };

typedef struct walk {
    const char *text;
    size_t length;
    hopt_buf path;
    int paths;
} walk;

static size_t offset_of(const walk *w, int line, int column) {
    size_t offset = 0;
    for (; line > 1; line--) {
        const char *newline = memchr(w->text + offset, '\n', w->length - offset);
        HOPT_ASSERT(newline);
        offset = (size_t)(newline - w->text) + 1;
    }
    return offset + (size_t)column - 1;
}

static void check_place(const walk *w, const json_t *value) {
    int line, column;
    HOPT_ASSERT(
        hopt_json_locate(&line, &column, w->text, w->length, hopt_buf_string(&w->path), false));
    size_t offset = offset_of(w, line, column);
    HOPT_ASSERT(offset < w->length);
    static const char *const first[] = {[JSON_OBJECT] = "{",         [JSON_ARRAY] = "[",
                                        [JSON_STRING] = "\"NI-",     [JSON_INTEGER] = "-0123456789",
                                        [JSON_REAL] = "-0123456789", [JSON_TRUE] = "t",
                                        [JSON_FALSE] = "f",          [JSON_NULL] = "n"};
    HOPT_ASSERT(strchr(first[json_typeof(value)], w->text[offset]));
}

static void visit(walk *w, const json_t *value) {
    if (w->paths++ > PATHS_MAX) return;
    check_place(w, value);
    size_t length = w->path.length, i;
    const char *key;
    json_t *child, *owner = (json_t *)value;
    json_array_foreach(owner, i, child) {
        hopt_json_path_index(&w->path, i);
        visit(w, child);
        w->path.length = length;
        w->path.data[length] = '\0';
    }
    json_object_foreach(owner, key, child) {
        int line, column;
        hopt_json_path_key(&w->path, key);
        HOPT_ASSERT(hopt_json_locate(&line, &column, w->text, w->length, w->path.data, true));
        HOPT_ASSERT(w->text[offset_of(w, line, column)] == '"');
        visit(w, child);
        w->path.length = length;
        w->path.data[length] = '\0';
    }
}

static void check_printed(const json_t *json, void (*print)(hopt_buf *, const json_t *)) {
    hopt_buf out = HOPT_BUF_INIT;
    hopt_error err;
    json_t *again;
    print(&out, json);
    HOPT_ASSERT(hopt_json_parse(&again, out.data, out.length, 0, &err) == HOPT_OK);
    HOPT_ASSERT(json_equal(json, again));
    json_decref(again);
    hopt_buf_clear(&out);
}

/* What the quick reader reads jansson reads the same. */
static void check_plain(const char *text, size_t size) {
    json_t *quick = hopt_json__read_plain(text, size);
    if (!quick) return;
    json_t *same = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    HOPT_ASSERT(same && json_equal(quick, same));
    json_decref(same);
    json_decref(quick);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    json_t *plain = NULL;
    check_plain((const char *)data, size);
    for (int flags = 0; flags <= (HOPT_JSON_COMMENTS | HOPT_JSON_NAN); flags++) {
        hopt_error err = {0};
        json_t *json;
        if (hopt_json_parse(&json, (const char *)data, size, flags, &err) != HOPT_OK) {
            HOPT_ASSERT(!json && err.message[0] && err.line > 0 && err.column > 0);
            HOPT_ASSERT(!plain); /* flags only allow more */
            continue;
        }
        walk w = {.text = (const char *)data, .length = size};
        visit(&w, json);
        hopt_buf_clear(&w.path);
        check_printed(json, hopt_json_print);
        check_printed(json, hopt_json_print_pretty);
        HOPT_ASSERT(!plain || json_equal(plain, json));
        if (!flags) plain = json_incref(json);
        json_decref(json);
    }
    json_decref(plain);
    return 0;
}
