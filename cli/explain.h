/** An explanation of a suggestion (docs/samplers.md) for people. */
#ifndef HOPT_CLI_EXPLAIN_H
#define HOPT_CLI_EXPLAIN_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/buf.h"
#include "common/space/space.h"

/**
 * Append text for a terminal: why, the split, each label's proposed value with small pictures of
 * both densities, the best candidates.
 * @param suggestion  what `hopt suggest --explain --json` prints: {"num", "vals", "explain", ...}
 * @param utf8        whether block characters can be shown.
 */
void hopt_explain_text(hopt_buf *out, const json_t *suggestion, const hopt_space *space, bool utf8);

#endif
