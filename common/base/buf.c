#include "common/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

static void reserve(hopt_buf *buf, size_t more) {
    size_t need = buf->length + more + 1;
    HOPT_ASSERT(need > buf->length);
    if (need <= buf->capacity) return;
    size_t capacity = buf->capacity ? buf->capacity : 64;
    while (capacity < need)
        capacity *= 2;
    buf->data = hopt_realloc(buf->data, capacity, 1);
    buf->capacity = capacity;
}

void hopt_buf_clear(hopt_buf *buf) {
    free(buf->data);
    *buf = (hopt_buf)HOPT_BUF_INIT;
}

void hopt_buf_reset(hopt_buf *buf) {
    buf->length = 0;
    if (buf->data) buf->data[0] = '\0';
}

void hopt_buf_add(hopt_buf *buf, const void *data, size_t length) {
    reserve(buf, length);
    if (length) memcpy(buf->data + buf->length, data, length);
    buf->length += length;
    buf->data[buf->length] = '\0';
}

void hopt_buf_text(hopt_buf *buf, const char *text) {
    hopt_buf_add(buf, text, strlen(text));
}

void hopt_buf_char(hopt_buf *buf, char c) {
    hopt_buf_add(buf, &c, 1);
}

void hopt_buf_print(hopt_buf *buf, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    HOPT_ASSERT(length >= 0);
    reserve(buf, (size_t)length);
    vsnprintf(buf->data + buf->length, (size_t)length + 1, format, again);
    va_end(again);
    buf->length += (size_t)length;
}

void hopt_buf_consume(hopt_buf *buf, size_t length) {
    HOPT_ASSERT(length <= buf->length);
    if (!length) return;
    memmove(buf->data, buf->data + length, buf->length - length + 1);
    buf->length -= length;
}

const char *hopt_buf_string(const hopt_buf *buf) {
    return buf->data ? buf->data : "";
}

char *hopt_buf_take(hopt_buf *buf) {
    char *text = buf->data ? buf->data : hopt_strdup("");
    *buf = (hopt_buf)HOPT_BUF_INIT;
    return text;
}
