#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "worker/runner/runner.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

/* Say why the objective can't start, and end. */
static void __attribute__((noreturn, format(printf, 2, 3)))
refuse(int start_fd, const char *format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (write(start_fd, text, strlen(text)) < 0) _exit(126);
    _exit(127);
}

/* Signals as a program expects them: nothing ignored, nothing blocked. */
static void reset_signals(void) {
    for (int i = 1; i < NSIG; i++)
        if (i != SIGKILL && i != SIGSTOP) signal(i, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Everything above standard error closes at exec, but the descriptor for reports. */
static void mark_descriptors(int report_fd) {
    if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) < 0) {
        long max = sysconf(_SC_OPEN_MAX);
        if (max < 0 || max > 65536) max = 65536;
        for (int fd = 3; fd < max; fd++)
            fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    if (report_fd >= 0) fcntl(report_fd, F_SETFD, 0);
}

/* When the machine runs out of memory, the objective shall go and not the worker or its master. */
static void offer_to_oom_killer(void) {
    char text[16] = "";
    int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    if (read(fd, text, sizeof text - 1) > 0 && atoi(text) < 500 && write(fd, "500", 3) < 0)
        fprintf(stderr, "hopt-runner: oom_score_adj: %s\n", strerror(errno));
    close(fd);
}

static void limit_files(long file_mb, int start_fd) {
    struct rlimit limit;
    if (!file_mb || getrlimit(RLIMIT_FSIZE, &limit) < 0) return;
    rlim_t wanted = (rlim_t)file_mb << 20;
    if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max > wanted) limit.rlim_max = wanted;
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > wanted) limit.rlim_cur = wanted;
    if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
        refuse(start_fd, "trial.file_mb: setrlimit: %s", strerror(errno));
}

static void __attribute__((noreturn)) run_command(char **argv, int start_fd) {
    execvp(argv[0], argv);
    int reason = errno;
    if (reason == ENOENT && strchr(argv[0], '/') && access(argv[0], F_OK) == 0)
        refuse(start_fd, "%s: its interpreter (the file's #! line) is missing", argv[0]);
    if (reason == ENOENT && !strchr(argv[0], '/'))
        refuse(start_fd, "%s: no such program on PATH", argv[0]);
    refuse(start_fd, "%s: %s", argv[0], strerror(reason));
}

static void __attribute__((noreturn))
become_child(const runner_options *options, pid_t runner, int start_fd) {
    setpgid(0, 0);
    /* Should the runner itself be killed, the objective goes with it; the worker then kills the
     * rest of the group. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != runner) _exit(127);
    mark_descriptors(options->report_fd);
    offer_to_oom_killer();
    if (options->cwd && chdir(options->cwd) < 0)
        refuse(start_fd, "working directory %s: %s", options->cwd, strerror(errno));
    limit_files(options->file_mb, start_fd);
    reset_signals();
    if (options->plugin) {
        close(options->control_fd);
        plugin_serve(options->plugin, options->config, start_fd);
    }
    run_command(options->argv, start_fd);
}

bool runner_spawn(runner_child *child, const runner_options *options) {
    int start[2];
    if (pipe2(start, O_CLOEXEC) < 0) return false;
    pid_t runner = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        close(start[0]);
        become_child(options, runner, start[1]);
    }
    int reason = errno;
    close(start[1]);
    if (pid < 0) {
        close(start[0]);
        errno = reason;
        return false;
    }
    setpgid(pid, pid); /* whichever of the two is first */
    *child = (runner_child){.pid = pid, .start_fd = start[0]};
    return true;
}
