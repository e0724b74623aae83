/**
 * The kernels of the above set and of pending trials, kept up to date trial by trial (TPE.md 0.3,
 * 0.7): for each dimension the values in order, so that a change touches at most three bandwidths.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sampler/tpe_internal.h"

/** Least bandwidth (TPE.md 0.3). */
static const double FLOOR = 0.04;
/** Up to this many values the floor (m+2)^-2 is above FLOOR and every bandwidth follows m. */
enum { FEW = 4 };

static bool is_category(const hopt_tpe_above *above, int d) {
    return above->cube->dims[d].scale == HOPT_CUBE_OPTION;
}

void hopt_tpe_above_init(hopt_tpe_above *above, const hopt_cube *cube) {
    size_t size = (size_t)cube->size;
    *above = (hopt_tpe_above){.cube = cube};
    above->layout = hopt_zalloc(size + 1, sizeof *above->layout);
    above->sorted = hopt_zalloc(size + 1, sizeof *above->sorted);
    above->columns.columns = hopt_tpe_lay_out(above->layout, cube);
}

void hopt_tpe_above_clear(hopt_tpe_above *above) {
    for (int d = 0; above->sorted && d < above->cube->size; d++) {
        free(above->sorted[d].value);
        free(above->sorted[d].slot);
    }
    free(above->sorted);
    free(above->layout);
    free(above->record);
    free(above->member);
    hopt_tpe_columns_free(&above->columns);
    *above = (hopt_tpe_above){0};
}

/* ---- sorted values and bandwidths ---- */

/** The first place in the sorted column that is not before (value, slot). */
static size_t place_of(const hopt_tpe_sorted *sorted, float value, uint32_t slot) {
    size_t low = 0;
    size_t high = sorted->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        bool before = sorted->value[middle] < value ||
                      (sorted->value[middle] == value && sorted->slot[middle] < slot);
        if (before)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static double greater(double a, double b) {
    return a > b ? a : b;
}

/** The larger gap to a neighbour, clamped to [max(.04, (m+2)^-2, .5/Q), 1]; a lone value: 1. */
static double bandwidth(const hopt_tpe_sorted *sorted, size_t at, double least) {
    double gap = sorted->count == 1 ? 1 : 0;
    if (at > 0) gap = (double)sorted->value[at] - (double)sorted->value[at - 1];
    if (at + 1 < sorted->count)
        gap = greater(gap, (double)sorted->value[at + 1] - (double)sorted->value[at]);
    gap = greater(gap, least);
    return gap < 1 ? gap : 1;
}

/** The floor of dimension d's bandwidths. */
static double least_bandwidth(const hopt_tpe_above *above, int d) {
    double m = (double)above->sorted[d].count;
    double least = greater(FLOOR, 1 / ((m + 2) * (m + 2)));
    return greater(least, above->cube->dims[d].floor);
}

static void write_kernel(hopt_tpe_above *above, int d, size_t at, double s) {
    const hopt_tpe_sorted *sorted = &above->sorted[d];
    const hopt_tpe_layout *layout = &above->layout[d];
    hopt_tpe_kernel kernel = hopt_tpe_make_kernel((double)sorted->value[at], s);
    *hopt_tpe_at(&above->columns, sorted->slot[at], layout->first) = kernel.v;
    *hopt_tpe_at(&above->columns, sorted->slot[at], layout->first + 1) = kernel.b;
    *hopt_tpe_at(&above->columns, sorted->slot[at], layout->constant) = kernel.c;
}

static void write_all(hopt_tpe_above *above, int d) {
    double least = least_bandwidth(above, d);
    for (size_t i = 0; i < above->sorted[d].count; i++)
        write_kernel(above, d, i, bandwidth(&above->sorted[d], i, least));
}

/**
 * Bandwidths beside a place where a value comes or goes: before that and after. Most are as narrow
 * as allowed before and after, and their kernels stay.
 */
typedef struct beside {
    double lower, upper; /**< of the value before `at`, and of the one after it */
} beside;

static beside look_beside(const hopt_tpe_sorted *sorted, size_t lower, size_t upper, double least) {
    return (beside){.lower = lower < sorted->count ? bandwidth(sorted, lower, least) : 0,
                    .upper = upper < sorted->count ? bandwidth(sorted, upper, least) : 0};
}

static void reserve_sorted(hopt_tpe_sorted *sorted) {
    if (sorted->count < sorted->capacity) return;
    sorted->capacity = sorted->capacity ? sorted->capacity * 2 : 16;
    sorted->value = hopt_realloc(sorted->value, sorted->capacity, sizeof *sorted->value);
    sorted->slot = hopt_realloc(sorted->slot, sorted->capacity, sizeof *sorted->slot);
}

static void sorted_insert(hopt_tpe_above *above, int d, float value, uint32_t slot) {
    hopt_tpe_sorted *sorted = &above->sorted[d];
    reserve_sorted(sorted);
    size_t at = place_of(sorted, value, slot);
    beside old = look_beside(sorted, at - 1, at, least_bandwidth(above, d));
    size_t after = sorted->count - at;
    memmove(sorted->value + at + 1, sorted->value + at, after * sizeof *sorted->value);
    memmove(sorted->slot + at + 1, sorted->slot + at, after * sizeof *sorted->slot);
    sorted->value[at] = value;
    sorted->slot[at] = slot;
    sorted->count++;
    if (sorted->count <= FEW) {
        write_all(above, d);
        return;
    }
    double least = least_bandwidth(above, d);
    beside now = look_beside(sorted, at - 1, at + 1, least);
    write_kernel(above, d, at, bandwidth(sorted, at, least));
    if (now.lower != old.lower) write_kernel(above, d, at - 1, now.lower);
    if (now.upper != old.upper) write_kernel(above, d, at + 1, now.upper);
}

static void sorted_remove(hopt_tpe_above *above, int d, float value, uint32_t slot) {
    hopt_tpe_sorted *sorted = &above->sorted[d];
    size_t at = place_of(sorted, value, slot);
    HOPT_ASSERT(at < sorted->count && sorted->slot[at] == slot);
    beside old = look_beside(sorted, at - 1, at + 1, least_bandwidth(above, d));
    size_t after = sorted->count - at - 1;
    memmove(sorted->value + at, sorted->value + at + 1, after * sizeof *sorted->value);
    memmove(sorted->slot + at, sorted->slot + at + 1, after * sizeof *sorted->slot);
    sorted->count--;
    if (sorted->count <= FEW) {
        write_all(above, d);
        return;
    }
    beside now = look_beside(sorted, at - 1, at, least_bandwidth(above, d));
    if (now.lower != old.lower) write_kernel(above, d, at - 1, now.lower);
    if (now.upper != old.upper) write_kernel(above, d, at, now.upper);
}

void hopt_tpe_above_join(hopt_tpe_above *above, uint32_t slot, const float *u,
                         hopt_tpe_membership as) {
    HOPT_ASSERT(above->member[slot] == HOPT_TPE_OUT && as != HOPT_TPE_OUT);
    above->member[slot] = (uint8_t)as;
    if (as == HOPT_TPE_ABOVE)
        above->n_above++;
    else
        above->n_waiting++;
    for (int d = 0; d < above->cube->size; d++) {
        bool active = !isnan(u[d]);
        if (is_category(above, d)) {
            *hopt_tpe_at(&above->columns, slot, above->layout[d].first) = active ? u[d] : -1;
            above->sorted[d].count += active;
        } else if (active) {
            sorted_insert(above, d, u[d], slot);
        }
    }
}

void hopt_tpe_above_leave(hopt_tpe_above *above, uint32_t slot, const float *u) {
    if (above->member[slot] == HOPT_TPE_OUT) return;
    if (above->member[slot] == HOPT_TPE_ABOVE)
        above->n_above--;
    else
        above->n_waiting--;
    above->member[slot] = HOPT_TPE_OUT;
    for (int d = 0; d < above->cube->size; d++) {
        if (isnan(u[d])) continue;
        if (is_category(above, d))
            above->sorted[d].count--;
        else
            sorted_remove(above, d, u[d], slot);
    }
}

void hopt_tpe_above_settle(hopt_tpe_above *above, uint32_t slot) {
    HOPT_ASSERT(above->member[slot] == HOPT_TPE_WAITING);
    above->member[slot] = HOPT_TPE_ABOVE;
    above->n_waiting--;
    above->n_above++;
}

/* ---- slots ---- */

/** Move the kernels from `at` on by one place up, tile by tile; the last one must be free. */
static void open_gap(hopt_tpe_columns *columns, size_t at, size_t slots) {
    for (size_t tile = slots / HOPT_TPE_LANES + 1; tile-- > at / HOPT_TPE_LANES;) {
        size_t first = tile == at / HOPT_TPE_LANES ? at % HOPT_TPE_LANES : 0;
        for (int column = 0; column < columns->columns; column++) {
            float *lanes = hopt_tpe_at(columns, tile * HOPT_TPE_LANES, column);
            memmove(lanes + first + 1, lanes + first, (HOPT_TPE_LANES - 1 - first) * sizeof *lanes);
            if (tile > at / HOPT_TPE_LANES)
                lanes[0] = *hopt_tpe_at(columns, tile * HOPT_TPE_LANES - 1, column);
        }
    }
}

/** Move the kernels after `at` by one place down, over it. */
static void close_gap(hopt_tpe_columns *columns, size_t at, size_t slots) {
    size_t last = (slots - 1) / HOPT_TPE_LANES;
    for (size_t tile = at / HOPT_TPE_LANES; tile <= last; tile++) {
        size_t first = tile == at / HOPT_TPE_LANES ? at % HOPT_TPE_LANES : 0;
        for (int column = 0; column < columns->columns; column++) {
            float *lanes = hopt_tpe_at(columns, tile * HOPT_TPE_LANES, column);
            memmove(lanes + first, lanes + first + 1, (HOPT_TPE_LANES - 1 - first) * sizeof *lanes);
            if (tile < last)
                lanes[HOPT_TPE_LANES - 1] =
                    *hopt_tpe_at(columns, (tile + 1) * HOPT_TPE_LANES, column);
        }
    }
}

static void renumber_sorted(uint32_t *slot, size_t count, uint32_t from, uint32_t by) {
    for (size_t i = 0; i < count; i++) /* 32 bits and no branch: this becomes vector code */
        slot[i] = slot[i] + (slot[i] >= from ? by : 0);
}

/** What names a slot from `from` on follows it by one place, up or down. */
static void renumber(hopt_tpe_above *above, hopt_history *history, size_t from, int by) {
    size_t moved = above->slots - from;
    size_t to = from + (size_t)by;
    memmove(above->record + to, above->record + from, moved * sizeof *above->record);
    memmove(above->member + to, above->member + from, moved * sizeof *above->member);
    for (size_t i = to; i < to + moved; i++)
        history->records[above->record[i]].slot = (uint32_t)i;
    for (int d = 0; d < above->cube->size; d++) {
        if (is_category(above, d)) continue;
        renumber_sorted(above->sorted[d].slot, above->sorted[d].count, (uint32_t)from,
                        (uint32_t)by);
    }
}

static void reserve_slots(hopt_tpe_above *above) {
    if (above->slots < above->capacity) return;
    above->capacity = above->capacity ? above->capacity * 2 : 64;
    above->record = hopt_realloc(above->record, above->capacity, sizeof *above->record);
    above->member = hopt_realloc(above->member, above->capacity, sizeof *above->member);
    hopt_tpe_columns_reserve(&above->columns, above->capacity);
}

void hopt_tpe_above_admit(hopt_tpe_above *above, hopt_history *history, uint32_t index) {
    reserve_slots(above);
    int64_t num = history->records[index].num;
    size_t at = above->slots;
    while (at > 0 && history->records[above->record[at - 1]].num > num)
        at--;
    if (at < above->slots) {
        open_gap(&above->columns, at, above->slots);
        renumber(above, history, at, 1);
    }
    above->slots++;
    above->record[at] = index;
    above->member[at] = HOPT_TPE_OUT;
    history->records[index].slot = (uint32_t)at;
    for (int column = 0; column < above->columns.columns; column++)
        *hopt_tpe_at(&above->columns, at, column) = 0;
}

void hopt_tpe_above_expel(hopt_tpe_above *above, hopt_history *history, uint32_t index) {
    size_t at = history->records[index].slot;
    HOPT_ASSERT(at < above->slots && above->member[at] == HOPT_TPE_OUT);
    if (at + 1 < above->slots) {
        close_gap(&above->columns, at, above->slots);
        renumber(above, history, at + 1, -1);
    }
    above->slots--;
    history->records[index].slot = UINT32_MAX;
}

void hopt_tpe_above_weigh(hopt_tpe_above *above, double log_above, double log_waiting) {
    hopt_tpe_columns *columns = &above->columns;
    float weight[3] = {HOPT_TPE_ABSENT, (float)log_above, (float)log_waiting};
    columns->used = (above->slots + HOPT_TPE_LANES - 1) / HOPT_TPE_LANES;
    for (size_t i = 0; i < columns->used * HOPT_TPE_LANES; i++)
        columns->base[i] = i < above->slots ? weight[above->member[i]] : HOPT_TPE_ABSENT;
    size_t tile = (size_t)columns->columns * HOPT_TPE_LANES;
    for (int d = 0; d < above->cube->size; d++) {
        if (above->cube->dims[d].conditional || above->layout[d].constant < 0) continue;
        const float *c = columns->tiles_data + (size_t)above->layout[d].constant * HOPT_TPE_LANES;
        for (size_t t = 0; t < columns->used; t++)
            for (size_t i = 0; i < HOPT_TPE_LANES; i++)
                columns->base[t * HOPT_TPE_LANES + i] += c[t * tile + i];
    }
}
