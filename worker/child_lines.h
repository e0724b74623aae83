/** Cuts the bytes of a child's output into lines, with bounded memory. Pure. */
#ifndef HOPT_WORKER_CHILD_LINES_H
#define HOPT_WORKER_CHILD_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"

/** The longest line that is looked at; a longer one is log only (FORMATS §3). */
enum { HOPT_CHILD_LINE_MAX = 1 << 20 };

typedef enum hopt_child_piece {
    HOPT_CHILD_LINE,     /**< a whole line, without its newline */
    HOPT_CHILD_LONG,     /**< some bytes of a line longer than HOPT_CHILD_LINE_MAX */
    HOPT_CHILD_LONG_LAST /**< the last bytes (maybe none) of such a line */
} hopt_child_piece;

/** Text is borrowed for the call. May call hopt_child_lines_clear() only through the owner's own
 * deferral: the splitter is in use. */
typedef void (*hopt_child_on_piece)(void *data, hopt_child_piece piece, const char *text,
                                    size_t length);

/** Zero it to begin. */
typedef struct hopt_child_lines {
    hopt_buf pending; /**< an unfinished line, at most HOPT_CHILD_LINE_MAX bytes */
    bool overlong;    /**< inside a line that is passed on in pieces */
} hopt_child_lines;

/** Cut `length` more bytes. */
void hopt_child_lines_feed(hopt_child_lines *lines, const char *bytes, size_t length,
                           hopt_child_on_piece on_piece, void *data);
/** End of output: an unfinished line is given as one. */
void hopt_child_lines_end(hopt_child_lines *lines, hopt_child_on_piece on_piece, void *data);
void hopt_child_lines_clear(hopt_child_lines *lines);

#endif
