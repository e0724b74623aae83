/**
 * tpe.suggest. Each label by itself: observations of the best few trials and of all others give two
 * densities; of 24 draws from the first, the one of the highest ratio wins.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sampler/hyperopt/hyperopt.h"

enum { BELOW_MAX = HOPT_HYPEROPT_FULL_WEIGHT };

/** Mixtures of fewer components are scored exactly at once. */
enum { GLANCE_LEAST = 64 };
/** Deviations at which a component is no more looked at: none is left out, and what is bounded. */
#define REACH_BELOW 37.0
#define REACH_ABOVE 6.0

/* What `group` says of a kept trial. */
enum { ABOVE, BELOW, NEITHER };

void hopt_hyperopt_rand(hopt_hyperopt *self, uint64_t seed, double *point) {
    hopt_numpy rng;
    hopt_numpy_seed(&rng, seed);
    hopt_hyperopt_draw_point(&self->plan, &rng, point);
}

void hopt_hyperopt_need_values(hopt_hyperopt *self, int values) {
    if (values <= self->p_capacity) return;
    self->p_capacity = values;
    self->p_below = hopt_realloc(self->p_below, (size_t)values, sizeof(double));
    self->p_above = hopt_realloc(self->p_above, (size_t)values, sizeof(double));
}

static void need_room(hopt_hyperopt *self) {
    size_t docs = self->docs.count;
    if (docs > self->x_capacity) {
        self->x_capacity = docs + docs / 2 + 64;
        self->x_below = hopt_realloc(self->x_below, self->x_capacity, sizeof(double));
        self->x_above = hopt_realloc(self->x_above, self->x_capacity, sizeof(double));
        self->group = hopt_realloc(self->group, self->x_capacity, 1);
        self->rank = hopt_realloc(self->rank, self->x_capacity, sizeof *self->rank);
    }
    /* Slots that are not among the kept ones have no rank for any label. */
    for (size_t i = 0; i < docs; i++)
        self->rank[i] = -1;
}

/* Mark the best few; of equal losses the earlier. */
static void mark_best(hopt_hyperopt *self) {
    const hopt_hyperopt_kept *kept = self->docs.kept;
    size_t n = self->docs.n_kept;
    double share = ceil(self->options.gamma * sqrt((double)n));
    size_t most = share < BELOW_MAX ? (size_t)share : BELOW_MAX;
    size_t best[BELOW_MAX];
    size_t found = 0;
    for (size_t i = 0; i < n && most; i++) {
        if (found == most && !(kept[i].loss < kept[best[most - 1]].loss)) continue;
        size_t at = found < most ? found++ : most - 1;
        for (; at > 0 && kept[i].loss < kept[best[at - 1]].loss; at--)
            best[at] = best[at - 1];
        best[at] = i;
    }
    if (n) memset(self->group, ABOVE, n); /* no room was made for none */
    for (size_t i = 0; i < found; i++)
        self->group[best[i]] = BELOW;
}

bool hopt_hyperopt_is_good(const hopt_hyperopt *self, size_t i) {
    return self->group[i] == BELOW;
}

static int by_id(const void *key, const void *element) {
    const int64_t *id = key;
    const hopt_hyperopt_kept *kept = element;
    return (*id > kept->id) - (*id < kept->id);
}

/* hyperopt looks a derived trial's own number up among the ids: mostly that is none of them. */
static void regroup_derived(hopt_hyperopt *self) {
    const hopt_hyperopt_docs *docs = &self->docs;
    if (!docs->n_kept) return;
    unsigned char *group = hopt_alloc(docs->n_kept + 1);
    for (size_t i = 0; i < docs->n_kept; i++) {
        const hopt_hyperopt_kept *found =
            bsearch(&docs->kept[i].num, docs->kept, docs->n_kept, sizeof *docs->kept, by_id);
        group[i] = found ? self->group[found - docs->kept] : NEITHER;
    }
    memcpy(self->group, group, docs->n_kept);
    free(group);
}

/* A label's observations in both groups, by age; also the ranks of the others by slot. */
static void gather(hopt_hyperopt *self, int param, int *n_below, int *n_above) {
    const double *column = self->docs.column[param];
    const hopt_hyperopt_kept *kept = self->docs.kept;
    *n_below = *n_above = 0;
    for (size_t i = 0; i < self->docs.n_kept; i++) {
        uint32_t slot = kept[i].slot;
        double x = column[slot];
        int group = isnan(x) ? NEITHER : self->group[i];
        self->rank[slot] = group == ABOVE ? *n_above : -1;
        if (group == BELOW) self->x_below[(*n_below)++] = x;
        if (group == ABOVE) self->x_above[(*n_above)++] = x;
    }
}

/* The first candidate of the highest score; NaN beats all, as in numpy.argmax. */
static double winner(const hopt_hyperopt *self) {
    int best = 0;
    double most = -INFINITY;
    for (int i = 0; i < self->options.n_EI_candidates; i++) {
        double score = self->score_below[i] - self->score_above[i];
        if (isnan(score)) return self->draws[i];
        if (i && !(score > most)) continue;
        best = i;
        most = score;
    }
    return self->draws[best];
}

static double suggest_unordered(hopt_hyperopt *self, const hopt_dist *dist, hopt_numpy *rng,
                                int n_below, int n_above) {
    double low;
    int values = hopt_hyperopt_values(dist, &low);
    double weight = self->options.prior_weight;
    hopt_hyperopt_need_values(self, values);
    hopt_hyperopt_counts(self->p_below, values, dist, low, self->x_below, n_below, weight);
    hopt_hyperopt_counts(self->p_above, values, dist, low, self->x_above, n_above, weight);
    for (int i = 0; i < self->options.n_EI_candidates; i++) {
        int k = hopt_numpy_pick(rng, self->p_below, values);
        self->draws[i] = k + low;
        self->score_below[i] = log(self->p_below[k]);
        self->score_above[i] = log(self->p_above[k]);
    }
    return winner(self);
}

/* Below this an observation on the grid of a log type counts as if it were this. */
static double least_of(const hopt_dist *dist, const hopt_hyperopt_range *range) {
    if (dist->kind == HOPT_QLOGUNIFORM) return fmax(1e-12, exp(range->low));
    return dist->kind == HOPT_QLOGNORMAL ? 1e-12 : 0;
}

static void to_log(double *x, int n, double least) {
    for (int i = 0; i < n; i++)
        x[i] = log(fmax(x[i], least));
}

/* The mixture of the label's other trials, from its sorted observations. */
static void build_above(hopt_hyperopt *self, int param, int n, bool log_of, double least, double mu,
                        double sigma) {
    hopt_hyperopt_sorted *sorted = &self->sorted[param];
    hopt_hyperopt_sorted_update(sorted, &self->docs, param, log_of, least);
    hopt_hyperopt_mixture_reserve(&self->above, n);
    hopt_hyperopt_place *place = self->above.place;
    for (size_t i = 0; i < sorted->count; i++) {
        int rank = self->rank[sorted->list[i].slot];
        if (rank >= 0) *place++ = (hopt_hyperopt_place){sorted->list[i].x, rank};
    }
    hopt_hyperopt_parzen_placed(&self->above, n, self->options.prior_weight, mu, sigma);
}

/* The winner, if a quick look leaves no doubt. */
static bool glance(hopt_hyperopt *self, const hopt_hyperopt_kernel *kernel, double *found) {
    int count = self->options.n_EI_candidates;
    if (kernel->q > 0 || self->above.count < GLANCE_LEAST) return false;
    hopt_hyperopt_mixture_glance(&self->below, kernel, REACH_BELOW, self->draws, count,
                                 self->score_below, self->doubt_below);
    hopt_hyperopt_mixture_glance(&self->above, kernel, REACH_ABOVE, self->draws, count,
                                 self->score_above, self->doubt_above);
    int best = 0;
    for (int i = 0; i < count; i++) {
        self->score_below[i] -= self->score_above[i];
        self->doubt_below[i] += self->doubt_above[i];
        if (self->score_below[i] > self->score_below[best]) best = i;
    }
    double surely = self->score_below[best] - self->doubt_below[best];
    for (int i = 0; i < count; i++)
        if (i != best && !(self->score_below[i] + self->doubt_below[i] < surely)) return false;
    *found = self->draws[best];
    return isfinite(surely);
}

static double suggest_real(hopt_hyperopt *self, int param, const hopt_dist *dist, hopt_numpy *rng,
                           int n_below, int n_above) {
    hopt_hyperopt_range range = hopt_hyperopt_range_of(&self->plan, param);
    hopt_hyperopt_kernel kernel = hopt_hyperopt_kernel_of(dist, &range);
    double mu = kernel.bounded ? 0.5 * (range.high + range.low) : range.mu;
    double sigma = kernel.bounded ? range.high - range.low : range.sigma;
    double least = least_of(dist, &range);
    double weight = self->options.prior_weight;
    int count = self->options.n_EI_candidates;
    if (kernel.log) to_log(self->x_below, n_below, least);
    hopt_hyperopt_parzen(&self->below, self->x_below, n_below, weight, mu, sigma);
    if (self->docs.derived) { /* age is the id then, not the number */
        if (kernel.log) to_log(self->x_above, n_above, least);
        hopt_hyperopt_parzen(&self->above, self->x_above, n_above, weight, mu, sigma);
    } else {
        build_above(self, param, n_above, kernel.log, least, mu, sigma);
    }
    hopt_hyperopt_mixture_draw(&self->below, &kernel, rng, self->draws, count);
    double found;
    if (!self->watch && glance(self, &kernel, &found)) return found;
    hopt_hyperopt_mixture_score(&self->below, &kernel, self->draws, count, self->score_below);
    hopt_hyperopt_mixture_score(&self->above, &kernel, self->draws, count, self->score_above);
    return winner(self);
}

void hopt_hyperopt_tpe(hopt_hyperopt *self, uint64_t seed, double *point) {
    hopt_hyperopt_docs_keep(&self->docs);
    if (self->docs.n_kept < (size_t)self->options.n_startup_jobs) {
        hopt_hyperopt_rand(self, seed, point);
        return;
    }
    need_room(self);
    mark_best(self);
    if (self->docs.derived) regroup_derived(self);
    hopt_numpy rng;
    hopt_numpy_seed(&rng, seed);
    for (int i = 0; i < self->plan.size; i++)
        point[i] = NAN;
    for (int i = 0; i < self->plan.size; i++) {
        int param = self->plan.order[i];
        if (!hopt_space_active(self->plan.space, point, param)) continue;
        const hopt_dist *dist = &hopt_space_param(self->plan.space, param)->dist;
        int n_below, n_above;
        gather(self, param, &n_below, &n_above);
        point[param] = hopt_hyperopt_is_categorical(dist)
                           ? suggest_unordered(self, dist, &rng, n_below, n_above)
                           : suggest_real(self, param, dist, &rng, n_below, n_above);
        if (self->watch) self->watch(self, param, point[param]);
    }
}
