/* Passwords of store URIs: out of the sight of other processes. ADR 13. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "common/base/alloc.h"
#include "common/program/program.h"
#include "common/store/uri.h"
#include "common/sys/file.h"

enum { STORE_FILE_MAX = 1 << 16 };

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#endif

/* ---- the command line ---- */

/* Where a URI begins in "--store=mongodb://...", "-smongodb://..." or "mongodb://..."; NULL:
 * nowhere.
 */
static char *find_uri(char *word) {
    char *at = strstr(word, "://");
    if (!at) return NULL;
    while (at > word && (isalnum((unsigned char)at[-1]) || at[-1] == '+'))
        at--;
    return at;
}

/* @return a copy of the word when it held a secret, which is overwritten. */
static char *hide(char *word) {
    char *uri = find_uri(word);
    if (!uri) return NULL;
    size_t room = strlen(uri);
    char *masked = hopt_zalloc(1, room + 1); /* cut at its end, where it became longer */
    hopt_store_uri_mask(masked, room + 1, uri);
    char *copy = NULL;
    if (strcmp(masked, uri) != 0) {
        copy = hopt_strdup(word);
        memcpy(uri, masked, room + 1); /* zeros behind the text */
    }
    free(masked);
    return copy;
}

void hopt_program_begin(int argc, char **argv) {
    static char **kept; /* for the life of the process: options point into them */
    static size_t count, capacity;
    for (int i = 1; i < argc; i++) {
        char *copy = hide(argv[i]);
        if (!copy) continue;
        argv[i] = copy;
        kept = hopt_grow(kept, count, &capacity, sizeof *kept);
        kept[count++] = copy;
    }
}

/* ---- the store ---- */

static bool holds_secret(const char *uri) {
    size_t size = strlen(uri) + 4; /* *** may be longer than what it stands for */
    char *masked = hopt_zalloc(1, size * 2);
    hopt_store_uri_mask(masked, size * 2, uri);
    bool differs = strcmp(masked, uri) != 0;
    free(masked);
    return differs;
}

/* LeakSanitizer looks into its own process as a debugger does. */
static void close_process(void) {
#ifndef SANITIZED
    prctl(PR_SET_DUMPABLE, 0);
#endif
}

/* The one line that counts; `text` is cut in pieces. */
static hopt_status only_line(char **line, char *text, const char *path, hopt_error *err) {
    char *save = NULL;
    *line = NULL;
    for (char *at = strtok_r(text, "\r\n", &save); at; at = strtok_r(NULL, "\r\n", &save)) {
        at += strspn(at, " \t");
        size_t length = strlen(at);
        while (length && isspace((unsigned char)at[length - 1]))
            at[--length] = '\0';
        if (!*at || *at == '#') continue;
        if (*line)
            return hopt_error_set(err, HOPT_EINVAL,
                                  "%s: more than one line; give the store's URI "
                                  "alone",
                                  path);
        *line = at;
    }
    if (*line) return HOPT_OK;
    return hopt_error_set(err, HOPT_EINVAL, "%s: no line with the store's URI", path);
}

static hopt_status read_store_file(char **uri, const char *path, hopt_error *err) {
    char *text, *line;
    size_t length;
    hopt_status status = hopt_file_read(&text, &length, path, STORE_FILE_MAX, err);
    if (status != HOPT_OK) { /* a file that was named and can't be read is bad usage */
        if (err) err->code = HOPT_EINVAL;
        return HOPT_EINVAL;
    }
    status = only_line(&line, text, path, err);
    if (status == HOPT_OK) *uri = hopt_strdup(line);
    explicit_bzero(text, length);
    free(text);
    return status;
}

hopt_status hopt_program_store(char **uri, const char *given, hopt_error *err) {
    *uri = NULL;
    if (!given) return HOPT_OK;
    if (*given != '@') {
        *uri = hopt_strdup(given);
    } else {
        hopt_status status = read_store_file(uri, given + 1, err);
        if (status != HOPT_OK) return status;
    }
    if (holds_secret(*uri)) close_process();
    return HOPT_OK;
}
