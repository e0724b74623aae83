/** Trial documents (FORMATS §1): encode and decode. Pure; thread-safe for distinct values. */
#ifndef HOPT_STORE_MONGO_BSON_TRIAL_H
#define HOPT_STORE_MONGO_BSON_TRIAL_H

#include <bson/bson.h>

#include "common/trial/trial.h"

/** Append the whole document of `trial` to `doc` (empty, initialised). */
void hopt_bson_trial_encode(bson_t *doc, const hopt_trial *trial);

/**
 * The trial in a document, every field checked.
 * @param[out] out  the caller's; NULL on failure.
 * @return HOPT_OK; HOPT_ENOTFOUND for a trial that is not ours (neither misc.cmd of ours nor
 *         `hopt`); HOPT_EINVAL
 *         naming the field that is missing or wrong.
 */
HOPT_MUST_CHECK hopt_status hopt_bson_trial_decode(hopt_trial **out, const bson_t *doc,
                                                   hopt_error *err);

/** Append `key`: the "result" document of a trial in `state`. */
void hopt_bson_add_result(bson_t *to, const char *key, hopt_state state, const hopt_result *result);
/** Append `key`: [type, message]; nothing when the result has no error. */
void hopt_bson_add_error(bson_t *to, const char *key, const hopt_result *result);
/** Append `key`: a trial's id. */
void hopt_bson_add_id(bson_t *to, const char *key, const hopt_trial_id *id);
/** An ObjectId as a trial's id; false when it is something else. */
bool hopt_bson_id(hopt_trial_id *out, const bson_iter_t *at);

/** The first text of an array of texts, or a text, e.g. `owner`; "" for null, false for others. */
bool hopt_bson_owner(char out[HOPT_OWNER_MAX], const bson_iter_t *at);

#endif
