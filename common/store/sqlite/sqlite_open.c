/* Opening a file or the memory of this process as a store, and making its tables. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/store/sqlite/sqlite_internal.h"
#include "common/store/uri.h"

static const char schema[] =
    "CREATE TABLE study(name TEXT PRIMARY KEY, state TEXT NOT NULL, leader TEXT,"
    " epoch INT NOT NULL DEFAULT 0, beat INT NOT NULL DEFAULT 0, prefix BLOB NOT NULL,"
    " doc TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE trial(id BLOB PRIMARY KEY, study TEXT NOT NULL REFERENCES study,"
    " num INT NOT NULL, tid INT NOT NULL UNIQUE,"
    " state INT NOT NULL CHECK(state BETWEEN 0 AND 4), owner TEXT,"
    " lease INT NOT NULL DEFAULT 0, lost INT NOT NULL DEFAULT 0, beat INT NOT NULL DEFAULT 0,"
    " version INT NOT NULL DEFAULT 0, stop TEXT, loss REAL, status TEXT, book_ms INT,"
    " refresh_ms INT, doc TEXT NOT NULL, UNIQUE(study,num)) WITHOUT ROWID;"
    /* `state` is in them, though it is constant there, so that counting reads the index alone. */
    "CREATE INDEX trial_new ON trial(study,num,state) WHERE state=0;"
    "CREATE INDEX trial_running ON trial(study,num,state) WHERE state=1;"
    "CREATE INDEX trial_ended ON trial(study,state) WHERE state>2;"
    "CREATE INDEX trial_best ON trial(study,loss,num) WHERE state=2 AND status='ok';"
    "CREATE TABLE report(trial BLOB, lease INT, step INT, loss REAL,"
    " PRIMARY KEY(trial,lease,step)) WITHOUT ROWID;"
    "CREATE TABLE log(trial BLOB PRIMARY KEY, lease INT, head BLOB, tail BLOB) WITHOUT ROWID;"
    "CREATE TABLE attachment(trial BLOB, name TEXT, data BLOB, PRIMARY KEY(trial,name));"
    "CREATE TABLE worker(owner TEXT PRIMARY KEY, doc TEXT, seen_ms INT);"
    "CREATE TABLE counter(last_id INT);"
    "INSERT INTO counter VALUES(0);";

int64_t hopt_sqlite__now(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

double hopt_sqlite__ticks(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Waits for another process's lock: short, growing, random sleeps. SQLite's own handler sleeps up
 * to 100 ms at a time; with 16 processes that made a third to a half fewer claims per second. */
static int wait_for_lock(void *self, int count) {
    hopt_sqlite *s = self;
    int64_t now = (int64_t)hopt_sqlite__ticks();
    if (count == 0) s->busy_since_ms = now;
    if (now - s->busy_since_ms >= s->timeout_ms) return 0;
    s->jitter = hopt_hash_splitmix64(s->jitter, (uint64_t)count);
    unsigned most_us = count < 6 ? 100u << count : 5000u;
    usleep(50 + (unsigned)(s->jitter % most_us));
    return 1;
}

static hopt_status unavailable(const hopt_sqlite *s, hopt_error *err, const char *what) {
    return hopt_error_set(err, HOPT_EUNAVAILABLE, "%s: %s", s->place, what);
}

/* Why a first statement failed: the store cannot be used at all. */
static hopt_status cannot_use(hopt_sqlite *s, int code, hopt_error *err) {
    if ((code & 0xff) == SQLITE_NOTADB)
        return unavailable(s, err, "not a SQLite database: name another file");
    (void)!hopt_sqlite__fail(s, code, err);
    if (err) err->code = HOPT_EUNAVAILABLE;
    return HOPT_EUNAVAILABLE;
}

static int read_integer(hopt_sqlite *s, const char *sql, int64_t *value) {
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        *value = sqlite3_column_int64(statement, 0);
        code = SQLITE_OK;
    } else if (code == SQLITE_DONE) {
        code = SQLITE_ERROR;
    }
    sqlite3_finalize(statement);
    return code;
}

/* What is in the file, by one consistent read. */
typedef struct contents {
    int64_t format, application, tables;
} contents;

static int read_contents(hopt_sqlite *s, contents *c) {
    /* Without a transaction another process may make the tables between two of the reads. */
    bool own = sqlite3_get_autocommit(s->db);
    int code = own ? sqlite3_exec(s->db, "BEGIN", NULL, NULL, NULL) : SQLITE_OK;
    if (code != SQLITE_OK) return code;
    code = read_integer(s, "PRAGMA user_version", &c->format);
    if (code == SQLITE_OK) code = read_integer(s, "PRAGMA application_id", &c->application);
    if (code == SQLITE_OK) code = read_integer(s, "SELECT count(*) FROM sqlite_master", &c->tables);
    if (own) sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return code;
}

static hopt_status check_contents(hopt_sqlite *s, const contents *c, hopt_error *err) {
    if (c->tables && c->application != HOPT_SQLITE_APPLICATION)
        return unavailable(s, err, "a SQLite database of another program: name another file");
    if (c->format > HOPT_SQLITE_FORMAT)
        return hopt_error_set(err, HOPT_EUNAVAILABLE,
                              "%s: written by a newer hopt (format %lld, this one reads %d): use "
                              "that one",
                              s->place, (long long)c->format, HOPT_SQLITE_FORMAT);
    return HOPT_OK;
}

/* Several processes may do this at the same time: the first makes the tables, the others see them
 * after their BEGIN. */
static int make_tables(hopt_sqlite *s) {
    contents c;
    int code = sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (code != SQLITE_OK) return code;
    code = read_contents(s, &c);
    if (code == SQLITE_OK && c.tables == 0) {
        char sql[128];
        snprintf(sql, sizeof sql, "PRAGMA application_id=%d; PRAGMA user_version=%d",
                 HOPT_SQLITE_APPLICATION, HOPT_SQLITE_FORMAT);
        code = sqlite3_exec(s->db, schema, NULL, NULL, NULL);
        if (code == SQLITE_OK) code = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    }
    if (code == SQLITE_OK) code = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
    if (code != SQLITE_OK && !sqlite3_get_autocommit(s->db))
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return code;
}

/* The change to WAL does not wait for locks by itself. */
static int use_wal(hopt_sqlite *s) {
    int code;
    for (int count = 0;; count++) {
        code = sqlite3_exec(s->db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
        if ((code & 0xff) != SQLITE_BUSY || !wait_for_lock(s, count)) return code;
    }
}

static hopt_status prepare_file(hopt_sqlite *s, const hopt_store_options *options,
                                hopt_error *err) {
    contents c;
    int code = read_contents(s, &c);
    if (code != SQLITE_OK) return cannot_use(s, code, err);
    hopt_status status = check_contents(s, &c, err);
    if (status) return status;
    if (c.tables) return HOPT_OK;
    if (!options->create || options->read_only)
        return unavailable(s, err, "the file holds no study yet");
    code = s->memory ? SQLITE_OK : use_wal(s);
    if (code == SQLITE_OK) code = make_tables(s);
    if (code == SQLITE_OK) code = read_contents(s, &c);
    if (code != SQLITE_OK) return cannot_use(s, code, err);
    return check_contents(s, &c, err);
}

static hopt_status configure(hopt_sqlite *s, const hopt_store_uri *uri,
                             const hopt_store_options *options, hopt_error *err) {
    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_handler(s->db, wait_for_lock, s);
    if (!s->memory && !options->read_only && sqlite3_db_readonly(s->db, "main") == 1)
        return unavailable(s, err, "the file is read-only: change its permissions");
    hopt_status status = prepare_file(s, options, err);
    if (status) return status;
    /* NORMAL: a killed process loses nothing; a power cut may lose the last commits, never the
     * file's consistency. FULL waits for the disk at every commit. */
    const char *sql = uri->sync_full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL";
    int code = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(s->db,
                            "PRAGMA foreign_keys=ON; PRAGMA journal_size_limit=67108864;"
                            " PRAGMA wal_autocheckpoint=4000;",
                            NULL, NULL, NULL);
    /* A restored or converted file may be in another mode; readers would then block writers. */
    if (code == SQLITE_OK && !s->memory && !options->read_only) code = use_wal(s);
    return code == SQLITE_OK ? HOPT_OK : cannot_use(s, code, err);
}

static hopt_status open_database(hopt_sqlite *s, const hopt_store_uri *uri,
                                 const hopt_store_options *options, hopt_error *err) {
    int flags =
        SQLITE_OPEN_NOMUTEX | (options->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
    const char *name = uri->path, *vfs = NULL;
    if (s->memory) {
        /* A name with a slash is one database for all connections of the process; it lives as long
         * as one of them. */
        name = "/hopt";
        vfs = "memdb";
        flags |= SQLITE_OPEN_CREATE;
        if (sqlite3_libversion_number() < 3036000)
            return unavailable(s, err, "a store in memory needs SQLite 3.36");
    } else {
        hopt_status status = hopt_sqlite__check_place(uri->path, options, err);
        if (status) return status;
        if (options->create && !options->read_only) flags |= SQLITE_OPEN_CREATE;
    }
    int code = sqlite3_open_v2(name, &s->db, flags, vfs);
    if (code != SQLITE_OK) return cannot_use(s, code, err);
    return configure(s, uri, options, err);
}

/* SQLite counts its memory under a mutex of the process, which nobody asks for here. Refused, and
 * of no harm, where the program used SQLite before. */
static void count_no_memory(void) {
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

hopt_status hopt_sqlite__open(void **self, const char *uri, const hopt_store_options *options,
                              hopt_error *err) {
    hopt_store_uri parsed;
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    *self = NULL;
    pthread_once(&once, count_no_memory);
    hopt_status status = hopt_store_uri_parse(&parsed, uri, err);
    if (status) return status;
    HOPT_ASSERT(parsed.kind == HOPT_STORE_KIND_SQLITE);
    hopt_sqlite *s = hopt_zalloc(1, sizeof *s);
    s->memory = parsed.memory;
    s->place = hopt_strdup(parsed.memory ? ":memory:" : parsed.path);
    s->timeout_ms = options->timeout_ms;
    if (getrandom(&s->jitter, sizeof s->jitter, 0) != sizeof s->jitter)
        s->jitter = (uint64_t)getpid();
    status = open_database(s, &parsed, options, err);
    hopt_store_uri_clear(&parsed);
    if (status) {
        hopt_sqlite__close(s);
        return status;
    }
    *self = s;
    return HOPT_OK;
}

void hopt_sqlite__close(void *self) {
    hopt_sqlite *s = self;
    if (!s) return;
    for (int i = 0; i < HOPT_SQL_COUNT; i++)
        sqlite3_finalize(s->statements[i]);
    int code = sqlite3_close(s->db);
    HOPT_ASSERT(code == SQLITE_OK); /* else a statement was forgotten */
    free(s->place);
    free(s);
}
