/* Over random spaces and random points: every way there and back. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "support.h"

static bool same(const double *a, const double *b, int n) {
    for (int i = 0; i < n; i++) {
        if (a[i] != b[i] && !(isnan(a[i]) && isnan(b[i]))) return false;
    }
    return true;
}

static void check_resolved(const hopt_space *space, const double *point, double *back,
                           const char *text) {
    hopt_error err;
    json_t *resolved = hopt_space_resolve(space, point), *read;
    char *printed = hopt_json_text(resolved);
    /* As a person would give it: through a text. */
    cr_assert_eq(hopt_json_parse(&read, printed, strlen(printed), 0, &err), HOPT_OK);
    cr_assert(json_equal(read, resolved), "%s", printed);
    cr_assert_eq(hopt_space_unresolve(space, back, read, printed, strlen(printed), "", &err),
                 HOPT_OK, "%s\n%s\n%d:%d: %s", text, printed, err.line, err.column, err.message);
    cr_assert_eq(hopt_space_check_point(space, back, &err), HOPT_OK, "%s\n%s\n%s", text, printed,
                 err.message);
    if (!same(point, back, hopt_space_size(space))) {
        /* Two options may look alike; then both points mean the same. */
        json_t *again = hopt_space_resolve(space, back);
        cr_assert(json_equal(again, resolved), "%s\n%s", text, printed);
        json_decref(again);
    }
    json_decref(read);
    json_decref(resolved);
    free(printed);
}

static void check_vals(const hopt_space *space, const double *point, double *back) {
    hopt_error err;
    json_t *vals = hopt_space_vals(space, point), *read;
    char *printed = hopt_json_text(vals);
    cr_assert_eq(hopt_json_parse(&read, printed, strlen(printed), 0, &err), HOPT_OK);
    cr_assert_eq(hopt_space_from_vals(space, back, read, &err), HOPT_OK, "%s: %s", printed,
                 err.message);
    cr_assert(same(point, back, hopt_space_size(space)), "%s", printed);
    json_decref(read);
    json_decref(vals);
    free(printed);
}

static void check_order(const hopt_space *space) {
    for (int i = 0; i < hopt_space_size(space); i++) {
        const hopt_param *param = hopt_space_param(space, i);
        for (int k = 0; k < param->n_conditions; k++) {
            const hopt_condition *c = &param->conditions[k];
            cr_assert(c->parent >= 0 && c->parent < i);
            cr_assert(c->option < hopt_space_param(space, c->parent)->dist.options);
            if (k) cr_assert(c[-1].parent < c->parent || c[-1].option < c->option);
        }
    }
}

Test(space_property, there_and_back) {
    support_rng rng = {.seed = 7};
    int differing = 0, points = 0;
    for (int i = 0; i < 400; i++) {
        char *text = support_random_space(&rng, i % 2);
        hopt_space *space = support_space(text);
        size_t n = (size_t)hopt_space_size(space);
        double *point = hopt_zalloc(n, sizeof *point), *back = hopt_zalloc(n, sizeof *back);
        check_order(space);
        for (int k = 0; k < 20; k++) {
            hopt_error err;
            support_draw(space, &rng, point);
            cr_assert_eq(hopt_space_check_point(space, point, &err), HOPT_OK, "%s: %s", text,
                         err.message);
            for (int p = 0; p < (int)n; p++)
                cr_assert_eq(hopt_space_active(space, point, p), !isnan(point[p]));
            check_vals(space, point, back);
            check_resolved(space, point, back, text);
            differing += !same(point, back, (int)n);
            points++;
        }
        free(point);
        free(back);
        hopt_space_free(space);
        free(text);
    }
    /* Most options can be told apart; if not, the test shows little. */
    cr_assert_lt(differing * 4, points, "%d of %d", differing, points);
}

Test(space_property, the_canonical_text_is_a_space_itself) {
    support_rng rng = {.seed = 11};
    for (int i = 0; i < 300; i++) {
        char *text = support_random_space(&rng, false);
        hopt_space *space = support_space(text);
        char *canonical = hopt_space_canonical(space);
        hopt_space *again = support_space(canonical);
        char *twice = hopt_space_canonical(again);
        cr_assert_str_eq(canonical, twice);
        cr_assert_null(hopt_space_difference(space, again));
        cr_assert_eq(hopt_space_hash(space), hopt_space_hash(again));
        free(twice);
        free(canonical);
        hopt_space_free(again);
        hopt_space_free(space);
        free(text);
    }
}

Test(space_property, a_broken_text_gives_errors_or_a_space) {
    support_rng rng = {.seed = 13};
    for (int i = 0; i < 2000; i++) {
        char *text = support_random_space(&rng, i % 2);
        size_t length = strlen(text);
        for (int k = 0; k < 3; k++)
            text[support_below(&rng, (int)length)] = "[]{},:\"01e-_ "[support_below(&rng, 13)];
        json_t *json;
        hopt_error err;
        if (hopt_json_parse(&json, text, length, 0, &err) == HOPT_OK) {
            hopt_space *space;
            hopt_errors errors = {0};
            hopt_status status = hopt_space_parse(&space, json, text, length, "", &errors);
            cr_assert((status == HOPT_OK) == (space != NULL));
            cr_assert((status == HOPT_OK) == (errors.total == 0));
            for (size_t e = 0; e < errors.count; e++)
                cr_assert_gt(errors.list[e].line, 0, "%s: no place for: %s", text,
                             errors.list[e].message);
            hopt_space_free(space);
            json_decref(json);
        } else {
            cr_assert(err.line > 0 && err.column > 0, "%s: %s", text, err.message);
        }
        free(text);
    }
}
