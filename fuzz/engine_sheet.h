/*
 * A run of the engine on a case, as a sheet: results alone, refusals and all (fuzz/public_trace.h has the same by names).
 */
#ifndef ASSAY_FUZZ_ENGINE_SHEET_H
#define ASSAY_FUZZ_ENGINE_SHEET_H

#include <stddef.h>

#include "compare/source.h"
#include "core/status.h"
#include "core/tensor.h"
#include "engine/semantics.h"
#include "fuzz/sheet.h"
#include "golden/case.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    assay_sheet sheet;
    assay_source_step *steps; /* (step_count) */
    assay_error *refusals;    /* their texts */
    size_t step_count;
    assay_source source;
} assay_engine_sheet;

/* Runs the case in `dtype` on weights of that type; `semantics`: mistakes to make, or NULL. A step that is refused, expected or not, is
 * noted and does not end the run; of a model that cannot be built all are. The case and the sheet must outlive out->source. Errors: as
 * assay_run_case. Release with assay_engine_sheet_free; safe on a cleared one. */
assay_status assay_engine_sheet_run(assay_engine_sheet *out, const assay_case *c, const assay_tensor_map *weights,
                                    assay_dtype dtype, const assay_semantics *semantics, assay_error *err);
void assay_engine_sheet_free(assay_engine_sheet *e);

#ifdef __cplusplus
}
#endif

#endif
