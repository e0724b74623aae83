/*
 * test_lib_same HOPT: the library's trials are those of `hopt run` (which tests/golden holds to
 * hyperopt's fmin), point for point: several spaces and samplers, failed points among them. And the
 * command line sees what the library made: it lists, asks and tells on the same store.
 *
 * With --objective it is the objective of `hopt run` itself: a server.
 */
#include <jansson.h>
#include <math.h>

#include "tests/libhopt/check.h"
#include "tests/libhopt/databases.h"

enum { TRIALS = 45 };

static const char *const tree =
    "{\"model\": {\"_type\": \"choice\", \"_value\": [{\"_name\": \"svm\", \"C\": {\"_type\": "
    "\"loguniform\", \"_value\": [0.001, 1000]}, \"kernel\": {\"_type\": \"choice\", \"_value\": "
    "[{\"_name\": \"rbf\", \"gamma\": {\"_type\": \"loguniform\", \"_value\": [1e-5, 1]}}, "
    "{\"_name\": \"poly\", \"degree\": {\"_type\": \"randint\", \"_value\": [1, 6]}, \"c\": "
    "{\"_type\": \"normal\", \"_value\": [0, 2]}}]}}, {\"_name\": \"net\", \"rate\": {\"_type\": "
    "\"lognormal\", \"_value\": [-3, 1]}, \"layers\": {\"_type\": \"pchoice\", \"_value\": [[0.2, "
    "{\"one\": {\"_type\": \"uniform\", \"_value\": [0, 4]}}], [0.8, [{\"_type\": \"uniform\", "
    "\"_value\": [0, 1]}, {\"_type\": \"uniform\", \"_value\": [-1, 0]}]]]}}, 3.25]}, \"offset\": "
    "{\"_type\": \"uniform\", \"_value\": [-1, 1]}}";
static const char *const flat =
    "{\"x\": {\"_type\": \"uniform\", \"_value\": [-5, 5]}, \"y\": {\"_type\": \"qnormal\", "
    "\"_value\": [0, 4, 0.5]}, \"k\": {\"_type\": \"uniformint\", \"_value\": [1, 30]}}";

/* All numbers of the resolved structure, squared; above a bound the point fails. */
static double sum_of(const json_t *value) {
    const char *key;
    json_t *member;
    size_t i;
    double sum = 0;
    if (json_is_number(value)) return pow(json_number_value(value) - 0.5, 2);
    json_object_foreach((json_t *)value, key, member) sum += sum_of(member);
    json_array_foreach(value, i, member) sum += sum_of(member);
    return sum;
}

static int loss_of(const char *params, double *loss) {
    json_t *json = json_loads(params, 0, NULL);
    CHECK(json);
    const json_t *its = json_object_get(json, "hopt") ? json_object_get(json, "params") : json;
    *loss = sum_of(its);
    json_decref(json);
    return *loss > 2000;
}

static int serve(void) {
    static char line[1 << 16];
    double loss;
    puts("{\"ready\": true}");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        if (loss_of(line, &loss))
            puts("{\"result\": {\"status\": \"fail\"}}");
        else
            printf("{\"result\": {\"loss\": %.17g}}\n", loss);
        fflush(stdout);
    }
    return 0;
}

static int evaluate(hopt_eval *eval, double *loss, void *context) {
    (void)context;
    return loss_of(hopt_eval_params_json(eval), loss) ? HOPT_EVAL_FAIL : HOPT_EVAL_OK;
}

static hopt_study *run_library(const char *text) {
    hopt_study *study;
    OK(hopt_study_from_text(&study, text, NULL, &why));
    OK(hopt_fmin(study, evaluate, NULL, NULL, NULL, &why));
    return study;
}

static hopt_study *run_program(const char *hopt, const char *folder, const char *text) {
    char path[160], command[1024], uri[128];
    hopt_study *study;
    hopt_study_options options;
    snprintf(path, sizeof path, "%s/study.json", folder);
    FILE *file = fopen(path, "w");
    CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
    store_in(uri, folder, "run");
    snprintf(command, sizeof command, "rm -f %s/run.db*; '%s' run %s --store %s --quiet >/dev/null",
             folder, hopt, path, uri);
    CHECK(system(command) == 0);
    hopt_study_options_init(&options);
    options.store = uri;
    OK(hopt_study_load(&study, &options, &why));
    return study;
}

static int compare(hopt_study *ours, hopt_study *theirs) {
    int failed = 0;
    for (int num = 0; num < TRIALS; num++) {
        hopt_info *a, *b;
        OK(hopt_study_trial(ours, num, &a, &why));
        OK(hopt_study_trial(theirs, num, &b, &why));
        if (strcmp(hopt_info_vals_json(a), hopt_info_vals_json(b)) != 0) {
            fprintf(stderr, "trial %d: %s, not %s\n", num, hopt_info_vals_json(a),
                    hopt_info_vals_json(b));
            exit(1);
        }
        CHECK(strcmp(hopt_info_status(a), hopt_info_status(b)) == 0);
        CHECK(hopt_info_loss(a) == hopt_info_loss(b) || isnan(hopt_info_loss(a)));
        failed += strcmp(hopt_info_status(a), "fail") == 0;
        hopt_info_free(a);
        hopt_info_free(b);
    }
    return failed;
}

static void same(const char *self, const char *hopt, const char *folder, const char *space,
                 const char *sampler) {
    char text[8192];
    snprintf(text, sizeof text,
             "{\"name\": \"same\", \"space\": %s, \"sampler\": {\"seed\": 11, %s}, \"stop\": "
             "{\"max_trials\": %d}, \"objective\": {\"server\": [\"%s\", \"--objective\"]}}",
             space, sampler, TRIALS, self);
    hopt_study *ours = run_library(text), *theirs = run_program(hopt, folder, text);
    printf("%s: %d trials are the same, %d of them failed\n", sampler, TRIALS,
           compare(ours, theirs));
    hopt_study_close(ours);
    hopt_study_close(theirs);
}

/* ---- one store, the library and the command line ---- */

static void command(const char *hopt, const char *uri, const char *words) {
    char text[1024];
    snprintf(text, sizeof text, "'%s' %s --store %s", hopt, words, uri);
    if (system(text) == 0) return;
    fprintf(stderr, "failed: %s\n", text);
    exit(1);
}

static void together(const char *hopt, const char *folder) {
    char uri[128], text[512], list[64];
    hopt_study *study;
    hopt_eval *eval;
    hopt_info *info;
    hopt_fmin_options fmin;
    hopt_study_options options;
    hopt_study_options_init(&options);
    store_in(uri, folder, "together");
    options.store = uri;
    options.name = "both";
    OK(hopt_study_from_text(&study, flat, &options, &why));
    OK(hopt_ask(study, &eval, &why));
    command(hopt, uri, "tell both 0 1.5"); /* asked here, told there */
    CHECK(hopt_tell(eval, 9, NULL) == HOPT_ECONFLICT);
    hopt_eval_free(eval);
    command(hopt, uri, "ask both --json >/dev/null"); /* asked there, told here */
    OK(hopt_tell_num(study, 1, "{\"loss\": 0.75, \"by\": \"hand\"}", &why));
    OK(hopt_study_trial(study, 1, &info, &why));
    CHECK(hopt_info_loss(info) == 0.75);
    hopt_info_free(info);
    hopt_fmin_options_init(&fmin);
    fmin.max_evals = 12;
    OK(hopt_fmin(study, evaluate, NULL, &fmin, NULL, &why));
    hopt_study_close(study);
    snprintf(list, sizeof list, "trials list both -n 0 --json");
    snprintf(text, sizeof text, "[ \"$('%s' %s --store %s | wc -l)\" = 12 ]", hopt, list, uri);
    CHECK(system(text) == 0);
    snprintf(text, sizeof text, "'%s' study list --store %s | grep -q 'both.*done.*12/12.*0[.]'",
             hopt, uri);
    CHECK(system(text) == 0);
    command(hopt, uri, "best both >/dev/null");
    snprintf(text, sizeof text, "export both >%s/out.jsonl", folder);
    command(hopt, uri, text);
}

int main(int argc, char **argv) {
    char folder[] = "/tmp/hopt-lib-same-XXXXXX", self[512];
    if (argc > 1 && strcmp(argv[1], "--objective") == 0) return serve();
    CHECK(argc == 2 && mkdtemp(folder));
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    CHECK(length > 0);
    self[length] = '\0';
    setvbuf(stdout, NULL, _IOLBF, 0);
    same(self, argv[1], folder, tree, "\"name\": \"hyperopt\"");
    same(self, argv[1], folder, flat, "\"name\": \"hyperopt\"");
    same(self, argv[1], folder, tree, "\"name\": \"anneal\"");
    same(self, argv[1], folder, tree,
         "\"name\": \"mix\", \"p_suggest\": [[0.5, \"random\"], [0.5, \"hyperopt\"]]");
    same(self, argv[1], folder, tree, "\"name\": \"tpe\"");
    same(self, argv[1], folder, flat, "\"name\": \"gp\"");
    together(argv[1], folder);
    remove_stores(folder);
    return 0;
}
