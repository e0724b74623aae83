/**
 * The proposer: a study's sampler with its history, fed by trial records. Shared by the master,
 * `hopt ask` and `hopt suggest`. No store, no clock. Not thread-safe.
 */
#ifndef HOPT_MASTER_PROPOSER_H
#define HOPT_MASTER_PROPOSER_H

#include "common/sampler/sampler.h"
#include "common/trial/study.h"
#include "common/trial/trial.h"

typedef struct hopt_proposer hopt_proposer;

/** @param spec  borrowed, must outlive the proposer. @param seed  the study's. */
HOPT_MUST_CHECK hopt_status hopt_proposer_open(hopt_proposer **out, const hopt_study_spec *spec,
                                               uint64_t seed, hopt_error *err);
void hopt_proposer_close(hopt_proposer *proposer);

/**
 * Take up a trial: ended ones go to the history (and to `saw` of the next proposal), open ones
 * become pending. Repeats are ignored. HOPT_EINVAL: its values don't fit the space (left out).
 * A proposal whose trial could not be stored stays pending: then open another proposer.
 */
HOPT_MUST_CHECK hopt_status hopt_proposer_add(hopt_proposer *proposer, const hopt_trial *trial,
                                              hopt_error *err);

/** Whether trial `num` was taken up or proposed. */
bool hopt_proposer_knows(const hopt_proposer *proposer, int num);

/**
 * Propose trial `num`: a point of the study's "points" when num is below their number, else the
 * sampler's. The new trial becomes pending.
 * @param[out] trial  NEW, with vals, params, seed, saw, view, cmd, study, num; id, tid and by are
 * the caller's to fill; the caller frees.
 * @return HOPT_ENOTFOUND: a finite space is exhausted.
 */
HOPT_MUST_CHECK hopt_status hopt_proposer_propose(hopt_proposer *proposer, hopt_trial **trial,
                                                  int num, hopt_error *err);

/** hopt_sampler_note() of the last proposal. */
const char *hopt_proposer_note(const hopt_proposer *proposer);

/**
 * Make trial `num` at a point that somebody gives. The new trial becomes pending.
 * @param point  checked by the caller. @return as *trial of hopt_proposer_propose().
 */
hopt_trial *hopt_proposer_give(hopt_proposer *proposer, int num, const double *point);

/** The sampler of a study as records name it: {"name", "options": all of them, "version": of hopt}.
 * New reference. */
HOPT_MUST_CHECK json_t *hopt_proposer_sampler(const hopt_study_spec *spec);

/** What the sampler shall see of an ended trial (DESIGN §4). `point` is borrowed. */
hopt_observation hopt_proposer_observation(const hopt_trial *trial, const double *point);

#endif
