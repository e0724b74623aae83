/**
 * A program as a service of systemd (Type=notify): tells that it is ready, that its loop still
 * turns (WatchdogSec=) and that it is about to end. Does nothing where nobody asked for it.
 */
#ifndef HOPT_LOOP_SERVICE_H
#define HOPT_LOOP_SERVICE_H

#include <uv.h>

typedef struct hopt_service hopt_service;

/** The program is ready. From now on the watchdog hears of every turn of half its time. */
hopt_service *hopt_service_new(uv_loop_t *loop);
/** The program is ending, which may take a while. May be called again. */
void hopt_service_stopping(hopt_service *service);
/** Freed when the loop has closed the timer. Takes NULL. */
void hopt_service_close(hopt_service *service);

#endif
