#include "common/http/client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

enum { CONNECT_MS = 5000, TIMEOUT_MS = 30000 };
#define REPLY_MAX ((size_t)16 << 20)

struct hopt_http_client {
    CURL *curl;
    char why[CURL_ERROR_SIZE];
    struct curl_slist *headers; /* of every request */
    char *user, *password, *ca_file;
    hopt_http_options options;
    hopt_http_reply *reply; /* of the request under way */
    bool too_long;
};

static void start_library(void) {
    HOPT_ASSERT(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

void hopt_http_client_start(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_library);
}

static size_t on_body(char *data, size_t size, size_t count, void *self) {
    hopt_http_client *client = self;
    hopt_buf *body = &client->reply->body;
    size_t length = size * count;
    client->too_long = length > client->options.reply_max - body->length;
    if (client->too_long) return CURL_WRITEFUNC_ERROR;
    hopt_buf_add(body, data, length);
    return length;
}

static int on_progress(void *self, HOPT_UNUSED curl_off_t a, HOPT_UNUSED curl_off_t b,
                       HOPT_UNUSED curl_off_t c, HOPT_UNUSED curl_off_t d) {
    const hopt_http_client *client = self;
    return client->options.cancelled && client->options.cancelled(client->options.data);
}

static void add_header(hopt_http_client *client, const char *text) {
    struct curl_slist *longer = curl_slist_append(client->headers, text);
    HOPT_ASSERT(longer);
    client->headers = longer;
}

static void add_headers(hopt_http_client *client, const hopt_http_options *options) {
    add_header(client, "Expect:"); /* no round trip before a body */
    if (!options->bearer) return;
    char *bearer = hopt_format("Authorization: Bearer %s", options->bearer);
    add_header(client, bearer);
    free(bearer);
}

hopt_http_client *hopt_http_client_new(const hopt_http_options *options) {
    hopt_http_client_start();
    hopt_http_client *client = hopt_zalloc(1, sizeof *client);
    client->options = *options;
    if (!options->bearer) {
        client->user = hopt_strdup(options->user);
        client->password = hopt_strdup(options->password);
    }
    client->ca_file = hopt_strdup(options->ca_file);
    if (!client->options.connect_ms) client->options.connect_ms = CONNECT_MS;
    if (!client->options.timeout_ms) client->options.timeout_ms = TIMEOUT_MS;
    if (!client->options.reply_max) client->options.reply_max = REPLY_MAX;
    add_headers(client, options);
    client->curl = curl_easy_init();
    HOPT_ASSERT(client->curl);
    return client;
}

void hopt_http_client_free(hopt_http_client *client) {
    if (!client) return;
    curl_easy_cleanup(client->curl);
    curl_slist_free_all(client->headers);
    free(client->user);
    free(client->password);
    free(client->ca_file);
    free(client);
}

/* The handle keeps its connection and session; its options are set anew each time. */
static void set_up(hopt_http_client *client) {
    CURL *curl = client->curl;
    const hopt_http_options *options = &client->options;
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->why);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "hopt/" HOPT_VERSION);
    curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, options->connect_ms);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, options->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, client);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    if (client->user) {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(curl, CURLOPT_USERNAME, client->user);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, client->password ? client->password : "");
    }
    if (client->ca_file) curl_easy_setopt(curl, CURLOPT_CAINFO, client->ca_file);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, options->insecure ? 0L : 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, options->insecure ? 0L : 2L);
}

static void set_request(hopt_http_client *client, const hopt_http_request *request,
                        struct curl_slist *headers) {
    CURL *curl = client->curl;
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, request->once ? 1L : 0L);
    if (!request->type) return; /* GET */
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->length);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body ? request->body : "");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
}

/* Whether the request can't have reached the server. */
static bool nothing_sent(CURLcode code) {
    return code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY ||
           code == CURLE_COULDNT_CONNECT || code == CURLE_SSL_CONNECT_ERROR ||
           code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE;
}

static hopt_status say_failed(const hopt_http_client *client, CURLcode code, hopt_error *err) {
    const char *why = client->why[0] ? client->why : curl_easy_strerror(code);
    if (code == CURLE_ABORTED_BY_CALLBACK) return hopt_error_set(err, HOPT_ESTOPPED, "stopped");
    if (client->too_long)
        return hopt_error_set(err, HOPT_EFAILED, "a reply of more than %zu bytes",
                              client->options.reply_max);
    if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
        return hopt_error_set(err, HOPT_EINVAL, "not a URL of http:// or https://");
    return hopt_error_set(err, nothing_sent(code) ? HOPT_EUNAVAILABLE : HOPT_EFAILED, "%s", why);
}

static void read_head(hopt_http_client *client) {
    const char *type = NULL;
    hopt_http_reply *reply = client->reply;
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &reply->code);
    curl_easy_getinfo(client->curl, CURLINFO_CONTENT_TYPE, &type);
    snprintf(reply->type, sizeof reply->type, "%s", type ? type : "");
}

hopt_status hopt_http_do(hopt_http_client *client, const hopt_http_request *request,
                         hopt_http_reply *reply, hopt_error *err) {
    struct curl_slist own = {0}, *headers = client->headers;
    char *type = request->type ? hopt_format("Content-Type: %s", request->type) : NULL;
    if (type) {
        own = (struct curl_slist){.data = type, .next = client->headers};
        headers = &own;
    }
    hopt_buf_reset(&reply->body);
    reply->code = 0;
    reply->type[0] = '\0';
    client->reply = reply;
    client->too_long = false;
    client->why[0] = '\0';
    set_up(client);
    set_request(client, request, headers);
    CURLcode code = curl_easy_perform(client->curl);
    if (code == CURLE_OK) read_head(client);
    free(type);
    client->reply = NULL;
    return code == CURLE_OK ? HOPT_OK : say_failed(client, code, err);
}

void hopt_http_escape(hopt_buf *out, const char *text) {
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    for (; *text; text++) {
        if (strchr(plain, *text))
            hopt_buf_char(out, *text);
        else
            hopt_buf_print(out, "%%%02X", (unsigned)(unsigned char)*text);
    }
}
