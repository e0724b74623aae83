/* Reading trials back, and importing them. */
#include "tests/conformance/conformance.h"

/* Ends trials 0 .. n - 1: every 7th fails, every 5th is an error, the others have loss
 * (num - 20)^2; the rest stays queued. */
static void play(hopt_store *store, const hopt_study_record *study, int queued, int ended) {
    queue_trials(store, study, 0, queued);
    hopt_trials list = {0};
    MUST(hopt_store_claim_many(store, &list, study->name, "w:1:a", (size_t)ended, &E));
    CHECK(list.count == (size_t)ended);
    for (int i = 0; i < ended; i++) {
        int num = list.list[i]->num;
        hopt_lease lease = lease_of(list.list[i]);
        hopt_result result = ok_result((num - 20.0) * (num - 20.0));
        if (num % 7 == 0) result = (hopt_result){.state = HOPT_DONE, .status_fail = "no"};
        if (num % 5 == 0)
            result =
                (hopt_result){.state = HOPT_ERROR, .error_type = "Exit", .error_message = "code 1"};
        result.extras = json_pack("{s:i}", "x", num);
        MUST(hopt_store_finish(store, &lease, &result, &E));
        json_decref(result.extras);
    }
    hopt_trials_clear(&list);
}

static void paging(void) {
    enum { N = 60 };
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a"), *other = make_study(store, "b");
    play(store, study, N, 40);
    queue_trials(store, other, 0, 3);
    hopt_trials list = {0};
    hopt_trial_query query = {.study = "a", .after = -1, .limit = 7};
    int64_t malformed;
    int next = 0;
    for (;;) {
        hopt_trials_clear(&list);
        MUST(hopt_store_trials(store, &list, &query, &malformed, &E));
        CHECK(malformed == 0 && list.count <= 7);
        if (list.count == 0) break;
        for (size_t i = 0; i < list.count; i++)
            CHECK(list.list[i]->num == next++ && strcmp(list.list[i]->study, "a") == 0);
        query.after = list.list[list.count - 1]->num;
    }
    CHECK(next == N);
    query = (hopt_trial_query){.study = "a", .after = -1};
    MUST(hopt_store_trials(store, &list, &query, NULL, &E));
    CHECK(list.count == N);
    MUST(hopt_store_trials(store, &list, &query, NULL, &E)); /* appended */
    CHECK(list.count == (size_t)2 * N);
    hopt_trials_clear(&list);
    hopt_study_free(study);
    hopt_study_free(other);
    hopt_store_close(store);
}

static void by_state(void) {
    enum { N = 60 };
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    play(store, study, N, 40);
    hopt_trial *running = claim(store, "a", "w:1:a");
    int64_t counts[HOPT_STATES], seen[HOPT_STATES] = {0};
    MUST(hopt_store_counts(store, "a", counts, &E));
    CHECK(counts[HOPT_RUNNING] == 1 && counts[HOPT_NEW] == 19 && counts[HOPT_CANCEL] == 0);
    CHECK(counts[HOPT_DONE] + counts[HOPT_ERROR] == 40 && counts[HOPT_ERROR] > 0);
    for (int mask = 1; mask < 1 << HOPT_STATES; mask++) {
        hopt_trials list = {0};
        hopt_trial_query query = {.study = "a", .after = -1, .state_mask = mask};
        int64_t wanted = 0;
        MUST(hopt_store_trials(store, &list, &query, NULL, &E));
        for (int s = 0; s < HOPT_STATES; s++)
            wanted += mask & 1 << s ? counts[s] : 0;
        CHECK((int64_t)list.count == wanted);
        for (size_t i = 0; i < list.count; i++) {
            CHECK(mask & 1 << list.list[i]->state);
            CHECK(i == 0 || list.list[i]->num > list.list[i - 1]->num);
            if ((mask & (mask - 1)) == 0) seen[list.list[i]->state]++;
        }
        hopt_trials_clear(&list);
    }
    CHECK(memcmp(seen, counts, sizeof seen) == 0);
    hopt_trial_free(running);
    hopt_study_free(study);
    hopt_store_close(store);
}

static void by_num(void) {
    static const int nums[] = {7, 3, 99, 3, 0};
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    hopt_trials list = {0};
    hopt_trial *none;
    queue_trials(store, study, 0, 10);
    MUST(hopt_store_trials_by_num(store, &list, "a", nums, 5, &E));
    CHECK(list.count == 3 && list.list[0]->num == 0 && list.list[1]->num == 3 &&
          list.list[2]->num == 7);
    MUST(hopt_store_trials_by_num(store, &list, "a", nums, 0, &E));
    CHECK(list.count == 3);
    EXPECT(HOPT_ENOTFOUND, hopt_store_trial(store, &none, "a", 10, &E));
    CHECK(!none);
    int *many = hopt_alloc(3000 * sizeof *many);
    for (int i = 0; i < 3000; i++)
        many[i] = 2999 - i;
    hopt_trials_clear(&list);
    MUST(hopt_store_trials_by_num(store, &list, "a", many, 3000, &E));
    CHECK(list.count == 10 && list.list[9]->num == 9);
    free(many);
    hopt_trials_clear(&list);
    hopt_study_free(study);
    hopt_store_close(store);
}

static void brief(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    play(store, study, 10, 10);
    hopt_trials whole = {0}, slim = {0};
    hopt_trial_query query = {.study = "a", .after = -1};
    MUST(hopt_store_trials(store, &whole, &query, NULL, &E));
    query.brief = true;
    MUST(hopt_store_trials(store, &slim, &query, NULL, &E));
    CHECK(whole.count == 10 && slim.count == 10);
    for (int i = 0; i < 10; i++) {
        const hopt_trial *a = whole.list[i], *b = slim.list[i];
        CHECK(a->params && a->result.extras && !b->params && !b->result.extras);
        CHECK(a->num == b->num && a->state == b->state && json_equal(a->vals, b->vals));
        CHECK(a->view && json_equal(a->view, b->view));
        CHECK(a->result.ok == b->result.ok && a->result.has_loss == b->result.has_loss &&
              a->result.loss == b->result.loss);
    }
    hopt_trials_clear(&whole);
    hopt_trials_clear(&slim);
    hopt_study_free(study);
    hopt_store_close(store);
}

static void best(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a"), *ties = make_study(store, "ties");
    hopt_trial *trial;
    EXPECT(HOPT_ENOTFOUND, hopt_store_best(store, &trial, "a", &E));
    play(store, study, 60, 40);
    MUST(hopt_store_best(store, &trial, "a", &E));
    CHECK(trial->num == 19 &&
          trial->result.loss == 1); /* 20 and 21 are no ok trials; ties by num */
    hopt_trial_free(trial);
    queue_trials(store, ties, 0, 3);
    for (int i = 0; i < 3; i++) {
        trial = claim(store, "ties", "w:1:a");
        hopt_lease lease = lease_of(trial);
        hopt_result result = ok_result(trial->num == 2 ? -1e300 : -1);
        if (trial->num != 1) MUST(hopt_store_finish(store, &lease, &result, &E));
        hopt_trial_free(trial);
    }
    MUST(hopt_store_best(store, &trial, "ties", &E));
    CHECK(trial->num == 2 && trial->result.loss == -1e300);
    hopt_trial_free(trial);
    hopt_study_free(study);
    hopt_study_free(ties);
    hopt_store_close(store);
}

static void check_same(const hopt_trial *a, const hopt_trial *b) {
    json_t *x = hopt_trial_json(a, false), *y = hopt_trial_json(b, false);
    CHECK(json_equal(x, y));
    json_decref(x);
    json_decref(y);
    CHECK(memcmp(&a->id, &b->id, sizeof a->id) == 0 && a->version == b->version);
    CHECK(a->lease == b->lease && a->lost == b->lost && a->seed == b->seed);
    CHECK(strcmp(a->owner, b->owner) == 0 && strcmp(a->by, b->by) == 0);
}

/* As `hopt copy` does it: read whole, give fresh tids, insert as they are. */
static void import_as_they_are(void) {
    enum { N = 30 };
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a"), *copy = make_study(store, "copy");
    play(store, study, N, 20);
    MUST(hopt_store_cancel_new(store, "a", 25, "cancelled", NULL, &E));
    hopt_trials from = {0}, to = {0};
    hopt_trial_query query = {.study = "a", .after = -1};
    int64_t tid, later;
    size_t inserted;
    MUST(hopt_store_trials(store, &from, &query, NULL, &E));
    MUST(hopt_store_tids(store, &tid, N, &E));
    for (int i = 0; i < N; i++) {
        hopt_trial *trial = from.list[i];
        snprintf(trial->study, sizeof trial->study, "copy");
        trial->id = hopt_trial_id_make(copy->prefix, trial->num);
        trial->tid = tid + i;
    }
    MUST(hopt_store_import(store, from.list, 10, &inserted, &E));
    CHECK(inserted == 10);
    MUST(hopt_store_import(store, from.list, N, &inserted, &E)); /* said again after a lost reply */
    CHECK(inserted == N - 10);
    query.study = "copy";
    MUST(hopt_store_trials(store, &to, &query, NULL, &E));
    CHECK(to.count == N);
    for (int i = 0; i < N; i++)
        check_same(from.list[i], to.list[i]);
    int64_t one[HOPT_STATES], two[HOPT_STATES];
    MUST(hopt_store_counts(store, "a", one, &E));
    MUST(hopt_store_counts(store, "copy", two, &E));
    CHECK(memcmp(one, two, sizeof one) == 0);
    hopt_trial *a, *b;
    MUST(hopt_store_best(store, &a, "a", &E));
    MUST(hopt_store_best(store, &b, "copy", &E));
    CHECK(a->num == b->num);
    /* A tid from another store raises the counter. */
    hopt_trial *far = new_trial(copy, 500, 1000000);
    MUST(hopt_store_import(store, &far, 1, &inserted, &E));
    MUST(hopt_store_tids(store, &later, 1, &E));
    CHECK(later > 1000000);
    hopt_trial_free(a);
    hopt_trial_free(b);
    hopt_trial_free(far);
    hopt_trials_clear(&from);
    hopt_trials_clear(&to);
    hopt_study_free(study);
    hopt_study_free(copy);
    hopt_store_close(store);
}

static hopt_status count_document(void *data, HOPT_UNUSED const json_t *document,
                                  HOPT_UNUSED hopt_error *err) {
    ++*(int *)data;
    return HOPT_OK;
}

/* hopt's own trials are none of another program's; tests/interop has those of hyperopt. */
static void foreign(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    int count = 0;
    play(store, study, 4, 2);
    bool mongo = strcmp(BACKEND->kind, "mongo") == 0;
    EXPECT(mongo ? HOPT_OK : HOPT_EINVAL,
           hopt_store_foreign(store, NULL, count_document, &count, &E));
    EXPECT(mongo ? HOPT_OK : HOPT_EINVAL,
           hopt_store_foreign(store, "a", count_document, &count, &E));
    CHECK(count == 0);
    hopt_study_free(study);
    hopt_store_close(store);
}

static void damaged_trials(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    play(store, study, 10, 8);
    hopt_store_close(store);
    for (int i = 0; i < 3; i++)
        BACKEND->damage(URI, "a", 2 + i, i);
    BACKEND->damage(URI, "a", 8, 0); /* queued, and the first in the queue */
    store = open_store();
    hopt_trials list = {0};
    hopt_trial_query query = {.study = "a", .after = -1};
    int64_t malformed;
    MUST(hopt_store_trials(store, &list, &query, &malformed, &E));
    CHECK(list.count == 6 && malformed == 4);
    query.brief = true;
    hopt_trials_clear(&list);
    MUST(hopt_store_trials(store, &list, &query, &malformed, &E));
    CHECK(malformed == 4);
    hopt_trials_clear(&list);
    /* They take no place on a page: an empty one is the end, not 3 damaged ones in a row. */
    query = (hopt_trial_query){.study = "a", .after = 1, .limit = 2};
    MUST(hopt_store_trials(store, &list, &query, &malformed, &E));
    CHECK(malformed == 3 && list.count == 2 && list.list[0]->num == 5 && list.list[1]->num == 6);
    hopt_trials_clear(&list);
    hopt_trial *trial;
    MUST(hopt_store_best(store, &trial, "a", &E));
    hopt_trial_free(trial);
    /* The damaged one does not keep the sound one behind it from being claimed. */
    trial = claim(store, "a", "w:1:a");
    CHECK(trial->num == 9);
    hopt_lease lease = lease_of(trial);
    hopt_result result = ok_result(1);
    MUST(hopt_store_finish(store, &lease, &result, &E));
    hopt_trial_free(trial);
    EXPECT(HOPT_ENOTFOUND, hopt_store_claim(store, &trial, "a", "w:1:a", &E));
    hopt_open_trial *open;
    size_t count;
    MUST(hopt_store_open_set(store, &open, &count, "a", &E));
    free(open);
    hopt_study_free(study);
    hopt_store_close(store);
}

/* A version that can't be counted up is one trial's misfortune. */
static void damaged_version(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    queue_trials(store, study, 0, 3);
    BACKEND->damage(URI, "a", 1, 3);
    MUST(hopt_store_cancel_new(store, "a", 0, "enough", NULL, &E));
    for (int num = 0; num < 3; num += 2) {
        hopt_trial *trial = read_trial(store, "a", num);
        CHECK(trial->state == HOPT_CANCEL);
        hopt_trial_free(trial);
    }
    hopt_open_trial *open;
    size_t count;
    MUST(hopt_store_open_set(store, &open, &count, "a", &E));
    CHECK(count == 0);
    free(open);
    hopt_study_free(study);
    hopt_store_close(store);
}

const test_case read_cases[] = {{"read_paging", paging},
                                {"read_by_state", by_state},
                                {"read_by_num", by_num},
                                {"read_brief", brief},
                                {"read_best", best},
                                {"read_import", import_as_they_are},
                                {"read_foreign", foreign},
                                {"read_damaged_trials", damaged_trials},
                                {"read_damaged_version", damaged_version},
                                {NULL, NULL}};
