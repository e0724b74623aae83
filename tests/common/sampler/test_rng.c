#include <criterion/criterion.h>
#include <math.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/sampler/rng.h"
#include "tests/common/sampler/support.h"

Test(rng, reference_values) {
    /* xoshiro256** from the state {1, 2, 3, 4}, by the authors' C code. */
    static const uint64_t expected[] = {11520,
                                        0,
                                        1509978240,
                                        UINT64_C(1215971899390074240),
                                        UINT64_C(1216172134540287360),
                                        UINT64_C(607988272756665600),
                                        UINT64_C(16172922978634559625),
                                        UINT64_C(8476171486693032832),
                                        UINT64_C(10595114339597558777),
                                        UINT64_C(2904607092377533576)};
    hopt_rng rng = {.s = {1, 2, 3, 4}};
    for (size_t i = 0; i < HOPT_COUNT(expected); i++)
        cr_assert_eq(hopt_rng_next(&rng), expected[i], "number %zu", i);
}

Test(rng, seeding_is_splitmix64) {
    hopt_rng rng;
    hopt_rng_seed(&rng, 1234567);
    cr_assert_eq(rng.s[0], UINT64_C(6457827717110365317));
    cr_assert_eq(rng.s[1], UINT64_C(3203168211198807973));
    cr_assert_eq(rng.s[3], hopt_hash_splitmix64(1234567, 3));
}

static double identity(const hopt_dist *dist HOPT_UNUSED, double x) {
    return x;
}

static double standard(const hopt_dist *dist HOPT_UNUSED, double x) {
    return 0.5 * erfc(-x / sqrt(2));
}

static double biased(const hopt_dist *dist HOPT_UNUSED, double x) {
    return 0.5 * erfc(-(x - 0.05) / sqrt(2));
}

Test(rng, uniform_and_normal_fit) {
    enum { N = 20000 };
    double *x = hopt_zalloc(N, sizeof *x);
    hopt_rng rng;
    hopt_rng_seed(&rng, 7);
    for (int i = 0; i < N; i++) {
        x[i] = hopt_rng_uniform(&rng);
        cr_assert(x[i] >= 0 && x[i] < 1);
    }
    cr_assert_lt(ks_statistic(x, N, identity, NULL), 1.95);
    for (int i = 0; i < N; i++)
        x[i] = hopt_rng_normal(&rng);
    cr_assert_lt(ks_statistic(x, N, standard, NULL), 1.95);
    /* The test can fail: a mean that is off by a twentieth shows. */
    cr_assert_gt(ks_statistic(x, N, biased, NULL), 1.95);
    free(x);
}

Test(rng, below_has_no_bias) {
    /* 3 * 2^62: a modulo would give the lower third twice the share of the others. */
    enum { N = 30000 };
    uint64_t n = UINT64_C(3) << 62;
    double observed[3] = {0};
    double expected[3] = {N / 3.0, N / 3.0, N / 3.0};
    hopt_rng rng;
    hopt_rng_seed(&rng, 3);
    for (int i = 0; i < N; i++) {
        uint64_t k = hopt_rng_below(&rng, n);
        cr_assert_lt(k, n);
        observed[k >> 62]++;
    }
    cr_assert_lt(chi_square_deviate(observed, expected, 3), 3.1);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(hopt_rng_below(&rng, 1), 0);
}
