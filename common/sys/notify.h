/**
 * What systemd wants to hear from a service of Type=notify (sd_notify(3)), without libsystemd: one
 * datagram with lines NAME=VALUE to the socket that NOTIFY_SOCKET names. Where nobody set that
 * variable, nothing happens.
 */
#ifndef HOPT_SYS_NOTIFY_H
#define HOPT_SYS_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Send `lines`, e.g. "READY=1\nSTATUS=leading 2 studies". Never blocks and never fails: who listens
 * there is not worth a trial.
 * @return whether it was sent.
 */
bool hopt_notify(const char *lines);

/**
 * How long the service manager waits for a "WATCHDOG=1" before it takes this process for hung and
 * kills it (WATCHDOG_USEC), in ms.
 * @return 0: it does not watch, or watches another process (WATCHDOG_PID).
 */
int64_t hopt_notify_watchdog_ms(void);

#endif
