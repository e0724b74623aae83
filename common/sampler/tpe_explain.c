/**
 * Why `tpe` proposed what it did last: the split, both mixtures of each label, the candidates with
 * their scores. The mixtures are joint over all labels; what is shown of a label is its marginal,
 * relative to the prior's (1: as likely as a draw from the prior).
 */
#include <math.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/sampler/explain.h"
#include "common/sampler/normal.h"
#include "common/sampler/tpe_internal.h"

/** One side's mixture, seen label by label. */
typedef struct side {
    const hopt_cube *cube;
    const hopt_tpe_columns *columns;
    const hopt_tpe_layout *layout;
    size_t count;   /**< kernels */
    double *weight; /**< of each; 0: takes no part */
    int64_t *num;   /**< whose they are */
    double prior;   /**< weight of the prior kernel */
    double *b;      /**< [dimension] category strength */
} side;

static side below_side(const hopt_tpe *tpe) {
    const hopt_tpe_below *below = &tpe->below;
    size_t size = (size_t)tpe->cube->size;
    side s = {.cube = tpe->cube,
              .columns = &below->columns,
              .layout = below->layout,
              .count = (size_t)below->members.count,
              .prior = below->prior_weight};
    s.weight = hopt_zalloc(s.count + 1, sizeof *s.weight);
    s.num = hopt_zalloc(s.count + 1, sizeof *s.num);
    s.b = hopt_zalloc(size + 1, sizeof *s.b);
    for (size_t i = 0; i < s.count; i++) {
        s.weight[i] = below->weight[i];
        s.num[i] = tpe->split.history.records[below->members.index[i]].num;
    }
    for (size_t d = 0; d < size; d++)
        s.b[d] = below->dims[d].b;
    return s;
}

static side above_side(const hopt_tpe *tpe) {
    const hopt_tpe_above *above = &tpe->split.above;
    size_t size = (size_t)tpe->cube->size;
    double share = hopt_tpe_above_share(tpe);
    side s = {.cube = tpe->cube,
              .columns = &above->columns,
              .layout = above->layout,
              .count = above->slots,
              .prior = 1 / share};
    s.weight = hopt_zalloc(s.count + 1, sizeof *s.weight);
    s.num = hopt_zalloc(s.count + 1, sizeof *s.num);
    s.b = hopt_zalloc(size + 1, sizeof *s.b);
    for (size_t i = 0; i < s.count; i++) {
        if (above->member[i] == HOPT_TPE_ABOVE) s.weight[i] = 1;
        if (above->member[i] == HOPT_TPE_WAITING) s.weight[i] = HOPT_TPE_WAITING_WEIGHT / share;
        s.num[i] = tpe->split.history.records[above->record[i]].num;
    }
    for (size_t d = 0; d < size; d++)
        s.b[d] = 0.5 / ((double)above->sorted[d].count + 1);
    return s;
}

static void side_free(side *s) {
    free(s->weight);
    free(s->num);
    free(s->b);
}

static double total(const side *s) {
    double sum = s->prior;
    for (size_t i = 0; i < s->count; i++)
        sum += s->weight[i];
    return sum;
}

static bool is_category(const side *s, int d) {
    return s->cube->dims[d].scale == HOPT_CUBE_OPTION;
}

/** Whether kernel i has dimension d. */
static bool has(const side *s, size_t i, int d) {
    float first = *hopt_tpe_at(s->columns, i, s->layout[d].first);
    return is_category(s, d) ? first >= 0 : first > 0;
}

/** Kernel i's factor of dimension d at u, relative to the prior's (TPE.md 0.3). */
static double factor(const side *s, size_t i, int d, double u) {
    if (!has(s, i, d)) return 1;
    double first = (double)*hopt_tpe_at(s->columns, i, s->layout[d].first);
    if (is_category(s, d)) {
        const hopt_cube_dim *dim = &s->cube->dims[d];
        double strength = dim->options * s->b[d];
        double prior = hopt_math_exp(hopt_tpe_option_prior(dim, (int)u));
        return ((first == u ? 1 : 0) / prior + strength) / (1 + strength);
    }
    double t = first * u - (double)*hopt_tpe_at(s->columns, i, s->layout[d].first + 1);
    double c = (double)*hopt_tpe_at(s->columns, i, s->layout[d].constant);
    return hopt_math_exp(c - t * t);
}

/** The side's marginal density of dimension d at u, relative to the prior's. */
static double marginal(const side *s, int d, double u) {
    double sum = s->prior;
    for (size_t i = 0; i < s->count; i++)
        if (s->weight[i] > 0) sum += s->weight[i] * factor(s, i, d, u);
    return sum / total(s);
}

/** The kernels of a numeric label, as columns. Widths are in the unit of the prior's quantiles. */
static json_t *kernels(const side *s, int d) {
    json_t *num = json_array(), *mean = json_array(), *width = json_array();
    json_t *weight = json_array();
    double whole = total(s);
    for (size_t i = 0; i < s->count; i++) {
        if (!(s->weight[i] > 0) || !has(s, i, d)) continue;
        double v = (double)*hopt_tpe_at(s->columns, i, s->layout[d].first);
        double b = (double)*hopt_tpe_at(s->columns, i, s->layout[d].first + 1);
        json_array_append_new(num, json_integer(s->num[i]));
        json_array_append_new(mean, json_real(hopt_cube_decode(&s->cube->dims[d], b / v)));
        json_array_append_new(width, json_real(sqrt(0.5) / v));
        json_array_append_new(weight, json_real(s->weight[i] / whole));
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "num", num, "mean", mean, "width", width, "weight",
                     weight);
}

static json_t *describe_side(const side *s, int d, const hopt_explain_grid *grid) {
    double *density = hopt_zalloc((size_t)grid->count, sizeof *density);
    for (int i = 0; i < grid->count; i++)
        density[i] = marginal(s, d, grid->u[i]);
    json_t *said =
        json_pack("{s:o, s:f}", "density", hopt_explain_numbers(density, (size_t)grid->count),
                  "prior_weight", s->prior / total(s));
    if (!is_category(s, d)) {
        json_object_set_new(said, "kernels", kernels(s, d));
    } else {
        for (int i = 0; i < grid->count; i++)
            density[i] *= hopt_math_exp(hopt_tpe_option_prior(&s->cube->dims[d], i));
        json_object_set_new(said, "probability",
                            hopt_explain_numbers(density, (size_t)grid->count));
    }
    free(density);
    return said;
}

static json_t *describe_labels(const hopt_tpe *tpe) {
    json_t *labels = json_object();
    side below = below_side(tpe);
    side above = above_side(tpe);
    const double *row =
        tpe->rows + (size_t)(tpe->chosen < 0 ? tpe->n : tpe->chosen) * (size_t)tpe->cube->size;
    for (int d = 0; d < tpe->cube->size; d++) {
        if (isnan(row[d])) continue;
        const hopt_cube_dim *dim = &tpe->cube->dims[d];
        hopt_explain_grid grid = hopt_explain_grid_new(dim);
        double ratio = hopt_math_log(marginal(&below, d, row[d]) / marginal(&above, d, row[d]));
        json_object_set_new(labels, dim->param->label,
                            hopt_explain_label(tpe->space, d, &grid, hopt_cube_decode(dim, row[d]),
                                               ratio, describe_side(&below, d, &grid),
                                               describe_side(&above, d, &grid)));
        hopt_explain_grid_free(&grid);
    }
    side_free(&below);
    side_free(&above);
    return labels;
}

static json_t *describe_candidates(const hopt_tpe *tpe) {
    static const char *const names[] = {"mean", "blend", "recombine"};
    json_t *list = json_array();
    size_t size = (size_t)tpe->cube->size;
    double *point = hopt_zalloc(size + 1, sizeof *point);
    for (int i = 0; i < tpe->n; i++) {
        hopt_cube_decode_point(tpe->cube, point, tpe->rows + (size_t)i * size);
        json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o, s:o, s:b, s:b}", "made",
                                              names[tpe->made[i]], "log_below",
                                              hopt_explain_number(tpe->log_l[i]), "log_above",
                                              hopt_explain_number(tpe->log_g[i]), "score",
                                              hopt_explain_number(tpe->score[i]), "vals",
                                              hopt_space_vals(tpe->space, point), "tried",
                                              tpe->tried && hopt_finite_tried(tpe->tried, point),
                                              "chosen", i == tpe->chosen));
    }
    free(point);
    return list;
}

static void describe_split(const hopt_tpe *tpe, json_t *said) {
    const hopt_tpe_split *split = &tpe->split;
    json_t *below = json_array();
    for (int i = 0; i < split->below.count; i++) {
        const hopt_record *record = &split->history.records[split->below.index[i]];
        hopt_explain_trial(below, record->num, record->loss);
    }
    size_t above = split->finished + split->failed - (size_t)split->below.count;
    json_object_set_new(said, "good", below);
    json_object_set_new(said, "others", json_integer((json_int_t)above));
    json_object_set_new(said, "left_out", json_integer((json_int_t)(above - split->above.n_above)));
}

static json_t *why(const hopt_tpe *tpe) {
    hopt_buf text = HOPT_BUF_INIT;
    const char *step = NULL;
    switch (tpe->step) {
    case HOPT_TPE_STARTUP:
        step = "startup";
        hopt_buf_print(&text, "one of the first %d: a Latin hypercube", tpe->options.startup);
        break;
    case HOPT_TPE_PRIOR:
        step = "prior";
        hopt_buf_text(&text, "a draw from the prior: fewer than 2 trials have ended well");
        break;
    case HOPT_TPE_MODEL:
        step = "model";
        hopt_buf_text(&text, "the candidate that is most like the good trials and least like the "
                             "others");
        break;
    case HOPT_TPE_JUMP:
        step = "jump";
        hopt_buf_print(&text, "a jump: %s is drawn anew, the rest is as in the model",
                       tpe->cube->dims[tpe->jump].param->label);
        break;
    case HOPT_TPE_BRANCH:
    case HOPT_TPE_BRANCH_PRIOR:
        step = tpe->step == HOPT_TPE_BRANCH ? "branch" : "branch_prior";
        hopt_buf_print(&text, "a branch with few trials has its turn: %s ",
                       tpe->cube->dims[tpe->split.root].param->label);
        hopt_space_option_text(tpe->space, tpe->split.root, tpe->branch, &text);
        break;
    }
    if (tpe->chosen < 0)
        hopt_buf_text(&text, "; all candidates were tried before, so another point was drawn");
    json_t *said = hopt_explain_step(step, hopt_buf_string(&text));
    hopt_buf_clear(&text);
    return said;
}

json_t *hopt_tpe_explain(hopt_tpe *tpe) {
    const hopt_tpe_split *split = &tpe->split;
    json_t *said = why(tpe);
    json_object_set_new(said, "finished", json_integer((json_int_t)split->finished));
    json_object_set_new(said, "failed", json_integer((json_int_t)split->failed));
    json_object_set_new(said, "running", json_integer((json_int_t)split->pending));
    bool model =
        tpe->step == HOPT_TPE_MODEL || tpe->step == HOPT_TPE_JUMP || tpe->step == HOPT_TPE_BRANCH;
    if (!model) return said;
    if (tpe->jump >= 0)
        json_object_set_new(said, "jump", json_string(tpe->cube->dims[tpe->jump].param->label));
    describe_split(tpe, said);
    json_object_set_new(said, "candidates", describe_candidates(tpe));
    json_object_set_new(said, "labels", describe_labels(tpe));
    return said;
}
