/* hopt-worker: checks what it may run, then lets the agent work until it leaves. */
#include <signal.h>
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
#include "common/store/driven.h"
#include "common/store/store.h"
#include "common/sys/file.h"
#include "common/sys/log.h"
#include "worker/agent.h"
#include "worker/python_driver.h"
#include "worker/sandbox.h"
#include "worker/setup.h"
#include "worker/worker_command.h"

static const char program_name[] = "hopt-worker";

typedef struct program {
    hopt_worker_settings settings;
    char *store; /* URI */
    hopt_study_spec **specs;
    char **cwds;
    char **plugins;
    char **refusals;
    size_t n_studies;
    char *runner;
    char *workdir;
    uv_loop_t loop;
    hopt_agent *agent;
    hopt_signals *signals;
    hopt_monitor *monitor; /* NULL: nothing is shown */
    hopt_service *service;
    int signum; /* the first one that came */
    int exit_code;
} program;

/* ---- set-up ---- */

static int fail(hopt_status code, const char *message) {
    hopt_error err;
    hopt_error_set(&err, code, "%s", message);
    return hopt_program_fail(program_name, &err);
}

static void add_study(program *self, hopt_study_spec *spec, char *cwd) {
    size_t n = ++self->n_studies;
    self->specs = hopt_realloc(self->specs, n, sizeof *self->specs);
    self->cwds = hopt_realloc(self->cwds, n, sizeof *self->cwds);
    self->plugins = hopt_realloc(self->plugins, n, sizeof *self->plugins);
    self->refusals = hopt_realloc(self->refusals, n, sizeof *self->refusals);
    self->specs[n - 1] = spec;
    self->cwds[n - 1] = cwd;
    self->plugins[n - 1] = NULL;
    self->refusals[n - 1] = NULL;
}

/* --python-driver: its trials under one study that stands for them. */
static int load_driver(program *self) {
    hopt_study_spec *spec;
    hopt_errors errors = {0};
    hopt_error err;
    hopt_status status = hopt_python_driver_spec(&spec, &self->settings, &errors, &err);
    if (status == HOPT_ENOTFOUND) return hopt_program_fail(program_name, &err);
    if (status != HOPT_OK) return hopt_program_fail_file(program_name, "--python-driver", &errors);
    add_study(self, spec, hopt_strdup(self->settings.cwd ? self->settings.cwd : "."));
    return HOPT_EXIT_OK;
}

static int load_files(program *self) {
    if (self->settings.python_driver) return load_driver(self);
    const hopt_worker_settings *settings = &self->settings;
    for (size_t i = 0; i < settings->files.count; i++) {
        hopt_study_spec *spec;
        int code =
            hopt_program_load(&spec, program_name, settings->files.list[i], NULL, &settings->sets);
        if (code != HOPT_EXIT_OK) return code;
        add_study(self, spec,
                  settings->cwd ? hopt_strdup(settings->cwd)
                                : hopt_path_folder(settings->files.list[i]));
    }
    return HOPT_EXIT_OK;
}

/* --allow-any-command without files: whatever the store's studies name. */
static int load_from_store(program *self, hopt_store *store) {
    char **names;
    size_t count;
    hopt_error err;
    hopt_status status = hopt_store_studies(store, &names, &count, &err);
    if (status != HOPT_OK) return hopt_program_fail(program_name, &err);
    for (size_t i = 0; i < count; i++) {
        hopt_study_record *study;
        hopt_study_spec *spec;
        hopt_errors errors = {0};
        if (hopt_store_study(store, &study, names[i], &err) != HOPT_OK) continue;
        if (hopt_study_spec_parse_stored(&spec, study->spec, study->name, &errors) != HOPT_OK)
            hopt_log_warn("left alone study=%s: its record can't be read", study->name);
        else if (spec->objective.kind == HOPT_OBJECTIVE_NONE) /* asked and told */
            hopt_study_spec_free(spec);
        else
            add_study(self, spec, hopt_strdup(self->settings.cwd ? self->settings.cwd : "."));
        hopt_study_free(study);
    }
    hopt_names_free(names);
    return HOPT_EXIT_OK;
}

/* Only MongoDB has a Python driver's trials. */
static int check_driver_store(program *self, hopt_store *store) {
    hopt_open_trial *list;
    size_t count;
    hopt_error err;
    hopt_status status =
        hopt_driven_running(store, &list, &count, self->settings.python_driver, &err);
    if (status != HOPT_OK) return hopt_program_fail(program_name, &err);
    free(list);
    return HOPT_EXIT_OK;
}

/* The store must answer once before we start; later failures are waited out. */
static int check_store(program *self) {
    hopt_store *store;
    hopt_error err;
    if (!self->settings.store)
        return fail(HOPT_EINVAL, "no store: give --store URI or set HOPT_STORE");
    hopt_store_options options = {.create = self->settings.python_driver != NULL,
                                  .observer = hopt_monitor_store(self->monitor)};
    hopt_status status = hopt_program_store(&self->store, self->settings.store, &err);
    if (status == HOPT_OK) status = hopt_store_open(&store, self->store, &options, &err);
    if (status != HOPT_OK) return hopt_program_fail(program_name, &err);
    int code = HOPT_EXIT_OK;
    if (self->settings.python_driver)
        code = check_driver_store(self, store);
    else if (self->settings.files.count == 0)
        code = load_from_store(self, store);
    hopt_store_close(store);
    return code;
}

static int check_objectives(program *self) {
    hopt_error err;
    if (self->n_studies == 0)
        return fail(HOPT_EINVAL, "nothing to work on: give the study file whose objective this "
                                 "worker may run (or --allow-any-command)");
    for (size_t i = 0; i < self->n_studies; i++) {
        const hopt_study_spec *spec = self->specs[i];
        if (spec->objective.kind == HOPT_OBJECTIVE_NONE) {
            hopt_error_set(&err, HOPT_EINVAL,
                           "study %s has no \"objective\": its trials are asked and told",
                           spec->name);
            return hopt_program_fail(program_name, &err);
        }
        if (spec->objective.kind != HOPT_OBJECTIVE_PLUGIN) continue;
        const char *folder = self->settings.plugin_dir ? self->settings.plugin_dir : self->cwds[i];
        if (hopt_worker_plugin(&self->plugins[i], folder, spec->objective.plugin, &err) == HOPT_OK)
            continue;
        if (self->settings.files.count) return hopt_program_fail(program_name, &err);
        /* One that the store names must not keep the worker from the others. */
        hopt_log_warn("refused study=%s: %s", spec->name, err.message);
        self->refusals[i] = hopt_format("refused, not run: %s", err.message);
    }
    return HOPT_EXIT_OK;
}

static int check_driver_options(const hopt_worker_settings *settings) {
    if (settings->files.count > 0 || settings->allow_any_command)
        return fail(HOPT_EINVAL,
                    "--python-driver takes the place of study files: give one of both");
    if (!settings->allow_pickle)
        return fail(HOPT_EINVAL,
                    "a Python driver's objective is a pickle in the database, and loading it runs "
                    "it: whoever can write to the database can run anything on this machine. If "
                    "that is as it should be, give --allow-pickle");
    return HOPT_EXIT_OK;
}

static int set_up_driver(program *self) {
    hopt_error err;
    char *base = self->workdir;
    self->workdir = NULL;
    hopt_status status = hopt_python_driver_check(self->specs[0], &err);
    if (status == HOPT_OK) status = hopt_python_driver_workdir(&self->workdir, base, &err);
    free(base);
    return status == HOPT_OK ? HOPT_EXIT_OK : hopt_program_fail(program_name, &err);
}

static int open_monitor(program *self) {
    const hopt_texts *hosts = &self->settings.http_allow_hosts;
    hopt_error err;
    if (hopt_monitor_open(&self->monitor, self->settings.http, hosts->list, hosts->count, &err) !=
        HOPT_OK)
        return hopt_program_fail(program_name, &err);
    return HOPT_EXIT_OK;
}

static int set_up(program *self) {
    hopt_error err;
    if (geteuid() == 0 && !self->settings.allow_root)
        return fail(HOPT_EINVAL,
                    "objectives are not run as root; start the worker as another user, "
                    "or give --allow-root (in a container, say)");
    if (self->settings.python_driver) {
        int wrong = check_driver_options(&self->settings);
        if (wrong != HOPT_EXIT_OK) return wrong;
    } else if (self->settings.files.count == 0 && !self->settings.allow_any_command)
        return fail(HOPT_EINVAL, "give the study file whose objective this worker may run");
    int code = load_files(self);
    if (code == HOPT_EXIT_OK) code = open_monitor(self);
    if (code == HOPT_EXIT_OK) code = check_store(self);
    if (code == HOPT_EXIT_OK) code = check_objectives(self);
    if (code != HOPT_EXIT_OK) return code;
    self->runner = hopt_sandbox_runner_path(&err);
    if (!self->runner) return hopt_program_fail(program_name, &err);
    if (hopt_worker_workdir(&self->workdir, self->settings.workdir, &err) != HOPT_OK)
        return hopt_program_fail(program_name, &err);
    return self->settings.python_driver ? set_up_driver(self) : HOPT_EXIT_OK;
}

/* ---- the agent's events ---- */

static void log_end(const hopt_trial *trial, const hopt_result *result) {
    if (result->state == HOPT_ERROR)
        hopt_log_warn("trial ended with an error study=%s trial=%d lease=%d type=%s message=\"%s\"",
                      trial->study, trial->num, trial->lease, result->error_type,
                      result->error_message);
    else
        hopt_log_info("trial ended study=%s trial=%d lease=%d state=%s ok=%d loss=%.9g ms=%lld",
                      trial->study, trial->num, trial->lease, hopt_state_name(result->state),
                      result->ok, result->has_loss ? result->loss : 0.0, (long long)result->ms);
}

static void on_monitor_closed(void *data) {
    program *self = data;
    hopt_signals_close(self->signals);
    hopt_service_close(self->service);
}

static void on_closed(void *data) {
    program *self = data;
    self->agent = NULL;
    hopt_monitor_close(self->monitor, on_monitor_closed, self);
}

static void on_left(program *self, const hopt_agent_event *event) {
    if (event->message) hopt_log_info("leaving: %s", event->message);
    if (event->failed) self->exit_code = HOPT_EXIT_FAILED;
    hopt_service_stopping(self->service);
    hopt_agent_close(self->agent, on_closed, self);
}

static void on_event(void *data, const hopt_agent_event *event) {
    const hopt_trial *trial = event->trial;
    switch (event->kind) {
    case HOPT_AGENT_CLAIMED:
        hopt_log_info("trial claimed study=%s trial=%d lease=%d", trial->study, trial->num,
                      trial->lease);
        break;
    case HOPT_AGENT_ENDED:
        log_end(trial, event->result);
        break;
    case HOPT_AGENT_RELEASED:
        hopt_log_info("trial given back study=%s trial=%d lease=%d", trial->study, trial->num,
                      trial->lease);
        break;
    case HOPT_AGENT_LOST:
        hopt_log_warn("lease lost, result dropped study=%s trial=%d lease=%d", trial->study,
                      trial->num, trial->lease);
        break;
    case HOPT_AGENT_STORE_DOWN:
        hopt_log_warn("the store can't be used, trying again: %s", event->message);
        break;
    case HOPT_AGENT_STORE_UP:
        hopt_log_info("the store works again");
        break;
    case HOPT_AGENT_IDLE:
        hopt_log_debug("nothing queued");
        break;
    case HOPT_AGENT_LEFT:
        on_left(data, event);
        break;
    }
}

static void on_signal(void *data, int signum, int count) {
    program *self = data;
    if (count == 1) {
        self->signum = signum;
        hopt_service_stopping(self->service);
        hopt_log_info("signal %d: taking no more trials; finishing the running ones", signum);
        hopt_agent_drain(self->agent);
    } else if (count == 2) {
        hopt_log_info("second signal: giving the running trials back");
        hopt_agent_release(self->agent);
    } else {
        _exit(128 + signum); /* the leases give the trials back */
    }
}

/* ---- life ---- */

static const char *not_ready(void *data) {
    const program *self = data;
    return self->agent ? hopt_agent_not_ready(self->agent) : "leaving";
}

static hopt_histogram *claim_wait_seconds(program *self) {
    hopt_metrics *metrics = hopt_monitor_metrics(self->monitor);
    return metrics ? hopt_metrics_histogram(metrics, "hopt_claim_wait_seconds",
                                            "How long slots had nothing to evaluate before they "
                                            "got a trial.",
                                            NULL, NULL, &hopt_buckets_wait)
                   : NULL;
}

static int run(program *self) {
    HOPT_ASSERT(uv_loop_init(&self->loop) == 0);
    self->signals = hopt_signals_new(&self->loop, on_signal, self);
    hopt_agent_options options = {
        .store_uri = self->store,
        .studies = (const hopt_study_spec *const *)self->specs,
        .n_studies = self->n_studies,
        .cwds = (const char *const *)self->cwds,
        .plugins = (const char *const *)self->plugins,
        .refusals = (const char *const *)self->refusals,
        .any_objective = self->settings.allow_any_command,
        .slots = (int)self->settings.slots,
        .grace_ms = self->settings.grace_ms,
        .max_trials = (int)self->settings.max_trials,
        .max_failures = (int)self->settings.max_failures,
        .idle_timeout_ms = self->settings.idle_timeout_ms,
        .walltime_ms = self->settings.walltime_ms,
        .runner = self->runner,
        .workdir = self->workdir,
        .gpus = self->settings.gpus,
        .exp_keys = self->settings.python_driver ? &self->settings.python_driver : NULL,
        .quiet = self->settings.quiet,
        .on_event = on_event,
        .data = self,
        .observer = hopt_monitor_store(self->monitor),
        .claim_wait = claim_wait_seconds(self),
        .lease_expired = hopt_monitor_lease_expired(self->monitor)};
    hopt_monitor_program shown = {not_ready, self};
    hopt_error err;
    if (hopt_monitor_start(self->monitor, &self->loop, &shown, &err) == HOPT_OK) {
        self->agent = hopt_agent_new(&self->loop, &options);
        hopt_log_info("worker started owner=%s slots=%lld studies=%zu",
                      hopt_agent_owner(self->agent), (long long)self->settings.slots,
                      self->n_studies);
        hopt_monitor_log(self->monitor);
        self->service = hopt_service_new(&self->loop);
        hopt_agent_start(self->agent);
    } else {
        self->exit_code = hopt_program_fail(program_name, &err);
        hopt_signals_close(self->signals);
    }
    uv_run(&self->loop, UV_RUN_DEFAULT);
    HOPT_ASSERT(uv_loop_close(&self->loop) == 0);
    return self->exit_code;
}

static void clear(program *self) {
    if (self->settings.python_driver && self->workdir)
        hopt_python_driver_clean(self->workdir, self->specs[0]);
    for (size_t i = 0; i < self->n_studies; i++) {
        hopt_study_spec_free(self->specs[i]);
        free(self->cwds[i]);
        free(self->plugins[i]);
        free(self->refusals[i]);
    }
    free(self->specs);
    free(self->cwds);
    free(self->plugins);
    free(self->refusals);
    free(self->store);
    free(self->runner);
    free(self->workdir);
    hopt_command_clear(&hopt_worker_command, &self->settings);
}

int main(int argc, char **argv) {
    program self = {0};
    int code;
    hopt_program_begin(argc, argv);
    if (!hopt_command_parse(&hopt_worker_command, &self.settings, argc, argv, &code)) return code;
    hopt_log_set_json(strcmp(self.settings.log_format, "json") == 0);
    if (self.settings.verbose) hopt_log_set_level(HOPT_LOG_DEBUG);
    if (self.settings.quiet) hopt_log_set_level(HOPT_LOG_WARN);
    code = set_up(&self);
    if (code == HOPT_EXIT_OK) code = run(&self);
    hopt_monitor_free(self.monitor);
    clear(&self);
    return code;
}
