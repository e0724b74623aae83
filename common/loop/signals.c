#include "common/loop/signals.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/base/alloc.h"

enum { WATCHED = 3 };

struct hopt_signals {
    uv_signal_t handles[WATCHED];
    int count;
    int open;
    void (*on_signal)(void *data, int signum, int count);
    void *data;
};

/* Whoever started us with SIGHUP ignored (nohup) wants us to outlive the terminal. */
static bool to_be_watched(int signum) {
    struct sigaction now;
    return signum != SIGHUP || sigaction(signum, NULL, &now) != 0 || now.sa_handler != SIG_IGN;
}

static void on_any(uv_signal_t *handle, int signum) {
    hopt_signals *signals = handle->data;
    signals->on_signal(signals->data, signum, ++signals->count);
}

hopt_signals *hopt_signals_new(uv_loop_t *loop,
                               void (*on_signal)(void *data, int signum, int count), void *data) {
    static const int watched[WATCHED] = {SIGINT, SIGTERM, SIGHUP};
    hopt_signals *signals = hopt_zalloc(1, sizeof *signals);
    signals->on_signal = on_signal;
    signals->data = data;
    for (int i = 0; i < WATCHED; i++) {
        HOPT_ASSERT(uv_signal_init(loop, &signals->handles[i]) == 0);
        signals->handles[i].data = signals;
        if (to_be_watched(watched[i])) uv_signal_start(&signals->handles[i], on_any, watched[i]);
        uv_unref((uv_handle_t *)&signals->handles[i]);
    }
    /* A write to a closed pipe is reported by the write itself. Ignored, not handled through libuv:
     * its handlers share a lock that is not for one handler within another, which is what a
     * synchronous SIGPIPE with a child's end pending becomes under ThreadSanitizer. */
    signal(SIGPIPE, SIG_IGN);
    signals->open = WATCHED;
    return signals;
}

static void on_closed(uv_handle_t *handle) {
    hopt_signals *signals = handle->data;
    if (--signals->open == 0) free(signals);
}

void hopt_signals_close(hopt_signals *signals) {
    for (int i = 0; i < WATCHED; i++)
        uv_close((uv_handle_t *)&signals->handles[i], on_closed);
}
