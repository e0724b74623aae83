/* `hopt trials retry` and `hopt trials add`. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/pages.h"
#include "cli/slots.h"
#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/sys/file.h"
#include "master/ledger.h"

/* ---- retry ---- */

typedef struct retry_settings {
    hopt_cli_common common;
    const char *study;
    hopt_texts nums;
    bool all;
} retry_settings;

static const hopt_option retry_options[] = {{.name = "all",
                                             .letter = 'a',
                                             .type = HOPT_OPTION_FLAG,
                                             .offset = offsetof(retry_settings, all),
                                             .help = "every trial that is in error"},
                                            HOPT_CLI_STORE(retry_settings, HOPT_CLI_STORE_FOUND),
                                            HOPT_CLI_JSON(retry_settings),
                                            HOPT_CLI_QUIET(retry_settings),
                                            {0}};
static const hopt_positional retry_positionals[] = {HOPT_CLI_STUDY(retry_settings, study, false),
                                                    {.name = "NUM",
                                                     .optional = true,
                                                     .rest = true,
                                                     .offset = offsetof(retry_settings, nums),
                                                     .help = "the trials' numbers"},
                                                    {0}};

typedef struct num_list {
    int *nums;
    size_t count, capacity;
} num_list;

static void add_num(num_list *list, int num) {
    list->nums = hopt_grow(list->nums, list->count, &list->capacity, sizeof *list->nums);
    list->nums[list->count++] = num;
}

static bool each_error(void *data, const hopt_trial *trial) {
    add_num(data, trial->num);
    return true;
}

static int wanted_nums(const hopt_command *self, const retry_settings *s, hopt_context *context,
                       num_list *list) {
    hopt_error err;
    for (size_t i = 0; i < s->nums.count; i++) {
        int num;
        if (!hopt_context_num(&num, s->nums.list[i]))
            return hopt_cli_say_failed(self, HOPT_EXIT_USAGE,
                                       "\"%s\" is no trial number; give 0, 1, 2, ...",
                                       s->nums.list[i]);
        add_num(list, num);
    }
    hopt_trial_query query = {
        .study = context->study->name, .after = -1, .state_mask = 1 << HOPT_ERROR, .brief = true};
    if (s->all && hopt_pages_walk(context->store, &query, each_error, list, NULL, &err) != HOPT_OK)
        return hopt_cli_fail(self, &err);
    return HOPT_EXIT_OK;
}

static int retry_one(const hopt_command *self, hopt_context *context, int num, int *queued) {
    hopt_error err;
    hopt_status status = hopt_store_retry(context->store, context->study->name, num, &err);
    if (status == HOPT_OK) ++*queued;
    if (status == HOPT_ENOTFOUND)
        hopt_error_set(&err, status, "study %s has no trial %d", context->study->name, num);
    if (status == HOPT_ECONFLICT)
        hopt_error_set(&err, status, "trial %d is not in error; only those can be retried", num);
    return status == HOPT_OK ? HOPT_EXIT_OK : hopt_cli_fail(self, &err);
}

static int retry(const hopt_command *self, void *given) {
    const retry_settings *s = given;
    if (s->all == (s->nums.count > 0))
        return hopt_cli_say_failed(self, HOPT_EXIT_USAGE, "give the trials' numbers, or --all");
    hopt_context context;
    num_list list = {0};
    int queued = 0;
    int code = hopt_context_open_study(&context, self, &s->common, s->study, HOPT_CONTEXT_WRITE);
    if (code == HOPT_EXIT_OK) code = wanted_nums(self, s, &context, &list);
    for (size_t i = 0; code == HOPT_EXIT_OK && i < list.count; i++)
        code = retry_one(self, &context, list.nums[i], &queued);
    if (s->common.json && code == HOPT_EXIT_OK)
        hopt_cli_json(json_pack("{s:s, s:i}", "name", context.study->name, "queued", queued));
    if (queued) hopt_cli_note(&s->common, "queued again: %d", queued);
    if (queued && context.study->state != HOPT_STUDY_ACTIVE)
        hopt_cli_note(&s->common,
                      "study %s is %s: nothing is claimed until it is active again (hopt study "
                      "resume, or hopt study set stop.max_trials=N)",
                      context.study->name, hopt_study_state_name(context.study->state));
    free(list.nums);
    hopt_context_close(&context);
    return code;
}

static const char *const retry_description[] = {
    "Puts trials that ended in error back into the queue, with all their attempts.", NULL};
static const hopt_exit_note retry_exits[] = {{HOPT_EXIT_OK, "they are queued"},
                                             {HOPT_EXIT_NOTFOUND, "no such study or trial"},
                                             {HOPT_EXIT_CONFLICT, "a trial is not in error"},
                                             {0}};

const hopt_command hopt_cmd_trials_retry = {.path = "hopt trials retry",
                                            .summary = "queue failed trials again",
                                            .description = retry_description,
                                            .options = retry_options,
                                            .positionals = retry_positionals,
                                            .exits = retry_exits,
                                            .section = 1,
                                            .options_size = sizeof(retry_settings),
                                            .run = retry};

/* ---- add ---- */

typedef struct add_settings {
    hopt_cli_common common;
    const char *study, *file;
} add_settings;

static const hopt_option add_options[] = {HOPT_CLI_STORE(add_settings, HOPT_CLI_STORE_FOUND),
                                          HOPT_CLI_JSON(add_settings),
                                          HOPT_CLI_QUIET(add_settings),
                                          {0}};
static const hopt_positional add_positionals[] = {
    HOPT_CLI_STUDY(add_settings, study, true),
    {.name = "POINT.json",
     .file = "json",
     .offset = offsetof(add_settings, file),
     .help = "a point, or a list of points, as the objective gets them; - is standard input"},
    {0}};

/* Check every point of the file. `points` gets *n times the space's size. */
static int read_points(const hopt_command *self, const hopt_context *context, const char *path,
                       double **points, size_t *n) {
    char *text;
    size_t length;
    json_t *json;
    hopt_error err;
    hopt_errors errors = {0};
    const hopt_space *space = context->spec->space;
    size_t size = (size_t)hopt_space_size(space);
    *n = 0;
    if (hopt_file_read(&text, &length, path, HOPT_JSON_TEXT_MAX, &err) != HOPT_OK) {
        hopt_cli_fail(self, &err);
        return HOPT_EXIT_USAGE;
    }
    if (hopt_json_parse(&json, text, length, HOPT_JSON_COMMENTS, &err) != HOPT_OK) {
        hopt_errors_add(&errors, &err);
        free(text);
        return hopt_cli_fail_file(self, path, &errors);
    }
    bool many = json_is_array(json);
    size_t count = many ? json_array_size(json) : 1;
    *points = hopt_zalloc(count * size + 1, sizeof **points);
    for (size_t i = 0; i < count; i++) {
        char where[24] = "";
        if (many) snprintf(where, sizeof where, "%zu", i);
        if (hopt_space_unresolve(space, *points + i * size, many ? json_array_get(json, i) : json,
                                 text, length, where, &err) != HOPT_OK)
            hopt_errors_add(&errors, &err);
    }
    json_decref(json);
    free(text);
    if (errors.total) return hopt_cli_fail_file(self, path, &errors);
    *n = count;
    return HOPT_EXIT_OK;
}

static const char *cmd_of(const hopt_study_spec *spec) {
    hopt_objective_kind kind = spec->objective.kind;
    return kind == HOPT_OBJECTIVE_SERVER   ? "server"
           : kind == HOPT_OBJECTIVE_PLUGIN ? "plugin"
                                           : "command";
}

/* Queue one point at the first free slot from *num on; *num is where it went. */
static hopt_status add_point(const hopt_context *context, const double *point, int *num,
                             json_t **params, hopt_error *err) {
    for (;; ++*num) {
        hopt_status status = hopt_slots_allowed(context, *num, err);
        if (status != HOPT_OK) return status;
        hopt_trial *trial = hopt_trial_new();
        trial->num = *num;
        trial->seed = hopt_slots_seed(context, *num);
        trial->cmd = hopt_strdup(cmd_of(context->spec));
        trial->vals = hopt_space_vals(context->spec->space, point);
        trial->params = hopt_space_resolve(context->spec->space, point);
        trial->view = json_pack("{s:b}", HOPT_VIEW_GIVEN, 1);
        status = hopt_slots_insert(context, trial, NULL, err);
        if (status == HOPT_OK) *params = json_incref(trial->params);
        hopt_trial_free(trial);
        if (status != HOPT_ECONFLICT) return status;
    }
}

static int add_points(const hopt_command *self, const add_settings *s, hopt_context *context) {
    double *points = NULL;
    size_t n;
    int num;
    hopt_error err;
    size_t size = (size_t)hopt_space_size(context->spec->space);
    int code = read_points(self, context, s->file, &points, &n);
    if (code == HOPT_EXIT_OK && hopt_slots_first(context, &num, &err) != HOPT_OK)
        code = hopt_cli_fail(self, &err);
    for (size_t i = 0; code == HOPT_EXIT_OK && i < n; i++, num++) {
        json_t *params;
        if (add_point(context, points + i * size, &num, &params, &err) != HOPT_OK) {
            code = hopt_cli_fail(self, &err);
            break;
        }
        if (s->common.json)
            hopt_cli_json(json_pack("{s:s, s:i, s:o}", "study", context->study->name, "num", num,
                                    "params", params));
        else
            json_decref(params);
        hopt_cli_note(&s->common, "queued as trial %d", num);
    }
    free(points);
    return code;
}

static int add(const hopt_command *self, void *given) {
    const add_settings *s = given;
    hopt_context context;
    int code = hopt_context_open_study(&context, self, &s->common, s->study, HOPT_CONTEXT_WRITE);
    if (code == HOPT_EXIT_OK) code = add_points(self, s, &context);
    hopt_context_close(&context);
    return code;
}

static const char *const add_description[] = {
    "Queues points of one's own choice, behind what is queued already. They count to the study's "
    "max_trials.",
    NULL};
static const hopt_example add_examples[] = {
    {"echo '{\"model\": {\"_name\": \"svm\", \"C\": 1, \"gamma\": 0.01}, \"scale\": true}' | hopt "
     "trials add digits -",
     "try one point"},
    {0}};
static const hopt_exit_note add_exits[] = {
    {HOPT_EXIT_OK, "they are queued"},
    {HOPT_EXIT_USAGE, "a point is not in the space; nothing was queued"},
    {HOPT_EXIT_NOTFOUND, "no such study"},
    {HOPT_EXIT_CONFLICT, "the study is done, or max_trials is reached"},
    {0}};

const hopt_command hopt_cmd_trials_add = {.path = "hopt trials add",
                                          .summary = "queue points of one's own choice",
                                          .description = add_description,
                                          .options = add_options,
                                          .positionals = add_positionals,
                                          .examples = add_examples,
                                          .exits = add_exits,
                                          .section = 1,
                                          .options_size = sizeof(add_settings),
                                          .run = add};
