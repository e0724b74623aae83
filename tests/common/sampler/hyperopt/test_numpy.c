/* numpy's generators against numpy: tests/golden/numpy_known.py prints the table. */
#include <criterion/criterion.h>
#include <string.h>

#include "common/base/attr.h"
#include "common/base/hash.h"
#include "common/sampler/hyperopt/numpy.h"

enum { DRAWS = 20000 };

typedef struct known {
    const char *draw;
    uint64_t seed;
    double first, thousandth;
    uint64_t hash; /* of all the draws' bytes */
} known;

static const known KNOWN[] = {
    // clang-format off
    {"random", UINT64_C(0), 0x1.461fd79fb3850p-1, 0x1.8520ca410bdd0p-2, UINT64_C(0xf25ccfd76b77355a)},
    {"integers", UINT64_C(0), 0x1.0000000000000p+0, 0x1.f2d6239805760p+59, UINT64_C(0x90110a95187effb4)},
    {"normal", UINT64_C(0), 0x1.880bf6c4edc22p+0, 0x1.714827100be38p+0, UINT64_C(0xdc4afab286c0b8a0)},
    {"uniform", UINT64_C(0), 0x1.0c3faf3f670a0p+1, 0x1.48329042f7400p-5, UINT64_C(0xef8ff0ca29000f4f)},
    {"exponential", UINT64_C(0), 0x1.5c2008d61b61ap-1, 0x1.81c84e1ddab19p+0, UINT64_C(0xc8ae7a5fa6c32053)},
    {"binomial", UINT64_C(0), 0x0.0p+0, 0x1.8000000000000p+2, UINT64_C(0x8a3e61dbbed9f875)},
    {"pick", UINT64_C(0), 0x1.0000000000000p+1, 0x1.0000000000000p+1, UINT64_C(0x272724eb16e85fa4)},
    {"geometric", UINT64_C(0), 0x1.e000000000000p+5, 0x1.0000000000000p+0, UINT64_C(0xfe3121bc646dad31)},
    {"mixed", UINT64_C(0), 0x1.a900000000000p+9, 0x1.7f00000000000p+9, UINT64_C(0x676935badf35455f)},
    {"random", UINT64_C(20240229), 0x1.3142f70363ce0p-2, 0x1.af5795080ed00p-1, UINT64_C(0x867f5e52a6f4bf1f)},
    {"integers", UINT64_C(20240229), 0x1.0000000000000p+0, 0x1.7d6c316952338p+61, UINT64_C(0xc838b81945adb918)},
    {"normal", UINT64_C(20240229), 0x1.5dd1bb5176135p+0, 0x1.fb3ccd0a8e67ap+0, UINT64_C(0x43222a3b281a940a)},
    {"uniform", UINT64_C(20240229), -0x1.3af423f270c80p-1, 0x1.deaf2a101da00p+1, UINT64_C(0xf09c25590e77baca)},
    {"exponential", UINT64_C(20240229), 0x1.b854079f5f36cp-2, 0x1.8eef484c72b4dp-2, UINT64_C(0xe291164a3844621d)},
    {"binomial", UINT64_C(20240229), 0x0.0p+0, 0x1.0000000000000p+2, UINT64_C(0xea2ee68fea2b3ea9)},
    {"pick", UINT64_C(20240229), 0x1.0000000000000p+0, 0x1.0000000000000p+1, UINT64_C(0x7db8382bdf2c1684)},
    {"geometric", UINT64_C(20240229), 0x1.3000000000000p+5, 0x1.0000000000000p+0, UINT64_C(0xf7704c84afd47a50)},
    {"mixed", UINT64_C(20240229), 0x1.a780000000000p+9, 0x1.a800000000000p+9, UINT64_C(0x266da61606711a37)},
    {"random", UINT64_C(9223372036854775783), 0x1.b24fab1302667p-1, 0x1.82157215fc060p-1, UINT64_C(0xed61146b16410c81)},
    {"integers", UINT64_C(9223372036854775783), 0x1.0000000000000p+0, 0x1.ad2adcd97ee7fp+61, UINT64_C(0xd861b6778594d260)},
    {"normal", UINT64_C(9223372036854775783), 0x1.d380e94402dacp+0, 0x1.41bacea5d2e19p+0, UINT64_C(0x8b3e8115298af0c7)},
    {"uniform", UINT64_C(9223372036854775783), 0x1.e49f562604ccep+1, 0x1.842ae42bf80c0p+1, UINT64_C(0x1116c3d58b296839)},
    {"exponential", UINT64_C(9223372036854775783), 0x1.68ecc7784c75cp-2, 0x1.9e129126110b9p+0, UINT64_C(0xc7901c8fc819298f)},
    {"binomial", UINT64_C(9223372036854775783), 0x0.0p+0, 0x1.0000000000000p+2, UINT64_C(0x4335a6759cd852d6)},
    {"pick", UINT64_C(9223372036854775783), 0x1.0000000000000p+0, 0x1.8000000000000p+1, UINT64_C(0x6465beaa12d903a7)},
    {"geometric", UINT64_C(9223372036854775783), 0x1.0000000000000p+5, 0x1.8000000000000p+1, UINT64_C(0xc201de0bdd270502)},
    {"mixed", UINT64_C(9223372036854775783), 0x1.f800000000000p+8, 0x1.5480000000000p+9, UINT64_C(0xadab54229427781d)},
    // clang-format on
};

/* A probability that varies with the draw. */
static double p_of(int i, double low) {
    return low + (1 - low) * ((i * 7919 + 13) % 10007) / 10007;
}

static int pick(hopt_numpy *rng, int i) {
    double p[4];
    double sum = 0;
    for (int k = 0; k < 4; k++)
        sum += p[k] = p_of(4 * i + k, 0) + 0.001;
    for (int k = 0; k < 4; k++)
        p[k] /= sum;
    return hopt_numpy_pick(rng, p, 4);
}

static uint64_t integer(hopt_numpy *rng, const char *draw, int i) {
    static const uint64_t n[8] = {2,
                                  3,
                                  INT32_MAX,
                                  UINT64_C(1) << 31,
                                  UINT32_MAX,
                                  UINT64_C(1) << 32,
                                  (UINT64_C(1) << 32) + 1,
                                  (UINT64_C(1) << 62) + 1};
    if (strcmp(draw, "integers") == 0) return hopt_numpy_integers(rng, n[i % 8]);
    if (strcmp(draw, "pick") == 0) return (uint64_t)pick(rng, i);
    if (strcmp(draw, "geometric") == 0) return (uint64_t)hopt_numpy_geometric(rng, p_of(i, 0.01));
    return (uint64_t)hopt_numpy_binomial(rng, 1 + i % 30, p_of(i, 0));
}

static double real(hopt_numpy *rng, const char *draw, int i) {
    if (strcmp(draw, "random") == 0) return hopt_numpy_random(rng);
    if (strcmp(draw, "normal") == 0) return hopt_numpy_normal(rng, 1.5, 0.25);
    if (strcmp(draw, "uniform") == 0) return hopt_numpy_uniform(rng, -3, 5);
    if (strcmp(draw, "exponential") == 0) return hopt_numpy_exponential(rng);
    if (i % 3 == 0) return (double)hopt_numpy_integers(rng, 1000);
    return i % 3 == 1 ? hopt_numpy_random(rng) : hopt_numpy_normal(rng, 0, 1);
}

Test(numpy, every_draw_is_numpys_own) {
    for (size_t k = 0; k < HOPT_COUNT(KNOWN); k++) {
        const known *row = &KNOWN[k];
        bool whole = strchr("ibpg", row->draw[0]) != NULL;
        uint64_t hash = HOPT_FNV_START;
        hopt_numpy rng;
        hopt_numpy_seed(&rng, row->seed);
        for (int i = 0; i < DRAWS; i++) {
            uint64_t bits = whole ? integer(&rng, row->draw, i) : 0;
            double value = whole ? (double)bits : real(&rng, row->draw, i);
            if (!whole) memcpy(&bits, &value, sizeof bits);
            if (i == 0) cr_assert_eq(value, row->first, "%s: %.17g", row->draw, value);
            if (i == 999) cr_assert_eq(value, row->thousandth, "%s: %.17g", row->draw, value);
            hash = hopt_hash_fnv1a(hash, &bits, sizeof bits);
        }
        cr_assert_eq(hash, row->hash, "%s of seed %llu", row->draw, (unsigned long long)row->seed);
    }
}

/* A chain keeps what picks of one p have in common; the numbers, and how many, are the same. */
Test(numpy, a_chain_picks_alike) {
    static const double special[][4] = {{0, 0.5, 0, 0.5},
                                        {1, 0, 0, 0},
                                        {0, 0, 0, 1},
                                        {0.999, 0, 0.001, 0},
                                        {0.25, 0.25, 0.25, 0.25}};
    for (int i = 0; i < 2000; i++) {
        double p[4];
        double sum = 0;
        for (int k = 0; k < 4; k++)
            sum += p[k] = i < 5 ? special[i][k] : p_of(4 * i + k, 0) + 0.001;
        for (int k = 0; k < 4; k++)
            p[k] /= sum;
        hopt_numpy a, b;
        hopt_numpy_seed(&a, (uint64_t)i);
        hopt_numpy_seed(&b, (uint64_t)i);
        hopt_numpy_link links[4];
        hopt_numpy_chain chain = hopt_numpy_chain_of(p, 4, links);
        for (int k = 0; k < 50; k++)
            cr_assert_eq(hopt_numpy_pick(&a, p, 4), hopt_numpy_chain_pick(&b, &chain), "%d", i);
        cr_assert_eq(hopt_numpy_next64(&a), hopt_numpy_next64(&b));
    }
}

/* Of numpy's own test data (SeedSequence(0), NEP 19) and of HYPEROPT.md §3. */
Test(numpy, seeds_of_a_run) {
    uint32_t words[4];
    hopt_numpy_seed_words(words, 4, 0);
    cr_assert_eq(words[0], 2968811710u);
    cr_assert_eq(words[1], 3677149159u);
    cr_assert_eq(words[2], 745650761u);
    cr_assert_eq(words[3], 2884920346u);
    hopt_numpy rng;
    hopt_numpy_seed(&rng, 0);
    const uint64_t seeds[] = {1826701614, 1367864806, 1097657231};
    for (int i = 0; i < 3; i++)
        cr_assert_eq(hopt_numpy_integers(&rng, INT32_MAX), seeds[i]);
    cr_assert_eq(hopt_numpy_integers(&rng, 1), 0);
}
