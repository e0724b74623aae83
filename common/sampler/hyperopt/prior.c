/** Draws from the prior, as hyperopt's pyll/stochastic.py makes them. */
#include <float.h>
#include <math.h>

#include "common/base/alloc.h"
#include "common/sampler/hyperopt/plan.h"

double hopt_hyperopt_round(double x, double q) {
    double rounded = rint(x / q) * q;
    return (isfinite(rounded) ? rounded : x) + 0.0;
}

hopt_hyperopt_range hopt_hyperopt_range_of(const hopt_hyperopt_plan *plan, int param) {
    const hopt_dist *dist = &hopt_space_param(plan->space, param)->dist;
    return (hopt_hyperopt_range){plan->low[param], plan->high[param], dist->mu, dist->sigma};
}

/* The support of lognormal leaves out 0 and infinity, where exp may end. */
static double positive(double x) {
    return fmin(fmax(x, DBL_MIN), DBL_MAX);
}

double hopt_hyperopt_draw_real(const hopt_dist *dist, const hopt_hyperopt_range *range,
                               hopt_numpy *rng) {
    switch (dist->kind) {
    case HOPT_UNIFORM:
        return hopt_numpy_uniform(rng, range->low, range->high);
    case HOPT_QUNIFORM:
    case HOPT_UNIFORMINT:
        return hopt_hyperopt_round(hopt_numpy_uniform(rng, range->low, range->high), dist->q);
    case HOPT_LOGUNIFORM:
        return exp(hopt_numpy_uniform(rng, range->low, range->high));
    case HOPT_QLOGUNIFORM:
        return hopt_hyperopt_round(exp(hopt_numpy_uniform(rng, range->low, range->high)), dist->q);
    case HOPT_NORMAL:
        return hopt_numpy_normal(rng, range->mu, range->sigma);
    case HOPT_QNORMAL:
        return hopt_hyperopt_round(hopt_numpy_normal(rng, range->mu, range->sigma), dist->q);
    case HOPT_LOGNORMAL:
        return positive(exp(hopt_numpy_normal(rng, range->mu, range->sigma)));
    case HOPT_QLOGNORMAL:
        return hopt_hyperopt_round(positive(exp(hopt_numpy_normal(rng, range->mu, range->sigma))),
                                   dist->q);
    default:
        break;
    }
    HOPT_ASSERT(!hopt_hyperopt_is_categorical(dist)); /* all others are above */
    return NAN;
}

bool hopt_hyperopt_is_categorical(const hopt_dist *dist) {
    return dist->kind == HOPT_CHOICE || dist->kind == HOPT_PCHOICE || dist->kind == HOPT_RANDINT;
}

int hopt_hyperopt_values(const hopt_dist *dist, double *low) {
    *low = dist->kind == HOPT_RANDINT ? dist->low : 0;
    return dist->kind == HOPT_RANDINT ? (int)(dist->high - dist->low) : dist->options;
}

double hopt_hyperopt_draw(const hopt_hyperopt_plan *plan, int param, hopt_numpy *rng) {
    const hopt_dist *dist = &hopt_space_param(plan->space, param)->dist;
    switch (dist->kind) {
    case HOPT_CHOICE:
        return (double)hopt_numpy_integers(rng, (uint64_t)dist->options);
    case HOPT_PCHOICE:
        return hopt_numpy_pick(rng, dist->probability, dist->options);
    case HOPT_RANDINT:
        return dist->low + (double)hopt_numpy_integers(rng, (uint64_t)(dist->high - dist->low));
    default:
        break;
    }
    hopt_hyperopt_range range = hopt_hyperopt_range_of(plan, param);
    return hopt_hyperopt_draw_real(dist, &range, rng);
}

void hopt_hyperopt_draw_point(const hopt_hyperopt_plan *plan, hopt_numpy *rng, double *point) {
    for (int i = 0; i < plan->size; i++)
        point[i] = NAN;
    for (int i = 0; i < plan->size; i++) {
        int param = plan->order[i];
        if (hopt_space_active(plan->space, point, param))
            point[param] = hopt_hyperopt_draw(plan, param, rng);
    }
}
