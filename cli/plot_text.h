/** A small picture of the losses over the trials, for a terminal. Pure. */
#ifndef HOPT_CLI_PLOT_TEXT_H
#define HOPT_CLI_PLOT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"

/**
 * One dot a trial and the best so far as a line. The loss axis is logarithmic when all losses are
 * positive and spread over more than two powers of ten; the worst twentieth is drawn at the edge,
 * so that a few outliers do not flatten the rest.
 * @param losses    n values in the order of the trials, in the user's sign; NaN: no result.
 * @param width     columns of the whole picture, 50 at least.
 * @param height    rows of the picture without its axis, 3 at least.
 * @param utf8      braille dots; else ASCII: '.' a trial, '-' the best so far.
 * @param maximize  the best so far is the highest.
 * Nothing is appended when there is no loss.
 */
void hopt_plot_losses(hopt_buf *out, const double *losses, size_t n, int width, int height,
                      bool utf8, bool maximize);

#endif
