/** The terminal: what it is, how wide, what it can show; and text that is safe to show on it. */
#ifndef HOPT_CLI_TERM_H
#define HOPT_CLI_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/base/buf.h"

bool hopt_term_is_tty(FILE *stream);
/** Columns of the terminal behind `stream`, 80 when it is none; 20 at least. */
int hopt_term_width(FILE *stream);
/** Whether the locale's character set is UTF-8 (LC_ALL, LC_CTYPE, LANG). */
bool hopt_term_utf8(void);

typedef enum hopt_style {
    HOPT_STYLE_PLAIN,
    HOPT_STYLE_BOLD,
    HOPT_STYLE_DIM,
    HOPT_STYLE_GOOD, /**< green */
    HOPT_STYLE_WARN, /**< yellow */
    HOPT_STYLE_BAD   /**< red */
} hopt_style;
/** The escape sequence of a style, or "" when `stream` is no terminal, is dumb, or NO_COLOR is set.
 */
const char *hopt_term_style(FILE *stream, hopt_style style);

/** Append `text` with control characters (C0 but none, DEL, C1) and bytes that are not UTF-8
 * replaced by '?'. `keep` lists control characters that stay, e.g. "\n\t". */
void hopt_term_clean(hopt_buf *out, const char *text, size_t length, const char *keep);
/** Print a NUL-terminated text cleaned; newlines and tabs stay. */
void hopt_term_print(FILE *stream, const char *text);
/** How many columns a UTF-8 text takes (each character counts one). */
int hopt_term_columns(const char *text);
/** Length in bytes of the first `columns` characters. */
size_t hopt_term_cut(const char *text, int columns);

#endif
