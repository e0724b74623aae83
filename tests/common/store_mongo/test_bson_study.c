#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/store/mongo/bson_study.h"

static hopt_study_record *sample(void) {
    static const uint8_t prefix[HOPT_PREFIX_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 255};
    hopt_study_record *study = hopt_study_new();
    strcpy(study->name, "digits");
    memcpy(study->prefix, prefix, sizeof prefix);
    study->state = HOPT_STUDY_CLOSING;
    study->reason = hopt_strdup("max_trials");
    study->rev = 4;
    study->spec = hopt_strdup("{}");
    strcpy(study->space_hash, "0123456789abcdef");
    strcpy(study->file_hash, "fedcba9876543210");
    study->seed = (uint64_t)INT64_MAX;
    study->active_ms = 12345678901;
    for (int i = 0; i < HOPT_STATES; i++)
        study->counts[i] = i * 10;
    study->has_best = true;
    study->best_num = 6;
    study->best_loss = 0.25;
    study->leader = hopt_strdup("host:1:00000000");
    study->epoch = 3;
    study->beat = 99;
    return study;
}

Test(bson_study, document) {
    hopt_study_record *study = sample();
    bson_t doc = BSON_INITIALIZER;
    hopt_bson_study_encode(&doc, study);
    char *text = bson_as_canonical_extended_json(&doc, NULL);
    cr_assert_str_eq(
        text,
        "{ \"_id\" : \"digits\", \"format\" : { \"$numberInt\" : \"1\" }, \"prefix\" : { "
        "\"$binary\" : { \"base64\" : \"AQIDBAUGBwj/\", \"subType\" : \"00\" } }, \"state\" : "
        "\"closing\", \"reason\" : \"max_trials\", \"rev\" : { \"$numberInt\" : \"4\" }, \"spec\" "
        ": \"{}\", \"file_hash\" : \"fedcba9876543210\", \"space_hash\" : \"0123456789abcdef\", "
        "\"seed\" : { \"$numberLong\" : \"9223372036854775807\" }, \"active_ms\" : { "
        "\"$numberLong\" : \"12345678901\" }, \"counts\" : [ { \"$numberInt\" : \"0\" }, { "
        "\"$numberInt\" : \"10\" }, { \"$numberInt\" : \"20\" }, { \"$numberInt\" : \"30\" }, { "
        "\"$numberInt\" : \"40\" } ], \"best\" : { \"num\" : { \"$numberInt\" : \"6\" }, \"loss\" "
        ": { \"$numberDouble\" : \"0.25\" } }, \"leader\" : { \"id\" : \"host:1:00000000\", "
        "\"epoch\" : { \"$numberInt\" : \"3\" }, \"beat\" : { \"$numberLong\" : \"99\" } } }");
    bson_free(text);
    bson_destroy(&doc);
    hopt_study_free(study);
}

Test(bson_study, round_trip) {
    hopt_study_record *study = sample(), *back;
    bson_t doc = BSON_INITIALIZER;
    hopt_error err = {0};
    hopt_bson_study_encode(&doc, study);
    cr_assert_eq(hopt_bson_study_decode(&back, &doc, &err), HOPT_OK, "%s", err.message);
    cr_assert_str_eq(back->name, "digits");
    cr_assert_eq(back->format, 1);
    cr_assert_arr_eq(back->prefix, study->prefix, HOPT_PREFIX_SIZE);
    cr_assert_eq(back->state, HOPT_STUDY_CLOSING);
    cr_assert_str_eq(back->reason, "max_trials");
    cr_assert_eq(back->rev, 4);
    cr_assert_str_eq(back->spec, "{}");
    cr_assert_str_eq(back->space_hash, study->space_hash);
    cr_assert_str_eq(back->file_hash, study->file_hash);
    cr_assert_eq(back->seed, (uint64_t)INT64_MAX);
    cr_assert_eq(back->active_ms, 12345678901);
    cr_assert_arr_eq(back->counts, study->counts, sizeof study->counts);
    cr_assert(back->has_best && back->best_num == 6 && back->best_loss == 0.25);
    cr_assert_str_eq(back->leader, study->leader);
    cr_assert_eq(back->epoch, 3);
    cr_assert_eq(back->beat, 99);
    hopt_study_free(study);
    hopt_study_free(back);
    bson_destroy(&doc);
}

Test(bson_study, nothing_set_round_trip) {
    hopt_study_record *study = hopt_study_new(), *back;
    bson_t doc = BSON_INITIALIZER;
    hopt_error err = {0};
    strcpy(study->name, "a");
    study->spec = hopt_strdup("");
    hopt_bson_study_encode(&doc, study);
    cr_assert_eq(hopt_bson_study_decode(&back, &doc, &err), HOPT_OK, "%s", err.message);
    cr_assert_null(back->reason);
    cr_assert_null(back->leader);
    cr_assert_not(back->has_best);
    hopt_study_free(study);
    hopt_study_free(back);
    bson_destroy(&doc);
}

Test(bson_study, damaged_records_are_told) {
    static const char *const fields[] = {"_id", "format", "prefix", "state", "rev", "spec"};
    hopt_study_record *study = sample(), *back;
    bson_t doc = BSON_INITIALIZER;
    hopt_bson_study_encode(&doc, study);
    for (size_t i = 0; i < HOPT_COUNT(fields); i++) {
        bson_t changed = BSON_INITIALIZER;
        hopt_error err = {0};
        bson_copy_to_excluding_noinit(&doc, &changed, fields[i], NULL);
        cr_assert_eq(hopt_bson_study_decode(&back, &changed, &err), HOPT_EINVAL, "%s", fields[i]);
        cr_assert_null(back);
        BSON_APPEND_BOOL(&changed, fields[i], true);
        cr_assert_eq(hopt_bson_study_decode(&back, &changed, &err), HOPT_EINVAL, "%s", fields[i]);
        cr_assert(strstr(err.message, fields[i]), "%s", err.message);
        bson_destroy(&changed);
    }
    bson_destroy(&doc);
    hopt_study_free(study);
}

/* It may have other fields in other forms, but its number is told first. */
Test(bson_study, newer_format_is_told) {
    hopt_study_record *back;
    hopt_error err = {0};
    bson_t *doc =
        BCON_NEW("_id", BCON_UTF8("a"), "prefix", BCON_BOOL(true), "format", BCON_INT32(2));
    cr_assert_eq(hopt_bson_study_decode(&back, doc, &err), HOPT_EINVAL);
    cr_assert(strstr(err.message, "format 2"), "%s", err.message);
    bson_destroy(doc);
}
