/* What the six parts share: to end with a message when something is not as it should be. */
#ifndef PART_H
#define PART_H

#include <hopt.h>
#include <stdio.h>
#include <stdlib.h>

static hopt_failure why;

/* A call of the library that must work. */
static inline void must(int code) {
    if (code == HOPT_OK) return;
    fprintf(stderr, "%s\n", why.message);
    exit(1);
}

/* What this part claims. */
static inline void expect(int holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "not so: %s\n", what);
    exit(1);
}

/* The same points in every run of a part. */
static inline hopt_study_options seeded(void) {
    hopt_study_options options;
    hopt_study_options_init(&options);
    options.has_seed = 1;
    options.seed = 1;
    return options;
}

#endif
