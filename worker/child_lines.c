#include "worker/child_lines.h"

#include <string.h>

/* Bytes of one line; `whole` when its newline follows. */
static void add(hopt_child_lines *lines, const char *bytes, size_t length, bool whole,
                hopt_child_on_piece on_piece, void *data) {
    if (!lines->overlong && lines->pending.length + length > HOPT_CHILD_LINE_MAX) {
        lines->overlong = true;
        on_piece(data, HOPT_CHILD_LONG, hopt_buf_string(&lines->pending), lines->pending.length);
        hopt_buf_clear(&lines->pending);
    }
    if (lines->overlong) {
        on_piece(data, whole ? HOPT_CHILD_LONG_LAST : HOPT_CHILD_LONG, bytes, length);
        if (whole) lines->overlong = false;
        return;
    }
    if (!whole) {
        hopt_buf_add(&lines->pending, bytes, length);
    } else if (!lines->pending.length) {
        on_piece(data, HOPT_CHILD_LINE, bytes, length);
    } else {
        hopt_buf_add(&lines->pending, bytes, length);
        on_piece(data, HOPT_CHILD_LINE, lines->pending.data, lines->pending.length);
        hopt_buf_reset(&lines->pending);
    }
}

void hopt_child_lines_feed(hopt_child_lines *lines, const char *bytes, size_t length,
                           hopt_child_on_piece on_piece, void *data) {
    while (length > 0) {
        const char *end = memchr(bytes, '\n', length);
        size_t part = end ? (size_t)(end - bytes) : length;
        add(lines, bytes, part, end != NULL, on_piece, data);
        if (end) part++;
        bytes += part;
        length -= part;
    }
}

void hopt_child_lines_end(hopt_child_lines *lines, hopt_child_on_piece on_piece, void *data) {
    if (lines->pending.length || lines->overlong) add(lines, "", 0, true, on_piece, data);
}

void hopt_child_lines_clear(hopt_child_lines *lines) {
    hopt_buf_clear(&lines->pending);
    lines->overlong = false;
}
