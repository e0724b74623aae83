/* Studies and their leadership. */
#include "tests/conformance/conformance.h"

static void create_and_conflict(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a.B_c-1"), *again = new_study("a.B_c-1"), *none;
    CHECK(study->state == HOPT_STUDY_ACTIVE && study->rev == 0 && !study->reason);
    CHECK(strcmp(study->spec, "{\"name\":\"x\"}") == 0);
    CHECK(strcmp(study->space_hash, "0123456789abcdef") == 0);
    CHECK(strcmp(study->file_hash, "fedcba9876543210") == 0);
    CHECK(study->seed == UINT64_C(9223372036854775807) && study->format == 1);
    CHECK(!study->leader && study->epoch == 0 && study->beat == 0 && !study->has_best);
    static const uint8_t zero[HOPT_PREFIX_SIZE];
    CHECK(memcmp(study->prefix, zero, sizeof zero) != 0);
    EXPECT(HOPT_ECONFLICT, hopt_store_study_create(store, again, &E));
    CHECK(memcmp(again->prefix, zero, sizeof zero) == 0);
    EXPECT(HOPT_ENOTFOUND, hopt_store_study(store, &none, "b", &E));
    CHECK(!none);
    EXPECT(HOPT_EINVAL, hopt_store_study(store, &none, "b c", &E));
    hopt_study_record *two = make_study(store, "two");
    CHECK(memcmp(study->prefix, two->prefix, HOPT_PREFIX_SIZE) != 0);
    hopt_study_free(study);
    hopt_study_free(again);
    hopt_study_free(two);
    hopt_store_close(store);
}

static void names_sorted(void) {
    static const char *const names[] = {"b", "a", "C", "a.1"};
    hopt_store *store = open_store();
    char **list;
    size_t count;
    MUST(hopt_store_studies(store, &list, &count, &E));
    CHECK(count == 0 && list && !list[0]);
    hopt_names_free(list);
    for (int i = 0; i < 4; i++)
        hopt_study_free(make_study(store, names[i]));
    MUST(hopt_store_studies(store, &list, &count, &E));
    CHECK(count == 4 && !list[4]);
    CHECK(strcmp(list[0], "C") == 0 && strcmp(list[1], "a") == 0);
    CHECK(strcmp(list[2], "a.1") == 0 && strcmp(list[3], "b") == 0);
    hopt_names_free(list);
    hopt_store_close(store);
}

static void update_by_rev(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    MUST(hopt_store_study_update(store, "a", 0, HOPT_STUDY_PAUSED, "errors", NULL, NULL, &E));
    EXPECT(HOPT_ECONFLICT,
           hopt_store_study_update(store, "a", 0, HOPT_STUDY_DONE, NULL, NULL, NULL, &E));
    MUST(hopt_store_study_update(store, "a", 1, -1, "ignored", "{\"new\":1}", "00", &E));
    hopt_study_free(study);
    MUST(hopt_store_study(store, &study, "a", &E));
    CHECK(study->rev == 2 && study->state == HOPT_STUDY_PAUSED);
    CHECK(study->reason && strcmp(study->reason, "errors") == 0);
    CHECK(strcmp(study->spec, "{\"new\":1}") == 0 && strcmp(study->file_hash, "00") == 0);
    MUST(hopt_store_study_update(store, "a", 2, HOPT_STUDY_ACTIVE, NULL, NULL, NULL, &E));
    hopt_study_free(study);
    MUST(hopt_store_study(store, &study, "a", &E));
    CHECK(!study->reason && study->state == HOPT_STUDY_ACTIVE && study->rev == 3);
    EXPECT(HOPT_ENOTFOUND, hopt_store_study_update(store, "b", 0, -1, NULL, "x", NULL, &E));
    hopt_study_free(study);
    hopt_store_close(store);
}

/* The update of another rev must not disturb what the leader writes at the same time. */
static void update_keeps_progress(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    hopt_study_progress progress = {1234, {1, 2, 3, 4, 5}, true, 7, -0.1};
    MUST(hopt_store_lead(store, "a", "m:1:a", 0, 0, &E));
    MUST(hopt_store_renew(store, "a", "m:1:a", 1, &progress, &E));
    MUST(hopt_store_study_update(store, "a", 0, HOPT_STUDY_CLOSING, "max_trials", NULL, NULL, &E));
    hopt_study_free(study);
    MUST(hopt_store_study(store, &study, "a", &E));
    CHECK(study->active_ms == 1234 && study->counts[0] == 1 && study->counts[4] == 5);
    CHECK(study->has_best && study->best_num == 7 && study->best_loss == -0.1);
    CHECK(study->leader && strcmp(study->leader, "m:1:a") == 0);
    CHECK(study->epoch == 1 && study->beat == 1 && study->rev == 1);
    progress.has_best = false;
    MUST(hopt_store_renew(store, "a", "m:1:a", 1, &progress, &E));
    hopt_study_free(study);
    MUST(hopt_store_study(store, &study, "a", &E));
    CHECK(!study->has_best && study->state == HOPT_STUDY_CLOSING);
    hopt_study_free(study);
    hopt_store_close(store);
}

static void leadership(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    hopt_study_progress none = {0};
    MUST(hopt_store_lead(store, "a", "m:1:a", 0, 0, &E));
    EXPECT(HOPT_ECONFLICT, hopt_store_lead(store, "a", "m:2:b", 0, 0, &E));
    MUST(hopt_store_renew(store, "a", "m:1:a", 1, &none, &E));
    EXPECT(HOPT_ECONFLICT, hopt_store_lead(store, "a", "m:2:b", 1, 0, &E)); /* its beat moved */
    MUST(hopt_store_lead(store, "a", "m:2:b", 1, 1, &E));
    EXPECT(HOPT_ECONFLICT, hopt_store_renew(store, "a", "m:1:a", 1, &none, &E));
    EXPECT(HOPT_ECONFLICT, hopt_store_renew(store, "a", "m:2:b", 1, &none, &E));
    EXPECT(HOPT_ECONFLICT, hopt_store_abdicate(store, "a", "m:1:a", 1, &E));
    MUST(hopt_store_renew(store, "a", "m:2:b", 2, &none, &E));
    MUST(hopt_store_abdicate(store, "a", "m:2:b", 2, &E));
    EXPECT(HOPT_ECONFLICT, hopt_store_renew(store, "a", "m:2:b", 2, &none, &E));
    hopt_study_free(study);
    MUST(hopt_store_study(store, &study, "a", &E));
    CHECK(!study->leader);
    MUST(hopt_store_lead(store, "a", "m:3:c", study->epoch, study->beat, &E));
    hopt_study_free(study);
    hopt_store_close(store);
}

static void delete_all_of_it(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a"), *other = make_study(store, "b"), *gone;
    queue_trials(store, study, 0, 5);
    queue_trials(store, other, 0, 5);
    hopt_trial *trial = claim(store, "a", "w:1:a"), *foreign = claim(store, "b", "w:1:a");
    int64_t step = 1;
    double loss = 2;
    hopt_log_text log = {1, "text", NULL, 4, 0}, read_log;
    hopt_reports reports;
    MUST(hopt_store_report(store, &trial->id, 1, &step, &loss, 1, &E));
    MUST(hopt_store_put_log(store, &trial->id, &log, &E));
    MUST(hopt_store_attach(store, &trial->id, "f", "x", 1, &E));
    MUST(hopt_store_put_log(store, &foreign->id, &log, &E));
    MUST(hopt_store_study_delete(store, "a", &E));
    EXPECT(HOPT_ENOTFOUND, hopt_store_study_delete(store, "a", &E));
    EXPECT(HOPT_ENOTFOUND, hopt_store_study(store, &gone, "a", &E));
    EXPECT(HOPT_ENOTFOUND, hopt_store_log(store, &read_log, &trial->id, &E));
    MUST(hopt_store_reports(store, &reports, &trial->id, &E));
    CHECK(reports.count == 0);
    char **names;
    size_t count;
    MUST(hopt_store_attachments(store, &names, &count, &trial->id, &E));
    CHECK(count == 0);
    hopt_names_free(names);
    int64_t counts[HOPT_STATES];
    MUST(hopt_store_counts(store, "a", counts, &E));
    CHECK(counts[HOPT_NEW] == 0 && counts[HOPT_RUNNING] == 0);
    MUST(hopt_store_counts(store, "b", counts, &E));
    CHECK(counts[HOPT_NEW] == 4 && counts[HOPT_RUNNING] == 1);
    MUST(hopt_store_log(store, &read_log, &foreign->id, &E));
    hopt_log_text_clear(&read_log);
    hopt_lease lease = lease_of(trial);
    hopt_result result = ok_result(1);
    EXPECT(HOPT_ECONFLICT, hopt_store_finish(store, &lease, &result, &E));
    hopt_trial_free(trial);
    hopt_trial_free(foreign);
    hopt_study_free(study);
    hopt_study_free(other);
    hopt_store_close(store);
}

static void damaged_records(void) {
    hopt_store *store = open_store();
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    for (int i = 0; i < 5; i++)
        hopt_study_free(make_study(store, names[i]));
    hopt_store_close(store);
    for (int i = 0; i < 3; i++)
        BACKEND->damage(URI, names[i], -1, i);
    BACKEND->future(URI, "d");
    store = open_store();
    hopt_study_record *study;
    for (int i = 0; i < 4; i++)
        EXPECT(HOPT_EINVAL, hopt_store_study(store, &study, names[i], &E));
    CHECK(strstr(E.message, "newer"));
    char **list;
    size_t count;
    MUST(hopt_store_studies(store, &list, &count, &E));
    CHECK(count == 1 && strcmp(list[0], "e") == 0);
    hopt_names_free(list);
    hopt_store_close(store);
}

const test_case study_cases[] = {{"study_create_and_conflict", create_and_conflict},
                                 {"study_names_sorted", names_sorted},
                                 {"study_update_by_rev", update_by_rev},
                                 {"study_update_keeps_progress", update_keeps_progress},
                                 {"study_leadership", leadership},
                                 {"study_delete", delete_all_of_it},
                                 {"study_damaged_records", damaged_records},
                                 {NULL, NULL}};
