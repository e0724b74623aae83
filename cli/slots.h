/** Taking free slots of a study without a master (`hopt ask`, `hopt trials add`). */
#ifndef HOPT_CLI_SLOTS_H
#define HOPT_CLI_SLOTS_H

#include "cli/context.h"

/**
 * Where to begin looking for a free slot: the number of trials there are, which is never above the
 * first free slot at the end.
 */
HOPT_MUST_CHECK hopt_status hopt_slots_first(const hopt_context *context, int *num,
                                             hopt_error *err);

/** Whether the study may get a trial `num`: HOPT_ECONFLICT when max_trials is reached, or the study
 * is closing or done. */
HOPT_MUST_CHECK hopt_status hopt_slots_allowed(const hopt_context *context, int num,
                                               hopt_error *err);

/**
 * Insert `trial` at slot trial->num; fills id, study, tid and by.
 * @param owner  NULL: NEW, in the queue; else RUNNING for this owner, with lease 1.
 * @return HOPT_ECONFLICT: the slot is taken.
 */
HOPT_MUST_CHECK hopt_status hopt_slots_insert(const hopt_context *context, hopt_trial *trial,
                                              const char *owner, hopt_error *err);

/** The seed of slot `num`, as a master gives it. */
uint64_t hopt_slots_seed(const hopt_context *context, int num);

#endif
