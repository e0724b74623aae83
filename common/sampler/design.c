#include "common/sampler/design.h"

#include <math.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"

struct hopt_design {
    const hopt_cube *cube;
    int rows;
    int *strata; /* [dimension][row] */
};

hopt_design *hopt_design_new(const hopt_cube *cube, int rows, uint64_t study_seed) {
    hopt_design *design = hopt_zalloc(1, sizeof *design);
    design->cube = cube;
    design->rows = rows;
    design->strata = hopt_zalloc((size_t)cube->size * (size_t)rows + 1, sizeof *design->strata);
    for (int d = 0; d < cube->size; d++) {
        hopt_rng rng;
        hopt_rng_seed(&rng, hopt_hash_splitmix64(study_seed, (uint64_t)d));
        int *strata = design->strata + (size_t)d * (size_t)rows;
        for (int i = 0; i < rows; i++) { /* Fisher and Yates, inside out */
            int j = (int)hopt_rng_below(&rng, (uint64_t)i + 1);
            strata[i] = strata[j];
            strata[j] = i;
        }
    }
    return design;
}

void hopt_design_free(hopt_design *design) {
    if (!design) return;
    free(design->strata);
    free(design);
}

void hopt_design_draw(const hopt_design *design, int row, hopt_rng *rng, double *out) {
    const hopt_cube *cube = design->cube;
    for (int d = 0; d < cube->size; d++) {
        int stratum = design->strata[(size_t)d * (size_t)design->rows + (size_t)row];
        double u = (stratum + hopt_rng_uniform(rng)) / design->rows;
        out[d] = hopt_cube_active(cube, out, d) ? hopt_cube_quantile(&cube->dims[d], u) : NAN;
    }
}
