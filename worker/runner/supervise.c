#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "worker/runner/runner.h"

enum {
    SAMPLE_MS = 100,
    SAMPLE_NEAR_MS = 20,
    STDIN_MS_MIN = 100,
    STDIN_MS_MAX = 2000,
    MESSAGE_MAX = 1024,
    INPUT_MS_MAX = 10000 /* how long the trial's line may take to come */
};

/* What one supervision knows. */
typedef struct watch {
    const runner_options *options;
    runner_child child;
    int signal_fd;
    bool ended;   /* the main child was reaped, `status` is its */
    int status;   /* as wait() gives it */
    bool outside; /* a signal to end came that the worker did not send */
    runner_reason reason;
    char message[MESSAGE_MAX];
    size_t message_length;
    int64_t kill_at_ms; /* SIGKILL to the group then; 0: not asked */
    int64_t sample_at_ms;
    uint64_t stdin_pipe;    /* inode of the objective's standard input; 0: not watched */
    int64_t stdin_at_ms;    /* the next look */
    int64_t stdin_every_ms; /* longer and longer */
    uint64_t peak;          /* bytes */
} watch;

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One line on the control descriptor. Short enough to be written whole; a worker that is gone is no
 * concern any more. */
static void send_line(const runner_options *options, json_t *line) {
    char *text = json_dumps(line, JSON_COMPACT);
    json_decref(line);
    if (!text) return;
    size_t length = strlen(text);
    text[length] = '\n'; /* in place of the NUL: written by length */
    size_t done = 0;
    while (done <= length) {
        ssize_t wrote = write(options->control_fd, text + done, length + 1 - done);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) break;
        done += (size_t)wrote;
    }
    free(text);
}

static void kill_all(watch *w) {
    kill(-w->child.pid, SIGKILL);
    runner_kill_descendants();
}

static bool orphaned(const watch *w) {
    return w->options->parent && getppid() != w->options->parent;
}

static void stop(watch *w, bool at_once) {
    if (w->reason == RUNNER_NONE) w->reason = RUNNER_STOPPED;
    if (at_once || orphaned(w)) {
        kill_all(w);
    } else if (!w->kill_at_ms) {
        kill(-w->child.pid, SIGTERM);
        kill(-w->child.pid, SIGCONT); /* a stopped process could not hear it */
        w->kill_at_ms = now_ms() + w->options->grace_ms;
    }
}

/* ---- events ---- */

/* Reap what ended; the main child last of its group, so that its group id stays ours until then. */
static void reap(watch *w) {
    for (;;) {
        siginfo_t info = {0};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || !info.si_pid) return;
        if (info.si_pid == w->child.pid) kill(-w->child.pid, SIGKILL);
        int status = 0;
        if (waitpid(info.si_pid, &status, 0) != w->child.pid) continue;
        w->ended = true;
        w->status = status;
        return;
    }
}

/* Batch systems and service managers send their signal to every process of a job: the objective got
 * it as well, and the worker, which decides what becomes of the trial. */
static void read_signals(watch *w) {
    struct signalfd_siginfo info;
    while (read(w->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo != SIGTERM && info.ssi_signo != SIGINT) continue;
        if (w->options->parent && (pid_t)info.ssi_pid != w->options->parent)
            w->outside = true;
        else
            stop(w, info.ssi_signo == SIGINT);
    }
}

static void on_signal(watch *w) {
    read_signals(w);
    reap(w);
}

/* The objective says why it can't start, or closes the pipe without a word when it runs. */
static void on_start(watch *w) {
    ssize_t got = read(w->child.start_fd, w->message + w->message_length,
                       sizeof w->message - 1 - w->message_length);
    if (got > 0 && w->reason == RUNNER_NONE) {
        w->reason = RUNNER_START;
        w->message_length += (size_t)got;
        w->message[w->message_length] = '\0';
    }
    if (got < 0 && errno == EINTR) return;
    close(w->child.start_fd);
    w->child.start_fd = -1;
}

static bool limited(const watch *w) {
    return w->options->memory_mb || w->options->processes;
}

static void __attribute__((format(printf, 3, 4)))
cross(watch *w, runner_reason reason, const char *format, ...) {
    va_list args;
    w->reason = reason;
    va_start(args, format);
    vsnprintf(w->message, sizeof w->message, format, args);
    va_end(args);
    kill_all(w);
    w->kill_at_ms = now_ms(); /* again at the next turn: something was being forked meanwhile */
}

/* @return the memory of the objective's processes. */
static uint64_t sample_memory(watch *w, const pid_t *pids, size_t count, uint64_t limit) {
    uint64_t bytes = runner_memory(pids, count, false);
    /* Forked workers share pages: before a kill, count them once. */
    if (bytes > limit && count > 1) bytes = runner_memory(pids, count, true);
    if (bytes > w->peak) w->peak = bytes;
    return bytes;
}

/* Closer looks near a limit; no more processes are listed than are needed to know. */
static void sample(watch *w) {
    static pid_t pids[RUNNER_DESCENDANTS_MAX];
    const uint64_t limit = (uint64_t)w->options->memory_mb << 20;
    const size_t most = (size_t)w->options->processes;
    size_t count = runner_descendants(pids, most ? most + 1 : RUNNER_DESCENDANTS_MAX);
    bool many = most && count > most;
    uint64_t bytes = limit && !many ? sample_memory(w, pids, count, limit) : 0;
    bool near = (limit && bytes > limit / 2) || (most && count > most / 4);
    w->sample_at_ms = now_ms() + (near ? SAMPLE_NEAR_MS : SAMPLE_MS);
    if (w->reason != RUNNER_NONE) return;
    if (many)
        cross(w, RUNNER_PROCESSES, "%s", "");
    else if (limit && bytes > limit)
        cross(w, RUNNER_MEMORY, "%llu MB in %zu processes", (unsigned long long)(bytes >> 20),
              count);
}

/* Tell the worker when the objective waits for more input: one that reads to the end would wait for
 * ever, since the worker keeps it open for answers. */
static void look_at_stdin(watch *w) {
    static pid_t pids[RUNNER_DESCENDANTS_MAX];
    size_t count = runner_descendants(pids, RUNNER_DESCENDANTS_MAX);
    if (runner_reading(pids, count, w->stdin_pipe))
        send_line(w->options, json_pack("{s:s}", "stdin", "waiting"));
    if (w->stdin_every_ms < STDIN_MS_MAX) w->stdin_every_ms *= 2;
    w->stdin_at_ms = now_ms() + w->stdin_every_ms;
}

/* ---- the loop ---- */

static int next_timeout(const watch *w) {
    int64_t next = 1000; /* also the pace of looking for a lost parent */
    int64_t now = now_ms();
    if (w->kill_at_ms && w->kill_at_ms - now < next) next = w->kill_at_ms - now;
    if (limited(w) && w->sample_at_ms - now < next) next = w->sample_at_ms - now;
    if (w->stdin_pipe && w->stdin_at_ms - now < next) next = w->stdin_at_ms - now;
    return next < 0 ? 0 : (int)next;
}

static void turn(watch *w) {
    struct pollfd fds[3] = {{.fd = w->signal_fd, .events = POLLIN},
                            {.fd = w->options->control_fd}, /* POLLERR: the reader is gone */
                            {.fd = w->child.start_fd, .events = POLLIN}};
    if (poll(fds, 3, next_timeout(w)) < 0 && errno != EINTR) return;
    if (fds[2].revents) on_start(w);
    if (fds[0].revents) on_signal(w);
    if (w->ended) return;
    if ((fds[1].revents & (POLLERR | POLLNVAL | POLLHUP)) || orphaned(w)) stop(w, true);
    if (w->kill_at_ms && now_ms() >= w->kill_at_ms) {
        kill_all(w);
        w->kill_at_ms = now_ms() + 100; /* again, should something have been forked meanwhile */
    }
    if (limited(w) && now_ms() >= w->sample_at_ms) sample(w);
    if (w->stdin_pipe && now_ms() >= w->stdin_at_ms) look_at_stdin(w);
}

static void finish(watch *w) {
    bool swept = runner_sweep(w->child.pid);
    read_signals(w); /* one that came right after the objective's */
    /* Not blocking: something that could not be killed may still hold the other end. */
    struct pollfd start = {.fd = w->child.start_fd, .events = POLLIN};
    while (w->child.start_fd >= 0 && poll(&start, 1, 0) > 0)
        on_start(w);
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    uint64_t peak_mb = w->peak >> 20;
    if ((uint64_t)used.ru_maxrss / 1024 > peak_mb) peak_mb = (uint64_t)used.ru_maxrss / 1024;
    long long cpu_ms = (long long)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
                       (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
    static const char *const names[] = {NULL, "memory", "processes", "stopped", "start"};
    if (!swept && !*w->message)
        snprintf(w->message, sizeof w->message, "some processes it started could not be killed");
    json_t *line = json_object();
    json_object_set_new(line, "exit",
                        WIFEXITED(w->status) ? json_integer(WEXITSTATUS(w->status)) : json_null());
    json_object_set_new(line, "signal",
                        WIFSIGNALED(w->status) ? json_integer(WTERMSIG(w->status)) : json_null());
    json_object_set_new(line, "reason",
                        names[w->reason] ? json_string(names[w->reason]) : json_null());
    json_t *message = json_string(w->message);
    json_object_set_new(line, "message", message ? message : json_string("(not UTF-8)"));
    if (w->outside) json_object_set_new(line, "outside", json_true());
    json_object_set_new(line, "rss_mb", json_integer((json_int_t)peak_mb));
    json_object_set_new(line, "cpu_ms", json_integer(cpu_ms));
    send_line(w->options, line);
}

/* The worker writes the trial's line right after it has started us. With the line there from the
 * start, an objective that is seen waiting for input has read it. */
static void await_input(void) {
    struct pollfd input = {.fd = 0, .events = POLLIN};
    poll(&input, 1, INPUT_MS_MAX);
}

/* No copy of the objective's streams stays here. */
static void drop_streams(const runner_options *options) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; null >= 0 && fd < 3; fd++)
        dup2(null, fd);
    if (options->report_fd >= 0) close(options->report_fd);
}

int runner_supervise(const runner_options *options) {
    watch w = {.options = options};
    sigset_t caught;
    sigemptyset(&caught);
    sigaddset(&caught, SIGTERM);
    sigaddset(&caught, SIGINT);
    sigaddset(&caught, SIGCHLD);
    sigaddset(&caught, SIGCONT);
    sigprocmask(SIG_BLOCK, &caught, NULL);
    signal(SIGCHLD, SIG_DFL); /* ignored, inherited, it would reap behind our back */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    /* SIGCONT wakes also a runner that was stopped; turn() then sees who is gone. */
    prctl(PR_SET_PDEATHSIG, options->parent ? SIGCONT : SIGTERM);
    if (orphaned(&w)) {
        prctl(PR_SET_PDEATHSIG, 0); /* as at the end */
        return 1;
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    if (options->watch_stdin) await_input();
    w.signal_fd = signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK);
    if (w.signal_fd < 0 || !runner_spawn(&w.child, options)) {
        fprintf(stderr, "hopt-runner: can't start a process: %s\n", strerror(errno));
        return 1;
    }
    struct stat input;
    if (options->watch_stdin && fstat(0, &input) == 0 && S_ISFIFO(input.st_mode)) {
        w.stdin_pipe = input.st_ino;
        w.stdin_every_ms = STDIN_MS_MIN;
        w.stdin_at_ms = now_ms() + w.stdin_every_ms;
    }
    drop_streams(options);
    send_line(options, json_pack("{s:i}", "pid", (int)w.child.pid));
    /* One that is quicker than this has not had the time for many processes. */
    if (!options->memory_mb) w.sample_at_ms = now_ms() + SAMPLE_MS;
    while (!w.ended)
        turn(&w);
    finish(&w);
    /* Nothing is left to watch. A SIGCONT would undo the stop by which LeakSanitizer looks into a
     * process that ends, and the two would wait for each other for ever. */
    prctl(PR_SET_PDEATHSIG, 0);
    return 0;
}
