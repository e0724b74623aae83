/** The workers of a store, as they were last heard of: by their records, or by the trials that they
 * renew. */
#ifndef HOPT_MASTER_WORKERS_SEEN_H
#define HOPT_MASTER_WORKERS_SEEN_H

#include "common/store/store.h"

/**
 * hopt_store_workers(), with `age_ms` and `running` brought up to date by the running trials of the
 * workers' studies: a busy worker does not renew its record.
 * @param[out] list  free with hopt_worker_records_free().
 */
HOPT_MUST_CHECK hopt_status hopt_workers_seen(hopt_store *store, hopt_worker_record **list,
                                              size_t *count, hopt_error *err);

#endif
