/*
 * Design notes
 * - A request becomes a job of the API's offload and is answered when that is done; the server
 * keeps the connection aside meanwhile. Requests are read one after the other: one client that asks
 * for much makes the others wait, and never the master.
 */
#include "master/api.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/loop/offload.h"
#include "master/api_internal.h"

static const char prefix[] = "/api/v1/";

struct hopt_api {
    hopt_offload *offload;
    char *store_uri;
    const hopt_store_observer *observer;
    hopt_store *store; /* the thread's */
    void (*closed)(void *data);
    void *closed_data;
};

typedef struct job {
    hopt_api *api;
    hopt_http_request *request;
    hopt_api_question question;
    hopt_buf body;
    hopt_status status;
    hopt_error err;
} job;

/* ---- questions ---- */

/* A whole number up to the end of the text or a '/', behind which *rest is. */
static bool read_int(int *out, const char *text, const char **rest) {
    char *end;
    if (text[0] < '0' || text[0] > '9') return false;
    long value = strtol(text, &end, 10);
    if (value > INT32_MAX || (*end && *end != '/')) return false;
    *out = (int)value;
    if (rest) *rest = *end ? end + 1 : end;
    return rest || !*end;
}

static bool read_trial_path(hopt_api_question *out, const char *path) {
    const char *rest;
    if (!read_int(&out->num, path, &rest)) return false;
    if (!*rest && strchr(path, '/')) return false; /* "7/" */
    out->kind = !*rest                         ? HOPT_API_TRIAL
                : strcmp(rest, "log") == 0     ? HOPT_API_LOG
                : strcmp(rest, "reports") == 0 ? HOPT_API_REPORTS
                                               : HOPT_API_STUDIES;
    return out->kind != HOPT_API_STUDIES;
}

/* "studies/N..." behind "studies/". */
static bool read_study_path(hopt_api_question *out, const char *path) {
    static const char trials[] = "trials/";
    size_t length = strcspn(path, "/");
    if (length >= sizeof out->study) return false;
    memcpy(out->study, path, length);
    if (!hopt_study_name_valid(out->study)) return false;
    const char *rest = path + length;
    out->kind = HOPT_API_STUDY;
    if (!*rest++) return true;
    if (strncmp(rest, trials, sizeof trials - 1) == 0)
        return read_trial_path(out, rest + sizeof trials - 1);
    out->kind = strcmp(rest, "best") == 0 ? HOPT_API_BEST : HOPT_API_TRIALS;
    return out->kind == HOPT_API_BEST || strcmp(rest, "trials") == 0;
}

/* @return whether there is such a thing. */
static bool read_path(hopt_api_question *out, const char *path) {
    static const char studies[] = "studies/";
    *out = (hopt_api_question){.after = -1, .limit = HOPT_API_LIMIT_MAX};
    path += strlen(prefix);
    if (strncmp(path, studies, sizeof studies - 1) == 0)
        return read_study_path(out, path + sizeof studies - 1);
    out->kind = strcmp(path, "workers") == 0 ? HOPT_API_WORKERS : HOPT_API_STUDIES;
    return out->kind == HOPT_API_WORKERS || strcmp(path, "studies") == 0;
}

/* @return NULL, or what is wrong with the query. */
static const char *read_query(hopt_api_question *out, const hopt_http_request *request) {
    const char *after = hopt_http_query(request, "after"),
               *limit = hopt_http_query(request, "limit"),
               *state = hopt_http_query(request, "state");
    hopt_state wanted;
    if (after && strcmp(after, "-1") != 0 && !read_int(&out->after, after, NULL))
        return "after is the number of a trial, or -1";
    if (limit &&
        (!read_int(&out->limit, limit, NULL) || out->limit < 1 || out->limit > HOPT_API_LIMIT_MAX))
        return "limit is 1 to 1000";
    if (state && !hopt_state_parse(&wanted, state))
        return "state is new, running, done, error or cancel";
    if (state) out->state_mask = 1 << wanted;
    return NULL;
}

/* ---- answers ---- */

static void work(void *context, void *data) {
    job *one = data;
    hopt_api *api = one->api;
    hopt_store_options options = {.read_only = true, .observer = api->observer};
    (void)context;
    one->status = HOPT_OK;
    if (!api->store)
        one->status = hopt_store_open(&api->store, api->store_uri, &options, &one->err);
    if (one->status == HOPT_OK)
        one->status = hopt_api__read(&one->question, api->store, &one->body, &one->err);
}

static void fail(const job *one) {
    if (one->status == HOPT_ENOTFOUND)
        hopt_http_fail(one->request, 404, "not_found", one->err.message);
    else if (one->status == HOPT_ESTORE || one->status == HOPT_EUNAVAILABLE)
        hopt_http_fail(one->request, 503, "store", "the store can't be used");
    else
        hopt_http_fail(one->request, 500, "failed", one->err.message);
}

static void done(void *data, bool ran) {
    job *one = data;
    if (!ran)
        hopt_http_fail(one->request, 503, "leaving", "the master is leaving");
    else if (one->status == HOPT_OK)
        hopt_http_answer(one->request, 200, "application/json", &one->body);
    else
        fail(one);
    hopt_buf_clear(&one->body);
    free(one);
}

static void answer(void *data, hopt_http_request *request) {
    hopt_api *api = data;
    hopt_api_question question;
    if (!read_path(&question, hopt_http_path(request))) {
        hopt_http_fail(request, 404, "not_found", "there is nothing here");
        return;
    }
    const char *wrong = read_query(&question, request);
    if (wrong || api->closed) {
        hopt_http_fail(request, wrong ? 400 : 503, wrong ? "query" : "leaving",
                       wrong ? wrong : "the master is leaving");
        return;
    }
    job *one = hopt_zalloc(1, sizeof *one);
    one->api = api;
    one->request = request;
    one->question = question;
    hopt_offload_submit(api->offload, work, done, one);
}

/* ---- life ---- */

hopt_api *hopt_api_new(uv_loop_t *loop, hopt_monitor *monitor, const char *store_uri) {
    if (!monitor) return NULL;
    hopt_api *api = hopt_zalloc(1, sizeof *api);
    api->store_uri = hopt_strdup(store_uri);
    api->observer = hopt_monitor_store(monitor);
    api->offload = hopt_offload_new(loop, NULL, NULL, NULL);
    hopt_monitor_route(monitor, &(hopt_http_route){"/api/v1/*", answer, api});
    return api;
}

static void on_closed(void *data) {
    hopt_api *api = data;
    hopt_store_close(api->store); /* its thread is gone */
    free(api->store_uri);
    void (*closed)(void *) = api->closed;
    void *closed_data = api->closed_data;
    free(api);
    closed(closed_data);
}

void hopt_api_close(hopt_api *api, void (*closed)(void *data), void *data) {
    if (!api) {
        closed(data);
        return;
    }
    api->closed = closed;
    api->closed_data = data;
    hopt_offload_close(api->offload, on_closed, api);
}
