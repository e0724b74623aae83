/** Bring a study file into the store: create it, or resume what is there. Blocks. */
#ifndef HOPT_MASTER_ENROLL_H
#define HOPT_MASTER_ENROLL_H

#include "common/store/store.h"

typedef enum hopt_enrolled {
    HOPT_ENROLLED_CREATED,
    HOPT_ENROLLED_RESUMED,  /**< was there, goes on (a paused study stays paused) */
    HOPT_ENROLLED_EXTENDED, /**< was done; a higher limit opened it again */
    HOPT_ENROLLED_FINISHED  /**< is done, and nothing is left to do */
} hopt_enrolled;

/**
 * Create the study, or resume it when its space is the same. A file whose text differs from the one
 * last given replaces the stored settings (stop, trial, queue, objective, sampler options); an
 * unchanged file leaves what `hopt study set` made of it. The seed, once drawn, stays, and so does
 * the sampler when the file names none: the default is that of new studies (docs/adr/0023).
 * @param[out] study  the record after it; the caller's.
 * @param[out] how    what was done.
 * @return HOPT_ECONFLICT: another space under this name, naming the first label that differs.
 */
HOPT_MUST_CHECK hopt_status hopt_enroll(hopt_store *store, hopt_study_record **study,
                                        hopt_enrolled *how, const hopt_study_spec *spec,
                                        hopt_error *err);

/**
 * The record of a new study, as hopt_enroll() creates it but not stored.
 * @param[out] study  the caller's; NULL on failure.
 * @return HOPT_EINVAL: the sampler or its options are wrong.
 */
HOPT_MUST_CHECK hopt_status hopt_enroll_record(hopt_study_record **study,
                                               const hopt_study_spec *spec, hopt_error *err);

/** Whether a finished study that was stored as `old` has something to do again under the rules of
 * `now` (a higher limit, or it was ended by hand). */
bool hopt_enrolled_reopens(const hopt_study_record *study, const hopt_study_spec *old,
                           const hopt_study_spec *now);

/**
 * Read a study and parse its stored file.
 * @param[out] study, spec  the caller's; `study` may be NULL when only the spec is wanted.
 * @return HOPT_ENOTFOUND (message names near studies); HOPT_EINVAL: the stored file can't be read.
 */
HOPT_MUST_CHECK hopt_status hopt_enrolled_study(hopt_store *store, hopt_study_record **study,
                                                hopt_study_spec **spec, const char *name,
                                                hopt_error *err);

#endif
