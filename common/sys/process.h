/** What the kernel says of this process, for metrics. */
#ifndef HOPT_SYS_PROCESS_H
#define HOPT_SYS_PROCESS_H

#include <stdint.h>

typedef struct hopt_process_stats {
    double cpu_s;           /**< user and system time of all threads */
    int64_t resident_bytes; /**< -1 where unknown, as the following */
    int64_t virtual_bytes;
    int open_fds;
    int64_t max_fds; /**< -1: no limit, or unknown */
    double start_s;  /**< wall clock, seconds since 1970; 0 where unknown */
} hopt_process_stats;

/** Thread-safe; reads a few small files. */
void hopt_process_read(hopt_process_stats *out);

#endif
