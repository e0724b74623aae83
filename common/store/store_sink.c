/* The store's front: what sinks keep. */
#include <stdlib.h>
#include <string.h>

#include "common/store/sink.h"
#include "common/store/store_internal.h"

enum { BATCH = 1000 };

hopt_status hopt_sink_study_read(hopt_store *store, hopt_sink_study *out, const char *study,
                                 hopt_error *err) {
    memset(out, 0, sizeof *out);
    hopt_status status = hopt_store__check_study(study, err);
    return status ? status : store->ops->sink_study(store->self, out, study, err);
}

hopt_status hopt_sink_study_put(hopt_store *store, const char *study, const hopt_sink_study *old,
                                const hopt_sink_study *now, hopt_error *err) {
    hopt_status status = hopt_store__check_write(store, study, err);
    if (!status) status = store->ops->sink_study_put(store->self, study, old, now, err);
    if (status == HOPT_ECONFLICT)
        return hopt_error_set(err, status, "study %s: another process feeds the sink", study);
    return status;
}

hopt_status hopt_sink_pending(hopt_store *store, hopt_sink_trial **list, size_t *count,
                              const char *study, const char *parent, int after, int limit,
                              hopt_error *err) {
    *list = NULL;
    *count = 0;
    hopt_status status = hopt_store__check_study(study, err);
    if (!status)
        status = store->ops->sink_pending(store->self, list, count, study, parent,
                                          after < -1 ? -1 : after, limit, err);
    if (status) {
        free(*list);
        *list = NULL;
        *count = 0;
    }
    return status;
}

hopt_status hopt_sink_put(hopt_store *store, hopt_sink_trial *trials, size_t n, hopt_error *err) {
    hopt_status status = hopt_store__check_writable(store, err);
    if (!status && n > BATCH) status = hopt_error_set(err, HOPT_EINVAL, "too many trials at once");
    return status || n == 0 ? status : store->ops->sink_put(store->self, trials, n, err);
}
