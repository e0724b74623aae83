/* Part 6, resumed: the trials are in a file; the same program goes on with them. */
#include <string.h>
#include <unistd.h>

#include "part.h"

static int calls;

static int bowl(hopt_eval *eval, double *loss, void *context) {
    double x, y;
    (void)context;
    if (hopt_eval_real(eval, "x", &x) != 0 || hopt_eval_real(eval, "y", &y) != 0)
        return HOPT_EVAL_ERROR;
    calls++;
    *loss = x * x + (y - 1) * (y - 1);
    return HOPT_EVAL_OK;
}

static hopt_study *open_study(const char *store) {
    hopt_study *study;
    hopt_study_options options;
    hopt_study_options_init(&options);
    options.store = store; /* "mongodb://..." is one for many machines */
    options.name = "bowl";
    options.has_seed = 1;
    options.seed = 7;
    hopt_expr *space = hopt_space_object(0, NULL, NULL);
    hopt_expr_set(space, "x", hopt_space_normal("x", 0, 3));
    hopt_expr_set(space, "y", hopt_space_uniform("y", -4, 4));
    must(hopt_study_from_expr(&study, space, &options, &why));
    return study;
}

/* As if the program was started again: up to so many trials in all. */
static double run(const char *store, int64_t max_evals) {
    hopt_info *best;
    hopt_study *study = open_study(store);
    hopt_fmin_options options;
    hopt_fmin_options_init(&options);
    options.max_evals = max_evals;
    must(hopt_fmin(study, bowl, NULL, &options, &best, &why));
    double loss = hopt_info_loss(best);
    printf("%lld trials, %d calls, best %.4f\n", (long long)max_evals, calls, loss);
    hopt_info_free(best);
    hopt_study_close(study);
    return loss;
}

int main(void) {
    char folder[] = "/tmp/hopt-part6-XXXXXX", store[64], command[64];
    expect(mkdtemp(folder) != NULL, "a folder for the file");
    snprintf(store, sizeof store, "sqlite:%s/bowl.db", folder);
    double first = run(store, 20), second = run(store, 50);
    expect(calls == 50, "the first 20 are not evaluated again");
    run(store, 50);
    expect(calls == 50, "with nothing left to do nothing is done");
    expect(second <= first, "the first 20 count");

    /* One run of 50 has the same points: what a study knows is in its store. */
    double whole = run(NULL, 50);
    expect(whole == second, "two runs are like one");
    snprintf(command, sizeof command, "rm -r %s", folder);
    expect(system(command) == 0, "and the file is gone");
    return 0;
}
