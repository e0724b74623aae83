/** Trials as CSV (RFC 4180, lines end with \n). Columns of results are learnt in a first pass. */
#ifndef HOPT_CLI_CSV_H
#define HOPT_CLI_CSV_H

#include "common/trial/study.h"
#include "common/trial/trial.h"

typedef struct hopt_csv hopt_csv;

/** @param spec  borrowed, must outlive it. */
HOPT_MUST_CHECK hopt_csv *hopt_csv_new(const hopt_study_spec *spec);
/** NULL is allowed. */
void hopt_csv_free(hopt_csv *csv);
/** Add the columns that the results of this trial need. */
void hopt_csv_learn(hopt_csv *csv, const hopt_trial *trial);
/** The line of column names. Appends to `out`. */
void hopt_csv_head(const hopt_csv *csv, hopt_buf *out);
/** One trial. Appends to `out`. */
void hopt_csv_row(const hopt_csv *csv, hopt_buf *out, const hopt_trial *trial);

#endif
