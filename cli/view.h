/** How studies and trials look to people, shared by several commands. */
#ifndef HOPT_CLI_VIEW_H
#define HOPT_CLI_VIEW_H

#include <stdio.h>

#include "common/store/store.h"

/** The active parameters and their values as a table. Nothing when its values don't fit. */
void hopt_view_params(FILE *stream, const hopt_study_spec *spec, const hopt_trial *trial);
/** "name: value" for the numbers among the extras of a result, e.g. test_accuracy. */
void hopt_view_extras(FILE *stream, const hopt_trial *trial);
/** "trial 7, loss 0.31", parameters, extras. */
void hopt_view_best(FILE *stream, const hopt_study_spec *spec, const hopt_trial *trial);
/** The active parameters on one line: "model=svm C=1". Appends to `out`. */
void hopt_view_params_line(hopt_buf *out, const hopt_study_spec *spec, const hopt_trial *trial);
/** "190 ok, 4 failed, 1 error, 5 cancelled, 2 running, 3 queued"; `fail` of the DONE ones failed;
 * fail < 0: not known. Appends to `out`. */
void hopt_view_counts(hopt_buf *out, const int64_t counts[HOPT_STATES], int64_t fail);
/** Why a trial did not end well: "Exit: exit code 1", "loss is nan", "" for an ok one. Appends. */
void hopt_view_reason(hopt_buf *out, const hopt_trial *trial);
/** "done (max_trials)". Appends to `out`. */
void hopt_view_state(hopt_buf *out, const hopt_study_record *study);
/** Its name, or "none". Appends to `out`. */
void hopt_view_master(hopt_buf *out, const hopt_study_record *study);
/** What ends the study: "200 trials, 1h 00m, loss below 0.01". Appends to `out`. */
void hopt_view_stop(hopt_buf *out, const hopt_study_spec *spec);
/** "command: python3 train.py". Appends to `out`. */
void hopt_view_objective(hopt_buf *out, const hopt_study_spec *spec);
/** Part of a log: cleaned of control characters on a terminal, as it is elsewhere. */
void hopt_view_log_part(FILE *stream, const char *text, size_t length);
/** "12 s ago". Appends to `out`. */
void hopt_view_ago(hopt_buf *out, int64_t ms);

#endif
