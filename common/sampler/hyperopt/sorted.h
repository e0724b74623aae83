/**
 * A label's observations in order, kept from one suggestion to the next. Not thread-safe.
 */
#ifndef HOPT_SAMPLER_HYPEROPT_SORTED_H
#define HOPT_SAMPLER_HYPEROPT_SORTED_H

#include "common/sampler/hyperopt/docs.h"

/** By x, ties by num. Starts as zeros. */
typedef struct hopt_hyperopt_sorted {
    double *x;      /**< what a mixture is of: the logarithm for log types */
    uint32_t *slot; /**< whose it is */
    size_t count, capacity;
    uint32_t seen; /**< slots below it are in, if they have the label */
    unsigned epoch;
} hopt_hyperopt_sorted;

/** Take up what came since. `log_of`: x is log(max(value, least)). */
void hopt_hyperopt_sorted_update(hopt_hyperopt_sorted *sorted, const hopt_hyperopt_docs *docs,
                                 int param, bool log_of, double least);
void hopt_hyperopt_sorted_clear(hopt_hyperopt_sorted *sorted);

#endif
