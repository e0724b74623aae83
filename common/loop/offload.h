/**
 * Blocking calls off the loop thread: one offload = one thread with a context of its own (a store
 * connection) and a FIFO of work. libuv's own pool is not used: it is four threads shared with name
 * look-ups and files, and one hung call would delay all (STYLE §4). Two kinds of work that must not
 * wait for each other (heartbeats, bulk reads) get two offloads.
 *
 * Locking theory: one mutex guards both queues and the flags; it is never held while work runs.
 * `work` runs on the offload's thread, `done` on the loop thread, in the order of submission, and
 * each submitted item gets both calls exactly once (`done` also when the offload is closed before
 * its `work` began: then with ran = false).
 */
#ifndef HOPT_LOOP_OFFLOAD_H
#define HOPT_LOOP_OFFLOAD_H

#include <stdbool.h>
#include <uv.h>

typedef struct hopt_offload hopt_offload;

/** Runs on the offload's thread. `context` is what `open` returned. */
typedef void (*hopt_offload_work)(void *context, void *data);
/** Runs on the loop thread. */
typedef void (*hopt_offload_done)(void *data, bool ran);

/**
 * Start the thread.
 * @param open   called first on the new thread with `data`; its result is every work's context; may
 * be NULL.
 * @param close  called last on the thread with the context; may be NULL.
 */
hopt_offload *hopt_offload_new(uv_loop_t *loop, void *(*open)(void *data),
                               void (*close)(void *context), void *data);

/** Queue work. Loop thread only. `data` stays the caller's. */
void hopt_offload_submit(hopt_offload *offload, hopt_offload_work work, hopt_offload_done done,
                         void *data);
/** How many items are submitted and not yet done. Loop thread only. */
int hopt_offload_pending(const hopt_offload *offload);

/**
 * Stop: work that has begun is finished, work that has not is dropped (done with ran = false), the
 * thread is joined, then `closed` is called from the loop and the offload is freed.
 * Call once, on the loop thread.
 */
void hopt_offload_close(hopt_offload *offload, void (*closed)(void *data), void *data);

#endif
