/** A thousand workers on one store: what the parts of bench_scale share. */
#ifndef HOPT_TESTS_BENCH_SCALE_H
#define HOPT_TESTS_BENCH_SCALE_H

#include "common/store/store.h"

/** Seconds of the monotonic clock. */
double scale_now(void);
/** Print and exit unless `status` is HOPT_OK. */
void scale_must(hopt_status status, const hopt_error *err);
hopt_store *scale_open(const char *uri);

/** Put `n` ended trials, drawn from the study's space, into the study. */
void scale_fill(const char *uri, const char *study, int n);
/** findAndModify of `clients` threads on a collection of their own for `seconds`: the server's own
 * limit. @return calls a second. */
double scale_bare(const char *uri, int clients, double seconds);

#endif
