/**
 * The programs' log: one line an event on standard error, `time level message key=value ...`.
 * Thread-safe. Libraries below master and worker never log; they return errors.
 */
#ifndef HOPT_SYS_LOG_H
#define HOPT_SYS_LOG_H

#include "common/base/attr.h"

typedef enum hopt_log_level {
    HOPT_LOG_DEBUG,
    HOPT_LOG_INFO,
    HOPT_LOG_WARN,
    HOPT_LOG_ERROR
} hopt_log_level;

/** Lines below `level` are dropped; the default is INFO. */
void hopt_log_set_level(hopt_log_level level);
/**
 * Before each line and after it, e.g. to take a progress bar off the terminal and draw it again.
 * NULL, NULL: nothing.
 */
void hopt_log_set_hooks(void (*before)(void *data), void (*after)(void *data), void *data);
/** printf-like; control characters are replaced; longer than 4 KiB is cut. */
void hopt_log(hopt_log_level level, const char *format, ...) HOPT_PRINTF(2, 3);

#define hopt_log_debug(...) hopt_log(HOPT_LOG_DEBUG, __VA_ARGS__)
#define hopt_log_info(...) hopt_log(HOPT_LOG_INFO, __VA_ARGS__)
#define hopt_log_warn(...) hopt_log(HOPT_LOG_WARN, __VA_ARGS__)
#define hopt_log_error(...) hopt_log(HOPT_LOG_ERROR, __VA_ARGS__)

#endif
