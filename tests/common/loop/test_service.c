/* A service tells its manager that it is ready, that its loop turns, that it ends; once each but
 * the watchdog's. Runs under TSan too. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/attr.h"
#include "common/loop/service.h"

enum { WANTED = 5, TURN_MS = 5, TURNS = 12000 }; /* up to a minute */

typedef struct probe {
    int fd, ready, watchdog, stopping, other, turns;
    hopt_service *service;
    uv_timer_t timer;
} probe;

static void receive(probe *p) {
    char text[64];
    for (ssize_t size; (size = recv(p->fd, text, sizeof text - 1, 0)) >= 0;) {
        text[size] = '\0';
        if (strcmp(text, "READY=1") == 0)
            p->ready++;
        else if (strcmp(text, "WATCHDOG=1") == 0)
            p->watchdog++;
        else if (strcmp(text, "STOPPING=1") == 0)
            p->stopping++;
        else
            p->other++;
    }
}

static void on_timer(uv_timer_t *timer) {
    probe *p = timer->data;
    receive(p);
    if (p->watchdog < WANTED && ++p->turns < TURNS) return;
    hopt_service_stopping(p->service);
    hopt_service_stopping(p->service);
    receive(p);
    hopt_service_close(p->service);
    uv_close((uv_handle_t *)timer, NULL);
}

static void run(probe *p) {
    uv_loop_t loop;
    HOPT_ASSERT(uv_loop_init(&loop) == 0);
    p->service = hopt_service_new(&loop);
    uv_timer_init(&loop, &p->timer);
    p->timer.data = p;
    uv_timer_start(&p->timer, on_timer, TURN_MS, TURN_MS);
    uv_run(&loop, UV_RUN_DEFAULT);
    HOPT_ASSERT(uv_loop_close(&loop) == 0);
}

int main(void) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char name[64];
    int length = snprintf(name, sizeof name, "@hopt-service-%d", (int)getpid());
    probe p = {.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)};
    memcpy(at.sun_path + 1, name + 1, (size_t)length - 1);
    HOPT_ASSERT(bind(p.fd, (struct sockaddr *)&at,
                     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length)) == 0);
    setenv("NOTIFY_SOCKET", name, 1);
    setenv("WATCHDOG_USEC", "20000", 1);
    run(&p);
    HOPT_ASSERT(p.ready == 1 && p.watchdog >= WANTED && p.stopping == 1 && p.other == 0);

    /* Not watched: it only says that it is there. */
    unsetenv("WATCHDOG_USEC");
    p = (probe){.fd = p.fd, .turns = TURNS - 20};
    run(&p);
    HOPT_ASSERT(p.ready == 1 && p.watchdog == 0 && p.stopping == 1 && p.other == 0);
    close(p.fd);
    return 0;
}
