/** What `hopt import` does once the source is read and the study file known. */
#ifndef HOPT_CLI_IMPORT_H
#define HOPT_CLI_IMPORT_H

#include "cli/context.h"
#include "cli/old_trials.h"

typedef struct hopt_import {
    const hopt_command *command;
    const hopt_cli_common *common;
    hopt_context from; /**< open when the source is a MongoDB */
    hopt_context to;
    hopt_old_trials old;
    hopt_study_spec *spec;
    hopt_errors bad;               /**< of trials outside the space */
    hopt_trials trials;            /**< of the new study */
    const hopt_old_trial **origin; /**< where each came from */
    int64_t open;                  /**< trials that did not end, left out */
    int64_t attachments;           /**< copied */
    hopt_study_record *study;      /**< once it is in the store */
} hopt_import;

/** From `old` and `spec`: `trials`, `origin`, `open` and `bad`. */
void hopt_import_make_trials(hopt_import *self);

/** Make the study with its trials and attachments in a store, which is made when it is missing.
 * @return exit code; what failed was printed. */
HOPT_MUST_CHECK int hopt_import_write(hopt_import *self, const char *store_uri);

/** Counts and best of the trials into a record that has none. */
void hopt_import_summary(const hopt_import *self, hopt_study_record *study);

void hopt_import_clear(hopt_import *self);

#endif
