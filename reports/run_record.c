#include "reports/run_record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/stage_fold.h"

void assay_run_record_free(assay_run_record *record) {
    for (size_t i = 0; i < record->case_count; i++) free(record->cases[i].name);
    free(record->cases);
    assay_facts_free(&record->facts);
    assay_facts_free(&record->labels);
    assay_drifts_free(&record->drifts);
    *record = (assay_run_record){0};
}

/* To four digits: what is printed then reads back to the same number, and a run to the same id. */
static double rounded(double value) {
    char text[32];
    snprintf(text, sizeof text, "%.4g", isnan(value) ? INFINITY : value);
    return strtod(text, NULL);
}

static assay_run_stage stage_of(const assay_stage_fold *f) {
    assay_run_stage stage = {
        .places = (int64_t)f->places, .failed = (int64_t)f->failed, .has_worst = f->has_worst, .has_rms = f->has_rms};
    if (f->has_worst) {
        stage.ratio = rounded(f->ratio);
        stage.worst = rounded(f->worst);
    }
    if (f->has_rms) stage.rms = rounded(f->rms);
    return stage;
}

static assay_status take_case(assay_run_case *out, const assay_case_result *c, assay_error *err) {
    assay_stage_fold folds[ASSAY_STAGE_COUNT];
    out->name = strdup(c->name);
    if (!out->name) return assay_fail_nomem(err, "a run");
    out->verdict = c->verdict;
    assay_stage_fold_case(c, folds);
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++) out->stages[i] = stage_of(&folds[i]);
    return ASSAY_OK;
}

static assay_status take_cases(assay_run_record *out, const assay_result *r, assay_error *err) {
    assay_status st = ASSAY_OK;
    out->cases = calloc(r->case_count + 1, sizeof *out->cases);
    if (!out->cases) return assay_fail_nomem(err, "a run");
    for (size_t i = 0; i < r->case_count && !st; i++) st = take_case(&out->cases[out->case_count++], &r->cases[i], err);
    return st;
}

static assay_status take_facts(assay_facts *out, const assay_facts *facts, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (size_t i = 0; facts && i < facts->count && !st; i++)
        st = assay_facts_set(out, facts->items[i].key, facts->items[i].value, err);
    return st;
}

static assay_status take_drifts(assay_drifts *out, const assay_drifts *drifts, assay_error *err) {
    assay_status st = ASSAY_OK;
    if (!drifts->baseline) return ASSAY_OK;
    out->baseline = strdup(drifts->baseline);
    if (!out->baseline) return assay_fail_nomem(err, "a run");
    for (size_t i = 0; i < drifts->count && !st; i++) {
        assay_drift d = drifts->items[i];
        d.before = rounded(d.before);
        d.now = rounded(d.now);
        d.limit = rounded(d.limit);
        st = assay_drifts_add(out, &d, err);
    }
    return st;
}

static assay_status take_time(assay_run_record *out, const assay_result *r, const char *time, assay_error *err) {
    if (!time) time = assay_facts_get(&r->facts, "time");
    if (!time) return assay_time_now(out->time, err);
    if (!assay_time_is(time))
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "the time of the run is '%.40s'; it must be as 2026-12-31T23:59:59Z, in UTC", time);
    memcpy(out->time, time, sizeof out->time);
    return ASSAY_OK;
}

assay_status assay_run_record_of(assay_run_record *out, const assay_result *result, const char *time,
                                 const assay_facts *labels, assay_error *err) {
    assay_run_record record = {.passed = assay_result_passed(result)};
    assay_status st = take_time(&record, result, time, err);
    if (!st) st = take_facts(&record.facts, &result->facts, err);
    if (!st) st = take_facts(&record.labels, labels, err);
    if (!st) st = take_cases(&record, result, err);
    if (!st) st = take_drifts(&record.drifts, &result->drifts, err);
    if (st) assay_run_record_free(&record);
    else *out = record;
    return st;
}
