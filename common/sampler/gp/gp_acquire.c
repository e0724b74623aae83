/** Log expected improvement, stable far out in the tails (GP.md 5; Ament et al. 2023). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sampler/gp/gp_internal.h"
#include "common/sampler/normal.h"

static const double HALF_LN_2PI = 0.91893853320467274178;
/** The posterior variance is never below this part of the prior's. */
#define LEAST_VARIANCE 1e-10

/* Phi(-a)/phi(a), a >= 5: the continued fraction of Laplace, 12 terms. */
static double mills(double a) {
    double tail = a;
    for (int k = 12; k > 0; k--)
        tail = a + k / tail;
    return 1 / tail;
}

double hopt_gp_log_h(double z, double *cdf_share, double *pdf_share) {
    double pdf = hopt_math_exp(-0.5 * z * z - HALF_LN_2PI);
    if (z > -1) {
        double cdf = hopt_normal_cdf(z), h = pdf + z * cdf;
        *cdf_share = cdf / h;
        *pdf_share = pdf / h;
        return hopt_math_log(h);
    }
    double a = -z, ratio = a < 5 ? hopt_normal_cdf(z) / pdf : mills(a);
    double rest = a < 25 ? 1 - a * ratio : (1 - 3 / (a * a)) / (a * a);
    *cdf_share = ratio / rest;
    *pdf_share = 1 / rest;
    return -0.5 * z * z - HALF_LN_2PI + hopt_math_log(rest);
}

static double log_ei(const hopt_gp_model *model, double mean, double left) {
    double deviation = sqrt(model->variance * fmax(left, LEAST_VARIANCE)), cdf, pdf;
    return hopt_math_log(deviation) + hopt_gp_log_h((model->best - mean) / deviation, &cdf, &pdf);
}

void hopt_gp_log_ei(const hopt_gp_model *model, const double *rows, size_t count, double *out) {
    const hopt_gp_ops *ops = model->ops;
    size_t size = (size_t)model->size, total = model->total;
    /* Columns of the candidates' embedding, and rows of L^-1 k over the candidates. */
    double *u = hopt_alloc((size + total + 4) * (count + 1) * sizeof *u);
    double *v = u + size * count, *mean = v + total * count, *used = mean + count;
    double *room = used + count;
    for (size_t d = 0; d < size; d++)
        for (size_t c = 0; c < count; c++)
            u[d * count + c] = hopt_gp_embed(&model->cube->dims[d], rows[c * size + d]);
    for (size_t c = 0; c < count; c++) {
        mean[c] = model->mean;
        used[c] = 0;
    }
    for (size_t i = 0; i < total; i++) {
        double *row = v + i * count;
        const double *factors = model->upper + i * model->capacity;
        hopt_gp_columns trial = {model->z + i, model->capacity};
        hopt_gp_kernel(model, row, NULL, (hopt_gp_columns){u, count}, trial, room, count);
        ops->add(mean, model->alpha[i], row, count);
        for (size_t j = 0; j < i; j++)
            ops->subtract(row, factors[j], v + j * count, count);
        for (size_t c = 0; c < count; c++)
            row[c] /= factors[i];
        ops->add_squares(used, row, count);
    }
    for (size_t c = 0; c < count; c++)
        out[c] = log_ei(model, mean[c], 1 - used[c]);
    free(u);
}

/* dmu/du_d and d(K^-1 k weighted variance)/du_d, of every numeric dimension that is active. */
static void add_gradients(const hopt_gp_model *model, const double *row, const double *slopes,
                          const double *beta, double *of_mean, double *of_left) {
    for (int d = 0; d < model->size; d++) {
        of_mean[d] = of_left[d] = 0;
        if (model->cube->dims[d].scale == HOPT_CUBE_OPTION || isnan(row[d])) continue;
        const double *z = model->z + (size_t)d * model->capacity;
        const double *slope = slopes + (model->additive ? (size_t)d * model->total : 0);
        double mean = 0, left = 0;
        for (size_t i = 0; i < model->total; i++) {
            double dk = slope[i] * (row[d] - z[i]);
            mean += model->alpha[i] * dk;
            left += beta[i] * dk;
        }
        of_mean[d] = 2 * model->weight[d] * mean;
        of_left[d] = -4 * model->weight[d] * left; /* 1 - k' K^-1 k */
    }
}

double hopt_gp_log_ei_at(const hopt_gp_model *model, const double *row, double *gradient,
                         double *mean_out, double *deviation_out) {
    size_t total = model->total, size = (size_t)model->size;
    size_t slopes = model->additive ? size : 1;
    double *room = hopt_alloc(((4 + slopes) * (total + 1) + 3 * (size + 1)) * sizeof *room);
    double *k = room + 2 * (total + 1), *beta = k + total + 1, *slope = beta + total + 1;
    double *of_mean = slope + slopes * (total + 1), *of_left = of_mean + size + 1;
    double *u = of_left + size + 1;
    for (size_t d = 0; d < size; d++)
        u[d] = hopt_gp_embed(&model->cube->dims[d], row[d]);
    hopt_gp_kernel(model, k, slope, (hopt_gp_columns){model->z, model->capacity},
                   (hopt_gp_columns){u, 1}, room, total);
    double mean = model->mean, left = 1;
    for (size_t i = 0; i < total; i++)
        mean += model->alpha[i] * k[i];
    memcpy(beta, k, total * sizeof *beta);
    hopt_gp_forward(model, beta, total);
    for (size_t i = 0; i < total; i++)
        left -= beta[i] * beta[i];
    bool flat = left < LEAST_VARIANCE;
    double deviation = sqrt(model->variance * (flat ? LEAST_VARIANCE : left)), cdf, pdf;
    double value =
        hopt_math_log(deviation) + hopt_gp_log_h((model->best - mean) / deviation, &cdf, &pdf);
    if (gradient) {
        hopt_gp_backward(model, beta, total);
        add_gradients(model, row, slope, beta, of_mean, of_left);
        for (size_t d = 0; d < size; d++) {
            double of_deviation = flat ? 0 : 0.5 * model->variance * of_left[d] / deviation;
            gradient[d] = (-cdf * of_mean[d] + pdf * of_deviation) / deviation;
        }
    }
    if (mean_out) *mean_out = mean;
    if (deviation_out) *deviation_out = deviation;
    free(room);
    return value;
}
