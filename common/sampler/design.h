/** Start-up designs (TPE.md 0.2): a Latin hypercube over the first trials. Immutable after opening.
 */
#ifndef HOPT_SAMPLER_DESIGN_H
#define HOPT_SAMPLER_DESIGN_H

#include "common/sampler/cube.h"

typedef struct hopt_design hopt_design;

/** A Latin hypercube of `rows` points: one random permutation of the strata for each dimension,
 * decided by `study_seed`. `cube` is borrowed. */
HOPT_MUST_CHECK hopt_design *hopt_design_new(const hopt_cube *cube, int rows, uint64_t study_seed);
void hopt_design_free(hopt_design *design);

/** Row `row` (0 <= row < rows), jittered inside its strata by `rng`; inactive dimensions NaN. */
void hopt_design_draw(const hopt_design *design, int row, hopt_rng *rng, double *out);

#endif
