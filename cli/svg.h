/** Pictures as SVG 1.1 text: the few shapes that plots are made of. Coordinates are pixels from the
 * top left. */
#ifndef HOPT_CLI_SVG_H
#define HOPT_CLI_SVG_H

#include <stddef.h>

#include "common/base/buf.h"

typedef enum hopt_anchor { HOPT_ANCHOR_START, HOPT_ANCHOR_MIDDLE, HOPT_ANCHOR_END } hopt_anchor;

void hopt_svg_begin(hopt_buf *out, double width, double height);
void hopt_svg_end(hopt_buf *out);
/** Text is cleaned of control characters and escaped. `style`: CSS, e.g. "fill:#555". */
void hopt_svg_text(hopt_buf *out, double x, double y, hopt_anchor anchor, const char *style,
                   const char *text);
void hopt_svg_rect(hopt_buf *out, double x, double y, double width, double height,
                   const char *style);
void hopt_svg_line(hopt_buf *out, double x1, double y1, double x2, double y2, const char *style);
/** A line through `count` points. */
void hopt_svg_path(hopt_buf *out, const double *x, const double *y, size_t count,
                   const char *style);

#endif
