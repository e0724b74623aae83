/* What `hopt doctor` wants to know. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/store/sqlite/sqlite_internal.h"

enum { ROUNDS = 5, CHECK_PAGES_MAX = 250000 /* 1 GB: a quick_check of some seconds */ };

hopt_status hopt_sqlite__version(void *self, int64_t *token, hopt_error *err) {
    hopt_sqlite *s = self;
    sqlite3_stmt *select;
    bool row = false;
    hopt_status status = hopt_sqlite__bind(s, &select, HOPT_SQL_DATA_VERSION, err, "");
    if (status == HOPT_OK) status = hopt_sqlite__step(s, select, &row, err);
    if (status || !row) return status;
    *token = sqlite3_column_int64(select, 0);
    sqlite3_reset(select);
    return HOPT_OK;
}

/* One text of a statement without parameters; "" when there is none. */
static hopt_status read_text(hopt_sqlite *s, char *out, size_t size, const char *sql,
                             hopt_error *err) {
    sqlite3_stmt *statement = NULL;
    out[0] = '\0';
    int code = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) code = sqlite3_step(statement);
    if (code == SQLITE_ROW) hopt_sqlite__text(out, size, statement, 0);
    sqlite3_finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? HOPT_OK : hopt_sqlite__fail(s, code, err);
}

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static hopt_status measure(hopt_sqlite *s, double *median_ms, bool write, hopt_error *err) {
    double times[ROUNDS];
    char text[32];
    hopt_status status = HOPT_OK;
    for (int i = 0; i < ROUNDS && status == HOPT_OK; i++) {
        double start = hopt_sqlite__ticks();
        status = write ? hopt_sqlite__write(s, HOPT_OK, err, HOPT_SQL_SCRATCH, "")
                       : read_text(s, text, sizeof text, "SELECT count(*) FROM study", err);
        times[i] = hopt_sqlite__ticks() - start;
    }
    qsort(times, ROUNDS, sizeof times[0], ascending);
    *median_ms = times[ROUNDS / 2];
    return status;
}

hopt_status hopt_sqlite__indexes_ok(hopt_sqlite *s, bool *ok, hopt_error *err) {
    char count[32];
    hopt_status status =
        read_text(s, count, sizeof count,
                  "SELECT count(*) FROM sqlite_master WHERE name IN ('study','trial','trial_new',"
                  "'trial_running','trial_best','trial_ended','report','log','attachment',"
                  "'worker','counter')",
                  err);
    *ok = strcmp(count, "11") == 0;
    return status;
}

static void remark_file(hopt_sqlite *s, hopt_buf *out) {
    char type[64];
    struct stat info;
    hopt_sqlite__file_system(type, sizeof type, s->place);
    hopt_buf_print(out, "file system: %s\n", type);
    if (stat(s->place, &info) == 0)
        hopt_buf_print(out, "file: %.1f MB\n", (double)info.st_size / 1e6);
    char *wal = hopt_format("%s-wal", s->place);
    if (stat(wal, &info) == 0) {
        hopt_buf_print(out, "write-ahead log: %.1f MB%s\n", (double)info.st_size / 1e6,
                       info.st_size > 100000000 ? ": a process that reads for long keeps it large"
                                                : "");
    }
    free(wal);
}

static hopt_status remark(hopt_sqlite *s, hopt_buf *out, hopt_error *err) {
    char mode[32], sync[32], pages[32], check[200];
    if (!s->memory) remark_file(s, out);
    hopt_status status = read_text(s, mode, sizeof mode, "PRAGMA journal_mode", err);
    if (!status) status = read_text(s, sync, sizeof sync, "PRAGMA synchronous", err);
    if (!status) status = read_text(s, pages, sizeof pages, "PRAGMA page_count", err);
    if (status) return status;
    hopt_buf_print(out, "journal: %s, synchronous: %s, pages: %s\n", mode,
                   strcmp(sync, "2") == 0 ? "full" : "normal", pages);
    if (strtol(pages, NULL, 10) > CHECK_PAGES_MAX) {
        hopt_buf_text(out, "integrity: not checked, the file is large");
        return HOPT_OK;
    }
    status = read_text(s, check, sizeof check, "PRAGMA quick_check(1)", err);
    hopt_buf_print(out, "integrity: %s", check);
    return status;
}

hopt_status hopt_sqlite__health(void *self, hopt_store_health *out, hopt_error *err) {
    hopt_sqlite *s = self;
    hopt_buf detail = HOPT_BUF_INIT;
    hopt_status status = measure(s, &out->ping_ms, false, err);
    if (!status && sqlite3_db_readonly(s->db, "main") == 0)
        status = measure(s, &out->write_ms, true, err);
    if (!status) status = hopt_sqlite__indexes_ok(s, &out->indexes_ok, err);
    if (!status) status = remark(s, &detail, err);
    snprintf(out->version, sizeof out->version, "SQLite %s", sqlite3_libversion());
    snprintf(out->detail, sizeof out->detail, "%s", hopt_buf_string(&detail));
    out->clock_skew_ms = 0; /* its clock is this machine's */
    hopt_buf_clear(&detail);
    return status;
}
