/**
 * The loops of gp_vector.h for one vector width; included once for each instruction set with
 * OPS_NAME, OPS_TARGET and OPS_BYTES (of a vector) set.
 */
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define NAME(x) JOIN(OPS_NAME, x)
#define VEC NAME(_vec)
#define IVEC NAME(_ivec)
#define WIDTH (OPS_BYTES / 8)

typedef double VEC __attribute__((vector_size(OPS_BYTES), aligned(8)));
typedef int64_t IVEC __attribute__((vector_size(OPS_BYTES), aligned(8)));

#define LOAD(p) (*(const VEC *)(const void *)(p))
#define STORE(p) (*(VEC *)(void *)(p))

OPS_TARGET static void NAME(_subtract)(double *y, double a, const double *x, size_t n) {
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH)
        STORE(y + i) = LOAD(y + i) - LOAD(x + i) * a;
    for (; i < n; i++)
        y[i] = y[i] - x[i] * a;
}

OPS_TARGET static void NAME(_add)(double *y, double a, const double *x, size_t n) {
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH)
        STORE(y + i) = LOAD(y + i) + LOAD(x + i) * a;
    for (; i < n; i++)
        y[i] = y[i] + x[i] * a;
}

OPS_TARGET static void NAME(_add_square)(double *y, double a, const double *x, double c, size_t n) {
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        VEC d = LOAD(x + i) - c;
        STORE(y + i) = LOAD(y + i) + d * d * a;
    }
    for (; i < n; i++) {
        double d = x[i] - c;
        y[i] = y[i] + d * d * a;
    }
}

OPS_TARGET static void NAME(_add_differs)(double *y, double a, const double *x, double c,
                                          size_t n) {
    for (size_t i = 0; i < n; i++)
        y[i] += x[i] != c ? a : 0;
}

OPS_TARGET static void NAME(_weigh_square)(double *sum, const double *g, const double *x, double c,
                                           size_t n) {
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        VEC d = LOAD(x + i) - c;
        STORE(sum + i) = LOAD(sum + i) + LOAD(g + i) * (d * d);
    }
    for (; i < n; i++) {
        double d = x[i] - c;
        sum[i] = sum[i] + g[i] * (d * d);
    }
}

OPS_TARGET static void NAME(_weigh_differs)(double *sum, const double *g, const double *x, double c,
                                            size_t n) {
    for (size_t i = 0; i < n; i++)
        sum[i] += x[i] != c ? g[i] : 0;
}

OPS_TARGET static void NAME(_add_squares)(double *y, const double *x, size_t n) {
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH)
        STORE(y + i) = LOAD(y + i) + LOAD(x + i) * LOAD(x + i);
    for (; i < n; i++)
        y[i] = y[i] + x[i] * x[i];
}

/** e^x for -708 <= x <= 0 (clamped): reduction by ln 2 in two parts, then fdlibm's rational form.
 */
OPS_TARGET static inline __attribute__((always_inline)) void NAME(_exp)(VEC *out, const VEC *in) {
    VEC low = (VEC){0} - 708.0;
    IVEC below = *in < low;
    VEC x = (VEC)((below & (IVEC)low) | (~below & (IVEC)*in));
    VEC shifted = x * 1.44269504088896338700 + 0x1.8p52; /* rounds to an integer */
    VEC k = shifted - 0x1.8p52;
    VEC high = x - k * 6.93147180369123816490e-01;
    VEC rest = k * 1.90821492927058770002e-10;
    VEC r = high - rest, t = r * r;
    VEC c = t * 4.13813679705723846039e-08 - 1.65339022054652515390e-06;
    c = t * c + 6.61375632143793436117e-05;
    c = t * c - 2.77777777770155933842e-03;
    c = t * c + 1.66666666666666019037e-01;
    c = r - t * c;
    VEC y = 1.0 - ((rest - (r * c) / (2.0 - c)) - high);
    IVEC exponent = ((IVEC)shifted - INT64_C(0x4338000000000000)) << 52;
    *out = (VEC)((IVEC)y + exponent);
}

OPS_TARGET static inline __attribute__((always_inline)) void
NAME(_matern_one)(double *k, double *dk, const double *r2) {
    VEC t = LOAD(r2) * 5.0, e;
    for (int j = 0; j < WIDTH; j++)
        t[j] = __builtin_sqrt(t[j]);
    VEC minus = -t;
    NAME(_exp)(&e, &minus);
    VEC one = t + 1.0;
    STORE(k) = (one + t * t * (1.0 / 3.0)) * e;
    if (dk) STORE(dk) = one * e * (-5.0 / 6.0);
}

OPS_TARGET static void NAME(_matern)(double *k, double *dk, const double *r2, size_t n) {
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH)
        NAME(_matern_one)(k + i, dk ? dk + i : NULL, r2 + i);
    if (i == n) return;
    double in[WIDTH] = {0}, out[WIDTH], slope[WIDTH];
    memcpy(in, r2 + i, (n - i) * sizeof *in);
    NAME(_matern_one)(out, slope, in);
    memcpy(k + i, out, (n - i) * sizeof *out);
    if (dk) memcpy(dk + i, slope, (n - i) * sizeof *slope);
}

static const hopt_gp_ops NAME(_ops) = {
    .subtract = NAME(_subtract),
    .add = NAME(_add),
    .add_square = NAME(_add_square),
    .add_differs = NAME(_add_differs),
    .weigh_square = NAME(_weigh_square),
    .weigh_differs = NAME(_weigh_differs),
    .add_squares = NAME(_add_squares),
    .matern = NAME(_matern),
};

#undef JOIN_
#undef JOIN
#undef NAME
#undef VEC
#undef IVEC
#undef WIDTH
#undef LOAD
#undef STORE
#undef OPS_NAME
#undef OPS_TARGET
#undef OPS_BYTES
