/**
 * What a driver supplies: one function a store command. store.c checks arguments and state changes
 * once for all drivers, then calls through this table. Every slot must be filled, but where it says
 * otherwise.
 * Semantics of each slot: the function of the same name in store.h. The front has reset all outputs
 * (lists are empty, counts 0), and cleans up what a failed call has left in them. Lists of names
 * need no NULL at their end, the front adds it. A batch is at most 1,000 trials. `limit` of a query
 * is set, `nums` are ascending and each once. Options of open() have their defaults filled in.
 */
#ifndef HOPT_STORE_STORE_DRIVER_H
#define HOPT_STORE_STORE_DRIVER_H

#include "common/store/driven.h"
#include "common/store/sink.h"
#include "common/store/store.h"

/** common/store/driven.h, for drivers that have such trials. */
typedef struct hopt_store_driven_ops {
    hopt_status (*claim)(void *self, hopt_trials *out, const char *exp_key, const char *owner,
                         size_t n, hopt_error *err);
    hopt_status (*mine)(void *self, hopt_trials *out, const char *exp_key, const char *owner,
                        hopt_error *err);
    hopt_status (*beat)(void *self, const hopt_lease *lease, hopt_error *err);
    hopt_status (*checkpoint)(void *self, const hopt_lease *lease, const char *result,
                              hopt_error *err);
    hopt_status (*finish)(void *self, const hopt_lease *lease, const hopt_result *result,
                          const char *document, hopt_error *err);
    hopt_status (*release)(void *self, const hopt_lease *lease, hopt_error *err);
    hopt_status (*running)(void *self, hopt_open_trial **list, size_t *count, const char *exp_key,
                           hopt_error *err);
    hopt_status (*expire)(void *self, const hopt_open_trial *seen, int max_attempts,
                          hopt_error *err);
    hopt_status (*attach)(void *self, const hopt_lease *lease, const char *name, const void *data,
                          size_t length, hopt_error *err);
    hopt_status (*file)(void *self, const char *exp_key, const char *name,
                        char id[HOPT_FILE_ID_SIZE], hopt_error *err);
    hopt_status (*download)(void *self, const char *id, int fd, hopt_error *err);
    hopt_status (*put)(void *self, const char *exp_key, const char *name, const void *data,
                       size_t length, hopt_error *err);
    hopt_status (*files)(void *self, const char *exp_key, char ***names, size_t *count,
                         hopt_error *err);
} hopt_store_driven_ops;

typedef struct hopt_store_driver_ops {
    const char *name;
    hopt_status (*open)(void **self, const char *uri, const hopt_store_options *options,
                        hopt_error *err);
    void (*close)(void *self);
    hopt_status (*study_create)(void *self, hopt_study_record *study, hopt_error *err);
    hopt_status (*study)(void *self, hopt_study_record **out, const char *name, hopt_error *err);
    hopt_status (*studies)(void *self, char ***names, size_t *count, hopt_error *err);
    hopt_status (*study_update)(void *self, const char *name, int64_t rev, int state,
                                const char *reason, const char *spec, const char *file_hash,
                                hopt_error *err);
    hopt_status (*study_delete)(void *self, const char *name, hopt_error *err);
    hopt_status (*visit_begin)(void *self, hopt_error *err);
    hopt_status (*visit_end)(void *self, hopt_error *err);
    hopt_status (*lead)(void *self, const char *name, const char *me, int64_t epoch, int64_t beat,
                        hopt_error *err);
    hopt_status (*renew)(void *self, const char *name, const char *me, int64_t epoch,
                         const hopt_study_progress *progress, hopt_error *err);
    hopt_status (*abdicate)(void *self, const char *name, const char *me, int64_t epoch,
                            hopt_error *err);
    hopt_status (*tids)(void *self, int64_t *first, int n, hopt_error *err);
    hopt_status (*enqueue)(void *self, hopt_trial *const *trials, size_t n, size_t *inserted,
                           hopt_error *err);
    hopt_status (*claim_many)(void *self, hopt_trials *out, const char *study, const char *owner,
                              size_t n, hopt_error *err);
    hopt_status (*mine)(void *self, hopt_trials *out, const char *study, const char *owner,
                        hopt_error *err);
    hopt_status (*beat)(void *self, const hopt_lease *lease, int64_t step, char stop[32],
                        hopt_error *err);
    /** May be NULL: `beat` is called for each. */
    hopt_status (*beat_many)(void *self, hopt_beat *beats, size_t n, hopt_error *err);
    hopt_status (*finish_many)(void *self, hopt_finish *ends, size_t n, hopt_error *err);
    hopt_status (*release)(void *self, const hopt_lease *lease, hopt_error *err);
    hopt_status (*open_set)(void *self, hopt_open_trial **list, size_t *count, const char *study,
                            hopt_error *err);
    hopt_status (*expire)(void *self, const char *study, const hopt_open_trial *seen,
                          int max_attempts, hopt_error *err);
    hopt_status (*cancel_new)(void *self, const char *study, int from, const char *why,
                              int64_t *changed, hopt_error *err);
    hopt_status (*stop_running)(void *self, const char *study, int num, const char *why,
                                hopt_error *err);
    hopt_status (*retry)(void *self, const char *study, int num, hopt_error *err);
    hopt_status (*trials)(void *self, hopt_trials *out, const hopt_trial_query *query,
                          int64_t *malformed, hopt_error *err);
    hopt_status (*trials_by_num)(void *self, hopt_trials *out, const char *study, const int *nums,
                                 size_t n, hopt_error *err);
    hopt_status (*counts)(void *self, const char *study, int64_t counts[HOPT_STATES],
                          hopt_error *err);
    hopt_status (*best)(void *self, hopt_trial **out, const char *study, hopt_error *err);
    hopt_status (*import_trials)(void *self, hopt_trial *const *trials, size_t n, size_t *inserted,
                                 hopt_error *err);
    /** NULL where no other program keeps trials. */
    hopt_status (*foreign)(void *self, const char *exp_key, hopt_store_each_document each,
                           void *data, hopt_error *err);
    hopt_status (*report)(void *self, const hopt_trial_id *id, int lease, const int64_t *steps,
                          const double *losses, size_t n, hopt_error *err);
    hopt_status (*reports)(void *self, hopt_reports *out, const hopt_trial_id *id, hopt_error *err);
    hopt_status (*put_log)(void *self, const hopt_trial_id *id, const hopt_log_text *log,
                           hopt_error *err);
    hopt_status (*log)(void *self, hopt_log_text *out, const hopt_trial_id *id, hopt_error *err);
    hopt_status (*attach)(void *self, const hopt_trial_id *id, const char *name, const void *data,
                          size_t length, hopt_error *err);
    hopt_status (*attachments)(void *self, char ***names, size_t *count, const hopt_trial_id *id,
                               hopt_error *err);
    hopt_status (*attachment)(void *self, void **data, size_t *length, const hopt_trial_id *id,
                              const char *name, hopt_error *err);
    hopt_status (*worker_put)(void *self, const hopt_worker_record *worker, hopt_error *err);
    hopt_status (*worker_remove)(void *self, const char *owner, hopt_error *err);
    hopt_status (*workers)(void *self, hopt_worker_record **list, size_t *count, hopt_error *err);
    hopt_status (*sink_study)(void *self, hopt_sink_study *out, const char *study, hopt_error *err);
    hopt_status (*sink_study_put)(void *self, const char *study, const hopt_sink_study *old,
                                  const hopt_sink_study *now, hopt_error *err);
    hopt_status (*sink_pending)(void *self, hopt_sink_trial **list, size_t *count,
                                const char *study, const char *parent, int after, int limit,
                                hopt_error *err);
    hopt_status (*sink_put)(void *self, hopt_sink_trial *trials, size_t n, hopt_error *err);
    hopt_status (*version)(void *self, int64_t *token, hopt_error *err);
    hopt_status (*health)(void *self, hopt_store_health *out, hopt_error *err);
    const hopt_store_driven_ops *driven; /**< NULL: the store has no such trials */
} hopt_store_driver_ops;

extern const hopt_store_driver_ops hopt_store_sqlite;
extern const hopt_store_driver_ops hopt_store_mongo;

#endif
