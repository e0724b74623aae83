/** The development problems of TPE.md 0.9, and larger ones: spaces and objectives. Pure. */
#ifndef HOPT_BENCH_QUALITY_PROBLEMS_H
#define HOPT_BENCH_QUALITY_PROBLEMS_H

enum { HOPT_PROBLEM_NUMBERS = 64, HOPT_PROBLEMS = 29, HOPT_LARGE_PROBLEMS = 8 };

typedef struct hopt_problem hopt_problem;

/** One instance: a problem and the numbers t[0..] drawn for it, uniform in [.1, .9]. */
typedef struct hopt_instance {
    const hopt_problem *problem;
    double t[HOPT_PROBLEM_NUMBERS];
} hopt_instance;

struct hopt_problem {
    const char *name;
    const char *space; /**< the study's "space", as JSON; NULL: `dimensions` reals in [0, 1] */
    int dimensions;
    double low, high; /**< of the standard function's box */
    double noise;     /**< sd of what is added to the loss that the sampler sees */
    /** The regret f - f* at a point (hopt_space order: the order of the text). */
    double (*regret)(const hopt_instance *instance, const double *point);
    double (*function)(const double *x, int n); /**< standard functions: f - f* in the box */
    double optimum;   /**< where every coordinate of the standard function's optimum is */
    double expect[3]; /**< q25, median, q75 at N = 100: TPE.md 0.9, column "new"; 0: not known */
};

/** The large ones, which no table of the others has, come last. */
extern const hopt_problem hopt_problems[HOPT_PROBLEMS + HOPT_LARGE_PROBLEMS];

#endif
