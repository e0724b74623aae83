/* `hopt best`. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/pages.h"
#include "cli/term.h"
#include "cli/view.h"
#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/sampler/sampler.h"
#include "master/proposer.h"

typedef struct settings {
    hopt_cli_common common;
    const char *study, *format;
    bool believed;
} settings;

static const hopt_option options[] = {
    {.name = "format",
     .letter = 'f',
     .type = HOPT_OPTION_CHOICE,
     .argument = "FORM",
     .choices = "text|json|env|args",
     .def = "text",
     .offset = offsetof(settings, format),
     .help = "text for people; or the parameters alone: as JSON as the objective gets them, as "
             "NAME='value' lines for a shell, or as --name 'value' arguments"},
    {.name = "believed",
     .type = HOPT_OPTION_FLAG,
     .offset = offsetof(settings, believed),
     .help = "the trial that a model of all losses holds for the best: where losses are noisy the "
             "one with the best loss was lucky"},
    HOPT_CLI_STORE(settings, HOPT_CLI_STORE_FOUND),
    HOPT_CLI_JSON(settings),
    HOPT_CLI_QUIET(settings),
    {0}};
static const hopt_positional positionals[] = {HOPT_CLI_STUDY(settings, study, true), {0}};

/* A label as the name of a variable or option: what can't be in one becomes `filler`. */
static char *name_of(const char *label, char filler) {
    char *name = hopt_strdup(label);
    for (char *c = name; *c; c++) {
        bool good = isalnum((unsigned char)*c) || *c == '_' || (*c == '-' && filler == '-');
        if (!good) *c = filler;
    }
    return name;
}

/* Quote for a POSIX shell. */
static void print_quoted(const char *text) {
    putchar('\'');
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*text);
    }
    putchar('\'');
}

static bool same_name_before(const hopt_space *space, const double *point, int i, char filler) {
    char *name = name_of(hopt_space_param(space, i)->label, filler);
    bool same = false;
    for (int k = 0; k < i && !same; k++) {
        if (!hopt_space_active(space, point, k)) continue;
        char *other = name_of(hopt_space_param(space, k)->label, filler);
        same = strcmp(name, other) == 0;
        free(other);
    }
    free(name);
    return same;
}

static int print_names(const hopt_command *self, const hopt_space *space, const double *point,
                       bool args) {
    char filler = args ? '-' : '_';
    const char *gap = "";
    for (int i = 0; i < hopt_space_size(space); i++) {
        const char *label = hopt_space_param(space, i)->label;
        if (!hopt_space_active(space, point, i)) continue;
        if (same_name_before(space, point, i, filler))
            return hopt_cli_say_failed(self, HOPT_EXIT_CONFLICT,
                                       "label \"%s\" gives a name that another label gives too; "
                                       "use --format json, or give it a \"_label\"",
                                       label);
        hopt_buf value = HOPT_BUF_INIT;
        hopt_space_value_text(space, point, i, &value);
        char *name = name_of(label, filler);
        bool digit = !args && isdigit((unsigned char)name[0]);
        printf(args ? "%s--%s " : "%s%s=", args ? gap : (digit ? "_" : ""), name);
        print_quoted(hopt_buf_string(&value));
        if (!args) putchar('\n');
        gap = " ";
        free(name);
        hopt_buf_clear(&value);
    }
    if (args) putchar('\n');
    return HOPT_EXIT_OK;
}

static int print_params(const hopt_command *self, const hopt_context *context,
                        const hopt_trial *trial, const char *format) {
    hopt_error err;
    const hopt_space *space = context->spec->space;
    if (strcmp(format, "json") == 0) {
        hopt_cli_json(json_incref(trial->params));
        return HOPT_EXIT_OK;
    }
    double *point = hopt_zalloc((size_t)hopt_space_size(space) + 1, sizeof *point);
    int code = hopt_trial_point(point, trial, space, &err) == HOPT_OK
                   ? print_names(self, space, point, strcmp(format, "args") == 0)
                   : hopt_cli_fail(self, &err);
    free(point);
    return code;
}

typedef struct believing {
    const hopt_space *space;
    hopt_sampler *sampler;
    double *point;
    hopt_status status;
    hopt_error *err;
} believing;

static bool each_ended(void *data, const hopt_trial *trial) {
    believing *self = data;
    if (!hopt_state_terminal(trial->state)) return true;
    self->status = hopt_trial_point(self->point, trial, self->space, self->err);
    if (self->status != HOPT_OK) return false;
    hopt_observation seen = hopt_proposer_observation(trial, self->point);
    hopt_sampler_add(self->sampler, &seen);
    return true;
}

/* Whatever sampler the study has, `gp` looks at its trials. */
static hopt_status find_believed(hopt_context *context, hopt_trial **out, hopt_error *err) {
    believing work = {.space = context->spec->space, .err = err};
    hopt_trial_query query = {.study = context->study->name, .after = -1, .brief = true};
    int64_t num = -1;
    hopt_status status = hopt_sampler_open(&work.sampler, "gp", work.space, NULL, 0, err);
    if (status != HOPT_OK) return status;
    work.point = hopt_zalloc((size_t)hopt_space_size(work.space) + 1, sizeof *work.point);
    status = hopt_pages_walk(context->store, &query, each_ended, &work, NULL, err);
    if (status == HOPT_OK) status = work.status;
    if (status == HOPT_OK) status = hopt_sampler_believed_best(work.sampler, &num, err);
    if (status == HOPT_OK)
        status = hopt_store_trial(context->store, out, context->study->name, (int)num, err);
    free(work.point);
    hopt_sampler_close(work.sampler);
    return status;
}

static int best(const hopt_command *self, void *given) {
    const settings *s = given;
    hopt_context context;
    hopt_trial *trial = NULL;
    hopt_error err;
    int code = hopt_context_open_study(&context, self, &s->common, s->study, HOPT_CONTEXT_READ);
    if (code == HOPT_EXIT_OK) {
        hopt_status status = hopt_store_best(context.store, &trial, context.study->name, &err);
        if (status == HOPT_OK && s->believed) {
            hopt_trial_free(trial);
            trial = NULL;
            status = find_believed(&context, &trial, &err);
        } else if (status == HOPT_ENOTFOUND)
            hopt_error_set(&err, status, "study %s has no successful trial yet",
                           context.study->name);
        if (status != HOPT_OK)
            code = hopt_cli_fail(self, &err);
        else if (s->common.json)
            hopt_cli_json(hopt_trial_json(trial, context.spec->maximize));
        else if (strcmp(s->format, "text") == 0)
            hopt_view_best(stdout, context.spec, trial);
        else
            code = print_params(self, &context, trial, s->format);
    }
    hopt_trial_free(trial);
    hopt_context_close(&context);
    return code;
}

static const char *const description[] = {
    "Prints the successful trial with the best loss: the lowest, or the highest for direction "
    "maximize; of equal ones the first.",
    "With --believed it is the one of the least posterior mean to the Gaussian process of the "
    "sampler gp, whatever sampler the study has. Where the same parameters give a different loss "
    "each time the best loss is partly luck.",
    "In --format env and args a parameter's name is its label with '_' or '-' in place of what "
    "can't "
    "be in a name: model/svm/C becomes model_svm_C or --model-svm-C.",
    NULL};
static const hopt_example examples[] = {
    {"hopt best digits", "loss and parameters"},
    {"hopt best digits --format json > params.json", "the parameters for a program"},
    {"python3 train.py $(hopt best digits --format args | xargs -n1 echo)",
     "the parameters as arguments (values without blanks)"},
    {"hopt best digits --json | jq .loss", "the loss alone"},
    {"hopt best digits --believed", "where losses are noisy"},
    {0}};
static const hopt_exit_note exits[] = {
    {HOPT_EXIT_OK, "printed"},
    {HOPT_EXIT_STORE, "the store can't be reached"},
    {HOPT_EXIT_NOTFOUND,
     "no such study, no successful trial yet, or losses that can't be modelled"},
    {HOPT_EXIT_CONFLICT, "two labels give the same name in --format env or args"},
    {0}};

const hopt_command hopt_cmd_best = {.path = "hopt best",
                                    .summary = "print the best trial of a study",
                                    .description = description,
                                    .options = options,
                                    .positionals = positionals,
                                    .examples = examples,
                                    .exits = exits,
                                    .section = 1,
                                    .options_size = sizeof(settings),
                                    .run = best};
