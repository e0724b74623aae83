/* `hopt trials show`. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/term.h"
#include "cli/view.h"
#include "common/base/time.h"
#include "common/json/json.h"

typedef struct settings {
    hopt_cli_common common;
    const char *study, *num, *attachment;
    bool log;
} settings;

static const hopt_option options[] = {
    {.name = "log",
     .type = HOPT_OPTION_FLAG,
     .offset = offsetof(settings, log),
     .help = "print what the objective printed, and nothing else"},
    {.name = "attachment",
     .type = HOPT_OPTION_STRING,
     .argument = "NAME",
     .offset = offsetof(settings, attachment),
     .help = "print an attachment, and nothing else"},
    HOPT_CLI_STORE(settings, HOPT_CLI_STORE_FOUND),
    HOPT_CLI_JSON(settings),
    HOPT_CLI_QUIET(settings),
    {0}};
static const hopt_positional positionals[] = {
    HOPT_CLI_STUDY(settings, study, true),
    {.name = "NUM", .offset = offsetof(settings, num), .help = "the trial's number"},
    {0}};

static void line(const char *what, const char *text) {
    printf("%-10s ", what);
    hopt_term_print(stdout, text);
    putchar('\n');
}

static void time_line(const char *what, int64_t unix_ms) {
    char text[HOPT_TIME_TEXT];
    if (!unix_ms) return;
    hopt_time_format(text, unix_ms);
    line(what, text);
}

static void print_times(const hopt_trial *trial) {
    char text[64];
    time_line("started", trial->book_ms);
    time_line("ended", trial->end_ms);
    if (!hopt_state_terminal(trial->state) || !trial->end_ms) return;
    hopt_time_duration(text, sizeof text, trial->result.ms);
    line("took", text);
}

static void print_head(const hopt_study_spec *spec, const hopt_trial *trial) {
    hopt_buf text = HOPT_BUF_INIT;
    hopt_buf_print(&text, "%d of study %s", trial->num, trial->study);
    line("trial", hopt_buf_string(&text));
    bool fail = trial->state == HOPT_DONE && !trial->result.ok;
    line("state", fail ? "done, failed" : hopt_state_name(trial->state));
    hopt_buf_reset(&text);
    hopt_view_reason(&text, trial);
    if (text.length) line("reason", hopt_buf_string(&text));
    if (trial->result.has_loss && hopt_state_terminal(trial->state)) {
        char number[HOPT_JSON_NUMBER];
        hopt_json_number(number, hopt_context_loss(spec, trial->result.loss));
        line("loss", number);
    }
    if (trial->worker) line("worker", trial->worker);
    hopt_buf_reset(&text);
    hopt_buf_print(&text, "%d (%d lost)", trial->lost + 1, trial->lost);
    if (trial->lost) line("attempt", hopt_buf_string(&text));
    print_times(trial);
    hopt_buf_clear(&text);
    hopt_view_extras(stdout, trial);
    putchar('\n');
    hopt_view_params(stdout, spec, trial);
}

/* The curve as "step loss" lines; a long one only by its ends. */
static hopt_status print_reports(const hopt_context *context, const hopt_trial *trial,
                                 hopt_error *err) {
    enum { ENDS = 5 };
    hopt_reports reports = {0};
    hopt_status status = hopt_store_reports(context->store, &reports, &trial->id, err);
    if (status != HOPT_OK) return status;
    if (reports.count) printf("\nreports: %zu\n", reports.count);
    for (size_t i = 0; i < reports.count; i++) {
        if (reports.count > (size_t)2 * ENDS && i == ENDS) {
            printf("  ...\n");
            i = reports.count - ENDS;
        }
        printf("  step %lld: %g\n", (long long)reports.steps[i],
               hopt_context_loss(context->spec, reports.losses[i]));
    }
    hopt_reports_clear(&reports);
    return HOPT_OK;
}

static hopt_status print_attachments(const hopt_context *context, const hopt_trial *trial,
                                     hopt_error *err) {
    char **names;
    size_t count;
    hopt_status status = hopt_store_attachments(context->store, &names, &count, &trial->id, err);
    if (status != HOPT_OK) return status;
    if (count) printf("\nattachments (--attachment NAME prints one):\n");
    for (size_t i = 0; i < count; i++) {
        printf("  ");
        hopt_term_print(stdout, names[i]);
        putchar('\n');
    }
    hopt_names_free(names);
    return HOPT_OK;
}

static hopt_status print_log(const hopt_context *context, const hopt_trial *trial, bool heading,
                             hopt_error *err) {
    hopt_log_text log = {0};
    hopt_status status = hopt_store_log(context->store, &log, &trial->id, err);
    if (status == HOPT_ENOTFOUND) {
        if (heading) return HOPT_OK;
        return hopt_error_set(err, HOPT_ENOTFOUND, "trial %d of study %s has no log", trial->num,
                              trial->study);
    }
    if (status != HOPT_OK) return status;
    if (heading && log.head_length + log.tail_length > 0) printf("\nlog:\n");
    hopt_view_log_part(stdout, log.head, log.head_length);
    if (log.head_length >= HOPT_LOG_PART_MAX && log.tail_length)
        printf("\n... (the middle was not kept) ...\n");
    hopt_view_log_part(stdout, log.tail, log.tail_length);
    const char *end = log.tail_length ? log.tail : log.head;
    size_t length = log.tail_length ? log.tail_length : log.head_length;
    if (heading && length && end[length - 1] != '\n') putchar('\n');
    hopt_log_text_clear(&log);
    return HOPT_OK;
}

static hopt_status print_attachment(const hopt_context *context, const hopt_trial *trial,
                                    const char *name, hopt_error *err) {
    void *data;
    size_t length;
    hopt_status status =
        hopt_store_attachment(context->store, &data, &length, &trial->id, name, err);
    if (status == HOPT_ENOTFOUND)
        return hopt_error_set(err, status, "trial %d of study %s has no attachment \"%s\"",
                              trial->num, trial->study, name);
    if (status != HOPT_OK) return status;
    fwrite(data, 1, length, stdout);
    free(data);
    return HOPT_OK;
}

static int show(const hopt_command *self, void *given) {
    const settings *s = given;
    hopt_context context;
    hopt_trial *trial;
    hopt_error err;
    int num;
    if (!hopt_context_num(&num, s->num))
        return hopt_cli_say_failed(self, HOPT_EXIT_USAGE,
                                   "\"%s\" is no trial number; give 0, 1, 2, ...", s->num);
    int code = hopt_context_open_study(&context, self, &s->common, s->study, HOPT_CONTEXT_READ);
    if (code != HOPT_EXIT_OK) {
        hopt_context_close(&context);
        return code;
    }
    const char *name = context.study->name;
    hopt_status status = hopt_store_trial(context.store, &trial, name, num, &err);
    if (status == HOPT_ENOTFOUND)
        hopt_error_set(&err, status, "study %s has no trial %d", name, num);
    if (status == HOPT_OK) {
        if (s->attachment) {
            status = print_attachment(&context, trial, s->attachment, &err);
        } else if (s->log) {
            status = print_log(&context, trial, false, &err);
        } else if (s->common.json) {
            hopt_cli_json(hopt_trial_json(trial, context.spec->maximize));
        } else {
            print_head(context.spec, trial);
            status = print_reports(&context, trial, &err);
            if (status == HOPT_OK) status = print_attachments(&context, trial, &err);
            if (status == HOPT_OK) status = print_log(&context, trial, true, &err);
        }
        hopt_trial_free(trial);
    }
    if (status != HOPT_OK) code = hopt_cli_fail(self, &err);
    hopt_context_close(&context);
    return code;
}

static const hopt_example examples[] = {
    {"hopt trials show 7", "parameters, result, reports and log of trial 7"},
    {"hopt trials show digits 7 --log | less", "its log"},
    {"hopt trials show 7 --attachment model.bin > model.bin", "a file that it kept"},
    {0}};

const hopt_command hopt_cmd_trials_show = {.path = "hopt trials show",
                                           .summary = "show one trial",
                                           .options = options,
                                           .positionals = positionals,
                                           .examples = examples,
                                           .section = 1,
                                           .options_size = sizeof(settings),
                                           .run = show};
