/* Indexes, and what `hopt doctor` asks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/buf.h"
#include "common/store/mongo/bson_json.h"
#include "common/store/mongo/mongo_internal.h"

/* ---- indexes ---- */

/* hyperopt's three under its own names, so that its constructor finds them, and the queue's. */
static const struct {
    const char *collection, *name, *keys[4];
    bool unique;
} indexes[] = {
    {"jobs", "exp_key_1", {"exp_key"}, false},
    {"jobs", "result.loss_1", {"result.loss"}, false},
    {"jobs", "book_time_1", {"book_time"}, false},
    {"jobs", "hopt_queue", {"exp_key", "state", "_id"}, false},
    {"drivers", "exp_key_1", {"exp_key"}, true},
};

static void add_index(bson_t *list, uint32_t position, size_t i) {
    char buffer[16];
    const char *at;
    bson_t index, key;
    bson_uint32_to_string(position, &at, buffer, sizeof buffer);
    bson_append_document_begin(list, at, -1, &index);
    BSON_APPEND_DOCUMENT_BEGIN(&index, "key", &key);
    for (size_t k = 0; k < HOPT_COUNT(indexes[i].keys) && indexes[i].keys[k]; k++)
        bson_append_int32(&key, indexes[i].keys[k], -1, 1);
    bson_append_document_end(&index, &key);
    BSON_APPEND_UTF8(&index, "name", indexes[i].name);
    if (indexes[i].unique) BSON_APPEND_BOOL(&index, "unique", true);
    bson_append_document_end(list, &index);
}

/* Those of a collection in one command, or only `one` of them. */
static bson_t *create_command(const char *collection, int one) {
    bson_t list, *command = BCON_NEW("createIndexes", BCON_UTF8(collection));
    uint32_t n = 0;
    BSON_APPEND_ARRAY_BEGIN(command, "indexes", &list);
    for (size_t i = 0; i < HOPT_COUNT(indexes); i++) {
        if (strcmp(indexes[i].collection, collection) == 0 && (one < 0 || (size_t)one == i))
            add_index(&list, n++, i);
    }
    bson_append_array_end(command, &list);
    return command;
}

static hopt_status create(hopt_mongo *self, const char *collection, int one, hopt_error *err) {
    enum { TRIES = 3, OPTIONS_CONFLICT = 85, KEYS_CONFLICT = 86 };
    hopt_status status = HOPT_ESTORE;
    /* Several programs that start at once on a new database get in each other's way. */
    for (int i = 0; i < TRIES && status == HOPT_ESTORE; i++) {
        bson_t *reply;
        status = hopt_mongo__command(self, NULL, create_command(collection, one), &reply, err);
        int64_t code = hopt_mongo__number(reply, "code", 0);
        bson_destroy(reply);
        /* An index of that name or on those keys, with other options, is a person's choice. */
        if (code == OPTIONS_CONFLICT || code == KEYS_CONFLICT) return one < 0 ? status : HOPT_OK;
    }
    return status;
}

hopt_status hopt_mongo__create_indexes(hopt_mongo *self, hopt_error *err) {
    static const char *const collections[] = {"jobs", "drivers"};
    hopt_status status = HOPT_OK;
    for (size_t c = 0; c < HOPT_COUNT(collections) && status == HOPT_OK; c++) {
        status = create(self, collections[c], -1, err);
        if (status != HOPT_ESTORE) continue;
        status = HOPT_OK;
        for (size_t i = 0; i < HOPT_COUNT(indexes) && status == HOPT_OK; i++) {
            if (strcmp(indexes[i].collection, collections[c]) == 0)
                status = create(self, collections[c], (int)i, err);
        }
    }
    return status;
}

/* Whether an index of the server's list is the i-th of ours: by its keys, in order. */
static bool same_keys(const bson_t *index, size_t i) {
    bson_iter_t at, key;
    size_t k = 0;
    if (!bson_iter_init_find(&at, index, "key") || !BSON_ITER_HOLDS_DOCUMENT(&at) ||
        !bson_iter_recurse(&at, &key))
        return false;
    while (bson_iter_next(&key)) {
        if (k >= HOPT_COUNT(indexes[i].keys) || !indexes[i].keys[k] ||
            strcmp(indexes[i].keys[k++], bson_iter_key(&key)) != 0)
            return false;
    }
    return k >= HOPT_COUNT(indexes[i].keys) || !indexes[i].keys[k];
}

static hopt_status check_indexes(hopt_mongo *self, hopt_store_health *out, hopt_buf *detail,
                                 hopt_error *err) {
    enum { NAMESPACE_NOT_FOUND = 26 };
    bool there[HOPT_COUNT(indexes)] = {false};
    const bson_t *doc;
    bson_error_t error;
    mongoc_cursor_t *cursor = mongoc_collection_find_indexes_with_opts(
        hopt_mongo__collection(self, HOPT_MONGO_JOBS), NULL);
    while (mongoc_cursor_next(cursor, &doc)) {
        for (size_t i = 0; i < HOPT_COUNT(indexes); i++)
            there[i] = there[i] || same_keys(doc, i);
    }
    bool absent = mongoc_cursor_error(cursor, &error) && error.code == NAMESPACE_NOT_FOUND;
    hopt_status status = hopt_mongo__end(self, cursor, err);
    out->indexes_ok = true;
    for (size_t i = 0; i < HOPT_COUNT(indexes); i++) {
        if (there[i] || strcmp(indexes[i].collection, "jobs") != 0) continue;
        out->indexes_ok = false;
        hopt_buf_print(detail, "index %s of jobs is missing\n", indexes[i].name);
    }
    return absent ? HOPT_OK : status;
}

/* ---- latency and clock ---- */

enum { PROBES = 5 };

static double ticks_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int64_t wall_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double values[PROBES]) {
    qsort(values, PROBES, sizeof values[0], ascending);
    return values[PROBES / 2];
}

/* Round trips of "hello"; the skew of the fastest, whose error is at most half of it. */
static hopt_status probe_hello(hopt_mongo *self, hopt_store_health *out, bson_t **last,
                               hopt_error *err) {
    double took[PROBES], fastest = -1;
    hopt_status status = HOPT_OK;
    *last = NULL;
    for (int i = 0; i < PROBES && status == HOPT_OK; i++) {
        bson_iter_t at;
        int64_t theirs = 0, mine = wall_ms();
        double start = ticks_ms();
        if (*last) bson_destroy(*last);
        status = hopt_mongo__hello(self, last, err);
        took[i] = ticks_ms() - start;
        if (status == HOPT_OK && (fastest < 0 || took[i] < fastest) &&
            bson_iter_init_find(&at, *last, "localTime") && hopt_bson_date(&theirs, &at)) {
            fastest = took[i];
            out->clock_skew_ms = theirs - (mine + (int64_t)(took[i] / 2));
        }
    }
    if (status == HOPT_OK) out->ping_ms = median(took);
    return status;
}

/* Durable writes to a document of its own. */
static hopt_status probe_write(hopt_mongo *self, hopt_store_health *out, hopt_error *err) {
    double took[PROBES];
    bson_oid_t oid;
    hopt_status status = HOPT_OK;
    bson_oid_init(&oid, NULL);
    for (int i = 0; i < PROBES && status == HOPT_OK; i++) {
        double start = ticks_ms();
        status = hopt_mongo__update(self, HOPT_MONGO_HEALTH, HOPT_MONGO_UPSERT,
                                    BCON_NEW("_id", BCON_OID(&oid)),
                                    BCON_NEW("$inc", "{", "n", BCON_INT32(1), "}"), NULL, err);
        took[i] = ticks_ms() - start;
    }
    hopt_status cleaned =
        hopt_mongo__delete(self, HOPT_MONGO_HEALTH, false, BCON_NEW("_id", BCON_OID(&oid)), NULL);
    (void)cleaned; /* a document of 30 bytes may stay */
    if (status == HOPT_OK) out->write_ms = median(took);
    return status;
}

/* ---- server ---- */

static void read_text(char *out, size_t size, const bson_t *doc, const char *path) {
    bson_iter_t at, found;
    if (bson_iter_init(&at, doc) && bson_iter_find_descendant(&at, path, &found))
        hopt_bson_name(out, size, &found);
}

static hopt_status read_version(hopt_mongo *self, hopt_store_health *out, hopt_buf *detail,
                                hopt_error *err) {
    char version[48] = "", ferret[48] = "";
    bson_t *reply;
    hopt_status status =
        hopt_mongo__command(self, "admin", BCON_NEW("buildInfo", BCON_INT32(1)), &reply, err);
    if (status == HOPT_OK) {
        read_text(version, sizeof version, reply, "version");
        read_text(ferret, sizeof ferret, reply, "ferretdb.version");
    }
    bson_destroy(reply);
    if (ferret[0]) {
        snprintf(out->version, sizeof out->version, "FerretDB %s (as MongoDB %s)", ferret, version);
        hopt_buf_text(detail, "the server is FerretDB, which stands in for MongoDB\n");
    } else {
        snprintf(out->version, sizeof out->version, "MongoDB %s", version);
    }
    return status;
}

static void remark_topology(const bson_t *hello, hopt_buf *detail) {
    char set[128] = "", msg[16] = "";
    read_text(set, sizeof set, hello, "setName");
    read_text(msg, sizeof msg, hello, "msg");
    if (set[0])
        hopt_buf_print(detail, "replica set %s: writes are repeated by themselves\n", set);
    else if (strcmp(msg, "isdbgrid") == 0)
        hopt_buf_text(detail, "sharded cluster, through mongos\n");
    else
        hopt_buf_text(detail,
                      "a single server: no copy of the data, and a claim whose reply is lost comes "
                      "back only by its lease or its owner\n");
}

static bool user_given(const hopt_mongo *self) {
    const char *user = mongoc_uri_get_username(self->uri);
    return (user && *user) || mongoc_uri_get_auth_mechanism(self->uri);
}

static void remark_security(const hopt_mongo *self, hopt_buf *detail) {
    if (!user_given(self)) hopt_buf_text(detail, "no login in the URI\n");
    if (!mongoc_uri_get_tls(self->uri)) hopt_buf_text(detail, "no TLS\n");
}

hopt_status hopt_mongo__health(void *store, hopt_store_health *out, hopt_error *err) {
    hopt_mongo *self = store;
    hopt_buf detail = HOPT_BUF_INIT;
    bson_t *hello = NULL;
    hopt_status status = probe_hello(self, out, &hello, err);
    if (status == HOPT_OK) status = read_version(self, out, &detail, err);
    if (status == HOPT_OK && !self->read_only) status = probe_write(self, out, err);
    if (status == HOPT_OK) status = check_indexes(self, out, &detail, err);
    if (status == HOPT_OK) {
        remark_topology(hello, &detail);
        remark_security(self, &detail);
        if (detail.length) detail.data[detail.length - 1] = '\0'; /* the last '\n' */
        snprintf(out->detail, sizeof out->detail, "%s", hopt_buf_string(&detail));
    }
    if (hello) bson_destroy(hello);
    hopt_buf_clear(&detail);
    return status;
}
