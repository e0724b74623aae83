/** What the files of the MLflow sink share. Not for other modules. */
#ifndef HOPT_MASTER_SINKS_MLFLOW_INTERNAL_H
#define HOPT_MASTER_SINKS_MLFLOW_INTERNAL_H

#include "common/store/sink.h"
#include "common/store/store.h"
#include "common/trial/study.h"
#include "master/sinks/mlflow.h"
#include "master/sinks/mlflow_api.h"
#include "master/sinks/mlflow_load.h"

/** What a pass over the studies works with; the thread's. */
typedef struct hopt_mlflow__work {
    hopt_store *store;
    hopt_mlflow_api *api;
    const char *experiment_name;
    char experiment[HOPT_SINK_RUN_MAX]; /**< its id, "": not known yet */
    const char *me;                     /**< "host:pid:8hex/boot" */
    bool artifacts;
    bool whole; /**< look at all trials, not only above the last ended one */
    bool (*stopped)(void *data);
    void (*delivered)(void *data); /**< a trial */
    void (*remark)(void *data, bool warning, const char *message);
    void *data;
} hopt_mlflow__work;

/** What failed. */
typedef enum hopt_mlflow__side {
    HOPT_MLFLOW__NONE,
    HOPT_MLFLOW__STORE,
    HOPT_MLFLOW__SERVER
} hopt_mlflow__side;

/** One study's part of the sink. */
typedef struct hopt_mlflow__feed hopt_mlflow__feed;
hopt_mlflow__feed *hopt_mlflow__feed_new(const char *study);
void hopt_mlflow__feed_free(hopt_mlflow__feed *feed);
const char *hopt_mlflow__feed_study(const hopt_mlflow__feed *feed);

/**
 * Deliver what there is.
 * @param[out] side  which side failed, when the answer is not HOPT_OK.
 * @param[out] clean  nothing is left, or it is another process's to deliver and that has nothing
 *                    left.
 * @return HOPT_OK, HOPT_ENOTFOUND: the study is gone, or what failed.
 */
hopt_status hopt_mlflow__feed_serve(hopt_mlflow__feed *feed, hopt_mlflow__work *work,
                                    hopt_mlflow__side *side, bool *clean, hopt_error *err);
/** Let another process take over at once. */
void hopt_mlflow__feed_leave(hopt_mlflow__feed *feed, hopt_store *store);

/** mlflow_trial.c: deliver one trial. @param fresh  no process can have made a run for it.
 * HOPT_EINVAL: MLflow refuses it. */
hopt_status hopt_mlflow__trial(hopt_mlflow__work *work, const hopt_study_spec *spec,
                               hopt_sink_trial *mark, const hopt_trial *trial, bool fresh,
                               hopt_mlflow__side *side, hopt_error *err);

/** Send what is in `load` to a run, a batch that MLflow takes after the other; it is empty then. */
hopt_status hopt_mlflow__send(hopt_mlflow_api *api, hopt_mlflow_load *load, const char *run,
                              hopt_error *err);

#endif
