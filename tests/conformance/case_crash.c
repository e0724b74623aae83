/* Processes killed while they write, and a server that dies between claim and result. */
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/conformance/conformance.h"

enum { BATCH = 200, ROUNDS = 30 };

static atomic_int *progress;

static pid_t start(void (*work)(void)) {
    fflush(NULL);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid > 0) return pid;
    work();
    _exit(0);
}

static void kill_it(pid_t pid) {
    int status;
    kill(pid, SIGKILL);
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL); /* else it failed by itself */
}

/* ---- a writer is killed at any moment ---- */

/* Queues batches, claims and ends all the time; says what the store has confirmed. */
static void write_for_ever(void) {
    hopt_store *store = open_store();
    hopt_study_record *study;
    MUST(hopt_store_study(store, &study, "a", &E));
    for (;;) {
        int from = atomic_load(&progress[0]);
        hopt_trials batch = {0};
        int64_t tid;
        size_t inserted;
        MUST(hopt_store_tids(store, &tid, BATCH, &E));
        for (int i = 0; i < BATCH; i++)
            hopt_trials_add(&batch, new_trial(study, from + i, tid + i));
        hopt_status status = hopt_store_enqueue(store, batch.list, BATCH, &inserted, &E);
        /* After the kill of its predecessor the batch may be there, whole or in part. */
        while (status == HOPT_ECONFLICT && inserted < BATCH) {
            size_t more = 0;
            size_t next = inserted + 1;
            status = hopt_store_enqueue(store, batch.list + next, BATCH - next, &more, &E);
            inserted = next + more;
        }
        CHECK(status == HOPT_OK || inserted == BATCH);
        atomic_fetch_add(&progress[0], BATCH);
        hopt_trials_clear(&batch);
        for (int i = 0; i < 20; i++) {
            hopt_trial *trial;
            char owner[32];
            snprintf(owner, sizeof owner, "w:%d:00000000", (int)getpid());
            status = hopt_store_claim(store, &trial, "a", owner, &E);
            if (status == HOPT_ENOTFOUND) break;
            CHECK(status == HOPT_OK);
            hopt_lease lease = lease_of(trial);
            hopt_result result = ok_result(trial->num);
            MUST(hopt_store_finish(store, &lease, &result, &E));
            atomic_fetch_add(&progress[1], 1);
            hopt_trial_free(trial);
        }
    }
}

static void make_a(void) {
    hopt_store *store = open_store();
    hopt_study_free(make_study(store, "a"));
    hopt_store_close(store);
}

static void check_after_kills(void) {
    hopt_store *store = open_store();
    int64_t counts[HOPT_STATES], all = 0;
    MUST(hopt_store_counts(store, "a", counts, &E));
    for (int i = 0; i < HOPT_STATES; i++)
        all += counts[i];
    int confirmed = atomic_load(&progress[0]), ended = atomic_load(&progress[1]);
    CHECK(all >= confirmed && all <= confirmed + BATCH);
    CHECK(counts[HOPT_DONE] >= ended && counts[HOPT_DONE] <= ended + ROUNDS);
    CHECK(counts[HOPT_RUNNING] <= ROUNDS);
    hopt_trials list = {0};
    hopt_trial_query query = {.study = "a", .after = -1, .limit = 1000};
    int64_t malformed, seen = 0;
    do {
        hopt_trials_clear(&list);
        MUST(hopt_store_trials(store, &list, &query, &malformed, &E));
        CHECK(malformed == 0);
        for (size_t i = 0; i < list.count; i++)
            CHECK(list.list[i]->num == seen++); /* no hole: batches go in in order */
        query.after = (int)seen - 1;
    } while (list.count);
    CHECK(seen == all);
    hopt_trials_clear(&list);
    printf("     %d writers killed: %d trials, %d ends, nothing confirmed was lost\n", ROUNDS,
           confirmed, ended);
    hopt_store_close(store);
}

static void wait_for(pid_t pid) {
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void writer_killed(void) {
    progress = shared(2 * sizeof *progress);
    wait_for(start(make_a));
    for (int i = 0; i < ROUNDS; i++) {
        pid_t pid = start(write_for_ever);
        sleep_ms(20 + (int)draw(120));
        kill_it(pid);
    }
    wait_for(start(check_after_kills));
}

/* ---- the owner of a claim is killed ---- */

static void claim_and_hang(void) {
    hopt_store *store = open_store();
    hopt_study_record *study;
    MUST(hopt_store_study(store, &study, "a", &E));
    queue_trials(store, study, 0, 1);
    hopt_trial_free(claim(store, "a", "w:1:a"));
    atomic_store(progress, 1);
    for (;;)
        sleep_ms(1000);
}

static void owner_killed(void) {
    progress = shared(sizeof *progress);
    wait_for(start(make_a));
    pid_t pid = start(claim_and_hang);
    while (!atomic_load(progress))
        sleep_ms(5);
    kill_it(pid);
    hopt_store *store = open_store();
    hopt_open_trial *open;
    size_t count;
    MUST(hopt_store_open_set(store, &open, &count, "a", &E));
    CHECK(count == 1 && open[0].state == HOPT_RUNNING);
    MUST(hopt_store_expire(store, "a", &open[0], 3, &E));
    free(open);
    hopt_trial *trial = claim(store, "a", "w:2:b");
    CHECK(trial->lease == 2 && trial->lost == 1);
    hopt_lease lease = lease_of(trial);
    hopt_result result = ok_result(1);
    MUST(hopt_store_finish(store, &lease, &result, &E));
    hopt_trial_free(trial);
    hopt_store_close(store);
}

/* ---- the server dies between claim and result ---- */

/* Calls until it is no store error any more, at most 60 s. */
static hopt_status insist_finish(hopt_store *store, const hopt_lease *lease,
                                 const hopt_result *result) {
    hopt_status status = HOPT_ESTORE;
    for (double until = now_s() + 60; now_s() < until;) {
        status = hopt_store_finish(store, lease, result, &E);
        if (status != HOPT_ESTORE && status != HOPT_EUNAVAILABLE) break;
        sleep_ms(200);
    }
    return status;
}

static void server_restarted(void) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    queue_trials(store, study, 0, 3);
    hopt_trial *one = claim(store, "a", "w:1:a"), *two = claim(store, "a", "w:1:a");
    hopt_lease first = lease_of(one), second = lease_of(two);
    hopt_result result = ok_result(1);
    int code = BACKEND->kill_server();
    if (code == SKIPPED) skip("there is no server of ours to kill");
    CHECK(code == 0);
    hopt_status status = hopt_store_finish(store, &first, &result, &E);
    CHECK(status == HOPT_ESTORE || status == HOPT_EUNAVAILABLE);
    CHECK(E.message[0]);
    CHECK(BACKEND->restart_server() == 0);
    CHECK(insist_finish(store, &first, &result) == HOPT_OK);
    CHECK(insist_finish(store, &first, &result) == HOPT_OK); /* said again: as after a lost reply */
    CHECK(insist_finish(store, &second, &result) == HOPT_OK);
    check_trial(store, "a", one->num, HOPT_DONE, 1, 0, 2);
    check_trial(store, "a", two->num, HOPT_DONE, 1, 0, 2);
    hopt_trials mine = {0};
    hopt_trial *three = claim(store, "a", "w:1:a");
    MUST(hopt_store_mine(store, &mine, "a", "w:1:a", &E));
    CHECK(mine.count == 1 && mine.list[0]->num == three->num);
    hopt_trials_clear(&mine);
    hopt_trial_free(one);
    hopt_trial_free(two);
    hopt_trial_free(three);
    hopt_study_free(study);
    hopt_store_close(store);
}

const test_case crash_cases[] = {{"crash_writer_killed", writer_killed},
                                 {"crash_owner_killed", owner_killed},
                                 {"crash_server_restarted", server_restarted},
                                 {NULL, NULL}};
