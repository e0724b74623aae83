/** What a worker does not run, whatever the store says (DESIGN §8): who can write to the database
 * must not thereby choose the code. Pure. */
#ifndef HOPT_WORKER_REFUSAL_H
#define HOPT_WORKER_REFUSAL_H

#include "common/base/error.h"
#include "common/trial/study.h"
#include "common/trial/trial.h"

/**
 * Whether trials of a study may be evaluated by a worker that its operator gave the file `mine`:
 * the store must name the same objective.
 * @param[out] refusal  NULL: they may; else why not, for people; the caller's.
 * @param stored        the study's text as it is in the store.
 * @return HOPT_OK, or HOPT_EINVAL when the stored text can't be read: then nobody knows, and the
 *         study is best left alone.
 */
HOPT_MUST_CHECK hopt_status hopt_refusal_of_study(char **refusal, const hopt_study_spec *mine,
                                                  const char *stored, hopt_error *err);

/** Why a trial is not evaluated: its document (misc.cmd) names something else than a kind of
 * objective. NULL: it may be; else the caller's. */
HOPT_MUST_CHECK char *hopt_refusal_of_trial(const hopt_trial *trial);

#endif
