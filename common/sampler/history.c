#include "common/sampler/history.h"

#include <math.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"

void hopt_history_init(hopt_history *history) {
    *history = (hopt_history){.table_size = 64};
    history->table = hopt_zalloc(history->table_size, sizeof *history->table);
}

void hopt_history_clear(hopt_history *history) {
    free(history->records);
    free(history->table);
    *history = (hopt_history){0};
}

static size_t find_place(const hopt_history *history, int64_t num) {
    size_t mask = history->table_size - 1;
    size_t place = (size_t)hopt_hash_splitmix64((uint64_t)num, 0) & mask;
    while (history->table[place] && history->records[history->table[place] - 1].num != num)
        place = (place + 1) & mask;
    return place;
}

int64_t hopt_history_find(const hopt_history *history, int64_t num) {
    return (int64_t)history->table[find_place(history, num)] - 1;
}

static void double_table(hopt_history *history) {
    free(history->table);
    history->table_size *= 2;
    history->table = hopt_zalloc(history->table_size, sizeof *history->table);
    for (size_t i = 0; i < history->count; i++)
        history->table[find_place(history, history->records[i].num)] = (uint32_t)i + 1;
}

uint32_t hopt_history_append(hopt_history *history, int64_t num, hopt_record_state state) {
    HOPT_ASSERT(history->count < UINT32_MAX - 1);
    if ((history->count + 1) * 2 > history->table_size) double_table(history);
    history->records =
        hopt_grow(history->records, history->count, &history->capacity, sizeof *history->records);
    size_t place = find_place(history, num);
    HOPT_ASSERT(history->table[place] == 0);
    history->records[history->count] =
        (hopt_record){.num = num, .loss = (double)NAN, .state = state, .slot = UINT32_MAX};
    history->table[place] = (uint32_t)history->count + 1;
    return (uint32_t)history->count++;
}

bool hopt_record_before(const hopt_record *a, const hopt_record *b) {
    if (a->state != b->state) return a->state == HOPT_RECORD_OK;
    if (a->state == HOPT_RECORD_PRUNED && a->step != b->step) return a->step > b->step;
    if (a->loss != b->loss) return a->loss < b->loss;
    return a->num < b->num;
}

void hopt_best_insert(hopt_best *best, const hopt_history *history, uint32_t index) {
    const hopt_record *records = history->records;
    if (best->count == HOPT_BEST_MAX) {
        if (!hopt_record_before(&records[index], &records[best->index[HOPT_BEST_MAX - 1]])) return;
        best->count--;
    }
    int at = best->count++;
    for (; at > 0 && hopt_record_before(&records[index], &records[best->index[at - 1]]); at--)
        best->index[at] = best->index[at - 1];
    best->index[at] = index;
}
