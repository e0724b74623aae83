/** What the parts of the keeper share. */
#ifndef HOPT_MASTER_KEEPER_INTERNAL_H
#define HOPT_MASTER_KEEPER_INTERNAL_H

#include "common/store/reaper.h"
#include "master/budget.h"
#include "master/keeper.h"
#include "master/leader.h"
#include "master/proposer.h"
#include "master/target.h"

enum { HOPT_SLOT_EXISTS = 1, HOPT_SLOT_COUNTED = 2 /* its end is in the budget */ };

struct hopt_keeper {
    char study[HOPT_STUDY_NAME_MAX];
    char owner[HOPT_OWNER_MAX];
    int64_t poll_ms, away_ms;
    int local_slots;
    hopt_histogram *suggest;

    hopt_study_record *record; /* as last read */
    int64_t record_ms;         /* monotonic, before that read */
    hopt_study_spec *spec;
    int64_t spec_rev;
    hopt_leader leader;

    /* Valid while leading and loaded. */
    bool loaded;
    hopt_proposer *proposer;
    hopt_budget budget;
    hopt_reaper *reaper;
    unsigned char *taken; /* HOPT_SLOT_ bits of each num */
    size_t n_taken;       /* one more than the highest num that exists */
    size_t taken_capacity;
    int holes; /* nums below n_taken that do not exist */
    hopt_open_trial *open;
    size_t n_open, n_new, n_running;
    bool exhausted;
    int64_t next_tid; /* of a block that was taken in advance */
    int tids_left;

    hopt_worker_record *workers;
    size_t n_workers;
    int64_t workers_ms;
    hopt_rate rate;
    int64_t active_base_ms; /* active time stored when we took the lead */
    int64_t active_ms;
    int64_t tick_ms;    /* monotonic time of the last tick that counted active time */
    int64_t counted_ms; /* when counts were last compared */

    /* What survives unloading, of this very study (its prefix). */
    int *occupied; /* nums of slots that hold what can't be read as a trial */
    size_t n_occupied, occupied_capacity;
    bool noted;     /* the log has the sampler's note */
    int64_t unread; /* stored trials that reading anew did not bring */
};

/** Build proposer, budget and slots from the store. */
HOPT_MUST_CHECK hopt_status hopt_keeper__load(hopt_keeper *keeper, hopt_store *store,
                                              hopt_error *err);
void hopt_keeper__unload(hopt_keeper *keeper);
/** Unload, and forget what survives that: the name belongs to another study now. */
void hopt_keeper__forget(hopt_keeper *keeper);
/** A slot was found taken though no trial could be read from it: it counts as used. */
void hopt_keeper__note_occupied(hopt_keeper *keeper, int num);
/** Take up trials: history, budget, slots; ended ones move to `news` when it is not NULL. Takes the
 * trials. */
void hopt_keeper__take_up(hopt_keeper *keeper, hopt_trials *trials, hopt_keeper_news *news);
/** Note that slot `num` exists. */
void hopt_keeper__note_slot(hopt_keeper *keeper, int num);

/** Read the open set, take up what is new or ended. */
HOPT_MUST_CHECK hopt_status hopt_keeper__sync(hopt_keeper *keeper, hopt_store *store,
                                              hopt_keeper_news *news, hopt_error *err);
/** Expire dead leases. */
HOPT_MUST_CHECK hopt_status hopt_keeper__reap(hopt_keeper *keeper, hopt_store *store,
                                              hopt_keeper_news *news, hopt_error *err);
/** Fill the queue up to its target. */
HOPT_MUST_CHECK hopt_status hopt_keeper__fill(hopt_keeper *keeper, hopt_store *store,
                                              hopt_keeper_news *news, hopt_error *err);
/** Compare counts with the store once a minute; a difference unloads, so that the next tick reads
 * all. */
HOPT_MUST_CHECK hopt_status hopt_keeper__compare(hopt_keeper *keeper, hopt_store *store,
                                                 int64_t now_ms, hopt_error *err);

#endif
