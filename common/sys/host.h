/** Who and where we are: owner names, host, boot, random bytes, other processes. Thread-safe. */
#ifndef HOPT_SYS_HOST_H
#define HOPT_SYS_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HOPT_HOST_MAX = 256, HOPT_BOOT_ID_MAX = 40, HOPT_OWNER_TEXT_MAX = 320 };

/** The host's name, NUL-terminated; "localhost" when it has none. */
void hopt_host_name(char out[HOPT_HOST_MAX]);
/**
 * A text that is equal for two processes only when a pid means the same to both: a hash of Linux's
 * boot id and the pid namespace (containers may share a host name, but not that). "" when there is
 * none.
 */
void hopt_host_boot_id(char out[HOPT_BOOT_ID_MAX]);
/** A fresh owner "host:pid:8hex". */
void hopt_host_owner(char out[HOPT_OWNER_TEXT_MAX]);
/** Random bytes of the kernel; aborts when there are none. */
void hopt_host_random(void *out, size_t size);
/** A random number below 2^63. */
uint64_t hopt_host_random_u63(void);
/**
 * Whether the process of an owner "host:pid:hex" on this host is surely gone. False when it lives,
 * or runs on another host or boot, or can't be told.
 */
bool hopt_host_owner_gone(const char *owner, const char *its_boot_id);

#endif
