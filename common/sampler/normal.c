/**
 * exp and log after the algorithms of fdlibm (Sun Microsystems 1993, e_exp.c and e_log.c); Phi
 * after W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23
 * (1969) 631-637, in the normal-integral form of his ANORM; its inverse is algorithm AS 241,
 * PPND16 (M. J. Wichura, Applied Statistics 37 (1988) 477-484).
 */
#include "common/sampler/normal.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "common/base/attr.h"

static const double LN2_HIGH = 6.93147180369123816490e-01;
static const double LN2_LOW = 1.90821492927058770002e-10;

/** 2^k for -1022 <= k <= 1023. */
static double power_of_two(int k) {
    uint64_t bits = (uint64_t)(k + 1023) << 52;
    double result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

double hopt_math_exp(double x) {
    if (isnan(x)) return x;
    if (x > 709.782712893383973096) return INFINITY;
    if (x < -745.13321910194110842) return 0;
    double k = rint(x * 1.44269504088896338700);
    double high = x - k * LN2_HIGH;
    double low = k * LN2_LOW;
    double r = high - low;
    double t = r * r;
    double c =
        r - t * (1.66666666666666019037e-01 +
                 t * (-2.77777777770155933842e-03 +
                      t * (6.61375632143793436117e-05 +
                           t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08))));
    double y = 1 - ((low - (r * c) / (2 - c)) - high);
    int n = (int)k;
    if (n > 1023) return y * 2 * power_of_two(n - 1);
    if (n < -1022) return y * power_of_two(n + 100) * power_of_two(-100);
    return y * power_of_two(n);
}

double hopt_math_log(double x) {
    if (isnan(x) || x < 0) return NAN;
    if (x == 0) return -INFINITY;
    if (isinf(x)) return x;
    int k = 0;
    if (x < 0x1p-1022) {
        x *= 0x1p54;
        k = -54;
    }
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    /* Split x = 2^k m with m in [sqrt(1/2), sqrt(2)). */
    uint64_t mantissa = bits & UINT64_C(0xfffffffffffff);
    k += (int)(bits >> 52) - 1023;
    uint64_t exponent = 1023;
    if (mantissa >= UINT64_C(0x6a09e667f3bcd)) {
        exponent--;
        k++;
    }
    bits = mantissa | exponent << 52;
    double m;
    memcpy(&m, &bits, sizeof m);
    double f = m - 1;
    double s = f / (2 + f);
    double z = s * s;
    double r =
        z * (6.666666666666735130e-01 +
             z * (3.999999999940941908e-01 +
                  z * (2.857142874366239149e-01 +
                       z * (2.222219843214978396e-01 +
                            z * (1.818357216161805012e-01 +
                                 z * (1.531383769920937332e-01 + z * 1.479819860511658591e-01))))));
    double half = 0.5 * f * f;
    return k * LN2_HIGH - ((half - (s * (half + r) + k * LN2_LOW)) - f);
}

/** p(x)/q(x), coefficients from the highest power down; q has the leading 1 left out if `monic`. */
static double ratio(double x, const double *p, int np, const double *q, int nq) {
    double top = p[0];
    double bottom = q[0];
    for (int i = 1; i < np; i++)
        top = top * x + p[i];
    for (int i = 1; i < nq; i++)
        bottom = bottom * x + q[i];
    return top / bottom;
}

/** exp(-y*y/2) without the rounding error of y*y: y is split at 1/16 (Cody). */
static double half_square_exp(double y) {
    double high = trunc(y * 16) / 16;
    double rest = (y - high) * (y + high);
    return hopt_math_exp(-high * high * 0.5) * hopt_math_exp(-rest * 0.5);
}

/** The upper tail 1 - Phi(y) for y > 0.67448975. */
static double upper_tail(double y) {
    static const double C[] = {
        1.0765576773720192317e-8, 3.9894151208813466764e-1, 8.8831497943883759412e+0,
        9.3506656132177855979e+1, 5.9727027639480026226e+2, 2.4945375852903726711e+3,
        6.8481904505362823326e+3, 1.1602651437647350124e+4, 9.8427148383839780218e+3};
    static const double D[] = {1,
                               2.2266688044328115691e+1,
                               2.3538790178262499861e+2,
                               1.5193775994075548050e+3,
                               6.4855582982667607550e+3,
                               1.8615571640885098091e+4,
                               3.4900952721145977266e+4,
                               3.8912003286093271411e+4,
                               1.9685429676859990727e+4};
    static const double P[] = {2.307344176494017303e-2, 2.1589853405795699e-1,
                               1.274011611602473639e-1, 2.2235277870649807e-2,
                               1.421619193227893466e-3, 2.9112874951168792e-5};
    static const double Q[] = {1,
                               1.28426009614491121e+0,
                               4.68238212480865118e-1,
                               6.59881378689285515e-2,
                               3.78239633202758244e-3,
                               7.29751555083966205e-5};
    static const double ONE_OVER_SQRT_2PI = 3.9894228040143267794e-1;
    if (y > 38.6) return 0;
    if (y <= 5.656854248) /* sqrt(32) */
        return half_square_exp(y) * ratio(y, C, HOPT_COUNT(C), D, HOPT_COUNT(D));
    double z = 1 / (y * y);
    double tail = z * ratio(z, P, HOPT_COUNT(P), Q, HOPT_COUNT(Q));
    return half_square_exp(y) * (ONE_OVER_SQRT_2PI - tail) / y;
}

double hopt_normal_cdf(double x) {
    static const double A[] = {6.5682337918207449113e-2, 2.2352520354606839287e+0,
                               1.6102823106855587881e+2, 1.0676894854603709582e+3,
                               1.8154981253343561249e+4};
    static const double B[] = {1, 4.7202581904688241870e+1, 9.7609855173777669322e+2,
                               1.0260932208618978205e+4, 4.5507789335026729956e+4};
    if (isnan(x)) return x;
    double y = fabs(x);
    if (y <= 0.67448975) return 0.5 + x * ratio(x * x, A, HOPT_COUNT(A), B, HOPT_COUNT(B));
    return x < 0 ? upper_tail(y) : 1 - upper_tail(y);
}

double hopt_normal_quantile(double p) {
    static const double A[] = {2.5090809287301226727e+3, 3.3430575583588128105e+4,
                               6.7265770927008700853e+4, 4.5921953931549871457e+4,
                               1.3731693765509461125e+4, 1.9715909503065514427e+3,
                               1.3314166789178437745e+2, 3.3871328727963666080e+0};
    static const double B[] = {5.2264952788528545610e+3, 2.8729085735721942674e+4,
                               3.9307895800092710610e+4, 2.1213794301586595867e+4,
                               5.3941960214247511077e+3, 6.8718700749205790830e+2,
                               4.2313330701600911252e+1, 1};
    static const double C[] = {7.74545014278341407640e-4, 2.27238449892691845833e-2,
                               2.41780725177450611770e-1, 1.27045825245236838258e+0,
                               3.64784832476320460504e+0, 5.76949722146069140550e+0,
                               4.63033784615654529590e+0, 1.42343711074968357734e+0};
    static const double D[] = {1.05075007164441684324e-9, 5.47593808499534494600e-4,
                               1.51986665636164571966e-2, 1.48103976427480074590e-1,
                               6.89767334985100004550e-1, 1.67638483018380384940e+0,
                               2.05319162663775882187e+0, 1};
    static const double E[] = {2.01033439929228813265e-7, 2.71155556874348757815e-5,
                               1.24266094738807843860e-3, 2.65321895265761230930e-2,
                               2.96560571828504891230e-1, 1.78482653991729133580e+0,
                               5.46378491116411436990e+0, 6.65790464350110377720e+0};
    static const double F[] = {2.04426310338993978564e-15, 1.42151175831644588870e-7,
                               1.84631831751005468180e-5,  7.86869131145613259100e-4,
                               1.48753612908506148525e-2,  1.36929880922735805310e-1,
                               5.99832206555887937690e-1,  1};
    double q = p - 0.5;
    if (fabs(q) <= 0.425) return q * ratio(0.180625 - q * q, A, 8, B, 8);
    double r = sqrt(-hopt_math_log(q < 0 ? p : 1 - p));
    double x = r <= 5 ? ratio(r - 1.6, C, 8, D, 8) : ratio(r - 5, E, 8, F, 8);
    return q < 0 ? -x : x;
}
