/* `hopt plot`: pictures as SVG. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/plot_explain.h"
#include "common/json/json.h"
#include "common/sys/file.h"

typedef struct settings {
    hopt_cli_common common;
    const char *file, *output;
} settings;

static const hopt_option options[] = {{.name = "output",
                                       .letter = 'o',
                                       .type = HOPT_OPTION_STRING,
                                       .argument = "FILE.svg",
                                       .file = "svg",
                                       .def_text = "standard output",
                                       .offset = offsetof(settings, output),
                                       .help = "where to write; the file appears only when it is "
                                               "whole"},
                                      HOPT_CLI_QUIET(settings),
                                      {0}};
static const hopt_positional positionals[] = {
    {.name = "FILE",
     .optional = true,
     .file = "json",
     .offset = offsetof(settings, file),
     .help = "a line of hopt suggest --explain --json; standard input when left out"},
    {0}};

/* The first line that is not empty. */
static int read_suggestion(const hopt_command *self, const char *file, json_t **out) {
    char *text;
    size_t length;
    hopt_error err;
    if (hopt_file_read(&text, &length, file, HOPT_JSON_TEXT_MAX, &err) != HOPT_OK) {
        hopt_cli_fail(self, &err);
        return HOPT_EXIT_USAGE;
    }
    size_t from = strspn(text, " \t\r\n");
    size_t size = strcspn(text + from, "\n");
    hopt_status status = hopt_json_parse(out, text + from, size, 0, &err);
    free(text);
    if (status == HOPT_OK && !json_is_object(json_object_get(*out, "explain"))) {
        json_decref(*out);
        *out = NULL;
        status = hopt_error_set(&err, HOPT_EINVAL,
                                "there is no member \"explain\": make it with hopt suggest "
                                "--explain --json");
    }
    if (status == HOPT_OK) return HOPT_EXIT_OK;
    hopt_errors errors = {0};
    hopt_errors_add(&errors, &err);
    return hopt_cli_fail_file(self, strcmp(file, "-") == 0 ? "standard input" : file, &errors);
}

static int explain(const hopt_command *self, void *given) {
    const settings *s = given;
    json_t *suggestion;
    int code = read_suggestion(self, s->file ? s->file : "-", &suggestion);
    if (code != HOPT_EXIT_OK) return code;
    hopt_buf svg = HOPT_BUF_INIT;
    hopt_plot_explain(&svg, suggestion);
    json_decref(suggestion);
    hopt_output output;
    code = hopt_output_open(&output, self, s->output);
    if (code == HOPT_EXIT_OK) fwrite(svg.data, 1, svg.length, output.stream);
    code = hopt_output_close(&output, self, code);
    if (code == HOPT_EXIT_OK && s->output) hopt_cli_note(&s->common, "wrote %s", s->output);
    hopt_buf_clear(&svg);
    return code;
}

static const char *const description[] = {
    "Draws why a sampler proposed a point. For each label the density of the good trials (blue) "
    "and "
    "of the others (grey), both relative to the prior's, the candidates as ticks, the proposed "
    "value in red; then the scores of all candidates. Of several lines the first is drawn.",
    NULL};
static const hopt_example examples[] = {
    {"hopt suggest study.json --history trials.jsonl --explain --json | hopt plot explain -o "
     "why.svg",
     "the next proposal"},
    {0}};
static const hopt_exit_note exits[] = {
    {HOPT_EXIT_OK, "drawn"}, {HOPT_EXIT_USAGE, "bad usage, or not such a line"}, {0}};
static const char *const see_also[] = {"hopt-suggest(1)", NULL};

static const hopt_command plot_explain = {.path = "hopt plot explain",
                                          .summary = "draw why a point was proposed",
                                          .description = description,
                                          .options = options,
                                          .positionals = positionals,
                                          .examples = examples,
                                          .exits = exits,
                                          .see_also = see_also,
                                          .section = 1,
                                          .options_size = sizeof(settings),
                                          .run = explain};

static const hopt_command *const commands[] = {&plot_explain, NULL};

const hopt_command hopt_cmd_plot = {
    .path = "hopt plot", .summary = "draw pictures", .section = 1, .commands = commands};
