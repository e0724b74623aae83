/* What the server itself can do: findAndModify by many clients, nothing of hopt between. */
#include <mongoc/mongoc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/scale/bench_scale.h"

enum { DOCUMENTS = 20000, CLIENTS_MAX = 64 };

typedef struct client {
    pthread_t thread;
    const char *uri;
    int index;
    double until;
    long calls;
} client;

static mongoc_collection_t *collection_of(mongoc_client_t *connection, const char *uri) {
    mongoc_uri_t *parsed = mongoc_uri_new(uri);
    const char *database = mongoc_uri_get_database(parsed);
    mongoc_collection_t *found =
        mongoc_client_get_collection(connection, database ? database : "hopt_bench", "bare");
    mongoc_uri_destroy(parsed);
    return found;
}

/* The claim's form: an indexed filter, a few fields set, the new document back. */
static void *run(void *data) {
    client *self = data;
    mongoc_client_t *connection = mongoc_client_new(self->uri);
    mongoc_collection_t *collection = collection_of(connection, self->uri);
    while (scale_now() < self->until) {
        bson_error_t error;
        bson_t reply;
        bson_t *query = BCON_NEW("key", BCON_UTF8("a"), "state", BCON_INT32(0));
        bson_t *update =
            BCON_NEW("$set", "{", "state", BCON_INT32(1), "owner", BCON_INT32(self->index), "}",
                     "$inc", "{", "version", BCON_INT32(1), "}");
        mongoc_find_and_modify_opts_t *options = mongoc_find_and_modify_opts_new();
        mongoc_find_and_modify_opts_set_update(options, update);
        mongoc_find_and_modify_opts_set_flags(options, MONGOC_FIND_AND_MODIFY_RETURN_NEW);
        if (!mongoc_collection_find_and_modify_with_opts(collection, query, options, &reply,
                                                         &error)) {
            fprintf(stderr, "bare findAndModify: %s\n", error.message);
            exit(1);
        }
        self->calls++;
        mongoc_find_and_modify_opts_destroy(options);
        bson_destroy(&reply);
        bson_destroy(query);
        bson_destroy(update);
    }
    mongoc_collection_destroy(collection);
    mongoc_client_destroy(connection);
    return NULL;
}

static void prepare(const char *uri) {
    mongoc_client_t *connection = mongoc_client_new(uri);
    mongoc_collection_t *collection = collection_of(connection, uri);
    bson_error_t error;
    mongoc_collection_drop(collection, NULL);
    mongoc_bulk_operation_t *bulk =
        mongoc_collection_create_bulk_operation_with_opts(collection, NULL);
    for (int i = 0; i < DOCUMENTS; i++) {
        bson_t *document = BCON_NEW("key", BCON_UTF8("a"), "state", BCON_INT32(0), "version",
                                    BCON_INT32(0), "x", BCON_DOUBLE(i));
        mongoc_bulk_operation_insert_with_opts(bulk, document, NULL, NULL);
        bson_destroy(document);
    }
    if (!mongoc_bulk_operation_execute(bulk, NULL, &error)) {
        fprintf(stderr, "bare insert: %s\n", error.message);
        exit(1);
    }
    mongoc_bulk_operation_destroy(bulk);
    bson_t *index = BCON_NEW("createIndexes", BCON_UTF8("bare"), "indexes", "[", "{", "key", "{",
                             "key", BCON_INT32(1), "state", BCON_INT32(1), "_id", BCON_INT32(1),
                             "}", "name", BCON_UTF8("queue"), "}", "]");
    mongoc_uri_t *parsed = mongoc_uri_new(uri);
    const char *database = mongoc_uri_get_database(parsed);
    if (!mongoc_client_command_simple(connection, database ? database : "hopt_bench", index, NULL,
                                      NULL, &error)) {
        fprintf(stderr, "bare index: %s\n", error.message);
        exit(1);
    }
    mongoc_uri_destroy(parsed);
    bson_destroy(index);
    mongoc_collection_destroy(collection);
    mongoc_client_destroy(connection);
}

double scale_bare(const char *uri, int clients, double seconds) {
    client list[CLIENTS_MAX];
    if (clients > CLIENTS_MAX) clients = CLIENTS_MAX;
    mongoc_init();
    prepare(uri);
    double start = scale_now();
    for (int i = 0; i < clients; i++) {
        list[i] = (client){.uri = uri, .index = i, .until = start + seconds};
        pthread_create(&list[i].thread, NULL, run, &list[i]);
    }
    long calls = 0;
    for (int i = 0; i < clients; i++) {
        pthread_join(list[i].thread, NULL);
        calls += list[i].calls;
    }
    double took = scale_now() - start;
    mongoc_client_t *connection = mongoc_client_new(uri);
    mongoc_collection_t *collection = collection_of(connection, uri);
    mongoc_collection_drop(collection, NULL);
    mongoc_collection_destroy(collection);
    mongoc_client_destroy(connection);
    return (double)calls / took;
}
