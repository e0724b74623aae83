/* `hopt replay`: repeat every proposal of a study and compare it with what was recorded. */
#include <math.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/pages.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/term.h"
#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/sys/clock.h"
#include "master/replay.h"

/* How many differences people are shown; programs get all that are kept. */
enum { SHOWN = 10 };
/* From so many proposals on the progress is shown. */
enum { LONG_WORK = 1000 };

typedef struct settings {
    hopt_cli_common common;
    const char *study;
    int64_t from, to;
} settings;

static const hopt_option options[] = {{.name = "from",
                                       .type = HOPT_OPTION_INTEGER,
                                       .argument = "NUM",
                                       .max = HOPT_TRIALS_MAX,
                                       .def = "0",
                                       .offset = offsetof(settings, from),
                                       .help = "check this trial and those of higher numbers only"},
                                      {.name = "to",
                                       .type = HOPT_OPTION_INTEGER,
                                       .argument = "NUM",
                                       .min = -1,
                                       .max = HOPT_TRIALS_MAX,
                                       .def = "-1",
                                       .def_text = "the last one",
                                       .offset = offsetof(settings, to),
                                       .help = "check this trial and those of lower numbers only"},
                                      HOPT_CLI_STORE(settings, HOPT_CLI_STORE_FOUND),
                                      HOPT_CLI_JSON(settings),
                                      HOPT_CLI_QUIET(settings),
                                      {0}};
static const hopt_positional positionals[] = {HOPT_CLI_STUDY(settings, study, true), {0}};

typedef struct replaying {
    const settings *settings;
    hopt_context context;
    hopt_replay *replay;
    int64_t malformed; /* trials that can't be read */
} replaying;

/* ---- the records ---- */

static bool each(void *data, const hopt_trial *trial) {
    replaying *self = data;
    hopt_replay_add(self->replay, trial);
    return true;
}

/* What may have changed while the pages were read (see hopt_replay_unsettled()). */
static hopt_status read_again(replaying *self, const int *nums, size_t count, hopt_error *err) {
    hopt_status status = HOPT_OK;
    for (size_t from = 0; from < count && status == HOPT_OK; from += HOPT_PAGE) {
        size_t n = count - from < HOPT_PAGE ? count - from : HOPT_PAGE;
        hopt_trials trials = {0};
        status = hopt_store_trials_by_num(self->context.store, &trials, self->context.study->name,
                                          nums + from, n, err);
        for (size_t i = 0; i < trials.count; i++)
            hopt_replay_add(self->replay, trials.list[i]);
        hopt_trials_clear(&trials);
    }
    return status;
}

static hopt_status read_records(replaying *self, hopt_error *err) {
    hopt_trial_query query = {.study = self->context.study->name, .after = -1};
    hopt_status status =
        hopt_pages_walk(self->context.store, &query, each, self, &self->malformed, err);
    if (status != HOPT_OK) return status;
    int *nums;
    size_t count = hopt_replay_unsettled(self->replay, &nums);
    status = read_again(self, nums, count, err);
    free(nums);
    return status;
}

/* ---- what differs ---- */

static bool differs(const hopt_replay_difference *difference, int i) {
    double a = difference->recorded ? difference->recorded[i] : (double)NAN;
    double b = difference->repeated ? difference->repeated[i] : (double)NAN;
    if (isnan(a) || isnan(b)) return isnan(a) != isnan(b);
    return a != b || signbit(a) != signbit(b);
}

static void value_text(hopt_buf *out, const hopt_space *space, const double *point, int i) {
    char number[HOPT_JSON_NUMBER];
    hopt_buf_reset(out);
    hopt_dist_kind kind = hopt_space_param(space, i)->dist.kind;
    if (!point || isnan(point[i])) {
        hopt_buf_text(out, "-");
    } else if (kind == HOPT_CHOICE || kind == HOPT_PCHOICE) {
        hopt_space_option_text(space, i, (int)point[i], out);
    } else {
        hopt_json_number(number, point[i]);
        hopt_buf_text(out, number);
    }
}

static void print_table(const hopt_space *space, const hopt_replay_difference *list, size_t n) {
    static const char *const headings[] = {"NUM", "PARAMETER", "RECORDED", "REPEATED"};
    hopt_table *table = hopt_table_new(headings, "rlll");
    hopt_buf text = HOPT_BUF_INIT;
    for (size_t k = 0; k < n; k++) {
        for (int i = 0; i < hopt_space_size(space); i++) {
            if (!differs(&list[k], i)) continue;
            hopt_table_cell(table, "%d", list[k].num);
            hopt_table_styled(table, HOPT_STYLE_PLAIN, hopt_space_param(space, i)->label);
            value_text(&text, space, list[k].recorded, i);
            hopt_table_styled(table, HOPT_STYLE_PLAIN, hopt_buf_string(&text));
            value_text(&text, space, list[k].repeated, i);
            hopt_table_styled(table, HOPT_STYLE_PLAIN, hopt_buf_string(&text));
        }
    }
    hopt_buf_clear(&text);
    hopt_table_print(table, stdout);
}

static json_t *value_json(const double *point, int i) {
    return point && !isnan(point[i]) ? json_real(point[i]) : json_null();
}

/* The probable reasons, most telling first, one text each. New reference. */
static json_t *reasons(const hopt_replay_difference *difference) {
    json_t *list = json_array();
    unsigned why = difference->why;
    if (why & HOPT_REPLAY_CHANGED)
        json_array_append_new(list, json_string("its record was changed after it was proposed: "
                                                "later proposals saw the repeated values"));
    if (why & HOPT_REPLAY_NOT_IN_SPACE)
        json_array_append_new(list, json_string("the recorded values do not fit the space"));
    if (why & HOPT_REPLAY_PARAMS)
        json_array_append_new(list, json_string("its values and the parameters that the objective "
                                                "got contradict each other"));
    if (why & HOPT_REPLAY_NOTHING)
        json_array_append_new(list,
                              json_sprintf("repeated, there is nothing: %s", difference->message));
    if (why & HOPT_REPLAY_MISSING)
        json_array_append_new(list, json_sprintf("trial %d, which it knew, can't be read any more",
                                                 difference->missing));
    if (why & HOPT_REPLAY_VERSION)
        json_array_append_new(list, json_sprintf("hopt %s proposed it, and this is hopt %s",
                                                 difference->version, HOPT_VERSION));
    if (why & HOPT_REPLAY_NO_VIEW)
        json_array_append_new(
            list, json_string("it is by an early version of hopt, which did not record the "
                              "sampler's options, retried trials and given points"));
    if (why & HOPT_REPLAY_SEED)
        json_array_append_new(list, json_string("its seed is not the study's for this number: it "
                                                "was changed, or the study's points were"));
    if (json_array_size(list) == 0)
        json_array_append_new(list,
                              json_string("its record, or a trial that it saw, was changed; or "
                                          "another build of hopt or machine proposed it"));
    return list;
}

static void print_reasons(const hopt_replay_difference *difference) {
    json_t *list = reasons(difference);
    hopt_buf text = HOPT_BUF_INIT;
    hopt_buf_print(&text, "trial %d: ", difference->num);
    for (size_t i = 0; i < json_array_size(list); i++)
        hopt_buf_print(&text, "%s%s", i ? "; " : "", json_string_value(json_array_get(list, i)));
    hopt_buf_char(&text, '\n');
    hopt_term_print(stdout, hopt_buf_string(&text));
    hopt_buf_clear(&text);
    json_decref(list);
}

static json_t *difference_json(const hopt_space *space, const hopt_replay_difference *difference) {
    json_t *values = json_object();
    for (int i = 0; i < hopt_space_size(space); i++) {
        if (!differs(difference, i)) continue;
        json_object_set_new(values, hopt_space_param(space, i)->label,
                            json_pack("{s:o, s:o}", "recorded", value_json(difference->recorded, i),
                                      "repeated", value_json(difference->repeated, i)));
    }
    return json_pack("{s:i, s:o, s:o}", "num", difference->num, "values", values, "reasons",
                     reasons(difference));
}

/* ---- the result ---- */

static void print_json(const replaying *self, const hopt_replay_counts *counts) {
    size_t n;
    const hopt_replay_difference *list = hopt_replay_differences(self->replay, &n);
    for (size_t i = 0; i < n; i++)
        hopt_cli_json(difference_json(self->context.spec->space, &list[i]));
    hopt_cli_json(json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "study", self->context.study->name, "checked",
        (json_int_t)counts->same + (json_int_t)counts->different, "same", (json_int_t)counts->same,
        "different", (json_int_t)counts->different, "given", (json_int_t)counts->given,
        "not_repeatable", (json_int_t)counts->foreign, "unreadable", (json_int_t)self->malformed));
}

static void print_count(const char *what, int64_t count, const char *more) {
    printf("%-15s %lld%s\n", what, (long long)count, more);
}

static void print_counts(const replaying *self, const hopt_replay_counts *counts) {
    bool bad = counts->different > 0;
    int64_t all = counts->same + counts->different;
    char *text = bad       ? hopt_format("%lld proposals, %lld not as recorded", (long long)all,
                                         (long long)counts->different)
                 : all > 0 ? hopt_format("%lld proposals, all as recorded", (long long)all)
                           : hopt_strdup("no proposal");
    const char *style = hopt_term_style(stdout, bad ? HOPT_STYLE_BAD : HOPT_STYLE_GOOD);
    printf("%-15s %s\n%-15s %s%s%s\n", "study", self->context.study->name, "repeated", style, text,
           hopt_term_style(stdout, HOPT_STYLE_PLAIN));
    free(text);
    if (counts->given) print_count("given points", counts->given, ", not the sampler's");
    if (counts->foreign) {
        text = hopt_format(", which hopt did not propose and can't repeat; the first is %d",
                           counts->first_foreign);
        print_count("without a seed", counts->foreign, text);
        free(text);
    }
    if (self->malformed) print_count("damaged", self->malformed, ", which can't be read");
}

static void print_people(const replaying *self, const hopt_replay_counts *counts) {
    size_t n;
    const hopt_replay_difference *list = hopt_replay_differences(self->replay, &n);
    print_counts(self, counts);
    if (n > SHOWN) n = SHOWN;
    if (n == 0) return;
    putchar('\n');
    print_table(self->context.spec->space, list, n);
    putchar('\n');
    for (size_t i = 0; i < n; i++)
        print_reasons(&list[i]);
    if (counts->different > (int64_t)n)
        printf("and %lld more\n", (long long)counts->different - (long long)n);
}

/* ---- the command ---- */

static void repeat_all(const hopt_context *context, const settings *s, hopt_replay *replay) {
    hopt_progress_state shown = {.name = context->study->name, .running = -1, .left_ms = -1};
    int to = s->to < 0 ? HOPT_TRIALS_MAX : (int)s->to;
    shown.total = hopt_replay_begin(replay, (int)s->from, to);
    bool quiet = s->common.quiet || s->common.json || shown.total < LONG_WORK;
    hopt_progress *progress = hopt_progress_new(shown.name, quiet, hopt_clock_mono_ms());
    while (hopt_replay_next(replay)) {
        int64_t now_ms = hopt_clock_mono_ms();
        shown.done++;
        hopt_progress_set(progress, &shown, now_ms);
        hopt_progress_tick(progress, now_ms);
    }
    hopt_progress_end(progress, hopt_clock_mono_ms());
}

static int say_result(const hopt_command *self, const replaying *work) {
    hopt_replay_counts counts = hopt_replay_count(work->replay);
    const char *name = work->context.study->name;
    if (work->settings->common.json)
        print_json(work, &counts);
    else
        print_people(work, &counts);
    if (counts.same + counts.different == 0 && counts.foreign)
        return hopt_cli_say_failed(self, HOPT_EXIT_FAILED,
                                   "study %s: hopt proposed none of these trials, so they have no "
                                   "seed to repeat anything from",
                                   name);
    return counts.different || work->malformed ? HOPT_EXIT_FAILED : HOPT_EXIT_OK;
}

static int replay(const hopt_command *self, void *given) {
    const settings *s = given;
    replaying work = {.settings = s};
    hopt_error err;
    int code =
        hopt_context_open_study(&work.context, self, &s->common, s->study, HOPT_CONTEXT_READ);
    if (code == HOPT_EXIT_OK) {
        work.replay = hopt_replay_new(work.context.spec, work.context.study->seed);
        hopt_status status = read_records(&work, &err);
        if (status == HOPT_OK) repeat_all(&work.context, s, work.replay);
        code = status == HOPT_OK ? say_result(self, &work) : hopt_cli_fail(self, &err);
    }
    hopt_replay_free(work.replay);
    hopt_context_close(&work.context);
    return code;
}

static const char *const description[] = {
    "Repeats every proposal of a study and compares it with the recorded one, bit for bit. A "
    "trial's "
    "record holds its seed and what was known when it was proposed: with the study's sampler that "
    "makes the same point again, however many masters and workers there were and whatever was "
    "killed, retried, pruned or asked for in between.",
    "Points of the study file and of \"hopt trials add\" were not proposed and are counted only; "
    "so "
    "are trials that another program brought, which have no seed. A study that runs is checked as "
    "far as it is.",
    "Where a proposal differs, its values and the probable reasons are shown. The results that a "
    "proposal saw count too: a loss that was changed later makes proposals after it differ.",
    NULL};
static const hopt_example examples[] = {
    {"hopt replay digits", "did every trial come about as recorded?"},
    {"hopt replay digits --from 100 --to 120 --json", "some of them, for programs"},
    {0}};
static const hopt_exit_note exits[] = {
    {HOPT_EXIT_OK, "every proposal is the recorded one"},
    {HOPT_EXIT_FAILED, "some differ, some can't be read, or none has a seed"},
    {HOPT_EXIT_STORE, "the store can't be reached"},
    {HOPT_EXIT_NOTFOUND, "no such study"},
    {0}};
static const char *const see_also[] = {"hopt-export(1)", "hopt-check(1)", "hopt-suggest(1)", NULL};

const hopt_command hopt_cmd_replay = {.path = "hopt replay",
                                      .summary = "repeat a study's proposals and compare",
                                      .description = description,
                                      .options = options,
                                      .positionals = positionals,
                                      .examples = examples,
                                      .exits = exits,
                                      .see_also = see_also,
                                      .section = 1,
                                      .options_size = sizeof(settings),
                                      .run = replay};
