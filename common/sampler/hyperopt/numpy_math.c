#include "common/sampler/hyperopt/numpy_math.h"

#include <math.h>

/** Runs of this length are summed in eight lanes, longer ones halved. */
enum { RUN = 128, LANES = 8 };

double hopt_numpy_sum(const double *x, size_t count) {
    if (count > RUN) {
        size_t half = count / 2;
        half -= half % LANES;
        return hopt_numpy_sum(x, half) + hopt_numpy_sum(x + half, count - half);
    }
    double sum = 0;
    size_t i = 0;
    if (count >= LANES) {
        double lane[LANES];
        for (; i < LANES; i++)
            lane[i] = x[i];
        for (; i < count - count % LANES; i += LANES)
            for (size_t k = 0; k < LANES; k++)
                lane[k] += x[i + k];
        sum = ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
              ((lane[4] + lane[5]) + (lane[6] + lane[7]));
    }
    for (; i < count; i++)
        sum += x[i];
    return sum;
}

/* Horner's scheme from the highest coefficient; `value` starts as that, or 1 before it. */
static double horner(double value, double x, const double *coefficients, int count) {
    for (int i = 0; i < count; i++)
        value = value * x + coefficients[i];
    return value;
}

/* 1 - erf(x) for x >= 1. */
static double erfc_above(double x) {
    static const double P[9] = {
        2.46196981473530512524E-10, 5.64189564831068821977E-1, 7.46321056442269912687E0,
        4.86371970985681366614E1,   1.96520832956077098242E2,  5.26445194995477358631E2,
        9.34528527171957607540E2,   1.02755188689515710272E3,  5.57535335369399327526E2};
    static const double Q[8] = {1.32281951154744992508E1, 8.67072140885989742329E1,
                                3.54937778887819891062E2, 9.75708501743205489753E2,
                                1.82390916687909736289E3, 2.24633760818710981792E3,
                                1.65666309194161350182E3, 5.57535340817727675546E2};
    static const double R[6] = {5.64189583547755073984E-1, 1.27536670759978104416E0,
                                5.01905042251180477414E0,  6.16021097993053585195E0,
                                7.40974269950448939160E0,  2.97886665372100240670E0};
    static const double S[6] = {2.26052863220117276590E0, 9.39603524938001434673E0,
                                1.20489539808096656605E1, 1.70814450747565897222E1,
                                9.60896809063285878198E0, 3.36907645100081516050E0};
    double density = -x * x;
    if (density < -7.09782712893383996843E2) return 0;
    density = exp(density);
    if (x < 8) return density * horner(P[0], x, P + 1, 8) / horner(1, x, Q, 8);
    return density * horner(R[0], x, R + 1, 5) / horner(1, x, S, 6);
}

double hopt_numpy_erf(double x) {
    static const double T[5] = {9.60497373987051638749E0, 9.00260197203842689217E1,
                                2.23200534594684319226E3, 7.00332514112805075473E3,
                                5.55923013010394962768E4};
    static const double U[5] = {3.35617141647503099647E1, 5.21357949780152679795E2,
                                4.59432382970980127987E3, 2.26290000613890934246E4,
                                4.92673942608635921086E4};
    double size = fabs(x);
    if (isnan(x)) return x;
    if (size > 1) return copysign(1 - erfc_above(size), x);
    double square = x * x;
    return x * horner(T[0], square, T + 1, 4) / horner(1, square, U, 5);
}

double hopt_numpy_clip(double x, double low, double high) {
    double raised = x > low ? x : low;
    return raised < high ? raised : high;
}

double hopt_numpy_linspace(double low, double high, int count, int i) {
    if (count == 1) return low;
    return i == count - 1 ? high : i * ((high - low) / (count - 1)) + low;
}
