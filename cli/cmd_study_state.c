/* `hopt study pause`, `resume`, `stop` and `delete`. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/term.h"
#include "cli/view.h"
#include "master/as_json.h"

typedef struct settings {
    hopt_cli_common common;
    const char *study;
    bool yes;
} settings;

static const hopt_option options[] = {HOPT_CLI_STORE(settings, HOPT_CLI_STORE_FOUND),
                                      HOPT_CLI_JSON(settings),
                                      HOPT_CLI_QUIET(settings),
                                      {0}};
static const hopt_positional positionals[] = {HOPT_CLI_STUDY(settings, study, true), {0}};

/* What a command wants of the study that it found; false with a message: it can't be. */
typedef bool (*wish)(const hopt_study_record *study, hopt_study_state *to, const char **reason,
                     hopt_error *err);

static bool want_pause(const hopt_study_record *study, hopt_study_state *to, const char **reason,
                       hopt_error *err) {
    *to = HOPT_STUDY_PAUSED;
    *reason = "by hand";
    if (study->state == HOPT_STUDY_ACTIVE || study->state == HOPT_STUDY_PAUSED) return true;
    hopt_error_set(err, HOPT_ECONFLICT, "study %s is %s; only an active one can be paused",
                   study->name, hopt_study_state_name(study->state));
    return false;
}

static bool want_resume(const hopt_study_record *study, hopt_study_state *to, const char **reason,
                        hopt_error *err) {
    *to = HOPT_STUDY_ACTIVE;
    *reason = NULL;
    if (study->state == HOPT_STUDY_ACTIVE || study->state == HOPT_STUDY_PAUSED) return true;
    /* What a person ended a person may take up again; a limit has to be raised. */
    if (study->state == HOPT_STUDY_DONE && study->reason && strcmp(study->reason, "cancelled") == 0)
        return true;
    hopt_error_set(err, HOPT_ECONFLICT,
                   "study %s is %s (%s); raise the limit instead, e.g. \"hopt study set %s "
                   "stop.max_trials=N\"",
                   study->name, hopt_study_state_name(study->state),
                   study->reason ? study->reason : "no reason", study->name);
    return false;
}

static bool want_stop(const hopt_study_record *study, hopt_study_state *to, const char **reason,
                      hopt_error *err) {
    (void)err;
    *to = study->state == HOPT_STUDY_DONE ? HOPT_STUDY_DONE : HOPT_STUDY_CLOSING;
    *reason = study->state == HOPT_STUDY_DONE ? study->reason : "cancelled";
    return true;
}

/* Change the state; somebody else's change in between is looked at first. */
static int change(const hopt_command *self, hopt_context *context, wish wanted) {
    hopt_error err;
    char name[HOPT_STUDY_NAME_MAX];
    memcpy(name, context->study->name, sizeof name);
    for (int attempt = 0; attempt < 5; attempt++) {
        hopt_study_state to;
        const char *reason;
        if (!wanted(context->study, &to, &reason, &err)) return hopt_cli_fail(self, &err);
        if (to == context->study->state) return HOPT_EXIT_OK;
        hopt_status status = hopt_store_study_update(context->store, name, context->study->rev,
                                                     (int)to, reason, NULL, NULL, &err);
        hopt_study_free(context->study);
        context->study = NULL;
        if (status != HOPT_OK && status != HOPT_ECONFLICT) return hopt_cli_fail(self, &err);
        hopt_error read_error;
        if (hopt_store_study(context->store, &context->study, name, &read_error) != HOPT_OK)
            return hopt_cli_fail(self, &read_error);
        if (status == HOPT_OK) return HOPT_EXIT_OK;
    }
    return hopt_cli_fail(self, &err);
}

static void say(const settings *s, const hopt_study_record *study, const char *words) {
    if (s->common.json)
        hopt_cli_json(json_pack("{s:s, s:s, s:s?, s:I}", "name", study->name, "state",
                                hopt_study_state_name(study->state), "reason", study->reason, "rev",
                                (json_int_t)study->rev));
    hopt_cli_note(&s->common, "study %s: %s", study->name, words);
}

static int run_change(const hopt_command *self, const settings *s, wish wanted, const char *words) {
    hopt_context context;
    int code = hopt_context_open_study(&context, self, &s->common, s->study, HOPT_CONTEXT_WRITE);
    if (code == HOPT_EXIT_OK) code = change(self, &context, wanted);
    if (code == HOPT_EXIT_OK) say(s, context.study, words);
    hopt_context_close(&context);
    return code;
}

static int pause_study(const hopt_command *self, void *given) {
    return run_change(self, given, want_pause, "paused; running trials go on");
}

static int resume_study(const hopt_command *self, void *given) {
    return run_change(self, given, want_resume, "active; a master and workers go on with it");
}

/* The master ends a closing study; without one, do what can be done from here. */
static int finish_stop(const hopt_command *self, hopt_context *context, const char **words) {
    hopt_error err;
    int64_t counts[HOPT_STATES];
    HOPT_ASSERT(context->study);
    const char *name = context->study->name;
    *words = "is done";
    if (context->study->state == HOPT_STUDY_DONE) return HOPT_EXIT_OK;
    hopt_status status = hopt_store_cancel_new(context->store, name, 0, "cancelled", NULL, &err);
    if (status == HOPT_OK)
        status = hopt_store_stop_running(context->store, name, -1, "cancelled", &err);
    if (status == HOPT_OK) status = hopt_store_counts(context->store, name, counts, &err);
    if (status != HOPT_OK) return hopt_cli_fail(self, &err);
    *words = hopt_study_has_master(context->study)
                 ? "stopping; running trials end within their grace time"
                 : "stopping; trials still run and no master is there to end the study: start "
                   "hopt-master, or say it again when they have ended";
    if (counts[HOPT_RUNNING] > 0 || hopt_study_has_master(context->study)) return HOPT_EXIT_OK;
    status = hopt_store_study_update(context->store, name, context->study->rev,
                                     (int)HOPT_STUDY_DONE, "cancelled", NULL, NULL, &err);
    if (status != HOPT_OK && status != HOPT_ECONFLICT) return hopt_cli_fail(self, &err);
    if (status == HOPT_OK) context->study->state = HOPT_STUDY_DONE;
    *words = "stopped";
    return HOPT_EXIT_OK;
}

static int stop_study(const hopt_command *self, void *given) {
    const settings *s = given;
    hopt_context context;
    const char *words;
    int code = hopt_context_open_study(&context, self, &s->common, s->study, HOPT_CONTEXT_WRITE);
    if (code == HOPT_EXIT_OK) code = change(self, &context, want_stop);
    if (code == HOPT_EXIT_OK) code = finish_stop(self, &context, &words);
    if (code == HOPT_EXIT_OK) say(s, context.study, words);
    hopt_context_close(&context);
    return code;
}

static const char *const pause_description[] = {
    "No trial is claimed any more within seconds; running ones go on to their end. \"hopt study "
    "resume\" takes the study up again.",
    NULL};
static const char *const resume_description[] = {
    "Takes up a study that was paused, by hand or because its first trials all failed, or that was "
    "stopped by hand. One that reached a limit goes on when the limit is raised with \"hopt study "
    "set\".",
    NULL};
static const char *const stop_description[] = {
    "Ends a study: queued trials are cancelled, running ones are asked to stop and then killed. "
    "What was found stays.",
    NULL};
static const hopt_exit_note exits[] = {{HOPT_EXIT_OK, "it is so"},
                                       {HOPT_EXIT_STORE, "the store can't be reached"},
                                       {HOPT_EXIT_NOTFOUND, "no such study"},
                                       {HOPT_EXIT_CONFLICT, "the study's state does not allow it"},
                                       {0}};

const hopt_command hopt_cmd_study_pause = {.path = "hopt study pause",
                                           .summary = "stop claiming trials of a study",
                                           .description = pause_description,
                                           .options = options,
                                           .positionals = positionals,
                                           .exits = exits,
                                           .section = 1,
                                           .options_size = sizeof(settings),
                                           .run = pause_study};

const hopt_command hopt_cmd_study_resume = {.path = "hopt study resume",
                                            .summary = "go on with a paused study",
                                            .description = resume_description,
                                            .options = options,
                                            .positionals = positionals,
                                            .exits = exits,
                                            .section = 1,
                                            .options_size = sizeof(settings),
                                            .run = resume_study};

const hopt_command hopt_cmd_study_stop = {.path = "hopt study stop",
                                          .summary = "end a study",
                                          .description = stop_description,
                                          .options = options,
                                          .positionals = positionals,
                                          .exits = exits,
                                          .section = 1,
                                          .options_size = sizeof(settings),
                                          .run = stop_study};

/* ---- delete ---- */

static const hopt_option delete_options[] = {{.name = "yes",
                                              .letter = 'y',
                                              .type = HOPT_OPTION_FLAG,
                                              .offset = offsetof(settings, yes),
                                              .help = "do not ask"},
                                             HOPT_CLI_STORE(settings, HOPT_CLI_STORE_FOUND),
                                             HOPT_CLI_JSON(settings),
                                             HOPT_CLI_QUIET(settings),
                                             {0}};
static const hopt_positional delete_positionals[] = {HOPT_CLI_STUDY(settings, study, false), {0}};

static bool confirmed(const hopt_context *context, int64_t trials) {
    char answer[HOPT_STUDY_NAME_MAX + 2];
    fprintf(stderr,
            "Delete study %s with %lld trials from %s? Type its name: ", context->study->name,
            (long long)trials, hopt_store_name(context->store));
    if (!fgets(answer, sizeof answer, stdin)) return false;
    answer[strcspn(answer, "\n")] = '\0';
    return strcmp(answer, context->study->name) == 0;
}

static int delete_found(const hopt_command *self, const settings *s, hopt_context *context) {
    hopt_error err;
    int64_t counts[HOPT_STATES], total = 0;
    const char *name = context->study->name;
    if (hopt_store_counts(context->store, name, counts, &err) != HOPT_OK)
        return hopt_cli_fail(self, &err);
    for (int i = 0; i < HOPT_STATES; i++)
        total += counts[i];
    if (!s->yes && !hopt_term_is_tty(stdin))
        return hopt_cli_say_failed(self, HOPT_EXIT_USAGE,
                                   "this deletes %s with %lld trials; give --yes", name,
                                   (long long)total);
    if (!s->yes && !confirmed(context, total))
        return hopt_cli_say_failed(self, HOPT_EXIT_FAILED, "nothing was deleted");
    if (hopt_store_study_delete(context->store, name, &err) != HOPT_OK)
        return hopt_cli_fail(self, &err);
    if (s->common.json)
        hopt_cli_json(json_pack("{s:s, s:I}", "deleted", name, "trials", (json_int_t)total));
    hopt_cli_note(&s->common, "study %s: deleted with %lld trials", name, (long long)total);
    return HOPT_EXIT_OK;
}

static int delete_study(const hopt_command *self, void *given) {
    const settings *s = given;
    hopt_context context;
    int code = hopt_context_open_study(&context, self, &s->common, s->study, HOPT_CONTEXT_WRITE);
    if (code == HOPT_EXIT_OK) code = delete_found(self, s, &context);
    hopt_context_close(&context);
    return code;
}

static const char *const delete_description[] = {
    "Deletes a study with its trials, reports, logs and attachments. There is no way back; \"hopt "
    "export\" or \"hopt copy\" keeps a copy.",
    NULL};

const hopt_command hopt_cmd_study_delete = {.path = "hopt study delete",
                                            .summary = "delete a study and all its trials",
                                            .description = delete_description,
                                            .options = delete_options,
                                            .positionals = delete_positionals,
                                            .exits = exits,
                                            .section = 1,
                                            .options_size = sizeof(settings),
                                            .run = delete_study};
