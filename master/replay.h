/**
 * Replay: repeat every proposal of a study from its record and compare it with what was stored,
 * bit for bit (DESIGN §5.8, docs/adr/0011). No store, no clock. Not thread-safe.
 *
 * Records are added in any order, all of them before the first step. What each proposer had seen is
 * rebuilt from the ledger; proposals are repeated in the order in which they were made, so that
 * the sampler is taught trial by trial, as it was.
 */
#ifndef HOPT_MASTER_REPLAY_H
#define HOPT_MASTER_REPLAY_H

#include "common/trial/study.h"
#include "common/trial/trial.h"

typedef struct hopt_replay hopt_replay;

/** @param spec  borrowed, must outlive the replay. @param seed  the study's. */
HOPT_MUST_CHECK hopt_replay *hopt_replay_new(const hopt_study_spec *spec, uint64_t seed);
/** NULL is allowed. */
void hopt_replay_free(hopt_replay *replay);

/** Take up a record; one that is added again takes the place of the first. Nothing of it is kept.
 */
void hopt_replay_add(hopt_replay *replay, const hopt_trial *trial);

/**
 * While others work on the study, records that were read late may speak of ends that earlier ones
 * did not have yet: nums to be read and added once more, after all were read.
 * @return how many; `*nums` is the caller's, free().
 */
size_t hopt_replay_unsettled(const hopt_replay *replay, int **nums);

/** Put the proposals with from <= num <= to in order. Once, after all records. @return how many. */
int64_t hopt_replay_begin(hopt_replay *replay, int from, int to);
/** Repeat the next proposal. @return false: there was none left. */
bool hopt_replay_next(hopt_replay *replay);

typedef struct hopt_replay_counts {
    int64_t same, different; /**< repeated so far */
    int64_t given;           /**< points of the study file, of `hopt trials add` */
    int64_t foreign;         /**< trials that hopt did not propose: there is no seed */
    int first_foreign;       /**< the lowest num of these */
} hopt_replay_counts;

/** given and foreign: of the nums that hopt_replay_begin() was given. */
hopt_replay_counts hopt_replay_count(const hopt_replay *replay);

/** Why a repeated proposal may differ from the recorded one. */
typedef enum hopt_replay_why {
    HOPT_REPLAY_CHANGED = 1,      /**< later ones repeat with the repeated values: its record was
                                     changed after it was proposed */
    HOPT_REPLAY_NOT_IN_SPACE = 2, /**< the recorded values don't fit the space */
    HOPT_REPLAY_MISSING = 4,      /**< trial `missing`, which it knew, can't be read */
    HOPT_REPLAY_VERSION = 8,      /**< hopt `version` proposed it */
    HOPT_REPLAY_NO_VIEW = 16,     /**< by a version that did not record sampler and view */
    HOPT_REPLAY_SEED = 32,        /**< its seed is not the study's for this num */
    HOPT_REPLAY_NOTHING = 64,     /**< the sampler proposes nothing: see `message` */
    HOPT_REPLAY_PARAMS = 128      /**< the recorded values and the parameters that the objective got
                                     contradict each other */
} hopt_replay_why;

enum { HOPT_REPLAY_KEPT = 100 };

typedef struct hopt_replay_difference {
    int num;
    unsigned why;     /**< hopt_replay_why bits */
    double *recorded; /**< owned; NULL when NOT_IN_SPACE */
    double *repeated; /**< owned; NULL when NOTHING */
    int missing;
    char version[32];
    char message[HOPT_ERROR_MESSAGE_MAX];
} hopt_replay_difference;

/** The first HOPT_REPLAY_KEPT differences, in the order in which they were found; the replay's. */
const hopt_replay_difference *hopt_replay_differences(const hopt_replay *replay, size_t *n);

#endif
