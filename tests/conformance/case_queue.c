/* The queue as a worker and a proposing master see it. */
#include "tests/conformance/conformance.h"

static void tids_are_fresh(void) {
    hopt_store *store = open_store(), *other = open_store();
    int64_t a, b, c;
    MUST(hopt_store_tids(store, &a, 5, &E));
    MUST(hopt_store_tids(other, &b, 1, &E));
    MUST(hopt_store_tids(store, &c, 1000, &E));
    CHECK(a >= 0 && b >= a + 5 && c >= b + 1);
    EXPECT(HOPT_EINVAL, hopt_store_tids(store, &a, 0, &E));
    hopt_store_close(other);
    hopt_store_close(store);
}

static void check_as_queued(const hopt_trial *read, const hopt_trial *queued) {
    CHECK(memcmp(&read->id, &queued->id, sizeof read->id) == 0);
    CHECK(strcmp(read->study, queued->study) == 0 && read->num == queued->num);
    CHECK(read->tid == queued->tid && read->seed == queued->seed);
    CHECK(strcmp(read->cmd, "command") == 0 && strcmp(read->by, "master:1:00000000") == 0);
    CHECK(json_equal(read->view, queued->view));
    CHECK(read->n_saw == 2 && read->saw[0] == queued->num && read->saw[1] == queued->num + 1);
    CHECK(json_equal(read->vals, queued->vals) && json_equal(read->params, queued->params));
}

static void enqueue_and_claim(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    hopt_trial *queued = new_trial(study, 0, 41), *read;
    size_t inserted;
    MUST(hopt_store_enqueue(store, &queued, 1, &inserted, &E));
    read = read_trial(store, "a", 0);
    check_as_queued(read, queued);
    CHECK(read->state == HOPT_NEW && read->version == 0 && read->lease == 0 && read->lost == 0);
    CHECK(read->owner && strcmp(read->owner, "hopt") == 0 && !read->worker && read->book_ms == 0);
    hopt_trial_free(read);
    read = claim(store, "a", "w:1:a");
    check_as_queued(read, queued);
    CHECK(read->lease == 1 && read->lost == 0 && read->version == 1 && read->beat == 0);
    CHECK(strcmp(read->worker, "w:1:a") == 0 && read->book_ms > 1600000000000 && !read->end_ms);
    hopt_trial_free(read);
    EXPECT(HOPT_ENOTFOUND, hopt_store_claim(store, &read, "a", "w:1:a", &E));
    CHECK(!read);
    EXPECT(HOPT_ENOTFOUND, hopt_store_claim(store, &read, "nothing", "w:1:a", &E));
    hopt_trial_free(queued);
    hopt_study_free(study);
    hopt_store_close(store);
}

static void slots(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    hopt_trials list = {0};
    size_t inserted;
    queue_trials(store, study, 2, 1);
    for (int i = 0; i < 5; i++)
        hopt_trials_add(&list, new_trial(study, i, 100 + i));
    EXPECT(HOPT_ECONFLICT, hopt_store_enqueue(store, list.list, 5, &inserted, &E));
    CHECK(inserted == 2);
    EXPECT(HOPT_ECONFLICT, hopt_store_enqueue(store, list.list + 2, 3, &inserted, &E));
    CHECK(inserted == 0);
    MUST(hopt_store_enqueue(store, list.list + 3, 2, &inserted, &E));
    CHECK(inserted == 2);
    MUST(hopt_store_enqueue(store, list.list, 0, &inserted, &E));
    CHECK(inserted == 0);
    hopt_trial *second = read_trial(store, "a", 2);
    CHECK(second->tid != 102);
    hopt_trial_free(second);
    int64_t counts[HOPT_STATES];
    MUST(hopt_store_counts(store, "a", counts, &E));
    CHECK(counts[HOPT_NEW] == 5);
    list.list[0]->state = HOPT_DONE;
    EXPECT(HOPT_EINVAL, hopt_store_enqueue(store, list.list, 1, &inserted, &E));
    hopt_trials_clear(&list);
    hopt_study_free(study);
    hopt_store_close(store);
}

static void claim_many(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    hopt_trials list = {0};
    queue_trials(store, study, 0, 7);
    MUST(hopt_store_claim_many(store, &list, "a", "w:1:a", 5, &E));
    CHECK(list.count == 5);
    MUST(hopt_store_claim_many(store, &list, "a", "w:1:a", 5, &E));
    CHECK(list.count == 7);
    bool seen[7] = {false};
    for (size_t i = 0; i < list.count; i++) {
        CHECK(!seen[list.list[i]->num] && list.list[i]->lease == 1);
        seen[list.list[i]->num] = true;
    }
    EXPECT(HOPT_ENOTFOUND, hopt_store_claim_many(store, &list, "a", "w:1:a", 5, &E));
    CHECK(list.count == 7);
    hopt_trials_clear(&list);
    hopt_study_free(study);
    hopt_store_close(store);
}

static void beats_and_steps(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    queue_trials(store, study, 0, 1);
    hopt_trial *trial = claim(store, "a", "w:1:a"), *read;
    hopt_lease lease = lease_of(trial);
    char stop[32];
    MUST(hopt_store_beat(store, &lease, -1, stop, &E));
    CHECK(stop[0] == '\0');
    MUST(hopt_store_beat(store, &lease, 1234567890123, stop, &E));
    MUST(hopt_store_stop_running(store, "a", -1, "timeout", &E));
    MUST(hopt_store_beat(store, &lease, -1, stop, &E));
    CHECK(strcmp(stop, "timeout") == 0);
    read = read_trial(store, "a", 0);
    CHECK(read->beat == 3 && read->version == 1 && read->state == HOPT_RUNNING);
    CHECK(read->result.has_step && read->result.step == 1234567890123);
    CHECK(read->result.stop && strcmp(read->result.stop, "timeout") == 0);
    CHECK(read->refresh_ms >= read->book_ms);
    hopt_trial_free(read);
    hopt_trial_free(trial);
    hopt_study_free(study);
    hopt_store_close(store);
}

/* Every end that a trial can have, read back whole. */
static void finish_kinds(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    hopt_result ends[] = {
        {.state = HOPT_DONE, .ok = true, .has_loss = true, .loss = -1.0 / 3, .ms = 77},
        {.state = HOPT_DONE, .status_fail = "loss is nan", .has_step = true, .step = 9},
        {.state = HOPT_ERROR, .error_type = "Exit", .error_message = "code 3 \u00fc\n"},
        {.state = HOPT_CANCEL,
         .has_loss = true,
         .loss = 2,
         .stop = "pruned",
         .has_step = true,
         .step = 4,
         .status_fail = "pruned"},
    };
    ends[0].extras =
        json_pack("{s:n,s:[i,f],s:{s:s}}", "nothing", "list", 1, 1e300, "deep", "k", "v");
    queue_trials(store, study, 0, 4);
    for (int i = 0; i < 4; i++) {
        hopt_trial *trial = claim(store, "a", "w:1:a");
        hopt_lease lease = lease_of(trial);
        MUST(hopt_store_finish(store, &lease, &ends[trial->num], &E));
        hopt_trial_free(trial);
    }
    for (int i = 0; i < 4; i++) {
        hopt_trial *t = read_trial(store, "a", i);
        const hopt_result *r = &t->result, *w = &ends[i];
        CHECK(t->state == w->state && r->state == w->state && t->version == 2 && t->end_ms > 0);
        CHECK(r->ok == w->ok && r->has_loss == w->has_loss && r->loss == w->loss);
        CHECK(r->ms == w->ms && r->has_step == w->has_step && r->step == w->step);
        CHECK(!w->error_type || (strcmp(r->error_type, w->error_type) == 0 &&
                                 strcmp(r->error_message, w->error_message) == 0));
        CHECK(!w->stop == !r->stop && (!w->stop || strcmp(w->stop, r->stop) == 0));
        CHECK(!w->status_fail || strcmp(r->status_fail, w->status_fail) == 0);
        CHECK(!w->extras || json_equal(w->extras, r->extras));
        CHECK(strcmp(t->owner, "w:1:a") == 0 && strcmp(t->worker, "w:1:a") == 0);
        hopt_trial_free(t);
    }
    json_decref(ends[0].extras);
    hopt_study_free(study);
    hopt_store_close(store);
}

static void bad_results(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    queue_trials(store, study, 0, 1);
    hopt_trial *trial = claim(store, "a", "w:1:a");
    hopt_lease lease = lease_of(trial);
    hopt_result nan = ok_result(0.0 / 0.0), none = ok_result(0), running = ok_result(1);
    none.has_loss = false;
    running.state = HOPT_RUNNING;
    EXPECT(HOPT_EINVAL, hopt_store_finish(store, &lease, &nan, &E));
    EXPECT(HOPT_EINVAL, hopt_store_finish(store, &lease, &none, &E));
    EXPECT(HOPT_EINVAL, hopt_store_finish(store, &lease, &running, &E));
    check_trial(store, "a", 0, HOPT_RUNNING, 1, 0, 1);
    hopt_trial_free(trial);
    hopt_study_free(study);
    hopt_store_close(store);
}

static void stale_lease_refused(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    queue_trials(store, study, 0, 1);
    hopt_trial *old = claim(store, "a", "w:1:a");
    hopt_lease stale = lease_of(old), wrong_owner = stale, wrong_lease = stale;
    hopt_open_trial seen = {.id = old->id, .state = HOPT_RUNNING, .lease = 1, .beat = 0};
    snprintf(seen.owner, sizeof seen.owner, "w:1:a");
    MUST(hopt_store_expire(store, "a", &seen, 3, &E));
    hopt_trial *now = claim(store, "a", "w:1:a"); /* the same process: only the lease differs */
    CHECK(now->lease == 2 && now->lost == 1);
    hopt_lease lease = lease_of(now);
    wrong_owner.owner = "w:2:b";
    wrong_owner.lease = 2;
    wrong_lease.lease = 3;
    const hopt_lease *bad[] = {&stale, &wrong_owner, &wrong_lease};
    hopt_result result = ok_result(1);
    char stop[32];
    for (int i = 0; i < 3; i++) {
        EXPECT(HOPT_ECONFLICT, hopt_store_beat(store, bad[i], 1, stop, &E));
        EXPECT(HOPT_ECONFLICT, hopt_store_finish(store, bad[i], &result, &E));
        EXPECT(HOPT_ECONFLICT, hopt_store_release(store, bad[i], &E));
    }
    check_trial(store, "a", 0, HOPT_RUNNING, 2, 1, 1002);
    MUST(hopt_store_finish(store, &lease, &result, &E));
    EXPECT(HOPT_ECONFLICT, hopt_store_finish(store, &stale, &result, &E));
    EXPECT(HOPT_ECONFLICT, hopt_store_beat(store, &lease, 1, stop, &E));
    EXPECT(HOPT_ECONFLICT, hopt_store_release(store, &lease, &E));
    check_trial(store, "a", 0, HOPT_DONE, 2, 1, 1003);
    hopt_trial_free(old);
    hopt_trial_free(now);
    hopt_study_free(study);
    hopt_store_close(store);
}

static void release_gives_back(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    queue_trials(store, study, 0, 1);
    hopt_trial *trial = claim(store, "a", "w:1:a"), *read;
    hopt_lease lease = lease_of(trial);
    char stop[32];
    MUST(hopt_store_beat(store, &lease, -1, stop, &E));
    MUST(hopt_store_release(store, &lease, &E));
    check_trial(store, "a", 0, HOPT_NEW, 1, 0, 1001);
    read = read_trial(store, "a", 0);
    CHECK(strcmp(read->owner, "hopt") == 0 && read->book_ms == 0 && read->refresh_ms == 0);
    hopt_trial_free(read);
    read = claim(store, "a", "w:2:b");
    CHECK(read->lease == 2 && read->lost == 0 && read->beat == 0 && read->version == 1002);
    hopt_trial_free(read);
    hopt_trial_free(trial);
    hopt_study_free(study);
    hopt_store_close(store);
}

/* The reply to a finish was lost; the worker says it again. */
static void repeated_finish(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    queue_trials(store, study, 0, 1);
    hopt_trial *trial = claim(store, "a", "w:1:a"), *read;
    hopt_lease lease = lease_of(trial);
    hopt_result result = ok_result(1), other = ok_result(2);
    MUST(hopt_store_finish(store, &lease, &result, &E));
    MUST(hopt_store_finish(store, &lease, &result, &E));
    MUST(hopt_store_finish(store, &lease, &other, &E)); /* the first one stays */
    read = read_trial(store, "a", 0);
    CHECK(read->version == 2 && read->result.loss == 1);
    hopt_trial_free(read);
    hopt_trial_free(trial);
    hopt_study_free(study);
    hopt_store_close(store);
}

static void finish_many_partial(void) {
    enum { N = 6 };
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    hopt_trials list = {0};
    hopt_finish ends[N];
    hopt_result results[N];
    queue_trials(store, study, 0, N);
    MUST(hopt_store_claim_many(store, &list, "a", "w:1:a", N, &E));
    CHECK(list.count == N);
    for (int i = 0; i < N; i++) {
        results[i] = ok_result(i);
        ends[i] = (hopt_finish){lease_of(list.list[i]), &results[i], HOPT_EFAILED, NULL};
    }
    MUST(hopt_store_release(store, &ends[2].lease, &E));
    MUST(hopt_store_finish(store, &ends[4].lease, &results[4], &E));
    ends[5].lease.lease = 9;
    MUST(hopt_store_finish_many(store, ends, N, &E));
    for (int i = 0; i < N; i++)
        CHECK(ends[i].status == (i == 2 || i == 5 ? HOPT_ECONFLICT : HOPT_OK));
    int64_t counts[HOPT_STATES];
    MUST(hopt_store_counts(store, "a", counts, &E));
    CHECK(counts[HOPT_DONE] == 4 && counts[HOPT_NEW] == 1 && counts[HOPT_RUNNING] == 1);
    hopt_trials_clear(&list);
    hopt_study_free(study);
    hopt_store_close(store);
}

/* The reply to a claim was lost: what is mine is found, and held as if it had come. */
static void adopt_after_lost_claim(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a"), *other = make_study(store, "b");
    hopt_trials mine = {0};
    queue_trials(store, study, 0, 4);
    queue_trials(store, other, 0, 1);
    hopt_trial *held = claim(store, "a", "w:1:a"), *lost = claim(store, "a", "w:1:a");
    hopt_trial *foreign = claim(store, "a", "w:2:b"), *else_where = claim(store, "b", "w:1:a");
    MUST(hopt_store_mine(store, &mine, "a", "w:1:a", &E));
    CHECK(mine.count == 2);
    for (int i = 0; i < 2; i++) {
        hopt_lease lease = lease_of(mine.list[i]);
        hopt_result result = ok_result(1);
        CHECK(mine.list[i]->num == held->num || mine.list[i]->num == lost->num);
        CHECK(json_is_object(mine.list[i]->params));
        MUST(hopt_store_finish(store, &lease, &result, &E));
    }
    hopt_trials_clear(&mine);
    MUST(hopt_store_mine(store, &mine, "a", "w:1:a", &E));
    CHECK(mine.count == 0);
    hopt_trial_free(held);
    hopt_trial_free(lost);
    hopt_trial_free(foreign);
    hopt_trial_free(else_where);
    hopt_trials_clear(&mine);
    hopt_study_free(study);
    hopt_study_free(other);
    hopt_store_close(store);
}

/* With the claimed trial at hand an end is written another way, and reads the same. */
static void finish_claimed(void) {
    enum { N = 4 };
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    hopt_finish ends[N];
    hopt_result results[N];
    hopt_trial *trials[N];
    char stop[32];
    queue_trials(store, study, 0, N);
    for (int i = 0; i < N; i++)
        trials[i] = claim(store, "a", "w:1:a");
    hopt_lease stepped = lease_of(trials[1]), given_back = lease_of(trials[2]);
    MUST(hopt_store_beat(store, &stepped, 7, stop, &E)); /* not as it was claimed any more */
    MUST(hopt_store_release(store, &given_back, &E));
    hopt_trial_free(trials[2]);
    trials[2] = claim(store, "a", "w:1:b");
    for (int i = 0; i < N; i++) {
        results[i] = ok_result(0.5 + i);
        results[i].extras = json_pack("{s:n,s:s}", "none", "text", "\"}");
        results[i].has_step = i == 1;
        results[i].step = i == 1 ? 9 : 0;
        results[i].ms = i == 3 ? 0 : 12;
        ends[i] = (hopt_finish){lease_of(trials[i]), &results[i], HOPT_EFAILED,
                                i == 3 ? NULL : trials[i]};
    }
    MUST(hopt_store_finish_many(store, ends, N, &E));
    for (int i = 0; i < N; i++) {
        hopt_trial *read = read_trial(store, "a", i);
        const hopt_result *result = &read->result;
        CHECK(ends[i].status == HOPT_OK && read->state == HOPT_DONE && result->ok);
        CHECK(result->has_loss && result->loss == 0.5 + i);
        CHECK(json_equal(result->extras, results[i].extras));
        CHECK(result->has_step == (i == 1) && (i != 1 || result->step == 9));
        CHECK(result->ms == results[i].ms && read->end_ms > 1600000000000);
        CHECK(json_equal(read->vals, trials[i]->vals));
        CHECK(json_equal(read->params, trials[i]->params));
        CHECK(read->seed == trials[i]->seed && read->n_saw == trials[i]->n_saw);
        CHECK(strcmp(read->worker, trials[i]->owner) == 0);
        hopt_trial_free(read);
        hopt_result_clear(&results[i]);
        hopt_trial_free(trials[i]);
    }
    hopt_study_free(study);
    hopt_store_close(store);
}

/* What belongs together: an end, a new trial, claims. Refusals within it harm nothing else. */
static void visits(void) {
    hopt_store *store = open_store(), *other = open_store();
    hopt_study_record *study = make_study(store, "a");
    hopt_result result = ok_result(0.5);
    hopt_trials claimed = {0};
    size_t inserted;
    int64_t tid;
    queue_trials(store, study, 0, 2);
    hopt_trial *first = claim(store, "a", "w:1:a");
    hopt_finish end = {.lease = lease_of(first), .result = &result, .claimed = first};
    MUST(hopt_store_visit_begin(store, &E));
    MUST(hopt_store_finish_many(store, &end, 1, &E));
    CHECK(end.status == HOPT_OK);
    MUST(hopt_store_tids(store, &tid, 1, &E));
    hopt_trial *queued = new_trial(study, 2, tid);
    MUST(hopt_store_enqueue(store, &queued, 1, &inserted, &E));
    EXPECT(HOPT_ECONFLICT, hopt_store_enqueue(store, &queued, 1, &inserted, &E));
    check_trial(store, "a", 2, HOPT_NEW, 0, 0, 0);
    MUST(hopt_store_claim_many(store, &claimed, "a", "w:1:a", 5, &E));
    CHECK(claimed.count == 2 && claimed.list[0]->num == 1 && claimed.list[1]->num == 2);
    EXPECT(HOPT_ENOTFOUND, hopt_store_claim_many(store, &claimed, "a", "w:1:a", 5, &E));
    hopt_lease lost = lease_of(claimed.list[0]);
    lost.lease++;
    EXPECT(HOPT_ECONFLICT, hopt_store_finish(store, &lost, &result, &E));
    EXPECT(HOPT_ECONFLICT, hopt_store_release(store, &lost, &E));
    MUST(hopt_store_visit_end(store, &E));
    check_trial(other, "a", 0, HOPT_DONE, 1, 0, 2);
    check_trial(other, "a", 1, HOPT_RUNNING, 1, 0, 1);
    check_trial(other, "a", 2, HOPT_RUNNING, 1, 0, 1);
    MUST(hopt_store_visit_begin(store, &E)); /* nothing in it */
    MUST(hopt_store_visit_end(store, &E));
    MUST(hopt_store_visit_begin(other, &E));
    hopt_lease lease = lease_of(claimed.list[1]);
    MUST(hopt_store_finish(other, &lease, &result, &E));
    MUST(hopt_store_visit_end(other, &E));
    check_trial(store, "a", 2, HOPT_DONE, 1, 0, 2);
    hopt_trials_clear(&claimed);
    hopt_trial_free(queued);
    hopt_trial_free(first);
    hopt_study_free(study);
    hopt_store_close(other);
    hopt_store_close(store);
}

const test_case queue_cases[] = {{"queue_tids_are_fresh", tids_are_fresh},
                                 {"queue_enqueue_and_claim", enqueue_and_claim},
                                 {"queue_slots", slots},
                                 {"queue_claim_many", claim_many},
                                 {"queue_beats_and_steps", beats_and_steps},
                                 {"queue_finish_kinds", finish_kinds},
                                 {"queue_bad_results", bad_results},
                                 {"queue_stale_lease_refused", stale_lease_refused},
                                 {"queue_release", release_gives_back},
                                 {"queue_repeated_finish", repeated_finish},
                                 {"queue_finish_many_partial", finish_many_partial},
                                 {"queue_finish_claimed", finish_claimed},
                                 {"queue_visits", visits},
                                 {"queue_adopt_after_lost_claim", adopt_after_lost_claim},
                                 {NULL, NULL}};
