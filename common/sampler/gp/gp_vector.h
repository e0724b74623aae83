/**
 * The loops of the Gaussian process that cost time, for the vector width at hand. Every operation
 * is elementwise (no sum over lanes), without contraction and with our own exp, so every width
 * gives the same bits. Pure.
 */
#ifndef HOPT_SAMPLER_GP_VECTOR_H
#define HOPT_SAMPLER_GP_VECTOR_H

#include <stddef.h>

typedef struct hopt_gp_ops {
    /** y[i] -= a x[i] */
    void (*subtract)(double *y, double a, const double *x, size_t n);
    /** y[i] += a x[i] */
    void (*add)(double *y, double a, const double *x, size_t n);
    /** y[i] += a (x[i] - c)^2 */
    void (*add_square)(double *y, double a, const double *x, double c, size_t n);
    /** y[i] += a [x[i] != c] */
    void (*add_differs)(double *y, double a, const double *x, double c, size_t n);
    /** sum[i] += g[i] (x[i] - c)^2 */
    void (*weigh_square)(double *sum, const double *g, const double *x, double c, size_t n);
    /** sum[i] += g[i] [x[i] != c] */
    void (*weigh_differs)(double *sum, const double *g, const double *x, double c, size_t n);
    /** y[i] += x[i]^2 */
    void (*add_squares)(double *y, const double *x, size_t n);
    /**
     * Matern-5/2 (GP.md 2): k = (1 + t + t^2/3) e^-t, t = sqrt(5 r2), and its derivative by r2,
     * -(5/6)(1 + t) e^-t. `dk` may be NULL.
     */
    void (*matern)(double *k, double *dk, const double *r2, size_t n);
} hopt_gp_ops;

/** Those of the widest vectors that this processor has. */
const hopt_gp_ops *hopt_gp_best_ops(void);
/** All that this processor can run, for tests: NULL beyond the last. */
const hopt_gp_ops *hopt_gp_ops_at(int i);

#endif
