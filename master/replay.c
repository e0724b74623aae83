#include "master/replay.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "master/proposer.h"
#include "master/replay_internal.h"

/* A difference that an earlier one explains costs the sampler two beginnings to find out. */
enum { GUESSES = 8 };

hopt_replay *hopt_replay_new(const hopt_study_spec *spec, uint64_t seed) {
    hopt_replay *replay = hopt_zalloc(1, sizeof *replay);
    replay->spec = spec;
    replay->seed = seed;
    replay->size = (size_t)hopt_space_size(spec->space);
    replay->point = hopt_zalloc(replay->size + 1, sizeof *replay->point);
    replay->guesses_left = GUESSES;
    replay->counts.first_foreign = -1;
    hopt_replay__forget(replay);
    return replay;
}

static void clear_record(hopt_replay_record *record) {
    free(record->lines);
    free(record->repeated);
    json_decref(record->sampler);
    if (record->knew) hopt_ranges_clear(record->knew);
    free(record->knew);
    *record = (hopt_replay_record){0};
}

void hopt_replay_free(hopt_replay *replay) {
    if (!replay) return;
    hopt_replay__forget(replay);
    for (size_t i = 0; i < replay->count; i++)
        clear_record(&replay->list[i]);
    for (size_t i = 0; i < replay->n_differences; i++) {
        free(replay->differences[i].recorded);
        free(replay->differences[i].repeated);
    }
    free(replay->differences);
    free(replay->list);
    free(replay->points);
    free(replay->makers);
    free(replay->order);
    free(replay->point);
    free(replay);
}

/* ---- records ---- */

static bool same_bits(const double *a, const double *b, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (!(isnan(a[i]) && isnan(b[i])) &&
            memcmp(&a[i], &b[i], sizeof *a) != 0) /* NOLINT: bits */
            return false;
    return true;
}

static void reserve(hopt_replay *replay, size_t count) {
    if (count <= replay->count) return;
    if (count > replay->capacity) {
        replay->capacity = count > replay->capacity * 2 ? count : replay->capacity * 2;
        replay->list = hopt_realloc(replay->list, replay->capacity, sizeof *replay->list);
        replay->points = hopt_realloc(replay->points, replay->capacity * (replay->size + 1),
                                      sizeof *replay->points);
    }
    memset(replay->list + replay->count, 0, (count - replay->count) * sizeof *replay->list);
    replay->count = count;
}

static hopt_ranges *read_knew(const json_t *view) {
    const json_t *list = json_object_get(view, HOPT_VIEW_KNEW);
    if (!json_is_array(list)) return NULL;
    hopt_ranges *knew = hopt_zalloc(1, sizeof *knew);
    for (size_t i = 0; i + 1 < json_array_size(list); i += 2) {
        json_int_t from = json_integer_value(json_array_get(list, i));
        json_int_t to = json_integer_value(json_array_get(list, i + 1));
        if (from >= 0 && to <= HOPT_TRIALS_MAX) hopt_ranges_add(knew, (int)from, (int)to);
    }
    return knew;
}

/* Whether the point was a person's: said so, or, in older records, one of the study's points. */
static bool was_given(const hopt_replay *replay, const hopt_trial *trial, const double *point) {
    const hopt_study_spec *spec = replay->spec;
    if (json_is_true(json_object_get(trial->view, HOPT_VIEW_GIVEN))) return true;
    return point && trial->num < spec->n_points &&
           same_bits(point, spec->points + (size_t)trial->num * replay->size, replay->size);
}

static bool other_params(const hopt_replay *replay, const hopt_trial *trial, const double *point) {
    if (!trial->params) return false;
    json_t *params = hopt_space_resolve(replay->spec->space, point);
    bool other = !json_equal(params, trial->params);
    json_decref(params);
    return other;
}

void hopt_replay_add(hopt_replay *replay, const hopt_trial *trial) {
    if (trial->num < 0 || trial->num >= HOPT_TRIALS_MAX) return;
    reserve(replay, (size_t)trial->num + 1);
    hopt_replay_record *record = &replay->list[trial->num];
    double *point = replay->points + (size_t)trial->num * replay->size;
    clear_record(record);
    record->there = true;
    record->fits = hopt_space_from_vals(replay->spec->space, point, trial->vals, NULL) == HOPT_OK;
    record->given = was_given(replay, trial, record->fits ? point : NULL);
    /* Every proposal has a proposer and a seed; what was imported lacks at least one. */
    record->foreign = (!trial->by || trial->seed == 0) && !record->given;
    record->other_params = record->fits && other_params(replay, trial, point);
    record->state = trial->state;
    record->seed = trial->seed;
    record->observed = hopt_proposer_observation(trial, NULL);
    record->n_lines = hopt_ledger_lines(&record->lines, trial);
    record->knew = read_knew(trial->view);
    const json_t *sampler = json_object_get(trial->view, HOPT_VIEW_SAMPLER);
    if (json_is_object(sampler)) record->sampler = json_deep_copy(sampler);
}

size_t hopt_replay_unsettled(const hopt_replay *replay, int **nums) {
    size_t n = 0;
    *nums = hopt_alloc((replay->count + 1) * sizeof **nums);
    for (size_t i = 0; i < replay->count; i++) {
        const hopt_replay_record *record = &replay->list[i];
        if (!record->there || !hopt_state_terminal(record->state)) (*nums)[n++] = (int)i;
    }
    return n;
}

/* ---- the order of the proposals ---- */

/* A proposal that knew more came later. */
typedef struct place {
    int known, num;
} place;

static int by_place(const void *left, const void *right) {
    const place *a = left, *b = right;
    if (a->known != b->known) return a->known < b->known ? -1 : 1;
    return (a->num > b->num) - (a->num < b->num);
}

static void find_makers(hopt_replay *replay) {
    size_t capacity = 0;
    for (size_t i = 0; i < replay->count; i++) {
        if (!replay->list[i].sampler) continue;
        replay->makers =
            hopt_grow(replay->makers, replay->n_makers, &capacity, sizeof *replay->makers);
        replay->makers[replay->n_makers++] = (int)i;
    }
}

int64_t hopt_replay_begin(hopt_replay *replay, int from, int to) {
    place *places = hopt_alloc((replay->count + 1) * sizeof *places);
    size_t n = 0;
    find_makers(replay);
    for (int num = from < 0 ? 0 : from; (size_t)num < replay->count && num <= to; num++) {
        const hopt_replay_record *record = &replay->list[num];
        if (!record->there) continue;
        if (record->foreign && replay->counts.foreign++ == 0) replay->counts.first_foreign = num;
        if (record->given) replay->counts.given++;
        if (record->foreign || record->given) continue;
        places[n++] = (place){hopt_replay__known_size(replay, num), num};
    }
    if (n) qsort(places, n, sizeof *places, by_place);
    replay->order = hopt_alloc((n + 1) * sizeof *replay->order);
    for (size_t i = 0; i < n; i++)
        replay->order[i] = places[i].num;
    replay->n_order = n;
    free(places);
    return (int64_t)n;
}

/* ---- comparing ---- */

/* The proposal of `num` once more, into replay->point. */
static hopt_status repeat(hopt_replay *replay, int num, hopt_error *err) {
    hopt_status status = hopt_replay__teach(replay, num, err);
    if (status != HOPT_OK) return status;
    return hopt_sampler_suggest(replay->memory.sampler, replay->list[num].seed, num, replay->point,
                                err);
}

static bool is_recorded(const hopt_replay *replay, int num) {
    return replay->list[num].fits &&
           same_bits(replay->point, replay->points + (size_t)num * replay->size, replay->size);
}

/* Take the values of all trials that differ to be the repeated ones, or the recorded ones again.
 * @return whether that changes anything. */
static bool take_repeated(hopt_replay *replay, bool repeated) {
    bool any = false;
    for (size_t i = 0; i < replay->n_differences; i++) {
        const hopt_replay_difference *difference = &replay->differences[i];
        hopt_replay_record *record = &replay->list[difference->num];
        bool settled = difference->why & (HOPT_REPLAY_CHANGED | HOPT_REPLAY_NOT_IN_SPACE);
        if (settled || !record->repeated) continue;
        record->use_repeated = repeated;
        any = true;
    }
    return any;
}

static void note_changed(hopt_replay *replay) {
    for (size_t i = 0; i < replay->n_differences; i++) {
        hopt_replay_difference *difference = &replay->differences[i];
        if (replay->list[difference->num].use_repeated) difference->why |= HOPT_REPLAY_CHANGED;
    }
}

/* Whether it repeats when earlier trials had the values that were repeated for them: somebody
 * changed their records later, and this proposal saw them as they were. */
static bool explained(hopt_replay *replay, int num) {
    if (replay->guesses_left == 0 || !take_repeated(replay, true)) return false;
    hopt_replay__forget(replay);
    if (repeat(replay, num, NULL) == HOPT_OK && is_recorded(replay, num)) {
        note_changed(replay);
        return true;
    }
    replay->guesses_left--;
    take_repeated(replay, false);
    hopt_replay__forget(replay);
    return false;
}

static void set_causes(hopt_replay *replay, int num, hopt_replay_difference *difference) {
    const hopt_replay_memory *memory = &replay->memory;
    const json_t *made_by = hopt_replay__made_by(replay, num);
    const char *version = json_string_value(json_object_get(made_by, "version"));
    if (!made_by) difference->why |= HOPT_REPLAY_NO_VIEW;
    if (version && strcmp(version, HOPT_VERSION) != 0) {
        difference->why |= HOPT_REPLAY_VERSION;
        snprintf(difference->version, sizeof difference->version, "%s", version);
    }
    difference->missing = memory->missing;
    if (memory->missing >= 0) difference->why |= HOPT_REPLAY_MISSING;
    if (!memory->sampler) return;
    uint64_t seed = hopt_sampler_seed(memory->sampler, replay->seed, num, replay->spec->n_points);
    if (seed != replay->list[num].seed) difference->why |= HOPT_REPLAY_SEED;
}

static double *copy_point(const hopt_replay *replay, const double *point) {
    double *copy = hopt_zalloc(replay->size + 1, sizeof *copy);
    memcpy(copy, point, replay->size * sizeof *copy);
    return copy;
}

/* `failed`: why the sampler proposes nothing, or NULL. */
static void note_difference(hopt_replay *replay, int num, unsigned why, const hopt_error *failed) {
    hopt_replay_record *record = &replay->list[num];
    replay->counts.different++;
    bool values = !(why & HOPT_REPLAY_PARAMS);
    if (!record->fits) why |= HOPT_REPLAY_NOT_IN_SPACE;
    if (record->other_params) why |= HOPT_REPLAY_PARAMS;
    bool kept = replay->n_differences < HOPT_REPLAY_KEPT;
    if (!failed && values && (kept || !record->fits)) {
        record->repeated = copy_point(replay, replay->point);
        record->use_repeated = !record->fits;
    }
    if (!kept) return;
    if (!replay->differences)
        replay->differences = hopt_zalloc(HOPT_REPLAY_KEPT, sizeof *replay->differences);
    hopt_replay_difference *difference = &replay->differences[replay->n_differences++];
    *difference = (hopt_replay_difference){.num = num, .why = why};
    if (record->fits)
        difference->recorded = copy_point(replay, replay->points + (size_t)num * replay->size);
    if (!failed) difference->repeated = copy_point(replay, replay->point);
    if (failed) {
        difference->why |= HOPT_REPLAY_NOTHING;
        snprintf(difference->message, sizeof difference->message, "%s", failed->message);
    }
    set_causes(replay, num, difference);
}

bool hopt_replay_next(hopt_replay *replay) {
    if (replay->at == replay->n_order) return false;
    int num = replay->order[replay->at++];
    hopt_error err = {0};
    hopt_status status = repeat(replay, num, &err);
    bool same = (status == HOPT_OK && is_recorded(replay, num)) || explained(replay, num);
    if (same && !replay->list[num].other_params) {
        replay->counts.same++;
    } else if (same) {
        note_difference(replay, num, HOPT_REPLAY_PARAMS, NULL);
    } else {
        /* A guess left the sampler with nothing: what it was, or why there was none. */
        status = repeat(replay, num, &err);
        note_difference(replay, num, 0, status == HOPT_OK ? NULL : &err);
    }
    if (replay->memory.sampler) hopt_replay__proposed(replay, num);
    return true;
}

hopt_replay_counts hopt_replay_count(const hopt_replay *replay) {
    return replay->counts;
}

const hopt_replay_difference *hopt_replay_differences(const hopt_replay *replay, size_t *n) {
    *n = replay->n_differences;
    return replay->differences;
}
