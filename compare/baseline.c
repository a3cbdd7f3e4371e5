#include "compare/baseline.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void assay_baseline_free(assay_baseline *baseline) {
    for (size_t i = 0; i < baseline->count; i++) free(baseline->cases[i].name);
    free(baseline->cases);
    *baseline = (assay_baseline){0};
}

static int compare_names(const void *a, const void *b) {
    return strcmp(((const assay_baseline_case *)a)->name, ((const assay_baseline_case *)b)->name);
}

void assay_baseline_sort(assay_baseline *baseline) {
    if (baseline->count) qsort(baseline->cases, baseline->count, sizeof *baseline->cases, compare_names);
}

const assay_baseline_case *assay_baseline_find(const assay_baseline *baseline, const char *name) {
    const assay_baseline_case key = {.name = (char *)name}; /* not written to */
    if (baseline->count == 0) return NULL;
    return bsearch(&key, baseline->cases, baseline->count, sizeof key, compare_names);
}

/* ---- from a run ---- */

/* To three significant digits, as a file has them. */
static double rounded(double value) {
    char text[32];
    snprintf(text, sizeof text, "%.3g", value);
    return strtod(text, NULL);
}

static assay_baseline_stage stage_of(const assay_stage_fold *f) {
    assay_baseline_stage stage = {.places = f->places, .has_worst = f->has_worst, .has_rms = f->has_rms};
    if (f->has_worst) stage.worst = rounded(f->worst);
    if (f->has_rms) stage.rms = rounded(f->rms);
    return stage;
}

static assay_status case_of(assay_baseline_case *out, const assay_case_result *c, size_t *left_out, assay_error *err) {
    assay_stage_fold folds[ASSAY_STAGE_COUNT];
    if (c->verdict == ASSAY_CASE_ERROR)
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "case %s could not be compared, so there is nothing to accept: %.300s", c->name, c->error);
    *out = (assay_baseline_case){.has_dtype = c->has_dtypes, .dtype = c->candidate_dtype, .name = strdup(c->name)};
    if (!out->name) return assay_fail_nomem(err, "a baseline");
    assay_stage_fold_case(c, folds);
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++) {
        bool bad = folds[i].failed || (folds[i].has_worst && !isfinite(folds[i].worst));
        if (!bad) out->stages[i] = stage_of(&folds[i]);
        *left_out += bad;
    }
    size_t failed, refusals = assay_fold_refusals(c, &failed);
    if (!failed) out->refusals = refusals;
    *left_out += failed > 0;
    return ASSAY_OK;
}

static assay_status check_names(const assay_baseline *b, assay_error *err) {
    for (size_t i = 1; i < b->count; i++)
        if (strcmp(b->cases[i - 1].name, b->cases[i].name) == 0)
            return assay_fail(err, ASSAY_EINPUT, NULL, "case %s is there twice; accept one result of it",
                              b->cases[i].name);
    return ASSAY_OK;
}

assay_status assay_baseline_of(assay_baseline *out, const assay_result *result, size_t *left_out, assay_error *err) {
    assay_baseline b = {.cases = calloc(result->case_count + 1, sizeof *b.cases)};
    assay_status st = b.cases ? ASSAY_OK : assay_fail_nomem(err, "a baseline");
    *left_out = 0;
    for (size_t i = 0; i < result->case_count && !st; i++) {
        /* A case that the port cannot run has nothing to keep. */
        if (result->cases[i].verdict == ASSAY_CASE_UNSUPPORTED) continue;
        st = case_of(&b.cases[b.count], &result->cases[i], left_out, err);
        b.count += !st;
    }
    if (!st) assay_baseline_sort(&b);
    if (!st) st = check_names(&b, err);
    if (!st) *out = b;
    else assay_baseline_free(&b);
    return st;
}

/* ---- against a run ---- */

/* Where the band around `value` ends. */
static double limit_of(double value, double unit) { return ASSAY_BASELINE_BAND * fmax(value, unit); }

/* How many times `now` is beyond the band around `before`, at most 1 within; NaN, which never happens in a fold, is beyond. */
static double excess(double now, double before, double unit) {
    double times = now / limit_of(before, unit);
    return isnan(times) ? INFINITY : times;
}

typedef struct {
    assay_drift_measure measure;
    bool known; /* then and now */
    double before, now, unit;
} measured;

/* Sets kind, measure, values and limit of *drift when the stage moved or is better; of two measures the one that is farther beyond the
 * band counts. False within the band. */
static bool judge(assay_drift *drift, const measured measures[2]) {
    double most = 1;
    for (int i = 0; i < 2; i++) {
        const measured *m = &measures[i];
        if (!m->known) continue;
        double farther = excess(m->now, m->before, m->unit), nearer = excess(m->before, m->now, m->unit);
        if (fmax(farther, nearer) <= most) continue;
        most = fmax(farther, nearer);
        drift->kind = farther > 1 ? ASSAY_DRIFT_MOVED : ASSAY_DRIFT_BETTER;
        drift->measure = m->measure;
        drift->before = m->before;
        drift->now = m->now;
        drift->limit = farther > 1 ? limit_of(m->before, m->unit) : m->before / ASSAY_BASELINE_BAND;
    }
    return most > 1;
}

/* A root mean square that only one of the two has came or went. */
static bool judge_spread(assay_drift *drift, const assay_baseline_stage *before, const assay_baseline_stage *now) {
    if (before->has_rms == now->has_rms) return false;
    drift->kind = now->has_rms ? ASSAY_DRIFT_NEW : ASSAY_DRIFT_VANISHED;
    drift->measure = ASSAY_MEASURE_RMS;
    drift->before = before->rms;
    drift->now = now->rms;
    drift->limit = 0;
    return true;
}

static bool judge_stage(assay_drift *drift, const assay_baseline_stage *before, const assay_baseline_stage *now) {
    const measured measures[2] = {
        {ASSAY_MEASURE_WORST, before->has_worst && now->has_worst, before->worst, now->worst,
         ASSAY_BASELINE_UNIT_WORST},
        {ASSAY_MEASURE_RMS, before->has_rms && now->has_rms, before->rms, now->rms, ASSAY_BASELINE_UNIT_RMS}};
    bool changed = judge(drift, measures);
    if (changed && drift->kind == ASSAY_DRIFT_MOVED) return true;
    return judge_spread(drift, before, now) || changed;
}

/* Places that came or went. */
static bool judge_places(assay_drift *drift, size_t before, size_t now) {
    drift->kind = now < before ? ASSAY_DRIFT_VANISHED : ASSAY_DRIFT_NEW;
    drift->measure = ASSAY_MEASURE_PLACES;
    drift->before = (double)before;
    drift->now = (double)now;
    drift->limit = 0;
    return now != before;
}

/* The place that is farthest; a measure that came or went has none. */
static const char *name_of(const assay_case_result *c, const assay_stage_fold *f, const assay_drift *drift,
                           const char *stage) {
    if (drift->kind == ASSAY_DRIFT_NEW || drift->kind == ASSAY_DRIFT_VANISHED) return stage;
    return c->entries[drift->measure == ASSAY_MEASURE_RMS ? f->rms_entry : f->worst_entry].path;
}

/* The places of a stage, or refusals. */
static assay_status hold_places(assay_result *result, const assay_case_result *c, size_t before, size_t now,
                                const char *name, assay_error *err) {
    assay_drift drift = {.test_case = c->name};
    if (!judge_places(&drift, before, now)) return ASSAY_OK;
    snprintf(drift.path, sizeof drift.path, "%s", name);
    return assay_drifts_add(&result->drifts, &drift, err);
}

/* A stage whose places vanished and whose rest moved is told twice. */
static assay_status hold_stage(assay_result *result, const assay_case_result *c, const assay_stage_fold *f,
                               const assay_baseline_stage *before, assay_stage stage, assay_error *err) {
    assay_drift drift = {.test_case = c->name};
    const assay_baseline_stage now = stage_of(f);
    char name[ASSAY_STAGE_TEXT];
    assay_stage_text(stage, name);
    assay_status st = hold_places(result, c, before->places, now.places, name, err);
    if (st || !before->places || !now.places || !judge_stage(&drift, before, &now)) return st;
    snprintf(drift.path, sizeof drift.path, "%s", name_of(c, f, &drift, name));
    return assay_drifts_add(&result->drifts, &drift, err);
}

static size_t count_places(const assay_baseline_case *c) {
    size_t places = c->refusals;
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++) places += c->stages[i].places;
    return places;
}

/* A case that came or went as a whole. */
static assay_status add_case_drift(assay_result *result, const char *name, size_t before, size_t now,
                                   assay_error *err) {
    assay_drift drift = {.test_case = (char *)name}; /* copied */
    return judge_places(&drift, before, now) ? assay_drifts_add(&result->drifts, &drift, err) : ASSAY_OK;
}

static assay_status check_dtype(const assay_baseline_case *before, const assay_case_result *c, const char *name,
                                assay_error *err) {
    if (!before->has_dtype || !c->has_dtypes || before->dtype == c->candidate_dtype) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL,
                      "%s: case %s was accepted in %s, and this run computes in %s; keep a baseline for each", name,
                      c->name, assay_dtype_name(before->dtype), assay_dtype_name(c->candidate_dtype));
}

static assay_status hold_case(assay_result *result, const assay_case_result *c, const assay_baseline *baseline,
                              const char *name, assay_error *err) {
    const assay_baseline_case *before = assay_baseline_find(baseline, c->name);
    assay_stage_fold folds[ASSAY_STAGE_COUNT];
    if (c->verdict == ASSAY_CASE_ERROR) return ASSAY_OK;
    assay_stage_fold_case(c, folds);
    size_t failed, refusals = assay_fold_refusals(c, &failed);
    size_t places = refusals, places_before = before ? count_places(before) : 0;
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++) places += folds[i].places;
    if (!before || places == 0) return add_case_drift(result, c->name, places_before, places, err);
    assay_status st = check_dtype(before, c, name, err);
    if (!st) st = hold_places(result, c, before->refusals, refusals, ASSAY_BASELINE_REFUSALS, err);
    for (int i = 0; i < ASSAY_STAGE_COUNT && !st; i++)
        st = hold_stage(result, c, &folds[i], &before->stages[i], (assay_stage)i, err);
    return st;
}

static bool was_run(const assay_result *result, const char *name) {
    for (size_t i = 0; i < result->case_count; i++)
        if (strcmp(result->cases[i].name, name) == 0) return true;
    return false;
}

assay_status assay_baseline_hold(assay_result *result, const assay_baseline *baseline, const char *name, bool whole,
                                 assay_error *err) {
    assay_drifts_free(&result->drifts);
    result->drifts.baseline = strdup(name);
    if (!result->drifts.baseline) return assay_fail_nomem(err, "a result");
    assay_status st = ASSAY_OK;
    for (size_t i = 0; i < result->case_count && !st; i++)
        st = hold_case(result, &result->cases[i], baseline, name, err);
    for (size_t i = 0; i < baseline->count && !st && whole; i++)
        if (!was_run(result, baseline->cases[i].name))
            st = add_case_drift(result, baseline->cases[i].name, count_places(&baseline->cases[i]), 0, err);
    return st;
}

/* ---- a new one in place of an old one ---- */

static void keep_stage(assay_baseline_stage *now, const assay_baseline_stage *old) {
    assay_drift drift = {0};
    bool same = now->places == old->places && now->has_worst == old->has_worst && now->has_rms == old->has_rms;
    if (same && !judge_stage(&drift, old, now)) *now = *old;
}

void assay_baseline_keep(assay_baseline *inout, const assay_baseline *old) {
    for (size_t i = 0; i < inout->count; i++) {
        assay_baseline_case *c = &inout->cases[i];
        const assay_baseline_case *before = assay_baseline_find(old, c->name);
        bool same = before && before->has_dtype == c->has_dtype && before->dtype == c->dtype;
        for (int s = 0; s < ASSAY_STAGE_COUNT && same; s++) keep_stage(&c->stages[s], &before->stages[s]);
    }
}
