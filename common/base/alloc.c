#include "common/base/alloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static HOPT_NORETURN void out_of_memory(size_t size) {
    fprintf(stderr, "out of memory: %zu bytes wanted\n", size);
    abort();
}

static size_t product(size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) out_of_memory(SIZE_MAX);
    return total;
}

void *hopt_alloc(size_t size) {
    void *memory = malloc(size ? size : 1);
    if (!memory) out_of_memory(size);
    return memory;
}

void *hopt_zalloc(size_t count, size_t size) {
    size_t total = product(count, size);
    void *memory = calloc(1, total ? total : 1);
    if (!memory) out_of_memory(total);
    return memory;
}

void *hopt_realloc(void *memory, size_t count, size_t size) {
    size_t total = product(count, size);
    void *moved = realloc(memory, total ? total : 1);
    if (!moved) out_of_memory(total);
    return moved;
}

/* Before the block is where malloc()'s own began. */
void *hopt_aligned_zalloc(size_t alignment, size_t size) {
    size_t total;
    if (__builtin_add_overflow(size, alignment + sizeof(void *), &total)) out_of_memory(SIZE_MAX);
    char *raw = hopt_zalloc(1, total);
    uintptr_t after = (uintptr_t)raw + sizeof(void *);
    char *memory = raw + sizeof(void *) + (alignment - after % alignment) % alignment;
    memcpy(memory - sizeof(void *), &raw, sizeof(void *));
    return memory;
}

void hopt_aligned_free(void *memory) {
    void *raw;
    if (!memory) return;
    memcpy(&raw, (char *)memory - sizeof(void *), sizeof(void *));
    free(raw);
}

char *hopt_strdup(const char *text) {
    return text ? hopt_strndup(text, strlen(text)) : NULL;
}

char *hopt_strndup(const char *text, size_t length) {
    char *copy = hopt_alloc(length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *hopt_format(const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    HOPT_ASSERT(length >= 0);
    char *text = hopt_alloc((size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

void *hopt_grow(void *array, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity) return array;
    *capacity = *capacity ? product(*capacity, 2) : 8;
    return hopt_realloc(array, *capacity, size);
}
