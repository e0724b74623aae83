#include "common/store/driven.h"
#include "common/store/uri.h"

#include <criterion/criterion.h>
#include <string.h>

#include "common/base/hash.h"

static hopt_store_uri uri;
static hopt_error err;

static void parses(const char *text) {
    memset(&err, 0, sizeof err);
    cr_assert_eq(hopt_store_uri_parse(&uri, text, &err), HOPT_OK, "%s: %s", text, err.message);
}

static void refused(const char *text, const char *says) {
    memset(&err, 0, sizeof err);
    cr_assert_eq(hopt_store_uri_parse(&uri, text, &err), HOPT_EINVAL, "%s", text);
    cr_assert(strstr(err.message, says), "%s: %s", text, err.message);
    cr_assert_null(uri.path);
    cr_assert_null(uri.mongo_uri);
}

Test(uri, sqlite) {
    parses("sqlite:study.db");
    cr_assert(uri.kind == HOPT_STORE_KIND_SQLITE && !uri.memory && !uri.sync_full);
    cr_assert_str_eq(uri.path, "study.db");
    hopt_store_uri_clear(&uri);
    parses("SQLite:/a b/c:d@e.db?sync=full");
    cr_assert(uri.sync_full);
    cr_assert_str_eq(uri.path, "/a b/c:d@e.db");
    hopt_store_uri_clear(&uri);
    parses("sqlite::memory:");
    cr_assert(uri.memory && !uri.path);
    hopt_store_uri_clear(&uri);
    refused("sqlite:", "no file name");
    refused("sqlite:?sync=full", "no file name");
    refused("sqlite:///x.db", "sqlite:PATH");
    refused("sqlite:x.db?mode=ro", "sync=full");
    refused("sqlite:x\ny", "control character");
}

Test(uri, mongodb) {
    parses("mongodb://u:p%40@h1:1,h2/digits?replicaSet=r");
    cr_assert(uri.kind == HOPT_STORE_KIND_MONGODB && !uri.hyperopt);
    cr_assert_str_eq(uri.mongo_uri, "mongodb://u:p%40@h1:1,h2/digits?replicaSet=r");
    cr_assert_str_eq(uri.database, "digits");
    hopt_store_uri_clear(&uri);
    static const char *const without[] = {"mongodb://h", "mongodb://h/", "mongodb://h?x=y",
                                          "mongodb+srv://h/?x=y"};
    for (size_t i = 0; i < HOPT_COUNT(without); i++) {
        parses(without[i]);
        cr_assert_str_eq(uri.database, "hopt");
        cr_assert_str_eq(uri.mongo_uri, without[i]);
        hopt_store_uri_clear(&uri);
    }
    parses("mongodb://h/%64b");
    cr_assert_str_eq(uri.database, "db");
    hopt_store_uri_clear(&uri);
    refused("mongodb://", "no host");
    refused("mongodb:///db", "no host");
    refused("mongodb://u:secret@/db", "no host");
    refused("mongodb://h/a.b", "name");
    refused("mongodb://h/a%00b", "name");
}

Test(uri, hyperopt) {
    parses("mongo://localhost:1234/foo_db/jobs");
    cr_assert(uri.hyperopt);
    cr_assert_str_eq(uri.mongo_uri, "mongodb://localhost:1234/foo_db");
    cr_assert_str_eq(uri.database, "foo_db");
    hopt_store_uri_clear(&uri);
    /* Python's urlparse decodes nothing: what stands there is the password. */
    parses("mongo://me:p@ss%41:x@h:1/db/jobs?authSource=admin");
    cr_assert_str_eq(uri.mongo_uri, "mongodb://me:p%40ss%2541%3Ax@h:1/db?authSource=admin");
    hopt_store_uri_clear(&uri);
    parses("mongo://hyperopt:pw@h:1/db/jobs");
    cr_assert_str_eq(uri.mongo_uri, "mongodb://hyperopt:pw@h:1/db?authSource=admin");
    hopt_store_uri_clear(&uri);
    refused("mongo://localhost/db/jobs", "port");
    refused("mongo://localhost:0/db/jobs", "port");
    refused("mongo://localhost:65536/db/jobs", "port");
    refused("mongo://localhost:1x/db/jobs", "port");
    refused("mongo://:1/db/jobs", "one host");
    refused("mongo://a:1,b:2/db/jobs", "one host");
    refused("mongo://h:1", "host:port/db/jobs");
    refused("mongo://h:1/db", "jobs");
    refused("mongo://h:1/db/other", "jobs");
    refused("mongo://h:1/db/jobs/", "jobs");
    refused("mongo://h:1/db/jobs?ssl=true", "authSource");
    refused("mongo://me@h:1/db/jobs", "password");
    refused("mongo+ssh://h:1/db/jobs", "ssh -L");
}

Test(uri, unknown) {
    refused("", "sqlite:PATH");
    refused("study.db", "sqlite:PATH");
    refused("postgres://u:secret@h/db", "sqlite:PATH");
    cr_assert_not(strstr(err.message, "secret"));
}

static void masks(const char *text, const char *as) {
    char out[200];
    hopt_store_uri_mask(out, sizeof out, text);
    cr_assert_str_eq(out, as);
}

Test(uri, mask) {
    masks("sqlite:/a:b@c.db", "sqlite:/a:b@c.db");
    masks("mongodb://h:27017,h2:1/db?x=y", "mongodb://h:27017,h2:1/db?x=y");
    masks("mongodb://[::1]:27017/db", "mongodb://[::1]:27017/db");
    masks("mongodb://u:p@h:1/db", "mongodb://u:***@h:1/db");
    masks("mongodb://u@h/db", "mongodb://u@h/db");
    /* malformed */
    masks("mongodb://u:p/q?r@s@h/db", "mongodb://u:***@h/db");
    masks("mongodb://u:p@h:1/db@x", "mongodb://u:***@x");
    masks("mongodb://u:secret", "mongodb://u:***");
    masks("mongodb://u:1secret/db", "mongodb://u:***");
    masks("mongodb://[u:secret", "mongodb://[u:***");
    masks("mongodb:u:secret@h", "mongodb:***@h");
    masks("u:se://cret@h", "u:***@h");
    masks("h1:1,u:secret", "h1:1,u:***");
    masks("redis://:secret@h", "redis://:***@h");
    masks("sqlite://u:secret@h", "sqlite://u:***@h");
    /* options */
    masks("mongodb://h/?tlsCertificateKeyFilePassword=secret&a=b",
          "mongodb://h/?tlsCertificateKeyFilePassword=***&a=b");
    masks("mongodb://u:p@h/?authMechanismProperties=AWS_SESSION_TOKEN:secret",
          "mongodb://u:***@h/?authMechanismProperties=***");
    masks("mongodb://h:1/d?x=y@z&PASSWORD=secret", "mongodb://h:***@z&PASSWORD=***");
    masks("mongodb://h/\x1b[31m\n", "mongodb://h/?[31m?");
    masks("", "");
}

Test(uri, mask_is_cut) {
    char out[12];
    hopt_store_uri_mask(out, sizeof out, "mongodb://u:secret@h");
    cr_assert_str_eq(out, "mongodb://u");
    hopt_store_uri_mask(out, 1, "mongodb://u:secret@h");
    cr_assert_str_eq(out, "");
}

/* Wherever the other parts are cut or odd, a password between ':' and '@' is never shown. */
Test(uri, mask_hides_in_any_frame) {
    static const char odd[] = ":/?@&=,[]%ab1";
    for (uint64_t i = 0; i < 20000; i++) {
        char text[64] = "mongodb://", out[200];
        size_t at = 10;
        uint64_t bits = hopt_hash_splitmix64(7, i);
        for (int k = 0; k < 4; k++, bits /= 13)
            text[at++] = odd[bits % 13];
        memcpy(text + at, ":S3CRET@", 8);
        at += 8;
        for (int k = 0; k < 5; k++, bits /= 13)
            text[at++] = odd[bits % 13];
        text[at] = '\0';
        hopt_store_uri_mask(out, sizeof out, text);
        cr_assert_not(strstr(out, "S3CRET"), "%s -> %s", text, out);
        memset(&err, 0, sizeof err);
        if (hopt_store_uri_parse(&uri, text, &err) == HOPT_OK) hopt_store_uri_clear(&uri);
        cr_assert_not(strstr(err.message, "S3CRET"), "%s", err.message);
    }
}

/* An exp_key may be any text; the name made of it is a study's, and no "." or "..". */
Test(driven, names) {
    static const char *const names[][2] = {
        {"exp1", "exp1"}, {"a/b c", "a_b_c"}, {"..", "_."},          {".", "_"},
        {"", "_"},        {"\xc3\xa4", "__"}, {"A.b-c_9", "A.b-c_9"}};
    char out[HOPT_STUDY_NAME_MAX], text[200];
    for (size_t i = 0; i < HOPT_COUNT(names); i++) {
        hopt_driven_name(out, names[i][0]);
        cr_assert_str_eq(out, names[i][1]);
        cr_assert(hopt_study_name_valid(out));
    }
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    hopt_driven_name(out, text);
    cr_assert_eq(strlen(out), HOPT_STUDY_NAME_MAX - 1);
    cr_assert(hopt_study_name_valid(out));
}
