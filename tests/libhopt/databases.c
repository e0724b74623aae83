#include "tests/libhopt/databases.h"

#include "tests/libhopt/check.h"

static const char *server;
static char databases[8][64];
static int n_databases;

int use_mongo(void) {
    server = getenv("HOPT_TEST_MONGO_URI");
    return server != NULL;
}

/* "mongodb://host:port" of a URI that may name a database and options. */
static int authority(const char *uri) {
    const char *host = strstr(uri, "://");
    CHECK(host);
    return (int)(host + 3 - uri + (ptrdiff_t)strcspn(host + 3, "/?"));
}

void store_in(char uri[128], const char *folder, const char *name) {
    if (!server) {
        snprintf(uri, 128, "sqlite:%s/%s.db", folder, name);
        return;
    }
    CHECK(n_databases < 8);
    char *database = databases[n_databases++];
    snprintf(database, sizeof databases[0], "hopt_lib_%ld_%s", (long)getpid(), name);
    const char *options = strchr(server, '?');
    snprintf(uri, 128, "%.*s/%s%s", authority(server), server, database, options ? options : "");
}

#ifdef HOPT_STORE_MONGO
#include <mongoc/mongoc.h>

static void drop_all(void) {
    mongoc_client_t *client = mongoc_client_new(server);
    CHECK(client);
    for (int i = 0; i < n_databases; i++) {
        bson_error_t error;
        mongoc_database_t *database = mongoc_client_get_database(client, databases[i]);
        if (!mongoc_database_drop(database, &error)) printf("drop: %s\n", error.message);
        mongoc_database_destroy(database);
    }
    mongoc_client_destroy(client);
}
#else
static void drop_all(void) {
}
#endif

void remove_stores(const char *folder) {
    char command[160];
    if (server) drop_all();
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    CHECK(system(command) == 0);
}
