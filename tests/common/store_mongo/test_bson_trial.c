#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/store/mongo/bson_trial.h"

static const uint8_t prefix[HOPT_PREFIX_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

static hopt_trial *sample(hopt_state state) {
    hopt_trial *trial = hopt_trial_new();
    trial->id = hopt_trial_id_make(prefix, 7);
    strcpy(trial->study, "digits");
    trial->num = 7;
    trial->tid = 47;
    trial->state = state;
    trial->version = 3;
    trial->owner = hopt_strdup("host:12:0badcafe");
    trial->worker = hopt_strdup("host:12:0badcafe");
    trial->cmd = hopt_strdup("server");
    trial->lease = 2;
    trial->lost = 1;
    trial->beat = 5;
    trial->seed = (uint64_t)INT64_MAX;
    trial->saw = hopt_zalloc(2, sizeof trial->saw[0]);
    trial->n_saw = 2;
    trial->saw[0] = 4;
    trial->saw[1] = 6;
    trial->by = hopt_strdup("master:1:00000000");
    trial->vals = json_pack("{s:[f],s:[i],s:[]}", "C", 0.1, "model", 1, "gone");
    trial->params = json_pack("{s:{s:f,s:i},s:n}", "model", "C", 0.1, "n", 3, "none");
    trial->book_ms = 1000;
    trial->refresh_ms = 2000;
    return trial;
}

static void check(const bson_t *doc, const char *expected) {
    char *text = bson_as_relaxed_extended_json(doc, NULL);
    cr_assert_str_eq(text, expected);
    bson_free(text);
}

static hopt_trial *round_trip(const hopt_trial *trial) {
    bson_t doc = BSON_INITIALIZER;
    hopt_error err = {0};
    hopt_trial *back;
    hopt_bson_trial_encode(&doc, trial);
    cr_assert_eq(hopt_bson_trial_decode(&back, &doc, &err), HOPT_OK, "%s", err.message);
    bson_destroy(&doc);
    return back;
}

/* FORMATS §1, field by field and in its order: what Python's hyperopt reads. */
Test(bson_trial, document_of_a_new_trial) {
    hopt_trial *trial = sample(HOPT_NEW);
    trial->book_ms = trial->refresh_ms = 0;
    trial->lease = trial->lost = trial->version = 0;
    trial->beat = 0;
    free(trial->worker);
    trial->worker = NULL;
    bson_t doc = BSON_INITIALIZER;
    hopt_bson_trial_encode(&doc, trial);
    check(&doc,
          "{ \"_id\" : { \"$oid\" : \"010203040506070809000007\" }, \"tid\" : 47, \"state\" : 0, "
          "\"spec\" : null, \"exp_key\" : \"digits\", \"version\" : 0, \"owner\" : [ \"hopt\" ], "
          "\"book_time\" : null, \"refresh_time\" : null, \"result\" : { \"status\" : \"new\" }, "
          "\"misc\" : { \"tid\" : 47, \"cmd\" : [ \"hopt\", \"server\" ], \"workdir\" : null, "
          "\"idxs\" : { \"C\" : [ 47 ], \"model\" : [ 47 ], \"gone\" : [  ] }, \"vals\" : { \"C\" "
          ": [ 0.10000000000000000555 ], \"model\" : [ 1 ], \"gone\" : [  ] } }, \"hopt\" : { "
          "\"num\" : 7, \"lease\" : 0, \"lost\" : 0, \"beat\" : 0, \"seed\" : 9223372036854775807, "
          "\"saw\" : [ 4, 6 ], \"by\" : \"master:1:00000000\", \"params\" : { \"model\" : { \"C\" "
          ": 0.10000000000000000555, \"n\" : 3 }, \"none\" : null } } }");
    bson_destroy(&doc);
    hopt_trial_free(trial);
}

Test(bson_trial, int_types) {
    static const struct {
        const char *path;
        bson_type_t type;
    } fields[] = {{"tid", BSON_TYPE_INT32},
                  {"state", BSON_TYPE_INT32},
                  {"version", BSON_TYPE_INT32},
                  {"misc.tid", BSON_TYPE_INT32},
                  {"misc.idxs.C.0", BSON_TYPE_INT32},
                  {"misc.vals.C.0", BSON_TYPE_DOUBLE},
                  {"misc.vals.model.0", BSON_TYPE_INT32},
                  {"hopt.num", BSON_TYPE_INT32},
                  {"hopt.lease", BSON_TYPE_INT32},
                  {"hopt.lost", BSON_TYPE_INT32},
                  {"hopt.beat", BSON_TYPE_INT64},
                  {"hopt.seed", BSON_TYPE_INT64},
                  {"hopt.saw.0", BSON_TYPE_INT32},
                  {"book_time", BSON_TYPE_DATE_TIME}};
    hopt_trial *trial = sample(HOPT_RUNNING);
    bson_t doc = BSON_INITIALIZER;
    hopt_bson_trial_encode(&doc, trial);
    for (size_t i = 0; i < HOPT_COUNT(fields); i++) {
        bson_iter_t at, found;
        cr_assert(bson_iter_init(&at, &doc) &&
                      bson_iter_find_descendant(&at, fields[i].path, &found),
                  "%s", fields[i].path);
        cr_assert_eq(bson_iter_type(&found), fields[i].type, "%s", fields[i].path);
    }
    bson_destroy(&doc);
    hopt_trial_free(trial);
}

Test(bson_trial, running_round_trip) {
    hopt_trial *trial = sample(HOPT_RUNNING);
    trial->result.stop = hopt_strdup("timeout");
    trial->result.has_step = true;
    trial->result.step = 9;
    hopt_trial *back = round_trip(trial);
    cr_assert_eq(memcmp(&back->id, &trial->id, sizeof trial->id), 0);
    cr_assert_str_eq(back->study, "digits");
    cr_assert_eq(back->num, 7);
    cr_assert_eq(back->tid, 47);
    cr_assert_eq(back->state, HOPT_RUNNING);
    cr_assert_eq(back->version, 3);
    cr_assert_str_eq(back->owner, trial->owner);
    cr_assert_str_eq(back->worker, trial->worker);
    cr_assert_str_eq(back->cmd, "server");
    cr_assert_eq(back->lease, 2);
    cr_assert_eq(back->lost, 1);
    cr_assert_eq(back->beat, 5);
    cr_assert_eq(back->seed, (uint64_t)INT64_MAX);
    cr_assert_eq(back->n_saw, 2);
    cr_assert_arr_eq(back->saw, trial->saw, 2 * sizeof(int));
    cr_assert_str_eq(back->by, trial->by);
    cr_assert(json_equal(back->vals, trial->vals));
    cr_assert(json_equal(back->params, trial->params));
    cr_assert_eq(back->book_ms, 1000);
    cr_assert_eq(back->refresh_ms, 2000);
    cr_assert_eq(back->end_ms, 0);
    cr_assert_str_eq(back->result.stop, "timeout");
    cr_assert(back->result.has_step && back->result.step == 9);
    hopt_trial_free(trial);
    hopt_trial_free(back);
}

Test(bson_trial, done_round_trip) {
    hopt_trial *trial = sample(HOPT_DONE);
    trial->end_ms = 3000;
    trial->result.ms = 12;
    trial->result.ok = trial->result.has_loss = true;
    trial->result.loss = 0.30000000000000004;
    trial->result.extras = json_pack("{s:f,s:{s:[i]}}", "acc.top$1", 0.5, "", "$x", 1);
    hopt_trial *back = round_trip(trial);
    cr_assert_eq(back->state, HOPT_DONE);
    cr_assert(back->result.ok && back->result.has_loss);
    cr_assert_eq(back->result.loss, 0.30000000000000004);
    cr_assert(json_equal(back->result.extras, trial->result.extras));
    cr_assert_eq(back->end_ms, 3000);
    cr_assert_eq(back->result.ms, 12);
    hopt_trial_free(trial);
    hopt_trial_free(back);
}

Test(bson_trial, error_keeps_the_result_of_a_new_one) {
    hopt_trial *trial = sample(HOPT_ERROR);
    bson_t doc = BSON_INITIALIZER;
    bson_iter_t at, found;
    trial->result.error_type = hopt_strdup("Exit");
    trial->result.error_message = hopt_strdup("status 1: \xff");
    hopt_bson_trial_encode(&doc, trial);
    cr_assert(bson_iter_init(&at, &doc) && bson_iter_find_descendant(&at, "result.status", &found));
    cr_assert_str_eq(bson_iter_utf8(&found, NULL), "new");
    cr_assert(bson_iter_init(&at, &doc) && bson_iter_find_descendant(&at, "error.1", &found));
    cr_assert_str_eq(bson_iter_utf8(&found, NULL), "status 1: ?");
    hopt_trial *back = round_trip(trial);
    cr_assert_str_eq(back->result.error_type, "Exit");
    cr_assert_str_eq(back->result.error_message, "status 1: ?");
    cr_assert_not(back->result.has_loss);
    hopt_trial_free(trial);
    hopt_trial_free(back);
    bson_destroy(&doc);
}

/* What RETRY leaves in the document of a trial that is queued again. */
Test(bson_trial, a_new_trial_forgets_its_former_end) {
    hopt_trial *trial = sample(HOPT_ERROR);
    bson_t doc = BSON_INITIALIZER, changed = BSON_INITIALIZER;
    trial->end_ms = 3000;
    trial->result.ms = 12;
    trial->result.stop = hopt_strdup("timeout");
    hopt_bson_trial_encode(&doc, trial);
    bson_copy_to_excluding_noinit(&doc, &changed, "state", NULL);
    BSON_APPEND_INT32(&changed, "state", HOPT_NEW);
    hopt_trial *back;
    hopt_error err;
    cr_assert_eq(hopt_bson_trial_decode(&back, &changed, &err), HOPT_OK);
    cr_assert_eq(back->end_ms, 0);
    cr_assert_eq(back->result.ms, 0);
    cr_assert_eq(back->book_ms, 0);
    cr_assert_null(back->result.stop);
    cr_assert_null(back->result.error_type);
    hopt_trial_free(trial);
    hopt_trial_free(back);
    bson_destroy(&doc);
    bson_destroy(&changed);
}

/* A loss that somebody else wrote. */
Test(bson_trial, nan_loss_is_a_fail) {
    static const double losses[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < HOPT_COUNT(losses); i++) {
        hopt_trial *trial = sample(HOPT_DONE), *back;
        hopt_error err;
        bson_t doc = BSON_INITIALIZER, changed = BSON_INITIALIZER, result;
        hopt_bson_trial_encode(&doc, trial);
        bson_copy_to_excluding_noinit(&doc, &changed, "result", NULL);
        BSON_APPEND_DOCUMENT_BEGIN(&changed, "result", &result);
        BSON_APPEND_UTF8(&result, "status", "ok");
        BSON_APPEND_DOUBLE(&result, "loss", losses[i]);
        bson_append_document_end(&changed, &result);
        cr_assert_eq(hopt_bson_trial_decode(&back, &changed, &err), HOPT_OK);
        cr_assert_not(back->result.ok);
        cr_assert_not(back->result.has_loss);
        cr_assert_str_eq(back->result.status_fail, i ? "loss is infinite" : "loss is nan");
        hopt_trial_free(trial);
        hopt_trial_free(back);
        bson_destroy(&doc);
        bson_destroy(&changed);
    }
}

Test(bson_trial, numbers_of_other_types_are_read) {
    hopt_trial *trial = sample(HOPT_RUNNING), *back;
    hopt_error err;
    bson_t doc = BSON_INITIALIZER, changed = BSON_INITIALIZER;
    hopt_bson_trial_encode(&doc, trial);
    bson_copy_to_excluding_noinit(&doc, &changed, "state", "tid", "version", NULL);
    BSON_APPEND_DOUBLE(&changed, "state", 1.0); /* as the shell writes */
    BSON_APPEND_INT64(&changed, "tid", 47);
    BSON_APPEND_DOUBLE(&changed, "version", 3.0);
    cr_assert_eq(hopt_bson_trial_decode(&back, &changed, &err), HOPT_OK);
    cr_assert_eq(back->state, HOPT_RUNNING);
    cr_assert_eq(back->tid, 47);
    cr_assert_eq(back->version, 3);
    hopt_trial_free(trial);
    hopt_trial_free(back);
    bson_destroy(&doc);
    bson_destroy(&changed);
}

Test(bson_trial, every_missing_or_wrong_field_is_named) {
    static const char *const fields[] = {"_id", "tid", "state", "exp_key", "result", "hopt"};
    hopt_trial *trial = sample(HOPT_RUNNING), *back;
    bson_t doc = BSON_INITIALIZER;
    hopt_bson_trial_encode(&doc, trial);
    for (size_t i = 0; i < HOPT_COUNT(fields); i++) {
        bson_t changed = BSON_INITIALIZER;
        hopt_error err = {0};
        bson_copy_to_excluding_noinit(&doc, &changed, fields[i], NULL);
        cr_assert_eq(hopt_bson_trial_decode(&back, &changed, &err), HOPT_EINVAL, "%s", fields[i]);
        cr_assert_null(back);
        cr_assert(strstr(err.message, "missing"), "%s: %s", fields[i], err.message);
        BSON_APPEND_BOOL(&changed, fields[i], true);
        cr_assert_eq(hopt_bson_trial_decode(&back, &changed, &err), HOPT_EINVAL, "%s", fields[i]);
        cr_assert(strstr(err.message, fields[i]), "%s: %s", fields[i], err.message);
        bson_destroy(&changed);
    }
    bson_destroy(&doc);
    hopt_trial_free(trial);
}

Test(bson_trial, another_programs_trial_is_not_ours) {
    hopt_trial *trial = sample(HOPT_RUNNING), *back;
    bson_t doc = BSON_INITIALIZER, changed = BSON_INITIALIZER, misc, cmd;
    hopt_error err;
    hopt_bson_trial_encode(&doc, trial);
    bson_copy_to_excluding_noinit(&doc, &changed, "misc", "hopt", NULL);
    BSON_APPEND_DOCUMENT_BEGIN(&changed, "misc", &misc);
    BSON_APPEND_ARRAY_BEGIN(&misc, "cmd", &cmd);
    BSON_APPEND_UTF8(&cmd, "0", "domain_attachment");
    BSON_APPEND_UTF8(&cmd, "1", "FMinIter_Domain");
    bson_append_array_end(&misc, &cmd);
    bson_append_document_end(&changed, &misc);
    cr_assert_eq(hopt_bson_trial_decode(&back, &changed, &err), HOPT_ENOTFOUND);
    cr_assert_null(back);
    hopt_trial_free(trial);
    bson_destroy(&doc);
    bson_destroy(&changed);
}

/* Found in a study's own slots, it is counted as malformed, not passed over. */
Test(bson_trial, ours_without_misc_is_damaged) {
    hopt_trial *trial = sample(HOPT_RUNNING), *back;
    bson_t doc = BSON_INITIALIZER, changed = BSON_INITIALIZER;
    hopt_error err;
    hopt_bson_trial_encode(&doc, trial);
    bson_copy_to_excluding_noinit(&doc, &changed, "misc", NULL);
    cr_assert_eq(hopt_bson_trial_decode(&back, &changed, &err), HOPT_EINVAL);
    hopt_trial_free(trial);
    bson_destroy(&doc);
    bson_destroy(&changed);
}

Test(bson_trial, num_must_be_that_of_the_id) {
    hopt_trial *trial = sample(HOPT_RUNNING), *back;
    bson_t doc = BSON_INITIALIZER;
    hopt_error err;
    trial->num = 8;
    hopt_bson_trial_encode(&doc, trial);
    cr_assert_eq(hopt_bson_trial_decode(&back, &doc, &err), HOPT_EINVAL);
    hopt_trial_free(trial);
    bson_destroy(&doc);
}
