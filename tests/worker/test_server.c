/* Objectives that live on between trials: servers and plugins. */
#include <math.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "tests/worker/slot.h"

#define SERVER(kind) "{\"server\":[\"%O\",\"serve\",\"" kind "\"]}"

static void expect_error(slot *s, int num, const char *type, const char *message) {
    const hopt_result *result = slot_run(s, num);
    CHECK(result->state == HOPT_ERROR && strcmp(result->error_type, type) == 0, "%d: %s: %s", num,
          hopt_state_name(result->state), result->error_message ? result->error_message : "");
    CHECK(strstr(result->error_message, message), "%s", result->error_message);
}

static void expect_loss(slot *s, int num, double loss) {
    const hopt_result *result = slot_run(s, num);
    CHECK(result->state == HOPT_DONE && result->ok && result->loss == loss, "%d: %s %g %s", num,
          hopt_state_name(result->state), result->loss,
          result->error_message ? result->error_message : "");
}

static int64_t extra(const slot *s, const char *key) {
    return (int64_t)hopt_json_integer_of(s->result.extras, key, -1);
}

static void test_kept(void) {
    slot s;
    slot_open(&s, SERVER("pid"), NULL);
    expect_loss(&s, 0, 0);
    int64_t pid = extra(&s, "pid");
    for (int i = 1; i <= 1000; i++) {
        expect_loss(&s, i, i);
        CHECK(extra(&s, "pid") == pid, "another process");
    }
    char *workdir = hopt_format("%s/test/1000", s.workdir);
    CHECK(access(workdir, F_OK) < 0, "scratch folder stays");
    free(workdir);
    slot_close(&s); /* its death signal takes a moment */
    CHECK(slot_gone((int)pid, SLOT_PATIENCE_MS) >= 0, "the server lives on");
}

static void test_crash_in_a_trial(void) {
    slot s;
    slot_open(&s, SERVER("crash5"), NULL);
    for (int i = 0; i < 10; i++) {
        if (i == 5)
            expect_error(&s, i, "Signal",
                         "killed by signal 6 (Aborted); last output: about to crash");
        else
            expect_loss(&s, i, i);
    }
    slot_close(&s);
    slot_open(&s, SERVER("exit5"), NULL);
    expect_loss(&s, 4, 4);
    expect_error(&s, 5, "NoResult", "ended without a result");
    expect_loss(&s, 6, 6);
    slot_close(&s);
}

static void test_hang_and_mute(void) {
    slot s;
    /* Long enough for a trial that takes no time, on a busy machine too. */
    slot_open(&s, SERVER("hang5"), "\"trial\":{\"timeout_s\":1.5}");
    expect_loss(&s, 4, 4);
    expect_error(&s, 5, "Timeout", "not done within 1.5 s");
    expect_loss(&s, 6, 6);
    slot_turn(&s, 1700); /* the time-out is a trial's, not the server's */
    expect_loss(&s, 7, 7);
    slot_close(&s);
    slot_open(&s, SERVER("mute5"), NULL);
    expect_error(&s, 5, "NoResult", "it closed its standard output");
    expect_loss(&s, 6, 6);
    slot_close(&s);
}

static void test_wrong_results(void) {
    slot s;
    slot_open(&s, SERVER("bad5"), NULL);
    expect_loss(&s, 4, 4);
    expect_error(&s, 5, "BadResult", "result has no \"loss\"");
    expect_loss(&s, 6, 6);
    slot_close(&s);
    slot_open(&s, SERVER("twice"), NULL);
    for (int i = 0; i < 300; i++)
        expect_loss(&s, i, i);
    slot_close(&s);
}

static void test_log_of_each_trial(void) {
    slot s;
    slot_open(&s, SERVER("log"), NULL);
    for (int i = 0; i < 20; i++) {
        char wanted[32];
        expect_loss(&s, i, i);
        snprintf(wanted, sizeof wanted, "served %d\n", i);
        CHECK(strcmp(hopt_buf_string(&s.head), wanted) == 0, "%d: %s", i, hopt_buf_string(&s.head));
    }
    slot_close(&s);
}

/* Empty folders are lent again; files of an error are there at the next attempt; others go. */
static void test_scratch(void) {
    slot s;
    slot_open(&s, SERVER("scratch"), NULL);
    char *own = hopt_format("%s/test/5", s.workdir), *seven = hopt_format("%s/test/7", s.workdir);
    for (int i = 0; i < 5; i++)
        expect_loss(&s, i, 0);
    char *spare = hopt_format("%s/test/slot-3-%d", s.workdir, (int)getpid());
    CHECK(access(spare, F_OK) == 0, "no folder is kept");
    expect_error(&s, 5, "Exit", "exit code 3");
    CHECK(access(own, F_OK) == 0, "an error keeps its folder");
    CHECK(access(spare, F_OK) != 0, "lent again with files in it");
    free(spare);
    expect_loss(&s, 6, 0);
    expect_loss(&s, 7, 0);
    expect_loss(&s, 8, 0);
    SLOT_UNTIL(&s, access(seven, F_OK) != 0); /* removed on success */
    expect_loss(&s, 5, 1);
    SLOT_UNTIL(&s, access(own, F_OK) != 0);
    free(own);
    free(seven);
    slot_close(&s);
}

/* Until the slot has seen that a server's runner has ended. */
static void await_end(slot *s, int runner) {
    SLOT_UNTIL(s, slot_parent(runner) != getpid()); /* it was waited for */
    slot_turn(s, 50);                               /* and its pipes are at their ends */
}

/* It dies between trials: nobody's error; and it may do so just when the next begins. */
static void test_death_between_trials(void) {
    slot s;
    slot_open(&s, SERVER("dieafter"), NULL);
    expect_loss(&s, 0, 0);
    int pid = slot_pid(s.dir, "server"), runner = slot_pid(s.dir, "runner");
    await_end(&s, runner);
    CHECK(!slot_alive(pid), "did not die");
    expect_loss(&s, 1, 1);
    slot_close(&s);
    slot_open(&s, SERVER("pid"), NULL);
    expect_loss(&s, 0, 0);
    pid = (int)extra(&s, "pid");
    runner = slot_parent(pid);
    kill(pid, SIGKILL);
    await_end(&s, runner);
    expect_loss(&s, 1, 1);
    CHECK(extra(&s, "pid") != pid, "the same process");
    slot_close(&s);
}

static void test_before_ready(void) {
    slot_expect("{\"server\":[\"%O\",\"exit\",\"3\"]}", NULL, HOPT_ERROR, "Start",
                "ended with exit code 3 before it was ready; last output: broken: no data");
    slot_expect("{\"server\":[\"%O\",\"print\",\"{\\\"result\\\":{\\\"loss\\\":1}}\"]}", NULL,
                HOPT_ERROR, "Start", "exit code 0 before it was ready");
    slot s; /* stopped while it loads; then killed */
    slot_open(&s, "{\"server\":[\"%O\",\"notready\"]}", NULL);
    slot_begin(&s, 1);
    slot_turn(&s, 50);
    hopt_sandbox_stop(s.sandbox, "cancelled");
    slot_wait(&s);
    CHECK(s.result.state == HOPT_CANCEL, "%d", s.result.state);
    slot_close(&s);
}

static void test_killed_trial_leaves_a_working_slot(void) {
    slot s;
    slot_open(&s, SERVER("hang5"), NULL);
    expect_loss(&s, 4, 4);
    slot_begin(&s, 5);
    slot_turn(&s, 50);
    hopt_sandbox_kill(s.sandbox, "cancelled");
    slot_wait(&s);
    CHECK(s.result.state == HOPT_CANCEL, "%d", s.result.state);
    expect_loss(&s, 6, 6);
    slot_close(&s);
}

/* ---- plugins ---- */

#define PLUGIN(name) "{\"plugin\":\"" name ".so\",\"config\":{\"data\":\"d.csv\"}}"

static void test_plugin(void) {
    slot s;
    slot_open(&s, PLUGIN("all"), NULL);
    expect_loss(&s, 0, 6.5);
    CHECK(strcmp(s.attached_name, "model") == 0, "%s", s.attached_name);
    CHECK(strcmp(hopt_buf_string(&s.attached), "content") == 0, "%s", hopt_buf_string(&s.attached));
    CHECK(hopt_json_number_of(s.result.extras, "accuracy", 0) == 0.97, "extras");
    CHECK(s.reports == 1, "%d", s.reports);
    const char *log = hopt_buf_string(&s.head);
    CHECK(strstr(log, "opened with {\"data\":\"d.csv\"}\n") && strstr(log, "warn: a warning\n") &&
              strstr(log, "printed 1\n"),
          "%s", log);
    expect_loss(&s, 1, 6.5);
    CHECK(strstr(hopt_buf_string(&s.head), "printed 1\n"), "opened twice");
    slot_close(&s);
}

static void test_plugin_ends(void) {
    slot s;
    slot_open(&s, PLUGIN("fail"), NULL);
    slot_run(&s, 0);
    CHECK(s.result.state == HOPT_DONE && !s.result.ok, "%d", s.result.state);
    CHECK(strcmp(hopt_json_string_of(s.result.extras, "why"), "no data") == 0, "extras");
    slot_close(&s);
    slot_open(&s, PLUGIN("nan"), NULL);
    slot_run(&s, 0);
    CHECK(s.result.state == HOPT_DONE && strcmp(s.result.status_fail, "loss is nan") == 0, "nan");
    slot_close(&s);
    slot_open(&s, PLUGIN("stop"), NULL);
    s.stop_at_step = 7;
    slot_run(&s, 0);
    CHECK(s.result.state == HOPT_CANCEL && s.result.step == 7, "%d", s.result.state);
    s.stop_at_step = 0;
    expect_loss(&s, 1, 0);
    slot_close(&s);
    slot_open(&s, PLUGIN("crash"), NULL);
    expect_error(&s, 0, "Signal", "killed by signal 6");
    expect_error(&s, 1, "Signal", "killed by signal 6");
    slot_close(&s);
    slot_open(&s, PLUGIN("error"), NULL);
    expect_error(&s, 0, "Exit", "plugin test: evaluate returned -7");
    slot_close(&s);
}

static void test_plugin_refused(void) {
    slot_expect(PLUGIN("missing"), NULL, HOPT_ERROR, "Start", "can't load the plugin");
    slot_expect(PLUGIN("text"), NULL, HOPT_ERROR, "Start", "can't load the plugin");
    slot_expect(PLUGIN("old"), NULL, HOPT_ERROR, "Start", "has version 2 of the ABI, needed is 1");
    slot_expect(PLUGIN("small"), NULL, HOPT_ERROR, "Start", "its struct has 8 bytes");
    slot_expect(PLUGIN("nosymbol"), NULL, HOPT_ERROR, "Start", "has no hopt_plugin_get");
    slot_expect(PLUGIN("null"), NULL, HOPT_ERROR, "Start", "can't work with version 1");
    slot_expect(PLUGIN("refuses"), NULL, HOPT_ERROR, "Start", "open returned 5");
}

/* ---- speed: printed, not judged, since a busy machine is slow ---- */

static int speed_trials = 300; /* more with `test_server speed 30000` */

static double trials_per_second(const char *objective, int count) {
    slot s;
    slot_open(&s, objective, NULL);
    slot_run(&s, 0);
    uint64_t start = uv_hrtime();
    for (int i = 1; i <= count; i++)
        slot_run(&s, i);
    double seconds = (double)(uv_hrtime() - start) / 1e9;
    slot_close(&s);
    return count / seconds;
}

static void test_speed(void) {
    double server = trials_per_second(SERVER("quick"), speed_trials);
    double plugin = trials_per_second(PLUGIN("quick"), speed_trials);
    double command =
        trials_per_second("{\"command\":[\"%O\",\"print\",\"1\"]}", speed_trials / 30 + 1);
    printf("trials/s: server %.0f, plugin %.0f, command %.0f\n", server, plugin, command);
}

/* What the server of a Python driver says to its worker is log from any other. */
static void test_no_driver(void) {
    slot s;
    slot_open(&s,
              "{\"server\":[\"sh\",\"-c\",\"echo '{\\\"ready\\\":true}'; while read -r line; do "
              "echo '{\\\"error\\\":{\\\"type\\\":\\\"a\\\",\\\"message\\\":\\\"b\\\"}}'; "
              "echo '{\\\"ask\\\":{\\\"list\\\":{}}}'; echo '{\\\"ask\\\":1}'; "
              "echo '{\\\"result\\\":{\\\"loss\\\":3}}'; done\"]}",
              NULL);
    expect_loss(&s, 0, 3);
    CHECK(strstr(hopt_buf_string(&s.head), "{\"ask\":{\"list\":{}}}"), "%s",
          hopt_buf_string(&s.head));
    expect_loss(&s, 1, 3);
    slot_close(&s);
}

typedef struct test {
    const char *name;
    void (*run)(void);
} test;

static const test tests[] = {{"kept", test_kept},
                             {"crash_in_a_trial", test_crash_in_a_trial},
                             {"hang_and_mute", test_hang_and_mute},
                             {"wrong_results", test_wrong_results},
                             {"scratch", test_scratch},
                             {"log_of_each_trial", test_log_of_each_trial},
                             {"death_between_trials", test_death_between_trials},
                             {"before_ready", test_before_ready},
                             {"killed_trial", test_killed_trial_leaves_a_working_slot},
                             {"plugin", test_plugin},
                             {"plugin_ends", test_plugin_ends},
                             {"plugin_refused", test_plugin_refused},
                             {"no_driver", test_no_driver},
                             {"speed", test_speed}};

int main(int argc, char **argv) {
    if (argc > 2) speed_trials = atoi(argv[2]);
    for (size_t i = 0; i < HOPT_COUNT(tests); i++) {
        if (argc > 1 && strcmp(argv[1], tests[i].name) != 0) continue;
        tests[i].run();
        printf("ok %s\n", tests[i].name);
        fflush(stdout);
    }
    return 0;
}
