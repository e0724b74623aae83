/* "hopt" itself: the list of its commands. */
#include "cli/cli.h"
#include "cli/commands.h"

static const hopt_command *const commands[] = {
    &hopt_cmd_run,     &hopt_cmd_check,  &hopt_cmd_init,    &hopt_cmd_study, &hopt_cmd_trials,
    &hopt_cmd_best,    &hopt_cmd_export, &hopt_cmd_import,  &hopt_cmd_copy,  &hopt_cmd_workers,
    &hopt_cmd_replay,  &hopt_cmd_doctor, &hopt_cmd_ask,     &hopt_cmd_tell,  &hopt_cmd_report,
    &hopt_cmd_suggest, &hopt_cmd_plot,   &hopt_cmd_version, &hopt_cmd_help,  NULL};

static const char *const description[] = {
    "hopt looks for the parameters that make a program's loss small. A study file names the "
    "parameters and the program; \"hopt run STUDY.json\" does the rest on this machine.",
    "For many machines, put the study into a MongoDB with \"hopt study create\", start one "
    "hopt-master(8) and as many hopt-worker(8) as wanted, and look at it with the commands here.",
    "Results go to standard output, everything else to standard error. Tables, colours and the "
    "progress bar appear on a terminal only; elsewhere tables are tab-separated. NO_COLOR is "
    "respected.",
    NULL};

static const hopt_example examples[] = {
    {"hopt init study.json && hopt run study.json", "write a first study and run it"},
    {"hopt run study.json -j 4 --max-trials 200", "four trials at a time"},
    {"hopt best --format args", "the best parameters as command line arguments"},
    {0}};

static const hopt_exit_note exits[] = {
    {HOPT_EXIT_OK, "all went well"},
    {HOPT_EXIT_FAILED, "something failed"},
    {HOPT_EXIT_USAGE, "bad usage, or a bad file"},
    {HOPT_EXIT_STORE, "the store can't be reached"},
    {HOPT_EXIT_NOTFOUND, "no such study, trial or result"},
    {HOPT_EXIT_NORESULT, "the study ended or was paused with no successful trial"},
    {HOPT_EXIT_CONFLICT, "there is another study of that name, or it has another space"},
    {HOPT_EXIT_SIGINT, "interrupted (143: by SIGTERM)"},
    {0}};

static const char *const see_also[] = {"hopt-master(8)", "hopt-worker(8)", "hopt-space(5)",
                                       "hopt-plugin(7)", NULL};

const hopt_command hopt_cli_root = {.path = "hopt",
                                    .summary = "find the parameters that make a loss small",
                                    .description = description,
                                    .examples = examples,
                                    .exits = exits,
                                    .see_also = see_also,
                                    .section = 1,
                                    .commands = commands};
