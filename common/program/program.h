/** What the three programs share: reading study files and saying what is wrong with them. */
#ifndef HOPT_PROGRAM_PROGRAM_H
#define HOPT_PROGRAM_PROGRAM_H

#include "common/base/error.h"
#include "common/sys/options.h"
#include "common/trial/study.h"

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
