/* The suite's side of MongoDB: fresh databases, documents that no hopt wrote, the server's end. */
#include <mongoc/mongoc.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/conformance/conformance.h"

/* Puts a database's name into a URI that may have another one, and keeps who logs in where. */
static void with_database(char *out, size_t size, const char *uri, const char *database) {
    const char *authority = strstr(uri, "://");
    CHECK(authority);
    authority += 3;
    size_t length = strcspn(authority, "/?");
    const char *old = authority + length + (authority[length] == '/');
    size_t old_length = strcspn(old, "?");
    const char *query = old + old_length;
    snprintf(out, size, "%.*s/%s%s", (int)(authority + length - uri), uri, database, query);
    if (memchr(authority, '@', length) && !strstr(query, "authSource=")) {
        size_t used = strlen(out);
        snprintf(out + used, size - used, "%cauthSource=%.*s", *query ? '&' : '?',
                 old_length ? (int)old_length : 5, old_length ? old : "admin");
    }
}

static bool fresh(char *uri, size_t size, int number) {
    const char *server = getenv("HOPT_TEST_MONGO_URI");
    if (!server || !server[0]) {
        printf("     no server: set HOPT_TEST_MONGO_URI, or run this by tests/services/mongo.sh "
               "run; HOPT_TEST_MONGO=skip leaves these tests out\n");
        return false;
    }
    char database[64];
    snprintf(database, sizeof database, "hopt_test_%ld_%d", (long)getpid(), number);
    with_database(uri, size, server, database);
    return true;
}

typedef struct connection {
    mongoc_uri_t *uri;
    mongoc_client_t *client;
} connection;

/* In a process of its own: a client must not be there when the suite forks. */
static int in_child(void (*work)(connection *c, const void *data), const char *uri,
                    const void *data) {
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        mongoc_init();
        connection c = {.uri = mongoc_uri_new(uri)};
        c.client = c.uri ? mongoc_client_new_from_uri(c.uri) : NULL;
        CHECK(c.client);
        work(&c, data);
        mongoc_client_destroy(c.client);
        mongoc_uri_destroy(c.uri);
        mongoc_cleanup();
        exit(0);
    }
    int status = 1;
    waitpid(pid, &status, 0);
    return status;
}

static void drop_database(connection *c, const void *data) {
    (void)data;
    bson_error_t error;
    mongoc_database_t *database =
        mongoc_client_get_database(c->client, mongoc_uri_get_database(c->uri));
    if (!mongoc_database_drop(database, &error)) printf("     drop: %s\n", error.message);
    mongoc_database_destroy(database);
}

static void drop(const char *uri) {
    (void)in_child(drop_database, uri, NULL);
}

typedef struct update_one {
    const char *collection;
    const char *filter, *update; /* JSON */
} update_one;

static void apply(connection *c, const void *data) {
    const update_one *change = data;
    bson_error_t error;
    bson_t *filter = bson_new_from_json((const uint8_t *)change->filter, -1, &error);
    bson_t *update = bson_new_from_json((const uint8_t *)change->update, -1, &error);
    CHECK(filter && update);
    mongoc_collection_t *collection = mongoc_client_get_collection(
        c->client, mongoc_uri_get_database(c->uri), change->collection);
    bson_t reply;
    bool fine = mongoc_collection_update_one(collection, filter, update, NULL, &reply, &error);
    if (!fine) printf("     update: %s\n", error.message);
    bson_iter_t at;
    CHECK(fine && bson_iter_init_find(&at, &reply, "matchedCount") && bson_iter_as_int64(&at) == 1);
    bson_destroy(&reply);
    mongoc_collection_destroy(collection);
    bson_destroy(filter);
    bson_destroy(update);
}

static void damage(const char *uri, const char *study, int num, int kind) {
    static const char *const trials[] = {
        "{\"$set\":{\"misc.vals\":\"x\"}}", "{\"$unset\":{\"misc\":\"\"}}",
        "{\"$set\":{\"hopt.saw\":\"x\",\"result\":5,\"owner\":{}}}",
        "{\"$set\":{\"version\":\"x\"}}"};
    static const char *const studies[] = {"{\"$set\":{\"state\":\"odd\"}}",
                                          "{\"$unset\":{\"prefix\":\"\",\"spec\":\"\"}}",
                                          "{\"$set\":{\"spec\":7,\"counts\":\"x\"}}"};
    char *filter = num >= 0 ? hopt_format("{\"exp_key\":\"%s\",\"hopt.num\":%d}", study, num)
                            : hopt_format("{\"_id\":\"%s\"}", study);
    update_one change = {num >= 0 ? "jobs" : "hopt_studies", filter,
                         (num >= 0 ? trials : studies)[kind]};
    CHECK(in_child(apply, uri, &change) == 0);
    free(filter);
}

static void future(const char *uri, const char *study) {
    char *filter = hopt_format("{\"_id\":\"%s\"}", study);
    update_one change = {"hopt_studies", filter, "{\"$set\":{\"format\":2}}"};
    CHECK(in_child(apply, uri, &change) == 0);
    free(filter);
}

static void change(const char *uri, const char *collection, const char *filter,
                   const char *update) {
    update_one one = {collection, filter, update};
    CHECK(in_child(apply, uri, &one) == 0);
}

static void insert_one(connection *c, const void *data) {
    const update_one *one = data;
    bson_error_t error;
    bson_t *doc = bson_new_from_json((const uint8_t *)one->update, -1, &error);
    CHECK(doc);
    mongoc_collection_t *collection =
        mongoc_client_get_collection(c->client, mongoc_uri_get_database(c->uri), one->collection);
    CHECK(mongoc_collection_insert_one(collection, doc, NULL, NULL, &error));
    mongoc_collection_destroy(collection);
    bson_destroy(doc);
}

static void insert(const char *uri, const char *collection, const char *document) {
    update_one one = {collection, NULL, document};
    CHECK(in_child(insert_one, uri, &one) == 0);
}

static int64_t *counted; /* shared with the child */

static void count_them(connection *c, const void *data) {
    const update_one *one = data;
    bson_error_t error;
    bson_t *filter = bson_new_from_json((const uint8_t *)one->filter, -1, &error);
    CHECK(filter);
    mongoc_collection_t *collection =
        mongoc_client_get_collection(c->client, mongoc_uri_get_database(c->uri), one->collection);
    *counted = mongoc_collection_count_documents(collection, filter, NULL, NULL, NULL, &error);
    CHECK(*counted >= 0);
    mongoc_collection_destroy(collection);
    bson_destroy(filter);
}

static int64_t count(const char *uri, const char *collection, const char *filter) {
    update_one one = {collection, filter, NULL};
    if (!counted) counted = shared(sizeof *counted);
    CHECK(in_child(count_them, uri, &one) == 0);
    return *counted;
}

static int service(const char *command) {
    if (access("tests/services/mongo.sh", X_OK) != 0) return SKIPPED;
    char *line = hopt_format("tests/services/mongo.sh %s >/dev/null 2>&1", command);
    int status = system(line);
    free(line);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int kill_server(void) {
    return service("kill-server");
}

static int restart_server(void) {
    return service("restart-server");
}

const backend mongo_backend = {"mongo",     fresh,          drop,   damage, future,
                               kill_server, restart_server, insert, change, count};
