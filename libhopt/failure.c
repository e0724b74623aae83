/* Failures as the host sees them, and what belongs to no other file. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "libhopt/libhopt_internal.h"

const char *hopt_version(void) {
    return HOPT_VERSION;
}

void hopt_free(void *memory) {
    free(memory);
}

static int put(hopt_failure *why, int code, int line, int column, const char *text) {
    if (!why) return code;
    why->code = code;
    why->line = line;
    why->column = column;
    size_t length = strlen(text), most = sizeof why->message - 1;
    bool cut = length > most;
    if (cut) length = most - 3;
    memmove(why->message, text, length);
    memcpy(why->message + length, "...", cut ? 4 : 0);
    if (!cut) why->message[length] = '\0';
    return code;
}

int hopt_lib__fail(hopt_failure *why, const hopt_error *err) {
    return put(why, (int)err->code, err->line, err->column, err->message);
}

int hopt_lib__say(hopt_failure *why, int code, const char *format, ...) {
    char text[HOPT_FAILURE_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return put(why, code, 0, 0, text);
}

int hopt_lib__fail_text(hopt_failure *why, hopt_errors *errors, const char *file, int shift) {
    hopt_buf all = HOPT_BUF_INIT;
    hopt_errors_sort(errors);
    for (size_t i = 0; i < errors->count; i++) {
        hopt_error *err = &errors->list[i];
        char line[HOPT_ERROR_MESSAGE_MAX + 256];
        if (err->line == 1 && err->column > shift) err->column -= shift;
        hopt_error_text(line, sizeof line, file, err);
        hopt_buf_print(&all, "%s%s", i ? "\n" : "", line);
    }
    if (errors->total > errors->count)
        hopt_buf_print(&all, "\nand %zu more", errors->total - errors->count);
    const hopt_error *first = &errors->list[0];
    put(why, HOPT_EINVAL, first->line, first->column, hopt_buf_string(&all));
    hopt_buf_clear(&all);
    return HOPT_EINVAL;
}

/* The length of "12:34: " at the start of a line, or 0. */
static size_t position_length(const char *line) {
    size_t first = strspn(line, "0123456789");
    if (first == 0 || line[first] != ':') return 0;
    size_t second = strspn(line + first + 1, "0123456789");
    const char *end = line + first + 1 + second;
    return second && end[0] == ':' && end[1] == ' ' ? (size_t)(end + 2 - line) : 0;
}

void hopt_lib__drop_positions(hopt_failure *why) {
    char *out = why->message;
    for (const char *at = why->message; *at;) {
        at += position_length(at);
        size_t length = strcspn(at, "\n");
        if (at[length] == '\n') length++;
        memmove(out, at, length);
        out += length;
        at += length;
    }
    *out = '\0';
    why->line = why->column = 0;
}
