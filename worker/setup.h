/** Checks and defaults before a worker starts: whom it may run, from where, and as whom. */
#ifndef HOPT_WORKER_SETUP_H
#define HOPT_WORKER_SETUP_H

#include "common/base/error.h"
#include "common/trial/study.h"

/**
 * The base folder of scratch folders: `given`, or $TMPDIR (else /tmp) + "/hopt-UID"; made with
 * mode 0700 when missing, and refused when it is somebody else's.
 * @param[out] path  absolute; the caller's.
 */
HOPT_MUST_CHECK hopt_status hopt_worker_workdir(char **path, const char *given, hopt_error *err);

/**
 * Whether a plugin may be loaded from a folder (DESIGN §8): a plain file name, the folder and the
 * file owned by root or by us, not writable by group or others, nor the folders above it (but
 * sticky ones); a link only to another file of the folder.
 * @param[out] path  absolute; the caller's.
 */
HOPT_MUST_CHECK hopt_status hopt_worker_plugin(char **path, const char *folder, const char *file,
                                               hopt_error *err);

#endif
