// hopt.h from C++: a lambda as the function, a callback, ask and tell. Silent: nothing is printed
// by the library unless it is asked to.
#include <hopt.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

static void must(int code, const hopt_failure &why) {
    if (code == HOPT_OK) return;
    std::fprintf(stderr, "%d: %s\n", code, why.message);
    std::exit(1);
}

int main() {
    hopt_failure why;
    hopt_study *study = nullptr;
    hopt_info *best = nullptr;
    std::vector<hopt_expr *> options = {
        hopt_expr_set(hopt_expr_name(hopt_space_object(0, nullptr, nullptr), "near"), "x",
                      hopt_space_uniform("near x", 0, 5)),
        hopt_expr_set(hopt_expr_name(hopt_space_object(0, nullptr, nullptr), "far"), "x",
                      hopt_space_uniform("far x", 50, 60))};
    must(hopt_study_from_expr(&study, hopt_space_choice("where", options.size(), options.data()),
                              nullptr, &why),
         why);
    hopt_fmin_options fmin;
    hopt_fmin_options_init(&fmin);
    fmin.max_evals = 80;
    int seen = 0;
    fmin.on_trial = [](void *context, hopt_study *, const hopt_info *) {
        ++*static_cast<int *>(context);
    };
    fmin.on_trial_context = &seen;
    must(hopt_fmin(
             study,
             [](hopt_eval *eval, double *loss, void *) -> int {
                 double x;
                 std::string where = hopt_eval_text(eval, "where");
                 if (hopt_eval_real(eval, (where + " x").c_str(), &x) != 0) return HOPT_EVAL_ERROR;
                 *loss = std::fabs(x - 3);
                 return HOPT_EVAL_OK;
             },
             nullptr, &fmin, &best, &why),
         why);
    bool good = seen == 80 && hopt_info_loss(best) < 0.5 &&
                std::string(hopt_info_text(best, "where")) == "near";
    hopt_info_free(best);
    hopt_eval *eval = nullptr;
    good = good && hopt_ask(study, &eval, &why) == HOPT_ECONFLICT;
    hopt_study_close(study);
    if (!good) std::fprintf(stderr, "seen %d\n", seen);
    return good ? 0 : 1;
}
