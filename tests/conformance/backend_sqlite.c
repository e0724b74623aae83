/* The suite's side of SQLite: fresh files, and rows that no hopt wrote. */
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/conformance/conformance.h"

static char folder[256];

static bool fresh(char *uri, size_t size, int number) {
    const char *tmp = getenv("TMPDIR");
    if (!folder[0]) {
        snprintf(folder, sizeof folder, "%s/hopt-conformance-XXXXXX", tmp ? tmp : "/tmp");
        CHECK(mkdtemp(folder));
    }
    snprintf(uri, size, "sqlite:%s/%d.db", folder, number);
    return true;
}

static void drop(const char *uri) {
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < HOPT_COUNT(ends); i++) {
        char *path = hopt_format("%s%s", uri + strlen("sqlite:"), ends[i]);
        unlink(path);
        free(path);
    }
    rmdir(folder);
    mkdir(folder, 0700);
    rmdir(folder);
    folder[0] = '\0';
}

static void execute(const char *uri, const char *sql, const char *study, int num) {
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    CHECK(sqlite3_open(uri + strlen("sqlite:"), &db) == SQLITE_OK);
    CHECK(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK);
    sqlite3_bind_text(statement, 1, study, -1, SQLITE_STATIC);
    if (num >= 0) sqlite3_bind_int(statement, 2, num);
    CHECK(sqlite3_step(statement) == SQLITE_DONE && sqlite3_changes(db) == 1);
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

static void damage(const char *uri, const char *study, int num, int kind) {
    static const char *const trials[] = {
        "UPDATE trial SET doc=json_set(doc,'$.vals','x') WHERE study=?1 AND num=?2",
        "UPDATE trial SET doc='[1]' WHERE study=?1 AND num=?2",
        "UPDATE trial SET doc='{\"vals\":' WHERE study=?1 AND num=?2",
        "UPDATE trial SET version='x' WHERE study=?1 AND num=?2"};
    static const char *const studies[] = {"UPDATE study SET state='odd' WHERE name=?1",
                                          "UPDATE study SET doc='{}' WHERE name=?1",
                                          "UPDATE study SET doc=x'00ff' WHERE name=?1"};
    execute(uri, (num >= 0 ? trials : studies)[kind], study, num);
}

static void future(const char *uri, const char *study) {
    execute(uri, "UPDATE study SET doc=json_set(doc,'$.format',2) WHERE name=?1", study, -1);
}

static int no_server(void) {
    return SKIPPED;
}

const backend sqlite_backend = {"sqlite",  fresh,     drop, damage, future,
                                no_server, no_server, NULL, NULL,   NULL};
