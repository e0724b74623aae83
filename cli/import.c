/*
 * Design notes. The study is made paused with a reason of our own, so that no master or worker
 * touches it, and set active when it is whole. A half-made one is refused by its name, never gone
 * on with: the old experiment may have changed meanwhile.
 */
#include "cli/import.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "master/enroll.h"

#define IMPORTING "being imported"

/* ---- trials ---- */

/* A label without value is no news; the space may lack it. */
static void drop_unknown(const hopt_space *space, json_t *vals) {
    const char *label;
    json_t *value;
    void *next;
    json_object_foreach_safe(vals, next, label, value) {
        if (json_array_size(value) == 0 && hopt_space_find(space, label) < 0)
            json_object_del(vals, label);
    }
}

static char *short_owner(const char *owner) {
    return owner ? hopt_strndup(owner, strnlen(owner, HOPT_OWNER_MAX - 1)) : NULL;
}

static hopt_trial *trial_of(const hopt_import *self, const hopt_trial *old, const double *point) {
    static const char *const words[] = {[HOPT_OBJECTIVE_NONE] = "command",
                                        [HOPT_OBJECTIVE_COMMAND] = "command",
                                        [HOPT_OBJECTIVE_SERVER] = "server",
                                        [HOPT_OBJECTIVE_PLUGIN] = "plugin"};
    hopt_trial *trial = hopt_trial_new();
    memcpy(trial->study, self->spec->name, sizeof trial->study);
    trial->num = (int)self->trials.count;
    trial->state = old->state;
    trial->version = old->version;
    trial->owner = short_owner(old->owner);
    trial->worker = short_owner(old->owner);
    trial->cmd = hopt_strdup(words[self->spec->objective.kind]);
    trial->by = hopt_strdup("hopt import");
    trial->vals = hopt_space_vals(self->spec->space, point);
    trial->params = hopt_space_resolve(self->spec->space, point);
    hopt_result_copy(&trial->result, &old->result);
    trial->book_ms = old->book_ms;
    trial->refresh_ms = old->refresh_ms;
    trial->end_ms = old->end_ms ? old->end_ms : old->refresh_ms;
    if (!trial->result.ms && trial->book_ms && trial->end_ms > trial->book_ms)
        trial->result.ms = trial->end_ms - trial->book_ms;
    return trial;
}

static void take_trial(hopt_import *self, const hopt_old_trial *old, double *point) {
    hopt_error err = {0};
    if (!hopt_state_terminal(old->trial->state)) {
        self->open++;
        return;
    }
    drop_unknown(self->spec->space, old->trial->vals);
    if (hopt_space_from_vals(self->spec->space, point, old->trial->vals, &err) != HOPT_OK) {
        hopt_error_prefix(&err, "tid %lld", (long long)old->trial->tid);
        hopt_errors_add(&self->bad, &err);
        return;
    }
    self->origin[self->trials.count] = old;
    hopt_trials_add(&self->trials, trial_of(self, old->trial, point));
}

void hopt_import_make_trials(hopt_import *self) {
    double *point = hopt_zalloc((size_t)hopt_space_size(self->spec->space) + 1, sizeof *point);
    self->origin = hopt_zalloc(self->old.count + 1, sizeof(hopt_old_trial *));
    for (size_t i = 0; i < self->old.count; i++)
        take_trial(self, &self->old.list[i], point);
    free(point);
}

/* ---- writing ---- */

static hopt_status any_document(HOPT_UNUSED void *data, HOPT_UNUSED const json_t *document,
                                hopt_error *err) {
    return hopt_error_set(err, HOPT_ECONFLICT, "taken");
}

/* In one database, trials of hyperopt under the study's name would be mixed up with its own. */
static hopt_status check_name(hopt_import *self, hopt_error *err) {
    hopt_store *store = self->to.store;
    if (strcmp(hopt_store_driver(store), "mongodb") != 0) return HOPT_OK;
    hopt_status status = hopt_store_foreign(store, self->spec->name, any_document, NULL, err);
    if (status != HOPT_ECONFLICT) return status;
    return hopt_error_set(err, status,
                          "%s has trials of hyperopt under the key %s; give the study another "
                          "name: --name",
                          hopt_store_name(store), self->spec->name);
}

void hopt_import_summary(const hopt_import *self, hopt_study_record *study) {
    for (size_t i = 0; i < self->trials.count; i++) {
        const hopt_trial *trial = self->trials.list[i];
        study->counts[trial->state]++;
        if (trial->state != HOPT_DONE || !trial->result.ok ||
            (study->has_best && trial->result.loss >= study->best_loss))
            continue;
        study->has_best = true;
        study->best_num = trial->num;
        study->best_loss = trial->result.loss;
    }
}

static hopt_status name_taken(hopt_import *self, hopt_error *err) {
    hopt_study_record *there;
    const char *name = self->spec->name;
    hopt_status status = hopt_store_study(self->to.store, &there, name, err);
    if (status != HOPT_OK) return status;
    bool half =
        there->state == HOPT_STUDY_PAUSED && there->reason && strcmp(there->reason, IMPORTING) == 0;
    hopt_study_free(there);
    return hopt_error_set(err, HOPT_ECONFLICT,
                          half ? "study %s is half imported in %s: \"hopt study delete\" it, or "
                                 "give another name"
                               : "study %s is in %s already; give another name: --name",
                          name, hopt_store_name(self->to.store));
}

static hopt_status make_study(hopt_import *self, hopt_error *err) {
    hopt_study_record *study;
    hopt_status status = hopt_enroll_record(&study, self->spec, err);
    if (status != HOPT_OK) return status;
    study->state = HOPT_STUDY_PAUSED;
    study->reason = hopt_strdup(IMPORTING);
    hopt_import_summary(self, study);
    status = hopt_store_study_create(self->to.store, study, err);
    hopt_study_free(study);
    if (status == HOPT_ECONFLICT) return name_taken(self, err);
    if (status == HOPT_OK)
        status = hopt_store_study(self->to.store, &self->study, self->spec->name, err);
    return status;
}

static hopt_status write_trials(hopt_import *self, hopt_error *err) {
    enum { PAGE = 1000 };
    hopt_status status = HOPT_OK;
    for (size_t at = 0; at < self->trials.count && status == HOPT_OK; at += PAGE) {
        size_t n = self->trials.count - at < PAGE ? self->trials.count - at : PAGE, inserted = 0;
        int64_t tid;
        status = hopt_store_tids(self->to.store, &tid, (int)n, err);
        for (size_t i = 0; i < n && status == HOPT_OK; i++) {
            hopt_trial *trial = self->trials.list[at + i];
            trial->tid = tid + (int64_t)i;
            trial->id = hopt_trial_id_make(self->study->prefix, trial->num);
        }
        if (status == HOPT_OK)
            status = hopt_store_import(self->to.store, self->trials.list + at, n, &inserted, err);
        if (status == HOPT_OK && inserted != n)
            status = hopt_error_set(err, HOPT_ECONFLICT, "somebody else adds trials to study %s",
                                    self->study->name);
    }
    return status;
}

static hopt_status copy_attachment(hopt_import *self, const hopt_trial_id *from,
                                   const hopt_trial *trial, const char *name, hopt_error *err) {
    void *data;
    size_t length;
    hopt_status status = hopt_store_attachment(self->from.store, &data, &length, from, name, err);
    /* Too large, or its file is gone: told, and no reason to keep the rest from coming over. */
    if (status == HOPT_ENOTFOUND || status == HOPT_EINVAL) {
        hopt_cli_note(self->common, "trial %d: attachment \"%s\" is left out: %s", trial->num, name,
                      err->message);
        return HOPT_OK;
    }
    if (status != HOPT_OK) return status;
    status = hopt_store_attach(self->to.store, &trial->id, name, data, length, err);
    self->attachments += status == HOPT_OK;
    free(data);
    return status;
}

static hopt_status write_attachments(hopt_import *self, hopt_error *err) {
    hopt_status status = HOPT_OK;
    for (size_t i = 0; self->from.store && i < self->trials.count && status == HOPT_OK; i++) {
        const hopt_trial_id *from = &self->origin[i]->trial->id;
        char **names;
        size_t count;
        if (!self->origin[i]->attachments) continue;
        status = hopt_store_attachments(self->from.store, &names, &count, from, err);
        if (status != HOPT_OK) break;
        for (size_t k = 0; k < count && status == HOPT_OK; k++)
            status = copy_attachment(self, from, self->trials.list[i], names[k], err);
        hopt_names_free(names);
    }
    return status;
}

int hopt_import_write(hopt_import *self, const char *store_uri) {
    hopt_error err;
    int code = hopt_context_open_uri(&self->to, self->command, self->common, store_uri,
                                     HOPT_CONTEXT_CREATE);
    if (code != HOPT_EXIT_OK) return code;
    hopt_status status = check_name(self, &err);
    if (status == HOPT_OK) status = make_study(self, &err);
    if (status != HOPT_OK) return hopt_cli_fail(self->command, &err);
    status = write_trials(self, &err);
    if (status == HOPT_OK) status = write_attachments(self, &err);
    if (status == HOPT_OK)
        status = hopt_store_study_update(self->to.store, self->study->name, self->study->rev,
                                         HOPT_STUDY_ACTIVE, NULL, NULL, NULL, &err);
    if (status == HOPT_OK) return HOPT_EXIT_OK;
    code = hopt_cli_fail(self->command, &err);
    hopt_cli_note(self->common,
                  "the study is half made: \"hopt study delete %s\", then import again",
                  self->study->name);
    return code;
}

void hopt_import_clear(hopt_import *self) {
    hopt_trials_clear(&self->trials);
    free(self->origin);
    hopt_old_trials_clear(&self->old);
    hopt_study_free(self->study);
    hopt_study_spec_free(self->spec);
    hopt_context_close(&self->from);
    hopt_context_close(&self->to);
}
