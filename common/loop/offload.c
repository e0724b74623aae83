#include "common/loop/offload.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include "common/base/alloc.h"

typedef struct item {
    struct item *next;
    hopt_offload_work work;
    hopt_offload_done done;
    void *data;
    bool ran;
} item;

typedef struct queue {
    item *head, **tail;
} queue;

struct hopt_offload {
    pthread_t thread;
    pthread_mutex_t mutex;
    sem_t wake; /* posted for each item, and to close: a condition costs one system call more */
    uv_async_t async;
    queue todo;     /* mutex */
    queue finished; /* mutex */
    bool closing;   /* mutex */
    bool ended;     /* mutex: the thread has left its loop */
    int pending;    /* loop thread only */
    bool joined;    /* loop thread only */
    void *(*open)(void *data);
    void (*close)(void *context);
    void *data;
    void (*closed)(void *data);
    void *closed_data;
};

static void queue_init(queue *q) {
    q->head = NULL;
    q->tail = &q->head;
}

static void queue_push(queue *q, item *one) {
    one->next = NULL;
    *q->tail = one;
    q->tail = &one->next;
}

static item *queue_pop(queue *q) {
    item *one = q->head;
    if (one && !(q->head = one->next)) q->tail = &q->head;
    return one;
}

static item *queue_take_all(queue *q) {
    item *all = q->head;
    queue_init(q);
    return all;
}

/* One item for each post; NULL: closing. */
static item *next_item(hopt_offload *offload) {
    while (sem_wait(&offload->wake) != 0)
        HOPT_ASSERT(errno == EINTR);
    pthread_mutex_lock(&offload->mutex);
    item *one = offload->closing ? NULL : queue_pop(&offload->todo);
    pthread_mutex_unlock(&offload->mutex);
    return one;
}

/* Wake-ups come after the mutex is free: who wakes up would only have to wait for it, and sleep
 * again. The thread is joined before the async is closed, so it may send last of all. */
static void *thread_main(void *argument) {
    hopt_offload *offload = argument;
    void *context = offload->open ? offload->open(offload->data) : NULL;
    for (item *one; (one = next_item(offload));) {
        one->work(context, one->data);
        one->ran = true;
        pthread_mutex_lock(&offload->mutex);
        queue_push(&offload->finished, one);
        pthread_mutex_unlock(&offload->mutex);
        uv_async_send(&offload->async);
    }
    if (offload->close) offload->close(context);
    pthread_mutex_lock(&offload->mutex);
    offload->ended = true;
    pthread_mutex_unlock(&offload->mutex);
    uv_async_send(&offload->async);
    return NULL;
}

static void complete(hopt_offload *offload, item *all) {
    while (all) {
        item *next = all->next;
        offload->pending--;
        all->done(all->data, all->ran);
        free(all);
        all = next;
    }
}

static void on_handle_closed(uv_handle_t *handle) {
    hopt_offload *offload = handle->data;
    pthread_mutex_destroy(&offload->mutex);
    sem_destroy(&offload->wake);
    void (*closed)(void *) = offload->closed;
    void *data = offload->closed_data;
    free(offload);
    if (closed) closed(data);
}

/* uv_async_send() coalesces: drain the queue, do not count wakes. */
static void on_async(uv_async_t *async) {
    hopt_offload *offload = async->data;
    pthread_mutex_lock(&offload->mutex);
    item *finished = queue_take_all(&offload->finished);
    bool ended = offload->ended;
    item *dropped = ended ? queue_take_all(&offload->todo) : NULL;
    pthread_mutex_unlock(&offload->mutex);
    complete(offload, finished);
    if (!ended || offload->joined) return;
    complete(offload, dropped);
    offload->joined = true;
    pthread_join(offload->thread, NULL);
    uv_close((uv_handle_t *)&offload->async, on_handle_closed);
}

hopt_offload *hopt_offload_new(uv_loop_t *loop, void *(*open)(void *data),
                               void (*close)(void *context), void *data) {
    hopt_offload *offload = hopt_zalloc(1, sizeof *offload);
    offload->open = open;
    offload->close = close;
    offload->data = data;
    queue_init(&offload->todo);
    queue_init(&offload->finished);
    HOPT_ASSERT(pthread_mutex_init(&offload->mutex, NULL) == 0);
    HOPT_ASSERT(sem_init(&offload->wake, 0, 0) == 0);
    HOPT_ASSERT(uv_async_init(loop, &offload->async, on_async) == 0);
    offload->async.data = offload;
    HOPT_ASSERT(pthread_create(&offload->thread, NULL, thread_main, offload) == 0);
    return offload;
}

void hopt_offload_submit(hopt_offload *offload, hopt_offload_work work, hopt_offload_done done,
                         void *data) {
    item *one = hopt_zalloc(1, sizeof *one);
    one->work = work;
    one->done = done;
    one->data = data;
    offload->pending++;
    pthread_mutex_lock(&offload->mutex);
    queue_push(&offload->todo, one);
    pthread_mutex_unlock(&offload->mutex);
    sem_post(&offload->wake);
}

int hopt_offload_pending(const hopt_offload *offload) {
    return offload->pending;
}

void hopt_offload_close(hopt_offload *offload, void (*closed)(void *data), void *data) {
    HOPT_ASSERT(!offload->closed);
    offload->closed = closed;
    offload->closed_data = data;
    pthread_mutex_lock(&offload->mutex);
    offload->closing = true;
    pthread_mutex_unlock(&offload->mutex);
    sem_post(&offload->wake);
}
