/* The offload: order, exactly-once completion, and a close with work left. Runs under TSan too. */
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/attr.h"
#include "common/loop/offload.h"

enum { ITEMS = 1000 };

typedef struct probe {
    int worked, done, dropped, order_errors, closed, opened, context_closed;
} probe;

typedef struct one {
    probe *owner;
    int index;
    int value; /* written by the thread, read by the loop */
} one;

static void *open_context(void *data) {
    ((probe *)data)->opened++;
    return data;
}

static void close_context(void *context) {
    ((probe *)context)->context_closed++;
}

static void work(void *context, void *data) {
    probe *p = context;
    one *item = data;
    item->value = item->index * 2;
    p->worked++;
}

static sem_t closed_from_now;

/* Ends when the offload has been told to close. */
static void slow(void *context, void *data) {
    sem_wait(&closed_from_now);
    sem_post(&closed_from_now);
    work(context, data);
}

static void done(void *data, bool ran) {
    one *item = data;
    if (ran && item->value != item->index * 2) item->owner->order_errors++;
    if (ran && item->index != item->owner->done) item->owner->order_errors++;
    if (ran)
        item->owner->done++;
    else
        item->owner->dropped++;
}

static void on_closed(void *data) {
    ((probe *)data)->closed++;
}

static void run_all(void) {
    uv_loop_t loop;
    uv_loop_init(&loop);
    probe p = {0};
    static one items[ITEMS];
    hopt_offload *offload = hopt_offload_new(&loop, open_context, close_context, &p);
    for (int i = 0; i < ITEMS; i++) {
        items[i] = (one){&p, i, 0};
        hopt_offload_submit(offload, work, done, &items[i]);
    }
    while (hopt_offload_pending(offload))
        uv_run(&loop, UV_RUN_ONCE);
    hopt_offload_close(offload, on_closed, &p);
    uv_run(&loop, UV_RUN_DEFAULT);
    HOPT_ASSERT(p.done == ITEMS && p.dropped == 0 && p.order_errors == 0);
    HOPT_ASSERT(p.opened == 1 && p.context_closed == 1 && p.closed == 1);
    HOPT_ASSERT(uv_loop_close(&loop) == 0);
}

static void close_with_work_left(void) {
    uv_loop_t loop;
    uv_loop_init(&loop);
    probe p = {0};
    static one items[50];
    hopt_offload *offload = hopt_offload_new(&loop, open_context, close_context, &p);
    for (int i = 0; i < 50; i++) {
        items[i] = (one){&p, i, 0};
        hopt_offload_submit(offload, slow, done, &items[i]);
    }
    hopt_offload_close(offload, on_closed, &p);
    sem_post(&closed_from_now);
    uv_run(&loop, UV_RUN_DEFAULT);
    HOPT_ASSERT(p.done + p.dropped == 50 && p.worked == p.done && p.dropped >= 49);
    HOPT_ASSERT(p.closed == 1 && p.order_errors == 0);
    HOPT_ASSERT(uv_loop_close(&loop) == 0);
}

int main(void) {
    HOPT_ASSERT(sem_init(&closed_from_now, 0, 0) == 0);
    run_all();
    close_with_work_left();
    puts("offload: ok");
    return 0;
}
