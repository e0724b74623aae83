/* Bytes that an objective prints: line splitter, message parser, last line of a command, result.
 * The same bytes cut at other places must give the same messages. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "worker/child_lines.h"
#include "worker/child_protocol.h"
#include "worker/child_result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct seen {
    hopt_buf kinds;
    char *last;
    size_t last_length;
} seen;

static void make_result(const hopt_child_loss *loss, const char *bad) {
    hopt_result result;
    hopt_child_outcome outcome = {.end = HOPT_CHILD_EXITED, .loss = loss, .bad = bad};
    hopt_child_result(&result, &outcome);
    HOPT_ASSERT(result.state == HOPT_DONE || result.error_message);
    HOPT_ASSERT(!result.ok || result.loss - result.loss == 0); /* finite */
    hopt_result_clear(&result);
}

static void on_piece(void *data, hopt_child_piece piece, const char *text, size_t length) {
    seen *s = data;
    hopt_child_message message;
    if (piece != HOPT_CHILD_LINE) return;
    hopt_child_parse(&message, text, length);
    hopt_buf_char(&s->kinds, (char)('0' + message.kind));
    if (message.kind == HOPT_CHILD_RESULT) make_result(&message.result, NULL);
    if (message.kind == HOPT_CHILD_BAD) make_result(NULL, message.error);
    hopt_child_message_clear(&message);
    free(s->last);
    s->last = malloc(length ? length : 1);
    if (!s->last) abort();
    memcpy(s->last, text, length);
    s->last_length = length;
}

static void feed(seen *s, const uint8_t *data, size_t size, size_t step) {
    hopt_child_lines lines = {0};
    for (size_t at = 0; at < size; at += step)
        hopt_child_lines_feed(&lines, (const char *)data + at, size - at < step ? size - at : step,
                              on_piece, s);
    hopt_child_lines_end(&lines, on_piece, s);
    hopt_child_lines_clear(&lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    seen whole = {0}, cut = {0};
    feed(&whole, data, size, size ? size : 1);
    feed(&cut, data, size, 7);
    HOPT_ASSERT(whole.kinds.length == cut.kinds.length);
    HOPT_ASSERT(!whole.kinds.length ||
                memcmp(whole.kinds.data, cut.kinds.data, cut.kinds.length) == 0);
    if (whole.last) {
        hopt_child_loss loss;
        hopt_error err = {0};
        if (hopt_child_parse_last(&loss, whole.last, whole.last_length, &err) == HOPT_OK)
            make_result(&loss, NULL);
        else
            make_result(NULL, err.message);
        hopt_child_loss_clear(&loss);
    }
    hopt_buf_clear(&whole.kinds);
    hopt_buf_clear(&cut.kinds);
    free(whole.last);
    free(cut.last);
    return 0;
}
