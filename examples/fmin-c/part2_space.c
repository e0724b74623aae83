/* Part 2, a search space: choices, parameters that exist in one option only, every kind of number.
 */
#include <math.h>
#include <string.h>

#include "part.h"

/* Two shapes of a box with the volume 8: which one has the least surface, and how is it cut? */
static int surface(hopt_eval *eval, double *loss, void *context) {
    double a, b, r;
    (void)context;
    const char *shape = hopt_eval_text(eval, "shape");
    if (strcmp(shape, "box") == 0) {
        if (hopt_eval_real(eval, "a", &a) != 0 || hopt_eval_real(eval, "b", &b) != 0)
            return HOPT_EVAL_ERROR;
        double c = 8 / (a * b);
        *loss = 2 * (a * b + a * c + b * c);
    } else {
        if (hopt_eval_real(eval, "r", &r) != 0) return HOPT_EVAL_ERROR;
        double height = 8 / (M_PI * r * r);
        *loss = 2 * M_PI * r * (r + height);
    }
    return HOPT_EVAL_OK;
}

static hopt_expr *space(void) {
    hopt_expr *box = hopt_expr_name(hopt_space_object(0, NULL, NULL), "box");
    hopt_expr_set(box, "a", hopt_space_uniform("a", 0.5, 8));
    hopt_expr_set(box, "b", hopt_space_loguniform("b", 0.5, 8)); /* bounds are values, not logs */
    hopt_expr *tin = hopt_expr_name(hopt_space_object(0, NULL, NULL), "tin");
    hopt_expr_set(tin, "r", hopt_space_quniform("r", 0.25, 4, 0.05));
    hopt_expr *shapes[] = {box, tin};
    hopt_expr *all = hopt_space_object(0, NULL, NULL);
    hopt_expr_set(all, "shape", hopt_space_choice("shape", 2, shapes));
    return hopt_expr_set(all, "colours", hopt_const_json("[\"red\", \"blue\"]"));
}

int main(void) {
    hopt_study *study;
    hopt_info *best;
    char *params;
    hopt_study_options same = seeded();
    hopt_fmin_options options;
    hopt_fmin_options_init(&options);
    options.max_evals = 150;

    must(hopt_study_from_expr(&study, space(), &same, &why));
    must(hopt_fmin(study, surface, NULL, &options, &best, &why));
    /* argmin has choices by index; space_eval puts the options in their places. */
    must(hopt_space_eval(study, hopt_info_argmin_json(best), &params, &why));
    printf("argmin     %s\nspace_eval %s\nsurface    %.3f\n", hopt_info_argmin_json(best), params,
           hopt_info_loss(best));
    expect(strcmp(hopt_info_text(best, "shape"), "tin") == 0, "a tin needs less than any box");
    expect(hopt_info_active(best, "a") == 0, "a tin has no side a");
    expect(hopt_info_loss(best) < 22.3, "2.214 * 8^(2/3) * 2.5 and a bit");
    hopt_free(params);
    hopt_info_free(best);
    hopt_study_close(study);

    /* Mistakes are told in the words that a study file gets. */
    int code = hopt_study_from_expr(&study, hopt_space_uniform("x", 5, -5), NULL, &why);
    expect(code == HOPT_EINVAL, "bounds the wrong way are refused");
    printf("refused    %s\n", why.message);
    return 0;
}
