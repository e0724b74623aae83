/** hyperopt's algorithms as samplers: `hyperopt` (tpe.suggest), `anneal` and `mix`. */
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/sampler/explain.h"
#include "common/sampler/hyperopt/hyperopt.h"
#include "common/sampler/sampler_internal.h"

/** A deviate that mix draws from below this is the seed of the algorithm it picked. */
#define MIX_SEEDS (UINT64_C(1) << 31)

static const char *const MIXED[] = {"random", "anneal", "hyperopt", NULL};
enum { MIX_RANDOM, MIX_ANNEAL, MIX_HYPEROPT };
/** The example of hyperopt's mix.py. */
static const hopt_sampler_shares MIX_SHARES = {
    3, {0.1, 0.2, 0.7}, {MIX_RANDOM, MIX_ANNEAL, MIX_HYPEROPT}};

#define AT(field) offsetof(hopt_hyperopt_options, field)
#define TPE_OPTIONS                                                                                \
    {.name = "n_startup_jobs",                                                                     \
     .summary = "random trials before the model",                                                  \
     .type = HOPT_OPTION_INT,                                                                      \
     .low = 0,                                                                                     \
     .high = 1000000,                                                                              \
     .initial = 20,                                                                                \
     .offset = AT(n_startup_jobs)},                                                                \
        {.name = "n_EI_candidates",                                                                \
         .summary = "draws among which the best is taken, for each label",                         \
         .type = HOPT_OPTION_INT,                                                                  \
         .low = 1,                                                                                 \
         .high = 100000,                                                                           \
         .initial = 24,                                                                            \
         .offset = AT(n_EI_candidates)},                                                           \
        {.name = "gamma",                                                                          \
         .summary = "the best gamma * sqrt(trials), 25 at most, are the good ones",                \
         .type = HOPT_OPTION_REAL,                                                                 \
         .low = 0,                                                                                 \
         .high = 1000,                                                                             \
         .initial = 0.25,                                                                          \
         .offset = AT(gamma)},                                                                     \
    {                                                                                              \
        .name = "prior_weight", .summary = "what the prior weighs against one trial",              \
        .type = HOPT_OPTION_REAL, .low = 1e-6, .high = 1e6, .initial = 1,                          \
        .offset = AT(prior_weight)                                                                 \
    }
#define ANNEAL_OPTIONS                                                                             \
    {.name = "avg_best_idx",                                                                       \
     .summary = "mean rank of the trial that the next one is drawn around",                        \
     .type = HOPT_OPTION_REAL,                                                                     \
     .low = 1,                                                                                     \
     .high = 1e6,                                                                                  \
     .initial = 2,                                                                                 \
     .offset = AT(avg_best_idx)},                                                                  \
    {                                                                                              \
        .name = "shrink_coef", .summary = "how fast the neighbourhood narrows with trials",        \
        .type = HOPT_OPTION_REAL, .low = 0, .high = 1e6, .initial = 0.1, .offset = AT(shrink_coef) \
    }

static const hopt_sampler_option TPE[] = {TPE_OPTIONS, {0}};
static const hopt_sampler_option ANNEAL[] = {ANNEAL_OPTIONS, {0}};
static const hopt_sampler_option MIX[] = {
    {.name = "p_suggest",
     .summary = "how often which sampler; the other options are theirs",
     .type = HOPT_OPTION_SHARES,
     .offset = AT(p_suggest),
     .names = MIXED,
     .shares = &MIX_SHARES},
    TPE_OPTIONS,
    ANNEAL_OPTIONS,
    {0}};

static void hyperopt_close(void *given) {
    hopt_hyperopt *self = given;
    hopt_hyperopt_docs_clear(&self->docs);
    hopt_hyperopt_mixture_clear(&self->below);
    hopt_hyperopt_mixture_clear(&self->above);
    free(self->x_below);
    free(self->x_above);
    free(self->group);
    free(self->p_below);
    free(self->p_above);
    free(self->draws);
    free(self->score_below);
    free(self->score_above);
    free(self->doubt_below);
    free(self->doubt_above);
    for (int i = 0; i < self->plan.size; i++)
        free(self->sorted[i].list);
    free(self->sorted);
    free(self->rank);
    hopt_hyperopt_plan_clear(&self->plan);
    free(self);
}

static hopt_status hyperopt_open(void **out, const hopt_space *space, const void *options,
                                 uint64_t study_seed HOPT_UNUSED, hopt_error *err) {
    hopt_hyperopt_plan plan;
    hopt_status status = hopt_hyperopt_plan_init(&plan, space, true, err);
    if (status != HOPT_OK) return status;
    hopt_hyperopt *self = hopt_zalloc(1, sizeof *self);
    self->plan = plan;
    self->options = *(const hopt_hyperopt_options *)options;
    hopt_hyperopt_docs_init(&self->docs, plan.size);
    size_t draws = (size_t)self->options.n_EI_candidates;
    self->draws = hopt_zalloc(draws + 1, sizeof(double));
    self->score_below = hopt_zalloc(draws + 1, sizeof(double));
    self->score_above = hopt_zalloc(draws + 1, sizeof(double));
    self->doubt_below = hopt_zalloc(draws + 1, sizeof(double));
    self->doubt_above = hopt_zalloc(draws + 1, sizeof(double));
    self->sorted = hopt_zalloc((size_t)plan.size, sizeof *self->sorted);
    *out = self;
    return HOPT_OK;
}

static void hyperopt_add(void *given, const hopt_observation *observation) {
    hopt_hyperopt *self = given;
    hopt_hyperopt_docs_add(&self->docs, observation);
}

static void hyperopt_pend(void *given, int64_t num, const double *point) {
    hopt_hyperopt *self = given;
    hopt_hyperopt_docs_pend(&self->docs, num, point);
}

static hopt_status tpe_suggest(void *self, uint64_t seed, int64_t num HOPT_UNUSED, double *point,
                               hopt_error *err HOPT_UNUSED) {
    hopt_hyperopt_tpe(self, seed, point);
    return HOPT_OK;
}

static hopt_status anneal_suggest(void *self, uint64_t seed, int64_t num, double *point,
                                  hopt_error *err HOPT_UNUSED) {
    hopt_hyperopt_anneal(self, seed, num, point);
    return HOPT_OK;
}

static json_t *tpe_explain(void *self, uint64_t seed, int64_t num HOPT_UNUSED) {
    return hopt_hyperopt_explain_tpe(self, seed);
}

static json_t *anneal_explain(void *self, uint64_t seed HOPT_UNUSED, int64_t num HOPT_UNUSED) {
    return hopt_hyperopt_explain_anneal(self);
}

/* Which algorithm has its turn, and the seed that it gets in place of `seed`. */
static int mix_pick(const hopt_hyperopt *self, uint64_t *seed) {
    const hopt_sampler_shares *shares = &self->options.p_suggest;
    hopt_numpy rng;
    hopt_numpy_seed(&rng, *seed);
    int picked = hopt_numpy_pick(&rng, shares->share, shares->count);
    *seed = hopt_numpy_integers(&rng, MIX_SEEDS);
    return shares->name[picked];
}

static json_t *mix_explain(void *self, uint64_t seed, int64_t num HOPT_UNUSED) {
    int picked = mix_pick(self, &seed);
    json_t *said = picked == MIX_HYPEROPT ? hopt_hyperopt_explain_tpe(self, seed)
                   : picked == MIX_ANNEAL ? hopt_hyperopt_explain_anneal(self)
                                          : hopt_explain_step("prior", "a draw from the prior");
    json_object_set_new(said, "picked", json_string(MIXED[picked]));
    return said;
}

static hopt_status mix_suggest(void *given, uint64_t seed, int64_t num, double *point,
                               hopt_error *err HOPT_UNUSED) {
    hopt_hyperopt *self = given;
    switch (mix_pick(self, &seed)) {
    case MIX_RANDOM:
        hopt_hyperopt_rand(self, seed, point);
        break;
    case MIX_ANNEAL:
        hopt_hyperopt_anneal(self, seed, num, point);
        break;
    default:
        hopt_hyperopt_tpe(self, seed, point);
        break;
    }
    return HOPT_OK;
}

const hopt_sampler_kind hopt_sampler__hyperopt = {
    .name = "hyperopt",
    .summary = "the TPE of Python's hyperopt 0.3.0, trial for trial",
    .options = TPE,
    .options_size = sizeof(hopt_hyperopt_options),
    .fmin_seeds = true,
    .open = hyperopt_open,
    .close = hyperopt_close,
    .add = hyperopt_add,
    .pend = hyperopt_pend,
    .suggest = tpe_suggest,
    .explain = tpe_explain,
};

const hopt_sampler_kind hopt_sampler__anneal = {
    .name = "anneal",
    .summary = "the annealing of Python's hyperopt 0.3.0, trial for trial",
    .options = ANNEAL,
    .options_size = sizeof(hopt_hyperopt_options),
    .fmin_seeds = true,
    .open = hyperopt_open,
    .close = hyperopt_close,
    .add = hyperopt_add,
    .pend = hyperopt_pend,
    .suggest = anneal_suggest,
    .explain = anneal_explain,
};

const hopt_sampler_kind hopt_sampler__mix = {
    .name = "mix",
    .summary = "one of hyperopt's random, anneal and TPE by chance, as its mix.suggest",
    .options = MIX,
    .options_size = sizeof(hopt_hyperopt_options),
    .fmin_seeds = true,
    .open = hyperopt_open,
    .close = hyperopt_close,
    .add = hyperopt_add,
    .pend = hyperopt_pend,
    .suggest = mix_suggest,
    .explain = mix_explain,
};
