#include "common/sys/clock.h"

#include <errno.h>
#include <time.h>

static int64_t read_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t hopt_clock_unix_ms(void) {
    return read_ns(CLOCK_REALTIME) / 1000000;
}

int64_t hopt_clock_mono_ms(void) {
    return read_ns(CLOCK_MONOTONIC) / 1000000;
}

int64_t hopt_clock_mono_ns(void) {
    return read_ns(CLOCK_MONOTONIC);
}

void hopt_clock_sleep_ms(int64_t ms) {
    struct timespec rest = {ms / 1000, (long)(ms % 1000) * 1000000};
    while (nanosleep(&rest, &rest) != 0 && errno == EINTR) {
    }
}
