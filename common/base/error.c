#include "common/base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void hopt_assert_failed(const char *condition, const char *file, int line) {
    fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, condition);
    abort();
}

static HOPT_PRINTF(2, 0) void set_message(hopt_error *err, const char *format, va_list args) {
    int length = vsnprintf(err->message, sizeof err->message, format, args);
    if (length < 0) err->message[0] = '\0';
    if (length >= (int)sizeof err->message)
        memcpy(err->message + sizeof err->message - 4, "...", 4);
}

hopt_status hopt_error_set(hopt_error *err, hopt_status code, const char *format, ...) {
    if (!err) return code;
    va_list args;
    va_start(args, format);
    err->code = code;
    err->line = err->column = 0;
    set_message(err, format, args);
    va_end(args);
    return code;
}

hopt_status hopt_error_at(hopt_error *err, hopt_status code, int line, int column,
                          const char *format, ...) {
    if (!err) return code;
    va_list args;
    va_start(args, format);
    err->code = code;
    err->line = line;
    err->column = column;
    set_message(err, format, args);
    va_end(args);
    return code;
}

void hopt_error_prefix(hopt_error *err, const char *format, ...) {
    if (!err) return;
    char prefix[HOPT_ERROR_MESSAGE_MAX], old[HOPT_ERROR_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    memcpy(old, err->message, sizeof old);
    /* A long prefix gives way to the message, which says what went wrong. */
    snprintf(err->message, sizeof err->message, "%.200s: %.300s", prefix, old);
}

void hopt_error_text(char *out, size_t size, const char *file, const hopt_error *err) {
    char place[48] = "";
    if (err->line > 0 && err->column > 0)
        snprintf(place, sizeof place, ":%d:%d", err->line, err->column);
    else if (err->line > 0)
        snprintf(place, sizeof place, ":%d", err->line);
    if (file)
        snprintf(out, size, "%s%s: %s", file, place, err->message);
    else
        snprintf(out, size, "%s%s%s", place[0] ? place + 1 : "", place[0] ? ": " : "",
                 err->message);
    for (char *c = out; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
    }
}

void hopt_errors_add(hopt_errors *errors, const hopt_error *err) {
    errors->total++;
    if (errors->count < HOPT_ERRORS_MAX) errors->list[errors->count++] = *err;
}

static int by_position(const void *left, const void *right) {
    const hopt_error *a = left, *b = right;
    if (a->line != b->line) return a->line < b->line ? -1 : 1;
    if (a->column != b->column) return a->column < b->column ? -1 : 1;
    return 0;
}

void hopt_errors_sort(hopt_errors *errors) {
    qsort(errors->list, errors->count, sizeof errors->list[0], by_position);
}
