#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "common/store/mongo/mongo_internal.h"
#include "common/store/store_driver.h"

static hopt_mongo store = {.hosts = "db.example:27017"};

static hopt_status failed(uint32_t domain, uint32_t code, const char *message, hopt_error *err) {
    bson_error_t error;
    bson_set_error(&error, domain, code, "%s", message);
    store.renew = false;
    return hopt_mongo__failed(&store, &error, err);
}

Test(mongo_error, no_server_is_unavailable_and_renews_the_client) {
    hopt_error err;
    cr_assert_eq(failed(MONGOC_ERROR_SERVER_SELECTION, MONGOC_ERROR_SERVER_SELECTION_FAILURE,
                        "No suitable servers found (`serverSelectionTryOnce` set): [connection "
                        "refused calling hello on 'db.example:27017']",
                        &err),
                 HOPT_EUNAVAILABLE);
    cr_assert_str_eq(err.message, "can't reach MongoDB at db.example:27017: connection refused "
                                  "calling hello on 'db.example:27017'");
    cr_assert(store.renew);
}

Test(mongo_error, tls_is_told_apart) {
    hopt_error err;
    cr_assert_eq(failed(MONGOC_ERROR_SERVER_SELECTION, MONGOC_ERROR_SERVER_SELECTION_FAILURE,
                        "No suitable servers found: [TLS handshake failed: certificate verify "
                        "failed (20) calling hello on 'db.example:27017']",
                        &err),
                 HOPT_EUNAVAILABLE);
    cr_assert(strstr(err.message, "no TLS connection"), "%s", err.message);
    cr_assert(strstr(err.message, "tlsCAFile"), "%s", err.message);
    cr_assert_eq(failed(MONGOC_ERROR_SERVER_SELECTION, MONGOC_ERROR_SERVER_SELECTION_FAILURE,
                        "No suitable servers found: [socket timeout calling hello]", &err),
                 HOPT_EUNAVAILABLE);
    cr_assert(strstr(err.message, "does the server want TLS"), "%s", err.message);
}

/* The driver's own "serverSelectionTimeoutMS expired" is no certificate's. */
Test(mongo_error, hints_are_about_the_reason) {
    hopt_error err;
    cr_assert_eq(failed(MONGOC_ERROR_SERVER_SELECTION, MONGOC_ERROR_SERVER_SELECTION_FAILURE,
                        "No suitable servers found: `serverSelectionTimeoutMS` expired: [TLS "
                        "handshake failed: certificate verify failed (20) calling hello on 'h:1']",
                        &err),
                 HOPT_EUNAVAILABLE);
    cr_assert(strstr(err.message, "tlsCAFile"), "%s", err.message);
    cr_assert_not(strstr(err.message, "renewed"), "%s", err.message);
    cr_assert_eq(failed(MONGOC_ERROR_SERVER_SELECTION, MONGOC_ERROR_SERVER_SELECTION_FAILURE,
                        "No suitable servers found: [TLS handshake failed: certificate verify "
                        "failed (10): certificate has expired calling hello on 'h:1']",
                        &err),
                 HOPT_EUNAVAILABLE);
    cr_assert(strstr(err.message, "renewed"), "%s", err.message);
}

Test(mongo_error, logins) {
    static const uint32_t cases[][2] = {
        {MONGOC_ERROR_CLIENT, MONGOC_ERROR_CLIENT_AUTHENTICATE},
        {MONGOC_ERROR_SERVER, 13},
        {MONGOC_ERROR_SERVER, 18},
        {MONGOC_ERROR_SCRAM, MONGOC_ERROR_SCRAM_PROTOCOL_ERROR},
    };
    for (size_t i = 0; i < HOPT_COUNT(cases); i++) {
        hopt_error err;
        cr_assert_eq(failed(cases[i][0], cases[i][1], "no", &err), HOPT_EUNAVAILABLE, "%zu", i);
        cr_assert(strstr(err.message, "refuses the login"), "%s", err.message);
    }
}

/* Something may have been written: never "nothing changed". */
Test(mongo_error, a_lost_connection_is_ambiguous) {
    hopt_error err;
    cr_assert_eq(failed(MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_SOCKET, "socket error", &err),
                 HOPT_ESTORE);
    cr_assert_not(store.refused);
    cr_assert_eq(failed(MONGOC_ERROR_SERVER, 1, "internal error", &err), HOPT_ESTORE);
    cr_assert(store.refused);
    cr_assert_eq(failed(MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_CONNECT, "refused", &err),
                 HOPT_EUNAVAILABLE);
}

Test(mongo_error, what_can_never_be_stored_is_invalid) {
    hopt_error err;
    cr_assert_eq(failed(MONGOC_ERROR_BSON, MONGOC_ERROR_BSON_INVALID, "too large", &err),
                 HOPT_EINVAL);
    cr_assert_eq(failed(MONGOC_ERROR_SERVER, 10334, "BSONObj size", &err), HOPT_EINVAL);
    cr_assert_eq(failed(MONGOC_ERROR_COMMAND, MONGOC_ERROR_COMMAND_INVALID_ARG, "empty key", &err),
                 HOPT_EINVAL);
    cr_assert_eq(failed(MONGOC_ERROR_COMMAND, 1, "something else", &err), HOPT_ESTORE);
}

Test(mongo_error, after_a_change_unavailable_is_ambiguous) {
    hopt_error err = {.code = HOPT_EUNAVAILABLE};
    cr_assert_eq(hopt_mongo__after_change(HOPT_EUNAVAILABLE, &err), HOPT_ESTORE);
    cr_assert_eq(err.code, HOPT_ESTORE);
    cr_assert_eq(hopt_mongo__after_change(HOPT_ECONFLICT, &err), HOPT_ECONFLICT);
    cr_assert_eq(hopt_mongo__after_change(HOPT_OK, NULL), HOPT_OK);
}

/* Of a process that is killed nothing must stay: libmongoc's counters lie in /dev/shm. */
Test(mongo_open, leaves_no_file_behind) {
    char path[64];
    void *opened;
    hopt_error err;
    hopt_store_options options = {.timeout_ms = 1000};
    snprintf(path, sizeof path, "/dev/shm/mongoc-%d", (int)getpid());
    unlink(path); /* of another's program, killed under the same number */
    cr_assert_eq(hopt_store_mongo.open(&opened, "mongodb://127.0.0.1:9/nobody", &options, &err),
                 HOPT_EUNAVAILABLE);
    cr_assert(access(path, F_OK) != 0, "%s", path);
}
