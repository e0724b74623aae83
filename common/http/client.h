/**
 * A blocking HTTP client on libcurl, for a thread of its own: never call it on a loop thread. One
 * client is used by one thread at a time and keeps its connection open between requests.
 * Redirects are not followed: an API has none, a proxy's login page has. Nothing is logged here,
 * and no credential is ever part of a message.
 */
#ifndef HOPT_HTTP_CLIENT_H
#define HOPT_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/error.h"

typedef struct hopt_http_client hopt_http_client;

/** Texts are copied. */
typedef struct hopt_http_options {
    const char *bearer;          /**< token for "Authorization: Bearer", or NULL */
    const char *user, *password; /**< basic authentication, when there is no bearer; or NULL */
    const char *ca_file;         /**< certificates to trust instead of the system's, or NULL */
    bool insecure;               /**< do not check the server's certificate */
    long connect_ms;             /**< 0: 5000 */
    long timeout_ms;             /**< for a whole request; 0: 30000 */
    size_t reply_max;            /**< a longer reply is a failure; 0: 16 MiB */
    /** Asked often while a request is under way: true ends it. From the client's thread. NULL:
     * never. */
    bool (*cancelled)(void *data);
    void *data;
} hopt_http_options;

/** libcurl's start for the process; call it before other threads run. May be repeated. */
void hopt_http_client_start(void);
hopt_http_client *hopt_http_client_new(const hopt_http_options *options);
void hopt_http_client_free(hopt_http_client *client);

typedef struct hopt_http_request {
    const char *method; /**< "GET", "POST", "PUT" */
    const char *url;    /**< http:// or https:// */
    const char *type;   /**< of the body; NULL: no body */
    const void *body;
    size_t length;
    /** It must not be done twice: sent on a fresh connection. On one that is kept libcurl sends a
     * request again by itself when the server closes it without an answer, which may have been
     * after doing what it was asked. */
    bool once;
} hopt_http_request;

typedef struct hopt_http_reply {
    long code;     /**< of HTTP */
    hopt_buf body; /**< reset before each request; hopt_buf_clear() at the end */
    char type[64]; /**< the content type, "" when none was given */
} hopt_http_reply;

/**
 * Make one request.
 * @return HOPT_OK when there is a reply, whatever its code; HOPT_EINVAL for a URL that is none;
 *         HOPT_EUNAVAILABLE when no connection was had: nothing was sent; HOPT_EFAILED when it
 *         broke after that: the server may have done what it was asked; HOPT_ESTOPPED when
 *         `cancelled` said so: the same.
 */
HOPT_MUST_CHECK hopt_status hopt_http_do(hopt_http_client *client, const hopt_http_request *request,
                                         hopt_http_reply *reply, hopt_error *err);

/** Append `text` as a part of a URL: all but letters, digits and -._~ as %XX. */
void hopt_http_escape(hopt_buf *out, const char *text);

#endif
