#include "master/sinks/mlflow_api.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/http/client.h"
#include "common/json/json.h"

#define API "/api/2.0/mlflow/"
#define ARTIFACTS "/api/2.0/mlflow-artifacts/artifacts/"

struct hopt_mlflow_api {
    hopt_http_client *client;
    hopt_http_reply reply;
    char *base; /* URI without user and password */
};

/* ---- set-up ---- */

/* "http://user:password@host/": the credentials go into a header, and into no message. */
static char *split_user(const char *uri, char **user, char **password) {
    const char *scheme = strstr(uri, "://");
    const char *host = scheme ? scheme + 3 : uri, *end = host + strcspn(host, "/?#"), *at = NULL;
    for (const char *c = host; c < end; c++) {
        if (*c == '@') at = c;
    }
    size_t length = strlen(uri);
    while (length && uri[length - 1] == '/')
        length--;
    if (!at) return hopt_strndup(uri, length);
    const char *colon = memchr(host, ':', (size_t)(at - host));
    *user = hopt_strndup(host, (size_t)((colon ? colon : at) - host));
    if (colon) *password = hopt_strndup(colon + 1, (size_t)(at - colon - 1));
    return hopt_format("%.*s%.*s", (int)(host - uri), uri, (int)(uri + length - at - 1), at + 1);
}

static const char *from_environment(const char *name) {
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

hopt_mlflow_api *hopt_mlflow_api_new(const char *uri, bool (*cancelled)(void *data), void *data) {
    hopt_mlflow_api *api = hopt_zalloc(1, sizeof *api);
    char *user = NULL, *password = NULL;
    api->base = split_user(uri, &user, &password);
    const char *insecure = from_environment("MLFLOW_TRACKING_INSECURE_TLS");
    hopt_http_options options = {
        .bearer = from_environment("MLFLOW_TRACKING_TOKEN"),
        .user = user ? user : from_environment("MLFLOW_TRACKING_USERNAME"),
        .password = user ? password : from_environment("MLFLOW_TRACKING_PASSWORD"),
        .ca_file = from_environment("MLFLOW_TRACKING_SERVER_CERT_PATH"),
        .insecure = insecure && (strcasecmp(insecure, "true") == 0 || strcmp(insecure, "1") == 0),
        .cancelled = cancelled,
        .data = data};
    api->client = hopt_http_client_new(&options);
    free(user);
    free(password);
    return api;
}

void hopt_mlflow_api_free(hopt_mlflow_api *api) {
    if (!api) return;
    hopt_http_client_free(api->client);
    hopt_buf_clear(&api->reply.body);
    free(api->base);
    free(api);
}

const char *hopt_mlflow_api_name(const hopt_mlflow_api *api) {
    return api->base;
}

/* ---- answers ---- */

/* The first words of a reply that is no JSON, on one line. */
static void excerpt(char out[100], const hopt_buf *body) {
    size_t n = 0;
    for (const char *c = hopt_buf_string(body); *c && n < 80; c++) {
        bool space = isspace((unsigned char)*c);
        if (space && (n == 0 || out[n - 1] == ' ')) continue;
        out[n++] = space ? ' ' : (char)(*c < ' ' ? '?' : *c);
    }
    out[n] = '\0';
}

static bool is_html(const hopt_http_reply *reply) {
    const char *body = hopt_buf_string(&reply->body);
    body += strspn(body, " \t\r\n");
    return strncasecmp(reply->type, "text/html", 9) == 0 ||
           strncasecmp(body, "<!doctype", 9) == 0 || strncasecmp(body, "<html", 5) == 0;
}

static hopt_status say_denied(const hopt_mlflow_api *api, const char *words, hopt_error *err) {
    long code = api->reply.code;
    if (code == 407)
        return hopt_error_set(err, HOPT_EUNAVAILABLE,
                              "the proxy wants a login (HTTP 407): put it into http_proxy");
    return hopt_error_set(err, HOPT_EUNAVAILABLE, "access is denied (HTTP %ld: %s): %s", code,
                          words,
                          code == 401 ? "set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME "
                                        "and MLFLOW_TRACKING_PASSWORD"
                                      : "the user may not write there, or the server does not "
                                        "allow the host name in the URI (its --allowed-hosts)");
}

/* What an answer that is not the wanted one means. */
static hopt_status judge(const hopt_mlflow_api *api, const json_t *json, hopt_error *err) {
    const hopt_http_reply *reply = &api->reply;
    const char *code = hopt_json_string_of(json, "error_code"),
               *message = hopt_json_string_of(json, "message");
    char words[100];
    excerpt(words, &reply->body);
    if (reply->code == 401 || reply->code == 403 || reply->code == 407)
        return say_denied(api, message ? message : is_html(reply) ? "a page" : words, err);
    if (reply->code >= 300 && reply->code < 400)
        return hopt_error_set(err, HOPT_EUNAVAILABLE,
                              "it leads elsewhere (HTTP %ld): is there a login page before it?",
                              reply->code);
    if (reply->code == 429)
        return hopt_error_set(err, HOPT_EUNAVAILABLE, "too many requests (HTTP 429)");
    if (code && strcmp(code, "RESOURCE_DOES_NOT_EXIST") == 0)
        return hopt_error_set(err, HOPT_ENOTFOUND, "%s", message ? message : code);
    if (code && strcmp(code, "RESOURCE_ALREADY_EXISTS") == 0)
        return hopt_error_set(err, HOPT_ECONFLICT, "%s", message ? message : code);
    if (code && reply->code >= 400 && reply->code < 500 && strcmp(code, "ENDPOINT_NOT_FOUND") != 0)
        return hopt_error_set(err, HOPT_EINVAL, "%s", message ? message : code);
    if (reply->code >= 500)
        return hopt_error_set(err, HOPT_EFAILED, "it fails (HTTP %ld: %s); its log says why",
                              reply->code,
                              message          ? message
                              : is_html(reply) ? "a page"
                                               : words);
    if (is_html(reply))
        return hopt_error_set(err, reply->code < 300 ? HOPT_EFAILED : HOPT_EUNAVAILABLE,
                              "it answers with a page (HTTP %ld): a proxy, or not the address of "
                              "an MLflow tracking server",
                              reply->code);
    return hopt_error_set(err, reply->code < 300 ? HOPT_EFAILED : HOPT_EUNAVAILABLE,
                          "not the answer of an MLflow tracking server, or of another version "
                          "(HTTP %ld: %s)",
                          reply->code, words);
}

static hopt_status request_reply(hopt_mlflow_api *api, const hopt_http_request *request,
                                 hopt_error *err) {
    hopt_error why = {.message = ""};
    hopt_status status = hopt_http_do(api->client, request, &api->reply, &why);
    if (status == HOPT_OK || status == HOPT_ESTOPPED) return status;
    if (status == HOPT_EINVAL) status = HOPT_EUNAVAILABLE; /* the URI */
    return hopt_error_set(err, status, HOPT_MLFLOW_NO_ANSWER "%s", why.message);
}

/* @param out  NULL: only whether it went well. */
static hopt_status exchange(hopt_mlflow_api *api, const hopt_http_request *request, json_t **out,
                            hopt_error *err) {
    hopt_status status = request_reply(api, request, err);
    if (status != HOPT_OK) return status;
    const hopt_buf *body = &api->reply.body;
    json_t *json = body->length ? hopt_json_read(body->data, body->length) : NULL;
    if (api->reply.code != 200 || !json_is_object(json)) {
        status = judge(api, json, err);
        json_decref(json);
        json = NULL;
    }
    if (out)
        *out = json;
    else
        json_decref(json);
    return status;
}

/* ---- calls ---- */

static hopt_status get(hopt_mlflow_api *api, json_t **out, hopt_error *err, const char *path,
                       const char *key, const char *value, const char *more) {
    hopt_buf url = HOPT_BUF_INIT;
    *out = NULL;
    hopt_buf_print(&url, "%s" API "%s?%s=", api->base, path, key);
    hopt_http_escape(&url, value);
    if (more) hopt_buf_text(&url, more);
    hopt_http_request request = {.method = "GET", .url = url.data};
    hopt_status status = exchange(api, &request, out, err);
    hopt_buf_clear(&url);
    return status;
}

/* @param once  a repeat would do it twice. */
static hopt_status post(hopt_mlflow_api *api, json_t **out, const char *path, json_t *body,
                        bool once, hopt_error *err) {
    char *url = hopt_format("%s" API "%s", api->base, path), *text = hopt_json_text(body);
    if (out) *out = NULL;
    hopt_http_request request = {.method = "POST",
                                 .url = url,
                                 .type = "application/json",
                                 .body = text,
                                 .length = strlen(text),
                                 .once = once};
    hopt_status status = exchange(api, &request, out, err);
    json_decref(body);
    free(url);
    free(text);
    return status;
}

/* A text of an answer. Ids may come as numbers from other implementations. */
static hopt_status read_id(char out[HOPT_SINK_RUN_MAX], const json_t *object, const char *key,
                           hopt_error *err) {
    const json_t *value = json_object_get(object, key);
    out[0] = '\0';
    if (json_is_string(value) && json_string_length(value) < HOPT_SINK_RUN_MAX)
        snprintf(out, HOPT_SINK_RUN_MAX, "%s", json_string_value(value));
    else if (json_is_integer(value))
        snprintf(out, HOPT_SINK_RUN_MAX, "%lld", (long long)json_integer_value(value));
    if (out[0]) return HOPT_OK;
    return hopt_error_set(err, HOPT_EFAILED,
                          "its answer has no %s: not an MLflow tracking server, or one of another "
                          "version",
                          key);
}

static hopt_status find_experiment(hopt_mlflow_api *api, char id[HOPT_SINK_RUN_MAX],
                                   const char *name, hopt_error *err) {
    json_t *json;
    hopt_status status =
        get(api, &json, err, "experiments/get-by-name", "experiment_name", name, NULL);
    if (status != HOPT_OK) return status;
    const json_t *experiment = json_object_get(json, "experiment");
    const char *stage = hopt_json_string_of(experiment, "lifecycle_stage");
    if (stage && strcmp(stage, "deleted") == 0)
        status = hopt_error_set(err, HOPT_EUNAVAILABLE,
                                "the experiment \"%s\" is deleted there: restore it, or name "
                                "another with --mlflow-experiment",
                                name);
    else
        status = read_id(id, experiment, "experiment_id", err);
    json_decref(json);
    return status;
}

hopt_status hopt_mlflow_experiment(hopt_mlflow_api *api, char id[HOPT_SINK_RUN_MAX],
                                   const char *name, hopt_error *err) {
    hopt_status status = find_experiment(api, id, name, err);
    if (status != HOPT_ENOTFOUND) return status;
    json_t *json;
    status = post(api, &json, "experiments/create", json_pack("{s:s}", "name", name), false, err);
    if (status == HOPT_ECONFLICT) return find_experiment(api, id, name, err); /* raced */
    if (status == HOPT_OK) status = read_id(id, json, "experiment_id", err);
    json_decref(json);
    return status;
}

hopt_status hopt_mlflow_find(hopt_mlflow_api *api, char run[HOPT_SINK_RUN_MAX],
                             const char *experiment, const char *tag, const char *value,
                             const char *parent, hopt_error *err) {
    json_t *json;
    char *filter = parent ? hopt_format("tags.`%s` = '%s' and tags.`mlflow.parentRunId` = '%s'",
                                        tag, value, parent)
                          : hopt_format("tags.`%s` = '%s'", tag, value);
    json_t *request = json_pack("{s:[s],s:s,s:i,s:[s]}", "experiment_ids", experiment, "filter",
                                filter, "max_results", 1, "order_by", "attributes.start_time ASC");
    free(filter);
    hopt_status status = post(api, &json, "runs/search", request, false, err);
    if (status == HOPT_OK) {
        const json_t *first = json_array_get(json_object_get(json, "runs"), 0);
        status =
            first ? read_id(run, json_object_get(first, "info"), "run_id", err) : HOPT_ENOTFOUND;
    }
    json_decref(json);
    return status;
}

hopt_status hopt_mlflow_create(hopt_mlflow_api *api, char run[HOPT_SINK_RUN_MAX], json_t *request,
                               hopt_error *err) {
    json_t *json;
    hopt_status status = post(api, &json, "runs/create", request, true, err);
    if (status == HOPT_OK)
        status = read_id(run, json_object_get(json_object_get(json, "run"), "info"), "run_id", err);
    json_decref(json);
    return status;
}

hopt_status hopt_mlflow_run(hopt_mlflow_api *api, json_t **out, const char *run, hopt_error *err) {
    json_t *json;
    *out = NULL;
    hopt_status status = get(api, &json, err, "runs/get", "run_id", run, NULL);
    if (status != HOPT_OK) return status;
    json_t *found = json_object_get(json, "run");
    const char *stage = hopt_json_string_of(json_object_get(found, "info"), "lifecycle_stage");
    if (!found)
        status = hopt_error_set(err, HOPT_EFAILED, "its answer has no run");
    else if (stage && strcmp(stage, "deleted") == 0)
        status = hopt_error_set(err, HOPT_ENOTFOUND, "the run was deleted");
    else
        *out = json_incref(found);
    json_decref(json);
    return status;
}

hopt_status hopt_mlflow_history(hopt_mlflow_api *api, json_t **out, const char *run,
                                const char *key, hopt_error *err) {
    enum { PAGES_MAX = 1000 };
    hopt_buf more = HOPT_BUF_INIT;
    hopt_status status = HOPT_OK;
    bool last = false;
    *out = json_array();
    for (int page = 0; page < PAGES_MAX && !last && status == HOPT_OK; page++) {
        json_t *json;
        if (!page) {
            hopt_buf_text(&more, "&max_results=5000&metric_key=");
            hopt_http_escape(&more, key);
        }
        status = get(api, &json, err, "metrics/get-history", "run_id", run, more.data);
        json_array_extend(*out, json_object_get(json, "metrics"));
        const char *token = hopt_json_string_of(json, "next_page_token");
        last = !token || !*token;
        if (!last) {
            hopt_buf_reset(&more);
            hopt_buf_text(&more, "&max_results=5000&metric_key=");
            hopt_http_escape(&more, key);
            hopt_buf_text(&more, "&page_token=");
            hopt_http_escape(&more, token);
        }
        json_decref(json);
    }
    hopt_buf_clear(&more);
    if (status == HOPT_OK) return status;
    json_decref(*out);
    *out = NULL;
    return status;
}

hopt_status hopt_mlflow_log(hopt_mlflow_api *api, json_t *request, hopt_error *err) {
    return post(api, NULL, "runs/log-batch", request, true, err);
}

hopt_status hopt_mlflow_set_status(hopt_mlflow_api *api, const char *run, const char *state,
                                   int64_t end_ms, hopt_error *err) {
    json_t *request = json_pack("{s:s,s:s}", "run_id", run, "status", state);
    if (end_ms) json_object_set_new(request, "end_time", json_integer(end_ms));
    return post(api, NULL, "runs/update", request, false, err);
}

hopt_status hopt_mlflow_artifact(hopt_mlflow_api *api, const char *experiment, const char *run,
                                 const char *name, const void *data, size_t length,
                                 hopt_error *err) {
    hopt_buf url = HOPT_BUF_INIT;
    hopt_buf_print(&url, "%s" ARTIFACTS, api->base);
    hopt_http_escape(&url, experiment);
    hopt_buf_char(&url, '/');
    hopt_http_escape(&url, run);
    hopt_buf_text(&url, "/artifacts/");
    hopt_http_escape(&url, name);
    hopt_http_request request = {.method = "PUT",
                                 .url = url.data,
                                 .type = "application/octet-stream",
                                 .body = data,
                                 .length = length};
    hopt_status status = request_reply(api, &request, err);
    /* A server that keeps a file has nothing to say. */
    if (status == HOPT_OK && (api->reply.code / 100 != 2 || is_html(&api->reply))) {
        const hopt_buf *body = &api->reply.body;
        json_t *json = body->length ? hopt_json_read(body->data, body->length) : NULL;
        status = judge(api, json, err);
        json_decref(json);
    }
    hopt_buf_clear(&url);
    return status;
}
