/* A history line through hopt_trial_from_json(); a good trial survives both JSON forms. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/trial/trial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const hopt_trial *trial, bool maximize) {
    json_t *line = hopt_trial_json(trial, maximize);
    hopt_trial *again;
    HOPT_ASSERT(hopt_trial_from_json(&again, line, maximize, NULL) == HOPT_OK);
    json_t *second = hopt_trial_json(again, maximize);
    HOPT_ASSERT(json_equal(line, second));
    json_decref(second);
    json_decref(line);
    hopt_trial_free(again);
}

static void check_doc(const hopt_trial *trial) {
    json_t *doc = hopt_trial_doc(trial);
    hopt_trial *again = hopt_trial_new();
    again->state = trial->state;
    HOPT_ASSERT(hopt_trial_read_doc(again, doc, NULL) == HOPT_OK);
    json_t *second = hopt_trial_doc(again);
    HOPT_ASSERT(json_equal(doc, second));
    json_decref(second);
    json_decref(doc);
    hopt_trial_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    /* Some flags by the length, so that one corpus serves both. */
    bool maximize = size % 2;
    json_t *json;
    hopt_error err = {0};
    if (hopt_json_parse(&json, size ? (const char *)data : "", size, HOPT_JSON_NAN, &err) !=
        HOPT_OK)
        return 0;
    hopt_trial *trial;
    hopt_status status = hopt_trial_from_json(&trial, json, maximize, &err);
    HOPT_ASSERT((status == HOPT_OK) == (trial != NULL));
    HOPT_ASSERT(status == HOPT_OK || err.message[0]);
    if (trial) {
        check_line(trial, maximize);
        check_doc(trial);
    }
    hopt_trial_free(trial);
    json_decref(json);
    return 0;
}
