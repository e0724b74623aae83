/* What sinks keep (common/store/sink.h). */
#include "common/store/sink.h"
#include "tests/conformance/conformance.h"

static void study_lease(void) {
    hopt_store *store = open_store();
    hopt_sink_study none, mine = {.exists = true, .owner = "h:1:00000001"}, read, next;
    EXPECT(HOPT_ENOTFOUND, hopt_sink_study_read(store, &none, "a", &E));
    hopt_study_record *study = make_study(store, "a");
    MUST(hopt_sink_study_read(store, &none, "a", &E));
    CHECK(!none.exists && !none.run[0] && !none.owner[0] && none.beat == 0);
    MUST(hopt_sink_study_put(store, "a", &none, &mine, &E));
    EXPECT(HOPT_ECONFLICT, hopt_sink_study_put(store, "a", &none, &mine, &E));
    MUST(hopt_sink_study_read(store, &read, "a", &E));
    CHECK(read.exists && !read.run[0] && strcmp(read.owner, mine.owner) == 0 && read.beat == 0);
    next = read;
    next.beat = INT64_C(1) << 40;
    strcpy(next.run, "0123456789abcdef0123456789abcdef");
    MUST(hopt_sink_study_put(store, "a", &read, &next, &E));
    EXPECT(HOPT_ECONFLICT, hopt_sink_study_put(store, "a", &read, &next, &E));
    MUST(hopt_store_study_update(store, "a", study->rev, HOPT_STUDY_PAUSED, "r", NULL, NULL, &E));
    MUST(hopt_sink_study_read(store, &read, "a", &E)); /* a change of the study leaves it alone */
    CHECK(strcmp(read.run, next.run) == 0 && read.beat == next.beat);
    MUST(hopt_store_study_delete(store, "a", &E));
    hopt_study_free(study);
    study = make_study(store, "a");
    MUST(hopt_sink_study_read(store, &read, "a", &E)); /* another study of the same name */
    CHECK(!read.exists && !read.run[0]);
    hopt_study_free(study);
    hopt_store_close(store);
}

static size_t pending(hopt_store *store, hopt_sink_trial **list, const char *parent, int after,
                      int limit) {
    size_t count;
    MUST(hopt_sink_pending(store, list, &count, "a", parent, after, limit, &E));
    return count;
}

static void end_trials(hopt_store *store, int n, hopt_state state) {
    for (int i = 0; i < n; i++) {
        hopt_trial *trial = claim(store, "a", "h:1:00000001");
        hopt_lease lease = lease_of(trial);
        hopt_result result = ok_result(1.5);
        result.state = state;
        if (state == HOPT_ERROR) {
            result.has_loss = result.ok = false;
            result.error_type = hopt_strdup("Exit");
            result.error_message = hopt_strdup("1");
        }
        MUST(hopt_store_finish(store, &lease, &result, &E));
        hopt_result_clear(&result);
        hopt_trial_free(trial);
    }
}

static void outbox(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    hopt_sink_trial *list;
    queue_trials(store, study, 0, 3);
    CHECK(pending(store, &list, "p1", -1, 100) == 0); /* nothing has ended */
    end_trials(store, 3, HOPT_DONE);
    queue_trials(store, study, 3, 1);
    end_trials(store, 1, HOPT_ERROR);
    size_t n = pending(store, &list, "p1", -1, 100);
    CHECK(n == 4);
    for (int i = 0; i < 4; i++)
        CHECK(list[i].num == i && hopt_trial_id_num(&list[i].id) == i && !list[i].parent[0] &&
              !list[i].run[0]);
    strcpy(list[0].parent, "p1"); /* begun */
    strcpy(list[1].parent, "p1"); /* done */
    strcpy(list[1].run, "r1");
    strcpy(list[3].parent, "p1"); /* done, an ERROR */
    strcpy(list[3].run, "r3");
    list[1].done = list[3].done = true;
    MUST(hopt_sink_put(store, list, 2, &E));
    MUST(hopt_sink_put(store, list + 3, 1, &E));
    MUST(hopt_sink_put(store, list + 3, 1, &E));
    CHECK(list[0].status == HOPT_OK && list[3].status == HOPT_OK);
    list[2].version--;
    MUST(hopt_sink_put(store, list + 2, 1, &E));
    CHECK(list[2].status == HOPT_ECONFLICT); /* it changed since it was read */
    free(list);
    n = pending(store, &list, "p1", -1, 100);
    CHECK(n == 2 && list[0].num == 0 && strcmp(list[0].parent, "p1") == 0 && !list[0].run[0] &&
          list[1].num == 2 && !list[1].parent[0]);
    free(list);
    CHECK(pending(store, &list, "p1", 0, 100) == 1 && list[0].num == 2);
    free(list);
    CHECK(pending(store, &list, "p1", -1, 1) == 1 && list[0].num == 0);
    free(list);
    CHECK(pending(store, &list, "p2", -1, 100) == 4); /* for another run nothing is done */
    CHECK(strcmp(list[1].parent, "p1") == 0 && strcmp(list[1].run, "r1") == 0);
    free(list);
    MUST(hopt_store_retry(store, "a", 3, &E));
    CHECK(pending(store, &list, "p1", 2, 100) == 0); /* in the queue again */
    end_trials(store, 1, HOPT_DONE);
    n = pending(store, &list, "p1", 2, 100);
    CHECK(n == 1 && list[0].num == 3 && strcmp(list[0].run, "r3") == 0); /* its run is known */
    free(list);
    hopt_trial *trial = read_trial(store, "a", 1); /* and the trial is as it was */
    CHECK(trial->state == HOPT_DONE && trial->result.loss == 1.5);
    hopt_trial_free(trial);
    hopt_study_free(study);
    hopt_store_close(store);
}

const test_case sink_cases[] = {{"sink_study_lease", study_lease}, {"sink_outbox", outbox}, {0}};
