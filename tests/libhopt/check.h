/** For tests without Criterion, which does not start under ThreadSanitizer. */
#ifndef HOPT_TESTS_LIBHOPT_CHECK_H
#define HOPT_TESTS_LIBHOPT_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/include/hopt/hopt.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/** HOPT_OK, or the failure's message and the end. */
#define OK(call)                                                                                   \
    do {                                                                                           \
        hopt_failure why;                                                                          \
        int code_ = (call);                                                                        \
        if (code_ != HOPT_OK) {                                                                    \
            fprintf(stderr, "%s:%d: %s: %d, %s\n", __FILE__, __LINE__, #call, code_, why.message); \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#endif
