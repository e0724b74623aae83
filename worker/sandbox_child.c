/* One hopt-runner: its process handle and its streams.
 *
 * Design notes
 * - The objective's streams are pipes, not libuv's socket pairs: a socket can't be opened again as
 *   /dev/stderr, which shell objectives do.
 * - It is gone when the runner has exited and all streams have ended; a stream that something
 *   unkillable still holds is given up after DRAIN_MS. Handles are closed first, then on_gone is
 *   called, then the memory is freed: nothing of libuv points here any more.
 * - A runner that was killed itself can't clean up: its group is killed from here. */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "worker/sandbox_internal.h"

enum { READ_SIZE = 64 << 10, DRAIN_MS = 1000, KILL_WAIT_MS = 12000, QUEUE_MAX = 64 << 10 };

struct sandbox_child {
    uv_process_t process;
    uv_pipe_t in, out, err, control, side;
    uv_timer_t timer; /* runner that does not obey; later streams that do not end */
    bool has_side;
    int open_handles;
    bool exited, out_ended, err_ended, control_ended, drained, closing;
    int64_t grace_ms;
    pid_t group; /* 0: not told yet */
    hopt_child_lines out_lines, side_lines, control_lines;
    sandbox_exit how;
    sandbox_events events;
    void *data;
    char buffer[READ_SIZE];
};

/* ---- end ---- */

static void on_closed(uv_handle_t *handle) {
    sandbox_child *child = handle->data;
    if (--child->open_handles > 0) return;
    child->events.on_gone(child->data, &child->how);
    hopt_child_lines_clear(&child->out_lines);
    hopt_child_lines_clear(&child->side_lines);
    hopt_child_lines_clear(&child->control_lines);
    free(child->how.reason);
    free(child->how.message);
    free(child);
}

static void close_handle(uv_handle_t *handle) {
    if (handle->data && !uv_is_closing(handle)) uv_close(handle, on_closed);
}

static void close_all(sandbox_child *child) {
    child->closing = true;
    close_handle((uv_handle_t *)&child->in);
    close_handle((uv_handle_t *)&child->out);
    close_handle((uv_handle_t *)&child->err);
    close_handle((uv_handle_t *)&child->control);
    if (child->has_side) close_handle((uv_handle_t *)&child->side);
    close_handle((uv_handle_t *)&child->timer);
    close_handle((uv_handle_t *)&child->process);
}

static void kill_group(sandbox_child *child) {
    if (child->group > 0) kill(-child->group, SIGKILL);
}

/* The loop may have stood still for longer than the time: timers come before what waits in the
 * pipes then, so that is read once more. */
static void on_drain(uv_timer_t *timer) {
    sandbox_child *child = timer->data;
    if (child->drained) {
        close_all(child);
    } else {
        child->drained = true;
        uv_timer_start(timer, on_drain, 1, 0);
    }
}

static void check_gone(sandbox_child *child) {
    if (!child->exited || child->closing) return;
    if (child->control_ended && !child->how.told) kill_group(child);
    if (child->out_ended && child->err_ended && child->control_ended)
        close_all(child);
    else
        uv_timer_start(&child->timer, on_drain, DRAIN_MS, 0);
}

static void on_exit_runner(uv_process_t *process, int64_t status, int signal) {
    sandbox_child *child = process->data;
    child->exited = true;
    if (status != 0 || signal != 0) kill_group(child);
    check_gone(child);
}

/* ---- streams ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    (void)suggested;
    sandbox_child *child = handle->data;
    *buffer = uv_buf_init(child->buffer, sizeof child->buffer);
}

static void on_out(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer) {
    sandbox_child *child = stream->data;
    if (got == 0) return;
    if (got > 0) {
        hopt_child_lines_feed(&child->out_lines, buffer->base, (size_t)got, child->events.on_out,
                              child->data);
    } else {
        uv_read_stop(stream);
        child->out_ended = true;
        hopt_child_lines_end(&child->out_lines, child->events.on_out, child->data);
    }
    child->events.on_pause(child->data);
    if (!child->out_ended) return;
    if (!child->exited) child->events.on_out_end(child->data);
    check_gone(child);
}

static void on_err(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer) {
    sandbox_child *child = stream->data;
    if (got > 0) {
        child->events.on_err(child->data, buffer->base, (size_t)got);
    } else if (got < 0) {
        uv_read_stop(stream);
        child->err_ended = true;
        check_gone(child);
    }
}

static void on_side(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer) {
    sandbox_child *child = stream->data;
    if (got > 0)
        hopt_child_lines_feed(&child->side_lines, buffer->base, (size_t)got, child->events.on_side,
                              child->data);
    else if (got < 0)
        uv_read_stop(stream);
}

/* {"pid":N} first, the final line last, {"stdin":"waiting"} between. */
static void on_control_line(void *data, hopt_child_piece piece, const char *text, size_t length) {
    sandbox_child *child = data;
    json_t *line = NULL;
    if (piece != HOPT_CHILD_LINE || hopt_json_parse(&line, text, length, 0, NULL) != HOPT_OK)
        return;
    if (json_object_get(line, "stdin")) {
        child->events.on_waiting(child->data);
    } else if (json_object_get(line, "pid")) {
        child->group = (pid_t)hopt_json_integer_of(line, "pid", 0);
    } else if (!child->how.told) {
        child->how = (sandbox_exit){.told = true,
                                    .code = (int)hopt_json_integer_of(line, "exit", -1),
                                    .signal = (int)hopt_json_integer_of(line, "signal", 0),
                                    .outside = json_is_true(json_object_get(line, "outside")),
                                    .reason = hopt_strdup(hopt_json_string_of(line, "reason")),
                                    .message = hopt_strdup(hopt_json_string_of(line, "message"))};
    }
    json_decref(line);
}

static void on_control(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer) {
    sandbox_child *child = stream->data;
    if (got > 0) {
        hopt_child_lines_feed(&child->control_lines, buffer->base, (size_t)got, on_control_line,
                              child);
    } else if (got < 0) {
        uv_read_stop(stream);
        child->control_ended = true;
        check_gone(child);
    }
}

/* ---- start ---- */

/* Descriptors of both ends: [i][0] ours, [i][1] the child's; -1 where none. */
enum { STREAMS = 5 };

static void close_ends(int ends[STREAMS][2], int which) {
    for (int i = 0; i < STREAMS; i++)
        if (ends[i][which] >= 0) close(ends[i][which]);
}

static int make_ends(int ends[STREAMS][2], bool side) {
    int failed = 0;
    for (int i = 0; i < STREAMS; i++)
        ends[i][0] = ends[i][1] = -1;
    for (int i = 0; i < 4 && !failed; i++) {
        int pair[2];
        bool we_write = i == 0;
        failed = uv_pipe(pair, we_write ? 0 : UV_NONBLOCK_PIPE, we_write ? UV_NONBLOCK_PIPE : 0);
        if (failed) break;
        ends[i][0] = pair[we_write ? 1 : 0];
        ends[i][1] = pair[we_write ? 0 : 1];
    }
    if (!failed && side) failed = uv_socketpair(SOCK_STREAM, 0, ends[4], UV_NONBLOCK_PIPE, 0);
    if (!failed) return 0;
    close_ends(ends, 0);
    close_ends(ends, 1);
    return failed;
}

typedef struct arguments {
    char **list;
    size_t count, capacity;
} arguments;

static void push(arguments *args, char *text) {
    args->list = hopt_grow(args->list, args->count, &args->capacity, sizeof *args->list);
    args->list[args->count++] = text;
}

static char **make_arguments(const sandbox_spawn *spawn) {
    arguments args = {0};
    push(&args, hopt_strdup("hopt-runner"));
    push(&args, hopt_format("--parent=%d", (int)getpid()));
    push(&args, hopt_format("--grace-ms=%lld", (long long)spawn->grace_ms));
    if (spawn->memory_mb) push(&args, hopt_format("--memory-mb=%d", spawn->memory_mb));
    if (spawn->file_mb) push(&args, hopt_format("--file-mb=%d", spawn->file_mb));
    if (spawn->processes) push(&args, hopt_format("--processes=%d", spawn->processes));
    if (spawn->side) {
        push(&args, hopt_strdup("--report-fd=4"));
        push(&args, hopt_strdup("--watch-stdin"));
    }
    if (spawn->cwd) push(&args, hopt_format("--cwd=%s", spawn->cwd));
    if (spawn->plugin) {
        push(&args, hopt_format("--plugin=%s", spawn->plugin));
        push(&args, hopt_format("--config=%s", spawn->config ? spawn->config : "null"));
    } else {
        push(&args, hopt_strdup("--"));
        for (char **at = spawn->argv; *at; at++)
            push(&args, hopt_strdup(*at));
    }
    push(&args, NULL);
    return args.list;
}

static int start_process(sandbox_child *child, uv_loop_t *loop, const sandbox_spawn *spawn,
                         int ends[STREAMS][2]) {
    uv_stdio_container_t stdio[STREAMS];
    for (int i = 0; i < STREAMS; i++) {
        stdio[i].flags = ends[i][1] >= 0 ? UV_INHERIT_FD : UV_IGNORE;
        stdio[i].data.fd = ends[i][1];
    }
    char **args = make_arguments(spawn);
    uv_process_options_t options = {.exit_cb = on_exit_runner,
                                    .file = spawn->runner,
                                    .args = args,
                                    .env = spawn->env,
                                    /* a Ctrl-C at the terminal is the worker's to handle */
                                    .flags = UV_PROCESS_DETACHED,
                                    .stdio_count = spawn->side ? STREAMS : STREAMS - 1,
                                    .stdio = stdio};
    int failed = uv_spawn(loop, &child->process, &options);
    child->process.data = child;
    hopt_sandbox__strings_free(args);
    return failed;
}

static void open_stream(sandbox_child *child, uv_loop_t *loop, uv_pipe_t *stream, int fd,
                        uv_read_cb on_read) {
    int failed = uv_pipe_init(loop, stream, 0);
    if (!failed) failed = uv_pipe_open(stream, fd);
    HOPT_ASSERT(!failed); /* fresh descriptors of pipes that we made */
    stream->data = child;
    child->open_handles++;
    if (on_read) uv_read_start((uv_stream_t *)stream, on_alloc, on_read);
}

static void on_failed_closed(uv_handle_t *handle) {
    free(handle->data);
}

sandbox_child *hopt_sandbox__child_spawn(uv_loop_t *loop, const sandbox_spawn *spawn,
                                         const sandbox_events *events, void *data,
                                         hopt_error *err) {
    int ends[STREAMS][2];
    int failed = make_ends(ends, spawn->side);
    if (failed) {
        hopt_error_set(err, HOPT_EFAILED, "can't make pipes: %s", uv_strerror(failed));
        return NULL;
    }
    sandbox_child *child = hopt_zalloc(1, sizeof *child);
    child->events = *events;
    child->data = data;
    child->has_side = spawn->side;
    child->grace_ms = spawn->grace_ms;
    child->how = (sandbox_exit){.code = -1};
    failed = start_process(child, loop, spawn, ends);
    close_ends(ends, 1);
    if (failed) {
        close_ends(ends, 0);
        hopt_error_set(err, HOPT_EFAILED, "can't start %s: %s", spawn->runner, uv_strerror(failed));
        uv_close((uv_handle_t *)&child->process, on_failed_closed);
        return NULL;
    }
    child->open_handles = 2; /* process and timer */
    uv_timer_init(loop, &child->timer);
    child->timer.data = child;
    open_stream(child, loop, &child->in, ends[0][0], NULL);
    open_stream(child, loop, &child->out, ends[1][0], on_out);
    open_stream(child, loop, &child->err, ends[2][0], on_err);
    open_stream(child, loop, &child->control, ends[3][0], on_control);
    if (spawn->side) open_stream(child, loop, &child->side, ends[4][0], on_side);
    return child;
}

/* ---- use ---- */

typedef struct write_request {
    uv_write_t request;
    char bytes[];
} write_request;

static void on_written(uv_write_t *request, int status) {
    (void)status; /* a child that does not read, or is gone, shows otherwise */
    free(request);
}

void hopt_sandbox__child_write(sandbox_child *child, bool side, const char *bytes, size_t length) {
    uv_stream_t *stream = (uv_stream_t *)(side ? &child->side : &child->in);
    if (uv_is_closing((uv_handle_t *)stream) || (side && !child->has_side)) return;
    uv_buf_t buffer = uv_buf_init((char *)bytes, (unsigned)length);
    int wrote = uv_try_write(stream, &buffer, 1);
    if (wrote < 0 && wrote != UV_EAGAIN) return;
    size_t done = wrote > 0 ? (size_t)wrote : 0;
    if (done == length) return;
    if (!done && uv_stream_get_write_queue_size(stream) > QUEUE_MAX) return;
    write_request *request = hopt_alloc(sizeof *request + length - done);
    memcpy(request->bytes, bytes + done, length - done);
    buffer = uv_buf_init(request->bytes, (unsigned)(length - done));
    if (uv_write(&request->request, stream, &buffer, 1, on_written) < 0) free(request);
}

void hopt_sandbox__child_end_input(sandbox_child *child) {
    if (!child->closing) close_handle((uv_handle_t *)&child->in);
}

/* Bytes in a pipe or socket. */
static size_t waiting_in(const uv_pipe_t *stream) {
    uv_os_fd_t fd;
    int waiting = 0;
    if (uv_is_closing((const uv_handle_t *)stream)) return 0;
    if (uv_fileno((const uv_handle_t *)stream, &fd) < 0) return 0;
    return ioctl(fd, FIONREAD, &waiting) < 0 ? 0 : (size_t)waiting;
}

size_t hopt_sandbox__child_unread(sandbox_child *child) {
    if (uv_is_closing((uv_handle_t *)&child->in)) return 0;
    return waiting_in(&child->in) + uv_stream_get_write_queue_size((uv_stream_t *)&child->in);
}

size_t hopt_sandbox__child_unheard(sandbox_child *child) {
    return waiting_in(&child->out) + (child->has_side ? waiting_in(&child->side) : 0);
}

void hopt_sandbox__child_drain(sandbox_child *child) {
    uv_os_fd_t fd;
    if (child->closing || child->err_ended || uv_fileno((uv_handle_t *)&child->err, &fd) < 0)
        return;
    /* At most what a pipe holds: an objective that never stops printing must not hold us here. */
    char buffer[4096];
    ssize_t got;
    for (int i = 0; i < 32 && (got = read(fd, buffer, sizeof buffer)) > 0; i++) {
        child->events.on_err(child->data, buffer, (size_t)got);
        if (got < (ssize_t)sizeof buffer) break;
    }
}

/* The runner did not obey in time. */
static void on_stubborn(uv_timer_t *timer) {
    sandbox_child *child = timer->data;
    if (child->exited) return;
    uv_process_kill(&child->process, SIGKILL);
    kill_group(child);
}

static void signal_runner(sandbox_child *child, int signal, int64_t wait_ms) {
    if (child->exited || child->closing) return;
    uv_process_kill(&child->process, signal);
    uv_timer_start(&child->timer, on_stubborn, (uint64_t)wait_ms, 0);
}

void hopt_sandbox__child_stop(sandbox_child *child) {
    signal_runner(child, SIGTERM, child->grace_ms + KILL_WAIT_MS);
}

void hopt_sandbox__child_kill(sandbox_child *child) {
    signal_runner(child, SIGINT, KILL_WAIT_MS);
}
