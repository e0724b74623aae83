/* `hopt tell`: end a trial that was taken with `hopt ask`. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "common/base/alloc.h"
#include "common/sys/clock.h"
#include "worker/child_result.h"

typedef struct settings {
    hopt_cli_common common;
    const char *fail, *result;
    hopt_texts words;
} settings;

static const hopt_option options[] = {
    {.name = "fail",
     .type = HOPT_OPTION_STRING,
     .argument = "REASON",
     .offset = offsetof(settings, fail),
     .help = "it failed; no LOSS is given then"},
    {.name = "result",
     .type = HOPT_OPTION_STRING,
     .argument = "JSON",
     .offset = offsetof(settings, result),
     .help = "an object with loss and anything else to keep, e.g. {\"loss\": 0.3, \"accuracy\": "
             "0.9}; no LOSS is given then"},
    HOPT_CLI_STORE(settings, HOPT_CLI_STORE_FOUND),
    HOPT_CLI_JSON(settings),
    HOPT_CLI_QUIET(settings),
    {0}};
static const hopt_positional positionals[] = {
    {.name = "[STUDY] NUM [LOSS]",
     .rest = true,
     .file = "json",
     .offset = offsetof(settings, words),
     .help =
         "the study's name or file, unless the store has just one; the trial's number as asked; "
         "its loss, in the study's own sign"},
    {0}};

/* Which words are which: with --fail or --result there is no LOSS. */
typedef struct telling {
    const char *study, *num_text, *loss;
    int num;
} telling;

static int split_words(const hopt_command *self, const settings *s, telling *t) {
    bool loss = !s->fail && !s->result;
    size_t n = s->words.count, need = loss ? 2 : 1;
    if ((s->fail && s->result) || n < need || n > need + 1)
        return hopt_cli_say_failed(self, HOPT_EXIT_USAGE,
                                   "usage: %s [STUDY] NUM LOSS | [STUDY] NUM --fail REASON | "
                                   "[STUDY] NUM --result JSON",
                                   self->path);
    size_t at = n - need;
    t->study = at ? s->words.list[0] : NULL;
    t->num_text = s->words.list[at];
    t->loss = loss ? s->words.list[at + 1] : NULL;
    if (!hopt_context_num(&t->num, t->num_text))
        return hopt_cli_say_failed(self, HOPT_EXIT_USAGE,
                                   "\"%s\" is no trial number; give 0, 1, 2, ...", t->num_text);
    return HOPT_EXIT_OK;
}

static hopt_status make_result(hopt_result *result, const settings *s, const telling *t,
                               const hopt_context *context, const hopt_trial *trial,
                               hopt_error *err) {
    hopt_child_loss loss = {0};
    const char *text = s->result ? s->result : t->loss;
    if (s->fail) {
        loss.fail = true;
        loss.status_fail = hopt_strdup(s->fail);
    } else {
        HOPT_ASSERT(text); /* split_words() saw to it */
        hopt_status status = hopt_child_parse_last(&loss, text, strlen(text), err);
        if (status != HOPT_OK) {
            hopt_error_prefix(err, s->result ? "--result" : "LOSS");
            return status;
        }
    }
    int64_t ms = trial->book_ms ? hopt_clock_unix_ms() - trial->book_ms : 0;
    hopt_child_outcome outcome = {.end = HOPT_CHILD_GAVE,
                                  .loss = &loss,
                                  .maximize = context->spec->maximize,
                                  .ms = ms > 0 ? ms : 0};
    hopt_child_result(result, &outcome);
    hopt_child_loss_clear(&loss);
    return HOPT_OK;
}

static hopt_status check_mine(const hopt_trial *trial, hopt_error *err) {
    if (trial->state != HOPT_RUNNING)
        return hopt_error_set(err, HOPT_ECONFLICT, "trial %d is %s, not running", trial->num,
                              hopt_state_name(trial->state));
    if (!trial->owner || strncmp(trial->owner, "ask:", 4) != 0)
        return hopt_error_set(err, HOPT_ECONFLICT,
                              "trial %d is evaluated by %s; only trials of \"hopt ask\" are told",
                              trial->num, trial->owner ? trial->owner : "somebody else");
    return HOPT_OK;
}

static hopt_status finish(const hopt_context *context, const settings *s, const telling *t,
                          hopt_error *err) {
    hopt_trial *trial;
    hopt_result result = {0};
    const char *name = context->study->name;
    hopt_status status = hopt_store_trial(context->store, &trial, name, t->num, err);
    if (status == HOPT_ENOTFOUND)
        return hopt_error_set(err, status, "study %s has no trial %d", name, t->num);
    if (status != HOPT_OK) return status;
    status = check_mine(trial, err);
    if (status == HOPT_OK) status = make_result(&result, s, t, context, trial, err);
    if (status == HOPT_OK) {
        hopt_lease lease = {trial->id, name, trial->owner, trial->lease};
        status = hopt_store_finish(context->store, &lease, &result, err);
        if (status == HOPT_ESTORE) /* a lost reply: a repeat tells */
            status = hopt_store_finish(context->store, &lease, &result, err);
    }
    if (status == HOPT_OK && s->common.json)
        hopt_cli_json(json_pack("{s:s, s:i, s:s, s:s}", "study", name, "num", trial->num, "state",
                                hopt_state_name(result.state), "status",
                                result.ok ? "ok" : "fail"));
    hopt_result_clear(&result);
    hopt_trial_free(trial);
    return status;
}

static int tell(const hopt_command *self, void *given) {
    const settings *s = given;
    telling t = {0};
    hopt_context context = {0};
    hopt_error err;
    int code = split_words(self, s, &t);
    if (code == HOPT_EXIT_OK)
        code = hopt_context_open_study(&context, self, &s->common, t.study, HOPT_CONTEXT_WRITE);
    if (code == HOPT_EXIT_OK && finish(&context, s, &t, &err) != HOPT_OK)
        code = hopt_cli_fail(self, &err);
    hopt_context_close(&context);
    return code;
}

static const hopt_example examples[] = {
    {"hopt tell digits 7 0.31", "trial 7 has this loss"},
    {"hopt tell 7 --fail 'out of memory'", "it failed"},
    {"hopt tell 7 --result '{\"loss\": 0.31, \"accuracy\": 0.97}'", "with more to keep"},
    {0}};
static const hopt_exit_note exits[] = {
    {HOPT_EXIT_OK, "written"},
    {HOPT_EXIT_USAGE, "bad usage, or no loss in the result"},
    {HOPT_EXIT_STORE, "the store can't be reached; say it again"},
    {HOPT_EXIT_NOTFOUND, "no such study or trial"},
    {HOPT_EXIT_CONFLICT, "the trial does not run, or a worker evaluates it"},
    {0}};
static const char *const see_also[] = {"hopt-ask(1)", NULL};

const hopt_command hopt_cmd_tell = {.path = "hopt tell",
                                    .summary = "give the loss of a trial that was asked for",
                                    .options = options,
                                    .positionals = positionals,
                                    .examples = examples,
                                    .exits = exits,
                                    .see_also = see_also,
                                    .section = 1,
                                    .options_size = sizeof(settings),
                                    .run = tell};
