/** What the two files of the replay share: replay.c compares, replay_view.c rebuilds what was seen.
 */
#ifndef HOPT_MASTER_REPLAY_INTERNAL_H
#define HOPT_MASTER_REPLAY_INTERNAL_H

#include "common/sampler/sampler.h"
#include "master/ledger.h"
#include "master/ranges.h"
#include "master/replay.h"

/** What is kept of a trial's record. */
typedef struct hopt_replay_record {
    bool there;        /**< it was read */
    bool fits;         /**< its values are a point of the space */
    bool given;        /**< that point was a person's */
    bool foreign;      /**< hopt did not propose it */
    bool other_params; /**< what the objective got is not what the values say */
    bool use_repeated; /**< its values are taken to be those that were repeated */
    hopt_state state;
    uint64_t seed;
    hopt_observation observed; /**< by its present record; point NULL */
    hopt_ledger_line *lines;   /**< owned */
    size_t n_lines;
    hopt_ranges *knew; /**< owned; NULL: all below its num */
    json_t *sampler;   /**< owned; NULL: as the records before */
    double *repeated;  /**< owned; NULL unless it differs */
} hopt_replay_record;

/** What the sampler has been taught. */
typedef struct hopt_replay_memory {
    hopt_sampler *sampler;
    const json_t *made_by; /**< which one; NULL: the study's present one */
    hopt_ledger *ledger;
    hopt_ranges learned; /**< whose records were taken up */
    int missing;         /**< the lowest of them that can't be used, -1: none */
    unsigned char *seen; /**< hopt_seen of each num */
    unsigned char *own;  /**< what the present proposal says, else HOPT_SEEN_NOT */
    int *touched;        /**< nums to look at */
    size_t n_touched, touched_capacity;
} hopt_replay_memory;

struct hopt_replay {
    const hopt_study_spec *spec;
    uint64_t seed;
    size_t size;              /**< of the space */
    hopt_replay_record *list; /**< by num */
    double *points;           /**< [num][size], as recorded */
    size_t count, capacity;
    int *makers; /**< nums of records that name a sampler, ascending */
    size_t n_makers;
    int *order; /**< proposals as they were made */
    size_t n_order, at;
    hopt_replay_memory memory;
    double *point; /**< scratch */
    hopt_replay_counts counts;
    hopt_replay_difference *differences;
    size_t n_differences;
    int guesses_left; /**< how often more to try whether a difference explains another */
};

/** The sampler that proposed `num`, or NULL: not recorded. Borrowed. */
const json_t *hopt_replay__made_by(const hopt_replay *replay, int num);
/** How many trials it knew. */
int hopt_replay__known_size(const hopt_replay *replay, int num);
/** Teach the sampler what the proposal of `num` saw. HOPT_EINVAL: there is no such sampler. */
HOPT_MUST_CHECK hopt_status hopt_replay__teach(hopt_replay *replay, int num, hopt_error *err);
/** It was repeated: the next ones know it. */
void hopt_replay__proposed(hopt_replay *replay, int num);
/** Forget all that was taught. */
void hopt_replay__forget(hopt_replay *replay);

#endif
