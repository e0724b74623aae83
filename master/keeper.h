/**
 * The keeper of one study: everything a master does for it, as one plain blocking function,
 * hopt_keeper_tick(). Owned and called by one thread (the master's store thread; a test's main).
 *
 * A tick: read the record, hold or take the lead; read the open set; take up what ended; expire
 * dead leases; end the study by its budget, or fill the queue; renew the lead. Each step may fail
 * with the store: the tick then ends, and the next one begins anew from the store. Nothing in
 * memory is needed to go on.
 */
#ifndef HOPT_MASTER_KEEPER_H
#define HOPT_MASTER_KEEPER_H

#include "master/master.h"

#include "common/store/store.h"

typedef struct hopt_keeper hopt_keeper;

/** What a tick did, for the loop thread. Clear with hopt_keeper_news_clear(). */
typedef struct hopt_keeper_news {
    hopt_trials ended;     /**< taken up in this tick, not at start-up */
    int queued;            /**< trials put in the queue */
    int expired;           /**< leases expired */
    bool changed;          /**< counts, best, state or leadership differ from the last tick */
    hopt_study_spec *spec; /**< set when the study's file was read anew; the receiver's, which keeps
                              the old one as long as views refer to it */
    hopt_master_view view; /**< spec and reason are not set: see below */
    char reason[128];      /**< "" : none */
    char warning[HOPT_ERROR_MESSAGE_MAX]; /**< for the log, "" : none */
} hopt_keeper_news;

void hopt_keeper_news_clear(hopt_keeper_news *news);

typedef struct hopt_keeper_options {
    const char *study;
    const char *owner;       /**< the master's "host:pid:8hex" */
    int64_t poll_ms;         /**< how often the record and the workers are read */
    int64_t away_ms;         /**< how long the master may be away between ticks: queue ahead */
    int local_slots;         /**< slots of this process that have no record yet */
    hopt_histogram *suggest; /**< how long proposals took; NULL: not measured */
} hopt_keeper_options;

/** @param options  texts are copied. */
hopt_keeper *hopt_keeper_new(const hopt_keeper_options *options);
/** Leave the lead (store may be NULL: just forget) and free. */
void hopt_keeper_free(hopt_keeper *keeper, hopt_store *store);

/**
 * One round.
 * @param full  also read the record, the workers and check the counts when they are due; a wake-up
 *              between polls passes false.
 * @return HOPT_OK; the store's failure; HOPT_ENOTFOUND: the study is gone; HOPT_EINVAL: its stored
 *         file can't be used (message).
 */
HOPT_MUST_CHECK hopt_status hopt_keeper_tick(hopt_keeper *keeper, hopt_store *store, bool full,
                                             hopt_keeper_news *news, hopt_error *err);

/**
 * Workers in the store that look alive, or that a trial of this study keeps busy.
 * @param[out] owners  room for hopt_keeper_workers_max(); borrowed until the next tick.
 * @return how many; 0 when it does not lead.
 */
size_t hopt_keeper_workers(const hopt_keeper *keeper, const char **owners);
size_t hopt_keeper_workers_max(const hopt_keeper *keeper);

/** What the last tick wrote may not have happened: forget it, so that the next one reads everything
 * anew. */
void hopt_keeper_doubt(hopt_keeper *keeper);

#endif
