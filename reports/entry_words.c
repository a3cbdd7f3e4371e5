#include "reports/entry_words.h"

#include <stdio.h>
#include <string.h>

static bool same_shape(const assay_result_shape *a, const assay_result_shape *b) {
    return a->rank == b->rank && (a->rank < 1 || memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape) == 0);
}

static const char *judged_kind(const assay_entry *e) {
    const assay_metrics *m = &e->metrics;
    if (m->class_mismatches) return "class";
    if (assay_stage_get(e->place.stage)->judge == ASSAY_JUDGE_EXACT) return "value";
    return m->has_logits && m->logits.top1_wrong && e->deviation <= e->tolerance ? "argmax" : "deviation";
}

const char *assay_failure_kind(const assay_entry *e) {
    assay_verdict verdict = e->verdict == ASSAY_VERDICT_WAIVED ? e->waived_from : e->verdict;
    if (verdict == ASSAY_VERDICT_MISSING_REQUIRED) return assay_verdict_name(verdict);
    if (e->kind == ASSAY_ENTRY_STEP) return "refusal";
    if (e->kind == ASSAY_ENTRY_STAGE && e->place.stage == ASSAY_STAGE_SCHEDULE) return "schedule";
    if (e->has_metrics) return judged_kind(e);
    return same_shape(&e->golden, &e->candidate) ? "type" : "shape";
}

/* Appends to text at *used, cut where it is full. */
static void append(char *text, size_t text_nbytes, size_t *used, const char *format, const char *name, int64_t number) {
    int n = snprintf(text + *used, text_nbytes - *used, format, name, (long long)number);
    *used += (size_t)n < text_nbytes - *used ? (size_t)n : text_nbytes - *used - 1;
}

const char *assay_entry_place_text(const assay_entry *e, char *text, size_t text_nbytes) {
    size_t used = 0;
    if (e->kind == ASSAY_ENTRY_UNKNOWN) {
        snprintf(text, text_nbytes, "no stage");
        return text;
    }
    append(text, text_nbytes, &used, "%s %lld", "step", e->place.step);
    if (e->kind == ASSAY_ENTRY_STEP) return text;
    if (e->place.window >= 0) append(text, text_nbytes, &used, ", %s %lld", "window", e->place.window);
    if (e->place.layer >= 0) append(text, text_nbytes, &used, ", %s %lld", "layer", e->place.layer);
    return text;
}

const char *assay_real_text(double value, int digits, char text[ASSAY_REAL_TEXT]) {
    assay_float_class class = assay_classify(value);
    if (class == ASSAY_CLASS_FINITE) snprintf(text, ASSAY_REAL_TEXT, "%.*g", digits, value);
    else snprintf(text, ASSAY_REAL_TEXT, "%s", assay_float_class_name(class));
    return text;
}

const char *assay_worst_text(const assay_entry *e, char *text, size_t text_nbytes) {
    const assay_worst *w = &e->worst;
    char golden[ASSAY_REAL_TEXT], candidate[ASSAY_REAL_TEXT];
    size_t used = 0;
    text[0] = '\0';
    if (!e->has_metrics || w->index < 0) return text;
    for (int i = 0; i < w->rank; i++)
        append(text, text_nbytes, &used, i ? ", %s %lld" : "(%s %lld", w->axes[i], w->at[i]);
    snprintf(text + used, text_nbytes - used, "%sgolden %s, candidate %s", w->rank ? "): " : "",
             assay_real_text(w->golden, 9, golden), assay_real_text(w->candidate, 9, candidate));
    return text;
}

const char *assay_drift_words(const assay_drift *drift, char *text, size_t text_nbytes) {
    char before[ASSAY_REAL_TEXT], now[ASSAY_REAL_TEXT], limit[ASSAY_REAL_TEXT];
    int used = snprintf(text, text_nbytes, "%s: %s %s before, %s now", assay_drift_kind_name(drift->kind),
                        assay_drift_measure_name(drift->measure), assay_real_text(drift->before, 3, before),
                        assay_real_text(drift->now, 3, now));
    if (drift->limit > 0 && (size_t)used < text_nbytes)
        snprintf(text + used, text_nbytes - (size_t)used, ", the noise ends at %s",
                 assay_real_text(drift->limit, 3, limit));
    return text;
}

const char *assay_metric_word(const assay_entry *e) {
    if (!e->has_metrics) return "";
    if (e->metrics.class_mismatches) return "NaN/inf class";
    switch (assay_stage_get(e->place.stage)->judge) {
    case ASSAY_JUDGE_EXACT: return "exact";
    case ASSAY_JUDGE_STORED: return "stored";
    default: return "max abs";
    }
}
