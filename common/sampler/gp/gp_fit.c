/** Length scales and noise by maximum a posteriori (GP.md 4). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sampler/gp/gp_internal.h"
#include "common/sampler/gp/lbfgs.h"
#include "common/sampler/normal.h"

/* Priors and clamps (GP.md 4). */
#define THETA_DEVIATION 1.2
#define ETA_MEAN (-9.2)
#define ETA_DEVIATION 3.0
#define THETA_LOW (-4.6)
#define THETA_HIGH 6.0
/** Clumps of trials at the best one must not look like noise (docs/adr/0025). */
#define ETA_LOW (-23.0)
#define ETA_HIGH 0.0

/** Where the sum's length scales start: a function of one parameter may have many basins. */
#define THETA_OF_SUM (-1.0)

enum { ROUNDS = 2, ITERATIONS = 15, RETRIES = 12 };

typedef struct fitting {
    hopt_gp_model *model;
    double theta_mean, theta_start;
    double *slope;   /* derivative of the kernel by r2, columns */
    double *inverse; /* rows of L^-1 */
    double *columns; /* of -K^-1, then of G */
    double *sum;
} fitting;

/* The kernel and its derivative, then the factor. */
static bool factor(fitting *f) {
    hopt_gp_model *m = f->model;
    size_t n = m->n, stride = m->capacity;
    hopt_gp_model_weigh(m);
    double eta = hopt_math_exp(m->hyper.ln_eta);
    for (size_t j = 0; j < n; j++) {
        double *column = m->lower + j * stride;
        hopt_gp_model_column(m, column, f->slope + j * stride, j, j, n);
        column[j] += eta;
    }
    return hopt_gp_cholesky(m->ops, m->lower, m->upper, n, stride);
}

/* Rows of W = L^-1: row i is (e_i - sum over k < i of L_ik W_k) / L_ii. Behind its diagonal a row
 * is 0 to the end of the block, so that a block of columns is one rectangle from its first row on.
 */
static void invert_factor(fitting *f) {
    enum { BLOCK = HOPT_GP_BLOCK };
    const hopt_gp_model *m = f->model;
    size_t n = m->n, stride = m->capacity;
    for (size_t i = 0; i < n; i++) {
        double *row = f->inverse + i * stride;
        const double *factors = m->upper + i * stride;
        memset(row, 0, (i / BLOCK + 1) * BLOCK * sizeof *row);
        row[i] = 1;
        for (size_t c = 0; c <= i; c += BLOCK)
            m->ops->subtract_rows(row + c, factors + c, 1, f->inverse + c * stride + c, stride,
                                  i - c, BLOCK);
        for (size_t k = 0; k <= i; k++)
            row[k] /= factors[i];
    }
}

/* Lower columns of -K^-1 = -W'W; what is above the diagonal in its block is of no use. */
static void invert_kernel(fitting *f) {
    enum { BLOCK = HOPT_GP_BLOCK };
    const hopt_gp_model *m = f->model;
    size_t n = m->n, stride = m->capacity;
    for (size_t j = 0; j < n; j++) {
        double *column = f->columns + j * stride;
        size_t first = j / BLOCK * BLOCK;
        memset(column + first, 0, (n - first) * sizeof *column);
        for (size_t c = first; c < n; c += BLOCK) {
            size_t from = c > j ? c : j, end = c + BLOCK < n ? BLOCK : n - c;
            const double *rows = f->inverse + from * stride;
            m->ops->subtract_rows(column + c, rows + j, stride, rows + c, stride, n - from, end);
        }
    }
}

/* G_ij = (a_i a_j / s2 - Kinv_ij) k'_ij below the diagonal, in place of K^-1's columns; for the sum
 * without k', which each parameter has its own of. @return the sum over i of a_i^2/s2 - Kinv_ii. */
static double weigh_slopes(fitting *f) {
    const hopt_gp_model *m = f->model;
    size_t n = m->n, stride = m->capacity;
    double diagonal = 0;
    for (size_t j = 0; j < n; j++) {
        double *column = f->columns + j * stride;
        const double *slope = f->slope + j * stride;
        double share = m->alpha[j] / m->variance;
        diagonal += m->alpha[j] * share + column[j];
        for (size_t i = j + 1; i < n; i++)
            column[i] = (m->alpha[i] * share + column[i]) * (m->additive ? 1 : slope[i]);
    }
    return diagonal;
}

/* G of trial j and those after it, for parameter d. */
static const double *weights_of(fitting *f, int d, size_t j) {
    const hopt_gp_model *m = f->model;
    size_t n = m->n - j - 1;
    const double *g = f->columns + j * m->capacity + j + 1;
    if (!m->additive) return g;
    double *k = m->scratch, *slope = k + m->capacity, *r2 = slope + m->capacity;
    const double *z = m->z + (size_t)d * m->capacity;
    hopt_gp_kernel_along(m, d, k, slope, z + j + 1, z[j], r2, n);
    for (size_t i = 0; i < n; i++)
        slope[i] *= g[i] / m->size;
    return slope;
}

static double slope_of(fitting *f, int d) {
    const hopt_gp_model *m = f->model;
    size_t n = m->n, stride = m->capacity;
    const double *z = m->z + (size_t)d * stride;
    bool category = m->cube->dims[d].scale == HOPT_CUBE_OPTION;
    memset(f->sum, 0, n * sizeof *f->sum);
    for (size_t j = 0; j + 1 < n; j++) {
        const double *g = weights_of(f, d, j);
        if (category)
            m->ops->weigh_differs(f->sum + j + 1, g, z + j + 1, z[j], n - j - 1);
        else
            m->ops->weigh_square(f->sum + j + 1, g, z + j + 1, z[j], n - j - 1);
    }
    double total = 0;
    for (size_t i = 0; i < n; i++)
        total += f->sum[i];
    return -2 * m->weight[d] * total;
}

/* Mean, variance and alpha for the losses as they are transformed. @return ln likelihood. */
static double likelihood(fitting *f) {
    hopt_gp_model *m = f->model;
    hopt_gp_model_finish(m);
    if (!(m->variance > 1e-30) || !isfinite(m->variance)) return NAN;
    double value = -0.5 * (double)m->n * hopt_math_log(m->variance);
    for (size_t i = 0; i < m->n; i++)
        value -= hopt_math_log(m->lower[i * m->capacity + i]);
    return value;
}

static double log_prior(const fitting *f, const double *x, double *gradient) {
    double sum = 0;
    int size = f->model->size;
    for (int d = 0; d < size; d++) {
        double e = (x[d] - f->theta_mean) / THETA_DEVIATION;
        sum -= 0.5 * e * e;
        gradient[d] -= e / THETA_DEVIATION;
    }
    double e = (x[size] - ETA_MEAN) / ETA_DEVIATION;
    gradient[size] -= e / ETA_DEVIATION;
    return sum - 0.5 * e * e;
}

/* ln posterior of theta (x[0..size-1]) and ln eta (x[size]), with its gradient. */
static double objective(void *data, const double *x, double *gradient) {
    fitting *f = data;
    hopt_gp_model *m = f->model;
    memcpy(m->hyper.theta, x, (size_t)m->size * sizeof *x);
    m->hyper.ln_eta = x[m->size];
    if (!factor(f)) return NAN;
    double value = likelihood(f);
    if (isnan(value)) return NAN;
    invert_factor(f);
    invert_kernel(f);
    double diagonal = weigh_slopes(f);
    for (int d = 0; d < m->size; d++)
        gradient[d] = slope_of(f, d);
    gradient[m->size] = 0.5 * hopt_math_exp(m->hyper.ln_eta) * diagonal;
    return value + log_prior(f, x, gradient);
}

/* The factor for the hyperparameters at hand; more noise while a pivot is too small. */
static bool settle(hopt_gp_model *model) {
    for (int i = 0; i < RETRIES; i++) {
        if (hopt_gp_model_factor(model)) return true;
        model->hyper.ln_eta += 1;
    }
    return false;
}

static double climb(fitting *f, double *x) {
    static const hopt_lbfgs_options options = {.iterations = ITERATIONS,
                                               .memory = HOPT_LBFGS_MEMORY,
                                               .tries = 4,
                                               .first_cap = 1.5,
                                               .cap = 1.5,
                                               .shrink = .3,
                                               .least_gain = 1e-3};
    int size = f->model->size + 1;
    double *low = hopt_alloc(2 * (size_t)size * sizeof *low), *high = low + size;
    for (int i = 0; i < size; i++) {
        low[i] = i + 1 < size ? THETA_LOW : ETA_LOW;
        high[i] = i + 1 < size ? THETA_HIGH : ETA_HIGH;
    }
    hopt_lbfgs_problem problem = {
        .size = size, .low = low, .high = high, .value = objective, .data = f};
    double value = hopt_lbfgs(&problem, &options, x);
    free(low);
    return value;
}

static void take(hopt_gp_model *model, const double *x) {
    memcpy(model->hyper.theta, x, (size_t)model->size * sizeof *x);
    model->hyper.ln_eta = x[model->size];
}

/* One climb to one kernel's fit. @return ln posterior, the Jacobian of the losses' transform
 * included, so that kernels and climbs compare; NaN: none. */
static double fit_from(hopt_gp_model *model, double active, bool linear) {
    double (*choose)(hopt_gp_model *) = linear ? hopt_gp_model_keep : hopt_gp_model_choose;
    size_t square = model->capacity * model->capacity, size = (size_t)model->size;
    fitting f = {.model = model};
    if (model->additive)
        f.theta_start = THETA_OF_SUM; /* and a mean of 0: each kernel has one dimension */
    else
        f.theta_mean = 0.5 * hopt_math_log(fmax(active, 1));
    f.slope = hopt_alloc(square * sizeof *f.slope);
    f.inverse = hopt_alloc(square * sizeof *f.inverse);
    f.columns = hopt_alloc(square * sizeof *f.columns);
    f.sum = hopt_alloc(model->capacity * sizeof *f.sum);
    double *x = hopt_zalloc(2 * (size + 1), sizeof *x), value = NAN;
    for (size_t d = 0; d < size; d++)
        x[d] = f.theta_start;
    x[size] = ETA_MEAN; /* the start of GP.md 4: theta = 0 */
    take(model, x);
    model->hyper.linear = linear;
    model->transform = hopt_gp_transform_of(model->loss, model->n);
    bool good = settle(model) && !isnan(choose(model));
    for (int round = 0; round < ROUNDS && good; round++) {
        double before = model->transform.c;
        x[size] = fmin(model->hyper.ln_eta, ETA_HIGH);
        (void)climb(&f, x);
        take(model, x);
        good = settle(model) && !isnan(value = choose(model));
        if (model->transform.c == before) break;
    }
    x[size] = model->hyper.ln_eta;
    value += log_prior(&f, x, x + size + 1);
    free(f.slope);
    free(f.inverse);
    free(f.columns);
    free(f.sum);
    free(x);
    return good ? value : NAN;
}

static void copy(const hopt_gp_model *model, hopt_gp_hyper *to, const hopt_gp_hyper *from) {
    memcpy(to->theta, from->theta, (size_t)model->size * sizeof *to->theta);
    to->ln_eta = from->ln_eta;
    to->linear = from->linear;
}

/* With a transform at hand the climb adapts the length scales to it, and then no other transform
 * looks likely: so a fit for the losses as they are is made for its own sake. */
static double fit_kernel(hopt_gp_model *model, double active, const hopt_gp_hyper *as) {
    double value = fit_from(model, active, as && as->linear);
    if (as || isnan(value) || isinf(model->transform.c)) return value;
    hopt_gp_hyper kept = {.theta = hopt_alloc(((size_t)model->size + 1) * sizeof(double))};
    copy(model, &kept, &model->hyper);
    double linear = fit_from(model, active, true);
    if (linear > value)
        value = linear;
    else
        copy(model, &model->hyper, &kept);
    free(kept.theta);
    return value;
}

bool hopt_gp_fit(hopt_gp_model *model, double active, const hopt_gp_hyper *as) {
    model->additive = false;
    return !isnan(fit_kernel(model, active, as));
}

bool hopt_gp_fit_either(hopt_gp_model *model, double active) {
    model->additive = false;
    double product = fit_kernel(model, active, NULL);
    if (model->size < 2 || isnan(product)) return !isnan(product);
    hopt_gp_hyper kept = {.theta = hopt_alloc((size_t)model->size * sizeof(double))};
    copy(model, &kept, &model->hyper);
    model->additive = true;
    if (!(fit_kernel(model, active, NULL) > product)) {
        model->additive = false;
        copy(model, &model->hyper, &kept);
    }
    free(kept.theta);
    return true;
}
