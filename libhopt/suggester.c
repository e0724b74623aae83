/*
 * A sampler without a store: `hopt suggest` as functions, for programs that keep their trials
 * themselves, as the Python package's Trials in memory do.
 */
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/sampler/sampler.h"
#include "common/trial/study.h"
#include "common/trial/trial.h"
#include "libhopt/libhopt_internal.h"

struct hopt_suggester {
    pthread_mutex_t lock;
    hopt_study_spec *spec;
    hopt_sampler *sampler;
    uint64_t seed;
    double *point; /* scratch */
};

int hopt_suggester_open(hopt_suggester **out, const char *text, uint64_t seed, hopt_failure *why) {
    *out = NULL;
    hopt_errors errors = {0};
    hopt_error err = {0};
    hopt_suggester *suggester = hopt_zalloc(1, sizeof *suggester);
    pthread_mutex_init(&suggester->lock, NULL);
    suggester->seed = seed;
    hopt_study_spec **spec = &suggester->spec;
    int code = HOPT_OK;
    if (hopt_study_spec_parse(spec, text, strlen(text), NULL, NULL, 0, &errors) != HOPT_OK) {
        code = hopt_lib__fail_text(why, &errors, NULL, 0);
    } else {
        const hopt_space *space = (*spec)->space;
        suggester->point = hopt_zalloc((size_t)hopt_space_size(space) + 1, sizeof(double));
        if (hopt_sampler_open(&suggester->sampler, (*spec)->sampler, space,
                              (*spec)->sampler_options, seed, &err) != HOPT_OK)
            code = hopt_lib__fail(why, &err);
    }
    if (code == HOPT_OK)
        *out = suggester;
    else
        hopt_suggester_close(suggester);
    return code;
}

void hopt_suggester_close(hopt_suggester *suggester) {
    if (!suggester) return;
    hopt_sampler_close(suggester->sampler);
    hopt_study_spec_free(suggester->spec);
    pthread_mutex_destroy(&suggester->lock);
    free(suggester->point);
    free(suggester);
}

/* Take up a trial that was read. */
static hopt_status take_up(hopt_suggester *suggester, const hopt_trial *trial, hopt_error *err) {
    hopt_status status =
        hopt_space_from_vals(suggester->spec->space, suggester->point, trial->vals, err);
    if (status != HOPT_OK) {
        hopt_error_prefix(err, "trial %d", trial->num);
    } else if (hopt_state_terminal(trial->state)) {
        hopt_observation seen = hopt_proposer_observation(trial, suggester->point);
        hopt_sampler_add(suggester->sampler, &seen);
    } else {
        hopt_sampler_pend(suggester->sampler, trial->num, suggester->point);
    }
    return status;
}

int hopt_suggester_add(hopt_suggester *suggester, const char *line, hopt_failure *why) {
    json_t *json;
    hopt_trial *trial = NULL;
    hopt_error err = {0};
    hopt_status status = hopt_json_parse(&json, line, strlen(line), HOPT_JSON_NAN, &err);
    if (status == HOPT_OK) {
        status = hopt_trial_from_json(&trial, json, suggester->spec->maximize, &err);
        json_decref(json);
    }
    if (status == HOPT_OK) {
        pthread_mutex_lock(&suggester->lock);
        status = take_up(suggester, trial, &err);
        pthread_mutex_unlock(&suggester->lock);
    }
    hopt_trial_free(trial);
    return status == HOPT_OK ? HOPT_OK : hopt_lib__fail(why, &err);
}

uint64_t hopt_suggester_seed(hopt_suggester *suggester, int64_t num, int64_t n_points) {
    pthread_mutex_lock(&suggester->lock);
    uint64_t seed = hopt_sampler_seed(suggester->sampler, suggester->seed, num, n_points);
    pthread_mutex_unlock(&suggester->lock);
    return seed;
}

int hopt_suggester_suggest(hopt_suggester *suggester, uint64_t seed, int64_t num, char **vals,
                           hopt_failure *why) {
    *vals = NULL;
    hopt_error err = {0};
    pthread_mutex_lock(&suggester->lock);
    hopt_status status =
        hopt_sampler_suggest(suggester->sampler, seed, num, suggester->point, &err);
    if (status == HOPT_OK) {
        json_t *json = hopt_space_vals(suggester->spec->space, suggester->point);
        *vals = hopt_json_text(json);
        json_decref(json);
    } else if (!err.message[0]) {
        hopt_error_set(&err, status, "every point of the space was tried");
    }
    pthread_mutex_unlock(&suggester->lock);
    return status == HOPT_OK ? HOPT_OK : hopt_lib__fail(why, &err);
}
