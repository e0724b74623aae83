/** What the files of the trial record share. Not for other modules. */
#ifndef HOPT_TRIAL_TRIAL_INTERNAL_H
#define HOPT_TRIAL_TRIAL_INTERNAL_H

#include "common/trial/trial.h"

/** result.status of a document: "new", "ok" or "fail". */
const char *hopt_trial__status(const hopt_trial *trial);

/** Whether a result's key is a field of its own and so never an extra: status, loss, status_fail.
 */
bool hopt_trial__result_key(const char *key);

/** The members of `result` that are extras, deep-copied; NULL when there are none. */
json_t *hopt_trial__extras(const json_t *result);

/** A JSON string; in a text that is not UTF-8, each byte from 0x80 on becomes '?'. */
json_t *hopt_trial__text(const char *text);
/** Set a string member by that, unless `text` is NULL. */
void hopt_trial__set_text(json_t *object, const char *key, const char *text);

/** A member that is there and not null, or NULL. */
const json_t *hopt_trial__member(const json_t *object, const char *key);

/* Readers of one member. Absent and null leave `out` as it is; any other wrong type or range is
 * HOPT_EINVAL naming the key. */
hopt_status hopt_trial__read_integer(int64_t *out, const json_t *object, const char *key,
                                     int64_t low, int64_t high, hopt_error *err);
hopt_status hopt_trial__read_int(int *out, const json_t *object, const char *key, int high,
                                 hopt_error *err);
hopt_status hopt_trial__read_text(char **out, const json_t *object, const char *key,
                                  hopt_error *err);
/** "2026-01-02T03:04:05.678Z" or Unix milliseconds. */
hopt_status hopt_trial__read_time(int64_t *out, const json_t *object, const char *key,
                                  hopt_error *err);
/** [type, message] or {"type", "message"}. */
hopt_status hopt_trial__read_error(hopt_result *out, const json_t *object, hopt_error *err);
/** An array of nums. */
hopt_status hopt_trial__read_saw(hopt_trial *trial, const json_t *object, hopt_error *err);
/** What else the proposal saw: an object. */
hopt_status hopt_trial__read_view(hopt_trial *trial, const json_t *object, hopt_error *err);
/** Check hyperopt's vals and copy them into the trial. */
hopt_status hopt_trial__read_vals(hopt_trial *trial, const json_t *object, hopt_error *err);

/** from_tid of `object` into `from`; after num and tid. */
hopt_status hopt_trial__read_from(hopt_trial *trial, const json_t *object, hopt_error *err);

/** num and tid: one is enough. */
hopt_status hopt_trial__read_identity(hopt_trial *trial, const json_t *json, hopt_error *err);
/** `state`, else what `error` and the status word (may be NULL) tell. */
hopt_status hopt_trial__read_state(hopt_trial *trial, const json_t *json, const char *word,
                                   hopt_error *err);
/** seed, lease, lost, worker, stop, step, ms, end, params of a line, or of a document's `hopt`. */
hopt_status hopt_trial__read_course(hopt_trial *trial, const json_t *json, hopt_error *err);
/** A whole document in extended JSON. */
hopt_status hopt_trial__read_document(hopt_trial *trial, const json_t *json, hopt_error *err);

/**
 * status, loss, status_fail and extras of `result` into a terminal trial: what is not finite makes
 * a fail (DESIGN §4). `sign` is -1 when the text holds the maximized loss.
 */
hopt_status hopt_trial__read_result(hopt_trial *trial, const char *status, const json_t *result,
                                    double sign, hopt_error *err);

#endif
