/** What the three programs share: reading study files and saying what is wrong with them. */
#ifndef HOPT_PROGRAM_PROGRAM_H
#define HOPT_PROGRAM_PROGRAM_H

#include "common/base/error.h"
#include "common/sys/options.h"
#include "common/trial/study.h"

/**
 * The first call of a main: passwords of store URIs on the command line are overwritten, so that ps
 * shows *** from now on. The words of `argv` are the same as before, kept elsewhere.
 */
void hopt_program_begin(int argc, char **argv);

/**
 * The store URI that a person gave: as it is, or for "@FILE" the one line of that file that is
 * neither blank nor begins with '#'. With a password in it this process is from now on closed to
 * others of the same user (no core dump, /proc/PID/environ and mem for root only), its own
 * objectives among them.
 * @param[out] uri  the caller's; NULL on failure, and for NULL.
 * @return HOPT_OK; HOPT_EINVAL when the file can't be read or holds no such line. No message quotes
 *         what is in the file.
 */
HOPT_MUST_CHECK hopt_status hopt_program_store(char **uri, const char *given, hopt_error *err);

/** Print "PROGRAM: message" on standard error, control characters replaced. @return its exit code.
 */
int hopt_program_fail(const char *program, const hopt_error *err);

/** Print every error of a file as "PROGRAM: file:line:column: message". @return HOPT_EXIT_USAGE. */
int hopt_program_fail_file(const char *program, const char *file, hopt_errors *errors);

/**
 * Read and check a study file; every error is printed with its position.
 * @param[out] spec  the caller's; NULL unless HOPT_EXIT_OK.
 * @param name       overrides the file's name, or NULL.
 * @param sets       KEY=VALUE over the file, or NULL.
 * @return exit code.
 */
HOPT_MUST_CHECK int hopt_program_load(hopt_study_spec **spec, const char *program, const char *path,
                                      const char *name, const hopt_texts *sets);

#endif
