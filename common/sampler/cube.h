/**
 * The unit cube that `tpe` works in (TPE.md 0.1): every parameter becomes one coordinate, such that
 * its prior is uniform there. Numeric: u in [0, 1]. Choices: u is the option's index. Inactive:
 * NaN. Immutable after opening; thread-safe.
 */
#ifndef HOPT_SAMPLER_CUBE_H
#define HOPT_SAMPLER_CUBE_H

#include <stdbool.h>

#include "common/sampler/rng.h"
#include "common/space/space.h"

typedef enum hopt_cube_scale {
    HOPT_CUBE_OPTION, /**< choice, pchoice */
    HOPT_CUBE_LINEAR,
    HOPT_CUBE_LOG,
    HOPT_CUBE_NORMAL,
    HOPT_CUBE_LOGNORMAL
} hopt_cube_scale;

typedef struct hopt_cube_dim {
    const hopt_param *param;
    hopt_cube_scale scale;
    bool conditional; /**< not active in every point */
    /** Q equal cells: level k sits at (k+.5)/Q. 0: continuous, or rounded on a curved scale. */
    double levels;
    double first;        /**< index of level 0: its value is first * step (step 0: first) */
    double step;         /**< the grid's q; 0: not on a grid */
    double last;         /**< index of the last grid point; with `first` the range of rounding */
    double low, high;    /**< bounds on the scale (logarithms for LOG) */
    double floor;        /**< .5/Q of TPE.md 0.3; 0 when continuous */
    int options;         /**< OPTION: how many */
    double *probability; /**< OPTION: prior of each, adds up to 1 */
    double *cumulative;  /**< OPTION: running sums, the last is 1 */
} hopt_cube_dim;

typedef struct hopt_cube {
    const hopt_space *space;
    int size;
    hopt_cube_dim *dims; /**< in the order of the parameters: parents first */
} hopt_cube;

/** `space` is borrowed. Free with hopt_cube_free(). */
HOPT_MUST_CHECK hopt_cube *hopt_cube_new(const hopt_space *space);
void hopt_cube_free(hopt_cube *cube);

/** The coordinate of a value of the support; values outside [low, high] go to the nearest level. */
double hopt_cube_encode(const hopt_cube_dim *dim, double value);
/** The value at a coordinate: always inside the support and, where it has bounds, inside them. */
double hopt_cube_decode(const hopt_cube_dim *dim, double u);
/** The coordinate of the value at `u`: the centre of its cell, or `u` itself when continuous. */
double hopt_cube_snap(const hopt_cube_dim *dim, double u);
/** A draw from the prior, snapped. One number of `rng`. */
double hopt_cube_draw(const hopt_cube_dim *dim, hopt_rng *rng);
/** The prior's quantile: uniform u in [0, 1) to a coordinate (option, or snapped u). */
double hopt_cube_quantile(const hopt_cube_dim *dim, double u);
/** Whether dim i is active in a row of coordinates whose dims before i are set. */
bool hopt_cube_active(const hopt_cube *cube, const double *row, int i);

/** Whole points: `row` and `point` hold `size` doubles, inactive NaN. */
void hopt_cube_encode_point(const hopt_cube *cube, double *row, const double *point);
void hopt_cube_decode_point(const hopt_cube *cube, double *point, const double *row);

#endif
