/*
 * A driver's table in front of another's: every call is timed and told of. In a store without an
 * observer none of this is in the way.
 */
#include "common/store/store_observed.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/sys/clock.h"

/* Tables of its own, as slots that the inner driver leaves empty stay so. */
typedef struct observed {
    hopt_store_driver_ops ops;
    hopt_store_driven_ops driven_ops;
    const hopt_store_driver_ops *inner;
    void *self;
    hopt_store_observer observer;
} observed;

const char *hopt_store_op_name(hopt_store_op op) {
    static const char *const names[HOPT_STORE_OPS] = {
        [HOPT_STORE_OP_OPEN] = "open",
        [HOPT_STORE_OP_STUDY_CREATE] = "study_create",
        [HOPT_STORE_OP_STUDY] = "study",
        [HOPT_STORE_OP_STUDIES] = "studies",
        [HOPT_STORE_OP_STUDY_UPDATE] = "study_update",
        [HOPT_STORE_OP_STUDY_DELETE] = "study_delete",
        [HOPT_STORE_OP_VISIT_BEGIN] = "visit_begin",
        [HOPT_STORE_OP_VISIT_END] = "visit_end",
        [HOPT_STORE_OP_LEAD] = "lead",
        [HOPT_STORE_OP_RENEW] = "renew",
        [HOPT_STORE_OP_ABDICATE] = "abdicate",
        [HOPT_STORE_OP_TIDS] = "tids",
        [HOPT_STORE_OP_ENQUEUE] = "enqueue",
        [HOPT_STORE_OP_CLAIM] = "claim",
        [HOPT_STORE_OP_MINE] = "mine",
        [HOPT_STORE_OP_BEAT] = "beat",
        [HOPT_STORE_OP_FINISH] = "finish",
        [HOPT_STORE_OP_RELEASE] = "release",
        [HOPT_STORE_OP_OPEN_SET] = "open_set",
        [HOPT_STORE_OP_EXPIRE] = "expire",
        [HOPT_STORE_OP_CANCEL_NEW] = "cancel_new",
        [HOPT_STORE_OP_STOP_RUNNING] = "stop_running",
        [HOPT_STORE_OP_RETRY] = "retry",
        [HOPT_STORE_OP_TRIALS] = "trials",
        [HOPT_STORE_OP_COUNTS] = "counts",
        [HOPT_STORE_OP_BEST] = "best",
        [HOPT_STORE_OP_IMPORT] = "import",
        [HOPT_STORE_OP_FOREIGN] = "foreign",
        [HOPT_STORE_OP_REPORT] = "report",
        [HOPT_STORE_OP_REPORTS] = "reports",
        [HOPT_STORE_OP_PUT_LOG] = "put_log",
        [HOPT_STORE_OP_LOG] = "log",
        [HOPT_STORE_OP_ATTACH] = "attach",
        [HOPT_STORE_OP_ATTACHMENTS] = "attachments",
        [HOPT_STORE_OP_ATTACHMENT] = "attachment",
        [HOPT_STORE_OP_WORKER_PUT] = "worker_put",
        [HOPT_STORE_OP_WORKER_REMOVE] = "worker_remove",
        [HOPT_STORE_OP_WORKERS] = "workers",
        [HOPT_STORE_OP_SINK_STUDY] = "sink_study",
        [HOPT_STORE_OP_SINK_STUDY_PUT] = "sink_study_put",
        [HOPT_STORE_OP_SINK_PENDING] = "sink_pending",
        [HOPT_STORE_OP_SINK_PUT] = "sink_put",
        [HOPT_STORE_OP_VERSION] = "version",
        [HOPT_STORE_OP_HEALTH] = "health",
        [HOPT_STORE_OP_CHECKPOINT] = "checkpoint",
        [HOPT_STORE_OP_FILE] = "file",
    };
    return names[op];
}

void hopt_store__tell(const hopt_store_observer *observer, hopt_store_op op, int64_t began_ns,
                      hopt_status status, size_t done, size_t conflicts) {
    hopt_store_call call = {.op = op,
                            .status = status,
                            .duration_ns = hopt_clock_mono_ns() - began_ns,
                            .done = done,
                            .conflicts = conflicts + (status == HOPT_ECONFLICT)};
    observer->called(observer->data, &call);
}

/* The whole body of a slot that is only timed. */
#define OBSERVED(op, function, ...)                                                                \
    const observed *o = self;                                                                      \
    int64_t began_ns = hopt_clock_mono_ns();                                                       \
    hopt_status status = o->inner->function(o->self, __VA_ARGS__);                                 \
    hopt_store__tell(&o->observer, HOPT_STORE_OP_##op, began_ns, status, 0, 0);                    \
    return status

static hopt_status study_create(void *self, hopt_study_record *study, hopt_error *err) {
    OBSERVED(STUDY_CREATE, study_create, study, err);
}

static hopt_status study(void *self, hopt_study_record **out, const char *name, hopt_error *err) {
    OBSERVED(STUDY, study, out, name, err);
}

static hopt_status studies(void *self, char ***names, size_t *count, hopt_error *err) {
    OBSERVED(STUDIES, studies, names, count, err);
}

static hopt_status study_update(void *self, const char *name, int64_t rev, int state,
                                const char *reason, const char *spec, const char *file_hash,
                                hopt_error *err) {
    OBSERVED(STUDY_UPDATE, study_update, name, rev, state, reason, spec, file_hash, err);
}

static hopt_status study_delete(void *self, const char *name, hopt_error *err) {
    OBSERVED(STUDY_DELETE, study_delete, name, err);
}

static hopt_status visit_begin(void *self, hopt_error *err) {
    OBSERVED(VISIT_BEGIN, visit_begin, err);
}

static hopt_status visit_end(void *self, hopt_error *err) {
    OBSERVED(VISIT_END, visit_end, err);
}

static hopt_status lead(void *self, const char *name, const char *me, int64_t epoch, int64_t beat,
                        hopt_error *err) {
    OBSERVED(LEAD, lead, name, me, epoch, beat, err);
}

static hopt_status renew(void *self, const char *name, const char *me, int64_t epoch,
                         const hopt_study_progress *progress, hopt_error *err) {
    OBSERVED(RENEW, renew, name, me, epoch, progress, err);
}

static hopt_status abdicate(void *self, const char *name, const char *me, int64_t epoch,
                            hopt_error *err) {
    OBSERVED(ABDICATE, abdicate, name, me, epoch, err);
}

static hopt_status tids(void *self, int64_t *first, int n, hopt_error *err) {
    OBSERVED(TIDS, tids, first, n, err);
}

static hopt_status enqueue(void *self, hopt_trial *const *trials, size_t n, size_t *inserted,
                           hopt_error *err) {
    const observed *o = self;
    int64_t began_ns = hopt_clock_mono_ns();
    hopt_status status = o->inner->enqueue(o->self, trials, n, inserted, err);
    hopt_store__tell(&o->observer, HOPT_STORE_OP_ENQUEUE, began_ns, status, *inserted, 0);
    return status;
}

static hopt_status claim_many(void *self, hopt_trials *out, const char *study, const char *owner,
                              size_t n, hopt_error *err) {
    OBSERVED(CLAIM, claim_many, out, study, owner, n, err);
}

static hopt_status mine(void *self, hopt_trials *out, const char *study, const char *owner,
                        hopt_error *err) {
    OBSERVED(MINE, mine, out, study, owner, err);
}

static hopt_status beat(void *self, const hopt_lease *lease, int64_t step, char stop[32],
                        hopt_error *err) {
    OBSERVED(BEAT, beat, lease, step, stop, err);
}

static hopt_status beat_many(void *self, hopt_beat *beats, size_t n, hopt_error *err) {
    const observed *o = self;
    int64_t began_ns = hopt_clock_mono_ns();
    hopt_status status = o->inner->beat_many(o->self, beats, n, err);
    size_t conflicts = 0;
    for (size_t i = 0; i < n && status == HOPT_OK; i++)
        conflicts += beats[i].status == HOPT_ECONFLICT;
    hopt_store__tell(&o->observer, HOPT_STORE_OP_BEAT, began_ns, status, 0, conflicts);
    return status;
}

static hopt_status finish_many(void *self, hopt_finish *ends, size_t n, hopt_error *err) {
    const observed *o = self;
    int64_t began_ns = hopt_clock_mono_ns();
    hopt_status status = o->inner->finish_many(o->self, ends, n, err);
    size_t conflicts = 0;
    for (size_t i = 0; i < n && status == HOPT_OK; i++)
        conflicts += ends[i].status == HOPT_ECONFLICT;
    hopt_store__tell(&o->observer, HOPT_STORE_OP_FINISH, began_ns, status, 0, conflicts);
    return status;
}

static hopt_status release(void *self, const hopt_lease *lease, hopt_error *err) {
    OBSERVED(RELEASE, release, lease, err);
}

static hopt_status open_set(void *self, hopt_open_trial **list, size_t *count, const char *study,
                            hopt_error *err) {
    OBSERVED(OPEN_SET, open_set, list, count, study, err);
}

static hopt_status expire(void *self, const char *study, const hopt_open_trial *seen,
                          int max_attempts, hopt_error *err) {
    OBSERVED(EXPIRE, expire, study, seen, max_attempts, err);
}

static hopt_status cancel_new(void *self, const char *study, int from, const char *why,
                              int64_t *changed, hopt_error *err) {
    OBSERVED(CANCEL_NEW, cancel_new, study, from, why, changed, err);
}

static hopt_status stop_running(void *self, const char *study, int num, const char *why,
                                hopt_error *err) {
    OBSERVED(STOP_RUNNING, stop_running, study, num, why, err);
}

static hopt_status retry(void *self, const char *study, int num, hopt_error *err) {
    OBSERVED(RETRY, retry, study, num, err);
}

static hopt_status trials(void *self, hopt_trials *out, const hopt_trial_query *query,
                          int64_t *malformed, hopt_error *err) {
    OBSERVED(TRIALS, trials, out, query, malformed, err);
}

static hopt_status trials_by_num(void *self, hopt_trials *out, const char *study, const int *nums,
                                 size_t n, hopt_error *err) {
    OBSERVED(TRIALS, trials_by_num, out, study, nums, n, err);
}

static hopt_status counts(void *self, const char *study, int64_t counts[HOPT_STATES],
                          hopt_error *err) {
    OBSERVED(COUNTS, counts, study, counts, err);
}

static hopt_status best(void *self, hopt_trial **out, const char *study, hopt_error *err) {
    OBSERVED(BEST, best, out, study, err);
}

static hopt_status import_trials(void *self, hopt_trial *const *trials, size_t n, size_t *inserted,
                                 hopt_error *err) {
    OBSERVED(IMPORT, import_trials, trials, n, inserted, err);
}

static hopt_status foreign(void *self, const char *exp_key, hopt_store_each_document each,
                           void *data, hopt_error *err) {
    OBSERVED(FOREIGN, foreign, exp_key, each, data, err);
}

static hopt_status report(void *self, const hopt_trial_id *id, int lease, const int64_t *steps,
                          const double *losses, size_t n, hopt_error *err) {
    OBSERVED(REPORT, report, id, lease, steps, losses, n, err);
}

static hopt_status reports(void *self, hopt_reports *out, const hopt_trial_id *id,
                           hopt_error *err) {
    OBSERVED(REPORTS, reports, out, id, err);
}

static hopt_status put_log(void *self, const hopt_trial_id *id, const hopt_log_text *log,
                           hopt_error *err) {
    OBSERVED(PUT_LOG, put_log, id, log, err);
}

static hopt_status read_log(void *self, hopt_log_text *out, const hopt_trial_id *id,
                            hopt_error *err) {
    OBSERVED(LOG, log, out, id, err);
}

static hopt_status attach(void *self, const hopt_trial_id *id, const char *name, const void *data,
                          size_t length, hopt_error *err) {
    OBSERVED(ATTACH, attach, id, name, data, length, err);
}

static hopt_status attachments(void *self, char ***names, size_t *count, const hopt_trial_id *id,
                               hopt_error *err) {
    OBSERVED(ATTACHMENTS, attachments, names, count, id, err);
}

static hopt_status attachment(void *self, void **data, size_t *length, const hopt_trial_id *id,
                              const char *name, hopt_error *err) {
    OBSERVED(ATTACHMENT, attachment, data, length, id, name, err);
}

static hopt_status worker_put(void *self, const hopt_worker_record *worker, hopt_error *err) {
    OBSERVED(WORKER_PUT, worker_put, worker, err);
}

static hopt_status worker_remove(void *self, const char *owner, hopt_error *err) {
    OBSERVED(WORKER_REMOVE, worker_remove, owner, err);
}

static hopt_status workers(void *self, hopt_worker_record **list, size_t *count, hopt_error *err) {
    OBSERVED(WORKERS, workers, list, count, err);
}

static hopt_status sink_study(void *self, hopt_sink_study *out, const char *study,
                              hopt_error *err) {
    OBSERVED(SINK_STUDY, sink_study, out, study, err);
}

static hopt_status sink_study_put(void *self, const char *study, const hopt_sink_study *old,
                                  const hopt_sink_study *now, hopt_error *err) {
    OBSERVED(SINK_STUDY_PUT, sink_study_put, study, old, now, err);
}

static hopt_status sink_pending(void *self, hopt_sink_trial **list, size_t *count,
                                const char *study, const char *parent, int after, int limit,
                                hopt_error *err) {
    OBSERVED(SINK_PENDING, sink_pending, list, count, study, parent, after, limit, err);
}

static hopt_status sink_put(void *self, hopt_sink_trial *trials, size_t n, hopt_error *err) {
    OBSERVED(SINK_PUT, sink_put, trials, n, err);
}

static hopt_status version(void *self, int64_t *token, hopt_error *err) {
    OBSERVED(VERSION, version, token, err);
}

static hopt_status health(void *self, hopt_store_health *out, hopt_error *err) {
    OBSERVED(HEALTH, health, out, err);
}

/* ---- a Python driver's trials ---- */

static hopt_status driven_claim(void *self, hopt_trials *out, const char *exp_key,
                                const char *owner, size_t n, hopt_error *err) {
    OBSERVED(CLAIM, driven->claim, out, exp_key, owner, n, err);
}

static hopt_status driven_mine(void *self, hopt_trials *out, const char *exp_key, const char *owner,
                               hopt_error *err) {
    OBSERVED(MINE, driven->mine, out, exp_key, owner, err);
}

static hopt_status driven_beat(void *self, const hopt_lease *lease, hopt_error *err) {
    OBSERVED(BEAT, driven->beat, lease, err);
}

static hopt_status driven_checkpoint(void *self, const hopt_lease *lease, const char *result,
                                     hopt_error *err) {
    OBSERVED(CHECKPOINT, driven->checkpoint, lease, result, err);
}

static hopt_status driven_finish(void *self, const hopt_lease *lease, const hopt_result *result,
                                 const char *document, hopt_error *err) {
    OBSERVED(FINISH, driven->finish, lease, result, document, err);
}

static hopt_status driven_release(void *self, const hopt_lease *lease, hopt_error *err) {
    OBSERVED(RELEASE, driven->release, lease, err);
}

static hopt_status driven_running(void *self, hopt_open_trial **list, size_t *count,
                                  const char *exp_key, hopt_error *err) {
    OBSERVED(OPEN_SET, driven->running, list, count, exp_key, err);
}

static hopt_status driven_expire(void *self, const hopt_open_trial *seen, int max_attempts,
                                 hopt_error *err) {
    OBSERVED(EXPIRE, driven->expire, seen, max_attempts, err);
}

static hopt_status driven_attach(void *self, const hopt_lease *lease, const char *name,
                                 const void *data, size_t length, hopt_error *err) {
    OBSERVED(ATTACH, driven->attach, lease, name, data, length, err);
}

static hopt_status driven_file(void *self, const char *exp_key, const char *name,
                               char id[HOPT_FILE_ID_SIZE], hopt_error *err) {
    OBSERVED(FILE, driven->file, exp_key, name, id, err);
}

static hopt_status driven_download(void *self, const char *id, int fd, hopt_error *err) {
    OBSERVED(FILE, driven->download, id, fd, err);
}

static hopt_status driven_put(void *self, const char *exp_key, const char *name, const void *data,
                              size_t length, hopt_error *err) {
    OBSERVED(FILE, driven->put, exp_key, name, data, length, err);
}

static hopt_status driven_files(void *self, const char *exp_key, char ***names, size_t *count,
                                hopt_error *err) {
    OBSERVED(FILE, driven->files, exp_key, names, count, err);
}

/* ---- the table ---- */

static void close_observed(void *self) {
    observed *o = self;
    o->inner->close(o->self);
    free(o);
}

static const hopt_store_driver_ops all = {
    .close = close_observed,
    .study_create = study_create,
    .study = study,
    .studies = studies,
    .study_update = study_update,
    .study_delete = study_delete,
    .visit_begin = visit_begin,
    .visit_end = visit_end,
    .lead = lead,
    .renew = renew,
    .abdicate = abdicate,
    .tids = tids,
    .enqueue = enqueue,
    .claim_many = claim_many,
    .mine = mine,
    .beat = beat,
    .beat_many = beat_many,
    .finish_many = finish_many,
    .release = release,
    .open_set = open_set,
    .expire = expire,
    .cancel_new = cancel_new,
    .stop_running = stop_running,
    .retry = retry,
    .trials = trials,
    .trials_by_num = trials_by_num,
    .counts = counts,
    .best = best,
    .import_trials = import_trials,
    .foreign = foreign,
    .report = report,
    .reports = reports,
    .put_log = put_log,
    .log = read_log,
    .attach = attach,
    .attachments = attachments,
    .attachment = attachment,
    .worker_put = worker_put,
    .worker_remove = worker_remove,
    .workers = workers,
    .sink_study = sink_study,
    .sink_study_put = sink_study_put,
    .sink_pending = sink_pending,
    .sink_put = sink_put,
    .version = version,
    .health = health,
};

static const hopt_store_driven_ops all_driven = {
    .claim = driven_claim,
    .mine = driven_mine,
    .beat = driven_beat,
    .checkpoint = driven_checkpoint,
    .finish = driven_finish,
    .release = driven_release,
    .running = driven_running,
    .expire = driven_expire,
    .attach = driven_attach,
    .file = driven_file,
    .download = driven_download,
    .put = driven_put,
    .files = driven_files,
};

void hopt_store__observe(const hopt_store_driver_ops **ops, void **out,
                         const hopt_store_driver_ops *inner, void *self,
                         const hopt_store_observer *observer) {
    observed *o = hopt_zalloc(1, sizeof *o);
    o->inner = inner;
    o->self = self;
    o->observer = *observer;
    o->ops = all;
    o->ops.name = inner->name;
    if (!inner->beat_many) o->ops.beat_many = NULL;
    if (!inner->foreign) o->ops.foreign = NULL;
    o->driven_ops = all_driven;
    if (inner->driven) o->ops.driven = &o->driven_ops;
    *ops = &o->ops;
    *out = o;
}
