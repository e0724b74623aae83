/**
 * Points that can come again: which were asked already, and, in a finite space, an untried one
 * while there is any. No count of the points is needed: a walk over all of them that stops at the
 * first untried one visits at most (tried + 1). Not thread-safe.
 */
#ifndef HOPT_SAMPLER_FINITE_H
#define HOPT_SAMPLER_FINITE_H

#include <stdbool.h>

#include "common/sampler/rng.h"
#include "common/space/space.h"

typedef struct hopt_finite hopt_finite;

/**
 * @param inside  whether quantized parameters take only levels inside [low, high] (as `tpe`
 *                proposes) or hyperopt's whole support.
 * `space` is borrowed.
 */
HOPT_MUST_CHECK hopt_finite *hopt_finite_open(const hopt_space *space, bool inside);
/** NULL is allowed. */
void hopt_finite_close(hopt_finite *finite);

/** Whether the space has finitely many points: every parameter has levels. */
bool hopt_finite_is(const hopt_finite *finite);
/** Remember a point as tried, unless a continuous parameter is active in it. */
void hopt_finite_note(hopt_finite *finite, const double *point);
bool hopt_finite_tried(const hopt_finite *finite, const double *point);
/**
 * An untried point, from a random start of the walk. @return false when there is none, or the space
 * is not finite.
 * At most (tried + 1) * size steps.
 */
bool hopt_finite_find(hopt_finite *finite, hopt_rng *rng, double *point);

/**
 * The levels of a finite distribution: `*first + k * *step`, 0 <= k < count. @return count; 0 when
 * it is not finite. For pchoice options of probability 0 count as levels.
 */
uint64_t hopt_finite_levels(const hopt_dist *dist, bool inside, double *first, double *step);

#endif
