/* What moved since a baseline (compare/baseline.h), as plain data. */
#ifndef ASSAY_COMPARE_DRIFT_H
#define ASSAY_COMPARE_DRIFT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ASSAY_DRIFT_MOVED,    /* farther from the golden than noise explains; fails the run */
    ASSAY_DRIFT_VANISHED, /* judged then, not judged now; fails the run */
    ASSAY_DRIFT_NEW,      /* the baseline does not know it; listed */
    ASSAY_DRIFT_BETTER,   /* nearer to the golden than noise explains; listed */
    ASSAY_DRIFT_KIND_COUNT
} assay_drift_kind;

/* What was measured, then and now. */
typedef enum {
    ASSAY_MEASURE_WORST,  /* the largest deviation of a stage's places, in noise floors */
    ASSAY_MEASURE_RMS,    /* the root mean square of the differences of all places, in noise floors */
    ASSAY_MEASURE_PLACES, /* how many places were judged */
    ASSAY_MEASURE_COUNT
} assay_drift_measure;

typedef struct {
    char *test_case;
    char path
        [160]; /* the place that is farthest now; of what vanished or is new the stage's name, "" for a whole case */
    assay_drift_kind kind;
    assay_drift_measure measure;
    double before, now;
    double limit; /* of what moved or is better: where the noise band ends; else 0 */
} assay_drift;

typedef struct {
    char *baseline; /* the file that a run was held against; NULL: none */
    assay_drift *items;
    size_t count, capacity;
} assay_drifts;

/* Appends one; its test_case is copied. ASSAY_EINTERNAL when out of memory. */
assay_status assay_drifts_add(assay_drifts *drifts, const assay_drift *drift, assay_error *err);

/* True when one of them fails the run. */
bool assay_drifts_fail(const assay_drifts *drifts);

/* Frees the list and clears it. Safe on a cleared one. */
void assay_drifts_free(assay_drifts *drifts);

/* "moved", "vanished", "new", "better". */
const char *assay_drift_kind_name(assay_drift_kind kind);

/* "worst", "rms", "places". */
const char *assay_drift_measure_name(assay_drift_measure measure);

/* True for MOVED and VANISHED. */
bool assay_drift_fails(assay_drift_kind kind);

#ifdef __cplusplus
}
#endif

#endif
