/**
 * A space as hyperopt sees it: in which order labels are drawn, and bounds of log types as
 * logarithms. Made once per sampler; immutable.
 *
 * hyperopt evaluates its expression graph depth first, the last argument first. So labels come in
 * reverse byte order, but the choices on which a label depends come just before it, the one
 * that the space mentions last first. What is drawn here and not there would shift all numbers
 * after it.
 */
#ifndef HOPT_SAMPLER_HYPEROPT_PLAN_H
#define HOPT_SAMPLER_HYPEROPT_PLAN_H

#include "common/sampler/hyperopt/numpy.h"
#include "common/space/space.h"

typedef struct hopt_hyperopt_plan {
    const hopt_space *space; /**< borrowed */
    int size;
    int *order;   /**< of drawing */
    double *low;  /**< by parameter; the logarithm for log types */
    double *high; /**< likewise */
} hopt_hyperopt_plan;

/**
 * @return HOPT_EINVAL when a draw from p would be an endless task: an unordered integer of more
 * than HOPT_HYPEROPT_VALUES_MAX values; only where `categorical` asks for such draws.
 */
HOPT_MUST_CHECK hopt_status hopt_hyperopt_plan_init(hopt_hyperopt_plan *plan,
                                                    const hopt_space *space, bool categorical,
                                                    hopt_error *err);
void hopt_hyperopt_plan_clear(hopt_hyperopt_plan *plan);

enum { HOPT_HYPEROPT_VALUES_MAX = 1000000 };

/** A distribution's bounds or its mean and deviation; what a draw is made with. */
typedef struct hopt_hyperopt_range {
    double low, high; /**< uniform types, of the logarithm for log types */
    double mu, sigma; /**< normal types, likewise */
} hopt_hyperopt_range;

hopt_hyperopt_range hopt_hyperopt_range_of(const hopt_hyperopt_plan *plan, int param);

/** Draw a real parameter, not a choice or integer, over `range`: rint(./q)*q where it has a q. */
double hopt_hyperopt_draw_real(const hopt_dist *dist, const hopt_hyperopt_range *range,
                               hopt_numpy *rng);
/** Draw any parameter from its prior. */
double hopt_hyperopt_draw(const hopt_hyperopt_plan *plan, int param, hopt_numpy *rng);
/** rand.suggest: a point from the prior. */
void hopt_hyperopt_draw_point(const hopt_hyperopt_plan *plan, hopt_numpy *rng, double *point);

/** rint(x/q)*q, never -0; x itself where that is no finite number. */
double hopt_hyperopt_round(double x, double q);
/** How many values an unordered parameter has (choice, pchoice, randint), and its lowest. */
int hopt_hyperopt_values(const hopt_dist *dist, double *low);
bool hopt_hyperopt_is_categorical(const hopt_dist *dist);

#endif
