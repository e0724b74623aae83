/** The trials of an old experiment of Python's hyperopt: from its MongoDB, or from a file with its
 * documents. */
#ifndef HOPT_CLI_OLD_TRIALS_H
#define HOPT_CLI_OLD_TRIALS_H

#include "common/base/error.h"
#include "common/store/store.h"

typedef struct hopt_old_trial {
    hopt_trial *trial; /**< id is that of the old document; num is the old tid */
    bool attachments;  /**< the document names some */
} hopt_old_trial;

typedef struct hopt_old_trials {
    hopt_old_trial *list; /**< by tid */
    size_t count, capacity;
    json_t *keys;    /**< exp_key -> how many documents; "" for none */
    int64_t skipped; /**< of other experiments */
    hopt_errors
        errors; /**< documents that are no trials: a line's number, or the tid in the text */
} hopt_old_trials;

/** What to read. */
typedef struct hopt_old_source {
    const char *exp_key; /**< NULL: all */
    bool maximize;       /**< for lines of `hopt export`, whose loss has the user's sign */
} hopt_old_source;

/** Whether SOURCE names a store rather than a file. */
bool hopt_old_is_store(const char *source);

/** Read from a store. @return what hopt_store_foreign() says. */
HOPT_MUST_CHECK hopt_status hopt_old_read_store(hopt_old_trials *out, hopt_store *store,
                                                const hopt_old_source *source, hopt_error *err);
/** Read JSON lines; "-" is standard input. @return HOPT_EINVAL: there is no such file;
 * HOPT_EFAILED: it can't be read. */
HOPT_MUST_CHECK hopt_status hopt_old_read_file(hopt_old_trials *out, const char *path,
                                               const hopt_old_source *source, hopt_error *err);
void hopt_old_trials_clear(hopt_old_trials *trials);

#endif
