/**
 * What a sampler remembers of trials: each num once, its state and rank. Records stay at their
 * index for ever, so other columns (coordinates, kernels) can be kept beside them by index.
 * Not thread-safe.
 */
#ifndef HOPT_SAMPLER_HISTORY_H
#define HOPT_SAMPLER_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/sampler/sampler.h"

typedef enum hopt_record_state {
    HOPT_RECORD_PENDING,
    HOPT_RECORD_OK,
    HOPT_RECORD_PRUNED,
    HOPT_RECORD_FAILED,
    HOPT_RECORD_IGNORED
} hopt_record_state;

typedef struct hopt_record {
    int64_t num;
    double loss;
    int64_t step;
    hopt_record_state state;
    uint32_t slot; /**< for the sampler's use; starts as UINT32_MAX */
} hopt_record;

typedef struct hopt_history {
    hopt_record *records;
    size_t count, capacity;
    uint32_t *table; /**< open addressing by num: index + 1, 0 = free */
    size_t table_size;
} hopt_history;

void hopt_history_init(hopt_history *history);
void hopt_history_clear(hopt_history *history);

/** The index of a num, or -1. */
int64_t hopt_history_find(const hopt_history *history, int64_t num);
/** Append a record for a num that is not there yet. @return its index. */
uint32_t hopt_history_append(hopt_history *history, int64_t num, hopt_record_state state);

/**
 * Whether a ranks before b (TPE.md 0.2, 0.6): complete ones by loss, then pruned ones by (-last
 * step, last value), ties by age. Both are OK or PRUNED.
 */
bool hopt_record_before(const hopt_record *a, const hopt_record *b);

/** The best few records, in order. */
enum { HOPT_BEST_MAX = 25 };

typedef struct hopt_best {
    int count;
    uint32_t index[HOPT_BEST_MAX];
} hopt_best;

/** Insert record `index` by rank; the worst falls out of a full list. O(HOPT_BEST_MAX). */
void hopt_best_insert(hopt_best *best, const hopt_history *history, uint32_t index);

#endif
