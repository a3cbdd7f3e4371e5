/*
 * What the engine computes on a case, kept in memory as a source to compare.
 */
#ifndef ASSAY_RUN_TRACE_H
#define ASSAY_RUN_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "compare/source.h"
#include "core/status.h"
#include "run/load_model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const assay_case *test_case;
    const assay_source
        *kept;        /* only tensors of places that it has are kept, and the whole past of steps whose past it has */
    const bool *also; /* NULL, or (ASSAY_STAGE_COUNT): stages that are kept whether `kept` has them or not */
    const assay_golden
        *replay; /* NULL, or the golden whose memory the run goes on from (MEM-6: a tie may round either way) */
    const assay_semantics *semantics; /* mistakes to make; NULL: none */
    bool tolerates; /* a step that is refused, or that runs although it should be refused, is noted and does
                                           not end the run */
} assay_trace_options;

typedef struct {
    assay_tensor_map *tensors;
    assay_source_step *steps; /* (step_count) */
    assay_error *refusals;    /* their texts */
    size_t step_count;
    assay_source source;
} assay_trace;

/* Runs the case. `m` gives configuration and weights, or the refusal to build the model; with semantics a model of its own is made
 * for this run, so that any number of threads may trace with one `m`. Errors: as assay_run_case. Release with assay_trace_free. */
assay_status assay_trace_run(assay_trace *out, const assay_loaded_model *m, const assay_trace_options *options,
                             assay_error *err);

void assay_trace_free(assay_trace *trace);

#ifdef __cplusplus
}
#endif

#endif
