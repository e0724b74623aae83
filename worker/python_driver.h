/** hopt-worker --python-driver: what stands in for the study file, and the checks before it starts
 * (docs/adr/0012). */
#ifndef HOPT_WORKER_PYTHON_DRIVER_H
#define HOPT_WORKER_PYTHON_DRIVER_H

#include "common/base/error.h"
#include "common/store/store.h"
#include "common/trial/study.h"
#include "worker/worker_command.h"

/**
 * The study that a Python driver's trials run under: its objective is the server that unpickles
 * them, its name hopt_driven_name() of the exp_key. --set changes it as it does a study file.
 * @param[out] spec  the caller's.
 * @param[out] errors  zeroed by the caller; of --set.
 * @return HOPT_OK; HOPT_EINVAL with `errors`; HOPT_ENOTFOUND with err: the server is not installed.
 */
HOPT_MUST_CHECK hopt_status hopt_python_driver_spec(hopt_study_spec **spec,
                                                    const hopt_worker_settings *settings,
                                                    hopt_errors *errors, hopt_error *err);
/** Whether its Python can import hyperopt, before a trial is claimed for it. HOPT_EFAILED: it
 * can't, and said so on standard error. */
HOPT_MUST_CHECK hopt_status hopt_python_driver_check(const hopt_study_spec *spec, hopt_error *err);
/** A folder of this process below `base`, for scratch folders and domains: trials of two databases
 * may have the same exp_key and tid. @param[out] workdir  the caller's. */
HOPT_MUST_CHECK hopt_status hopt_python_driver_workdir(char **workdir, const char *base,
                                                       hopt_error *err);
/** Remove it, and what is empty in it: folders that trials left something in stay. */
void hopt_python_driver_clean(const char *workdir, const hopt_study_spec *spec);

#endif
