/* Trials of a Python driver (common/store/driven.h): as MongoTrials inserts them. Where the store
 * has none, every call says so. */
#include <fcntl.h>
#include <unistd.h>

#include "common/json/json.h"
#include "common/store/driven.h"
#include "tests/conformance/conformance.h"

static const char key[] = "exp 1";

static bool none_here(hopt_store *store) {
    hopt_trials list = {0};
    if (BACKEND->insert) return false;
    EXPECT(HOPT_EINVAL, hopt_driven_claim(store, &list, key, "w:1:a", 1, &E));
    CHECK(list.count == 0 && strstr(E.message, "MongoDB"));
    hopt_store_close(store);
    return true;
}

/* `more` begins with a comma. */
static void insert(int tid, const char *exp_key, const char *owner, const char *cmd,
                   const char *more) {
    char *doc = hopt_format(
        "{\"tid\":%d,\"state\":0,\"spec\":null,\"exp_key\":\"%s\",\"version\":0,\"owner\":%s,"
        "\"book_time\":null,\"refresh_time\":null,\"result\":{\"status\":\"new\"},\"misc\":{"
        "\"tid\":%d,\"cmd\":%s,\"workdir\":null,\"idxs\":{\"x\":[%d]},\"vals\":{\"x\":[0.5]}}%s}",
        tid, exp_key, owner, tid, cmd, tid, more);
    BACKEND->insert(URI, "jobs", doc);
    free(doc);
}

static void insert_usual(int tid) {
    insert(tid, key, "null", "[\"domain_attachment\",\"FMinIter_Domain\"]", "");
}

static int64_t count(const char *filter) {
    return BACKEND->count(URI, "jobs", filter);
}

static hopt_trial *claim_one(hopt_store *store, const char *owner) {
    hopt_trials list = {0};
    MUST(hopt_driven_claim(store, &list, key, owner, 1, &E));
    CHECK(list.count == 1);
    hopt_trial *trial = list.list[0];
    free(list.list);
    return trial;
}

static hopt_lease lease_by(const hopt_trial *trial, const char *owner) {
    return (hopt_lease){trial->id, trial->study, owner, trial->lease};
}

static void claims(void) {
    hopt_store *store = open_store();
    hopt_trials list = {0};
    if (none_here(store)) return;
    EXPECT(HOPT_ENOTFOUND, hopt_driven_claim(store, &list, key, "w:1:a", 1, &E));
    insert(7, key, "null", "[\"domain_attachment\",\"Other\"]", "");
    insert(8, key, "null", "[\"cpickled fn\",\"x\"]", "");
    insert(9, key, "[\"host:1\"]", "[\"domain_attachment\",\"FMinIter_Domain\"]", "");
    insert(10, "another", "null", "[\"domain_attachment\",\"FMinIter_Domain\"]", "");
    insert(11, key, "[\"hopt\"]", "[\"hopt\",\"command\"]", ",\"hopt\":{\"num\":0,\"lease\":0}");
    insert_usual(12);
    BACKEND->change(URI, "jobs", "{\"tid\":12}", "{\"$set\":{\"version\":\"damaged\"}}");
    MUST(hopt_driven_claim(store, &list, key, "w:1:a", 5, &E));
    CHECK(list.count == 1);
    const hopt_trial *trial = list.list[0];
    CHECK(trial->tid == 7 && trial->num == 7 && trial->lease == 1 && trial->lost == 0);
    CHECK(trial->state == HOPT_RUNNING && strcmp(trial->owner, "w:1:a") == 0);
    CHECK(strcmp(trial->study, "exp_1") == 0);
    CHECK(strcmp(hopt_json_string_of(trial->params, "attachment"), "Other") == 0);
    const char *text = hopt_json_string_of(trial->params, "document");
    CHECK(strstr(text, "\"$numberDouble\"") && strstr(text, "\"$oid\""));
    CHECK(count("{\"tid\":7,\"state\":1,\"owner\":[\"w:1:a\"],\"version\":1,"
                "\"book_time\":{\"$gt\":{\"$date\":{\"$numberLong\":\"1\"}}},"
                "\"refresh_time\":{\"$gt\":{\"$date\":{\"$numberLong\":\"1\"}}},"
                "\"hopt_lease.worker\":\"w:1:a\"}") == 1);
    CHECK(count("{\"state\":0}") == 5);
    hopt_trials_clear(&list);
    MUST(hopt_driven_mine(store, &list, key, "w:1:a", &E));
    CHECK(list.count == 1 && list.list[0]->tid == 7 && list.list[0]->lease == 1);
    hopt_trials_clear(&list);
    MUST(hopt_driven_mine(store, &list, key, "w:2:b", &E));
    CHECK(list.count == 0);
    /* What reads studies does not see them. */
    hopt_study_record *study = make_study(store, "another");
    hopt_open_trial *open;
    size_t n;
    MUST(hopt_store_open_set(store, &open, &n, "another", &E));
    CHECK(n == 0);
    free(open);
    EXPECT(HOPT_ENOTFOUND, hopt_store_claim_many(store, &list, "another", "w:1:a", 1, &E));
    hopt_study_free(study);
    hopt_store_close(store);
}

/* Every write of a lease that is over. */
static void refused(hopt_store *store, const hopt_lease *lease) {
    hopt_result error = {.state = HOPT_ERROR};
    hopt_result done = {.state = HOPT_DONE};
    EXPECT(HOPT_ECONFLICT, hopt_driven_beat(store, lease, &E));
    EXPECT(HOPT_ECONFLICT, hopt_driven_checkpoint(store, lease, NULL, &E));
    EXPECT(HOPT_ECONFLICT, hopt_driven_checkpoint(store, lease, "{\"loss\":1}", &E));
    EXPECT(HOPT_ECONFLICT, hopt_driven_attach(store, lease, "late", "x", 1, &E));
    EXPECT(HOPT_ECONFLICT, hopt_driven_release(store, lease, &E));
    EXPECT(HOPT_ECONFLICT, hopt_driven_finish(store, lease, &error, NULL, &E));
    EXPECT(HOPT_ECONFLICT, hopt_driven_finish(store, lease, &done, "{\"loss\":1}", &E));
}

static void fence(void) {
    hopt_store *store = open_store();
    if (none_here(store)) return;
    insert_usual(1);
    hopt_trial *first = claim_one(store, "w:1:a");
    hopt_lease old = lease_by(first, "w:1:a");
    MUST(hopt_driven_beat(store, &old, &E));
    MUST(hopt_driven_checkpoint(store, &old, "{\"status\":\"ok\",\"loss\":{\"$numberInt\":\"2\"}}",
                                &E));
    MUST(hopt_driven_release(store, &old, &E));
    CHECK(count("{\"state\":0,\"owner\":null,\"book_time\":null,\"refresh_time\":null,"
                "\"version\":1002,\"result.loss\":2}") == 1);
    refused(store, &old);
    hopt_trial *second = claim_one(store, "w:1:a"); /* the same worker again: another lease */
    hopt_lease now = lease_by(second, "w:1:a");
    CHECK(second->lease == 2 && second->lost == 0);
    refused(store, &old);
    CHECK(count("{\"state\":1,\"version\":1003,\"result.loss\":2}") == 1);
    hopt_result done = {.state = HOPT_DONE};
    MUST(hopt_driven_finish(store, &now, &done, "{\"status\":\"ok\",\"loss\":3.5}", &E));
    MUST(hopt_driven_finish(store, &now, &done, "{\"status\":\"ok\",\"loss\":4.5}", &E));
    CHECK(count("{\"state\":2,\"version\":1004,\"result\":{\"status\":\"ok\",\"loss\":3.5}}") == 1);
    refused(store, &old);
    hopt_trial_free(first);
    hopt_trial_free(second);
    hopt_store_close(store);
}

static void ends(void) {
    hopt_store *store = open_store();
    if (none_here(store)) return;
    for (int i = 0; i < 3; i++)
        insert_usual(i);
    hopt_trial *trial = claim_one(store, "w:1:a");
    hopt_lease lease = lease_by(trial, "w:1:a");
    hopt_result done = {.state = HOPT_DONE};
    EXPECT(HOPT_EINVAL, hopt_driven_finish(store, &lease, &done, NULL, &E));
    EXPECT(HOPT_EINVAL, hopt_driven_finish(store, &lease, &done, "{\"loss\":", &E));
    EXPECT(HOPT_EINVAL, hopt_driven_checkpoint(store, &lease, "[", &E));
    size_t size = (size_t)20 << 20; /* a document holds 16 MB */
    char *large = hopt_alloc(size + 16);
    memset(large, 'x', size);
    memcpy(large, "{\"l\":\"", 6); /* NOLINT: the end is set below */
    memcpy(large + size, "\"}", 3);
    EXPECT(HOPT_EINVAL, hopt_driven_finish(store, &lease, &done, large, &E));
    free(large);
    MUST(hopt_driven_finish(
        store, &lease, &done,
        "{\"status\":\"ok\",\"loss\":{\"$numberDouble\":\"NaN\"},"
        "\"when\":{\"$date\":{\"$numberLong\":\"1500000000123\"}},"
        "\"big\":{\"$numberLong\":\"5\"},\"int\":{\"$numberInt\":\"5\"},\"dot.ted\":1,"
        "\"bytes\":{\"$binary\":{\"base64\":\"AAE=\",\"subType\":\"00\"}}}",
        &E));
    CHECK(count("{\"state\":2,\"result.when\":{\"$date\":{\"$numberLong\":\"1500000000123\"}},"
                "\"result.big\":5,\"result.loss\":{\"$numberDouble\":\"NaN\"},"
                "\"result.bytes\":{\"$binary\":{\"base64\":\"AAE=\",\"subType\":\"00\"}}}") == 1);
    hopt_trial_free(trial);
    trial = claim_one(store, "w:1:a");
    lease = lease_by(trial, "w:1:a");
    static char type[] = "<class 'E'>", message[] = "why";
    hopt_result error = {.state = HOPT_ERROR, .error_type = type, .error_message = message};
    MUST(hopt_driven_finish(store, &lease, &error, NULL, &E));
    MUST(hopt_driven_finish(store, &lease, &error, NULL, &E));
    CHECK(count("{\"state\":3,\"error\":[\"<class 'E'>\",\"why\"],\"version\":2,"
                "\"result\":{\"status\":\"new\"}}") == 1);
    hopt_trial_free(trial);
    hopt_store_close(store);
}

static size_t running(hopt_store *store, hopt_open_trial *one) {
    hopt_open_trial *list;
    size_t n;
    MUST(hopt_driven_running(store, &list, &n, key, &E));
    if (n) *one = list[0];
    free(list);
    return n;
}

static void expiry(void) {
    hopt_store *store = open_store();
    hopt_open_trial seen, before;
    if (none_here(store)) return;
    insert_usual(5);
    hopt_trial *trial = claim_one(store, "w:1:a");
    hopt_lease lease = lease_by(trial, "w:1:a");
    CHECK(running(store, &before) == 1 && before.num == 5 && before.beat == 0);
    MUST(hopt_driven_beat(store, &lease, &E));
    CHECK(running(store, &seen) == 1 && seen.beat == 1 && seen.lease == 1);
    CHECK(strcmp(seen.owner, "w:1:a") == 0 && strcmp(seen.worker, "w:1:a") == 0);
    EXPECT(HOPT_ECONFLICT, hopt_driven_expire(store, &before, 2, &E));
    MUST(hopt_driven_expire(store, &seen, 2, &E));
    EXPECT(HOPT_ECONFLICT, hopt_driven_expire(store, &seen, 2, &E));
    CHECK(count("{\"state\":0,\"owner\":null,\"hopt_lease.lost\":1,\"version\":1001}") == 1);
    CHECK(running(store, &seen) == 0);
    refused(store, &lease);
    hopt_trial_free(trial);
    trial = claim_one(store, "w:2:b");
    lease = lease_by(trial, "w:2:b");
    CHECK(trial->lease == 2 && trial->lost == 1 && running(store, &seen) == 1);
    seen.beat = -1; /* its owner gives the attempt up */
    MUST(hopt_driven_expire(store, &seen, 2, &E));
    CHECK(count("{\"state\":3,\"error.0\":\"LeaseExpired\",\"hopt_lease.lost\":2}") == 1);
    refused(store, &lease);
    hopt_trial_free(trial);
    /* At the first loss already, where only one attempt is allowed. */
    insert_usual(6);
    trial = claim_one(store, "w:2:b");
    CHECK(running(store, &seen) == 1);
    MUST(hopt_driven_expire(store, &seen, 1, &E));
    CHECK(count("{\"tid\":6,\"state\":3,\"error.0\":\"LeaseExpired\"}") == 1);
    hopt_trial_free(trial);
    /* A Python worker has what one of ours gave back: it is not ours to judge. */
    insert(7, key, "null", "[\"domain_attachment\",\"FMinIter_Domain\"]",
           ",\"hopt_lease\":{\"worker\":\"w:1:a\",\"n\":3,\"beat\":0}");
    BACKEND->change(URI, "jobs", "{\"tid\":7}", "{\"$set\":{\"state\":1,\"owner\":[\"host:1\"]}}");
    CHECK(running(store, &seen) == 0);
    hopt_store_close(store);
}

static void files(void) {
    hopt_store *store = open_store();
    char id[HOPT_FILE_ID_SIZE], other[HOPT_FILE_ID_SIZE], path[] = "/tmp/hopt-driven-XXXXXX";
    char **names, read_back[16] = "";
    size_t n;
    if (none_here(store)) return;
    EXPECT(HOPT_ENOTFOUND, hopt_driven_file(store, key, "a", id, &E));
    MUST(hopt_driven_put(store, key, "a", "first", 5, &E));
    MUST(hopt_driven_put(store, key, "b", "", 0, &E));
    MUST(hopt_driven_put(store, "another", "a", "theirs", 6, &E));
    MUST(hopt_driven_file(store, key, "a", id, &E));
    MUST(hopt_driven_put(store, key, "a", "second", 6, &E));
    MUST(hopt_driven_file(store, key, "a", other, &E));
    CHECK(strcmp(id, other) != 0 && strlen(id) == HOPT_FILE_ID_SIZE - 1);
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    EXPECT(HOPT_ENOTFOUND, hopt_driven_download(store, id, fd, &E));
    MUST(hopt_driven_download(store, other, fd, &E));
    CHECK(pread(fd, read_back, sizeof read_back, 0) == 6 && strcmp(read_back, "second") == 0);
    close(fd);
    unlink(path);
    EXPECT(HOPT_EINVAL, hopt_driven_download(store, "no id", 1, &E));
    MUST(hopt_driven_files(store, key, &names, &n, &E));
    CHECK(n == 2 && strcmp(names[0], "a") == 0 && strcmp(names[1], "b") == 0 && !names[2]);
    hopt_names_free(names);
    CHECK(BACKEND->count(URI, "fs.files", "{\"exp_key\":\"exp 1\",\"encoding\":\"utf-8\"}") == 2);
    /* Of a trial: the driver sees it by the version. */
    insert_usual(1);
    hopt_trial *trial = claim_one(store, "w:1:a");
    hopt_lease lease = lease_by(trial, "w:1:a");
    MUST(hopt_driven_attach(store, &lease, "model", "x", 1, &E));
    CHECK(count("{\"version\":2,\"_attachments.0.0\":\"model\"}") == 1);
    hopt_trial_free(trial);
    hopt_store_close(store);
}

enum { RACERS = 6, RACED = 40 };

static void race_one(int index) {
    hopt_store *store = open_store();
    char owner[32];
    snprintf(owner, sizeof owner, "w:%d:x", index);
    hopt_trials list = {0};
    hopt_result done = {.state = HOPT_DONE};
    while (hopt_driven_claim(store, &list, key, owner, 1 + draw(3), &E) == HOPT_OK) {
        for (size_t i = 0; i < list.count; i++) {
            hopt_lease lease = lease_by(list.list[i], owner);
            if (draw(4) == 0)
                MUST(hopt_driven_release(store, &lease, &E));
            else
                MUST(hopt_driven_finish(store, &lease, &done, "{\"status\":\"ok\",\"loss\":1.0}",
                                        &E));
        }
        hopt_trials_clear(&list);
    }
    CHECK(E.code != HOPT_ESTORE);
    hopt_store_close(store);
}

static void race(void) {
    if (BACKEND->insert) {
        for (int i = 0; i < RACED; i++)
            insert_usual(i);
        together(RACERS, race_one);
        CHECK(count("{\"state\":2,\"result.loss\":1}") == RACED);
    }
}

const test_case driven_cases[] = {{"driven_claims", claims},
                                  {"driven_fence", fence},
                                  {"driven_ends", ends},
                                  {"driven_expiry", expiry},
                                  {"driven_files", files},
                                  {"driven_race", race},
                                  {NULL, NULL}};
