/* The agent against a real SQLite file with real objectives: what it claims, writes, gives back and
 * drops, and when it leaves. Trials are put into the queue by hand: no master is needed. */
#include <sqlite3.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/store/store.h"
#include "common/sys/clock.h"
#include "slot.h"
#include "worker/agent.h"

enum { STUDIES_MAX = 3, STEP_MS = 10, LONGEST_MS = 240000 };

static hopt_error err;

#define OK(call) CHECK((call) == HOPT_OK, "%s", err.message)

/** One agent, its store and what it said. */
typedef struct bench {
    char dir[64];
    char *uri, *workdir;
    hopt_store *store; /* the test's own connection */
    hopt_study_spec *specs[STUDIES_MAX];
    hopt_study_record *records[STUDIES_MAX];
    const char *cwds[STUDIES_MAX];
    size_t n_studies;
    uv_loop_t loop;
    uv_timer_t timer;
    hopt_agent *agent;
    hopt_agent_options options;
    int64_t start_ms, left_ms;
    int events[HOPT_AGENT_LEFT + 1];
    bool left, failed, closed;
    char message[256];
    void (*at)(struct bench *b); /* called every STEP_MS */
    bool release_when_claimed;
    int stage; /* at()'s own */
} bench;

static void open_bench(bench *b) {
    memset(b, 0, sizeof *b);
    snprintf(b->dir, sizeof b->dir, "/tmp/hopt-agent-XXXXXX");
    CHECK(mkdtemp(b->dir), "no folder");
    b->uri = hopt_format("sqlite:%s/agent.db", b->dir);
    b->workdir = hopt_format("%s/work", b->dir);
    hopt_store_options options = {.create = true};
    OK(hopt_store_open(&b->store, b->uri, &options, &err));
    b->options.slots = 1;
    b->options.grace_ms = -1;
}

/* A study of one parameter x; `command` is a shell text. */
static void add_study(bench *b, const char *name, const char *command, const char *trial) {
    char *text = hopt_format("{\"name\":\"%s\",\"space\":{\"x\":{\"_type\":\"uniform\",\"_value\":"
                             "[0,10]}},\"objective\":{\"command\":[\"sh\",\"-c\",\"%s\"]},"
                             "\"trial\":{%s}}",
                             name, command, trial);
    hopt_errors errors = {0};
    size_t at = b->n_studies++;
    CHECK(hopt_study_spec_parse(&b->specs[at], text, strlen(text), NULL, NULL, 0, &errors) ==
              HOPT_OK,
          "%s", errors.list[0].message);
    hopt_study_record *study = b->records[at] = hopt_study_new();
    snprintf(study->name, sizeof study->name, "%s", name);
    study->format = 1;
    study->spec = text;
    snprintf(study->space_hash, sizeof study->space_hash, "0123456789abcdef");
    OK(hopt_store_study_create(b->store, study, &err));
    b->cwds[at] = b->dir;
}

static void queue(bench *b, size_t study, int from, int n) {
    for (int num = from; num < from + n; num++) {
        hopt_trial *trial = hopt_trial_new();
        const hopt_space *space = b->specs[study]->space;
        double point[1] = {num};
        size_t inserted;
        trial->num = num;
        trial->id = hopt_trial_id_make(b->records[study]->prefix, num);
        trial->seed = 1;
        snprintf(trial->study, sizeof trial->study, "%s", b->specs[study]->name);
        trial->cmd = hopt_strdup("command");
        trial->vals = hopt_space_vals(space, point);
        trial->params = hopt_space_resolve(space, point);
        OK(hopt_store_tids(b->store, &trial->tid, 1, &err));
        OK(hopt_store_enqueue(b->store, &trial, 1, &inserted, &err));
        hopt_trial_free(trial);
    }
}

static hopt_trial *read_trial(bench *b, size_t study, int num) {
    hopt_trial *trial;
    OK(hopt_store_trial(b->store, &trial, b->specs[study]->name, num, &err));
    return trial;
}

static int count(bench *b, size_t study, hopt_state state) {
    int64_t counts[HOPT_STATES];
    OK(hopt_store_counts(b->store, b->specs[study]->name, counts, &err));
    return (int)counts[state];
}

static void on_closed(void *data) {
    bench *b = data;
    b->closed = true;
    uv_close((uv_handle_t *)&b->timer, NULL);
}

static void on_event(void *data, const hopt_agent_event *event) {
    bench *b = data;
    b->events[event->kind]++;
    if (event->kind == HOPT_AGENT_CLAIMED && b->release_when_claimed) hopt_agent_release(b->agent);
    if (event->kind != HOPT_AGENT_LEFT) return;
    b->left = true;
    b->left_ms = hopt_clock_mono_ms() - b->start_ms;
    b->failed = event->failed;
    snprintf(b->message, sizeof b->message, "%s", event->message ? event->message : "");
    hopt_agent_close(b->agent, on_closed, b);
}

static void on_timer(uv_timer_t *timer) {
    bench *b = timer->data;
    CHECK(hopt_clock_mono_ms() - b->start_ms < LONGEST_MS, "the agent does not leave");
    if (b->at && !b->left) b->at(b);
}

/* Let the agent work until it has left. */
static void run(bench *b) {
    b->options.store_uri = b->uri;
    b->options.studies = (const hopt_study_spec *const *)b->specs;
    b->options.n_studies = b->n_studies;
    b->options.cwds = b->cwds;
    b->options.runner = TEST_RUNNER;
    b->options.workdir = b->workdir;
    b->options.on_event = on_event;
    b->options.data = b;
    memset(b->events, 0, sizeof b->events);
    b->left = b->closed = false;
    b->start_ms = hopt_clock_mono_ms();
    CHECK(uv_loop_init(&b->loop) == 0, "loop");
    CHECK(uv_timer_init(&b->loop, &b->timer) == 0, "timer");
    b->timer.data = b;
    uv_timer_start(&b->timer, on_timer, STEP_MS, STEP_MS);
    b->agent = hopt_agent_new(&b->loop, &b->options);
    hopt_agent_start(b->agent);
    uv_run(&b->loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&b->loop) == 0, "handles are left");
    CHECK(b->closed, "not closed");
}

static void close_bench(bench *b) {
    hopt_worker_record *workers;
    size_t n_workers;
    OK(hopt_store_workers(b->store, &workers, &n_workers, &err));
    CHECK(n_workers == 0, "%zu records of workers that left", n_workers);
    hopt_worker_records_free(workers, n_workers);
    hopt_store_close(b->store);
    for (size_t i = 0; i < b->n_studies; i++) {
        hopt_study_spec_free(b->specs[i]);
        hopt_study_free(b->records[i]);
    }
    CHECK(hopt_sandbox_remove(b->dir), "%s stays", b->dir);
    free(b->uri);
    free(b->workdir);
}

/* ---- the good way ---- */

static void results_reach_the_store(void) {
    bench b;
    open_bench(&b);
    add_study(&b, "one", "echo {x}", "");
    queue(&b, 0, 0, 12);
    b.options.slots = 3;
    b.options.max_trials = 10;
    run(&b);
    CHECK(!b.failed && b.events[HOPT_AGENT_ENDED] == 10 && b.events[HOPT_AGENT_CLAIMED] == 10,
          "%d ended", b.events[HOPT_AGENT_ENDED]);
    CHECK(count(&b, 0, HOPT_DONE) == 10 && count(&b, 0, HOPT_NEW) == 2, "not ten");
    for (int num = 0; num < 10; num++) {
        hopt_trial *trial = read_trial(&b, 0, num);
        CHECK(trial->state == HOPT_DONE && trial->result.loss == num, "trial %d", num);
        CHECK(trial->lease == 1 && trial->lost == 0, "trial %d", num);
        hopt_trial_free(trial);
    }
    close_bench(&b);
}

/* Several studies, one of them paused, one not there. */
static void studies_share_a_worker(void) {
    bench b;
    open_bench(&b);
    add_study(&b, "first", "echo 1", "");
    add_study(&b, "second", "echo 2", "");
    add_study(&b, "third", "echo 3", "");
    for (size_t i = 0; i < 3; i++)
        queue(&b, i, 0, 4);
    OK(hopt_store_study_update(b.store, "second", 0, HOPT_STUDY_PAUSED, "by hand", NULL, NULL,
                               &err));
    b.options.slots = 2;
    b.options.idle_timeout_ms = 2000;
    run(&b);
    CHECK(count(&b, 0, HOPT_DONE) == 4 && count(&b, 2, HOPT_DONE) == 4, "not all are done");
    CHECK(count(&b, 1, HOPT_NEW) == 4, "a paused study's trial was claimed");
    CHECK(strcmp(b.message, "there was nothing to do") == 0 && !b.failed, "%s", b.message);
    close_bench(&b);
}

static void curve_and_log_are_kept(void) {
    bench b;
    open_bench(&b);
    add_study(
        &b, "curve",
        "for i in 1 2 3; do echo '{{\\\"report\\\":{{\\\"step\\\":'$i',\\\"loss\\\":0.'$i'}}}}';"
        " sleep 0.6; done; echo words >&2; printf '\\\\377\\\\376 odd' >&2; exit 3",
        "");
    queue(&b, 0, 0, 1);
    b.options.max_trials = 1;
    run(&b);
    hopt_trial *trial = read_trial(&b, 0, 0);
    CHECK(trial->state == HOPT_ERROR && trial->result.error_message, "state %d", trial->state);
    CHECK(strcmp(trial->result.error_type, "Exit") == 0, "%s", trial->result.error_type);
    hopt_reports reports;
    OK(hopt_store_reports(b.store, &reports, &trial->id, &err));
    CHECK(reports.count == 3 && reports.steps[2] == 3 && reports.losses[2] == 0.3, "%zu reports",
          reports.count);
    hopt_reports_clear(&reports);
    hopt_log_text log;
    OK(hopt_store_log(b.store, &log, &trial->id, &err));
    CHECK(strstr(log.head, "words"), "%s", log.head);
    hopt_log_text_clear(&log);
    hopt_trial_free(trial);
    close_bench(&b);
}

/* ---- leaving ---- */

/* The time it worked is no idle time: after a long trial the next one may take a moment to come. */
static void queue_late(bench *b) {
    if (b->stage == 0 && b->events[HOPT_AGENT_ENDED] == 1) {
        b->stage = 1;
        b->left_ms = hopt_clock_mono_ms();
    } else if (b->stage == 1 && hopt_clock_mono_ms() - b->left_ms > 700) {
        b->stage = 2;
        queue(b, 0, 1, 1);
    }
}

static void work_is_not_idling(void) {
    bench b;
    open_bench(&b);
    add_study(&b, "late", "sleep 3.2; echo 1", "");
    queue(&b, 0, 0, 1);
    b.options.idle_timeout_ms = 3000; /* the second one may take as long on a busy machine */
    b.at = queue_late;
    run(&b);
    CHECK(b.events[HOPT_AGENT_ENDED] == 2, "it left after %d trials", b.events[HOPT_AGENT_ENDED]);
    close_bench(&b);
}

static void drain_after_claim(bench *b) {
    if (b->stage == 0 && b->events[HOPT_AGENT_CLAIMED] == 1) {
        b->stage = 1;
        hopt_agent_drain(b->agent);
    }
}

static void grace_ends_in_release(void) {
    bench b;
    open_bench(&b);
    add_study(&b, "long", "sleep 600", "");
    queue(&b, 0, 0, 1);
    b.options.grace_ms = 300;
    b.at = drain_after_claim;
    run(&b);
    hopt_trial *trial = read_trial(&b, 0, 0);
    CHECK(trial->state == HOPT_NEW && trial->lease == 1 && trial->lost == 0, "state %d lost %d",
          trial->state, trial->lost);
    CHECK(b.events[HOPT_AGENT_RELEASED] == 1 && !b.failed, "released");
    hopt_trial_free(trial);
    close_bench(&b);
}

static void drain_at_once(bench *b) {
    if (b->stage++ == 0) hopt_agent_drain(b->agent);
}

/* A claim may be under way: what it brings goes back. */
static void draining_while_claiming(void) {
    bench b;
    open_bench(&b);
    add_study(&b, "early", "echo 1", "");
    for (int i = 0; i < 5; i++) {
        queue(&b, 0, i, 1);
        b.stage = 0;
        b.at = drain_at_once;
        run(&b);
        CHECK(count(&b, 0, HOPT_RUNNING) == 0, "a trial is left running");
    }
    close_bench(&b);
}

/* The very event may release: trials that were claimed with it have not begun yet. */
static void released_at_the_claim(void) {
    bench b;
    open_bench(&b);
    add_study(&b, "torn", "sleep 600", "");
    queue(&b, 0, 0, 5);
    b.options.slots = 3;
    b.release_when_claimed = true;
    run(&b);
    CHECK(count(&b, 0, HOPT_NEW) == 5, "%d in the queue", count(&b, 0, HOPT_NEW));
    close_bench(&b);
}

static void errors_in_a_row(void) {
    bench b;
    open_bench(&b);
    add_study(&b, "failing", "exit 7", "");
    queue(&b, 0, 0, 9);
    b.options.max_failures = 4;
    run(&b);
    CHECK(b.failed && count(&b, 0, HOPT_ERROR) == 4 && count(&b, 0, HOPT_NEW) == 5, "%d errors",
          count(&b, 0, HOPT_ERROR));
    CHECK(count(&b, 0, HOPT_RUNNING) == 0, "left running");
    close_bench(&b);
}

static void retried_errors_use_up_attempts(void) {
    bench b;
    open_bench(&b);
    add_study(&b, "retry", "[ $HOPT_ATTEMPT = 3 ] && echo 5 || exit 1",
              "\"retry_errors\":true,\"max_attempts\":3");
    add_study(&b, "retry2", "exit 1", "\"retry_errors\":true,\"max_attempts\":2");
    queue(&b, 0, 0, 1);
    queue(&b, 1, 0, 1);
    b.options.idle_timeout_ms = 2000;
    run(&b);
    hopt_trial *trial = read_trial(&b, 0, 0);
    CHECK(trial->state == HOPT_DONE && trial->result.loss == 5 && trial->lease == 3, "state %d",
          trial->state);
    hopt_trial_free(trial);
    trial = read_trial(&b, 1, 0);
    CHECK(trial->state == HOPT_ERROR && strcmp(trial->result.error_type, "Exit") == 0, "state %d",
          trial->state);
    CHECK(trial->lease == 2 && trial->lost == 1, "lease %d lost %d", trial->lease, trial->lost);
    hopt_trial_free(trial);
    close_bench(&b);
}

/* ---- leases ---- */

/* The master takes the trial back though we work on it (its machine was asleep, say). */
static void expire_once(bench *b) {
    hopt_open_trial *open;
    size_t n;
    if (b->stage != 0 || b->events[HOPT_AGENT_CLAIMED] != 1) return;
    OK(hopt_store_open_set(b->store, &open, &n, b->specs[0]->name, &err));
    if (n && open[0].state == HOPT_RUNNING) {
        hopt_status status = hopt_store_expire(b->store, b->specs[0]->name, &open[0], 5, &err);
        if (status == HOPT_OK) b->stage = 1;
    }
    free(open);
}

/* Its own lost trial, claimed again by another slot: the second lease is worked on, the first is
 * dropped, and no attempt is lost for it. */
static void own_lost_trial_is_claimed_again(void) {
    bench b;
    open_bench(&b);
    add_study(&b, "lost", "sleep 1.5; echo $HOPT_ATTEMPT", "\"lease_s\":8");
    queue(&b, 0, 0, 1);
    b.options.slots = 2;
    b.options.idle_timeout_ms = 2500;
    b.at = expire_once;
    run(&b);
    hopt_trial *trial = read_trial(&b, 0, 0);
    CHECK(b.stage == 1 && b.events[HOPT_AGENT_LOST] == 1, "%d lost", b.events[HOPT_AGENT_LOST]);
    CHECK(trial->state == HOPT_DONE && trial->lease == 2 && trial->result.loss == 2,
          "state %d lease %d", trial->state, trial->lease);
    hopt_trial_free(trial);
    close_bench(&b);
}

static void delete_study(bench *b) {
    if (b->stage == 0 && b->events[HOPT_AGENT_CLAIMED] == 2) {
        b->stage = 1;
        OK(hopt_store_study_delete(b->store, b->specs[0]->name, &err));
    }
}

static void deleted_study(void) {
    bench b;
    open_bench(&b);
    add_study(&b, "gone", "sleep 600; echo 1", "\"lease_s\":2");
    queue(&b, 0, 0, 3);
    b.options.slots = 2;
    b.options.idle_timeout_ms = 1000;
    b.at = delete_study;
    run(&b);
    CHECK(b.events[HOPT_AGENT_LOST] == 2 && b.events[HOPT_AGENT_ENDED] == 0, "%d lost",
          b.events[HOPT_AGENT_LOST]);
    close_bench(&b);
}

/* ---- the store is away ---- */

static sqlite3 *lock_db;

/* Lock the file, once two trials run and before they have anything to write, for longer than the
 * store waits. */
static void lock_store(bench *b) {
    if (b->stage == 0 && b->events[HOPT_AGENT_CLAIMED] == 2) {
        b->stage = 1;
        CHECK(sqlite3_open(b->uri + strlen("sqlite:"), &lock_db) == SQLITE_OK, "open");
        sqlite3_busy_timeout(lock_db, 10000);
        CHECK(sqlite3_exec(lock_db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK, "lock");
        char *go = hopt_format("%s/go", b->dir);
        fclose(fopen(go, "w"));
        free(go);
    } else if (b->stage == 1 && b->events[HOPT_AGENT_STORE_DOWN] > 0) {
        b->stage = 2;
        CHECK(count(b, 0, HOPT_RUNNING) == 2, "both wait");
        /* One of them is taken from it while it can't write. */
        CHECK(sqlite3_exec(lock_db, "UPDATE trial SET state=0,owner='hopt',lost=1 WHERE num=0",
                           NULL, NULL, NULL) == SQLITE_OK,
              "update");
        CHECK(sqlite3_exec(lock_db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK, "unlock");
        sqlite3_close(lock_db);
    }
}

static void results_outlive_an_outage(void) {
    bench b;
    open_bench(&b);
    add_study(&b, "away",
              "while [ ! -e go ]; do sleep 0.05; done; echo "
              "'{{\\\"report\\\":{{\\\"step\\\":1,\\\"loss\\\":4}}}}'; sleep 0.7;"
              " echo data > $HOPT_WORKDIR/f;"
              " echo '{{\\\"attach\\\":{{\\\"name\\\":\\\"f\\\",\\\"file\\\":\\\"f\\\"}}}}'; echo "
              "$HOPT_ATTEMPT",
              "");
    queue(&b, 0, 0, 2);
    b.options.slots = 2;
    b.options.max_trials = 3;
    b.at = lock_store;
    run(&b);
    CHECK(b.stage == 2 && b.events[HOPT_AGENT_STORE_UP] == 1, "the outage");
    CHECK(b.events[HOPT_AGENT_LOST] == 1 && b.events[HOPT_AGENT_ENDED] == 2, "%d lost, %d ended",
          b.events[HOPT_AGENT_LOST], b.events[HOPT_AGENT_ENDED]);
    for (int num = 0; num < 2; num++) {
        hopt_trial *trial = read_trial(&b, 0, num);
        CHECK(trial->state == HOPT_DONE && trial->lease == 2 - num, "trial %d lease %d", num,
              trial->lease);
        CHECK(trial->result.loss == 2 - num, "trial %d loss %g", num, trial->result.loss);
        hopt_reports reports;
        OK(hopt_store_reports(b.store, &reports, &trial->id, &err));
        CHECK(reports.count == 1 && reports.lease == 2 - num, "trial %d: %zu reports", num,
              reports.count);
        hopt_reports_clear(&reports);
        void *data;
        size_t length;
        OK(hopt_store_attachment(b.store, &data, &length, &trial->id, "f", &err));
        CHECK(length == 5, "%zu bytes", length);
        free(data);
        hopt_trial_free(trial);
    }
    close_bench(&b);
}

typedef struct test {
    const char *name;
    void (*run)(void);
} test;

int main(int argc, char **argv) {
    static const test tests[] = {
        {"results_reach_the_store", results_reach_the_store},
        {"studies_share_a_worker", studies_share_a_worker},
        {"curve_and_log_are_kept", curve_and_log_are_kept},
        {"work_is_not_idling", work_is_not_idling},
        {"grace_ends_in_release", grace_ends_in_release},
        {"draining_while_claiming", draining_while_claiming},
        {"released_at_the_claim", released_at_the_claim},
        {"errors_in_a_row", errors_in_a_row},
        {"retried_errors_use_up_attempts", retried_errors_use_up_attempts},
        {"own_lost_trial_is_claimed_again", own_lost_trial_is_claimed_again},
        {"deleted_study", deleted_study},
        {"results_outlive_an_outage", results_outlive_an_outage}};
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        if (argc > 1 && strcmp(argv[1], tests[i].name) != 0) continue;
        printf("%s\n", tests[i].name);
        fflush(stdout);
        tests[i].run();
    }
    puts("agent: ok");
    return 0;
}
