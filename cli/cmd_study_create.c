/* `hopt study create` and `hopt study set`. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/view.h"
#include "common/base/alloc.h"
#include "master/enroll.h"

/* ---- create ---- */

typedef struct create_settings {
    hopt_cli_common common;
    const char *file, *name;
    hopt_texts sets;
} create_settings;

static const hopt_option create_options[] = {
    {.name = "name",
     .type = HOPT_OPTION_STRING,
     .argument = "NAME",
     .def_text = "as in the file",
     .offset = offsetof(create_settings, name),
     .help = "name of the study"},
    HOPT_CLI_SET(create_settings, sets),
    HOPT_CLI_STORE(create_settings, "sqlite:./NAME.hopt.db"),
    HOPT_CLI_JSON(create_settings),
    HOPT_CLI_QUIET(create_settings),
    {0}};
static const hopt_positional create_positionals[] = {
    {.name = "STUDY.json",
     .file = "json",
     .offset = offsetof(create_settings, file),
     .help = "the study file; - is standard input"},
    {0}};

static void say_created(const create_settings *s, const hopt_context *context,
                        const hopt_study_record *study, hopt_enrolled how) {
    static const char *const words[] = {[HOPT_ENROLLED_CREATED] = "created",
                                        [HOPT_ENROLLED_RESUMED] = "was there already",
                                        [HOPT_ENROLLED_EXTENDED] = "was done; open again",
                                        [HOPT_ENROLLED_FINISHED] = "is there and done"};
    char masked[1024];
    const char *given = s->common.store, *shown = masked; /* one to give again, where it can be */
    hopt_store_mask_uri(masked, sizeof masked, context->uri);
    if (given && *given == '@') shown = given;
    if (s->common.json) {
        hopt_cli_json(json_pack("{s:s, s:s, s:s, s:b}", "name", study->name, "state",
                                hopt_study_state_name(study->state), "store", masked, "created",
                                how == HOPT_ENROLLED_CREATED));
        return;
    }
    hopt_cli_note(&s->common, "study %s: %s in %s", study->name, words[how], masked);
    if (how == HOPT_ENROLLED_CREATED)
        hopt_cli_note(&s->common, "next: hopt-master --store %s\n      hopt-worker --store %s %s",
                      shown, shown, s->file);
}

static int create(const hopt_command *self, void *given) {
    const create_settings *s = given;
    hopt_study_spec *spec;
    hopt_error err;
    int code = hopt_context_load(&spec, self, s->file, s->name, &s->sets);
    if (code != HOPT_EXIT_OK) return code;
    char *uri = s->common.store ? hopt_strdup(s->common.store)
                                : hopt_format("sqlite:./%s.hopt.db", spec->name);
    hopt_context context = {0};
    hopt_study_record *study;
    hopt_enrolled how;
    code = hopt_context_open_uri(&context, self, &s->common, uri, HOPT_CONTEXT_CREATE);
    if (code == HOPT_EXIT_OK) {
        if (hopt_enroll(context.store, &study, &how, spec, &err) == HOPT_OK) {
            say_created(s, &context, study, how);
            hopt_study_free(study);
        } else {
            code = hopt_cli_fail(self, &err);
        }
    }
    free(uri);
    hopt_context_close(&context);
    hopt_study_spec_free(spec);
    return code;
}

static const char *const create_description[] = {
    "Puts a study into a store, for hopt-master(8) and hopt-worker(8) to run. The store's tables "
    "and "
    "indexes are made when they are missing.",
    "When a study of that name is there with the same space, the file's settings replace the "
    "stored "
    "ones and the study goes on; with another space it is an error that names the first label that "
    "differs.",
    NULL};
static const hopt_example create_examples[] = {
    {"hopt study create digits.json --store mongodb://db.example/hopt", "put it into a MongoDB"},
    {"hopt study create digits.json --name digits-b --set sampler.seed=2", "once more"},
    {0}};
static const hopt_exit_note create_exits[] = {
    {HOPT_EXIT_OK, "the study is in the store"},
    {HOPT_EXIT_USAGE, "bad usage, or a bad study file"},
    {HOPT_EXIT_STORE, "the store can't be reached"},
    {HOPT_EXIT_CONFLICT, "a study of that name has another space"},
    {0}};
static const char *const create_see_also[] = {"hopt-master(8)", "hopt-worker(8)", "hopt-space(5)",
                                              NULL};

const hopt_command hopt_cmd_study_create = {.path = "hopt study create",
                                            .summary = "put a study into a store",
                                            .description = create_description,
                                            .options = create_options,
                                            .positionals = create_positionals,
                                            .examples = create_examples,
                                            .exits = create_exits,
                                            .see_also = create_see_also,
                                            .section = 1,
                                            .options_size = sizeof(create_settings),
                                            .run = create};

/* ---- set ---- */

typedef struct set_settings {
    hopt_cli_common common;
    const char *study;
    hopt_texts sets;
} set_settings;

static const hopt_option set_options[] = {HOPT_CLI_STORE(set_settings, HOPT_CLI_STORE_FOUND),
                                          HOPT_CLI_JSON(set_settings),
                                          HOPT_CLI_QUIET(set_settings),
                                          {0}};
static const hopt_positional set_positionals[] = {
    HOPT_CLI_STUDY(set_settings, study, false),
    {.name = "KEY=VALUE",
     .rest = true,
     .offset = offsetof(set_settings, sets),
     .help = "settings of stop, trial and queue, e.g. stop.max_trials=500; null takes one away"},
    {0}};

/* Write the changed text; another's change in between is read and changed anew. */
static int change(const hopt_command *self, hopt_context *context, const set_settings *s,
                  bool *reopened) {
    hopt_error err;
    for (int attempt = 0; attempt < 5; attempt++) {
        const hopt_study_record *study = context->study;
        char *text;
        hopt_errors errors = {0};
        if (hopt_study_spec_merge_set(&text, study->spec, study->name, s->sets.list, s->sets.count,
                                      &errors) != HOPT_OK)
            return hopt_cli_fail_file(self, study->name, &errors);
        hopt_study_spec *now;
        hopt_status status = hopt_study_spec_parse_stored(&now, text, study->name, &errors);
        if (status != HOPT_OK) {
            free(text);
            return hopt_cli_fail_file(self, study->name, &errors);
        }
        *reopened = hopt_enrolled_reopens(study, context->spec, now);
        hopt_study_spec_free(now);
        status = hopt_store_study_update(context->store, study->name, study->rev,
                                         *reopened ? (int)HOPT_STUDY_ACTIVE : -1, NULL, text, NULL,
                                         &err);
        free(text);
        char name[HOPT_STUDY_NAME_MAX];
        memcpy(name, study->name, sizeof name);
        hopt_study_free(context->study);
        hopt_study_spec_free(context->spec);
        context->study = NULL;
        context->spec = NULL;
        if (status != HOPT_OK && status != HOPT_ECONFLICT) return hopt_cli_fail(self, &err);
        int code = hopt_context_study(context, name);
        if (code != HOPT_EXIT_OK || status == HOPT_OK) return code;
    }
    return hopt_cli_fail(self, &err);
}

static int set(const hopt_command *self, void *given) {
    const set_settings *s = given;
    hopt_context context;
    bool reopened = false;
    int code = hopt_context_open_study(&context, self, &s->common, s->study, HOPT_CONTEXT_WRITE);
    if (code == HOPT_EXIT_OK) code = change(self, &context, s, &reopened);
    if (code == HOPT_EXIT_OK) {
        hopt_buf stop = HOPT_BUF_INIT;
        HOPT_ASSERT(context.study && context.spec);
        hopt_view_stop(&stop, context.spec);
        if (s->common.json)
            hopt_cli_json(json_pack("{s:s, s:s, s:b, s:I}", "name", context.study->name, "state",
                                    hopt_study_state_name(context.study->state), "reopened",
                                    (int)reopened, "rev", (json_int_t)context.study->rev));
        hopt_cli_note(&s->common, "study %s: changed%s; ends after %s", context.study->name,
                      reopened ? " and open again" : "", hopt_buf_string(&stop));
        hopt_buf_clear(&stop);
    }
    hopt_context_close(&context);
    return code;
}

static const char *const set_description[] = {
    "Changes settings of a study that is in a store: those of stop, trial and queue (hopt-space(5) "
    "lists them). A master and workers take them up within seconds.",
    "A higher limit opens a finished study again. A lower max_trials cancels queued trials above "
    "it.",
    NULL};
static const hopt_example set_examples[] = {
    {"hopt study set digits stop.max_trials=500", "more trials; opens a finished study again"},
    {"hopt study set digits trial.timeout_s=600 stop.timeout_s=null",
     "another limit for a trial, none for the study"},
    {0}};

const hopt_command hopt_cmd_study_set = {.path = "hopt study set",
                                         .summary = "change settings of a study",
                                         .description = set_description,
                                         .options = set_options,
                                         .positionals = set_positionals,
                                         .examples = set_examples,
                                         .section = 1,
                                         .options_size = sizeof(set_settings),
                                         .run = set};
