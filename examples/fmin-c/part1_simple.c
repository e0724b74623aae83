/* Part 1, a simple function: (x - 3)^2 for x in -5 .. 5. */
#include "part.h"

static int square(hopt_eval *eval, double *loss, void *context) {
    double x;
    (void)context;
    if (hopt_eval_real(eval, "x", &x) != 0) return HOPT_EVAL_ERROR;
    *loss = (x - 3) * (x - 3);
    return HOPT_EVAL_OK;
}

int main(void) {
    hopt_study *study;
    hopt_info *best;
    double x;
    hopt_study_options same = seeded();
    hopt_fmin_options options;
    hopt_fmin_options_init(&options);
    options.max_evals = 100;

    must(hopt_study_from_expr(&study, hopt_space_uniform("x", -5, 5), &same, &why));
    must(hopt_fmin(study, square, NULL, &options, &best, &why));
    hopt_info_real(best, "x", &x);
    printf("best x %.4f, loss %.2g\n", x, hopt_info_loss(best));
    expect(x > 2.8 && x < 3.2, "the best x is near 3");

    hopt_info_free(best);
    hopt_study_close(study);
    return 0;
}
