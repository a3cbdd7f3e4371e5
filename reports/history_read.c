/* Reading runs back. */
#include <stdlib.h>
#include <string.h>

#include "reports/history_internal.h"

/* Whether the run has a label. */
static assay_status has_label(assay_history *h, sqlite3_stmt *s, int64_t run, const assay_fact *label, bool *out,
                              assay_error *err) {
    sqlite3_bind_int64(s, 1, run);
    sqlite3_bind_text(s, 2, label->key, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 3, label->value, -1, SQLITE_STATIC);
    int code = sqlite3_step(s);
    *out = code == SQLITE_ROW;
    assay_status st = code == SQLITE_ROW || code == SQLITE_DONE ? ASSAY_OK : history_fail(h, err);
    sqlite3_reset(s);
    return st;
}

static assay_status has_labels(assay_history *h, sqlite3_stmt *s, int64_t run, const assay_facts *labels, bool *out,
                               assay_error *err) {
    assay_status st = ASSAY_OK;
    *out = true;
    for (size_t i = 0; labels && i < labels->count && *out && !st; i++)
        st = has_label(h, s, run, &labels->items[i], out, err);
    return st;
}

/* The numbers of the runs that a filter means, in order of their time. */
typedef struct {
    int64_t *items;
    size_t count, capacity;
} run_list;

static assay_status append(run_list *list, int64_t run, assay_error *err) {
    if (list->count == list->capacity) {
        size_t grown = list->capacity ? 2 * list->capacity : 64;
        int64_t *moved = realloc(list->items, grown * sizeof *moved);
        if (!moved) return assay_fail_nomem(err, "the history");
        list->items = moved;
        list->capacity = grown;
    }
    list->items[list->count++] = run;
    return ASSAY_OK;
}

static assay_status list_runs(assay_history *h, const assay_facts *labels, run_list *out, assay_error *err) {
    sqlite3_stmt *runs = NULL, *label = NULL;
    assay_status st = history_prepare(h, "SELECT run FROM runs ORDER BY time, run", &runs, err);
    if (!st) st = history_prepare(h, "SELECT 1 FROM labels WHERE run = ? AND key = ? AND value = ?", &label, err);
    int code = SQLITE_ROW;
    while (!st && (code = sqlite3_step(runs)) == SQLITE_ROW) {
        int64_t run = sqlite3_column_int64(runs, 0);
        bool meant = false;
        st = has_labels(h, label, run, labels, &meant, err);
        if (!st && meant) st = append(out, run, err);
    }
    if (!st && code != SQLITE_DONE) st = history_fail(h, err);
    sqlite3_finalize(runs);
    sqlite3_finalize(label);
    return st;
}

static assay_status visit_run(assay_history *h, sqlite3_stmt *s, int64_t number, assay_history_visit visit,
                              void *context, assay_error *err) {
    sqlite3_bind_int64(s, 1, number);
    assay_status st = ASSAY_OK;
    if (sqlite3_step(s) == SQLITE_ROW) {
        const assay_history_run run = {.number = number,
                                       .id = history_text_at(s, 0),
                                       .time = history_text_at(s, 1),
                                       .passed = strcmp(history_text_at(s, 2), "pass") == 0,
                                       .cases = sqlite3_column_int64(s, 3),
                                       .failed = sqlite3_column_int64(s, 4),
                                       .drifts = sqlite3_column_int64(s, 5),
                                       .record = history_text_at(s, 6)};
        st = visit(context, &run, err);
    } else {
        st = history_fail(h, err);
    }
    sqlite3_reset(s);
    return st;
}

static assay_status visit_runs(assay_history *h, const assay_history_filter *filter, assay_history_visit visit,
                               void *context, assay_error *err) {
    run_list list = {0};
    sqlite3_stmt *s = NULL;
    assay_status st = list_runs(h, filter->labels, &list, err);
    if (!st)
        st = history_prepare(h, "SELECT id, time, verdict, cases, failed, drifts, record FROM runs WHERE run = ?", &s,
                             err);
    size_t first = filter->last && list.count > filter->last ? list.count - filter->last : 0;
    for (size_t i = first; i < list.count && !st; i++) st = visit_run(h, s, list.items[i], visit, context, err);
    sqlite3_finalize(s);
    free(list.items);
    return st;
}

/* One transaction: what others store meanwhile is not seen by half. */
assay_status assay_history_each(assay_history *history, const assay_history_filter *filter, assay_history_visit visit,
                                void *context, assay_error *err) {
    static const assay_history_filter all = {0};
    assay_status st = history_run(history, "BEGIN", err);
    if (st) return st;
    st = visit_runs(history, filter ? filter : &all, visit, context, err);
    sqlite3_exec(history->db, "COMMIT", NULL, NULL, NULL);
    return st;
}

static assay_status fail_id(const assay_history *h, const char *id, const char *why, assay_error *err) {
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: %s '%.40s'; 'assay history list' shows the ids", h->path, why, id);
}

/* An id is hexadecimal: no letter of it is a wildcard. */
assay_status assay_history_get(assay_history *history, const char *id, assay_run_record *out, assay_error *err) {
    sqlite3_stmt *s = NULL;
    if (!*id || id[strspn(id, "0123456789abcdef")]) return fail_id(history, id, "no run has the id", err);
    assay_status st =
        history_prepare(history, "SELECT record FROM runs WHERE substr(id, 1, length(?1)) = ?1 LIMIT 2", &s, err);
    if (st) return st;
    sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
    char *line = NULL;
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW) line = strdup(history_text_at(s, 0));
    int next = code == SQLITE_ROW ? sqlite3_step(s) : code;
    if (code == SQLITE_DONE) st = fail_id(history, id, "no run has an id that begins with", err);
    else if (next == SQLITE_ROW) st = fail_id(history, id, "several runs have ids that begin with", err);
    else if (next != SQLITE_DONE) st = history_fail(history, err);
    else if (!line) st = assay_fail_nomem(err, "the history");
    else st = assay_run_record_parse(out, line, strlen(line), history->path, err);
    sqlite3_finalize(s);
    free(line);
    return st;
}
