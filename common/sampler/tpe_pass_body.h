/**
 * One pass of tpe_score.c for one vector width. Included once for each instruction set with
 * PASS_NAME, PASS_TARGET and PASS_BYTES (of a vector) set. Every path does the same operations on
 * the same 16 lanes in the same order, so all give the same bits.
 */
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define NAME(x) JOIN(PASS_NAME, x)
#define VEC NAME(_vec)
#define IVEC NAME(_ivec)
#define WIDTH (PASS_BYTES / 4)
#define PARTS (HOPT_TPE_LANES / WIDTH)

typedef float VEC __attribute__((vector_size(PASS_BYTES)));
typedef int32_t IVEC __attribute__((vector_size(PASS_BYTES)));

/** Lanes of a where mask is set, else of b. */
#define SELECT(mask, a, b) ((VEC)(((mask) & (IVEC)(a)) | (~(mask) & (IVEC)(b))))
#define BROADCAST(x) ((x) - (VEC){0})

/** e^x for x <= 0 (clamped at -87): Cephes' expf, elementwise. */
PASS_TARGET static inline __attribute__((always_inline)) void NAME(_exp)(VEC *out, const VEC *in) {
    VEC low = BROADCAST(-87.0F);
    VEC x = SELECT(*in > low, *in, low);
    VEC shifted = x * 1.44269504088896341F + 12582912.0F; /* 1.5 * 2^23: rounds to an integer */
    VEC n = shifted - 12582912.0F;
    VEC r = x - n * 0.693359375F + n * 2.12194440e-4F;
    VEC p = r * 1.9875691500e-4F + 1.3981999507e-3F;
    p = p * r + 8.3334519073e-3F;
    p = p * r + 4.1665795894e-2F;
    p = p * r + 1.6666665459e-1F;
    p = p * r + 5.0000001201e-1F;
    p = p * (r * r) + r + 1.0F;
    IVEC exponent = ((IVEC)shifted - 0x4b400000) << 23;
    *out = (VEC)((IVEC)p + exponent);
}

/** Add one dimension's factor to the exponents of one part of a tile. */
PASS_TARGET static inline __attribute__((always_inline)) void
NAME(_factor)(VEC a[4], const float *tile, const hopt_tpe_factor *factor) {
    VEC v = *(const VEC *)(const void *)(tile + (size_t)factor->first * HOPT_TPE_LANES);
    if (factor->category) {
        for (int j = 0; j < HOPT_TPE_TILE_CANDIDATES; j++) {
            VEC other =
                SELECT(v < 0.0F, BROADCAST(factor->inactive[j]), BROADCAST(factor->miss[j]));
            a[j] += SELECT(v == BROADCAST(factor->u[j]), BROADCAST(factor->match[j]), other);
        }
        return;
    }
    VEC b = *(const VEC *)(const void *)(tile + (size_t)(factor->first + 1) * HOPT_TPE_LANES);
    for (int j = 0; j < HOPT_TPE_TILE_CANDIDATES; j++) {
        VEC t = v * factor->u[j] - b;
        a[j] -= t * t;
    }
    if (factor->constant < 0) return;
    VEC c = *(const VEC *)(const void *)(tile + (size_t)factor->constant * HOPT_TPE_LANES);
    for (int j = 0; j < HOPT_TPE_TILE_CANDIDATES; j++)
        a[j] += c;
}

/** Sum of exp(exponent - greatest) for one candidate; lanes are added up in a fixed tree. */
PASS_TARGET static float NAME(_sum)(const float *exponents, size_t tiles, float greatest) {
    VEC lanes[PARTS] = {{0}};
    for (size_t t = 0; t < tiles; t++)
        for (int part = 0; part < PARTS; part++) {
            const float *at = exponents + t * HOPT_TPE_LANES + (size_t)part * WIDTH;
            VEC x = *(const VEC *)(const void *)at - greatest;
            NAME(_exp)(&x, &x);
            lanes[part] += x;
        }
    float sums[HOPT_TPE_LANES];
    memcpy(sums, lanes, sizeof sums);
    for (int half = HOPT_TPE_LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            sums[i] += sums[i + half];
    return sums[0];
}

PASS_TARGET static void PASS_NAME(float greatest[4], float sum[4], const hopt_tpe_columns *columns,
                                  const hopt_tpe_factor *factors, int n_factors, float *scratch) {
    size_t stride = columns->used * HOPT_TPE_LANES;
    size_t tile_size = (size_t)columns->columns * HOPT_TPE_LANES;
    VEC most[4];
    for (int j = 0; j < 4; j++)
        most[j] = BROADCAST(HOPT_TPE_ABSENT);
    for (size_t t = 0; t < columns->used; t++) {
        for (size_t part = 0; part < HOPT_TPE_LANES; part += WIDTH) {
            const float *tile = columns->tiles_data + t * tile_size + part;
            size_t at = t * HOPT_TPE_LANES + part;
            VEC start = *(const VEC *)(const void *)(columns->base + at);
            VEC a[4] = {start, start, start, start};
            for (int f = 0; f < n_factors; f++)
                NAME(_factor)(a, tile, &factors[f]);
            for (int j = 0; j < 4; j++) {
                *(VEC *)(void *)(scratch + (size_t)j * stride + at) = a[j];
                most[j] = SELECT(a[j] > most[j], a[j], most[j]);
            }
        }
    }
    for (int j = 0; j < 4; j++) {
        greatest[j] = HOPT_TPE_ABSENT;
        for (int i = 0; i < WIDTH; i++)
            if (most[j][i] > greatest[j]) greatest[j] = most[j][i];
        sum[j] = NAME(_sum)(scratch + (size_t)j * stride, columns->used, greatest[j]);
    }
}

#undef JOIN_
#undef JOIN
#undef NAME
#undef VEC
#undef IVEC
#undef WIDTH
#undef PARTS
#undef SELECT
#undef BROADCAST
#undef PASS_NAME
#undef PASS_TARGET
#undef PASS_BYTES
