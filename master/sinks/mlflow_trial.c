/*
 * One trial's run. Design notes
 * - MLflow appends points of metrics, so nothing is sent twice blindly. On the straight way a run
 * is made, filled and ended, and noted as done in the store. After anything else (a lost reply, a
 *   killed process) the run is looked for by its tag, and only what it lacks is sent.
 * - Params and tags may be repeated: the same values have no effect.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/sys/clock.h"
#include "master/sinks/mlflow_internal.h"
#include "master/sinks/mlflow_load.h"

static const char *login_name(void) {
    const char *name = getenv("LOGNAME");
    if (!name || !*name) name = getenv("USER");
    return name && *name ? name : "hopt";
}

static int64_t start_of(const hopt_trial *trial) {
    return trial->book_ms > 0 ? trial->book_ms : trial->end_ms;
}

static json_t *create_request(const hopt_mlflow__work *work, const hopt_sink_trial *mark,
                              const hopt_trial *trial) {
    char id[2 * HOPT_ID_SIZE + 1], num[32];
    char *name = hopt_format("%s-%d", trial->study, trial->num);
    int64_t start_ms = start_of(trial);
    hopt_mlflow_load tags;
    hopt_mlflow_load_init(&tags);
    hopt_mlflow_id(id, &trial->id);
    snprintf(num, sizeof num, "%d", trial->num);
    hopt_mlflow_add_tag(&tags, "mlflow.parentRunId", mark->parent);
    hopt_mlflow_add_tag(&tags, "mlflow.runName", name);
    hopt_mlflow_add_tag(&tags, "mlflow.user", login_name());
    hopt_mlflow_add_tag(&tags, "mlflow.source.name", "hopt");
    hopt_mlflow_add_tag(&tags, "mlflow.source.type", "JOB");
    hopt_mlflow_add_tag(&tags, "hopt.study", trial->study);
    hopt_mlflow_add_tag(&tags, "hopt.num", num);
    hopt_mlflow_add_tag(&tags, "hopt.id", id);
    json_t *request =
        json_pack("{s:s,s:s,s:s,s:I,s:O}", "experiment_id", work->experiment, "user_id",
                  login_name(), "run_name", name, "start_time",
                  (json_int_t)(start_ms > 0 ? start_ms : hopt_clock_unix_ms()), "tags", tags.tags);
    hopt_mlflow_load_clear(&tags);
    free(name);
    return request;
}

static bool has_point(const json_t *history, const json_t *metric) {
    size_t i;
    json_t *point;
    double ours = 0;
    (void)!hopt_json_double(&ours, json_object_get(metric, "value"));
    json_array_foreach((json_t *)history, i, point) {
        if (hopt_json_integer_of(point, "step", -1) == hopt_json_integer_of(metric, "step", 0) &&
            hopt_json_integer_of(point, "timestamp", -1) ==
                hopt_json_integer_of(metric, "timestamp", 0) &&
            hopt_mlflow_same(ours, json_object_get(point, "value")))
            return true;
    }
    return false;
}

/* Take the points of one metric out that the run has. */
static hopt_status drop_known(hopt_mlflow_api *api, hopt_mlflow_load *load, const char *run,
                              const char *key, hopt_error *err) {
    json_t *history, *kept = json_array(), *metric;
    size_t i;
    hopt_status status = hopt_mlflow_history(api, &history, run, key, err);
    if (status == HOPT_OK) {
        json_array_foreach(load->metrics, i, metric) {
            const char *its = hopt_json_string_of(metric, "key");
            if (strcmp(its, key) != 0 || !has_point(history, metric))
                json_array_append(kept, metric);
        }
        json_array_clear(load->metrics);
        json_array_extend(load->metrics, kept);
    }
    json_decref(history);
    json_decref(kept);
    return status;
}

/* A run that may have got some of the load: leave in it what is missing. */
static hopt_status keep_missing(hopt_mlflow_api *api, hopt_mlflow_load *load, const char *run,
                                hopt_error *err) {
    json_t *known, *metric;
    size_t i;
    hopt_status status = hopt_mlflow_run(api, &known, run, err);
    if (status != HOPT_OK) return status;
    const json_t *metrics = json_object_get(json_object_get(known, "data"), "metrics");
    json_array_foreach((json_t *)metrics, i, metric) {
        const char *key = hopt_json_string_of(metric, "key");
        if (key && status == HOPT_OK) status = drop_known(api, load, run, key, err);
    }
    json_decref(known);
    return status;
}

hopt_status hopt_mlflow__send(hopt_mlflow_api *api, hopt_mlflow_load *load, const char *run,
                              hopt_error *err) {
    json_t *request;
    hopt_status status = HOPT_OK;
    while (status == HOPT_OK && (request = hopt_mlflow_batch(load, run)))
        status = hopt_mlflow_log(api, request, err);
    return status;
}

static hopt_status send_artifacts(hopt_mlflow__work *work, const hopt_sink_trial *mark,
                                  hopt_mlflow__side *side, hopt_error *err) {
    char **names;
    size_t count;
    *side = HOPT_MLFLOW__STORE;
    hopt_status status = hopt_store_attachments(work->store, &names, &count, &mark->id, err);
    if (status != HOPT_OK) return status;
    for (size_t i = 0; i < count && status == HOPT_OK; i++) {
        void *data;
        size_t length;
        *side = HOPT_MLFLOW__STORE;
        status = hopt_store_attachment(work->store, &data, &length, &mark->id, names[i], err);
        if (status == HOPT_ENOTFOUND) {
            status = HOPT_OK;
            continue;
        }
        if (status != HOPT_OK) break;
        *side = HOPT_MLFLOW__SERVER;
        status = hopt_mlflow_artifact(work->api, work->experiment, mark->run, names[i], data,
                                      length, err);
        free(data);
        if (status == HOPT_EINVAL || status == HOPT_ENOTFOUND) { /* a name it can't have */
            char *text = hopt_format("trial %d: MLflow does not take the attachment \"%s\": %s",
                                     mark->num, names[i], err ? err->message : "");
            work->remark(work->data, true, text);
            free(text);
            status = HOPT_OK;
        }
    }
    hopt_names_free(names);
    return status;
}

/* The run to write to: the one that is there, as far as it is known, or a new one. */
static hopt_status have_run(hopt_mlflow__work *work, hopt_mlflow_load *load, hopt_sink_trial *mark,
                            const hopt_trial *trial, bool fresh, hopt_error *err) {
    hopt_status status = HOPT_ENOTFOUND;
    if (!fresh) {
        char id[2 * HOPT_ID_SIZE + 1];
        hopt_mlflow_id(id, &trial->id);
        status = mark->run[0] ? HOPT_OK
                              : hopt_mlflow_find(work->api, mark->run, work->experiment, "hopt.id",
                                                 id, mark->parent, err);
        if (status == HOPT_OK) status = keep_missing(work->api, load, mark->run, err);
    }
    if (status == HOPT_ENOTFOUND)
        status = hopt_mlflow_create(work->api, mark->run, create_request(work, mark, trial), err);
    return status;
}

hopt_status hopt_mlflow__trial(hopt_mlflow__work *work, const hopt_study_spec *spec,
                               hopt_sink_trial *mark, const hopt_trial *trial, bool fresh,
                               hopt_mlflow__side *side, hopt_error *err) {
    hopt_reports reports;
    hopt_mlflow_load load;
    *side = HOPT_MLFLOW__STORE;
    hopt_status status = hopt_store_reports(work->store, &reports, &mark->id, err);
    if (status != HOPT_OK) return status;
    hopt_mlflow_load_init(&load);
    hopt_mlflow_trial(&load, spec, trial, &reports);
    hopt_reports_clear(&reports);
    *side = HOPT_MLFLOW__SERVER;
    status = have_run(work, &load, mark, trial, fresh, err);
    if (status == HOPT_OK) status = hopt_mlflow__send(work->api, &load, mark->run, err);
    if (status == HOPT_OK && work->artifacts) status = send_artifacts(work, mark, side, err);
    if (status == HOPT_OK) {
        int64_t end_ms = trial->end_ms > 0 ? trial->end_ms : trial->refresh_ms;
        *side = HOPT_MLFLOW__SERVER;
        status = hopt_mlflow_set_status(work->api, mark->run, hopt_mlflow_trial_status(trial),
                                        end_ms > 0 ? end_ms : hopt_clock_unix_ms(), err);
    }
    hopt_mlflow_load_clear(&load);
    return status;
}
