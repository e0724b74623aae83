/**
 * The parts of an explanation (hopt_sampler_explain()) that all samplers share; docs/samplers.md
 * describes the whole. Pure.
 */
#ifndef HOPT_SAMPLER_EXPLAIN_H
#define HOPT_SAMPLER_EXPLAIN_H

#include <jansson.h>

#include "common/sampler/cube.h"

/** {"step": step, "why": why}. New reference. */
HOPT_MUST_CHECK json_t *hopt_explain_step(const char *step, const char *why);

/** Where a label's densities are shown: each option or level, or a fixed number of points that are
 * equally likely under the prior. */
typedef struct hopt_explain_grid {
    int count;
    double *value; /**< as points hold them */
    double *u;     /**< their coordinates (cube.h) */
} hopt_explain_grid;
hopt_explain_grid hopt_explain_grid_new(const hopt_cube_dim *dim);
void hopt_explain_grid_free(hopt_explain_grid *grid);

/** A JSON array of `count` numbers; NaN becomes null. New reference. */
HOPT_MUST_CHECK json_t *hopt_explain_numbers(const double *numbers, size_t count);
/** One number; null when it is not finite. New reference. */
HOPT_MUST_CHECK json_t *hopt_explain_number(double number);

/**
 * What is said of a numeric label or choice: its type, the grid, and both densities there. Takes
 * the references of `below` and `above`.
 * @param log_ratio  ln of their ratio at the proposed `value`.
 */
HOPT_MUST_CHECK json_t *hopt_explain_label(const hopt_space *space, int param,
                                           const hopt_explain_grid *grid, double value,
                                           double log_ratio, json_t *below, json_t *above);

/** The trials of the good group: [{"num", "loss"}]. Append one; not finite losses become null. */
void hopt_explain_trial(json_t *list, int64_t num, double loss);

#endif
