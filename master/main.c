/* hopt-master: brings the given study files into the store, then looks after the studies. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "common/base/alloc.h"
#include "common/loop/service.h"
#include "common/loop/signals.h"
#include "common/monitor/monitor.h"
#include "common/program/program.h"
#include "common/sys/log.h"
#include "master/api.h"
#include "master/enroll.h"
#include "master/master.h"
#include "master/master_command.h"
#include "master/master_metrics.h"
#include "master/sinks/mlflow.h"

static const char program_name[] = "hopt-master";

/** What was last logged of a study, and whether it is done. */
typedef struct watched {
    char name[HOPT_STUDY_NAME_MAX];
    bool leading, done;
    hopt_study_state state;
} watched;

typedef struct program {
    hopt_master_settings settings;
    char *store; /* URI */
    uv_loop_t loop;
    hopt_master *master;
    hopt_signals *signals;
    hopt_monitor *monitor; /* NULL: nothing is shown */
    hopt_master_metrics *metrics;
    hopt_api *api;
    hopt_mlflow *mlflow; /* or NULL */
    uv_timer_t mlflow_timer;
    hopt_service *service;
    watched *studies;
    size_t n_studies, capacity;
    bool stopping, signalled;
} program;

/* ---- set-up ---- */

static int enroll_file(hopt_store *store, const hopt_study_spec *spec, const char *file) {
    static const char *const words[] = {[HOPT_ENROLLED_CREATED] = "created",
                                        [HOPT_ENROLLED_RESUMED] = "resumed",
                                        [HOPT_ENROLLED_EXTENDED] = "extended",
                                        [HOPT_ENROLLED_FINISHED] = "finished already"};
    hopt_study_record *study;
    hopt_enrolled how;
    hopt_error err;
    if (hopt_enroll(store, &study, &how, spec, &err) != HOPT_OK)
        return hopt_program_fail(program_name, &err);
    hopt_log_info("study %s study=%s file=%s", words[how], spec->name, file);
    hopt_study_free(study);
    return HOPT_EXIT_OK;
}

static int enroll_files(program *self, hopt_study_spec *const *specs) {
    const hopt_texts *files = &self->settings.files;
    hopt_store *store;
    hopt_error err;
    hopt_store_options options = {.create = true, .observer = hopt_monitor_store(self->monitor)};
    if (!self->settings.store) {
        hopt_error_set(&err, HOPT_EINVAL, "no store: give --store URI or set HOPT_STORE");
        return hopt_program_fail(program_name, &err);
    }
    if (hopt_program_store(&self->store, self->settings.store, &err) != HOPT_OK ||
        hopt_store_open(&store, self->store, &options, &err) != HOPT_OK)
        return hopt_program_fail(program_name, &err);
    int code = HOPT_EXIT_OK;
    for (size_t i = 0; i < files->count && code == HOPT_EXIT_OK; i++)
        code = enroll_file(store, specs[i], files->list[i]);
    hopt_store_close(store);
    return code;
}

/* A port that is taken is said before anything is written to the store. */
static int open_monitor(program *self) {
    const hopt_texts *hosts = &self->settings.http_allow_hosts;
    hopt_error err;
    if (hopt_monitor_open(&self->monitor, self->settings.http, hosts->list, hosts->count, &err) !=
        HOPT_OK)
        return hopt_program_fail(program_name, &err);
    hopt_monitor_count_proposals(self->monitor);
    if (self->monitor) self->metrics = hopt_master_metrics_new(hopt_monitor_metrics(self->monitor));
    return HOPT_EXIT_OK;
}

/* All files are read before the store is touched: a bad one leaves no trace. */
static int set_up(program *self) {
    const hopt_texts *files = &self->settings.files;
    hopt_error err;
    if (self->settings.mlflow && hopt_mlflow_check_uri(self->settings.mlflow, &err) != HOPT_OK)
        return hopt_program_fail(program_name, &err);
    hopt_study_spec **specs = hopt_zalloc(files->count + 1, sizeof *specs);
    int code = HOPT_EXIT_OK;
    for (size_t i = 0; i < files->count; i++) {
        int one =
            hopt_program_load(&specs[i], program_name, files->list[i], NULL, &self->settings.sets);
        if (one != HOPT_EXIT_OK) code = one;
    }
    if (code == HOPT_EXIT_OK) code = open_monitor(self);
    if (code == HOPT_EXIT_OK) code = enroll_files(self, specs);
    for (size_t i = 0; i < files->count; i++)
        hopt_study_spec_free(specs[i]);
    free(specs);
    return code;
}

/* ---- events ---- */

static watched *find(program *self, const char *name) {
    for (size_t i = 0; i < self->n_studies; i++) {
        if (strcmp(self->studies[i].name, name) == 0) return &self->studies[i];
    }
    self->studies =
        hopt_grow(self->studies, self->n_studies, &self->capacity, sizeof *self->studies);
    watched *one = &self->studies[self->n_studies++];
    memset(one, 0, sizeof *one);
    snprintf(one->name, sizeof one->name, "%s", name);
    return one;
}

static void on_monitor_closed(void *data) {
    program *self = data;
    hopt_signals_close(self->signals);
    hopt_service_close(self->service);
    if (self->mlflow) uv_close((uv_handle_t *)&self->mlflow_timer, NULL);
}

/* The routes are gone: nobody may ask any more. */
static void on_api_closed(void *data) {
    program *self = data;
    hopt_monitor_close(self->monitor, on_monitor_closed, self);
}

static void on_closed(void *data) {
    program *self = data;
    self->master = NULL;
    hopt_master_metrics_of(self->metrics, NULL);
    hopt_api_close(self->api, on_api_closed, self);
}

static void stop(program *self) {
    if (self->stopping) return;
    self->stopping = true;
    hopt_service_stopping(self->service);
    hopt_master_stop(self->master, on_closed, self);
}

static void stop_when_done(program *self) {
    for (size_t i = 0; i < self->n_studies; i++) {
        if (!self->studies[i].done) return;
    }
    if (self->settings.once && self->n_studies) stop(self);
}

static void on_view(void *data, const hopt_master_view *view) {
    program *self = data;
    watched *one = find(self, view->spec->name);
    if (one->leading != view->leading)
        hopt_log_info("%s study=%s", view->leading ? "leading" : "standing by", one->name);
    if (one->state != view->state)
        hopt_log_info("study is %s study=%s reason=\"%s\"", hopt_study_state_name(view->state),
                      one->name, view->reason ? view->reason : "");
    one->leading = view->leading;
    one->state = view->state;
    one->done = view->state == HOPT_STUDY_DONE;
    hopt_master_metrics_view(self->metrics, view);
    stop_when_done(self);
}

static void on_trial(void *data, const hopt_study_spec *spec, const hopt_trial *trial) {
    program *self = data;
    if (self->mlflow) hopt_mlflow_wake(self->mlflow);
    const hopt_result *result = &trial->result;
    double loss = spec->maximize ? -result->loss : result->loss;
    hopt_log_debug("trial ended study=%s trial=%d state=%s loss=%.9g", spec->name, trial->num,
                   hopt_state_name(trial->state), result->has_loss ? loss : 0.0);
}

static void on_warning(void *data, const char *study, const char *message) {
    (void)data;
    hopt_log_warn("%s study=%s", message, study);
}

static void on_store(void *data, const hopt_error *err) {
    (void)data;
    if (err)
        hopt_log_warn("the store can't be used, trying again: %s", err->message);
    else
        hopt_log_info("the store works again");
}

static void on_signal(void *data, int signum, int count) {
    program *self = data;
    if (count > 1) _exit(128 + signum); /* the leader's lease ends by itself */
    hopt_log_info("signal %d: leaving the lead", signum);
    self->signalled = true;
    stop(self);
}

/* ---- MLflow ---- */

enum { MLFLOW_SAY_MS = 250, MLFLOW_WAIT_MS = 10000 };

static void on_mlflow_timer(uv_timer_t *timer) {
    program *self = timer->data;
    hopt_mlflow_say(self->mlflow);
}

static void start_mlflow(program *self) {
    const hopt_master_settings *s = &self->settings;
    if (!s->mlflow) return;
    hopt_mlflow_options options = {.store_uri = self->store,
                                   .glob = s->studies,
                                   .uri = s->mlflow,
                                   .experiment = s->mlflow_experiment,
                                   .artifacts = s->mlflow_artifacts,
                                   .observer = hopt_monitor_store(self->monitor)};
    self->mlflow = hopt_mlflow_start(&options);
    HOPT_ASSERT(uv_timer_init(&self->loop, &self->mlflow_timer) == 0);
    self->mlflow_timer.data = self;
    uv_timer_start(&self->mlflow_timer, on_mlflow_timer, MLFLOW_SAY_MS, MLFLOW_SAY_MS);
}

/* Asked to stop, it leaves at once: what is not delivered is noted, and for the next master. */
static void end_mlflow(program *self) {
    int signum = 0;
    if (!self->mlflow) return;
    bool wait = self->settings.once && !self->signalled;
    if (wait && !hopt_mlflow_drain(self->mlflow, MLFLOW_WAIT_MS, &signum))
        hopt_log_warn(
            "not everything is in MLflow yet: the next hopt-master with --mlflow delivers "
            "the rest");
    hopt_mlflow_stop(self->mlflow);
}

/* ---- life ---- */

static const char *not_ready(void *data) {
    const program *self = data;
    return self->master ? hopt_master_not_ready(self->master) : "leaving";
}

static hopt_histogram *suggest_seconds(program *self) {
    hopt_metrics *metrics = hopt_monitor_metrics(self->monitor);
    return metrics ? hopt_metrics_histogram(metrics, "hopt_suggest_seconds",
                                            "How long the sampler took to propose a point.", NULL,
                                            NULL, &hopt_buckets_compute)
                   : NULL;
}

static void on_not_served(void *data) {
    program *self = data;
    hopt_signals_close(self->signals);
}

static int run(program *self) {
    HOPT_ASSERT(uv_loop_init(&self->loop) == 0);
    self->signals = hopt_signals_new(&self->loop, on_signal, self);
    hopt_master_options options = {.store_uri = self->store,
                                   .glob = self->settings.studies,
                                   .poll_ms = self->settings.poll_ms,
                                   .on_trial = on_trial,
                                   .on_view = on_view,
                                   .on_warning = on_warning,
                                   .on_store = on_store,
                                   .data = self,
                                   .observer = hopt_monitor_store(self->monitor),
                                   .suggest = suggest_seconds(self),
                                   .count_workers = self->monitor != NULL};
    hopt_monitor_program shown = {not_ready, self};
    self->api = hopt_api_new(&self->loop, self->monitor, self->store);
    hopt_error err;
    int code = HOPT_EXIT_OK;
    if (hopt_monitor_start(self->monitor, &self->loop, &shown, &err) == HOPT_OK) {
        self->master = hopt_master_new(&self->loop, &options);
        hopt_master_metrics_of(self->metrics, self->master);
        start_mlflow(self);
        self->service = hopt_service_new(&self->loop);
        hopt_master_start(self->master);
        hopt_log_info("master started studies=\"%s\"", self->settings.studies);
        hopt_monitor_log(self->monitor);
    } else {
        code = hopt_program_fail(program_name, &err);
        hopt_api_close(self->api, on_not_served, self);
    }
    uv_run(&self->loop, UV_RUN_DEFAULT);
    HOPT_ASSERT(uv_loop_close(&self->loop) == 0);
    end_mlflow(self);
    return code;
}

int main(int argc, char **argv) {
    program self = {0};
    int code;
    hopt_program_begin(argc, argv);
    if (!hopt_command_parse(&hopt_master_command, &self.settings, argc, argv, &code)) return code;
    hopt_log_set_json(strcmp(self.settings.log_format, "json") == 0);
    if (self.settings.verbose) hopt_log_set_level(HOPT_LOG_DEBUG);
    if (self.settings.quiet) hopt_log_set_level(HOPT_LOG_WARN);
    code = set_up(&self);
    if (code == HOPT_EXIT_OK) code = run(&self);
    hopt_monitor_free(self.monitor);
    hopt_master_metrics_free(self.metrics);
    free(self.studies);
    free(self.store);
    hopt_command_clear(&hopt_master_command, &self.settings);
    return code;
}
