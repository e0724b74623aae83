#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/base/hash.h"
#include "common/base/time.h"

Test(error, keeps_position_and_truncates_visibly) {
    hopt_error err;
    char longest[2000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    cr_assert_eq(hopt_error_at(&err, HOPT_EINVAL, 3, 7, "%s", longest), HOPT_EINVAL);
    cr_assert_eq(strlen(err.message), (size_t)HOPT_ERROR_MESSAGE_MAX - 1);
    cr_assert_str_eq(err.message + HOPT_ERROR_MESSAGE_MAX - 4, "...");
    hopt_error_set(&err, HOPT_EINVAL, "bad\x1b[31m");
    err.line = 3;
    err.column = 7;
    char text[100];
    hopt_error_text(text, sizeof text, "a.json", &err);
    cr_assert_str_eq(text, "a.json:3:7: bad?[31m");
}

Test(error, list_keeps_ten_and_counts_all) {
    hopt_errors errors = {0};
    for (int i = 0; i < 12; i++) {
        hopt_error err;
        hopt_error_at(&err, HOPT_EINVAL, 12 - i, 1, "e%d", i);
        hopt_errors_add(&errors, &err);
    }
    hopt_errors_sort(&errors);
    cr_assert_eq(errors.count, 10);
    cr_assert_eq(errors.total, 12);
    cr_assert_eq(errors.list[0].line, 3);
}

Test(buf, grows_consumes_and_is_taken) {
    hopt_buf buf = HOPT_BUF_INIT;
    cr_assert_str_eq(hopt_buf_string(&buf), "");
    for (int i = 0; i < 1000; i++)
        hopt_buf_print(&buf, "%d,", i);
    hopt_buf_consume(&buf, 2);
    cr_assert_eq(strncmp(buf.data, "1,2,3,", 6), 0);
    char *text = hopt_buf_take(&buf);
    cr_assert_eq(strlen(text), (size_t)(10 * 2 + 90 * 3 + 900 * 4 - 2));
    free(text);
}

Test(hash, known_values) {
    /* FNV-1a test vector of its authors; splitmix64 of seed 1234567 as in its reference C code. */
    cr_assert_eq(hopt_hash_fnv1a(HOPT_FNV_START, "a", 1), UINT64_C(0xaf63dc4c8601ec8c));
    cr_assert_eq(hopt_hash_splitmix64(1234567, 0), UINT64_C(6457827717110365317));
    cr_assert_eq(hopt_hash_splitmix64(1234567, 1), UINT64_C(3203168211198807973));
}

Test(time, both_ways) {
    char text[HOPT_TIME_TEXT];
    int64_t ms;
    hopt_time_format(text, INT64_C(1767323045678));
    cr_assert_str_eq(text, "2026-01-02T03:04:05.678Z");
    cr_assert(hopt_time_parse(&ms, text));
    cr_assert_eq(ms, INT64_C(1767323045678));
    hopt_time_format(text, -1);
    cr_assert_str_eq(text, "1969-12-31T23:59:59.999Z");
    cr_assert_not(hopt_time_parse(&ms, "2026-02-30T00:00:00Z"));
    cr_assert_not(hopt_time_parse(&ms, "yesterday"));
}
