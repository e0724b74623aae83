#include "master/budget.h"

#include <math.h>
#include <string.h>

enum { HOPELESS_AFTER = 5 };

/* HYPEROPT §5, no_progress_loss: progress is a loss below best - |best * percent / 100|. */
static void track_progress(hopt_budget *budget, const hopt_trial *trial,
                           const hopt_study_spec *spec) {
    bool pruned = trial->result.stop && strcmp(trial->result.stop, "pruned") == 0;
    if (trial->state == HOPT_CANCEL && !pruned) return; /* it was never judged */
    bool ok = trial->state == HOPT_DONE && trial->result.ok;
    double margin = fabs(budget->progress_loss * spec->stop.no_progress_percent / 100.0);
    if (ok && (!budget->progressed || trial->result.loss < budget->progress_loss - margin)) {
        budget->progressed = true;
        budget->progress_loss = trial->result.loss;
        budget->idle_trials = 0;
    } else {
        budget->idle_trials++;
    }
}

void hopt_budget_add(hopt_budget *budget, const hopt_trial *trial, const hopt_study_spec *spec) {
    const hopt_result *result = &trial->result;
    budget->counts[trial->state]++;
    budget->ended++;
    if (trial->state == HOPT_ERROR || (trial->state == HOPT_DONE && !result->ok)) budget->failed++;
    track_progress(budget, trial, spec);
    if (trial->state != HOPT_DONE || !result->ok || !isfinite(result->loss)) return;
    bool better = !budget->has_best || result->loss < budget->best_loss ||
                  (result->loss == budget->best_loss && trial->num < budget->best_num);
    if (!better) return;
    budget->has_best = true;
    budget->best_num = trial->num;
    budget->best_loss = result->loss;
}

const char *hopt_budget_verdict(const hopt_budget *budget, const hopt_study_spec *spec, int slots,
                                int open, int64_t active_ms) {
    const hopt_stop_rules *stop = &spec->stop;
    if (stop->has_loss_below && budget->has_best) {
        double target = spec->maximize ? -stop->loss_below : stop->loss_below;
        if (budget->best_loss < target) return "loss_below";
    }
    if (stop->no_progress_trials > 0 && budget->idle_trials >= stop->no_progress_trials)
        return "no_progress";
    if (stop->max_trials > 0 && slots >= stop->max_trials && open == 0) return "max_trials";
    if (stop->timeout_s > 0 && (double)active_ms >= stop->timeout_s * 1000.0) return "timeout";
    return NULL;
}

bool hopt_budget_hopeless(const hopt_budget *budget) {
    return budget->ended >= HOPELESS_AFTER && budget->counts[HOPT_ERROR] == budget->ended;
}
