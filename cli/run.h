/**
 * `hopt run`: a master and an agent on one loop (run_loop.c), and what is said at the end
 * (run_end.c).
 */
#ifndef HOPT_CLI_RUN_H
#define HOPT_CLI_RUN_H

#include "cli/cli.h"
#include "common/store/store.h"
#include "master/sinks/mlflow.h"

typedef struct hopt_run_settings {
    hopt_cli_common common;
    const char *file, *name, *sampler, *cwd, *gpus;
    int64_t slots, max_trials, seed, timeout_ms, grace_ms;
    hopt_texts sets;
    const char *mlflow, *mlflow_experiment;
    bool mlflow_artifacts, verbose;
} hopt_run_settings;

/** What the loop works on, and how it ended. */
typedef struct hopt_run {
    const hopt_command *command;
    const hopt_run_settings *settings;
    const char *uri;
    const hopt_study_spec *spec; /**< the file's */
    const char *cwd;
    const char *plugin;  /**< absolute, or NULL */
    const char *runner;  /**< path of hopt-runner */
    const char *workdir; /**< base of scratch folders */
    hopt_mlflow *mlflow; /**< or NULL */
    int signum;          /**< out: the signal that ended it, or 0 */
    bool worker_failed;  /**< out: the agent gave up */
    int session_trials;  /**< out: trials that ended here */
} hopt_run;

/** Run until the study is done or paused, or a signal came. */
void hopt_run_loop(hopt_run *run);

/** Read what came out of it and say it. @return the exit code. */
int hopt_run_end(const hopt_run *run, hopt_store *store);

#endif
