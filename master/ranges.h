/**
 * A set of trial numbers as ranges: what a proposer knows is nearly always one, 0 .. n-1. Pure.
 */
#ifndef HOPT_MASTER_RANGES_H
#define HOPT_MASTER_RANGES_H

#include <stdbool.h>
#include <stddef.h>

/** [from, to) */
typedef struct hopt_range {
    int from, to;
} hopt_range;

/** Ascending, neither touching nor overlapping. Zeros are the empty set. */
typedef struct hopt_ranges {
    hopt_range *list; /**< owned */
    size_t count, capacity;
} hopt_ranges;

void hopt_ranges_clear(hopt_ranges *ranges);
/** Add from .. to-1; nothing when from >= to. O(1) at the end, else O(count). */
void hopt_ranges_add(hopt_ranges *ranges, int from, int to);
bool hopt_ranges_has(const hopt_ranges *ranges, int num);
/** The first number from `num` on that is not in the set. */
int hopt_ranges_gap(const hopt_ranges *ranges, int num);
/** How many numbers there are. */
int hopt_ranges_size(const hopt_ranges *ranges);
/** Whether every number of `inner` is in `outer`. */
bool hopt_ranges_within(const hopt_ranges *inner, const hopt_ranges *outer);

#endif
