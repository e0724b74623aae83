/** A study's space and trials as a Python module for hyperopt (`hopt export --format
 * hyperopt-space`). */
#ifndef HOPT_CLI_HYPEROPT_SPACE_H
#define HOPT_CLI_HYPEROPT_SPACE_H

#include "common/base/buf.h"
#include "common/trial/study.h"

/**
 * Append the module: `space`, built with hyperopt's hp.*, such that its space_eval() gives the
 * params that the objective got, and `open_trials()`, which reads the study's trials from MongoDB,
 * or from the lines of `hopt export` where the store is SQLite.
 * @param store_uri  as given; passwords and options are not printed.
 */
void hopt_hyperopt_module(hopt_buf *out, const hopt_study_spec *spec, const char *store_uri);

#endif
