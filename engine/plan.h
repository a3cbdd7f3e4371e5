/*
 * A call, checked and planned: everything about it that is numbers and not tensors of the model. Every refusal of the original
 * (ERR-1) that depends on the call is found here, before anything is computed or a past is touched.
 */
#ifndef ASSAY_ENGINE_PLAN_H
#define ASSAY_ENGINE_PLAN_H

#include "engine/model.h"

/* N = cached + T: the columns of the call, those of the local cache first. */
typedef struct {
    int64_t batch, tokens, cached;
    int64_t gone;       /* see assay_window */
    int64_t *positions; /* (B,N) */
    uint8_t *keep;      /* (B,N): 1 where the mask is exactly 1, or where there is none (SCHED-6, CACHE-8) */
    bool all_flip;      /* whether every layer drops its cache with the schedule (CACHE-1) */
    assay_window *windows;
    size_t window_count;
} assay_plan;

/* Checks the call against the model and the past. Release with assay_plan_free. */
assay_status assay_plan_make(assay_plan *out, const assay_past *past, const assay_call *call, assay_error *err);
void assay_plan_free(assay_plan *plan);

/* Columns of the plan that are a window's local keys: [first, first + count), once the drop is done. `flips`: of a layer that
 * drops its cache with the schedule, as all do in the original (CACHE-1). */
typedef struct {
    int64_t first, count;
} assay_columns;

assay_columns assay_plan_local(const assay_plan *plan, const assay_window *window, bool flips);

/* Tokens of the longest window, and local keys of the layer and window that has most. */
int64_t assay_plan_longest(const assay_plan *plan);
int64_t assay_plan_most_local(const assay_plan *plan);

#endif
