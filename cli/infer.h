/** From the trials of an old experiment to a study file, as far as they tell. Pure. */
#ifndef HOPT_CLI_INFER_H
#define HOPT_CLI_INFER_H

#include "common/base/buf.h"
#include "common/trial/trial.h"

/**
 * Append a study file without objective: a parameter for each label (guess.h), and those that are
 * not always active below the options of the choice that tells when they are. Comments say what
 * was guessed.
 * @param trials  whose vals count, oldest first; at least one.
 * @param name    of the study.
 * @param from    where they come from, for people.
 * @param max_trials  for its stop rule.
 * @return HOPT_OK, or HOPT_EINVAL naming a label that can't be a parameter of hopt, or whose
 *         activity no choice explains. `out` is then to be thrown away.
 */
HOPT_MUST_CHECK hopt_status hopt_infer_study(hopt_buf *out, const hopt_trials *trials,
                                             const char *name, const char *from, int max_trials,
                                             hopt_error *err);

#endif
