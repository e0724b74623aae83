/* Part 4, conditional models on real data: which model reads handwritten digits best, a support
 * vector machine (by libsvm, with the parameters of its kernel) or the nearest neighbours? */
#include <string.h>
#if __has_include(<libsvm/svm.h>)
#include <libsvm/svm.h>
#else
#include <svm.h>
#endif

#include "part.h"

enum { PIXELS = 64, ROWS = 800 /* of the file's 1797: it is a tutorial */, TRAIN = 600 };

static double label[ROWS], pixels[ROWS][PIXELS];
static struct svm_node nodes[ROWS][PIXELS + 1];

/* Lines "label index:value ...": the format of libsvm. */
static void read_digits(const char *path) {
    char line[1024];
    int row = 0;
    FILE *file = fopen(path, "r");
    expect(file != NULL, "the data are beside this program");
    for (; row < ROWS && fgets(line, sizeof line, file); row++) {
        int n = 0;
        char *at = strtok(line, " \n");
        label[row] = atof(at);
        while ((at = strtok(NULL, " \n"))) {
            int index = atoi(at);
            double value = atof(strchr(at, ':') + 1) / 16;
            pixels[row][index - 1] = value;
            nodes[row][n].index = index;
            nodes[row][n++].value = value;
        }
        nodes[row][n].index = -1;
    }
    fclose(file);
    expect(row == ROWS, "800 digits");
}

static void silent(const char *text) {
    (void)text;
}

static double svm_error(const struct svm_parameter *parameter) {
    struct svm_node *rows[TRAIN];
    int wrong = 0;
    for (int i = 0; i < TRAIN; i++)
        rows[i] = nodes[i];
    struct svm_problem problem = {TRAIN, label, rows};
    struct svm_model *model = svm_train(&problem, parameter);
    for (int i = TRAIN; i < ROWS; i++)
        wrong += svm_predict(model, nodes[i]) != label[i];
    svm_free_and_destroy_model(&model);
    return (double)wrong / (ROWS - TRAIN);
}

static double distance(int a, int b) {
    double sum = 0;
    for (int i = 0; i < PIXELS; i++)
        sum += (pixels[a][i] - pixels[b][i]) * (pixels[a][i] - pixels[b][i]);
    return sum;
}

/* The digit that most of the k nearest ones are, near ones weighing more or not. */
static double vote(int row, int k, int weighted) {
    double best[16] = {0}, votes[10] = {0};
    int which[16], n = 0, winner = 0;
    for (int i = 0; i < TRAIN; i++) {
        double far = distance(row, i);
        if (n == k && far >= best[k - 1]) continue;
        int at = n < k ? n++ : k - 1;
        for (; at > 0 && best[at - 1] > far; at--)
            best[at] = best[at - 1], which[at] = which[at - 1];
        best[at] = far, which[at] = i;
    }
    for (int i = 0; i < n; i++)
        votes[(int)label[which[i]]] += weighted ? 1 / (1e-9 + best[i]) : 1;
    for (int digit = 1; digit < 10; digit++)
        if (votes[digit] > votes[winner]) winner = digit;
    return winner;
}

static int digits(hopt_eval *eval, double *loss, void *context) {
    (void)context;
    if (strcmp(hopt_eval_text(eval, "model"), "neighbours") == 0) {
        int64_t k;
        int weighted, wrong = 0;
        if (hopt_eval_integer(eval, "k", &k) != 0 || hopt_eval_option(eval, "weighted", &weighted))
            return HOPT_EVAL_ERROR;
        for (int i = TRAIN; i < ROWS; i++)
            wrong += vote(i, (int)k, weighted) != label[i];
        *loss = (double)wrong / (ROWS - TRAIN);
        return HOPT_EVAL_OK;
    }
    struct svm_parameter parameter = {.svm_type = C_SVC, .cache_size = 16, .eps = 1e-3};
    if (hopt_eval_real(eval, "C", &parameter.C) != 0) return HOPT_EVAL_ERROR;
    if (strcmp(hopt_eval_text(eval, "kernel"), "rbf") == 0) {
        parameter.kernel_type = RBF;
        if (hopt_eval_real(eval, "gamma", &parameter.gamma) != 0) return HOPT_EVAL_ERROR;
    } else {
        parameter.kernel_type = LINEAR;
        expect(hopt_eval_active(eval, "gamma") == 0, "a linear kernel has no gamma");
    }
    *loss = svm_error(&parameter);
    return HOPT_EVAL_OK;
}

/* A space is also a text: the same as in a study file. */
static const char *const space =
    "{\"model\": {\"_type\": \"choice\", \"_label\": \"model\", \"_value\": [\n"
    "   {\"_name\": \"svm\",\n"
    "    \"C\": {\"_type\": \"loguniform\", \"_value\": [0.01, 100], \"_label\": \"C\"},\n"
    "    \"kernel\": {\"_type\": \"choice\", \"_label\": \"kernel\", \"_value\": [\n"
    "      {\"_name\": \"linear\"},\n"
    "      {\"_name\": \"rbf\",\n"
    "       \"gamma\": {\"_type\": \"loguniform\", \"_value\": [0.001, 10], \"_label\": "
    "\"gamma\"}}]}},\n"
    "   {\"_name\": \"neighbours\",\n"
    "    \"k\": {\"_type\": \"randint\", \"_value\": [1, 16], \"_label\": \"k\"},\n"
    "    \"weighted\": {\"_type\": \"choice\", \"_value\": [false, true],\n"
    "                 \"_label\": \"weighted\"}}]}}";

int main(int argc, char **argv) {
    hopt_study *study;
    hopt_info *best;
    hopt_study_options same = seeded();
    hopt_fmin_options options;
    read_digits(argc > 1 ? argv[1] : "digits.libsvm");
    svm_set_print_string_function(silent);
    hopt_fmin_options_init(&options);
    options.max_evals = 20;
    must(hopt_study_from_text(&study, space, &same, &why));
    must(hopt_fmin(study, digits, NULL, &options, &best, &why));
    printf("%.1f%% of 200 digits are read wrongly by %s\n", 100 * hopt_info_loss(best),
           hopt_info_params_json(best));
    expect(hopt_info_loss(best) < 0.1, "more than 90% are read rightly");
    hopt_info_free(best);
    hopt_study_close(study);
    return 0;
}
