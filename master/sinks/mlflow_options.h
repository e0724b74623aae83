/** The options of a program with the MLflow sink: rows of its option table. */
#ifndef HOPT_MASTER_SINKS_MLFLOW_OPTIONS_H
#define HOPT_MASTER_SINKS_MLFLOW_OPTIONS_H

#include <stddef.h>

#include "common/sys/options.h"

/** `of`: the settings' structure, with `const char *mlflow`, `const char *mlflow_experiment` and
 * `bool mlflow_artifacts`. */
#define HOPT_MLFLOW_OPTIONS(of)                                                                    \
    {.name = "mlflow",                                                                             \
     .type = HOPT_OPTION_STRING,                                                                   \
     .argument = "URI",                                                                            \
     .def_text = "no MLflow",                                                                      \
     .offset = offsetof(of, mlflow),                                                               \
     .help = "record studies and trials as runs on this MLflow tracking server, e.g. "             \
             "http://127.0.0.1:5000; a login comes from MLFLOW_TRACKING_TOKEN, or "                \
             "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"},                             \
        {.name = "mlflow-experiment",                                                              \
         .type = HOPT_OPTION_STRING,                                                               \
         .argument = "NAME",                                                                       \
         .def = "hopt",                                                                            \
         .offset = offsetof(of, mlflow_experiment),                                                \
         .help = "the experiment that the runs belong to; made when it is not there"},             \
    {                                                                                              \
        .name = "mlflow-artifacts", .type = HOPT_OPTION_FLAG,                                      \
        .offset = offsetof(of, mlflow_artifacts), .help = "send the trials' attachments, too"      \
    }

#endif
