/** All trials of a study, a page at a time, so that memory stays bounded. */
#ifndef HOPT_CLI_PAGES_H
#define HOPT_CLI_PAGES_H

#include "common/store/store.h"

enum { HOPT_PAGE = 1000 };

/** Called for each trial in the order of num. @return false: enough. */
typedef bool (*hopt_pages_each)(void *data, const hopt_trial *trial);

/**
 * @param query  where to begin and what to leave out; its limit is that of all pages together, 0:
 *               none.
 * @param[out] malformed  documents that can't be read; may be NULL.
 */
HOPT_MUST_CHECK hopt_status hopt_pages_walk(hopt_store *store, const hopt_trial_query *query,
                                            hopt_pages_each each, void *data, int64_t *malformed,
                                            hopt_error *err);

#endif
