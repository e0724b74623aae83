/**
 * Which trials stand below and which above (TPE.md 0.2, 0.4b, 0.6), and which are left out of the
 * above kernels when there are very many (0.7).
 *
 * Design notes. Every pending trial has a slot among the above kernels, and so has every ended one
 * until there are more than `thin_at`; from then on only the `thin_to` with the smallest hash of
 * their num. Being below only takes a slot out of the mixture; it keeps its place.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/sampler/tpe_internal.h"

static const uint32_t NO_SLOT = UINT32_MAX;

/** The first unconditional choice on which another parameter depends (TPE.md 0.4b). */
static int find_root(const hopt_cube *cube) {
    int root = cube->size;
    for (int i = 0; i < cube->size; i++) {
        const hopt_param *param = cube->dims[i].param;
        for (int k = 0; k < param->n_conditions; k++) {
            int parent = param->conditions[k].parent;
            if (!cube->dims[parent].conditional && parent < root) root = parent;
        }
    }
    return root < cube->size ? root : -1;
}

void hopt_tpe_split_init(hopt_tpe_split *split, const hopt_cube *cube) {
    *split = (hopt_tpe_split){.cube = cube,
                              .root = find_root(cube),
                              .thin_at = HOPT_TPE_THIN_AT,
                              .thin_to = HOPT_TPE_THIN_TO};
    hopt_history_init(&split->history);
    hopt_tpe_above_init(&split->above, cube);
    if (split->root < 0) return;
    size_t branches = (size_t)cube->dims[split->root].options;
    split->branch_best = hopt_zalloc(branches, sizeof *split->branch_best);
    split->branch_finished = hopt_zalloc(branches, sizeof *split->branch_finished);
    split->branch_known = hopt_zalloc(branches, sizeof *split->branch_known);
}

void hopt_tpe_split_clear(hopt_tpe_split *split) {
    hopt_history_clear(&split->history);
    hopt_tpe_above_clear(&split->above);
    free(split->u);
    free(split->kept);
    free(split->branch_best);
    free(split->branch_finished);
    free(split->branch_known);
    *split = (hopt_tpe_split){0};
}

static const float *coordinates(const hopt_tpe_split *split, uint32_t index) {
    return split->u + (size_t)index * (size_t)split->cube->size;
}

static bool in(const hopt_best *best, uint32_t index) {
    for (int i = 0; i < best->count; i++)
        if (best->index[i] == index) return true;
    return false;
}

static bool is_ended(const hopt_record *record) {
    return record->state == HOPT_RECORD_OK || record->state == HOPT_RECORD_PRUNED ||
           record->state == HOPT_RECORD_FAILED;
}

/* ---- membership ---- */

static void join(hopt_tpe_split *split, uint32_t index) {
    const hopt_record *record = &split->history.records[index];
    if (record->slot == NO_SLOT) return;
    if (split->above.member[record->slot] == HOPT_TPE_WAITING) { /* it was pending till now */
        hopt_tpe_above_settle(&split->above, record->slot);
        return;
    }
    hopt_tpe_above_join(&split->above, record->slot, coordinates(split, index),
                        record->state == HOPT_RECORD_PENDING ? HOPT_TPE_WAITING : HOPT_TPE_ABOVE);
}

static void leave(hopt_tpe_split *split, uint32_t index) {
    const hopt_record *record = &split->history.records[index];
    if (record->slot == NO_SLOT) return;
    hopt_tpe_above_leave(&split->above, record->slot, coordinates(split, index));
}

static void drop(hopt_tpe_split *split, uint32_t index) {
    if (split->history.records[index].slot == NO_SLOT) return;
    leave(split, index);
    hopt_tpe_above_expel(&split->above, &split->history, index);
}

void hopt_tpe_split_set(hopt_tpe_split *split, const hopt_best *below) {
    hopt_best old = split->below;
    if (old.count == below->count &&
        memcmp(old.index, below->index, (size_t)old.count * sizeof old.index[0]) == 0)
        return;
    split->below = *below;
    for (int i = 0; i < old.count; i++)
        if (!in(below, old.index[i])) join(split, old.index[i]);
    for (int i = 0; i < below->count; i++)
        if (!in(&old, below->index[i])) leave(split, below->index[i]);
}

/* ---- thinning ---- */

static uint64_t priority(const hopt_tpe_split *split, uint32_t index) {
    return hopt_hash_splitmix64((uint64_t)split->history.records[index].num, 1);
}

static int by_priority(const void *a, const void *b) {
    const hopt_tpe_kept *x = a;
    const hopt_tpe_kept *y = b;
    return (x->priority > y->priority) - (x->priority < y->priority);
}

/** From now on only the thin_to smallest hashes have slots: rebuild the above kernels of them. */
static void start_thinning(hopt_tpe_split *split) {
    hopt_tpe_above *above = &split->above;
    size_t slots = above->slots;
    uint32_t *members = hopt_zalloc(slots, sizeof *members);
    hopt_tpe_kept *kept = hopt_zalloc(slots, sizeof *kept);
    memcpy(members, above->record, slots * sizeof *members);
    size_t ended = 0;
    for (size_t i = 0; i < slots; i++) {
        split->history.records[members[i]].slot = NO_SLOT;
        if (is_ended(&split->history.records[members[i]]))
            kept[ended++] = (hopt_tpe_kept){priority(split, members[i]), members[i]};
    }
    qsort(kept, ended, sizeof *kept, by_priority);
    split->thinned = true;
    split->kept = kept;
    uint64_t most = kept[split->thin_to - 1].priority;
    hopt_tpe_above_clear(above);
    hopt_tpe_above_init(above, split->cube);
    for (size_t i = 0; i < slots; i++) { /* still in the order of the nums */
        if (is_ended(&split->history.records[members[i]]) && priority(split, members[i]) > most)
            continue;
        hopt_tpe_above_admit(above, &split->history, members[i]);
        if (!in(&split->below, members[i])) join(split, members[i]);
    }
    free(members);
}

/** Put a trial among the kept ones. @return the one of them that has to go. */
static uint32_t replace_kept(hopt_tpe_split *split, hopt_tpe_kept fresh) {
    size_t at = split->thin_to - 1;
    uint32_t gone = split->kept[at].index;
    for (; at > 0 && split->kept[at - 1].priority > fresh.priority; at--)
        split->kept[at] = split->kept[at - 1];
    split->kept[at] = fresh;
    return gone;
}

/** Give a newly ended trial a slot, or none when it is thinned out. */
static void keep(hopt_tpe_split *split, uint32_t index) {
    uint64_t hash = priority(split, index);
    if (split->thinned && hash > split->kept[split->thin_to - 1].priority) {
        drop(split, index);
        return;
    }
    if (split->history.records[index].slot == NO_SLOT)
        hopt_tpe_above_admit(&split->above, &split->history, index);
    if (split->thinned) drop(split, replace_kept(split, (hopt_tpe_kept){hash, index}));
}

/* ---- trials come ---- */

static uint32_t append(hopt_tpe_split *split, int64_t num, hopt_record_state state,
                       const double *point) {
    size_t size = (size_t)split->cube->size;
    uint32_t index = hopt_history_append(&split->history, num, state);
    if (split->history.count > split->u_capacity) {
        split->u_capacity = split->history.capacity;
        split->u = hopt_realloc(split->u, split->u_capacity * size + 1, sizeof *split->u);
    }
    for (size_t d = 0; d < size; d++)
        split->u[index * size + d] = (float)hopt_cube_encode(&split->cube->dims[d], point[d]);
    return index;
}

/** The root's branch that a trial is in, or -1. */
static int branch_of(const hopt_tpe_split *split, uint32_t index) {
    if (split->root < 0) return -1;
    float u = coordinates(split, index)[split->root];
    return u >= 0 && u < (float)split->cube->dims[split->root].options ? (int)u : -1;
}

static void count_known(hopt_tpe_split *split, uint32_t index, bool more) {
    int branch = branch_of(split, index);
    if (branch < 0) return;
    if (more)
        split->branch_known[branch]++;
    else
        split->branch_known[branch]--;
}

void hopt_tpe_split_pend(hopt_tpe_split *split, int64_t num, const double *point) {
    if (hopt_history_find(&split->history, num) >= 0) return;
    uint32_t index = append(split, num, HOPT_RECORD_PENDING, point);
    split->pending++;
    count_known(split, index, true);
    hopt_tpe_above_admit(&split->above, &split->history, index);
    join(split, index);
}

static hopt_record_state state_of(const hopt_observation *observation) {
    switch (observation->outcome) {
    case HOPT_OUTCOME_OK:
        return isfinite(observation->loss) ? HOPT_RECORD_OK : HOPT_RECORD_FAILED;
    case HOPT_OUTCOME_PRUNED:
        return isfinite(observation->loss) ? HOPT_RECORD_PRUNED : HOPT_RECORD_FAILED;
    case HOPT_OUTCOME_FAILED:
        return HOPT_RECORD_FAILED;
    case HOPT_OUTCOME_IGNORED:
        break;
    }
    return HOPT_RECORD_IGNORED;
}

/** The record of a trial that ends now: a new one, or the pending one, still in the mixture. */
static int64_t end_record(hopt_tpe_split *split, const hopt_observation *observation) {
    hopt_record_state state = state_of(observation);
    int64_t found = hopt_history_find(&split->history, observation->num);
    if (found < 0) return append(split, observation->num, state, observation->point);
    hopt_record *record = &split->history.records[found];
    if (record->state != HOPT_RECORD_PENDING) return -1;
    count_known(split, (uint32_t)found, false);
    split->pending--;
    record->state = state;
    return found;
}

void hopt_tpe_split_add(hopt_tpe_split *split, const hopt_observation *observation) {
    int64_t found = end_record(split, observation);
    if (found < 0) return;
    uint32_t index = (uint32_t)found;
    hopt_record *record = &split->history.records[index];
    if (record->state == HOPT_RECORD_IGNORED) {
        drop(split, index);
        return;
    }
    record->loss = observation->loss;
    record->step = observation->step;
    count_known(split, index, true);
    keep(split, index);
    join(split, index);
    if (record->state == HOPT_RECORD_FAILED) {
        split->failed++;
    } else {
        split->finished++;
        hopt_best_insert(&split->best, &split->history, index);
        int branch = branch_of(split, index);
        if (branch >= 0) {
            split->branch_finished[branch]++;
            hopt_best_insert(&split->branch_best[branch], &split->history, index);
        }
        hopt_best usual = hopt_tpe_split_usual(split);
        hopt_tpe_split_set(split, &usual);
    }
    if (!split->thinned && split->finished + split->failed > split->thin_at) start_thinning(split);
}

/* ---- who is below ---- */

int hopt_tpe_split_size(size_t finished) {
    /* min(25, max(1, ceil(.10 N)), N-1), in integers: .1 N is inexact. */
    size_t n = (finished + 9) / 10;
    if (n < 1) n = 1;
    if (n > HOPT_BEST_MAX) n = HOPT_BEST_MAX;
    if (finished == 0) return 0;
    return (int)(n < finished - 1 ? n : finished - 1);
}

hopt_best hopt_tpe_split_usual(const hopt_tpe_split *split) {
    hopt_best below = split->best;
    below.count = hopt_tpe_split_size(split->finished);
    return below;
}

hopt_best hopt_tpe_split_branch(const hopt_tpe_split *split, int option) {
    hopt_best below = split->branch_best[option];
    size_t n = (split->branch_finished[option] + 9) / 10;
    if (n < 2) n = 2;
    if (n < (size_t)below.count) below.count = (int)n;
    return below;
}

int hopt_tpe_split_due(const hopt_tpe_split *split) {
    if (split->root < 0) return -1;
    int options = split->cube->dims[split->root].options;
    int least = -1;
    for (int b = 0; b < options; b++) {
        if (split->cube->dims[split->root].probability[b] <= 0) continue;
        if (least < 0 || split->branch_known[b] < split->branch_known[least]) least = b;
    }
    /* Counted with failed and pending trials: a branch that always fails, or whose first results
     * are still out, must not take every suggestion. */
    double n = (double)split->finished;
    double minimum = fmin(2 * sqrt(n), 0.5 * n / options);
    return least >= 0 && (double)split->branch_known[least] < minimum ? least : -1;
}
