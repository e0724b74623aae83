/** When a study ends (DESIGN §5.10). Pure: counts, losses and times come as arguments. */
#ifndef HOPT_MASTER_BUDGET_H
#define HOPT_MASTER_BUDGET_H

#include "common/trial/study.h"

typedef struct hopt_budget {
    int64_t counts[HOPT_STATES]; /**< ended trials only; NEW and RUNNING come from the open set */
    int64_t failed;              /**< DONE with status fail, and ERROR */
    int64_t ended;
    bool has_best;
    int best_num;
    double best_loss; /**< minimized sign */
    int idle_trials;  /**< ended trials since the last progress */
    double progress_loss;
    bool progressed;
} hopt_budget;

/** Count an ended trial; the order is that of taking up. */
void hopt_budget_add(hopt_budget *budget, const hopt_trial *trial, const hopt_study_spec *spec);

/**
 * Whether the study shall end now.
 * @param slots      how many slots are taken (0 .. slots - 1).
 * @param open       trials that are NEW or RUNNING.
 * @return the reason ("max_trials", "timeout", "loss_below", "no_progress"), or NULL: go on.
 */
const char *hopt_budget_verdict(const hopt_budget *budget, const hopt_study_spec *spec, int slots,
                                int open, int64_t active_ms);

/** The first five ended trials all ERROR: something is wrong with the objective itself. */
bool hopt_budget_hopeless(const hopt_budget *budget);

#endif
