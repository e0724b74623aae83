#include "worker/worker_command.h"

#include "common/monitor/monitor_options.h"

#define AT(field) .offset = offsetof(hopt_worker_settings, field)
#define YEAR_MS (INT64_C(366) * 24 * 3600 * 1000)

static const hopt_option options[] = {
    {.name = "store",
     .type = HOPT_OPTION_STRING,
     .argument = "URI",
     .env = "HOPT_STORE",
     AT(store),
     .help = "where the studies are: sqlite:PATH, mongodb://HOST/DATABASE, or hyperopt's "
             "mongo://HOST:PORT/DATABASE/jobs; @FILE: as the one line of that file says"},
    {.name = "slots",
     .letter = 'n',
     .type = HOPT_OPTION_INTEGER,
     .argument = "N",
     .min = 1,
     .max = 1024,
     .def = "1",
     AT(slots),
     .help = "how many trials to evaluate at the same time"},
    {.name = "grace",
     .type = HOPT_OPTION_DURATION,
     .argument = "TIME",
     .max = YEAR_MS,
     .def = "30s",
     AT(grace_ms),
     .help = "after SIGTERM: how long running trials may take to finish before they are given back "
             "to the queue"},
    {.name = "max-trials",
     .type = HOPT_OPTION_INTEGER,
     .argument = "N",
     .max = 1000000,
     .def = "0",
     .def_text = "no limit",
     AT(max_trials),
     .help = "leave after so many trials"},
    {.name = "max-failures",
     .type = HOPT_OPTION_INTEGER,
     .argument = "N",
     .max = 1000000,
     .def = "4",
     AT(max_failures),
     .help = "leave with exit code 1 after so many failed trials in a row; 0: never"},
    {.name = "idle-timeout",
     .type = HOPT_OPTION_DURATION,
     .argument = "TIME",
     .max = YEAR_MS,
     .def = "0",
     .def_text = "wait for ever",
     AT(idle_timeout_ms),
     .help = "leave when there was nothing to do for so long"},
    {.name = "walltime",
     .type = HOPT_OPTION_DURATION,
     .argument = "TIME",
     .max = YEAR_MS,
     .def = "0",
     .def_text = "no limit",
     AT(walltime_ms),
     .help = "take no more trials after so long; then as after SIGTERM"},
    {.name = "set",
     .type = HOPT_OPTION_STRING,
     .argument = "KEY=VALUE",
     .repeatable = true,
     AT(sets),
     .help = "change a setting of the study files, e.g. trial.memory_mb=4096; with --python-driver "
             "of its trials, e.g. trial.timeout_s=600"},
    {.name = "cwd",
     .type = HOPT_OPTION_STRING,
     .argument = "DIR",
     .def_text = "the study file's folder",
     .file = "",
     AT(cwd),
     .help =
         "working directory of the objectives; with --python-driver (then: this one) the folder "
         "they import modules from"},
    {.name = "workdir",
     .type = HOPT_OPTION_STRING,
     .argument = "DIR",
     .def_text = "a folder under $TMPDIR or /tmp",
     .file = "",
     AT(workdir),
     .help = "where trials get their scratch folders"},
    {.name = "plugin-dir",
     .type = HOPT_OPTION_STRING,
     .argument = "DIR",
     .def_text = "the study file's folder",
     .file = "",
     AT(plugin_dir),
     .help =
         "the only folder that plugins are loaded from; owned by root or the worker's user, not "
         "writable by a group or others"},
    {.name = "gpus",
     .type = HOPT_OPTION_STRING,
     .argument = "LIST",
     .def_text = "CUDA_VISIBLE_DEVICES is left alone",
     AT(gpus),
     .help = "GPUs to share out, e.g. 0,1,2: slot i sees the i-th one only"},
    {.name = "python-driver",
     .type = HOPT_OPTION_STRING,
     .argument = "EXP_KEY",
     AT(python_driver),
     .help = "instead of study files: evaluate the trials that a Python program's fmin(..., "
             "trials=MongoTrials(..., exp_key=EXP_KEY)) puts into the database, in place of or "
             "beside hyperopt-mongo-worker; needs --allow-pickle and a Python with hyperopt"},
    {.name = "python",
     .type = HOPT_OPTION_STRING,
     .argument = "PATH",
     .def = "python3",
     .file = "",
     AT(python),
     .help = "with --python-driver: the Python that has hyperopt and what the objective imports"},
    {.name = "allow-pickle",
     .type = HOPT_OPTION_FLAG,
     AT(allow_pickle),
     .help = "with --python-driver: load pickled objectives from the database; whoever can write "
             "to it can then run anything on this machine"},
    {.name = "allow-any-command",
     .type = HOPT_OPTION_FLAG,
     AT(allow_any_command),
     .help =
         "run whatever command the studies in the store name, not only those of the study files "
         "given here; whoever can write to the store can then run anything on this machine"},
    {.name = "allow-root",
     .type = HOPT_OPTION_FLAG,
     AT(allow_root),
     .help = "evaluate even as root"},
    HOPT_MONITOR_OPTIONS(hopt_worker_settings),
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
     .help = "study files whose objectives this worker may run; needed unless --allow-any-command "
             "or --python-driver is given"},
    {0}};

static const char *const description[] = {
    "hopt-worker claims trials from the store, evaluates each one's objective in a child process, "
    "tells the store that it is alive, and writes the results. It keeps nothing of its own: when "
    "it is killed, its children die with it and its trials are queued again.",
    "It runs only what its own operator named: the objective as written in a study file given "
    "here. The copy of the file that lies in the store is not trusted with that, since whoever can "
    "write to the database must not thereby run code: trials of a study whose objective there is "
    "another one are refused and end in error.",
    "A password in the store's URI is seen in ps for a moment, and in your shell's history: set "
    "HOPT_STORE, or give @FILE.",
    "SIGTERM, SIGINT or SIGHUP (not under nohup): it takes no more trials, finishes the running "
    "ones within the "
    "grace "
    "time or else gives them back to the queue, and exits. A second signal: it gives them back at "
    "once. Where the signal goes to every process of a job, as batch systems send it, an objective "
    "that ends by it has not failed: its trial is given back, too.",
    "With --http it shows /healthz, /readyz and /metrics (Prometheus), without a login: see "
    "docs/monitoring.md.",
    NULL};

static const hopt_example examples[] = {
    {"hopt-worker --store mongodb://db.example/hopt --slots 4 digits.json",
     "evaluate trials of one study, four at a time"},
    {"hopt-worker --store mongo://db.example:27017/foo_db/jobs --python-driver exp1 --allow-pickle",
     "evaluate what a Python program hands out with MongoTrials(..., exp_key='exp1')"},
    {"hopt-worker --store mongodb://db.example/hopt --idle-timeout 10m --walltime 4h digits.json",
     "in a batch queue: leave when there is nothing to do, and in good time before the limit"},
    {0}};

static const hopt_exit_note exits[] = {
    {HOPT_EXIT_OK, "it was asked to stop, or a limit of its options was reached"},
    {HOPT_EXIT_FAILED,
     "too many trials failed in a row, the Python of --python-driver can't import "
     "hyperopt, or the worker itself failed"},
    {HOPT_EXIT_USAGE, "bad usage, or a bad study file"},
    {HOPT_EXIT_STORE, "the store can't be reached at the start"},
    {0}};

static const char *const see_also[] = {"hopt(1)", "hopt-master(8)", "hopt-space(5)",
                                       "hopt-plugin(7)", NULL};

const hopt_command hopt_worker_command = {.path = "hopt-worker",
                                          .summary = "evaluate trials",
                                          .description = description,
                                          .options = options,
                                          .positionals = positionals,
                                          .examples = examples,
                                          .exits = exits,
                                          .see_also = see_also,
                                          .section = 8,
                                          .options_size = sizeof(hopt_worker_settings)};
