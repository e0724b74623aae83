/* Part 5, parallel: in threads that share memory, and in child processes that may crash. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "part.h"

static int waits(hopt_eval *eval, double *loss, void *context) {
    double x;
    (void)context;
    if (hopt_eval_real(eval, "x", &x) != 0) return HOPT_EVAL_ERROR;
    usleep(2000);
    *loss = x * x;
    return HOPT_EVAL_OK;
}

/* Every tenth point hits a bug. */
static int crashes(hopt_eval *eval, double *loss, void *context) {
    if (hopt_eval_num(eval) % 10 == 9) {
        signal(SIGABRT, SIG_DFL);
        abort();
    }
    return waits(eval, loss, context);
}

static void count(void *context, hopt_study *study, const hopt_info *info) {
    int *states = context;
    (void)study;
    states[hopt_info_state(info)]++;
}

static void run(hopt_function function, int mode, int states[5]) {
    hopt_study *study;
    hopt_info *best;
    hopt_fmin_options options;
    hopt_fmin_options_init(&options);
    options.max_evals = 60;
    options.parallelism = 4;
    options.mode = mode;
    options.catch_eval_exceptions = 1; /* an evaluation that breaks does not end the run */
    options.on_trial = count;          /* called in this thread, for each trial that ended */
    options.on_trial_context = states;
    must(hopt_study_from_expr(&study, hopt_space_uniform("x", -10, 10), NULL, &why));
    must(hopt_fmin(study, function, NULL, &options, &best, &why));
    printf("%s: %d done, %d errors, best %.2g\n", mode ? "processes" : "threads",
           states[HOPT_TRIAL_DONE], states[HOPT_TRIAL_ERROR], hopt_info_loss(best));
    expect(hopt_info_loss(best) < 4, "a good point is found");
    hopt_info_free(best);
    hopt_study_close(study);
}

int main(void) {
    int threads[5] = {0}, processes[5] = {0};
    run(waits, HOPT_MODE_THREADS, threads);
    expect(threads[HOPT_TRIAL_DONE] == 60, "all are done");
    run(crashes, HOPT_MODE_PROCESSES, processes);
    expect(processes[HOPT_TRIAL_DONE] == 54, "all but every tenth are done");
    expect(processes[HOPT_TRIAL_ERROR] == 6, "and the six crashes are six errors");
    return 0;
}
