/*
 * The loop of `hopt run`. Design notes
 * - Master and agent are those of hopt-master and hopt-worker, in one process: an ended trial wakes
 *   the master, a queued one wakes the agent; the store's polling stays as the net below.
 * - It ends in this order: the agent drains and has left; agent and master are closed; then signals
 *   and timer; then the loop is empty. `stop` begins it and may be called any number of times.
 */
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "cli/context.h"
#include "cli/progress.h"
#include "cli/run.h"
#include "common/loop/signals.h"
#include "common/sys/clock.h"
#include "common/sys/log.h"
#include "master/master.h"
#include "worker/agent.h"

enum { TICK_MS = 100, FAILURES_SHOWN = 3, STOP_BEAT_MS = 1000 };

typedef struct session {
    hopt_run *run;
    uv_loop_t loop;
    uv_timer_t timer;
    hopt_signals *signals;
    hopt_master *master;
    hopt_agent *agent;
    hopt_progress *progress;
    hopt_progress_state shown;
    int here;      /* trials that run in this process */
    int failures;  /* seen here */
    bool stopping; /* the agent drains */
    bool left;     /* it has left */
    bool store_down;
    bool closing; /* the study ends: running trials may be asked to stop */
    int64_t beat_ms;
    int open; /* of master and agent: not closed yet */
} session;

static void show(session *self) {
    self->shown.remark = self->stopping && !self->left && self->run->signum ? "stopping" : NULL;
    hopt_progress_set(self->progress, &self->shown, hopt_clock_mono_ms());
}

/* ---- the end ---- */

static void on_part_closed(void *data) {
    session *self = data;
    if (--self->open > 0) return;
    hopt_signals_close(self->signals);
    uv_close((uv_handle_t *)&self->timer, NULL);
}

static void on_left(session *self, const hopt_agent_event *event) {
    self->left = true;
    self->stopping = true;
    if (event->failed) self->run->worker_failed = true;
    if (event->message) hopt_log_warn("stopped: %s", event->message);
    hopt_agent_close(self->agent, on_part_closed, self);
    hopt_master_stop(self->master, on_part_closed, self);
}

static void stop(session *self) {
    if (self->stopping) return;
    self->stopping = true;
    hopt_agent_drain(self->agent);
}

/* ---- what happens ---- */

static void on_view(void *data, const hopt_master_view *view) {
    session *self = data;
    hopt_progress_state *shown = &self->shown;
    shown->done = view->counts[HOPT_DONE] + view->counts[HOPT_ERROR] + view->counts[HOPT_CANCEL];
    shown->running = view->counts[HOPT_RUNNING];
    shown->failed = view->failed;
    shown->total = view->spec->stop.max_trials;
    shown->has_best = view->has_best;
    shown->best = hopt_context_loss(view->spec, view->best_loss);
    show(self);
    self->closing = view->state == HOPT_STUDY_CLOSING;
    if (view->state == HOPT_STUDY_DONE || view->state == HOPT_STUDY_PAUSED) stop(self);
}

static void on_queued(void *data) {
    session *self = data;
    if (!self->stopping) hopt_agent_wake(self->agent);
}

/* The master's turn comes within the agent's visits of the store: what ended is taken up, proposed
 * anew and claimed by one thread, without waking another. */
static bool ask_for_turn(void *data) {
    session *self = data;
    return !self->stopping && hopt_agent_ask_for_turn(self->agent);
}

static bool may_turn(void *data) {
    session *self = data;
    return !self->stopping && hopt_master_turn_begin(self->master);
}

static void turn(void *data, hopt_store *store) {
    session *self = data;
    hopt_master_turn(self->master, store);
}

static void turned(void *data, bool ran, bool kept) {
    session *self = data;
    hopt_master_turn_end(self->master, ran, kept);
}

static void on_warning(void *data, const char *study, const char *message) {
    (void)data;
    hopt_log_warn("study=%s %s", study, message);
}

/* Master and agent both see it. */
static void on_store(void *data, const hopt_error *err) {
    session *self = data;
    if (self->store_down == (err != NULL)) return;
    self->store_down = err != NULL;
    if (err)
        hopt_log_warn("the store can't be used, trying again: %s", err->message);
    else
        hopt_log_info("the store works again");
}

/* The first failures are said at once: they are most likely a fault of the objective. */
static void on_failure(session *self, const hopt_trial *trial, const hopt_result *result) {
    self->failures++;
    if (self->run->settings->common.quiet || self->failures > FAILURES_SHOWN) return;
    if (result->state == HOPT_ERROR)
        hopt_log_warn("trial %d failed: %s: %s", trial->num, result->error_type,
                      result->error_message);
    else
        hopt_log_warn("trial %d failed: %s", trial->num,
                      result->status_fail ? result->status_fail : "status fail");
    if (self->failures == FAILURES_SHOWN)
        hopt_log_warn("further failures are only counted; \"hopt trials list --state error\" "
                      "lists them");
}

static void on_ended(session *self, const hopt_agent_event *event) {
    const hopt_result *result = event->result;
    self->here--;
    self->run->session_trials++;
    if (result->state == HOPT_ERROR || (result->state == HOPT_DONE && !result->ok))
        on_failure(self, event->trial, result);
    if (!self->left) hopt_master_wake(self->master);
    if (self->run->mlflow) hopt_mlflow_wake(self->run->mlflow);
}

static void on_event(void *data, const hopt_agent_event *event) {
    session *self = data;
    hopt_error err;
    switch (event->kind) {
    case HOPT_AGENT_CLAIMED:
        self->here++;
        self->shown.running = self->here;
        show(self);
        break;
    case HOPT_AGENT_ENDED:
        on_ended(self, event);
        break;
    case HOPT_AGENT_RELEASED:
        self->here--;
        hopt_log_info("trial %d goes back to the queue", event->trial->num);
        break;
    case HOPT_AGENT_LOST:
        self->here--;
        hopt_log_warn("trial %d: its lease was lost, the result is dropped", event->trial->num);
        break;
    case HOPT_AGENT_LEFT:
        on_left(self, event);
        break;
    case HOPT_AGENT_STORE_DOWN:
        hopt_error_set(&err, HOPT_ESTORE, "%s", event->message);
        on_store(self, &err);
        break;
    case HOPT_AGENT_STORE_UP:
        on_store(self, NULL);
        break;
    case HOPT_AGENT_IDLE:
        break;
    }
}

static void on_signal(void *data, int signum, int count) {
    session *self = data;
    if (count > 2) _exit(128 + signum); /* the leases give the trials back */
    self->run->signum = signum;
    if (count == 2) {
        hopt_log_warn("giving the running trials back to the queue");
        if (!self->left) hopt_agent_release(self->agent);
    } else if (self->here > 0) {
        hopt_log_warn("stopping: waiting for %d running trial%s; once more gives %s back to the "
                      "queue at once",
                      self->here, self->here > 1 ? "s" : "", self->here > 1 ? "them" : "it");
    }
    stop(self);
    show(self);
}

static void on_tick(uv_timer_t *timer) {
    session *self = timer->data;
    int64_t now_ms = hopt_clock_mono_ms();
    hopt_progress_tick(self->progress, now_ms);
    if (self->run->mlflow) hopt_mlflow_say(self->run->mlflow);
    /* A study out of time asks running trials to stop; the agent learns it by its beat. */
    if (self->closing && self->here > 0 && !self->left && now_ms - self->beat_ms >= STOP_BEAT_MS) {
        self->beat_ms = now_ms;
        hopt_agent_beat(self->agent);
    }
}

/* ---- life ---- */

static void open_agent(session *self) {
    const hopt_run *run = self->run;
    hopt_agent_options options = {.store_uri = run->uri,
                                  .studies = &run->spec,
                                  .n_studies = 1,
                                  .cwds = &run->cwd,
                                  .plugins = &run->plugin,
                                  .slots = (int)run->settings->slots,
                                  .grace_ms = run->settings->grace_ms,
                                  .runner = run->runner,
                                  .workdir = run->workdir,
                                  .gpus = run->settings->gpus,
                                  .quiet = true,
                                  .on_event = on_event,
                                  .may_turn = may_turn,
                                  .turn = turn,
                                  .turned = turned,
                                  .data = self};
    self->agent = hopt_agent_new(&self->loop, &options);
}

static void open_master(session *self, const char *const *name) {
    const hopt_run *run = self->run;
    hopt_master_options options = {.store_uri = run->uri,
                                   .studies = name,
                                   .n_studies = 1,
                                   .local_slots = (int)run->settings->slots,
                                   .on_view = on_view,
                                   .on_queued = on_queued,
                                   .ask_for_turn = ask_for_turn,
                                   .on_warning = on_warning,
                                   .on_store = on_store,
                                   .data = self};
    self->master = hopt_master_new(&self->loop, &options);
}

void hopt_run_loop(hopt_run *run) {
    session self = {.run = run, .open = 2};
    const char *name = run->spec->name;
    bool quiet = run->settings->common.quiet || run->settings->common.json;
    HOPT_ASSERT(uv_loop_init(&self.loop) == 0);
    HOPT_ASSERT(uv_timer_init(&self.loop, &self.timer) == 0);
    self.timer.data = &self;
    self.progress = hopt_progress_new(name, quiet, hopt_clock_mono_ms());
    hopt_log_set_hooks(hopt_progress_hide, hopt_progress_show, self.progress);
    self.signals = hopt_signals_new(&self.loop, on_signal, &self);
    open_master(&self, &name);
    open_agent(&self);
    uv_timer_start(&self.timer, on_tick, TICK_MS, TICK_MS);
    hopt_master_start(self.master);
    hopt_agent_start(self.agent);
    uv_run(&self.loop, UV_RUN_DEFAULT);
    HOPT_ASSERT(uv_loop_close(&self.loop) == 0);
    hopt_log_set_hooks(NULL, NULL, NULL);
    hopt_progress_end(self.progress, hopt_clock_mono_ms());
}
