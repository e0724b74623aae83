#include "common/sampler/hyperopt/sorted.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

typedef struct entry {
    double x;
    int64_t num;
    uint32_t slot;
} entry;

static int by_value(const void *left, const void *right) {
    const entry *a = left;
    const entry *b = right;
    if (a->x != b->x) return a->x < b->x ? -1 : 1;
    return (a->num > b->num) - (a->num < b->num);
}

/* The first of the ordered ones before `high` that comes after `fresh`. */
static size_t place_of(const hopt_hyperopt_sorted *sorted, const hopt_hyperopt_docs *docs,
                       size_t high, const entry *fresh) {
    size_t low = 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        double x = sorted->x[middle];
        bool after =
            x > fresh->x || (x == fresh->x && docs->num_of[sorted->slot[middle]] > fresh->num);
        if (after)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Mostly one trial came, and what comes after it moves up as one piece. */
static void merge(hopt_hyperopt_sorted *sorted, const hopt_hyperopt_docs *docs, const entry *fresh,
                  size_t n_fresh) {
    size_t high = sorted->count;
    sorted->count += n_fresh;
    while (n_fresh-- > 0) {
        size_t at = place_of(sorted, docs, high, &fresh[n_fresh]);
        size_t to = at + n_fresh + 1;
        memmove(sorted->x + to, sorted->x + at, (high - at) * sizeof *sorted->x);
        memmove(sorted->slot + to, sorted->slot + at, (high - at) * sizeof *sorted->slot);
        sorted->x[to - 1] = fresh[n_fresh].x;
        sorted->slot[to - 1] = fresh[n_fresh].slot;
        high = at;
    }
}

static void reserve(hopt_hyperopt_sorted *sorted, size_t count) {
    if (count <= sorted->capacity) return;
    sorted->capacity = count + count / 4 + 64;
    sorted->x = hopt_realloc(sorted->x, sorted->capacity, sizeof *sorted->x);
    sorted->slot = hopt_realloc(sorted->slot, sorted->capacity, sizeof *sorted->slot);
}

void hopt_hyperopt_sorted_update(hopt_hyperopt_sorted *sorted, const hopt_hyperopt_docs *docs,
                                 int param, bool log_of, double least) {
    if (sorted->epoch != docs->epoch) {
        sorted->epoch = docs->epoch;
        sorted->seen = 0;
        sorted->count = 0;
    }
    if (sorted->seen == docs->count) return;
    entry *fresh = hopt_alloc((docs->count - sorted->seen) * sizeof *fresh);
    size_t n = 0;
    for (; sorted->seen < docs->count; sorted->seen++) {
        double value = docs->column[param][sorted->seen];
        if (isnan(value)) continue;
        fresh[n++] = (entry){log_of ? log(fmax(value, least)) : value, docs->num_of[sorted->seen],
                             sorted->seen};
    }
    if (n > 1) qsort(fresh, n, sizeof *fresh, by_value);
    reserve(sorted, sorted->count + n);
    merge(sorted, docs, fresh, n);
    free(fresh);
}

void hopt_hyperopt_sorted_clear(hopt_hyperopt_sorted *sorted) {
    free(sorted->x);
    free(sorted->slot);
    *sorted = (hopt_hyperopt_sorted){0};
}
