/** How many trials shall wait in the queue (DESIGN §5.12). Pure. */
#ifndef HOPT_MASTER_TARGET_H
#define HOPT_MASTER_TARGET_H

#include <stdint.h>

/** A decaying mean of how many trials end in a second. */
typedef struct hopt_rate {
    double per_s;
    int64_t last_ms;
    int started;
} hopt_rate;

/** Count `ended` trials at monotonic time `now_ms`; the mean forgets with a time constant of 5 s.
 */
void hopt_rate_add(hopt_rate *rate, int ended, int64_t now_ms);

/**
 * @param ahead    the study's queue.ahead, -1: auto.
 * @param slots    slots of the live workers of this study.
 * @param running  trials that run.
 * @param per_s    finish rate.
 * @param poll_s   how long the master may be away.
 * @return how many NEW trials there should be: idle slots, and with several slots what ends until
 * we look again; one slot in all gets nothing ahead, so that serial means serial; with no worker
 *         known one trial waits for the first.
 */
int hopt_queue_target(int ahead, int slots, int running, double per_s, double poll_s);

#endif
