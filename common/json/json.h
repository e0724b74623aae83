/**
 * JSON for users' texts: jansson with positions. `//` comments are allowed where said; duplicate
 * keys are errors; a semantic error found later can still be placed, since hopt_json_locate()
 * finds the line and column of any path in the text. Pure; thread-safe for distinct values.
 */
#ifndef HOPT_JSON_JSON_H
#define HOPT_JSON_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/error.h"

enum {
    HOPT_JSON_COMMENTS = 1, /**< `//` comments to the end of the line */
    HOPT_JSON_NAN =
        2 /**< NaN, Infinity, -Infinity (as Python prints them) become strings of that text */
};

/** The largest text that is parsed: 16 MiB. */
#define HOPT_JSON_TEXT_MAX ((size_t)16 << 20)
/** The deepest nesting that is parsed. */
enum { HOPT_JSON_DEPTH_MAX = 512 };

/**
 * Parse `length` bytes of UTF-8. NUL bytes, bytes that are not UTF-8, a byte order mark, duplicate
 * keys, text after the value, over-long and over-deep texts are errors with line and column.
 * @param[out] out  new reference, the caller's; NULL on failure.
 * @return HOPT_OK or HOPT_EINVAL.
 */
HOPT_MUST_CHECK hopt_status hopt_json_parse(json_t **out, const char *text, size_t length,
                                            int flags, hopt_error *err);

/**
 * Read a text that a program wrote, quickly and with no words about errors; of equal keys the last
 * counts.
 * @return new reference; NULL when it is no object or list.
 */
HOPT_MUST_CHECK json_t *hopt_json_read(const char *text, size_t length);

/**
 * Where the value (or, with `key`, the key of the member) at `path` begins in a text that
 * hopt_json_parse() accepted with the same flags.
 * @param path   slash path from the root of object keys and array indexes, "" for the root,
 *               `~1` for '/' and `~0` for '~' inside a key (JSON pointer, RFC 6901, without the
 *               leading slash; so `~2` stands for an empty key).
 * @return false (line and column 1) when there is no such path.
 */
bool hopt_json_locate(int *line, int *column, const char *text, size_t length, const char *path,
                      bool key);

/** Append one step to a path as hopt_json_locate() reads it, escaping the key. */
void hopt_json_path_key(hopt_buf *path, const char *key);
void hopt_json_path_index(hopt_buf *path, size_t index);

enum { HOPT_JSON_NUMBER = 32 };

/**
 * The shortest text that reads back the same double; whole numbers below 1e15 print without point
 * or exponent ("3"), NaN and infinities as `NaN`, `Infinity`, `-Infinity`.
 */
void hopt_json_number(char out[HOPT_JSON_NUMBER], double value);

/** Print compactly, keys in insertion order, numbers by hopt_json_number(); strings named NaN stay
 * strings; reals that are whole print with ".0", so that they read back as reals. */
void hopt_json_print(hopt_buf *out, const json_t *value);
/** The same, indented by two spaces, for people. */
void hopt_json_print_pretty(hopt_buf *out, const json_t *value);
/** hopt_json_print() into a new string, the caller's. */
HOPT_MUST_CHECK char *hopt_json_text(const json_t *value);
/** Print a JSON string literal with quotes; a byte that is not UTF-8 becomes U+FFFD. */
void hopt_json_print_string(hopt_buf *out, const char *text, size_t length);

/**
 * A number as a double: integers, reals, and the strings that HOPT_JSON_NAN makes.
 * @return false for anything else.
 */
bool hopt_json_double(double *out, const json_t *value);

/** Member access that tolerates a NULL or other type: the string, or NULL. Owned by `object`. */
const char *hopt_json_string_of(const json_t *object, const char *key);
/** The integer member (a whole real counts), or `otherwise`. */
long long hopt_json_integer_of(const json_t *object, const char *key, long long otherwise);
/** The number member, or `otherwise`. */
double hopt_json_number_of(const json_t *object, const char *key, double otherwise);

#endif
