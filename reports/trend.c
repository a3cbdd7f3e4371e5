#include "reports/trend.h"

#include <stdlib.h>
#include <string.h>

#include "reports/history_internal.h"

#define MARK_MOST 10

typedef struct {
    assay_history *history;
    assay_trend *trend;
    sqlite3_stmt *stages, *labels, *kernel;
} reader;

static void free_run(assay_trend_run *run) {
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++) free(run->points[i].test_case);
    free(run->labels);
    free(run->mark);
    free(run->kernel);
}

void assay_trend_free(assay_trend *trend) {
    for (size_t i = 0; i < trend->count; i++) free_run(&trend->runs[i]);
    free(trend->runs);
    *trend = (assay_trend){0};
}

assay_stage assay_trend_worst(const assay_trend_run *run) {
    assay_stage worst = ASSAY_STAGE_COUNT;
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++)
        if (run->points[i].has_ratio && (worst == ASSAY_STAGE_COUNT || run->points[i].ratio > run->points[worst].ratio))
            worst = (assay_stage)i;
    return worst;
}

/* The next row of a statement about one run; *more is false past the last. */
static assay_status next(const reader *r, sqlite3_stmt *s, bool *more, assay_error *err) {
    int code = sqlite3_step(s);
    *more = code == SQLITE_ROW;
    if (*more) return ASSAY_OK;
    assay_status st = code == SQLITE_DONE ? ASSAY_OK : history_fail(r->history, err);
    sqlite3_reset(s);
    return st;
}

static assay_status take_point(assay_trend_run *run, sqlite3_stmt *s, assay_error *err) {
    assay_stage stage;
    if (!assay_stage_from_text(history_text_at(s, 0), &stage)) return ASSAY_OK; /* of a later version */
    assay_trend_point *p = &run->points[stage];
    p->judged = sqlite3_column_int64(s, 1) > 0;
    p->failed = sqlite3_column_int64(s, 2);
    p->drifts = sqlite3_column_int64(s, 3);
    p->has_ratio = sqlite3_column_type(s, 4) != SQLITE_NULL;
    p->ratio = sqlite3_column_double(s, 4);
    free(p->test_case);
    p->test_case = strdup(history_text_at(s, 5));
    return p->test_case ? ASSAY_OK : assay_fail_nomem(err, "a trend");
}

static assay_status read_stages(const reader *r, assay_trend_run *run, int64_t number, assay_error *err) {
    bool more = true;
    assay_status st = ASSAY_OK;
    sqlite3_bind_int64(r->stages, 1, number);
    while (!st && more) {
        st = next(r, r->stages, &more, err);
        if (!st && more) st = take_point(run, r->stages, err);
    }
    sqlite3_reset(r->stages);
    return st;
}

/* All of them in one text; the value of "commit" is what the run is called. */
static assay_status read_labels(const reader *r, assay_trend_run *run, int64_t number, assay_error *err) {
    size_t nbytes = 0;
    bool more = true;
    FILE *out = open_memstream(&run->labels, &nbytes);
    if (!out) return assay_fail_nomem(err, "a trend");
    assay_status st = ASSAY_OK;
    sqlite3_bind_int64(r->labels, 1, number);
    for (int i = 0; !st && more; i++) {
        st = next(r, r->labels, &more, err);
        if (st || !more) continue;
        fprintf(out, "%s%s=%s", i ? ", " : "", history_text_at(r->labels, 0), history_text_at(r->labels, 1));
        if (strcmp(history_text_at(r->labels, 0), "commit") != 0 || run->mark) continue;
        run->mark = strndup(history_text_at(r->labels, 1), MARK_MOST);
    }
    sqlite3_reset(r->labels);
    if (fclose(out) != 0 && !st) st = assay_fail_nomem(err, "a trend");
    return st;
}

static assay_status read_kernel(const reader *r, assay_trend_run *run, int64_t number, assay_error *err) {
    bool more = false;
    sqlite3_bind_int64(r->kernel, 1, number);
    assay_status st = next(r, r->kernel, &more, err);
    if (!st) run->kernel = strdup(more ? history_text_at(r->kernel, 0) : "");
    sqlite3_reset(r->kernel);
    return st || run->kernel ? st : assay_fail_nomem(err, "a trend");
}

static assay_trend_run *append(assay_trend *trend) {
    if (trend->count == trend->capacity) {
        size_t grown = trend->capacity ? 2 * trend->capacity : 32;
        assay_trend_run *moved = realloc(trend->runs, grown * sizeof *moved);
        if (!moved) return NULL;
        trend->runs = moved;
        trend->capacity = grown;
    }
    assay_trend_run *run = &trend->runs[trend->count++];
    *run = (assay_trend_run){0};
    return run;
}

static assay_status take_run(void *context, const assay_history_run *stored, assay_error *err) {
    const reader *r = context;
    assay_trend_run *run = append(r->trend);
    if (!run) return assay_fail_nomem(err, "a trend");
    snprintf(run->id, sizeof run->id, "%s", stored->id);
    snprintf(run->time, sizeof run->time, "%s", stored->time);
    run->passed = stored->passed;
    run->cases = stored->cases;
    run->failed = stored->failed;
    run->drifts = stored->drifts;
    assay_status st = read_stages(r, run, stored->number, err);
    if (!st) st = read_labels(r, run, stored->number, err);
    if (!st) st = read_kernel(r, run, stored->number, err);
    if (st) return st;
    if (!run->mark) run->mark = strndup(run->id, 7);
    return run->mark ? ASSAY_OK : assay_fail_nomem(err, "a trend");
}

assay_status assay_trend_read(assay_trend *out, assay_history *history, const assay_history_filter *filter,
                              assay_error *err) {
    assay_trend trend = {0};
    reader r = {.history = history, .trend = &trend};
    assay_status st = history_prepare(
        history, "SELECT stage, places, failed, drifts, ratio, test_case FROM stages WHERE run = ?", &r.stages, err);
    if (!st) st = history_prepare(history, "SELECT key, value FROM labels WHERE run = ? ORDER BY key", &r.labels, err);
    if (!st)
        st = history_prepare(history, "SELECT value FROM facts WHERE run = ? AND key = 'blas_kernel'", &r.kernel, err);
    if (!st) st = assay_history_each(history, filter, take_run, &r, err);
    sqlite3_finalize(r.stages);
    sqlite3_finalize(r.labels);
    sqlite3_finalize(r.kernel);
    if (st) assay_trend_free(&trend);
    else *out = trend;
    return st;
}
