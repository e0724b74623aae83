/** How samples are written. Not for other modules. */
#ifndef HOPT_METRICS_METRICS_INTERNAL_H
#define HOPT_METRICS_METRICS_INTERNAL_H

#include "common/metrics/metrics.h"

/** "# HELP" and "# TYPE". */
void hopt_metric__head(hopt_buf *out, const char *name, const char *type, const char *help);
/** `name` `suffix` {labels}; a space and the value follow. */
void hopt_metric__begin(hopt_buf *out, const char *name, const char *suffix,
                        const hopt_label *labels, size_t n_labels);
/** The shortest of 15 to 17 digits that reads back the same; NaN, +Inf, -Inf. */
void hopt_metric__number(char out[32], double value);

#endif
