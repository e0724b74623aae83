/** Study records (`hopt_studies`, FORMATS §1): encode and decode. Pure; thread-safe for distinct
 * values. */
#ifndef HOPT_STORE_MONGO_BSON_STUDY_H
#define HOPT_STORE_MONGO_BSON_STUDY_H

#include <bson/bson.h>

#include "common/store/store.h"

enum { HOPT_BSON_STUDY_FORMAT = 1 };

/** Append the whole record of `study` to `doc` (empty, initialised). */
void hopt_bson_study_encode(bson_t *doc, const hopt_study_record *study);

/**
 * The record in a document, every field checked.
 * @param[out] out  the caller's; NULL on failure.
 * @return HOPT_OK or HOPT_EINVAL: malformed, or of a newer format.
 */
HOPT_MUST_CHECK hopt_status hopt_bson_study_decode(hopt_study_record **out, const bson_t *doc,
                                                   hopt_error *err);

/** Append `key`: the counts of the five states. */
void hopt_bson_add_counts(bson_t *to, const char *key, const int64_t counts[HOPT_STATES]);
/** Append `key`: {num, loss}, or null. */
void hopt_bson_add_best(bson_t *to, const char *key, bool has_best, int num, double loss);

#endif
