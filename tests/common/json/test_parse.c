/* What is read and what is refused, with the place of every refusal. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/json/json.h"
#include "common/json/json_internal.h"

typedef struct refusal {
    const char *text;
    int line, column;
    const char *says;
} refusal;

static void check_refusals(const refusal *table, size_t n, int flags) {
    for (size_t i = 0; i < n; i++) {
        json_t *json = NULL;
        hopt_error err = {0};
        hopt_status status =
            hopt_json_parse(&json, table[i].text, strlen(table[i].text), flags, &err);
        cr_assert_eq(status, HOPT_EINVAL, "%s was read", table[i].text);
        cr_assert_null(json);
        cr_assert(err.line == table[i].line && err.column == table[i].column,
                  "%s: %d:%d instead of %d:%d: %s", table[i].text, err.line, err.column,
                  table[i].line, table[i].column, err.message);
        cr_assert(strstr(err.message, table[i].says), "%s: %s", table[i].text, err.message);
    }
}

static json_t *must_parse(const char *text, int flags) {
    json_t *json;
    hopt_error err;
    hopt_status status = hopt_json_parse(&json, text, strlen(text), flags, &err);
    cr_assert_eq(status, HOPT_OK, "%s: %d:%d: %s", text, err.line, err.column, err.message);
    return json;
}

Test(json_parse, refuses_with_the_place) {
    static const refusal table[] = {
        {"", 1, 1, "empty"},
        {" \n\t", 1, 1, "empty"},
        {"\xef\xbb\xbf{}", 1, 1, "byte order mark"},
        {"\xff\xfe{", 1, 1, "UTF-16"},
        {"{\"a\":1,}", 1, 8, "comma before the closing"},
        {"[1,\n 2, ]", 2, 5, "comma before the closing"},
        {"{\n  \"a\": 1,\n  \"a\": 2\n}", 3, 3, "the key \"a\" appears twice"},
        {"{\"\\\"\":1,\"\\\"\":2}", 1, 9, "the key \"\\\"\" appears twice"},
        {"{\"a key of more than twenty bytes\":1,\n\"a key of more than twenty bytes\":1}", 2, 1,
         "twice"},
        {"{\"a\":{\"b\":1,\"b\":1}}", 1, 13, "twice"},
        {"{'a':1}", 1, 2, "double quotes"},
        {"{\"a\":tru}", 1, 6, "tru"},
        {"{\"a\":True}", 1, 6, "as JSON does"},
        {"{\"a\":None}", 1, 6, "as JSON does"},
        {"{\"a\":NaN}", 1, 6, "finite"},
        {"{\"a\":-Infinity}", 1, 6, "finite"},
        {"[1] [2]", 1, 5, "after the end"},
        {"{} x", 1, 4, "after the end"},
        {"{\"a\":[1", 1, 8, "ends too early"},
        {"{\"a\":\"b", 1, 6, "ends too early"},
        {"[1e999]", 1, 2, "too large for a double"},
        {"[-1e999]", 1, 2, "too large for a double"},
        {"[\n99999999999999999999]", 2, 1, "64 bits"},
        {"[-9223372036854775809]", 1, 2, "64 bits"},
        {"[01]", 1, 2, "syntax error"},
        {"[\"\\u0000\"]", 1, 2, "\\u0000"},
        {"[\"\xff\"]", 1, 3, "not UTF-8"},
        {"[\"\xc0\x80\"]", 1, 3, "not UTF-8"},
        {"[\"\xed\xa0\x80\"]", 1, 3, "not UTF-8"},
        {"[\"\xf4\x90\x80\x80\"]", 1, 3, "not UTF-8"},
        {"[\"\xe2\x82", 1, 3, "not UTF-8"},
        {"// a\n{}", 1, 1, "comments are not allowed"},
        {"{} // a", 1, 4, "comments are not allowed"},
    };
    check_refusals(table, HOPT_COUNT(table), 0);
}

Test(json_parse, refuses_with_the_place_beside_comments_and_nan) {
    static const refusal table[] = {
        {"// c\n{\"a\": 1 // \"\n ,}", 3, 3, "comma before the closing"},
        {"# c\n{}", 1, 1, "begin with //"},
        {"[1 /* c */]", 1, 4, "only comments that begin with //"},
        {"// only this", 1, 13, "ends too early"},
        {"// \xff\n[]", 1, 4, "not UTF-8"},
        {"[NaN, NaN, x]", 1, 12, "x"},
        {"[NaN,\n-Infinity, Infinity x]", 2, 21, "x"},
        {"[\"NaN\", NaN, x]", 1, 14, "x"},
        {"[nan]", 1, 2, "nan"},
        {"[-NaN]", 1, 2, "syntax"},
        {"[NaNs]", 1, 2, "NaNs"},
        {"{NaN:1}", 1, 2, "NaN"},
        {"{\"NaN\":1, NaN :1}", 1, 11, "NaN"},
    };
    check_refusals(table, HOPT_COUNT(table), HOPT_JSON_COMMENTS | HOPT_JSON_NAN);
}

Test(json_parse, nul_bytes_are_refused) {
    json_t *json;
    hopt_error err;
    cr_assert_eq(hopt_json_parse(&json, "[\"a\0b\"]", 7, 0, &err), HOPT_EINVAL);
    cr_assert(strstr(err.message, "NUL") && err.column == 4);
    cr_assert_eq(hopt_json_parse(&json, "[]\0", 3, 0, &err), HOPT_EINVAL);
    cr_assert(strstr(err.message, "NUL") && err.column == 3);
    /* The error may be left out. */
    cr_assert_eq(hopt_json_parse(&json, "[]\0", 3, 0, NULL), HOPT_EINVAL);
}

Test(json_parse, depth_has_a_limit) {
    for (int depth = HOPT_JSON_DEPTH_MAX; depth <= HOPT_JSON_DEPTH_MAX + 1; depth++) {
        hopt_buf text = HOPT_BUF_INIT;
        for (int i = 0; i < depth; i++)
            hopt_buf_text(&text, i % 2 ? "{\"a\":" : "[");
        hopt_buf_char(&text, '1');
        for (int i = depth - 1; i >= 0; i--)
            hopt_buf_char(&text, i % 2 ? '}' : ']');
        json_t *json;
        hopt_error err;
        hopt_status status = hopt_json_parse(&json, text.data, text.length, 0, &err);
        cr_assert_eq(status, depth <= HOPT_JSON_DEPTH_MAX ? HOPT_OK : HOPT_EINVAL);
        if (status != HOPT_OK) cr_assert(strstr(err.message, "deeper than 512"));
        json_decref(json);
        hopt_buf_clear(&text);
    }
}

Test(json_parse, size_has_a_limit) {
    size_t length = HOPT_JSON_TEXT_MAX + 1;
    char *text = hopt_alloc(length);
    memset(text, ' ', length);
    text[0] = '7';
    json_t *json;
    hopt_error err;
    cr_assert_eq(hopt_json_parse(&json, text, length, 0, &err), HOPT_EINVAL);
    cr_assert(strstr(err.message, "16 MiB"));
    cr_assert_eq(hopt_json_parse(&json, text, length - 1, 0, &err), HOPT_OK);
    json_decref(json);
    free(text);
}

Test(json_parse, reads_scalars_and_positions_stay) {
    json_t *json = must_parse("-12", 0);
    cr_assert_eq(json_integer_value(json), -12);
    json_decref(json);
    json = must_parse("\"a // b\"", HOPT_JSON_COMMENTS);
    cr_assert_str_eq(json_string_value(json), "a // b");
    json_decref(json);
    json = must_parse("{\"a\\\\\": \"//\"} // end", HOPT_JSON_COMMENTS);
    cr_assert_str_eq(hopt_json_string_of(json, "a\\"), "//");
    json_decref(json);
    json = must_parse("[1]\r\n// c", HOPT_JSON_COMMENTS);
    cr_assert_eq(json_array_size(json), 1);
    json_decref(json);
    json = must_parse("[-9223372036854775808, 9223372036854775807, 1e-999]", 0);
    cr_assert_eq(json_integer_value(json_array_get(json, 0)), INT64_MIN);
    cr_assert_eq(json_real_value(json_array_get(json, 2)), 0);
    json_decref(json);
}

Test(json_parse, nan_tokens_become_strings) {
    json_t *json = must_parse("{\"a\":NaN,\"NaN\":[-Infinity,Infinity,\"x NaN\"]}", HOPT_JSON_NAN);
    char *text = hopt_json_text(json);
    cr_assert_str_eq(text, "{\"a\":\"NaN\",\"NaN\":[\"-Infinity\",\"Infinity\",\"x NaN\"]}");
    free(text);
    json_decref(json);
    json = must_parse("NaN", HOPT_JSON_NAN);
    cr_assert_str_eq(json_string_value(json), "NaN");
    json_decref(json);
}

/* hopt_json__read_plain() may refuse what is JSON, but may read nothing differently. */
Test(json_parse, the_quick_reader_reads_the_same) {
    static const char *const read[] = {
        "{}",
        "[]",
        " [ ] \n",
        "{\"a\":{\"b\":[1,-2,0,-0,123456789012345678]},\"c\":\"text ~\"}",
        "[1.5,-0.0,1e3,1E-3,2.5e+10,0.1,5e-324,1.7976931348623157e308,3.0]",
        "{ \"t\" : true , \"f\" : false , \"n\" : null }\r\n\t",
        "[\"NaN\",\"\",\"{[,:]}\"]",
    };
    static const char *const left[] = {
        "",           "1",
        "\"a\"",      "null",
        "[1",         "[1,]",
        "[,1]",       "[1 2]",
        "[01]",       "[1.]",
        "[.5]",       "[-]",
        "[1e]",       "[+1]",
        "[0x1]",      "[nul]",
        "[nullx]",    "[NaN]",
        "[1e400]",    "[] []",
        "[\"a]",      "[\"\\n\"]",
        "[\"\t\"]",   "[\"\xc3\xa4\"]",
        "[\"\x7f\"]", "{\"a\":1",
        "{\"a\":1,}", "{\"a\" 1}",
        "{a:1}",      "{\"a\":1,\"a\":2}",
        "[1]//",      "[1]x",
        "{\"a\":[1}", "[1234567890123456789]",
        "{\"a\":}",   "[}",
    };
    for (size_t i = 0; i < HOPT_COUNT(read); i++) {
        size_t length = strlen(read[i]);
        json_t *quick = hopt_json__read_plain(read[i], length);
        json_t *same = json_loadb(read[i], length, JSON_REJECT_DUPLICATES, NULL);
        cr_assert(quick && same, "%s", read[i]);
        char *text = json_dumps(quick, 0), *same_text = json_dumps(same, 0);
        cr_assert_str_eq(text, same_text);
        free(text);
        free(same_text);
        json_decref(quick);
        json_decref(same);
        /* Nothing behind the length is looked at, and a part of it is none. */
        for (size_t part = 0; part + 3 < length; part++)
            cr_assert_null(hopt_json__read_plain(read[i], part), "%.*s", (int)part, read[i]);
    }
    for (size_t i = 0; i < HOPT_COUNT(left); i++)
        cr_assert_null(hopt_json__read_plain(left[i], strlen(left[i])), "%s", left[i]);
    char deep[128];
    memset(deep, '[', 40);
    memset(deep + 40, ']', 40);
    cr_assert_null(hopt_json__read_plain(deep, 80));
    json_t *json = hopt_json_read(deep, 80);
    cr_assert(json_is_array(json));
    json_decref(json);
    json = hopt_json_read("{\"\\u00e4\":1,\"a\":1,\"a\":2}", 24);
    cr_assert_eq(json_integer_value(json_object_get(json, "a")), 2);
    json_decref(json);
    cr_assert_null(hopt_json_read("[", 1));
}

/* Numbers of usual size are read by integer arithmetic, to the same bit as strtod() does. */
Test(json_parse, usual_numbers_read_as_strtod_does) {
    int exact = 0;
    for (uint64_t i = 0; i < 300000; i++) {
        uint64_t bits = hopt_hash_splitmix64(3, i);
        int digits = 1 + (int)(bits % 19), behind = (int)(bits / 19 % 20);
        char text[64];
        double value;
        if (i % 2) { /* what was printed, and the middle between two doubles */
            uint64_t close = (1012 + (bits & 0x1f)) << 52 | bits >> 12;
            memcpy(&value, &close, sizeof value);
            snprintf(text, sizeof text, "%.*f", (int)(i % 18), value);
        } else if (i % 4) {
            snprintf(text, sizeof text, "%.*f", 10, (double)(bits >> 24) + 0.5 + 0x1p-10);
        } else {
            uint64_t word = hopt_hash_splitmix64(4, i);
            for (int k = 19; k > digits; k--)
                word /= 10;
            snprintf(text, sizeof text, "%0*llu", behind + 1, (unsigned long long)word);
            size_t length = strlen(text);
            memmove(text + length - (size_t)behind + 1, text + length - (size_t)behind,
                    (size_t)behind + 1);
            text[length - (size_t)behind] = '.';
        }
        if (!hopt_json__decimal_exact(&value, text, strlen(text))) continue;
        exact++;
        cr_assert_eq(value, strtod(text, NULL), "%s", text);
    }
    cr_assert_gt(exact, 100000);
    double value;
    cr_assert(hopt_json__decimal_exact(&value, "-4503599627370497.5", 19));
    cr_assert_eq(value, -4503599627370497.5);
    cr_assert(hopt_json__decimal_exact(&value, "9007199254740993.0", 18)); /* a tie, to even */
    cr_assert_eq(value, 9007199254740992.0);
    cr_assert_not(hopt_json__decimal_exact(&value, "0.0", 3));
    cr_assert_not(hopt_json__decimal_exact(&value, "1e5", 3));
    cr_assert_not(hopt_json__decimal_exact(&value, "1.2.3", 5));
    cr_assert_not(hopt_json__decimal_exact(&value, "0.00001", 7));
    cr_assert_not(hopt_json__decimal_exact(&value, "12345678901234567890.5", 22));
}
