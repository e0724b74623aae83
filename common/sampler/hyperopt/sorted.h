/**
 * A label's observations in order, kept from one suggestion to the next. Not thread-safe.
 */
#ifndef HOPT_SAMPLER_HYPEROPT_SORTED_H
#define HOPT_SAMPLER_HYPEROPT_SORTED_H

#include "common/sampler/hyperopt/docs.h"

typedef struct hopt_hyperopt_entry {
    double x; /**< what a mixture is of: the logarithm for log types */
    int64_t num;
    uint32_t slot;
} hopt_hyperopt_entry;

/** By x, ties by num. Starts as zeros; free `list`. */
typedef struct hopt_hyperopt_sorted {
    hopt_hyperopt_entry *list;
    size_t count, capacity;
    uint32_t seen; /**< slots below it are in, if they have the label */
    unsigned epoch;
} hopt_hyperopt_sorted;

/** Take up what came since. `log_of`: x is log(max(value, least)). */
void hopt_hyperopt_sorted_update(hopt_hyperopt_sorted *sorted, const hopt_hyperopt_docs *docs,
                                 int param, bool log_of, double least);

#endif
