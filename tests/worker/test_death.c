/* kill -9 of everybody: nothing that an objective started may outlive its trial, its runner or its
 * worker. The program starts itself again as a small worker. */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "tests/worker/slot.h"

enum { FAMILY = 3 };
static const char *const family[FAMILY] = {"plain", "session", "daemon"};

static void read_family(const char *dir, int pids[FAMILY]) {
    for (int i = 0; i < FAMILY; i++)
        pids[i] = slot_pid(dir, family[i]);
}

static void expect_gone(const int pids[FAMILY], int limit_ms) {
    for (int i = 0; i < FAMILY; i++)
        CHECK(slot_gone(pids[i], limit_ms) >= 0, "%s (%d) lives on", family[i], pids[i]);
}

static void test_leftovers_after_a_good_trial(void) {
    slot s;
    int pids[FAMILY];
    slot_open(&s, "{\"command\":[\"%O\",\"family\",\"%D\"]}", NULL);
    slot_run(&s, 1);
    CHECK(s.result.state == HOPT_DONE && s.result.loss == 0.25, "%s", s.result.error_message);
    read_family(s.dir, pids);
    for (int i = 0; i < FAMILY; i++)
        CHECK(!slot_alive(pids[i]), "%s lives on after on_end", family[i]);
    slot_close(&s);
}

/* @return whether the objective came as far as having a family within the time. */
static bool leftovers_after(double timeout_s) {
    slot s;
    int pids[FAMILY];
    char rules[100];
    snprintf(rules, sizeof rules, "\"trial\":{\"timeout_s\":%g,\"grace_s\":0.2}", timeout_s);
    slot_open(&s, "{\"command\":[\"%O\",\"familyhang\",\"%D\"]}", rules);
    slot_run(&s, 1);
    CHECK(strcmp(s.result.error_type, "Timeout") == 0, "%s", s.result.error_message);
    bool there = slot_noted(s.dir, "main");
    if (there) {
        read_family(s.dir, pids);
        for (int i = 0; i < FAMILY; i++)
            CHECK(!slot_alive(pids[i]), "%s lives on after on_end", family[i]);
    }
    slot_close(&s);
    return there;
}

static void test_leftovers_after_a_timeout(void) {
    double timeout_s = 0.5; /* a busy machine gets longer to start it */
    while (!leftovers_after(timeout_s)) {
        timeout_s *= 4;
        CHECK(timeout_s < 100, "the objective does not start");
    }
}

static void test_objective_killed(void) {
    slot s;
    int pids[FAMILY];
    slot_open(&s, "{\"command\":[\"%O\",\"familyhang\",\"%D\"]}", NULL);
    slot_begin(&s, 1);
    SLOT_UNTIL(&s, slot_noted(s.dir, "main"));
    kill(slot_pid(s.dir, "main"), SIGKILL);
    slot_wait(&s);
    CHECK(strcmp(s.result.error_type, "Signal") == 0, "%s", s.result.error_message);
    read_family(s.dir, pids);
    expect_gone(pids, 0);
    slot_close(&s);
}

/* With the runner gone, the objective dies by its death signal and its group by the worker. What
 * has left the group is out of reach then; the worker of these tests is a subreaper, to end it. */
static void test_runner_killed(void) {
    slot s;
    int pids[FAMILY];
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    slot_open(&s, "{\"command\":[\"%O\",\"familyhang\",\"%D\"]}", NULL);
    slot_begin(&s, 1);
    SLOT_UNTIL(&s, slot_noted(s.dir, "main"));
    int objective = slot_pid(s.dir, "main");
    read_family(s.dir, pids);
    kill(slot_parent(objective), SIGKILL);
    slot_wait(&s);
    CHECK(s.result.state == HOPT_ERROR && strstr(s.result.error_message, "hopt-runner itself"),
          "%s", s.result.error_message);
    CHECK(slot_gone(objective, 1000) >= 0, "the objective lives on");
    CHECK(slot_gone(pids[0], 1000) >= 0, "its group lives on");
    for (int i = 1; i < FAMILY; i++)
        kill(pids[i], SIGKILL);
    while (waitpid(-1, NULL, 0) > 0)
        ;
    slot_forget(s.dir, "main"); /* what is read below is the new one's */
    slot_begin(&s, 2);          /* the slot goes on */
    SLOT_UNTIL(&s, slot_noted(s.dir, "main"));
    CHECK(slot_alive(slot_pid(s.dir, "main")), "no new objective");
    slot_close(&s);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
}

/* ---- the worker itself ---- */

static void __attribute__((noreturn)) be_worker(const char *dir, const char *objective) {
    slot s;
    hopt_buf text = HOPT_BUF_INIT;
    hopt_buf_print(&text, "{\"command\":[\"%%O\",\"%s\",\"%s\"]}", objective, dir);
    slot_open(&s, text.data, NULL);
    hopt_buf_clear(&text);
    slot_begin(&s, 1);
    for (;;)
        slot_turn(&s, 10000);
}

/* `stopped`: the runner stands still when it happens. */
static void test_worker_killed(int signal_number, bool stopped) {
    char dir[] = "/tmp/hopt-death-XXXXXX";
    int pids[FAMILY];
    CHECK(mkdtemp(dir), "folder");
    pid_t worker = fork();
    if (worker == 0) {
        setenv("TEST_SLOT_DIR", dir, 1); /* a killed worker leaves its folder */
        execl("/proc/self/exe", "test_death", "--worker", dir, "familyhang", NULL);
        _exit(127);
    }
    int objective = slot_pid(dir, "main"), runner = slot_parent(objective);
    read_family(dir, pids);
    CHECK(slot_alive(objective) && slot_alive(runner), "not alive");
    if (stopped) kill(runner, SIGSTOP);
    kill(worker, signal_number);
    waitpid(worker, NULL, 0);
    int took = slot_gone(objective, 1000);
    CHECK(took >= 0, "the objective lives on a second later");
    expect_gone(pids, 1000);
    CHECK(slot_gone(runner, 1000) >= 0, "the runner lives on");
    printf("  worker killed by %d%s: all gone after %d ms\n", signal_number,
           stopped ? ", its runner stopped" : "", took);
    CHECK(hopt_sandbox_remove(dir), "folder");
}

int main(int argc, char **argv) {
    if (argc > 3 && strcmp(argv[1], "--worker") == 0) be_worker(argv[2], argv[3]);
    test_leftovers_after_a_good_trial();
    puts("ok leftovers_after_a_good_trial");
    test_leftovers_after_a_timeout();
    puts("ok leftovers_after_a_timeout");
    test_objective_killed();
    puts("ok objective_killed");
    test_runner_killed();
    puts("ok runner_killed");
    test_worker_killed(SIGKILL, false);
    test_worker_killed(SIGKILL, true);
    test_worker_killed(SIGTERM, false); /* no handler here: a sudden death too */
    puts("ok worker_killed");
    return 0;
}
