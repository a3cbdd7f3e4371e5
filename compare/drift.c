#include "compare/drift.h"

#include <stdlib.h>
#include <string.h>

const char *assay_drift_kind_name(assay_drift_kind kind) {
    static const char *const names[ASSAY_DRIFT_KIND_COUNT] = {"moved", "vanished", "new", "better"};
    return names[kind];
}

const char *assay_drift_measure_name(assay_drift_measure measure) {
    static const char *const names[ASSAY_MEASURE_COUNT] = {"worst", "rms", "places"};
    return names[measure];
}

bool assay_drift_fails(assay_drift_kind kind) { return kind == ASSAY_DRIFT_MOVED || kind == ASSAY_DRIFT_VANISHED; }

static bool reserve(assay_drifts *drifts) {
    if (drifts->count < drifts->capacity) return true;
    size_t grown = drifts->capacity ? 2 * drifts->capacity : 16;
    assay_drift *moved = realloc(drifts->items, grown * sizeof *moved);
    if (!moved) return false;
    drifts->items = moved;
    drifts->capacity = grown;
    return true;
}

assay_status assay_drifts_add(assay_drifts *drifts, const assay_drift *drift, assay_error *err) {
    assay_drift copy = *drift;
    copy.test_case = strdup(drift->test_case);
    if (!copy.test_case || !reserve(drifts)) {
        free(copy.test_case);
        return assay_fail_nomem(err, "a result");
    }
    drifts->items[drifts->count++] = copy;
    return ASSAY_OK;
}

bool assay_drifts_fail(const assay_drifts *drifts) {
    for (size_t i = 0; i < drifts->count; i++)
        if (assay_drift_fails(drifts->items[i].kind)) return true;
    return false;
}

void assay_drifts_free(assay_drifts *drifts) {
    for (size_t i = 0; i < drifts->count; i++) free(drifts->items[i].test_case);
    free(drifts->items);
    free(drifts->baseline);
    *drifts = (assay_drifts){0};
}
