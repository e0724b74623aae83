#include <criterion/criterion.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/sys/clock.h"
#include "common/sys/file.h"
#include "common/sys/host.h"
#include "common/sys/log_json.h"
#include "common/sys/process.h"

Test(host, owner_of_a_dead_process_is_gone) {
    char owner[HOPT_OWNER_TEXT_MAX], boot[HOPT_BOOT_ID_MAX], host[HOPT_HOST_MAX];
    hopt_host_boot_id(boot);
    hopt_host_name(host);
    hopt_host_owner(owner);
    cr_assert_not(hopt_host_owner_gone(owner, boot), "we live");
    pid_t child = fork();
    if (child == 0) _exit(0);
    waitpid(child, NULL, 0);
    snprintf(owner, sizeof owner, "%s:%d:00000000", host, (int)child);
    cr_assert(hopt_host_owner_gone(owner, boot));
    cr_assert_not(hopt_host_owner_gone(owner, "another boot"));
    cr_assert_not(hopt_host_owner_gone(owner, ""));
    cr_assert_not(hopt_host_owner_gone("elsewhere:1:00000000", boot));
    cr_assert_not(hopt_host_owner_gone("hopt", boot));
}

Test(file, reads_whole_files_and_refuses_the_rest) {
    hopt_error err;
    char *data, path[] = "/tmp/hopt-test-XXXXXX";
    size_t length;
    int fd = mkstemp(path);
    cr_assert_eq(write(fd, "abc\0d", 5), 5);
    close(fd);
    cr_assert_eq(hopt_file_read(&data, &length, path, 100, &err), HOPT_OK);
    cr_assert_eq(length, 5);
    cr_assert_eq(memcmp(data, "abc\0d", 6), 0);
    free(data);
    cr_assert_eq(hopt_file_read(&data, &length, path, 4, &err), HOPT_EINVAL);
    cr_assert_null(data);
    unlink(path);
    cr_assert_eq(hopt_file_read(&data, &length, path, 4, &err), HOPT_EFAILED);
    cr_assert_eq(hopt_file_read(&data, &length, "/tmp", 4, &err), HOPT_EINVAL);
    cr_assert_eq(hopt_file_read(&data, &length, "/dev/zero", 4, &err), HOPT_EINVAL);
}

Test(clock, goes_forward) {
    int64_t start = hopt_clock_mono_ns();
    hopt_clock_sleep_ms(2);
    cr_assert_geq(hopt_clock_mono_ns() - start, 2000000);
}

/* ---- the log as JSON ---- */

static void expect_json(const char *wanted, const char *format, ...) HOPT_PRINTF(2, 3);
static void expect_json(const char *wanted, const char *format, ...) {
    hopt_buf out = HOPT_BUF_INIT;
    va_list args;
    va_start(args, format);
    hopt_log_json(&out, format, args);
    va_end(args);
    cr_expect_str_eq(hopt_buf_string(&out), wanted);
    hopt_buf_clear(&out);
}

Test(log_json, fields_come_from_the_format) {
    expect_json("\"msg\":\"leading\"", "leading");
    expect_json("\"msg\":\"trial ended\",\"study\":\"s\",\"trial\":7,\"loss\":0.25,\"ms\":12",
                "trial ended study=%s trial=%d loss=%.9g ms=%lld", "s", 7, 0.25, 12LL);
    expect_json("\"msg\":\"study is done\",\"study\":\"s\",\"reason\":\"a b\"",
                "study is %s study=%s reason=\"%s\"", "done", "s", "a b");
    expect_json("\"msg\":\"refused: it is bad\",\"study\":\"s\"", "refused study=%s: %s", "s",
                "it is bad");
    expect_json("\"msg\":\"worker started\",\"slots\":3,\"studies\":2",
                "worker started slots=%lld studies=%zu", 3LL, (size_t)2);
    expect_json("\"msg\":\"100% of 5 trials ab\"", "100%% of %d trials %.*s", 5, 2, "abc");
}

Test(log_json, values_are_no_fields) {
    expect_json("\"msg\":\"x state=done \\\"trial\\\":1\",\"study\":\"s y=%d\"", "%s study=%s",
                "x state=done \"trial\":1", "s y=%d");
}

Test(log_json, control_characters_are_escaped) {
    expect_json("\"msg\":\"a\\nb\\u001b[31m\\u007f\\t\\\\\\ufffd\xc3\xa4\"", "%s",
                "a\nb\x1b[31m\x7f\t\\\x80\xc3\xa4");
}

Test(log_json, what_is_no_number_is_a_text) {
    expect_json("\"msg\":\"\",\"loss\":\"nan\",\"other\":\"-inf\"", " loss=%g other=%g", NAN,
                -INFINITY);
    expect_json("\"msg\":\"\",\"n\":\"007\"", " n=%03d", 7);
}

Test(log_json, a_long_value_is_cut) {
    char *text = hopt_zalloc(1, 100001);
    memset(text, 'x', 100000);
    hopt_buf out = HOPT_BUF_INIT;
    hopt_log_json_string(&out, text);
    cr_expect_eq(out.length, 100002);
    hopt_buf_clear(&out);
    char wanted[4096];
    snprintf(wanted, sizeof wanted, "\"msg\":\"%.2047s\"", text);
    expect_json(wanted, "%s", text);
    free(text);
}

Test(process, is_this_one) {
    hopt_process_stats a, b;
    hopt_process_read(&a);
    cr_expect_gt(a.resident_bytes, 100000);
    cr_expect_gt(a.virtual_bytes, a.resident_bytes);
    cr_expect_gt(a.cpu_s, 0);
    double now_s = (double)hopt_clock_unix_ms() / 1000;
    cr_expect(a.start_s < now_s + 1 && a.start_s > now_s - 600, "%f", a.start_s);
    int fd = dup(2);
    hopt_process_read(&b);
    cr_expect_eq(b.open_fds, a.open_fds + 1);
    cr_expect(b.cpu_s >= a.cpu_s && b.max_fds >= b.open_fds);
    close(fd);
}
