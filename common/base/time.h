/** Arithmetic and text of times; no clock here (common/sys/clock.h has it). Pure. */
#ifndef HOPT_BASE_TIME_H
#define HOPT_BASE_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HOPT_TIME_TEXT = 32 };

/** "2026-01-02T03:04:05.678Z" from milliseconds since 1970 (UTC); years 1..9999. */
void hopt_time_format(char out[HOPT_TIME_TEXT], int64_t unix_ms);
/** The inverse; fraction optional. False when `text` is no such time. */
bool hopt_time_parse(int64_t *unix_ms, const char *text);
/** "850 ms", "12.3 s", "4m 05s", "2h 10m", "3d 04h". */
void hopt_time_duration(char *out, size_t size, int64_t ms);

#endif
