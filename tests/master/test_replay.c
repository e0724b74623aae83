/* Replay: what a proposal saw is rebuilt from records alone. A model of a store with proposers that
 * know more or less of it, trials that end in every way, retries, taken slots and holes; afterwards
 * every proposal must repeat, for every sampler. Then records are changed, and replay must say so.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/sampler/rng.h"
#include "master/ledger.h"
#include "master/proposer.h"
#include "master/ranges.h"
#include "master/replay.h"

/* ---- ranges ---- */

Test(ranges, are_a_set_of_numbers) {
    enum { NUMS = 60 };
    hopt_rng rng;
    hopt_rng_seed(&rng, 1);
    for (int round = 0; round < 200; round++) {
        hopt_ranges set = {0};
        bool in[NUMS + 2] = {false};
        for (int i = 0; i < 12; i++) {
            int from = (int)hopt_rng_below(&rng, NUMS);
            int to = from + (int)hopt_rng_below(&rng, 6);
            if (to > NUMS) to = NUMS;
            hopt_ranges_add(&set, from, to);
            int size = 0;
            for (int num = from; num < to; num++)
                in[num] = true;
            for (int num = 0; num <= NUMS; num++) {
                cr_assert_eq(hopt_ranges_has(&set, num), in[num]);
                int gap = num;
                while (in[gap])
                    gap++;
                cr_assert_eq(hopt_ranges_gap(&set, num), gap);
                size += in[num];
            }
            cr_assert_eq(hopt_ranges_size(&set), size);
            for (size_t k = 1; k < set.count; k++)
                cr_assert_lt(set.list[k - 1].to, set.list[k].from);
            hopt_ranges part = {0};
            hopt_ranges_add(&part, from, to);
            cr_assert(hopt_ranges_within(&part, &set));
            hopt_ranges_add(&part, NUMS, NUMS + 1);
            cr_assert_not(hopt_ranges_within(&part, &set));
            hopt_ranges_clear(&part);
        }
        hopt_ranges_clear(&set);
    }
}

/* ---- the ledger ---- */

Test(ledger, the_record_of_the_highest_number_counts) {
    int saw[] = {3, 1, 2};
    hopt_trial record = {.num = 9, .saw = saw, .n_saw = 3};
    record.view = json_pack("{s:[i], s:[i, i]}", "erred", 1, "reopened", 7, 2000000);
    hopt_ledger_line *lines;
    size_t n = hopt_ledger_lines(&lines, &record);
    cr_assert_eq(n, 4, "2000000 is no num");
    hopt_ledger *ledger = hopt_ledger_new();
    cr_assert_eq(hopt_ledger_says(ledger, 1), HOPT_SEEN_OPEN);
    hopt_ledger_read(ledger, 9, lines, n);
    cr_assert_eq(hopt_ledger_says(ledger, 1), HOPT_SEEN_ERROR);
    cr_assert_eq(hopt_ledger_says(ledger, 3), HOPT_SEEN_ENDED);
    cr_assert_eq(hopt_ledger_says(ledger, 7), HOPT_SEEN_OPEN);
    hopt_ledger_line before = {1, HOPT_SEEN_OPEN}, after = {3, HOPT_SEEN_OPEN};
    hopt_ledger_read(ledger, 8, &before, 1);
    hopt_ledger_read(ledger, 10, &after, 1);
    cr_assert_eq(hopt_ledger_says(ledger, 1), HOPT_SEEN_ERROR, "8 is older than 9");
    cr_assert_eq(hopt_ledger_says(ledger, 3), HOPT_SEEN_OPEN);
    hopt_ledger_free(ledger);
    free(lines);
    json_decref(record.view);
}

/* ---- a model of a study ---- */

enum { SLOTS = 400, ACTORS = 3 };

typedef struct model {
    hopt_study_spec *spec, *other; /* the same but for the sampler's options */
    hopt_trial *trials[SLOTS];
    hopt_proposer *actors[ACTORS];
    bool has_other[ACTORS];
    bool holes; /* slots are left out now and then */
    bool retry; /* trials in error are queued again now and then */
    hopt_rng rng;
    int proposals, retries, conflicts, knew, reopened;
} model;

static int below(model *m, int n) {
    return (int)hopt_rng_below(&m->rng, (uint64_t)n);
}

static bool chance(model *m, double p) {
    return hopt_rng_uniform(&m->rng) < p;
}

static hopt_study_spec *parse(const char *sampler) {
    char *text = hopt_format(
        "{\"name\": \"toy\", \"space\": {\"x\": {\"_type\": \"uniform\", \"_value\": [-5, 5]},"
        "\"q\": {\"_type\": \"quniform\", \"_value\": [0, 9, 1]},"
        "\"m\": {\"_type\": \"choice\", \"_value\": [{\"_name\": \"a\","
        "\"lr\": {\"_type\": \"loguniform\", \"_value\": [0.001, 1]}}, {\"_name\": \"b\"}]}},"
        "\"objective\": {\"command\": [\"true\"]}, \"sampler\": %s, \"stop\": {\"max_trials\": "
        "400},"
        "\"points\": [{\"x\": 1, \"q\": 2, \"m\": {\"_name\": \"b\"}}]}",
        sampler);
    hopt_errors errors = {0};
    hopt_study_spec *spec;
    hopt_status status = hopt_study_spec_parse(&spec, text, strlen(text), NULL, NULL, 0, &errors);
    cr_assert_eq(status, HOPT_OK, "%s", errors.list[0].message);
    free(text);
    return spec;
}

static const uint64_t SEED = 17;

/* Tell an actor of all trials, or of most of them. */
static void sync(model *m, int actor, double share) {
    for (int num = 0; num < SLOTS; num++)
        if (m->trials[num] && chance(m, share))
            cr_assert_eq(hopt_proposer_add(m->actors[actor], m->trials[num], NULL), HOPT_OK);
}

static void reload(model *m, int actor, double share) {
    hopt_study_spec *spec = m->has_other[actor] ? m->other : m->spec;
    hopt_proposer_close(m->actors[actor]);
    cr_assert_eq(hopt_proposer_open(&m->actors[actor], spec, SEED, NULL), HOPT_OK);
    sync(m, actor, share);
}

static void propose(model *m, int actor) {
    int num = 0;
    hopt_trial *trial;
    while (num < SLOTS && hopt_proposer_knows(m->actors[actor], num))
        num++;
    if (m->holes && chance(m, 0.1)) num++;
    if (num >= SLOTS || hopt_proposer_knows(m->actors[actor], num)) return;
    if (hopt_proposer_propose(m->actors[actor], &trial, num, NULL) != HOPT_OK) {
        reload(m, actor, 1);
        return;
    }
    if (m->trials[num]) { /* somebody else took the slot */
        m->conflicts++;
        hopt_trial_free(trial);
        reload(m, actor, chance(m, 0.5) ? 1 : 0.8);
        return;
    }
    trial->by = hopt_strdup("m:1:00000001");
    m->trials[num] = trial;
    m->proposals++;
    m->knew += json_object_get(trial->view, HOPT_VIEW_KNEW) != NULL;
    m->reopened += json_object_get(trial->view, HOPT_VIEW_REOPENED) != NULL;
}

/* How long it took: `auto` looks at the latest, so they are quick for a while and slow for a while;
 * by the worker's record, by the store's clock, or not known. A retry takes another time. */
static void set_time(const model *m, hopt_trial *trial) {
    uint64_t r = hopt_hash_splitmix64((uint64_t)trial->num, (uint64_t)m->retries);
    int64_t ms = (trial->num / 20 % 2 ? 600000 : 1) + (int64_t)(r >> 8 & 3);
    trial->book_ms = trial->end_ms = trial->result.ms = 0;
    if (r % 8 == 0) return;
    trial->book_ms = 1700000000000;
    trial->end_ms = trial->book_ms + ms;
    if (r % 8 > 2) trial->result.ms = ms + 1;
}

static void finish(model *m, hopt_trial *trial) {
    hopt_result *result = &trial->result;
    int how = below(m, 10);
    *result = (hopt_result){.state = HOPT_DONE};
    set_time(m, trial);
    if (how < 6) {
        result->ok = result->has_loss = true;
        result->loss = hopt_rng_uniform(&m->rng);
    } else if (how == 6) {
        result->status_fail = hopt_strdup("loss is nan");
    } else if (how == 7) {
        result->state = HOPT_CANCEL;
        result->has_loss = result->has_step = true;
        result->loss = hopt_rng_uniform(&m->rng);
        result->step = below(m, 5);
        result->stop = hopt_strdup("pruned");
    } else if (how == 8) {
        result->state = HOPT_CANCEL;
    } else {
        result->state = HOPT_ERROR;
        result->error_type = hopt_strdup("Exit");
    }
    trial->state = result->state;
}

/* Something ends, or what ended in error is queued again. */
static void live(model *m) {
    hopt_trial *trial = m->trials[below(m, SLOTS)];
    if (!trial) return;
    if (!hopt_state_terminal(trial->state)) {
        finish(m, trial);
    } else if (m->retry && trial->state == HOPT_ERROR && chance(m, 0.6)) {
        hopt_result_clear(&trial->result);
        trial->state = HOPT_NEW;
        m->retries++;
    }
}

static void add_given(model *m) {
    int num = 0;
    while (num < SLOTS && m->trials[num])
        num++;
    if (num == SLOTS) return;
    double point[] = {below(m, 5), below(m, 10), 1, NAN};
    hopt_trial *trial = hopt_trial_new();
    trial->num = num;
    trial->by = hopt_strdup("c:1:00000001");
    trial->vals = hopt_space_vals(m->spec->space, point);
    trial->view = json_pack("{s:b}", HOPT_VIEW_GIVEN, 1);
    m->trials[num] = trial;
}

static void act(model *m) {
    int what = below(m, 100), actor = below(m, ACTORS);
    if (what < 60)
        live(m);
    else if (what < 75)
        sync(m, actor, chance(m, 0.5) ? 1 : 0.7);
    else if (what < 96)
        propose(m, actor);
    else if (what < 98)
        reload(m, actor, chance(m, 0.7) ? 1 : 0.6);
    else
        add_given(m);
}

/* With one actor as it is with a master: it knows all, and begins anew now and then. */
static model *simulate(const char *sampler, const char *other, uint64_t seed, int actors,
                       bool retry, int steps) {
    model *m = hopt_zalloc(1, sizeof *m);
    m->spec = parse(sampler);
    m->other = parse(other);
    m->holes = actors > 1;
    m->retry = retry;
    hopt_rng_seed(&m->rng, seed);
    for (int i = 0; i < ACTORS; i++)
        reload(m, i, 1);
    for (int step = 0; step < steps; step++) {
        if (step == steps / 2) { /* the study's file was edited */
            m->has_other[0] = true;
            reload(m, 0, 1);
        }
        if (actors > 1) {
            act(m);
            continue;
        }
        for (int i = 0; i < SLOTS / (step + 1) + 1; i++)
            live(m);
        if (chance(m, 0.05)) reload(m, 0, 1);
        sync(m, 0, 1);
        propose(m, 0);
    }
    return m;
}

static void forget(model *m) {
    for (int i = 0; i < SLOTS; i++)
        hopt_trial_free(m->trials[i]);
    for (int i = 0; i < ACTORS; i++)
        hopt_proposer_close(m->actors[i]);
    hopt_study_spec_free(m->spec);
    hopt_study_spec_free(m->other);
    free(m);
}

/* As they come out of a store. */
static hopt_trial *stored(const hopt_trial *trial) {
    hopt_trial *back = hopt_trial_new();
    json_t *doc = hopt_trial_doc(trial);
    back->num = trial->num;
    back->state = trial->state;
    back->book_ms = trial->book_ms;
    back->result.stop = hopt_strdup(trial->result.stop);
    cr_assert_eq(hopt_trial_read_doc(back, doc, NULL), HOPT_OK);
    json_decref(doc);
    return back;
}

static hopt_replay *replay_of(const model *m) {
    hopt_replay *replay = hopt_replay_new(m->spec, SEED);
    for (int num = 0; num < SLOTS; num++) {
        if (!m->trials[num]) continue;
        hopt_trial *trial = stored(m->trials[num]);
        hopt_replay_add(replay, trial);
        hopt_trial_free(trial);
    }
    hopt_replay_begin(replay, 0, SLOTS);
    while (hopt_replay_next(replay)) {
    }
    return replay;
}

static void check(const char *sampler, const char *other, int actors) {
    int64_t same = 0;
    int retries = 0, conflicts = 0, knew = 0, reopened = 0;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        model *m = simulate(sampler, other, seed, actors, true, actors == 1 ? 200 : 1500);
        hopt_replay *replay = replay_of(m);
        hopt_replay_counts counts = hopt_replay_count(replay);
        size_t n;
        const hopt_replay_difference *list = hopt_replay_differences(replay, &n);
        cr_assert_eq(counts.different, 0, "%s, seed %d: %d differ, first %d, why %u", sampler,
                     (int)seed, (int)counts.different, n ? list[0].num : -1, n ? list[0].why : 0);
        cr_assert(counts.given > 0 && counts.foreign == 0);
        same += counts.same;
        retries += m->retries;
        conflicts += m->conflicts;
        knew += m->knew;
        reopened += m->reopened;
        hopt_replay_free(replay);
        forget(m);
    }
    cr_assert_gt(same, 500, "%d", (int)same);
    cr_assert(retries > 0 && reopened > 0);
    if (actors > 1) cr_assert(conflicts > 0 && knew > 0);
}

/* clang-format off */
static const char *const SAMPLERS[][2] = {
    {"{\"name\": \"tpe\"}", "{\"name\": \"tpe\", \"candidates\": 7}"},
    {"{\"name\": \"random\"}", "{\"name\": \"anneal\"}"},
    {"{\"name\": \"hyperopt\"}", "{\"name\": \"hyperopt\", \"gamma\": 0.5}"},
    {"{\"name\": \"anneal\"}", "{\"name\": \"tpe\"}"},
    {"{\"name\": \"mix\"}", "{\"name\": \"mix\"}"},
    {"{\"name\": \"gp\"}", "{\"name\": \"gp\"}"},
    {"{\"name\": \"auto\"}", "{\"name\": \"tpe\"}"}};
/* clang-format on */

Test(replay, repeats_what_one_proposer_made) {
    for (size_t i = 0; i < HOPT_COUNT(SAMPLERS); i++)
        check(SAMPLERS[i][0], SAMPLERS[i][1], 1);
}

Test(replay, repeats_what_several_made_that_knew_more_or_less) {
    for (size_t i = 0; i < HOPT_COUNT(SAMPLERS); i++)
        check(SAMPLERS[i][0], SAMPLERS[i][1], ACTORS);
}

/* Without this the tests above would say nothing of how `auto` comes to its choice. */
Test(replay, of_auto_needs_the_times) {
    for (int actors = 1; actors <= ACTORS; actors += ACTORS - 1) {
        model *m = simulate("{\"name\": \"auto\"}", "{\"name\": \"auto\"}", 2, actors, true,
                            actors == 1 ? 200 : 1500);
        for (int num = 0; num < SLOTS; num++) {
            if (!m->trials[num]) continue;
            m->trials[num]->book_ms = m->trials[num]->end_ms = m->trials[num]->result.ms = 0;
        }
        hopt_replay *replay = replay_of(m);
        hopt_replay_counts counts = hopt_replay_count(replay);
        cr_assert(counts.different > 10 && counts.same > 10, "%d differ of %d",
                  (int)counts.different, (int)(counts.same + counts.different));
        hopt_replay_free(replay);
        forget(m);
    }
}

/* ---- what it finds ---- */

static int last_proposal(const model *m, int before) {
    int num = before - 1;
    while (!m->trials[num] || json_object_get(m->trials[num]->view, HOPT_VIEW_GIVEN))
        num--;
    return num;
}

Test(replay, finds_the_value_that_was_changed_and_nothing_else) {
    for (size_t i = 0; i < HOPT_COUNT(SAMPLERS); i++) {
        model *m = simulate(SAMPLERS[i][0], SAMPLERS[i][0], 3, 1, false, 200);
        int num = last_proposal(m, 40);
        json_t *x = json_array_get(json_object_get(m->trials[num]->vals, "x"), 0);
        json_real_set(x, nextafter(json_real_value(x), 0));
        hopt_replay *replay = replay_of(m);
        size_t n;
        const hopt_replay_difference *list = hopt_replay_differences(replay, &n);
        cr_assert_eq(n, 1, "%s: %zu", SAMPLERS[i][0], n);
        cr_assert_eq(list[0].num, num);
        cr_assert_neq(list[0].recorded[0], list[0].repeated[0]);
        cr_assert_eq(list[0].recorded[1], list[0].repeated[1]);
        cr_assert(list[0].why & HOPT_REPLAY_PARAMS, "the objective got something else");
        hopt_replay_free(replay);
        forget(m);
    }
}

Test(replay, a_changed_value_that_others_saw_explains_them) {
    model *m = simulate(SAMPLERS[0][0], SAMPLERS[0][0], 5, 1, false, 200);
    int num = last_proposal(m, 30);
    json_t *x = json_array_get(json_object_get(m->trials[num]->vals, "x"), 0);
    json_real_set(x, json_real_value(x) > 0 ? -4.9 : 4.9);
    hopt_replay *replay = replay_of(m);
    size_t n;
    const hopt_replay_difference *list = hopt_replay_differences(replay, &n);
    cr_assert_eq(n, 1, "%zu", n);
    cr_assert(list[0].num == num && (list[0].why & HOPT_REPLAY_CHANGED));
    hopt_replay_free(replay);

    json_real_set(x, 99); /* not in the space at all */
    replay = replay_of(m);
    list = hopt_replay_differences(replay, &n);
    cr_assert_eq(n, 1, "%zu", n);
    cr_assert(list[0].num == num && (list[0].why & HOPT_REPLAY_NOT_IN_SPACE) && !list[0].recorded);
    hopt_replay_free(replay);
    forget(m);
}

Test(replay, a_changed_loss_shows_in_later_proposals) {
    model *m = simulate(SAMPLERS[0][0], SAMPLERS[0][0], 5, 1, false, 200);
    int num = 0;
    while (!m->trials[num]->result.ok)
        num++;
    m->trials[num]->result.loss = -1000;
    hopt_replay *replay = replay_of(m);
    hopt_replay_counts counts = hopt_replay_count(replay);
    size_t n;
    const hopt_replay_difference *list = hopt_replay_differences(replay, &n);
    cr_assert_gt(counts.different, 0);
    cr_assert_gt(counts.same, 5, "those that did not see it");
    cr_assert_gt(list[0].num, num);
    hopt_replay_free(replay);
    forget(m);
}

Test(replay, says_which_trial_is_gone_and_who_has_no_seed) {
    model *m = simulate(SAMPLERS[2][0], SAMPLERS[2][0], 5, 1, false, 200);
    int gone = last_proposal(m, 20), foreign = last_proposal(m, 200);
    hopt_trial_free(m->trials[gone]);
    m->trials[gone] = NULL;
    free(m->trials[foreign]->by);
    m->trials[foreign]->by = NULL;
    hopt_replay *replay = replay_of(m);
    hopt_replay_counts counts = hopt_replay_count(replay);
    size_t n;
    const hopt_replay_difference *list = hopt_replay_differences(replay, &n);
    cr_assert(counts.foreign == 1 && counts.first_foreign == foreign);
    cr_assert_gt(n, 0);
    cr_assert(list[0].num > gone && (list[0].why & HOPT_REPLAY_MISSING));
    cr_assert_eq(list[0].missing, gone);
    hopt_replay_free(replay);
    forget(m);
}

/* Records of the first versions have `saw` alone. */
Test(replay, records_without_a_view_repeat_too) {
    model *m = simulate(SAMPLERS[0][0], SAMPLERS[0][0], 5, 1, false, 60);
    for (int num = 0; num < SLOTS; num++) {
        if (!m->trials[num]) continue;
        cr_assert_null(json_object_get(m->trials[num]->view, HOPT_VIEW_KNEW));
        json_decref(m->trials[num]->view);
        m->trials[num]->view = NULL;
    }
    hopt_replay *replay = replay_of(m);
    hopt_replay_counts counts = hopt_replay_count(replay);
    cr_assert_eq(counts.given, 1);
    cr_assert(counts.different == 0 && counts.same > 10, "%d %d", (int)counts.different,
              (int)counts.same);
    hopt_replay_free(replay);
    forget(m);
}

Test(replay, reads_again_what_was_open) {
    model *m = simulate(SAMPLERS[0][0], SAMPLERS[0][0], 5, 1, false, 200);
    hopt_replay *replay = hopt_replay_new(m->spec, SEED);
    int open = 0, *nums;
    for (int num = 0; num < SLOTS; num++) {
        if (!m->trials[num]) continue;
        bool late = hopt_state_terminal(m->trials[num]->state) && num % 3 == 0;
        hopt_trial early = {.num = num, .vals = m->trials[num]->vals};
        hopt_replay_add(replay, late ? &early : m->trials[num]);
        open += late || !hopt_state_terminal(m->trials[num]->state);
    }
    size_t n = hopt_replay_unsettled(replay, &nums);
    cr_assert_eq((int)n, open);
    for (size_t i = 0; i < n; i++)
        hopt_replay_add(replay, m->trials[nums[i]]);
    free(nums);
    cr_assert_eq(hopt_replay_begin(replay, 10, 19), 10);
    while (hopt_replay_next(replay)) {
    }
    cr_assert_eq(hopt_replay_count(replay).same, 10);
    hopt_replay_free(replay);
    forget(m);
}
