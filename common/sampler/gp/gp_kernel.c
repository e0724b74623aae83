/** The two kernels (GP.md 2; the sum: Duvenaud et al. 2011, arXiv 1112.4394, first order). */
#include <string.h>

#include "common/sampler/gp/gp_internal.h"

static void add_distances(const hopt_gp_model *model, int d, double *r2, const double *x, double c,
                          size_t n) {
    if (model->cube->dims[d].scale == HOPT_CUBE_OPTION)
        model->ops->add_differs(r2, model->weight[d], x, c, n);
    else
        model->ops->add_square(r2, model->weight[d], x, c, n);
}

void hopt_gp_kernel_along(const hopt_gp_model *model, int d, double *k, double *slope,
                          const double *x, double c, double *r2, size_t n) {
    memset(r2, 0, n * sizeof *r2);
    add_distances(model, d, r2, x, c, n);
    model->ops->matern(k, slope, r2, n);
}

void hopt_gp_kernel(const hopt_gp_model *model, double *k, double *slope, hopt_gp_columns x,
                    hopt_gp_columns c, double *room, size_t n) {
    double *r2 = room, *one = room + n;
    if (!model->additive) {
        memset(r2, 0, n * sizeof *r2);
        for (int d = 0; d < model->size; d++)
            add_distances(model, d, r2, x.at + (size_t)d * x.stride, c.at[(size_t)d * c.stride], n);
        model->ops->matern(k, slope, r2, n);
        return;
    }
    double share = 1.0 / model->size;
    memset(k, 0, n * sizeof *k);
    for (int d = 0; d < model->size; d++) {
        double *own = slope ? slope + (size_t)d * n : NULL;
        hopt_gp_kernel_along(model, d, one, own, x.at + (size_t)d * x.stride,
                             c.at[(size_t)d * c.stride], r2, n);
        model->ops->add(k, share, one, n);
        for (size_t i = 0; own && i < n; i++)
            own[i] *= share;
    }
}
