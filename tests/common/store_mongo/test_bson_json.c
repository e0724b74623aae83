#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/json/json.h"
#include "common/store/mongo/bson_json.h"

static json_t *parse(const char *text) {
    hopt_error err;
    json_t *value;
    cr_assert_eq(hopt_json_parse(&value, text, strlen(text), 0, &err), HOPT_OK, "%s", err.message);
    return value;
}

static bson_iter_t find(const bson_t *doc, const char *path) {
    bson_iter_t at, found;
    cr_assert(bson_iter_init(&at, doc) && bson_iter_find_descendant(&at, path, &found), "%s", path);
    return found;
}

Test(bson_json, types_of_numbers) {
    bson_t doc = BSON_INITIALIZER;
    json_t *value = parse("[1, -2147483648, 2147483648, 1.0, 0.1, -9007199254740993]");
    hopt_bson_add_json(&doc, "v", value, true);
    const bson_type_t types[] = {BSON_TYPE_INT32,  BSON_TYPE_INT32,  BSON_TYPE_INT64,
                                 BSON_TYPE_DOUBLE, BSON_TYPE_DOUBLE, BSON_TYPE_INT64};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        char path[8];
        snprintf(path, sizeof path, "v.%zu", i);
        bson_iter_t at = find(&doc, path);
        cr_assert_eq(bson_iter_type(&at), types[i], "%s", path);
    }
    bson_iter_t all = find(&doc, "v");
    json_t *back = hopt_bson_json(&all, true);
    cr_assert(json_equal(back, value));
    json_decref(back);
    json_decref(value);
    bson_destroy(&doc);
}

Test(bson_json, every_key_comes_back) {
    /* What some servers refuse, and what looks like our own escapes. */
    const char *text = "{\"\": 1, \"a.b\": 2, \"$set\": 3, \"%\": 4, \"%2E\": 5, \"%%25\": 6, "
                       "\"a%2Eb\": 7, \"plain\": {\"x.y\": {\"$gt\": [{\"..\": 8}]}}, "
                       "\"s\\u00e9\": 9, \"100%\": 10}";
    json_t *value = parse(text);
    bson_t doc = BSON_INITIALIZER;
    hopt_bson_add_json(&doc, "v", value, true);
    bson_iter_t all = find(&doc, "v"), member;
    cr_assert(bson_iter_recurse(&all, &member));
    while (bson_iter_next(&member)) {
        const char *key = bson_iter_key(&member);
        cr_assert(*key && *key != '$' && !strchr(key, '.'), "%s", key);
    }
    json_t *back = hopt_bson_json(&all, true);
    cr_assert(json_equal(back, value));
    json_decref(back);
    json_decref(value);
    bson_destroy(&doc);
}

Test(bson_json, foreign_keys_with_percent_stay) {
    static const char *const keys[] = {"%", "%acc", "%2E", "%zz", "%a%2", "%%", "50%"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        bson_t doc = BSON_INITIALIZER, inner;
        bson_append_document_begin(&doc, "v", 1, &inner);
        bson_append_int32(&inner, keys[i], -1, 1);
        bson_append_document_end(&doc, &inner);
        bson_iter_t all = find(&doc, "v");
        json_t *back = hopt_bson_json(&all, true);
        const char *key = json_object_iter_key(json_object_iter(back));
        /* Only "%" is one of ours: what "" becomes. */
        const char *expected = strcmp(keys[i], "%") == 0 ? "" : keys[i];
        cr_assert_str_eq(key, expected);
        json_decref(back);
        bson_destroy(&doc);
    }
}

Test(bson_json, too_deep_becomes_text) {
    enum { DEPTH = HOPT_BSON_DEPTH_MAX + 5 };
    char text[2 * DEPTH + 1];
    memset(text, '[', DEPTH);
    memset(text + DEPTH, ']', DEPTH);
    text[2 * DEPTH] = '\0';
    json_t *value = parse(text);
    bson_t doc = BSON_INITIALIZER;
    hopt_bson_add_json(&doc, "v", value, true);
    bson_iter_t at = find(&doc, "v");
    cr_assert(BSON_ITER_HOLDS_UTF8(&at));
    cr_assert_str_eq(bson_iter_utf8(&at, NULL), text);
    json_decref(value);
    bson_destroy(&doc);
}

Test(bson_json, what_json_lacks) {
    bson_t doc = BSON_INITIALIZER;
    bson_oid_t oid;
    bson_oid_init_from_string(&oid, "0102030405060708090a0b0c");
    BSON_APPEND_DOUBLE(&doc, "nan", (double)NAN);
    BSON_APPEND_DOUBLE(&doc, "inf", (double)-INFINITY);
    BSON_APPEND_OID(&doc, "oid", &oid);
    BSON_APPEND_DATE_TIME(&doc, "date", 1000);
    BSON_APPEND_BINARY(&doc, "bin", BSON_SUBTYPE_BINARY, (const uint8_t *)"\x00\xff", 2);
    bson_append_utf8(&doc, "bad", -1,
                     "a\xff"
                     "b",
                     3);
    const char *const expected[][2] = {
        {"nan", "\"NaN\""},
        {"inf", "\"-Infinity\""},
        {"oid", "{\"$oid\":\"0102030405060708090a0b0c\"}"},
        {"date", "{\"$date\":\"1970-01-01T00:00:01Z\"}"},
        {"bin", "{\"$binary\":{\"base64\":\"AP8=\",\"subType\":\"00\"}}"},
        {"bad", "\"a?b\""},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        bson_iter_t at = find(&doc, expected[i][0]);
        json_t *value = hopt_bson_json(&at, true);
        char *text = hopt_json_text(value);
        cr_assert_str_eq(text, expected[i][1]);
        free(text);
        json_decref(value);
    }
    bson_destroy(&doc);
}

Test(bson_json, clean_text_keeps_utf8) {
    static const char dirty[] = "a\xc3\xa9\xff\x00\xe2\x82z\xf0\x9f\x98\x80";
    char *clean = hopt_bson_clean_text(dirty, sizeof dirty - 1);
    cr_assert_str_eq(clean, "a\xc3\xa9????z\xf0\x9f\x98\x80");
    free(clean);
}

Test(bson_json, integers_of_any_type) {
    bson_t doc = BSON_INITIALIZER;
    BSON_APPEND_DOUBLE(&doc, "whole", 7.0);
    BSON_APPEND_DOUBLE(&doc, "half", 7.5);
    BSON_APPEND_DOUBLE(&doc, "huge", 1e300);
    BSON_APPEND_DOUBLE(&doc, "edge", 0x1p63);
    BSON_APPEND_DOUBLE(&doc, "nan", (double)NAN);
    BSON_APPEND_INT64(&doc, "long", INT64_MAX);
    BSON_APPEND_BOOL(&doc, "bool", true);
    int64_t value = 0;
    bson_iter_t at = find(&doc, "whole");
    cr_assert(hopt_bson_integer(&value, &at, 0, 10));
    cr_assert_eq(value, 7);
    cr_assert_not(hopt_bson_integer(&value, &at, 8, 10));
    static const char *const bad[] = {"half", "huge", "edge", "nan", "bool"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        at = find(&doc, bad[i]);
        cr_assert_not(hopt_bson_integer(&value, &at, INT64_MIN, INT64_MAX), "%s", bad[i]);
    }
    at = find(&doc, "long");
    cr_assert(hopt_bson_integer(&value, &at, INT64_MIN, INT64_MAX));
    cr_assert_eq(value, INT64_MAX);
    bson_destroy(&doc);
}
