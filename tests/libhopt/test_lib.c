/* libhopt through its own interface: spaces by calls, hopt_fmin(), ask and tell, what is kept. */
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/include/hopt/hopt.h"

#define OK(call) ok(call, &why, #call, __LINE__)

static hopt_failure why;

static void ok(int code, const hopt_failure *failure, const char *call, int line) {
    cr_assert_eq(code, HOPT_OK, "line %d: %s: %d, %s", line, call, code, failure->message);
}

static hopt_expr *line_space(void) {
    return hopt_expr_set(hopt_space_object(0, NULL, NULL), "x", hopt_space_uniform("x", -5, 5));
}

/* A choice of a named object, a text and a number, with a shared parameter. */
static hopt_expr *tree_space(void) {
    hopt_expr *width = hopt_space_quniform("width", 0, 8, 2);
    hopt_expr *svm = hopt_expr_name(hopt_space_object(0, NULL, NULL), "svm");
    hopt_expr_set(svm, "C", hopt_space_loguniform("C", 1e-3, 1e3));
    hopt_expr_set(svm, "w", hopt_expr_share(width));
    hopt_expr *net = hopt_expr_name(hopt_space_object(0, NULL, NULL), "net");
    hopt_expr_set(net, "w", width);
    hopt_expr *options[] = {svm, net, hopt_const_text("none"), hopt_const_real(2.5)};
    hopt_expr *space = hopt_space_object(0, NULL, NULL);
    hopt_expr_set(space, "model", hopt_space_choice("model", 4, options));
    hopt_expr_set(space, "k", hopt_space_randint("k", 3, 9));
    return hopt_expr_set(space, "fixed", hopt_const_integer(7));
}

static hopt_study *open_study(hopt_expr *space, const char *sampler, const char *store) {
    hopt_study *study;
    hopt_study_options options;
    hopt_study_options_init(&options);
    options.sampler = sampler;
    options.has_seed = 1;
    options.seed = 0;
    options.store = store;
    OK(hopt_study_from_expr(&study, space, &options, &why));
    return study;
}

static char *file_store(void) {
    static char uri[64];
    char path[] = "/tmp/hopt-lib-XXXXXX";
    int fd = mkstemp(path);
    cr_assert(fd >= 0);
    close(fd);
    unlink(path);
    snprintf(uri, sizeof uri, "sqlite:%s.db", path);
    return uri;
}

static void remove_store(const char *uri) {
    char path[96];
    const char *suffixes[] = {"", "-wal", "-shm"};
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s%s", uri + strlen("sqlite:"), suffixes[i]);
        unlink(path);
    }
}

static int square(hopt_eval *eval, double *loss, void *context) {
    double x;
    int *calls = context;
    if (calls) ++*calls;
    if (hopt_eval_real(eval, "x", &x) != 0) return HOPT_EVAL_ERROR;
    *loss = (x - 3) * (x - 3);
    return HOPT_EVAL_OK;
}

static hopt_fmin_options evals(int64_t max_evals) {
    hopt_fmin_options options;
    hopt_fmin_options_init(&options);
    options.max_evals = max_evals;
    return options;
}

static double x_of(hopt_study *study, int64_t num) {
    hopt_info *info;
    double x;
    OK(hopt_study_trial(study, num, &info, &why));
    cr_assert_eq(hopt_info_real(info, "x", &x), 0);
    hopt_info_free(info);
    return x;
}

/* ---- spaces by calls ---- */

Test(space, every_distribution) {
    double p[] = {0.25, 0.75};
    hopt_expr *two[] = {hopt_const_bool(1), hopt_const_null()};
    hopt_expr *all[] = {hopt_space_uniform("a", 0, 1.5),       hopt_space_quniform("b", 0, 10, 2),
                        hopt_space_uniformint("c", 1, 6),      hopt_space_loguniform("d", 0.1, 10),
                        hopt_space_qloguniform("e", 1, 64, 1), hopt_space_normal("f", 0, 1),
                        hopt_space_qnormal("g", 0, 2, 0.5),    hopt_space_lognormal("h", 0, 1),
                        hopt_space_qlognormal("i", 0, 1, 1),   hopt_space_randint("j", 0, 5),
                        hopt_space_pchoice("k", 2, p, two)};
    hopt_expr *space = hopt_space_list(11, all);
    hopt_expr_add(space, hopt_expr_add(hopt_space_choice("l", 0, NULL), hopt_const_json("[1]")));
    char *json = hopt_expr_json(space);
    cr_assert_str_eq(
        json, "[{\"_type\":\"uniform\",\"_value\":[0,1.5],\"_label\":\"a\"},"
              "{\"_type\":\"quniform\",\"_value\":[0,10,2],\"_label\":\"b\"},"
              "{\"_type\":\"uniformint\",\"_value\":[1,6],\"_label\":\"c\"},"
              "{\"_type\":\"loguniform\",\"_value\":[0.1,10],\"_label\":\"d\"},"
              "{\"_type\":\"qloguniform\",\"_value\":[1,64,1],\"_label\":\"e\"},"
              "{\"_type\":\"normal\",\"_value\":[0,1],\"_label\":\"f\"},"
              "{\"_type\":\"qnormal\",\"_value\":[0,2,0.5],\"_label\":\"g\"},"
              "{\"_type\":\"lognormal\",\"_value\":[0,1],\"_label\":\"h\"},"
              "{\"_type\":\"qlognormal\",\"_value\":[0,1,1],\"_label\":\"i\"},"
              "{\"_type\":\"randint\",\"_value\":[0,5],\"_label\":\"j\"},"
              "{\"_type\":\"pchoice\",\"_value\":[[0.25,true],[0.75,null]],\"_label\":\"k\"},"
              "{\"_type\":\"choice\",\"_value\":[[1]],\"_label\":\"l\"}]");
    hopt_study *study = open_study(space, "random", NULL);
    cr_assert_eq(hopt_study_labels(study), 12);
    cr_assert_str_eq(hopt_study_label(study, 3), "d");
    cr_assert_null(hopt_study_label(study, 12));
    hopt_study_close(study);
    hopt_free(json);
}

/* The messages are those of a study file with the same space. */
static void same_message(hopt_expr *space) {
    hopt_study *study = NULL;
    hopt_failure built, text;
    char *json = hopt_expr_json(space);
    cr_assert_not_null(json);
    cr_assert_eq(hopt_study_from_expr(&study, space, NULL, &built), HOPT_EINVAL);
    cr_assert_null(study);
    cr_assert_eq(hopt_check(json, NULL, &text), HOPT_EINVAL);
    const char *at = strchr(strchr(text.message, ':') + 1, ':') + 2;
    cr_assert_eq(strncmp(built.message, at, strcspn(at, "\n")), 0, "%s\n%s", built.message, at);
    cr_assert_eq(built.line, 0);
    cr_assert_gt(text.column, 0);
    hopt_free(json);
}

Test(space, mistakes_get_the_words_of_a_study_file) {
    hopt_expr *twice[] = {hopt_space_uniform("x", 0, 1), hopt_space_uniform("x", 0, 2)};
    double p[] = {0.5, 0.6};
    hopt_expr *options[] = {hopt_const_integer(1), hopt_const_integer(2)};
    same_message(hopt_space_uniform("x", 5, 1));
    same_message(hopt_space_uniform("x", NAN, 1));
    same_message(hopt_space_normal("x", 0, -1));
    same_message(hopt_space_loguniform("x", 0, 1));
    same_message(hopt_space_quniform("x", 0, 1, 0));
    same_message(hopt_space_uniform("", 0, 1));
    same_message(hopt_space_uniform("a.b", 0, 1));
    same_message(hopt_space_choice("x", 0, NULL));
    same_message(hopt_space_list(2, twice));
    same_message(hopt_space_pchoice("x", 2, p, options));
}

static void refused(hopt_expr *space, const char *part) {
    hopt_study *study = NULL;
    cr_assert_eq(hopt_study_from_expr(&study, space, NULL, &why), HOPT_EINVAL);
    cr_assert_not_null(strstr(why.message, part), "%s", why.message);
}

Test(space, mistakes_that_no_text_can_have) {
    refused(NULL, "NULL");
    refused(hopt_space_uniform(NULL, 0, 1), "no label");
    refused(hopt_space_uniform("\xff", 0, 1), "UTF-8");
    refused(hopt_expr_add(hopt_space_list(0, NULL), NULL), "NULL expression");
    refused(hopt_expr_add(hopt_const_integer(1), hopt_const_integer(2)), "no list");
    refused(hopt_expr_set(hopt_const_null(), "x", hopt_const_integer(2)), "no object");
    refused(hopt_const_json("{"), "JSON:1:");
    refused(hopt_const_real(INFINITY), "not finite");
    refused(hopt_expr_set(line_space(), "x", hopt_const_null()), "twice");
}

/* ---- values ---- */

static int check_values(hopt_eval *eval, double *loss, void *context) {
    int *seen = context, option;
    double real;
    int64_t integer;
    cr_assert_eq(hopt_eval_option(eval, "model", &option), 0);
    seen[option]++;
    cr_assert_eq(hopt_eval_integer(eval, "k", &integer), 0);
    cr_assert(integer >= 3 && integer < 9);
    cr_assert_eq(hopt_eval_real(eval, "nothing", &real), HOPT_VALUE_UNKNOWN);
    cr_assert_eq(hopt_eval_active(eval, "nothing"), HOPT_VALUE_UNKNOWN);
    cr_assert_eq(hopt_eval_option(eval, "k", &option), HOPT_VALUE_UNKNOWN);
    hopt_eval_option(eval, "model", &option);
    cr_assert_eq(hopt_eval_active(eval, "C"), option == 0);
    cr_assert_eq(hopt_eval_active(eval, "width"), option <= 1);
    const char *text = hopt_eval_text(eval, "model");
    static const char *const texts[] = {"svm", "net", "none", NULL};
    if (texts[option])
        cr_assert_str_eq(text, texts[option]);
    else
        cr_assert_null(text);
    int code = hopt_eval_real(eval, "model", &real);
    cr_assert_eq(code, option == 3 ? 0 : HOPT_VALUE_UNKNOWN);
    if (option == 3) cr_assert_eq(real, 2.5);
    if (option > 1) {
        cr_assert_eq(hopt_eval_real(eval, "C", &real), HOPT_VALUE_INACTIVE);
        cr_assert_eq(hopt_eval_integer(eval, "width", &integer), HOPT_VALUE_INACTIVE);
    } else {
        cr_assert_eq(hopt_eval_integer(eval, "width", &integer), 0);
        cr_assert_eq(integer % 2, 0);
    }
    cr_assert_not_null(strstr(hopt_eval_params_json(eval), "\"fixed\":7"));
    cr_assert_not_null(strstr(hopt_eval_vals_json(eval), "\"k\":["));
    cr_assert_eq(hopt_eval_attempt(eval), 1);
    *loss = (double)integer;
    return HOPT_EVAL_OK;
}

Test(fmin, values_by_label) {
    int seen[4] = {0};
    hopt_info *best;
    hopt_fmin_options options = evals(60);
    hopt_study *study = open_study(tree_space(), "random", NULL);
    OK(hopt_fmin(study, check_values, seen, &options, &best, &why));
    for (int i = 0; i < 4; i++)
        cr_assert_gt(seen[i], 0);
    cr_assert_eq(hopt_info_active(best, "k"), 1);
    hopt_info_free(best);
    hopt_study_close(study);
}

/* numpy's default_rng(0) and hyperopt 0.3.0: the first two draws are random ones, from trial 20 on
 * they are those of tpe.suggest. */
Test(fmin, sequence_is_hyperopts) {
    static const struct {
        int num;
        double x;
    } known[] = {{0, 1.8226362074622475}, {1, 3.2711584225694974}, {20, 2.9137923234330882},
                 {21, 2.611480806910044}, {22, 4.913437924923354}, {23, 2.7316179094000095},
                 {24, 4.360545033467732}};
    hopt_fmin_options options = evals(25);
    hopt_study *study = open_study(line_space(), "hyperopt", NULL);
    OK(hopt_fmin(study, square, NULL, &options, NULL, &why));
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        cr_assert_float_eq(x_of(study, known[i].num), known[i].x, 1e-12, "trial %d: %.17g",
                           known[i].num, x_of(study, known[i].num));
    hopt_study_close(study);
}

/* ---- what is kept ---- */

static int leaves_much(hopt_eval *eval, double *loss, void *context) {
    (void)context;
    int64_t num = hopt_eval_num(eval);
    char blob[1000];
    memset(blob, 'b', sizeof blob);
    for (int64_t step = 0; step < 3; step++)
        hopt_eval_report(eval, step, 10.0 - (double)step);
    cr_assert_eq(hopt_eval_extra(eval, "accuracy", "0.75"), 0);
    cr_assert_eq(hopt_eval_extra(eval, "loss", "1"), -1);
    cr_assert_eq(hopt_eval_extra(eval, "bad", "{"), -1);
    cr_assert_eq(hopt_eval_attach(eval, "model.bin", blob, sizeof blob), 0);
    cr_assert_eq(hopt_eval_attach(eval, "a/b", blob, 1), -1);
    hopt_eval_log(eval, "first line");
    hopt_eval_log(eval, "second line");
    *loss = (double)num;
    if (num == 1) return hopt_eval_because(eval, NULL, "no luck"), HOPT_EVAL_FAIL;
    if (num == 2) *loss = NAN;
    if (num == 3) return hopt_eval_because(eval, "ValueError", "it broke"), HOPT_EVAL_ERROR;
    return HOPT_EVAL_OK;
}

static void check_kept(hopt_study *study) {
    hopt_info *info;
    char *text;
    void *data;
    size_t size;
    OK(hopt_study_trial(study, 0, &info, &why));
    cr_assert_str_eq(hopt_info_extras_json(info), "{\"accuracy\":0.75}");
    cr_assert_str_eq(hopt_info_status(info), "ok");
    hopt_info_free(info);
    OK(hopt_study_trial(study, 1, &info, &why));
    cr_assert_eq(hopt_info_state(info), HOPT_TRIAL_DONE);
    cr_assert_str_eq(hopt_info_status(info), "fail");
    cr_assert_str_eq(hopt_info_fail_reason(info), "no luck");
    hopt_info_free(info);
    OK(hopt_study_trial(study, 2, &info, &why));
    cr_assert_str_eq(hopt_info_status(info), "fail");
    cr_assert(isnan(hopt_info_loss(info)));
    hopt_info_free(info);
    OK(hopt_study_trial(study, 3, &info, &why));
    cr_assert_eq(hopt_info_state(info), HOPT_TRIAL_ERROR);
    cr_assert_str_eq(hopt_info_error_type(info), "ValueError");
    cr_assert_str_eq(hopt_info_error_message(info), "it broke");
    hopt_info_free(info);
    OK(hopt_study_log(study, 3, &text, &why));
    cr_assert_str_eq(text, "first line\nsecond line\n");
    hopt_free(text);
    OK(hopt_study_reports(study, 3, &text, &why));
    cr_assert_str_eq(text, "{\"steps\":[0,1,2],\"losses\":[10.0,9.0,8.0]}");
    hopt_free(text);
    OK(hopt_study_attachments(study, 3, &text, &why));
    cr_assert_str_eq(text, "[\"model.bin\"]");
    hopt_free(text);
    OK(hopt_study_attachment(study, 3, "model.bin", &data, &size, &why));
    cr_assert(size == 1000 && ((char *)data)[999] == 'b');
    hopt_free(data);
    cr_assert_eq(hopt_study_attachment(study, 3, "other", &data, &size, &why), HOPT_ENOTFOUND);
    cr_assert_null(data);
}

static void run_kept(int mode, int parallelism) {
    hopt_fmin_options options = evals(6);
    options.mode = mode;
    options.parallelism = parallelism;
    options.catch_eval_exceptions = 1;
    hopt_study *study = open_study(line_space(), NULL, NULL);
    OK(hopt_fmin(study, leaves_much, NULL, &options, NULL, &why));
    check_kept(study);
    hopt_study_close(study);
}

Test(fmin, keeps_what_an_evaluation_leaves) {
    run_kept(HOPT_MODE_THREADS, 1);
}

Test(fmin, keeps_it_from_children) {
    run_kept(HOPT_MODE_PROCESSES, 3);
}

Test(fmin, an_error_ends_the_run_unless_caught) {
    hopt_info *best;
    hopt_fmin_options options = evals(10);
    hopt_study *study = open_study(line_space(), NULL, NULL);
    cr_assert_eq(hopt_fmin(study, leaves_much, NULL, &options, &best, &why), HOPT_EFAILED);
    cr_assert_str_eq(why.message, "trial 3: ValueError: it broke");
    cr_assert_str_eq(hopt_study_reason(study), "error");
    cr_assert_eq(hopt_info_num(best), 0);
    hopt_info_free(best);
    OK(hopt_fmin(study, leaves_much, NULL, &options, NULL, &why)); /* and it goes on */
    hopt_study_close(study);
}

/* ---- children ---- */

static int ends_badly(hopt_eval *eval, double *loss, void *context) {
    (void)context;
    *loss = 1;
    switch (hopt_eval_num(eval)) {
    case 1:
        signal(SIGABRT, SIG_DFL);
        abort();
    case 2:
        _exit(9);
    case 3:
        _exit(0);
    case 4:
        pause();
    }
    return HOPT_EVAL_OK;
}

Test(fmin, a_child_that_crashes_is_an_error) {
    static const char *const errors[] = {NULL,
                                         "Signal: killed by signal 6 (Aborted)",
                                         "Exit: exit code 9",
                                         "NoResult: the child ended without a result",
                                         "Timeout: not done within 4 s",
                                         NULL};
    hopt_study *study;
    hopt_study_options so;
    hopt_study_options_init(&so);
    so.settings = "{\"trial.timeout_s\": 4}"; /* long enough for the others on a busy machine */
    OK(hopt_study_from_expr(&study, line_space(), &so, &why));
    hopt_fmin_options options = evals(6);
    options.mode = HOPT_MODE_PROCESSES;
    options.parallelism = 2;
    options.catch_eval_exceptions = 1;
    OK(hopt_fmin(study, ends_badly, NULL, &options, NULL, &why));
    for (int i = 0; i < 6; i++) {
        hopt_info *info;
        char text[200];
        OK(hopt_study_trial(study, i, &info, &why));
        cr_assert_eq(hopt_info_state(info), errors[i] ? HOPT_TRIAL_ERROR : HOPT_TRIAL_DONE);
        if (errors[i]) {
            snprintf(text, sizeof text, "%s: %s", hopt_info_error_type(info),
                     hopt_info_error_message(info));
            cr_assert_str_eq(text, errors[i]);
        }
        hopt_info_free(info);
    }
    hopt_study_close(study);
}

/* ---- limits ---- */

static int stop_at(void *context, hopt_study *study, const hopt_info *last) {
    (void)study;
    return hopt_info_num(last) + 1 >= *(int *)context;
}

static int constant(hopt_eval *eval, double *loss, void *context) {
    (void)eval, (void)context;
    *loss = 1;
    return HOPT_EVAL_OK;
}

static int64_t total(hopt_study *study) {
    int64_t counts[5], sum = 0;
    OK(hopt_study_counts(study, counts, &why));
    for (int i = 0; i < 5; i++)
        sum += counts[i];
    return sum;
}

static int64_t run_limited(hopt_function function, const hopt_fmin_options *options,
                           const char *reason) {
    hopt_study *study = open_study(line_space(), "random", NULL);
    OK(hopt_fmin(study, function, NULL, options, NULL, &why));
    cr_assert_str_eq(hopt_study_reason(study), reason);
    int64_t n = total(study);
    hopt_study_close(study);
    return n;
}

Test(fmin, limits) {
    hopt_fmin_options options = evals(0);
    int stop = 7;
    options.early_stop = stop_at;
    options.early_stop_context = &stop;
    cr_assert_eq(run_limited(square, &options, "early_stop"), 7);

    options = evals(0);
    options.has_loss_threshold = 1;
    options.loss_threshold = 0.5;
    cr_assert_lt(run_limited(square, &options, "loss_threshold"), 1000);

    /* The first trial counts as one of ten, as with hyperopt's no_progress_loss(10). */
    options = evals(0);
    options.no_progress = 10;
    cr_assert_eq(run_limited(constant, &options, "no_progress"), 10);

    /* Trials that were there before count. */
    options = evals(0);
    options.has_loss_threshold = 1;
    options.loss_threshold = 0.5;
    hopt_study *study = open_study(line_space(), "random", NULL);
    hopt_eval *eval;
    OK(hopt_ask(study, &eval, &why));
    OK(hopt_tell(eval, 0.25, &why));
    hopt_eval_free(eval);
    OK(hopt_fmin(study, square, NULL, &options, NULL, &why));
    cr_assert_eq(total(study), 1);
    hopt_study_close(study);

    options = evals(0);
    int64_t ended = 0; /* a busy machine may need longer for the first one */
    for (options.timeout = 0.05; !ended && options.timeout < 100; options.timeout *= 4)
        ended = run_limited(square, &options, "timeout");
    cr_assert_gt(ended, 0);
}

Test(fmin, a_limit_is_needed) {
    hopt_study *study = open_study(line_space(), NULL, NULL);
    cr_assert_eq(hopt_fmin(study, square, NULL, NULL, NULL, &why), HOPT_EINVAL);
    cr_assert_not_null(strstr(why.message, "max_evals"));
    hopt_study_close(study);
    OK(hopt_study_from_text(&study,
                            "{\"space\": {\"x\": {\"_type\": \"uniform\", \"_value\": [0, 1]}}, "
                            "\"stop\": {\"max_trials\": 4}}",
                            NULL, &why));
    OK(hopt_fmin(study, square, NULL, NULL, NULL, &why));
    cr_assert_eq(total(study), 4);
    hopt_study_close(study);
}

Test(fmin, a_finite_space_is_used_up) {
    hopt_expr *options[] = {hopt_const_integer(1), hopt_const_integer(2), hopt_const_integer(3)};
    hopt_fmin_options fmin_options = evals(50);
    hopt_study *study = open_study(hopt_space_choice("x", 3, options), NULL, NULL);
    OK(hopt_fmin(study, square, NULL, &fmin_options, NULL, &why));
    cr_assert_str_eq(hopt_study_reason(study), "exhausted");
    cr_assert_eq(total(study), 3);
    hopt_study_close(study);
}

static int cancels(hopt_eval *eval, double *loss, void *context) {
    *loss = 1;
    if (hopt_eval_num(eval) < 3) return HOPT_EVAL_OK;
    hopt_study_cancel(context);
    return hopt_eval_should_stop(eval) ? HOPT_EVAL_STOPPED : HOPT_EVAL_ERROR;
}

Test(fmin, cancelled_and_resumed) {
    hopt_info *info;
    int64_t counts[5];
    hopt_fmin_options options = evals(6);
    hopt_study *study = open_study(line_space(), NULL, NULL);
    cr_assert_eq(hopt_fmin(study, cancels, study, &options, NULL, &why), HOPT_ESTOPPED);
    cr_assert_str_eq(hopt_study_reason(study), "cancelled");
    OK(hopt_study_counts(study, counts, &why));
    cr_assert(counts[HOPT_TRIAL_DONE] == 3 && counts[HOPT_TRIAL_NEW] == 1);
    OK(hopt_fmin(study, square, NULL, &options, NULL, &why));
    OK(hopt_study_trial(study, 3, &info, &why)); /* it came back */
    cr_assert_str_eq(hopt_info_status(info), "ok");
    hopt_info_free(info);
    cr_assert_eq(total(study), 6);
    hopt_study_close(study);
}

/* ---- resumed ---- */

Test(fmin, resumed_from_a_file) {
    const char *store = file_store();
    int calls = 0;
    hopt_study *study = open_study(line_space(), "hyperopt", store);
    hopt_fmin_options options = evals(12);
    OK(hopt_fmin(study, square, &calls, &options, NULL, &why));
    hopt_study_close(study);
    study = open_study(line_space(), "hyperopt", store);
    OK(hopt_fmin(study, square, &calls, &options, NULL, &why)); /* nothing is left to do */
    cr_assert_eq(calls, 12);
    options.max_evals = 25;
    OK(hopt_fmin(study, square, &calls, &options, NULL, &why));
    cr_assert_eq(calls, 25);
    cr_assert_float_eq(x_of(study, 24), 4.360545033467732, 1e-12); /* as in one run */
    hopt_study_close(study);
    hopt_study_options so;
    hopt_study_options_init(&so);
    so.store = store;
    OK(hopt_study_load(&study, &so, &why));
    cr_assert_eq(total(study), 25);
    hopt_study_close(study);
    cr_assert_eq(hopt_study_from_expr(&study, tree_space(), &so, &why), HOPT_ECONFLICT);
    so.name = "other";
    cr_assert_eq(hopt_study_load(&study, &so, &why), HOPT_ENOTFOUND);
    remove_store(store);
}

/* ---- options ---- */

Test(fmin, points_come_first) {
    hopt_study *study;
    hopt_study_options so;
    hopt_fmin_options options = evals(3);
    hopt_study_options_init(&so);
    so.points = "[{\"x\": 2.5}, {\"x\": -1}]";
    OK(hopt_study_from_expr(&study, line_space(), &so, &why));
    OK(hopt_fmin(study, square, NULL, &options, NULL, &why));
    cr_assert(x_of(study, 0) == 2.5 && x_of(study, 1) == -1);
    hopt_study_close(study);

    so.points = NULL;
    so.points_vals = "[{\"model\": 1, \"width\": 4, \"k\": 5}]";
    OK(hopt_study_from_expr(&study, tree_space(), &so, &why));
    hopt_info *info;
    options.max_evals = 1;
    OK(hopt_fmin(study, constant, NULL, &options, &info, &why));
    cr_assert_str_eq(hopt_info_argmin_json(info), "{\"model\":1,\"width\":4.0,\"k\":5}");
    cr_assert_str_eq(hopt_info_params_json(info),
                     "{\"model\":{\"_name\":\"net\",\"w\":4},\"k\":5,\"fixed\":7}");
    hopt_info_free(info);
    hopt_study_close(study);

    static const char *const bad[] = {"[{\"model\": 1, \"k\": 5}]", "[{\"y\": 1}]", "{", "3",
                                      "[{\"model\": 9, \"k\": 5}]"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        so.points_vals = bad[i];
        cr_assert_eq(hopt_study_from_expr(&study, tree_space(), &so, &why), HOPT_EINVAL, "%zu", i);
        cr_assert_not_null(strstr(why.message, "points_vals"), "%s", why.message);
    }
}

Test(fmin, maximize) {
    hopt_study *study;
    hopt_info *best;
    hopt_study_options so;
    hopt_fmin_options options = evals(40);
    hopt_study_options_init(&so);
    so.maximize = 1;
    OK(hopt_study_from_expr(&study, line_space(), &so, &why));
    OK(hopt_fmin(study, square, NULL, &options, &best, &why));
    cr_assert_gt(hopt_info_loss(best), 40);
    double losses[40];
    size_t count;
    OK(hopt_study_losses(study, losses, 40, &count, &why));
    cr_assert_eq(count, 40);
    for (int i = 0; i < 40; i++)
        cr_assert(losses[i] >= 0 && losses[i] <= hopt_info_loss(best));
    hopt_info_free(best);
    hopt_study_close(study);
}

static void count_info(void *context, hopt_study *study, const hopt_info *info) {
    hopt_info *again;
    OK(hopt_study_trial(study, hopt_info_num(info), &again, &why)); /* the study may be used here */
    cr_assert_str_eq(hopt_info_json(again), hopt_info_json(info));
    hopt_info_free(again);
    ++*(int *)context;
}

Test(fmin, threads_queue_and_callback) {
    int n = 0;
    hopt_fmin_options options = evals(40);
    options.parallelism = 4;
    options.max_queue_len = 8;
    options.on_trial = count_info;
    options.on_trial_context = &n;
    hopt_study *study = open_study(line_space(), NULL, NULL);
    OK(hopt_fmin(study, square, NULL, &options, NULL, &why));
    cr_assert_eq(n, 40);
    int64_t counts[5];
    OK(hopt_study_counts(study, counts, &why));
    cr_assert_eq(counts[HOPT_TRIAL_DONE], 40);
    hopt_study_close(study);
}

Test(fmin, every_sampler) {
    static const char *const samplers[] = {
        "tpe",
        "gp",
        "auto",
        "random",
        "hyperopt",
        "anneal",
        "{\"name\": \"mix\", \"p_suggest\": [[0.5, \"random\"], [0.5, \"hyperopt\"]]}",
        "{\"name\": \"tpe\", \"startup\": 5}"};
    for (size_t i = 0; i < sizeof samplers / sizeof samplers[0]; i++) {
        hopt_fmin_options options = evals(25);
        hopt_info *best;
        hopt_study *study = open_study(line_space(), samplers[i], NULL);
        OK(hopt_fmin(study, square, NULL, &options, &best, &why));
        cr_assert_lt(hopt_info_loss(best), 9, "%s", samplers[i]);
        hopt_info_free(best);
        hopt_study_close(study);
    }
}

/* ---- ask and tell ---- */

Test(ask, every_way_to_end) {
    hopt_eval *evals_[6];
    hopt_info *info;
    hopt_study *study = open_study(line_space(), NULL, NULL);
    for (int i = 0; i < 6; i++) {
        OK(hopt_ask(study, &evals_[i], &why));
        cr_assert_eq(hopt_eval_num(evals_[i]), i);
    }
    OK(hopt_tell(evals_[0], 0.5, &why));
    cr_assert_eq(hopt_tell(evals_[0], 0.5, &why), HOPT_ECONFLICT);
    OK(hopt_tell_fail(evals_[1], "bad luck", &why));
    OK(hopt_tell_error(evals_[2], "Oven", "too hot", &why));
    hopt_eval_report(evals_[3], 4, 0.75);
    OK(hopt_tell_pruned(evals_[3], &why));
    OK(hopt_tell_release(evals_[4], &why));
    OK(hopt_tell_num(study, 5, "{\"loss\": 0.25, \"heat\": 180}", &why));
    cr_assert_eq(hopt_tell(evals_[5], 1, &why), HOPT_ECONFLICT);
    cr_assert_eq(hopt_tell_num(study, 5, "1", &why), HOPT_ECONFLICT);
    cr_assert_eq(hopt_tell_num(study, 99, "1", &why), HOPT_ENOTFOUND);
    cr_assert_eq(hopt_tell_num(study, -1, "1", &why), HOPT_ENOTFOUND);
    cr_assert_eq(hopt_tell_num(study, 4, "{}", &why), HOPT_EINVAL);
    static const int states[] = {HOPT_TRIAL_DONE,   HOPT_TRIAL_DONE, HOPT_TRIAL_ERROR,
                                 HOPT_TRIAL_CANCEL, HOPT_TRIAL_NEW,  HOPT_TRIAL_DONE};
    for (int i = 0; i < 6; i++) {
        OK(hopt_study_trial(study, i, &info, &why));
        cr_assert_eq(hopt_info_state(info), states[i], "trial %d", i);
        if (i == 3) cr_assert_eq(hopt_info_loss(info), 0.75);
        if (i == 5) cr_assert_str_eq(hopt_info_extras_json(info), "{\"heat\":180}");
        hopt_info_free(info);
        hopt_eval_free(evals_[i]);
    }
    OK(hopt_study_best(study, &info, &why));
    cr_assert_eq(hopt_info_num(info), 5);
    hopt_info_free(info);
    hopt_eval *again;
    OK(hopt_ask(study, &again, &why)); /* the one that was released */
    cr_assert_eq(hopt_eval_num(again), 4);
    hopt_eval_free(again);
    hopt_study_close(study);
}

Test(ask, a_study_has_its_trials) {
    hopt_study *study;
    hopt_eval *eval;
    hopt_study_options so;
    hopt_study_options_init(&so);
    so.max_trials = 2;
    so.lease_asked = 1;
    OK(hopt_study_from_expr(&study, line_space(), &so, &why));
    OK(hopt_ask(study, &eval, &why));
    hopt_eval_free(eval); /* leased, so it goes back */
    OK(hopt_ask(study, &eval, &why));
    cr_assert_eq(hopt_eval_num(eval), 0);
    OK(hopt_tell(eval, 1, &why));
    hopt_eval_free(eval);
    OK(hopt_ask(study, &eval, &why));
    OK(hopt_tell(eval, 2, &why));
    hopt_eval_free(eval);
    cr_assert_eq(hopt_ask(study, &eval, &why), HOPT_ECONFLICT);
    cr_assert_null(eval);
    hopt_study_close(study);
}

Test(ask, at_a_point_and_by_results) {
    hopt_eval *eval;
    hopt_info *info;
    double x;
    hopt_study *study = open_study(line_space(), NULL, NULL);
    OK(hopt_ask_at(study, "{\"x\": 1.25}", &eval, &why));
    cr_assert_eq(hopt_eval_real(eval, "x", &x), 0);
    cr_assert_eq(x, 1.25);
    cr_assert_eq(hopt_eval_extra(eval, "a", "1"), 0);
    cr_assert_eq(hopt_tell_result(eval, "{\"status\": \"good\"}", &why), HOPT_EINVAL);
    cr_assert_eq(hopt_tell_result(eval, NULL, &why), HOPT_EINVAL);
    OK(hopt_tell_result(eval, "{\"status\": \"ok\", \"loss\": 2.5, \"b\": [2]}", &why));
    hopt_eval_free(eval);
    OK(hopt_study_trial(study, 0, &info, &why));
    cr_assert_eq(hopt_info_loss(info), 2.5);
    cr_assert_str_eq(hopt_info_extras_json(info), "{\"a\":1,\"b\":[2]}");
    cr_assert_eq(hopt_info_attempt(info), 1);
    cr_assert_eq(strncmp(hopt_info_worker(info), "ask:", 4), 0);
    hopt_info_free(info);
    OK(hopt_ask(study, &eval, &why));
    uint64_t seed = hopt_eval_seed(eval);
    OK(hopt_tell_cancel(eval, "the oven is off", &why));
    hopt_eval_free(eval);
    OK(hopt_study_trial(study, 1, &info, &why));
    cr_assert_eq(hopt_info_state(info), HOPT_TRIAL_CANCEL);
    cr_assert_str_eq(hopt_info_fail_reason(info), "the oven is off");
    cr_assert_eq(hopt_info_seed(info), seed);
    hopt_info_free(info);
    static const char *const bad[] = {"{\"x\": 99}", "{\"y\": 1}", "[", "{}"};
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(hopt_ask_at(study, bad[i], &eval, &why), HOPT_EINVAL, "%s", bad[i]);
        cr_assert_null(eval);
    }
    cr_assert_eq(hopt_ask_at(study, NULL, &eval, &why), HOPT_EINVAL);
    hopt_study_close(study);
}

/* Two handles on one file, as two processes are. */
Test(ask, two_handles_share_a_study) {
    const char *store = file_store();
    hopt_study *a = open_study(line_space(), NULL, store);
    hopt_study *b = open_study(line_space(), NULL, store);
    for (int i = 0; i < 30; i++) {
        hopt_eval *eval;
        hopt_study *study = i % 3 ? a : b;
        OK(hopt_ask(study, &eval, &why));
        cr_assert_eq(hopt_eval_num(eval), i);
        OK(hopt_tell(eval, i, &why));
        hopt_eval_free(eval);
    }
    hopt_fmin_options options = evals(40);
    OK(hopt_fmin(b, square, NULL, &options, NULL, &why));
    cr_assert_eq(total(a), 40);
    hopt_study_close(a);
    hopt_study_close(b);
    remove_store(store);
}

/* The text that is stored names the sampler; one that is not asked for is that of the study. */
static void check_sampler(const char *asked, const char *store, const char *named) {
    hopt_study *study = open_study(line_space(), asked, store);
    char *text = hopt_study_text(study);
    cr_assert_not_null(strstr(text, named), "%s", text);
    hopt_free(text);
    hopt_eval *eval;
    OK(hopt_ask(study, &eval, &why));
    OK(hopt_tell(eval, 1, &why));
    hopt_eval_free(eval);
    hopt_study_close(study);
}

Test(ask, by_the_default_sampler_or_the_study_s) {
    const char *store = file_store();
    check_sampler(NULL, store, "\"name\": \"auto\"");
    check_sampler(NULL, store, "\"name\": \"auto\"");
    check_sampler("gp", store, "\"name\": \"gp\"");
    check_sampler(NULL, store, "\"name\": \"gp\"");
    check_sampler("{\"startup\": 3}", store, "\"name\": \"gp\"");
    check_sampler("tpe", store, "\"name\": \"tpe\"");
    remove_store(store);
}

/* ---- reading ---- */

Test(trials, iterator_and_space_eval) {
    hopt_iterator *iterator;
    hopt_info *info, *kept = NULL;
    char *params;
    int n = 0;
    hopt_fmin_options options = evals(12);
    options.catch_eval_exceptions = 1;
    hopt_study *study = open_study(tree_space(), NULL, NULL);
    OK(hopt_fmin(study, constant, NULL, &options, NULL, &why));
    OK(hopt_study_trials(study, 1u << HOPT_TRIAL_DONE, &iterator, &why));
    while (hopt_iterator_next(iterator, &info, &why) == HOPT_OK) {
        cr_assert_eq(hopt_info_num(info), n++);
        OK(hopt_space_eval(study, hopt_info_argmin_json(info), &params, &why));
        cr_assert_str_eq(params, hopt_info_params_json(info));
        hopt_free(params);
        OK(hopt_space_eval(study, hopt_info_vals_json(info), &params, &why));
        cr_assert_str_eq(params, hopt_info_params_json(info));
        hopt_free(params);
        hopt_info_free(kept);
        kept = info;
    }
    cr_assert_eq(why.code, HOPT_ENOTFOUND);
    cr_assert_eq(n, 12);
    hopt_iterator_free(iterator);
    OK(hopt_study_trials(study, 1u << HOPT_TRIAL_ERROR, &iterator, &why));
    cr_assert_eq(hopt_iterator_next(iterator, &info, &why), HOPT_ENOTFOUND);
    hopt_iterator_free(iterator);
    cr_assert_eq(hopt_space_eval(study, "{\"model\": 0}", &params, &why), HOPT_EINVAL);
    cr_assert_null(params);
    hopt_study_close(study);
    cr_assert_eq(hopt_info_num(kept), 11); /* it outlives its study */
    cr_assert_eq(hopt_info_active(kept, "k"), 1);
    hopt_info_free(kept);
}

/* ---- bad input ---- */

Test(bad, texts_and_stores) {
    static const char *const texts[] = {
        "",
        "{",
        "[1,",
        "{\"space\": 3, \"stop\": {}}",
        "{\"space\": {}, \"nonsense\": 1}",
        "{\"space\": {\"x\": {\"_type\": \"unifrom\", \"_value\": [0, 1]}}}",
        "{\"x\": {\"_type\": \"uniform\", \"_value\": [1, 0]}}",
        "\"\xff\""};
    hopt_study *study;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_assert_eq(hopt_study_from_text(&study, texts[i], NULL, &why), HOPT_EINVAL, "%s",
                     texts[i]);
        cr_assert_null(study);
        cr_assert_gt(strlen(why.message), 5);
        cr_assert_eq(hopt_study_from_text(&study, texts[i], NULL, NULL), HOPT_EINVAL);
    }
    /* Positions are those of the text that was given. */
    cr_assert_eq(hopt_check("{\"x\": {\"_type\": \"unifrom\"}}", NULL, &why), HOPT_EINVAL);
    cr_assert(why.line == 1 && why.column > 1 && why.column < 30, "%s", why.message);
    cr_assert_eq(hopt_study_from_text(&study, NULL, NULL, &why), HOPT_EINVAL);
    cr_assert_eq(hopt_study_from_file(&study, "/nowhere/study.json", NULL, &why), HOPT_EFAILED);
    cr_assert_not_null(strstr(why.message, "/nowhere/study.json"));
    hopt_study_options so;
    hopt_study_options_init(&so);
    so.store = "gopher://x";
    cr_assert_eq(hopt_study_from_expr(&study, line_space(), &so, &why), HOPT_EINVAL);
    so.store = "sqlite:/nowhere/x.db";
    cr_assert_eq(hopt_study_from_expr(&study, line_space(), &so, &why), HOPT_EUNAVAILABLE);
    so.store = NULL;
    so.sampler = "tqe";
    cr_assert_eq(hopt_study_from_expr(&study, line_space(), &so, &why), HOPT_EINVAL);
    so.sampler = "{\"name\": \"tpe\", \"nonsense\": 1}";
    cr_assert_eq(hopt_study_from_expr(&study, line_space(), &so, &why), HOPT_EINVAL);
    so.sampler = NULL;
    so.settings = "[]";
    cr_assert_eq(hopt_study_from_expr(&study, line_space(), &so, &why), HOPT_EINVAL);
    so.settings = "{\"trial.nonsense\": 1}";
    cr_assert_eq(hopt_study_from_expr(&study, line_space(), &so, &why), HOPT_EINVAL);
}

Test(bad, nothing_is_printed) {
    static const char *const stores[] = {"mongodb://127.0.0.1:1/x?foo=bar", "mongodb://[/x",
                                         "sqlite:/nowhere/x"};
    char path[] = "/tmp/hopt-lib-XXXXXX";
    hopt_study *study;
    hopt_study_options so;
    int file = mkstemp(path), out = dup(1), err = dup(2);
    cr_assert(file >= 0 && out >= 0 && err >= 0);
    unlink(path);
    fflush(stdout);
    dup2(file, 1);
    dup2(file, 2);
    hopt_study_options_init(&so);
    int codes[3];
    for (int i = 0; i < 3; i++) {
        so.store = stores[i];
        codes[i] = hopt_study_from_expr(&study, line_space(), &so, &why);
    }
    fflush(stdout);
    off_t printed = lseek(file, 0, SEEK_END);
    dup2(out, 1);
    dup2(err, 2);
    cr_assert_eq(printed, 0);
    for (int i = 0; i < 3; i++)
        cr_assert_neq(codes[i], HOPT_OK);
    close(file), close(out), close(err);
}

/* A file's errors begin with its name. */
Test(bad, files) {
    char path[] = "/tmp/hopt-lib-XXXXXX", begin[64];
    const char *bad = "{\"name\": \"f\",\n \"space\": {\"x\": {\"_type\": \"uniform\", "
                      "\"_value\": [2, 1]},\n  \"y\": {\"_type\": \"norm\"}}}\n";
    const char *good = "{\"name\": \"f\", // a comment\n \"space\": {\"x\": {\"_type\": "
                       "\"uniform\", \"_value\": [0, 1]}}, \"stop\": {\"max_trials\": 3}}";
    hopt_study *study;
    int file = mkstemp(path);
    cr_assert_eq(write(file, bad, strlen(bad)), (ssize_t)strlen(bad));
    cr_assert_eq(hopt_study_from_file(&study, path, NULL, &why), HOPT_EINVAL);
    snprintf(begin, sizeof begin, "%s:2:", path);
    cr_assert_eq(strncmp(why.message, begin, strlen(begin)), 0, "%s", why.message);
    snprintf(begin, sizeof begin, "\n%s:3:", path);
    cr_assert_not_null(strstr(why.message, begin), "%s", why.message);
    cr_assert_eq(why.line, 2);
    cr_assert(ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0);
    cr_assert_eq(write(file, good, strlen(good)), (ssize_t)strlen(good));
    close(file);
    OK(hopt_study_from_file(&study, path, NULL, &why));
    cr_assert_str_eq(hopt_study_name(study), "f");
    OK(hopt_fmin(study, square, NULL, NULL, NULL, &why));
    cr_assert_eq(total(study), 3);
    hopt_study_close(study);
    unlink(path);
}

Test(bad, options_of_fmin) {
    hopt_study *study = open_study(line_space(), NULL, NULL);
    hopt_fmin_options options = evals(-1);
    cr_assert_eq(hopt_fmin(study, square, NULL, &options, NULL, &why), HOPT_EINVAL);
    options = evals(5);
    options.parallelism = -2;
    cr_assert_eq(hopt_fmin(study, square, NULL, &options, NULL, &why), HOPT_EINVAL);
    options = evals(5);
    options.timeout = NAN;
    cr_assert_eq(hopt_fmin(study, square, NULL, &options, NULL, &why), HOPT_EINVAL);
    options = evals(5);
    cr_assert_eq(hopt_fmin(study, NULL, NULL, &options, NULL, &why), HOPT_EINVAL);
    /* A structure of an older program ends earlier: the rest is the default. */
    options.size = offsetof(hopt_fmin_options, timeout);
    options.parallelism = -2;
    OK(hopt_fmin(study, square, NULL, &options, NULL, &why));
    hopt_study_close(study);
    hopt_study_close(NULL);
    hopt_eval_free(NULL);
    hopt_info_free(NULL);
    hopt_iterator_free(NULL);
    hopt_expr_free(NULL);
    hopt_free(NULL);
}

static int nested(hopt_eval *eval, double *loss, void *context) {
    hopt_fmin_options options = evals(5);
    *loss = (double)hopt_eval_num(eval);
    return hopt_fmin(context, square, NULL, &options, NULL, &why) == HOPT_ECONFLICT
               ? HOPT_EVAL_OK
               : HOPT_EVAL_ERROR;
}

Test(bad, fmin_within_fmin) {
    hopt_study *study = open_study(line_space(), NULL, NULL);
    hopt_fmin_options options = evals(2);
    OK(hopt_fmin(study, nested, study, &options, NULL, &why));
    hopt_study_close(study);
}
