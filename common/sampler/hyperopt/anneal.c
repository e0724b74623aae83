/**
 * anneal.suggest: each label is drawn around its value in one of the best trials, closer the more
 * trials have the label.
 */
#include <math.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/sampler/hyperopt/hyperopt.h"
#include "common/sampler/hyperopt/numpy_math.h"

/** A trial that has the label, by loss. */
typedef struct candidate {
    double loss;
    size_t doc;
} candidate;

/* The state of one suggestion. */
typedef struct annealing {
    hopt_hyperopt *self;
    hopt_numpy rng;
    size_t *picked; /* trials that labels were based on so far */
    size_t n_picked;
    candidate *candidates;
} annealing;

/* NaN last, ties by age. */
static int by_loss(const void *left, const void *right) {
    const candidate *a = left;
    const candidate *b = right;
    if (isnan(a->loss) != isnan(b->loss)) return isnan(a->loss) ? 1 : -1;
    if (a->loss < b->loss || a->loss > b->loss) return a->loss < b->loss ? -1 : 1;
    return (a->doc > b->doc) - (a->doc < b->doc);
}

static double value_in(const hopt_hyperopt_docs *docs, size_t doc, int param) {
    return docs->column[param][docs->list[doc].slot];
}

/* The trial to base a label on: one that was picked before, else the g-th best. */
static size_t choose(annealing *a, int param, size_t n) {
    const hopt_hyperopt_docs *docs = &a->self->docs;
    for (size_t i = 0; i < a->n_picked; i++)
        if (!isnan(value_in(docs, a->picked[i], param))) return a->picked[i];
    int64_t rank = hopt_numpy_geometric(&a->rng, 1 / a->self->options.avg_best_idx) - 1;
    if (rank >= (int64_t)n) rank = (int64_t)n - 1;
    qsort(a->candidates, n, sizeof *a->candidates, by_loss);
    a->picked[a->n_picked++] = a->candidates[rank].doc;
    return a->candidates[rank].doc;
}

static double near_unordered(annealing *a, const hopt_dist *dist, double value, double shrink) {
    double low;
    int values = hopt_hyperopt_values(dist, &low);
    hopt_hyperopt_need_values(a->self, values);
    double *p = a->self->p_below;
    for (int k = 0; k < values; k++) {
        double here = k == (int)(value - low) ? 1 - shrink : 0;
        p[k] =
            here + (dist->kind == HOPT_PCHOICE ? shrink * dist->probability[k] : shrink / values);
    }
    return low + hopt_numpy_pick(&a->rng, p, values);
}

/* The prior, narrowed and moved to `value`. */
static double near_real(annealing *a, int param, const hopt_dist *dist, double value,
                        double shrink) {
    hopt_hyperopt_range range = hopt_hyperopt_range_of(&a->self->plan, param);
    hopt_hyperopt_kernel kernel = hopt_hyperopt_kernel_of(dist, &range);
    if (dist->kind == HOPT_QLOGNORMAL) value += 1e-16; /* it may be 0 */
    if (kernel.log) value = log(value);
    if (kernel.bounded) {
        double half = 0.5 * ((range.high - range.low) * shrink);
        double middle = hopt_numpy_clip(value, range.low + half, range.high - half);
        range.low = middle - half;
        range.high = middle + half;
    } else {
        range.mu = value;
        range.sigma *= shrink;
    }
    return hopt_hyperopt_draw_real(dist, &range, &a->rng);
}

static double suggest_label(annealing *a, int param) {
    const hopt_hyperopt_docs *docs = &a->self->docs;
    const hopt_dist *dist = &hopt_space_param(a->self->plan.space, param)->dist;
    size_t n = 0;
    for (size_t i = 0; i < docs->count; i++) {
        if (docs->list[i].hidden || isnan(value_in(docs, i, param))) continue;
        a->candidates[n++] = (candidate){docs->list[i].loss, i};
    }
    if (!n) return hopt_hyperopt_draw(&a->self->plan, param, &a->rng);
    double value = value_in(docs, choose(a, param, n), param);
    double shrink = 1 / (1 + (double)n * a->self->options.shrink_coef);
    return hopt_hyperopt_is_categorical(dist) ? near_unordered(a, dist, value, shrink)
                                              : near_real(a, param, dist, value, shrink);
}

void hopt_hyperopt_anneal(hopt_hyperopt *self, uint64_t seed, int64_t num, double *point) {
    const hopt_hyperopt_plan *plan = &self->plan;
    annealing a = {.self = self};
    a.picked = hopt_zalloc((size_t)plan->size, sizeof *a.picked);
    a.candidates = hopt_zalloc(self->docs.count + 1, sizeof *a.candidates);
    hopt_numpy_seed(&a.rng, seed + (uint64_t)num);
    for (int i = 0; i < plan->size; i++)
        point[i] = NAN;
    for (int i = 0; i < plan->size; i++) {
        int param = plan->order[i];
        if (hopt_space_active(plan->space, point, param)) point[param] = suggest_label(&a, param);
    }
    free(a.candidates);
    free(a.picked);
}
