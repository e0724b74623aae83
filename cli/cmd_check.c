/* `hopt check`: everything about a study file that can be known without running it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/term.h"
#include "cli/view.h"
#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/json/json.h"
#include "common/sampler/sampler.h"
#include "common/sys/file.h"

enum { SAMPLES = 3 };

typedef struct settings {
    hopt_cli_common common;
    const char *file, *name;
    int64_t seed;
    hopt_texts sets;
} settings;

static const hopt_option options[] = {{.name = "seed",
                                       .type = HOPT_OPTION_INTEGER,
                                       .argument = "N",
                                       .max = INT64_MAX,
                                       .def = "0",
                                       .offset = offsetof(settings, seed),
                                       .help = "seed of the sample points"},
                                      {.name = "name",
                                       .type = HOPT_OPTION_STRING,
                                       .argument = "NAME",
                                       .def_text = "as in the file",
                                       .offset = offsetof(settings, name),
                                       .help = "name of the study"},
                                      HOPT_CLI_SET(settings, sets),
                                      HOPT_CLI_JSON(settings),
                                      HOPT_CLI_QUIET(settings),
                                      {0}};

static const hopt_positional positionals[] = {{.name = "STUDY.json",
                                               .file = "json",
                                               .offset = offsetof(settings, file),
                                               .help = "the study file; - is standard input"},
                                              {0}};

/* Whether a program could be started from `folder`: execvp's rules. */
static bool program_found(const char *program, const char *folder) {
    char *path;
    if (strchr(program, '/')) {
        path = program[0] == '/' ? hopt_strdup(program) : hopt_format("%s/%s", folder, program);
        bool found = access(path, X_OK) == 0;
        free(path);
        return found;
    }
    const char *search = getenv("PATH");
    if (!search) search = "/usr/local/bin:/usr/bin:/bin";
    for (bool more = true; more;) {
        size_t part = strcspn(search, ":");
        path = hopt_format("%.*s%s%s", (int)part, search, part ? "/" : "", program);
        bool found = access(path, X_OK) == 0;
        free(path);
        if (found) return true;
        more = search[part] == ':';
        search += part + 1;
    }
    return false;
}

static char *objective_warning(const hopt_study_spec *spec, const char *file) {
    const hopt_objective *objective = &spec->objective;
    if (objective->kind == HOPT_OBJECTIVE_NONE) return NULL;
    char *folder = strcmp(file, "-") == 0 ? hopt_strdup(".") : hopt_path_folder(file);
    char *warning = NULL;
    if (objective->kind == HOPT_OBJECTIVE_PLUGIN) {
        char *path = hopt_format("%s/%s", folder, objective->plugin);
        if (access(path, R_OK) != 0)
            warning = hopt_format("the plugin %s is not there (hopt-worker looks in its "
                                  "--plugin-dir)",
                                  path);
        free(path);
    } else if (!strchr(objective->argv[0], '{') && !program_found(objective->argv[0], folder)) {
        warning = hopt_format("the objective's program \"%s\" is not found or not executable; "
                              "relative paths count from %s",
                              objective->argv[0], folder);
    }
    free(folder);
    return warning;
}

static bool is_given(const hopt_study_spec *spec, const char *option) {
    return json_object_get(spec->sampler_options, option) != NULL;
}

/* The names of options that the file leaves as they are. New reference. */
static json_t *defaults(const hopt_study_spec *spec, json_t *effective) {
    json_t *names = json_array(), *value;
    const char *option;
    json_object_foreach(effective, option, value) {
        if (!is_given(spec, option)) json_array_append_new(names, json_string(option));
    }
    return names;
}

static json_t *sample(const hopt_study_spec *spec, int64_t seed, uint64_t i) {
    double *point = hopt_zalloc((size_t)hopt_space_size(spec->space) + 1, sizeof *point);
    hopt_space_draw(spec->space, hopt_hash_splitmix64((uint64_t)seed, i), point);
    json_t *resolved = hopt_space_resolve(spec->space, point);
    free(point);
    return resolved;
}

static void print_json(const hopt_study_spec *spec, int64_t seed, const char *warning) {
    json_t *samples = json_array(), *labels = json_object();
    for (uint64_t i = 0; i < SAMPLES; i++)
        json_array_append_new(samples, sample(spec, seed, i));
    for (int i = 0; i < hopt_space_size(spec->space); i++) {
        hopt_buf text = HOPT_BUF_INIT;
        const hopt_param *param = hopt_space_param(spec->space, i);
        hopt_dist_text(&param->dist, &text);
        json_object_set_new(labels, param->label, json_string(hopt_buf_string(&text)));
        hopt_buf_clear(&text);
    }
    json_t *effective = hopt_sampler_effective(spec->sampler, spec->sampler_options);
    hopt_buf objective = HOPT_BUF_INIT;
    hopt_view_objective(&objective, spec);
    char *plan = hopt_sampler_plan(spec->sampler, spec->sampler_options, spec->space);
    hopt_cli_json(json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:s*, s:i, s:i, s:o, s:o, s:s?}",
                            "name", spec->name, "objective", hopt_buf_string(&objective),
                            "direction", spec->maximize ? "maximize" : "minimize", "sampler",
                            spec->sampler, "sampler_options", effective, "sampler_defaults",
                            defaults(spec, effective), "sampler_plan", plan, "max_trials",
                            spec->stop.max_trials, "points", spec->n_points, "parameters", labels,
                            "samples", samples, "warning", warning));
    free(plan);
    hopt_buf_clear(&objective);
}

static void print_line(const char *what, hopt_buf *text) {
    printf("%-10s ", what);
    hopt_term_print(stdout, hopt_buf_string(text));
    putchar('\n');
    hopt_buf_reset(text);
}

static void print_sampler(const hopt_study_spec *spec, hopt_buf *text) {
    hopt_buf_print(text, "%s, ", spec->sampler);
    if (spec->has_seed)
        hopt_buf_print(text, "seed %llu", (unsigned long long)spec->seed);
    else
        hopt_buf_text(text, "seed drawn at the start");
    print_line("sampler", text);
    json_t *effective = hopt_sampler_effective(spec->sampler, spec->sampler_options), *value;
    const char *option;
    json_object_foreach(effective, option, value) {
        hopt_buf_print(text, "%s = ", option);
        hopt_json_print(text, value);
        if (!is_given(spec, option)) hopt_buf_text(text, " (default)");
        print_line("", text);
    }
    json_decref(effective);
    char *plan = hopt_sampler_plan(spec->sampler, spec->sampler_options, spec->space);
    if (plan) {
        hopt_buf_text(text, plan);
        print_line("proposes", text);
    }
    free(plan);
}

static void print_people(const hopt_study_spec *spec, int64_t seed) {
    hopt_buf text = HOPT_BUF_INIT;
    hopt_buf_print(&text, "%s", spec->name);
    print_line("study", &text);
    hopt_view_objective(&text, spec);
    print_line("objective", &text);
    hopt_buf_text(&text, spec->maximize ? "maximize" : "minimize");
    print_line("direction", &text);
    print_sampler(spec, &text);
    hopt_view_stop(&text, spec);
    print_line("ends after", &text);
    hopt_buf_print(&text, "%d given, evaluated first", spec->n_points);
    if (spec->n_points > 0) print_line("points", &text);
    hopt_buf_reset(&text);
    printf("\nspace: %d parameters\n", hopt_space_size(spec->space));
    hopt_space_print_tree(spec->space, &text, hopt_term_utf8());
    hopt_term_print(stdout, hopt_buf_string(&text));
    printf("\nthree points drawn from it:\n");
    for (uint64_t i = 0; i < SAMPLES; i++) {
        json_t *resolved = sample(spec, seed, i);
        hopt_buf_reset(&text);
        hopt_json_print(&text, resolved);
        hopt_term_print(stdout, hopt_buf_string(&text));
        putchar('\n');
        json_decref(resolved);
    }
    hopt_buf_clear(&text);
}

static int check(const hopt_command *self, void *given) {
    const settings *s = given;
    hopt_study_spec *spec;
    int code = hopt_context_load(&spec, self, s->file, s->name, &s->sets);
    if (code != HOPT_EXIT_OK) return code;
    char *warning = objective_warning(spec, s->file);
    if (s->common.json)
        print_json(spec, s->seed, warning);
    else if (!s->common.quiet)
        print_people(spec, s->seed);
    if (warning) hopt_cli_note(&s->common, "%s: warning: %s", self->path, warning);
    free(warning);
    hopt_study_spec_free(spec);
    return code;
}

static const char *const description[] = {
    "Reads and checks a study file and prints what it says: name, objective, direction, sampler "
    "with all its options, those marked that are defaults, which algorithm will propose when, "
    "limits, the space as a tree, and three "
    "points drawn from it as the "
    "objective would get them. Nothing is run and nothing is created.",
    "All independent errors of a file are printed together, each as file:line:column: message.",
    NULL};
static const hopt_example examples[] = {{"hopt check study.json", "is this file right?"}, {0}};
static const hopt_exit_note exits[] = {
    {HOPT_EXIT_OK, "the file is right"}, {HOPT_EXIT_USAGE, "it is not; the errors say why"}, {0}};
static const char *const see_also[] = {"hopt-space(5)", "hopt-run(1)", NULL};

const hopt_command hopt_cmd_check = {.path = "hopt check",
                                     .summary = "check a study file and show its space",
                                     .description = description,
                                     .options = options,
                                     .positionals = positionals,
                                     .examples = examples,
                                     .exits = exits,
                                     .see_also = see_also,
                                     .section = 1,
                                     .options_size = sizeof(settings),
                                     .run = check};
