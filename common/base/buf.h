/** A growing string buffer. `data` is always NUL-terminated once anything was added. Not
 * thread-safe. */
#ifndef HOPT_BASE_BUF_H
#define HOPT_BASE_BUF_H

#include <stddef.h>

#include "common/base/attr.h"

typedef struct hopt_buf {
    char *data; /**< NULL while empty and never used */
    size_t length;
    size_t capacity;
} hopt_buf;

#define HOPT_BUF_INIT                                                                              \
    { NULL, 0, 0 }

void hopt_buf_clear(hopt_buf *buf);
/** Length 0, memory kept. */
void hopt_buf_reset(hopt_buf *buf);
void hopt_buf_add(hopt_buf *buf, const void *data, size_t length);
void hopt_buf_text(hopt_buf *buf, const char *text);
void hopt_buf_char(hopt_buf *buf, char c);
void hopt_buf_print(hopt_buf *buf, const char *format, ...) HOPT_PRINTF(2, 3);
/** Drop `length` bytes from the front. */
void hopt_buf_consume(hopt_buf *buf, size_t length);
/** The text (never NULL), owned by the buffer. */
const char *hopt_buf_string(const hopt_buf *buf);
/** Give the text away (never NULL, caller frees); the buffer is empty after it. */
HOPT_MUST_CHECK char *hopt_buf_take(hopt_buf *buf);

#endif
