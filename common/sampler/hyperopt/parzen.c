/** adaptive_parzen_normal: a normal at each observation, as wide as the gap to its neighbours. */
#include "common/sampler/hyperopt/parzen.h"

#include <math.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/sampler/hyperopt/numpy_math.h"

void hopt_hyperopt_mixture_clear(hopt_hyperopt_mixture *mixture) {
    free(mixture->weight);
    free(mixture->mu);
    free(mixture->sigma);
    free(mixture->work);
    free(mixture->height);
    free(mixture->place);
    free(mixture->links);
    *mixture = (hopt_hyperopt_mixture){0};
}

void hopt_hyperopt_mixture_reserve(hopt_hyperopt_mixture *mixture, int n_observations) {
    int count = n_observations + 1; /* the prior */
    if (count <= mixture->capacity) return;
    int capacity = count + count / 2 + 32;
    size_t n = (size_t)capacity;
    mixture->weight = hopt_realloc(mixture->weight, n, sizeof(double));
    mixture->mu = hopt_realloc(mixture->mu, n, sizeof(double));
    mixture->sigma = hopt_realloc(mixture->sigma, n, sizeof(double));
    mixture->work = hopt_realloc(mixture->work, n, sizeof(double));
    mixture->height = hopt_realloc(mixture->height, n, sizeof(double));
    mixture->place = hopt_realloc(mixture->place, n, sizeof *mixture->place);
    mixture->capacity = capacity;
}

double hopt_hyperopt_forgetting(int n, int i) {
    int ramp = n - HOPT_HYPEROPT_FULL_WEIGHT;
    return i < ramp ? hopt_numpy_linspace(1.0 / n, 1.0, ramp, i) : 1;
}

hopt_hyperopt_ramp hopt_hyperopt_ramp_of(int n) {
    int ramp = n - HOPT_HYPEROPT_FULL_WEIGHT;
    return (hopt_hyperopt_ramp){.last = ramp == 1 ? 1 : ramp - 1, /* as linspace has it */
                                .step = ramp > 1 ? (1 - 1.0 / n) / (ramp - 1) : 0,
                                .least = 1.0 / n};
}

/* Equal ones by age. numpy's sort is not stable, so there ties are in another order now and then.
 */
static int by_value(const void *left, const void *right) {
    const hopt_hyperopt_place *a = left;
    const hopt_hyperopt_place *b = right;
    if (a->x != b->x) return a->x < b->x ? -1 : 1;
    return a->index - b->index;
}

/* Means and weights with the prior before the first mean that is not below it. @return its place */
static int place_means(hopt_hyperopt_mixture *mixture, int n, double prior_weight,
                       double prior_mu) {
    const hopt_hyperopt_place *place = mixture->place;
    hopt_hyperopt_ramp ramp = hopt_hyperopt_ramp_of(n);
    int prior = 0;
    /* A single observation goes before a prior that it equals, several go after it. */
    while (prior < n && (n == 1 ? place[prior].x <= prior_mu : place[prior].x < prior_mu))
        prior++;
    for (int i = 0; i < n; i++) {
        int at = i + (i >= prior);
        mixture->mu[at] = place[i].x;
        mixture->weight[at] =
            place[i].index < ramp.last ? place[i].index * ramp.step + ramp.least : 1;
    }
    mixture->mu[prior] = prior_mu;
    mixture->weight[prior] = prior_weight;
    return prior;
}

static double greater(double a, double b) {
    return a > b ? a : b;
}

static void find_widths(hopt_hyperopt_mixture *mixture, double prior_sigma) {
    const double *mu = mixture->mu;
    double *sigma = mixture->sigma;
    int last = mixture->count - 1;
    double narrowest = prior_sigma / fmin(100.0, 1.0 + mixture->count);
    sigma[0] = last > 1 ? mu[1] - mu[0] : prior_sigma * 0.5;
    for (int i = 1; i < last; i++)
        sigma[i] = greater(mu[i] - mu[i - 1], mu[i + 1] - mu[i]);
    if (last > 0) sigma[last] = last > 1 ? mu[last] - mu[last - 1] : prior_sigma * 0.5;
    for (int i = 0; i <= last; i++) {
        double wide = sigma[i] > narrowest ? sigma[i] : narrowest;
        sigma[i] = wide < prior_sigma ? wide : prior_sigma;
    }
}

void hopt_hyperopt_parzen_placed(hopt_hyperopt_mixture *mixture, int n, double prior_weight,
                                 double prior_mu, double prior_sigma) {
    mixture->count = n + 1;
    int prior = place_means(mixture, n, prior_weight, prior_mu);
    find_widths(mixture, prior_sigma);
    mixture->sigma[prior] = prior_sigma;
    double sum = hopt_numpy_sum(mixture->weight, (size_t)mixture->count);
    for (int i = 0; i < mixture->count; i++)
        mixture->weight[i] /= sum;
}

void hopt_hyperopt_parzen(hopt_hyperopt_mixture *mixture, const double *x, int n,
                          double prior_weight, double prior_mu, double prior_sigma) {
    hopt_hyperopt_mixture_reserve(mixture, n);
    for (int i = 0; i < n; i++)
        mixture->place[i] = (hopt_hyperopt_place){x[i], i};
    qsort(mixture->place, (size_t)n, sizeof *mixture->place, by_value);
    hopt_hyperopt_parzen_placed(mixture, n, prior_weight, prior_mu, prior_sigma);
}
