/* The texts of all statements, and how they are prepared, bound, stepped and reset. */
#include <stdarg.h>
#include <string.h>

#include "common/store/sqlite/sqlite_internal.h"

#define OWNED "id=?1 AND state=1 AND owner=?2 AND lease=?3"
/* A document may be damaged; it must not block the queue or a result. */
#define DOC_OR_EMPTY "CASE WHEN json_valid(doc) THEN doc ELSE '{}' END"
#define TRIALS_OF "trial IN (SELECT id FROM trial WHERE study=?1)"

/* States stand as literals where a partial index shall be used: the planner must see them. */
static const char *const texts[HOPT_SQL_COUNT] = {
    [HOPT_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [HOPT_SQL_COMMIT] = "COMMIT",
    [HOPT_SQL_ROLLBACK] = "ROLLBACK",

    [HOPT_SQL_STUDY_INSERT] = "INSERT INTO study(name,state,leader,epoch,beat,prefix,doc)"
                              " VALUES(?1,?2,?3,?4,?5,?6,?7) ON CONFLICT(name) DO NOTHING",
    [HOPT_SQL_STUDY] = "SELECT name,state,leader,epoch,beat,prefix,doc FROM study WHERE name=?1",
    [HOPT_SQL_STUDIES] = "SELECT name,state,leader,epoch,beat,prefix,doc FROM study ORDER BY name",
    [HOPT_SQL_STUDY_UPDATE] = "UPDATE study SET state=?2, doc=?3 WHERE name=?1",
    [HOPT_SQL_STUDY_DELETE] = "DELETE FROM study WHERE name=?1",
    [HOPT_SQL_DELETE_REPORTS] = "DELETE FROM report WHERE " TRIALS_OF,
    [HOPT_SQL_DELETE_LOGS] = "DELETE FROM log WHERE " TRIALS_OF,
    [HOPT_SQL_DELETE_ATTACHMENTS] = "DELETE FROM attachment WHERE " TRIALS_OF,
    [HOPT_SQL_DELETE_TRIALS] = "DELETE FROM trial WHERE study=?1",
    [HOPT_SQL_LEAD] = "UPDATE study SET leader=?2, epoch=epoch+1, beat=0"
                      " WHERE name=?1 AND epoch=?3 AND beat=?4",
    [HOPT_SQL_RENEW] = "UPDATE study SET beat=beat+1, doc=json_set(doc,'$.active_ms',?4,"
                       "'$.counts',json(?5),'$.best',json(?6))"
                       " WHERE name=?1 AND leader=?2 AND epoch=?3",
    [HOPT_SQL_ABDICATE] = "UPDATE study SET leader=NULL WHERE name=?1 AND leader=?2 AND epoch=?3",

    [HOPT_SQL_TIDS] = "UPDATE counter SET last_id=last_id+?1 RETURNING last_id-?1",
    [HOPT_SQL_TIDS_RAISE] = "UPDATE counter SET last_id=?1 WHERE last_id<?1",
    [HOPT_SQL_INSERT] =
        "INSERT INTO trial(" HOPT_SQLITE_TRIAL ",loss,status)"
        " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16) ON CONFLICT DO NOTHING",
    [HOPT_SQL_SLOT] = "SELECT 1 FROM trial WHERE id=?1"
                      " UNION ALL SELECT 1 FROM trial WHERE study=?2 AND num=?3",
    /* Three statements for a claim, and not one with RETURNING: that fills a table of its own,
     * whose cache of 90 kB comes and goes each time. */
    [HOPT_SQL_NEXT] = "SELECT id FROM trial INDEXED BY trial_new WHERE study=?1 AND state=0"
                      " ORDER BY num LIMIT 1",
    [HOPT_SQL_CLAIM] = "UPDATE trial SET state=1, owner=?2, beat=0, lease=lease+1,"
                       " version=version+?3, stop=NULL, book_ms=?4, refresh_ms=?4"
                       " WHERE id=?1 AND state=0",
    [HOPT_SQL_CLAIMED] = "SELECT " HOPT_SQLITE_TRIAL " FROM trial WHERE id=?1",
    [HOPT_SQL_DAMAGED] = "UPDATE trial SET state=3, version=version+?2,"
                         " doc=json_set('{}','$.error',json_array('Start',?3)) WHERE id=?1",
    [HOPT_SQL_MINE] = "SELECT " HOPT_SQLITE_TRIAL " FROM trial INDEXED BY trial_running"
                      " WHERE study=?1 AND state=1 AND owner=?2 ORDER BY num",
    [HOPT_SQL_BEAT] = "UPDATE trial SET beat=beat+1, refresh_ms=?4 WHERE " OWNED " RETURNING stop",
    [HOPT_SQL_BEAT_STEP] = "UPDATE trial SET beat=beat+1, refresh_ms=?4,"
                           " doc=json_set(" DOC_OR_EMPTY ",'$.step',?5)"
                           " WHERE " OWNED " RETURNING stop",
    /* A document that is as it was claimed is known to be one, and what it becomes is known too.
     * json_patch() would drop members that are null, which extras may hold; ?10 has none. */
    [HOPT_SQL_FINISH] = "UPDATE trial SET state=?4, version=version+?5, loss=?6, status=?7,"
                        " stop=coalesce(?8,stop), refresh_ms=?9,"
                        " doc=CASE WHEN doc=?12 THEN ?13 ELSE"
                        " json_set(json_patch(" DOC_OR_EMPTY ",?10),'$.result',json(?11)) END"
                        " WHERE " OWNED,
    /* The reaper's end keeps owner and lease, but is no success. */
    [HOPT_SQL_ENDED] = "SELECT 1 FROM trial WHERE id=?1 AND owner=?2 AND lease=?3 AND state>1"
                       " AND (state<>3 OR json_extract(" DOC_OR_EMPTY ",'$.error[0]')"
                       " IS NOT 'LeaseExpired')",
    [HOPT_SQL_RELEASE] = "UPDATE trial SET state=0, owner='hopt', book_ms=NULL, refresh_ms=NULL,"
                         " version=version+?4, doc=json_set(" DOC_OR_EMPTY ",'$.worker',owner)"
                         " WHERE " OWNED,

    /* The document only where it is needed: of a queued trial that was claimed before. */
    [HOPT_SQL_OPEN_SET] = "SELECT id,num,state,lease,beat,owner,CASE WHEN lease>0 THEN doc END"
                          " FROM trial INDEXED BY trial_new WHERE study=?1 AND state=0 UNION ALL "
                          "SELECT id,num,state,lease,beat,owner,NULL"
                          " FROM trial INDEXED BY trial_running WHERE study=?1 AND state=1",
    [HOPT_SQL_EXPIRE_NEW] =
        "UPDATE trial SET state=0, owner='hopt', book_ms=NULL, refresh_ms=NULL, lost=lost+1,"
        " version=version+?5, doc=json_set(" DOC_OR_EMPTY ",'$.worker',owner)"
        " WHERE " OWNED " AND beat=?4",
    [HOPT_SQL_EXPIRE_ERROR] =
        "UPDATE trial SET state=3, lost=lost+1, version=version+?5,"
        " doc=json_set(" DOC_OR_EMPTY ",'$.error',json_array('LeaseExpired',?6))"
        " WHERE " OWNED " AND beat=?4",
    [HOPT_SQL_LOST] = "SELECT lost FROM trial WHERE " OWNED " AND beat=?4",
    [HOPT_SQL_CANCEL] =
        "UPDATE trial SET state=4, status='fail', version=version+?3,"
        " doc=json_set(" DOC_OR_EMPTY ",'$.result',json_object('status','fail','status_fail',?4))"
        " WHERE study=?1 AND state=0 AND num>=?2",
    [HOPT_SQL_STOP] = "UPDATE trial SET stop=?2 WHERE study=?1 AND state=1",
    [HOPT_SQL_STOP_ONE] = "UPDATE trial SET stop=?2 WHERE study=?1 AND state=1 AND num=?3",
    [HOPT_SQL_RETRY] =
        "UPDATE trial SET state=0, owner='hopt', lost=0, loss=NULL, status=NULL,"
        " book_ms=NULL, refresh_ms=NULL, version=version+?3,"
        " doc=json_set(json_remove(" DOC_OR_EMPTY ",'$.result','$.error','$.step','$.end','$.ms'),"
        "'$.worker',nullif(owner,'hopt'))"
        " WHERE study=?1 AND num=?2 AND state=3",

    [HOPT_SQL_TRIALS] = "SELECT " HOPT_SQLITE_TRIAL " FROM trial WHERE study=?1 AND num>?2"
                        " AND ((1<<state)&?3)!=0 ORDER BY num",
    [HOPT_SQL_TRIALS_OPEN] =
        "SELECT * FROM (SELECT " HOPT_SQLITE_TRIAL " FROM trial INDEXED BY trial_new"
        " WHERE study=?1 AND state=0 AND num>?2 UNION ALL SELECT " HOPT_SQLITE_TRIAL
        " FROM trial INDEXED BY trial_running WHERE study=?1 AND state=1 AND num>?2)"
        " WHERE ((1<<state)&?3)!=0 ORDER BY num",
    [HOPT_SQL_TRIAL] = "SELECT " HOPT_SQLITE_TRIAL " FROM trial WHERE study=?1 AND num=?2",
    /* From indexes alone; -1 is all of them, for DONE, the most by far, has none of its own. */
    [HOPT_SQL_COUNTS] =
        "SELECT -1,count(*) FROM trial WHERE study=?1"
        " UNION ALL SELECT 0,count(*) FROM trial INDEXED BY trial_new WHERE study=?1 AND state=0"
        " UNION ALL SELECT 1,count(*) FROM trial INDEXED BY trial_running"
        " WHERE study=?1 AND state=1"
        " UNION ALL SELECT state,count(*) FROM trial INDEXED BY trial_ended"
        " WHERE study=?1 AND state>2 GROUP BY state",
    [HOPT_SQL_BEST] = "SELECT " HOPT_SQLITE_TRIAL " FROM trial INDEXED BY trial_best"
                      " WHERE study=?1 AND state=2 AND status='ok' AND loss IS NOT NULL"
                      " ORDER BY loss,num",

    [HOPT_SQL_REPORT_NEWEST] = "SELECT max(lease) FROM report WHERE trial=?1",
    [HOPT_SQL_REPORT_CLEAN] = "DELETE FROM report WHERE trial=?1 AND lease<?2",
    [HOPT_SQL_REPORT_COUNT] = "SELECT count(*) FROM report WHERE trial=?1 AND lease=?2",
    [HOPT_SQL_REPORT_INSERT] =
        "INSERT OR REPLACE INTO report(trial,lease,step,loss) VALUES(?1,?2,?3,?4)",
    [HOPT_SQL_REPORTS] = "SELECT lease,step,loss FROM report WHERE trial=?1 AND"
                         " lease=(SELECT max(lease) FROM report WHERE trial=?1) ORDER BY step",
    [HOPT_SQL_LOG_PUT] = "INSERT INTO log(trial,lease,head,tail) VALUES(?1,?2,?3,?4)"
                         " ON CONFLICT(trial) DO UPDATE SET lease=excluded.lease,"
                         " head=excluded.head, tail=excluded.tail WHERE excluded.lease>=lease",
    [HOPT_SQL_LOG] = "SELECT lease,head,tail FROM log WHERE trial=?1",
    [HOPT_SQL_ATTACH] = "INSERT OR REPLACE INTO attachment(trial,name,data) VALUES(?1,?2,?3)",
    [HOPT_SQL_ATTACHMENTS] = "SELECT name FROM attachment WHERE trial=?1 ORDER BY name",
    [HOPT_SQL_ATTACHMENT] = "SELECT data FROM attachment WHERE trial=?1 AND name=?2",

    [HOPT_SQL_WORKER] = "SELECT doc FROM worker WHERE owner=?1",
    [HOPT_SQL_WORKER_PUT] = "INSERT OR REPLACE INTO worker(owner,doc,seen_ms) VALUES(?1,?2,?3)",
    [HOPT_SQL_WORKER_REMOVE] = "DELETE FROM worker WHERE owner=?1",
    [HOPT_SQL_WORKERS] = "SELECT owner,doc,seen_ms FROM worker ORDER BY seen_ms DESC, owner",
    /* Files of before have no such tables, and most studies need none. */
    [HOPT_SQL_SINK_STUDY_TABLE] = "CREATE TABLE IF NOT EXISTS mlflow_study(study TEXT PRIMARY KEY,"
                                  " run TEXT, owner TEXT, beat INT) WITHOUT ROWID",
    [HOPT_SQL_SINK_TRIAL_TABLE] = "CREATE TABLE IF NOT EXISTS mlflow_trial(trial BLOB PRIMARY KEY,"
                                  " parent TEXT, run TEXT, done INT) WITHOUT ROWID",
    [HOPT_SQL_SINK_STUDY] = "SELECT m.run,m.owner,m.beat FROM study s LEFT JOIN mlflow_study m"
                            " ON m.study=s.name WHERE s.name=?1",
    [HOPT_SQL_SINK_STUDY_FIRST] = "INSERT INTO mlflow_study(study,run,owner,beat)"
                                  " SELECT name,?2,?3,?4 FROM study WHERE name=?1"
                                  " ON CONFLICT DO NOTHING",
    [HOPT_SQL_SINK_STUDY_PUT] = "UPDATE mlflow_study SET run=?2, owner=?3, beat=?4"
                                " WHERE study=?1 AND run=?5 AND owner=?6 AND beat=?7",
    [HOPT_SQL_SINK_PENDING] =
        "SELECT t.id,t.num,t.version,m.parent,m.run FROM trial t LEFT JOIN mlflow_trial m"
        " ON m.trial=t.id WHERE t.study=?1 AND t.num>?3 AND t.state>1"
        " AND (m.parent IS NOT ?2 OR m.done IS NOT t.version) ORDER BY t.num LIMIT ?4",
    [HOPT_SQL_SINK_PUT] = "INSERT INTO mlflow_trial(trial,parent,run,done)"
                          " SELECT id,?3,?4,CASE WHEN ?5 THEN version END FROM trial"
                          " WHERE id=?1 AND version=?2 ON CONFLICT(trial) DO UPDATE SET"
                          " parent=excluded.parent, run=excluded.run, done=excluded.done",
    [HOPT_SQL_SINK_STUDY_DELETE] = "DELETE FROM mlflow_study WHERE study=?1",
    [HOPT_SQL_SINK_TRIALS_DELETE] = "DELETE FROM mlflow_trial WHERE " TRIALS_OF,
    [HOPT_SQL_DATA_VERSION] = "PRAGMA data_version",
    /* The same value would write nothing; a gap in tids does no harm. */
    [HOPT_SQL_SCRATCH] = "UPDATE counter SET last_id=last_id+1",
};

static const char *advice(int code) {
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return "another process holds its lock";
    case SQLITE_FULL:
        return "the disk is full: make room, then go on";
    case SQLITE_READONLY:
        return "the file or its folder is read-only";
    case SQLITE_IOERR:
        return "reading or writing the disk failed";
    case SQLITE_CORRUPT:
        return "the file is damaged: `hopt export` what can be read, or restore a copy";
    case SQLITE_NOTADB:
        return "the file is not a SQLite database";
    case SQLITE_CANTOPEN:
        return "the file, or the -wal and -shm files beside it, can't be opened";
    case SQLITE_TOOBIG:
        return "too large for SQLite";
    default:
        return "SQLite failed";
    }
}

hopt_status hopt_sqlite__fail(hopt_sqlite *s, int code, hopt_error *err) {
    if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED)
        return hopt_error_set(err, HOPT_ESTORE, "%s: %s for more than %.1f s", s->place,
                              advice(code), s->timeout_ms / 1000.0);
    return hopt_error_set(err, HOPT_ESTORE, "%s: %s (%s, code %d)", s->place, advice(code),
                          s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(code), code);
}

static int bind_one(sqlite3_stmt *statement, int at, char kind, va_list *args) {
    switch (kind) {
    case 'i':
        return sqlite3_bind_int(statement, at, va_arg(*args, int));
    case 'l':
        return sqlite3_bind_int64(statement, at, va_arg(*args, int64_t));
    case 'z': {
        int64_t value = va_arg(*args, int64_t);
        return value ? sqlite3_bind_int64(statement, at, value) : sqlite3_bind_null(statement, at);
    }
    case 'd': /* NaN becomes NULL in SQLite */
        return sqlite3_bind_double(statement, at, va_arg(*args, double));
    case 't':
        return sqlite3_bind_text(statement, at, va_arg(*args, const char *), -1, SQLITE_STATIC);
    case 'b':
        return sqlite3_bind_blob(statement, at, va_arg(*args, const hopt_trial_id *)->bytes,
                                 HOPT_ID_SIZE, SQLITE_STATIC);
    case 'v':
        return sqlite3_bind_value(statement, at, va_arg(*args, const sqlite3_value *));
    default: {
        HOPT_ASSERT(kind == 'B');
        const void *data = va_arg(*args, const void *);
        size_t length = va_arg(*args, size_t);
        return sqlite3_bind_blob64(statement, at, data ? data : "", length, SQLITE_STATIC);
    }
    }
}

static hopt_status bind_all(hopt_sqlite *s, sqlite3_stmt **out, hopt_sqlite_sql sql,
                            hopt_error *err, const char *format, va_list *args) {
    *out = NULL;
    int code = SQLITE_OK;
    if (!s->statements[sql])
        code = sqlite3_prepare_v3(s->db, texts[sql], -1, SQLITE_PREPARE_PERSISTENT,
                                  &s->statements[sql], NULL);
    sqlite3_stmt *statement = s->statements[sql];
    for (int i = 0; format[i] && code == SQLITE_OK; i++)
        code = bind_one(statement, i + 1, format[i], args);
    if (code != SQLITE_OK) return hopt_sqlite__fail(s, code, err);
    *out = statement;
    return HOPT_OK;
}

hopt_status hopt_sqlite__bind(hopt_sqlite *s, sqlite3_stmt **out, hopt_sqlite_sql sql,
                              hopt_error *err, const char *format, ...) {
    va_list args;
    va_start(args, format);
    hopt_status status = bind_all(s, out, sql, err, format, &args);
    va_end(args);
    return status;
}

hopt_status hopt_sqlite__step(hopt_sqlite *s, sqlite3_stmt *statement, bool *row, hopt_error *err) {
    int code = sqlite3_step(statement);
    *row = code == SQLITE_ROW;
    if (*row) return HOPT_OK;
    hopt_status status = code == SQLITE_DONE ? HOPT_OK : hopt_sqlite__fail(s, code, err);
    sqlite3_reset(statement);
    return status;
}

static hopt_status run(hopt_sqlite *s, int *changes, hopt_sqlite_sql sql, hopt_error *err,
                       const char *format, va_list *args) {
    sqlite3_stmt *statement;
    bool row = true;
    hopt_status status = bind_all(s, &statement, sql, err, format, args);
    while (status == HOPT_OK && row)
        status = hopt_sqlite__step(s, statement, &row, err);
    if (changes) *changes = status == HOPT_OK ? sqlite3_changes(s->db) : 0;
    return status;
}

hopt_status hopt_sqlite__run(hopt_sqlite *s, int *changes, hopt_sqlite_sql sql, hopt_error *err,
                             const char *format, ...) {
    va_list args;
    va_start(args, format);
    hopt_status status = run(s, changes, sql, err, format, &args);
    va_end(args);
    return status;
}

/* A call of the visit failed, or SQLite has rolled back by itself. */
static void fail_visit(hopt_sqlite *s, const hopt_error *why) {
    if (!s->visit_failed && why) s->visit_why = *why;
    s->visit_failed = true;
}

static hopt_status visit_undone(const hopt_sqlite *s, hopt_error *err) {
    return hopt_error_set(err, HOPT_ESTORE, "%s",
                          s->visit_why.code ? s->visit_why.message : "a failure undid a visit");
}

hopt_status hopt_sqlite__begin(hopt_sqlite *s, hopt_error *err) {
    if (!s->visit) return hopt_sqlite__run(s, NULL, HOPT_SQL_BEGIN, err, "");
    return s->visit_failed ? visit_undone(s, err) : HOPT_OK;
}

hopt_status hopt_sqlite__end(hopt_sqlite *s, hopt_status status, hopt_error *err) {
    if (s->visit) {
        if (status == HOPT_ESTORE || sqlite3_get_autocommit(s->db)) fail_visit(s, err);
        return status;
    }
    if (status == HOPT_OK) status = hopt_sqlite__run(s, NULL, HOPT_SQL_COMMIT, err, "");
    /* Some failures (full disk, input/output) have rolled back already. */
    if (status != HOPT_OK && !sqlite3_get_autocommit(s->db))
        (void)!hopt_sqlite__run(s, NULL, HOPT_SQL_ROLLBACK, NULL, "");
    return status;
}

hopt_status hopt_sqlite__visit_begin(void *self, hopt_error *err) {
    hopt_sqlite *s = self;
    HOPT_ASSERT(!s->visit);
    hopt_status status = hopt_sqlite__begin(s, err);
    s->visit = status == HOPT_OK;
    s->visit_failed = false;
    memset(&s->visit_why, 0, sizeof s->visit_why);
    return status;
}

hopt_status hopt_sqlite__visit_end(void *self, hopt_error *err) {
    hopt_sqlite *s = self;
    HOPT_ASSERT(s->visit);
    s->visit = false;
    bool undone = s->visit_failed || sqlite3_get_autocommit(s->db);
    return hopt_sqlite__end(s, undone ? visit_undone(s, err) : HOPT_OK, err);
}

hopt_status hopt_sqlite__write(hopt_sqlite *s, hopt_status none, hopt_error *err,
                               hopt_sqlite_sql sql, const char *format, ...) {
    int changes = 0;
    hopt_status status = hopt_sqlite__begin(s, err);
    if (status) return status;
    va_list args;
    va_start(args, format);
    status = run(s, &changes, sql, err, format, &args);
    va_end(args);
    status = hopt_sqlite__end(s, status, err);
    if (status == HOPT_OK && changes == 0) return none;
    return status;
}
