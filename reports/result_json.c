#include "reports/result_json.h"

#include <stdlib.h>

#include "reports/detail_json.h"
#include "reports/drift_json.h"
#include "reports/facts_json.h"
#include "reports/json_builder.h"
#include "reports/waiver_json.h"

#define FORMAT "assay-result/1"

static void add_shape(json_builder *b, cJSON *entry, const char *key, const assay_result_shape *shape) {
    if (shape->rank < 0) return;
    cJSON *object = json_add_object(b, entry, key);
    json_add_text(b, object, "dtype", assay_dtype_name(shape->dtype));
    cJSON *sizes = object ? json_add_array(b, object, "shape") : NULL;
    for (int i = 0; sizes && i < shape->rank; i++) json_add_integer(b, sizes, NULL, shape->shape[i]);
}

static void add_top(json_builder *b, cJSON *logits, const char *key, const int64_t counts[3]) {
    cJSON *object = json_add_object(b, logits, key);
    json_add_integer(b, object, "differs", counts[0]);
    json_add_integer(b, object, "decided", counts[1]);
    json_add_integer(b, object, "wrong", counts[2]);
}

static void add_logits(json_builder *b, cJSON *metrics, const assay_logit_metrics *m) {
    cJSON *object = json_add_object(b, metrics, "logits");
    if (!object) return;
    json_add_integer(b, object, "rows", m->rows);
    json_add_integer(b, object, "rows_skipped", m->rows_skipped);
    json_add_real(b, object, "kl_max", m->kl_max);
    json_add_real(b, object, "kl_mean", m->kl_mean);
    json_add_integer(b, object, "kl_worst_row", m->kl_worst_row);
    add_top(b, object, "top1", (const int64_t[]){m->top1_differs, m->top1_decided, m->top1_wrong});
    add_top(b, object, "top5", (const int64_t[]){m->top5_differs, m->top5_decided, m->top5_wrong});
}

static void add_metrics(json_builder *b, cJSON *entry, const assay_metrics *m) {
    cJSON *object = json_add_object(b, entry, "metrics");
    if (!object) return;
    json_add_integer(b, object, "count", m->count);
    json_add_integer(b, object, "finite", m->finite);
    json_add_integer(b, object, "different", m->different);
    json_add_integer(b, object, "class_mismatches", m->class_mismatches);
    json_add_integer(b, object, "golden_nan", m->golden_nan);
    json_add_integer(b, object, "golden_inf", m->golden_inf);
    json_add_integer(b, object, "candidate_nan", m->candidate_nan);
    json_add_integer(b, object, "candidate_inf", m->candidate_inf);
    json_add_real(b, object, "max_abs", m->max_abs);
    json_add_real(b, object, "max_rel", m->max_rel);
    json_add_real(b, object, "rms", m->rms);
    json_add_real(b, object, "nmse", m->nmse);
    json_add_real(b, object, "cosine", m->cosine);
    json_add_real(b, object, "max_ulp", m->max_ulp);
    json_add_text(b, object, "ulp_dtype", assay_dtype_name(m->ulp_dtype));
    json_add_real(b, object, "golden_max", m->golden_max);
    if (m->has_logits) add_logits(b, object, &m->logits);
}

static void add_worst(json_builder *b, cJSON *entry, const assay_worst *w) {
    if (w->index < 0) return;
    cJSON *object = json_add_object(b, entry, "worst");
    if (!object) return;
    json_add_integer(b, object, "index", w->index);
    cJSON *axes = json_add_array(b, object, "axes");
    for (int i = 0; axes && i < w->rank; i++) json_add_text(b, axes, NULL, w->axes[i]);
    cJSON *at = json_add_array(b, object, "at");
    for (int i = 0; at && i < w->rank; i++) json_add_integer(b, at, NULL, w->at[i]);
    json_add_real(b, object, "golden", w->golden);
    json_add_real(b, object, "candidate", w->candidate);
}

static void add_tolerance(json_builder *b, cJSON *entry, const assay_entry *e) {
    cJSON *object = json_add_object(b, entry, "tolerance");
    if (!object) return;
    json_add_text(b, object, "origin", assay_tolerance_origin_name(e->origin));
    json_add_real(b, object, "value", e->tolerance);
    json_add_real(b, object, "deviation", e->deviation);
    json_add_real(b, object, "ratio", e->ratio_tolerance);
    if (!e->has_floor) return;
    json_add_real(b, object, "floor", e->floor);
    json_add_real(b, object, "ratio_to_floor", e->ratio_floor);
}

static void add_place(json_builder *b, cJSON *entry, const assay_entry *e) {
    if (e->kind == ASSAY_ENTRY_UNKNOWN) return;
    json_add_integer(b, entry, "step", e->place.step);
    if (e->kind != ASSAY_ENTRY_STAGE) return;
    if (e->place.window >= 0) json_add_integer(b, entry, "window", e->place.window);
    if (e->place.layer >= 0) json_add_integer(b, entry, "layer", e->place.layer);
    json_add_text(b, entry, "stage", assay_stage_get(e->place.stage)->name);
}

static void add_entry(json_builder *b, cJSON *entries, const assay_entry *e) {
    cJSON *entry = json_add_object(b, entries, NULL);
    if (!entry) return;
    json_add_text(b, entry, "kind", assay_entry_kind_name(e->kind));
    json_add_text(b, entry, "path", e->path);
    add_place(b, entry, e);
    json_add_text(b, entry, "verdict", assay_verdict_name(e->verdict));
    json_add_text(b, entry, "reason", e->reason);
    json_add_words(b, entry, "rules", e->rules);
    json_add_bool(b, entry, "uses_float64", e->uses_float64);
    add_shape(b, entry, "golden", &e->golden);
    add_shape(b, entry, "candidate", &e->candidate);
    if (e->has_metrics) {
        add_metrics(b, entry, &e->metrics);
        add_tolerance(b, entry, e);
        add_worst(b, entry, &e->worst);
    }
    if (e->detail) json_add_detail(b, entry, e);
    if (e->goodness > 0) json_add_real(b, entry, "goodness", e->goodness);
    if (e->pad_elements) json_add_integer(b, entry, "pad_elements", e->pad_elements);
    if (e->waiver) json_add_integer(b, entry, "waiver", (int64_t)e->waiver - 1);
    if (e->verdict == ASSAY_VERDICT_WAIVED) json_add_text(b, entry, "waived_from", assay_verdict_name(e->waived_from));
}

static void add_finding(json_builder *b, cJSON *findings, const assay_finding *f) {
    cJSON *object = json_add_object(b, findings, NULL);
    if (!object) return;
    json_add_text(b, object, "source", f->source);
    json_add_text(b, object, "verdict", f->verdict);
    json_add_text(b, object, "summary", f->summary);
    cJSON *items = json_add_array(b, object, "items");
    for (size_t i = 0; items && i < f->count; i++) {
        cJSON *item = json_add_object(b, items, NULL);
        if (!item) return;
        json_add_text(b, item, "name", f->items[i].name);
        json_add_words(b, item, "rules", f->items[i].rules);
        json_add_text(b, item, "summary", f->items[i].summary);
        json_add_text(b, item, "path", f->items[i].path);
    }
}

static void add_findings(json_builder *b, cJSON *object, const assay_case_result *c) {
    if (c->finding_count == 0) return;
    cJSON *findings = json_add_array(b, object, "findings");
    for (size_t i = 0; findings && i < c->finding_count; i++) add_finding(b, findings, &c->findings[i]);
}

static void add_counts(json_builder *b, cJSON *object, const assay_case_result *c) {
    cJSON *counts = json_add_object(b, object, "counts");
    for (int v = 0; counts && v < ASSAY_VERDICT_COUNT; v++)
        json_add_integer(b, counts, assay_verdict_name((assay_verdict)v), (int64_t)c->counts[v]);
}

static void add_case(json_builder *b, cJSON *cases, const assay_case_result *c) {
    cJSON *object = json_add_object(b, cases, NULL);
    if (!object) return;
    json_add_text(b, object, "name", c->name);
    json_add_text(b, object, "golden", c->golden_name);
    json_add_text(b, object, "candidate", c->candidate_name);
    json_add_text(b, object, "verdict", assay_case_verdict_name(c->verdict));
    json_add_text(b, object, "error", c->error);
    json_add_text(b, object, "note", c->note);
    if (c->unsupported[0]) json_add_text(b, object, "unsupported", c->unsupported);
    if (c->has_dtypes) {
        json_add_text(b, object, "golden_dtype", assay_dtype_name(c->golden_dtype));
        json_add_text(b, object, "candidate_dtype", assay_dtype_name(c->candidate_dtype));
    }
    if (c->reference[0]) json_add_text(b, object, "reference", c->reference);
    if (c->is_half) {
        json_add_text(b, object, "arithmetic", assay_dtype_name(c->arithmetic));
        json_add_bool(b, object, "as_good", c->is_as_good);
        json_add_real(b, object, "goodness", c->goodness);
        json_add_integer(b, object, "goodness_count", (int64_t)c->goodness_count);
    }
    json_add_bool(b, object, "ignore_pad_rows", c->ignore_pad_rows);
    json_add_integer(b, object, "pad_elements", c->pad_elements);
    json_add_real(b, object, "seconds", c->seconds);
    add_counts(b, object, c);
    json_add_integer(b, object, "first_divergence", c->first_divergence);
    json_add_waivers(b, object, &c->waivers);
    if (c->facts.count) json_add_facts(b, object, "facts", &c->facts);
    add_findings(b, object, c);
    cJSON *entries = json_add_array(b, object, "entries");
    for (size_t i = 0; entries && i < c->entry_count; i++) add_entry(b, entries, &c->entries[i]);
}

static cJSON *build(const assay_result *result) {
    json_builder b = {false};
    cJSON *root = cJSON_CreateObject();
    if (!root) return NULL;
    json_add_text(&b, root, "format", FORMAT);
    json_add_text(&b, root, "verdict", assay_result_passed(result) ? "pass" : "fail");
    json_add_facts(&b, root, "facts", &result->facts);
    json_add_baseline(&b, root, &result->drifts);
    cJSON *cases = json_add_array(&b, root, "cases");
    for (size_t i = 0; cases && i < result->case_count; i++) add_case(&b, cases, &result->cases[i]);
    return json_finish(&b, root);
}

assay_status assay_report_json_text(char **out, const assay_result *result, assay_error *err) {
    return json_print(out, build(result), err);
}

assay_status assay_report_json(FILE *out, const assay_result *result, assay_error *err) {
    char *text = NULL;
    assay_status st = assay_report_json_text(&text, result, err);
    if (st) return st;
    bool written = fputs(text, out) >= 0 && fflush(out) == 0;
    free(text);
    return written ? ASSAY_OK : assay_fail(err, ASSAY_EINTERNAL, NULL, "the report cannot be written");
}
