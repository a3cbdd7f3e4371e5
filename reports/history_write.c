/* Storing runs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/history_internal.h"

/* A stage over all cases of a run. */
typedef struct {
    int64_t places, failed, drifts;
    bool has_worst;
    double ratio, worst;
    const char *test_case; /* of the largest ratio */
} stage_row;

static bool stage_of_drift(const assay_drift *d, assay_stage *out) {
    assay_place place;
    if (assay_stage_from_text(d->path, out)) return true;
    if (!assay_place_parse(d->path, &place)) return false;
    *out = place.stage;
    return true;
}

static void add_case(stage_row *rows, const assay_run_case *c) {
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++) {
        const assay_run_stage *s = &c->stages[i];
        stage_row *row = &rows[i];
        if (!s->places) continue;
        row->places += s->places;
        row->failed += s->failed;
        if (!row->test_case) row->test_case = c->name;
        if (!s->has_worst) continue;
        if (!row->has_worst || s->ratio > row->ratio) {
            row->ratio = s->ratio;
            row->test_case = c->name;
        }
        row->worst = fmax(row->worst, s->worst);
        row->has_worst = true;
    }
}

static void fold(stage_row rows[ASSAY_STAGE_COUNT], const assay_run_record *record) {
    memset(rows, 0, ASSAY_STAGE_COUNT * sizeof *rows);
    for (size_t i = 0; i < record->case_count; i++) add_case(rows, &record->cases[i]);
    for (size_t i = 0; i < record->drifts.count; i++) {
        assay_stage stage;
        const assay_drift *d = &record->drifts.items[i];
        if (assay_drift_fails(d->kind) && stage_of_drift(d, &stage)) rows[stage].drifts++;
    }
}

static void bind_text(sqlite3_stmt *s, int at, const char *text) { sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC); }

static assay_status insert_stage(assay_history *h, sqlite3_stmt *s, assay_stage stage, const stage_row *row,
                                 assay_error *err) {
    char name[ASSAY_STAGE_TEXT];
    bind_text(s, 2, assay_stage_text(stage, name));
    sqlite3_bind_int64(s, 3, row->places);
    sqlite3_bind_int64(s, 4, row->failed);
    sqlite3_bind_int64(s, 5, row->drifts);
    sqlite3_bind_null(s, 6);
    sqlite3_bind_null(s, 7);
    if (row->has_worst) sqlite3_bind_double(s, 6, row->ratio);
    if (row->has_worst) sqlite3_bind_double(s, 7, row->worst);
    bind_text(s, 8, row->test_case ? row->test_case : "");
    return history_step(h, s, err);
}

static assay_status insert_stages(assay_history *h, int64_t run, const assay_run_record *record, assay_error *err) {
    stage_row rows[ASSAY_STAGE_COUNT];
    sqlite3_stmt *s = NULL;
    fold(rows, record);
    assay_status st = history_prepare(h, "INSERT INTO stages VALUES(?, ?, ?, ?, ?, ?, ?, ?)", &s, err);
    if (!st) sqlite3_bind_int64(s, 1, run);
    for (int i = 0; i < ASSAY_STAGE_COUNT && !st; i++)
        if (rows[i].places || rows[i].drifts) st = insert_stage(h, s, (assay_stage)i, &rows[i], err);
    sqlite3_finalize(s);
    return st;
}

static assay_status insert_facts(assay_history *h, const char *sql, int64_t run, const assay_facts *facts,
                                 assay_error *err) {
    sqlite3_stmt *s = NULL;
    assay_status st = history_prepare(h, sql, &s, err);
    for (size_t i = 0; i < facts->count && !st; i++) {
        sqlite3_bind_int64(s, 1, run);
        bind_text(s, 2, facts->items[i].key);
        bind_text(s, 3, facts->items[i].value);
        st = history_step(h, s, err);
    }
    sqlite3_finalize(s);
    return st;
}

static void bind_run(sqlite3_stmt *s, const assay_run_record *r, const char *id, const char *line) {
    int64_t failed = 0, drifts = 0;
    for (size_t i = 0; i < r->case_count; i++) {
        assay_case_verdict verdict = r->cases[i].verdict;
        failed += verdict == ASSAY_CASE_FAIL || verdict == ASSAY_CASE_ERROR;
    }
    for (size_t i = 0; i < r->drifts.count; i++) drifts += assay_drift_fails(r->drifts.items[i].kind);
    bind_text(s, 1, id);
    bind_text(s, 2, r->time);
    bind_text(s, 3, r->passed ? "pass" : "fail");
    sqlite3_bind_int64(s, 4, (int64_t)r->case_count);
    sqlite3_bind_int64(s, 5, failed);
    sqlite3_bind_int64(s, 6, drifts);
    bind_text(s, 7, line);
}

/* Within a transaction. *added is false when the id is there. */
static assay_status insert_run(assay_history *h, const assay_run_record *r, const char *id, const char *line,
                               bool *added, assay_error *err) {
    sqlite3_stmt *s = NULL;
    assay_status st =
        history_prepare(h,
                        "INSERT INTO runs(id, time, verdict, cases, failed, drifts, record) VALUES(?, ?, ?, ?, ?, ?, ?)"
                        " ON CONFLICT(id) DO NOTHING",
                        &s, err);
    if (st) return st;
    bind_run(s, r, id, line);
    st = history_step(h, s, err);
    sqlite3_finalize(s);
    *added = !st && sqlite3_changes(h->db) > 0;
    if (!*added) return st;
    int64_t run = sqlite3_last_insert_rowid(h->db);
    st = insert_facts(h, "INSERT INTO facts VALUES(?, ?, ?)", run, &r->facts, err);
    if (!st) st = insert_facts(h, "INSERT INTO labels VALUES(?, ?, ?)", run, &r->labels, err);
    return st ? st : insert_stages(h, run, r, err);
}

static assay_status insert_record(assay_history *h, const assay_run_record *r, char *id, bool *added,
                                  assay_error *err) {
    char *line = NULL, own[ASSAY_RUN_ID_TEXT];
    assay_status st = assay_run_record_print(&line, own, r, err);
    if (!st) st = insert_run(h, r, own, line, added, err);
    if (!st && id) memcpy(id, own, sizeof own);
    free(line);
    return st;
}

/* Ends a transaction as its statements did. */
static assay_status end(assay_history *h, assay_status st, assay_error *err) {
    if (!st) st = history_run(h, "COMMIT", err);
    if (st) sqlite3_exec(h->db, "ROLLBACK", NULL, NULL, NULL);
    return st;
}

assay_status assay_history_add(assay_history *history, const assay_run_record *record, char *id, bool *added,
                               assay_error *err) {
    assay_status st = history_run(history, "BEGIN IMMEDIATE", err);
    return st ? st : end(history, insert_record(history, record, id, added, err), err);
}

/* h may be NULL: then the line is read alone. */
static assay_status import_line(assay_history *h, const char *line, size_t nbytes, const char *where,
                                assay_history_counts *counts, assay_error *err) {
    assay_run_record record;
    bool added = false;
    assay_status st = assay_run_record_parse(&record, line, nbytes, where, err);
    if (st) return st;
    if (h) st = insert_record(h, &record, NULL, &added, err);
    counts->added += added;
    counts->known += !st && !added;
    assay_run_record_free(&record);
    return st;
}

static assay_status import_lines(assay_history *h, FILE *in, const char *where, assay_history_counts *counts,
                                 assay_error *err) {
    char *line = NULL;
    size_t capacity = 0, number = 0;
    assay_status st = ASSAY_OK;
    for (ssize_t n; !st && (n = getline(&line, &capacity, in)) >= 0;) {
        char at[512];
        snprintf(at, sizeof at, "%.440s: run %zu", where, ++number);
        if (n > 0 && line[n - 1] == '\n') n--;
        if (n > 0) st = import_line(h, line, (size_t)n, at, counts, err);
    }
    free(line);
    if (!st && ferror(in)) st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: cannot be read", where);
    return st;
}

assay_status assay_history_check(FILE *in, const char *where, assay_error *err) {
    assay_history_counts counts = {0};
    return import_lines(NULL, in, where, &counts, err);
}

assay_status assay_history_import(assay_history *history, FILE *in, const char *where, assay_history_counts *counts,
                                  assay_error *err) {
    *counts = (assay_history_counts){0};
    assay_status st = history_run(history, "BEGIN IMMEDIATE", err);
    return st ? st : end(history, import_lines(history, in, where, counts, err), err);
}
