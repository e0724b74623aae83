/** The trial record, neutral between BSON, SQL and JSON: drivers translate it, nothing else. Pure.
 */
#ifndef HOPT_TRIAL_TRIAL_H
#define HOPT_TRIAL_TRIAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/space/space.h"
#include "common/trial/state.h"

enum {
    HOPT_ID_SIZE = 12,
    HOPT_PREFIX_SIZE = 9,
    HOPT_OWNER_MAX = 320, /**< "host:pid:8hex" with NUL */
    HOPT_STUDY_NAME_MAX = 65,
    HOPT_TRIALS_MAX = 1000000,
    HOPT_CLAIMS_MAX = 1 << 30 /**< of `lease` and `lost`: more is damage */
};

/** `_id`: the study's random prefix and num as 3 bytes big-endian (DESIGN §5.1). */
typedef struct hopt_trial_id {
    uint8_t bytes[HOPT_ID_SIZE];
} hopt_trial_id;

hopt_trial_id hopt_trial_id_make(const uint8_t prefix[HOPT_PREFIX_SIZE], int num);
/** The num in an id. */
int hopt_trial_id_num(const hopt_trial_id *id);

/** How an evaluation ended: what hopt_store_finish() writes. */
typedef struct hopt_result {
    hopt_state state; /**< DONE, ERROR or CANCEL */
    bool ok;          /**< DONE: status ok (then loss is finite) or fail */
    bool has_loss;
    double loss;       /**< minimized: already negated for direction maximize. Without has_loss:
                          NaN where a NaN was read, else 0 */
    char *status_fail; /**< reason of a fail, or NULL */
    json_t *extras;    /**< other keys of the result, an object or NULL */
    char *error_type;  /**< ERROR: Exit|Signal|Timeout|Memory|Processes|NoResult|BadResult|
                          LeaseExpired|Start */
    char *error_message;
    char *stop; /**< "pruned", "timeout", "cancelled" or NULL */
    bool has_step;
    int64_t step; /**< last reported step */
    int64_t ms;   /**< how long the evaluation took */
} hopt_result;

/** Free what the result owns and zero it. */
void hopt_result_clear(hopt_result *result);
/** Deep copy (also of `extras`, so that the two may live on different threads); what `to` held is
 * freed. `to` must be initialised (zeros do). */
void hopt_result_copy(hopt_result *to, const hopt_result *from);

typedef struct hopt_trial {
    hopt_trial_id id;
    char study[HOPT_STUDY_NAME_MAX]; /**< exp_key */
    int num;                         /**< 0, 1, 2, ... in its study: what people see */
    int64_t tid;                     /**< database-wide, hyperopt's */
    bool has_from;                   /**< derived from another trial (misc.from_tid) */
    int64_t from;                    /**< that one's num, as far as it can be known */
    hopt_state state;
    int version;
    char *owner; /**< owner[0], or NULL */
    char *cmd;   /**< "command", "server" or "plugin": misc.cmd[1] */
    int lease;   /**< rises at every claim, never falls */
    int lost;    /**< expired leases */
    int64_t beat;
    uint64_t seed; /**< of its proposal; kept below 2^63 */
    int *saw;      /**< nums newly in the sampler's history since the proposal of num-1; owned */
    int n_saw;
    json_t *view;       /**< an object: what else its proposal saw, where nums and `saw` don't tell
                           (docs/adr/0011); NULL: nothing else */
    char *by;           /**< the master that proposed it */
    char *worker;       /**< the last one that claimed it */
    json_t *vals;       /**< label -> [] or [v] */
    json_t *params;     /**< resolved structure */
    hopt_result result; /**< meaningful in terminal states; stop may be set while RUNNING */
    int64_t book_ms;    /**< when claimed (Unix ms, store's clock), 0: never */
    int64_t refresh_ms;
    int64_t end_ms; /**< 0: not ended */
    char *stored; /**< of a claimed trial, its driver's: the document as it was claimed, or NULL */
} hopt_trial;

hopt_trial *hopt_trial_new(void);
void hopt_trial_free(hopt_trial *trial);

/** A growing list that owns its trials. */
typedef struct hopt_trials {
    hopt_trial **list;
    size_t count, capacity;
} hopt_trials;
/** Takes ownership of `trial`. */
void hopt_trials_add(hopt_trials *trials, hopt_trial *trial);
void hopt_trials_clear(hopt_trials *trials);

/**
 * The trial JSON object of FORMATS §4 (`--json`, export, API). Keys, in this order: num, tid,
 * state, status ("new", "ok" or "fail"), loss (null when there is none), vals, params, attempt
 * (lost + 1), worker, start, end (null when never claimed, not ended), error ({"type", "message"}
 * or null), extras; then, only when they are set: seed, lease, lost, stop, step, ms, status_fail.
 * Nothing of `trial` is shared with the answer. Thread-safe for distinct trials.
 * @param maximize  the user's sign: loss is negated back.
 * @return new reference.
 */
HOPT_MUST_CHECK json_t *hopt_trial_json(const hopt_trial *trial, bool maximize);

/**
 * The inverse, for `hopt export`'s lines read back, `hopt copy` and `--history` files. Reads
 * - a line of FORMATS §4; needed are only `tid` or `num` (the other one is then the same number),
 *   `vals`, and `status` ("ok" or "fail") or `state`; unknown keys are ignored;
 * - a whole trial document of hopt or of hyperopt (known by its `misc`) in MongoDB extended JSON,
 *   canonical or relaxed, whose loss is always in the minimized sign.
 * Status ok needs `loss`; null, NaN or infinite there makes the trial a fail (DESIGN §4). State
 * rules: a document whose state is NEW or RUNNING has no result, whatever it says.
 * @param out       the caller's, free with hopt_trial_free(); NULL on failure. `study` is exp_key
 *                  or "".
 * @param json      parse texts with HOPT_JSON_NAN, so that Python's NaN is read. The trial may keep
 *                  references to its vals and params: do not change them after.
 * @param maximize  a line's loss is in the user's sign and is negated.
 * @return HOPT_OK, or HOPT_EINVAL with the key or label in the message (no position).
 */
HOPT_MUST_CHECK hopt_status hopt_trial_from_json(hopt_trial **out, const json_t *json,
                                                 bool maximize, hopt_error *err);

/**
 * The part of a trial that has no column of its own in SQLite's `trial` table (FORMATS §2): cmd,
 * seed, saw, view, by, worker, vals, params, result {status, loss, status_fail, extras...}
 * (terminal states only), error [type, message], step, end, ms. What is not set is left out. Every
 * finite double comes back the same.
 * @return new reference, sharing vals and params with `trial`.
 */
HOPT_MUST_CHECK json_t *hopt_trial_doc(const hopt_trial *trial);

/**
 * The inverse: fills those fields of `trial` and nothing else, sharing vals and params with `doc`.
 * `trial->state` must have been set
 * (it becomes result.state when terminal); the fields must be unset, as in a new trial.
 * @return HOPT_OK, or HOPT_EINVAL naming the key of a damaged document.
 */
HOPT_MUST_CHECK hopt_status hopt_trial_read_doc(hopt_trial *trial, const json_t *doc,
                                                hopt_error *err);

/**
 * The point that a trial's vals stand for (hopt_space_from_vals()).
 * @param[out] point  hopt_space_size() doubles.
 * @return HOPT_OK, or HOPT_EINVAL naming the trial's num and the label.
 */
HOPT_MUST_CHECK hopt_status hopt_trial_point(double *point, const hopt_trial *trial,
                                             const hopt_space *space, hopt_error *err);

#endif
