#include <criterion/criterion.h>
#include <math.h>

#include "common/sampler/normal.h"

Test(normal, exp_and_log_agree_with_libm) {
    for (double x = -700; x < 700; x += 0.0137)
        cr_assert_lt(fabs(hopt_math_exp(x) / exp(x) - 1), 3e-16, "exp(%g)", x);
    for (double x = 1e-300; x < 1e300; x *= 1.0137)
        cr_assert_lt(fabs(hopt_math_log(x) - log(x)), 3e-16 * fabs(log(x)) + 1e-18, "log(%g)", x);
    cr_assert_eq(hopt_math_exp(-800), 0);
    cr_assert(isinf(hopt_math_exp(800)));
    cr_assert_eq(hopt_math_exp(0), 1);
    cr_assert_eq(hopt_math_exp(-744), exp(-744)); /* denormal */
    cr_assert_eq(hopt_math_log(1), 0);
    cr_assert(isinf(hopt_math_log(0)));
    cr_assert(isnan(hopt_math_log(-1)));
    cr_assert_float_eq(hopt_math_log(5e-324), log(5e-324), 1e-12);
}

Test(normal, cdf_agrees_with_erfc) {
    /* Far out the error of the argument of erfc itself is x^2 times the rounding error. */
    for (double x = -37; x < 9; x += 0.00137) {
        double expected = 0.5 * erfc(-x / sqrt(2));
        cr_assert_lt(fabs(hopt_normal_cdf(x) / expected - 1), 4e-16 * (2 + x * x), "Phi(%g)", x);
    }
    cr_assert_eq(hopt_normal_cdf(0), 0.5);
    cr_assert_eq(hopt_normal_cdf(-50), 0);
    cr_assert_eq(hopt_normal_cdf(50), 1);
}

Test(normal, quantile_inverts) {
    /* Published values of AS 241. */
    cr_assert_float_eq(hopt_normal_quantile(0.25), -0.6744897501960817, 1e-15);
    cr_assert_float_eq(hopt_normal_quantile(0.001), -3.090232306167814, 1e-14);
    cr_assert_float_eq(hopt_normal_quantile(1e-20), -9.262340089798408, 1e-14);
    for (double x = -37; x < 4; x += 0.0137)
        cr_assert_float_eq(hopt_normal_quantile(0.5 * erfc(-x / sqrt(2))), x, 1e-11, "%g", x);
}
