/**
 * Memory that never comes back NULL: out of memory aborts with a message. libbson does the same,
 * so handling it in half of the program would buy nothing. Free with free(). Thread-safe.
 */
#ifndef HOPT_BASE_ALLOC_H
#define HOPT_BASE_ALLOC_H

#include <stddef.h>

#include "common/base/attr.h"

/** `size` bytes, not initialised (at least one). */
HOPT_MUST_CHECK void *hopt_alloc(size_t size);
/** `count` zeroed elements of `size` bytes; aborts on overflow. */
HOPT_MUST_CHECK void *hopt_zalloc(size_t count, size_t size);
/** Resize to `count` elements of `size` bytes; aborts on overflow; new memory is not initialised.
 */
HOPT_MUST_CHECK void *hopt_realloc(void *memory, size_t count, size_t size);
/**
 * `size` zeroed bytes at a multiple of `alignment` (a power of two); freed with hopt_aligned_free()
 * only. Made of malloc()'s memory, so that a host's allocator needs no function for it.
 */
HOPT_MUST_CHECK void *hopt_aligned_zalloc(size_t alignment, size_t size);
/** NULL is allowed. */
void hopt_aligned_free(void *memory);
/** A copy of a string; NULL gives NULL. */
HOPT_MUST_CHECK char *hopt_strdup(const char *text);
/** A copy of `length` bytes, NUL added. */
HOPT_MUST_CHECK char *hopt_strndup(const char *text, size_t length);
/** printf into new memory. */
HOPT_MUST_CHECK char *hopt_format(const char *format, ...) HOPT_PRINTF(1, 2);

/**
 * Make room for one more element in a growing array: when `count` == `*capacity` it doubles.
 * @return the (moved) array.
 */
HOPT_MUST_CHECK void *hopt_grow(void *array, size_t count, size_t *capacity, size_t size);

#endif
