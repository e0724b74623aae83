/* The API's answers, read from the store. */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "master/api_internal.h"
#include "master/as_json.h"
#include "master/enroll.h"
#include "master/workers_seen.h"

/* Takes `value`. */
static void print(hopt_buf *body, json_t *value) {
    hopt_json_print(body, value);
    json_decref(value);
}

/* ---- studies ---- */

static hopt_status study_json(json_t **out, hopt_store *store, const char *name, hopt_error *err) {
    hopt_study_record *study;
    hopt_study_spec *spec;
    int64_t counts[HOPT_STATES];
    hopt_trial *best = NULL;
    *out = NULL;
    hopt_status status = hopt_enrolled_study(store, &study, &spec, name, err);
    if (status != HOPT_OK) return status;
    status = hopt_store_counts(store, name, counts, err);
    if (status == HOPT_OK) status = hopt_store_best(store, &best, name, err);
    if (status == HOPT_ENOTFOUND) status = HOPT_OK; /* none yet */
    if (status == HOPT_OK) *out = hopt_study_json(study, spec, counts, best);
    hopt_trial_free(best);
    hopt_study_free(study);
    hopt_study_spec_free(spec);
    return status;
}

/* A study that can't be read is left out, as in `hopt study list`. */
static hopt_status read_studies(hopt_store *store, hopt_buf *body, hopt_error *err) {
    char **names;
    size_t count;
    hopt_status status = hopt_store_studies(store, &names, &count, err);
    if (status != HOPT_OK) return status;
    json_t *list = json_array();
    for (size_t i = 0; i < count && status == HOPT_OK; i++) {
        json_t *one;
        status = study_json(&one, store, names[i], err);
        if (status == HOPT_OK) json_array_append_new(list, one);
        if (status == HOPT_ENOTFOUND || status == HOPT_EINVAL) status = HOPT_OK;
    }
    hopt_names_free(names);
    print(body, json_pack("{s:o}", "studies", list));
    return status;
}

static hopt_status read_study(const hopt_api_question *question, hopt_store *store, hopt_buf *body,
                              hopt_error *err) {
    json_t *study;
    hopt_status status = study_json(&study, store, question->study, err);
    if (status == HOPT_OK) print(body, study);
    return status;
}

static hopt_status read_workers(hopt_store *store, hopt_buf *body, hopt_error *err) {
    hopt_worker_record *list;
    size_t count;
    hopt_status status = hopt_workers_seen(store, &list, &count, err);
    if (status != HOPT_OK) return status;
    json_t *workers = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(workers, hopt_worker_json(&list[i]));
    hopt_worker_records_free(list, count);
    print(body, json_pack("{s:o}", "workers", workers));
    return HOPT_OK;
}

/* ---- trials ---- */

/* `next`: what to give as `after` for the rest; null: there is none. */
static hopt_status read_trials(const hopt_api_question *question, const hopt_study_spec *spec,
                               hopt_store *store, hopt_buf *body, hopt_error *err) {
    hopt_trials trials = {0};
    hopt_trial_query query = {.study = question->study,
                              .after = question->after,
                              .limit = question->limit,
                              .state_mask = question->state_mask};
    hopt_status status = hopt_store_trials(store, &trials, &query, NULL, err);
    if (status == HOPT_OK) {
        json_t *list = json_array();
        for (size_t i = 0; i < trials.count; i++)
            json_array_append_new(list, hopt_trial_json(trials.list[i], spec->maximize));
        bool more = trials.count == (size_t)question->limit;
        print(body,
              json_pack("{s:o, s:o}", "trials", list, "next",
                        more ? json_integer(trials.list[trials.count - 1]->num) : json_null()));
    }
    hopt_trials_clear(&trials);
    return status;
}

static hopt_status read_best(const hopt_api_question *question, const hopt_study_spec *spec,
                             hopt_store *store, hopt_buf *body, hopt_error *err) {
    hopt_trial *best;
    hopt_status status = hopt_store_best(store, &best, question->study, err);
    if (status == HOPT_ENOTFOUND)
        return hopt_error_set(err, status, "study %s has no trial that ended well yet",
                              question->study);
    if (status == HOPT_OK) print(body, hopt_trial_json(best, spec->maximize));
    hopt_trial_free(best);
    return status;
}

static hopt_status print_log(const hopt_trial *trial, hopt_store *store, hopt_buf *body,
                             hopt_error *err) {
    hopt_log_text log;
    hopt_status status = hopt_store_log(store, &log, &trial->id, err);
    if (status == HOPT_ENOTFOUND)
        return hopt_error_set(err, status, "trial %d of study %s has no log", trial->num,
                              trial->study);
    if (status != HOPT_OK) return status;
    hopt_buf_print(body, "{\"lease\":%d,\"head\":", log.lease);
    hopt_json_print_string(body, log.head ? log.head : "", log.head_length);
    hopt_buf_text(body, ",\"tail\":");
    hopt_json_print_string(body, log.tail ? log.tail : "", log.tail_length);
    hopt_buf_char(body, '}');
    hopt_log_text_clear(&log);
    return HOPT_OK;
}

static hopt_status print_reports(const hopt_trial *trial, const hopt_study_spec *spec,
                                 hopt_store *store, hopt_buf *body, hopt_error *err) {
    hopt_reports reports;
    hopt_status status = hopt_store_reports(store, &reports, &trial->id, err);
    if (status != HOPT_OK) return status;
    json_t *steps = json_array(), *losses = json_array();
    for (size_t i = 0; i < reports.count; i++) {
        json_array_append_new(steps, json_integer(reports.steps[i]));
        double loss = spec->maximize ? -reports.losses[i] : reports.losses[i];
        json_t *number = json_real(loss); /* NULL for what is not finite */
        json_array_append_new(losses, number ? number : json_null());
    }
    print(body,
          json_pack("{s:i, s:o, s:o}", "lease", reports.lease, "steps", steps, "losses", losses));
    hopt_reports_clear(&reports);
    return HOPT_OK;
}

static hopt_status read_trial(const hopt_api_question *question, const hopt_study_spec *spec,
                              hopt_store *store, hopt_buf *body, hopt_error *err) {
    hopt_trial *trial;
    hopt_status status = hopt_store_trial(store, &trial, question->study, question->num, err);
    if (status != HOPT_OK) return status;
    if (question->kind == HOPT_API_LOG)
        status = print_log(trial, store, body, err);
    else if (question->kind == HOPT_API_REPORTS)
        status = print_reports(trial, spec, store, body, err);
    else
        print(body, hopt_trial_json(trial, spec->maximize));
    hopt_trial_free(trial);
    return status;
}

/* The study's file says in which sign losses are shown. */
static hopt_status read_below(const hopt_api_question *question, hopt_store *store, hopt_buf *body,
                              hopt_error *err) {
    hopt_study_spec *spec;
    hopt_status status = hopt_enrolled_study(store, NULL, &spec, question->study, err);
    if (status != HOPT_OK) return status;
    if (question->kind == HOPT_API_TRIALS)
        status = read_trials(question, spec, store, body, err);
    else if (question->kind == HOPT_API_BEST)
        status = read_best(question, spec, store, body, err);
    else
        status = read_trial(question, spec, store, body, err);
    hopt_study_spec_free(spec);
    return status;
}

hopt_status hopt_api__read(const hopt_api_question *question, hopt_store *store, hopt_buf *body,
                           hopt_error *err) {
    hopt_status status;
    if (question->kind == HOPT_API_STUDIES)
        status = read_studies(store, body, err);
    else if (question->kind == HOPT_API_STUDY)
        status = read_study(question, store, body, err);
    else if (question->kind == HOPT_API_WORKERS)
        status = read_workers(store, body, err);
    else
        status = read_below(question, store, body, err);
    hopt_buf_char(body, '\n');
    return status;
}
