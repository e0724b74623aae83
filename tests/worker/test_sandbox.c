/* Real objectives through hopt-runner: every row of DESIGN §4's table and every misbehaviour. */
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "tests/worker/slot.h"

#define COMMAND(...) "{\"command\":[\"%O\"," __VA_ARGS__ "]}"

/* ---- rows of the table ---- */

static void test_results(void) {
    slot_expect(COMMAND("\"print\",\"0.5\""), NULL, HOPT_DONE, NULL, NULL);
    slot_expect(COMMAND("\"print\",\"{{\\\"loss\\\":1,\\\"acc\\\":0.9}}\""), NULL, HOPT_DONE, NULL,
                NULL);
    slot_expect(COMMAND("\"print\",\"nan\""), NULL, HOPT_DONE, "loss is nan", NULL);
    slot_expect(COMMAND("\"print\",\"{{\\\"status\\\":\\\"fail\\\"}}\""), NULL, HOPT_DONE,
                "the objective said fail", NULL);
    slot_expect(COMMAND("\"print\",\"0.5\",\"3\""), NULL, HOPT_ERROR, "Exit", "exit code 3");
    slot_expect(COMMAND("\"exit\",\"4\""), NULL, HOPT_ERROR, "Exit",
                "exit code 4; last output: broken: no data");
    slot_expect(COMMAND("\"exit\",\"0\""), NULL, HOPT_ERROR, "NoResult", "it printed no result");
    slot_expect(COMMAND("\"print\",\"loss is low\""), NULL, HOPT_ERROR, "BadResult",
                "neither a number nor an object");
    slot_expect(COMMAND("\"print\",\"{{\\\"result\\\":{{\\\"loss\\\":\\\"low\\\"}}}}\""), NULL,
                HOPT_ERROR, "BadResult", "result.loss must be a number, not a string");
    slot_expect(COMMAND("\"print\",\"{{\\\"score\\\":[1]}}\""), NULL, HOPT_ERROR, "BadResult",
                "has no \"loss\"");
    slot_expect(COMMAND("\"signal\",\"11\""), NULL, HOPT_ERROR, "Signal",
                "killed by signal 11 (Segmentation fault)");
    slot_expect(COMMAND("\"signal\",\"9\""), NULL, HOPT_ERROR, "Signal", "killed by signal 9");
}

static void test_start(void) {
    slot_expect("{\"command\":[\"./missing\"]}", NULL, HOPT_ERROR, "Start",
                "./missing: No such file or directory");
    slot_expect("{\"command\":[\"no-such-program-here\"]}", NULL, HOPT_ERROR, "Start",
                "no such program on PATH");
    slot_expect("{\"command\":[\"/etc/passwd\"]}", NULL, HOPT_ERROR, "Start",
                "/etc/passwd: Permission denied");
    slot_expect("{\"server\":[\"./missing\"]}", NULL, HOPT_ERROR, "Start", "./missing");
    slot s;
    slot_open(&s, "{\"command\":[\"./script\"]}", NULL);
    char *path = hopt_format("%s/script", s.dir);
    FILE *script = fopen(path, "w");
    fputs("#!/no/such/interpreter\n", script);
    fchmod(fileno(script), 0755);
    fclose(script);
    const hopt_result *result = slot_run(&s, 1);
    CHECK(strstr(result->error_message, "interpreter"), "%s", result->error_message);
    CHECK(strcmp(result->error_type, "Start") == 0, "%s", result->error_type);
    free(path);
    slot_close(&s);
}

/* The folder vanishes, and the runner too: still only errors of the trial. */
static void test_broken_slot(void) {
    slot s;
    slot_open(&s, COMMAND("\"print\",\"1\""), NULL);
    CHECK(rmdir(s.dir) == 0, "rmdir");
    FILE *file = fopen(s.dir, "w"); /* a file in the place of the folder */
    fclose(file);
    const hopt_result *result = slot_run(&s, 1);
    CHECK(strcmp(result->error_type, "Start") == 0 && strstr(result->error_message, "scratch"),
          "%s", result->error_message);
    CHECK(unlink(s.dir) == 0 && mkdir(s.dir, 0700) == 0, "restore");
    CHECK(slot_run(&s, 1)->state == HOPT_DONE, "%s", s.result.error_message);
    slot_close(&s);
}

/* ---- limits ---- */

static int64_t ms_since(uint64_t start) {
    return (int64_t)((uv_hrtime() - start) / 1000000);
}

/* Upper limits of time hold for the best of some attempts: a machine may be busy for a while. */
static void expect_ms(int64_t least, int64_t most, int64_t (*attempt)(void)) {
    int64_t best = INT64_MAX;
    for (int i = 0; i < 5 && best >= most; i++) {
        int64_t ms = attempt();
        CHECK(ms >= least, "%lld ms, at least %lld", (long long)ms, (long long)least);
        if (ms < best) best = ms;
    }
    CHECK(best < most, "%lld ms, not below %lld", (long long)best, (long long)most);
}

/* It ends by SIGTERM: the grace time is not waited for. */
static int64_t asleep_after_its_time(void) {
    uint64_t start = uv_hrtime();
    slot_expect(COMMAND("\"sleep\",\"100\""), "\"trial\":{\"timeout_s\":0.3,\"grace_s\":20}",
                HOPT_ERROR, "Timeout", "not done within 0.3 s");
    return ms_since(start);
}

/* @return the ms, or -1 if it had not come as far as ignoring SIGTERM when its time was over. */
static int64_t stubborn_after(double timeout_s) {
    slot s;
    char rules[100];
    snprintf(rules, sizeof rules, "\"trial\":{\"timeout_s\":%g,\"grace_s\":0.5}", timeout_s);
    slot_open(&s, COMMAND("\"stubborn\",\"%D\""), rules);
    uint64_t start = uv_hrtime();
    const hopt_result *result = slot_run(&s, 1);
    int64_t ms = ms_since(start);
    CHECK(result->state == HOPT_ERROR && strcmp(result->error_type, "Timeout") == 0, "%s",
          result->error_message);
    bool ignored = slot_noted(s.dir, "ignores");
    CHECK(!ignored || strstr(result->error_message, "last output: ignoring"), "%s",
          result->error_message);
    slot_close(&s);
    return ignored ? ms - (int64_t)(timeout_s * 1000) : -1;
}

/* The ms beyond its time. */
static int64_t stubborn_after_its_time(void) {
    for (double timeout_s = 0.3; timeout_s < 100; timeout_s *= 4) {
        int64_t ms = stubborn_after(timeout_s);
        if (ms >= 0) return ms;
    }
    CHECK(false, "it does not start");
    return 0;
}

static void test_timeout(void) {
    expect_ms(300, 4000, asleep_after_its_time);
    expect_ms(500, 4200, stubborn_after_its_time);
    slot_expect("{\"server\":[\"%O\",\"notready\"],\"start_timeout_s\":0.3}", NULL, HOPT_ERROR,
                "Start", "not ready within 0.3 s");
}

static void test_memory(void) {
    /* It stays there: how much it grows beyond the limit depends on when it is looked at. */
    slot_expect(COMMAND("\"memory\",\"310\",\"stay\""), "\"trial\":{\"memory_mb\":300}", HOPT_ERROR,
                "Memory", "used more than 300 MB of memory: 3");
    slot_expect(COMMAND("\"memory\",\"2000\",\"stay\""), "\"trial\":{\"memory_mb\":300}",
                HOPT_ERROR, "Memory", "used more than 300 MB of memory");
    slot_expect(COMMAND("\"memory\",\"20\""), "\"trial\":{\"memory_mb\":300}", HOPT_ERROR,
                "NoResult", NULL);
}

static void test_output(void) {
    slot_expect(COMMAND("\"much\",\"200\""), "\"trial\":{\"output_mb\":4}", HOPT_ERROR, "BadResult",
                "printed more than 4 MB");
    slot_expect(COMMAND("\"endless\",\"200\""), "\"trial\":{\"output_mb\":4}", HOPT_ERROR,
                "BadResult", "printed more than 4 MB");
    slot s;
    slot_open(&s, COMMAND("\"endless\",\"3\""), "\"trial\":{\"output_mb\":4}");
    const hopt_result *result = slot_run(&s, 1);
    CHECK(strcmp(result->error_type, "BadResult") == 0 &&
              strstr(result->error_message, "longer than 1 MiB"),
          "%s", result->error_message);
    CHECK(s.head.length == HOPT_SANDBOX_LOG_MAX && s.tail.length == HOPT_SANDBOX_LOG_MAX, "%zu %zu",
          s.head.length, s.tail.length);
    CHECK(s.printed >= 3 << 20, "%llu", (unsigned long long)s.printed);
    slot_close(&s);
}

/* The first kind dies with its group; of the second each has a session of its own. */
static void test_processes(void) {
    slot_expect(COMMAND("\"bomb\",\"1500\""), "\"trial\":{\"processes\":100}", HOPT_ERROR,
                "Processes", "had more than 100 processes at a time (trial.processes)");
    slot_expect(COMMAND("\"storm\",\"1500\""), "\"trial\":{\"processes\":100}", HOPT_ERROR,
                "Processes", "100 processes");
    slot_expect(COMMAND("\"family\",\"%D\""), "\"trial\":{\"processes\":4}", HOPT_DONE, NULL, NULL);
}

static void test_files(void) {
    slot_expect(COMMAND("\"file\",\"%D/f\",\"10240\""), NULL, HOPT_ERROR, "Signal",
                "(File size limit exceeded), for a file larger than 4096 MB (trial.file_mb)");
    slot_expect(COMMAND("\"file\",\"%D/f\",\"100\",\"deaf\""), "\"trial\":{\"file_mb\":50}",
                HOPT_ERROR, "Exit",
                "exit code 1, for a file larger than 50 MB (trial.file_mb); last output: write: "
                "File too large");
    slot_expect("{\"command\":[\"sh\",\"-c\",\"%O file %D/f 100; exit $?\"]}",
                "\"trial\":{\"file_mb\":50}", HOPT_ERROR, "Exit",
                "exit code 153, for a file larger than 50 MB");
    slot_expect(COMMAND("\"file\",\"%D/f\",\"49\""), "\"trial\":{\"file_mb\":50}", HOPT_DONE, NULL,
                NULL);
    slot_expect(COMMAND("\"file\",\"%D/f\",\"10240\""), "\"trial\":{\"file_mb\":0}", HOPT_DONE,
                NULL, NULL);
}

/* However many signals come meanwhile. */
static void stall(int ms) {
    for (int64_t end = slot_now_ms() + ms; slot_now_ms() < end;)
        usleep(1000);
}

static void on_stall(uv_async_t *async) {
    stall(1500);
    uv_close((uv_handle_t *)async, NULL);
}

/* The loop stands still for a while in the middle of its turn, and then hears of ended children
 * first. */
static void stand_still(slot *s) {
    uv_async_t async;
    CHECK(uv_async_init(&s->loop, &async, on_stall) == 0, "async");
    uv_async_send(&async);
    raise(SIGCHLD);
    uv_run(&s->loop, UV_RUN_ONCE);
    slot_turn(s, 1); /* the handle is closed */
}

/* A worker that stands still (a full disk cache, a stopped machine) judges by what was said in
 * time. */
static void test_standing_still(void) {
    slot s;
    slot_open(&s, "{\"command\":[\"/bin/sh\",\"-c\",\"sleep 0.3; echo 1\"]}", NULL);
    slot_begin(&s, 1);
    slot_turn(&s, 1);
    stand_still(&s);
    slot_wait(&s);
    CHECK(s.result.state == HOPT_DONE && s.result.loss == 1, "%s", s.result.error_message);
    slot_close(&s);
    slot_open(&s, "{\"command\":[\"/bin/sh\",\"-c\",\"sleep 0.3; echo 1\"]}",
              "\"trial\":{\"timeout_s\":1.2}");
    slot_begin(&s, 1);
    slot_turn(&s, 1);
    stall(1500);
    slot_wait(&s);
    CHECK(s.result.state == HOPT_DONE && s.result.loss == 1, "%s", s.result.error_message);
    slot_close(&s);
}

/* ---- what it gets ---- */

static void test_environment(void) {
    setenv("HOPT_STORE", "mongodb://user:secret@host", 1);
    setenv("HOPT_TOKEN_FILE", "secret", 1);
    setenv("MLFLOW_TRACKING_PASSWORD", "secret", 1);
    setenv("NOTIFY_SOCKET", "/run/secret", 1);
    slot s;
    slot_open(&s,
              "{\"command\":[\"/bin/sh\",\"-c\",\"env; read line; echo \\\"$line\\\" >/dev/stderr; "
              "cat $HOPT_PARAMS_FILE; pwd; echo x={x} k={m/a/k} {m}; exit 3\"]}",
              NULL);
    slot_run(&s, 12);
    const char *log = hopt_buf_string(&s.head);
    static const char *const wanted[] = {
        "HOPT_STUDY=test\n",
        "HOPT_TRIAL=12\n",
        "HOPT_ATTEMPT=1\n",
        "HOPT_LEASE=2\n",
        "HOPT_SEED=99\n",
        "HOPT_SLOT=3\n",
        "/work/test/12\n",
        "TEST_EXTRA=yes\n",
        "{\"x\":2.5,\"m\":{\"_name\":\"a\",\"k\":4}}\n",
        "x=2.5 k=4 a\n",
        "{\"hopt\":1,\"study\":\"test\",\"trial\":12,\"attempt\":1,\"seed\":99,",
        "HOPT_REPORT_FD=4\n",
        "\"slot\":3,\"params\":{\"x\":2.5"};
    for (size_t i = 0; i < HOPT_COUNT(wanted); i++)
        CHECK(strstr(log, wanted[i]), "%s not in: %s", wanted[i], log);
    CHECK(strstr(log, s.dir), "cwd: %s", log);
    CHECK(!strstr(log, "secret") && !strstr(log, "HOPT_STORE"), "%s", log);
    char *kept = hopt_format("%s/test/12/params.json", s.workdir);
    CHECK(access(kept, F_OK) == 0, "an error keeps its folder");
    free(kept);
    slot_close(&s);
}

/* A signal that the worker ignores or blocks must not be so for the objective. */
static void test_signals_are_default(void) {
    slot s;
    slot_open(&s,
              "{\"command\":[\"/bin/sh\",\"-c\",\"grep -E 'SigBlk|SigIgn' /proc/self/status; "
              "cat /proc/self/oom_score_adj; ls -l /proc/self/fd; echo 1\"]}",
              NULL);
    CHECK(slot_run(&s, 1)->state == HOPT_DONE, "%s", s.result.error_message);
    const char *log = hopt_buf_string(&s.head);
    /* glibc's own signals, 32 and 33, are ignored below a program that uses posix_spawn (make). */
    const char *ignored = strstr(log, "SigIgn:\t");
    CHECK(strstr(log, "SigBlk:\t0000000000000000") && ignored &&
              (strtoull(ignored + 8, NULL, 16) & ~0x180000000ULL) == 0,
          "%s", log);
    CHECK(strstr(log, "\n500\n"), "%s", log);
    /* 0, 1, 2, the report descriptor, and ls's own */
    int lines = 0;
    for (const char *at = strstr(log, "total"); at && (at = strstr(at, " -> ")); at++)
        lines++;
    CHECK(lines == 5, "%d descriptors: %s", lines, log);
    slot_close(&s);
}

static void test_workdir(void) {
    slot s;
    slot_open(&s,
              "{\"command\":[\"/bin/sh\",\"-c\",\"cd $HOPT_WORKDIR; echo a >>kept; mkdir -p sub/x; "
              "ln -sf $TEST_DIR/outside sub/link; chmod 0 sub/x; wc -l <kept; exit $TEST_CODE\"]}",
              NULL);
    char *outside = hopt_format("%s/outside", s.dir),
         *workdir = hopt_format("%s/test/1", s.workdir);
    mkdir(outside, 0755);
    char *precious = hopt_format("%s/precious", outside);
    fclose(fopen(precious, "w"));
    setenv("TEST_CODE", "1", 1);
    CHECK(slot_run(&s, 1)->state == HOPT_ERROR, "error");
    CHECK(access(workdir, F_OK) == 0, "kept across attempts");
    setenv("TEST_CODE", "0", 1);
    CHECK(slot_run(&s, 1)->state == HOPT_DONE && s.result.loss == 2, "%g", s.result.loss);
    SLOT_UNTIL(&s, access(workdir, F_OK) < 0); /* removed on success */
    CHECK(access(precious, F_OK) == 0, "a link was followed");
    free(outside);
    free(workdir);
    free(precious);
    slot_close(&s);
}

/* Each file may be kept, all of them together not: the worker holds them until the trial ends. */
static void test_attach_much(void) {
    slot_expect(COMMAND("\"attachmuch\",\"60\""), NULL, HOPT_ERROR, "BadResult",
                "larger than 256 MB together");
}

static void test_attach(void) {
    slot s;
    slot_open(&s, COMMAND("\"attach\",\"good.bin\""), NULL);
    CHECK(slot_run(&s, 1)->state == HOPT_DONE, "%s", s.result.error_message);
    CHECK(strcmp(hopt_buf_string(&s.attached), "content") == 0, "%s", s.attached.data);
    CHECK(strcmp(s.attached_name, "model") == 0, "%s", s.attached_name);
    slot_close(&s);
    slot_expect(COMMAND("\"attach\",\"link\""), NULL, HOPT_ERROR, "BadResult", "is a link");
    slot_expect(COMMAND("\"attach\",\"dir/passwd\""), NULL, HOPT_ERROR, "BadResult", "is a link");
    slot_expect(COMMAND("\"attach\",\"fifo\""), NULL, HOPT_ERROR, "BadResult", "no regular file");
    slot_expect(COMMAND("\"attach\",\".\""), NULL, HOPT_ERROR, "BadResult", "no regular file");
    slot_expect(COMMAND("\"attach\",\"nothing\""), NULL, HOPT_ERROR, "BadResult",
                "No such file or directory");
    slot_expect(COMMAND("\"attach\",\"../../../../etc/passwd\""), NULL, HOPT_ERROR, "BadResult",
                "outside HOPT_WORKDIR");
    slot_expect(COMMAND("\"attach\",\"/etc/passwd\""), NULL, HOPT_ERROR, "BadResult",
                "outside HOPT_WORKDIR");
}

/* ---- reports and stopping ---- */

static void test_reports(void) {
    slot s;
    slot_open(&s, COMMAND("\"report\",\"5\""), NULL);
    CHECK(slot_run(&s, 1)->state == HOPT_DONE && s.result.loss == 1, "%s", s.result.error_message);
    CHECK(s.reports == 5 && s.result.has_step && s.result.step == 5, "%d", s.reports);
    s.stop_at_step = 3;
    slot_run(&s, 2);
    CHECK(s.result.state == HOPT_CANCEL && strcmp(s.result.stop, "pruned") == 0, "%d",
          s.result.state);
    CHECK(s.result.step == 3 && fabs(s.result.loss - 10.0 / 3) < 1e-4, "%g", s.result.loss);
    CHECK(strstr(hopt_buf_string(&s.head), "stopping after 3"), "%s", hopt_buf_string(&s.head));
    slot_close(&s);
}

/* A worker that looks late, as on a busy machine, finds the report and the word that the objective
 * waits for input at once. It waits for the answer, and gets one. */
static void test_late_answer(void) {
    slot s;
    slot_open(&s, COMMAND("\"report\",\"2\""), NULL);
    slot_begin(&s, 1);
    slot_turn(&s, 1); /* it has begun to listen: what comes first is heard first */
    stall(1000);
    slot_wait(&s);
    CHECK(s.reports == 2 && s.result.state == HOPT_DONE, "%s", s.result.error_message);
    slot_close(&s);
}

/* The descriptor of `hopt report`, in a pipeline where standard input is another program's. */
static void test_report_descriptor(void) {
    slot s;
    slot_open(
        &s,
        "{\"command\":[\"/bin/sh\",\"-c\",\"for i in 1 2 3; do echo $i; done | while read i; do "
        "echo '{{\\\"report\\\":{{\\\"step\\\":'$i',\\\"loss\\\":2}}}}' >&4; read a <&4; echo got "
        "$a; "
        "done; echo 7\"]}",
        NULL);
    slot_run(&s, 1);
    CHECK(s.result.state == HOPT_DONE && s.result.loss == 7, "%s", s.result.error_message);
    CHECK(s.reports == 3 && s.last_step == 3, "%d reports", s.reports);
    CHECK(strstr(hopt_buf_string(&s.head), "got {\"stop\":false}"), "%s", hopt_buf_string(&s.head));
    slot_close(&s);
}

static int64_t reads_to_the_end(void) {
    slot s;
    slot_open(&s, "{\"command\":[\"/bin/sh\",\"-c\",\"cat | cat | wc -l; echo ended\"]}", NULL);
    uint64_t start = uv_hrtime();
    slot_run(&s, 1);
    int64_t ms = ms_since(start);
    CHECK(strstr(hopt_buf_string(&s.head), "1\nended"), "%s", hopt_buf_string(&s.head));
    slot_close(&s);
    return ms;
}

/* Reading standard input to its end must not last for ever, in whatever process of a pipeline. */
static void test_input_to_the_end(void) {
    expect_ms(0, 5000, reads_to_the_end);
    slot s;
    /* one that waits long between report and answer keeps its input */
    slot_open(&s,
              "{\"command\":[\"/bin/sh\",\"-c\",\"read line; for i in 1 2; do "
              "echo '{{\\\"report\\\":{{\\\"step\\\":'$i',\\\"loss\\\":2}}}}'; read a || exit 9; "
              "sleep 0.5; done; echo 3\"]}",
              NULL);
    CHECK(slot_run(&s, 1)->state == HOPT_DONE && s.result.loss == 3, "%s", s.result.error_message);
    slot_close(&s);
}

static void test_maximize_reports(void) {
    slot s;
    slot_open(&s, COMMAND("\"report\",\"2\""), "\"direction\":\"maximize\"");
    slot_run(&s, 1);
    CHECK(s.last_loss == -5 && s.result.loss == -1, "%g %g", s.last_loss, s.result.loss);
    slot_close(&s);
}

/* SIGTERM after the grace time, SIGKILL after another. @return the ms from the word to the end. */
static int64_t stubborn_stopped(void) {
    slot s;
    slot_open(&s, COMMAND("\"stubborn\",\"%D\""), "\"trial\":{\"grace_s\":0.3}");
    slot_begin(&s, 1);
    SLOT_UNTIL(&s, slot_noted(s.dir, "ignores"));
    uint64_t start = uv_hrtime();
    hopt_sandbox_stop(s.sandbox, "cancelled");
    slot_wait(&s);
    int64_t ms = ms_since(start);
    CHECK(s.result.state == HOPT_CANCEL && strcmp(s.result.stop, "cancelled") == 0, "%d",
          s.result.state);
    slot_close(&s);
    return ms;
}

static void test_stop(void) {
    slot s; /* one that reports learns it from the answer */
    slot_open(&s, COMMAND("\"report\",\"1000000\""), NULL);
    slot_begin(&s, 1);
    SLOT_UNTIL(&s, s.reports > 0);
    hopt_sandbox_stop(s.sandbox, "timeout");
    slot_wait(&s);
    CHECK(s.result.state == HOPT_CANCEL && strcmp(s.result.stop, "timeout") == 0, "%d",
          s.result.state);
    CHECK(strstr(hopt_buf_string(&s.head), "stopping after"), "not by the answer");
    slot_close(&s);
    expect_ms(600, 3000, stubborn_stopped); /* one that does not */
    /* a result that comes before it could know counts */
    slot_open(&s, "{\"command\":[\"/bin/sh\",\"-c\",\"sleep 0.4; echo 5\"]}", NULL);
    slot_begin(&s, 1);
    slot_turn(&s, 100);
    hopt_sandbox_stop(s.sandbox, "cancelled");
    slot_wait(&s);
    CHECK(s.result.state == HOPT_DONE && s.result.loss == 5, "%d", s.result.state);
    slot_close(&s);
}

static int64_t stubborn_killed(void) {
    slot s;
    slot_open(&s, COMMAND("\"stubborn\",\"%D\""), NULL);
    slot_begin(&s, 1);
    SLOT_UNTIL(&s, slot_noted(s.dir, "ignores"));
    uint64_t start = uv_hrtime();
    hopt_sandbox_kill(s.sandbox, "cancelled");
    slot_wait(&s);
    int64_t ms = ms_since(start);
    CHECK(s.result.state == HOPT_CANCEL, "%d", s.result.state);
    slot_close(&s);
    return ms;
}

static void test_kill_and_close(void) {
    slot s;
    expect_ms(0, 2000, stubborn_killed);
    slot_open(&s, COMMAND("\"stubborn\""), NULL);
    slot_begin(&s, 1);
    slot_turn(&s, 100);
    hopt_sandbox_kill(s.sandbox, "cancelled");
    slot_wait(&s);
    CHECK(s.result.state == HOPT_CANCEL, "%d", s.result.state);
    slot_begin(&s, 2);
    slot_turn(&s, 100);
    slot_close(&s); /* with a trial in it */
    CHECK(s.ended == 1, "close() ends the trial");
    slot_open(&s, COMMAND("\"stubborn\""), NULL);
    slot_begin(&s, 1);
    slot_close(&s); /* before the runner has even started */
    CHECK(s.ended == 1, "close() ends the trial");
    slot_open(&s, COMMAND("\"stubborn\""), NULL);
    slot_close(&s); /* never used */
}

/* ---- everybody ---- */

typedef struct test {
    const char *name;
    void (*run)(void);
} test;

static const test tests[] = {{"results", test_results},
                             {"start", test_start},
                             {"broken_slot", test_broken_slot},
                             {"timeout", test_timeout},
                             {"memory", test_memory},
                             {"output", test_output},
                             {"processes", test_processes},
                             {"files", test_files},
                             {"standing_still", test_standing_still},
                             {"environment", test_environment},
                             {"signals_are_default", test_signals_are_default},
                             {"workdir", test_workdir},
                             {"attach", test_attach},
                             {"attach_much", test_attach_much},
                             {"reports", test_reports},
                             {"late_answer", test_late_answer},
                             {"report_descriptor", test_report_descriptor},
                             {"input_to_the_end", test_input_to_the_end},
                             {"maximize_reports", test_maximize_reports},
                             {"stop", test_stop},
                             {"kill_and_close", test_kill_and_close}};

int main(int argc, char **argv) {
    for (size_t i = 0; i < HOPT_COUNT(tests); i++) {
        if (argc > 1 && strcmp(argv[1], tests[i].name) != 0) continue;
        uint64_t start = uv_hrtime();
        tests[i].run();
        printf("ok %s (%lld ms)\n", tests[i].name, (long long)ms_since(start));
        fflush(stdout);
    }
    return 0;
}
