/*
 * The host's allocator. The linker sends every malloc(), calloc(), realloc() and free() of hopt's
 * own objects here (--wrap, see CMakeLists.txt), so that no other file need know of it; those of
 * other libraries and of the C library are not touched. What one of these allocates and hopt frees
 * would break: hopt calls no such function (realpath() with NULL, getline(), json_dumps()).
 */
#include <jansson.h>
#include <stdatomic.h>
#include <stdint.h>

#include "common/include/hopt/hopt.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void __wrap_free(void *memory);

/* Written once, before any other thread calls hopt. */
static hopt_allocator host;
static atomic_bool used; /* something was allocated */

static void note_use(void) {
    if (!atomic_load_explicit(&used, memory_order_relaxed)) atomic_store(&used, 1);
}

void *__wrap_malloc(size_t size) {
    note_use();
    return host.allocate ? host.allocate(host.context, size) : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    size_t total;
    note_use();
    if (!host.allocate) return __real_calloc(count, size);
    if (__builtin_mul_overflow(count, size, &total)) return NULL;
    void *memory = host.allocate(host.context, total);
    return memory ? memset(memory, 0, total) : NULL;
}

void *__wrap_realloc(void *memory, size_t size) {
    note_use();
    return host.allocate ? host.resize(host.context, memory, size) : __real_realloc(memory, size);
}

void __wrap_free(void *memory) {
    if (!host.allocate)
        __real_free(memory);
    else if (memory)
        host.release(host.context, memory);
}

static void *json_allocate(size_t size) {
    return __wrap_malloc(size);
}

static void json_release(void *memory) {
    __wrap_free(memory);
}

int hopt_set_allocator(const hopt_allocator *allocator) {
    hopt_allocator given;
    if (!allocator) return HOPT_EINVAL;
    memset(&given, 0, sizeof given);
    memcpy(&given, allocator, allocator->size < sizeof given ? allocator->size : sizeof given);
    if (!given.allocate || !given.resize || !given.release) return HOPT_EINVAL;
    if (atomic_load(&used)) return HOPT_ECONFLICT;
    host = given;
    if (given.json_too) json_set_alloc_funcs(json_allocate, json_release);
    return HOPT_OK;
}
