/*
 * Runs a case on the reference engine, step by step, and hands out what it computes.
 */
#ifndef ASSAY_RUN_RUN_CASE_H
#define ASSAY_RUN_RUN_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compare/source.h"
#include "core/stages.h"
#include "core/status.h"
#include "core/tensor.h"
#include "engine/engine.h"
#include "golden/case.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where a run's results go. Every function but `tensor` and `step` may be NULL. */
typedef struct {
    void *context;
    /* Whether a stage of a step is wanted; NULL: the public ones (docs/case-format.md), which are those without windows. */
    bool (*wants)(void *context, int64_t step, assay_stage stage);
    /* Takes one tensor, a view that ends with the call. */
    assay_status (*tensor)(void *context, const assay_place *place, const assay_tensor *tensor, assay_error *err);
    /* Told once a step, after its tensors. When it was refused, `refusal` says why and there were none. */
    assay_status (*step)(void *context, int64_t step, const assay_step *what, const assay_error *refusal,
                         assay_error *err);
    /* Told the past that a step left, after its tensors, and may change it for the steps to come; may be NULL. */
    assay_status (*past)(void *context, int64_t step, assay_past *past, assay_error *err);
    /* See assay_taps.replay_memory. */
    bool (*replay_memory)(void *context, const assay_place *place, assay_tensor *stored);
    /* Every refusal is reported to `step`, expected or not, and a step that should have been refused may run. */
    bool tolerates;
} assay_run_sink;

/* How a step went, for a source (compare/source.h). *kept takes a copy of the refusal, whose texts the record points to; both sides are
 * those of the sink's `step`. */
assay_source_step assay_run_record(int64_t step, const assay_step *what, const assay_error *refusal, assay_error *kept);

/* Runs all steps. A step that expects an error (expect_error) and is refused for that rule is reported to the sink, keeps the
 * past as it was, and the run goes on. ASSAY_EINPUT: any other refusal, with "step <n>" before its reason, and a step that
 * should have been refused and was not. */
assay_status assay_run_case(const assay_model *model, const assay_case *c, const assay_run_sink *sink,
                            assay_error *err);

/* The same for a model that cannot be built because `refusal` says so: passes when every step expects that refusal, and
 * reports each to the sink; otherwise returns the refusal. */
assay_status assay_run_refused_model(const assay_case *c, const assay_error *refusal, const assay_run_sink *sink,
                                     assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
