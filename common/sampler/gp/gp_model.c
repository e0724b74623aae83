/** Kernel, Cholesky factor and posterior (GP.md 2, 3, 6; Rasmussen and Williams 2006,
 * algorithm 2.1). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sampler/gp/gp_internal.h"
#include "common/sampler/normal.h"

/** Pivots below this mean that two trials are too alike for the noise (GP.md 4). */
#define LEAST_PIVOT 1e-13
/** A believed trial's own noise on top (GP.md 6). */
#define BELIEF_NUGGET 1e-6

void hopt_gp_model_init(hopt_gp_model *model, const hopt_cube *cube) {
    *model = (hopt_gp_model){.cube = cube, .ops = hopt_gp_best_ops(), .size = cube->size};
    model->hyper.theta = hopt_zalloc((size_t)cube->size + 1, sizeof *model->hyper.theta);
    model->weight = hopt_zalloc((size_t)cube->size + 1, sizeof *model->weight);
}

static void free_rooms(hopt_gp_model *model) {
    free(model->z);
    free(model->loss);
    free(model->t);
    free(model->lower);
    free(model->upper);
    free(model->alpha);
    free(model->scratch);
}

void hopt_gp_model_clear(hopt_gp_model *model) {
    free_rooms(model);
    free(model->hyper.theta);
    free(model->weight);
    *model = (hopt_gp_model){0};
}

void hopt_gp_model_reserve(hopt_gp_model *model, size_t total) {
    if (total <= model->capacity) return;
    free_rooms(model);
    size_t block = HOPT_GP_BLOCK,
           capacity = model->capacity = (total + 2 * block - 1) / block * block;
    model->z = hopt_zalloc((size_t)model->size * capacity + 1, sizeof(double));
    model->loss = hopt_zalloc(capacity, sizeof(double));
    model->t = hopt_zalloc(capacity, sizeof(double));
    model->lower = hopt_zalloc(capacity * capacity, sizeof(double));
    model->upper = hopt_zalloc(capacity * capacity, sizeof(double));
    model->alpha = hopt_zalloc(capacity, sizeof(double));
    model->scratch = hopt_zalloc(5 * capacity, sizeof(double));
}

double hopt_gp_embed(const hopt_cube_dim *dim, double u) {
    if (!isnan(u)) return u;
    return dim->scale == HOPT_CUBE_OPTION ? -1 : 0.5;
}

void hopt_gp_model_put(hopt_gp_model *model, size_t i, const double *row) {
    for (int d = 0; d < model->size; d++)
        model->z[(size_t)d * model->capacity + i] = hopt_gp_embed(&model->cube->dims[d], row[d]);
}

void hopt_gp_model_weigh(hopt_gp_model *model) {
    for (int d = 0; d < model->size; d++)
        model->weight[d] = hopt_math_exp(-2 * model->hyper.theta[d]);
}

void hopt_gp_model_column(const hopt_gp_model *model, double *k, double *slope, size_t j,
                          size_t from, size_t count) {
    hopt_gp_columns x = {model->z + from, model->capacity}, c = {model->z + j, model->capacity};
    double *of_product = slope && !model->additive ? slope + from : NULL;
    hopt_gp_kernel(model, k + from, of_product, x, c, model->scratch, count - from);
}

bool hopt_gp_cholesky(const hopt_gp_ops *ops, double *lower, double *upper, size_t n,
                      size_t stride) {
    for (size_t j = 0; j < n; j++) {
        double *column = lower + j * stride;
        ops->subtract_rows(column + j, upper + j * stride, 1, lower + j, stride, j, n - j);
        if (!(column[j] > LEAST_PIVOT)) return false;
        double pivot = sqrt(column[j]);
        column[j] = pivot;
        for (size_t i = j + 1; i < n; i++)
            column[i] /= pivot;
        for (size_t i = j; i < n; i++)
            upper[i * stride + j] = column[i];
    }
    return true;
}

bool hopt_gp_model_factor(hopt_gp_model *model) {
    size_t n = model->n;
    hopt_gp_model_weigh(model);
    double eta = hopt_math_exp(model->hyper.ln_eta);
    for (size_t j = 0; j < n; j++) {
        double *column = model->lower + j * model->capacity;
        hopt_gp_model_column(model, column, NULL, j, j, n);
        column[j] += eta;
    }
    return hopt_gp_cholesky(model->ops, model->lower, model->upper, n, model->capacity);
}

void hopt_gp_forward(const hopt_gp_model *model, double *x, size_t n) {
    for (size_t j = 0; j < n; j++) {
        const double *column = model->lower + j * model->capacity;
        x[j] /= column[j];
        model->ops->subtract(x + j + 1, x[j], column + j + 1, n - j - 1);
    }
}

void hopt_gp_backward(const hopt_gp_model *model, double *x, size_t n) {
    for (size_t j = n; j-- > 0;) {
        const double *row = model->upper + j * model->capacity;
        x[j] /= row[j];
        model->ops->subtract(x, x[j], row, j);
    }
}

/* Profiled mean and variance of the transformed losses in t (GP.md 4). @return ln likelihood
 * without the determinant; NaN when they are all the same. `ones` is L^-1 1, `v` becomes L^-1 t. */
static double profile(hopt_gp_model *model, const double *ones, double *v) {
    size_t n = model->n;
    memcpy(v, model->t, n * sizeof *v);
    hopt_gp_forward(model, v, n);
    double above = 0, below = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        above += ones[i] * v[i];
        below += ones[i] * ones[i];
    }
    model->mean = above / below;
    for (size_t i = 0; i < n; i++) {
        double e = v[i] - model->mean * ones[i];
        squares += e * e;
    }
    model->variance = squares / (double)n;
    if (!(model->variance > 1e-30) || !isfinite(model->variance)) return NAN;
    return -0.5 * (double)n * hopt_math_log(model->variance);
}

static double half_log_determinant(const hopt_gp_model *model) {
    double sum = 0;
    for (size_t i = 0; i < model->n; i++)
        sum += hopt_math_log(model->lower[i * model->capacity + i]);
    return sum;
}

static void transform_all(hopt_gp_model *model) {
    for (size_t i = 0; i < model->n; i++)
        model->t[i] = hopt_gp_transform_apply(&model->transform, model->loss[i]);
}

static double *ones_of(hopt_gp_model *model) {
    double *ones = model->scratch + model->capacity;
    for (size_t i = 0; i < model->n; i++)
        ones[i] = 1;
    hopt_gp_forward(model, ones, model->n);
    return ones;
}

/* Of the first `count` transforms. */
static double choose_of(hopt_gp_model *model, int count) {
    const double *ones = ones_of(model);
    double determinant = half_log_determinant(model), most = NAN, chosen = INFINITY;
    for (int k = 0; k < count; k++) {
        model->transform.c = hopt_gp_transform_at(k);
        transform_all(model);
        double likelihood =
            profile(model, ones, model->scratch) - determinant +
            hopt_gp_transform_log_jacobian(&model->transform, model->loss, model->n);
        if (!isfinite(likelihood) || likelihood <= most) continue;
        most = likelihood;
        chosen = model->transform.c;
    }
    model->transform.c = chosen;
    transform_all(model);
    return most;
}

double hopt_gp_model_choose(hopt_gp_model *model) {
    return choose_of(model, HOPT_GP_TRANSFORMS);
}

double hopt_gp_model_keep(hopt_gp_model *model) {
    return choose_of(model, 1);
}

void hopt_gp_model_finish(hopt_gp_model *model) {
    const double *ones = ones_of(model);
    double *v = model->scratch;
    (void)profile(model, ones, v);
    for (size_t i = 0; i < model->n; i++)
        model->alpha[i] = v[i] - model->mean * ones[i];
    hopt_gp_backward(model, model->alpha, model->n);
    model->best = INFINITY;
    for (size_t i = 0; i < model->n; i++)
        model->best = fmin(model->best, hopt_gp_model_mean_at(model, i));
    model->total = model->n;
}

double hopt_gp_model_mean_at(const hopt_gp_model *model, size_t i) {
    return model->t[i] - hopt_math_exp(model->hyper.ln_eta) * model->alpha[i];
}

void hopt_gp_model_believe(hopt_gp_model *model, const double *row) {
    size_t at = model->total, stride = model->capacity;
    HOPT_ASSERT(at < model->capacity);
    hopt_gp_model_put(model, at, row);
    double *k = model->scratch + 2 * stride;
    hopt_gp_model_column(model, k, NULL, at, 0, at);
    /* Its posterior mean: then alpha has a 0 there, and stays as it is. */
    model->t[at] = model->mean;
    for (size_t i = 0; i < model->n; i++)
        model->t[at] += model->alpha[i] * k[i];
    model->best = fmin(model->best, model->t[at]);
    hopt_gp_forward(model, k, at);
    double left = 1 + hopt_math_exp(model->hyper.ln_eta) + BELIEF_NUGGET;
    for (size_t j = 0; j < at; j++) {
        model->lower[j * stride + at] = model->upper[at * stride + j] = k[j];
        left -= k[j] * k[j];
    }
    double pivot = sqrt(fmax(left, BELIEF_NUGGET));
    model->lower[at * stride + at] = model->upper[at * stride + at] = pivot;
    model->alpha[at] = 0;
    model->total++;
}
