/** The kernels of the below set: at most 25, rebuilt when the set changes (TPE.md 0.3). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sampler/normal.h"
#include "common/sampler/tpe_internal.h"

void hopt_tpe_below_init(hopt_tpe_below *below, const hopt_cube *cube) {
    size_t size = (size_t)cube->size;
    *below = (hopt_tpe_below){.cube = cube, .prior_weight = 1};
    below->layout = hopt_zalloc(size + 1, sizeof *below->layout);
    below->dims = hopt_zalloc(size + 1, sizeof *below->dims);
    below->u = hopt_zalloc(HOPT_BEST_MAX * size + 1, sizeof *below->u);
    below->columns.columns = hopt_tpe_lay_out(below->layout, cube);
    hopt_tpe_columns_reserve(&below->columns, HOPT_BEST_MAX);
}

void hopt_tpe_below_clear(hopt_tpe_below *below) {
    free(below->layout);
    free(below->dims);
    free(below->u);
    hopt_tpe_columns_free(&below->columns);
    *below = (hopt_tpe_below){0};
}

/** w_i = ln(n+.5) - ln(i), i = 1 best; the prior has their mean. */
static void set_weights(hopt_tpe_below *below) {
    int n = below->members.count;
    double sum = 0;
    for (int i = 0; i < n; i++) {
        below->weight[i] = hopt_math_log(n + 0.5) - hopt_math_log(i + 1);
        below->log_weight[i] = hopt_math_log(below->weight[i]);
        sum += below->weight[i];
    }
    below->prior_weight = n > 0 ? sum / n : 1;
    double running = 0;
    for (int i = 0; i < n; i++) {
        running += below->weight[i];
        below->cumulative[i] = running / (sum + below->prior_weight);
    }
}

/** The weighted mean of dimension d over active members, and the sum of squares about it. */
static void moments(const hopt_tpe_below *below, int d, double *mean, double *variance) {
    int size = below->cube->size;
    double total = 0;
    double sum = 0;
    for (int i = 0; i < below->members.count; i++) {
        double u = below->u[i * size + d];
        if (isnan(u)) continue;
        total += below->weight[i];
        sum += below->weight[i] * u;
    }
    *mean = sum / total;
    double squares = 0; /* about the mean: sum w u^2 / sum w - mean^2 would cancel */
    for (int i = 0; i < below->members.count; i++) {
        double u = below->u[i * size + d];
        if (!isnan(u)) squares += below->weight[i] * (u - *mean) * (u - *mean);
    }
    *variance = squares / total;
}

/** The shared bandwidth: 1.059 sd m^-.2, clamped to [max(.01, (m+2)^-1.5, .5/Q), .5]. */
static void set_bandwidth(hopt_tpe_below *below, int d) {
    hopt_tpe_below_dim *dim = &below->dims[d];
    double m = dim->m;
    double mean = 0.5;
    double variance = 0;
    if (dim->m > 0) moments(below, d, &mean, &variance);
    double h = 0.5;
    if (dim->m > 1)
        h = 1.059 * sqrt(variance * m / (m - 1)) * hopt_math_exp(-0.2 * hopt_math_log(m));
    double least = fmax(0.01, 1 / ((m + 2) * sqrt(m + 2)));
    least = fmax(least, below->cube->dims[d].floor);
    dim->h = fmin(fmax(h, least), 0.5);
    dim->mean = mean;
    dim->mean_sd = 0.5 * fmax(sqrt(variance), dim->h);
}

static void set_kernels(hopt_tpe_below *below, int d) {
    int size = below->cube->size;
    bool category = below->cube->dims[d].scale == HOPT_CUBE_OPTION;
    const hopt_tpe_layout *layout = &below->layout[d];
    double h = below->dims[d].h;
    double log_h = category ? 0 : hopt_math_log(h);
    for (int i = 0; i < below->members.count; i++) {
        double u = below->u[i * size + d];
        float *first = hopt_tpe_at(&below->columns, (size_t)i, layout->first);
        if (category) {
            *first = isnan(u) ? -1 : (float)u;
            continue;
        }
        hopt_tpe_kernel kernel = {0};
        if (!isnan(u)) kernel = hopt_tpe_make_kernel_of(u, h, log_h);
        *first = kernel.v;
        *hopt_tpe_at(&below->columns, (size_t)i, layout->first + 1) = kernel.b;
        *hopt_tpe_at(&below->columns, (size_t)i, layout->constant) = kernel.c;
    }
}

void hopt_tpe_below_build(hopt_tpe_below *below, const hopt_best *members,
                          const float *coordinates) {
    size_t size = (size_t)below->cube->size;
    size_t used = (size_t)members->count * sizeof members->index[0];
    if (below->built && below->members.count == members->count &&
        memcmp(below->members.index, members->index, used) == 0)
        return;
    below->built = true;
    below->members = *members;
    for (int i = 0; i < members->count; i++)
        for (size_t d = 0; d < size; d++)
            below->u[(size_t)i * size + d] = (double)coordinates[members->index[i] * size + d];
    set_weights(below);
    for (int d = 0; d < (int)size; d++) {
        hopt_tpe_below_dim *dim = &below->dims[d];
        dim->m = 0;
        for (int i = 0; i < members->count; i++)
            dim->m += !isnan(below->u[(size_t)i * size + (size_t)d]);
        dim->b = 0.5 / (dim->m + 1);
        if (below->cube->dims[d].scale != HOPT_CUBE_OPTION) set_bandwidth(below, d);
        set_kernels(below, d);
    }
}

void hopt_tpe_below_weigh(hopt_tpe_below *below, int skip) {
    hopt_tpe_columns *columns = &below->columns;
    columns->used = ((size_t)below->members.count + HOPT_TPE_LANES - 1) / HOPT_TPE_LANES;
    for (size_t i = 0; i < columns->used * HOPT_TPE_LANES; i++)
        columns->base[i] = HOPT_TPE_ABSENT;
    for (int i = 0; i < below->members.count; i++) {
        float base = (float)below->log_weight[i];
        for (int d = 0; d < below->cube->size; d++)
            if (d != skip && !below->cube->dims[d].conditional && below->layout[d].constant >= 0)
                base += *hopt_tpe_at(columns, (size_t)i, below->layout[d].constant);
        columns->base[i] = base;
    }
}
