#include "common/sys/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/time.h"
#include "common/sys/clock.h"
#include "common/sys/log_json.h"

enum { LINE_MAX_BYTES = 4096 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static hopt_log_level lowest = HOPT_LOG_INFO;
static bool as_json;
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

void hopt_log_set_json(bool json) {
    pthread_mutex_lock(&mutex);
    as_json = json;
    pthread_mutex_unlock(&mutex);
}

bool hopt_log_is_json(void) {
    pthread_mutex_lock(&mutex);
    bool json = as_json;
    pthread_mutex_unlock(&mutex);
    return json;
}

static HOPT_PRINTF(4, 0) void print_text(hopt_buf *line, const char *when, const char *level,
                                         const char *format, va_list args) {
    char text[LINE_MAX_BYTES];
    int head = snprintf(text, sizeof text, "%s %-5s ", when, level);
    vsnprintf(text + head, sizeof text - (size_t)head - 1, format, args);
    for (char *c = text; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
    }
    hopt_buf_text(line, text);
}

static void print_json(hopt_buf *line, const char *when, const char *level, const char *format,
                       va_list args) {
    hopt_buf_print(line, "{\"time\":\"%s\",\"level\":\"%s\",", when, level);
    hopt_log_json(line, format, args);
    hopt_buf_char(line, '}');
}

void hopt_log(hopt_log_level level, const char *format, ...) {
    static const char *const names[] = {"debug", "info", "warn", "error"};
    hopt_buf line = HOPT_BUF_INIT;
    char when[HOPT_TIME_TEXT];
    va_list args;
    hopt_time_format(when, hopt_clock_unix_ms());
    va_start(args, format);
    (hopt_log_is_json() ? print_json : print_text)(&line, when, names[level], format, args);
    va_end(args);
    hopt_buf_char(&line, '\n');
    pthread_mutex_lock(&mutex);
    if (level >= lowest) {
        if (hook_before) hook_before(hook_data);
        ssize_t written = write(STDERR_FILENO, line.data, line.length);
        (void)written; /* a log that can't be written has nowhere to complain */
        if (hook_after) hook_after(hook_data);
    }
    pthread_mutex_unlock(&mutex);
    hopt_buf_clear(&line);
}
