/*
 * The server over sockets: answers now and later, what is refused, clients that take their time or
 * hold more connections than they may, and closing while some are open. A thread is the clients,
 * main is the loop. For TSan too.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/http/address.h"
#include "common/http/server.h"

enum { REQUEST_MS = 600, GREEDY = 80, LATER_MS = 50 };

typedef struct later {
    uv_timer_t timer;
    hopt_http_request *request;
} later;

static uv_loop_t loop;
static hopt_http *http;
static uv_async_t finished;
static char address[HOPT_HTTP_NAME_MAX];
static int port, failures, left_open = -1;
static bool closed;

static void expect(bool good, const char *what) {
    if (good) return;
    printf("FAILED: %s\n", what);
    failures++;
}

/* ---- routes ---- */

static void answer_now(void *data, hopt_http_request *request) {
    hopt_buf body = HOPT_BUF_INIT;
    const char *x = hopt_http_query(request, "x");
    hopt_buf_print(&body, "%s %s x=%s", (const char *)data, hopt_http_path(request),
                   x ? x : "none");
    hopt_http_answer(request, 200, "text/plain", &body);
}

static void free_later(uv_handle_t *handle) {
    free(handle->data);
}

static void on_later(uv_timer_t *timer) {
    later *one = timer->data;
    answer_now("later", one->request);
    uv_close((uv_handle_t *)timer, free_later);
}

static void answer_later(void *data, hopt_http_request *request) {
    later *one = hopt_zalloc(1, sizeof *one);
    (void)data;
    one->request = request;
    one->timer.data = one;
    uv_timer_init(&loop, &one->timer);
    uv_timer_start(&one->timer, on_later, LATER_MS, 0);
}

static void answer_large(void *data, hopt_http_request *request) {
    hopt_buf body = HOPT_BUF_INIT;
    (void)data;
    for (int i = 0; i < 1 << 18; i++)
        hopt_buf_text(&body, "0123456789abcdef");
    hopt_http_answer(request, 200, "text/plain", &body);
}

/* ---- clients ---- */

static int dial(void) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval patience = {.tv_sec = 60};
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) expect(false, "connect");
    return fd;
}

/* All that comes until the server closes; NULL: it did not within a minute. */
static char *read_all(int fd) {
    hopt_buf out = HOPT_BUF_INIT;
    char block[4096];
    ssize_t n;
    while ((n = recv(fd, block, sizeof block, 0)) > 0)
        hopt_buf_add(&out, block, (size_t)n);
    close(fd);
    if (n < 0 && out.length == 0) {
        hopt_buf_clear(&out);
        return NULL;
    }
    return hopt_buf_take(&out);
}

static char *ask(const char *request) {
    int fd = dial();
    send(fd, request, strlen(request), MSG_NOSIGNAL);
    return read_all(fd);
}

/* A machine that is busy may take longer than REQUEST_MS: then the request is made again. */
static char *ask_well(const char *request) {
    char *got = ask(request);
    for (int i = 0; i < 20 && (!got || !*got); i++) {
        free(got);
        got = ask(request);
    }
    return got;
}

/* Whether a request gets this status and a body with that text. */
static void wants(const char *request, const char *status, const char *text) {
    char *got = ask_well(request);
    char what[512];
    snprintf(what, sizeof what, "%s, %s for %.200s: got %.200s", status, text, request,
             got ? got : "nothing");
    expect(got && strncmp(got, "HTTP/1.", 7) == 0 && strncmp(got + 9, status, 3) == 0 &&
               strstr(got, text),
           what);
    free(got);
}

#define END "Host: localhost\r\nConnection: close\r\n\r\n"

static void answers(void) {
    wants("GET /now HTTP/1.1\r\n" END, "200", "now /now x=none");
    wants("GET /now?x=a%26b HTTP/1.1\r\n" END, "200", "now /now x=a&b");
    wants("GET /later?x=1 HTTP/1.1\r\n" END, "200", "later /later x=1");
    wants("GET /below/a/b HTTP/1.1\r\n" END, "200", "below /below/a/b x=none");
    wants("GET /now/ HTTP/1.1\r\n" END, "404", "\"not_found\"");
    wants("GET /nowhere HTTP/1.1\r\n" END, "404", "\"not_found\"");
    wants("GET http://127.0.0.1/now HTTP/1.1\r\n" END, "404", "\"not_found\"");
    char *head = ask_well("HEAD /now HTTP/1.1\r\n" END);
    expect(head && strstr(head, " 200 ") && strstr(head, "Content-Length: 15") &&
               !strstr(head, "now /now"),
           "HEAD has no body");
    free(head);
    char *large = ask_well("GET /large HTTP/1.1\r\n" END);
    for (int i = 0; i < 20 && large && strlen(large) <= 1 << 22; i++) {
        free(large);
        large = ask_well("GET /large HTTP/1.1\r\n" END);
    }
    expect(large && strlen(large) > 1 << 22, "a large answer comes whole");
    free(large);
}

static void refusals(void) {
    wants("POST /now HTTP/1.1\r\nContent-Length: 3\r\n" END "abc", "405", "\"method\"");
    wants("DELETE /now HTTP/1.1\r\n" END, "405", "Allow: GET, HEAD");
    wants("GET /now HTTP/1.1\r\nContent-Length: 3\r\n" END "abc", "413", "\"body\"");
    wants("GET /now HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", "403",
          "\"host\"");
    wants("GET /now HTTP/1.1\r\nHost: localhost\r\n" END, "403", "\"host\"");
    wants("GET /now HTTP/1.0\r\n\r\n", "403", "\"host\"");
    char *none = ask("nonsense\r\n\r\n");
    expect(!none || !strstr(none, " 200 "), "nonsense is not answered");
    free(none);
    hopt_buf long_one = HOPT_BUF_INIT;
    hopt_buf_text(&long_one, "GET /now HTTP/1.1\r\nX: ");
    for (int i = 0; i < 4000; i++)
        hopt_buf_text(&long_one, "0123456789");
    hopt_buf_text(&long_one, "\r\n" END);
    char *got = ask(hopt_buf_string(&long_one));
    /* The connection may be reset while it is still being sent. */
    expect(!got || !strstr(got, " 200 "), "headers of 40 kB are refused");
    free(got);
    hopt_buf_clear(&long_one);
}

/* A byte now and then, or none: others are answered meanwhile, and the connection is cut. */
static void dawdlers(void) {
    int slow = dial(), silent = dial(), fd;
    const char *request = "GET /now HTTP/1.1\r\n";
    bool cut = false;
    char byte;
    for (int i = 0; i < 3000 && !cut; i++) {
        char next = i < 10 ? request[i] : 'x';
        cut = send(slow, &next, 1, MSG_NOSIGNAL) != 1 || recv(slow, &byte, 1, MSG_DONTWAIT) == 0;
        usleep(20000);
        if (i % 10 == 0) wants("GET /now HTTP/1.1\r\n" END, "200", "now /now");
    }
    expect(cut, "who sends byte by byte is cut off within a minute");
    close(slow);
    char *got = read_all(silent);
    expect(got && !*got, "who says nothing is cut off");
    free(got);
    /* More connections than one may have: the ones above are refused, later ones are answered. */
    int greedy[GREEDY];
    for (int i = 0; i < GREEDY; i++)
        greedy[i] = dial();
    int refused = 0;
    for (int i = 0; i < GREEDY; i++) {
        got = read_all(greedy[i]);
        refused += !got || !*got;
        free(got);
    }
    expect(refused == GREEDY, "connections without a request are all ended");
    /* The last of them still counts for a moment after its end was seen here. */
    usleep(20000);
    wants("GET /now HTTP/1.1\r\n" END, "200", "now /now");
    /* One that reads nothing of a large answer. */
    fd = dial();
    send(fd, "GET /large HTTP/1.1\r\n" END, strlen("GET /large HTTP/1.1\r\n" END), MSG_NOSIGNAL);
    usleep(100000);
    wants("GET /now HTTP/1.1\r\n" END, "200", "now /now");
    close(fd);
}

static void *clients(void *data) {
    (void)data;
    answers();
    refusals();
    dawdlers();
    left_open = dial(); /* half a request, when the server is closed */
    send(left_open, "GET /no", 7, MSG_NOSIGNAL);
    wants("GET /now HTTP/1.1\r\n" END, "200", "now /now");
    uv_async_send(&finished);
    return NULL;
}

/* ---- life ---- */

static void on_closed(void *data) {
    (void)data;
    closed = true;
}

static void on_finished(uv_async_t *async) {
    hopt_http_close(http, on_closed, NULL);
    uv_close((uv_handle_t *)async, NULL);
}

int main(void) {
    static char now[] = "now", below[] = "below";
    const hopt_http_route routes[] = {{"/now", answer_now, now},
                                      {"/later", answer_later, NULL},
                                      {"/below/*", answer_now, below},
                                      {"/large", answer_large, NULL},
                                      {0}};
    hopt_http_address where;
    hopt_error err;
    int fd;
    uv_loop_init(&loop);
    uv_async_init(&loop, &finished, on_finished);
    if (hopt_http_address_parse(&where, "0", &err) != HOPT_OK ||
        hopt_http_listen(&fd, address, &where, &err) != HOPT_OK) {
        printf("%s\n", err.message);
        return 1;
    }
    port = atoi(strrchr(address, ':') + 1);
    hopt_http_options options = {.fd = fd, .routes = routes, .request_ms = REQUEST_MS};
    if (hopt_http_new(&http, &loop, &options, &err) != HOPT_OK) return 1;
    pthread_t thread;
    pthread_create(&thread, NULL, clients, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    pthread_join(thread, NULL);
    expect(closed, "closed is called");
    char *got = read_all(left_open);
    expect(!got || !*got, "a connection that is open when the server is closed ends");
    free(got);
    expect(uv_loop_close(&loop) == 0, "the loop can be closed");
    printf("http server: %s\n", failures ? "FAILED" : "ok");
    return failures != 0;
}
