/** hopt-worker's options: one table for parsing, --help, manual page and completion. */
#ifndef HOPT_WORKER_WORKER_COMMAND_H
#define HOPT_WORKER_WORKER_COMMAND_H

#include "common/sys/options.h"

typedef struct hopt_worker_settings {
    const char *store;
    hopt_texts files; /**< study files: what may be run here */
    hopt_texts sets;  /**< KEY=VALUE over those files */
    int64_t slots;
    int64_t grace_ms;
    int64_t max_trials;          /**< 0: no limit */
    int64_t max_failures;        /**< 0: never */
    int64_t idle_timeout_ms;     /**< 0: wait for ever */
    int64_t walltime_ms;         /**< 0: no limit */
    const char *plugin_dir;      /**< NULL: the study file's folder */
    const char *cwd;             /**< NULL: the study file's folder */
    const char *workdir;         /**< NULL: under $TMPDIR or /tmp */
    const char *gpus;            /**< "0,1,2" or NULL */
    const char *python_driver;   /**< exp_key, or NULL: studies */
    const char *python;          /**< the interpreter for its objectives */
    const char *http;            /**< [ADDR:]PORT, or NULL: none */
    hopt_texts http_allow_hosts; /**< names that the Host header may have besides */
    const char *log_format;      /**< "text" or "json" */
    bool allow_pickle;
    bool allow_any_command;
    bool allow_root;
    bool quiet;
    bool verbose;
} hopt_worker_settings;

extern const hopt_command hopt_worker_command;

#endif
