/**
 * What a study and its trials are in MLflow: keys, values and batches within its limits. Pure.
 *
 * Limits of MLflow's REST API (3.x): a request of runs/log-batch holds at most 1,000 metrics, 100
 * params and 100 tags, 1,000 in all; keys have at most 250 characters, of letters, digits and
 * "_-./ ", and are clean as a path; a param has at most 6,000 characters. Older servers take 5,000
 * of a tag.
 */
#ifndef HOPT_MASTER_SINKS_MLFLOW_LOAD_H
#define HOPT_MASTER_SINKS_MLFLOW_LOAD_H

#include <jansson.h>

#include "common/base/buf.h"
#include "common/store/store.h"
#include "common/trial/study.h"
#include "common/trial/trial.h"

enum {
    HOPT_MLFLOW_METRICS_MAX = 1000,
    HOPT_MLFLOW_PARAMS_MAX = 100,
    HOPT_MLFLOW_TAGS_MAX = 100,
    HOPT_MLFLOW_ITEMS_MAX = 1000,
    HOPT_MLFLOW_KEY_MAX = 250,
    HOPT_MLFLOW_PARAM_MAX = 6000,
    HOPT_MLFLOW_TAG_MAX = 5000
};

/** Metrics of trials; an extra of the same name is escaped. */
#define HOPT_MLFLOW_LOSS "loss"
#define HOPT_MLFLOW_CURVE "loss_by_step"
/** Of the study: the best loss among trials 0 .. step. */
#define HOPT_MLFLOW_BEST "best_loss"

/**
 * A label as a key. A byte that may not stand there is written "_-" and two hexadecimal digits, and
 * so is the "_" of a "_-" in the label: different labels have different keys. What gets too long
 * ends in "_-x" and a hash.
 * @param prefix  put before it as it is; may be "".
 * @param reserved  names (NULL-terminated) whose first letter is escaped; may be NULL.
 */
void hopt_mlflow_key(hopt_buf *out, const char *prefix, const char *label,
                     const char *const *reserved);

/** A number as MLflow reads it: NaN and infinities as strings, for it takes bare ones for 0. New
 * reference. */
json_t *hopt_mlflow_value(double value);
/** What MLflow says of a metric, read back; -Infinity and Infinity come as the largest doubles. */
bool hopt_mlflow_same(double ours, const json_t *theirs);

/** What is to be logged for one run: lists of MLflow's objects. */
typedef struct hopt_mlflow_load {
    json_t *metrics; /**< {key, value, timestamp, step} */
    json_t *params;  /**< {key, value} */
    json_t *tags;    /**< {key, value} */
} hopt_mlflow_load;

void hopt_mlflow_load_init(hopt_mlflow_load *load);
void hopt_mlflow_load_clear(hopt_mlflow_load *load);
void hopt_mlflow_add_metric(hopt_mlflow_load *load, const char *key, double value, int64_t unix_ms,
                            int64_t step);
/** `value` is cut to what MLflow keeps, and valid as UTF-8. */
void hopt_mlflow_add_param(hopt_mlflow_load *load, const char *key, const char *value);
void hopt_mlflow_add_tag(hopt_mlflow_load *load, const char *key, const char *value);

/**
 * The next request of runs/log-batch, taken off the load.
 * @return new reference; NULL when nothing is left.
 */
json_t *hopt_mlflow_batch(hopt_mlflow_load *load, const char *run);

/** An ended trial: params, metrics (in the user's sign) and tags. */
void hopt_mlflow_trial(hopt_mlflow_load *load, const hopt_study_spec *spec, const hopt_trial *trial,
                       const hopt_reports *reports);
/** The params of a study's run: its space, sampler and budget. */
void hopt_mlflow_study(hopt_mlflow_load *load, const hopt_study_spec *spec, uint64_t seed);
/** "FINISHED", "FAILED" or "KILLED". */
const char *hopt_mlflow_trial_status(const hopt_trial *trial);
/** 24 hexadecimal digits of a trial's id. */
void hopt_mlflow_id(char out[2 * HOPT_ID_SIZE + 1], const hopt_trial_id *id);

#endif
