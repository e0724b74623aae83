#include "common/sampler/gp/lbfgs.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

/* One step back in the history, newest last. */
typedef struct pair {
    double *step, *change; /* of x, of the gradient (negated: as if minimising) */
    double rho;            /* 1 / (step . change) */
} pair;

typedef struct climb {
    const hopt_lbfgs_problem *problem;
    const hopt_lbfgs_options *options;
    double *x, *gradient, *direction, *next, *next_gradient;
    pair pairs[HOPT_LBFGS_MEMORY];
    int n_pairs;
} climb;

static double dot(const double *a, const double *b, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* At a wall and drawn into it: such a coordinate does not move. */
static bool held(const climb *c, int i) {
    return (c->x[i] <= c->problem->low[i] && c->gradient[i] < 0) ||
           (c->x[i] >= c->problem->high[i] && c->gradient[i] > 0);
}

/* The two-loop recursion (Nocedal and Wright 2006, algorithm 7.4), uphill. */
static void set_direction(climb *c) {
    int n = c->problem->size;
    double alpha[HOPT_LBFGS_MEMORY];
    for (int i = 0; i < n; i++)
        c->direction[i] = held(c, i) ? 0 : c->gradient[i];
    for (int k = c->n_pairs - 1; k >= 0; k--) {
        alpha[k] = c->pairs[k].rho * dot(c->pairs[k].step, c->direction, n);
        for (int i = 0; i < n; i++)
            c->direction[i] -= alpha[k] * c->pairs[k].change[i];
    }
    if (c->n_pairs > 0) {
        const pair *last = &c->pairs[c->n_pairs - 1];
        double scale = 1 / (last->rho * dot(last->change, last->change, n));
        for (int i = 0; i < n; i++)
            c->direction[i] *= scale;
    }
    for (int k = 0; k < c->n_pairs; k++) {
        double beta = c->pairs[k].rho * dot(c->pairs[k].change, c->direction, n);
        for (int i = 0; i < n; i++)
            c->direction[i] += (alpha[k] - beta) * c->pairs[k].step[i];
    }
    for (int i = 0; i < n; i++)
        if (held(c, i)) c->direction[i] = 0;
    if (dot(c->direction, c->gradient, n) > 0) return;
    c->n_pairs = 0; /* no way up: begin anew */
    for (int i = 0; i < n; i++)
        c->direction[i] = held(c, i) ? 0 : c->gradient[i];
}

static void cap_direction(climb *c, double cap) {
    double most = 0;
    for (int i = 0; i < c->problem->size; i++)
        most = fmax(most, fabs(c->direction[i]));
    if (!(most > cap)) return;
    for (int i = 0; i < c->problem->size; i++)
        c->direction[i] *= cap / most;
}

/* A step along the direction that is a gain. @return the value; NaN: there is none. */
static double search(climb *c, double value) {
    const hopt_lbfgs_problem *p = c->problem;
    double step = 1;
    for (int try = 0; try < c->options->tries; try++, step *= c->options->shrink) {
        double slope = 0;
        for (int i = 0; i < p->size; i++) {
            double to = c->x[i] + step * c->direction[i];
            c->next[i] = fmin(fmax(to, p->low[i]), p->high[i]);
            slope += c->gradient[i] * (c->next[i] - c->x[i]);
        }
        double found = p->value(p->data, c->next, c->next_gradient);
        if (found >= value + 1e-4 * slope && found > value) return found;
    }
    return NAN;
}

static void remember(climb *c) {
    int n = c->problem->size;
    int memory = c->options->memory;
    pair made = c->pairs[c->n_pairs < memory ? c->n_pairs : 0];
    if (c->n_pairs == memory) {
        memmove(c->pairs, c->pairs + 1, (size_t)(memory - 1) * sizeof *c->pairs);
        c->n_pairs--;
    }
    for (int i = 0; i < n; i++) {
        made.step[i] = c->next[i] - c->x[i];
        made.change[i] = c->gradient[i] - c->next_gradient[i];
    }
    double product = dot(made.step, made.change, n);
    made.rho = 1 / product;
    c->pairs[c->n_pairs] = made;
    /* Without positive curvature the pair is no use (Nocedal and Wright 2006, 7.2). */
    if (product > 1e-12 * dot(made.change, made.change, n)) c->n_pairs++;
}

static void climb_up(climb *c, double *value) {
    for (int k = 0; k < c->options->iterations; k++) {
        set_direction(c);
        cap_direction(c, k == 0 ? c->options->first_cap : c->options->cap);
        double found = search(c, *value);
        if (isnan(found)) return;
        remember(c);
        size_t bytes = (size_t)c->problem->size * sizeof *c->x;
        memcpy(c->x, c->next, bytes);
        memcpy(c->gradient, c->next_gradient, bytes);
        double gain = found - *value;
        *value = found;
        if (gain < c->options->least_gain) return;
    }
}

double hopt_lbfgs(const hopt_lbfgs_problem *problem, const hopt_lbfgs_options *options, double *x) {
    size_t n = (size_t)problem->size;
    double *room = hopt_zalloc((4 + 2 * HOPT_LBFGS_MEMORY) * n + 1, sizeof *room);
    climb c = {.problem = problem,
               .options = options,
               .x = x,
               .gradient = room,
               .direction = room + n,
               .next = room + 2 * n,
               .next_gradient = room + 3 * n};
    for (size_t k = 0; k < HOPT_LBFGS_MEMORY; k++) {
        c.pairs[k].step = room + (4 + 2 * k) * n;
        c.pairs[k].change = room + (5 + 2 * k) * n;
    }
    double value = problem->value(problem->data, x, c.gradient);
    if (!isnan(value) && n > 0) climb_up(&c, &value);
    free(room);
    return value;
}
