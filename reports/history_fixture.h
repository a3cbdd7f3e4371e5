/* What the tests of the history share: a folder, and runs told apart by a label. */
#ifndef ASSAY_REPORTS_HISTORY_FIXTURE_H
#define ASSAY_REPORTS_HISTORY_FIXTURE_H

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reports/history.h"
#include "reports/report_fixture.h"

static char folder[] = "/tmp/assay-test-XXXXXX";
static char path[64], other[64];

static inline void make_folder(void) {
    cr_assert_not_null(mkdtemp(folder));
    chmod(folder, 0755);
    snprintf(path, sizeof path, "%s/a #%%.db", folder); /* with what URIs reserve */
    snprintf(other, sizeof other, "%s/other.db", folder);
}

static inline void remove_folder(void) {
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    char name[100];
    for (int i = 0; i < 8; i++) {
        snprintf(name, sizeof name, "%s%s", i < 4 ? path : other, suffixes[i % 4]);
        unlink(name);
    }
    cr_assert_eq(rmdir(folder), 0, "nothing else was left in the folder");
}

static inline assay_history *open_at(const char *name, bool writes) {
    assay_error err = {0};
    assay_history *h = NULL;
    cr_assert_eq(assay_history_open(&h, name, writes, &err), ASSAY_OK, "%s", err.message);
    return h;
}

/* The record of the fixture's result, told from others by the label "n". */
static inline assay_run_record record_of(int n, const char *time) {
    char text[16];
    assay_facts labels = {0};
    assay_run_record record;
    assay_error err = {0};
    assay_result r = report_fixture();
    snprintf(text, sizeof text, "%d", n);
    cr_assert_eq(assay_facts_set(&labels, "n", text, NULL), ASSAY_OK);
    cr_assert_eq(assay_facts_set(&labels, "parity", n % 2 ? "odd" : "even", NULL), ASSAY_OK);
    r.drifts.baseline = strdup("b.json");
    const assay_drift drift = {"right", REPORT_NORM, ASSAY_DRIFT_MOVED, ASSAY_MEASURE_WORST, 0.25, 1.75, 0.75};
    cr_assert_eq(assay_drifts_add(&r.drifts, &drift, NULL), ASSAY_OK);
    cr_assert_eq(assay_run_record_of(&record, &r, time, &labels, &err), ASSAY_OK, "%s", err.message);
    assay_facts_free(&labels);
    assay_result_free(&r);
    return record;
}

static inline bool add(assay_history *h, int n, const char *time) {
    assay_error err = {0};
    bool added = false;
    assay_run_record record = record_of(n, time);
    cr_assert_eq(assay_history_add(h, &record, NULL, &added, &err), ASSAY_OK, "%s", err.message);
    assay_run_record_free(&record);
    return added;
}

#define TIME "2026-11-29T12:00:00Z"

typedef struct {
    size_t count;
    int numbers[200];
    FILE *out; /* NULL, or where the records go */
} seen;

static inline assay_status see(void *context, const assay_history_run *run, assay_error *err) {
    seen *s = context;
    assay_run_record record;
    assay_status st = assay_run_record_parse(&record, run->record, strlen(run->record), "run", err);
    cr_assert_eq(st, ASSAY_OK, "%s", err ? err->message : "");
    s->numbers[s->count++ % 200] = atoi(assay_facts_get(&record.labels, "n"));
    if (s->out) fputs(run->record, s->out);
    cr_assert_eq(run->cases, 3);
    cr_assert_eq(run->failed, 2);
    cr_assert_eq(run->drifts, 1);
    cr_assert_not(run->passed);
    assay_run_record_free(&record);
    return ASSAY_OK;
}

static inline seen see_all(const char *name, const assay_history_filter *filter) {
    seen s = {0};
    assay_error err = {0};
    assay_history *h = open_at(name, false);
    cr_assert_eq(assay_history_each(h, filter, see, &s, &err), ASSAY_OK, "%s", err.message);
    assay_history_close(h);
    return s;
}

/* As another program sees it. */
static inline void check_integrity(void) {
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    cr_assert_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &s, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_step(s), SQLITE_ROW);
    cr_assert_str_eq((const char *)sqlite3_column_text(s, 0), "ok");
    sqlite3_finalize(s);
    cr_assert_eq(sqlite3_prepare_v2(db, "PRAGMA foreign_key_check", -1, &s, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_step(s), SQLITE_DONE);
    sqlite3_finalize(s);
    static const char halves[] = "SELECT id FROM runs WHERE run NOT IN (SELECT run FROM stages WHERE stage = 'logits')";
    cr_assert_eq(sqlite3_prepare_v2(db, halves, -1, &s, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_step(s), SQLITE_DONE, "a run is there by half");
    sqlite3_finalize(s);
    sqlite3_close(db);
}

/* Ends a child as its checks went: cr_assert means nothing there. */
static inline void expect_child(pid_t child) {
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %d", status);
}

#endif
