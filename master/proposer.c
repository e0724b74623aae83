#include "master/proposer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "master/ledger.h"
#include "master/ranges.h"

/* A num in `touched` has this bit beside its hopt_seen. */
enum { TOUCHED = 8 };

struct hopt_proposer {
    const hopt_study_spec *spec;
    hopt_sampler *sampler;
    uint64_t seed;
    double *point; /* scratch */

    /* What the sampler has been told, and what the records say about it: a proposal stores the
     * difference (docs/adr/0011). */
    unsigned char *seen; /* hopt_seen of each num */
    size_t n_seen;
    hopt_ranges known; /* nums that are not HOPT_SEEN_NOT */
    hopt_ledger *ledger;
    int *touched; /* nums where the two may differ */
    size_t n_touched, touched_capacity;
    json_t *made_by;  /* this sampler, as records name it */
    json_t *recorded; /* the one that the record of `recorded_by` names, or NULL */
    int recorded_by;
};

json_t *hopt_proposer_sampler(const hopt_study_spec *spec) {
    const char *name = spec->sampler ? spec->sampler : hopt_sampler_kinds()[0]->name;
    return json_pack("{s:s, s:o, s:s}", "name", name, "options",
                     hopt_sampler_effective(name, spec->sampler_options), "version", HOPT_VERSION);
}

hopt_status hopt_proposer_open(hopt_proposer **out, const hopt_study_spec *spec, uint64_t seed,
                               hopt_error *err) {
    *out = NULL;
    hopt_sampler *sampler;
    hopt_status status =
        hopt_sampler_open(&sampler, spec->sampler, spec->space, spec->sampler_options, seed, err);
    if (status != HOPT_OK) return status;
    hopt_proposer *proposer = hopt_zalloc(1, sizeof *proposer);
    proposer->spec = spec;
    proposer->sampler = sampler;
    proposer->seed = seed;
    proposer->point = hopt_zalloc((size_t)hopt_space_size(spec->space), sizeof(double));
    proposer->ledger = hopt_ledger_new();
    proposer->made_by = hopt_proposer_sampler(spec);
    *out = proposer;
    return HOPT_OK;
}

void hopt_proposer_close(hopt_proposer *proposer) {
    if (!proposer) return;
    hopt_sampler_close(proposer->sampler);
    hopt_ledger_free(proposer->ledger);
    hopt_ranges_clear(&proposer->known);
    json_decref(proposer->made_by);
    json_decref(proposer->recorded);
    free(proposer->seen);
    free(proposer->touched);
    free(proposer->point);
    free(proposer);
}

/* ---- what was seen ---- */

static unsigned char *seen_of(hopt_proposer *proposer, int num) {
    size_t index = (size_t)num;
    if (index >= proposer->n_seen) {
        size_t count = proposer->n_seen ? proposer->n_seen : 256;
        while (count <= index)
            count *= 2;
        proposer->seen = hopt_realloc(proposer->seen, count, 1);
        memset(proposer->seen + proposer->n_seen, 0, count - proposer->n_seen);
        proposer->n_seen = count;
    }
    return &proposer->seen[index];
}

/* The records may say something else of `num` than the sampler has been told. */
static void touch(hopt_proposer *proposer, int num) {
    unsigned char *seen = seen_of(proposer, num);
    if (*seen & TOUCHED) return;
    *seen |= TOUCHED;
    proposer->touched = hopt_grow(proposer->touched, proposer->n_touched,
                                  &proposer->touched_capacity, sizeof *proposer->touched);
    proposer->touched[proposer->n_touched++] = num;
}

static void set_seen(hopt_proposer *proposer, int num, hopt_seen now) {
    unsigned char *seen = seen_of(proposer, num);
    *seen = (unsigned char)((*seen & TOUCHED) | now);
    touch(proposer, num);
}

/* Take up what a record says of its proposal: once, when the trial becomes known. */
static void read_record(hopt_proposer *proposer, const hopt_trial *record) {
    hopt_ledger_line *lines;
    size_t n = hopt_ledger_lines(&lines, record);
    hopt_ledger_read(proposer->ledger, record->num, lines, n);
    for (size_t i = 0; i < n; i++)
        touch(proposer, lines[i].num);
    free(lines);
    hopt_ranges_add(&proposer->known, record->num, record->num + 1);
    json_t *sampler = json_object_get(record->view, HOPT_VIEW_SAMPLER);
    if (!sampler || (proposer->recorded && proposer->recorded_by > record->num)) return;
    json_decref(proposer->recorded);
    proposer->recorded = json_deep_copy(sampler); /* the trial may go to another thread */
    proposer->recorded_by = record->num;
}

/* Whether there was a loss, and it was NaN: known from the text it was read from, or by the reason
 * that the worker gave. */
static bool lost_to_nan(const hopt_result *result) {
    if (result->has_loss) return false;
    return isnan(result->loss) ||
           (result->status_fail && strcmp(result->status_fail, "loss is nan") == 0);
}

/* How long the evaluation took, by its own record, else by the clock of the store; 0: not known. */
static double duration_ms(const hopt_trial *trial) {
    if (trial->result.ms > 0) return (double)trial->result.ms;
    if (trial->book_ms <= 0 || trial->end_ms < trial->book_ms) return 0;
    return trial->end_ms > trial->book_ms ? (double)(trial->end_ms - trial->book_ms) : 0.5;
}

hopt_observation hopt_proposer_observation(const hopt_trial *trial, const double *point) {
    hopt_observation seen = {.num = trial->num, .point = point, .loss = NAN};
    seen.ms = duration_ms(trial);
    const hopt_result *result = &trial->result;
    if (result->has_loss) seen.loss = result->loss;
    seen.nan_loss = trial->state == HOPT_DONE && lost_to_nan(result);
    seen.derived = trial->has_from;
    seen.from = trial->from;
    if (trial->state == HOPT_DONE) {
        seen.outcome = result->ok && isfinite(seen.loss) ? HOPT_OUTCOME_OK : HOPT_OUTCOME_FAILED;
    } else if (trial->state == HOPT_ERROR) {
        seen.outcome = HOPT_OUTCOME_FAILED;
        seen.error = true;
    } else if (result->stop && strcmp(result->stop, "pruned") == 0 && isfinite(seen.loss)) {
        seen.outcome = HOPT_OUTCOME_PRUNED;
        seen.step = result->has_step ? result->step : 0;
    } else {
        seen.outcome = HOPT_OUTCOME_IGNORED;
    }
    return seen;
}

hopt_status hopt_proposer_add(hopt_proposer *proposer, const hopt_trial *trial, hopt_error *err) {
    if (trial->num < 0 || trial->num >= HOPT_TRIALS_MAX)
        return hopt_error_set(err, HOPT_EINVAL, "trial %d: its number is out of range", trial->num);
    hopt_seen before = (hopt_seen)(*seen_of(proposer, trial->num) & ~TOUCHED);
    if (before == HOPT_SEEN_ENDED || before == HOPT_SEEN_ERROR) return HOPT_OK;
    hopt_status status =
        hopt_space_from_vals(proposer->spec->space, proposer->point, trial->vals, err);
    if (status != HOPT_OK) {
        hopt_error_prefix(err, "trial %d", trial->num);
        return status;
    }
    hopt_seen now = hopt_seen_of(trial->state);
    if (before == HOPT_SEEN_NOT) read_record(proposer, trial);
    set_seen(proposer, trial->num, now);
    if (now == HOPT_SEEN_OPEN) {
        hopt_sampler_pend(proposer->sampler, trial->num, proposer->point);
        return HOPT_OK;
    }
    hopt_observation seen = hopt_proposer_observation(trial, proposer->point);
    hopt_sampler_add(proposer->sampler, &seen);
    return HOPT_OK;
}

bool hopt_proposer_knows(const hopt_proposer *proposer, int num) {
    return hopt_ranges_has(&proposer->known, num);
}

/* ---- proposals ---- */

/* Append a num to a list of the trial's view. */
static void list_in_view(hopt_trial *trial, const char *key, int num) {
    if (!trial->view) trial->view = json_object();
    json_t *list = json_object_get(trial->view, key);
    if (!list) json_object_set_new(trial->view, key, list = json_array());
    json_array_append_new(list, json_integer(num));
}

static void set_in_view(hopt_trial *trial, const char *key, json_t *value) {
    if (!trial->view) trial->view = json_object();
    json_object_set_new(trial->view, key, value);
}

/* Store where the records say something else than was seen. */
static void list_differences(hopt_proposer *proposer, hopt_trial *trial) {
    trial->saw = hopt_alloc((proposer->n_touched + 1) * sizeof *trial->saw);
    for (size_t i = 0; i < proposer->n_touched; i++) {
        int num = proposer->touched[i];
        hopt_seen seen = (hopt_seen)(*seen_of(proposer, num) & ~TOUCHED);
        if (seen == HOPT_SEEN_NOT || seen == hopt_ledger_says(proposer->ledger, num)) continue;
        if (seen == HOPT_SEEN_OPEN)
            list_in_view(trial, HOPT_VIEW_REOPENED, num);
        else
            trial->saw[trial->n_saw++] = num;
        if (seen == HOPT_SEEN_ERROR) list_in_view(trial, HOPT_VIEW_ERRED, num);
    }
}

/* The nums that are known, unless these are all below the trial's own. */
static void list_known(const hopt_proposer *proposer, hopt_trial *trial) {
    const hopt_ranges *known = &proposer->known;
    bool all = trial->num == 0 ? known->count == 0
                               : known->count == 1 && known->list[0].from == 0 &&
                                     known->list[0].to == trial->num;
    if (all) return;
    set_in_view(trial, HOPT_VIEW_KNEW, json_array());
    for (size_t i = 0; i < known->count; i++) {
        list_in_view(trial, HOPT_VIEW_KNEW, known->list[i].from);
        list_in_view(trial, HOPT_VIEW_KNEW, known->list[i].to);
    }
}

/* Differences that stay, since a record of a higher number says otherwise, stay touched. */
static void forget_settled(hopt_proposer *proposer) {
    size_t left = 0;
    for (size_t i = 0; i < proposer->n_touched; i++) {
        int num = proposer->touched[i];
        unsigned char *seen = seen_of(proposer, num);
        *seen &= (unsigned char)~TOUCHED;
        if (*seen == HOPT_SEEN_NOT || *seen == hopt_ledger_says(proposer->ledger, num)) continue;
        *seen |= TOUCHED;
        proposer->touched[left++] = num;
    }
    proposer->n_touched = left;
}

/* What the proposal saw goes into its record (DESIGN §5.8), and that counts as read. */
static void record_view(hopt_proposer *proposer, hopt_trial *trial, bool given) {
    list_differences(proposer, trial);
    list_known(proposer, trial);
    if (!json_equal(proposer->made_by, proposer->recorded))
        set_in_view(trial, HOPT_VIEW_SAMPLER, json_deep_copy(proposer->made_by));
    if (given) set_in_view(trial, HOPT_VIEW_GIVEN, json_true());
    read_record(proposer, trial);
    set_seen(proposer, trial->num, HOPT_SEEN_OPEN);
    forget_settled(proposer);
}

const char *hopt_proposer_note(const hopt_proposer *proposer) {
    return hopt_sampler_note(proposer->sampler);
}

static const char *cmd_of(const hopt_study_spec *spec) {
    switch (spec->objective.kind) {
    case HOPT_OBJECTIVE_SERVER:
        return "server";
    case HOPT_OBJECTIVE_PLUGIN:
        return "plugin";
    default:
        return "command";
    }
}

static uint64_t seed_of(hopt_proposer *proposer, int num) {
    return hopt_sampler_seed(proposer->sampler, proposer->seed, num, proposer->spec->n_points);
}

/* The trial of a point, which becomes pending. */
static hopt_trial *trial_at(hopt_proposer *proposer, int num, const double *point, bool given) {
    const hopt_study_spec *spec = proposer->spec;
    hopt_trial *trial = hopt_trial_new();
    trial->num = num;
    trial->state = HOPT_NEW;
    trial->seed = seed_of(proposer, num);
    memcpy(trial->study, spec->name, sizeof trial->study);
    trial->cmd = hopt_strdup(cmd_of(spec));
    trial->vals = hopt_space_vals(spec->space, point);
    trial->params = hopt_space_resolve(spec->space, point);
    record_view(proposer, trial, given);
    hopt_sampler_pend(proposer->sampler, num, point);
    return trial;
}

hopt_trial *hopt_proposer_give(hopt_proposer *proposer, int num, const double *point) {
    return trial_at(proposer, num, point, true);
}

hopt_status hopt_proposer_propose(hopt_proposer *proposer, hopt_trial **out, int num,
                                  hopt_error *err) {
    *out = NULL;
    const hopt_study_spec *spec = proposer->spec;
    size_t size = (size_t)hopt_space_size(spec->space);
    bool given = num < spec->n_points;
    if (given) {
        memcpy(proposer->point, spec->points + (size_t)num * size, size * sizeof(double));
    } else {
        hopt_status status = hopt_sampler_suggest(proposer->sampler, seed_of(proposer, num), num,
                                                  proposer->point, err);
        if (status != HOPT_OK) return status;
    }
    *out = trial_at(proposer, num, proposer->point, given);
    return HOPT_OK;
}
