/* The child protocol of hopt in one header, for objectives in C or C++: copy it beside yours. C99,
 * nothing but the standard library. (An objective as a shared object: see hopt_plugin.h instead.)
 *
 *     hopt_ready();
 *     while (hopt_next(&trial)) {
 *         double rate;
 *         if (!hopt_number(&trial, "rate", &rate)) ...     nested: "model/C", "model/_name"
 *         if (hopt_report(step, loss)) ...                 hopt asks to stop
 *         hopt_result(loss, "\"seconds\":1.5");            or hopt_fail("diverged")
 *     }
 *
 * Anything else printed on whole lines is the trial's log. */
#ifndef HOPT_OBJECTIVE_H
#define HOPT_OBJECTIVE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct hopt_trial_line {
    char *line; /* the trial's JSON line */
    size_t capacity;
} hopt_trial_line;

/* Say once that the program is loaded. */
static inline void hopt_ready(void) {
    puts("{\"ready\":true}");
    fflush(stdout);
}

/* Read one line of any length. 0: end of input. */
static inline int hopt_read(hopt_trial_line *trial) {
    size_t length = 0;
    for (;;) {
        if (trial->capacity - length < 2) {
            size_t capacity = trial->capacity ? 2 * trial->capacity : 4096;
            char *grown = (char *)realloc(trial->line, capacity);
            if (!grown) return 0;
            trial->line = grown;
            trial->capacity = capacity;
        }
        if (!fgets(trial->line + length, (int)(trial->capacity - length), stdin)) return length > 0;
        length += strlen(trial->line + length);
        if (length && trial->line[length - 1] == '\n') return 1;
    }
}

/* The next trial. 0: no more; end the program then. */
static inline int hopt_next(hopt_trial_line *trial) {
    return hopt_read(trial);
}

/* ---- parameters: a scanner for JSON that hopt itself wrote ---- */

static inline const char *hopt_skip_string(const char *at) {
    for (at++; *at && *at != '"'; at++)
        if (*at == '\\' && at[1]) at++;
    return *at ? at + 1 : at;
}

/* Past one value of any kind. */
static inline const char *hopt_skip(const char *at) {
    int depth = 0;
    do {
        if (*at == '"') {
            at = hopt_skip_string(at);
            continue;
        }
        if (*at == '{' || *at == '[') depth++;
        if (*at == '}' || *at == ']') depth--;
        if (*at) at++;
    } while (*at && (depth > 0 || (*at != ',' && *at != '}' && *at != ']')));
    return at;
}

/* The value of a key in the object at `at`, or NULL. */
static inline const char *hopt_member(const char *at, const char *key, size_t length) {
    if (!at || *at != '{') return NULL;
    at++;
    while (*at == '"') {
        const char *name = at + 1, *end = hopt_skip_string(at);
        const char *value = *end == ':' ? end + 1 : end;
        if ((size_t)(end - name) == length + 1 && memcmp(name, key, length) == 0) return value;
        at = hopt_skip(value);
        if (*at == ',') at++;
    }
    return NULL;
}

/* The value at a slash path of the parameters' structure, or NULL. */
static inline const char *hopt_find(const hopt_trial_line *trial, const char *path) {
    const char *at = hopt_member(trial->line, "params", 6);
    while (at && *path) {
        size_t length = strcspn(path, "/");
        at = hopt_member(at, path, length);
        path += length + (path[length] == '/');
    }
    return at;
}

/* A number. 0: no such parameter in this trial. */
static inline int hopt_number(const hopt_trial_line *trial, const char *path, double *out) {
    const char *at = hopt_find(trial, path);
    char *end;
    if (!at) return 0;
    double value = strtod(at, &end);
    if (end == at) return 0;
    *out = value;
    return 1;
}

/* Whether a parameter is this text, which must need no escapes in JSON. */
static inline int hopt_is(const hopt_trial_line *trial, const char *path, const char *text) {
    const char *at = hopt_find(trial, path);
    size_t length = strlen(text);
    return at && *at == '"' && strncmp(at + 1, text, length) == 0 && at[length + 1] == '"';
}

/* ---- messages ---- */

static inline void hopt_print_number(double value) {
    if (isnan(value))
        fputs("NaN", stdout);
    else if (isinf(value))
        fputs(value > 0 ? "Infinity" : "-Infinity", stdout);
    else
        printf("%.17g", value);
}

/* An intermediate loss. 1: please stop. */
static inline int hopt_report(long step, double loss) {
    char answer[256];
    printf("{\"report\":{\"step\":%ld,\"loss\":", step);
    hopt_print_number(loss);
    puts("}}");
    fflush(stdout);
    return !fgets(answer, sizeof answer, stdin) || strstr(answer, "true") != NULL;
}

/* Keep a file of the trial's scratch folder. Names without quotes or backslashes. */
static inline void hopt_attach(const char *name, const char *file) {
    printf("{\"attach\":{\"name\":\"%s\",\"file\":\"%s\"}}\n", name, file);
}

/* The result; `more` is further members of it as JSON ("\"seconds\":1.5") or NULL. */
static inline void hopt_result(double loss, const char *more) {
    fputs("{\"result\":{\"loss\":", stdout);
    hopt_print_number(loss);
    if (more && *more) printf(",%s", more);
    puts("}}");
    fflush(stdout);
}

/* These parameters have no result. A reason without quotes or backslashes. */
static inline void hopt_fail(const char *reason) {
    printf("{\"result\":{\"status\":\"fail\",\"status_fail\":\"%s\"}}\n", reason);
    fflush(stdout);
}

#endif
