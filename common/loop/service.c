#include "common/loop/service.h"

#include <stdbool.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/sys/notify.h"

struct hopt_service {
    uv_timer_t timer;
    bool stopping;
};

/* From the loop thread: what is proved is that the loop turns. A store that does not answer holds
 * up only the offloads, and to be killed for that would help nobody. */
static void on_timer(uv_timer_t *timer) {
    (void)timer;
    hopt_notify("WATCHDOG=1");
}

hopt_service *hopt_service_new(uv_loop_t *loop) {
    hopt_service *service = hopt_zalloc(1, sizeof *service);
    HOPT_ASSERT(uv_timer_init(loop, &service->timer) == 0);
    service->timer.data = service;
    int64_t watchdog_ms = hopt_notify_watchdog_ms();
    if (watchdog_ms > 0) {
        uint64_t half = watchdog_ms > 1 ? (uint64_t)watchdog_ms / 2 : 1;
        uv_timer_start(&service->timer, on_timer, half, half);
    }
    uv_unref((uv_handle_t *)&service->timer);
    hopt_notify("READY=1");
    return service;
}

void hopt_service_stopping(hopt_service *service) {
    if (service->stopping) return;
    service->stopping = true;
    hopt_notify("STOPPING=1");
}

static void on_closed(uv_handle_t *handle) {
    free(handle->data);
}

void hopt_service_close(hopt_service *service) {
    if (service) uv_close((uv_handle_t *)&service->timer, on_closed);
}
