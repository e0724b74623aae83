/* Goodness of fit of the prior's draws, of every distribution, for what known answers may miss. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

#include "tests/common/sampler/support.h"

enum { DRAWS = 20000, CELLS_MAX = 400 };

static const char *const REAL[] = {
    "'uniform','_value':[-3,9]",
    "'loguniform','_value':[0.001,50]",
    "'normal','_value':[2,0.5]",
    "'lognormal','_value':[-1,1.5]",
};
static const char *const DISCRETE[] = {
    "'choice','_value':[1,2,3,4,5]", "'pchoice','_value':[[0.05,1],[0.15,2],[0.8,3]]",
    "'randint','_value':[-3,14]",    "'quniform','_value':[0.3,20.2,1]",
    "'uniformint','_value':[3,30]",  "'qloguniform','_value':[0.7,90,1]",
    "'qnormal','_value':[1,6,2]",    "'qlognormal','_value':[1,1,0.5]",
};

static hopt_space *draw(const char *type, double *x) {
    char text[200];
    snprintf(text, sizeof text, "{'x':{'_type':%s}}", type);
    hopt_space *space = space_of(text);
    hopt_sampler *sampler = open_sampler("random", space, "{'repeat':true}", 0);
    for (int i = 0; i < DRAWS; i++)
        ask(sampler, space, 5, i, &x[i]);
    hopt_sampler_close(sampler);
    return space;
}

Test(draws, of_continuous_distributions) {
    static double x[DRAWS];
    for (size_t i = 0; i < HOPT_COUNT(REAL); i++) {
        hopt_space *space = draw(REAL[i], x);
        double ks = ks_statistic(x, DRAWS, reference_cdf, &hopt_space_param(space, 0)->dist);
        cr_assert_lt(ks, 1.95, "%s: %g", REAL[i], ks);
        hopt_space_free(space);
    }
}

Test(draws, of_discrete_distributions) {
    static double x[DRAWS];
    for (size_t i = 0; i < HOPT_COUNT(DISCRETE); i++) {
        hopt_space *space = draw(DISCRETE[i], x);
        const hopt_dist *dist = &hopt_space_param(space, 0)->dist;
        double q = dist->q > 0 ? dist->q : 1;
        double first = dist->sigma > 0              ? rint((dist->mu - 60) / q) * q
                       : dist->kind == HOPT_RANDINT ? dist->low
                       : dist->options              ? 0
                                                    : rint(dist->low / q) * q;
        double seen[CELLS_MAX] = {0}, expected[CELLS_MAX] = {0};
        int cells = dist->options                ? dist->options
                    : dist->kind == HOPT_RANDINT ? (int)(dist->high - dist->low)
                                                 : CELLS_MAX;
        for (int k = 0; k < cells; k++)
            expected[k] = DRAWS * reference_cell(dist, first + k * q);
        for (int k = 0; k < DRAWS; k++) {
            int cell = (int)rint((x[k] - first) / q);
            if (cell >= 0 && cell < CELLS_MAX) seen[cell]++;
        }
        double z = chi_square_deviate(seen, expected, cells);
        cr_assert_lt(fabs(z), 3.5, "%s: %g", DISCRETE[i], z);
        hopt_space_free(space);
    }
}
