/** From values that were drawn to the distribution that they may come from. Pure. */
#ifndef HOPT_CLI_GUESS_H
#define HOPT_CLI_GUESS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct hopt_guess {
    const char *type;      /**< `_type`: randint, uniform, loguniform, uniformint, quniform,
                                qloguniform */
    double low, high;      /**< bounds, all values within; randint: `high` excluded */
    double q;              /**< > 0: step of a quantized type that has one in `_value` */
    const char *otherwise; /**< what else it may have been, for people */
} hopt_guess;

/**
 * hyperopt stores choice, pchoice and randint as integers. A low bound above 0 is believed only
 * when it is improbable (1 %) that nothing below was drawn.
 * @param n  at least 1.
 */
hopt_guess hopt_guess_integers(const double *values, size_t n);

/**
 * All else is stored as reals: a grid when all are multiples of one step, logarithmic when that
 * makes the values of the start, which hyperopt draws from the prior, clearly more likely. Bounds
 * are widened by a gap between neighbours and rounded outward.
 * @param values   in the order of age; n at least 1.
 * @param n_start  how many of them, from the first, are draws from the prior.
 */
hopt_guess hopt_guess_reals(const double *values, size_t n, size_t n_start);

#endif
