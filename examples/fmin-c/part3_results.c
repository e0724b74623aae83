/* Part 3, attachments and extra results: what a trial leaves beside its loss, and how it is read.
 */
#include <string.h>

#include "part.h"

static int measured(hopt_eval *eval, double *loss, void *context) {
    double x, curve[16];
    char text[32];
    (void)context;
    if (hopt_eval_real(eval, "x", &x) != 0) return HOPT_EVAL_ERROR;
    for (int i = 0; i < 16; i++)
        curve[i] = x * x + 1.0 / (i + 1);
    for (int i = 0; i < 16; i += 5)
        hopt_eval_report(eval, i, curve[i]); /* 1 would mean: stop */
    hopt_eval_attach(eval, "curve", curve, sizeof curve);
    snprintf(text, sizeof text, "%.17g", 2 * x);
    hopt_eval_extra(eval, "slope", text);
    hopt_eval_extra(eval, "tags", "[\"tutorial\", 3]");
    hopt_eval_log(eval, "measured 16 values");
    if (x < 0) {
        hopt_eval_because(eval, NULL, "no result left of 0");
        return HOPT_EVAL_FAIL;
    }
    *loss = curve[15];
    return HOPT_EVAL_OK;
}

int main(void) {
    hopt_study *study;
    hopt_info *best, *info;
    hopt_iterator *trials;
    hopt_study_options same = seeded();
    hopt_fmin_options options;
    hopt_fmin_options_init(&options);
    options.max_evals = 40;
    must(hopt_study_from_expr(&study, hopt_space_uniform("x", -10, 10), &same, &why));
    must(hopt_fmin(study, measured, NULL, &options, &best, &why));

    void *data;
    size_t size;
    char *reports, *log;
    int64_t num = hopt_info_num(best);
    must(hopt_study_attachment(study, num, "curve", &data, &size, &why));
    must(hopt_study_reports(study, num, &reports, &why));
    must(hopt_study_log(study, num, &log, &why));
    printf("trial %lld: loss %.4f, extras %s\nreports %s\nlog %s", (long long)num,
           hopt_info_loss(best), hopt_info_extras_json(best), reports, log);
    expect(size == 16 * sizeof(double), "the whole curve is there");
    expect(((double *)data)[15] == hopt_info_loss(best), "and its end is the loss");
    expect(strstr(hopt_info_extras_json(best), "\"tags\":[\"tutorial\",3]") != NULL, "extras are");
    hopt_free(data);
    hopt_free(reports);
    hopt_free(log);
    hopt_info_free(best);

    int ok = 0, failed = 0;
    must(hopt_study_trials(study, 0, &trials, &why));
    while (hopt_iterator_next(trials, &info, &why) == HOPT_OK) {
        if (strcmp(hopt_info_status(info), "ok") == 0)
            ok++;
        else
            failed += strcmp(hopt_info_fail_reason(info), "no result left of 0") == 0;
        hopt_info_free(info);
    }
    hopt_iterator_free(trials);
    printf("%d ok, %d failed\n", ok, failed);
    expect(ok + failed == 40 && ok > 0 && failed > 0, "40 trials, of both kinds");
    hopt_study_close(study);
    return 0;
}
