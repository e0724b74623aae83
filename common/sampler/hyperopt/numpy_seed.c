/** numpy's SeedSequence (O'Neill's seed_seq_fe of four words) and the start of PCG64. */
#include "common/sampler/hyperopt/numpy_internal.h"

enum { POOL = 4 };

static uint32_t hash_in(uint32_t value, uint32_t *constant) {
    value ^= *constant;
    *constant *= 0x931e8875u;
    value *= *constant;
    return value ^ value >> 16;
}

static uint32_t mix(uint32_t x, uint32_t y) {
    uint32_t mixed = 0xca01f9ddu * x - 0x4973f715u * y;
    return mixed ^ mixed >> 16;
}

static void fill_pool(uint32_t pool[POOL], uint64_t seed) {
    uint32_t constant = 0x43b0d7e5u;
    for (int i = 0; i < POOL; i++)
        pool[i] = hash_in(i < 2 ? (uint32_t)(seed >> (32 * i)) : 0, &constant);
    for (int from = 0; from < POOL; from++)
        for (int to = 0; to < POOL; to++)
            if (from != to) pool[to] = mix(pool[to], hash_in(pool[from], &constant));
}

void hopt_numpy_seed_words(uint32_t *words, int count, uint64_t seed) {
    uint32_t pool[POOL];
    fill_pool(pool, seed);
    uint32_t constant = 0x8b51f9ddu;
    for (int i = 0; i < count; i++) {
        uint32_t word = pool[i % POOL] ^ constant;
        constant *= 0x58f38dedu;
        word *= constant;
        words[i] = word ^ word >> 16;
    }
}

/* Four 64-bit words, each low half first: the state's high and low, the stream's high and low. */
static hopt_uint128 wide(const uint32_t *words) {
    hopt_uint128 high = (hopt_uint128)words[1] << 32 | words[0];
    return high << 64 | ((uint64_t)words[3] << 32 | words[2]);
}

void hopt_numpy_seed(hopt_numpy *rng, uint64_t seed) {
    uint32_t words[8];
    hopt_numpy_seed_words(words, 8, seed);
    *rng = (hopt_numpy){.increment = wide(words + 4) << 1 | 1};
    hopt_numpy_next64(rng);
    rng->state += wide(words);
    hopt_numpy_next64(rng);
}
