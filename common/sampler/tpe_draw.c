/** Candidates by recombination (TPE.md 0.4). */
#include <math.h>

#include "common/sampler/tpe_internal.h"

static const double MEAN_SHARE = 0.25;
static const double BLEND_SHARE = 0.35;
static const double MUTATION = 0.05;

/** A kernel by weight: its index, or -1 for the prior. */
static int pick(const hopt_tpe_below *below, hopt_rng *rng) {
    double u = hopt_rng_uniform(rng);
    for (int i = 0; i < below->members.count; i++)
        if (u < below->cumulative[i]) return i;
    return -1;
}

/** A normal truncated to [0, 1], by rejection: mu lies inside, so half or more are accepted. */
static double draw_truncated(double mu, double s, hopt_rng *rng) {
    for (int i = 0; i < 64; i++) {
        double u = mu + s * hopt_rng_normal(rng);
        if (u >= 0 && u <= 1) return u;
    }
    return mu;
}

/** The picked kernel's coordinate in dimension d; NaN for the prior or where it is inactive. */
static double picked(const hopt_tpe_below *below, int d, hopt_rng *rng) {
    int i = pick(below, rng);
    return i < 0 ? (double)NAN : below->u[i * below->cube->size + d];
}

static double draw_recombined(const hopt_tpe_below *below, int d, hopt_rng *rng) {
    double mu = picked(below, d, rng);
    if (isnan(mu)) return hopt_rng_uniform(rng);
    return draw_truncated(mu, below->dims[d].h, rng);
}

static double draw_numeric(const hopt_tpe_below *below, int d, hopt_tpe_candidate type,
                           hopt_rng *rng) {
    const hopt_tpe_below_dim *dim = &below->dims[d];
    if (type == HOPT_TPE_MEAN && dim->m > 0) return draw_truncated(dim->mean, dim->mean_sd, rng);
    if (type == HOPT_TPE_BLEND) {
        double a = picked(below, d, rng);
        double b = picked(below, d, rng);
        double t = hopt_rng_uniform(rng);
        if (!isnan(a) && !isnan(b)) return draw_truncated(t * a + (1 - t) * b, dim->h, rng);
    }
    return draw_recombined(below, d, rng);
}

/** From a picked kernel's table (1[c=c_i] + b C p_c) / (1 + C b): a mixture of c_i and the prior.
 */
static double draw_category(const hopt_tpe_below *below, int d, hopt_rng *rng) {
    const hopt_cube_dim *dim = &below->cube->dims[d];
    double c = picked(below, d, rng);
    double same = 1 / (1 + dim->options * below->dims[d].b);
    if (!isnan(c) && hopt_rng_uniform(rng) < same) return c;
    return hopt_cube_draw(dim, rng);
}

/** A uniform draw; a category like the best trial's becomes another one with probability .9. */
static double draw_jump(const hopt_cube_dim *dim, double current, hopt_rng *rng) {
    double drawn = hopt_cube_draw(dim, rng);
    if (dim->scale != HOPT_CUBE_OPTION || drawn != current || dim->options < 2) return drawn;
    if (hopt_rng_uniform(rng) >= 0.9) return drawn;
    int other = (int)hopt_rng_below(rng, (uint64_t)dim->options - 1);
    if (other >= (int)current) other++;
    return dim->probability[other] > 0 ? other : drawn;
}

static double draw_dimension(const hopt_tpe_below *below, int d, hopt_tpe_candidate type,
                             hopt_rng *rng) {
    const hopt_cube_dim *dim = &below->cube->dims[d];
    if (hopt_rng_uniform(rng) < MUTATION) return hopt_cube_draw(dim, rng);
    if (dim->scale == HOPT_CUBE_OPTION) return draw_category(below, d, rng);
    return hopt_cube_snap(dim, draw_numeric(below, d, type, rng));
}

hopt_tpe_candidate hopt_tpe_draw(const hopt_tpe_below *below, const hopt_tpe_fixed *fixed,
                                 hopt_rng *rng, double *row) {
    double share = hopt_rng_uniform(rng);
    hopt_tpe_candidate type = HOPT_TPE_RECOMBINE;
    if (below->members.count >= 2 && share < MEAN_SHARE + BLEND_SHARE)
        type = share < MEAN_SHARE ? HOPT_TPE_MEAN : HOPT_TPE_BLEND;
    for (int d = 0; d < below->cube->size; d++) { /* parents come first */
        if (!hopt_cube_active(below->cube, row, d))
            row[d] = NAN;
        else if (d == fixed->root && fixed->branch >= 0)
            row[d] = fixed->branch;
        else if (d == fixed->jump)
            row[d] = draw_jump(&below->cube->dims[d], fixed->current, rng);
        else
            row[d] = draw_dimension(below, d, type, rng);
    }
    return type;
}
