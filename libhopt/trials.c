/* Reading the trials of a study. */
#include <math.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "libhopt/libhopt_internal.h"

enum { PAGE = 500 };

/* A call that reads: with the mutex, its failure told. */
static int done(hopt_study *study, hopt_status status, hopt_error *err, hopt_failure *why) {
    pthread_mutex_unlock(&study->mutex);
    err->code = status;
    return status == HOPT_OK ? HOPT_OK : hopt_lib__fail(why, err);
}

static hopt_status no_trial(const hopt_study *study, int64_t num, hopt_error *err) {
    return hopt_error_set(err, HOPT_ENOTFOUND, "study %s has no trial %lld", study->spec->name,
                          (long long)num);
}

static hopt_status to_info(hopt_study *study, hopt_trial *trial, hopt_info **info,
                           hopt_error *err) {
    *info = hopt_lib__info_new(study->shared, trial, err);
    return *info ? HOPT_OK : HOPT_EINVAL;
}

int hopt_study_best(hopt_study *study, hopt_info **best, hopt_failure *why) {
    hopt_trial *trial;
    hopt_error err = {0};
    *best = NULL;
    pthread_mutex_lock(&study->mutex);
    hopt_status status = hopt_store_best(study->store, &trial, study->spec->name, &err);
    if (status == HOPT_ENOTFOUND)
        hopt_error_set(&err, status, "study %s has no trial with a loss yet", study->spec->name);
    if (status == HOPT_OK) status = to_info(study, trial, best, &err);
    return done(study, status, &err, why);
}

static hopt_status read_trial(hopt_study *study, int64_t num, hopt_trial **trial, hopt_error *err) {
    if (num < 0 || num >= HOPT_TRIALS_MAX) return no_trial(study, num, err);
    hopt_status status = hopt_store_trial(study->store, trial, study->spec->name, (int)num, err);
    return status == HOPT_ENOTFOUND ? no_trial(study, num, err) : status;
}

int hopt_study_trial(hopt_study *study, int64_t num, hopt_info **info, hopt_failure *why) {
    hopt_trial *trial;
    hopt_error err = {0};
    *info = NULL;
    pthread_mutex_lock(&study->mutex);
    hopt_status status = read_trial(study, num, &trial, &err);
    if (status == HOPT_OK) status = to_info(study, trial, info, &err);
    return done(study, status, &err, why);
}

int hopt_study_counts(hopt_study *study, int64_t counts[5], hopt_failure *why) {
    hopt_error err = {0};
    pthread_mutex_lock(&study->mutex);
    hopt_status status = hopt_store_counts(study->store, study->spec->name, counts, &err);
    return done(study, status, &err, why);
}

int hopt_study_losses(hopt_study *study, double *losses, size_t capacity, size_t *count,
                      hopt_failure *why) {
    hopt_error err = {0};
    hopt_status status = HOPT_OK;
    int after = -1;
    *count = 0;
    pthread_mutex_lock(&study->mutex);
    for (bool more = true; more && status == HOPT_OK;) {
        hopt_trials trials = {0};
        hopt_trial_query query = {
            .study = study->spec->name, .after = after, .limit = PAGE, .brief = true};
        status = hopt_store_trials(study->store, &trials, &query, NULL, &err);
        for (size_t i = 0; status == HOPT_OK && i < trials.count; i++) {
            const hopt_trial *trial = trials.list[i];
            after = trial->num;
            if (losses && *count < capacity)
                losses[*count] = hopt_lib__loss(study->spec, &trial->result);
            ++*count;
        }
        more = trials.count == PAGE;
        hopt_trials_clear(&trials);
    }
    return done(study, status, &err, why);
}

/* ---- the iterator ---- */

struct hopt_iterator {
    hopt_study *study;
    unsigned states;
    hopt_trials page;
    size_t at; /* next of the page */
    int after;
    bool last; /* no page comes after this one */
};

int hopt_study_trials(hopt_study *study, unsigned states, hopt_iterator **out, hopt_failure *why) {
    (void)why;
    hopt_iterator *iterator = hopt_zalloc(1, sizeof *iterator);
    iterator->study = study;
    iterator->states = states & ((1u << HOPT_STATES) - 1);
    iterator->after = -1;
    *out = iterator;
    return HOPT_OK;
}

static hopt_status next_page(hopt_iterator *iterator, hopt_error *err) {
    hopt_study *study = iterator->study;
    hopt_trial_query query = {.study = study->spec->name,
                              .after = iterator->after,
                              .limit = PAGE,
                              .state_mask = (int)iterator->states};
    hopt_trials_clear(&iterator->page);
    iterator->at = 0;
    hopt_status status = hopt_store_trials(study->store, &iterator->page, &query, NULL, err);
    if (status != HOPT_OK) return status;
    iterator->last = iterator->page.count < PAGE;
    return HOPT_OK;
}

/* The next trial of the page, given away; NULL at its end. */
static hopt_trial *pop(hopt_iterator *iterator) {
    if (iterator->at >= iterator->page.count) return NULL;
    hopt_trial *trial = iterator->page.list[iterator->at];
    iterator->page.list[iterator->at++] = hopt_trial_new();
    iterator->after = trial->num;
    return trial;
}

int hopt_iterator_next(hopt_iterator *iterator, hopt_info **info, hopt_failure *why) {
    hopt_study *study = iterator->study;
    hopt_error err = {0};
    hopt_status status = HOPT_OK;
    *info = NULL;
    pthread_mutex_lock(&study->mutex);
    while (!*info && status == HOPT_OK) {
        hopt_trial *trial = pop(iterator);
        if (trial)
            *info = hopt_lib__info_new(study->shared, trial, &err); /* NULL: not of this space */
        else if (iterator->last)
            status = hopt_error_set(&err, HOPT_ENOTFOUND, "no more trials");
        else
            status = next_page(iterator, &err);
    }
    return done(study, status, &err, why);
}

void hopt_iterator_free(hopt_iterator *iterator) {
    if (!iterator) return;
    hopt_trials_clear(&iterator->page);
    free(iterator);
}

/* ---- attachments, reports, log ---- */

int hopt_study_attachments(hopt_study *study, int64_t num, char **names, hopt_failure *why) {
    hopt_trial *trial;
    hopt_error err = {0};
    char **list;
    size_t count;
    *names = NULL;
    pthread_mutex_lock(&study->mutex);
    hopt_status status = read_trial(study, num, &trial, &err);
    if (status == HOPT_OK) {
        status = hopt_store_attachments(study->store, &list, &count, &trial->id, &err);
        hopt_trial_free(trial);
    }
    if (status == HOPT_OK) {
        json_t *json = json_array();
        for (size_t i = 0; i < count; i++)
            json_array_append_new(json, json_string(list[i]));
        *names = hopt_json_text(json);
        json_decref(json);
        hopt_names_free(list);
    }
    return done(study, status, &err, why);
}

int hopt_study_attachment(hopt_study *study, int64_t num, const char *name, void **data,
                          size_t *size, hopt_failure *why) {
    hopt_trial *trial;
    hopt_error err = {0};
    *data = NULL;
    *size = 0;
    pthread_mutex_lock(&study->mutex);
    hopt_status status = read_trial(study, num, &trial, &err);
    if (status == HOPT_OK) {
        status = hopt_store_attachment(study->store, data, size, &trial->id, name, &err);
        hopt_trial_free(trial);
        if (status == HOPT_ENOTFOUND)
            hopt_error_set(&err, status, "trial %lld has no attachment \"%s\"", (long long)num,
                           name ? name : "");
    }
    return done(study, status, &err, why);
}

static char *reports_text(const hopt_study *study, const hopt_reports *reports) {
    json_t *json = json_object(), *steps = json_array(), *losses = json_array();
    for (size_t i = 0; i < reports->count; i++) {
        double loss = reports->losses[i];
        json_array_append_new(steps, json_integer(reports->steps[i]));
        json_array_append_new(losses, json_real(study->spec->maximize ? -loss : loss));
    }
    json_object_set_new(json, "steps", steps);
    json_object_set_new(json, "losses", losses);
    char *text = hopt_json_text(json);
    json_decref(json);
    return text;
}

int hopt_study_reports(hopt_study *study, int64_t num, char **json, hopt_failure *why) {
    hopt_trial *trial;
    hopt_reports reports = {0};
    hopt_error err = {0};
    *json = NULL;
    pthread_mutex_lock(&study->mutex);
    hopt_status status = read_trial(study, num, &trial, &err);
    if (status == HOPT_OK) {
        status = hopt_store_reports(study->store, &reports, &trial->id, &err);
        hopt_trial_free(trial);
    }
    if (status == HOPT_OK) *json = reports_text(study, &reports);
    hopt_reports_clear(&reports);
    return done(study, status, &err, why);
}

int hopt_study_log(hopt_study *study, int64_t num, char **text, hopt_failure *why) {
    hopt_trial *trial;
    hopt_log_text log = {0};
    hopt_error err = {0};
    *text = NULL;
    pthread_mutex_lock(&study->mutex);
    hopt_status status = read_trial(study, num, &trial, &err);
    if (status == HOPT_OK) {
        status = hopt_store_log(study->store, &log, &trial->id, &err);
        hopt_trial_free(trial);
        if (status == HOPT_ENOTFOUND) status = HOPT_OK;
    }
    if (status == HOPT_OK) {
        hopt_buf all = HOPT_BUF_INIT;
        if (log.head) hopt_buf_add(&all, log.head, log.head_length);
        if (log.tail) hopt_buf_add(&all, log.tail, log.tail_length);
        *text = hopt_buf_take(&all);
    }
    hopt_log_text_clear(&log);
    return done(study, status, &err, why);
}
