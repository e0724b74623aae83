/** How studies and workers look in JSON: of `hopt study show --json`, `hopt workers --json` and the
 * API alike. */
#ifndef HOPT_MASTER_AS_JSON_H
#define HOPT_MASTER_AS_JSON_H

#include <jansson.h>

#include "common/store/store.h"

/** Whether the study has a master, as far as can be told from here: one of this machine whose
 * process is gone does not count, nor one that a finished study still names. */
bool hopt_study_has_master(const hopt_study_record *study);
/** A study as JSON. `best` may be NULL. New reference. */
json_t *hopt_study_json(const hopt_study_record *study, const hopt_study_spec *spec,
                        const int64_t counts[HOPT_STATES], const hopt_trial *best);
/** A worker as JSON, brought up to date by hopt_workers_seen(). New reference. */
json_t *hopt_worker_json(const hopt_worker_record *worker);

#endif
