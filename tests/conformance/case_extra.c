/* Curves, logs, attachments, workers, the version token, health. */
#include <math.h>

#include "tests/conformance/conformance.h"

static void curves(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    hopt_trial_id id = hopt_trial_id_make(study->prefix, 0),
                  other = hopt_trial_id_make(study->prefix, 1);
    int64_t steps[] = {0, 5, 1234567890123};
    double losses[] = {0.1, -1e-300, (double)NAN};
    hopt_reports reports;
    MUST(hopt_store_reports(store, &reports, &id, &E));
    CHECK(reports.count == 0);
    MUST(hopt_store_report(store, &id, 1, steps, losses, 1, &E));
    MUST(hopt_store_report(store, &id, 1, steps + 1, losses + 1, 2, &E));
    MUST(hopt_store_report(store, &other, 1, steps, losses, 2, &E));
    MUST(hopt_store_reports(store, &reports, &id, &E));
    CHECK(reports.count == 3 && reports.lease == 1);
    CHECK(reports.steps[0] == 0 && reports.losses[0] == 0.1);
    CHECK(reports.steps[1] == 5 && reports.losses[1] == -1e-300);
    CHECK(reports.steps[2] == 1234567890123 && isnan(reports.losses[2]));
    hopt_reports_clear(&reports);
    MUST(hopt_store_report(store, &id, 2, steps, losses + 1, 1, &E)); /* a new lease replaces */
    MUST(hopt_store_reports(store, &reports, &id, &E));
    CHECK(reports.count == 1 && reports.lease == 2 && reports.losses[0] == -1e-300);
    hopt_reports_clear(&reports);
    EXPECT(HOPT_ECONFLICT, hopt_store_report(store, &id, 1, steps, losses, 2, &E));
    MUST(hopt_store_reports(store, &reports, &id, &E));
    CHECK(reports.count == 1 && reports.lease == 2);
    hopt_reports_clear(&reports);
    MUST(hopt_store_reports(store, &reports, &other, &E));
    CHECK(reports.count == 2 && reports.lease == 1);
    hopt_reports_clear(&reports);
    hopt_study_free(study);
    hopt_store_close(store);
}

static void curve_limit(void) {
    enum { N = HOPT_REPORTS_MAX + 500, PART = 3000 };
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    hopt_trial_id id = hopt_trial_id_make(study->prefix, 0);
    int64_t *steps = hopt_alloc(N * sizeof *steps);
    double *losses = hopt_alloc(N * sizeof *losses);
    for (int i = 0; i < N; i++) {
        steps[i] = i;
        losses[i] = i / 7.0;
    }
    for (int at = 0; at < N; at += PART) {
        size_t n = (size_t)(N - at < PART ? N - at : PART);
        MUST(hopt_store_report(store, &id, 1, steps + at, losses + at, n, &E));
    }
    hopt_reports reports;
    MUST(hopt_store_reports(store, &reports, &id, &E));
    CHECK(reports.count == HOPT_REPORTS_MAX);
    for (int i = 0; i < HOPT_REPORTS_MAX; i++)
        CHECK(reports.steps[i] == i && reports.losses[i] == losses[i]);
    hopt_reports_clear(&reports);
    free(steps);
    free(losses);
    hopt_study_free(study);
    hopt_store_close(store);
}

static void logs(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    hopt_trial_id id = hopt_trial_id_make(study->prefix, 0);
    char *big = hopt_alloc(HOPT_LOG_PART_MAX + 1);
    for (int i = 0; i <= HOPT_LOG_PART_MAX; i++)
        big[i] = (char)i; /* every byte, NUL and broken UTF-8 too */
    hopt_log_text log = {1, big, big + 1, HOPT_LOG_PART_MAX, HOPT_LOG_PART_MAX}, read;
    EXPECT(HOPT_ENOTFOUND, hopt_store_log(store, &read, &id, &E));
    MUST(hopt_store_put_log(store, &id, &log, &E));
    MUST(hopt_store_log(store, &read, &id, &E));
    CHECK(read.lease == 1 && read.head_length == HOPT_LOG_PART_MAX &&
          read.tail_length == HOPT_LOG_PART_MAX);
    CHECK(memcmp(read.head, big, HOPT_LOG_PART_MAX) == 0);
    CHECK(memcmp(read.tail, big + 1, HOPT_LOG_PART_MAX) == 0);
    hopt_log_text_clear(&read);
    hopt_log_text empty = {.lease = 2};
    MUST(hopt_store_put_log(store, &id, &empty, &E));
    MUST(hopt_store_log(store, &read, &id, &E));
    CHECK(read.lease == 2 && read.head_length == 0 && read.tail_length == 0);
    hopt_log_text_clear(&read);
    EXPECT(HOPT_ECONFLICT, hopt_store_put_log(store, &id, &log, &E)); /* of a lost lease */
    log.lease = 3;
    log.head_length++;
    EXPECT(HOPT_EINVAL, hopt_store_put_log(store, &id, &log, &E));
    free(big);
    hopt_study_free(study);
    hopt_store_close(store);
}

static void attachments(void) {
    enum { SIZE = 3000000 };
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    queue_trials(store, study, 0, 2); /* a driver may note attachments in the trial */
    hopt_trial_id id = hopt_trial_id_make(study->prefix, 0),
                  other = hopt_trial_id_make(study->prefix, 1);
    char *big = hopt_alloc(SIZE);
    for (int i = 0; i < SIZE; i++)
        big[i] = (char)(i * 31 + i / 1000);
    char **names;
    size_t count, length;
    void *data;
    MUST(hopt_store_attachments(store, &names, &count, &id, &E));
    CHECK(count == 0 && names && !names[0]);
    hopt_names_free(names);
    EXPECT(HOPT_ENOTFOUND, hopt_store_attachment(store, &data, &length, &id, "m.bin", &E));
    MUST(hopt_store_attach(store, &id, "m.bin", big, SIZE, &E));
    MUST(hopt_store_attach(store, &id, "empty \u00fc", "", 0, &E));
    MUST(hopt_store_attachment(store, &data, &length, &id, "m.bin", &E));
    CHECK(length == SIZE && memcmp(data, big, SIZE) == 0);
    free(data);
    MUST(hopt_store_attach(store, &id, "m.bin", "abc", 3, &E)); /* replaced */
    MUST(hopt_store_attachment(store, &data, &length, &id, "m.bin", &E));
    CHECK(length == 3 && memcmp(data, "abc", 3) == 0);
    free(data);
    MUST(hopt_store_attachment(store, &data, &length, &id, "empty \u00fc", &E));
    CHECK(length == 0);
    free(data);
    MUST(hopt_store_attachments(store, &names, &count, &id, &E));
    CHECK(count == 2 && strcmp(names[0], "empty \u00fc") == 0 && strcmp(names[1], "m.bin") == 0);
    hopt_names_free(names);
    EXPECT(HOPT_ENOTFOUND, hopt_store_attachment(store, &data, &length, &other, "m.bin", &E));
    EXPECT(HOPT_EINVAL, hopt_store_attach(store, &id, "", "x", 1, &E));
    EXPECT(HOPT_EINVAL, hopt_store_attach(store, &id, "x", "x", HOPT_ATTACHMENT_MAX + 1, &E));
    free(big);
    hopt_study_free(study);
    hopt_store_close(store);
}

static void workers(void) {
    hopt_store *store = open_store();
    hopt_worker_record one = {.owner = "h:1:a",
                              .host = "h",
                              .pid = 1,
                              .boot_id = "boot",
                              .slots = 4,
                              .running = 2,
                              .lease_s = 2.5,
                              .studies = "a,b"},
                       two = {.owner = "h:2:b", .host = "h"}, *list;
    size_t count;
    MUST(hopt_store_workers(store, &list, &count, &E));
    CHECK(count == 0);
    hopt_worker_records_free(list, count);
    MUST(hopt_store_worker_put(store, &one, &E));
    sleep_ms(20);
    MUST(hopt_store_worker_put(store, &two, &E));
    sleep_ms(20);
    one.running = 3;
    MUST(hopt_store_worker_put(store, &one, &E));
    MUST(hopt_store_workers(store, &list, &count, &E));
    CHECK(count == 2);
    const hopt_worker_record *w = &list[0];
    CHECK(strcmp(w->owner, "h:1:a") == 0 && strcmp(w->host, "h") == 0 && w->pid == 1);
    CHECK(strcmp(w->boot_id, "boot") == 0 && w->slots == 4 && w->running == 3);
    CHECK(w->lease_s == 2.5 && strcmp(w->studies, "a,b") == 0 && w->beat == list[1].beat + 1);
    CHECK(w->seen_ms >= list[1].seen_ms && w->age_ms > -2000 && w->age_ms < 60000);
    hopt_worker_records_free(list, count);
    MUST(hopt_store_worker_remove(store, "h:1:a", &E));
    MUST(hopt_store_worker_remove(store, "h:1:a", &E));
    MUST(hopt_store_workers(store, &list, &count, &E));
    CHECK(count == 1 && strcmp(list[0].owner, "h:2:b") == 0);
    hopt_worker_records_free(list, count);
    hopt_store_close(store);
}

static void version_token(void) {
    hopt_store *store = open_store(), *other = open_store();
    int64_t before, after;
    MUST(hopt_store_version(store, &before, &E));
    if (before == 0) skip("the store has no token");
    hopt_study_record *study = make_study(other, "a");
    MUST(hopt_store_version(store, &after, &E));
    CHECK(after != before);
    MUST(hopt_store_version(store, &before, &E));
    CHECK(after == before);
    queue_trials(other, study, 0, 1);
    MUST(hopt_store_version(store, &after, &E));
    CHECK(after != before);
    hopt_study_free(study);
    hopt_store_close(other);
    hopt_store_close(store);
}

static void health(void) {
    hopt_store *store = open_store();
    hopt_store_health report;
    MUST(hopt_store_health_check(store, &report, &E));
    CHECK(report.ping_ms > 0 && report.write_ms > 0 && report.indexes_ok);
    CHECK(report.version[0] && llabs((long long)report.clock_skew_ms) < 5000);
    CHECK(strstr(hopt_store_name(store), "://") || strstr(hopt_store_name(store), "sqlite:"));
    hopt_store_close(store);
}

static void read_only(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a"), *read;
    queue_trials(store, study, 0, 1);
    hopt_store_close(store);
    hopt_store_options options = {.read_only = true};
    MUST(hopt_store_open(&store, URI, &options, &E));
    hopt_trial *trial;
    size_t inserted;
    int64_t tid;
    MUST(hopt_store_study(store, &read, "a", &E));
    EXPECT(HOPT_EUNAVAILABLE, hopt_store_claim(store, &trial, "a", "w:1:a", &E));
    EXPECT(HOPT_EUNAVAILABLE, hopt_store_tids(store, &tid, 1, &E));
    EXPECT(HOPT_EUNAVAILABLE, hopt_store_study_delete(store, "a", &E));
    trial = new_trial(study, 1, 5);
    EXPECT(HOPT_EUNAVAILABLE, hopt_store_enqueue(store, &trial, 1, &inserted, &E));
    hopt_trial_free(trial);
    check_trial(store, "a", 0, HOPT_NEW, 0, 0, 0);
    hopt_study_free(read);
    hopt_study_free(study);
    hopt_store_close(store);
}

static void bad_options(void) {
    hopt_store_options options = {.timeout_ms = 10};
    hopt_store *store;
    EXPECT(HOPT_EINVAL, hopt_store_open(&store, URI, &options, &E));
    CHECK(!store);
    EXPECT(HOPT_EINVAL, hopt_store_open(&store, "redis://x", NULL, &E));
    EXPECT(HOPT_EINVAL, hopt_store_open(&store, "", NULL, &E));
}

const test_case extra_cases[] = {{"extra_curves", curves},
                                 {"extra_curve_limit", curve_limit},
                                 {"extra_logs", logs},
                                 {"extra_attachments", attachments},
                                 {"extra_workers", workers},
                                 {"extra_version_token", version_token},
                                 {"extra_health", health},
                                 {"extra_read_only", read_only},
                                 {"extra_bad_options", bad_options},
                                 {NULL, NULL}};
