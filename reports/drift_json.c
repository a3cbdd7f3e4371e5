#include "reports/drift_json.h"

#include <stdio.h>
#include <string.h>

#include "golden/json_strict.h"
#include "reports/json_reader.h"

static void add_drift(json_builder *b, cJSON *list, const assay_drift *d) {
    cJSON *object = json_add_object(b, list, NULL);
    if (!object) return;
    json_add_text(b, object, "kind", assay_drift_kind_name(d->kind));
    json_add_text(b, object, "case", d->test_case);
    json_add_text(b, object, "path", d->path);
    json_add_text(b, object, "measure", assay_drift_measure_name(d->measure));
    json_add_real(b, object, "before", d->before);
    json_add_real(b, object, "now", d->now);
    json_add_real(b, object, "limit", d->limit);
}

void json_add_baseline(json_builder *b, cJSON *object, const assay_drifts *drifts) {
    if (!drifts->baseline) return;
    cJSON *baseline = json_add_object(b, object, "baseline");
    if (!baseline) return;
    json_add_text(b, baseline, "name", drifts->baseline);
    cJSON *list = json_add_array(b, baseline, "drifts");
    for (size_t i = 0; list && i < drifts->count; i++) add_drift(b, list, &drifts->items[i]);
}

/* ---- reading ---- */

static const char *kind_name(int i) { return assay_drift_kind_name((assay_drift_kind)i); }
static const char *measure_name(int i) { return assay_drift_measure_name((assay_drift_measure)i); }

static assay_status read_drift(assay_drifts *out, const cJSON *object, const char *where, assay_error *err) {
    assay_drift d = {0};
    const char *name = "";
    int kind = 0, measure = 0;
    assay_status st = assay_json_as_object(object, where, err);
    if (!st) st = assay_json_get_string(object, "case", where, &name, err);
    if (!st) st = json_get_field(object, "path", where, d.path, sizeof d.path, err);
    if (!st) st = json_get_word(object, "kind", where, (json_words){kind_name, ASSAY_DRIFT_KIND_COUNT}, &kind, err);
    if (!st)
        st = json_get_word(object, "measure", where, (json_words){measure_name, ASSAY_MEASURE_COUNT}, &measure, err);
    if (!st) st = json_get_real(object, "before", where, &d.before, err);
    if (!st) st = json_get_real(object, "now", where, &d.now, err);
    if (!st) st = json_get_real(object, "limit", where, &d.limit, err);
    if (st) return st;
    d.kind = (assay_drift_kind)kind;
    d.measure = (assay_drift_measure)measure;
    d.test_case = (char *)name; /* copied */
    return assay_drifts_add(out, &d, err);
}

assay_status json_read_baseline(assay_drifts *out, const cJSON *object, const char *where, assay_error *err) {
    const cJSON *baseline = assay_json_member(object, "baseline"), *list = NULL;
    const char *name = "";
    char at[512];
    if (!baseline) return ASSAY_OK;
    snprintf(at, sizeof at, "%.480s: 'baseline'", where);
    assay_status st = assay_json_as_object(baseline, at, err);
    if (!st) st = assay_json_get_string(baseline, "name", at, &name, err);
    if (!st) st = assay_json_require(baseline, "drifts", at, &list, err);
    if (!st) st = assay_json_as_array(list, at, err);
    if (st) return st;
    out->baseline = strdup(name);
    if (!out->baseline) return assay_fail_nomem(err, "a result");
    for (const cJSON *item = list->child; !st && item; item = item->next) st = read_drift(out, item, at, err);
    return st;
}
