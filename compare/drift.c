#include "compare/drift.h"

const char *assay_drift_kind_name(assay_drift_kind kind) {
    static const char *const names[ASSAY_DRIFT_KIND_COUNT] = {"moved", "vanished", "new", "better"};
    return names[kind];
}

const char *assay_drift_measure_name(assay_drift_measure measure) {
    static const char *const names[ASSAY_MEASURE_COUNT] = {"worst", "rms", "places"};
    return names[measure];
}

bool assay_drift_fails(assay_drift_kind kind) { return kind == ASSAY_DRIFT_MOVED || kind == ASSAY_DRIFT_VANISHED; }
