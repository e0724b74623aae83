/** Files and paths as the programs need them. Thread-safe. */
#ifndef HOPT_SYS_FILE_H
#define HOPT_SYS_FILE_H

#include <stddef.h>

#include "common/base/error.h"

/**
 * Read a whole regular file of at most `max` bytes. `-` is standard input.
 * @param[out] data  the caller's, NUL added; @param[out] length  without it.
 * @return HOPT_EINVAL: too large, a folder, a device; HOPT_EFAILED: can't be read, with the reason.
 */
HOPT_MUST_CHECK hopt_status hopt_file_read(char **data, size_t *length, const char *path,
                                           size_t max, hopt_error *err);
/** The folder part of a path ("." when it has none), absolute; the caller's. */
HOPT_MUST_CHECK char *hopt_path_folder(const char *path);
/**
 * Where a program of ours lies: beside the running one, else in $PREFIX/libexec or on PATH.
 * @return the caller's, or NULL when there is none.
 */
HOPT_MUST_CHECK char *hopt_path_program(const char *name);

#endif
