/** The picture of an explanation (docs/samplers.md). */
#ifndef HOPT_CLI_PLOT_EXPLAIN_H
#define HOPT_CLI_PLOT_EXPLAIN_H

#include <jansson.h>

#include "common/base/buf.h"

/**
 * Append an SVG: for each label both densities, the candidates and the proposed value; the scores
 * of all candidates.
 * @param suggestion  a line of `hopt suggest --explain --json`; what is missing or of another type
 * is left out.
 */
void hopt_plot_explain(hopt_buf *out, const json_t *suggestion);

#endif
