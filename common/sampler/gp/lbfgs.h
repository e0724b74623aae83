/**
 * Maximisation by L-BFGS (Nocedal 1980) with a box, a cap on each step and Armijo's rule: the one
 * optimizer of the Gaussian process, for its hyperparameters and for the acquisition. Pure.
 */
#ifndef HOPT_SAMPLER_GP_LBFGS_H
#define HOPT_SAMPLER_GP_LBFGS_H

enum { HOPT_LBFGS_MEMORY = 8 };

typedef struct hopt_lbfgs_problem {
    int size;
    const double *low, *high; /**< the box, inclusive */
    /** The value at x and its gradient; NaN: not defined there. */
    double (*value)(void *data, const double *x, double *gradient);
    void *data;
} hopt_lbfgs_problem;

typedef struct hopt_lbfgs_options {
    int iterations, memory, tries;
    double first_cap,
        cap;           /**< largest change of a coordinate in the first step, and in later ones */
    double shrink;     /**< of the step when a try was no gain */
    double least_gain; /**< an iteration that gains less is the last */
} hopt_lbfgs_options;

/**
 * Climb from x.
 * @param[in,out] x  `size` numbers inside the box.
 * @return the value there; NaN when it is not defined at the start.
 */
double hopt_lbfgs(const hopt_lbfgs_problem *problem, const hopt_lbfgs_options *options, double *x);

#endif
