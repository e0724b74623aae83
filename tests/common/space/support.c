#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"

char *support_text(const char *text) {
    char *copy = hopt_strdup(text);
    for (char *c = copy; *c; c++) {
        if (*c == '`') *c = '"';
    }
    return copy;
}

json_t *support_json(const char *text) {
    char *copy = support_text(text);
    json_t *json;
    hopt_error err;
    hopt_status status =
        hopt_json_parse(&json, copy, strlen(copy), HOPT_JSON_COMMENTS | HOPT_JSON_NAN, &err);
    cr_assert_eq(status, HOPT_OK, "%s: %d:%d: %s", copy, err.line, err.column, err.message);
    free(copy);
    return json;
}

hopt_space *support_space(const char *text) {
    json_t *json = support_json(text);
    char *copy = support_text(text);
    hopt_space *space;
    hopt_errors errors = {0};
    hopt_status status = hopt_space_parse(&space, json, copy, strlen(copy), "", &errors);
    cr_assert_eq(status, HOPT_OK, "%s: %s", copy, errors.list[0].message);
    json_decref(json);
    free(copy);
    return space;
}

char *support_errors(const char *text) {
    json_t *json = support_json(text);
    char *copy = support_text(text);
    hopt_space *space;
    hopt_errors errors = {0};
    hopt_buf out = HOPT_BUF_INIT;
    hopt_status status = hopt_space_parse(&space, json, copy, strlen(copy), "", &errors);
    cr_assert_eq(status, HOPT_EINVAL, "%s was taken", copy);
    cr_assert_null(space);
    hopt_errors_sort(&errors);
    for (size_t i = 0; i < errors.count; i++)
        hopt_buf_print(&out, "%d:%d: %s\n", errors.list[i].line, errors.list[i].column,
                       errors.list[i].message);
    if (errors.total > errors.count) hopt_buf_print(&out, "%zu in all\n", errors.total);
    json_decref(json);
    free(copy);
    return hopt_buf_take(&out);
}

void support_expect(json_t *json, const char *expected) {
    char *text = hopt_json_text(json), *want = support_text(expected);
    cr_assert_str_eq(text, want);
    free(text);
    free(want);
    json_decref(json);
}

double support_uniform(support_rng *rng) {
    return (double)(hopt_hash_splitmix64(rng->seed, rng->n++) >> 11) * 0x1p-53;
}

int support_below(support_rng *rng, int n) {
    return (int)(support_uniform(rng) * n);
}

static double draw_number(const hopt_dist *dist, support_rng *rng) {
    int edge = support_below(rng, 6);
    double u = edge == 0 ? 0 : edge == 1 ? 1 : support_uniform(rng);
    double value = dist->low + u * (dist->high - dist->low);
    switch (dist->kind) {
    case HOPT_CHOICE:
    case HOPT_PCHOICE:
        return support_below(rng, dist->options);
    case HOPT_RANDINT:
        return edge == 1 ? dist->high - 1 : floor(fmin(value, dist->high - 1));
    case HOPT_LOGUNIFORM:
    case HOPT_QLOGUNIFORM:
        value = exp(log(dist->low) + u * (log(dist->high) - log(dist->low)));
        break;
    case HOPT_NORMAL:
    case HOPT_QNORMAL:
        value = dist->mu + (u * 12 - 6) * dist->sigma;
        break;
    case HOPT_LOGNORMAL:
    case HOPT_QLOGNORMAL:
        value = exp(dist->mu + (u * 12 - 6) * dist->sigma);
        break;
    default:
        if (value > dist->high) value = dist->high;
        break;
    }
    return dist->q > 0 ? rint(value / dist->q) * dist->q : value;
}

void support_draw(const hopt_space *space, support_rng *rng, double *point) {
    for (int i = 0; i < hopt_space_size(space); i++)
        point[i] = draw_number(&hopt_space_param(space, i)->dist, rng);
    hopt_space_mask(space, point, point);
}
