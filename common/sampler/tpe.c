/** The sampler `tpe`: a recombining, tree-aware Parzen estimator (TPE.md §0). */
#include <math.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/sampler/explain.h"
#include "common/sampler/sampler_internal.h"
#include "common/sampler/tpe_internal.h"

/* How often a suggestion is a coordinate jump: always after HOPT_TPE_LATE trials, before that while
 * the search stagnates (ADR 10). */
static const double JUMP_SHARE = 0.20;
static const double STAGNANT_JUMP_SHARE = 0.30;
/** From more than OWN_MODEL_AT finished trials on, a winner in a branch of which fewer than
 * OWN_MODEL_BELOW trials are below is replaced by what the branch's own model proposes (ADR 10). */
enum { OWN_MODEL_AT = 30, OWN_MODEL_BELOW = 2 };
/** Random redraws before the systematic search for an untried point. */
enum { REDRAWS = 32 };

static const hopt_sampler_option OPTIONS[] = {
    {.name = "startup",
     .summary = "trials of the start-up design",
     .type = HOPT_OPTION_INT,
     .low = 1,
     .high = 10000,
     .initial = 10,
     .offset = offsetof(hopt_tpe_options, startup)},
    {.name = "candidates",
     .summary = "candidates of which the best is proposed",
     .type = HOPT_OPTION_INT,
     .low = 1,
     .high = 10000,
     .initial = 24,
     .offset = offsetof(hopt_tpe_options, candidates)},
    {.name = "repeat",
     .summary = "allow the same point again in a finite space",
     .type = HOPT_OPTION_BOOL,
     .low = 0,
     .high = 1,
     .initial = 0,
     .offset = offsetof(hopt_tpe_options, repeat)},
    {0},
};

static hopt_status tpe_open(void **self, const hopt_space *space, const void *options,
                            uint64_t study_seed, hopt_error *err HOPT_UNUSED) {
    hopt_tpe *tpe = hopt_zalloc(1, sizeof *tpe);
    tpe->space = space;
    tpe->options = *(const hopt_tpe_options *)options;
    tpe->cube = hopt_cube_new(space);
    tpe->design = hopt_design_new(tpe->cube, tpe->options.startup, study_seed);
    tpe->tried = tpe->options.repeat ? NULL : hopt_finite_open(space, true);
    hopt_tpe_split_init(&tpe->split, tpe->cube);
    hopt_tpe_below_init(&tpe->below, tpe->cube);
    size_t n = (size_t)tpe->options.candidates;
    size_t size = (size_t)tpe->cube->size;
    tpe->rows = hopt_zalloc((n + 1) * size + 1, sizeof *tpe->rows);
    tpe->made = hopt_zalloc(n, sizeof *tpe->made);
    tpe->log_l = hopt_zalloc(n, sizeof *tpe->log_l);
    tpe->log_g = hopt_zalloc(n, sizeof *tpe->log_g);
    tpe->score = hopt_zalloc(n, sizeof *tpe->score);
    tpe->order = hopt_zalloc(n + 1, sizeof *tpe->order);
    tpe->factors = hopt_zalloc(size + 1, sizeof *tpe->factors);
    tpe->pass = hopt_tpe_best_pass();
    tpe->late = HOPT_TPE_LATE;
    *self = tpe;
    return HOPT_OK;
}

static void tpe_close(void *self) {
    hopt_tpe *tpe = self;
    hopt_tpe_below_clear(&tpe->below);
    hopt_tpe_split_clear(&tpe->split);
    hopt_finite_close(tpe->tried);
    hopt_design_free(tpe->design);
    hopt_cube_free(tpe->cube);
    free(tpe->rows);
    free(tpe->made);
    free(tpe->log_l);
    free(tpe->log_g);
    free(tpe->score);
    free(tpe->order);
    free(tpe->factors);
    hopt_aligned_free(tpe->scratch);
    free(tpe);
}

static void tpe_pend(void *self, int64_t num, const double *point) {
    hopt_tpe *tpe = self;
    if (tpe->tried) hopt_finite_note(tpe->tried, point);
    hopt_tpe_split_pend(&tpe->split, num, point);
}

static void tpe_add(void *self, const hopt_observation *observation) {
    hopt_tpe *tpe = self;
    if (tpe->tried) hopt_finite_note(tpe->tried, observation->point);
    hopt_tpe_split_add(&tpe->split, observation);
}

/** A row from the prior, with the root at `branch` unless that is -1. */
static void draw_prior(const hopt_tpe *tpe, int branch, hopt_rng *rng, double *row) {
    for (int d = 0; d < tpe->cube->size; d++) {
        if (!hopt_cube_active(tpe->cube, row, d))
            row[d] = NAN;
        else if (branch >= 0 && d == tpe->split.root)
            row[d] = branch;
        else
            row[d] = hopt_cube_draw(&tpe->cube->dims[d], rng);
    }
}

/** A dimension that is active in the best trial, all alike likely; -1 when there is none. */
static int draw_jump_dimension(const hopt_tpe *tpe, const float *best, hopt_rng *rng) {
    int active = 0;
    for (int d = 0; d < tpe->cube->size; d++)
        active += !isnan(best[d]);
    if (active == 0) return -1;
    int k = (int)hopt_rng_below(rng, (uint64_t)active);
    for (int d = 0;; d++)
        if (!isnan(best[d]) && k-- == 0) return d;
}

/** Draw and score candidates for the split that is set. @return how many. */
static int model_candidates(hopt_tpe *tpe, const hopt_tpe_fixed *fixed, hopt_rng *rng) {
    size_t size = (size_t)tpe->cube->size;
    int n = tpe->options.candidates;
    hopt_tpe_below_build(&tpe->below, &tpe->split.below, tpe->split.u);
    for (int i = 0; i < n; i++)
        tpe->made[i] = hopt_tpe_draw(&tpe->below, fixed, rng, tpe->rows + (size_t)i * size);
    tpe->jump = fixed->jump;
    hopt_tpe_score(tpe, n, fixed->jump);
    return n;
}

static int branch_candidates(hopt_tpe *tpe, int branch, hopt_rng *rng) {
    tpe->branch = branch;
    if (tpe->split.branch_finished[branch] < 2) {
        tpe->step = HOPT_TPE_BRANCH_PRIOR;
        draw_prior(tpe, branch, rng, tpe->rows);
        return 1;
    }
    tpe->step = HOPT_TPE_BRANCH;
    hopt_best below = hopt_tpe_split_branch(&tpe->split, branch);
    hopt_tpe_split_set(&tpe->split, &below);
    hopt_tpe_fixed fixed = {.branch = branch, .jump = -1, .root = tpe->split.root};
    int n = model_candidates(tpe, &fixed, rng);
    hopt_best usual = hopt_tpe_split_usual(&tpe->split);
    hopt_tpe_split_set(&tpe->split, &usual);
    return n;
}

static int best_candidate(const hopt_tpe *tpe, int n) {
    int best = 0;
    for (int i = 1; i < n; i++)
        if (tpe->score[i] > tpe->score[best]) best = i;
    return best;
}

/**
 * The root's branch of the best candidate if it is one that the below set says next to nothing
 * about, else -1. What such a candidate has within the branch is drawn blindly.
 */
static int blind_branch(const hopt_tpe *tpe, int n) {
    const hopt_tpe_split *split = &tpe->split;
    if (split->root < 0 || split->finished <= OWN_MODEL_AT || tpe->plain) return -1;
    size_t size = (size_t)tpe->cube->size;
    size_t root = (size_t)split->root;
    int branch = (int)tpe->rows[(size_t)best_candidate(tpe, n) * size + root];
    int below = 0;
    for (int i = 0; i < split->below.count; i++)
        below += (int)split->u[split->below.index[i] * size + root] == branch;
    return below < OWN_MODEL_BELOW && split->branch_finished[branch] >= 2 ? branch : -1;
}

static double jump_share(const hopt_tpe *tpe) {
    if (tpe->split.finished > tpe->late) return JUMP_SHARE;
    if (tpe->split.finished > HOPT_TPE_LATE || tpe->plain) return 0;
    return hopt_tpe_split_stagnates(&tpe->split) ? STAGNANT_JUMP_SHARE : 0;
}

/** Fill rows and scores (a single row has no score). @return how many rows. */
static int fill_candidates(hopt_tpe *tpe, hopt_rng *rng) {
    hopt_tpe_split *split = &tpe->split;
    tpe->score[0] = 0;
    tpe->jump = tpe->branch = -1;
    if (split->history.count < (size_t)tpe->options.startup) {
        tpe->step = HOPT_TPE_STARTUP;
        hopt_design_draw(tpe->design, (int)split->history.count, rng, tpe->rows);
        return 1;
    }
    if (split->finished < 2) {
        tpe->step = HOPT_TPE_PRIOR;
        draw_prior(tpe, -1, rng, tpe->rows);
        return 1;
    }
    hopt_tpe_fixed fixed = {.branch = -1, .jump = -1, .root = split->root};
    tpe->step = HOPT_TPE_MODEL;
    if (split->finished > tpe->late) {
        int branch = hopt_tpe_split_due(split);
        if (branch >= 0) return branch_candidates(tpe, branch, rng);
    }
    double share = jump_share(tpe);
    if (share > 0) {
        const float *best = split->u + split->best.index[0] * (size_t)tpe->cube->size;
        if (hopt_rng_uniform(rng) < share) fixed.jump = draw_jump_dimension(tpe, best, rng);
        if (fixed.jump >= 0) {
            fixed.current = (double)best[fixed.jump];
            tpe->step = HOPT_TPE_JUMP;
        }
    }
    int n = model_candidates(tpe, &fixed, rng);
    int branch = blind_branch(tpe, n);
    return branch >= 0 ? branch_candidates(tpe, branch, rng) : n;
}

/** The best candidate: of those untried if `untried`; its point is left in `point`. -1: none. */
static int choose(const hopt_tpe *tpe, bool untried, double *point) {
    bool *refused = hopt_zalloc((size_t)tpe->n, sizeof *refused);
    int chosen = -1;
    for (int left = tpe->n; left > 0 && chosen < 0; left--) {
        int best = -1;
        for (int i = 0; i < tpe->n; i++)
            if (!refused[i] && (best < 0 || tpe->score[i] > tpe->score[best])) best = i;
        hopt_cube_decode_point(tpe->cube, point, tpe->rows + (size_t)best * tpe->cube->size);
        if (!untried || !hopt_finite_tried(tpe->tried, point)) chosen = best;
        refused[best] = true;
    }
    free(refused);
    return chosen;
}

static hopt_status tpe_suggest(void *self, uint64_t seed, int64_t num HOPT_UNUSED, double *point,
                               hopt_error *err) {
    hopt_tpe *tpe = self;
    hopt_rng rng;
    hopt_rng_seed(&rng, seed);
    tpe->n = fill_candidates(tpe, &rng);
    tpe->chosen = choose(tpe, tpe->tried != NULL, point);
    if (tpe->chosen >= 0) return HOPT_OK;
    /* All candidates were tried (TPE.md 0.6): a uniform one that was not. */
    double *row = tpe->rows + (size_t)tpe->n * (size_t)tpe->cube->size;
    for (int i = 0; i < REDRAWS; i++) {
        draw_prior(tpe, -1, &rng, row);
        hopt_cube_decode_point(tpe->cube, point, row);
        if (!hopt_finite_tried(tpe->tried, point)) return HOPT_OK;
    }
    if (hopt_finite_find(tpe->tried, &rng, point)) return HOPT_OK;
    if (!hopt_finite_is(tpe->tried)) return HOPT_OK; /* a repeat, where points without end remain */
    return hopt_error_set(err, HOPT_ENOTFOUND, "every point of the space was tried");
}

static json_t *tpe_explain(void *self, uint64_t seed, int64_t num) {
    hopt_tpe *tpe = self;
    double *point = hopt_zalloc((size_t)tpe->cube->size + 1, sizeof *point);
    hopt_error err;
    hopt_status status = tpe_suggest(tpe, seed, num, point, &err);
    free(point);
    if (status != HOPT_OK) return hopt_explain_step("none", err.message);
    hopt_best below = tpe->step == HOPT_TPE_BRANCH ? hopt_tpe_split_branch(&tpe->split, tpe->branch)
                                                   : hopt_tpe_split_usual(&tpe->split);
    hopt_tpe_split_set(&tpe->split, &below);
    json_t *said = hopt_tpe_explain(tpe);
    hopt_best usual = hopt_tpe_split_usual(&tpe->split);
    hopt_tpe_split_set(&tpe->split, &usual);
    return said;
}

const hopt_sampler_kind hopt_sampler__tpe = {
    .name = "tpe",
    .summary = "a joint, tree-aware Parzen estimator that recombines good points",
    .options = OPTIONS,
    .options_size = sizeof(hopt_tpe_options),
    .open = tpe_open,
    .close = tpe_close,
    .add = tpe_add,
    .pend = tpe_pend,
    .suggest = tpe_suggest,
    .explain = tpe_explain,
};
