#include <criterion/criterion.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/json/json.h"

typedef struct number_row {
    double value;
    const char *text;
} number_row;

Test(json_print, numbers_are_the_shortest) {
    /* As Python's repr() gives them, but for the exponent's padding and whole numbers' ".0". */
    static const number_row table[] = {
        {0, "0"},
        {-0.0, "-0"},
        {3, "3"},
        {-17, "-17"},
        {0.1, "0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3, "0.3333333333333333"},
        {2.0 / 3, "0.6666666666666666"},
        {1e-5, "1e-5"},
        {0.0001, "0.0001"},
        {123456789012345, "123456789012345"},
        {999999999999999, "999999999999999"},
        {1e15, "1e15"},
        {1e22, "1e22"},
        {1e23, "1e23"},
        {9007199254740993.0, "9007199254740992"},
        {5.684341886080802e-14, "5.684341886080802e-14"}, /* 2^-44 */
        {0x1p-489, "6.256509672447191e-148"},             /* ...7190 is nearer, and misses */
        {9.5367431640625e-07, "9.5367431640625e-7"},
        {1.7976931348623157e308, "1.7976931348623157e308"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {2.225073858507201e-308, "2.225073858507201e-308"},
        {5e-324, "5e-324"},
        {1.5e-323, "1.5e-323"},
        {-2.5, "-2.5"},
        {100.5, "100.5"},
        {NAN, "NaN"},
        {INFINITY, "Infinity"},
        {-INFINITY, "-Infinity"},
    };
    for (size_t i = 0; i < HOPT_COUNT(table); i++) {
        char text[HOPT_JSON_NUMBER];
        hopt_json_number(text, table[i].value);
        cr_assert_str_eq(text, table[i].text);
    }
}

Test(json_print, every_double_reads_back) {
    for (uint64_t i = 0; i < 50000; i++) {
        uint64_t bits = hopt_hash_splitmix64(1, i);
        if (i % 3 == 0) bits &= ~(uint64_t)0xfffff;    /* few digits */
        if (i % 5 == 0) bits &= (uint64_t)0xfff << 52; /* powers of two */
        double value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) continue;
        char text[HOPT_JSON_NUMBER], shorter[400];
        hopt_json_number(text, value);
        cr_assert_eq(strtod(text, NULL), value, "%s", text);
        /* One digit less than the text has would not do. */
        int digits = 0;
        for (const char *c = text; *c && *c != 'e'; c++)
            digits += (*c >= '0' && *c <= '9') && (digits || *c != '0');
        if (digits < 2 || !strpbrk(text, ".e")) continue;
        snprintf(shorter, sizeof shorter, "%.*g", digits - 1, value);
        cr_assert_neq(strtod(shorter, NULL), value, "%s but %s", text, shorter);
    }
}

/* Where most values lie the digits are worked out in integers: the same as the C library's. */
Test(json_print, usual_numbers_have_the_nearest_digits) {
    for (uint64_t i = 0; i < 200000; i++) {
        uint64_t bits = hopt_hash_splitmix64(2, i);
        uint64_t fraction = i % 3 ? bits >> 12 : i % 6 ? (bits & 7) << 49 : bits & 7;
        bits = (1002 + (bits & 0x3f) + (bits >> 6 & 7)) << 52 | fraction; /* 2^-21 .. 2^49 */
        double value;
        memcpy(&value, &bits, sizeof value);
        if (value == rint(value)) continue;
        if (i & 1) value = -value;
        char text[HOPT_JSON_NUMBER], same[400];
        hopt_json_number(text, value);
        int digits = 0;
        for (const char *c = text; *c && *c != 'e'; c++)
            digits += *c >= '0' && *c <= '9' && (digits || *c != '0');
        cr_assert_eq(strtod(text, NULL), value, "%s", text);
        if (!fraction) continue; /* may be the second nearest */
        snprintf(same, sizeof same, "%.*g", digits, value);
        char *padding = strstr(same, "e-0"); /* e-05 */
        if (padding) memmove(padding + 2, padding + 3, strlen(padding + 3) + 1);
        cr_assert_str_eq(text, same);
        if (digits > 1) {
            snprintf(same, sizeof same, "%.*g", digits - 1, value);
            cr_assert_neq(strtod(same, NULL), value, "%s but %s", text, same);
        }
    }
}

static void check_text(const char *in, const char *compact, const char *pretty) {
    json_t *json;
    hopt_error err;
    cr_assert_eq(hopt_json_parse(&json, in, strlen(in), 0, &err), HOPT_OK, "%s", err.message);
    char *text = hopt_json_text(json);
    cr_assert_str_eq(text, compact);
    free(text);
    hopt_buf out = HOPT_BUF_INIT;
    hopt_json_print_pretty(&out, json);
    cr_assert_str_eq(out.data, pretty);
    hopt_buf_clear(&out);
    json_decref(json);
}

Test(json_print, keeps_types_and_order) {
    check_text("{\"z\":1.0,\"a\":[1,2.5,-0.0,1e300,null,true],\"e\":{},\"f\":[]}",
               "{\"z\":1.0,\"a\":[1,2.5,-0.0,1e300,null,true],\"e\":{},\"f\":[]}",
               "{\n  \"z\": 1.0,\n  \"a\": [1, 2.5, -0.0, 1e300, null, true],\n  \"e\": {},\n"
               "  \"f\": []\n}");
    check_text("[[1],{\"a\":2}]", "[[1],{\"a\":2}]", "[\n  [1],\n  {\n    \"a\": 2\n  }\n]");
    check_text("1234567890123456.0", "1234567890123456.0", "1234567890123456.0");
    check_text("\"\\u0001\\n\\t\\\"\\\\\\/\\u007f\\u00e4\"",
               "\"\\u0001\\n\\t\\\"\\\\/\\u007f\u00e4\"",
               "\"\\u0001\\n\\t\\\"\\\\/\\u007f\u00e4\"");
}

Test(json_print, long_lists_are_broken) {
    hopt_buf in = HOPT_BUF_INIT, out = HOPT_BUF_INIT;
    for (int i = 0; i < 40; i++)
        hopt_buf_print(&in, "%c%d", i ? ',' : '[', 100 + i);
    hopt_buf_char(&in, ']');
    json_t *json = json_loadb(in.data, in.length, 0, NULL);
    hopt_json_print_pretty(&out, json);
    cr_assert_eq(strncmp(out.data, "[\n  100,\n  101,", 15), 0);
    json_decref(json);
    hopt_buf_clear(&in);
    hopt_buf_clear(&out);
}

Test(json_print, bytes_that_are_no_text_are_replaced) {
    hopt_buf out = HOPT_BUF_INIT;
    hopt_json_print_string(&out, "a\xff\xc3\xa4\xe2\x82\0b", 8);
    cr_assert_str_eq(out.data, "\"a\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\\u0000b\"");
    hopt_buf_clear(&out);
}

Test(json_print, a_foreign_locale_changes_nothing) {
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "de_DE.utf8"))
        cr_skip_test("no German locale here");
    char text[HOPT_JSON_NUMBER];
    hopt_json_number(text, 0.1);
    cr_assert_str_eq(text, "0.1");
}
