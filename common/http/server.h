/**
 * An HTTP server for programs with a loop: libmicrohttpd does the protocol, on the loop thread, as
 * one more event source, so that a request sees the program between two events and needs no lock.
 * A loop that hangs does not answer, which is what a probe wants to know.
 *
 * Bounds: 64 connections of one client and 128 in all; 16 KiB of request line and headers; no
 * bodies (GET and HEAD only); HOPT_HTTP_REQUEST_MS from accepting a connection, or from the last
 * answer on it, to having sent the next one: then it is cut, however busy its client looks. Who
 * sends its bytes one by one, or none, holds a connection and nobody's time.
 *
 * Loop thread only. Lifecycle: new -> close -> closed.
 */
#ifndef HOPT_HTTP_SERVER_H
#define HOPT_HTTP_SERVER_H

#include <uv.h>

#include "common/base/buf.h"
#include "common/base/error.h"

enum { HOPT_HTTP_REQUEST_MS = 15000 };

typedef struct hopt_http hopt_http;
typedef struct hopt_http_request hopt_http_request;

typedef struct hopt_http_route {
    const char *path; /**< all of it; with '*' at its end: every path that begins so */
    /**
     * Answer with hopt_http_answer() or hopt_http_fail(), in this call or later (once, on the loop
     * thread, and before the server is closed).
     */
    void (*answer)(void *data, hopt_http_request *request);
    void *data;
} hopt_http_route;

typedef struct hopt_http_options {
    int fd;                        /**< listening (hopt_http_listen()); the server's from now on */
    const hopt_http_route *routes; /**< the first that fits; up to path NULL; borrowed */
    const char *const *hosts;      /**< names for hopt_http_host_allowed(); borrowed */
    size_t n_hosts;
    int64_t request_ms; /**< 0: HOPT_HTTP_REQUEST_MS */
} hopt_http_options;

/** @return HOPT_OK; HOPT_EFAILED: out of file descriptors and the like. Then fd is closed too. */
HOPT_MUST_CHECK hopt_status hopt_http_new(hopt_http **out, uv_loop_t *loop,
                                          const hopt_http_options *options, hopt_error *err);
/** Cut every connection, stop listening; `closed` is the last call. */
void hopt_http_close(hopt_http *http, void (*closed)(void *data), void *data);

/** The path, decoded; borrowed until the answer. */
const char *hopt_http_path(const hopt_http_request *request);
/** A parameter of the query, decoded; NULL: not there. Borrowed until the answer. */
const char *hopt_http_query(const hopt_http_request *request, const char *name);
/** Answer. @param body  its text is taken; empty after it. */
void hopt_http_answer(hopt_http_request *request, unsigned status, const char *content_type,
                      hopt_buf *body);
/** Answer with {"error":{"code","message"}} (FORMATS §6). @param message  plain text, shown to
 * people. */
void hopt_http_fail(hopt_http_request *request, unsigned status, const char *code,
                    const char *message);

#endif
