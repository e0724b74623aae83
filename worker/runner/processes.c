/* Descendants and their memory, through /proc. The `children` files make this cheap; a kernel
 * without them gets a scan of all processes. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "worker/runner/runner.h"

/* A sweep is given up when for so long nothing has died, or after the second time in any case. */
enum { SWEEP_QUIET_MS = 5000, SWEEP_MS_MAX = 10000 };

/* A small file of /proc as text. @return its length, or -1. */
static ssize_t read_proc(const char *path, char *out, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    size_t length = 0;
    ssize_t got;
    while (length + 1 < size && (got = read(fd, out + length, size - 1 - length)) > 0)
        length += (size_t)got;
    close(fd);
    out[length] = '\0';
    return (ssize_t)length;
}

static size_t add_pid(pid_t *out, size_t count, size_t max, long pid) {
    if (pid > 0 && count < max) out[count++] = (pid_t)pid;
    return count;
}

/* The children of all threads of one process, from task/TID/children. False: no such files. */
static bool list_children(pid_t parent, pid_t *out, size_t *count, size_t max) {
    static char text[1 << 16];
    char path[300];
    snprintf(path, sizeof path, "/proc/%d/task", (int)parent);
    DIR *dir = opendir(path);
    if (!dir) return true; /* gone: it has no children */
    bool readable = true;
    struct dirent *entry;
    while (readable && (entry = readdir(dir))) {
        if (!isdigit((unsigned char)entry->d_name[0])) continue;
        snprintf(path, sizeof path, "/proc/%d/task/%s/children", (int)parent, entry->d_name);
        if (read_proc(path, text, sizeof text) < 0) {
            readable = errno != ENOENT || parent != getpid();
            continue;
        }
        char *at = text, *end;
        for (long pid; (pid = strtol(at, &end, 10)), end != at; at = end)
            *count = add_pid(out, *count, max, pid);
    }
    closedir(dir);
    return readable;
}

/* Parent of a process: the 4th field of stat, after a name that may hold anything. */
static long parent_of(const char *pid) {
    char path[300], text[1024];
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    if (read_proc(path, text, sizeof text) < 0) return -1;
    const char *after = strrchr(text, ')');
    long parent = -1;
    if (!after || sscanf(after + 1, " %*c %ld", &parent) != 1) return -1;
    return parent;
}

/* One scan finds one level; repeated until nothing new comes. */
static size_t scan_descendants(pid_t *out, size_t max) {
    size_t count = 0, before;
    do {
        before = count;
        DIR *dir = opendir("/proc");
        if (!dir) return count;
        struct dirent *entry;
        while ((entry = readdir(dir))) {
            if (!isdigit((unsigned char)entry->d_name[0])) continue;
            long pid = atol(entry->d_name), parent = parent_of(entry->d_name);
            bool known = false, child = parent == getpid();
            for (size_t i = 0; i < count; i++) {
                known |= out[i] == pid;
                child |= out[i] == parent;
            }
            if (child && !known) count = add_pid(out, count, max, pid);
        }
        closedir(dir);
    } while (count > before);
    return count;
}

size_t runner_descendants(pid_t *out, size_t max) {
    size_t count = 0;
    if (!list_children(getpid(), out, &count, max)) return scan_descendants(out, max);
    for (size_t i = 0; i < count; i++)
        list_children(out[i], out, &count, max);
    return count;
}

static void kill_these(const pid_t *pids, size_t from, size_t count) {
    for (size_t i = from; i < count; i++)
        kill(pids[i], SIGKILL);
}

void runner_kill_descendants(void) {
    static pid_t pids[RUNNER_DESCENDANTS_MAX];
    size_t count = 0;
    if (!list_children(getpid(), pids, &count, RUNNER_DESCENDANTS_MAX))
        count = scan_descendants(pids, RUNNER_DESCENDANTS_MAX);
    kill_these(pids, 0, count);
    for (size_t i = 0; i < count; i++) {
        size_t before = count;
        list_children(pids[i], pids, &count, RUNNER_DESCENDANTS_MAX);
        kill_these(pids, before, count);
    }
}

/* "Pss: N kB" of smaps_rollup; 0 when the kernel does not tell. */
static uint64_t proportional(pid_t pid) {
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    if (read_proc(path, text, sizeof text) <= 0) return 0;
    const char *line = strstr(text, "\nPss:");
    return line ? strtoull(line + 5, NULL, 10) * 1024 : 0;
}

static uint64_t resident(pid_t pid) {
    char path[64], text[256];
    unsigned long pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    if (read_proc(path, text, sizeof text) <= 0 || sscanf(text, "%*u %lu", &pages) != 1) return 0;
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t runner_memory(const pid_t *pids, size_t count, bool exact) {
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t bytes = exact ? proportional(pids[i]) : 0;
        sum += bytes ? bytes : resident(pids[i]);
    }
    return sum;
}

/* /proc/PID/syscall: number and arguments of the call it is blocked in. */
static bool reads_stdin(pid_t pid, uint64_t pipe) {
    char path[64], text[256];
    long number = -1;
    unsigned long descriptor = 1;
    struct stat input;
    snprintf(path, sizeof path, "/proc/%d/syscall", (int)pid);
    if (read_proc(path, text, sizeof text) <= 0) return false;
    if (sscanf(text, "%ld %lx", &number, &descriptor) != 2) return false;
    if (number != SYS_read || descriptor != 0) return false;
    snprintf(path, sizeof path, "/proc/%d/fd/0", (int)pid);
    return stat(path, &input) == 0 && S_ISFIFO(input.st_mode) && input.st_ino == pipe;
}

bool runner_reading(const pid_t *pids, size_t count, uint64_t pipe) {
    for (size_t i = 0; i < count; i++)
        if (reads_stdin(pids[i], pipe)) return true;
    return false;
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool runner_sweep(pid_t group) {
    const int64_t began_ms = now_ms();
    int64_t died_ms = began_ms;
    int pause_ms = 1;
    for (;;) {
        if (group > 0) kill(-group, SIGKILL);
        pid_t got;
        bool died = false;
        while ((got = waitpid(-1, NULL, WNOHANG)) > 0)
            died = true;
        if (got < 0 && errno == ECHILD) return true;
        int64_t now = now_ms();
        if (died) died_ms = now;
        /* In the kernel's hands, another user's, or more than we can keep up with. */
        if (now - died_ms > SWEEP_QUIET_MS || now - began_ms > SWEEP_MS_MAX) return false;
        runner_kill_descendants();
        nanosleep(&(struct timespec){.tv_nsec = pause_ms * 1000000L}, NULL);
        if (pause_ms < 16) pause_ms *= 2;
    }
}
