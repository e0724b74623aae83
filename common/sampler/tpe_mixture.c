/** ln l and ln g of candidates: joint mixtures over the tree (TPE.md 0.3, 0.4). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sampler/normal.h"
#include "common/sampler/tpe_internal.h"

/** What the factor of dimension d says about 4 candidates. `b`: the side's category strength. */
static void set_factor(hopt_tpe_factor *factor, const hopt_cube_dim *dim,
                       const hopt_tpe_layout *layout, double b, double *const rows[4], int d) {
    factor->first = layout->first;
    factor->constant = dim->conditional ? layout->constant : -1;
    factor->category = dim->scale == HOPT_CUBE_OPTION;
    for (int j = 0; j < HOPT_TPE_TILE_CANDIDATES; j++) {
        factor->u[j] = (float)rows[j][d];
        if (!factor->category) continue;
        /* (1[c = c_i] + b C p_c) / (1 + C b): TPE.md 0.3, where p_c = 1/C; pchoice has its own. */
        double p = fmax(dim->probability[(int)rows[j][d]], 1e-12);
        double total = 1 + dim->options * b;
        factor->match[j] = (float)hopt_math_log((1 + b * dim->options * p) / total);
        factor->miss[j] = (float)hopt_math_log(b * dim->options * p / total);
        factor->inactive[j] = (float)hopt_math_log(p);
    }
}

double hopt_tpe_option_prior(const hopt_cube_dim *dim, int option) {
    return hopt_math_log(fmax(dim->probability[option], 1e-12));
}

/** ln of the prior kernel's density (its numeric factors are 1). */
static double log_prior(const hopt_cube *cube, const double *row, int skip) {
    double sum = 0;
    for (int d = 0; d < cube->size; d++)
        if (d != skip && cube->dims[d].scale == HOPT_CUBE_OPTION && !isnan(row[d]))
            sum += hopt_tpe_option_prior(&cube->dims[d], (int)row[d]);
    return sum;
}

static double add_prior(double greatest, double sum, double prior) {
    double most = greatest > prior ? greatest : prior;
    return most + hopt_math_log(sum * hopt_math_exp(greatest - most) + hopt_math_exp(prior - most));
}

static bool same_active(const hopt_cube *cube, const double *a, const double *b) {
    for (int d = 0; d < cube->size; d++)
        if (cube->dims[d].conditional && isnan(a[d]) != isnan(b[d])) return false;
    return true;
}

/** Order the candidates so that those with the same active dimensions stand together. */
static void group(hopt_tpe *tpe, int n) {
    int size = tpe->cube->size;
    int placed = 0;
    for (int i = 0; i < n; i++) {
        int at = placed;
        for (int k = placed - 1; k >= 0 && at == placed; k--)
            if (same_active(tpe->cube, tpe->rows + (size_t)i * size,
                            tpe->rows + (size_t)tpe->order[k] * size))
                at = k + 1;
        memmove(tpe->order + at + 1, tpe->order + at, (size_t)(placed - at) * sizeof(int));
        tpe->order[at] = i;
        placed++;
    }
}

typedef struct mixture {
    const hopt_tpe_columns *columns;
    const hopt_tpe_layout *layout;
    double log_prior_weight, log_total;
    int skip;
    double *out;
    bool below;
} mixture;

static void score_side(hopt_tpe *tpe, const mixture *side, double *const rows[4],
                       const int chosen[4]) {
    const hopt_cube *cube = tpe->cube;
    int n = 0;
    for (int d = 0; d < cube->size; d++) {
        if (d == side->skip || isnan(rows[0][d])) continue;
        double b = 0;
        if (cube->dims[d].scale == HOPT_CUBE_OPTION)
            b = side->below ? tpe->below.dims[d].b
                            : 0.5 / ((double)tpe->split.above.sorted[d].count + 1);
        set_factor(&tpe->factors[n++], &cube->dims[d], &side->layout[d], b, rows, d);
    }
    float greatest[4];
    float sum[4];
    tpe->pass(greatest, sum, side->columns, tpe->factors, n, tpe->scratch);
    for (int j = 0; j < 4; j++) {
        double prior = side->log_prior_weight + log_prior(cube, rows[j], side->skip);
        side->out[chosen[j]] =
            add_prior((double)greatest[j], (double)sum[j], prior) - side->log_total;
    }
}

static const double WAITING = HOPT_TPE_WAITING_WEIGHT;
static const double PRIOR = 1;

double hopt_tpe_above_share(const hopt_tpe *tpe) {
    const hopt_tpe_split *split = &tpe->split;
    double all = (double)(split->finished + split->failed) - split->below.count;
    return split->above.n_above > 0 ? all / (double)split->above.n_above : 1;
}

static mixture below_side(hopt_tpe *tpe, int skip) {
    hopt_tpe_below *below = &tpe->below;
    hopt_tpe_below_weigh(below, skip);
    double total = below->prior_weight;
    for (int i = 0; i < below->members.count; i++)
        total += below->weight[i];
    return (mixture){.columns = &below->columns,
                     .layout = below->layout,
                     .log_prior_weight = hopt_math_log(below->prior_weight),
                     .log_total = hopt_math_log(total),
                     .skip = skip,
                     .below = true,
                     .out = tpe->log_l};
}

static mixture above_side(hopt_tpe *tpe) {
    hopt_tpe_above *above = &tpe->split.above;
    double share = hopt_tpe_above_share(tpe); /* what is not thinned weighs less by it */
    hopt_tpe_above_weigh(above, 0, hopt_math_log(WAITING / share));
    double total = (double)above->n_above + (WAITING * (double)above->n_waiting + PRIOR) / share;
    return (mixture){.columns = &above->columns,
                     .layout = above->layout,
                     .log_prior_weight = hopt_math_log(PRIOR / share),
                     .log_total = hopt_math_log(total),
                     .skip = -1,
                     .below = false,
                     .out = tpe->log_g};
}

static void reserve_scratch(hopt_tpe *tpe) {
    size_t tiles = tpe->split.above.columns.tiles;
    if (tiles < tpe->below.columns.tiles) tiles = tpe->below.columns.tiles;
    size_t floats = tiles * HOPT_TPE_LANES * HOPT_TPE_TILE_CANDIDATES;
    if (floats <= tpe->scratch_size) return;
    hopt_aligned_free(tpe->scratch);
    tpe->scratch = hopt_tpe_aligned(floats);
    tpe->scratch_size = floats;
}

/** Score up to 4 candidates of one group, from place `from` of the order. @return how many. */
static int score_pass(hopt_tpe *tpe, const mixture sides[2], int n, int from) {
    size_t size = (size_t)tpe->cube->size;
    int chosen[HOPT_TPE_TILE_CANDIDATES] = {tpe->order[from]};
    double *rows[HOPT_TPE_TILE_CANDIDATES] = {tpe->rows + (size_t)chosen[0] * size};
    int count = 1;
    for (; count < HOPT_TPE_TILE_CANDIDATES && from + count < n; count++) {
        chosen[count] = tpe->order[from + count];
        rows[count] = tpe->rows + (size_t)chosen[count] * size;
        if (!same_active(tpe->cube, rows[0], rows[count])) break;
    }
    for (int j = count; j < HOPT_TPE_TILE_CANDIDATES; j++) { /* the rest repeats the first */
        chosen[j] = chosen[0];
        rows[j] = rows[0];
    }
    score_side(tpe, &sides[0], rows, chosen);
    score_side(tpe, &sides[1], rows, chosen);
    return count;
}

void hopt_tpe_score(hopt_tpe *tpe, int n, int skip) {
    reserve_scratch(tpe);
    mixture sides[2] = {below_side(tpe, skip), above_side(tpe)};
    group(tpe, n);
    for (int i = 0; i < n;)
        i += score_pass(tpe, sides, n, i);
    for (int i = 0; i < n; i++)
        tpe->score[i] = tpe->log_l[i] - tpe->log_g[i];
}
