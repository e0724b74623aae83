/** Hashes: FNV-1a for identity of texts, splitmix64 for seeds. Pure. */
#ifndef HOPT_BASE_HASH_H
#define HOPT_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HOPT_FNV_START UINT64_C(0xcbf29ce484222325)

/** FNV-1a, 64 bits (Fowler, Noll, Vo). Chain by passing the last value as `hash`. */
uint64_t hopt_hash_fnv1a(uint64_t hash, const void *data, size_t length);

/**
 * The n-th output (n = 0 first) of splitmix64 with the given seed (Steele, Lea, Flood 2014,
 * "Fast splittable pseudorandom number generators").
 */
uint64_t hopt_hash_splitmix64(uint64_t seed, uint64_t n);

#endif
