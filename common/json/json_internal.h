/** What the files of the json module share. */
#ifndef HOPT_JSON_JSON_INTERNAL_H
#define HOPT_JSON_JSON_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/json/json.h"

/**
 * A text made ready for jansson: comments blanked, NaN tokens quoted. Each quoted token adds two
 * bytes, so `shifts` keeps where, to map positions back.
 */
typedef struct hopt_json__prepared {
    const char *text; /**< `copy.data`, or the caller's text when nothing had to change */
    size_t length;
    hopt_buf copy;
    size_t *shifts; /**< offsets in `text` of the quoted tokens, rising */
    size_t n_shifts, shifts_capacity;
} hopt_json__prepared;

/** Check bytes, size and depth and prepare. Clear `out` also after a failure. */
HOPT_MUST_CHECK hopt_status hopt_json__prepare(hopt_json__prepared *out, const char *text,
                                               size_t length, int flags, hopt_error *err);
void hopt_json__prepared_clear(hopt_json__prepared *prepared);
/** An offset in the prepared text as one of the original. */
size_t hopt_json__original(const hopt_json__prepared *prepared, size_t offset);

/** 1-based line and column (bytes) of an offset, which may be the length. */
void hopt_json__position(int *line, int *column, const char *text, size_t length, size_t offset);

/** Bytes of the UTF-8 sequence at `text` (1..4), 0 when it is none or cut off. */
size_t hopt_json__utf8(const char *text, size_t length);

/** Whether a NaN, Infinity or -Infinity token begins here; its length, or 0. */
size_t hopt_json__nan_token(const char *text, size_t length);

/**
 * What hopt_json_number() prints, for most of what lies between 1e-6 and 1e15.
 * @return false, with nothing printed, for all else.
 */
bool hopt_json__number_exact(char out[HOPT_JSON_NUMBER], double value);

/**
 * Read plain JSON: no escapes, nothing beyond ASCII, no key twice, at most 32 levels.
 * @return new reference; NULL for what may be JSON all the same, or not: ask jansson.
 */
json_t *hopt_json__read_plain(const char *text, size_t length);

/**
 * What strtod() reads from "-12.25": digits with a point and no exponent.
 * @return false for all else, for more than 19 digits, and for what is smaller than 2^-10.
 */
bool hopt_json__decimal_exact(double *out, const char *text, size_t length);

#endif
