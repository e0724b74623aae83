/**
 * The JSON API of hopt-master (FORMATS §6, docs/monitoring.md), the part that reads:
 *
 *   GET /api/v1/studies   /api/v1/studies/N   /api/v1/studies/N/best   /api/v1/workers
 *       /api/v1/studies/N/trials?after=NUM&limit=1..1000&state=NAME
 *       /api/v1/studies/N/trials/NUM   .../NUM/log   .../NUM/reports
 *
 * The store is read on a thread with a connection of its own, which can't write; it is opened by
 * the first request. Loop thread only. Lifecycle: new -> close -> closed.
 */
#ifndef HOPT_MASTER_API_H
#define HOPT_MASTER_API_H

#include <uv.h>

#include "common/monitor/monitor.h"

typedef struct hopt_api hopt_api;

/** Add the routes. @param monitor  not started yet; NULL: no API. @param store_uri  copied. */
hopt_api *hopt_api_new(uv_loop_t *loop, hopt_monitor *monitor, const char *store_uri);
/** What is being read is answered; what waits gets 503. `closed` is the last call, at once for
 * NULL. The monitor is closed after it. */
void hopt_api_close(hopt_api *api, void (*closed)(void *data), void *data);

#endif
