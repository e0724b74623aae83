/** hopt-master's options: one table for parsing, --help, manual page and completion. */
#ifndef HOPT_MASTER_MASTER_COMMAND_H
#define HOPT_MASTER_MASTER_COMMAND_H

#include "common/sys/options.h"

typedef struct hopt_master_settings {
    const char *store;
    hopt_texts files;    /**< study files, created or resumed first */
    hopt_texts sets;     /**< KEY=VALUE over those files */
    const char *studies; /**< glob of the names to look after */
    int64_t poll_ms;
    const char *http;            /**< [ADDR:]PORT, or NULL: none */
    hopt_texts http_allow_hosts; /**< names that the Host header may have besides */
    const char *log_format;      /**< "text" or "json" */
    const char *mlflow;          /**< URI, or NULL */
    const char *mlflow_experiment;
    bool mlflow_artifacts;
    bool once;  /**< exit when every study it looks after is done */
    bool quiet; /**< warnings and errors only */
    bool verbose;
} hopt_master_settings;

extern const hopt_command hopt_master_command;

#endif
