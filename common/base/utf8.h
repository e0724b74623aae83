/** UTF-8, checked. Pure. */
#ifndef HOPT_BASE_UTF8_H
#define HOPT_BASE_UTF8_H

#include <stddef.h>

/** How many bytes the character at `text` (NUL-terminated, not at its end) takes; 0: what is there
 * is not UTF-8 (overlong forms, surrogates and what is above U+10FFFF included). */
size_t hopt_utf8_length(const char *text);

#endif
