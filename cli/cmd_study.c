/* `hopt study`, `hopt study list`, `hopt study show`. */
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/table.h"
#include "cli/view.h"
#include "common/base/time.h"
#include "master/as_json.h"
#include "master/enroll.h"

/* ---- list ---- */

typedef struct list_settings {
    hopt_cli_common common;
} list_settings;

static const hopt_option list_options[] = {HOPT_CLI_STORE(list_settings, HOPT_CLI_STORE_FOUND),
                                           HOPT_CLI_JSON(list_settings),
                                           HOPT_CLI_QUIET(list_settings),
                                           {0}};

static void list_row(hopt_table *table, const hopt_study_record *study, const hopt_study_spec *spec,
                     const int64_t counts[HOPT_STATES]) {
    hopt_buf text = HOPT_BUF_INIT;
    hopt_table_styled(table, HOPT_STYLE_BOLD, study->name);
    hopt_view_state(&text, study);
    hopt_table_styled(table, HOPT_STYLE_PLAIN, hopt_buf_string(&text));
    int64_t ended = counts[HOPT_DONE] + counts[HOPT_ERROR] + counts[HOPT_CANCEL];
    if (spec->stop.max_trials)
        hopt_table_cell(table, "%lld/%d", (long long)ended, spec->stop.max_trials);
    else
        hopt_table_cell(table, "%lld", (long long)ended);
    hopt_table_cell(table, "%lld", (long long)counts[HOPT_RUNNING]);
    char loss[32] = "-";
    if (study->has_best) hopt_cli_number(loss, hopt_context_loss(spec, study->best_loss));
    hopt_table_cell(table, "%s", loss);
    hopt_buf_reset(&text);
    hopt_view_master(&text, study);
    hopt_table_styled(table, HOPT_STYLE_PLAIN, hopt_buf_string(&text));
    hopt_buf_clear(&text);
}

/* One study: a row, or a JSON line. A study that can't be read is said and left out. */
static bool list_one(const hopt_command *self, hopt_context *context, const char *name,
                     hopt_table *table) {
    hopt_study_record *study;
    hopt_study_spec *spec;
    hopt_error err;
    int64_t counts[HOPT_STATES];
    hopt_status status = hopt_enrolled_study(context->store, &study, &spec, name, &err);
    if (status == HOPT_ENOTFOUND) return true; /* deleted meanwhile */
    if (status != HOPT_OK) {
        hopt_cli_fail(self, &err);
        return false;
    }
    status = hopt_store_counts(context->store, name, counts, &err);
    if (status != HOPT_OK)
        hopt_cli_fail(self, &err);
    else if (table)
        list_row(table, study, spec, counts);
    else {
        hopt_trial *best = NULL;
        if (hopt_store_best(context->store, &best, name, NULL) != HOPT_OK) best = NULL;
        hopt_cli_json(hopt_study_json(study, spec, counts, best));
        hopt_trial_free(best);
    }
    hopt_study_free(study);
    hopt_study_spec_free(spec);
    return status == HOPT_OK;
}

static int list(const hopt_command *self, void *given) {
    static const char *const headings[] = {"STUDY", "STATE", "TRIALS", "RUNNING", "BEST", "MASTER"};
    const list_settings *s = given;
    hopt_context context;
    char **names;
    size_t count;
    hopt_error err;
    int code = hopt_context_open(&context, self, &s->common, NULL, HOPT_CONTEXT_READ);
    if (code == HOPT_EXIT_OK && hopt_store_studies(context.store, &names, &count, &err) != HOPT_OK)
        code = hopt_cli_fail(self, &err);
    else if (code == HOPT_EXIT_OK) {
        hopt_table *table = s->common.json ? NULL : hopt_table_new(headings, "llrrrl");
        for (size_t i = 0; i < count; i++) {
            if (!list_one(self, &context, names[i], table)) code = HOPT_EXIT_FAILED;
        }
        if (table) hopt_table_print(table, stdout);
        if (count == 0) hopt_cli_note(&s->common, "no study in %s", hopt_store_name(context.store));
        hopt_names_free(names);
    }
    hopt_context_close(&context);
    return code;
}

static const char *const list_description[] = {
    "Lists the studies of a store: state, ended trials of the most there may be, running trials, "
    "best loss, and the master that looks after it.",
    NULL};

const hopt_command hopt_cmd_study_list = {.path = "hopt study list",
                                          .summary = "list the studies of a store",
                                          .description = list_description,
                                          .options = list_options,
                                          .section = 1,
                                          .options_size = sizeof(list_settings),
                                          .run = list};

/* ---- show ---- */

typedef struct show_settings {
    hopt_cli_common common;
    const char *study;
    bool file;
} show_settings;

static const hopt_option show_options[] = {
    {.name = "file",
     .type = HOPT_OPTION_FLAG,
     .offset = offsetof(show_settings, file),
     .help = "print the study file as it is stored, and nothing else"},
    HOPT_CLI_STORE(show_settings, HOPT_CLI_STORE_FOUND),
    HOPT_CLI_JSON(show_settings),
    HOPT_CLI_QUIET(show_settings),
    {0}};
static const hopt_positional show_positionals[] = {HOPT_CLI_STUDY(show_settings, study, true), {0}};

static void line(const char *what, hopt_buf *text) {
    printf("%-10s ", what);
    hopt_term_print(stdout, hopt_buf_string(text));
    putchar('\n');
    hopt_buf_reset(text);
}

static void show_people(const hopt_context *context, const int64_t counts[HOPT_STATES],
                        const hopt_trial *best) {
    const hopt_study_record *study = context->study;
    const hopt_study_spec *spec = context->spec;
    hopt_buf text = HOPT_BUF_INIT;
    char active[64];
    hopt_buf_text(&text, study->name);
    line("study", &text);
    hopt_view_state(&text, study);
    line("state", &text);
    hopt_view_counts(&text, counts, -1);
    line("trials", &text);
    hopt_view_stop(&text, spec);
    line("ends after", &text);
    hopt_time_duration(active, sizeof active, study->active_ms);
    hopt_buf_text(&text, active);
    line("active", &text);
    hopt_buf_print(&text, "%s, seed %llu", spec->sampler, (unsigned long long)study->seed);
    line("sampler", &text);
    hopt_view_objective(&text, spec);
    line("objective", &text);
    hopt_buf_text(&text, spec->maximize ? "maximize" : "minimize");
    line("direction", &text);
    hopt_view_master(&text, study);
    line("master", &text);
    hopt_buf_clear(&text);
    putchar('\n');
    if (best)
        hopt_view_best(stdout, spec, best);
    else
        printf("no successful trial yet\n");
}

static int show(const hopt_command *self, void *given) {
    const show_settings *s = given;
    hopt_context context;
    hopt_error err;
    int64_t counts[HOPT_STATES];
    hopt_trial *best = NULL;
    int code = hopt_context_open_study(&context, self, &s->common, s->study, HOPT_CONTEXT_READ);
    if (code != HOPT_EXIT_OK) {
        hopt_context_close(&context);
        return code;
    }
    hopt_status status = hopt_store_counts(context.store, context.study->name, counts, &err);
    if (status == HOPT_OK) {
        status = hopt_store_best(context.store, &best, context.study->name, &err);
        if (status == HOPT_ENOTFOUND) status = HOPT_OK;
    }
    if (status != HOPT_OK)
        code = hopt_cli_fail(self, &err);
    else if (s->file)
        fputs(context.study->spec, stdout);
    else if (s->common.json)
        hopt_cli_json(hopt_study_json(context.study, context.spec, counts, best));
    else
        show_people(&context, counts, best);
    hopt_trial_free(best);
    hopt_context_close(&context);
    return code;
}

static const hopt_example show_examples[] = {
    {"hopt study show digits", "how far it is, and the best so far"},
    {"hopt study show digits --file > digits.json", "get the study file back from the store"},
    {0}};

const hopt_command hopt_cmd_study_show = {.path = "hopt study show",
                                          .summary = "show one study and its best trial",
                                          .options = show_options,
                                          .positionals = show_positionals,
                                          .examples = show_examples,
                                          .section = 1,
                                          .options_size = sizeof(show_settings),
                                          .run = show};

/* ---- the group ---- */

static const hopt_command *const commands[] = {
    &hopt_cmd_study_create, &hopt_cmd_study_list,   &hopt_cmd_study_show,
    &hopt_cmd_study_set,    &hopt_cmd_study_pause,  &hopt_cmd_study_resume,
    &hopt_cmd_study_stop,   &hopt_cmd_study_delete, NULL};

const hopt_command hopt_cmd_study = {.path = "hopt study",
                                     .summary = "create, show and change the studies of a store",
                                     .section = 1,
                                     .commands = commands};
