/** Mixtures of product kernels over many kernels at once (TPE.md 0.3, 0.7). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sampler/normal.h"
#include "common/sampler/tpe_internal.h"

#define PASS_NAME pass_16
#define PASS_TARGET
#define PASS_BYTES 16
#include "common/sampler/tpe_pass_body.h"

#if defined(__x86_64__)
#define PASS_NAME pass_32
#define PASS_TARGET __attribute__((target("avx2")))
#define PASS_BYTES 32
#include "common/sampler/tpe_pass_body.h"

#define PASS_NAME pass_64
#define PASS_TARGET __attribute__((target("avx512f")))
#define PASS_BYTES 64
#include "common/sampler/tpe_pass_body.h"
#endif

hopt_tpe_pass *hopt_tpe_pass_at(int i) {
    hopt_tpe_pass *passes[4] = {pass_16};
#if defined(__x86_64__)
    int n = 1;
    if (__builtin_cpu_supports("avx2")) passes[n++] = pass_32;
    if (__builtin_cpu_supports("avx512f")) passes[n++] = pass_64;
#endif
    return i < 4 ? passes[i] : NULL;
}

hopt_tpe_pass *hopt_tpe_best_pass(void) {
    int i = 0;
    while (hopt_tpe_pass_at(i + 1))
        i++;
    return hopt_tpe_pass_at(i);
}

void *hopt_tpe_aligned(size_t floats) {
    size_t bytes = (floats * sizeof(float) + 63) / 64 * 64;
    return hopt_aligned_zalloc(64, bytes);
}

static float *grow(float *old, size_t old_floats, size_t floats) {
    float *memory = hopt_tpe_aligned(floats);
    if (old) memcpy(memory, old, old_floats * sizeof(float));
    hopt_aligned_free(old);
    return memory;
}

void hopt_tpe_columns_reserve(hopt_tpe_columns *columns, size_t kernels) {
    size_t tiles = (kernels + HOPT_TPE_LANES - 1) / HOPT_TPE_LANES;
    if (tiles <= columns->tiles) return;
    size_t tile = (size_t)columns->columns * HOPT_TPE_LANES;
    columns->tiles_data = grow(columns->tiles_data, columns->tiles * tile, tiles * tile);
    columns->base = grow(columns->base, columns->tiles * HOPT_TPE_LANES, tiles * HOPT_TPE_LANES);
    for (size_t i = columns->tiles * HOPT_TPE_LANES; i < tiles * HOPT_TPE_LANES; i++)
        columns->base[i] = HOPT_TPE_ABSENT;
    columns->tiles = tiles;
}

void hopt_tpe_columns_free(hopt_tpe_columns *columns) {
    hopt_aligned_free(columns->tiles_data);
    hopt_aligned_free(columns->base);
    *columns = (hopt_tpe_columns){0};
}

int hopt_tpe_lay_out(hopt_tpe_layout *layout, const hopt_cube *cube) {
    int next = 0;
    for (int d = 0; d < cube->size; d++) {
        layout[d].first = next;
        next += cube->dims[d].scale == HOPT_CUBE_OPTION ? 1 : 2;
    }
    for (int d = 0; d < cube->size; d++)
        layout[d].constant = cube->dims[d].scale == HOPT_CUBE_OPTION ? -1 : next++;
    return next;
}

hopt_tpe_kernel hopt_tpe_make_kernel(double mu, double s) {
    return hopt_tpe_make_kernel_of(mu, s, hopt_math_log(s));
}

hopt_tpe_kernel hopt_tpe_make_kernel_of(double mu, double s, double log_s) {
    static const double HALF_LN_2PI = 0.91893853320467274178;
    static const double SQRT_HALF = 0.70710678118654752440;
    double c = -log_s - HALF_LN_2PI;
    if (mu < 5 * s || 1 - mu < 5 * s) /* else what lies outside [0, 1] is below 6e-7 */
        c -= hopt_math_log(hopt_normal_cdf((1 - mu) / s) - hopt_normal_cdf(-mu / s));
    float v = (float)(SQRT_HALF / s);
    return (hopt_tpe_kernel){.v = v, .b = (float)mu * v, .c = (float)c};
}
