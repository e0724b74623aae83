/* `hopt ask`: the next trial of a study, without a master. */
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/pages.h"
#include "cli/slots.h"
#include "common/base/alloc.h"
#include "common/sys/host.h"
#include "master/proposer.h"

typedef struct settings {
    hopt_cli_common common;
    const char *study;
    int64_t n;
} settings;

static const hopt_option options[] = {{.name = "n",
                                       .letter = 'n',
                                       .type = HOPT_OPTION_INTEGER,
                                       .argument = "N",
                                       .min = 1,
                                       .max = 10000,
                                       .def = "1",
                                       .offset = offsetof(settings, n),
                                       .help = "how many trials"},
                                      HOPT_CLI_STORE(settings, HOPT_CLI_STORE_FOUND),
                                      HOPT_CLI_JSON(settings),
                                      HOPT_CLI_QUIET(settings),
                                      {0}};
static const hopt_positional positionals[] = {HOPT_CLI_STUDY(settings, study, true), {0}};

typedef struct asking {
    hopt_proposer *proposer;
    int64_t left_out; /* trials that don't fit the space */
} asking;

static bool each(void *data, const hopt_trial *trial) {
    asking *self = data;
    hopt_error ignored;
    if (hopt_proposer_add(self->proposer, trial, &ignored) != HOPT_OK) self->left_out++;
    return true;
}

/* A proposer that knows every trial there is now. */
static hopt_status read_all(const hopt_context *context, asking *self, hopt_error *err) {
    hopt_trial_query query = {.study = context->study->name, .after = -1, .brief = true};
    hopt_proposer_close(self->proposer);
    self->left_out = 0;
    hopt_status status =
        hopt_proposer_open(&self->proposer, context->spec, context->study->seed, err);
    if (status != HOPT_OK) return status;
    return hopt_pages_walk(context->store, &query, each, self, NULL, err);
}

static void print_trial(const hopt_trial *trial) {
    hopt_cli_json(json_pack("{s:i, s:I, s:O, s:O, s:I}", "num", trial->num, "tid",
                            (json_int_t)trial->tid, "vals", trial->vals, "params", trial->params,
                            "seed", (json_int_t)trial->seed));
}

/* Take the first free slot from *num on. */
static hopt_status ask_one(const hopt_context *context, asking *self, const char *owner, int *num,
                           hopt_error *err) {
    for (;; ++*num) {
        hopt_trial *trial;
        if (hopt_proposer_knows(self->proposer, *num)) continue;
        hopt_status status = hopt_slots_allowed(context, *num, err);
        if (status == HOPT_OK) status = hopt_proposer_propose(self->proposer, &trial, *num, err);
        if (status != HOPT_OK) return status;
        status = hopt_slots_insert(context, trial, owner, err);
        if (status == HOPT_OK) print_trial(trial);
        hopt_trial_free(trial);
        if (status != HOPT_ECONFLICT) return status;
        /* Somebody took the slot: what was proposed for it must not stay in mind. */
        status = read_all(context, self, err);
        if (status != HOPT_OK) return status;
    }
}

static hopt_status ask_all(const hopt_context *context, const settings *s, asking *self,
                           hopt_error *err) {
    char host_owner[HOPT_OWNER_TEXT_MAX];
    int num;
    /* The slot first: trials that come after it are met in their slots. */
    hopt_status status = hopt_slots_first(context, &num, err);
    if (status == HOPT_OK) status = read_all(context, self, err);
    if (status == HOPT_OK && context->study->state == HOPT_STUDY_PAUSED)
        status =
            hopt_error_set(err, HOPT_ECONFLICT, "study %s is paused (%s)", context->study->name,
                           context->study->reason ? context->study->reason : "no reason");
    hopt_host_owner(host_owner);
    /* "ask:" tells the reaper that no heartbeat is to be expected. */
    char *owner = hopt_format("ask:%.*s", HOPT_OWNER_MAX - 5, host_owner);
    for (int64_t i = 0; i < s->n && status == HOPT_OK; i++, num++)
        status = ask_one(context, self, owner, &num, err);
    free(owner);
    return status;
}

static int ask(const hopt_command *self, void *given) {
    const settings *s = given;
    hopt_context context;
    hopt_error err;
    int code = hopt_context_open_study(&context, self, &s->common, s->study, HOPT_CONTEXT_WRITE);
    if (code == HOPT_EXIT_OK) {
        asking work = {0};
        if (ask_all(&context, s, &work, &err) != HOPT_OK) code = hopt_cli_fail(self, &err);
        if (work.left_out)
            hopt_cli_note(&s->common, "%s: %lld trials do not fit the space and were left out",
                          self->path, (long long)work.left_out);
        hopt_proposer_close(work.proposer);
    }
    hopt_context_close(&context);
    return code;
}

static const char *const description[] = {
    "Takes the next trial of a study for a program that evaluates it by itself, and prints it as "
    "one "
    "line of JSON: num, params and more. \"hopt tell\" gives back the loss. No master is needed; "
    "one "
    "may run beside it.",
    "The trial is running until it is told, however long that takes: there is no heartbeat, and no "
    "master ever takes it back. \"hopt tell NUM --fail REASON\" ends one that nobody works on any "
    "more.",
    NULL};
static const hopt_example examples[] = {
    {"t=$(hopt ask digits); hopt tell digits \"$(echo \"$t\" | jq .num)\" \"$(./evaluate \"$t\")\"",
     "one round by hand"},
    {0}};
static const hopt_exit_note exits[] = {
    {HOPT_EXIT_OK, "printed"},
    {HOPT_EXIT_STORE, "the store can't be reached"},
    {HOPT_EXIT_NOTFOUND, "no such study, or its finite space is used up"},
    {HOPT_EXIT_CONFLICT, "the study has its trials, is paused, or is done"},
    {0}};
static const char *const see_also[] = {"hopt-tell(1)", "hopt-suggest(1)", NULL};

const hopt_command hopt_cmd_ask = {.path = "hopt ask",
                                   .summary = "take the next trial of a study",
                                   .description = description,
                                   .options = options,
                                   .positionals = positionals,
                                   .examples = examples,
                                   .exits = exits,
                                   .see_also = see_also,
                                   .section = 1,
                                   .options_size = sizeof(settings),
                                   .run = ask};
