#include "master/ranges.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

void hopt_ranges_clear(hopt_ranges *ranges) {
    free(ranges->list);
    *ranges = (hopt_ranges){0};
}

/* The first range that ends at `num` or later. */
static size_t place_of(const hopt_ranges *ranges, int num) {
    size_t low = 0, high = ranges->count;
    if (high && ranges->list[high - 1].to < num) return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ranges->list[middle].to < num)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void hopt_ranges_add(hopt_ranges *ranges, int from, int to) {
    if (from >= to) return;
    size_t at = place_of(ranges, from), after = at;
    for (; after < ranges->count && ranges->list[after].from <= to; after++) {
        if (ranges->list[after].from < from) from = ranges->list[after].from;
        if (ranges->list[after].to > to) to = ranges->list[after].to;
    }
    if (after == at)
        ranges->list =
            hopt_grow(ranges->list, ranges->count, &ranges->capacity, sizeof *ranges->list);
    /* What was in at .. after-1 becomes one. */
    if (after != at + 1)
        memmove(ranges->list + at + 1, ranges->list + after,
                (ranges->count - after) * sizeof *ranges->list);
    ranges->count = ranges->count + 1 - (after - at);
    ranges->list[at] = (hopt_range){from, to};
}

bool hopt_ranges_has(const hopt_ranges *ranges, int num) {
    size_t at = place_of(ranges, num + 1);
    return at < ranges->count && ranges->list[at].from <= num;
}

int hopt_ranges_gap(const hopt_ranges *ranges, int num) {
    size_t at = place_of(ranges, num + 1);
    return at < ranges->count && ranges->list[at].from <= num ? ranges->list[at].to : num;
}

int hopt_ranges_size(const hopt_ranges *ranges) {
    int size = 0;
    for (size_t i = 0; i < ranges->count; i++)
        size += ranges->list[i].to - ranges->list[i].from;
    return size;
}

bool hopt_ranges_within(const hopt_ranges *inner, const hopt_ranges *outer) {
    for (size_t i = 0; i < inner->count; i++) {
        size_t at = place_of(outer, inner->list[i].to);
        if (at == outer->count || outer->list[at].from > inner->list[i].from) return false;
    }
    return true;
}
