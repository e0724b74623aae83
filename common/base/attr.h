/** Compiler attributes and the assertion that stays in release builds. */
#ifndef HOPT_BASE_ATTR_H
#define HOPT_BASE_ATTR_H

#define HOPT_MUST_CHECK __attribute__((warn_unused_result))
#define HOPT_PRINTF(string, first) __attribute__((format(printf, string, first)))
#define HOPT_NORETURN __attribute__((noreturn))
#define HOPT_UNUSED __attribute__((unused))

/** A broken invariant of the program (never of its input): print it and abort, in release too. */
#define HOPT_ASSERT(condition)                                                                     \
    do {                                                                                           \
        if (!(condition)) hopt_assert_failed(#condition, __FILE__, __LINE__);                      \
    } while (0)

HOPT_NORETURN void hopt_assert_failed(const char *condition, const char *file, int line);

#define HOPT_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
