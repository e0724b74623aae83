/** Taking free slots of a study without leading it: `hopt ask`, `hopt trials add`, libhopt. Blocks.
 */
#ifndef HOPT_MASTER_SLOTS_H
#define HOPT_MASTER_SLOTS_H

#include "common/store/store.h"

/**
 * Insert `trial` at slot trial->num; fills id, study, tid and by.
 * @param owner  NULL: NEW, in the queue; else RUNNING for this owner, with lease 1.
 * @return HOPT_ECONFLICT: the slot is taken.
 */
HOPT_MUST_CHECK hopt_status hopt_slot_insert(hopt_store *store, const hopt_study_record *study,
                                             hopt_trial *trial, const char *owner, hopt_error *err);

#endif
