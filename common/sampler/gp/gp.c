/**
 * The sampler `gp` (GP.md). The length scales are those of a prefix of the finished trials that
 * grows in steps, so that most suggestions need no fit; which prefix depends on the set of finished
 * trials only.
 */
#include "common/sampler/gp/gp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sampler/explain.h"
#include "common/sampler/normal.h"
#include "common/sampler/sampler_internal.h"

enum {
    TURN = 3, /* every third suggestion is tpe's own (GP.md 1) */
    FINISHED_LEAST = 3,
    GENERATED = 200, /* candidates (GP.md 5) */
    UNIFORM = 50,
    NEAR = 50,
    CANDIDATES = GENERATED + UNIFORM + NEAR,
    NEAR_BEST = 5,
    CHANGED = 20, /* of more active coordinates so many are changed in a candidate */
    CLIMBS = 3
};
/** From which ranks the search climbs. */
static const int RANKS[CLIMBS] = {0, 1, 3};
/** Rows closer than this in every coordinate are the same point: coordinates are kept as floats. */
#define SAME 1e-7

#define AT(field) offsetof(hopt_gp_options, field)
static const hopt_sampler_option OPTIONS[] = {HOPT_GP_OPTIONS(AT), {0}};

static hopt_status gp_open(void **out, const hopt_space *space, const void *options,
                           uint64_t study_seed, hopt_error *err) {
    const hopt_gp_options *chosen = options;
    void *tpe;
    hopt_status status = hopt_sampler__tpe.open(&tpe, space, &chosen->tpe, study_seed, err);
    if (status != HOPT_OK) return status;
    hopt_gp *gp = hopt_zalloc(1, sizeof *gp);
    gp->options = *chosen;
    gp->tpe = tpe;
    hopt_gp_model_init(&gp->model, gp->tpe->cube);
    size_t room = (size_t)gp->model.size + 1;
    gp->product.hyper.theta = hopt_zalloc(room, sizeof(double));
    gp->either.hyper.theta = hopt_zalloc(room, sizeof(double));
    *out = gp;
    return HOPT_OK;
}

static void gp_close(void *self) {
    hopt_gp *gp = self;
    hopt_sampler__tpe.close(gp->tpe);
    hopt_gp_model_clear(&gp->model);
    free(gp->product.records);
    free(gp->product.hyper.theta);
    free(gp->either.records);
    free(gp->either.hyper.theta);
    free(gp->order);
    free(gp);
}

static void gp_add(void *self, const hopt_observation *observation) {
    hopt_gp *gp = self;
    hopt_sampler__tpe.add(gp->tpe, observation);
}

static void gp_pend(void *self, int64_t num, const double *point) {
    hopt_gp *gp = self;
    hopt_sampler__tpe.pend(gp->tpe, num, point);
}

hopt_tpe *hopt_gp_tpe(hopt_gp *gp) {
    return gp->tpe;
}

/* ---- which trials ---- */

typedef struct member {
    uint32_t index;
    const hopt_record *record;
} member;

static int by_num(const void *left, const void *right) {
    const member *a = left, *b = right;
    return (a->record->num > b->record->num) - (a->record->num < b->record->num);
}

static int by_rank(const void *left, const void *right) {
    const member *a = left, *b = right;
    if (hopt_record_before(a->record, b->record)) return -1;
    return hopt_record_before(b->record, a->record);
}

static bool is_finished(const hopt_record *record) {
    return record->state == HOPT_RECORD_OK || record->state == HOPT_RECORD_PRUNED;
}

/* All records that `wanted` takes, by num. @return how many; the caller frees the list. */
static size_t collect(const hopt_gp *gp, bool (*wanted)(const hopt_record *), member **out) {
    const hopt_history *history = &gp->tpe->split.history;
    member *list = hopt_alloc((history->count + 1) * sizeof *list);
    size_t count = 0;
    for (size_t i = 0; i < history->count; i++)
        if (wanted(&history->records[i]))
            list[count++] = (member){(uint32_t)i, &history->records[i]};
    if (count) qsort(list, count, sizeof *list, by_num);
    *out = list;
    return count;
}

/* Too many for the model: three quarters are the best, the rest the newest (GP.md 4). */
static size_t cut(member *list, size_t n) {
    enum { BEST = HOPT_GP_DATA_MAX * 3 / 4 };
    if (n <= HOPT_GP_DATA_MAX) return n;
    qsort(list, n, sizeof *list, by_rank);
    qsort(list + BEST, n - BEST, sizeof *list, by_num);
    memmove(list + BEST, list + n - (HOPT_GP_DATA_MAX - BEST),
            (HOPT_GP_DATA_MAX - BEST) * sizeof *list);
    qsort(list, HOPT_GP_DATA_MAX, sizeof *list, by_num);
    return HOPT_GP_DATA_MAX;
}

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* A pruned trial's last loss is not its end: it counts as no better than the middle one. */
static double least_of_pruned(const member *list, size_t n) {
    double *losses = hopt_alloc((n + 1) * sizeof *losses);
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (list[i].record->state == HOPT_RECORD_OK) losses[count++] = list[i].record->loss;
    double middle = -INFINITY;
    if (count) {
        qsort(losses, count, sizeof *losses, ascending);
        middle = losses[count / 2];
    }
    free(losses);
    return middle;
}

/* The model's columns from these trials. */
static void load(hopt_gp *gp, const member *list, size_t n, size_t room) {
    hopt_gp_model *model = &gp->model;
    const hopt_tpe_split *split = &gp->tpe->split;
    size_t size = (size_t)model->size;
    double least = least_of_pruned(list, n);
    double *row = hopt_alloc((size + 1) * sizeof *row);
    hopt_gp_model_reserve(model, n + room);
    model->n = model->total = n;
    for (size_t i = 0; i < n; i++) {
        const float *u = split->u + list[i].index * size;
        for (size_t d = 0; d < size; d++)
            row[d] = (double)u[d];
        hopt_gp_model_put(model, i, row);
        double loss = list[i].record->loss;
        model->loss[i] = list[i].record->state == HOPT_RECORD_PRUNED ? fmax(loss, least) : loss;
    }
    free(row);
}

/* ---- the fit ---- */

/* How many of n finished trials the length scales are of. When all are no more in the model a new
 * one changes them little, and a fit costs the most (docs/adr/0024). */
static size_t prefix_of(size_t n) {
    if (n < 40) return n;
    if (n < 80) return n / 2 * 2;
    return n <= HOPT_GP_DATA_MAX ? n / 5 * 5 : HOPT_GP_DATA_MAX + (n - HOPT_GP_DATA_MAX) / 20 * 20;
}

/* How many of them the choice of the kernel and of the climb is made by; 0: too few, it is the
 * product by the better climb each time. A sum costs much to fit, so its length scales stay until
 * the next choice. */
static size_t prefix_of_choice(size_t n) {
    if (n < HOPT_GP_ADDITIVE) return 0;
    if (n < 100) return n / 10 * 10;
    return (n < HOPT_GP_DATA_MAX ? n : HOPT_GP_DATA_MAX) / 20 * 20;
}

static bool is_fitted(const hopt_gp_fitted *fitted, const member *list, size_t n) {
    if (fitted->n != n) return false;
    for (size_t i = 0; i < n; i++)
        if (fitted->records[i] != list[i].index) return false;
    return true;
}

static double mean_active(const hopt_gp *gp, const member *list, size_t n) {
    size_t size = (size_t)gp->model.size, active = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t d = 0; d < size; d++)
            active += !isnan(gp->tpe->split.u[list[i].index * size + d]);
    return (double)active / (double)n;
}

/* Fit to these trials, unless that is in memory; `as`: of hopt_gp_fit(). @return whether there is a
 * fit. */
static bool fit_to(hopt_gp *gp, hopt_gp_fitted *fitted, const hopt_gp_hyper *as,
                   const member *finished, size_t n) {
    hopt_gp_model *model = &gp->model;
    member *list = hopt_alloc((n + 1) * sizeof *list);
    memcpy(list, finished, n * sizeof *list);
    n = cut(list, n);
    if (!is_fitted(fitted, list, n)) {
        load(gp, list, n, 0);
        double active = mean_active(gp, list, n);
        fitted->good = fitted == &gp->either ? hopt_gp_fit_either(model, active)
                                             : hopt_gp_fit(model, active, as);
        fitted->additive = model->additive;
        memcpy(fitted->hyper.theta, model->hyper.theta, (size_t)model->size * sizeof(double));
        fitted->hyper.ln_eta = model->hyper.ln_eta;
        fitted->hyper.linear = model->hyper.linear;
        fitted->n = 0;
        for (size_t i = 0; i < n; i++) {
            fitted->records =
                hopt_grow(fitted->records, fitted->n, &fitted->capacity, sizeof *fitted->records);
            fitted->records[fitted->n++] = list[i].index;
        }
    }
    free(list);
    return fitted->good;
}

static bool fit(hopt_gp *gp, const member *finished, size_t n) {
    size_t choice = prefix_of_choice(n), now = prefix_of(n);
    bool chosen = choice > 0 && fit_to(gp, &gp->either, NULL, finished, choice);
    gp->used = &gp->either;
    if (chosen && (gp->either.additive || choice == now)) return true;
    gp->used = &gp->product;
    return fit_to(gp, &gp->product, chosen ? &gp->either.hyper : NULL, finished, now);
}

/* The complete trial of the least posterior mean: under noise rather the best than the one with the
 * least loss. -1: there is none. */
static int64_t believed_best(const hopt_gp_model *model, const member *list, size_t n) {
    double least = INFINITY;
    int64_t num = -1;
    for (size_t i = 0; i < n; i++) {
        double mean = hopt_gp_model_mean_at(model, i);
        if (list[i].record->state != HOPT_RECORD_OK || !(mean < least)) continue;
        least = mean;
        num = list[i].record->num;
    }
    return num;
}

/* The posterior of all trials with the fit's length scales. */
static bool condition(hopt_gp *gp, member *finished, size_t n_finished, size_t room) {
    hopt_gp_model *model = &gp->model;
    size_t n = cut(finished, n_finished);
    load(gp, finished, n, room);
    memcpy(model->hyper.theta, gp->used->hyper.theta, (size_t)model->size * sizeof(double));
    model->hyper.ln_eta = gp->used->hyper.ln_eta;
    model->additive = gp->used->additive;
    model->transform = hopt_gp_transform_of(model->loss, n);
    for (int i = 0; i < 12; i++) { /* more noise while a pivot is too small */
        if (hopt_gp_model_factor(model)) {
            if (isnan(hopt_gp_model_choose(model))) return false;
            hopt_gp_model_finish(model);
            gp->believed = believed_best(model, finished, n);
            qsort(finished, n, sizeof *finished, by_rank);
            free(gp->order);
            gp->order = hopt_alloc((n + 1) * sizeof *gp->order);
            gp->n_order = n;
            for (size_t k = 0; k < n; k++)
                gp->order[k] = finished[k].index;
            return true;
        }
        model->hyper.ln_eta += 1;
    }
    return false;
}

static bool is_pending(const hopt_record *record) {
    return record->state == HOPT_RECORD_PENDING;
}

static void believe(hopt_gp *gp, const member *pending, size_t n) {
    size_t size = (size_t)gp->model.size;
    double *row = hopt_alloc((size + 1) * sizeof *row);
    for (size_t i = 0; i < n; i++) {
        const float *u = gp->tpe->split.u + pending[i].index * size;
        for (size_t d = 0; d < size; d++)
            row[d] = (double)u[d];
        hopt_gp_model_believe(&gp->model, row);
    }
    free(row);
}

/* ---- candidates ---- */

static void fill_uniform(const hopt_cube *cube, hopt_rng *rng, double *row, bool anew) {
    for (int d = 0; d < cube->size; d++) {
        if (!hopt_cube_active(cube, row, d))
            row[d] = NAN;
        else if (anew || isnan(row[d]))
            row[d] = hopt_cube_draw(&cube->dims[d], rng);
    }
}

static double nudge(const hopt_cube_dim *dim, double u, double deviation, double active,
                    hopt_rng *rng) {
    if (dim->scale == HOPT_CUBE_OPTION)
        return hopt_rng_uniform(rng) < 1 / active ? hopt_cube_draw(dim, rng) : u;
    if (dim->levels <= 0 && dim->step <= 0)
        return fmin(fmax(u + deviation * hopt_rng_normal(rng), 0), 1);
    if (hopt_rng_uniform(rng) >= 2 / active) return u;
    double by = hopt_rng_uniform(rng) < 0.5 ? -1 : 1;
    if (dim->levels > 0) return hopt_cube_snap(dim, fmin(fmax(u + by / dim->levels, 0), 1));
    return hopt_cube_encode(dim, hopt_cube_decode(dim, u) + by * dim->step);
}

static const float *one_of_the_best(const hopt_gp *gp, hopt_rng *rng, double *active) {
    int size = gp->tpe->cube->size;
    size_t best = gp->n_order < NEAR_BEST ? gp->n_order : NEAR_BEST;
    const float *u = gp->tpe->split.u + gp->order[hopt_rng_below(rng, best)] * (size_t)size;
    *active = 0;
    for (int d = 0; d < size; d++)
        *active += !isnan((double)u[d]);
    return u;
}

/* Whether a coordinate stays as the best trial has it: all change unless there are many. */
static bool stays(double active, hopt_rng *rng) {
    return active > CHANGED && hopt_rng_uniform(rng) >= CHANGED / active;
}

/* Around one of the best trials (GP.md 5). */
static void fill_near(const hopt_gp *gp, hopt_rng *rng, double *row) {
    const hopt_cube *cube = gp->tpe->cube;
    double active;
    const float *u = one_of_the_best(gp, rng, &active);
    double widest = active > CHANGED ? .2 : .05;
    double deviation = widest * hopt_math_exp(-4.60517018598809136804 * hopt_rng_uniform(rng));
    for (int d = 0; d < cube->size; d++) {
        row[d] = (double)u[d];
        if (isnan(row[d]) || stays(active, rng)) continue;
        row[d] = nudge(&cube->dims[d], row[d], deviation, active, rng);
    }
    fill_uniform(cube, rng, row, false); /* the tree below a redrawn category */
}

/* In a large space a change of all coordinates at once is seldom a gain: those of one of the best
 * trials but for some (Eriksson et al. 2019, arXiv 1910.01739; docs/adr/0024). */
static void keep_most(const hopt_gp *gp, hopt_rng *rng, double *row) {
    const hopt_cube *cube = gp->tpe->cube;
    double active;
    if (cube->size <= CHANGED) return;
    const float *u = one_of_the_best(gp, rng, &active);
    for (int d = 0; active > CHANGED && d < cube->size; d++) {
        if (!hopt_cube_active(cube, row, d))
            row[d] = NAN;
        else if (isnan((double)u[d]))
            row[d] = isnan(row[d]) ? hopt_cube_draw(&cube->dims[d], rng) : row[d];
        else if (isnan(row[d]) || stays(active, rng))
            row[d] = (double)u[d];
    }
}

static bool same_row(const hopt_gp_model *model, size_t i, const double *row) {
    for (int d = 0; d < model->size; d++) {
        double z = hopt_gp_embed(&model->cube->dims[d], row[d]);
        if (fabs(z - model->z[(size_t)d * model->capacity + i]) > SAME) return false;
    }
    return true;
}

/* Whether a point was evaluated or runs. */
static bool is_seen(const hopt_gp *gp, const double *row, double *point) {
    hopt_cube_decode_point(gp->tpe->cube, point, row);
    if (gp->tpe->tried && hopt_finite_tried(gp->tpe->tried, point)) return true;
    for (size_t i = 0; i < gp->model.total; i++)
        if (same_row(&gp->model, i, row)) return true;
    return false;
}

static size_t make_candidates(hopt_gp *gp, hopt_rng *rng, double *rows, double *point) {
    hopt_tpe *tpe = gp->tpe;
    size_t size = (size_t)tpe->cube->size, count = 0;
    hopt_best usual = hopt_tpe_split_usual(&tpe->split);
    hopt_tpe_fixed fixed = {.branch = -1, .jump = -1, .root = tpe->split.root};
    hopt_tpe_below_build(&tpe->below, &usual, tpe->split.u);
    for (int i = 0; i < CANDIDATES; i++) {
        double *row = rows + count * size;
        if (i < GENERATED) {
            (void)hopt_tpe_draw(&tpe->below, &fixed, rng, row);
            keep_most(gp, rng, row);
        } else if (i < GENERATED + UNIFORM) {
            fill_uniform(tpe->cube, rng, row, true);
        } else {
            fill_near(gp, rng, row);
        }
        count += !is_seen(gp, row, point);
    }
    return count;
}

typedef struct scored {
    double log_ei;
    size_t row;
} scored;

static int descending(const void *left, const void *right) {
    const scored *a = left, *b = right;
    if (a->log_ei != b->log_ei) return a->log_ei > b->log_ei ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

/* The best of all candidates and of what is reached from a few of them. @return false: none. */
static bool choose(hopt_gp *gp, hopt_rng *rng, double *point) {
    size_t size = (size_t)gp->tpe->cube->size;
    double *rows = hopt_alloc((CANDIDATES + CLIMBS) * (size + 1) * sizeof *rows);
    double log_ei[CANDIDATES];
    scored ranked[CANDIDATES + CLIMBS];
    size_t count = make_candidates(gp, rng, rows, point), all = count;
    if (count) hopt_gp_log_ei(&gp->model, rows, count, log_ei);
    for (size_t i = 0; i < count; i++)
        ranked[i] = (scored){isnan(log_ei[i]) ? -INFINITY : log_ei[i], i};
    qsort(ranked, count, sizeof *ranked, descending);
    hopt_gp_source source = {&gp->tpe->split, gp->order, gp->n_order};
    for (int k = 0; k < CLIMBS && (size_t)RANKS[k] < count; k++) {
        double *row = rows + all * size;
        memcpy(row, rows + ranked[RANKS[k]].row * size, size * sizeof *row);
        double reached = hopt_gp_climb(&gp->model, &source, rng, row);
        if (isnan(reached) || is_seen(gp, row, point)) continue;
        ranked[all] = (scored){reached, all};
        all++;
    }
    qsort(ranked, all, sizeof *ranked, descending);
    if (all) {
        const double *row = rows + ranked[0].row * size;
        gp->log_ei = hopt_gp_log_ei_at(&gp->model, row, NULL, &gp->mean, &gp->deviation);
        hopt_cube_decode_point(gp->tpe->cube, point, row);
    }
    free(rows);
    return all > 0;
}

/* ---- a suggestion ---- */

static hopt_gp_step suggest_by_model(hopt_gp *gp, uint64_t seed, double *point) {
    member *finished, *pending;
    size_t n = collect(gp, is_finished, &finished);
    hopt_gp_step step = HOPT_GP_NONE;
    if (fit(gp, finished, n)) {
        size_t n_pending = collect(gp, is_pending, &pending);
        if (n_pending > HOPT_GP_DATA_MAX) n_pending = HOPT_GP_DATA_MAX;
        if (condition(gp, finished, n, n_pending)) {
            hopt_rng rng;
            hopt_rng_seed(&rng, seed);
            believe(gp, pending, n_pending);
            step = choose(gp, &rng, point) ? HOPT_GP_MODEL : HOPT_GP_SEEN;
        }
        free(pending);
    }
    free(finished);
    return step;
}

static hopt_status gp_suggest(void *self, uint64_t seed, int64_t num, double *point,
                              hopt_error *err) {
    hopt_gp *gp = self;
    const hopt_tpe_split *split = &gp->tpe->split;
    size_t asked = split->history.count;
    if (asked < (size_t)gp->options.tpe.startup || asked % TURN == 0)
        gp->step = HOPT_GP_TPE;
    else if (split->finished < FINISHED_LEAST)
        gp->step = HOPT_GP_FEW;
    else if (split->finished > (size_t)gp->options.hand_over)
        gp->step = HOPT_GP_MANY;
    else
        gp->step = suggest_by_model(gp, seed, point);
    if (gp->step == HOPT_GP_MODEL) return HOPT_OK;
    return hopt_sampler__tpe.suggest(gp->tpe, seed, num, point, err);
}

static bool gp_believed_best(void *self, int64_t *num) {
    hopt_gp *gp = self;
    member *finished;
    size_t n = collect(gp, is_finished, &finished);
    bool good = n >= FINISHED_LEAST && fit(gp, finished, n) && condition(gp, finished, n, 0);
    free(finished);
    if (good) *num = gp->believed;
    return good && gp->believed >= 0;
}

/* Why it is tpe's suggestion this time. */
static json_t *explain_tpe(hopt_gp *gp, uint64_t seed, int64_t num) {
    static const char *const steps[] = {[HOPT_GP_FEW] = "few",
                                        [HOPT_GP_MANY] = "handed_over",
                                        [HOPT_GP_NONE] = "no_model",
                                        [HOPT_GP_SEEN] = "all_seen"};
    static const char *const reasons[] = {
        [HOPT_GP_TPE] = "tpe's turn",
        [HOPT_GP_FEW] = "tpe's: fewer than 3 trials have ended well",
        [HOPT_GP_MANY] = "tpe's: more trials than hand_over have ended",
        [HOPT_GP_NONE] = "tpe's: the losses could not be modelled",
        [HOPT_GP_SEEN] = "tpe's: all candidates of the model were evaluated before"};
    json_t *said = hopt_sampler__tpe.explain(gp->tpe, seed, num);
    const char *why = json_string_value(json_object_get(said, "why"));
    json_t *both = json_sprintf("%s; %s", reasons[gp->step], why ? why : "");
    json_object_set_new(said, "why", both);
    if (gp->step != HOPT_GP_TPE) json_object_set_new(said, "step", json_string(steps[gp->step]));
    return said;
}

static json_t *gp_explain(void *self, uint64_t seed, int64_t num) {
    hopt_gp *gp = self;
    double *point = hopt_zalloc((size_t)gp->model.size + 1, sizeof *point);
    hopt_error err;
    hopt_status status = gp_suggest(gp, seed, num, point, &err);
    free(point);
    if (status != HOPT_OK) return hopt_explain_step("none", err.message);
    return gp->step == HOPT_GP_MODEL ? hopt_gp_explain(gp) : explain_tpe(gp, seed, num);
}

static const char *gp_note(const void *self) {
    const hopt_gp *gp = self;
    if (gp->step != HOPT_GP_NONE) return NULL;
    return "the Gaussian process could not be fitted to the losses (are they all the same?); while "
           "that lasts tpe proposes";
}

static char *gp_plan(const void *options, int size HOPT_UNUSED) {
    const hopt_gp_options *o = options;
    return hopt_format("tpe for the first %d trials, then gp, with every third from tpe; with more "
                       "than %d ended trials tpe alone",
                       o->tpe.startup, o->hand_over);
}

const hopt_sampler_kind hopt_sampler__gp = {
    .name = "gp",
    .summary = "a Gaussian process ranks tpe's candidates: fewest trials, some milliseconds each",
    .options = OPTIONS,
    .options_size = sizeof(hopt_gp_options),
    .open = gp_open,
    .close = gp_close,
    .add = gp_add,
    .pend = gp_pend,
    .suggest = gp_suggest,
    .explain = gp_explain,
    .note = gp_note,
    .plan = gp_plan,
    .believed_best = gp_believed_best,
};
