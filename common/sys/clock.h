/** Clocks and pauses. Thread-safe. */
#ifndef HOPT_SYS_CLOCK_H
#define HOPT_SYS_CLOCK_H

#include <stdint.h>

/** Milliseconds since 1970, wall clock: for records and people, never for time-outs. */
int64_t hopt_clock_unix_ms(void);
/** Milliseconds of a clock that only goes forward (CLOCK_MONOTONIC; it stands still while
 * suspended). */
int64_t hopt_clock_mono_ms(void);
/** The same in nanoseconds. */
int64_t hopt_clock_mono_ns(void);
void hopt_clock_sleep_ms(int64_t ms);

#endif
