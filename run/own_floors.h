/* A source whose noise floors are made on the spot, from runs of the engine. */
#ifndef ASSAY_RUN_OWN_FLOORS_H
#define ASSAY_RUN_OWN_FLOORS_H

#include "compare/result.h"
#include "compare/source.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A source of the same tensors whose floors may be changed; a tensor that has none begins with 4 units of float32 at its scale.
 * `of` must outlive it. Release with assay_own_floors_end. */
assay_status assay_own_floors_begin(assay_source *out, const assay_source *of, assay_error *err);
void assay_own_floors_end(assay_source *source);

/* Makes floors at least as wide as the largest distance to a run. */
assay_status assay_own_floors_widen(assay_source *source, const assay_source *run, assay_error *err);

/* Replaces the floors by those of half-precision arithmetic: `best` is a run in `dtype` held against the source. The floor of a
 * tensor is sqrt(2) times the root mean square of the run's distance, or a third of the largest where that is more; relative to the
 * tensor's scale, at least that of the same stage of the same layer in any window or step; and at least a fourth of a unit of
 * `dtype` at the tensor's scale. */
void assay_own_floors_half(assay_source *source, const assay_case_result *best, assay_dtype dtype);

#ifdef __cplusplus
}
#endif

#endif
