#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/trial/trial.h"

static hopt_trial *example(void) {
    hopt_trial *trial = hopt_trial_new();
    trial->num = 7;
    trial->tid = 47;
    trial->state = HOPT_DONE;
    trial->lease = 2;
    trial->lost = 1;
    trial->seed = 99;
    trial->worker = hopt_strdup("host:12:0123abcd");
    trial->vals = json_pack("{s:[i], s:[f], s:[]}", "m", 0, "m/C", 0.1, "m/x");
    trial->params = json_pack("{s:{s:s, s:f}}", "m", "_name", "svm", "C", 0.1);
    trial->book_ms = 1767323045678;
    trial->end_ms = 1767323046000;
    trial->result = (hopt_result){.state = HOPT_DONE, .ok = true, .has_loss = true, .loss = 0.3};
    trial->result.extras = json_pack("{s:f}", "accuracy", 0.7);
    trial->result.ms = 322;
    return trial;
}

static void expect_line(const hopt_trial *trial, bool maximize, const char *expected) {
    json_t *json = hopt_trial_json(trial, maximize);
    char *text = hopt_json_text(json);
    cr_assert_str_eq(text, expected);
    free(text);
    json_decref(json);
}

Test(trial_json, line_is_as_documented) {
    hopt_trial *trial = example();
    expect_line(trial, false,
                "{\"num\":7,\"tid\":47,\"state\":\"done\",\"status\":\"ok\",\"loss\":0.3,"
                "\"vals\":{\"m\":[0],\"m/C\":[0.1],\"m/x\":[]},"
                "\"params\":{\"m\":{\"_name\":\"svm\",\"C\":0.1}},\"attempt\":2,"
                "\"worker\":\"host:12:0123abcd\",\"start\":\"2026-01-02T03:04:05.678Z\","
                "\"end\":\"2026-01-02T03:04:06.000Z\",\"error\":null,"
                "\"extras\":{\"accuracy\":0.7},\"seed\":99,\"lease\":2,\"lost\":1,\"ms\":322}");
    hopt_trial_free(trial);
}

Test(trial_json, sign_and_absent_things) {
    hopt_trial *trial = hopt_trial_new();
    expect_line(trial, true,
                "{\"num\":0,\"tid\":0,\"state\":\"new\",\"status\":\"new\",\"loss\":null,"
                "\"vals\":{},\"params\":null,\"attempt\":1,\"worker\":null,\"start\":null,"
                "\"end\":null,\"error\":null,\"extras\":{}}");
    trial->state = HOPT_CANCEL;
    trial->result.has_loss = true;
    trial->result.loss = -0.75;
    trial->result.has_step = true;
    trial->result.step = 3;
    trial->result.stop = hopt_strdup("pruned");
    trial->result.status_fail = hopt_strdup("pruned");
    expect_line(trial, true,
                "{\"num\":0,\"tid\":0,\"state\":\"cancel\",\"status\":\"fail\",\"loss\":0.75,"
                "\"vals\":{},\"params\":null,\"attempt\":1,\"worker\":null,\"start\":null,"
                "\"end\":null,\"error\":null,\"extras\":{},\"stop\":\"pruned\",\"step\":3,"
                "\"status_fail\":\"pruned\"}");
    hopt_trial_free(trial);
}

Test(trial_json, error_text_that_is_not_utf8_is_kept_as_far_as_it_can) {
    hopt_trial *trial = hopt_trial_new();
    trial->state = HOPT_ERROR;
    trial->result.error_type = hopt_strdup("Exit");
    trial->result.error_message = hopt_strdup("exit 1: caf\xe9");
    json_t *json = hopt_trial_json(trial, false);
    const json_t *error = json_object_get(json, "error");
    cr_assert_str_eq(json_string_value(json_object_get(error, "message")), "exit 1: caf?");
    json_decref(json);
    json = hopt_trial_doc(trial);
    cr_assert_str_eq(json_string_value(json_array_get(json_object_get(json, "error"), 1)),
                     "exit 1: caf?");
    json_decref(json);
    hopt_trial_free(trial);
}

/* ---- reading ---- */

static hopt_status read_text(hopt_trial **out, const char *text, bool maximize, hopt_error *err) {
    json_t *json;
    cr_assert_eq(hopt_json_parse(&json, text, strlen(text), HOPT_JSON_NAN, err), HOPT_OK, "%s: %s",
                 text, err->message);
    hopt_status status = hopt_trial_from_json(out, json, maximize, err);
    json_decref(json);
    return status;
}

static hopt_trial *read_good(const char *text, bool maximize) {
    hopt_trial *trial;
    hopt_error err;
    cr_assert_eq(read_text(&trial, text, maximize, &err), HOPT_OK, "%s: %s", text, err.message);
    return trial;
}

Test(trial_json, little_is_enough) {
    hopt_trial *trial = read_good(
        "{\"tid\":5,\"vals\":{\"x\":[1.5]},\"status\":\"ok\",\"loss\":2,\"more\":[{}]}", false);
    cr_assert_eq(trial->num, 5);
    cr_assert_eq(trial->tid, 5);
    cr_assert_eq(trial->state, HOPT_DONE);
    cr_assert(trial->result.ok && trial->result.has_loss);
    cr_assert_eq(trial->result.loss, 2.0);
    hopt_trial_free(trial);
    trial =
        read_good("{\"num\":3,\"tid\":9000000000,\"vals\":{},\"status\":\"ok\",\"loss\":2}", true);
    cr_assert_eq(trial->num, 3);
    cr_assert_eq(trial->tid, 9000000000);
    cr_assert_eq(trial->result.loss, -2.0);
    hopt_trial_free(trial);
    trial = read_good("{\"num\":3,\"vals\":{},\"status\":\"fail\"}", false);
    cr_assert_eq(trial->state, HOPT_DONE);
    cr_assert_not(trial->result.ok);
    hopt_trial_free(trial);
    trial = read_good("{\"num\":3,\"vals\":{},\"status\":\"running\"}", false);
    cr_assert_eq(trial->state, HOPT_RUNNING);
    hopt_trial_free(trial);
    trial = read_good("{\"num\":3,\"vals\":{},\"error\":[\"Exit\",\"3\"]}", false);
    cr_assert_eq(trial->state, HOPT_ERROR);
    cr_assert_str_eq(trial->result.error_message, "3");
    hopt_trial_free(trial);
    trial = read_good("{\"num\":3,\"vals\":{},\"state\":\"cancel\",\"attempt\":4}", false);
    cr_assert_eq(trial->state, HOPT_CANCEL);
    cr_assert_eq(trial->lost, 3);
    hopt_trial_free(trial);
}

Test(trial_json, a_loss_that_is_no_number_makes_a_fail) {
    static const struct {
        const char *loss, *why;
    } rows[] = {{"NaN", "loss is nan"},
                {"null", "loss is nan"},
                {"Infinity", "loss is infinite"},
                {"-Infinity", "loss is infinite"}};
    for (size_t i = 0; i < HOPT_COUNT(rows); i++) {
        char *text =
            hopt_format("{\"num\":1,\"vals\":{},\"status\":\"ok\",\"loss\":%s}", rows[i].loss);
        hopt_trial *trial = read_good(text, false);
        cr_assert_eq(trial->state, HOPT_DONE);
        cr_assert_not(trial->result.ok);
        cr_assert_not(trial->result.has_loss);
        cr_assert_str_eq(trial->result.status_fail, rows[i].why);
        hopt_trial_free(trial);
        free(text);
    }
}

Test(trial_json, bad_lines_name_the_key) {
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"[1]", "must be a JSON object"},
        {"{\"vals\":{},\"status\":\"ok\",\"loss\":1}", "neither `num` nor `tid`"},
        {"{\"num\":-1,\"vals\":{},\"status\":\"ok\",\"loss\":1}", "`num` must lie in"},
        {"{\"num\":1.5,\"vals\":{},\"status\":\"ok\",\"loss\":1}", "`num` must be an integer"},
        {"{\"tid\":\"1\",\"vals\":{},\"status\":\"ok\",\"loss\":1}", "`tid` must be an integer"},
        {"{\"tid\":1,\"status\":\"ok\",\"loss\":1}", "`vals` is missing"},
        {"{\"tid\":1,\"vals\":[],\"status\":\"ok\",\"loss\":1}", "`vals` must be an object"},
        {"{\"tid\":1,\"vals\":{\"x\":3},\"status\":\"ok\",\"loss\":1}", "label `x` must be []"},
        {"{\"tid\":1,\"vals\":{\"x\":[1,2]},\"status\":\"ok\",\"loss\":1}", "label `x`"},
        {"{\"tid\":1,\"vals\":{\"x\":[\"a\"]},\"status\":\"ok\",\"loss\":1}", "label `x`"},
        {"{\"tid\":1,\"vals\":{\"x\":[NaN]},\"status\":\"ok\",\"loss\":1}", "label `x`"},
        {"{\"tid\":1,\"vals\":{}}", "neither `status` nor `state`"},
        {"{\"tid\":1,\"vals\":{},\"status\":\"good\"}", "not \"good\""},
        {"{\"tid\":1,\"vals\":{},\"status\":4}", "`status` must be a string"},
        {"{\"tid\":1,\"vals\":{},\"status\":\"ok\"}", "`loss` is missing"},
        {"{\"tid\":1,\"vals\":{},\"status\":\"ok\",\"loss\":\"low\"}", "`loss` must be a number"},
        {"{\"tid\":1,\"vals\":{},\"status\":\"ok\",\"loss\":[1]}", "`loss` must be a number"},
        {"{\"tid\":1,\"vals\":{},\"state\":\"over\"}", "`state` must be"},
        {"{\"tid\":1,\"vals\":{},\"state\":5}", "`state` must be"},
        {"{\"tid\":1,\"vals\":{},\"state\":\"done\"}", "`status` of a done trial"},
        {"{\"tid\":1,\"vals\":{},\"status\":\"fail\",\"start\":\"noon\"}", "`start` must be"},
        {"{\"tid\":1,\"vals\":{},\"status\":\"fail\",\"seed\":-4}", "`seed` must lie in"},
        {"{\"tid\":1,\"vals\":{},\"status\":\"fail\",\"worker\":4}", "`worker` must be a string"},
        {"{\"tid\":1,\"vals\":{},\"error\":\"bad\"}", "`error` must be"},
        {"{\"misc\":{},\"state\":2}", "neither `num` nor `tid`"},
        {"{\"misc\":{\"tid\":1},\"state\":2}", "`vals` is missing"},
    };
    for (size_t i = 0; i < HOPT_COUNT(rows); i++) {
        hopt_trial *trial = (hopt_trial *)&rows;
        hopt_error err = {0};
        cr_assert_eq(read_text(&trial, rows[i].text, false, &err), HOPT_EINVAL, "%s", rows[i].text);
        cr_assert_null(trial);
        cr_assert(strstr(err.message, rows[i].message), "%s\n  gives %s", rows[i].text,
                  err.message);
    }
}

/* As mongoexport --jsonFormat=canonical prints a trial of ours. */
static const char canonical[] =
    "{\"_id\":{\"$oid\":\"0102030405060708ff00000b\"},\"tid\":{\"$numberInt\":\"47\"},"
    "\"state\":{\"$numberInt\":\"2\"},\"spec\":null,\"exp_key\":\"digits\","
    "\"version\":{\"$numberInt\":\"2\"},\"owner\":[\"host:12:0123abcd\"],"
    "\"book_time\":{\"$date\":{\"$numberLong\":\"1767323045678\"}},"
    "\"refresh_time\":{\"$date\":{\"$numberLong\":\"1767323046000\"}},"
    "\"result\":{\"status\":\"ok\",\"loss\":{\"$numberDouble\":\"0.30000000000000004\"},"
    "\"n\":{\"$numberLong\":\"5000000000\"},\"bad\":{\"$numberDouble\":\"-Infinity\"}},"
    "\"misc\":{\"tid\":{\"$numberInt\":\"47\"},\"cmd\":[\"hopt\",\"server\"],\"workdir\":null,"
    "\"idxs\":{\"m\":[{\"$numberInt\":\"47\"}],\"m/C\":[]},"
    "\"vals\":{\"m\":[{\"$numberInt\":\"1\"}],\"u\":[{\"$numberDouble\":\"6.0\"}],\"m/C\":[]}},"
    "\"hopt\":{\"num\":{\"$numberInt\":\"11\"},\"lease\":{\"$numberInt\":\"1\"},"
    "\"lost\":{\"$numberInt\":\"0\"},\"beat\":{\"$numberLong\":\"4\"},"
    "\"seed\":{\"$numberLong\":\"9223372036854775807\"},\"saw\":[{\"$numberInt\":\"9\"},"
    "{\"$numberInt\":\"10\"}],\"view\":{\"erred\":[{\"$numberInt\":\"9\"}]},\"by\":\"m:1:"
    "ffffffff\",\"worker\":\"host:12:0123abcd\","
    "\"params\":{\"m\":{\"$numberInt\":\"1\"}},\"end\":{\"$date\":\"2026-01-02T03:04:06Z\"},"
    "\"ms\":{\"$numberLong\":\"322\"}}}";

Test(trial_json, whole_documents_in_extended_json) {
    /* maximize: a document's loss is minimized already. */
    hopt_trial *trial = read_good(canonical, true);
    cr_assert_eq(trial->num, 11);
    cr_assert_eq(hopt_trial_id_num(&trial->id), 11);
    cr_assert_eq(trial->id.bytes[8], 255);
    cr_assert_eq(trial->tid, 47);
    cr_assert_str_eq(trial->study, "digits");
    cr_assert_eq(trial->state, HOPT_DONE);
    cr_assert_eq(trial->version, 2);
    cr_assert_str_eq(trial->owner, "host:12:0123abcd");
    cr_assert_str_eq(trial->cmd, "server");
    cr_assert_eq(trial->book_ms, 1767323045678);
    cr_assert_eq(trial->refresh_ms, 1767323046000);
    cr_assert_eq(trial->end_ms, 1767323046000);
    cr_assert(trial->result.ok);
    cr_assert_eq(trial->result.loss, 0.30000000000000004);
    cr_assert_eq(trial->seed, (uint64_t)INT64_MAX);
    cr_assert_eq(trial->n_saw, 2);
    cr_assert_eq(trial->saw[1], 10);
    cr_assert_eq(json_integer_value(json_array_get(json_object_get(trial->view, "erred"), 0)), 9);
    cr_assert_eq(trial->beat, 4);
    cr_assert_eq(trial->result.ms, 322);
    char *text = hopt_json_text(trial->vals);
    cr_assert_str_eq(text, "{\"m\":[1],\"u\":[6.0],\"m/C\":[]}");
    free(text);
    text = hopt_json_text(trial->result.extras);
    cr_assert_str_eq(text, "{\"n\":5000000000,\"bad\":\"-Infinity\"}");
    free(text);
    text = hopt_json_text(trial->params);
    cr_assert_str_eq(text, "{\"m\":1}");
    free(text);
    hopt_trial_free(trial);
}

Test(trial_json, documents_of_hyperopt_need_nothing_of_ours) {
    hopt_trial *trial = read_good(
        "{\"_id\":{\"$oid\":\"65a000000000000000000001\"},\"tid\":12,\"state\":2,\"spec\":null,"
        "\"exp_key\":null,\"owner\":\"h:1\",\"version\":3,\"book_time\":{\"$date\":"
        "\"2026-01-02T03:04:05.678Z\"},\"refresh_time\":null,\"result\":{\"loss\":1.25,"
        "\"status\":\"ok\"},\"misc\":{\"tid\":12,\"cmd\":[\"domain_attachment\","
        "\"FMinIter_Domain\"],\"idxs\":{\"x\":[12]},\"vals\":{\"x\":[-1.5]}}}",
        false);
    cr_assert_eq(trial->num, 12);
    cr_assert_eq(trial->tid, 12);
    cr_assert_str_eq(trial->study, "");
    cr_assert_null(trial->cmd);
    cr_assert_str_eq(trial->owner, "h:1");
    cr_assert_eq(trial->result.loss, 1.25);
    hopt_trial_free(trial);
    /* A torn finish: the result is written, the state not yet. */
    trial = read_good("{\"tid\":1,\"state\":1,\"result\":{\"status\":\"ok\",\"loss\":1},"
                      "\"misc\":{\"tid\":1,\"vals\":{}}}",
                      false);
    cr_assert_eq(trial->state, HOPT_RUNNING);
    cr_assert_not(trial->result.has_loss);
    hopt_trial_free(trial);
}

Test(trial_json, damaged_documents_are_refused) {
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"[]", "not an object"},
        {"{\"vals\":3}", "`vals`"},
        {"{\"seed\":\"1\"}", "`seed`"},
        {"{\"saw\":[\"a\"]}", "`saw`"},
        {"{\"view\":[]}", "`view`"},
        {"{\"cmd\":1}", "`cmd`"},
        {"{}", "`status` of a done trial"},
        {"{\"result\":{\"status\":\"ok\"}}", "`loss` is missing"},
        {"{\"result\":{\"status\":\"fail\"},\"error\":7}", "`error`"},
    };
    for (size_t i = 0; i < HOPT_COUNT(rows); i++) {
        json_t *doc = json_loads(rows[i].text, 0, NULL);
        hopt_trial *trial = hopt_trial_new();
        trial->state = HOPT_DONE;
        hopt_error err = {0};
        cr_assert_eq(hopt_trial_read_doc(trial, doc, &err), HOPT_EINVAL, "%s", rows[i].text);
        cr_assert(strstr(err.message, rows[i].message), "%s\n  gives %s", rows[i].text,
                  err.message);
        hopt_trial_free(trial);
        json_decref(doc);
    }
}
