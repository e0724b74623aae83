/* `hopt suggest`: a sampler with no store. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/explain.h"
#include "cli/term.h"
#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/sampler/sampler.h"
#include "master/proposer.h"

typedef struct settings {
    hopt_cli_common common;
    const char *file, *history, *sampler;
    int64_t n, seed;
    bool explain;
    hopt_texts sets;
} settings;

static const hopt_option options[] = {
    {.name = "history",
     .type = HOPT_OPTION_STRING,
     .argument = "FILE",
     .file = "",
     .def_text = "no history",
     .offset = offsetof(settings, history),
     .help = "trials so far, a JSON object a line as hopt export prints them; - is standard input"},
    {.name = "n",
     .letter = 'n',
     .type = HOPT_OPTION_INTEGER,
     .argument = "N",
     .min = 1,
     .max = HOPT_TRIALS_MAX,
     .def = "1",
     .offset = offsetof(settings, n),
     .help = "how many points; each counts as running for the next ones"},
    {.name = "seed",
     .type = HOPT_OPTION_INTEGER,
     .argument = "N",
     .min = -1,
     .max = INT64_MAX,
     .def = "-1",
     .def_text = "the study's, else 0",
     .offset = offsetof(settings, seed),
     .help = "seed of the first point; the next ones have the next seeds"},
    {.name = "sampler",
     .type = HOPT_OPTION_STRING,
     .argument = "NAME",
     .def_text = "as in the file, else auto",
     .offset = offsetof(settings, sampler),
     .help = "the sampler: auto, gp, tpe, random, hyperopt, anneal, mix"},
    {.name = "explain",
     .type = HOPT_OPTION_FLAG,
     .offset = offsetof(settings, explain),
     .help = "say why each point is proposed, as text; with --json as the member \"explain\""},
    HOPT_CLI_SET(settings, sets),
    HOPT_CLI_JSON(settings),
    HOPT_CLI_QUIET(settings),
    {0}};
static const hopt_positional positionals[] = {{.name = "STUDY.json",
                                               .file = "json",
                                               .offset = offsetof(settings, file),
                                               .help = "the study file"},
                                              {0}};

typedef struct suggesting {
    const hopt_study_spec *spec;
    hopt_sampler *sampler;
    double *point;
    int64_t max_num;
    struct seen_line {
        int64_t num;
        int line;
    } * seen; /* which line has which trial */
    size_t n_seen, seen_capacity;
} suggesting;

static int by_num(const void *left, const void *right) {
    const struct seen_line *a = left, *b = right;
    if (a->num != b->num) return a->num < b->num ? -1 : 1;
    return (a->line > b->line) - (a->line < b->line);
}

/* A trial that two lines have is an error of the second one. */
static void find_twice(suggesting *self, hopt_errors *errors) {
    if (self->n_seen) qsort(self->seen, self->n_seen, sizeof *self->seen, by_num);
    for (size_t i = 1; i < self->n_seen; i++) {
        const struct seen_line *first = &self->seen[i - 1], *again = &self->seen[i];
        if (first->num != again->num) continue;
        hopt_error err = {0};
        hopt_error_set(&err, HOPT_EINVAL, "trial %lld is there twice: line %d has it too",
                       (long long)again->num, first->line);
        err.line = again->line;
        hopt_errors_add(errors, &err);
    }
}

/* Take up one line of the history. */
static hopt_status add_line(suggesting *self, int number, const char *line, size_t length,
                            hopt_error *err) {
    json_t *json;
    hopt_trial *trial;
    hopt_status status = hopt_json_parse(&json, line, length, HOPT_JSON_NAN, err);
    if (status != HOPT_OK) return status;
    status = hopt_trial_from_json(&trial, json, self->spec->maximize, err);
    json_decref(json);
    if (status != HOPT_OK) return status;
    status = hopt_space_from_vals(self->spec->space, self->point, trial->vals, err);
    if (status == HOPT_OK) {
        if (hopt_state_terminal(trial->state)) {
            hopt_observation seen = hopt_proposer_observation(trial, self->point);
            hopt_sampler_add(self->sampler, &seen);
        } else {
            hopt_sampler_pend(self->sampler, trial->num, self->point);
        }
        if (trial->num > self->max_num) self->max_num = trial->num;
        self->seen = hopt_grow(self->seen, self->n_seen, &self->seen_capacity, sizeof *self->seen);
        self->seen[self->n_seen++] = (struct seen_line){trial->num, number};
    }
    hopt_trial_free(trial);
    return status;
}

static int read_history(const hopt_command *self, const settings *s, suggesting *work) {
    bool is_stdin = strcmp(s->history, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(s->history, "re");
    if (!file)
        return hopt_cli_say_failed(self, HOPT_EXIT_USAGE, "%s: %s", s->history, strerror(errno));
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    hopt_errors errors = {0};
    for (int n = 1; (length = getline(&line, &capacity, file)) >= 0; n++) {
        hopt_error err = {0};
        if (line[strspn(line, " \t\r\n")] == '\0' && strlen(line) == (size_t)length) continue;
        if (add_line(work, n, line, (size_t)length, &err) == HOPT_OK) continue;
        err.line = n;
        hopt_errors_add(&errors, &err);
    }
    find_twice(work, &errors);
    bool broken = ferror(file);
    free(line);
    if (!is_stdin) fclose(file);
    if (broken) return hopt_cli_say_failed(self, HOPT_EXIT_FAILED, "%s: can't be read", s->history);
    return errors.total ? hopt_cli_fail_file(self, s->history, &errors) : HOPT_EXIT_OK;
}

/* Losses as the user sees them. */
static void restore_sign(json_t *explain) {
    size_t i;
    json_t *trial;
    json_array_foreach(json_object_get(explain, "good"), i, trial) {
        json_t *loss = json_object_get(trial, "loss");
        if (json_is_real(loss)) json_real_set(loss, -json_real_value(loss));
    }
}

static json_t *suggestion(const suggesting *work, int64_t num, json_t *explain) {
    json_t *json = json_pack("{s:I, s:I, s:o, s:o}", "num", (json_int_t)num, "tid", (json_int_t)num,
                             "vals", hopt_space_vals(work->spec->space, work->point), "params",
                             hopt_space_resolve(work->spec->space, work->point));
    if (explain && work->spec->maximize) restore_sign(explain);
    if (explain) json_object_set_new(json, "explain", explain);
    return json;
}

static void print_explained(const suggesting *work, json_t *json) {
    hopt_buf text = HOPT_BUF_INIT;
    hopt_explain_text(&text, json, work->spec->space, hopt_term_utf8());
    hopt_term_print(stdout, hopt_buf_string(&text));
    hopt_buf_clear(&text);
    json_decref(json);
}

static int print_points(const hopt_command *self, const settings *s, suggesting *work,
                        uint64_t seed) {
    hopt_error err;
    for (int64_t i = 0; i < s->n; i++) {
        int64_t num = work->max_num + 1 + i;
        uint64_t its_seed = seed + (uint64_t)i;
        json_t *explain = s->explain ? hopt_sampler_explain(work->sampler, its_seed, num) : NULL;
        if (hopt_sampler_suggest(work->sampler, its_seed, num, work->point, &err) != HOPT_OK) {
            json_decref(explain);
            return hopt_cli_fail(self, &err);
        }
        json_t *json = suggestion(work, num, explain);
        if (s->explain && !s->common.json)
            print_explained(work, json);
        else
            hopt_cli_json(json);
        hopt_sampler_pend(work->sampler, num, work->point);
    }
    return HOPT_EXIT_OK;
}

static int suggest(const hopt_command *self, void *given) {
    const settings *s = given;
    hopt_study_spec *spec;
    hopt_error err;
    hopt_texts sets = {0};
    char *name = s->sampler ? hopt_format("sampler.name=%s", s->sampler) : NULL;
    for (size_t i = 0; i < s->sets.count + (name != NULL); i++) {
        sets.list = hopt_grow(sets.list, sets.count, &sets.capacity, sizeof *sets.list);
        sets.list[sets.count++] = i < s->sets.count ? s->sets.list[i] : name;
    }
    int code = hopt_context_load(&spec, self, s->file, NULL, &sets);
    if (code == HOPT_EXIT_OK) {
        suggesting work = {.spec = spec, .max_num = -1};
        uint64_t seed = s->seed >= 0 ? (uint64_t)s->seed : spec->has_seed ? spec->seed : 0;
        work.point = hopt_zalloc((size_t)hopt_space_size(spec->space) + 1, sizeof(double));
        if (hopt_sampler_open(&work.sampler, spec->sampler, spec->space, spec->sampler_options,
                              seed, &err) != HOPT_OK)
            code = hopt_cli_fail(self, &err);
        if (code == HOPT_EXIT_OK && s->history) code = read_history(self, s, &work);
        if (code == HOPT_EXIT_OK) code = print_points(self, s, &work, seed);
        hopt_sampler_close(work.sampler);
        free(work.point);
        free(work.seen);
    }
    hopt_study_spec_free(spec);
    free(sets.list);
    free(name);
    return code;
}

static const char *const description[] = {
    "Proposes points for a study file and a history of trials, with no store: for other programs' "
    "loops, and to see what a sampler does. The same file, history and seed give the same points.",
    "Prints one JSON object a line with num, tid, vals (by label, as hyperopt has them) and params "
    "(as the objective gets them). A line of the history needs tid or num, vals, and status with "
    "loss; whole trial documents of MongoDB are read too.",
    "With --explain the sampler says why: which trials count as good, for each label the density "
    "of "
    "the good trials and of the others (relative to the prior's), the candidates with their "
    "scores, "
    "and which one won. hopt plot explain draws it.",
    NULL};
static const hopt_example examples[] = {
    {"hopt suggest study.json --history trials.jsonl -n 8 --seed 7", "the next eight points"},
    {"hopt export digits | hopt suggest digits.json --history -", "what would come next"},
    {"hopt export digits | hopt suggest digits.json --history - --explain", "and why"},
    {0}};
static const hopt_exit_note exits[] = {{HOPT_EXIT_OK, "printed"},
                                       {HOPT_EXIT_USAGE, "bad usage, a bad study file or history"},
                                       {HOPT_EXIT_NOTFOUND, "a finite space is used up"},
                                       {0}};

const hopt_command hopt_cmd_suggest = {.path = "hopt suggest",
                                       .summary = "propose points with no store",
                                       .description = description,
                                       .options = options,
                                       .positionals = positionals,
                                       .examples = examples,
                                       .exits = exits,
                                       .section = 1,
                                       .options_size = sizeof(settings),
                                       .run = suggest};
