/**
 * The trials as hyperopt's algorithms see them: those with a document that is not in state ERROR,
 * running ones included, in the order of their numbers. Columns of values by arrival. Not
 * thread-safe.
 */
#ifndef HOPT_SAMPLER_HYPEROPT_DOCS_H
#define HOPT_SAMPLER_HYPEROPT_DOCS_H

#include "common/sampler/sampler.h"

typedef struct hopt_hyperopt_doc {
    int64_t num;
    int64_t id;    /**< num, or of the trial it was derived from (misc.from_tid) */
    double loss;   /**< +infinity: none (yet); NaN: it was reported so */
    uint32_t slot; /**< row of the columns */
    bool valued;   /**< has its values */
    bool ended;
    bool hidden; /**< state ERROR, or cancelled: hyperopt has no such document */
} hopt_hyperopt_doc;

/** One of the trials that TPE keeps: the best of those with the same id. */
typedef struct hopt_hyperopt_kept {
    int64_t id, num;
    double loss;
    uint32_t slot;
} hopt_hyperopt_kept;

typedef struct hopt_hyperopt_docs {
    int size;                /**< parameters */
    hopt_hyperopt_doc *list; /**< by num */
    size_t count, capacity;
    double **column; /**< of each parameter, by slot; NaN where inactive */
    int64_t *num_of; /**< by slot */
    size_t rows;     /**< that the columns have room for */
    unsigned epoch;  /**< rises when a value of the columns changes that was there before */
    bool derived;    /**< some id differs from its num */
    hopt_hyperopt_kept *kept; /**< what hopt_hyperopt_docs_keep() found, by id */
    size_t n_kept, kept_capacity;
} hopt_hyperopt_docs;

void hopt_hyperopt_docs_init(hopt_hyperopt_docs *docs, int size);
void hopt_hyperopt_docs_clear(hopt_hyperopt_docs *docs);

/** An ended trial; one that was added before is ignored. */
void hopt_hyperopt_docs_add(hopt_hyperopt_docs *docs, const hopt_observation *observation);
/** A running one. Repeats are ignored. */
void hopt_hyperopt_docs_pend(hopt_hyperopt_docs *docs, int64_t num, const double *point);

/**
 * Fill `kept`: per id the trial of the lowest loss, of equal ones the latest. As in hyperopt, a
 * first loss of NaN hides the id for good. Sorted by id.
 */
void hopt_hyperopt_docs_keep(hopt_hyperopt_docs *docs);

#endif
