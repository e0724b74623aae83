#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "worker/sandbox_internal.h"

static void last_add(sandbox_last *last, const char *bytes, size_t length) {
    if (length >= SANDBOX_LAST_MAX) {
        memcpy(last->bytes, bytes + length - SANDBOX_LAST_MAX, SANDBOX_LAST_MAX);
        last->length = SANDBOX_LAST_MAX;
        return;
    }
    if (last->length + length > SANDBOX_LAST_MAX) {
        size_t drop = last->length + length - SANDBOX_LAST_MAX;
        memmove(last->bytes, last->bytes + drop, last->length - drop);
        last->length -= drop;
    }
    memcpy(last->bytes + last->length, bytes, length);
    last->length += length;
}

static void ring_add(sandbox_log *log, const char *bytes, size_t length) {
    if (!log->ring) log->ring = hopt_alloc(HOPT_SANDBOX_LOG_MAX);
    if (length > HOPT_SANDBOX_LOG_MAX) {
        bytes += length - HOPT_SANDBOX_LOG_MAX;
        length = HOPT_SANDBOX_LOG_MAX;
    }
    size_t first = HOPT_SANDBOX_LOG_MAX - log->at;
    if (first > length) first = length;
    memcpy(log->ring + log->at, bytes, first);
    memcpy(log->ring, bytes + first, length - first);
    log->at = (log->at + length) % HOPT_SANDBOX_LOG_MAX;
    log->kept += length;
    if (log->kept > HOPT_SANDBOX_LOG_MAX) log->kept = HOPT_SANDBOX_LOG_MAX;
}

void hopt_sandbox__log_add(sandbox_log *log, bool error, const char *bytes, size_t length) {
    if (!length) return;
    log->total += length;
    last_add(error ? &log->err : &log->out, bytes, length);
    size_t room = HOPT_SANDBOX_LOG_MAX - log->head.length;
    size_t part = length < room ? length : room;
    if (part) hopt_buf_add(&log->head, bytes, part);
    if (length > part) ring_add(log, bytes + part, length - part);
}

void hopt_sandbox__log_reset(sandbox_log *log) {
    hopt_buf_reset(&log->head);
    log->at = log->kept = 0;
    log->total = 0;
    log->out.length = log->err.length = 0;
}

void hopt_sandbox__log_clear(sandbox_log *log) {
    hopt_buf_clear(&log->head);
    free(log->ring);
    log->ring = NULL;
}

void hopt_sandbox__log_view(sandbox_log *log, hopt_sandbox_log *out) {
    size_t start = (log->at + HOPT_SANDBOX_LOG_MAX - log->kept) % HOPT_SANDBOX_LOG_MAX;
    if (log->ring && start) { /* turn it, so that the oldest byte is first */
        char *turned = hopt_alloc(HOPT_SANDBOX_LOG_MAX);
        size_t first = HOPT_SANDBOX_LOG_MAX - start;
        memcpy(turned, log->ring + start, first);
        memcpy(turned + first, log->ring, start);
        free(log->ring);
        log->ring = turned;
        log->at = log->kept % HOPT_SANDBOX_LOG_MAX;
    }
    *out = (hopt_sandbox_log){.head = hopt_buf_string(&log->head),
                              .head_length = log->head.length,
                              .tail = log->ring ? log->ring : "",
                              .tail_length = log->kept,
                              .total = log->total};
}

/* ---- last lines ---- */

/* Length of the UTF-8 sequence at `s`, 0 when it is none (RFC 3629, table 3-7 of Unicode). */
static size_t sequence(const unsigned char *s, size_t length) {
    if (s[0] < 0x80) return 1;
    size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || n > length) return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f)) return 0;
    if ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f)) return 0;
    return n;
}

static bool print_last(const sandbox_last *last, hopt_buf *out) {
    size_t end = last->length;
    while (end && isspace((unsigned char)last->bytes[end - 1]))
        end--;
    if (!end) return false;
    size_t start = end;
    while (start && last->bytes[start - 1] != '\n')
        start--;
    if (!start && last->length == SANDBOX_LAST_MAX) hopt_buf_text(out, "...");
    for (size_t i = start; i < end;) {
        const unsigned char *at = (const unsigned char *)last->bytes + i;
        size_t n = sequence(at, end - i);
        if (n > 1 || (n == 1 && *at >= 0x20 && *at != 0x7f))
            hopt_buf_add(out, at, n);
        else
            hopt_buf_char(out, *at == '\t' ? ' ' : '?');
        i += n ? n : 1;
    }
    return true;
}

void hopt_sandbox__log_last(const sandbox_log *log, hopt_buf *out) {
    if (!print_last(&log->err, out)) print_last(&log->out, out);
}
