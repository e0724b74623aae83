/**
 * SIGINT, SIGTERM and SIGHUP as loop events: the first asks to drain, the second to stop at once.
 * SIGHUP stays ignored where it was so at the start of the program, as under nohup.
 * SIGPIPE is ignored (libuv resets that in the children it starts). Never signal() or sigaction()
 * for a signal that libuv watches.
 */
#ifndef HOPT_LOOP_SIGNALS_H
#define HOPT_LOOP_SIGNALS_H

#include <uv.h>

typedef struct hopt_signals hopt_signals;

/** @param on_signal  called on the loop thread with the signal and how many came so far (1, 2,
 * ...). */
hopt_signals *hopt_signals_new(uv_loop_t *loop,
                               void (*on_signal)(void *data, int signum, int count), void *data);
/** Stop listening; freed when the loop has closed the handles. */
void hopt_signals_close(hopt_signals *signals);

#endif
