/* A trial as SQLite keeps it: the JSON of all that has no column of its own. */
#include <math.h>
#include <stdlib.h>

#include "common/trial/trial_internal.h"

static json_t *saw_json(const hopt_trial *trial) {
    json_t *saw = json_array();
    for (int i = 0; i < trial->n_saw; i++)
        json_array_append_new(saw, json_integer(trial->saw[i]));
    return saw;
}

static json_t *result_json(const hopt_trial *trial) {
    const hopt_result *result = &trial->result;
    json_t *out = json_object();
    json_object_set_new(out, "status", json_string(hopt_trial__status(trial)));
    if (result->has_loss && isfinite(result->loss))
        json_object_set_new(out, "loss", json_real(result->loss));
    hopt_trial__set_text(out, "status_fail", result->status_fail);
    json_t *extras = hopt_trial__extras(result->extras);
    if (extras) json_object_update_new(out, extras);
    return out;
}

json_t *hopt_trial_doc(const hopt_trial *trial) {
    const hopt_result *result = &trial->result;
    json_t *doc = json_object();
    hopt_trial__set_text(doc, "cmd", trial->cmd);
    json_object_set_new(doc, "seed", json_integer((json_int_t)trial->seed));
    if (trial->n_saw) json_object_set_new(doc, "saw", saw_json(trial));
    if (trial->view) json_object_set_new(doc, "view", json_deep_copy(trial->view));
    hopt_trial__set_text(doc, "by", trial->by);
    hopt_trial__set_text(doc, "worker", trial->worker);
    if (trial->vals) json_object_set(doc, "vals", trial->vals);
    if (trial->params) json_object_set(doc, "params", trial->params);
    if (hopt_state_terminal(trial->state)) json_object_set_new(doc, "result", result_json(trial));
    if (result->error_type) {
        json_t *error = json_array();
        const char *message = result->error_message ? result->error_message : "";
        json_array_append_new(error, hopt_trial__text(result->error_type));
        json_array_append_new(error, hopt_trial__text(message));
        json_object_set_new(doc, "error", error);
    }
    if (result->has_step) json_object_set_new(doc, "step", json_integer(result->step));
    if (trial->end_ms) json_object_set_new(doc, "end", json_integer(trial->end_ms));
    if (result->ms) json_object_set_new(doc, "ms", json_integer(result->ms));
    return doc;
}

/* The members that tell of the proposal. */
static hopt_status read_proposal(hopt_trial *trial, const json_t *doc, hopt_error *err) {
    int64_t seed = 0;
    hopt_status status = hopt_trial__read_text(&trial->cmd, doc, "cmd", err);
    if (status == HOPT_OK)
        status = hopt_trial__read_integer(&seed, doc, "seed", INT64_MIN, INT64_MAX, err);
    if (status == HOPT_OK) status = hopt_trial__read_saw(trial, doc, err);
    if (status == HOPT_OK) status = hopt_trial__read_view(trial, doc, err);
    if (status == HOPT_OK) status = hopt_trial__read_text(&trial->by, doc, "by", err);
    if (status == HOPT_OK) status = hopt_trial__read_text(&trial->worker, doc, "worker", err);
    if (status == HOPT_OK && json_object_get(doc, "vals"))
        status = hopt_trial__read_vals(trial, doc, err);
    trial->seed = (uint64_t)seed;
    trial->params = json_incref(json_object_get(doc, "params"));
    return status;
}

hopt_status hopt_trial_read_doc(hopt_trial *trial, const json_t *doc, hopt_error *err) {
    if (!json_is_object(doc))
        return hopt_error_set(err, HOPT_EINVAL, "damaged trial: its document is not an object");
    const json_t *result = json_object_get(doc, "result");
    hopt_status status = read_proposal(trial, doc, err);
    if (status == HOPT_OK && hopt_state_terminal(trial->state)) {
        const char *word = json_string_value(json_object_get(result, "status"));
        status = hopt_trial__read_result(trial, word ? word : "new", result, 1.0, err);
        trial->result.extras = hopt_trial__extras(result);
    }
    if (status == HOPT_OK) status = hopt_trial__read_error(&trial->result, doc, err);
    if (status == HOPT_OK && json_object_get(doc, "step")) {
        trial->result.has_step = true;
        status =
            hopt_trial__read_integer(&trial->result.step, doc, "step", INT64_MIN, INT64_MAX, err);
    }
    if (status == HOPT_OK) status = hopt_trial__read_time(&trial->end_ms, doc, "end", err);
    if (status == HOPT_OK)
        status = hopt_trial__read_integer(&trial->result.ms, doc, "ms", INT64_MIN, INT64_MAX, err);
    if (status != HOPT_OK) hopt_error_prefix(err, "damaged trial %d", trial->num);
    return status;
}
