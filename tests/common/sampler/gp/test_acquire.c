/* ln(phi(z) + z Phi(z)) against mpmath (tests/golden/log_ei.py). */
#include <criterion/criterion.h>
#include <math.h>

#include "common/base/alloc.h"
#include "common/sampler/gp/gp_internal.h"

Test(gp_acquire, log_h_in_both_tails) {
    static const double known[][4] = {
        {-1e6, -500000000028.54996, 1000000.000002, 1000000000003.0},
        {-300, -45012.326536814554, 300.00666644446173, 90002.999933338518},
        {-40, -808.29856835661996, 40.049906657648518, 1602.9962663059407},
        {-26, -345.43954672231803, 26.076585186632697, 678.99121485245013},
        {-24.9, -317.35848574266738, 24.979936959471139, 623.00043029083136},
        {-10, -55.553122036122356, 10.194383033412553, 102.94383033412553},
        {-5.1, -17.285185774704836, 5.4559059518768738, 28.825120354572056},
        {-4.9, -16.212816407897734, 5.2679101005632792, 26.812759492760068},
        {-2, -4.7687835239171142, 2.679416883955586, 6.358833767911172},
        {-1.01, -2.5041998574802568, 1.9114971728606133, 2.9306121445892195},
        {-0.99, -2.4661143916690494, 1.8970576371863509, 2.8780870608144874},
        {-0.5, -1.6205162643873199, 1.5598731483480797, 1.7799365741740398},
        {0, -0.91893853320467274, 1.2533141373155003, 1.0},
        {0.3, -0.56781715367793688, 1.0902499611311893, 0.67292501166064321},
        {1, 0.08002621884930694, 0.77663872520173926, 0.22336127479826074},
        {5, 1.6094379231264314, 0.19999994053122005, 2.9734389976756012e-7},
        {40, 3.6888794541139363, 0.025, 0},
    };
    for (size_t i = 0; i < HOPT_COUNT(known); i++) {
        double z = known[i][0], cdf, pdf;
        double found = hopt_gp_log_h(z, &cdf, &pdf);
        /* The tail's series have relative errors of 1e-4 at their worst: enough to rank and climb.
         */
        cr_assert_float_eq(found, known[i][1], 2e-4 + 1e-14 * z * z, "%g: %.17g", z, found);
        cr_assert_float_eq(cdf, known[i][2], 2e-4 * known[i][2], "%g: %.17g", z, cdf);
        cr_assert_float_eq(pdf, known[i][3], 2e-4 * known[i][3] + 1e-300, "%g: %.17g", z, pdf);
    }
    double last = -INFINITY, cdf, pdf; /* it rises, also where the forms change */
    for (double z = -60; z < 10; z += .01) {
        double found = hopt_gp_log_h(z, &cdf, &pdf);
        cr_assert_gt(found, last, "%g", z);
        last = found;
    }
}
