/**
 * Why hyperopt's TPE proposed what it did: each label has mixtures and candidates of its own.
 * Densities are relative to the prior's.
 */
#include <math.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/sampler/explain.h"
#include "common/sampler/hyperopt/hyperopt.h"

typedef struct explaining {
    hopt_cube *cube;
    json_t *labels;
} explaining;

/* Of the values of an unordered parameter: p over the prior's. */
static json_t *unordered_side(const double *p, const hopt_dist *dist, const double *values,
                              int count, double low) {
    double *density = hopt_zalloc((size_t)count + 1, sizeof *density);
    double *probability = hopt_zalloc((size_t)count + 1, sizeof *probability);
    for (int i = 0; i < count; i++) {
        probability[i] = p[(int)(values[i] - low)];
        density[i] = probability[i] / exp(hopt_dist_log_density(dist, values[i]));
    }
    json_t *said = json_pack("{s:o, s:o}", "density", hopt_explain_numbers(density, (size_t)count),
                             "probability", hopt_explain_numbers(probability, (size_t)count));
    free(density);
    free(probability);
    return said;
}

static json_t *kernels(const hopt_hyperopt_mixture *mixture, bool log_of) {
    double *mean = hopt_zalloc((size_t)mixture->count + 1, sizeof *mean);
    for (int i = 0; i < mixture->count; i++)
        mean[i] = log_of ? exp(mixture->mu[i]) : mixture->mu[i];
    size_t n = (size_t)mixture->count;
    json_t *said = json_pack("{s:o, s:o, s:o}", "mean", hopt_explain_numbers(mean, n), "width",
                             hopt_explain_numbers(mixture->sigma, n), "weight",
                             hopt_explain_numbers(mixture->weight, n));
    free(mean);
    return said;
}

static json_t *real_side(hopt_hyperopt_mixture *mixture, const hopt_hyperopt_kernel *kernel,
                         const hopt_dist *dist, const hopt_explain_grid *grid) {
    double *density = hopt_zalloc((size_t)grid->count + 1, sizeof *density);
    hopt_hyperopt_mixture_score(mixture, kernel, grid->value, grid->count, density);
    for (int i = 0; i < grid->count; i++)
        density[i] = exp(density[i] - hopt_dist_log_density(dist, grid->value[i]));
    json_t *said =
        json_pack("{s:o, s:o}", "density", hopt_explain_numbers(density, (size_t)grid->count),
                  "kernels", kernels(mixture, kernel->log));
    free(density);
    return said;
}

/* The draw that was taken. */
static int chosen_of(const hopt_hyperopt *self, double value) {
    for (int i = 0; i < self->options.n_EI_candidates; i++)
        if (self->draws[i] == value) return i;
    return 0;
}

static json_t *candidates(const hopt_hyperopt *self, int chosen) {
    json_t *list = json_array();
    for (int i = 0; i < self->options.n_EI_candidates; i++)
        json_array_append_new(
            list,
            json_pack("{s:o, s:o, s:o, s:o, s:b}", "value", hopt_explain_number(self->draws[i]),
                      "log_below", hopt_explain_number(self->score_below[i]), "log_above",
                      hopt_explain_number(self->score_above[i]), "score",
                      hopt_explain_number(self->score_below[i] - self->score_above[i]), "chosen",
                      i == chosen));
    return list;
}

static void describe(hopt_hyperopt *self, int param, double value) {
    explaining *e = self->watcher;
    const hopt_param *label = hopt_space_param(self->plan.space, param);
    int chosen = chosen_of(self, value);
    double ratio = self->score_below[chosen] - self->score_above[chosen];
    json_t *list = candidates(self, chosen); /* before the scores' room is used for the grid */
    hopt_explain_grid grid = hopt_explain_grid_new(&e->cube->dims[param]);
    json_t *below, *above;
    if (hopt_hyperopt_is_categorical(&label->dist)) {
        double low;
        hopt_hyperopt_values(&label->dist, &low);
        below = unordered_side(self->p_below, &label->dist, grid.value, grid.count, low);
        above = unordered_side(self->p_above, &label->dist, grid.value, grid.count, low);
    } else {
        hopt_hyperopt_range range = hopt_hyperopt_range_of(&self->plan, param);
        hopt_hyperopt_kernel kernel = hopt_hyperopt_kernel_of(&label->dist, &range);
        below = real_side(&self->below, &kernel, &label->dist, &grid);
        above = real_side(&self->above, &kernel, &label->dist, &grid);
    }
    json_t *said = hopt_explain_label(self->plan.space, param, &grid, value, ratio, below, above);
    json_object_set_new(said, "candidates", list);
    json_object_set_new(e->labels, label->label, said);
    hopt_explain_grid_free(&grid);
}

static void describe_split(const hopt_hyperopt *self, json_t *said) {
    json_t *good = json_array();
    for (size_t i = 0; i < self->docs.n_kept; i++) {
        const hopt_hyperopt_kept *kept = &self->docs.kept[i];
        if (hopt_hyperopt_is_good(self, i)) hopt_explain_trial(good, kept->num, kept->loss);
    }
    size_t others = self->docs.n_kept - json_array_size(good);
    json_object_set_new(said, "good", good);
    json_object_set_new(said, "others", json_integer((json_int_t)others));
}

json_t *hopt_hyperopt_explain_tpe(hopt_hyperopt *self, uint64_t seed) {
    explaining e = {.cube = hopt_cube_new(self->plan.space), .labels = json_object()};
    double *point = hopt_zalloc((size_t)self->plan.size + 1, sizeof *point);
    self->watch = describe;
    self->watcher = &e;
    hopt_hyperopt_tpe(self, seed, point);
    self->watch = NULL;
    self->watcher = NULL;
    free(point);
    hopt_cube_free(e.cube);
    if (self->docs.n_kept < (size_t)self->options.n_startup_jobs) {
        json_decref(e.labels);
        hopt_buf text = HOPT_BUF_INIT;
        hopt_buf_print(&text, "a draw from the prior: %zu of n_startup_jobs = %d trials are there",
                       self->docs.n_kept, self->options.n_startup_jobs);
        json_t *said = hopt_explain_step("startup", hopt_buf_string(&text));
        hopt_buf_clear(&text);
        return said;
    }
    json_t *said = hopt_explain_step(
        "model", "each label by itself: of the draws from the good trials' density the one of the "
                 "highest ratio to the others' density");
    describe_split(self, said);
    json_object_set_new(said, "labels", e.labels);
    return said;
}

json_t *hopt_hyperopt_explain_anneal(const hopt_hyperopt *self) {
    bool any = false;
    for (size_t i = 0; i < self->docs.count; i++)
        any |= !self->docs.list[i].hidden;
    if (!any) return hopt_explain_step("prior", "a draw from the prior: there is no trial yet");
    return hopt_explain_step("neighbourhood",
                             "each label is drawn around its value in one of the best trials, "
                             "closer the more trials have the label");
}
