/* What `tpe` does as a whole: start-up, determinism, optimization, degenerate input. */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/base/hash.h"
#include "tests/common/sampler/support.h"

static const char *const EVERY_KIND =
    "{'choice':{'_type':'choice','_value':["
    "{'_name':'a','u':{'_type':'uniform','_value':[-5,5]},"
    "'qu':{'_type':'quniform','_value':[0,10,3]},'ui':{'_type':'uniformint','_value':[1,9]}},"
    "{'_name':'b','lu':{'_type':'loguniform','_value':[1e-5,1]},"
    "'ql':{'_type':'qloguniform','_value':[1,1000,7]},'n':{'_type':'normal','_value':[3,2]}},"
    "{'_name':'c','ln':{'_type':'lognormal','_value':[0,1]},"
    "'qn':{'_type':'qnormal','_value':[0,4,0.5]},'qln':{'_type':'qlognormal','_value':[1,1,1]}}]},"
    "'pc':{'_type':'pchoice','_value':[[0.3,'x'],[0.7,'y']]},"
    "'ri':{'_type':'randint','_value':[-3,40]}}";

enum { EVERY = 12 };

static double bowl(const double *point, int size) {
    double sum = 0;
    for (int i = 0; i < size; i++)
        sum += isnan(point[i]) ? 0 : fabs(tanh(point[i] / 3) - 0.3);
    return sum;
}

typedef double objective(const double *point, int size);

/** Ask and tell `n` trials, `ahead` of them pending. @return the best loss. `points` may be NULL.
 */
static double optimize(const char *text, const char *options, int n, int ahead, uint64_t seed,
                       objective *f, double *points) {
    hopt_space *space = space_of(text);
    hopt_sampler *sampler = open_sampler("tpe", space, options, seed);
    int size = hopt_space_size(space);
    double *own = hopt_zalloc((size_t)n * (size_t)size, sizeof *own);
    double best = INFINITY;
    for (int i = 0; i < n + ahead; i++) {
        if (i < n) {
            ask(sampler, space, seed, i, own + (size_t)i * size);
            hopt_sampler_pend(sampler, i, own + (size_t)i * size);
        }
        if (i < ahead) continue;
        const double *point = own + (size_t)(i - ahead) * size;
        tell(sampler, i - ahead, point, f(point, size));
        best = fmin(best, f(point, size));
    }
    if (points) memcpy(points, own, (size_t)n * (size_t)size * sizeof *own);
    free(own);
    hopt_sampler_close(sampler);
    hopt_space_free(space);
    return best;
}

Test(tpe, same_seed_same_bytes_other_seed_others) {
    enum { N = 140 };
    double *a = hopt_zalloc(N * EVERY, sizeof *a);
    double *b = hopt_zalloc(N * EVERY, sizeof *b);
    optimize(EVERY_KIND, NULL, N, 3, 42, bowl, a);
    optimize(EVERY_KIND, NULL, N, 3, 42, bowl, b);
    cr_assert_eq(memcmp(a, b, N * EVERY * sizeof *a), 0);
    optimize(EVERY_KIND, NULL, N, 3, 43, bowl, b);
    cr_assert_neq(memcmp(a, b, N * EVERY * sizeof *a), 0);
    free(a);
    free(b);
}

Test(tpe, only_the_set_of_trials_counts) {
    /* One sampler sees everything happen in turn and is asked all the time; the other gets the end
     * of it backwards, as a master that starts anew might. */
    enum { N = 230, AHEAD = 6 };
    hopt_space *space = space_of(EVERY_KIND);
    hopt_sampler *lived = open_sampler("tpe", space, NULL, 4);
    double *points = hopt_zalloc((N + 1) * EVERY, sizeof *points);
    for (int i = 0; i < N; i++) {
        ask(lived, space, 4, i, points + i * EVERY);
        hopt_sampler_pend(lived, i, points + i * EVERY);
        if (i < AHEAD) continue;
        const double *point = points + (i - AHEAD) * EVERY;
        hopt_outcome outcome = i % 10 == 3 ? HOPT_OUTCOME_FAILED : HOPT_OUTCOME_OK;
        tell_outcome(lived, i - AHEAD, point, outcome, bowl(point, EVERY), 0);
    }
    hopt_sampler *restarted = open_sampler("tpe", space, NULL, 4);
    for (int i = N - 1; i >= 0; i--) {
        const double *point = points + i * EVERY;
        if (i + AHEAD < N) {
            bool failed = (i + AHEAD) % 10 == 3;
            tell_outcome(restarted, i, point, failed ? HOPT_OUTCOME_FAILED : HOPT_OUTCOME_OK,
                         bowl(point, EVERY), 0);
        } else {
            hopt_sampler_pend(restarted, i, point);
        }
    }
    for (int num = N; num < N + 60; num++) {
        double a[EVERY];
        double b[EVERY];
        ask(lived, space, 4, num, a);
        ask(restarted, space, 4, num, b);
        cr_assert_eq(memcmp(a, b, sizeof a), 0, "trial %d", num);
    }
    free(points);
    hopt_sampler_close(lived);
    hopt_sampler_close(restarted);
    hopt_space_free(space);
}

Test(tpe, start_up_covers_every_stratum) {
    double points[10 * 2];
    optimize(
        "{'a':{'_type':'uniform','_value':[0,10]},'b':{'_type':'loguniform','_value':[1,1e10]}}",
        NULL, 10, 0, 6, bowl, points);
    unsigned seen[2] = {0};
    for (int i = 0; i < 10; i++) {
        seen[0] |= 1U << (int)points[2 * i];
        seen[1] |= 1U << (int)log10(points[2 * i + 1]);
    }
    cr_assert_eq(seen[0], 1023U);
    cr_assert_eq(seen[1], 1023U);
}

static double quadratic(const double *point, int size) {
    double sum = 0;
    for (int i = 0; i < size; i++)
        sum += (point[i] - 0.7) * (point[i] - 0.7);
    return sum;
}

Test(tpe, beats_random_by_far) {
    static const char *const text = "{'a':{'_type':'uniform','_value':[-5,5]},"
                                    "'b':{'_type':'uniform','_value':[-5,5]},"
                                    "'c':{'_type':'uniform','_value':[-5,5]}}";
    double tpe = 0;
    double random = 0;
    for (uint64_t seed = 0; seed < 8; seed++) {
        tpe += log10(optimize(text, NULL, 100, 0, seed, quadratic, NULL)) / 8;
        double best = INFINITY;
        hopt_space *space = space_of(text);
        for (uint64_t i = 0; i < 100; i++) {
            double point[3];
            hopt_space_draw(space, hopt_hash_splitmix64(seed, i), point);
            best = fmin(best, quadratic(point, 3));
        }
        random += log10(best) / 8;
        hopt_space_free(space);
    }
    cr_assert_lt(tpe, -2.2, "mean log10 %g", tpe); /* measured: about -3 */
    cr_assert_gt(random, -0.8, "mean log10 %g", random);
}

static double equal(const double *point HOPT_UNUSED, int size HOPT_UNUSED) {
    return 0;
}

static double huge(const double *point, int size) {
    return 1e300 * bowl(point, size);
}

static double tiny(const double *point, int size) {
    return 1e-300 * bowl(point, size);
}

static double largest(const double *point, int size) {
    return (bowl(point, size) > 1 ? 1 : -1) * DBL_MAX;
}

/* Side by side: the first decimal of the smaller ones is lost beside the others. */
static double huge_and_tiny(const double *point, int size) {
    double x = bowl(point, size);
    return x > 1 ? 1e300 * x : x > 0.5 ? 1e-300 * x : -1e-300 * x;
}

Test(tpe, degenerate_losses) {
    static objective *const objectives[] = {equal, huge, tiny, largest, huge_and_tiny};
    for (size_t k = 0; k < HOPT_COUNT(objectives); k++)
        for (int ahead = 0; ahead < 30; ahead += 29)
            optimize(EVERY_KIND, NULL, 130, ahead, k, objectives[k], NULL);
}

Test(tpe, degenerate_histories) {
    hopt_space *space = space_of(EVERY_KIND);
    double point[EVERY];
    for (int k = 0; k < 7; k++) {
        hopt_sampler *sampler = open_sampler("tpe", space, NULL, 1);
        hopt_space_draw(space, 3, point);
        if (k == 0) tell(sampler, 0, point, 1); /* a single trial */
        for (int i = 0; k == 1 && i < 150; i++) /* all failed */
            tell_outcome(sampler, i, point, HOPT_OUTCOME_FAILED, NAN, 0);
        for (int i = 0; k == 2 && i < 1000; i++) /* a thousand times the same point */
            tell(sampler, i, point, i);
        for (int i = 0; k == 3 && i < 150; i++) /* all pruned */
            tell_outcome(sampler, i, point, HOPT_OUTCOME_PRUNED, i, i % 7);
        for (int i = 0; k == 4 && i < 1000; i++) /* with the same loss, too */
            tell(sampler, i, point, 1e-300);
        for (int i = 0; k == 5 && i < 150; i++) /* all failed but one */
            tell_outcome(sampler, i, point, i == 77 ? HOPT_OUTCOME_OK : HOPT_OUTCOME_FAILED,
                         i == 77 ? 1 : (double)NAN, 0);
        for (int i = 0; k == 6 && i < 1000; i++) /* the same point pending */
            hopt_sampler_pend(sampler, i, point);
        double asked[EVERY];
        for (int i = 2000; i < 2100; i++) {
            ask(sampler, space, 1, i, asked);
            if (i % 2) tell(sampler, i, asked, 1);
        }
        hopt_sampler_close(sampler);
    }
    hopt_space_free(space);
}

Test(tpe, degenerate_ranges) {
    static const char *const spaces[] = {
        "{'a':{'_type':'uniform','_value':[1,1.0000000000000002]}}",
        "{'a':{'_type':'loguniform','_value':[1,1.0000000000000002]}}",
        "{'a':{'_type':'uniform','_value':[1e300,1.0000000000000002e300]}}",
        ("{'a':{'_type':'uniform','_value':[-1.0000000000000002,-1]},"
         "'b':{'_type':'uniform','_value':[0,1]}}"),
        "{'a':{'_type':'normal','_value':[1,2.3e-16]}}",
        "{'a':{'_type':'uniform','_value':[-8e307,8e307]}}",
        "{'a':{'_type':'uniform','_value':[0,5e-324]}}",
        "{'a':{'_type':'loguniform','_value':[1e-308,1e308]}}",
        "{'a':{'_type':'normal','_value':[1e307,1e305]}}",
        "{'a':{'_type':'normal','_value':[0,1e-300]}}",
        "{'a':{'_type':'qnormal','_value':[0,1e200,1e-3]}}",
        "{'a':{'_type':'qlognormal','_value':[0,15,0.5]}}",
        "{'a':{'_type':'randint','_value':[0,9007199254740992]}}",
        "{'a':{'_type':'quniform','_value':[0,1e15,0.3]}}",
        "{'a':{'_type':'qloguniform','_value':[1e-9,1e9,1e-6]}}",
    };
    for (size_t k = 0; k < HOPT_COUNT(spaces); k++)
        optimize(spaces[k], NULL, 120, 0, k, bowl, NULL);
}

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

Test(tpe, a_thousand_parameters_and_five_hundred_options) {
    hopt_buf text = HOPT_BUF_INIT;
    for (int i = 0; i < 999; i++)
        hopt_buf_print(&text, "%s'p%d':{'_type':'uniform','_value':[0,1]}", i ? "," : "{", i);
    hopt_buf_text(&text, ",'c':{'_type':'choice','_value':[");
    for (int i = 0; i < 500; i++)
        hopt_buf_print(&text, "%s%d", i ? "," : "", i);
    hopt_buf_text(&text, "]}}");
    double start = seconds();
    optimize(hopt_buf_string(&text), NULL, 110, 0, 1, bowl, NULL);
    cr_assert_lt(seconds() - start, 60); /* with sanitizers; a slow-down out of proportion shows */
    hopt_buf_clear(&text);
}

static double last_is_best(const double *point, int size) {
    return point[size - 1] == 137 ? 0 : 1 + fabs(point[0] - 0.5);
}

Test(tpe, five_hundred_options_beside_a_real) {
    hopt_buf text = HOPT_BUF_INIT;
    hopt_buf_text(&text,
                  "{'a':{'_type':'uniform','_value':[0,1]},'c':{'_type':'choice','_value':[");
    for (int i = 0; i < 500; i++)
        hopt_buf_print(&text, "%s%d", i ? "," : "", i);
    hopt_buf_text(&text, "]}}");
    optimize(hopt_buf_string(&text), NULL, 150, 0, 2, last_is_best, NULL);
    hopt_buf_clear(&text);
}

static double deep_loss(const double *point, int size HOPT_UNUSED) {
    /* The second branch is better, though the first is easier. */
    return point[0] == 0 ? 0.2 + fabs(point[1] - 0.5) : fabs(point[2] - 0.1);
}

Test(tpe, every_branch_gets_its_minimum) {
    static const char *const text = "{'m':{'_type':'choice','_value':["
                                    "{'_name':'a','x':{'_type':'uniform','_value':[0,1]}},"
                                    "{'_name':'b','y':{'_type':'uniform','_value':[0,1]}}]}}";
    enum { N = 300 };
    double *points = hopt_zalloc(N * 3, sizeof *points);
    for (uint64_t seed = 0; seed < 5; seed++) {
        double best = optimize(text, NULL, N, 0, seed, deep_loss, points);
        cr_assert_lt(best, 0.01);
        int visits[2] = {0};
        for (int i = 0; i < N; i++)
            visits[(int)points[3 * i]]++;
        /* min(2 sqrt N, .5 N/C) at N = 300: 34 of each. */
        cr_assert(visits[0] >= 33 && visits[1] >= 33, "%d %d", visits[0], visits[1]);
    }
    free(points);
}

Test(tpe, many_trials_are_thinned_and_still_work) {
    enum { N = 4500 };
    hopt_space *space = space_of(EVERY_KIND);
    hopt_sampler *sampler = open_sampler("tpe", space, NULL, 9);
    double point[EVERY];
    for (int i = 0; i < N; i++) {
        hopt_space_draw(space, (uint64_t)i, point);
        tell(sampler, i, point, bowl(point, EVERY));
    }
    for (int i = N; i < N + 50; i++) {
        ask(sampler, space, 9, i, point);
        tell(sampler, i, point, bowl(point, EVERY));
    }
    hopt_sampler_close(sampler);
    hopt_space_free(space);
}
