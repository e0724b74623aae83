/** One optimization by a sampler of hopt, in-process. */
#ifndef HOPT_BENCH_QUALITY_INPROCESS_H
#define HOPT_BENCH_QUALITY_INPROCESS_H

#include <jansson.h>
#include <stddef.h>

#include "common/sampler/sampler.h"
#include "tests/bench/quality/problems.h"

enum { HOPT_CHECKPOINTS_MAX = 32 };

typedef struct hopt_inprocess {
    const hopt_sampler_kind *kind;
    const json_t *options; /**< the sampler's, or NULL */
    int in_flight;         /**< so many are asked before the first is told */
    bool uneven;           /**< trials take exp(N(0, 1)) units of time, not 1 */
    double noise;          /**< of problems without noise, in interquartile ranges of the losses */
    double noise_times;    /**< of the others: so many times what is theirs */
    bool by_model;         /**< fill by_model[] of the result */
    size_t thin_at;        /**< `tpe`: thin its history above this many; 0: as it does by itself */
    size_t late;           /**< `tpe`: jumps and branch minima after so many; 0: likewise */
    bool plain;            /**< `tpe`: without the two rules of ADR 10 */
    int checkpoints;
    int at[HOPT_CHECKPOINTS_MAX]; /**< ended trials, ascending; the last ends the run */
} hopt_inprocess;

typedef struct hopt_inprocess_result {
    double regret[HOPT_CHECKPOINTS_MAX]; /**< of the incumbent, at each checkpoint */
    /** Of the trial that has the least posterior mean to a `gp` that knows the same. */
    double by_model[HOPT_CHECKPOINTS_MAX];
    double ms[HOPT_CHECKPOINTS_MAX]; /**< CPU time of all suggestions until then */
    double suggest_ns;               /**< all suggestions together */
} hopt_inprocess_result;

/** Run on instance `number` of a problem. Exits with a message when the sampler refuses. */
void hopt_inprocess_run(hopt_inprocess_result *out, const hopt_inprocess *how,
                        const hopt_problem *problem, int number);

#endif
