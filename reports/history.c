#include "reports/history.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "reports/history_internal.h"

#define APPLICATION 0x61737379 /* "assy": in the header of the file, so that it is told from any other database */
#define SCHEMA 1
#define BUSY_MS 30000

static const char schema[] =
    "CREATE TABLE runs(run INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, time TEXT NOT NULL,"
    " verdict TEXT NOT NULL CHECK(verdict IN ('pass', 'fail')), cases INTEGER NOT NULL, failed INTEGER NOT NULL,"
    " drifts INTEGER NOT NULL, record TEXT NOT NULL);"
    "CREATE INDEX runs_by_time ON runs(time, run);"
    "CREATE TABLE facts(run INTEGER NOT NULL REFERENCES runs(run) ON DELETE CASCADE, key TEXT NOT NULL,"
    " value TEXT NOT NULL, PRIMARY KEY(run, key)) WITHOUT ROWID;"
    "CREATE TABLE labels(run INTEGER NOT NULL REFERENCES runs(run) ON DELETE CASCADE, key TEXT NOT NULL,"
    " value TEXT NOT NULL, PRIMARY KEY(run, key)) WITHOUT ROWID;"
    "CREATE TABLE stages(run INTEGER NOT NULL REFERENCES runs(run) ON DELETE CASCADE, stage TEXT NOT NULL,"
    " places INTEGER NOT NULL, failed INTEGER NOT NULL, drifts INTEGER NOT NULL, ratio REAL, worst REAL,"
    " test_case TEXT NOT NULL, PRIMARY KEY(run, stage)) WITHOUT ROWID;"
    "PRAGMA application_id = 1634956153;"
    "PRAGMA user_version = 1;";
_Static_assert(APPLICATION == 1634956153 && SCHEMA == 1, "what the schema says");

/* What to do, by what went wrong. */
static const char *advice(int code) {
    switch (code & 0xff) {
    case SQLITE_FULL: return "the disk is full; earlier runs are as they were. Make room and run this again";
    case SQLITE_IOERR: return "reading or writing failed; earlier runs are as they were. Is the disk full, or gone?";
    case SQLITE_BUSY: return "other processes have kept it locked; run this again";
    case SQLITE_NOTADB: return "this is no history (no SQLite database); name another file";
    case SQLITE_CORRUPT: return "the database is damaged; restore a copy, or import an export into a new file";
    case SQLITE_READONLY:
    case SQLITE_PERM: return "the file or its folder cannot be written to";
    case SQLITE_CANTOPEN: return "it cannot be opened; are the folder and the file there, and may you write to both?";
    case SQLITE_TOOBIG: return "the run is too large to be stored";
    default: return NULL;
    }
}

assay_status history_fail(const assay_history *history, assay_error *err) {
    int code = sqlite3_extended_errcode(history->db);
    if ((code & 0xff) == SQLITE_NOMEM) return assay_fail_nomem(err, "the history");
    const char *what = advice(code);
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: %s (SQLite: %s)", history->path,
                      what ? what : "the database refuses this", sqlite3_errmsg(history->db));
}

assay_status history_run(assay_history *history, const char *sql, assay_error *err) {
    return sqlite3_exec(history->db, sql, NULL, NULL, NULL) == SQLITE_OK ? ASSAY_OK : history_fail(history, err);
}

assay_status history_prepare(assay_history *history, const char *sql, sqlite3_stmt **out, assay_error *err) {
    return sqlite3_prepare_v2(history->db, sql, -1, out, NULL) == SQLITE_OK ? ASSAY_OK : history_fail(history, err);
}

assay_status history_step(assay_history *history, sqlite3_stmt *statement, assay_error *err) {
    int code = sqlite3_step(statement);
    assay_status st = code == SQLITE_DONE ? ASSAY_OK : history_fail(history, err);
    sqlite3_reset(statement);
    return st;
}

const char *history_text_at(sqlite3_stmt *statement, int column) {
    const unsigned char *text = sqlite3_column_text(statement, column);
    return text ? (const char *)text : "";
}

/* The number that a constant query has. */
static assay_status ask(assay_history *history, const char *sql, int64_t *out, assay_error *err) {
    sqlite3_stmt *statement = NULL;
    assay_status st = history_prepare(history, sql, &statement, err);
    if (st) return st;
    if (sqlite3_step(statement) == SQLITE_ROW) *out = sqlite3_column_int64(statement, 0);
    else st = history_fail(history, err);
    sqlite3_finalize(statement);
    return st;
}

/* ---- what the file is ---- */

/* Whether the database is ours and of a version that is known; *empty: it has nothing yet. */
static assay_status look(assay_history *history, bool *empty, assay_error *err) {
    int64_t application = 0, version = 0, tables = 0;
    assay_status st = ask(history, "SELECT count(*) FROM sqlite_master", &tables, err);
    if (!st) st = ask(history, "PRAGMA application_id", &application, err);
    if (!st) st = ask(history, "PRAGMA user_version", &version, err);
    if (st) return st;
    *empty = tables == 0 && application == 0;
    if (*empty) return ASSAY_OK;
    if (application != APPLICATION)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: this is the database of another program; name another file",
                          history->path);
    if (version == SCHEMA) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL,
                      "%s: the history has version %lld, and this program knows version %d; use a newer assay",
                      history->path, (long long)version, SCHEMA);
}

/* Switching the journal while others do so too is refused at once, whatever the time limit for locks: so try again. */
static assay_status use_wal(assay_history *history, assay_error *err) {
    const struct timespec pause = {.tv_nsec = 10000000};
    int code = SQLITE_BUSY;
    for (int i = 0; i < BUSY_MS / 10 && (code & 0xff) == SQLITE_BUSY; i++) {
        if (i) nanosleep(&pause, NULL);
        code = sqlite3_exec(history->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
    }
    return code == SQLITE_OK ? ASSAY_OK : history_fail(history, err);
}

/* Several processes may find the database empty; the first of them makes the tables. */
static assay_status make_tables(assay_history *history, assay_error *err) {
    bool empty = false;
    assay_status st = use_wal(history, err);
    if (!st) st = history_run(history, "BEGIN IMMEDIATE", err);
    if (st) return st;
    st = look(history, &empty, err);
    if (!st && empty) st = history_run(history, schema, err);
    if (!st) st = history_run(history, "COMMIT", err);
    if (st) sqlite3_exec(history->db, "ROLLBACK", NULL, NULL, NULL);
    return st;
}

/* Sees one state, though another process makes the tables meanwhile. Where it fails the database is to be closed, which ends the
 * transaction and keeps the error code until then. */
static assay_status look_at_once(assay_history *history, bool *empty, assay_error *err) {
    assay_status st = history_run(history, "BEGIN", err);
    if (!st) st = look(history, empty, err);
    return st ? st : history_run(history, "COMMIT", err);
}

static assay_status prepare_database(assay_history *history, bool writes, assay_error *err) {
    bool empty = false;
    assay_status st = look_at_once(history, &empty, err);
    if (st) return st;
    if (empty && !writes)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the database is empty; 'assay history add' stores runs",
                          history->path);
    if (!writes) return history_run(history, "PRAGMA query_only = ON", err);
    if (empty) st = make_tables(history, err);
    return st ? st : history_run(history, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON", err);
}

/* ---- opening ---- */

static bool is_there(const char *path, const char *suffix) {
    char *name = NULL;
    struct stat info;
    if (asprintf(&name, "%s%s", path, suffix) < 0) return true;
    bool there = stat(name, &info) == 0;
    free(name);
    return there;
}

static assay_status open_as(assay_history *history, const char *name, int flags, assay_error *err) {
    int code = sqlite3_open_v2(name, &history->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (!history->db) return assay_fail_nomem(err, "the history");
    if (code != SQLITE_OK) return history_fail(history, err);
    sqlite3_busy_timeout(history->db, BUSY_MS);
    return ASSAY_OK;
}

/* "file:" and the path with what URIs reserve escaped; the caller frees it. NULL when out of memory. */
static char *immutable_uri(const char *path) {
    static const char end[] = "?immutable=1";
    char *uri = malloc(sizeof "file:" + 3 * strlen(path) + sizeof end), *at = uri;
    if (!uri) return NULL;
    at = stpcpy(at, "file:");
    for (; *path; path++) {
        if (strchr("%?#", *path)) at += sprintf(at, "%%%02X", (unsigned char)*path);
        else *at++ = *path;
    }
    strcpy(at, end);
    return uri;
}

/* Where the folder cannot be written to there is no room for what readers share; a database that nobody has open can be read
 * without. */
static assay_status open_still(assay_history *history, assay_error *err) {
    char *uri = immutable_uri(history->file);
    if (!uri) return assay_fail_nomem(err, "the history");
    sqlite3_close(history->db);
    history->db = NULL;
    assay_status st = open_as(history, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err);
    free(uri);
    return st ? st : prepare_database(history, false, err);
}

static assay_status open_to_read(assay_history *history, assay_error *err) {
    if (!is_there(history->path, ""))
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: there is no history; 'assay history add' makes one",
                          history->path);
    /* Who may write cleans up what readers share; SQLite opens what cannot be written to as such. */
    assay_status st = open_as(history, history->file, SQLITE_OPEN_READWRITE, err);
    if (!st) st = prepare_database(history, false, err);
    int code = st == ASSAY_EINPUT ? sqlite3_errcode(history->db) & 0xff : SQLITE_OK;
    bool locked_out = code == SQLITE_CANTOPEN || code == SQLITE_READONLY;
    return locked_out && !is_there(history->path, "-wal") ? open_still(history, err) : st;
}

static assay_status open_to_write(assay_history *history, assay_error *err) {
    assay_status st = open_as(history, history->file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
    if (!st && sqlite3_db_readonly(history->db, "main"))
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: %s", history->path, advice(SQLITE_READONLY));
    return st ? st : prepare_database(history, true, err);
}

/* SQLite takes a file that is shorter than its header for an empty database, and would write over it. */
static assay_status check_bytes(const char *path, assay_error *err) {
    static const char magic[] = "SQLite format 3";
    char head[sizeof magic] = "";
    struct stat info;
    bool is_file = stat(path, &info) == 0 && S_ISREG(info.st_mode); /* a pipe would hold up who opens it */
    FILE *in = is_file ? fopen(path, "r") : NULL;
    if (!in) return ASSAY_OK; /* SQLite says why */
    size_t n = fread(head, 1, sizeof head, in);
    fclose(in);
    if (memcmp(head, magic, n) == 0) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: %s", path, advice(SQLITE_NOTADB));
}

/* NULL when out of memory. */
static assay_history *new_history(const char *path) {
    assay_history *history = calloc(1, sizeof *history);
    if (!history) return NULL;
    history->path = strdup(path);
    if (asprintf(&history->file, "%s%s", path[0] == '/' ? "" : "./", path) < 0) history->file = NULL;
    if (history->path && history->file) return history;
    assay_history_close(history);
    return NULL;
}

assay_status assay_history_open(assay_history **out, const char *path, bool writes, assay_error *err) {
    assay_status st = check_bytes(path, err);
    if (st) return st;
    assay_history *history = new_history(path);
    if (!history) return assay_fail_nomem(err, "the history");
    st = writes ? open_to_write(history, err) : open_to_read(history, err);
    if (st) assay_history_close(history);
    else *out = history;
    return st;
}

void assay_history_close(assay_history *history) {
    if (!history) return;
    sqlite3_close(history->db);
    free(history->path);
    free(history->file);
    free(history);
}
