/** Posteriors of unordered parameters: ap_randint_sampler and ap_categorical_sampler in tpe.py. */
#include "common/sampler/hyperopt/numpy_math.h"
#include "common/sampler/hyperopt/parzen.h"

void hopt_hyperopt_counts(double *p, int values, const hopt_dist *dist, double low, const double *x,
                          int n, double prior_weight) {
    for (int k = 0; k < values; k++)
        p[k] = 0;
    for (int i = 0; i < n; i++)
        p[(int)(x[i] - low)] += hopt_hyperopt_forgetting(n, i);
    for (int k = 0; k < values; k++)
        p[k] += dist->kind == HOPT_PCHOICE ? values * (prior_weight * dist->probability[k])
                                           : prior_weight;
    double sum = hopt_numpy_sum(p, (size_t)values);
    for (int k = 0; k < values; k++)
        p[k] /= sum;
}
