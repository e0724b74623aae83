/**
 * The calls of MLflow's REST API that the sink makes, and what its answers mean. Blocking; one
 * thread at a time.
 *
 * Every call answers HOPT_OK; HOPT_EUNAVAILABLE: it can't be used now, nothing was done;
 * HOPT_EFAILED: neither, or it broke in between: what was asked for may have been done;
 * HOPT_EINVAL: MLflow refuses just this request; HOPT_ENOTFOUND; HOPT_ESTOPPED: asked to stop.
 * Messages are for people and hold no credentials.
 */
#ifndef HOPT_MASTER_SINKS_MLFLOW_API_H
#define HOPT_MASTER_SINKS_MLFLOW_API_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/error.h"
#include "common/store/sink.h"

typedef struct hopt_mlflow_api hopt_mlflow_api;

/** How messages begin when there was no reply at all. */
#define HOPT_MLFLOW_NO_ANSWER "no answer: "

/**
 * Credentials come from the environment: MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and
 * _PASSWORD; MLFLOW_TRACKING_SERVER_CERT_PATH and MLFLOW_TRACKING_INSECURE_TLS as MLflow's own
 * client reads them.
 * @param cancelled  asked while a call is under way; from the calling thread.
 */
hopt_mlflow_api *hopt_mlflow_api_new(const char *uri, bool (*cancelled)(void *data), void *data);
void hopt_mlflow_api_free(hopt_mlflow_api *api);
/** The URI without user, password and a slash at its end. */
const char *hopt_mlflow_api_name(const hopt_mlflow_api *api);

/** The id of an experiment, which is made when there is none. HOPT_EUNAVAILABLE also when it was
 * deleted. */
HOPT_MUST_CHECK hopt_status hopt_mlflow_experiment(hopt_mlflow_api *api, char id[HOPT_SINK_RUN_MAX],
                                                   const char *name, hopt_error *err);

/**
 * A run that has this tag, in the order of their making the first; deleted ones do not count.
 * HOPT_ENOTFOUND.
 * @param parent  with this parent only, or NULL.
 */
HOPT_MUST_CHECK hopt_status hopt_mlflow_find(hopt_mlflow_api *api, char run[HOPT_SINK_RUN_MAX],
                                             const char *experiment, const char *tag,
                                             const char *value, const char *parent,
                                             hopt_error *err);
/** Make a run. @param request  of runs/create; taken over. */
HOPT_MUST_CHECK hopt_status hopt_mlflow_create(hopt_mlflow_api *api, char run[HOPT_SINK_RUN_MAX],
                                               json_t *request, hopt_error *err);
/** Read a run: {"info": ..., "data": ...}. HOPT_ENOTFOUND also when it is deleted. @param[out] out
 * new reference; NULL unless HOPT_OK. */
HOPT_MUST_CHECK hopt_status hopt_mlflow_run(hopt_mlflow_api *api, json_t **out, const char *run,
                                            hopt_error *err);
/** All points of a metric: a list of {value, timestamp, step}. New reference. */
HOPT_MUST_CHECK hopt_status hopt_mlflow_history(hopt_mlflow_api *api, json_t **out, const char *run,
                                                const char *key, hopt_error *err);
/** @param request  of runs/log-batch; taken over. */
HOPT_MUST_CHECK hopt_status hopt_mlflow_log(hopt_mlflow_api *api, json_t *request, hopt_error *err);
/** @param end_ms  0: none. */
HOPT_MUST_CHECK hopt_status hopt_mlflow_set_status(hopt_mlflow_api *api, const char *run,
                                                   const char *status, int64_t end_ms,
                                                   hopt_error *err);
/** Put a file into the artifacts of a run, or replace it. */
HOPT_MUST_CHECK hopt_status hopt_mlflow_artifact(hopt_mlflow_api *api, const char *experiment,
                                                 const char *run, const char *name,
                                                 const void *data, size_t length, hopt_error *err);

#endif
