/*
 * `hopt import`: an old experiment of Python's hyperopt becomes a study. Design notes
 * - Everything is read and checked before the first write.
 * - Trials get the numbers 0, 1, ... in the order of their tids. What did not end is left out: its
 *   worker knows the old experiment only.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/import.h"
#include "cli/infer.h"
#include "cli/term.h"
#include "common/base/alloc.h"

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
    const settings *s;
    hopt_import work;
} importing;

/* ---- the source ---- */

static hopt_old_source wanted(const importing *self) {
    return (hopt_old_source){.exp_key = self->s->exp_key,
                             .maximize = self->work.spec && self->work.spec->maximize};
}

static int read_source(importing *self) {
    const settings *s = self->s;
    hopt_old_source source = wanted(self);
    hopt_error err;
    hopt_status status;
    if (hopt_old_is_store(s->source)) {
        int code = hopt_context_open_uri(&self->work.from, self->work.command, &s->common,
                                         s->source, HOPT_CONTEXT_READ);
        if (code != HOPT_EXIT_OK) return code;
        if (strcmp(hopt_store_driver(self->work.from.store), "mongodb") != 0)
            return hopt_cli_say_failed(self->work.command, HOPT_EXIT_USAGE,
                                       "%s holds studies of hopt only: \"hopt copy\" copies one",
                                       hopt_store_name(self->work.from.store));
        status = hopt_old_read_store(&self->work.old, self->work.from.store, &source, &err);
    } else {
        status = hopt_old_read_file(&self->work.old, s->source, &source, &err);
    }
    return status == HOPT_OK ? HOPT_EXIT_OK : hopt_cli_fail(self->work.command, &err);
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
    if (!self->work.from.store || json_object_size(self->work.old.keys)) return;
    if (hopt_old_read_store(&all, self->work.from.store, &every, NULL) == HOPT_OK)
        json_object_update(self->work.old.keys, all.keys);
    hopt_old_trials_clear(&all);
}

static int none_there(importing *self) {
    hopt_error err;
    hopt_study_record *study;
    const char *key = self->s->exp_key;
    int code = HOPT_EXIT_NOTFOUND;
    find_keys(self);
    char *keys = list_keys(self->work.old.keys);
    if (key && self->work.from.store &&
        hopt_store_study(self->work.from.store, &study, key, &err) == HOPT_OK) {
        hopt_study_free(study);
        code = hopt_cli_say_failed(self->work.command, HOPT_EXIT_USAGE,
                                   "%s is a study of hopt: \"hopt copy\" copies it", key);
    } else if (*keys) {
        code = hopt_cli_say_failed(self->work.command, code,
                                   "no trials of experiment %s; there are: %s",
                                   key ? key : "(none)", keys);
    } else {
        code = hopt_cli_say_failed(self->work.command, code, "no trials of hyperopt in the source");
    }
    free(keys);
    return code;
}

/* One experiment, and something of it. */
static int check_source(importing *self) {
    if (self->work.old.count + self->work.old.errors.total == 0) return none_there(self);
    if (!self->s->exp_key && json_object_size(self->work.old.keys) > 1) {
        char *keys = list_keys(self->work.old.keys);
        int code = hopt_cli_say_failed(self->work.command, HOPT_EXIT_USAGE,
                                       "which experiment? Give EXP_KEY, one of: %s", keys);
        free(keys);
        return code;
    }
    return HOPT_EXIT_OK;
}

/* Errors of documents or trials: told, and fatal unless --skip-bad. */
static int judge(importing *self, hopt_errors *errors) {
    if (errors->total == 0) return HOPT_EXIT_OK;
    bool file = !self->work.from.store;
    for (size_t i = 0; i < errors->count; i++) {
        char text[HOPT_ERROR_MESSAGE_MAX + 64];
        hopt_error_text(text, sizeof text, file && errors->list[i].line ? self->s->source : NULL,
                        &errors->list[i]);
        hopt_cli_say_failed(self->work.command, HOPT_EXIT_USAGE, "%s", text);
    }
    if (errors->total > errors->count)
        hopt_cli_say_failed(self->work.command, HOPT_EXIT_USAGE, "and %zu more",
                            errors->total - errors->count);
    if (self->s->skip_bad) return HOPT_EXIT_OK;
    return hopt_cli_say_failed(self->work.command, HOPT_EXIT_USAGE,
                               "nothing was imported; --skip-bad leaves such trials out");
}

/* ---- the study ---- */

/* The name of a guessed study: --name, EXP_KEY or the only key there is. */
static int choose_name(importing *self, const char **name) {
    const settings *s = self->s;
    void *only = json_object_iter(self->work.old.keys);
    *name = s->name ? s->name : s->exp_key;
    if (!*name && only) *name = json_object_iter_key(only);
    if (*name && hopt_study_name_valid(*name)) return HOPT_EXIT_OK;
    return hopt_cli_say_failed(self->work.command, HOPT_EXIT_USAGE,
                               "give the study a name: --name, 1 to 64 of the characters A-Z a-z "
                               "0-9 . _ -");
}

static char *origin_text(const importing *self) {
    char masked[1024];
    hopt_buf text = HOPT_BUF_INIT, clean = HOPT_BUF_INIT;
    hopt_store_mask_uri(masked, sizeof masked, self->s->source);
    hopt_buf_text(&text,
                  self->work.from.store ? hopt_store_name(self->work.from.store) : self->s->source);
    if (self->s->exp_key) hopt_buf_print(&text, ", experiment %s", self->s->exp_key);
    hopt_term_clean(&clean, hopt_buf_string(&text), text.length, "");
    hopt_buf_clear(&text);
    return hopt_buf_take(&clean);
}

static int64_t count_ended(const importing *self) {
    int64_t n = 0;
    for (size_t i = 0; i < self->work.old.count; i++)
        n += hopt_state_terminal(self->work.old.list[i].trial->state);
    return n;
}

/* What the trials tell, those that are not ended too: they were drawn from the same space. */
static int guess_text(importing *self, hopt_buf *text) {
    enum { MORE = 100 };
    const char *name;
    hopt_error err;
    int code = choose_name(self, &name);
    if (code != HOPT_EXIT_OK) return code;
    hopt_trials view = {.list = hopt_zalloc(self->work.old.count + 1, sizeof *view.list)};
    for (size_t i = 0; i < self->work.old.count; i++)
        view.list[view.count++] = self->work.old.list[i].trial;
    int64_t max = count_ended(self) + MORE;
    char *from = origin_text(self);
    hopt_status status = hopt_infer_study(text, &view, name, from,
                                          max > HOPT_TRIALS_MAX ? HOPT_TRIALS_MAX : (int)max, &err);
    free(from);
    free(view.list);
    return status == HOPT_OK ? HOPT_EXIT_OK : hopt_cli_fail(self->work.command, &err);
}

static int guess_study(importing *self) {
    hopt_buf text = HOPT_BUF_INIT;
    hopt_errors errors = {0};
    int code = guess_text(self, &text);
    if (code == HOPT_EXIT_OK &&
        hopt_study_spec_parse(&self->work.spec, hopt_buf_string(&text), text.length, NULL, NULL, 0,
                              &errors) != HOPT_OK)
        code = hopt_cli_fail_file(self->work.command, "(the guessed study)", &errors);
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
            code = hopt_cli_say_failed(self->work.command, HOPT_EXIT_FAILED, "%s: %s", path,
                                       strerror(why));
        else
            hopt_cli_note(&self->s->common,
                          "wrote %s: look at its comments, add an objective, then import with "
                          "--space %s",
                          path, path);
        if (!bad && self->s->common.json)
            hopt_cli_json(
                json_pack("{s:s, s:I}", "file", path, "trials", (json_int_t)self->work.old.count));
    }
    hopt_buf_clear(&text);
    return code;
}

/* ---- the command ---- */

static int write_all(importing *self) {
    const settings *s = self->s;
    hopt_import_make_trials(&self->work);
    int code = judge(self, &self->work.bad);
    if (code != HOPT_EXIT_OK) return code;
    if (self->work.trials.count > HOPT_TRIALS_MAX)
        return hopt_cli_say_failed(self->work.command, HOPT_EXIT_USAGE,
                                   "%zu trials are more than a study may have (%d)",
                                   self->work.trials.count, HOPT_TRIALS_MAX);
    char *uri = s->common.store ? hopt_strdup(s->common.store)
                                : hopt_format("sqlite:./%s.hopt.db", self->work.spec->name);
    code = hopt_import_write(&self->work, uri);
    free(uri);
    return code;
}

static void say_done(const importing *self) {
    const settings *s = self->s;
    hopt_study_record sum = {0};
    size_t left_out = self->work.bad.total + self->work.old.errors.total;
    int max = self->work.spec->stop.max_trials;
    const char *name = self->work.spec->name;
    hopt_import_summary(&self->work, &sum);
    if (s->common.json)
        hopt_cli_json(json_pack(
            "{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:s}", "study", name, "trials",
            (json_int_t)self->work.trials.count, "done", (json_int_t)sum.counts[HOPT_DONE], "error",
            (json_int_t)sum.counts[HOPT_ERROR], "not_ended", (json_int_t)self->work.open, "bad",
            (json_int_t)left_out, "attachments", (json_int_t)self->work.attachments, "space",
            s->space ? "given" : "guessed", "store", hopt_store_name(self->work.to.store)));
    hopt_cli_note(&s->common, "study %s: %zu trials imported into %s (%lld done, %lld in error)",
                  name, self->work.trials.count, hopt_store_name(self->work.to.store),
                  (long long)sum.counts[HOPT_DONE], (long long)sum.counts[HOPT_ERROR]);
    if (self->work.attachments)
        hopt_cli_note(&s->common, "with %lld attachments", (long long)self->work.attachments);
    if (self->work.open)
        hopt_cli_note(&s->common, "left out: %lld that did not end", (long long)self->work.open);
    if (left_out) hopt_cli_note(&s->common, "left out: %zu bad ones", left_out);
    if (!s->space)
        hopt_cli_note(&s->common, "the space is guessed and there is no objective: --write-study "
                                  "writes the study file to correct and to give by --space");
    if (max && (size_t)max <= self->work.trials.count)
        hopt_cli_note(&s->common,
                      "its max_trials of %d is reached already: \"hopt study set %s "
                      "stop.max_trials=N\" lets it go on",
                      max, name);
    if (self->work.spec->n_points && self->work.trials.count)
        hopt_cli_note(&s->common, "the points of the study file have no slots any more: \"hopt "
                                  "trials add\" queues them");
}

static int import_into(importing *self) {
    const settings *s = self->s;
    int code =
        s->space ? hopt_context_load(&self->work.spec, self->work.command, s->space, s->name, NULL)
                 : HOPT_EXIT_OK;
    if (code == HOPT_EXIT_OK) code = read_source(self);
    if (code == HOPT_EXIT_OK) code = check_source(self);
    if (code == HOPT_EXIT_OK) code = judge(self, &self->work.old.errors);
    if (code != HOPT_EXIT_OK) return code;
    if (s->write_study) return write_study(self);
    if (!self->work.spec) code = guess_study(self);
    if (code == HOPT_EXIT_OK) code = write_all(self);
    if (code == HOPT_EXIT_OK) say_done(self);
    return code;
}

static int import(const hopt_command *self, void *given) {
    const settings *s = given;
    importing work = {.s = s, .work = {.command = self, .common = &s->common}};
    if (s->write_study && s->space)
        return hopt_cli_say_failed(self, HOPT_EXIT_USAGE,
                                   "--write-study writes a guess, --space gives a study: not both");
    int code = import_into(&work);
    hopt_import_clear(&work.work);
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
