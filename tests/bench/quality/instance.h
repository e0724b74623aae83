/**
 * One instance of a problem to be optimized: the numbers and the noise that belong to a seed, the
 * same whoever asks, be it a sampler of hopt in-process or a peer by way of library.c. Pure.
 */
#ifndef HOPT_BENCH_QUALITY_INSTANCE_H
#define HOPT_BENCH_QUALITY_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/sampler/rng.h"
#include "common/space/space.h"
#include "tests/bench/quality/problems.h"

/** A problem's instance while one sampler works on it. */
typedef struct hopt_problem_run {
    hopt_instance instance;
    uint64_t seed;    /**< for the sampler too */
    double deviation; /**< of the noise */
    hopt_rng noise;
} hopt_problem_run;

/** Instance number `number` of a problem. */
void hopt_problem_run_begin(hopt_problem_run *run, const hopt_problem *problem, int number);
/** The interquartile range of the losses of random points of its space, without noise. */
double hopt_problem_run_spread(const hopt_problem_run *run, const hopt_space *space);
/**
 * The next evaluation. @param[out] seen  the loss that the sampler is told: with noise.
 * @return the true regret.
 */
double hopt_problem_run_evaluate(hopt_problem_run *run, const double *point, double *seen);

/**
 * A problem's space as a study file has it. New reference.
 * @param ordered  levels as uniformint rather than randint, which hyperopt takes for categories.
 */
json_t *hopt_problem_space(const hopt_problem *problem, bool ordered);
/** The problem of this name, or NULL. */
const hopt_problem *hopt_problem_find(const char *name);

#endif
