/* The slot's lifecycle: start, limits, stop, close. sandbox_trial.c has what the objective says. */
#include "worker/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "worker/sandbox_slot.h"

enum { GRACE_MS_DEFAULT = 5000, OUTPUT_MB_DEFAULT = 256, CLOSED_OUTPUT_MS = 1000 };

bool hopt_sandbox__is_server(const hopt_sandbox *sandbox) {
    return sandbox->options.spec->objective.kind != HOPT_OBJECTIVE_COMMAND;
}

static bool has_trial(const hopt_sandbox *sandbox) {
    return sandbox->phase != SANDBOX_IDLE;
}

bool hopt_sandbox_busy(const hopt_sandbox *sandbox) {
    return has_trial(sandbox);
}

/* ---- close ---- */

static void release(hopt_sandbox *sandbox) {
    if (--sandbox->open > 0) return;
    void (*on_closed)(void *) = sandbox->on_closed;
    void *data = sandbox->closed_data;
    hopt_sandbox__log_clear(&sandbox->log);
    hopt_buf_clear(&sandbox->line);
    hopt_sandbox__scratch_close(sandbox);
    free(sandbox);
    if (on_closed) on_closed(data);
}

static void on_timer_closed(uv_handle_t *handle) {
    release(handle->data);
}

/* The last step, once no child is left. */
static void close_timers(hopt_sandbox *sandbox) {
    uv_close((uv_handle_t *)&sandbox->limit, on_timer_closed);
    uv_close((uv_handle_t *)&sandbox->push, on_timer_closed);
    uv_close((uv_handle_t *)&sandbox->later, on_timer_closed);
}

void hopt_sandbox_close(hopt_sandbox *sandbox, void (*on_closed)(void *data), void *data) {
    if (!sandbox || sandbox->closing) return;
    sandbox->closing = true;
    sandbox->on_closed = on_closed;
    sandbox->closed_data = data;
    if (has_trial(sandbox)) {
        hopt_sandbox_kill(sandbox, "cancelled");
    } else if (sandbox->child && !sandbox->doomed) {
        sandbox->doomed = true;
        hopt_sandbox__child_kill(sandbox->child);
    }
    if (!has_trial(sandbox) && !sandbox->child) close_timers(sandbox);
}

/* ---- folders ---- */

typedef struct removal {
    uv_work_t work;
    hopt_sandbox *sandbox;
    char *path;
} removal;

static void remove_folder(uv_work_t *work) {
    removal *r = work->data;
    (void)hopt_sandbox_remove(r->path); /* what stays is litter, no error of the trial */
}

static void on_removed(uv_work_t *work, int status) {
    (void)status;
    removal *r = work->data;
    release(r->sandbox);
    free(r->path);
    free(r);
}

void hopt_sandbox__remove_later(hopt_sandbox *sandbox, char *workdir) {
    removal *r = hopt_zalloc(1, sizeof *r);
    *r = (removal){.sandbox = sandbox, .path = workdir};
    r->work.data = r;
    sandbox->open++;
    if (uv_queue_work(sandbox->loop, &r->work, remove_folder, on_removed) == 0) return;
    sandbox->open--;
    free(r->path);
    free(r);
}

/* ---- ends ---- */

static void on_later(uv_timer_t *timer) {
    hopt_sandbox *sandbox = timer->data;
    hopt_sandbox__deliver(sandbox);
    if (sandbox->closing && !sandbox->child && !has_trial(sandbox)) close_timers(sandbox);
}

/* on_end without a child to wait for, but never from inside the caller. */
static void end_later(hopt_sandbox *sandbox) {
    sandbox->phase = SANDBOX_ENDED;
    uv_timer_start(&sandbox->later, on_later, 0, 0);
}

void hopt_sandbox__end_child(hopt_sandbox *sandbox, hopt_child_end end, const char *message,
                             bool at_once) {
    bool trial = sandbox->phase == SANDBOX_STARTING || sandbox->phase == SANDBOX_RUNNING;
    if (trial) {
        hopt_sandbox__decide(sandbox, end, message);
        sandbox->phase = SANDBOX_ENDING;
        uv_timer_stop(&sandbox->limit);
        uv_timer_stop(&sandbox->push);
    }
    if (!sandbox->child) return;
    sandbox->doomed = true;
    if (at_once)
        hopt_sandbox__child_kill(sandbox->child);
    else
        hopt_sandbox__child_stop(sandbox->child);
}

static void start_child(hopt_sandbox *sandbox);

void hopt_sandbox__on_gone(void *data, const sandbox_exit *how) {
    hopt_sandbox *sandbox = data;
    sandbox->child = NULL;
    sandbox->ready = sandbox->doomed = false;
    switch (sandbox->phase) {
    case SANDBOX_WAITING:
        start_child(sandbox);
        break;
    case SANDBOX_STARTING:
    case SANDBOX_RUNNING:
    case SANDBOX_ENDING:
        hopt_sandbox__outcome_of_exit(sandbox, how);
        sandbox->phase = SANDBOX_ENDED;
        hopt_sandbox__deliver(sandbox);
        break;
    default: /* a server between trials; SANDBOX_ENDED tells by its timer */
        break;
    }
    if (sandbox->closing && !sandbox->child && !has_trial(sandbox)) close_timers(sandbox);
}

/* ---- timers ---- */

static uint64_t to_ms(double seconds) {
    return seconds < 1e12 ? (uint64_t)(seconds * 1000 + 0.5) : (uint64_t)1e15;
}

/* As with a child's end: what the objective has said in time is read, before its time is over for a
 * worker that stood still. */
static void on_limit(uv_timer_t *timer) {
    hopt_sandbox *sandbox = timer->data;
    if (!sandbox->late) {
        sandbox->late = true;
        uv_timer_start(timer, on_limit, 1, 0);
        return;
    }
    if (sandbox->phase == SANDBOX_STARTING) {
        char *text =
            hopt_format("not ready within %g s", sandbox->options.spec->objective.start_timeout_s);
        hopt_sandbox__end_child(sandbox, HOPT_CHILD_UNSTARTED, text, false);
        free(text);
    } else if (sandbox->phase == SANDBOX_RUNNING) {
        hopt_sandbox__end_child(sandbox, HOPT_CHILD_TIMEOUT, NULL, false);
    }
}

static void start_limit(hopt_sandbox *sandbox, double seconds) {
    uv_timer_stop(&sandbox->limit);
    sandbox->late = false;
    if (seconds <= 0) return;
    uv_update_time(sandbox->loop);
    uv_timer_start(&sandbox->limit, on_limit, to_ms(seconds), 0);
}

static void on_push(uv_timer_t *timer) {
    hopt_sandbox *sandbox = timer->data;
    if (sandbox->stop) {
        sandbox->told = true;
        hopt_sandbox__end_child(sandbox, HOPT_CHILD_STOPPED, NULL, false);
    } else { /* a server that closed its output and stays */
        hopt_sandbox__end_child(sandbox, HOPT_CHILD_GAVE, "it closed its standard output", false);
    }
}

void hopt_sandbox__push_later(hopt_sandbox *sandbox) {
    int64_t wait_ms = sandbox->stop ? sandbox->grace_ms : CLOSED_OUTPUT_MS;
    uv_update_time(sandbox->loop);
    uv_timer_start(&sandbox->push, on_push, (uint64_t)wait_ms, 0);
}

/* ---- start ---- */

void hopt_sandbox__send_trial(hopt_sandbox *sandbox) {
    sandbox->phase = SANDBOX_RUNNING;
    sandbox->started_ns = uv_hrtime();
    start_limit(sandbox, sandbox->options.spec->trial.timeout_s);
    hopt_sandbox__child_write(sandbox->child, false, sandbox->line.data, sandbox->line.length);
    sandbox->line_length = sandbox->line.length;
    hopt_buf_reset(&sandbox->line);
}

static void start_child(hopt_sandbox *sandbox) {
    const hopt_study_spec *spec = sandbox->options.spec;
    bool server = hopt_sandbox__is_server(sandbox);
    bool plugin = spec->objective.kind == HOPT_OBJECTIVE_PLUGIN;
    char *config = plugin && spec->objective.config ? hopt_json_text(spec->objective.config) : NULL;
    sandbox_spawn spawn = {.runner = sandbox->options.runner,
                           .cwd = sandbox->options.cwd,
                           .plugin = plugin ? sandbox->options.plugin : NULL,
                           .config = config,
                           .argv = server ? spec->objective.argv : sandbox->argv,
                           .env =
                               hopt_sandbox__env(&sandbox->options, server ? NULL : &sandbox->env),
                           .memory_mb = spec->trial.memory_mb,
                           .file_mb = spec->trial.file_mb,
                           .processes = spec->trial.processes,
                           .grace_ms = sandbox->grace_ms,
                           .side = !server};
    hopt_error err = {0};
    sandbox->ready = sandbox->doomed = false;
    sandbox->child =
        hopt_sandbox__child_spawn(sandbox->loop, &spawn, &hopt_sandbox__events, sandbox, &err);
    hopt_sandbox__strings_free(spawn.env);
    free(config);
    if (!sandbox->child) {
        hopt_sandbox__decide(sandbox, HOPT_CHILD_UNSTARTED, err.message);
        end_later(sandbox);
    } else if (server) {
        sandbox->phase = SANDBOX_STARTING;
        start_limit(sandbox, spec->objective.start_timeout_s);
    } else {
        hopt_sandbox__send_trial(sandbox);
    }
}

/* argv with the labels of this trial's point filled in. */
static hopt_status fill_argv(hopt_sandbox *sandbox, const hopt_trial *trial, hopt_error *err) {
    const hopt_study_spec *spec = sandbox->options.spec;
    size_t count = 0;
    while (spec->objective.argv[count])
        count++;
    double *point = hopt_zalloc((size_t)hopt_space_size(spec->space) + 1, sizeof *point);
    hopt_status status = hopt_space_from_vals(spec->space, point, trial->vals, err);
    if (status == HOPT_OK) {
        sandbox->argv = hopt_zalloc(count + 1, sizeof *sandbox->argv);
        for (size_t i = 0; i < count; i++) {
            hopt_buf text = HOPT_BUF_INIT;
            hopt_objective_argument(spec, point, spec->objective.argv[i], &text);
            sandbox->argv[i] = hopt_buf_take(&text);
        }
    }
    free(point);
    return status;
}

/* label -> text of its value, for plugins. */
static json_t *make_labels(const hopt_study_spec *spec, const hopt_trial *trial, hopt_error *err) {
    int size = hopt_space_size(spec->space);
    double *point = hopt_zalloc((size_t)size + 1, sizeof *point);
    json_t *labels = NULL;
    if (hopt_space_from_vals(spec->space, point, trial->vals, err) == HOPT_OK) {
        labels = json_object();
        for (int i = 0; i < size; i++) {
            hopt_buf text = HOPT_BUF_INIT;
            bool active = hopt_space_active(spec->space, point, i);
            if (active) hopt_space_value_text(spec->space, point, i, &text);
            json_object_set_new(labels, hopt_space_param(spec->space, i)->label,
                                active ? json_string(hopt_buf_string(&text)) : json_null());
            hopt_buf_clear(&text);
        }
    }
    free(point);
    return labels;
}

/* Everything that the child needs of the trial, made before it starts. */
static hopt_status prepare(hopt_sandbox *sandbox, const hopt_trial *trial, hopt_error *err) {
    const hopt_study_spec *spec = sandbox->options.spec;
    hopt_objective_kind kind = spec->objective.kind;
    sandbox->workdir = hopt_sandbox__scratch_begin(sandbox, trial->num, err);
    if (!sandbox->workdir) return err->code;
    hopt_status status = HOPT_OK;
    json_t *labels = NULL;
    if (kind == HOPT_OBJECTIVE_COMMAND) {
        status = hopt_sandbox__params_write(sandbox->workdir, trial->params, err);
        if (status == HOPT_OK) status = fill_argv(sandbox, trial, err);
    } else if (kind == HOPT_OBJECTIVE_PLUGIN) {
        labels = make_labels(spec, trial, err);
        if (!labels) status = err->code;
    }
    sandbox->env = (sandbox_env_trial){.num = trial->num,
                                       .attempt = trial->lost + 1,
                                       .lease = trial->lease,
                                       .seed = trial->seed,
                                       .workdir = sandbox->workdir,
                                       .report_fd = true};
    hopt_child_trial line = {.study = spec->name,
                             .num = trial->num,
                             .attempt = trial->lost + 1,
                             .lease = trial->lease,
                             .seed = trial->seed,
                             .slot = sandbox->options.slot,
                             .params = trial->params,
                             .workdir = sandbox->workdir,
                             .labels = labels};
    hopt_child_print_trial(&sandbox->line, &line);
    json_decref(labels);
    return status;
}

void hopt_sandbox_start(hopt_sandbox *sandbox, const hopt_trial *trial,
                        hopt_sandbox_callbacks callbacks, void *data) {
    HOPT_ASSERT(sandbox->phase == SANDBOX_IDLE && !sandbox->closing && callbacks.on_end);
    sandbox->callbacks = callbacks;
    sandbox->data = data;
    hopt_error err = {0};
    if (prepare(sandbox, trial, &err) != HOPT_OK) {
        hopt_sandbox__decide(sandbox, HOPT_CHILD_UNSTARTED, err.message);
        end_later(sandbox);
    } else if (!sandbox->child) {
        start_child(sandbox);
    } else if (sandbox->doomed || !sandbox->ready) {
        sandbox->phase = SANDBOX_WAITING;
    } else {
        hopt_sandbox__send_trial(sandbox);
    }
}

/* ---- stop ---- */

static void wish(hopt_sandbox *sandbox, const char *why) {
    if (!sandbox->stop) sandbox->stop = hopt_strdup(why);
}

/* The trial has not reached the objective. */
static bool stop_early(hopt_sandbox *sandbox) {
    if (sandbox->phase != SANDBOX_WAITING) return false;
    sandbox->told = true;
    hopt_sandbox__decide(sandbox, HOPT_CHILD_STOPPED, NULL);
    end_later(sandbox);
    return true;
}

void hopt_sandbox_stop(hopt_sandbox *sandbox, const char *why) {
    if (!has_trial(sandbox) || sandbox->stop) return;
    if (sandbox->phase == SANDBOX_ENDED || sandbox->phase == SANDBOX_ENDING) return;
    wish(sandbox, why);
    if (stop_early(sandbox)) return;
    if (sandbox->phase == SANDBOX_STARTING) {
        sandbox->told = true;
        hopt_sandbox__end_child(sandbox, HOPT_CHILD_STOPPED, NULL, false);
    } else {
        hopt_sandbox__push_later(sandbox);
    }
}

void hopt_sandbox_kill(hopt_sandbox *sandbox, const char *why) {
    if (!has_trial(sandbox) || sandbox->phase == SANDBOX_ENDED) return;
    wish(sandbox, why);
    if (stop_early(sandbox)) return;
    /* One that is ending for a reason of its own keeps that reason, but ends now. */
    if (sandbox->phase != SANDBOX_ENDING) sandbox->told = true;
    hopt_sandbox__end_child(sandbox, HOPT_CHILD_STOPPED, NULL, true);
}

bool hopt_sandbox_interrupted(const hopt_sandbox *sandbox) {
    return sandbox->interrupted;
}

/* ---- make ---- */

static void init_timer(hopt_sandbox *sandbox, uv_timer_t *timer) {
    uv_timer_init(sandbox->loop, timer);
    timer->data = sandbox;
    sandbox->open++;
}

hopt_sandbox *hopt_sandbox_new(uv_loop_t *loop, const hopt_sandbox_options *options) {
    const hopt_study_spec *spec = options->spec;
    HOPT_ASSERT(spec->objective.kind != HOPT_OBJECTIVE_NONE && options->runner && options->workdir);
    HOPT_ASSERT(spec->objective.kind != HOPT_OBJECTIVE_PLUGIN || options->plugin);
    struct sigaction now;
    if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL) signal(SIGPIPE, SIG_IGN);
    hopt_sandbox *sandbox = hopt_zalloc(1, sizeof *sandbox);
    sandbox->loop = loop;
    sandbox->options = *options;
    sandbox->grace_ms =
        spec->trial.grace_s > 0 ? (int64_t)to_ms(spec->trial.grace_s) : GRACE_MS_DEFAULT;
    int output_mb = spec->trial.output_mb > 0 ? spec->trial.output_mb : OUTPUT_MB_DEFAULT;
    sandbox->output_max = (uint64_t)output_mb << 20;
    init_timer(sandbox, &sandbox->limit);
    init_timer(sandbox, &sandbox->push);
    init_timer(sandbox, &sandbox->later);
    return sandbox;
}

/* ---- where the runner is ---- */

char *hopt_sandbox_runner_path(hopt_error *err) {
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0) length = 0;
    self[length] = '\0';
    char *slash = strrchr(self, '/');
    if (slash) *slash = '\0';
    static const char *const places[] = {"hopt-runner", "../libexec/hopt/hopt-runner",
                                         "../bin/hopt-runner"};
    for (size_t i = 0; slash && i < HOPT_COUNT(places); i++) {
        char *path = hopt_format("%s/%s", self, places[i]);
        if (access(path, X_OK) == 0) return path;
        free(path);
    }
    hopt_error_set(err, HOPT_ENOTFOUND, "hopt-runner is neither in %s nor in %s/../libexec/hopt",
                   self, self);
    return NULL;
}
