#include "cli/pages.h"

hopt_status hopt_pages_walk(hopt_store *store, const hopt_trial_query *query, hopt_pages_each each,
                            void *data, int64_t *malformed, hopt_error *err) {
    hopt_trial_query page = *query;
    int left = query->limit > 0 ? query->limit : HOPT_TRIALS_MAX + 1;
    int64_t bad = 0;
    if (malformed) *malformed = 0;
    for (bool more = true; more && left > 0;) {
        hopt_trials trials = {0};
        page.limit = left < HOPT_PAGE ? left : HOPT_PAGE;
        hopt_status status = hopt_store_trials(store, &trials, &page, &bad, err);
        if (status != HOPT_OK) {
            hopt_trials_clear(&trials);
            return status;
        }
        if (malformed) *malformed += bad;
        more = trials.count >= (size_t)page.limit;
        for (size_t i = 0; i < trials.count; i++) {
            page.after = trials.list[i]->num;
            left--;
            if (!each(data, trials.list[i])) {
                more = false;
                break;
            }
        }
        hopt_trials_clear(&trials);
    }
    return HOPT_OK;
}
