#include "common/sampler/hyperopt/sorted.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

static int by_value(const void *left, const void *right) {
    const hopt_hyperopt_entry *a = left;
    const hopt_hyperopt_entry *b = right;
    if (a->x != b->x) return a->x < b->x ? -1 : 1;
    return (a->num > b->num) - (a->num < b->num);
}

/* Merge the ordered entries from `old` on into those before it. */
static void merge(hopt_hyperopt_sorted *sorted, size_t old) {
    size_t fresh = sorted->count - old;
    hopt_hyperopt_entry *tail = hopt_alloc((fresh + 1) * sizeof *tail);
    memcpy(tail, sorted->list + old, fresh * sizeof *tail);
    size_t to = sorted->count;
    while (fresh > 0) {
        if (old > 0 && by_value(&sorted->list[old - 1], &tail[fresh - 1]) > 0)
            sorted->list[--to] = sorted->list[--old];
        else
            sorted->list[--to] = tail[--fresh];
    }
    free(tail);
}

void hopt_hyperopt_sorted_update(hopt_hyperopt_sorted *sorted, const hopt_hyperopt_docs *docs,
                                 int param, bool log_of, double least) {
    if (sorted->epoch != docs->epoch) {
        sorted->epoch = docs->epoch;
        sorted->seen = 0;
        sorted->count = 0;
    }
    size_t old = sorted->count;
    for (; sorted->seen < docs->count; sorted->seen++) {
        double value = docs->column[param][sorted->seen];
        if (isnan(value)) continue;
        sorted->list =
            hopt_grow(sorted->list, sorted->count, &sorted->capacity, sizeof *sorted->list);
        sorted->list[sorted->count++] = (hopt_hyperopt_entry){
            log_of ? log(fmax(value, least)) : value, docs->num_of[sorted->seen], sorted->seen};
    }
    if (sorted->count == old) return;
    qsort(sorted->list + old, sorted->count - old, sizeof *sorted->list, by_value);
    merge(sorted, old);
}
