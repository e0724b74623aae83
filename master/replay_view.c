/* What each proposal saw, rebuilt from the records, and a sampler that has been taught just that.
 * Mostly a proposal saw what the one before it saw and a little more; where it saw less (two that
 * proposed at the same time, a trial that was retried) the sampler begins anew. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "master/replay_internal.h"

/* ---- what the records say ---- */

/* The nums that the proposer of `num` knew; `usual` is room for a list of one. */
static hopt_ranges known_by(const hopt_replay *replay, int num, hopt_range *usual) {
    const hopt_replay_record *record = &replay->list[num];
    if (record->knew) return *record->knew;
    *usual = (hopt_range){0, num};
    return (hopt_ranges){.list = usual, .count = num > 0};
}

int hopt_replay__known_size(const hopt_replay *replay, int num) {
    hopt_range usual;
    hopt_ranges known = known_by(replay, num, &usual);
    return hopt_ranges_size(&known);
}

const json_t *hopt_replay__made_by(const hopt_replay *replay, int num) {
    hopt_range usual;
    hopt_ranges known = known_by(replay, num, &usual);
    if (replay->list[num].sampler) return replay->list[num].sampler;
    for (size_t i = replay->n_makers; i-- > 0;)
        if (hopt_ranges_has(&known, replay->makers[i]))
            return replay->list[replay->makers[i]].sampler;
    return NULL;
}

/* ---- the sampler's memory ---- */

void hopt_replay__forget(hopt_replay *replay) {
    hopt_replay_memory *memory = &replay->memory;
    hopt_sampler_close(memory->sampler);
    hopt_ledger_free(memory->ledger);
    hopt_ranges_clear(&memory->learned);
    free(memory->seen);
    free(memory->own);
    free(memory->touched);
    *memory = (hopt_replay_memory){.missing = -1};
}

static bool same_sampler(const json_t *a, const json_t *b) {
    if (a == b) return true;
    return a && b && json_equal(json_object_get(a, "name"), json_object_get(b, "name")) &&
           json_equal(json_object_get(a, "options"), json_object_get(b, "options"));
}

static hopt_status open_sampler(hopt_replay *replay, const json_t *made_by, hopt_error *err) {
    const hopt_study_spec *spec = replay->spec;
    const char *name =
        made_by ? json_string_value(json_object_get(made_by, "name")) : spec->sampler;
    const json_t *options = made_by ? json_object_get(made_by, "options") : spec->sampler_options;
    hopt_replay_memory *memory = &replay->memory;
    hopt_status status =
        hopt_sampler_open(&memory->sampler, name, spec->space, options, replay->seed, err);
    if (status != HOPT_OK) return status;
    memory->made_by = made_by;
    memory->ledger = hopt_ledger_new();
    memory->seen = hopt_zalloc(replay->count + 1, 1);
    memory->own = hopt_zalloc(replay->count + 1, 1);
    return HOPT_OK;
}

static void touch(hopt_replay *replay, int num) {
    hopt_replay_memory *memory = &replay->memory;
    if ((size_t)num >= replay->count) return;
    memory->touched = hopt_grow(memory->touched, memory->n_touched, &memory->touched_capacity,
                                sizeof *memory->touched);
    memory->touched[memory->n_touched++] = num;
}

static void read_lines(hopt_replay *replay, int by) {
    const hopt_replay_record *record = &replay->list[by];
    hopt_ledger_read(replay->memory.ledger, by, record->lines, record->n_lines);
    for (size_t i = 0; i < record->n_lines; i++)
        touch(replay, record->lines[i].num);
}

/* The values that count for `num`, or NULL. */
static const double *point_of(const hopt_replay *replay, int num) {
    const hopt_replay_record *record = &replay->list[num];
    if (record->use_repeated) return record->repeated;
    return record->fits ? replay->points + (size_t)num * replay->size : NULL;
}

static void learn(hopt_replay *replay, int num) {
    hopt_replay_memory *memory = &replay->memory;
    bool usable = (size_t)num < replay->count && point_of(replay, num);
    if (!usable && (memory->missing < 0 || memory->missing > num)) memory->missing = num;
    if (!usable) return;
    read_lines(replay, num);
    touch(replay, num);
}

/* Take up the records that the proposer knew. */
static void learn_all(hopt_replay *replay, const hopt_ranges *known) {
    hopt_ranges *learned = &replay->memory.learned;
    for (size_t i = 0; i < known->count; i++) {
        int to = known->list[i].to;
        for (int num = known->list[i].from; (num = hopt_ranges_gap(learned, num)) < to; num++)
            learn(replay, num);
        hopt_ranges_add(learned, known->list[i].from, to);
    }
}

/* What the sampler was told when the trial had been seen like this. */
static hopt_observation observation_of(const hopt_replay *replay, int num, hopt_seen seen) {
    const hopt_replay_record *record = &replay->list[num];
    hopt_observation observed = record->observed;
    /* It was retried since: the record tells of a later attempt. */
    bool later = !hopt_state_terminal(record->state) ||
                 (seen == HOPT_SEEN_ERROR && record->state != HOPT_ERROR);
    if (later) {
        observed.outcome = HOPT_OUTCOME_FAILED;
        observed.error = true;
        observed.nan_loss = false;
        observed.loss = NAN;
        observed.step = 0;
    }
    observed.point = point_of(replay, num);
    return observed;
}

/* Tell the sampler of `num`. @return false: it can't be told so after what it was told before. */
static bool tell(hopt_replay *replay, int num) {
    hopt_replay_memory *memory = &replay->memory;
    hopt_seen said =
        memory->own[num] ? (hopt_seen)memory->own[num] : hopt_ledger_says(memory->ledger, num);
    hopt_seen before = (hopt_seen)memory->seen[num];
    if (said == before || !hopt_ranges_has(&memory->learned, num) || !point_of(replay, num))
        return true;
    if (before == HOPT_SEEN_ENDED || before == HOPT_SEEN_ERROR) return false;
    memory->seen[num] = (unsigned char)said;
    if (said == HOPT_SEEN_OPEN) {
        hopt_sampler_pend(memory->sampler, num, point_of(replay, num));
    } else {
        hopt_observation observed = observation_of(replay, num, said);
        hopt_sampler_add(memory->sampler, &observed);
    }
    return true;
}

/* Tell it all that changed since the last proposal. */
static bool tell_all(hopt_replay *replay, int proposal) {
    hopt_replay_memory *memory = &replay->memory;
    const hopt_replay_record *record = &replay->list[proposal];
    bool possible = true;
    for (size_t i = 0; i < record->n_lines; i++) {
        if ((size_t)record->lines[i].num >= replay->count) continue;
        memory->own[record->lines[i].num] = (unsigned char)record->lines[i].seen;
        touch(replay, record->lines[i].num);
    }
    for (size_t i = 0; i < memory->n_touched && possible; i++)
        possible = tell(replay, memory->touched[i]);
    memory->n_touched = 0;
    for (size_t i = 0; i < record->n_lines; i++)
        if ((size_t)record->lines[i].num < replay->count) memory->own[record->lines[i].num] = 0;
    return possible;
}

hopt_status hopt_replay__teach(hopt_replay *replay, int num, hopt_error *err) {
    hopt_replay_memory *memory = &replay->memory;
    hopt_range usual;
    hopt_ranges known = known_by(replay, num, &usual);
    const json_t *made_by = hopt_replay__made_by(replay, num);
    if (memory->sampler &&
        (!same_sampler(memory->made_by, made_by) || !hopt_ranges_within(&memory->learned, &known)))
        hopt_replay__forget(replay);
    for (bool again = false;; again = true) {
        hopt_status status = memory->sampler ? HOPT_OK : open_sampler(replay, made_by, err);
        if (status != HOPT_OK) return status;
        learn_all(replay, &known);
        if (tell_all(replay, num)) return HOPT_OK;
        HOPT_ASSERT(!again); /* a sampler that was told nothing can be told anything */
        hopt_replay__forget(replay);
    }
}

void hopt_replay__proposed(hopt_replay *replay, int num) {
    /* What a record of a higher number says of the same trials counts again: looked at next time.
     */
    learn(replay, num);
    hopt_ranges_add(&replay->memory.learned, num, num + 1);
}
