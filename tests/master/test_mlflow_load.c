/* What studies and trials are in MLflow: keys, values, batches. */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "master/sinks/mlflow.h"
#include "master/sinks/mlflow_load.h"

static const char *key_of(const char *label) {
    static char out[400];
    static const char *const reserved[] = {"loss", NULL};
    hopt_buf key = HOPT_BUF_INIT;
    hopt_mlflow_key(&key, "", label, reserved);
    snprintf(out, sizeof out, "%s", hopt_buf_string(&key));
    hopt_buf_clear(&key);
    return out;
}

Test(mlflow_load, keys_are_kept_or_escaped) {
    static const char *const pairs[][2] = {
        {"x", "x"},
        {"model/svm/C", "model/svm/C"},
        {"a b.c-d_e", "a b.c-d_e"},
        {"x[0]", "x_-5b0_-5d"},
        {"a_-b", "a_-5f-b"},
        {"a_-5bb", "a_-5f-5bb"},
        {"__-", "__-5f-"},
        {"\xc3\xa4", "_-c3_-a4"},
        {"/a", "_-2fa"},
        {"a/", "a_-2f"},
        {"a//b", "a/_-2fb"},
        {"..", "_-2e."},
        {".", "_-2e"},
        {"a/./b", "a/_-2e/b"},
        {"a/../b", "a/_-2e./b"},
        {"..a", "_-2e.a"},
        {".hidden", ".hidden"},
        {"loss", "_-6coss"},
        {"losses", "losses"},
        {"", "_-"},
    };
    for (size_t i = 0; i < HOPT_COUNT(pairs); i++)
        cr_expect_str_eq(key_of(pairs[i][0]), pairs[i][1], "%s: %s", pairs[i][0],
                         key_of(pairs[i][0]));
}

/* Undo an escaped key, as a person would. */
static void decode(char *out, const char *key) {
    while (*key) {
        if (key[0] == '_' && key[1] == '-') {
            char hex[3] = {key[2], key[3], '\0'};
            *out++ = (char)strtol(hex, NULL, 16);
            key += 4;
        } else {
            *out++ = *key++;
        }
    }
    *out = '\0';
}

/* Every text of up to 6 of the bytes that matter comes back: so no two have the same key. */
Test(mlflow_load, keys_are_different_for_different_labels) {
    static const char bytes[] = "_-/.5a[";
    char label[8], back[64];
    for (int length = 1; length <= 6; length++) {
        int count = 1;
        for (int i = 0; i < length; i++)
            count *= (int)sizeof bytes - 1;
        for (int n = 0; n < count; n++) {
            for (int i = 0, rest = n; i < length; i++, rest /= (int)sizeof bytes - 1)
                label[i] = bytes[rest % ((int)sizeof bytes - 1)];
            label[length] = '\0';
            const char *key = key_of(label);
            decode(back, key);
            cr_assert_str_eq(back, label, "%s: %s", label, key);
            cr_assert(!strstr(key, "//") && key[0] != '/' && key[strlen(key) - 1] != '/' &&
                          strncmp(key, "..", 2) != 0 && !strstr(key, "/./") && !strstr(key, "/../"),
                      "%s: %s", label, key);
        }
    }
}

Test(mlflow_load, long_keys_stay_different) {
    char a[300], b[300], first[400];
    memset(a, 'k', 299);
    a[299] = '\0';
    memcpy(b, a, sizeof b);
    b[298] = 'j';
    snprintf(first, sizeof first, "%s", key_of(a));
    cr_assert(strlen(first) <= HOPT_MLFLOW_KEY_MAX);
    cr_assert_str_neq(first, key_of(b));
    cr_assert_str_eq(first, key_of(a));
    a[250] = '\0';
    cr_assert_str_eq(key_of(a), a, "just short enough");
}

static char *number_text(double value) {
    json_t *json = hopt_mlflow_value(value), *list = json_pack("[o]", json);
    char *text = hopt_json_text(list);
    json_decref(list);
    return text;
}

Test(mlflow_load, numbers_that_json_has_not) {
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0.5, "[0.5]"},
                 {(double)NAN, "[\"NaN\"]"},
                 {(double)INFINITY, "[\"Infinity\"]"},
                 {-(double)INFINITY, "[\"-Infinity\"]"},
                 {1e-300, "[1e-300]"}};
    for (size_t i = 0; i < HOPT_COUNT(cases); i++) {
        char *text = number_text(cases[i].value);
        cr_expect_str_eq(text, cases[i].text);
        free(text);
    }
    json_t *nan = json_string("NaN"), *huge = json_real(DBL_MAX), *half = json_real(0.5);
    cr_assert(hopt_mlflow_same((double)NAN, nan));
    cr_assert(!hopt_mlflow_same(0.5, nan) && !hopt_mlflow_same((double)NAN, half));
    cr_assert(hopt_mlflow_same((double)INFINITY, huge), "as MLflow gives it back");
    cr_assert(!hopt_mlflow_same(-(double)INFINITY, huge));
    cr_assert(hopt_mlflow_same(0.5, half));
    json_decref(nan);
    json_decref(huge);
    json_decref(half);
}

static size_t size_of(const json_t *batch, const char *key) {
    return json_array_size(json_object_get(batch, key));
}

Test(mlflow_load, batches_hold_to_the_limits_and_lose_nothing) {
    hopt_mlflow_load load;
    char key[32];
    size_t metrics = 0, params = 0, tags = 0, batches = 0;
    hopt_mlflow_load_init(&load);
    for (int i = 0; i < 10007; i++)
        hopt_mlflow_add_metric(&load, "m", i, 1000 + i, i);
    for (int i = 0; i < 1003; i++) {
        snprintf(key, sizeof key, "p%d", i);
        hopt_mlflow_add_param(&load, key, "v");
    }
    for (int i = 0; i < 101; i++)
        hopt_mlflow_add_tag(&load, "t", "v");
    json_t *batch;
    while ((batch = hopt_mlflow_batch(&load, "r"))) {
        size_t m = size_of(batch, "metrics"), p = size_of(batch, "params"),
               t = size_of(batch, "tags");
        cr_assert(m <= 1000 && p <= 100 && t <= 100 && m + p + t <= 1000 && m + p + t > 0);
        for (size_t i = 0; i < m; i++, metrics++) {
            const json_t *one = json_array_get(json_object_get(batch, "metrics"), i);
            cr_assert_eq(hopt_json_integer_of(one, "step", -1), (long long)metrics);
        }
        cr_assert_str_eq(hopt_json_string_of(batch, "run_id"), "r");
        params += p;
        tags += t;
        batches++;
        json_decref(batch);
    }
    cr_assert(metrics == 10007 && params == 1003 && tags == 101);
    cr_assert_leq(batches, 13);
    hopt_mlflow_load_clear(&load);
}

Test(mlflow_load, long_values_are_cut_between_characters) {
    hopt_mlflow_load load;
    char *text = hopt_alloc(8001);
    for (int i = 0; i < 8000; i += 2)
        memcpy(text + i, "\xc3\xa4", 2);
    text[8000] = '\0';
    hopt_mlflow_load_init(&load);
    hopt_mlflow_add_param(&load, "p", text);
    hopt_mlflow_add_tag(&load, "t", "bad \xff byte");
    const char *value = hopt_json_string_of(json_array_get(load.params, 0), "value");
    cr_assert(value && strlen(value) <= 6000 && strlen(value) > 5990);
    cr_assert_str_eq(value + strlen(value) - 5, "\xc3\xa4...");
    value = hopt_json_string_of(json_array_get(load.tags, 0), "value");
    cr_assert_str_eq(value, "bad \xef\xbf\xbd byte");
    hopt_mlflow_load_clear(&load);
    free(text);
}

static hopt_study_spec *parse(const char *text) {
    hopt_errors errors = {0};
    hopt_study_spec *spec;
    hopt_status status = hopt_study_spec_parse(&spec, text, strlen(text), NULL, NULL, 0, &errors);
    cr_assert_eq(status, HOPT_OK, "%s", errors.list[0].message);
    return spec;
}

static double metric(const json_t *metrics, const char *key, long long step) {
    size_t i;
    json_t *one;
    json_array_foreach((json_t *)metrics, i, one) {
        if (strcmp(hopt_json_string_of(one, "key"), key) == 0 &&
            hopt_json_integer_of(one, "step", -1) == step)
            return hopt_json_number_of(one, "value", -1);
    }
    return -12345;
}

Test(mlflow_load, a_trial) {
    hopt_study_spec *spec =
        parse("{\"name\":\"s\",\"direction\":\"maximize\",\"space\":{\"x\":{\"_type\":\"uniform\","
              "\"_value\":[0,9]},\"c\":{\"_type\":\"choice\",\"_value\":[\"a\",{\"_name\":\"b\","
              "\"k\":{\"_type\":\"randint\",\"_value\":[0,5]}}]}}}");
    hopt_trial *trial = hopt_trial_new();
    trial->state = HOPT_DONE;
    trial->num = 7;
    trial->book_ms = 1000;
    trial->end_ms = 3000;
    trial->lost = 1;
    trial->vals = json_pack("{s:[f],s:[i],s:[]}", "x", 1.5, "c", 0, "c/b/k");
    trial->result = (hopt_result){.state = HOPT_DONE, .ok = true, .has_loss = true, .loss = -2.5};
    trial->result.extras = json_pack("{s:f,s:{s:i},s:s,s:b}", "loss_by_step", 4.0, "in", "ner", 3,
                                     "word", "text", "flag", 1);
    int64_t steps[] = {1, 2};
    double losses[] = {-1.0, -2.0};
    hopt_reports reports = {.count = 2, .steps = steps, .losses = losses};
    hopt_mlflow_load load;
    hopt_mlflow_load_init(&load);
    hopt_mlflow_trial(&load, spec, trial, &reports);
    cr_assert_eq(json_array_size(load.params), 2, "inactive ones are left out");
    cr_assert_str_eq(hopt_json_string_of(json_array_get(load.params, 1), "value"), "a");
    cr_assert_eq(json_array_size(load.metrics), 5);
    cr_assert_eq(metric(load.metrics, "loss", 0), 2.5, "in the user's sign");
    cr_assert_eq(metric(load.metrics, "loss_by_step", 2), 2.0);
    cr_assert_eq(metric(load.metrics, "_-6coss_by_step", 0), 4.0, "an extra of that name");
    cr_assert_eq(metric(load.metrics, "in/ner", 0), 3.0);
    const json_t *last = json_array_get(load.metrics, 4), *first = json_array_get(load.metrics, 3);
    cr_assert_eq(hopt_json_integer_of(first, "timestamp", 0), 2000);
    cr_assert_eq(hopt_json_integer_of(last, "timestamp", 0), 3000);
    cr_assert_str_eq(hopt_mlflow_trial_status(trial), "FINISHED");
    trial->result.ok = false;
    cr_assert_str_eq(hopt_mlflow_trial_status(trial), "FAILED");
    trial->state = HOPT_CANCEL;
    cr_assert_str_eq(hopt_mlflow_trial_status(trial), "KILLED");
    hopt_mlflow_load_clear(&load);
    hopt_trial_free(trial);
    hopt_study_spec_free(spec);
}

Test(mlflow_load, uris) {
    static const char *const good[] = {"http://127.0.0.1:5000", "HTTPS://mlflow.example/base/",
                                       "http://user:pass@host:1"},
                             *const bad[] = {"127.0.0.1:5000", "file:///x",  "http://",
                                             "http:///x",      "http://a?b", ""};
    for (size_t i = 0; i < HOPT_COUNT(good); i++)
        cr_expect_eq(hopt_mlflow_check_uri(good[i], NULL), HOPT_OK, "%s", good[i]);
    for (size_t i = 0; i < HOPT_COUNT(bad); i++)
        cr_expect_eq(hopt_mlflow_check_uri(bad[i], NULL), HOPT_EINVAL, "%s", bad[i]);
}
