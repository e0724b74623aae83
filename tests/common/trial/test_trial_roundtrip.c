/* Property: random trials survive both JSON forms, text included. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/json/json.h"
#include "common/trial/trial.h"

typedef struct random_source {
    uint64_t seed, used;
} random_source;

static uint64_t bits(random_source *random) {
    return hopt_hash_splitmix64(random->seed, random->used++);
}

static int below(random_source *random, int n) {
    return (int)(bits(random) % (uint64_t)n);
}

/* Any finite double: random bits, denormals, extremes and signed zeros among them. */
static double any_double(random_source *random) {
    static const double odd[] = {
        0.0,  5e-324, -2.2250738585072014e-308, 1.7976931348623157e308, 0.1,
        1e15, -3.0,   9007199254740993.0};
    if (below(random, 4) == 0) return odd[below(random, (int)HOPT_COUNT(odd))];
    for (;;) {
        uint64_t pattern = bits(random);
        double number;
        memcpy(&number, &pattern, sizeof number);
        if (isfinite(number) && (number != 0 || !signbit(number))) return number;
    }
}

static char *any_text(random_source *random) {
    static const char *const words[] = {"a",  "\"quoted\"", "tab\tand\nline", "caf\xc3\xa9", "",
                                        "\\", "\x01",       "/slash",         "{brace}",     "$x"};
    const char *one = words[below(random, (int)HOPT_COUNT(words))];
    const char *two = words[below(random, (int)HOPT_COUNT(words))];
    return hopt_format("%s%s", one, two);
}

static json_t *any_json(random_source *random, int depth) {
    int kind = below(random, depth > 0 ? 7 : 5);
    json_t *out;
    char *text;
    switch (kind) {
    case 0:
        return json_null();
    case 1:
        return json_boolean(below(random, 2));
    case 2:
        return json_integer((json_int_t)bits(random));
    case 3:
        return json_real(any_double(random));
    case 4:
        text = any_text(random);
        out = json_string(text);
        free(text);
        return out;
    case 5:
        out = json_array();
        for (int i = below(random, 4); i > 0; i--)
            json_array_append_new(out, any_json(random, depth - 1));
        return out;
    default:
        out = json_object();
        for (int i = below(random, 4); i > 0; i--) {
            text = any_text(random);
            json_object_set_new(out, text, any_json(random, depth - 1));
            free(text);
        }
        return out;
    }
}

static void fill_result(random_source *random, hopt_trial *trial) {
    hopt_result *result = &trial->result;
    result->state = trial->state;
    result->ok = trial->state == HOPT_DONE && below(random, 3) > 0;
    result->has_loss = result->ok || below(random, 2);
    if (result->has_loss) result->loss = any_double(random);
    if (!result->ok && below(random, 2)) result->status_fail = any_text(random);
    if (below(random, 2))
        result->extras =
            json_pack("{s:o, s:o}", "e", any_json(random, 3), "f", any_json(random, 1));
    if (trial->state == HOPT_ERROR) {
        result->error_type = hopt_strdup("Exit");
        result->error_message = any_text(random);
    }
    trial->end_ms = 1 + below(random, 2000000000);
    result->ms = below(random, 100000);
}

static hopt_trial *any_trial(random_source *random) {
    hopt_trial *trial = hopt_trial_new();
    trial->num = below(random, HOPT_TRIALS_MAX);
    trial->tid = (int64_t)(bits(random) >> 1);
    trial->state = (hopt_state)below(random, HOPT_STATES);
    trial->seed = bits(random) >> 1;
    trial->lease = below(random, 10);
    trial->lost = below(random, 10);
    if (below(random, 2)) trial->cmd = hopt_strdup("command");
    if (below(random, 2)) trial->worker = any_text(random);
    if (below(random, 2)) trial->by = any_text(random);
    trial->n_saw = below(random, 5);
    if (trial->n_saw) trial->saw = hopt_zalloc((size_t)trial->n_saw, sizeof(int));
    for (int i = 0; i < trial->n_saw; i++)
        trial->saw[i] = below(random, HOPT_TRIALS_MAX);
    if (below(random, 2)) trial->view = json_pack("{s:o}", "v", any_json(random, 3));
    trial->vals = json_object();
    for (int i = below(random, 6); i > 0; i--) {
        char *label = any_text(random);
        json_t *list = json_array();
        if (below(random, 3))
            json_array_append_new(list, below(random, 2) ? json_integer(below(random, 99))
                                                         : json_real(any_double(random)));
        json_object_set_new(trial->vals, label, list);
        free(label);
    }
    trial->params = json_pack("{s:o}", "p", any_json(random, 4));
    trial->book_ms = below(random, 2) ? 1767323045678 + below(random, 1000000) : 0;
    if (below(random, 2)) trial->result.stop = hopt_strdup("timeout");
    trial->result.has_step = below(random, 2);
    if (trial->result.has_step) trial->result.step = below(random, 1000);
    if (hopt_state_terminal(trial->state)) fill_result(random, trial);
    return trial;
}

static bool same_text(const char *a, const char *b) {
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_json(const json_t *a, const json_t *b) {
    return a && b ? json_equal(a, b) : a == b;
}

/* What both forms carry. json_equal() compares reals by ==, so every bit but zero's sign counts. */
static void expect_same(const hopt_trial *a, const hopt_trial *b) {
    const hopt_result *x = &a->result, *y = &b->result;
    cr_assert_eq(a->seed, b->seed);
    cr_assert(same_text(a->worker, b->worker));
    cr_assert(same_json(a->vals, b->vals));
    cr_assert(same_json(a->params, b->params));
    cr_assert_eq(a->end_ms, b->end_ms);
    cr_assert_eq(x->state, y->state);
    cr_assert_eq(x->ok, y->ok);
    cr_assert_eq(x->has_loss, y->has_loss);
    cr_assert(x->loss == y->loss, "%.17g became %.17g", x->loss, y->loss);
    cr_assert(same_text(x->status_fail, y->status_fail));
    cr_assert(same_json(x->extras, y->extras));
    cr_assert(same_text(x->error_type, y->error_type));
    cr_assert(same_text(x->error_message, y->error_message));
    cr_assert_eq(x->has_step, y->has_step);
    cr_assert_eq(x->step, y->step);
    cr_assert_eq(x->ms, y->ms);
}

/* Through text, as a file or a database would have it. */
static json_t *through_text(json_t *json) {
    char *text = hopt_json_text(json);
    json_decref(json);
    json_t *back;
    hopt_error err = {0};
    cr_assert_eq(hopt_json_parse(&back, text, strlen(text), 0, &err), HOPT_OK, "%s: %s",
                 err.message, text);
    free(text);
    return back;
}

Test(trial_roundtrip, line) {
    random_source random = {.seed = 20260102};
    for (int i = 0; i < 3000; i++) {
        hopt_trial *trial = any_trial(&random), *back;
        bool maximize = i % 2;
        json_t *json = through_text(hopt_trial_json(trial, maximize));
        hopt_error err = {0};
        cr_assert_eq(hopt_trial_from_json(&back, json, maximize, &err), HOPT_OK, "%s", err.message);
        expect_same(trial, back);
        cr_assert_eq(trial->num, back->num);
        cr_assert_eq(trial->tid, back->tid);
        cr_assert_eq(trial->state, back->state);
        cr_assert_eq(trial->lease, back->lease);
        cr_assert_eq(trial->lost, back->lost);
        cr_assert_eq(trial->book_ms, back->book_ms);
        cr_assert(same_text(trial->result.stop, back->result.stop));
        json_decref(json);
        hopt_trial_free(trial);
        hopt_trial_free(back);
    }
}

Test(trial_roundtrip, doc) {
    random_source random = {.seed = 8};
    for (int i = 0; i < 3000; i++) {
        hopt_trial *trial = any_trial(&random), *back = hopt_trial_new();
        json_t *json = through_text(hopt_trial_doc(trial));
        hopt_error err = {0};
        back->state = trial->state;
        cr_assert_eq(hopt_trial_read_doc(back, json, &err), HOPT_OK, "%s", err.message);
        expect_same(trial, back);
        cr_assert(same_text(trial->cmd, back->cmd));
        cr_assert(same_text(trial->by, back->by));
        cr_assert_eq(trial->n_saw, back->n_saw);
        for (int k = 0; k < trial->n_saw; k++)
            cr_assert_eq(trial->saw[k], back->saw[k]);
        cr_assert(trial->view ? json_equal(trial->view, back->view) : !back->view);
        json_decref(json);
        hopt_trial_free(trial);
        hopt_trial_free(back);
    }
}
