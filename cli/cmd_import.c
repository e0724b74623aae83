/*
 * `hopt import`: an old experiment of Python's hyperopt becomes a study. Design notes
 * - Everything is read and checked before the first write.
 * - Trials get the numbers 0, 1, ... in the order of their tids. What did not end is left out: its
 *   worker knows the old experiment only.
 * - The study is made paused with a reason of our own, so that no master or worker touches it, and
 *   set active when it is whole. A half-made one is refused by its name, never gone on with: the
 *   old experiment may have changed meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/infer.h"
#include "cli/old_trials.h"
#include "cli/term.h"
#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "master/enroll.h"

#define IMPORTING "being imported"

typedef struct settings {
    hopt_cli_common common;
    const char *source, *exp_key, *space, *name, *write_study;
    bool skip_bad;
} settings;

static const hopt_option options[] = {
    {.name = "space",
     .type = HOPT_OPTION_STRING,
     .argument = "STUDY.json",
     .file = "json",
     .def_text = "guessed",
     .offset = offsetof(settings, space),
     .help = "the study file: its space has the labels of the old one, and every trial lies in it"},
    {.name = "name",
     .type = HOPT_OPTION_STRING,
     .argument = "NAME",
     .def_text = "as in the study file, else EXP_KEY",
     .offset = offsetof(settings, name),
     .help = "name of the study"},
    {.name = "write-study",
     .type = HOPT_OPTION_STRING,
     .argument = "FILE",
     .file = "json",
     .offset = offsetof(settings, write_study),
     .help = "import nothing, but write what the trials tell of the space as a study file, with "
             "comments that say what was guessed; - is standard output"},
    {.name = "skip-bad",
     .type = HOPT_OPTION_FLAG,
     .offset = offsetof(settings, skip_bad),
     .help = "leave out trials that can't be read or lie outside the space"},
    HOPT_CLI_STORE(settings, "sqlite:./NAME.hopt.db"),
    HOPT_CLI_JSON(settings),
    HOPT_CLI_QUIET(settings),
    {0}};
static const hopt_positional positionals[] = {
    {.name = "SOURCE",
     .file = "jsonl",
     .offset = offsetof(settings, source),
     .help = "hyperopt's mongo://HOST:PORT/DATABASE/jobs, or a file with its trial documents as "
             "JSON lines; - is standard input"},
    {.name = "EXP_KEY",
     .optional = true,
     .offset = offsetof(settings, exp_key),
     .help = "which experiment; may be left out when there is only one"},
    {0}};

typedef struct importing {
    const hopt_command *command;
    const settings *s;
    hopt_context from; /* of a MongoDB source */
    hopt_context to;
    hopt_old_trials old;
    hopt_study_spec *spec;
    hopt_study *study;
    hopt_errors bad;               /* trials outside the space */
    hopt_trials trials;            /* the new ones */
    const hopt_old_trial **origin; /* of each */
    int64_t open, attachments;
} importing;

/* ---- the source ---- */

static hopt_old_source wanted(const importing *self) {
    return (hopt_old_source){.exp_key = self->s->exp_key,
                             .maximize = self->spec && self->spec->maximize};
}

static int read_source(importing *self) {
    const settings *s = self->s;
    hopt_old_source source = wanted(self);
    hopt_error err;
    hopt_status status;
    if (hopt_old_is_store(s->source)) {
        int code = hopt_context_open_uri(&self->from, self->command, &s->common, s->source,
                                         HOPT_CONTEXT_READ);
        if (code != HOPT_EXIT_OK) return code;
        if (strcmp(hopt_store_driver(self->from.store), "mongodb") != 0)
            return hopt_cli_say_failed(self->command, HOPT_EXIT_USAGE,
                                       "%s holds studies of hopt only: \"hopt copy\" copies one",
                                       hopt_store_name(self->from.store));
        status = hopt_old_read_store(&self->old, self->from.store, &source, &err);
    } else {
        status = hopt_old_read_file(&self->old, s->source, &source, &err);
    }
    return status == HOPT_OK ? HOPT_EXIT_OK : hopt_cli_fail(self->command, &err);
}

/* "a (12 trials), b (3 trials)" */
static char *list_keys(const json_t *keys) {
    hopt_buf list = HOPT_BUF_INIT;
    const char *key;
    json_t *count;
    int n = 0;
    json_object_foreach((json_t *)keys, key, count) {
        if (n++ == 10) break;
        hopt_buf_print(&list, "%s%s (%lld)", n > 1 ? ", " : "", *key ? key : "(none)",
                       (long long)json_integer_value(count));
    }
    if (json_object_size(keys) > 10) hopt_buf_text(&list, ", ...");
    return hopt_buf_take(&list);
}

/* The keys that a MongoDB has although none was asked for: for the message. */
static void find_keys(importing *self) {
    hopt_old_trials all;
    hopt_old_source every = {0};
    if (!self->from.store || json_object_size(self->old.keys)) return;
    if (hopt_old_read_store(&all, self->from.store, &every, NULL) == HOPT_OK)
        json_object_update(self->old.keys, all.keys);
    hopt_old_trials_clear(&all);
}

static int none_there(importing *self) {
    hopt_error err;
    hopt_study *study;
    const char *key = self->s->exp_key;
    int code = HOPT_EXIT_NOTFOUND;
    find_keys(self);
    char *keys = list_keys(self->old.keys);
    if (key && self->from.store &&
        hopt_store_study(self->from.store, &study, key, &err) == HOPT_OK) {
        hopt_study_free(study);
        code = hopt_cli_say_failed(self->command, HOPT_EXIT_USAGE,
                                   "%s is a study of hopt: \"hopt copy\" copies it", key);
    } else if (*keys) {
        code = hopt_cli_say_failed(self->command, code, "no trials of experiment %s; there are: %s",
                                   key ? key : "(none)", keys);
    } else {
        code = hopt_cli_say_failed(self->command, code, "no trials of hyperopt in the source");
    }
    free(keys);
    return code;
}

/* One experiment, and something of it. */
static int check_source(importing *self) {
    if (self->old.count + self->old.errors.total == 0) return none_there(self);
    if (!self->s->exp_key && json_object_size(self->old.keys) > 1) {
        char *keys = list_keys(self->old.keys);
        int code = hopt_cli_say_failed(self->command, HOPT_EXIT_USAGE,
                                       "which experiment? Give EXP_KEY, one of: %s", keys);
        free(keys);
        return code;
    }
    return HOPT_EXIT_OK;
}

/* Errors of documents or trials: told, and fatal unless --skip-bad. */
static int judge(importing *self, hopt_errors *errors) {
    if (errors->total == 0) return HOPT_EXIT_OK;
    bool file = !self->from.store;
    for (size_t i = 0; i < errors->count; i++) {
        char text[HOPT_ERROR_MESSAGE_MAX + 64];
        hopt_error_text(text, sizeof text, file && errors->list[i].line ? self->s->source : NULL,
                        &errors->list[i]);
        hopt_cli_say_failed(self->command, HOPT_EXIT_USAGE, "%s", text);
    }
    if (errors->total > errors->count)
        hopt_cli_say_failed(self->command, HOPT_EXIT_USAGE, "and %zu more",
                            errors->total - errors->count);
    if (self->s->skip_bad) return HOPT_EXIT_OK;
    return hopt_cli_say_failed(self->command, HOPT_EXIT_USAGE,
                               "nothing was imported; --skip-bad leaves such trials out");
}

/* ---- the study ---- */

/* The name of a guessed study: --name, EXP_KEY or the only key there is. */
static int choose_name(importing *self, const char **name) {
    const settings *s = self->s;
    void *only = json_object_iter(self->old.keys);
    *name = s->name ? s->name : s->exp_key;
    if (!*name && only) *name = json_object_iter_key(only);
    if (*name && hopt_study_name_valid(*name)) return HOPT_EXIT_OK;
    return hopt_cli_say_failed(self->command, HOPT_EXIT_USAGE,
                               "give the study a name: --name, 1 to 64 of the characters A-Z a-z "
                               "0-9 . _ -");
}

static char *origin_text(const importing *self) {
    char masked[1024];
    hopt_buf text = HOPT_BUF_INIT, clean = HOPT_BUF_INIT;
    hopt_store_mask_uri(masked, sizeof masked, self->s->source);
    hopt_buf_text(&text, self->from.store ? hopt_store_name(self->from.store) : self->s->source);
    if (self->s->exp_key) hopt_buf_print(&text, ", experiment %s", self->s->exp_key);
    hopt_term_clean(&clean, hopt_buf_string(&text), text.length, "");
    hopt_buf_clear(&text);
    return hopt_buf_take(&clean);
}

static int64_t count_ended(const importing *self) {
    int64_t n = 0;
    for (size_t i = 0; i < self->old.count; i++)
        n += hopt_state_terminal(self->old.list[i].trial->state);
    return n;
}

/* What the trials tell, those that are not ended too: they were drawn from the same space. */
static int guess_text(importing *self, hopt_buf *text) {
    enum { MORE = 100 };
    const char *name;
    hopt_error err;
    int code = choose_name(self, &name);
    if (code != HOPT_EXIT_OK) return code;
    hopt_trials view = {.list = hopt_zalloc(self->old.count + 1, sizeof *view.list)};
    for (size_t i = 0; i < self->old.count; i++)
        view.list[view.count++] = self->old.list[i].trial;
    int64_t max = count_ended(self) + MORE;
    char *from = origin_text(self);
    hopt_status status = hopt_infer_study(text, &view, name, from,
                                          max > HOPT_TRIALS_MAX ? HOPT_TRIALS_MAX : (int)max, &err);
    free(from);
    free(view.list);
    return status == HOPT_OK ? HOPT_EXIT_OK : hopt_cli_fail(self->command, &err);
}

static int guess_study(importing *self) {
    hopt_buf text = HOPT_BUF_INIT;
    hopt_errors errors = {0};
    int code = guess_text(self, &text);
    if (code == HOPT_EXIT_OK &&
        hopt_study_spec_parse(&self->spec, hopt_buf_string(&text), text.length, NULL, NULL, 0,
                              &errors) != HOPT_OK)
        code = hopt_cli_fail_file(self->command, "(the guessed study)", &errors);
    hopt_buf_clear(&text);
    return code;
}

static int write_study(importing *self) {
    const char *path = self->s->write_study;
    hopt_buf text = HOPT_BUF_INIT;
    int code = guess_text(self, &text);
    if (code == HOPT_EXIT_OK && strcmp(path, "-") == 0) {
        fwrite(text.data, 1, text.length, stdout);
    } else if (code == HOPT_EXIT_OK) {
        FILE *file = fopen(path, "wxe"); /* somebody may have worked on one that is there */
        bool bad = !file || fwrite(text.data, 1, text.length, file) != text.length;
        int why = errno;
        if (file && fclose(file) != 0 && !bad) {
            bad = true;
            why = errno;
        }
        if (bad)
            code =
                hopt_cli_say_failed(self->command, HOPT_EXIT_FAILED, "%s: %s", path, strerror(why));
        else
            hopt_cli_note(&self->s->common,
                          "wrote %s: look at its comments, add an objective, then import with "
                          "--space %s",
                          path, path);
    }
    hopt_buf_clear(&text);
    return code;
}

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

static hopt_trial *trial_of(const importing *self, const hopt_trial *old, const double *point) {
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

static void take_trial(importing *self, const hopt_old_trial *old, double *point) {
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

static int make_trials(importing *self) {
    double *point = hopt_zalloc((size_t)hopt_space_size(self->spec->space) + 1, sizeof *point);
    self->origin = hopt_zalloc(self->old.count + 1, sizeof(hopt_old_trial *));
    for (size_t i = 0; i < self->old.count; i++)
        take_trial(self, &self->old.list[i], point);
    free(point);
    int code = judge(self, &self->bad);
    if (code != HOPT_EXIT_OK) return code;
    if (self->trials.count > HOPT_TRIALS_MAX)
        return hopt_cli_say_failed(self->command, HOPT_EXIT_USAGE,
                                   "%zu trials are more than a study may have (%d)",
                                   self->trials.count, HOPT_TRIALS_MAX);
    return HOPT_EXIT_OK;
}

/* ---- writing ---- */

static hopt_status any_document(HOPT_UNUSED void *data, HOPT_UNUSED const json_t *document,
                                hopt_error *err) {
    return hopt_error_set(err, HOPT_ECONFLICT, "taken");
}

/* In one database, trials of hyperopt under the study's name would be mixed up with its own. */
static hopt_status check_name(importing *self, hopt_error *err) {
    hopt_store *store = self->to.store;
    if (strcmp(hopt_store_driver(store), "mongodb") != 0) return HOPT_OK;
    hopt_status status = hopt_store_foreign(store, self->spec->name, any_document, NULL, err);
    if (status != HOPT_ECONFLICT) return status;
    return hopt_error_set(err, status,
                          "%s has trials of hyperopt under the key %s; give the study another "
                          "name: --name",
                          hopt_store_name(store), self->spec->name);
}

static void set_summary(const importing *self, hopt_study *study) {
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

static hopt_status name_taken(importing *self, hopt_error *err) {
    hopt_study *there;
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

static hopt_status make_study(importing *self, hopt_error *err) {
    hopt_study *study;
    hopt_status status = hopt_enroll_record(&study, self->spec, err);
    if (status != HOPT_OK) return status;
    study->state = HOPT_STUDY_PAUSED;
    study->reason = hopt_strdup(IMPORTING);
    set_summary(self, study);
    status = hopt_store_study_create(self->to.store, study, err);
    hopt_study_free(study);
    if (status == HOPT_ECONFLICT) return name_taken(self, err);
    if (status == HOPT_OK)
        status = hopt_store_study(self->to.store, &self->study, self->spec->name, err);
    return status;
}

static hopt_status write_trials(importing *self, hopt_error *err) {
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

static hopt_status copy_attachment(importing *self, const hopt_trial_id *from,
                                   const hopt_trial *trial, const char *name, hopt_error *err) {
    void *data;
    size_t length;
    hopt_status status = hopt_store_attachment(self->from.store, &data, &length, from, name, err);
    /* Too large, or its file is gone: told, and no reason to keep the rest from coming over. */
    if (status == HOPT_ENOTFOUND || status == HOPT_EINVAL) {
        hopt_cli_note(&self->s->common, "trial %d: attachment \"%s\" is left out: %s", trial->num,
                      name, err->message);
        return HOPT_OK;
    }
    if (status != HOPT_OK) return status;
    status = hopt_store_attach(self->to.store, &trial->id, name, data, length, err);
    self->attachments += status == HOPT_OK;
    free(data);
    return status;
}

static hopt_status write_attachments(importing *self, hopt_error *err) {
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

static int write_all(importing *self) {
    const settings *s = self->s;
    hopt_error err;
    char *uri = s->common.store ? hopt_strdup(s->common.store)
                                : hopt_format("sqlite:./%s.hopt.db", self->spec->name);
    int code =
        hopt_context_open_uri(&self->to, self->command, &s->common, uri, HOPT_CONTEXT_CREATE);
    free(uri);
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
    hopt_cli_note(&s->common, "the study is half made: \"hopt study delete %s\", then import again",
                  self->study->name);
    return code;
}

/* ---- the command ---- */

static void say_done(const importing *self) {
    const settings *s = self->s;
    hopt_study sum = {0};
    size_t left_out = self->bad.total + self->old.errors.total;
    int max = self->spec->stop.max_trials;
    const char *name = self->spec->name;
    set_summary(self, &sum);
    if (s->common.json)
        hopt_cli_json(json_pack(
            "{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:s}", "study", name, "trials",
            (json_int_t)self->trials.count, "done", (json_int_t)sum.counts[HOPT_DONE], "error",
            (json_int_t)sum.counts[HOPT_ERROR], "not_ended", (json_int_t)self->open, "bad",
            (json_int_t)left_out, "attachments", (json_int_t)self->attachments, "space",
            s->space ? "given" : "guessed", "store", hopt_store_name(self->to.store)));
    hopt_cli_note(&s->common, "study %s: %zu trials imported into %s (%lld done, %lld in error)",
                  name, self->trials.count, hopt_store_name(self->to.store),
                  (long long)sum.counts[HOPT_DONE], (long long)sum.counts[HOPT_ERROR]);
    if (self->attachments)
        hopt_cli_note(&s->common, "with %lld attachments", (long long)self->attachments);
    if (self->open)
        hopt_cli_note(&s->common, "left out: %lld that did not end", (long long)self->open);
    if (left_out) hopt_cli_note(&s->common, "left out: %zu bad ones", left_out);
    if (!s->space)
        hopt_cli_note(&s->common, "the space is guessed and there is no objective: --write-study "
                                  "writes the study file to correct and to give by --space");
    if (max && (size_t)max <= self->trials.count)
        hopt_cli_note(&s->common,
                      "its max_trials of %d is reached already: \"hopt study set %s "
                      "stop.max_trials=N\" lets it go on",
                      max, name);
    if (self->spec->n_points && self->trials.count)
        hopt_cli_note(&s->common, "the points of the study file have no slots any more: \"hopt "
                                  "trials add\" queues them");
}

static int import_into(importing *self) {
    const settings *s = self->s;
    int code = s->space ? hopt_context_load(&self->spec, self->command, s->space, s->name, NULL)
                        : HOPT_EXIT_OK;
    if (code == HOPT_EXIT_OK) code = read_source(self);
    if (code == HOPT_EXIT_OK) code = check_source(self);
    if (code == HOPT_EXIT_OK) code = judge(self, &self->old.errors);
    if (code != HOPT_EXIT_OK) return code;
    if (s->write_study) return write_study(self);
    if (!self->spec) code = guess_study(self);
    if (code == HOPT_EXIT_OK) code = make_trials(self);
    if (code == HOPT_EXIT_OK) code = write_all(self);
    if (code == HOPT_EXIT_OK) say_done(self);
    return code;
}

static int import(const hopt_command *self, void *given) {
    importing work = {.command = self, .s = given};
    if (work.s->write_study && work.s->space)
        return hopt_cli_say_failed(self, HOPT_EXIT_USAGE,
                                   "--write-study writes a guess, --space gives a study: not both");
    int code = import_into(&work);
    hopt_trials_clear(&work.trials);
    free(work.origin);
    hopt_old_trials_clear(&work.old);
    hopt_study_free(work.study);
    hopt_study_spec_free(work.spec);
    hopt_context_close(&work.from);
    hopt_context_close(&work.to);
    return code;
}

static const char *const description[] = {
    "Makes a study of an old experiment of Python's hyperopt: its ended trials with their results, "
    "errors, times and attachments. The optimization goes on from them, by \"hopt run\" or a "
    "hopt-master(8).",
    "Trials in MongoDB are read as they are. Of a pickled Trials object the Python helper "
    "hyperopt_to_jsonl.py makes the lines to read, and with --domain it converts the exact space; "
    "hopt itself never unpickles anything.",
    "Without --space the space is guessed from labels and values. --write-study writes that guess "
    "as a study file, to be corrected and given by --space. With --space a trial that lies outside "
    "is an error that names its tid and label.",
    "Trials that did not end are left out. The old experiment is only read.", NULL};
static const hopt_example examples[] = {
    {"hopt import mongo://db.example:27017/hyperopt/jobs exp1 --write-study exp1.json",
     "what the trials tell of the space; correct it, add the objective"},
    {"hopt import mongo://db.example:27017/hyperopt/jobs exp1 --space exp1.json && hopt run "
     "exp1.json",
     "then import, and go on"},
    {"python3 hyperopt_to_jsonl.py trials.pkl | hopt import - --space exp1.json",
     "from a pickled Trials"},
    {0}};
static const hopt_exit_note exits[] = {
    {HOPT_EXIT_OK, "the study is whole"},
    {HOPT_EXIT_FAILED, "a file can't be read or written"},
    {HOPT_EXIT_USAGE, "bad usage, a bad file, or trials outside the space; nothing was imported"},
    {HOPT_EXIT_STORE, "a store can't be reached, or failed on the way"},
    {HOPT_EXIT_NOTFOUND, "no such experiment"},
    {HOPT_EXIT_CONFLICT, "the store has a study of that name, or hyperopt's trials under it"},
    {0}};
static const char *const see_also[] = {"hopt-space(5)", "hopt-master(8)", NULL};

const hopt_command hopt_cmd_import = {.path = "hopt import",
                                      .summary = "make a study of an old hyperopt experiment",
                                      .description = description,
                                      .options = options,
                                      .positionals = positionals,
                                      .examples = examples,
                                      .exits = exits,
                                      .see_also = see_also,
                                      .section = 1,
                                      .options_size = sizeof(settings),
                                      .run = import};
