/* pdf and pmf of every kind against scipy and hyperopt's rdists (frozen by
 * tests/golden/distributions.py), and where those have no digits: sums, edges, far tails. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support.h"

enum { LEAST_POINTS = 1200, KINDS = 12 };

static hopt_space *space_of(const json_t *line) {
    json_t *json = json_pack("{s:{s:O, s:O}}", "a", "_type", json_object_get(line, "_type"),
                             "_value", json_object_get(line, "_value"));
    hopt_errors errors = {0};
    hopt_space *space;
    cr_assert_eq(hopt_space_parse(&space, json, NULL, 0, "", &errors), HOPT_OK, "%s",
                 errors.list[0].message);
    json_decref(json);
    return space;
}

static void compare(const hopt_dist *dist, double x, const json_t *expected) {
    double found = hopt_dist_log_density(dist, x);
    const char *name = hopt_dist_name(dist->kind);
    if (json_is_null(expected)) {
        cr_assert(found == -INFINITY, "%s at %.17g: %.17g instead of -inf", name, x, found);
        return;
    }
    double wanted = json_number_value(expected);
    cr_assert(fabs(found - wanted) <= 1e-9 * fmax(1, fabs(wanted)), "%s at %.17g: %.17g, %.17g",
              name, x, found, wanted);
}

Test(density, as_scipy_and_rdists) {
    FILE *file = fopen("tests/golden/distributions.jsonl", "r");
    cr_assert(file);
    char *text = NULL;
    size_t capacity = 0;
    ssize_t length;
    int points = 0;
    bool seen[KINDS] = {false};
    while ((length = getline(&text, &capacity, file)) > 0) {
        json_t *line;
        hopt_error err;
        cr_assert_eq(hopt_json_parse(&line, text, (size_t)length, 0, &err), HOPT_OK);
        hopt_space *space = space_of(line);
        const hopt_dist *dist = &hopt_space_param(space, 0)->dist;
        seen[dist->kind] = true;
        size_t i;
        json_t *point;
        json_array_foreach(json_object_get(line, "points"), i, point) {
            compare(dist, json_number_value(json_array_get(point, 0)), json_array_get(point, 1));
            points++;
        }
        hopt_space_free(space);
        json_decref(line);
    }
    free(text);
    fclose(file);
    cr_assert_geq(points, LEAST_POINTS);
    for (int i = 0; i < KINDS; i++)
        cr_assert(seen[i], "no line for %s", hopt_dist_name((hopt_dist_kind)i));
}

static double total(hopt_dist dist, double first, int cells) {
    double sum = 0;
    for (int i = 0; i < cells; i++)
        sum += exp(hopt_dist_log_density(&dist, first + i * dist.q));
    return sum;
}

Test(density, cells_add_up_to_one) {
    hopt_dist dist = {.kind = HOPT_QUNIFORM, .low = -2.9, .high = 7.1, .q = 2};
    cr_assert_float_eq(total(dist, -4, 8), 1, 1e-12);
    dist = (hopt_dist){.kind = HOPT_QUNIFORM, .low = 0.1, .high = 0.2, .q = 5}; /* one cell */
    cr_assert_float_eq(total(dist, 0, 1), 1, 1e-12);
    dist = (hopt_dist){.kind = HOPT_QLOGUNIFORM, .low = 0.3, .high = 20, .q = 2};
    cr_assert_float_eq(total(dist, 0, 12), 1, 1e-12);
    dist = (hopt_dist){.kind = HOPT_QNORMAL, .mu = 1, .sigma = 5, .q = 2};
    cr_assert_float_eq(total(dist, -100, 101), 1, 1e-12);
    dist = (hopt_dist){.kind = HOPT_QLOGNORMAL, .mu = 0, .sigma = 1.5, .q = 1};
    cr_assert_float_eq(total(dist, 0, 200000), 1, 1e-9);
}

Test(density, tails_stay_finite) {
    /* ln(Phi(-499.5) - Phi(-500.5)), by ln Phi(-499.5): the other is e^-500 times smaller. */
    hopt_dist dist = {.kind = HOPT_QNORMAL, .mu = 0, .sigma = 1, .q = 1};
    double a = 499.5;
    double expected = -0.5 * a * a - log(a) - 0.5 * log(2 * M_PI) + log1p(-1 / (a * a));
    cr_assert_float_eq(hopt_dist_log_density(&dist, 500), expected, 1e-6);
    cr_assert_float_eq(hopt_dist_log_density(&dist, -500), expected, 1e-6);
    /* Both sides of the switch to the asymptotic series: a smooth curve has small differences. */
    double step = hopt_dist_log_density(&dist, 35) - hopt_dist_log_density(&dist, 36);
    double next = hopt_dist_log_density(&dist, 36) - hopt_dist_log_density(&dist, 37);
    cr_assert_float_eq(next - step, 1, 0.01); /* -x^2/2 has second difference -1 */
    dist = (hopt_dist){.kind = HOPT_QLOGNORMAL, .mu = 0, .sigma = 0.01, .q = 1};
    cr_assert(isfinite(hopt_dist_log_density(&dist, 1000)));
    dist = (hopt_dist){.kind = HOPT_LOGUNIFORM, .low = 1e-308, .high = 1e308};
    cr_assert(isfinite(hopt_dist_log_density(&dist, 1)));
    dist = (hopt_dist){.kind = HOPT_LOGUNIFORM, .low = 1, .high = nextafter(1, 2)};
    cr_assert(isfinite(hopt_dist_log_density(&dist, 1)));
    dist = (hopt_dist){.kind = HOPT_NORMAL, .mu = 0, .sigma = 1};
    cr_assert_eq(hopt_dist_log_density(&dist, NAN), -INFINITY);
}
