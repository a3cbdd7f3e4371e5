/* What the files of the history share. */
#ifndef ASSAY_REPORTS_HISTORY_INTERNAL_H
#define ASSAY_REPORTS_HISTORY_INTERNAL_H

#include <sqlite3.h>

#include "reports/history.h"

struct assay_history {
    sqlite3 *db;
    char *path; /* as the caller named it */
    char *file; /* the same as SQLite takes it for a file, not for a URI or memory: "./" before what is not absolute */
};

/* Says in one line what the last call on the database could not do, and what to do about it. */
assay_status history_fail(const assay_history *history, assay_error *err);

/* Runs constant statements. */
assay_status history_run(assay_history *history, const char *sql, assay_error *err);

/* Prepares one. */
assay_status history_prepare(assay_history *history, const char *sql, sqlite3_stmt **out, assay_error *err);

/* Steps a statement that returns nothing, and makes it ready for the next values. */
assay_status history_step(assay_history *history, sqlite3_stmt *statement, assay_error *err);

/* A text of the row, until the statement moves on; "" for NULL. */
const char *history_text_at(sqlite3_stmt *statement, int column);

#endif
