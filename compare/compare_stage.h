/*
 * One stage of a candidate against one of the golden: reading, `kept` indices, pads, tolerance, verdict.
 */
#ifndef ASSAY_COMPARE_COMPARE_STAGE_H
#define ASSAY_COMPARE_COMPARE_STAGE_H

#include "compare/policy.h"
#include "compare/result.h"
#include "compare/source.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a comparison of two stages depends on besides them. */
typedef struct {
    const assay_source *golden, *candidate;
    const assay_policy *policy;
    bool uses_float64; /* golden items come from its float64 run */
    bool detail;       /* entries get their detail (compare/detail.h) */
} assay_stage_context;

/* An entry for a place: kind, place, path and the stage's rules; verdict PASS, no shapes. */
assay_entry assay_entry_at(const assay_place *place);

/* Compares two items of the same place into *entry, whose shapes, tolerance, verdict, reason, metrics and worst element
 * are set. ASSAY_EINPUT: a file is damaged. ASSAY_EINTERNAL: out of memory. */
assay_status assay_compare_stage(assay_entry *entry, const assay_stage_context *context,
                                 const assay_source_item *golden, const assay_source_item *candidate, assay_error *err);

/* Dtype and shape of an item. */
assay_result_shape assay_shape_of(const assay_source_item *item);

#ifdef __cplusplus
}
#endif

#endif
