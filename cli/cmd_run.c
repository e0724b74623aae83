/* `hopt run`: from a study file to its best trial, on this machine. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/run.h"
#include "common/base/alloc.h"
#include "common/program/program.h"
#include "common/sampler/sampler.h"
#include "common/store/sink.h"
#include "common/sys/file.h"
#include "common/sys/log.h"
#include "master/enroll.h"
#include "master/sinks/mlflow_options.h"
#include "worker/sandbox.h"
#include "worker/setup.h"

#define AT(field) .offset = offsetof(hopt_run_settings, field)
#define YEAR_MS (INT64_C(366) * 24 * 3600 * 1000)

static const hopt_option options[] = {
    {.name = "jobs",
     .letter = 'j',
     .type = HOPT_OPTION_INTEGER,
     .argument = "N",
     .min = 1,
     .max = 1024,
     .def = "1",
     AT(slots),
     .help = "how many trials to evaluate at the same time"},
    {.name = "max-trials",
     .type = HOPT_OPTION_INTEGER,
     .argument = "N",
     .min = 1,
     .max = HOPT_TRIALS_MAX,
     .def_text = "as in the file",
     AT(max_trials),
     .help = "end after so many trials; a higher number goes on with a finished study"},
    {.name = "timeout",
     .type = HOPT_OPTION_DURATION,
     .argument = "TIME",
     .min = 1,
     .max = YEAR_MS,
     .def_text = "as in the file",
     AT(timeout_ms),
     .help = "end the study after so much active time, e.g. 90s, 5m, 1.5h"},
    {.name = "seed",
     .type = HOPT_OPTION_INTEGER,
     .argument = "N",
     .min = -1,
     .max = INT64_MAX,
     .def = "-1",
     .def_text = "as in the file, else drawn",
     AT(seed),
     .help = "seed of the sampler"},
    {.name = "sampler",
     .type = HOPT_OPTION_STRING,
     .argument = "NAME",
     .def_text = "as in the file, else auto",
     AT(sampler),
     .help = "the sampler, without options: auto, gp, tpe, random, hyperopt, anneal, mix"},
    {.name = "name",
     .type = HOPT_OPTION_STRING,
     .argument = "NAME",
     .def_text = "as in the file",
     AT(name),
     .help = "name of the study; another name is another study"},
    HOPT_CLI_SET(hopt_run_settings, sets),
    HOPT_CLI_STORE(hopt_run_settings, "sqlite:./NAME.hopt.db"),
    {.name = "cwd",
     .type = HOPT_OPTION_STRING,
     .argument = "DIR",
     .def_text = "the study file's folder",
     .file = "",
     AT(cwd),
     .help = "working directory of the objective"},
    {.name = "gpus",
     .type = HOPT_OPTION_STRING,
     .argument = "LIST",
     .def_text = "CUDA_VISIBLE_DEVICES is left alone",
     AT(gpus),
     .help = "GPUs to share out, e.g. 0,1: of the trials that run together each sees one"},
    {.name = "grace",
     .type = HOPT_OPTION_DURATION,
     .argument = "TIME",
     .max = YEAR_MS,
     .def_text = "wait until they end",
     .def = "366d",
     AT(grace_ms),
     .help = "after the first interrupt: how long running trials may take before they are given "
             "back to the queue"},
    HOPT_MLFLOW_OPTIONS(hopt_run_settings),
    HOPT_CLI_JSON(hopt_run_settings),
    HOPT_CLI_QUIET(hopt_run_settings),
    {.name = "verbose",
     .letter = 'v',
     .type = HOPT_OPTION_FLAG,
     AT(verbose),
     .help = "log more, for finding faults"},
    {0}};

static const hopt_positional positionals[] = {
    {.name = "STUDY.json", .file = "json", AT(file), .help = "the study file"}, {0}};

/* The options that stand for a setting of the file, as --set texts behind those given. */
typedef struct overrides {
    char texts[3][64];
    char *sampler;
    hopt_texts all;
} overrides;

static void add_set(hopt_texts *all, const char *text) {
    all->list = hopt_grow(all->list, all->count, &all->capacity, sizeof *all->list);
    all->list[all->count++] = text;
}

static void collect(overrides *o, const hopt_run_settings *s) {
    *o = (overrides){.sampler = NULL};
    for (size_t i = 0; i < s->sets.count; i++)
        add_set(&o->all, s->sets.list[i]);
    if (s->max_trials) {
        snprintf(o->texts[0], sizeof o->texts[0], "stop.max_trials=%lld", (long long)s->max_trials);
        add_set(&o->all, o->texts[0]);
    }
    if (s->timeout_ms) {
        snprintf(o->texts[1], sizeof o->texts[1], "stop.timeout_s=%.3f",
                 (double)s->timeout_ms / 1000);
        add_set(&o->all, o->texts[1]);
    }
    if (s->seed >= 0) {
        snprintf(o->texts[2], sizeof o->texts[2], "sampler.seed=%lld", (long long)s->seed);
        add_set(&o->all, o->texts[2]);
    }
    if (s->sampler) {
        o->sampler = hopt_format("sampler.name=%s", s->sampler);
        add_set(&o->all, o->sampler);
    }
}

/* ---- before the loop ---- */

static int prepare(hopt_run *run, char **plugin, char **runner, char **workdir) {
    hopt_error err;
    const hopt_objective *objective = &run->spec->objective;
    if (run->settings->mlflow && hopt_mlflow_check_uri(run->settings->mlflow, &err) != HOPT_OK)
        return hopt_cli_fail(run->command, &err);
    if (objective->kind == HOPT_OBJECTIVE_NONE)
        return hopt_cli_say_failed(run->command, HOPT_EXIT_USAGE,
                                   "%s: study %s has no \"objective\" to run; its trials are asked "
                                   "for and told with hopt ask and hopt tell",
                                   run->settings->file, run->spec->name);
    if (strcmp(run->uri, "sqlite::memory:") == 0)
        return hopt_cli_say_failed(run->command, HOPT_EXIT_USAGE,
                                   "--store sqlite::memory: is for tests of the library; give a "
                                   "file, e.g. sqlite:/tmp/%s.hopt.db",
                                   run->spec->name);
    *runner = hopt_sandbox_runner_path(&err);
    if (!*runner) return hopt_cli_fail(run->command, &err);
    if (hopt_worker_workdir(workdir, NULL, &err) != HOPT_OK)
        return hopt_cli_fail(run->command, &err);
    if (objective->kind == HOPT_OBJECTIVE_PLUGIN &&
        hopt_worker_plugin(plugin, run->cwd, objective->plugin, &err) != HOPT_OK)
        return hopt_cli_fail(run->command, &err);
    run->plugin = *plugin;
    run->runner = *runner;
    run->workdir = *workdir;
    return HOPT_EXIT_OK;
}

/* A person who runs a paused study wants it to go on. */
static hopt_status unpause(hopt_store *store, const hopt_study_record *study, const hopt_run *run,
                           hopt_error *err) {
    hopt_cli_note(&run->settings->common, "study %s was paused (%s); going on", study->name,
                  study->reason ? study->reason : "no reason");
    hopt_status status = hopt_store_study_update(store, study->name, study->rev, HOPT_STUDY_ACTIVE,
                                                 NULL, NULL, NULL, err);
    return status == HOPT_ECONFLICT ? HOPT_OK : status;
}

static void note_start(const hopt_run *run, const hopt_study_record *study, hopt_enrolled how) {
    const hopt_cli_common *common = &run->settings->common;
    char masked[1024];
    hopt_store_mask_uri(masked, sizeof masked, run->uri);
    if (common->json) return;
    if (how == HOPT_ENROLLED_FINISHED)
        hopt_cli_note(common, "study %s is done already (%s) in %s; go on with --max-trials N",
                      study->name, study->reason ? study->reason : "no reason", masked);
    else
        hopt_cli_note(common, "study %s: %s in %s", study->name,
                      how == HOPT_ENROLLED_CREATED ? "new" : "going on", masked);
}

/* A file that names no sampler leaves a study with the one that it has. */
static void note_sampler(const hopt_run *run, const hopt_study_record *study) {
    hopt_study_spec *stored;
    hopt_errors errors = {0};
    if (run->spec->has_sampler || run->settings->common.json) return;
    if (hopt_study_spec_parse_stored(&stored, study->spec, study->name, &errors) != HOPT_OK) return;
    if (strcmp(stored->sampler, run->spec->sampler) != 0)
        hopt_cli_note(&run->settings->common,
                      "its sampler stays %s: to take %s, the default of new studies, name it in "
                      "the file",
                      stored->sampler, run->spec->sampler);
    hopt_study_spec_free(stored);
}

/* @return exit code; *idle: there is nothing to run. */
static int enroll(hopt_store *store, const hopt_run *run, bool *idle) {
    hopt_study_record *study;
    hopt_enrolled how;
    hopt_error err;
    hopt_status status = hopt_enroll(store, &study, &how, run->spec, &err);
    if (status != HOPT_OK) return hopt_cli_fail(run->command, &err);
    note_start(run, study, how);
    note_sampler(run, study);
    *idle = how == HOPT_ENROLLED_FINISHED;
    if (study->state == HOPT_STUDY_PAUSED) status = unpause(store, study, run, &err);
    hopt_study_free(study);
    return status == HOPT_OK ? HOPT_EXIT_OK : hopt_cli_fail(run->command, &err);
}

/* ---- MLflow ---- */

enum { MLFLOW_WAIT_MS = 10000 };

static void start_mlflow(hopt_run *run) {
    const hopt_run_settings *s = run->settings;
    if (!s->mlflow) return;
    hopt_mlflow_options mlflow = {.store_uri = run->uri,
                                  .study = run->spec->name,
                                  .uri = s->mlflow,
                                  .experiment = s->mlflow_experiment,
                                  .artifacts = s->mlflow_artifacts};
    run->mlflow = hopt_mlflow_start(&mlflow);
}

/* What has ended and is not in MLflow. */
static size_t count_undelivered(const hopt_run *run, hopt_store *store) {
    hopt_sink_study note;
    hopt_sink_trial *list;
    size_t count = 0;
    hopt_error ignored;
    if (hopt_sink_study_read(store, &note, run->spec->name, &ignored) != HOPT_OK) return 0;
    hopt_status status = hopt_sink_pending(store, &list, &count, run->spec->name, note.run, -1,
                                           HOPT_TRIALS_MAX, &ignored);
    free(list);
    return status == HOPT_OK ? count : 0;
}

static void end_mlflow(hopt_run *run, hopt_store *store) {
    int signum = 0;
    if (!run->mlflow) return;
    bool all = hopt_mlflow_drain(run->mlflow, MLFLOW_WAIT_MS, &signum);
    hopt_mlflow_stop(run->mlflow);
    run->mlflow = NULL;
    if (all) return;
    size_t left = count_undelivered(run, store);
    hopt_log_warn("%zu trial%s %s not in MLflow yet: the next hopt run or hopt-master with "
                  "--mlflow on this store delivers %s",
                  left, left == 1 ? "" : "s", left == 1 ? "is" : "are", left == 1 ? "it" : "them");
}

static int run_study(hopt_run *run, hopt_context *context) {
    char *plugin = NULL, *runner = NULL, *workdir = NULL;
    bool idle = false;
    int code = prepare(run, &plugin, &runner, &workdir);
    if (code == HOPT_EXIT_OK)
        code = hopt_context_open_uri(context, run->command, &run->settings->common, run->uri,
                                     HOPT_CONTEXT_CREATE);
    if (code == HOPT_EXIT_OK) code = enroll(context->store, run, &idle);
    if (code == HOPT_EXIT_OK) {
        start_mlflow(run);
        if (!idle) hopt_run_loop(run);
        end_mlflow(run, context->store);
        code = hopt_run_end(run, context->store);
    }
    free(plugin);
    free(runner);
    free(workdir);
    return code;
}

static int run_command(const hopt_command *self, void *given) {
    const hopt_run_settings *s = given;
    hopt_study_spec *spec;
    hopt_context context = {0};
    overrides sets;
    hopt_error err;
    char *store = NULL;
    if (s->common.quiet) hopt_log_set_level(HOPT_LOG_WARN);
    if (s->verbose) hopt_log_set_level(HOPT_LOG_DEBUG);
    collect(&sets, s);
    int code = hopt_context_load(&spec, self, s->file, s->name, &sets.all);
    if (code == HOPT_EXIT_OK && hopt_program_store(&store, s->common.store, &err) != HOPT_OK)
        code = hopt_cli_fail(self, &err);
    if (code == HOPT_EXIT_OK) {
        char *uri = store ? hopt_strdup(store) : hopt_format("sqlite:./%s.hopt.db", spec->name);
        char *cwd = s->cwd ? hopt_strdup(s->cwd) : hopt_path_folder(s->file);
        hopt_run run = {.command = self, .settings = s, .uri = uri, .spec = spec, .cwd = cwd};
        code = run_study(&run, &context);
        free(uri);
        free(cwd);
    }
    hopt_context_close(&context);
    hopt_study_spec_free(spec);
    free(sets.all.list);
    free(sets.sampler);
    free(store);
    return code;
}

static const char *const description[] = {
    "Creates the study in the store, or goes on with it, and evaluates trials until it ends: a "
    "master "
    "and a worker in one process. Without --store the store is the file NAME.hopt.db in the "
    "current "
    "folder. The same command resumes a study that was interrupted or killed.",
    "On a terminal a line shows the progress; elsewhere a line is printed now and then. At the end "
    "the best parameters are printed, with the numbers that the best trial gave beside its loss.",
    "The first interrupt (Ctrl-C or SIGTERM): no trial is begun any more, running ones may end. "
    "The "
    "second one: running trials are stopped and go back to the queue. A study is paused when its "
    "first five trials all fail; set the objective right and run it again.",
    "Workers of other processes may help: start hopt-worker(8) with the same store.", NULL};
static const hopt_example examples[] = {
    {"hopt run study.json -j 4", "four trials at a time"},
    {"hopt run study.json --max-trials 500", "go on with a finished study"},
    {"hopt run study.json --set trial.timeout_s=60 --name quick", "other settings, another study"},
    {"hopt run study.json --store mongodb://db.example/hopt", "on a shared store"},
    {"hopt run study.json --mlflow http://127.0.0.1:5000", "with a run in MLflow for each trial"},
    {0}};
static const hopt_exit_note exits[] = {
    {HOPT_EXIT_OK, "the study is done"},
    {HOPT_EXIT_FAILED, "it was paused or the worker gave up, with a successful trial"},
    {HOPT_EXIT_USAGE, "bad usage, or a bad study file"},
    {HOPT_EXIT_STORE, "the store can't be reached"},
    {HOPT_EXIT_NORESULT, "the study ended or was paused with no successful trial"},
    {HOPT_EXIT_CONFLICT, "a study of that name has another space"},
    {HOPT_EXIT_SIGINT, "interrupted (143: by SIGTERM)"},
    {0}};
static const char *const see_also[] = {"hopt-space(5)", "hopt-best(1)", "hopt-master(8)",
                                       "hopt-worker(8)", NULL};

const hopt_command hopt_cmd_run = {.path = "hopt run",
                                   .summary = "run a study on this machine",
                                   .description = description,
                                   .options = options,
                                   .positionals = positionals,
                                   .examples = examples,
                                   .exits = exits,
                                   .see_also = see_also,
                                   .section = 1,
                                   .options_size = sizeof(hopt_run_settings),
                                   .run = run_command};
