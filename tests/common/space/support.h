/** What the space tests share. */
#ifndef HOPT_TESTS_SPACE_SUPPORT_H
#define HOPT_TESTS_SPACE_SUPPORT_H

#include <stdint.h>

#include "common/json/json.h"
#include "common/space/space.h"

/** Parse a text that must be good; '`' in it stands for '"'. */
hopt_space *support_space(const char *text);
/** Parse a text that must be bad: its errors, sorted, one a line, "line:column: message". Free it.
 */
char *support_errors(const char *text);
/** JSON from a text with '`' for '"'. */
json_t *support_json(const char *text);
/** A copy with '"' for '`'. */
char *support_text(const char *text);
/** Compare the compact text of `json` (its reference is taken) with `expected` ('`' for '"'). */
void support_expect(json_t *json, const char *expected);

/** A stream of numbers for a test: the same at every run. */
typedef struct support_rng {
    uint64_t seed, n;
} support_rng;
double support_uniform(support_rng *rng);
int support_below(support_rng *rng, int n);
/** Draw a point inside the support, often at its edges. */
void support_draw(const hopt_space *space, support_rng *rng, double *point);

/** The text of a random valid space; the caller frees. `shared`: with shared labels. */
char *support_random_space(support_rng *rng, bool shared);

#endif
