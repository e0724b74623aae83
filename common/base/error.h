/**
 * The one error idiom: a function that can fail returns a hopt_status and, on failure, fills the
 * caller's hopt_error (last argument, may be NULL). Messages are made once, where the failure is
 * understood, and printed once, by the program.
 */
#ifndef HOPT_BASE_ERROR_H
#define HOPT_BASE_ERROR_H

#include <stdarg.h>
#include <stddef.h>

#include "common/base/attr.h"

typedef enum hopt_status {
    HOPT_OK = 0,
    HOPT_EINVAL,    /**< bad input: a file, an argument, a document */
    HOPT_ENOTFOUND, /**< nothing there (a normal answer: err may stay untouched) */
    HOPT_ECONFLICT, /**< lost lease, taken slot, other space under this name */
    HOPT_ESTORE,    /**< the store failed and nothing is known to have changed, or may have: see the
                       call */
    HOPT_EUNAVAILABLE, /**< the store can't be reached or opened at all */
    HOPT_EFAILED,      /**< the operation itself failed (objective, file, process) */
    HOPT_ESTOPPED      /**< asked to stop */
} hopt_status;

enum { HOPT_ERROR_MESSAGE_MAX = 512 };

typedef struct hopt_error {
    hopt_status code;
    int line;   /**< 1-based line of the offending text, 0 when there is none */
    int column; /**< 1-based column in bytes, 0 when there is none */
    char message[HOPT_ERROR_MESSAGE_MAX];
} hopt_error;

/** Set `err` (may be NULL) with no position. Truncates a long message with "...". @return `code`.
 */
hopt_status hopt_error_set(hopt_error *err, hopt_status code, const char *format, ...)
    HOPT_PRINTF(3, 4);

/** As hopt_error_set(), at a position of a text. @return `code`. */
hopt_status hopt_error_at(hopt_error *err, hopt_status code, int line, int column,
                          const char *format, ...) HOPT_PRINTF(5, 6);

/** Put "prefix: " before the message of `err` (may be NULL). */
void hopt_error_prefix(hopt_error *err, const char *format, ...) HOPT_PRINTF(2, 3);

/**
 * Print `err` as "file:line:column: message" (parts that are unknown are left out; file may be
 * NULL) into `out`, always NUL-terminated, control characters replaced by '?'.
 */
void hopt_error_text(char *out, size_t size, const char *file, const hopt_error *err);

/** A list of independent errors of one text, first come, first kept. */
enum { HOPT_ERRORS_MAX = 10 };

typedef struct hopt_errors {
    size_t count; /**< how many are kept in `list` */
    size_t total; /**< how many were added, kept or not */
    hopt_error list[HOPT_ERRORS_MAX];
} hopt_errors;

/** Add a copy of `err`; beyond HOPT_ERRORS_MAX only the total rises. */
void hopt_errors_add(hopt_errors *errors, const hopt_error *err);

/** Sort the kept errors by position, so that they read as the text does. */
void hopt_errors_sort(hopt_errors *errors);

#endif
