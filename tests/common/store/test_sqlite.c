/* What is SQLite's own: files that can't be used, locks, a full disk. The rest is the conformance
 * suite's. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/store/driven.h"
#include "common/store/sqlite/sqlite_internal.h"
#include "common/store/store.h"
#include "common/store/store_internal.h"

static char folder[64], path[128];
static hopt_error err;
static const hopt_store_options create = {.create = true, .timeout_ms = 1000};

static void set_up(void) {
    snprintf(folder, sizeof folder, "/tmp/hopt-test-XXXXXX");
    cr_assert(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.db", folder);
}

static void tear_down(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(sqlite, .init = set_up, .fini = tear_down);

static hopt_status open_at(hopt_store **store, const char *at, const hopt_store_options *options) {
    char *uri = hopt_format("sqlite:%s", at);
    memset(&err, 0, sizeof err);
    hopt_status status = hopt_store_open(store, uri, options, &err);
    free(uri);
    return status;
}

static hopt_store *must_open(void) {
    hopt_store *store;
    cr_assert_eq(open_at(&store, path, &create), HOPT_OK, "%s", err.message);
    return store;
}

static void refused(const char *at, const hopt_store_options *options, const char *says) {
    hopt_store *store;
    cr_assert_eq(open_at(&store, at, options), HOPT_EUNAVAILABLE, "%s", at);
    cr_assert_null(store);
    cr_assert(strstr(err.message, says), "%s", err.message);
    cr_assert(strstr(err.message, at), "%s", err.message);
}

static void raw(const char *sql) {
    sqlite3 *db;
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    char *message = NULL;
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, &message), SQLITE_OK, "%s", message);
    sqlite3_close(db);
}

static void write_file(const char *text) {
    FILE *file = fopen(path, "w");
    cr_assert(file);
    fputs(text, file);
    fclose(file);
}

static hopt_study_record *make_study(hopt_store *store) {
    hopt_study_record *study = hopt_study_new();
    snprintf(study->name, sizeof study->name, "a");
    study->spec = hopt_strdup("{}");
    cr_assert_eq(hopt_store_study_create(store, study, &err), HOPT_OK, "%s", err.message);
    return study;
}

static hopt_trial *new_trial(const hopt_study_record *study, int num) {
    hopt_trial *trial = hopt_trial_new();
    trial->id = hopt_trial_id_make(study->prefix, num);
    snprintf(trial->study, sizeof trial->study, "a");
    trial->num = num;
    trial->tid = num;
    trial->vals = json_object();
    trial->params = json_object();
    return trial;
}

/* ---- what can't be opened ---- */

Test(sqlite, absent) {
    refused(path, NULL, "No such file");
    cr_assert_neq(access(path, F_OK), 0);
    snprintf(path, sizeof path, "%s/none/a.db", folder);
    refused(path, &create, "make it first");
}

Test(sqlite, not_a_file) {
    refused(folder, &create, "a folder, not a file");
    cr_assert_eq(mkfifo(path, 0600), 0);
    refused(path, &create, "not a regular file");
}

Test(sqlite, not_a_database) {
    write_file("hello, this is a text that is not a database, and long enough to say so ........"
               "..............................");
    refused(path, &create, "not a SQLite database");
    refused(path, NULL, "not a SQLite database");
}

Test(sqlite, empty_file) {
    write_file("");
    refused(path, NULL, "no study yet");
    hopt_store_close(must_open());
}

Test(sqlite, of_another_program) {
    raw("CREATE TABLE trials(x)");
    refused(path, &create, "another program");
}

Test(sqlite, newer_format) {
    hopt_store_close(must_open());
    raw("PRAGMA user_version=2");
    refused(path, &create, "written by a newer hopt (format 2");
    refused(path, NULL, "newer hopt");
}

/* In a process without root's rights; it leaves by _exit, so that no leak check is tried there. */
static void as_nobody(void (*check)(void)) {
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        if (getuid() == 0 && setresuid(65534, 65534, 65534) != 0) _exit(3);
        check();
        _exit(0);
    }
    int status;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
}

static void check_refused(const hopt_store_options *options, const char *says) {
    hopt_store *store;
    if (open_at(&store, path, options) != HOPT_EUNAVAILABLE || !strstr(err.message, says)) {
        fprintf(stderr, "%s\n", err.message);
        _exit(4);
    }
}

static void file_refused(void) {
    check_refused(&create, "read-only");
}

static void folder_refused(void) {
    check_refused(&create, "can't be written");
}

static void secret_refused(void) {
    check_refused(&(hopt_store_options){.read_only = true}, "can't be read");
}

Test(sqlite, permissions) {
    hopt_store_close(must_open());
    cr_assert_eq(chmod(folder, 0777) | chmod(path, 0444), 0);
    as_nobody(file_refused);
    cr_assert_eq(chmod(path, 0000), 0);
    as_nobody(secret_refused);
    cr_assert_eq(chmod(path, 0666) | chmod(folder, 0555), 0);
    as_nobody(folder_refused);
    cr_assert_eq(chmod(folder, 0700), 0);
}

Test(sqlite, network_file_systems) {
    static const unsigned long magics[] = {0x6969,     0xff534d42, 0xfe534d42, 0x0bd00bd0,
                                           0x47504653, 0x19830326, 0x5346414f, 0x01021997};
    for (size_t i = 0; i < HOPT_COUNT(magics); i++)
        cr_assert(hopt_sqlite__network_name(magics[i], ""));
    cr_assert_null(hopt_sqlite__network_name(0xef53, "ext4"));
    cr_assert_null(hopt_sqlite__network_name(0x01021994, "tmpfs"));
    cr_assert_str_eq(hopt_sqlite__network_name(0x65735546, "fuse.sshfs"), "fuse.sshfs");
    cr_assert_null(hopt_sqlite__network_name(0x65735546, "fuse.fuse-overlayfs"));
    char type[64];
    hopt_sqlite__file_system(type, sizeof type, folder);
    cr_assert(strcmp(type, "unknown") != 0, "%s", type);
}

/* Every round several processes meet at a file that is not there yet. */
Test(sqlite, made_by_several_at_once, .timeout = 500) {
    enum { ROUNDS = 40, PROCESSES = 8 };
    for (int round = 0; round < ROUNDS; round++) {
        snprintf(path, sizeof path, "%s/%d.db", folder, round);
        int gate[2];
        cr_assert_eq(pipe(gate), 0);
        for (int i = 0; i < PROCESSES; i++) {
            if (fork() > 0) continue;
            char byte;
            hopt_store *store;
            close(gate[1]);
            if (read(gate[0], &byte, 1) != 0) _exit(2); /* the end of the file is the start */
            if (open_at(&store, path, &(hopt_store_options){.create = true}) != HOPT_OK) {
                fprintf(stderr, "%s\n", err.message);
                _exit(1);
            }
            hopt_store_close(store);
            _exit(0);
        }
        close(gate[0]);
        close(gate[1]);
        for (int i = 0; i < PROCESSES; i++) {
            int status;
            cr_assert(wait(&status) > 0 && status == 0, "round %d", round);
        }
    }
}

/* ---- what is in the way of a write ---- */

Test(sqlite, damaged_schema_is_seen) {
    hopt_store *store = must_open();
    hopt_store_health health;
    cr_assert_eq(hopt_store_health_check(store, &health, &err), HOPT_OK, "%s", err.message);
    cr_assert(health.indexes_ok && strstr(health.detail, "integrity: ok"), "%s", health.detail);
    cr_assert(strstr(health.detail, "journal: wal, synchronous: normal"), "%s", health.detail);
    raw("DROP INDEX trial_best");
    cr_assert_eq(hopt_store_health_check(store, &health, &err), HOPT_OK);
    cr_assert_not(health.indexes_ok);
    hopt_store_close(store);
}

Test(sqlite, full_sync_on_request) {
    hopt_store_close(must_open());
    hopt_store *store;
    hopt_store_health health;
    snprintf(path, sizeof path, "%s/a.db?sync=full", folder);
    cr_assert_eq(open_at(&store, path, NULL), HOPT_OK, "%s", err.message);
    cr_assert_eq(hopt_store_health_check(store, &health, &err), HOPT_OK);
    cr_assert(strstr(health.detail, "synchronous: full"), "%s", health.detail);
    hopt_store_close(store);
}

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

Test(sqlite, lock_held_too_long) {
    hopt_store *store = must_open();
    sqlite3 *db;
    int64_t tid;
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    double waited = 0;
    for (int i = 0; i == 0 || (i < 3 && waited >= 5);
         i++) { /* the machine may be busy for a while */
        double start = now_s();
        cr_assert_eq(hopt_store_tids(store, &tid, 1, &err), HOPT_ESTORE);
        waited = now_s() - start;
        cr_assert(waited > 0.9, "%f", waited);
    }
    cr_assert(waited < 5, "%f", waited);
    cr_assert(strstr(err.message, "another process holds its lock"), "%s", err.message);
    hopt_study_record *none; /* readers are not in its way */
    cr_assert_eq(hopt_store_study(store, &none, "a", &err), HOPT_ENOTFOUND);
    sqlite3_close(db);
    cr_assert_eq(hopt_store_tids(store, &tid, 1, &err), HOPT_OK);
    cr_assert_eq(tid, 0);
    hopt_store_close(store);
}

static void hold_a_transaction(int ready) {
    sqlite3 *db;
    bool fine =
        sqlite3_open(path, &db) == SQLITE_OK &&
        sqlite3_exec(db, "BEGIN IMMEDIATE; UPDATE counter SET last_id=77; DELETE FROM trial;", NULL,
                     NULL, NULL) == SQLITE_OK;
    if (!fine || write(ready, "x", 1) != 1) _exit(1);
    for (;;)
        pause();
}

Test(sqlite, killed_in_a_transaction) {
    hopt_store *store = must_open();
    hopt_study_record *study = make_study(store);
    hopt_trial *trial = new_trial(study, 0);
    size_t inserted;
    cr_assert_eq(hopt_store_enqueue(store, &trial, 1, &inserted, &err), HOPT_OK, "%s", err.message);
    hopt_trial_free(trial);
    hopt_store_close(store);
    int ready[2];
    char byte;
    cr_assert_eq(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) hold_a_transaction(ready[1]);
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    store = must_open();
    int64_t tid;
    cr_assert_eq(hopt_store_tids(store, &tid, 1, &err), HOPT_ESTORE); /* it holds the lock */
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    cr_assert_eq(hopt_store_tids(store, &tid, 1, &err), HOPT_OK, "%s", err.message);
    cr_assert_eq(tid, 0);
    cr_assert_eq(hopt_store_claim(store, &trial, "a", "w:1:a", &err), HOPT_OK);
    hopt_trial_free(trial);
    hopt_study_free(study);
    hopt_store_close(store);
    close(ready[0]);
    close(ready[1]);
}

/* ---- visits ---- */

static int64_t queued_in(hopt_store *store) {
    int64_t counts[HOPT_STATES];
    cr_assert_eq(hopt_store_counts(store, "a", counts, &err), HOPT_OK, "%s", err.message);
    return counts[HOPT_NEW];
}

static void visit_and_enqueue(hopt_store *store, const hopt_study_record *study, int num) {
    size_t inserted;
    hopt_trial *trial = new_trial(study, num);
    cr_assert_eq(hopt_store_visit_begin(store, &err), HOPT_OK, "%s", err.message);
    cr_assert_eq(hopt_store_enqueue(store, &trial, 1, &inserted, &err), HOPT_OK, "%s", err.message);
    hopt_trial_free(trial);
}

static int refuse_commit(void *data) {
    (void)data;
    return 1;
}

/* A visit is one transaction: seen by others at its end, or not at all. */
Test(sqlite, visit_is_one_transaction) {
    hopt_store *store = must_open(), *other = must_open();
    hopt_study_record *study = make_study(store);
    sqlite3 *db = ((hopt_sqlite *)store->self)->db;
    visit_and_enqueue(store, study, 0);
    cr_assert(queued_in(store) == 1 && queued_in(other) == 0);
    cr_assert_eq(hopt_store_visit_end(store, &err), HOPT_OK, "%s", err.message);
    cr_assert_eq(queued_in(other), 1);
    /* It can't be committed. */
    sqlite3_commit_hook(db, refuse_commit, NULL);
    visit_and_enqueue(store, study, 1);
    cr_assert_eq(hopt_store_visit_end(store, &err), HOPT_ESTORE);
    sqlite3_commit_hook(db, NULL, NULL);
    cr_assert(queued_in(store) == 1 && queued_in(other) == 1);
    /* One of its calls fails: nothing of it is kept, and the first failure is what is said. */
    visit_and_enqueue(store, study, 1);
    int64_t tid;
    cr_assert_eq(sqlite3_exec(db, "DELETE FROM counter", NULL, NULL, NULL), SQLITE_OK);
    cr_assert_eq(hopt_store_tids(store, &tid, 1, &err), HOPT_ESTORE);
    char first[HOPT_ERROR_MESSAGE_MAX];
    snprintf(first, sizeof first, "%s", err.message);
    cr_assert_eq(hopt_store_tids(store, &tid, 1, &err), HOPT_ESTORE);
    cr_assert_str_eq(err.message, first);
    cr_assert_eq(hopt_store_visit_end(store, &err), HOPT_ESTORE);
    cr_assert_str_eq(err.message, first);
    cr_assert(queued_in(store) == 1 && queued_in(other) == 1);
    cr_assert_eq(hopt_store_tids(store, &tid, 1, &err), HOPT_OK, "%s", err.message);
    hopt_study_free(study);
    hopt_store_close(other);
    hopt_store_close(store);
}

/* Fills the store until the disk is full. @return how many trials went in. */
static int fill(hopt_store *store, const hopt_study_record *study) {
    static char text[20000];
    memset(text, 'x', sizeof text - 1);
    for (int num = 0;; num++) {
        size_t inserted;
        hopt_trial *trial = new_trial(study, num);
        json_object_set_new(trial->params, "big", json_string(text));
        hopt_status status = hopt_store_enqueue(store, &trial, 1, &inserted, &err);
        hopt_trial_free(trial);
        cr_assert(num < 1000);
        if (status == HOPT_OK) continue;
        cr_assert_eq(status, HOPT_ESTORE);
        return num;
    }
}

Test(sqlite, full_disk) {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", folder, "tmpfs", 0, "size=2m") != 0)
        cr_skip("needs to mount a small file system");
    hopt_store *store = must_open();
    hopt_study_record *study = make_study(store);
    char ballast[160];
    snprintf(ballast, sizeof ballast, "%s/ballast", folder);
    int fd = open(ballast, O_CREAT | O_WRONLY, 0600);
    cr_assert(fd >= 0 && posix_fallocate(fd, 0, 1000000) == 0);
    close(fd);
    int count = fill(store, study);
    cr_assert(strstr(err.message, "the disk is full"), "%s", err.message);
    int64_t counts[HOPT_STATES];
    cr_assert_eq(hopt_store_counts(store, "a", counts, &err), HOPT_OK, "%s", err.message);
    cr_assert_eq(counts[HOPT_NEW], count);
    cr_assert_eq(unlink(ballast), 0); /* room was made: it goes on, without being opened again */
    hopt_trial *trial = new_trial(study, count);
    size_t inserted;
    cr_assert_eq(hopt_store_enqueue(store, &trial, 1, &inserted, &err), HOPT_OK, "%s", err.message);
    hopt_trial_free(trial);
    hopt_study_free(study);
    hopt_store_close(store);
    cr_assert_eq(umount(folder), 0);
}

/* A trial of a study that was deleted must not come back as an orphan. */
Test(sqlite, enqueue_needs_its_study) {
    hopt_store *store = must_open();
    hopt_study_record *study = make_study(store);
    cr_assert_eq(hopt_store_study_delete(store, "a", &err), HOPT_OK);
    hopt_trial *trial = new_trial(study, 0);
    size_t inserted;
    cr_assert_eq(hopt_store_enqueue(store, &trial, 1, &inserted, &err), HOPT_ENOTFOUND);
    hopt_trial_free(trial);
    hopt_study_free(study);
    hopt_store_close(store);
}

Test(sqlite, tid_of_another_trial) {
    hopt_store *store = must_open();
    hopt_study_record *study = make_study(store);
    hopt_trial *one = new_trial(study, 0), *two = new_trial(study, 1);
    two->tid = 0;
    size_t inserted;
    cr_assert_eq(hopt_store_enqueue(store, &one, 1, &inserted, &err), HOPT_OK);
    cr_assert_eq(hopt_store_enqueue(store, &two, 1, &inserted, &err), HOPT_EINVAL);
    cr_assert(strstr(err.message, "tid 0"), "%s", err.message);
    hopt_trial_free(one);
    hopt_trial_free(two);
    hopt_study_free(study);
    hopt_store_close(store);
}

/* A damaged trial at the head of the queue ends with the reason. */
Test(sqlite, damaged_trial_is_set_aside) {
    hopt_store *store = must_open();
    hopt_study_record *study = make_study(store);
    hopt_trial *trial = new_trial(study, 0);
    size_t inserted;
    cr_assert_eq(hopt_store_enqueue(store, &trial, 1, &inserted, &err), HOPT_OK);
    hopt_trial_free(trial);
    raw("UPDATE trial SET doc='{'");
    cr_assert_eq(hopt_store_claim(store, &trial, "a", "w:1:a", &err), HOPT_ENOTFOUND);
    cr_assert_eq(hopt_store_trial(store, &trial, "a", 0, &err), HOPT_OK, "%s", err.message);
    cr_assert_eq(trial->state, HOPT_ERROR);
    cr_assert(strstr(trial->result.error_message, "damaged"));
    hopt_trial_free(trial);
    hopt_study_free(study);
    hopt_store_close(store);
}

/* hyperopt's MongoTrials are in MongoDB. */
Test(sqlite, no_trials_of_a_python_driver) {
    hopt_store *store = must_open();
    hopt_trials list = {0};
    hopt_open_trial *running;
    size_t count;
    cr_assert_eq(hopt_driven_claim(store, &list, "k", "host:1:00000000", 1, &err), HOPT_EINVAL);
    cr_assert(strstr(err.message, "MongoDB only"), "%s", err.message);
    cr_assert_eq(hopt_driven_running(store, &running, &count, "k", &err), HOPT_EINVAL);
    cr_assert_null(running);
    hopt_store_close(store);
}

/* SQLite keeps values of any type in any column. */
Test(sqlite, columns_of_other_types) {
    static const char *const damages[] = {"UPDATE trial SET id=x'01' WHERE num=0",
                                          "UPDATE trial SET id='text' WHERE num=0",
                                          "UPDATE trial SET num='x' WHERE num=0",
                                          "UPDATE trial SET num=9000000000 WHERE num=0",
                                          "UPDATE trial SET num=7 WHERE num=0",
                                          "UPDATE trial SET tid='x' WHERE num=0",
                                          "UPDATE trial SET lost='x' WHERE num=0",
                                          "UPDATE trial SET lost=-1 WHERE num=0",
                                          "UPDATE trial SET lost=2147483647 WHERE num=0",
                                          "UPDATE trial SET version=1e300 WHERE num=0",
                                          "UPDATE trial SET lease=-7 WHERE num=0",
                                          "UPDATE trial SET doc=x'00ff00' WHERE num=0"};
    for (size_t i = 0; i < HOPT_COUNT(damages); i++) {
        hopt_store *store = must_open();
        hopt_study_record *study = make_study(store);
        hopt_trial *trials[2] = {new_trial(study, 0), new_trial(study, 1)};
        size_t inserted, n_open;
        cr_assert_eq(hopt_store_enqueue(store, trials, 2, &inserted, &err), HOPT_OK);
        raw(damages[i]);
        hopt_trials list = {0};
        int64_t malformed;
        hopt_trial_query query = {.study = "a", .after = -1, .limit = 1};
        cr_assert_eq(hopt_store_trials(store, &list, &query, &malformed, &err), HOPT_OK);
        cr_assert(list.count == 1 && list.list[0]->num == 1, "%s", damages[i]);
        query.after = 1; /* and the end comes */
        hopt_trials_clear(&list);
        cr_assert_eq(hopt_store_trials(store, &list, &query, &malformed, &err), HOPT_OK);
        cr_assert_eq(list.count, 0, "%s", damages[i]);
        hopt_open_trial *open;
        cr_assert_eq(hopt_store_open_set(store, &open, &n_open, "a", &err), HOPT_OK);
        for (size_t k = 0; k < n_open; k++)
            cr_assert(open[k].num == 0 || open[k].num == 1, "%s", damages[i]);
        free(open);
        hopt_trial *got;
        cr_assert_eq(hopt_store_claim(store, &got, "a", "w:1:a", &err), HOPT_OK, "%s: %s",
                     damages[i], err.message);
        cr_assert_eq(got->num, 1, "%s", damages[i]);
        hopt_trial_free(got);
        cr_assert_eq(hopt_store_claim(store, &got, "a", "w:1:a", &err), HOPT_ENOTFOUND);
        cr_assert_eq(hopt_store_study_delete(store, "a", &err), HOPT_OK, "%s", err.message);
        hopt_trial_free(trials[0]);
        hopt_trial_free(trials[1]);
        hopt_study_free(study);
        hopt_store_close(store);
    }
}
