/**
 * Being told of every call that a store's driver gets: how long it took and what came of it. For
 * metrics; see hopt_store_options.observer.
 */
#ifndef HOPT_STORE_OBSERVER_H
#define HOPT_STORE_OBSERVER_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

/** The calls, as in store_driver.h. */
typedef enum hopt_store_op {
    HOPT_STORE_OP_OPEN,
    HOPT_STORE_OP_STUDY_CREATE,
    HOPT_STORE_OP_STUDY,
    HOPT_STORE_OP_STUDIES,
    HOPT_STORE_OP_STUDY_UPDATE,
    HOPT_STORE_OP_STUDY_DELETE,
    HOPT_STORE_OP_VISIT_BEGIN,
    HOPT_STORE_OP_VISIT_END,
    HOPT_STORE_OP_LEAD,
    HOPT_STORE_OP_RENEW,
    HOPT_STORE_OP_ABDICATE,
    HOPT_STORE_OP_TIDS,
    HOPT_STORE_OP_ENQUEUE,
    HOPT_STORE_OP_CLAIM,
    HOPT_STORE_OP_MINE,
    HOPT_STORE_OP_BEAT,
    HOPT_STORE_OP_FINISH,
    HOPT_STORE_OP_RELEASE,
    HOPT_STORE_OP_OPEN_SET,
    HOPT_STORE_OP_EXPIRE,
    HOPT_STORE_OP_CANCEL_NEW,
    HOPT_STORE_OP_STOP_RUNNING,
    HOPT_STORE_OP_RETRY,
    HOPT_STORE_OP_TRIALS,
    HOPT_STORE_OP_COUNTS,
    HOPT_STORE_OP_BEST,
    HOPT_STORE_OP_IMPORT,
    HOPT_STORE_OP_FOREIGN,
    HOPT_STORE_OP_REPORT,
    HOPT_STORE_OP_REPORTS,
    HOPT_STORE_OP_PUT_LOG,
    HOPT_STORE_OP_LOG,
    HOPT_STORE_OP_ATTACH,
    HOPT_STORE_OP_ATTACHMENTS,
    HOPT_STORE_OP_ATTACHMENT,
    HOPT_STORE_OP_WORKER_PUT,
    HOPT_STORE_OP_WORKER_REMOVE,
    HOPT_STORE_OP_WORKERS,
    HOPT_STORE_OP_SINK_STUDY,
    HOPT_STORE_OP_SINK_STUDY_PUT,
    HOPT_STORE_OP_SINK_PENDING,
    HOPT_STORE_OP_SINK_PUT,
    HOPT_STORE_OP_VERSION,
    HOPT_STORE_OP_HEALTH,
    HOPT_STORE_OP_CHECKPOINT, /**< this and the next: a Python driver's trials only */
    HOPT_STORE_OP_FILE,
    HOPT_STORE_OPS
} hopt_store_op;

/** "claim", "open_set", ... */
const char *hopt_store_op_name(hopt_store_op op);

typedef struct hopt_store_call {
    hopt_store_op op;
    hopt_status status;
    int64_t duration_ns;
    size_t done;      /**< ENQUEUE: trials that went in; else 0 */
    size_t conflicts; /**< how many writes found that somebody else had been faster */
} hopt_store_call;

typedef struct hopt_store_observer {
    /** By the thread that uses the store, after each call: several at once when it watches several
     * stores. Short, and no call of the store. */
    void (*called)(void *data, const hopt_store_call *call);
    void *data;
} hopt_store_observer;

#endif
