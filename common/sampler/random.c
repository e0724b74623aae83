/**
 * The sampler `random`: every point a draw from the prior, the very one of hyperopt's rand.suggest.
 * In a finite space no point comes twice: a draw that did is followed by others of the same
 * generator, which hyperopt would not make.
 */
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/sampler/finite.h"
#include "common/sampler/hyperopt/plan.h"
#include "common/sampler/sampler_internal.h"

/** Redraws before the systematic search for an untried point. */
enum { REDRAWS = 64 };

typedef struct random_options {
    bool repeat;
} random_options;

typedef struct random_sampler {
    hopt_hyperopt_plan plan;
    hopt_finite *finite; /* NULL: not finite, or repeats are allowed */
} random_sampler;

static const hopt_sampler_option OPTIONS[] = {
    {.name = "repeat",
     .summary = "allow the same point again in a finite space",
     .type = HOPT_OPTION_BOOL,
     .low = 0,
     .high = 1,
     .initial = 0,
     .offset = offsetof(random_options, repeat)},
    {0},
};

static hopt_status random_open(void **self, const hopt_space *space, const void *options,
                               uint64_t study_seed HOPT_UNUSED, hopt_error *err) {
    const random_options *chosen = options;
    hopt_hyperopt_plan plan;
    hopt_status status = hopt_hyperopt_plan_init(&plan, space, false, err);
    if (status != HOPT_OK) return status;
    random_sampler *sampler = hopt_zalloc(1, sizeof *sampler);
    sampler->plan = plan;
    sampler->finite = hopt_finite_open(space, false);
    if (chosen->repeat || !hopt_finite_is(sampler->finite)) {
        hopt_finite_close(sampler->finite);
        sampler->finite = NULL;
    }
    *self = sampler;
    return HOPT_OK;
}

static void random_close(void *self) {
    random_sampler *sampler = self;
    hopt_finite_close(sampler->finite);
    hopt_hyperopt_plan_clear(&sampler->plan);
    free(sampler);
}

static void random_pend(void *self, int64_t num HOPT_UNUSED, const double *point) {
    random_sampler *sampler = self;
    if (sampler->finite) hopt_finite_note(sampler->finite, point);
}

static void random_add(void *self, const hopt_observation *observation) {
    random_pend(self, observation->num, observation->point);
}

static hopt_status random_suggest(void *self, uint64_t seed, int64_t num HOPT_UNUSED, double *point,
                                  hopt_error *err) {
    random_sampler *sampler = self;
    hopt_numpy rng;
    hopt_numpy_seed(&rng, seed);
    hopt_hyperopt_draw_point(&sampler->plan, &rng, point);
    if (!sampler->finite) return HOPT_OK;
    for (int i = 0; i < REDRAWS && hopt_finite_tried(sampler->finite, point); i++)
        hopt_hyperopt_draw_point(&sampler->plan, &rng, point);
    if (!hopt_finite_tried(sampler->finite, point)) return HOPT_OK;
    hopt_rng start;
    hopt_rng_seed(&start, seed);
    if (hopt_finite_find(sampler->finite, &start, point)) return HOPT_OK;
    return hopt_error_set(err, HOPT_ENOTFOUND, "every point of the space was tried");
}

const hopt_sampler_kind hopt_sampler__random = {
    .name = "random",
    .summary = "draws from the prior, no model",
    .options = OPTIONS,
    .options_size = sizeof(random_options),
    .fmin_seeds = true,
    .open = random_open,
    .close = random_close,
    .add = random_add,
    .pend = random_pend,
    .suggest = random_suggest,
};
