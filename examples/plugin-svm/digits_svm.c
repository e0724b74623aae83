/* An objective as a plugin: a support vector machine on handwritten digits, by libsvm. The data are
 * read once, in open(); a trial trains on them by 3-fold cross-validation. Every fourth digit takes
 * no part in the tuning: the accuracy on these is only told, as `test_accuracy`. */
#include <errno.h>
#include <hopt_plugin.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if __has_include(<libsvm/svm.h>)
#include <libsvm/svm.h>
#else
#include <svm.h>
#endif

enum { FOLDS = 3, PIXELS = 64, LINE = 1024 };

typedef struct digits {
    int n;
    double *label;
    struct svm_node **row; /* each ends with index -1 */
} digits;

static const hopt_host *host;
static digits tune, test; /* as long as the process */

/* ---- data ---- */

/* One line "label index:value ...". 0: not that. */
static int parse_row(char *line, double *label, struct svm_node *row) {
    char *at, *end;
    int n = 0;
    *label = strtod(line, &end);
    if (end == line) return 0;
    for (at = end; *at && *at != '\n'; at = end) {
        long index = strtol(at, &end, 10);
        if (end == at || *end != ':' || index < 1 || n == PIXELS) return 0;
        row[n].index = (int)index;
        at = end + 1;
        row[n].value = strtod(at, &end) / 16; /* a pixel is 0..16 */
        if (end == at) return 0;
        n++;
        while (*end == ' ')
            end++;
    }
    row[n].index = -1;
    return 1;
}

static void add(digits *set, double label, const struct svm_node *row) {
    size_t size = (PIXELS + 1) * sizeof *row, count = (size_t)set->n + 1;
    set->label = realloc(set->label, count * sizeof *set->label);
    set->row = realloc(set->row, count * sizeof(struct svm_node *));
    if (!set->label || !set->row || !(set->row[set->n] = malloc(size))) abort();
    memcpy(set->row[set->n], row, size);
    set->label[set->n++] = label;
}

static int read_data(const char *path) {
    FILE *file = fopen(path, "r");
    char line[LINE];
    struct svm_node row[PIXELS + 1];
    double label;
    int number = 0;
    if (!file) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 0;
    }
    while (fgets(line, sizeof line, file)) {
        if (!parse_row(line, &label, row)) {
            fprintf(stderr, "%s:%d: no line of libsvm's format\n", path, number + 1);
            break;
        }
        add(number % 4 == 3 ? &test : &tune, label, row);
        number++;
    }
    int whole = feof(file) && tune.n >= FOLDS && test.n > 0;
    fclose(file);
    return whole;
}

static void silent(const char *text) {
    (void)text; /* libsvm tells of every iteration */
}

/* The file is the config's "data", in the working directory: the study file's folder. */
static int svm_open(void **self, const hopt_host *given, const char *config) {
    char path[512] = "digits.libsvm";
    const char *at = strstr(config, "\"data\"");
    if (at) sscanf(at + 6, " : \"%511[^\"]", path);
    host = given;
    *self = NULL;
    svm_set_print_string_function(silent);
    return read_data(path) ? 0 : 1;
}

/* ---- training ---- */

static double accuracy(const struct svm_model *model, const digits *set, int fold) {
    int right = 0, all = 0;
    for (int i = 0; i < set->n; i++) {
        if (fold >= 0 && i % FOLDS != fold) continue;
        right += svm_predict(model, set->row[i]) == set->label[i];
        all++;
    }
    return (double)right / all;
}

/* Train on all of `tune` but one fold (-1: on all). */
static struct svm_model *train(const struct svm_parameter *parameter, int fold, digits *part) {
    part->n = 0;
    for (int i = 0; i < tune.n; i++) {
        if (i % FOLDS == fold) continue;
        part->label[part->n] = tune.label[i];
        part->row[part->n++] = tune.row[i];
    }
    struct svm_problem problem = {part->n, part->label, part->row};
    return svm_train(&problem, parameter);
}

/* The parameters of this trial; which exist depends on the kernel. */
static int read_parameters(hopt_eval *eval, struct svm_parameter *parameter) {
    const char *kernel = host->text(eval, "kernel");
    int64_t degree = 3;
    *parameter = (struct svm_parameter){
        .svm_type = C_SVC, .cache_size = 64, .eps = 1e-3, .gamma = 0.01, .degree = 3};
    if (!kernel || host->real(eval, "C", &parameter->C) != 0) return 0;
    if (strcmp(kernel, "rbf") == 0) {
        parameter->kernel_type = RBF;
        return host->real(eval, "kernel/rbf/gamma", &parameter->gamma) == 0;
    }
    if (strcmp(kernel, "poly") == 0) {
        parameter->kernel_type = POLY;
        int found = host->integer(eval, "kernel/poly/degree", &degree) == 0 &&
                    host->real(eval, "kernel/poly/coef0", &parameter->coef0) == 0;
        parameter->degree = (int)degree;
        parameter->gamma = 1.0 / PIXELS;
        return found;
    }
    parameter->kernel_type = LINEAR;
    return 1;
}

static int cross_validate(hopt_eval *eval, const struct svm_parameter *parameter, digits *part,
                          double *loss) {
    double sum = 0;
    for (int fold = 0; fold < FOLDS; fold++) {
        struct svm_model *model = train(parameter, fold, part);
        sum += 1 - accuracy(model, &tune, fold);
        svm_free_and_destroy_model(&model);
        if (host->report(eval, fold + 1, sum / (fold + 1))) return HOPT_PLUGIN_STOPPED;
    }
    *loss = sum / FOLDS;
    struct svm_model *model = train(parameter, -1, part);
    char text[32];
    snprintf(text, sizeof text, "%.6f", accuracy(model, &test, -1));
    host->extra(eval, "test_accuracy", text);
    snprintf(text, sizeof text, "%d", svm_get_nr_sv(model));
    host->extra(eval, "support_vectors", text);
    svm_free_and_destroy_model(&model);
    return HOPT_PLUGIN_OK;
}

static int svm_evaluate(void *self, hopt_eval *eval, double *loss) {
    struct svm_parameter parameter;
    (void)self;
    if (!read_parameters(eval, &parameter)) {
        host->log(eval, HOPT_PLUGIN_BAD, "the space must have C and kernel as in study.json");
        return HOPT_PLUGIN_ERROR;
    }
    digits part = {0, malloc((size_t)tune.n * sizeof *part.label),
                   malloc((size_t)tune.n * sizeof(struct svm_node *))};
    int code = HOPT_PLUGIN_ERROR;
    if (part.label && part.row) code = cross_validate(eval, &parameter, &part, loss);
    free(part.label);
    free(part.row);
    return code;
}

static const hopt_plugin plugin = {.abi = HOPT_PLUGIN_ABI,
                                   .size = sizeof(hopt_plugin),
                                   .name = "digits_svm",
                                   .doc = "error of a support vector machine on digits",
                                   .open = svm_open,
                                   .evaluate = svm_evaluate};

const hopt_plugin *hopt_plugin_get(uint32_t host_abi) {
    return host_abi >= HOPT_PLUGIN_ABI ? &plugin : NULL;
}
