#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/trial/trial.h"

Test(trial, id_is_prefix_and_num_big_endian) {
    const uint8_t prefix[HOPT_PREFIX_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 255};
    hopt_trial_id id = hopt_trial_id_make(prefix, 0x0a0b0c);
    const uint8_t expected[HOPT_ID_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 255, 0x0a, 0x0b, 0x0c};
    cr_assert_arr_eq(id.bytes, expected, HOPT_ID_SIZE);
    int last = -1;
    for (int num = 0; num <= HOPT_TRIALS_MAX; num += 997) {
        hopt_trial_id next = hopt_trial_id_make(prefix, num);
        cr_assert_eq(hopt_trial_id_num(&next), num);
        /* Order of ids is order of nums: the queue index relies on it. */
        if (last >= 0) {
            hopt_trial_id before = hopt_trial_id_make(prefix, last);
            cr_assert_lt(memcmp(before.bytes, next.bytes, HOPT_ID_SIZE), 0);
        }
        last = num;
    }
}

Test(trial, result_copy_is_deep_and_clear_frees) {
    hopt_result from = {.state = HOPT_CANCEL, .has_loss = true, .loss = 0.5, .ms = 12};
    from.status_fail = hopt_strdup("pruned");
    from.extras = json_pack("{s:[i]}", "curve", 1);
    from.error_type = hopt_strdup("Exit");
    from.error_message = hopt_strdup("exit status 3");
    from.stop = hopt_strdup("pruned");
    hopt_result to = {.status_fail = hopt_strdup("old")};
    hopt_result_copy(&to, &from);
    json_array_append_new(json_object_get(from.extras, "curve"), json_integer(2));
    hopt_result_copy(&to, &to);
    cr_assert_eq(json_array_size(json_object_get(to.extras, "curve")), 1u);
    hopt_result_clear(&from);
    cr_assert_null(from.extras);
    cr_assert_str_eq(to.status_fail, "pruned");
    cr_assert_str_eq(to.error_type, "Exit");
    cr_assert_str_eq(to.error_message, "exit status 3");
    cr_assert_str_eq(to.stop, "pruned");
    cr_assert_eq(to.state, HOPT_CANCEL);
    cr_assert_eq(to.loss, 0.5);
    hopt_result_clear(&to);
}

Test(trial, list_owns_its_trials) {
    hopt_trials trials = {0};
    for (int i = 0; i < 100; i++) {
        hopt_trial *trial = hopt_trial_new();
        trial->num = i;
        trial->worker = hopt_format("host:%d:00000000", i);
        hopt_trials_add(&trials, trial);
    }
    cr_assert_eq(trials.count, 100u);
    cr_assert_eq(trials.list[99]->num, 99);
    hopt_trials_clear(&trials);
    cr_assert_eq(trials.count, 0u);
    cr_assert_null(trials.list);
    hopt_trial_free(NULL);
}

static hopt_space *space_of(const char *text) {
    json_t *json;
    hopt_error err;
    cr_assert_eq(hopt_json_parse(&json, text, strlen(text), 0, &err), HOPT_OK, "%s", err.message);
    hopt_space *space;
    hopt_errors errors = {0};
    cr_assert_eq(hopt_space_parse(&space, json, text, strlen(text), "", &errors), HOPT_OK);
    json_decref(json);
    return space;
}

Test(trial, point_comes_from_vals) {
    hopt_space *space = space_of("{\"k\": {\"_type\": \"choice\", \"_value\": [1, "
                                 "{\"x\": {\"_type\": \"uniform\", \"_value\": [0, 1]}}]}}");
    cr_assert_eq(hopt_space_size(space), 2);
    hopt_trial *trial = hopt_trial_new();
    trial->num = 17;
    const char *inner = hopt_space_param(space, 1)->label;
    trial->vals = json_pack("{s:[i], s:[f]}", "k", 1, inner, 0.25);
    double point[2];
    hopt_error err;
    cr_assert_eq(hopt_trial_point(point, trial, space, &err), HOPT_OK, "%s", err.message);
    cr_assert_eq(point[0], 1.0);
    cr_assert_eq(point[1], 0.25);
    json_decref(trial->vals);
    trial->vals = json_pack("{s:[i], s:[]}", "k", 0, inner);
    cr_assert_eq(hopt_trial_point(point, trial, space, &err), HOPT_OK, "%s", err.message);
    cr_assert(isnan(point[1]));
    json_decref(trial->vals);
    trial->vals = json_pack("{s:[i], s:[f]}", "k", 1, inner, 7.0);
    cr_assert_eq(hopt_trial_point(point, trial, space, &err), HOPT_EINVAL);
    cr_assert(strstr(err.message, "trial 17"), "%s", err.message);
    cr_assert(strstr(err.message, inner), "%s", err.message);
    hopt_trial_free(trial);
    hopt_space_free(space);
}
