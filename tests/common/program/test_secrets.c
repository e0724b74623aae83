#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/program/program.h"

/* ---- the command line ---- */

/* A word of argv, as the kernel lays it out: exactly as large as it is. `after` is what stays of
 * it. */
static void hidden(const char *word, const char *after) {
    char *first = hopt_strdup("hopt"), *kernels = hopt_strdup(word);
    char *argv[] = {first, kernels, NULL};
    size_t length = strlen(word);
    hopt_program_begin(2, argv);
    cr_expect_str_eq(argv[1], word, "the program sees what it was given");
    cr_expect_str_eq(kernels, after);
    for (size_t i = strlen(kernels); i <= length; i++)
        cr_expect_eq(kernels[i], '\0', "%s: something is left behind the end", word);
    free(first);
    free(kernels);
}

Test(secrets, arguments) {
    hidden("mongodb://me:secret@host/db", "mongodb://me:***@host/db");
    hidden("--store=mongodb://me:secret@host/db", "--store=mongodb://me:***@host/db");
    hidden("-smongo://me:secret@host:1/db/jobs", "-smongo://me:***@host:1/db/jobs");
    hidden("mongodb+srv://me:secret@host", "mongodb+srv://me:***@host");
    hidden("mongodb://h/db?tlsCertificateKeyFilePassword=secret",
           "mongodb://h/db?tlsCertificateKeyFilePassword=***");
    hidden("mongodb://me:s@host/db", "mongodb://me:***@host/"); /* never longer than it was */
    hidden("mongodb://host:27017/db", "mongodb://host:27017/db");
    hidden("sqlite:./a:b@c.db", "sqlite:./a:b@c.db");
    hidden("--set=stop.max_trials=3", "--set=stop.max_trials=3");
    hidden("", "");
}

/* ---- files ---- */

static char path[] = "/tmp/hopt-secrets-XXXXXX";
static hopt_error err;

static void open_file(void) {
    int fd = mkstemp(path);
    cr_assert(fd >= 0);
    close(fd);
}

static void close_file(void) {
    unlink(path);
}

static hopt_status from_file(char **uri, const char *text) {
    FILE *file = fopen(path, "w");
    cr_assert(file);
    fputs(text, file);
    fclose(file);
    char *given = hopt_format("@%s", path);
    hopt_status status = hopt_program_store(uri, given, &err);
    free(given);
    return status;
}

static void holds(const char *text, const char *wanted) {
    char *uri;
    cr_assert_eq(from_file(&uri, text), HOPT_OK, "%s", err.message);
    cr_expect_str_eq(uri, wanted);
    free(uri);
}

static void refused(const char *text, const char *part) {
    char *uri;
    cr_expect_eq(from_file(&uri, text), HOPT_EINVAL, "%s", text);
    cr_expect_null(uri);
    cr_expect(strstr(err.message, part), "%s", err.message);
    cr_expect_not(strstr(err.message, "mongodb"), "%s", err.message);
}

Test(secrets, files, .init = open_file, .fini = close_file) {
    holds("sqlite:a.db", "sqlite:a.db");
    holds("sqlite:a.db\n", "sqlite:a.db");
    holds("# this one\r\n\r\n  mongodb://me:secret@h/db \t\r\n#end", "mongodb://me:secret@h/db");
    refused("", "no line");
    refused("# mongodb://me:secret@h/db\n", "no line");
    refused("mongodb://me:secret@h/db\nmongodb://me:secret@h/db\n", "more than one line");
    cr_expect_eq(hopt_program_store(&(char *){NULL}, "@/no/such/file", &err), HOPT_EINVAL);
    cr_expect(strstr(err.message, "/no/such/file: No such file"), "%s", err.message);
    cr_expect_eq(hopt_program_store(&(char *){NULL}, "@/", &err), HOPT_EINVAL);
}

Test(secrets, as_given) {
    char *uri;
    cr_assert_eq(hopt_program_store(&uri, NULL, &err), HOPT_OK);
    cr_expect_null(uri);
    cr_assert_eq(hopt_program_store(&uri, "sqlite:@a.db", &err), HOPT_OK);
    cr_expect_str_eq(uri, "sqlite:@a.db");
    cr_expect_eq(prctl(PR_GET_DUMPABLE), 1, "without a password nothing is closed");
    free(uri);
    cr_assert_eq(hopt_program_store(&uri, "mongodb://me:secret@h/db", &err), HOPT_OK);
    free(uri);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    cr_expect_eq(prctl(PR_GET_DUMPABLE), 0, "with one nobody else looks in");
#endif
}
