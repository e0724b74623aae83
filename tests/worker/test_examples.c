/* The examples of the tree, evaluated at a few points through the real runner. One whose
 * interpreter or library is not on this machine is named and passed over. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "tests/worker/slot.h"

typedef struct example {
    const char *folder;
    const char *needs; /* a shell command that succeeds where it can run; NULL: everywhere */
} example;

static const example examples[] = {
    {TEST_SOURCE "/examples/shell", "command -v xz"},
    {TEST_SOURCE "/examples/python-server", "command -v python3"},
    {TEST_SOURCE "/examples/digits", "/usr/bin/python3 -c 'import sklearn'"},
    {TEST_SOURCE "/examples/r-server", "Rscript -e 'library(jsonlite)'"},
    {TEST_BUILD "/examples/c-server", NULL},
    {TEST_BUILD "/examples/plugin-svm", "test -e " TEST_BUILD "/examples/plugin-svm/digits_svm.so"},
};

static hopt_study_spec *read_study(const char *folder) {
    char *path = hopt_format("%s/study.json", folder), text[16384];
    FILE *file = fopen(path, "r");
    CHECK(file, "%s", path);
    size_t length = fread(text, 1, sizeof text, file);
    fclose(file);
    hopt_study_spec *spec = NULL;
    hopt_errors errors = {0};
    if (hopt_study_spec_parse(&spec, text, length, NULL, NULL, 0, &errors) != HOPT_OK)
        CHECK(false, "%s:%d:%d: %s", path, errors.list[0].line, errors.list[0].column,
              errors.list[0].message);
    free(path);
    return spec;
}

/* The i-th point: each parameter a third of the way further, options in turn. */
static void fill_point(const hopt_space *space, double *point, int i) {
    for (int k = 0; k < hopt_space_size(space); k++) {
        const hopt_dist *dist = &hopt_space_param(space, k)->dist;
        double share = 0.3 + 0.2 * ((i + k) % 3);
        double value = dist->low + share * (dist->high - dist->low);
        if (dist->options) value = i % dist->options;
        if (dist->kind == HOPT_LOGUNIFORM)
            value = exp(log(dist->low) + share * (log(dist->high) - log(dist->low)));
        if (dist->kind == HOPT_RANDINT) value = floor(value);
        if (dist->q > 0) value = rint(value / dist->q) * dist->q;
        point[k] = value;
    }
    hopt_space_mask(space, point, point);
}

typedef struct watch {
    const char *folder;
    int ended, ok;
    bool closed;
} watch;

static void on_end(void *data, const hopt_result *result, const hopt_sandbox_log *log) {
    watch *w = data;
    w->ended++;
    w->ok += result->ok;
    CHECK(result->state == HOPT_DONE, "%s: %s: %s\n%.*s", w->folder, result->error_type,
          result->error_message, (int)log->head_length, log->head);
}

static void on_closed(void *data) {
    ((watch *)data)->closed = true;
}

static void run_trial(hopt_sandbox *sandbox, const hopt_study_spec *spec, int num, uv_loop_t *loop,
                      watch *w) {
    double *point = hopt_zalloc((size_t)hopt_space_size(spec->space), sizeof *point);
    hopt_trial *trial = hopt_trial_new();
    fill_point(spec->space, point, num);
    trial->num = num;
    trial->seed = 7;
    trial->vals = hopt_space_vals(spec->space, point);
    trial->params = hopt_space_resolve(spec->space, point);
    hopt_sandbox_start(sandbox, trial, (hopt_sandbox_callbacks){.on_end = on_end}, w);
    while (w->ended == num)
        uv_run(loop, UV_RUN_ONCE);
    hopt_trial_free(trial);
    free(point);
}

static void run_example(const example *e) {
    uv_loop_t loop;
    watch w = {.folder = e->folder};
    char work[] = "/tmp/hopt-example-XXXXXX";
    CHECK(mkdtemp(work) && uv_loop_init(&loop) == 0, "no folder");
    hopt_study_spec *spec = read_study(e->folder);
    char *plugin =
        spec->objective.plugin ? hopt_format("%s/%s", e->folder, spec->objective.plugin) : NULL;
    hopt_sandbox_options options = {
        .spec = spec, .runner = TEST_RUNNER, .workdir = work, .plugin = plugin, .cwd = e->folder};
    hopt_sandbox *sandbox = hopt_sandbox_new(&loop, &options);
    for (int i = 0; i < 4; i++)
        run_trial(sandbox, spec, i, &loop, &w);
    CHECK(w.ok > 0, "%s: no point has a loss", e->folder);
    hopt_sandbox_close(sandbox, on_closed, &w);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK(w.closed && uv_loop_close(&loop) == 0, "handles are left");
    CHECK(hopt_sandbox_remove(work), "folder stays");
    hopt_study_spec_free(spec);
    free(plugin);
    printf("ok %s: %d of 4 points have a loss\n", e->folder, w.ok);
}

int main(void) {
    for (size_t i = 0; i < HOPT_COUNT(examples); i++) {
        char *probe =
            hopt_format("(%s) >/dev/null 2>&1", examples[i].needs ? examples[i].needs : "true");
        if (system(probe) == 0) /* NOLINT: a fixed command */
            run_example(&examples[i]);
        else
            printf("skipped %s: no \"%s\"\n", examples[i].folder, examples[i].needs);
        free(probe);
        fflush(stdout);
    }
    return 0;
}
