/* The quick look at scores, and the sorted observations that it is taken of. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/sampler/hyperopt/glance.h"

enum { COUNT = 700, CANDIDATES = 40 };

/* Docs of one parameter; every ninth trial does not have it. */
static void fill_docs(hopt_hyperopt_docs *docs, const double *x, const int *num, int from, int to) {
    for (int i = from; i < to; i++) {
        double value = num[i] % 9 == 4 ? (double)NAN : x[i];
        hopt_hyperopt_docs_add(docs, &(hopt_observation){.num = num[i], .point = &value});
    }
}

/* Dense in the middle, so that widths differ; some values are there twice. */
static void draw_x(double *x, int *num, hopt_numpy *rng) {
    for (int i = 0; i < COUNT; i++) {
        x[i] = i % 3 ? hopt_numpy_normal(rng, 1, 0.5) : hopt_numpy_uniform(rng, -5, 5);
        if (i % 50 == 7) x[i] = x[i - 1];
        num[i] = i * 331 % COUNT; /* not in order */
    }
}

Test(sorted, one_by_one_is_as_all_at_once) {
    static double x[COUNT];
    static int num[COUNT];
    hopt_numpy rng;
    hopt_numpy_seed(&rng, 5);
    draw_x(x, num, &rng);
    hopt_hyperopt_docs slowly, quickly;
    hopt_hyperopt_docs_init(&slowly, 1);
    hopt_hyperopt_docs_init(&quickly, 1);
    hopt_hyperopt_sorted a = {0};
    hopt_hyperopt_sorted b = {0};
    for (int i = 0; i < COUNT; i++) {
        fill_docs(&slowly, x, num, i, i + 1);
        if (i % 100 < 90) hopt_hyperopt_sorted_update(&a, &slowly, 0, false, 0);
    }
    hopt_hyperopt_sorted_update(&a, &slowly, 0, false, 0);
    fill_docs(&quickly, x, num, 0, COUNT);
    hopt_hyperopt_sorted_update(&b, &quickly, 0, false, 0);
    cr_assert_eq(a.count, b.count);
    cr_assert_eq(a.count, COUNT - (COUNT + 4) / 9);
    cr_assert_eq(memcmp(a.x, b.x, a.count * sizeof *a.x), 0);
    cr_assert_eq(memcmp(a.slot, b.slot, a.count * sizeof *a.slot), 0);
    for (size_t i = 0; i < a.count; i++) {
        cr_assert_eq(a.x[i], x[a.slot[i]]);
        if (i == 0) continue;
        bool tie = a.x[i] == a.x[i - 1];
        cr_assert(tie ? num[a.slot[i - 1]] < num[a.slot[i]] : a.x[i - 1] < a.x[i], "%zu", i);
    }
    hopt_hyperopt_sorted_clear(&a);
    hopt_hyperopt_sorted_clear(&b);
    hopt_hyperopt_docs_clear(&slowly);
    hopt_hyperopt_docs_clear(&quickly);
}

/* A label whose trials are partly below: with the exact mixture of the others, and the crowd. */
typedef struct scene {
    hopt_hyperopt_sorted sorted;
    hopt_hyperopt_mixture mixture;
    hopt_hyperopt_crowd crowd;
    int rank[COUNT];
} scene;

static void set_scene(scene *s, double (*draw)(hopt_numpy *, int), hopt_numpy *rng, int count) {
    static double x[COUNT];
    static double others[COUNT];
    hopt_hyperopt_docs docs;
    hopt_hyperopt_docs_init(&docs, 1);
    int n = 0;
    for (int i = 0; i < count; i++) {
        x[i] = draw(rng, i);
        hopt_hyperopt_docs_add(&docs, &(hopt_observation){.num = i, .point = &x[i]});
        s->rank[i] = i % 29 == 3 ? -1 : n;
        if (s->rank[i] >= 0) others[n++] = x[i];
    }
    s->sorted = (hopt_hyperopt_sorted){0};
    hopt_hyperopt_sorted_update(&s->sorted, &docs, 0, false, 0);
    hopt_hyperopt_parzen(&s->mixture, others, n, 1, 0, 10);
    hopt_hyperopt_crowd_gather(&s->crowd, &s->sorted, s->rank, n, 1, 0, 10);
    hopt_hyperopt_sorted_clear(&s->sorted);
    hopt_hyperopt_docs_clear(&docs);
}

static void clear_scene(scene *s) {
    hopt_hyperopt_mixture_clear(&s->mixture);
    hopt_hyperopt_crowd_clear(&s->crowd);
}

static double draw_dense(hopt_numpy *rng, int i) {
    return i % 3 ? hopt_numpy_normal(rng, 1, 0.5) : hopt_numpy_uniform(rng, -5, 5);
}

static double draw_even(hopt_numpy *rng, int i __attribute__((unused))) {
    return hopt_numpy_uniform(rng, -5, 5);
}

static double draw_lump(hopt_numpy *rng, int i) {
    return i % 40 == 39 ? hopt_numpy_uniform(rng, -5, 5) : 2.5;
}

/* Exact scores and quick ones differ by what all candidates have in common, and by the doubt. */
static void check_scores(scene *s, hopt_numpy *rng, bool log_of, double reach, double most) {
    hopt_hyperopt_kernel kernel = {.log = log_of, .bounded = true, .low = -5, .high = 5};
    double x[CANDIDATES], at[CANDIDATES], exact[CANDIDATES], quick[CANDIDATES], doubt[CANDIDATES];
    for (int i = 0; i < CANDIDATES; i++) {
        at[i] = i % 4 == 3 ? s->mixture.mu[i] : hopt_numpy_uniform(rng, -5, 5);
        x[i] = log_of ? exp(at[i]) : at[i];
        if (log_of) at[i] = log(x[i]);
    }
    hopt_hyperopt_mixture_score(&s->mixture, &kernel, x, CANDIDATES, exact);
    hopt_hyperopt_crowd_scores(&s->crowd, reach, at, CANDIDATES, quick, doubt);
    for (int i = 0; i < CANDIDATES; i++) {
        double own = log_of ? at[i] - at[0] : 0; /* 1/x of the lognormal density */
        double apart = (exact[i] - quick[i]) - (exact[0] - quick[0]) + own;
        cr_assert_lt(fabs(apart), doubt[i] + doubt[0], "%g: %g", at[i], apart);
        cr_assert_lt(doubt[i], most, "%g", doubt[i]);
    }
}

/* The same of cells of a grid of step q. */
static void check_cells(scene *s, hopt_numpy *rng, bool log_of, double q, double reach,
                        double most) {
    hopt_hyperopt_kernel kernel = {
        .log = log_of, .bounded = true, .low = -5, .high = 5, .q = log_of ? 10 * q : q};
    double x[CANDIDATES], lower[CANDIDATES], upper[CANDIDATES];
    double exact[CANDIDATES], quick[CANDIDATES], doubt[CANDIDATES];
    for (int i = 0; i < CANDIDATES; i++) {
        double draw = i % 4 == 3 ? s->mixture.mu[i] : hopt_numpy_uniform(rng, -5, 5);
        x[i] = rint((log_of ? exp(draw) : draw) / kernel.q) * kernel.q;
        hopt_hyperopt_cell(&kernel, x[i], &lower[i], &upper[i]);
    }
    hopt_hyperopt_mixture_score(&s->mixture, &kernel, x, CANDIDATES, exact);
    hopt_hyperopt_crowd_cells(&s->crowd, reach, lower, upper, CANDIDATES, quick, doubt);
    for (int i = 0; i < CANDIDATES; i++) {
        double apart = (exact[i] - quick[i]) - (exact[0] - quick[0]);
        cr_assert_lt(fabs(apart), doubt[i] + doubt[0], "%g: %g, %g", x[i], apart, doubt[i]);
        cr_assert_lt(doubt[i], most, "%g: %g", x[i], doubt[i]);
    }
}

Test(glance, cells_are_as_close_as_it_says) {
    static double (*const draws[])(hopt_numpy *, int) = {draw_dense, draw_even, draw_lump};
    static const double grid[] = {0.01, 0.25, 2};
    static scene s;
    hopt_numpy rng;
    hopt_numpy_seed(&rng, 14);
    for (int round = 0; round < 36; round++) {
        set_scene(&s, draws[round % 3], &rng, COUNT - round);
        double q = grid[round / 3 % 3];
        bool log_of = round / 9 % 2;
        check_cells(&s, &rng, log_of, q, 6, 5e-2);
        check_cells(&s, &rng, log_of, q, 9, 1e-2);
        hopt_hyperopt_crowd_copy(&s.crowd, &s.mixture);
        check_cells(&s, &rng, log_of, q, 1, 1e-2);
        clear_scene(&s);
    }
}

Test(glance, is_as_close_as_it_says) {
    static double (*const draws[])(hopt_numpy *, int) = {draw_dense, draw_even, draw_lump};
    static scene s;
    hopt_numpy rng;
    hopt_numpy_seed(&rng, 4);
    for (int round = 0; round < 30; round++) {
        int count = round % 10 == 9 ? 64 + round : COUNT - round;
        set_scene(&s, draws[round % 3], &rng, count);
        cr_assert_eq(s.crowd.count, s.mixture.count);
        bool lump = round % 3 == 2; /* nearly all are in one place, and the doubt is of all */
        check_scores(&s, &rng, round % 2, 6, lump ? 2e-2 : 1e-3);
        check_scores(&s, &rng, round % 2, 9, 1e-8);
        hopt_hyperopt_crowd_copy(&s.crowd, &s.mixture);
        check_scores(&s, &rng, round % 2, 1, 1.01e-9);
        clear_scene(&s);
    }
}

Test(glance, every_path_gives_the_same_bits) {
    static scene s;
    double at[CANDIDATES], upper[CANDIDATES], score[CANDIDATES], doubt[CANDIDATES];
    double first[CANDIDATES], cells[CANDIDATES];
    for (int path = 0; hopt_hyperopt_loops_at(path); path++) {
        hopt_numpy rng;
        hopt_numpy_seed(&rng, 8);
        s.crowd.loops = hopt_hyperopt_loops_at(path);
        set_scene(&s, draw_dense, &rng, COUNT);
        for (int i = 0; i < CANDIDATES; i++)
            at[i] = hopt_numpy_uniform(&rng, -5, 5);
        hopt_hyperopt_crowd_scores(&s.crowd, 5, at, CANDIDATES, score, doubt);
        if (path == 0) memcpy(first, score, sizeof first);
        cr_assert_eq(memcmp(first, score, sizeof first), 0, "path %d", path);
        for (int i = 0; i < CANDIDATES; i++)
            upper[i] = at[i] + 0.3;
        hopt_hyperopt_crowd_cells(&s.crowd, 5, at, upper, CANDIDATES, score, doubt);
        if (path == 0) memcpy(cells, score, sizeof cells);
        cr_assert_eq(memcmp(cells, score, sizeof cells), 0, "path %d", path);
        clear_scene(&s);
    }
}
