/* hyperopt's estimators: the figures of HYPEROPT.md §3, which are the original's. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "common/sampler/hyperopt/numpy_math.h"
#include "common/sampler/hyperopt/parzen.h"

static void near(double found, double right) {
    cr_assert(fabs(found - right) < 1e-10, "%.12g is not %.12g", found, right);
}

static void expect(const double *x, int n, const double *mu, const double *sigma) {
    hopt_hyperopt_mixture mixture = {0};
    hopt_hyperopt_parzen(&mixture, x, n, 1, 0, 10);
    cr_assert_eq(mixture.count, n + 1);
    for (int i = 0; i <= n; i++) {
        near(mixture.mu[i], mu[i]);
        near(mixture.sigma[i], sigma[i]);
        near(mixture.weight[i], 1.0 / (n + 1));
    }
    hopt_hyperopt_mixture_clear(&mixture);
}

Test(parzen, means_and_widths) {
    expect(NULL, 0, (double[]){0}, (double[]){10});
    expect((double[]){3}, 1, (double[]){0, 3}, (double[]){10, 5});
    expect((double[]){-3}, 1, (double[]){-3, 0}, (double[]){5, 10});
    expect((double[]){0, 0}, 2, (double[]){0, 0, 0}, (double[]){10, 2.5, 2.5});
    expect((double[]){3, -1, 2.5}, 3, (double[]){-1, 0, 2.5, 3}, (double[]){2, 10, 2.5, 2});
}

Test(parzen, old_observations_weigh_less) {
    for (int i = 0; i < 25; i++)
        near(hopt_hyperopt_forgetting(25, i), 1);
    near(hopt_hyperopt_forgetting(26, 0), 1.0 / 26);
    near(hopt_hyperopt_forgetting(26, 1), 1);
    const double ramp[6] = {1.0 / 30, 0.275, 0.516666666667, 0.758333333333, 1, 1};
    for (int i = 0; i < 6; i++)
        near(hopt_hyperopt_forgetting(30, i), ramp[i]);
    /* By age, not by value: the oldest, here the largest, is the lightest. */
    double x[30];
    for (int i = 0; i < 30; i++)
        x[i] = 100 - i;
    hopt_hyperopt_mixture mixture = {0};
    hopt_hyperopt_parzen(&mixture, x, 30, 2, 0, 10);
    double sum = 2 + 26 + ramp[0] + ramp[1] + ramp[2] + ramp[3];
    near(mixture.mu[30], 100);
    near(mixture.weight[30], ramp[0] / sum);
    near(mixture.weight[0], 2 / sum); /* the prior */
    near(mixture.weight[1], 1 / sum);
    hopt_hyperopt_mixture_clear(&mixture);
}

/* A mixture of up to four components, and room to score it. */
typedef struct small {
    double weight[4], mu[4], sigma[4], work[4], height[4];
} small;

static double score(small *s, int count, hopt_hyperopt_kernel kernel, double x) {
    hopt_hyperopt_mixture mixture = {.count = count,
                                     .weight = s->weight,
                                     .mu = s->mu,
                                     .sigma = s->sigma,
                                     .work = s->work,
                                     .height = s->height};
    double result;
    hopt_hyperopt_mixture_score(&mixture, &kernel, &x, 1, &result);
    return result;
}

Test(parzen, log_densities) {
    small s = {{0.25, 0.5, 0.25}, {-1, 0, 3}, {2, 10, 2.5}, {0}, {0}};
    hopt_hyperopt_kernel open = {0};
    hopt_hyperopt_kernel within = {.bounded = true, .low = -5, .high = 5};
    near(score(&s, 3, open, 0.5), -2.50394945239);
    near(score(&s, 3, within, 0.5), -2.04556101629);
    open.q = within.q = 2;
    near(score(&s, 3, within, 0), -1.34689375125);
    near(score(&s, 3, open, 0), -1.80528218734);
}

Test(parzen, log_densities_of_logarithms) {
    small s = {{0.25, 0.75}, {-1, 0.5}, {1, 0.5}, {0}, {0}};
    hopt_hyperopt_kernel open = {.log = true};
    hopt_hyperopt_kernel within = {.log = true, .bounded = true, .low = -2, .high = 2};
    near(score(&s, 2, open, 0.5), -1.34814526712);
    near(score(&s, 2, within, 0.5), -1.34814526712);
    open.q = within.q = 1;
    near(score(&s, 2, within, 0), -2.06309630064);
    near(score(&s, 2, within, 2), -1.18775463818);
    near(score(&s, 2, within, 7), -6.50185702860);
    near(score(&s, 2, open, 0), -1.82317121893);
}

Test(parzen, smoothed_counts) {
    double p[3];
    hopt_dist dist = {.kind = HOPT_PCHOICE, .options = 3, .probability = (double[]){0.1, 0.2, 0.7}};
    hopt_hyperopt_counts(p, 3, &dist, 0, (double[]){0, 2, 0}, 3, 1);
    near(p[0], 2.3 / 6);
    near(p[1], 0.1);
    near(p[2], 3.1 / 6);
    dist = (hopt_dist){.kind = HOPT_RANDINT, .low = 4, .high = 7};
    hopt_hyperopt_counts(p, 3, &dist, 4, (double[]){6, 6, 4}, 3, 0.5);
    near(p[0], 1.5 / 4.5);
    near(p[1], 0.5 / 4.5);
    near(p[2], 2.5 / 4.5);
}

/* Within the cells of a grid that covers the bounds, all mass. */
Test(parzen, cells_add_up_to_one) {
    small s = {{0.3, 0.5, 0.2}, {-1, 2, 4}, {1, 3, 0.5}, {0}, {0}};
    hopt_hyperopt_kernel within = {.bounded = true, .low = -5, .high = 5, .q = 0.5};
    double sum = 0;
    for (int k = -10; k <= 10; k++)
        sum += exp(score(&s, 3, within, k * 0.5));
    near(sum, 1);
}

/* Draws come as often as the density says, bounds and grid included. */
Test(parzen, draws_follow_the_density) {
    small s = {{0.3, 0.5, 0.2}, {-1, 2, 4}, {1, 3, 0.5}, {0}, {0}};
    hopt_hyperopt_mixture mixture = {.count = 3,
                                     .weight = s.weight,
                                     .mu = s.mu,
                                     .sigma = s.sigma,
                                     .work = s.work,
                                     .height = s.height};
    hopt_hyperopt_kernel kernel = {.bounded = true, .low = -3.3, .high = 5, .q = 1};
    enum { DRAWS = 100000, CELLS = 9 };
    static double draws[DRAWS];
    double seen[CELLS] = {0};
    hopt_numpy rng;
    hopt_numpy_seed(&rng, 11);
    hopt_hyperopt_mixture_draw(&mixture, &kernel, &rng, draws, DRAWS);
    free(mixture.links);
    for (int i = 0; i < DRAWS; i++) {
        cr_assert(draws[i] >= -3 && draws[i] <= 5 && draws[i] == rint(draws[i]), "%g", draws[i]);
        seen[(int)draws[i] + 3]++;
    }
    double chi_square = 0;
    for (int i = 0; i < CELLS; i++) {
        double expected = DRAWS * exp(score(&s, 3, kernel, i - 3));
        chi_square += (seen[i] - expected) * (seen[i] - expected) / expected;
    }
    cr_assert_lt(chi_square, 26.1, "%g", chi_square); /* 8 degrees: probability 1e-3 */
}
