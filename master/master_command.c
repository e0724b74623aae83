#include "master/master_command.h"

#include "common/monitor/monitor_options.h"
#include "master/sinks/mlflow_options.h"

#define AT(field) .offset = offsetof(hopt_master_settings, field)

static const hopt_option options[] = {
    {.name = "store",
     .type = HOPT_OPTION_STRING,
     .argument = "URI",
     .env = "HOPT_STORE",
     AT(store),
     .help = "where the studies are: sqlite:PATH, mongodb://HOST/DATABASE, or hyperopt's "
             "mongo://HOST:PORT/DATABASE/jobs; @FILE: as the one line of that file says"},
    {.name = "studies",
     .type = HOPT_OPTION_STRING,
     .argument = "GLOB",
     .def = "*",
     AT(studies),
     .help = "look after the studies whose name matches, files given on the command line included"},
    {.name = "set",
     .type = HOPT_OPTION_STRING,
     .argument = "KEY=VALUE",
     .repeatable = true,
     AT(sets),
     .help = "change a setting of the study files, e.g. stop.max_trials=50"},
    {.name = "poll",
     .type = HOPT_OPTION_DURATION,
     .argument = "TIME",
     .min = 10,
     .max = 60000,
     .def = "1s",
     AT(poll_ms),
     .help = "how often to look for ended trials"},
    HOPT_MLFLOW_OPTIONS(hopt_master_settings),
    {.name = "once",
     .type = HOPT_OPTION_FLAG,
     AT(once),
     .help = "exit when no study is left to look after, instead of waiting for the next one"},
    HOPT_MONITOR_OPTIONS(hopt_master_settings),
    {.name = "quiet",
     .letter = 'q',
     .type = HOPT_OPTION_FLAG,
     AT(quiet),
     .help = "log warnings and errors only"},
    {.name = "verbose",
     .letter = 'v',
     .type = HOPT_OPTION_FLAG,
     AT(verbose),
     .help = "log more, for finding faults"},
    {0}};

static const hopt_positional positionals[] = {
    {.name = "STUDY.json",
     .optional = true,
     .rest = true,
     .file = "json",
     AT(files),
     .help = "study files, created in the store or resumed before anything else"},
    {0}};

static const char *const description[] = {
    "For every active study in the store, hopt-master reads the trials that ended, proposes new "
    "ones, keeps the queue filled, takes trials back from workers that have gone silent, and ends "
    "the study when its budget is used up.",
    "It keeps nothing of its own: kill it at any time and start it on any machine. Start a second "
    "one and it stands by; it takes over within seconds of the first one's death. Two of them can "
    "never propose the same trial.",
    "A password in the store's URI is seen in ps for a moment, and in your shell's history: set "
    "HOPT_STORE, or give @FILE.",
    "With --http it shows /healthz, /readyz, /metrics (Prometheus) and studies as JSON below "
    "/api/v1, without a login: see "
    "docs/monitoring.md.",
    "It stays in the foreground and logs to standard error. SIGTERM or SIGINT makes it leave the "
    "lead, so that another takes over at once, and exit.",
    NULL};

static const hopt_example examples[] = {
    {"hopt-master --store mongodb://db.example/hopt digits.json",
     "create or resume the study in digits.json and look after every study in the store"},
    {"hopt-master --store mongodb://db.example/hopt --mlflow http://mlflow.example:5000",
     "record what happens in MLflow, too"},
    {"hopt-master --store mongodb://db.example/hopt --studies 'team-a-*'",
     "look after one team's studies"},
    {0}};

static const hopt_exit_note exits[] = {
    {HOPT_EXIT_OK, "it was asked to stop, or --once was given"},
    {HOPT_EXIT_FAILED, "something failed; the log says what"},
    {HOPT_EXIT_USAGE, "bad usage, or a bad study file"},
    {HOPT_EXIT_STORE, "the store can't be reached at the start"},
    {HOPT_EXIT_CONFLICT, "a study of that name has another space"},
    {0}};

static const char *const see_also[] = {"hopt(1)", "hopt-worker(8)", "hopt-space(5)", NULL};

const hopt_command hopt_master_command = {.path = "hopt-master",
                                          .summary = "propose trials and look after studies",
                                          .description = description,
                                          .options = options,
                                          .positionals = positionals,
                                          .examples = examples,
                                          .exits = exits,
                                          .see_also = see_also,
                                          .section = 8,
                                          .options_size = sizeof(hopt_master_settings)};
