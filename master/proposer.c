#include "master/proposer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

/* What is known of a num, two bits. */
enum { SEEN_BY_SAMPLER = 1, LISTED_IN_SAW = 2 };

struct hopt_proposer {
    const hopt_study_spec *spec;
    hopt_sampler *sampler;
    uint64_t seed;
    unsigned char *known; /* bits of each num */
    size_t n_known;
    int *fresh; /* ended nums that no `saw` list had when they were added */
    size_t n_fresh, fresh_capacity;
    double *point; /* scratch */
};

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
    *out = proposer;
    return HOPT_OK;
}

void hopt_proposer_close(hopt_proposer *proposer) {
    if (!proposer) return;
    hopt_sampler_close(proposer->sampler);
    free(proposer->known);
    free(proposer->fresh);
    free(proposer->point);
    free(proposer);
}

static unsigned char *known_of(hopt_proposer *proposer, int num) {
    size_t index = (size_t)num;
    if (index >= proposer->n_known) {
        size_t count = proposer->n_known ? proposer->n_known : 256;
        while (count <= index)
            count *= 2;
        proposer->known = hopt_realloc(proposer->known, count, 1);
        memset(proposer->known + proposer->n_known, 0, count - proposer->n_known);
        proposer->n_known = count;
    }
    return &proposer->known[index];
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

static void note_fresh(hopt_proposer *proposer, int num) {
    proposer->fresh = hopt_grow(proposer->fresh, proposer->n_fresh, &proposer->fresh_capacity,
                                sizeof *proposer->fresh);
    proposer->fresh[proposer->n_fresh++] = num;
}

hopt_status hopt_proposer_add(hopt_proposer *proposer, const hopt_trial *trial, hopt_error *err) {
    for (int i = 0; i < trial->n_saw; i++) {
        if (trial->saw[i] >= 0 && trial->saw[i] < HOPT_TRIALS_MAX)
            *known_of(proposer, trial->saw[i]) |= LISTED_IN_SAW;
    }
    if (*known_of(proposer, trial->num) & SEEN_BY_SAMPLER) return HOPT_OK;
    hopt_status status =
        hopt_space_from_vals(proposer->spec->space, proposer->point, trial->vals, err);
    if (status != HOPT_OK) {
        hopt_error_prefix(err, "trial %d", trial->num);
        return status;
    }
    if (!hopt_state_terminal(trial->state)) {
        hopt_sampler_pend(proposer->sampler, trial->num, proposer->point);
        return HOPT_OK;
    }
    hopt_observation seen = hopt_proposer_observation(trial, proposer->point);
    hopt_sampler_add(proposer->sampler, &seen);
    *known_of(proposer, trial->num) |= SEEN_BY_SAMPLER;
    note_fresh(proposer, trial->num);
    return HOPT_OK;
}

/* The nums that entered the history and that no earlier proposal lists (DESIGN §5.8). */
static void take_saw(hopt_proposer *proposer, hopt_trial *trial) {
    trial->saw = hopt_alloc((proposer->n_fresh + 1) * sizeof *trial->saw);
    for (size_t i = 0; i < proposer->n_fresh; i++) {
        unsigned char *known = known_of(proposer, proposer->fresh[i]);
        if (*known & LISTED_IN_SAW) continue;
        *known |= LISTED_IN_SAW;
        trial->saw[trial->n_saw++] = proposer->fresh[i];
    }
    proposer->n_fresh = 0;
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

hopt_status hopt_proposer_propose(hopt_proposer *proposer, hopt_trial **out, int num,
                                  hopt_error *err) {
    *out = NULL;
    const hopt_study_spec *spec = proposer->spec;
    int size = hopt_space_size(spec->space);
    uint64_t seed = hopt_sampler_seed(proposer->sampler, proposer->seed, num, spec->n_points);
    if (num < spec->n_points) {
        memcpy(proposer->point, spec->points + (size_t)num * (size_t)size,
               (size_t)size * sizeof(double));
    } else {
        hopt_status status =
            hopt_sampler_suggest(proposer->sampler, seed, num, proposer->point, err);
        if (status != HOPT_OK) return status;
    }
    hopt_trial *trial = hopt_trial_new();
    trial->num = num;
    trial->state = HOPT_NEW;
    trial->seed = seed;
    memcpy(trial->study, spec->name, sizeof trial->study);
    trial->cmd = hopt_strdup(cmd_of(spec));
    trial->vals = hopt_space_vals(spec->space, proposer->point);
    trial->params = hopt_space_resolve(spec->space, proposer->point);
    take_saw(proposer, trial);
    hopt_sampler_pend(proposer->sampler, num, proposer->point);
    *out = trial;
    return HOPT_OK;
}
