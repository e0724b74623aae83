/* `hopt export`: the trials of a study as JSON lines or CSV. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/csv.h"
#include "cli/hyperopt_space.h"
#include "cli/output.h"
#include "cli/pages.h"
#include "common/base/alloc.h"
#include "common/json/json.h"

typedef struct settings {
    hopt_cli_common common;
    const char *study, *format, *output;
} settings;

static const hopt_option options[] = {
    {.name = "format",
     .letter = 'f',
     .type = HOPT_OPTION_CHOICE,
     .argument = "FORM",
     .choices = "jsonl|csv|hyperopt-space",
     .def = "jsonl",
     .offset = offsetof(settings, format),
     .help = "one JSON object a line, a table with a column for each parameter and each result, or "
             "a Python module with the space"},
    {.name = "output",
     .letter = 'o',
     .type = HOPT_OPTION_STRING,
     .argument = "FILE",
     .file = "",
     .def_text = "standard output",
     .offset = offsetof(settings, output),
     .help = "where to write; the file appears only when it is whole"},
    HOPT_CLI_STORE(settings, HOPT_CLI_STORE_FOUND),
    HOPT_CLI_JSON(settings),
    HOPT_CLI_QUIET(settings),
    {0}};
static const hopt_positional positionals[] = {HOPT_CLI_STUDY(settings, study, true), {0}};

typedef struct exporting {
    FILE *out;
    const hopt_study_spec *spec;
    hopt_csv *csv; /* NULL: JSON lines */
    int64_t count;
    bool whole; /* to the last trial */
} exporting;

static bool each_columns(void *data, const hopt_trial *trial) {
    exporting *self = data;
    hopt_csv_learn(self->csv, trial);
    return true;
}

static bool each_row(void *data, const hopt_trial *trial) {
    exporting *self = data;
    hopt_buf line = HOPT_BUF_INIT;
    if (self->csv) {
        hopt_csv_row(self->csv, &line, trial);
    } else {
        json_t *json = hopt_trial_json(trial, self->spec->maximize);
        hopt_json_print(&line, json);
        hopt_buf_char(&line, '\n');
        json_decref(json);
    }
    fwrite(line.data, 1, line.length, self->out);
    hopt_buf_clear(&line);
    self->count++;
    return !ferror(self->out);
}

static int write_trials(const hopt_command *self, hopt_context *context, const settings *s,
                        exporting *work) {
    hopt_error err;
    int64_t malformed = 0;
    hopt_trial_query query = {.study = context->study->name, .after = -1};
    hopt_status status = HOPT_OK;
    if (strcmp(s->format, "csv") == 0) {
        work->csv = hopt_csv_new(context->spec);
        status = hopt_pages_walk(context->store, &query, each_columns, work, NULL, &err);
        hopt_buf head = HOPT_BUF_INIT;
        hopt_csv_head(work->csv, &head);
        if (status == HOPT_OK) fwrite(head.data, 1, head.length, work->out);
        hopt_buf_clear(&head);
    }
    if (status == HOPT_OK)
        status = hopt_pages_walk(context->store, &query, each_row, work, &malformed, &err);
    hopt_csv_free(work->csv);
    if (status != HOPT_OK) return hopt_cli_fail(self, &err);
    work->whole = true;
    if (malformed)
        return hopt_cli_say_failed(self, HOPT_EXIT_FAILED,
                                   "%lld trials can't be read and are left "
                                   "out; hopt doctor says more",
                                   (long long)malformed);
    return HOPT_EXIT_OK;
}

static int write_module(hopt_context *context, exporting *work) {
    hopt_buf text = HOPT_BUF_INIT;
    hopt_hyperopt_module(&text, context->spec, context->uri);
    fwrite(text.data, 1, text.length, work->out);
    hopt_buf_clear(&text);
    return HOPT_EXIT_OK;
}

static int write_all(const hopt_command *self, hopt_context *context, const settings *s,
                     exporting *work) {
    if (strcmp(s->format, "hyperopt-space") == 0) return write_module(context, work);
    return write_trials(self, context, s, work);
}

static int write_output(const hopt_command *self, hopt_context *context, const settings *s,
                        exporting *work) {
    hopt_output output;
    int code = hopt_output_open(&output, self, s->output);
    work->out = output.stream;
    if (code == HOPT_EXIT_OK) code = write_all(self, context, s, work);
    /* Without the trials that can't be read the file is as whole as can be. */
    int closed = hopt_output_close(&output, self, work->whole ? HOPT_EXIT_OK : code);
    return code == HOPT_EXIT_OK ? closed : code;
}

static int export_trials(const hopt_command *self, void *given) {
    const settings *s = given;
    hopt_context context;
    exporting work = {0};
    int code = hopt_context_open_study(&context, self, &s->common, s->study, HOPT_CONTEXT_READ);
    if (code == HOPT_EXIT_OK) {
        work.spec = context.spec;
        code = write_output(self, &context, s, &work);
        bool said = s->output && strcmp(s->output, "-") != 0 && code == HOPT_EXIT_OK;
        if (said && strcmp(s->format, "hyperopt-space") == 0)
            hopt_cli_note(&s->common, "wrote the space to %s", s->output);
        else if (said)
            hopt_cli_note(&s->common, "wrote %lld trials to %s", (long long)work.count, s->output);
    }
    hopt_context_close(&context);
    return code;
}

static const char *const description[] = {
    "Prints every trial of a study in the order of its number, or its space for Python's hyperopt.",
    "jsonl: num, tid, state, status, loss in the study's own sign, vals (by label, as hyperopt has "
    "them), params (as the objective gets them), attempt, worker, start, end, error, extras. "
    "\"hopt "
    "suggest --history\" reads it.",
    "csv: the same in columns; \"param LABEL\" for parameters, empty when they do not count, and "
    "\"result KEY\" for what else the objective returned.",
    "hyperopt-space: a Python module that builds the space with hyperopt's hp.*, with the labels "
    "of "
    "the study, so that hyperopt.space_eval() gives the parameters that the objective got; and its "
    "function open_trials() reads the trials, from MongoDB or, where the store is SQLite, from the "
    "file of --format jsonl. A password is not printed.",
    NULL};
static const hopt_example examples[] = {
    {"hopt export digits -o digits.jsonl", "keep the whole history in a file"},
    {"hopt export digits --format csv | column -s, -t | less -S", "as a table"},
    {"hopt export digits --format hyperopt-space -o digits_space.py && python3 digits_space.py",
     "the best parameters by Python's hyperopt"},
    {0}};

const hopt_command hopt_cmd_export = {
    .path = "hopt export",
    .summary = "print all trials as JSON lines or CSV, or the space for hyperopt",
    .description = description,
    .options = options,
    .positionals = positionals,
    .examples = examples,
    .section = 1,
    .options_size = sizeof(settings),
    .run = export_trials};
