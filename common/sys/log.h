/**
 * The programs' log: one line an event on standard error, `time level message key=value ...`, or
 * the same as a JSON object. ` key=%d` and ` key="%s"` in a format are the fields. Thread-safe.
 * Libraries below master and worker never log; they return errors.
 */
#ifndef HOPT_SYS_LOG_H
#define HOPT_SYS_LOG_H

#include <stdbool.h>

#include "common/base/attr.h"

typedef enum hopt_log_level {
    HOPT_LOG_DEBUG,
    HOPT_LOG_INFO,
    HOPT_LOG_WARN,
    HOPT_LOG_ERROR,
    HOPT_LOG_NONE /**< for hopt_log_set_level() only: nothing is printed */
} hopt_log_level;

/** Lines below `level` are dropped; the default is INFO. */
void hopt_log_set_level(hopt_log_level level);
/** Lines as JSON objects with time, level, msg and the fields; the default is text. */
void hopt_log_set_json(bool json);
bool hopt_log_is_json(void);
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
