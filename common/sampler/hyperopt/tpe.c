/**
 * tpe.suggest. Each label by itself: observations of the best few trials and of all others give two
 * densities; of 24 draws from the first, the one of the highest ratio wins.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sampler/hyperopt/hyperopt.h"

enum { BELOW_MAX = HOPT_HYPEROPT_BELOW_MAX };

/** Mixtures of fewer components are scored exactly at once. */
enum { GLANCE_LEAST = 64 };
/** Deviations at which a narrow component is no more looked at, and when that leaves some open. */
#define REACH 5.0
#define REACH_FAR 9.0
/** A prior less wide than this is nothing for a quick look: hyperopt widens what is below 1e-12. */
#define NARROW 1e-9

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
    self->links = hopt_realloc(self->links, (size_t)values, sizeof *self->links);
}

static void need_room(hopt_hyperopt *self) {
    size_t docs = self->docs.count;
    if (docs > self->x_capacity) {
        self->x_capacity = docs + docs / 2 + 64;
        self->x_below = hopt_realloc(self->x_below, self->x_capacity, sizeof(double));
        self->x_above = hopt_realloc(self->x_above, self->x_capacity, sizeof(double));
        self->group = hopt_realloc(self->group, self->x_capacity, 1);
        self->all.rank = hopt_realloc(self->all.rank, self->x_capacity, sizeof(int));
        self->label.rank = hopt_realloc(self->label.rank, self->x_capacity, sizeof(int));
    }
    /* Slots that are not among the kept ones have no rank for any label. */
    for (size_t i = 0; i < docs; i++)
        self->all.rank[i] = self->label.rank[i] = -1;
    self->all_ranked = false;
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

/* A label's observations in both groups, by age, and its ranks. */
static const hopt_hyperopt_ranks *gather(hopt_hyperopt *self, int param) {
    const double *column = self->docs.column[param];
    const hopt_hyperopt_kept *kept = self->docs.kept;
    hopt_hyperopt_ranks *ranks = &self->label;
    ranks->n_below = ranks->n_above = 0;
    for (size_t i = 0; i < self->docs.n_kept; i++) {
        uint32_t slot = kept[i].slot;
        double x = column[slot];
        int group = isnan(x) ? NEITHER : self->group[i];
        ranks->rank[slot] = group == ABOVE ? ranks->n_above : -1;
        if (group == BELOW) self->x_below[ranks->n_below++] = x;
        if (group == ABOVE) self->x_above[ranks->n_above++] = x;
    }
    return ranks;
}

/* The same of a label that every trial has: the ranks are those of all its kind. No x_above. */
static const hopt_hyperopt_ranks *gather_all(hopt_hyperopt *self, int param) {
    const double *column = self->docs.column[param];
    hopt_hyperopt_ranks *ranks = &self->all;
    if (!self->all_ranked) {
        ranks->n_below = ranks->n_above = 0;
        for (size_t i = 0; i < self->docs.n_kept; i++) {
            uint32_t slot = self->docs.kept[i].slot;
            if (self->group[i] == BELOW)
                ranks->below[ranks->n_below++] = slot;
            else
                ranks->rank[slot] = ranks->n_above++;
        }
        self->all_ranked = true;
    }
    for (int i = 0; i < ranks->n_below; i++)
        self->x_below[i] = column[ranks->below[i]];
    return ranks;
}

/* The first of `count` candidates of the highest score; NaN beats all, as in numpy.argmax. */
static double winner(const hopt_hyperopt *self, int count) {
    int best = 0;
    double most = -INFINITY;
    for (int i = 0; i < count; i++) {
        double score = self->score_below[i] - self->score_above[i];
        if (isnan(score)) return self->draws[i];
        if (i && !(score > most)) continue;
        best = i;
        most = score;
    }
    return self->draws[best];
}

static double suggest_unordered(hopt_hyperopt *self, int param, const hopt_dist *dist,
                                hopt_numpy *rng) {
    const hopt_hyperopt_ranks *ranks = gather(self, param);
    double low;
    int values = hopt_hyperopt_values(dist, &low);
    double weight = self->options.prior_weight;
    hopt_hyperopt_need_values(self, values);
    hopt_hyperopt_counts(self->p_below, values, dist, low, self->x_below, ranks->n_below, weight);
    hopt_hyperopt_counts(self->p_above, values, dist, low, self->x_above, ranks->n_above, weight);
    hopt_numpy_chain chain = hopt_numpy_chain_of(self->p_below, values, self->links);
    for (int i = 0; i < self->options.n_EI_candidates; i++) {
        int k = hopt_numpy_chain_pick(rng, &chain);
        self->draws[i] = k + low;
        self->score_below[i] = log(self->p_below[k]);
        self->score_above[i] = log(self->p_above[k]);
    }
    return winner(self, self->options.n_EI_candidates);
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

/* One parameter's densities in the making. */
typedef struct label {
    const hopt_hyperopt_ranks *ranks;
    hopt_hyperopt_kernel kernel;
    int param;
    double mu, sigma, least; /* the prior; least_of() */
} label;

/* The mixture of the label's other trials. */
static void build_above(hopt_hyperopt *self, const label *of) {
    double weight = self->options.prior_weight;
    int n = of->ranks->n_above;
    if (self->docs.derived) { /* age is the id then, not the number */
        if (of->kernel.log) to_log(self->x_above, n, of->least);
        hopt_hyperopt_parzen(&self->above, self->x_above, n, weight, of->mu, of->sigma);
        return;
    }
    const hopt_hyperopt_sorted *sorted = &self->sorted[of->param];
    hopt_hyperopt_mixture_reserve(&self->above, n);
    hopt_hyperopt_place *place = self->above.place;
    for (size_t i = 0; i < sorted->count; i++) {
        int rank = of->ranks->rank[sorted->slot[i]];
        if (rank >= 0) *place++ = (hopt_hyperopt_place){sorted->x[i], rank};
    }
    hopt_hyperopt_parzen_placed(&self->above, n, weight, of->mu, of->sigma);
}

static void look(hopt_hyperopt *self, hopt_hyperopt_crowd *crowd, double reach, bool cells,
                 int count, double *score, double *doubt) {
    if (cells)
        hopt_hyperopt_crowd_cells(crowd, reach, self->lower, self->upper, count, score, doubt);
    else
        hopt_hyperopt_crowd_scores(crowd, reach, self->lower, count, score, doubt);
}

/* Leave of the first `count` draws those that may win, in their order. @return how many. */
static int glance_round(hopt_hyperopt *self, double reach, bool cells, int count) {
    double *score = self->score_below;
    double *doubt = self->doubt_below;
    look(self, &self->crowd_below, reach, cells, count, score, doubt);
    look(self, &self->crowd_above, reach, cells, count, self->score_above, self->doubt_above);
    int best = 0;
    for (int i = 0; i < count; i++) {
        score[i] -= self->score_above[i];
        doubt[i] += self->doubt_above[i];
        if (score[i] > score[best]) best = i;
    }
    double surely = score[best] - doubt[best];
    if (!isfinite(surely)) return count;
    int left = 0;
    for (int i = 0; i < count; i++) {
        if (i != best && score[i] + doubt[i] < surely) continue;
        self->draws[left] = self->draws[i];
        self->lower[left] = self->lower[i];
        self->upper[left++] = self->upper[i];
    }
    return left;
}

/* Leave each value where it comes first: equal ones score alike, and the first one wins. Few differ
 * or few are equal, so it is enough to look some way back. */
static int leave_unequal(double *x, int count) {
    enum { BACK = 64 };
    int left = 0;
    for (int i = 0; i < count; i++) {
        int k = left > BACK ? left - BACK : 0;
        while (k < left && x[k] != x[i])
            k++;
        if (k == left) x[left++] = x[i];
    }
    return left;
}

/* Leave of the draws those of which a quick look does not say that another one is better. */
static int glance(hopt_hyperopt *self, const label *of, int count) {
    const hopt_hyperopt_kernel *kernel = &of->kernel;
    if (self->docs.derived || of->ranks->n_above < GLANCE_LEAST || of->sigma < NARROW) return count;
    bool cells = kernel->q > 0;
    for (int i = 0; i < count; i++) {
        double x = self->draws[i];
        self->lower[i] = kernel->log && !cells ? log(x) : x;
        if (cells) hopt_hyperopt_cell(kernel, x, &self->lower[i], &self->upper[i]);
    }
    hopt_hyperopt_crowd_copy(&self->crowd_below, &self->below);
    hopt_hyperopt_crowd_gather(&self->crowd_above, &self->sorted[of->param], of->ranks->rank,
                               of->ranks->n_above, self->options.prior_weight, of->mu, of->sigma);
    count = glance_round(self, REACH, cells, count);
    return count > 1 ? glance_round(self, REACH_FAR, cells, count) : count;
}

/* Who is in which group, and the sorted observations brought up to date. */
static const hopt_hyperopt_ranks *gather_real(hopt_hyperopt *self, const label *of) {
    if (self->docs.derived) return gather(self, of->param);
    hopt_hyperopt_sorted *sorted = &self->sorted[of->param];
    hopt_hyperopt_sorted_update(sorted, &self->docs, of->param, of->kernel.log, of->least);
    return sorted->count == self->docs.count ? gather_all(self, of->param)
                                             : gather(self, of->param);
}

static double suggest_real(hopt_hyperopt *self, int param, const hopt_dist *dist, hopt_numpy *rng) {
    hopt_hyperopt_range range = hopt_hyperopt_range_of(&self->plan, param);
    label of = {.kernel = hopt_hyperopt_kernel_of(dist, &range), .param = param};
    of.mu = of.kernel.bounded ? 0.5 * (range.high + range.low) : range.mu;
    of.sigma = of.kernel.bounded ? range.high - range.low : range.sigma;
    of.least = least_of(dist, &range);
    of.ranks = gather_real(self, &of);
    double weight = self->options.prior_weight;
    if (of.kernel.log) to_log(self->x_below, of.ranks->n_below, of.least);
    hopt_hyperopt_parzen(&self->below, self->x_below, of.ranks->n_below, weight, of.mu, of.sigma);
    hopt_hyperopt_mixture_draw(&self->below, &of.kernel, rng, self->draws,
                               self->options.n_EI_candidates);
    int count = self->options.n_EI_candidates;
    if (!self->watch) { /* who watches sees all draws and their scores */
        count = leave_unequal(self->draws, count);
        if (count > 1) count = glance(self, &of, count);
        if (count == 1) return self->draws[0];
    }
    build_above(self, &of);
    hopt_hyperopt_mixture_score(&self->below, &of.kernel, self->draws, count, self->score_below);
    hopt_hyperopt_mixture_score(&self->above, &of.kernel, self->draws, count, self->score_above);
    return winner(self, count);
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
        point[param] = hopt_hyperopt_is_categorical(dist)
                           ? suggest_unordered(self, param, dist, &rng)
                           : suggest_real(self, param, dist, &rng);
        if (self->watch) self->watch(self, param, point[param]);
    }
}
