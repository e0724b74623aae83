#include "tests/common/sampler/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"

static json_t *json_of(const char *text) {
    char *copy = hopt_strdup(text);
    for (char *c = copy; *c; c++)
        if (*c == '\'') *c = '"';
    json_error_t where;
    json_t *json = json_loads(copy, JSON_DECODE_ANY, &where);
    cr_assert_not_null(json, "%s: %s", copy, where.text);
    free(copy);
    return json;
}

hopt_space *space_of(const char *text) {
    json_t *json = json_of(text);
    hopt_errors errors = {0};
    hopt_space *space = NULL;
    hopt_status status = hopt_space_parse(&space, json, NULL, 0, "space", &errors);
    cr_assert_eq(status, HOPT_OK, "%s: %s", text, errors.list[0].message);
    json_decref(json);
    return space;
}

hopt_sampler *open_sampler(const char *name, const hopt_space *space, const char *options,
                           uint64_t study_seed) {
    json_t *json = options ? json_of(options) : NULL;
    hopt_error err;
    hopt_sampler *sampler = NULL;
    hopt_status status = hopt_sampler_open(&sampler, name, space, json, study_seed, &err);
    cr_assert_eq(status, HOPT_OK, "%s", status == HOPT_OK ? "" : err.message);
    json_decref(json);
    return sampler;
}

void ask(hopt_sampler *sampler, const hopt_space *space, uint64_t study_seed, int64_t num,
         double *point) {
    hopt_error err;
    uint64_t seed = hopt_hash_splitmix64(study_seed, (uint64_t)num);
    hopt_status status = hopt_sampler_suggest(sampler, seed, num, point, &err);
    cr_assert_eq(status, HOPT_OK, "%s", status == HOPT_OK ? "" : err.message);
    status = hopt_space_check_point(space, point, &err);
    cr_assert_eq(status, HOPT_OK, "trial %lld: %s", (long long)num,
                 status == HOPT_OK ? "" : err.message);
}

void tell_outcome(hopt_sampler *sampler, int64_t num, const double *point, hopt_outcome outcome,
                  double loss, int64_t step) {
    hopt_sampler_add(
        sampler, &(hopt_observation){
                     .num = num, .outcome = outcome, .loss = loss, .step = step, .point = point});
}

void tell(hopt_sampler *sampler, int64_t num, const double *point, double loss) {
    tell_outcome(sampler, num, point, HOPT_OUTCOME_OK, loss, 0);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

double ks_statistic(double *x, int n, double (*cdf)(const hopt_dist *, double),
                    const hopt_dist *dist) {
    qsort(x, (size_t)n, sizeof *x, ascending);
    double most = 0;
    for (int i = 0; i < n; i++) {
        double f = cdf(dist, x[i]);
        most = fmax(most, fmax(fabs(f - (double)i / n), fabs(f - (double)(i + 1) / n)));
    }
    return most * sqrt(n);
}

double chi_square_deviate(const double *observed, const double *expected, int cells) {
    double sum = 0;
    double o = 0;
    double e = 0;
    int used = 0;
    for (int i = 0; i < cells; i++) {
        o += observed[i];
        e += expected[i];
        if (e < 5 && i + 1 < cells) continue;
        if (e > 0) sum += (o - e) * (o - e) / e;
        used++;
        o = 0;
        e = 0;
    }
    double k = used - 1;
    double c = 2 / (9 * k);
    return (cbrt(sum / k) - (1 - c)) / sqrt(c);
}

static double phi(double z) {
    return 0.5 * erfc(-z / sqrt(2));
}

double reference_cdf(const hopt_dist *dist, double x) {
    switch (dist->kind) {
    case HOPT_UNIFORM:
    case HOPT_QUNIFORM:
    case HOPT_UNIFORMINT:
        return fmin(fmax((x - dist->low) / (dist->high - dist->low), 0), 1);
    case HOPT_LOGUNIFORM:
    case HOPT_QLOGUNIFORM:
        if (x <= dist->low) return 0;
        return fmin(log(x / dist->low) / log(dist->high / dist->low), 1);
    case HOPT_NORMAL:
    case HOPT_QNORMAL:
        return phi((x - dist->mu) / dist->sigma);
    case HOPT_LOGNORMAL:
    case HOPT_QLOGNORMAL:
        return x <= 0 ? 0 : phi((log(x) - dist->mu) / dist->sigma);
    default:
        return NAN;
    }
}

double reference_cell(const hopt_dist *dist, double value) {
    switch (dist->kind) {
    case HOPT_CHOICE:
        return 1.0 / dist->options;
    case HOPT_PCHOICE:
        return dist->probability[(int)value];
    case HOPT_RANDINT:
        return 1 / (dist->high - dist->low);
    default:
        return reference_cdf(dist, value + dist->q / 2) - reference_cdf(dist, value - dist->q / 2);
    }
}
