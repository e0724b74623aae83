#include "common/sys/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/time.h"
#include "common/sys/clock.h"

enum { LINE_MAX_BYTES = 4096 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static hopt_log_level lowest = HOPT_LOG_INFO;
static void (*hook_before)(void *);
static void (*hook_after)(void *);
static void *hook_data;

void hopt_log_set_level(hopt_log_level level) {
    pthread_mutex_lock(&mutex);
    lowest = level;
    pthread_mutex_unlock(&mutex);
}

void hopt_log_set_hooks(void (*before)(void *data), void (*after)(void *data), void *data) {
    pthread_mutex_lock(&mutex);
    hook_before = before;
    hook_after = after;
    hook_data = data;
    pthread_mutex_unlock(&mutex);
}

void hopt_log(hopt_log_level level, const char *format, ...) {
    static const char *const names[] = {"debug", "info", "warn", "error"};
    char line[LINE_MAX_BYTES], when[HOPT_TIME_TEXT];
    hopt_time_format(when, hopt_clock_unix_ms());
    int head = snprintf(line, sizeof line, "%s %-5s ", when, names[level]);
    va_list args;
    va_start(args, format);
    vsnprintf(line + head, sizeof line - (size_t)head - 1, format, args);
    va_end(args);
    for (char *c = line; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
    }
    size_t length = strlen(line);
    line[length++] = '\n';
    pthread_mutex_lock(&mutex);
    if (level >= lowest) {
        if (hook_before) hook_before(hook_data);
        ssize_t written = write(STDERR_FILENO, line, length);
        (void)written; /* a log that can't be written has nowhere to complain */
        if (hook_after) hook_after(hook_data);
    }
    pthread_mutex_unlock(&mutex);
}
