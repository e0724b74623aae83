/*
 * hopt_fmin(): take a trial, evaluate it, write its end, until a limit. With parallelism 1 the
 * function runs in the calling thread; else in threads (threads.c) or children (child.c), and this
 * loop waits for them. Only this thread takes, ends and calls the host back.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/sys/clock.h"
#include "libhopt/libhopt_internal.h"

enum {
    PARALLELISM_MAX = 1024,
    WAIT_MS = 500,
    STORE_RETRY_MS = 500,
    STORE_PATIENCE_MS = 120000, /* how long a store that worked may be away */
    CHANGES_MAX = 10
};

void hopt_lib__wake(hopt_study *study) {
    uint64_t one = 1;
    ssize_t written = write(study->wake_fd, &one, sizeof one);
    (void)written; /* full means: it is awake */
}

void hopt_study_cancel(hopt_study *study) {
    int saved = errno;
    atomic_store(&study->cancelled, true);
    hopt_lib__wake(study);
    errno = saved;
}

const char *hopt_study_reason(hopt_study *study) {
    pthread_mutex_lock(&study->mutex);
    const char *reason = study->reason;
    pthread_mutex_unlock(&study->mutex);
    return reason;
}

static void fail_run(hopt_fmin_run *run, hopt_status code, const hopt_error *err) {
    if (run->code == HOPT_OK) {
        run->code = code;
        run->error = *err;
        run->error.code = code;
    }
    if (!run->ending) run->ending = "error";
}

static bool store_failed(hopt_status status) {
    return status == HOPT_ESTORE || status == HOPT_EUNAVAILABLE;
}

/* ---- options ---- */

static int read_options(hopt_fmin_options *out, const hopt_fmin_options *given, hopt_failure *why) {
    hopt_fmin_options_init(out);
    if (given) {
        memcpy(out, given, given->size < sizeof *out ? given->size : sizeof *out);
        out->size = sizeof *out;
    }
    if (out->parallelism == 0) out->parallelism = 1;
    if (out->max_queue_len == 0) out->max_queue_len = 1;
    const char *bad = NULL;
    if (out->max_evals < 0 || out->max_evals > HOPT_TRIALS_MAX)
        bad = "max_evals: 1 .. 1000000";
    else if (!(out->timeout >= 0 && out->timeout < 1e12))
        bad = "timeout: a number of seconds above 0";
    else if (out->has_loss_threshold && out->loss_threshold != out->loss_threshold)
        bad = "loss_threshold: not a number";
    else if (out->parallelism < 1 || out->parallelism > PARALLELISM_MAX)
        bad = "parallelism: 1 .. 1024";
    else if (out->mode != HOPT_MODE_THREADS && out->mode != HOPT_MODE_PROCESSES)
        bad = "mode: HOPT_MODE_THREADS or HOPT_MODE_PROCESSES";
    else if (out->max_queue_len < 1 || out->max_queue_len > 10000)
        bad = "max_queue_len: 1 .. 10000";
    else if (out->no_progress < 0 || !(out->no_progress_percent >= 0))
        bad = "no_progress: a number of trials, and percent from 0";
    return bad ? hopt_lib__say(why, HOPT_EINVAL, "options.%s", bad) : HOPT_OK;
}

/* Limits of the text hold where the options name none. */
static int settle_limits(hopt_fmin_run *run, hopt_failure *why) {
    hopt_fmin_options *o = &run->options;
    const hopt_stop_rules *stop = &run->study->spec->stop;
    if (o->timeout == 0) o->timeout = stop->timeout_s;
    if (!o->has_loss_threshold && stop->has_loss_below) {
        o->has_loss_threshold = 1;
        o->loss_threshold = stop->loss_below;
    }
    if (!o->no_progress) {
        o->no_progress = stop->no_progress_trials;
        o->no_progress_percent = stop->no_progress_percent;
    }
    bool limited = o->max_evals || o->timeout > 0 || o->has_loss_threshold || o->early_stop ||
                   o->no_progress || run->study->limited;
    return limited ? HOPT_OK
                   : hopt_lib__say(why, HOPT_EINVAL,
                                   "nothing ends this run: set max_evals, timeout, loss_threshold, "
                                   "no_progress or early_stop");
}

/* ---- the study's record ---- */

static int stored_limit(const hopt_study_record *record) {
    json_t *json;
    if (hopt_json_parse(&json, record->spec, strlen(record->spec), HOPT_JSON_COMMENTS, NULL) !=
        HOPT_OK)
        return 0;
    int limit = (int)hopt_json_integer_of(json_object_get(json, "stop"), "max_trials", 0);
    json_decref(json);
    return limit;
}

static hopt_status new_text(char **text, const hopt_study *study, hopt_error *err) {
    char *set = hopt_format("stop.max_trials=%d", study->max_trials);
    const char *sets[] = {set};
    hopt_errors errors = {0};
    hopt_status status =
        hopt_study_spec_merge_set(text, study->record->spec, study->record->name, sets, 1, &errors);
    free(set);
    if (status != HOPT_OK) *err = errors.list[0];
    return status;
}

/* Open the study again when it is not active, and store a new limit. Mutex held. */
static hopt_status reopen(hopt_study *study, bool new_limit, hopt_error *err) {
    for (int i = 0; i < CHANGES_MAX; i++) {
        char *text = NULL;
        hopt_status status = hopt_lib__record(study, 0, err);
        if (status != HOPT_OK) return status;
        const hopt_study_record *record = study->record;
        bool closed = record->state != HOPT_STUDY_ACTIVE;
        new_limit = new_limit && stored_limit(record) != study->max_trials;
        if (!closed && !new_limit) return HOPT_OK;
        if (new_limit) status = new_text(&text, study, err);
        if (status == HOPT_OK)
            status = hopt_store_study_update(study->store, record->name, record->rev,
                                             closed ? (int)HOPT_STUDY_ACTIVE : -1, NULL, text, NULL,
                                             err);
        free(text);
        study->record_ms = 0;
        if (status != HOPT_ECONFLICT) return status;
    }
    return hopt_error_set(err, HOPT_ECONFLICT, "study %s is changed by others all the time",
                          study->spec->name);
}

/* How many trials there are, and of these open. Mutex held. */
static hopt_status count_trials(hopt_study *study, int64_t *total, int64_t *open, hopt_error *err) {
    int64_t counts[HOPT_STATES];
    hopt_status status = hopt_store_counts(study->store, study->spec->name, counts, err);
    if (status != HOPT_OK) return status;
    *open = counts[HOPT_NEW] + counts[HOPT_RUNNING];
    *total = *open + counts[HOPT_DONE] + counts[HOPT_ERROR] + counts[HOPT_CANCEL];
    return HOPT_OK;
}

/* A study with all its trials stays as it is; any other is opened for this run. */
static hopt_status open_study(hopt_fmin_run *run, hopt_error *err) {
    hopt_study *study = run->study;
    int64_t total, open;
    pthread_mutex_lock(&study->mutex);
    if (run->options.max_evals) study->max_trials = (int)run->options.max_evals;
    hopt_status status = count_trials(study, &total, &open, err);
    if (status == HOPT_OK && total >= study->max_trials && open == 0)
        run->ending = "max_evals";
    else if (status == HOPT_OK)
        status = reopen(study, run->options.max_evals != 0, err);
    /* The best of former runs may be good enough. */
    if (status == HOPT_OK) status = hopt_lib__catch_up(study, err);
    pthread_mutex_unlock(&study->mutex);
    return status;
}

/* The end of a study is said in its record, unless somebody wants more of it. */
static void close_study(hopt_fmin_run *run, const char *reason) {
    hopt_study *study = run->study;
    hopt_error ignored;
    int64_t total, open;
    pthread_mutex_lock(&study->mutex);
    hopt_status status = count_trials(study, &total, &open, &ignored);
    if (status == HOPT_OK && open == 0) status = hopt_lib__record(study, 0, &ignored);
    if (status == HOPT_OK && open == 0 && study->record->state == HOPT_STUDY_ACTIVE &&
        stored_limit(study->record) <= study->max_trials)
        status = hopt_store_study_update(study->store, study->record->name, study->record->rev,
                                         (int)HOPT_STUDY_DONE, reason, NULL, NULL, &ignored);
    study->record_ms = 0;
    pthread_mutex_unlock(&study->mutex);
}

/* ---- evaluations ---- */

static hopt_lib_slot *free_slot(hopt_fmin_run *run) {
    for (int i = 0; i < run->n_slots; i++)
        if (!run->slots[i].eval) return &run->slots[i];
    return NULL;
}

/* Wait for a child, a thread, a cancel, or the time. */
static void wait_for(hopt_fmin_run *run, int ms) {
    struct pollfd *fds = hopt_zalloc((size_t)run->n_slots + 1, sizeof *fds);
    nfds_t n = 0;
    fds[n++] = (struct pollfd){.fd = run->study->wake_fd, .events = POLLIN};
    for (int i = 0; i < run->n_slots; i++)
        if (run->slots[i].pid) fds[n++] = (struct pollfd){.fd = run->slots[i].fd, .events = POLLIN};
    poll(fds, n, ms);
    uint64_t count;
    ssize_t got = read(run->study->wake_fd, &count, sizeof count);
    (void)got; /* it does not block; nothing to read is fine */
    free(fds);
}

/* A store that is away for a while costs nothing but time. */
static hopt_status write_end(hopt_eval *eval, const hopt_result *result, hopt_info **info,
                             hopt_error *err) {
    int64_t until_ms = hopt_clock_mono_ms() + STORE_PATIENCE_MS;
    for (;;) {
        hopt_status status =
            result ? hopt_lib__finish(eval, result, info, err) : hopt_lib__release(eval, err);
        if (!store_failed(status) || hopt_clock_mono_ms() >= until_ms) return status;
        hopt_clock_sleep_ms(STORE_RETRY_MS);
    }
}

/* Stopped by this very run: the point is still to be evaluated. */
static bool goes_back(hopt_eval *eval, const hopt_result *result) {
    pthread_mutex_lock(&eval->study->mutex);
    bool back =
        result->state == HOPT_CANCEL && eval->wanted_here && strcmp(eval->why, "cancelled") == 0;
    pthread_mutex_unlock(&eval->study->mutex);
    return back;
}

static void end_slot(hopt_fmin_run *run, hopt_lib_slot *slot) {
    hopt_eval *eval = slot->eval;
    hopt_result result;
    hopt_info *info = NULL;
    hopt_error err = {0};
    if (run->options.mode == HOPT_MODE_PROCESSES)
        hopt_lib__child_result(slot, &result);
    else
        hopt_lib__result(eval, &result, slot->returned, slot->loss);
    hopt_status status = write_end(eval, goes_back(eval, &result) ? NULL : &result, &info, &err);
    hopt_result_clear(&result);
    hopt_lib__eval_free(eval);
    slot->eval = NULL;
    slot->ended = slot->has_result = false;
    run->busy--;
    /* A lost lease: another one evaluates it, or did. */
    if (status != HOPT_OK && status != HOPT_ECONFLICT) fail_run(run, status, &err);
    if (info) hopt_lib__ended(run, info);
}

static void look(hopt_fmin_run *run) {
    for (int i = 0; i < run->n_slots; i++) {
        hopt_lib_slot *slot = &run->slots[i];
        if (!slot->eval) continue;
        if (run->options.mode == HOPT_MODE_PROCESSES)
            hopt_lib__child_look(slot);
        else
            slot->ended = hopt_lib__thread_ended(slot);
        if (slot->ended) end_slot(run, slot);
    }
}

static void start(hopt_fmin_run *run, hopt_eval *eval) {
    hopt_lib_slot *slot = free_slot(run);
    hopt_error err = {0};
    hopt_status status = HOPT_OK;
    eval->in_fmin = true;
    slot->eval = eval;
    slot->loss = 0;
    run->busy++;
    if (run->options.mode == HOPT_MODE_PROCESSES) {
        status = hopt_lib__child_start(slot, &err);
    } else if (run->n_slots > 1) {
        status = hopt_lib__thread_start(slot, &err);
    } else {
        slot->returned = run->function(eval, &slot->loss, run->context);
        end_slot(run, slot);
    }
    if (status == HOPT_OK) return;
    hopt_error ignored;
    write_end(eval, NULL, NULL, &ignored);
    hopt_lib__eval_free(eval);
    slot->eval = NULL;
    run->busy--;
    fail_run(run, status, &err);
}

/* ---- taking ---- */

/* No trial can be had. @return whether to look again in a while. */
static bool none_left(hopt_fmin_run *run, const char *ending) {
    hopt_study *study = run->study;
    pthread_mutex_lock(&study->mutex);
    bool wait = study->n_others + study->n_new > 0;
    pthread_mutex_unlock(&study->mutex);
    if (!wait && run->busy == 0) run->ending = ending;
    return wait;
}

/* The limit is reached, or somebody ended or paused the study. */
static void refused(hopt_fmin_run *run, const hopt_error *err) {
    hopt_study *study = run->study;
    hopt_error again = {0};
    pthread_mutex_lock(&study->mutex);
    const hopt_study_record *record = study->record;
    hopt_study_state state = record->state;
    bool by_limit =
        state == HOPT_STUDY_DONE && record->reason && strcmp(record->reason, "max_trials") == 0;
    /* Another process had a lower limit. */
    hopt_status status = by_limit ? reopen(study, true, &again) : HOPT_OK;
    pthread_mutex_unlock(&study->mutex);
    if (status != HOPT_OK) {
        fail_run(run, status, &again);
    } else if (state == HOPT_STUDY_ACTIVE) {
        none_left(run, "max_evals");
    } else if (!by_limit) {
        run->ending = "paused";
        run->code = HOPT_ESTOPPED;
        run->error = *err;
    }
}

/* @return whether another one may be taken at once. */
static bool take(hopt_fmin_run *run, int64_t *down_ms) {
    hopt_eval *eval;
    hopt_error err = {0};
    hopt_status status =
        hopt_lib__take(run->study, true, run->options.max_queue_len, NULL, &eval, &err);
    int64_t now_ms = hopt_clock_mono_ms();
    if (status == HOPT_OK) {
        *down_ms = 0;
        start(run, eval);
        return true;
    }
    if (status == HOPT_ENOTFOUND) {
        none_left(run, "exhausted");
    } else if (status == HOPT_ECONFLICT) {
        refused(run, &err);
    } else if (store_failed(status)) {
        if (!*down_ms) *down_ms = now_ms;
        if (now_ms - *down_ms >= STORE_PATIENCE_MS) fail_run(run, status, &err);
    } else {
        fail_run(run, status, &err);
    }
    return false;
}

/* ---- the loop ---- */

static void stop_all(hopt_fmin_run *run) {
    bool cancelled = strcmp(run->ending, "cancelled") == 0;
    if (!cancelled && strcmp(run->ending, "timeout") != 0) return;
    pthread_mutex_lock(&run->study->mutex);
    for (int i = 0; i < run->n_slots; i++)
        if (run->slots[i].eval) hopt_lib__eval_stop(run->slots[i].eval, run->ending, true);
    pthread_mutex_unlock(&run->study->mutex);
}

static void loop(hopt_fmin_run *run) {
    int64_t down_ms = 0;
    for (;;) {
        bool more = true;
        while (!hopt_lib__ends(run) && run->busy < run->n_slots && more)
            more = take(run, &down_ms);
        if (run->ending && run->busy == 0) break;
        if (run->ending) stop_all(run);
        hopt_lib__progress(run, false);
        if (run->busy > 0 || !more) wait_for(run, run->options.mode && run->ending ? 50 : WAIT_MS);
        look(run);
    }
}

static hopt_status begin(hopt_fmin_run *run, hopt_error *err) {
    hopt_study *study = run->study;
    pthread_mutex_lock(&study->mutex);
    bool busy = study->running;
    study->running = true;
    if (!busy) study->slots = run->options.parallelism;
    pthread_mutex_unlock(&study->mutex);
    if (busy)
        return hopt_error_set(err, HOPT_ECONFLICT, "a hopt_fmin() runs on this study already");
    run->began_ms = run->shown_ms = hopt_clock_mono_ms();
    atomic_store(
        &study->deadline_ms,
        run->options.timeout > 0 ? run->began_ms + (int64_t)(run->options.timeout * 1000) + 1 : 0);
    return HOPT_OK;
}

/* What `hopt study list` shows is written by who leads; here nobody does, so for a moment we do. A
 * master that leads knows better. */
static void note_progress(hopt_study *study) {
    hopt_error ignored;
    hopt_trial *best = NULL;
    hopt_study_progress progress = {0};
    const char *name = study->spec->name;
    pthread_mutex_lock(&study->mutex);
    hopt_status status = hopt_lib__record(study, 0, &ignored);
    const hopt_study_record *record = study->record;
    if (status == HOPT_OK && !record->leader)
        status = hopt_store_counts(study->store, name, progress.counts, &ignored);
    if (status == HOPT_OK && !record->leader) {
        status = hopt_store_best(study->store, &best, name, &ignored);
        if (status == HOPT_ENOTFOUND) status = HOPT_OK;
    }
    if (best) {
        progress.has_best = true;
        progress.best_num = best->num;
        progress.best_loss = best->result.loss;
    }
    progress.active_ms = record->active_ms;
    int64_t epoch = record->epoch + 1;
    if (status == HOPT_OK && !record->leader &&
        hopt_store_lead(study->store, name, study->owner, record->epoch, record->beat, &ignored) ==
            HOPT_OK) {
        status = hopt_store_renew(study->store, name, study->owner, epoch, &progress, &ignored);
        status = hopt_store_abdicate(study->store, name, study->owner, epoch, &ignored);
    }
    hopt_trial_free(best);
    pthread_mutex_unlock(&study->mutex);
}

static void end(hopt_fmin_run *run) {
    hopt_study *study = run->study;
    const char *reason = run->ending;
    if (run->ended) note_progress(study);
    if (reason && strcmp(reason, "max_evals") == 0) close_study(run, "max_trials");
    if (reason && strcmp(reason, "exhausted") == 0) close_study(run, "exhausted");
    atomic_store(&study->cancelled, false);
    atomic_store(&study->deadline_ms, 0);
    pthread_mutex_lock(&study->mutex);
    study->running = false;
    study->reason = reason;
    pthread_mutex_unlock(&study->mutex);
}

static void run_all(hopt_fmin_run *run) {
    hopt_error err = {0};
    run->n_slots = run->options.parallelism;
    run->slots = hopt_zalloc((size_t)run->n_slots, sizeof *run->slots);
    for (int i = 0; i < run->n_slots; i++)
        run->slots[i] = (hopt_lib_slot){.run = run, .fd = -1};
    HOPT_ASSERT(pthread_mutex_init(&run->lock, NULL) == 0);
    HOPT_ASSERT(pthread_cond_init(&run->job, NULL) == 0);
    hopt_status status = open_study(run, &err);
    if (status == HOPT_OK) status = hopt_lib__keep_start(run->study, &err);
    if (status == HOPT_OK) {
        loop(run);
        hopt_lib__threads_end(run);
        hopt_lib__keep_stop(run->study);
        hopt_lib__progress(run, true);
    } else {
        fail_run(run, status, &err);
    }
    pthread_cond_destroy(&run->job);
    pthread_mutex_destroy(&run->lock);
    free(run->slots);
}

static int answer(hopt_fmin_run *run, hopt_info **best, hopt_failure *why) {
    hopt_failure none;
    int code = run->code == HOPT_OK ? HOPT_OK : hopt_lib__fail(why, &run->error);
    if (code == HOPT_OK && strcmp(run->ending, "cancelled") == 0)
        code = hopt_lib__say(why, HOPT_ESTOPPED, "study %s was cancelled", run->study->spec->name);
    if (!best) return code;
    int found = hopt_study_best(run->study, best, &none);
    if (code != HOPT_OK || found == HOPT_OK) return code;
    return hopt_lib__say(why, found, "%s", none.message);
}

int hopt_fmin(hopt_study *study, hopt_function function, void *context,
              const hopt_fmin_options *options, hopt_info **best, hopt_failure *why) {
    hopt_fmin_run run = {.study = study, .function = function, .context = context};
    hopt_error err = {0};
    if (best) *best = NULL;
    if (!study || !function)
        return hopt_lib__say(why, HOPT_EINVAL, "hopt_fmin() needs a study and a function");
    int code = read_options(&run.options, options, why);
    if (code == HOPT_OK) code = settle_limits(&run, why);
    if (code != HOPT_OK) return code;
    if (begin(&run, &err) != HOPT_OK) return hopt_lib__fail(why, &err);
    run_all(&run);
    end(&run);
    return answer(&run, best, why);
}
