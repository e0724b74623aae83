#include "common/sampler/cube.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/sampler/finite.h"
#include "common/sampler/normal.h"
#include "common/sampler/sampler_internal.h"

/** Normal priors stay this far from 0 and 1 (TPE.md 0.1). */
static const double EDGE = 1e-12;

static double clamp(double x, double low, double high) {
    return x < low ? low : x > high ? high : x;
}

static void open_options(hopt_cube_dim *dim) {
    const hopt_dist *dist = &dim->param->dist;
    dim->scale = HOPT_CUBE_OPTION;
    dim->options = dist->options;
    dim->probability = hopt_zalloc((size_t)dist->options, sizeof *dim->probability);
    dim->cumulative = hopt_zalloc((size_t)dist->options, sizeof *dim->cumulative);
    double total = 0;
    for (int c = 0; c < dist->options; c++) {
        double p = dist->kind == HOPT_PCHOICE ? dist->probability[c] : 1;
        dim->probability[c] = p > 0 ? p : 0;
        total += dim->probability[c];
    }
    double sum = 0;
    for (int c = 0; c < dist->options; c++) {
        dim->probability[c] /= total;
        sum += dim->probability[c];
        dim->cumulative[c] = sum;
    }
    for (int c = dist->options - 1; c >= 0; c--) { /* what rounding left over */
        dim->cumulative[c] = 1;
        if (dim->probability[c] > 0) break;
    }
}

/** Q equal cells for what is linear on a grid; others are rounded where they land. */
static void open_grid(hopt_cube_dim *dim) {
    const hopt_dist *dist = &dim->param->dist;
    if (dist->q <= 0 && dist->kind != HOPT_RANDINT) return;
    dim->step = dist->q > 0 ? dist->q : 1;
    double step;
    uint64_t count = hopt_finite_levels(dist, true, &dim->first, &step);
    if (count > 0) {
        dim->last = dim->first + (double)(count - 1);
        dim->floor = 0.5 / (double)count;
        if (dim->scale == HOPT_CUBE_LINEAR) dim->levels = (double)count;
    } else if (dim->scale == HOPT_CUBE_LINEAR || dim->scale == HOPT_CUBE_LOG) {
        dim->first = ceil(dist->low / dim->step);
        dim->last = floor(dist->kind == HOPT_RANDINT ? nextafter(dist->high, dist->low)
                                                     : dist->high / dim->step);
    } else {
        dim->first = -DBL_MAX;
        dim->last = DBL_MAX;
    }
}

static void open_dim(hopt_cube_dim *dim, const hopt_param *param) {
    const hopt_dist *dist = &param->dist;
    dim->param = param;
    dim->conditional = param->n_conditions > 0;
    dim->low = dist->low;
    dim->high = dist->high;
    switch (dist->kind) {
    case HOPT_CHOICE:
    case HOPT_PCHOICE:
        open_options(dim);
        return;
    case HOPT_RANDINT:
    case HOPT_UNIFORM:
    case HOPT_QUNIFORM:
    case HOPT_UNIFORMINT:
        dim->scale = HOPT_CUBE_LINEAR;
        break;
    case HOPT_LOGUNIFORM:
    case HOPT_QLOGUNIFORM:
        dim->scale = HOPT_CUBE_LOG;
        dim->low = hopt_math_log(dist->low);
        dim->high = hopt_math_log(dist->high);
        break;
    case HOPT_NORMAL:
    case HOPT_QNORMAL:
        dim->scale = HOPT_CUBE_NORMAL;
        break;
    case HOPT_LOGNORMAL:
    case HOPT_QLOGNORMAL:
        dim->scale = HOPT_CUBE_LOGNORMAL;
        break;
    }
    open_grid(dim);
}

hopt_cube *hopt_cube_new(const hopt_space *space) {
    hopt_cube *cube = hopt_zalloc(1, sizeof *cube);
    cube->space = space;
    cube->size = hopt_space_size(space);
    cube->dims = hopt_zalloc((size_t)cube->size + 1, sizeof *cube->dims);
    for (int i = 0; i < cube->size; i++)
        open_dim(&cube->dims[i], hopt_space_param(space, i));
    return cube;
}

void hopt_cube_free(hopt_cube *cube) {
    if (!cube) return;
    for (int i = 0; i < cube->size; i++) {
        free(cube->dims[i].probability);
        free(cube->dims[i].cumulative);
    }
    free(cube->dims);
    free(cube);
}

/** The prior's distribution function, of a value on a continuous scale. */
static double position(const hopt_cube_dim *dim, double value) {
    const hopt_dist *dist = &dim->param->dist;
    double x = value;
    switch (dim->scale) {
    case HOPT_CUBE_LOG:
        if (value <= dist->low) return 0;
        x = hopt_math_log(value);
        break;
    case HOPT_CUBE_NORMAL:
        return clamp(hopt_normal_cdf((value - dist->mu) / dist->sigma), EDGE, 1 - EDGE);
    case HOPT_CUBE_LOGNORMAL:
        if (value <= 0) return EDGE;
        return clamp(hopt_normal_cdf((hopt_math_log(value) - dist->mu) / dist->sigma), EDGE,
                     1 - EDGE);
    default:
        break;
    }
    /* Halves, so that a range of the whole double line does not overflow. */
    double span = 0.5 * dim->high - 0.5 * dim->low;
    return span > 0 ? clamp((0.5 * x - 0.5 * dim->low) / span, 0, 1) : 0.5;
}

/** Its inverse, finite and inside the bounds. */
static double value_at(const hopt_cube_dim *dim, double u) {
    const hopt_dist *dist = &dim->param->dist;
    if (dim->scale == HOPT_CUBE_NORMAL || dim->scale == HOPT_CUBE_LOGNORMAL) {
        double z = hopt_normal_quantile(clamp(u, EDGE, 1 - EDGE));
        double x = clamp(dist->mu + dist->sigma * z, -DBL_MAX, DBL_MAX);
        return dim->scale == HOPT_CUBE_NORMAL ? x : hopt_sampler__exp_finite(x);
    }
    double span = dim->high - dim->low;
    double x = isfinite(span) ? dim->low + span * u : dim->low * (1 - u) + dim->high * u;
    if (dim->scale == HOPT_CUBE_LOG) x = hopt_math_exp(x);
    return clamp(x, dist->low, dist->high);
}

static double round_to_grid(const hopt_cube_dim *dim, double value) {
    double k = clamp(rint(value / dim->step), dim->first, dim->last);
    double rounded = hopt_sampler__grid_value(k, dim->step);
    return isfinite(rounded) ? rounded : value;
}

double hopt_cube_encode(const hopt_cube_dim *dim, double value) {
    if (isnan(value) || dim->scale == HOPT_CUBE_OPTION) return value;
    if (dim->levels > 0) {
        double k = rint(value / dim->step) - dim->first;
        return (clamp(k, 0, dim->levels - 1) + 0.5) / dim->levels;
    }
    if (dim->step <= 0) return position(dim, value);
    /* The middle of the value's cell: for equal cells that is (k+.5)/Q. */
    double centre = round_to_grid(dim, value);
    return 0.5 *
           (position(dim, centre - 0.5 * dim->step) + position(dim, centre + 0.5 * dim->step));
}

double hopt_cube_decode(const hopt_cube_dim *dim, double u) {
    if (isnan(u) || dim->scale == HOPT_CUBE_OPTION) return u;
    if (dim->levels > 0) {
        double k = clamp(floor(u * dim->levels), 0, dim->levels - 1);
        return hopt_sampler__grid_value(dim->first + k, dim->step);
    }
    double value = value_at(dim, u);
    return dim->step > 0 ? round_to_grid(dim, value) : value;
}

double hopt_cube_snap(const hopt_cube_dim *dim, double u) {
    if (isnan(u) || dim->scale == HOPT_CUBE_OPTION) return u;
    if (dim->levels > 0)
        return (clamp(floor(u * dim->levels), 0, dim->levels - 1) + 0.5) / dim->levels;
    return dim->step > 0 ? hopt_cube_encode(dim, hopt_cube_decode(dim, u)) : u;
}

double hopt_cube_quantile(const hopt_cube_dim *dim, double u) {
    if (dim->scale != HOPT_CUBE_OPTION) return hopt_cube_snap(dim, u);
    int low = 0;
    int high = dim->options - 1;
    while (low < high) { /* the first option whose running sum exceeds u */
        int middle = (low + high) / 2;
        if (dim->cumulative[middle] > u)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

double hopt_cube_draw(const hopt_cube_dim *dim, hopt_rng *rng) {
    return hopt_cube_quantile(dim, hopt_rng_uniform(rng));
}

bool hopt_cube_active(const hopt_cube *cube, const double *row, int i) {
    /* Parents are choices, whose coordinate is their value. */
    return !cube->dims[i].conditional || hopt_space_active(cube->space, row, i);
}

void hopt_cube_encode_point(const hopt_cube *cube, double *row, const double *point) {
    for (int i = 0; i < cube->size; i++)
        row[i] = hopt_cube_encode(&cube->dims[i], point[i]);
}

void hopt_cube_decode_point(const hopt_cube *cube, double *point, const double *row) {
    for (int i = 0; i < cube->size; i++)
        point[i] = hopt_cube_decode(&cube->dims[i], row[i]);
}
