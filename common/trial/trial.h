/** The trial record, neutral between BSON, SQL and JSON: drivers translate it, nothing else. Pure.
 */
#ifndef HOPT_TRIAL_TRIAL_H
#define HOPT_TRIAL_TRIAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/trial/state.h"

enum {
    HOPT_ID_SIZE = 12,
    HOPT_PREFIX_SIZE = 9,
    HOPT_OWNER_MAX = 320, /**< "host:pid:8hex" with NUL */
    HOPT_STUDY_NAME_MAX = 65,
    HOPT_TRIALS_MAX = 1000000
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
    double loss;       /**< minimized: already negated for direction maximize */
    char *status_fail; /**< reason of a fail, or NULL */
    json_t *extras;    /**< other keys of the result, an object or NULL */
    char
        *error_type; /**< ERROR: Exit|Signal|Timeout|Memory|NoResult|BadResult|LeaseExpired|Start */
    char *error_message;
    char *stop; /**< "pruned", "timeout", "cancelled" or NULL */
    bool has_step;
    int64_t step; /**< last reported step */
    int64_t ms;   /**< how long the evaluation took */
} hopt_result;

void hopt_result_clear(hopt_result *result);
void hopt_result_copy(hopt_result *to, const hopt_result *from);

typedef struct hopt_trial {
    hopt_trial_id id;
    char study[HOPT_STUDY_NAME_MAX]; /**< exp_key */
    int num;                         /**< 0, 1, 2, ... in its study: what people see */
    int64_t tid;                     /**< database-wide, hyperopt's */
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
    char *by;           /**< the master that proposed it */
    char *worker;       /**< the last one that claimed it */
    json_t *vals;       /**< label -> [] or [v] */
    json_t *params;     /**< resolved structure */
    hopt_result result; /**< meaningful in terminal states; stop may be set while RUNNING */
    int64_t book_ms;    /**< when claimed (Unix ms, store's clock), 0: never */
    int64_t refresh_ms;
    int64_t end_ms; /**< 0: not ended */
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
 * The trial JSON object of FORMATS §4 (`--json`, export, API).
 * @param maximize  the user's sign: loss is negated back.
 * @return new reference.
 */
HOPT_MUST_CHECK json_t *hopt_trial_json(const hopt_trial *trial, bool maximize);

#endif
