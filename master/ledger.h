/**
 * The ledger: what the records of a set of trials, taken together, say a proposer saw.
 *
 * Each proposal is stored with the difference between what its proposer had seen and what the
 * records that it knew amount to (docs/adr/0011): `saw`, the nums it saw ended; `view.erred`, those
 * of them that it saw end in ERROR, from where a retry leads back; `view.reopened`, nums that it
 * saw open again. Of several records that name a num, the one of the highest number counts. So a
 * difference can be read back whoever wrote the others, and in whatever order they became known.
 * Pure; not thread-safe.
 */
#ifndef HOPT_MASTER_LEDGER_H
#define HOPT_MASTER_LEDGER_H

#include "common/trial/trial.h"

/** What a proposer has seen of a trial. */
typedef enum hopt_seen {
    HOPT_SEEN_NOT,   /**< not even that it exists */
    HOPT_SEEN_OPEN,  /**< NEW or RUNNING: pending for the sampler */
    HOPT_SEEN_ENDED, /**< DONE or CANCEL: for ever */
    HOPT_SEEN_ERROR  /**< ERROR */
} hopt_seen;

/** HOPT_SEEN_OPEN, _ENDED or _ERROR, by a trial's present state. */
hopt_seen hopt_seen_of(hopt_state state);

typedef struct hopt_ledger hopt_ledger;

HOPT_MUST_CHECK hopt_ledger *hopt_ledger_new(void);
/** NULL is allowed. */
void hopt_ledger_free(hopt_ledger *ledger);

/** What the records that were read say of `num`: HOPT_SEEN_OPEN unless they list it. */
hopt_seen hopt_ledger_says(const hopt_ledger *ledger, int num);

/** One line of a record: its proposer saw `num` like this. */
typedef struct hopt_ledger_line {
    int num;
    hopt_seen seen;
} hopt_ledger_line;

/** All lines of a record. @return how many; `*lines` is the caller's, free(). */
size_t hopt_ledger_lines(hopt_ledger_line **lines, const hopt_trial *record);
/** Take up the lines of record `by`; the order in which records are taken up does not matter. */
void hopt_ledger_read(hopt_ledger *ledger, int by, const hopt_ledger_line *lines, size_t n);

/** The other members of a record's `view`. */
#define HOPT_VIEW_ERRED "erred"
#define HOPT_VIEW_REOPENED "reopened"
#define HOPT_VIEW_KNEW "knew"       /**< [from, to, ...]: other than all below num */
#define HOPT_VIEW_SAMPLER "sampler" /**< other than that of the records before */
#define HOPT_VIEW_GIVEN "given"     /**< true: not the sampler's */

#endif
