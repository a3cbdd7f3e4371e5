/* Runs of the engine that keep what every run gives (docs/case-format.md): the stages of steps and of the past. */
#ifndef ASSAY_FUZZ_PUBLIC_TRACE_H
#define ASSAY_FUZZ_PUBLIC_TRACE_H

#include <stdbool.h>

#include "core/stages.h"
#include "run/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Runs a case on a model and keeps what every run gives; a step that is refused, expected or not, is noted and does not end the run. With
 * semantics the model makes these mistakes. Errors: as assay_trace_run. Release with assay_trace_free. */
assay_status assay_fuzz_trace(assay_trace *out, const assay_loaded_model *m, const assay_case *c,
                              const assay_semantics *semantics, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
