#include "common/monitor/monitor.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/http/address.h"
#include "common/sys/log.h"
#include "common/sys/process.h"

enum { ROUTES_MAX = 16 };

/* Series of one kind of call, made when it is called for the first time. */
typedef struct op_series {
    _Atomic(hopt_histogram *) seconds;
    _Atomic(hopt_counter *) errors;
} op_series;

struct hopt_monitor {
    hopt_http_address address;
    char name[HOPT_HTTP_NAME_MAX];
    int fd; /* -1: the server has it */
    const char *const *hosts;
    size_t n_hosts;
    hopt_http_route routes[ROUTES_MAX + 1];
    size_t n_routes;
    hopt_http *http;
    hopt_monitor_program program;

    hopt_metrics *metrics;
    hopt_store_observer observer;
    op_series ops[HOPT_STORE_OPS];
    hopt_counter *conflicts, *lease_expired;
    hopt_counter *proposals; /* NULL: not counted here */
    void (*closed)(void *data);
    void *closed_data;
};

/* ---- the store's calls, on the threads that make them ---- */

static const op_series *series_of(hopt_monitor *monitor, hopt_store_op op) {
    op_series *one = &monitor->ops[op];
    if (atomic_load_explicit(&one->errors, memory_order_acquire)) return one;
    const char *name = hopt_store_op_name(op);
    /* Two threads may come here at once: both get the same series. */
    hopt_histogram *seconds = hopt_metrics_histogram(
        monitor->metrics, "hopt_store_seconds", "How long calls of the store took, by operation.",
        "op", name, &hopt_buckets_call);
    hopt_counter *errors =
        hopt_metrics_counter(monitor->metrics, "hopt_store_errors_total",
                             "Calls of the store that failed, by operation.", "op", name);
    atomic_store_explicit(&one->seconds, seconds, memory_order_release);
    atomic_store_explicit(&one->errors, errors, memory_order_release);
    return one;
}

static void on_call(void *data, const hopt_store_call *call) {
    hopt_monitor *monitor = data;
    const op_series *one = series_of(monitor, call->op);
    hopt_histogram_observe(one->seconds, call->duration_ns);
    if (call->status == HOPT_ESTORE || call->status == HOPT_EUNAVAILABLE)
        hopt_counter_add(one->errors, 1);
    if (call->conflicts) hopt_counter_add(monitor->conflicts, call->conflicts);
    if (!monitor->proposals) return;
    if (call->op == HOPT_STORE_OP_ENQUEUE) hopt_counter_add(monitor->proposals, call->done);
    if (call->op == HOPT_STORE_OP_EXPIRE && call->status == HOPT_OK)
        hopt_counter_add(monitor->lease_expired, 1);
}

/* ---- what every program shows ---- */

static void gauge(hopt_buf *out, const char *name, const char *help, double value) {
    hopt_metric_head(out, name, HOPT_METRIC_GAUGE, help);
    hopt_metric_sample(out, name, NULL, 0, value);
}

static void collect_process(void *data, hopt_buf *out) {
    static const hopt_label version = {"version", HOPT_VERSION};
    hopt_process_stats stats;
    (void)data;
    hopt_process_read(&stats);
    hopt_metric_head(out, "process_cpu_seconds_total", HOPT_METRIC_COUNTER,
                     "User and system CPU time, in seconds.");
    hopt_metric_sample(out, "process_cpu_seconds_total", NULL, 0, stats.cpu_s);
    if (stats.resident_bytes >= 0)
        gauge(out, "process_resident_memory_bytes", "Resident memory size.",
              (double)stats.resident_bytes);
    if (stats.virtual_bytes >= 0)
        gauge(out, "process_virtual_memory_bytes", "Virtual memory size.",
              (double)stats.virtual_bytes);
    if (stats.open_fds >= 0)
        gauge(out, "process_open_fds", "Open file descriptors.", stats.open_fds);
    if (stats.max_fds >= 0)
        gauge(out, "process_max_fds", "Most file descriptors that may be open.",
              (double)stats.max_fds);
    if (stats.start_s > 0)
        gauge(out, "process_start_time_seconds", "When the process started, in seconds since 1970.",
              stats.start_s);
    hopt_metric_head(out, "hopt_build_info", HOPT_METRIC_GAUGE, "1, with the version of hopt.");
    hopt_metric_sample(out, "hopt_build_info", &version, 1, 1);
}

/* ---- routes ---- */

static void answer_text(hopt_http_request *request, unsigned status, const char *text) {
    hopt_buf body = HOPT_BUF_INIT;
    hopt_buf_print(&body, "%s\n", text);
    hopt_http_answer(request, status, "text/plain; charset=utf-8", &body);
}

static void answer_health(void *data, hopt_http_request *request) {
    (void)data;
    answer_text(request, 200, "ok");
}

static void answer_ready(void *data, hopt_http_request *request) {
    const hopt_monitor *monitor = data;
    const char *why = monitor->program.not_ready(monitor->program.data);
    answer_text(request, why ? 503 : 200, why ? why : "ready");
}

static void answer_metrics(void *data, hopt_http_request *request) {
    hopt_monitor *monitor = data;
    hopt_buf body = HOPT_BUF_INIT;
    hopt_metrics_write(monitor->metrics, &body);
    hopt_http_answer(request, 200, HOPT_METRICS_CONTENT_TYPE, &body);
}

/* ---- life ---- */

hopt_status hopt_monitor_open(hopt_monitor **out, const char *address, const char *const *hosts,
                              size_t n_hosts, hopt_error *err) {
    hopt_http_address parsed;
    *out = NULL;
    if (!address) return HOPT_OK;
    hopt_status status = hopt_http_address_parse(&parsed, address, err);
    if (status != HOPT_OK) {
        hopt_error_prefix(err, "--http %.64s", address);
        return status;
    }
    hopt_monitor *monitor = hopt_zalloc(1, sizeof *monitor);
    status = hopt_http_listen(&monitor->fd, monitor->name, &parsed, err);
    if (status != HOPT_OK) {
        free(monitor);
        hopt_error_prefix(err, "--http");
        return status;
    }
    monitor->address = parsed;
    monitor->hosts = hosts;
    monitor->n_hosts = n_hosts;
    monitor->observer = (hopt_store_observer){on_call, monitor};
    monitor->metrics = hopt_metrics_new();
    monitor->conflicts = hopt_metrics_counter(
        monitor->metrics, "hopt_conflicts_total",
        "Writes of the store that found that somebody else had been faster: a lost lease, a taken "
        "slot, another leader.",
        NULL, NULL);
    monitor->lease_expired =
        hopt_metrics_counter(monitor->metrics, "hopt_lease_expired_total",
                             "Leases of workers gone silent that this process ended.", NULL, NULL);
    hopt_metrics_collector(monitor->metrics, collect_process, NULL);
    hopt_monitor_route(monitor, &(hopt_http_route){"/healthz", answer_health, monitor});
    hopt_monitor_route(monitor, &(hopt_http_route){"/readyz", answer_ready, monitor});
    hopt_monitor_route(monitor, &(hopt_http_route){"/metrics", answer_metrics, monitor});
    *out = monitor;
    return HOPT_OK;
}

void hopt_monitor_free(hopt_monitor *monitor) {
    if (!monitor) return;
    HOPT_ASSERT(!monitor->http);
    if (monitor->fd >= 0) close(monitor->fd);
    hopt_metrics_free(monitor->metrics);
    free(monitor);
}

void hopt_monitor_log(const hopt_monitor *monitor) {
    if (!monitor) return;
    hopt_log_info("http started address=%s", monitor->name);
    if (!monitor->address.loopback)
        hopt_log_info("http answers other machines too, without a login and unencrypted "
                      "address=%s",
                      monitor->name);
}

hopt_metrics *hopt_monitor_metrics(hopt_monitor *monitor) {
    return monitor ? monitor->metrics : NULL;
}

const hopt_store_observer *hopt_monitor_store(hopt_monitor *monitor) {
    return monitor ? &monitor->observer : NULL;
}

hopt_counter *hopt_monitor_lease_expired(hopt_monitor *monitor) {
    return monitor ? monitor->lease_expired : NULL;
}

void hopt_monitor_count_proposals(hopt_monitor *monitor) {
    if (!monitor) return;
    monitor->proposals =
        hopt_metrics_counter(monitor->metrics, "hopt_proposals_total",
                             "Trials that this process put into the queue.", NULL, NULL);
}

void hopt_monitor_route(hopt_monitor *monitor, const hopt_http_route *route) {
    if (!monitor) return;
    HOPT_ASSERT(monitor->n_routes < ROUTES_MAX && !monitor->http);
    monitor->routes[monitor->n_routes++] = *route;
}

hopt_status hopt_monitor_start(hopt_monitor *monitor, uv_loop_t *loop,
                               const hopt_monitor_program *program, hopt_error *err) {
    if (!monitor) return HOPT_OK;
    monitor->program = *program;
    hopt_http_options options = {.fd = monitor->fd,
                                 .routes = monitor->routes,
                                 .hosts = monitor->hosts,
                                 .n_hosts = monitor->n_hosts};
    monitor->fd = -1;
    return hopt_http_new(&monitor->http, loop, &options, err);
}

static void on_closed(void *data) {
    hopt_monitor *monitor = data;
    monitor->http = NULL;
    if (monitor->closed) monitor->closed(monitor->closed_data);
}

void hopt_monitor_close(hopt_monitor *monitor, void (*closed)(void *data), void *data) {
    if (!monitor || !monitor->http) {
        if (closed) closed(data);
        return;
    }
    monitor->closed = closed;
    monitor->closed_data = data;
    hopt_http_close(monitor->http, on_closed, monitor);
}
