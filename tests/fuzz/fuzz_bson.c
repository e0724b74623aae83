/* Documents as a server, or whoever wrote to it, may give them: decoded as trial and as study. What
 * decodes must encode, and from then on come back the same, byte for byte. */
#include <bson/bson.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/store/mongo/bson_study.h"
#include "common/store/mongo/bson_trial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static hopt_trial *decode_trial(const bson_t *doc) {
    hopt_trial *trial;
    hopt_error err;
    hopt_status status = hopt_bson_trial_decode(&trial, doc, &err);
    if ((status == HOPT_OK) != (trial != NULL)) abort();
    return trial;
}

static void check_trial(const bson_t *doc) {
    hopt_trial *trial = decode_trial(doc);
    if (!trial) return;
    bson_t first = BSON_INITIALIZER, second = BSON_INITIALIZER;
    hopt_bson_trial_encode(&first, trial);
    hopt_trial *again = decode_trial(&first);
    if (!again) abort();
    hopt_bson_trial_encode(&second, again);
    if (!bson_equal(&first, &second)) abort();
    bson_destroy(&first);
    bson_destroy(&second);
    hopt_trial_free(trial);
    hopt_trial_free(again);
}

static void check_study(const bson_t *doc) {
    hopt_study_record *study, *again;
    hopt_error err;
    if (hopt_bson_study_decode(&study, doc, &err) != HOPT_OK) return;
    bson_t first = BSON_INITIALIZER, second = BSON_INITIALIZER;
    hopt_bson_study_encode(&first, study);
    if (hopt_bson_study_decode(&again, &first, &err) != HOPT_OK) abort();
    hopt_bson_study_encode(&second, again);
    if (!bson_equal(&first, &second)) abort();
    bson_destroy(&first);
    bson_destroy(&second);
    hopt_study_free(study);
    hopt_study_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    bson_t doc;
    /* Servers send well-formed BSON; libmongoc trusts it as we do. Text may be anything. */
    if (!bson_init_static(&doc, data, size) || !bson_validate(&doc, BSON_VALIDATE_NONE, NULL))
        return 0;
    check_trial(&doc);
    check_study(&doc);
    return 0;
}
