/* What the master does to trials: expiry, cancelling, stopping, retrying, the open set. */
#include "tests/conformance/conformance.h"

static hopt_open_trial see(hopt_store *store, const char *study, int num) {
    hopt_open_trial *list, found = {0};
    size_t count;
    bool is_there = false;
    MUST(hopt_store_open_set(store, &list, &count, study, &E));
    for (size_t i = 0; i < count; i++) {
        if (list[i].num != num) continue;
        found = list[i];
        is_there = true;
    }
    CHECK(is_there);
    free(list);
    return found;
}

static void open_set(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a"), *other = make_study(store, "b");
    hopt_open_trial *list;
    size_t count;
    char stop[32];
    MUST(hopt_store_open_set(store, &list, &count, "a", &E));
    CHECK(count == 0);
    free(list);
    queue_trials(store, study, 0, 5);
    queue_trials(store, other, 0, 1);
    hopt_trials mine = {0};
    MUST(hopt_store_claim_many(store, &mine, "a", "w:1:a", 3, &E));
    hopt_lease running = lease_of(mine.list[0]), ended = lease_of(mine.list[1]),
               released = lease_of(mine.list[2]);
    hopt_result result = ok_result(1);
    MUST(hopt_store_beat(store, &running, -1, stop, &E));
    MUST(hopt_store_beat(store, &running, -1, stop, &E));
    MUST(hopt_store_finish(store, &ended, &result, &E));
    MUST(hopt_store_release(store, &released, &E));
    MUST(hopt_store_open_set(store, &list, &count, "a", &E));
    CHECK(count == 4);
    for (size_t i = 0; i < count; i++) {
        const hopt_open_trial *open = &list[i];
        bool runs = open->num == mine.list[0]->num, back = open->num == mine.list[2]->num;
        CHECK(i == 0 || open->num > list[i - 1].num);
        CHECK(open->num != mine.list[1]->num);
        CHECK(open->state == (runs ? HOPT_RUNNING : HOPT_NEW));
        CHECK(open->lease == (runs || back ? 1 : 0) && (!runs || open->beat == 2));
        CHECK(strcmp(open->owner, runs ? "w:1:a" : "hopt") == 0);
        CHECK(strcmp(open->worker, runs || back ? "w:1:a" : "") == 0);
        CHECK(hopt_trial_id_num(&open->id) == open->num);
    }
    free(list);
    hopt_trials_clear(&mine);
    hopt_study_free(study);
    hopt_study_free(other);
    hopt_store_close(store);
}

static void expiry_by_observation(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    char stop[32];
    queue_trials(store, study, 0, 1);
    hopt_open_trial queued = see(store, "a", 0);
    EXPECT(HOPT_ECONFLICT, hopt_store_expire(store, "a", &queued, 3, &E));
    hopt_trial *trial = claim(store, "a", "w:1:a"), *read;
    hopt_lease lease = lease_of(trial);
    hopt_open_trial seen = see(store, "a", 0);
    MUST(hopt_store_beat(store, &lease, -1, stop, &E));
    EXPECT(HOPT_ECONFLICT, hopt_store_expire(store, "a", &seen, 3, &E)); /* it lives */
    check_trial(store, "a", 0, HOPT_RUNNING, 1, 0, 1);
    seen = see(store, "a", 0);
    MUST(hopt_store_expire(store, "a", &seen, 3, &E));
    EXPECT(HOPT_ECONFLICT, hopt_store_expire(store, "a", &seen, 3, &E));
    check_trial(store, "a", 0, HOPT_NEW, 1, 1, 1001);
    read = read_trial(store, "a", 0);
    CHECK(strcmp(read->owner, "hopt") == 0 && read->book_ms == 0 && read->refresh_ms == 0);
    CHECK(strcmp(read->worker, "w:1:a") == 0);
    hopt_trial_free(read);
    EXPECT(HOPT_ECONFLICT, hopt_store_beat(store, &lease, -1, stop, &E));
    hopt_trial_free(trial);
    trial = claim(store, "a", "w:2:b");
    EXPECT(HOPT_ECONFLICT, hopt_store_expire(store, "a", &seen, 3, &E)); /* another lease */
    check_trial(store, "a", 0, HOPT_RUNNING, 2, 1, 1002);
    hopt_trial_free(trial);
    hopt_study_free(study);
    hopt_store_close(store);
}

static void max_attempts(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    hopt_trial *trial;
    queue_trials(store, study, 0, 1);
    for (int i = 0; i < 3; i++) {
        trial = claim(store, "a", "w:1:a");
        CHECK(trial->lost == i && trial->lease == i + 1);
        hopt_trial_free(trial);
        hopt_open_trial seen = see(store, "a", 0);
        MUST(hopt_store_expire(store, "a", &seen, 3, &E));
    }
    check_trial(store, "a", 0, HOPT_ERROR, 3, 3, 3003);
    trial = read_trial(store, "a", 0);
    CHECK(trial->result.error_type && strcmp(trial->result.error_type, "LeaseExpired") == 0);
    CHECK(trial->result.error_message && trial->result.error_message[0]);
    /* The worker lives after all: its result comes too late, and it is told so. */
    hopt_lease lease = {trial->id, "a", "w:1:a", trial->lease};
    hopt_result late = {.state = HOPT_DONE, .ok = true, .has_loss = true, .loss = 1};
    EXPECT(HOPT_ECONFLICT, hopt_store_finish(store, &lease, &late, &E));
    hopt_trial_free(trial);
    EXPECT(HOPT_ENOTFOUND, hopt_store_claim(store, &trial, "a", "w:1:a", &E));
    hopt_study_free(study);
    hopt_store_close(store);
}

static void cancel_queued(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a"), *other = make_study(store, "b");
    int64_t changed;
    queue_trials(store, study, 0, 6);
    queue_trials(store, other, 0, 6);
    hopt_trial *running = claim(store, "a", "w:1:a"), *read;
    int first_queued = running->num == 0 ? 1 : 0;
    MUST(hopt_store_cancel_new(store, "a", 4, "max_trials", &changed, &E));
    CHECK(changed == (running->num >= 4 ? 1 : 2));
    read = read_trial(store, "a", running->num == 5 ? 4 : 5);
    CHECK(read->state == HOPT_CANCEL && read->version == 1 && !read->result.ok);
    CHECK(read->result.status_fail && strcmp(read->result.status_fail, "max_trials") == 0);
    hopt_trial_free(read);
    check_trial(store, "a", first_queued, HOPT_NEW, 0, 0, 0);
    MUST(hopt_store_cancel_new(store, "a", 0, "cancelled", NULL, &E));
    check_trial(store, "a", running->num, HOPT_RUNNING, 1, 0, 1);
    EXPECT(HOPT_ENOTFOUND, hopt_store_claim(store, &read, "a", "w:1:a", &E));
    MUST(hopt_store_cancel_new(store, "a", 0, "cancelled", &changed, &E));
    CHECK(changed == 0);
    int64_t counts[HOPT_STATES];
    MUST(hopt_store_counts(store, "b", counts, &E));
    CHECK(counts[HOPT_NEW] == 6);
    EXPECT(HOPT_EINVAL, hopt_store_cancel_new(store, "a", 0, "", &changed, &E));
    hopt_trial_free(running);
    hopt_study_free(study);
    hopt_study_free(other);
    hopt_store_close(store);
}

static void stop_running(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    queue_trials(store, study, 0, 3);
    hopt_trial *one = claim(store, "a", "w:1:a"), *two = claim(store, "a", "w:1:a");
    hopt_lease lease_one = lease_of(one), lease_two = lease_of(two);
    char stop[32];
    MUST(hopt_store_stop_running(store, "a", two->num, "cancelled", &E));
    MUST(hopt_store_beat(store, &lease_one, -1, stop, &E));
    CHECK(stop[0] == '\0');
    MUST(hopt_store_beat(store, &lease_two, 1, stop, &E));
    CHECK(strcmp(stop, "cancelled") == 0);
    MUST(hopt_store_stop_running(store, "a", -1, "timeout", &E));
    MUST(hopt_store_beat(store, &lease_one, -1, stop, &E));
    CHECK(strcmp(stop, "timeout") == 0);
    /* A later claim starts without it; a queued trial never had it. */
    MUST(hopt_store_release(store, &lease_one, &E));
    hopt_trials again = {0};
    MUST(hopt_store_claim_many(store, &again, "a", "w:2:b", 2, &E));
    CHECK(again.count == 2);
    for (int i = 0; i < 2; i++) {
        hopt_lease lease = lease_of(again.list[i]);
        CHECK(!again.list[i]->result.stop);
        MUST(hopt_store_beat(store, &lease, -1, stop, &E));
        CHECK(stop[0] == '\0');
    }
    hopt_trials_clear(&again);
    hopt_trial_free(one);
    hopt_trial_free(two);
    hopt_study_free(study);
    hopt_store_close(store);
}

static void beats_in_one(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    queue_trials(store, study, 0, 4);
    hopt_trial *held[4];
    hopt_beat beats[4];
    for (int i = 0; i < 4; i++) {
        held[i] = claim(store, "a", "w:1:a");
        beats[i] = (hopt_beat){.lease = lease_of(held[i]), .step = i == 2 ? 7 : -1};
    }
    MUST(hopt_store_stop_running(store, "a", held[1]->num, "timeout", &E));
    hopt_result result = ok_result(1);
    MUST(hopt_store_finish(store, &beats[3].lease, &result, &E));
    beats[0].lease.lease = 2; /* not its lease */
    MUST(hopt_store_beat_many(store, beats, 4, &E));
    CHECK(beats[0].status == HOPT_ECONFLICT && beats[3].status == HOPT_ECONFLICT);
    CHECK(beats[1].status == HOPT_OK && strcmp(beats[1].stop, "timeout") == 0);
    CHECK(beats[2].status == HOPT_OK && beats[2].stop[0] == '\0');
    for (int i = 0; i < 3; i++) {
        hopt_trial *read = read_trial(store, "a", held[i]->num);
        CHECK(read->beat == (i > 0) && read->version == 1);
        CHECK(read->result.has_step == (i == 2) && (i != 2 || read->result.step == 7));
        hopt_trial_free(read);
    }
    MUST(hopt_store_beat_many(store, beats + 2, 1, &E));
    CHECK(beats[2].status == HOPT_OK);
    MUST(hopt_store_beat_many(store, beats, 0, &E));
    for (int i = 0; i < 4; i++)
        hopt_trial_free(held[i]);
    hopt_study_free(study);
    hopt_store_close(store);
}

static void retry_errors(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    hopt_trial *trial, *read;
    queue_trials(store, study, 0, 1);
    EXPECT(HOPT_ECONFLICT, hopt_store_retry(store, "a", 0, &E));
    EXPECT(HOPT_ENOTFOUND, hopt_store_retry(store, "a", 1, &E));
    trial = claim(store, "a", "w:1:a");
    EXPECT(HOPT_ECONFLICT, hopt_store_retry(store, "a", 0, &E));
    hopt_lease lease = lease_of(trial);
    hopt_result error = {.state = HOPT_ERROR, .error_type = "Exit", .error_message = "1"};
    MUST(hopt_store_finish(store, &lease, &error, &E));
    MUST(hopt_store_retry(store, "a", 0, &E));
    EXPECT(HOPT_ECONFLICT, hopt_store_retry(store, "a", 0, &E));
    check_trial(store, "a", 0, HOPT_NEW, 1, 0, 1002);
    read = read_trial(store, "a", 0);
    CHECK(!read->result.error_type && strcmp(read->owner, "hopt") == 0);
    hopt_trial_free(read);
    EXPECT(HOPT_ECONFLICT, hopt_store_finish(store, &lease, &error, &E));
    hopt_trial_free(trial);
    trial = claim(store, "a", "w:1:a");
    CHECK(trial->lease == 2 && trial->version == 1003 && !trial->result.error_type);
    lease = lease_of(trial);
    hopt_result fine = ok_result(3);
    MUST(hopt_store_finish(store, &lease, &fine, &E));
    read = read_trial(store, "a", 0);
    CHECK(read->state == HOPT_DONE && read->result.loss == 3 && !read->result.error_type);
    hopt_trial_free(read);
    EXPECT(HOPT_ECONFLICT, hopt_store_retry(store, "a", 0, &E));
    hopt_trial_free(trial);
    hopt_study_free(study);
    hopt_store_close(store);
}

const test_case master_cases[] = {
    {"master_open_set", open_set},         {"master_expiry_by_observation", expiry_by_observation},
    {"master_max_attempts", max_attempts}, {"master_cancel_queued", cancel_queued},
    {"master_stop_running", stop_running}, {"master_beats_in_one", beats_in_one},
    {"master_retry_errors", retry_errors}, {NULL, NULL}};
