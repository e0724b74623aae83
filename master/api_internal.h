/** What the two files of the API share. */
#ifndef HOPT_MASTER_API_INTERNAL_H
#define HOPT_MASTER_API_INTERNAL_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/store/store.h"

enum { HOPT_API_LIMIT_MAX = 1000 };

typedef enum hopt_api_kind {
    HOPT_API_STUDIES,
    HOPT_API_STUDY,
    HOPT_API_BEST,
    HOPT_API_TRIALS,
    HOPT_API_TRIAL,
    HOPT_API_LOG,
    HOPT_API_REPORTS,
    HOPT_API_WORKERS
} hopt_api_kind;

/** What is asked for. */
typedef struct hopt_api_question {
    hopt_api_kind kind;
    char study[HOPT_STUDY_NAME_MAX];
    int num;
    int after, limit, state_mask; /**< TRIALS */
} hopt_api_question;

/** Answer into `body`. On the API's thread. @return HOPT_OK; HOPT_ENOTFOUND and others with `err`.
 */
HOPT_MUST_CHECK hopt_status hopt_api__read(const hopt_api_question *question, hopt_store *store,
                                           hopt_buf *body, hopt_error *err);

#endif
