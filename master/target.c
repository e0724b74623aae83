#include "master/target.h"

#include <math.h>

enum { TARGET_MAX = 10000 };
static const double RATE_MEMORY_S = 5.0;

void hopt_rate_add(hopt_rate *rate, int ended, int64_t now_ms) {
    if (!rate->started) {
        rate->started = 1;
        rate->last_ms = now_ms;
        return;
    }
    double seconds = (double)(now_ms - rate->last_ms) / 1000.0;
    if (seconds < 0.05) {
        rate->per_s += (double)ended / RATE_MEMORY_S;
        return;
    }
    rate->last_ms = now_ms;
    rate->per_s = rate->per_s * exp(-seconds / RATE_MEMORY_S) + (double)ended / RATE_MEMORY_S;
}

int hopt_queue_target(int ahead, int slots, int running, double per_s, double poll_s) {
    int idle = slots > running ? slots - running : 0;
    if (slots == 0) idle = 1;
    if (ahead >= 0) return ahead + idle > TARGET_MAX ? TARGET_MAX : ahead + idle;
    double target = idle;
    if (slots > 1) target += ceil(per_s * poll_s);
    return target > TARGET_MAX ? TARGET_MAX : (int)target;
}
