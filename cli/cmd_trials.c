/* `hopt trials` and `hopt trials list`. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/pages.h"
#include "cli/table.h"
#include "cli/view.h"
#include "common/base/alloc.h"
#include "common/base/time.h"

typedef struct settings {
    hopt_cli_common common;
    const char *study, *sort;
    hopt_texts states;
    int64_t limit, after;
} settings;

static const hopt_option options[] = {
    {.name = "limit",
     .letter = 'n',
     .type = HOPT_OPTION_INTEGER,
     .argument = "N",
     .max = HOPT_TRIALS_MAX,
     .def = "30",
     .offset = offsetof(settings, limit),
     .help = "at most so many: the last ones, or from --after on the first ones, or with --sort "
             "loss the best ones; 0: all"},
    {.name = "after",
     .type = HOPT_OPTION_INTEGER,
     .argument = "NUM",
     .min = -2,
     .max = HOPT_TRIALS_MAX,
     .def = "-2",
     .def_text = "the last ones",
     .offset = offsetof(settings, after),
     .help = "begin behind this trial; -1: from the first one on"},
    {.name = "state",
     .type = HOPT_OPTION_STRING,
     .argument = "STATE",
     .repeatable = true,
     .offset = offsetof(settings, states),
     .help = "only trials that are new, running, done, error or cancel"},
    {.name = "sort",
     .type = HOPT_OPTION_CHOICE,
     .argument = "BY",
     .choices = "num|loss",
     .def = "num",
     .offset = offsetof(settings, sort),
     .help = "order"},
    HOPT_CLI_STORE(settings, HOPT_CLI_STORE_FOUND),
    HOPT_CLI_JSON(settings),
    HOPT_CLI_QUIET(settings),
    {0}};
static const hopt_positional positionals[] = {HOPT_CLI_STUDY(settings, study, true), {0}};

static const char *const headings[] = {"NUM", "STATE", "LOSS", "TIME", "WORKER", "PARAMETERS"};

static void add_row(hopt_table *table, const hopt_study_spec *spec, const hopt_trial *trial) {
    hopt_buf text = HOPT_BUF_INIT;
    const hopt_result *result = &trial->result;
    bool fail = trial->state == HOPT_DONE && !result->ok;
    hopt_style style = trial->state == HOPT_ERROR     ? HOPT_STYLE_BAD
                       : fail                         ? HOPT_STYLE_WARN
                       : trial->state == HOPT_RUNNING ? HOPT_STYLE_GOOD
                       : trial->state == HOPT_DONE    ? HOPT_STYLE_PLAIN
                                                      : HOPT_STYLE_DIM;
    hopt_table_cell(table, "%d", trial->num);
    hopt_table_styled(table, style, fail ? "fail" : hopt_state_name(trial->state));
    char number[32] = "-", time[64] = "-";
    if (result->has_loss && hopt_state_terminal(trial->state))
        hopt_cli_number(number, hopt_context_loss(spec, result->loss));
    hopt_table_cell(table, "%s", number);
    if (hopt_state_terminal(trial->state) && trial->state != HOPT_CANCEL)
        hopt_time_duration(time, sizeof time, result->ms);
    hopt_table_cell(table, "%s", time);
    hopt_table_styled(table, HOPT_STYLE_PLAIN, trial->worker ? trial->worker : "-");
    hopt_view_params_line(&text, spec, trial);
    if (trial->state == HOPT_ERROR || fail) {
        hopt_buf_text(&text, text.length ? "  " : "");
        hopt_view_reason(&text, trial);
    }
    hopt_table_styled(table, HOPT_STYLE_PLAIN, hopt_buf_string(&text));
    hopt_buf_clear(&text);
}

typedef struct row {
    int num;
    double loss;
} row;

typedef struct listing {
    const settings *settings;
    const hopt_context *context;
    hopt_table *table; /* NULL: JSON lines */
    row *rows;         /* sort by loss */
    size_t count, capacity;
} listing;

static void print_one(const listing *l, const hopt_trial *trial) {
    if (l->table)
        add_row(l->table, l->context->spec, trial);
    else
        hopt_cli_json(hopt_trial_json(trial, l->context->spec->maximize));
}

static bool each_by_num(void *data, const hopt_trial *trial) {
    print_one(data, trial);
    return true;
}

static bool each_by_loss(void *data, const hopt_trial *trial) {
    listing *l = data;
    const hopt_result *result = &trial->result;
    bool has = hopt_state_terminal(trial->state) && result->has_loss;
    l->rows = hopt_grow(l->rows, l->count, &l->capacity, sizeof *l->rows);
    l->rows[l->count++] = (row){trial->num, has ? result->loss : INFINITY};
    return true;
}

static int by_loss(const void *left, const void *right) {
    const row *a = left, *b = right;
    if (a->loss != b->loss) return a->loss < b->loss ? -1 : 1;
    return (a->num > b->num) - (a->num < b->num);
}

/* Keep num and loss of all, then read the chosen ones whole. */
static hopt_status list_by_loss(listing *l, const hopt_trial_query *query, hopt_error *err) {
    hopt_trial_query brief = *query;
    brief.brief = true;
    brief.limit = 0;
    hopt_status status = hopt_pages_walk(l->context->store, &brief, each_by_loss, l, NULL, err);
    if (status != HOPT_OK) return status;
    if (l->count) qsort(l->rows, l->count, sizeof *l->rows, by_loss);
    size_t n =
        query->limit > 0 && l->count > (size_t)query->limit ? (size_t)query->limit : l->count;
    for (size_t i = 0; i < n && status == HOPT_OK; i++) {
        hopt_trial *trial;
        status = hopt_store_trial(l->context->store, &trial, query->study, l->rows[i].num, err);
        if (status == HOPT_OK) print_one(l, trial);
        if (status == HOPT_OK) hopt_trial_free(trial);
        if (status == HOPT_ENOTFOUND) status = HOPT_OK; /* deleted meanwhile */
    }
    return status;
}

/* The state mask of --state, or -1. */
static int mask_of(const hopt_command *self, const hopt_texts *states) {
    int mask = 0;
    for (size_t i = 0; i < states->count; i++) {
        hopt_state state;
        if (!hopt_state_parse(&state, states->list[i])) {
            hopt_cli_say_failed(self, HOPT_EXIT_USAGE,
                                "option --state: \"%s\" is not valid; give one of new, running, "
                                "done, error, cancel",
                                states->list[i]);
            return -1;
        }
        mask |= 1 << state;
    }
    return mask;
}

/* The num behind which the last `limit` trials of the wanted states lie. With no state given only
 * the end is walked: of `total` trials at least `limit` lie behind num total - limit - 1. */
static hopt_status last_ones(listing *l, hopt_trial_query *query, hopt_error *err) {
    listing nums = {.context = l->context};
    hopt_trial_query brief = *query;
    brief.brief = true;
    brief.limit = 0;
    if (!query->state_mask) {
        int64_t counts[HOPT_STATES], total = 0;
        hopt_status status = hopt_store_counts(l->context->store, query->study, counts, err);
        if (status != HOPT_OK) return status;
        for (int i = 0; i < HOPT_STATES; i++)
            total += counts[i];
        if (total > query->limit) query->after = brief.after = (int)(total - query->limit - 1);
    }
    hopt_status status = hopt_pages_walk(l->context->store, &brief, each_by_loss, &nums, NULL, err);
    if (nums.count > (size_t)query->limit)
        query->after = nums.rows[nums.count - (size_t)query->limit - 1].num;
    free(nums.rows);
    return status;
}

static int list(const hopt_command *self, void *given) {
    const settings *s = given;
    hopt_context context;
    hopt_error err;
    int mask = mask_of(self, &s->states);
    if (mask < 0) return HOPT_EXIT_USAGE;
    int code = hopt_context_open_study(&context, self, &s->common, s->study, HOPT_CONTEXT_READ);
    if (code == HOPT_EXIT_OK) {
        listing l = {.settings = s, .context = &context};
        hopt_trial_query query = {.study = context.study->name,
                                  .after = s->after < -1 ? -1 : (int)s->after,
                                  .limit = (int)s->limit,
                                  .state_mask = mask};
        if (!s->common.json) l.table = hopt_table_new(headings, "rlrrll");
        hopt_status status = HOPT_OK;
        bool sorted = strcmp(s->sort, "loss") == 0;
        if (!sorted && s->after < -1 && s->limit > 0) status = last_ones(&l, &query, &err);
        if (status == HOPT_OK)
            status = sorted ? list_by_loss(&l, &query, &err)
                            : hopt_pages_walk(context.store, &query, each_by_num, &l, NULL, &err);
        if (l.table) hopt_table_print(l.table, stdout);
        if (status != HOPT_OK) code = hopt_cli_fail(self, &err);
        free(l.rows);
    }
    hopt_context_close(&context);
    return code;
}

static const hopt_example examples[] = {
    {"hopt trials list --state error", "which trials failed, and why"},
    {"hopt trials list --sort loss -n 5", "the five best"},
    {"hopt trials list digits -n 0 --json | jq .loss", "every loss, for a program"},
    {0}};

const hopt_command hopt_cmd_trials_list = {.path = "hopt trials list",
                                           .summary = "list trials of a study",
                                           .options = options,
                                           .positionals = positionals,
                                           .examples = examples,
                                           .section = 1,
                                           .options_size = sizeof(settings),
                                           .run = list};

static const hopt_command *const commands[] = {&hopt_cmd_trials_list, &hopt_cmd_trials_show,
                                               &hopt_cmd_trials_retry, &hopt_cmd_trials_add, NULL};

const hopt_command hopt_cmd_trials = {.path = "hopt trials",
                                      .summary = "list, show, retry and add trials",
                                      .section = 1,
                                      .commands = commands};
