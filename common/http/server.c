/*
 * Design notes
 * - libmicrohttpd runs in its "external" mode with epoll: its epoll descriptor is polled by the
 * loop, and MHD_run() is called when it is readable or when MHD_get_timeout() has passed.
 * - A route may answer later: the connection is suspended meanwhile, and resumed with the response,
 *   which the access handler queues when it is called again.
 * - The library knows a time-out without any traffic only. So each connection has a link with the
 *   time since which its answer is due; one that is late has its socket shut down, and the library
 *   finds that out by itself. The library tells of a connection's end before it closes the socket.
 */
#include "common/http/server.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/http/address.h"
#include "common/sys/clock.h"

enum {
    CONNECTIONS_MAX = 128,
    CONNECTIONS_OF_ONE_MAX = 64,
    HEADERS_MAX = 16 * 1024, /* the library's memory for a connection: request and answer's head */
    SWEEP_MS = 500
};

/* One connection. */
typedef struct conn {
    struct conn *next, **at; /* at: what points to it */
    int fd;
    int64_t since_ms;
} conn;

struct hopt_http_request {
    hopt_http *http;
    struct MHD_Connection *connection;
    const char *path;
    struct MHD_Response *response; /* once answered */
    unsigned status;
    bool suspended;
};

struct hopt_http {
    hopt_http_options options;
    uv_poll_t poll;
    uv_timer_t timer;
    struct MHD_Daemon *daemon;
    conn *conns;
    bool running; /* within MHD_run() */
    int deferred; /* requests that are not answered yet */
    int open_handles;
    void (*closed)(void *data);
    void *closed_data;
};

/* ---- driving the library ---- */

static void cut_late(hopt_http *http) {
    int64_t now_ms = hopt_clock_mono_ms();
    for (conn *one = http->conns; one; one = one->next)
        if (now_ms - one->since_ms > http->options.request_ms) shutdown(one->fd, SHUT_RDWR);
}

static void on_timer(uv_timer_t *timer);

static void run(hopt_http *http) {
    MHD_UNSIGNED_LONG_LONG wait_ms = SWEEP_MS;
    cut_late(http);
    http->running = true;
    MHD_run(http->daemon);
    http->running = false;
    bool wanted = MHD_get_timeout(http->daemon, &wait_ms) == MHD_YES;
    if (wait_ms > SWEEP_MS) wait_ms = SWEEP_MS;
    if (wanted || http->conns)
        uv_timer_start(&http->timer, on_timer, wait_ms, 0);
    else
        uv_timer_stop(&http->timer);
}

static void on_timer(uv_timer_t *timer) {
    run(timer->data);
}

static void on_poll(uv_poll_t *poll, int status, int events) {
    (void)status;
    (void)events;
    run(poll->data);
}

/* ---- connections ---- */

static void on_connection(void *data, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code) {
    hopt_http *http = data;
    conn *one = *context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        one = *context = hopt_zalloc(1, sizeof *one);
        one->fd =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        one->since_ms = hopt_clock_mono_ms();
        one->next = http->conns;
        one->at = &http->conns;
        if (one->next) one->next->at = &one->next;
        http->conns = one;
    } else if (one) {
        *one->at = one->next;
        if (one->next) one->next->at = one->at;
        free(one);
        *context = NULL;
    }
}

static void on_completed(void *data, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code) {
    hopt_http_request *request = *context;
    (void)data;
    (void)code;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    conn *one = info ? info->socket_context : NULL;
    if (one) one->since_ms = hopt_clock_mono_ms();
    if (!request) return;
    if (request->response) MHD_destroy_response(request->response);
    free(request);
    *context = NULL;
}

/* ---- answers ---- */

const char *hopt_http_path(const hopt_http_request *request) {
    return request->path;
}

const char *hopt_http_query(const hopt_http_request *request, const char *name) {
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

void hopt_http_answer(hopt_http_request *request, unsigned status, const char *content_type,
                      hopt_buf *body) {
    static const char *const headers[][2] = {
        {MHD_HTTP_HEADER_CACHE_CONTROL, "no-store"},
        {"X-Content-Type-Options", "nosniff"},
        {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"}};
    HOPT_ASSERT(!request->response);
    size_t length = body->length;
    char *text = hopt_buf_take(body);
    request->response = MHD_create_response_from_buffer(length, text, MHD_RESPMEM_MUST_FREE);
    HOPT_ASSERT(request->response);
    request->status = status;
    MHD_add_response_header(request->response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    for (size_t i = 0; i < HOPT_COUNT(headers); i++)
        MHD_add_response_header(request->response, headers[i][0], headers[i][1]);
    if (!request->suspended) return;
    hopt_http *http = request->http;
    request->suspended = false;
    http->deferred--;
    MHD_resume_connection(request->connection);
    if (!http->running) uv_timer_start(&http->timer, on_timer, 0, 0);
}

static void add_json_text(hopt_buf *out, const char *text) {
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\') hopt_buf_char(out, '\\');
        hopt_buf_char(out, (unsigned char)*c < 0x20 ? '?' : *c);
    }
}

void hopt_http_fail(hopt_http_request *request, unsigned status, const char *code,
                    const char *message) {
    hopt_buf body = HOPT_BUF_INIT;
    hopt_buf_print(&body, "{\"error\":{\"code\":\"%s\",\"message\":\"", code);
    add_json_text(&body, message);
    hopt_buf_text(&body, "\"}}\n");
    hopt_http_answer(request, status, "application/json", &body);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(request->response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
}

/* ---- requests ---- */

/* More than one Host header is no host. */
static enum MHD_Result note_host(void *data, enum MHD_ValueKind kind, const char *key,
                                 const char *value) {
    const char **hosts = data;
    (void)kind;
    if (strcasecmp(key, MHD_HTTP_HEADER_HOST) != 0) return MHD_YES;
    hosts[hosts[0] != NULL] = value ? value : "";
    return MHD_YES;
}

static bool host_allowed(const hopt_http_request *request) {
    const hopt_http_options *options = &request->http->options;
    const char *hosts[2] = {NULL, NULL};
    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, note_host, hosts);
    return !hosts[1] && hopt_http_host_allowed(hosts[0], options->hosts, options->n_hosts);
}

static const hopt_http_route *find_route(const hopt_http *http, const char *path) {
    for (const hopt_http_route *route = http->options.routes; route->path; route++) {
        size_t length = strlen(route->path);
        bool begins = length > 0 && route->path[length - 1] == '*';
        if (begins ? strncmp(path, route->path, length - 1) == 0 : strcmp(path, route->path) == 0)
            return route;
    }
    return NULL;
}

static bool has_body(struct MHD_Connection *connection) {
    const char *length =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return (length && strcmp(length, "0") != 0) ||
           MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                       MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

/* What is refused before any route is asked. @return whether it was. */
static bool refuse(hopt_http_request *request, const char *method) {
    if (!host_allowed(request))
        hopt_http_fail(request, MHD_HTTP_FORBIDDEN, "host",
                       "this Host is not answered for; --http-allow-host NAME allows one");
    else if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        hopt_http_fail(request, MHD_HTTP_METHOD_NOT_ALLOWED, "method", "GET or HEAD only");
    else if (has_body(request->connection))
        hopt_http_fail(request, MHD_HTTP_CONTENT_TOO_LARGE, "body", "no body is read here");
    else
        return false;
    return true;
}

static enum MHD_Result queue(hopt_http_request *request) {
    return MHD_queue_response(request->connection, request->status, request->response);
}

/* First with the headers, then when all has been read, and once more when a route that took its
 * time has answered. */
static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **context) {
    hopt_http *http = data;
    hopt_http_request *request = *context;
    (void)version;
    (void)upload;
    if (!request) {
        request = *context = hopt_zalloc(1, sizeof *request);
        request->http = http;
        request->connection = connection;
        return refuse(request, method) ? queue(request) : MHD_YES;
    }
    if (*upload_size) return MHD_NO;
    if (request->response) return queue(request);
    request->path = path;
    const hopt_http_route *route = find_route(http, path);
    if (route)
        route->answer(route->data, request);
    else
        hopt_http_fail(request, MHD_HTTP_NOT_FOUND, "not_found", "there is nothing here");
    if (request->response) return queue(request);
    request->suspended = true;
    http->deferred++;
    MHD_suspend_connection(connection);
    return MHD_YES;
}

/* ---- life ---- */

static hopt_status start_daemon(hopt_http *http) {
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
    struct sockaddr_storage bound = {0};
    socklen_t length = sizeof bound;
    if (getsockname(http->options.fd, (struct sockaddr *)&bound, &length) == 0 &&
        bound.ss_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    http->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, http, MHD_OPTION_LISTEN_SOCKET, http->options.fd,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, http, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)CONNECTIONS_OF_ONE_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADERS_MAX, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_END);
    return http->daemon ? HOPT_OK : HOPT_EFAILED;
}

hopt_status hopt_http_new(hopt_http **out, uv_loop_t *loop, const hopt_http_options *options,
                          hopt_error *err) {
    hopt_http *http = hopt_zalloc(1, sizeof *http);
    *out = NULL;
    http->options = *options;
    if (http->options.request_ms <= 0) http->options.request_ms = HOPT_HTTP_REQUEST_MS;
    if (start_daemon(http) != HOPT_OK) {
        close(options->fd);
        free(http);
        return hopt_error_set(err, HOPT_EFAILED, "the HTTP server can't be started");
    }
    int fd = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    HOPT_ASSERT(uv_poll_init(loop, &http->poll, fd) == 0);
    HOPT_ASSERT(uv_timer_init(loop, &http->timer) == 0);
    http->poll.data = http->timer.data = http;
    HOPT_ASSERT(uv_poll_start(&http->poll, UV_READABLE, on_poll) == 0);
    *out = http;
    return HOPT_OK;
}

static void on_handle_closed(uv_handle_t *handle) {
    hopt_http *http = handle->data;
    if (--http->open_handles) return;
    void (*closed)(void *) = http->closed;
    void *data = http->closed_data;
    free(http);
    if (closed) closed(data);
}

void hopt_http_close(hopt_http *http, void (*closed)(void *data), void *data) {
    HOPT_ASSERT(http->deferred == 0);
    http->closed = closed;
    http->closed_data = data;
    http->open_handles = 2;
    uv_poll_stop(&http->poll);
    MHD_stop_daemon(http->daemon); /* closes its descriptor, and the one that listens */
    uv_close((uv_handle_t *)&http->poll, on_handle_closed);
    uv_close((uv_handle_t *)&http->timer, on_handle_closed);
}
