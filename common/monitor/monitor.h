/**
 * What a program that runs for long shows of itself: an HTTP server with /healthz, /readyz and
 * /metrics (docs/monitoring.md), the registry behind it with what every program has in it (the
 * process, the build, the calls of its stores), and room for the program's own.
 *
 * Loop thread only. Lifecycle: open -> start -> close -> closed; or open -> free. Every function
 * takes NULL, which is a program that nobody asked to show anything: it measures nothing.
 */
#ifndef HOPT_MONITOR_MONITOR_H
#define HOPT_MONITOR_MONITOR_H

#include <uv.h>

#include "common/base/error.h"
#include "common/http/server.h"
#include "common/metrics/metrics.h"
#include "common/store/observer.h"

typedef struct hopt_monitor hopt_monitor;

/**
 * Listen, and be ready to measure; requests wait until the start.
 * @param[out] out   NULL when `address` is NULL.
 * @param address    "[ADDR:]PORT", see hopt_http_address_parse().
 * @param hosts      names for hopt_http_host_allowed(); borrowed.
 * @return HOPT_OK; HOPT_EINVAL: a malformed address; HOPT_EFAILED: can't listen there.
 */
HOPT_MUST_CHECK hopt_status hopt_monitor_open(hopt_monitor **out, const char *address,
                                              const char *const *hosts, size_t n_hosts,
                                              hopt_error *err);
void hopt_monitor_free(hopt_monitor *monitor);

/** Say in the log where it listens, with the port that was taken. */
void hopt_monitor_log(const hopt_monitor *monitor);

hopt_metrics *hopt_monitor_metrics(hopt_monitor *monitor);
/** For hopt_store_options.observer; NULL for NULL. */
const hopt_store_observer *hopt_monitor_store(hopt_monitor *monitor);
/** hopt_lease_expired_total; hopt_conflicts_total and the store's series count by themselves. */
hopt_counter *hopt_monitor_lease_expired(hopt_monitor *monitor);
/** From now on trials that go into the store are counted as hopt_proposals_total, and leases that
 * are ended as hopt_lease_expired_total: a master's. */
void hopt_monitor_count_proposals(hopt_monitor *monitor);

typedef struct hopt_monitor_program {
    /** Whether work can be done: @return NULL, or why not, for people (constant). */
    const char *(*not_ready)(void *data);
    void *data;
} hopt_monitor_program;

/** Add a route, before the start. */
void hopt_monitor_route(hopt_monitor *monitor, const hopt_http_route *route);
/** Serve. @return HOPT_OK; HOPT_EFAILED. */
HOPT_MUST_CHECK hopt_status hopt_monitor_start(hopt_monitor *monitor, uv_loop_t *loop,
                                               const hopt_monitor_program *program,
                                               hopt_error *err);
/** Stop serving; `closed` (may be NULL) is called when done, or at once for NULL and a monitor that
 * was not started. hopt_monitor_free() after it. */
void hopt_monitor_close(hopt_monitor *monitor, void (*closed)(void *data), void *data);

#endif
