/** The table of samplers and the front that calls through it. */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/base/hash.h"
#include "common/sampler/explain.h"
#include "common/sampler/hyperopt/numpy.h"
#include "common/sampler/sampler_internal.h"

struct hopt_sampler {
    const hopt_sampler_kind *kind;
    void *self;
    /* The stream of fmin's seeds; a new one when it is asked out of order. */
    hopt_numpy stream;
    uint64_t stream_seed;
    int64_t taken; /* from the stream; 0: not started */
};

/** fmin calls rstate.integers(2**31 - 1) once a proposal. */
enum { FMIN_SEEDS = INT32_MAX };

/** A new sampler needs a line here and nothing elsewhere. The first is the default. */
static const hopt_sampler_kind *const KINDS[] = {
    &hopt_sampler__auto,     &hopt_sampler__gp,     &hopt_sampler__tpe, &hopt_sampler__random,
    &hopt_sampler__hyperopt, &hopt_sampler__anneal, &hopt_sampler__mix, NULL,
};

const hopt_sampler_kind *const *hopt_sampler_kinds(void) {
    return KINDS;
}

const hopt_sampler_kind *hopt_sampler_find(const char *name) {
    for (size_t i = 0; KINDS[i]; i++)
        if (strcmp(KINDS[i]->name, name) == 0) return KINDS[i];
    return NULL;
}

static hopt_status find_kind(const hopt_sampler_kind **out, const char *name, hopt_error *err) {
    *out = name ? hopt_sampler_find(name) : KINDS[0];
    if (*out) return HOPT_OK;
    hopt_buf known = HOPT_BUF_INIT;
    for (size_t i = 0; KINDS[i]; i++)
        hopt_buf_print(&known, "%s%s", i ? ", " : "", KINDS[i]->name);
    hopt_error_set(err, HOPT_EINVAL, "sampler: unknown name \"%.64s\"; known: %s", name,
                   known.data);
    hopt_buf_clear(&known);
    return HOPT_EINVAL;
}

hopt_status hopt_sampler_check(const char *name, const json_t *options, hopt_error *err) {
    const hopt_sampler_kind *kind;
    hopt_status status = find_kind(&kind, name, err);
    return status == HOPT_OK ? hopt_sampler__read_options(NULL, kind, options, err) : status;
}

hopt_status hopt_sampler_open(hopt_sampler **out, const char *name, const hopt_space *space,
                              const json_t *options, uint64_t study_seed, hopt_error *err) {
    *out = NULL;
    const hopt_sampler_kind *kind;
    hopt_status status = find_kind(&kind, name, err);
    if (status != HOPT_OK) return status;
    void *values = hopt_zalloc(1, kind->options_size ? kind->options_size : 1);
    void *self = NULL;
    status = hopt_sampler__read_options(values, kind, options, err);
    if (status == HOPT_OK) status = kind->open(&self, space, values, study_seed, err);
    free(values);
    if (status != HOPT_OK) return status;
    *out = hopt_zalloc(1, sizeof **out);
    (*out)->kind = kind;
    (*out)->self = self;
    return HOPT_OK;
}

void hopt_sampler_close(hopt_sampler *sampler) {
    if (!sampler) return;
    sampler->kind->close(sampler->self);
    free(sampler);
}

uint64_t hopt_sampler_seed(hopt_sampler *sampler, uint64_t study_seed, int64_t num,
                           int64_t n_points) {
    int64_t k = num - n_points;
    /* BSON and JSON integers are signed: a seed stays below 2^63. */
    if (!sampler->kind->fmin_seeds || k < 0)
        return hopt_hash_splitmix64(study_seed, (uint64_t)num) >> 1;
    if (sampler->taken == 0 || sampler->taken > k || sampler->stream_seed != study_seed) {
        hopt_numpy_seed(&sampler->stream, study_seed);
        sampler->stream_seed = study_seed;
        sampler->taken = 0;
    }
    uint64_t seed;
    do
        seed = hopt_numpy_integers(&sampler->stream, FMIN_SEEDS);
    while (sampler->taken++ < k);
    return seed;
}

void hopt_sampler_add(hopt_sampler *sampler, const hopt_observation *observation) {
    sampler->kind->add(sampler->self, observation);
}

void hopt_sampler_pend(hopt_sampler *sampler, int64_t num, const double *point) {
    sampler->kind->pend(sampler->self, num, point);
}

hopt_status hopt_sampler_suggest(hopt_sampler *sampler, uint64_t seed, int64_t num, double *point,
                                 hopt_error *err) {
    return sampler->kind->suggest(sampler->self, seed, num, point, err);
}

const char *hopt_sampler_note(const hopt_sampler *sampler) {
    return sampler->kind->note ? sampler->kind->note(sampler->self) : NULL;
}

hopt_status hopt_sampler_believed_best(hopt_sampler *sampler, int64_t *num, hopt_error *err) {
    const hopt_sampler_kind *kind = sampler->kind;
    if (!kind->believed_best)
        return hopt_error_set(err, HOPT_ENOTFOUND, "%s has no model of the losses", kind->name);
    if (kind->believed_best(sampler->self, num)) return HOPT_OK;
    return hopt_error_set(err, HOPT_ENOTFOUND,
                          "the losses can't be modelled: fewer than three, or all the same");
}

char *hopt_sampler_plan(const char *name, const json_t *options, const hopt_space *space) {
    const hopt_sampler_kind *kind;
    hopt_error err;
    if (find_kind(&kind, name, &err) != HOPT_OK || !kind->plan) return NULL;
    void *values = hopt_zalloc(1, kind->options_size + 1);
    hopt_status status = hopt_sampler__read_options(values, kind, options, &err);
    char *plan = status == HOPT_OK ? kind->plan(values, hopt_space_size(space)) : NULL;
    free(values);
    return plan;
}

json_t *hopt_sampler_explain(hopt_sampler *sampler, uint64_t seed, int64_t num) {
    const hopt_sampler_kind *kind = sampler->kind;
    json_t *said = kind->explain ? kind->explain(sampler->self, seed, num)
                                 : hopt_explain_step("prior", "a draw from the prior");
    json_t *all = json_pack("{s:s}", "sampler", kind->name);
    json_object_update_missing(all, said);
    json_decref(said);
    return all;
}
