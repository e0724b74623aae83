/**
 * Values between JSON and BSON, and checked reading of BSON fields. Pure; thread-safe for distinct
 * values.
 *
 * JSON to BSON: integers become int32 where they fit, else int64; reals become doubles; a key that
 * some server refuses (empty, with a '.', beginning with '$') is escaped and comes back as it was.
 * BSON to JSON: whatever JSON lacks becomes MongoDB's relaxed extended JSON ({"$date": ...}), a
 * double that is not finite the string that HOPT_JSON_NAN makes of it.
 */
#ifndef HOPT_STORE_MONGO_BSON_JSON_H
#define HOPT_STORE_MONGO_BSON_JSON_H

#include <bson/bson.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/attr.h"

/** MongoDB refuses documents nested deeper than 100: what is deeper than this is stored as the text
 * of its JSON. */
enum { HOPT_BSON_DEPTH_MAX = 80 };

/** Append `value` under `key` (as it is). `escape`: its members' keys are escaped. */
void hopt_bson_add_json(bson_t *to, const char *key, const json_t *value, bool escape);
/** Append the members of `object` to `to`, but those named in the NULL-terminated list `but`. */
void hopt_bson_add_members(bson_t *to, const json_t *object, const char *const *but);
/** Append an int32 where it fits, else an int64. */
void hopt_bson_add_integer(bson_t *to, const char *key, int64_t value);
/** Append text; what is not UTF-8, or NUL, becomes '?'. */
void hopt_bson_add_text(bson_t *to, const char *key, const char *text);
/** The same cleaning into new memory, the caller's. */
HOPT_MUST_CHECK char *hopt_bson_clean_text(const char *text, size_t length);

/** The value at `at` as JSON. @param escape  undo the escapes of keys. @return new reference. */
HOPT_MUST_CHECK json_t *hopt_bson_json(const bson_iter_t *at, bool escape);

/* Readers of one value; false (and `out` untouched) when it has another type or range. */

/** int32, int64 or a whole double. */
bool hopt_bson_integer(int64_t *out, const bson_iter_t *at, int64_t low, int64_t high);
/** Any number, NaN and infinities too. */
bool hopt_bson_double(double *out, const bson_iter_t *at);
/** A string, cleaned; the caller frees; what `*out` held is freed. */
bool hopt_bson_text(char **out, const bson_iter_t *at);
/** A string of at most `size` - 1 bytes without NUL. */
bool hopt_bson_name(char *out, size_t size, const bson_iter_t *at);
/** A date as Unix milliseconds; null is 0. */
bool hopt_bson_date(int64_t *out, const bson_iter_t *at);

#endif
