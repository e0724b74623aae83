/*
 * What the system tests ask of a MongoDB beside hopt: mongo_tool URI/DATABASE COMMAND...
 *   drop                      the whole database, and every test ends with it
 *   find COLLECTION FILTER    documents as relaxed extended JSON, one a line
 *   count COLLECTION FILTER   how many
 *   update COLLECTION FILTER UPDATE   all that fit, as a person might; how many
 *   insert COLLECTION         documents from standard input, extended JSON, one a line; those that
 *                             can't be stored are left out; prints how many were
 *   status                    serverStatus, for the commands that the server has counted
 */
#include <mongoc/mongoc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const bson_error_t *error) {
    fprintf(stderr, "mongo_tool: %s\n", error->message);
    return 1;
}

static int find(mongoc_collection_t *collection, const bson_t *filter, bool print) {
    bson_error_t error;
    const bson_t *document;
    int64_t count = 0;
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(collection, filter, NULL, NULL);
    for (; mongoc_cursor_next(cursor, &document); count++) {
        if (!print) continue;
        char *text = bson_as_relaxed_extended_json(document, NULL);
        puts(text);
        bson_free(text);
    }
    bool bad = mongoc_cursor_error(cursor, &error);
    mongoc_cursor_destroy(cursor);
    if (bad) return fail(&error);
    if (!print) printf("%lld\n", (long long)count);
    return 0;
}

static int update(mongoc_collection_t *collection, const bson_t *filter, const char *text) {
    bson_error_t error;
    bson_t *change = bson_new_from_json((const uint8_t *)text, -1, &error), reply;
    if (!change) return fail(&error);
    int64_t matched = 0;
    bson_iter_t at;
    bool done = mongoc_collection_update_many(collection, filter, change, NULL, &reply, &error);
    if (!done)
        fail(&error);
    else if (bson_iter_init_find(&at, &reply, "matchedCount"))
        printf("%lld\n", (long long)(matched = bson_iter_as_int64(&at)));
    bson_destroy(&reply);
    bson_destroy(change);
    return done && matched ? 0 : 1;
}

static int insert(mongoc_collection_t *collection) {
    char *line = NULL;
    size_t size = 0;
    long count = 0, refused = 0;
    ssize_t length;
    bson_t *opts = BCON_NEW("validate", BCON_BOOL(false)); /* the server shall judge */
    while ((length = getline(&line, &size, stdin)) > 0) {
        bson_error_t error;
        bson_t *doc = bson_new_from_json((const uint8_t *)line, length, &error);
        bool stored = doc && mongoc_collection_insert_one(collection, doc, opts, NULL, &error);
        count += stored;
        if (!stored && error.code != MONGOC_ERROR_DUPLICATE_KEY && ++refused <= 5)
            fprintf(stderr, "mongo_tool: %.300s\n", error.message);
        if (doc) bson_destroy(doc);
    }
    free(line);
    bson_destroy(opts);
    printf("%ld\n", count);
    return 0;
}

static int status(mongoc_client_t *client) {
    bson_error_t error;
    bson_t reply, command = BSON_INITIALIZER;
    BSON_APPEND_INT32(&command, "serverStatus", 1);
    if (!mongoc_client_command_simple(client, "admin", &command, NULL, &reply, &error))
        return fail(&error);
    char *text = bson_as_relaxed_extended_json(&reply, NULL);
    puts(text);
    bson_free(text);
    bson_destroy(&reply);
    bson_destroy(&command);
    return 0;
}

static int run(mongoc_client_t *client, const char *name, int argc, char **argv) {
    bson_error_t error;
    int code = 2;
    if (strcmp(argv[0], "status") == 0) return status(client);
    if (strcmp(argv[0], "drop") == 0) {
        mongoc_database_t *database = mongoc_client_get_database(client, name);
        code = mongoc_database_drop(database, &error) ? 0 : fail(&error);
        mongoc_database_destroy(database);
    } else if (argc == 2 && strcmp(argv[0], "insert") == 0) {
        mongoc_collection_t *collection = mongoc_client_get_collection(client, name, argv[1]);
        code = insert(collection);
        mongoc_collection_destroy(collection);
    } else if (argc == 3 || (argc == 4 && strcmp(argv[0], "update") == 0)) {
        bson_t *filter = bson_new_from_json((const uint8_t *)argv[2], -1, &error);
        if (!filter) return fail(&error);
        mongoc_collection_t *collection = mongoc_client_get_collection(client, name, argv[1]);
        code = argc == 4 ? update(collection, filter, argv[3])
                         : find(collection, filter, strcmp(argv[0], "find") == 0);
        mongoc_collection_destroy(collection);
        bson_destroy(filter);
    }
    return code;
}

int main(int argc, char **argv) {
    bson_error_t error;
    if (argc < 3) {
        fprintf(stderr, "usage: mongo_tool URI drop|status|insert COLLECTION|find COLLECTION "
                        "FILTER|count ...\n");
        return 2;
    }
    mongoc_init();
    mongoc_uri_t *uri = mongoc_uri_new_with_error(argv[1], &error);
    if (!uri) return fail(&error);
    mongoc_client_t *client = mongoc_client_new_from_uri(uri);
    const char *name = mongoc_uri_get_database(uri);
    int code = run(client, name ? name : "test", argc - 2, argv + 2);
    mongoc_client_destroy(client);
    mongoc_uri_destroy(uri);
    mongoc_cleanup();
    return code;
}
