/** From a candidate to the nearest point of higher log EI: continuous and discrete moves (GP.md 5).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sampler/gp/gp_internal.h"
#include "common/sampler/gp/lbfgs.h"
#include "common/sampler/normal.h"

enum { ROUNDS = 2, MOVES_MAX = 2000 };

/* ---- continuous: the active real coordinates, each in the unit of its length scale ---- */

typedef struct real_moves {
    const hopt_gp_model *model;
    double *row, *gradient;
    int *dims;
    double *unit;
    int count;
} real_moves;

static bool is_real(const hopt_cube_dim *dim) {
    return dim->scale != HOPT_CUBE_OPTION && dim->levels <= 0 && dim->step <= 0;
}

static double real_value(void *data, const double *x, double *gradient) {
    real_moves *m = data;
    for (int i = 0; i < m->count; i++)
        m->row[m->dims[i]] = fmin(x[i] * m->unit[i], 1);
    double value = hopt_gp_log_ei_at(m->model, m->row, m->gradient, NULL, NULL);
    for (int i = 0; i < m->count; i++)
        gradient[i] = m->gradient[m->dims[i]] * m->unit[i];
    return value;
}

static double climb_real(const hopt_gp_model *model, double *row, double value, double first_cap) {
    static const hopt_lbfgs_options usual = {
        .iterations = 15, .memory = 6, .tries = 5, .cap = .4, .shrink = .25, .least_gain = 1e-5};
    hopt_lbfgs_options options = usual;
    options.first_cap = first_cap;
    size_t size = (size_t)model->size;
    double *room = hopt_zalloc(5 * size + 1, sizeof *room);
    double *x = room, *low = room + size, *high = room + 2 * size;
    real_moves m = {
        .model = model, .row = row, .gradient = room + 3 * size, .unit = room + 4 * size};
    m.dims = hopt_zalloc(size + 1, sizeof *m.dims);
    for (int d = 0; d < model->size; d++) {
        if (isnan(row[d]) || !is_real(&model->cube->dims[d])) continue;
        m.unit[m.count] = fmin(1, hopt_math_exp(model->hyper.theta[d]));
        x[m.count] = row[d] / m.unit[m.count];
        high[m.count] = 1 / m.unit[m.count];
        m.dims[m.count++] = d;
    }
    if (m.count > 0) {
        hopt_lbfgs_problem problem = {
            .size = m.count, .low = low, .high = high, .value = real_value, .data = &m};
        double found = hopt_lbfgs(&problem, &options, x);
        if (!isnan(found)) value = found;
        for (int i = 0; i < m.count; i++)
            row[m.dims[i]] = fmin(x[i] * m.unit[i], 1);
    }
    free(m.dims);
    free(room);
    return value;
}

/* ---- discrete: one step on a grid, another option ---- */

/* A value for a parameter that has become active: that of the best trial with it, in the same
 * branch of the choice that was changed; else uniform. */
static double new_value(const hopt_gp_source *source, int d, int choice, double option,
                        hopt_rng *rng) {
    size_t size = (size_t)source->split->cube->size;
    for (size_t i = 0; i < source->count; i++) {
        const float *u = source->split->u + source->order[i] * size;
        if (!isnan(u[d]) && (double)u[choice] == option) return (double)u[d];
    }
    return hopt_cube_draw(&source->split->cube->dims[d], rng);
}

/* After a choice was changed: what is no more active goes, what is newly active gets a value. */
static void mend(const hopt_gp_source *source, int choice, hopt_rng *rng, double *row) {
    const hopt_cube *cube = source->split->cube;
    for (int d = 0; d < cube->size; d++) {
        if (!hopt_cube_active(cube, row, d))
            row[d] = NAN;
        else if (isnan(row[d]))
            row[d] = new_value(source, d, choice, row[choice], rng);
    }
}

typedef struct moves {
    double *rows;
    size_t count, size;
} moves;

static double *add_move(moves *m, const double *row) {
    if (m->count == MOVES_MAX) return NULL;
    double *made = m->rows + m->count++ * m->size;
    memcpy(made, row, m->size * sizeof *made);
    return made;
}

static void add_steps(moves *m, const hopt_cube_dim *dim, int d, const double *row) {
    double value = hopt_cube_decode(dim, row[d]);
    for (int by = -1; by <= 1; by += 2) {
        double u = hopt_cube_encode(dim, hopt_cube_decode(dim, row[d]) + by * dim->step);
        if (dim->levels > 0) u = hopt_cube_snap(dim, row[d] + by / dim->levels);
        if (hopt_cube_decode(dim, u) == value) continue; /* at the end */
        double *made = add_move(m, row);
        if (made) made[d] = u;
    }
}

static void add_options(moves *m, const hopt_gp_source *source, int d, const double *row,
                        hopt_rng *rng) {
    const hopt_cube_dim *dim = &source->split->cube->dims[d];
    for (int option = 0; option < dim->options; option++) {
        if (option == (int)row[d] || dim->probability[option] <= 0) continue;
        double *made = add_move(m, row);
        if (!made) return;
        made[d] = option;
        mend(source, d, rng, made);
    }
}

/* The best single move, if it is a gain. */
static double step_discrete(const hopt_gp_model *model, const hopt_gp_source *source, hopt_rng *rng,
                            double *row, double value) {
    moves m = {.size = (size_t)model->size};
    size_t most = 0;
    for (int d = 0; d < model->size; d++)
        most += (size_t)model->cube->dims[d].options + 2;
    if (most > MOVES_MAX) most = MOVES_MAX;
    m.rows = hopt_alloc((most * m.size + 1) * sizeof *m.rows);
    for (int d = 0; d < model->size; d++) {
        const hopt_cube_dim *dim = &model->cube->dims[d];
        if (isnan(row[d])) continue;
        if (dim->scale == HOPT_CUBE_OPTION)
            add_options(&m, source, d, row, rng);
        else if (!is_real(dim))
            add_steps(&m, dim, d, row);
    }
    double *found = hopt_alloc((m.count + 1) * sizeof *found);
    if (m.count) hopt_gp_log_ei(model, m.rows, m.count, found);
    size_t best = m.count;
    for (size_t i = 0; i < m.count; i++) {
        if (!(found[i] > value)) continue;
        value = found[i];
        best = i;
    }
    if (best < m.count) memcpy(row, m.rows + best * m.size, m.size * sizeof *row);
    free(found);
    free(m.rows);
    return value;
}

double hopt_gp_climb(const hopt_gp_model *model, const hopt_gp_source *source, hopt_rng *rng,
                     double *row) {
    double value = hopt_gp_log_ei_at(model, row, NULL, NULL, NULL);
    double cap = .1;
    for (int round = 0; round < ROUNDS; round++) {
        value = climb_real(model, row, value, cap);
        double before = value;
        value = step_discrete(model, source, rng, row, value);
        if (!(value > before)) return value;
        cap = .4;
    }
    return climb_real(model, row, value, cap); /* a discrete gain in the last round */
}
