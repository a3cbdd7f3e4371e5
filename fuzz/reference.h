/*
 * What a fuzzed case is held against: the engine's run, with noise floors of its own; no golden is there.
 */
#ifndef ASSAY_FUZZ_REFERENCE_H
#define ASSAY_FUZZ_REFERENCE_H

#include "core/status.h"
#include "golden/case.h"
#include "run/load_model.h"
#include "run/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    assay_loaded_model model; /* in float32 */
    assay_trace trace;
    assay_source source; /* of the trace, with floors */
} assay_fuzz_reference;

/* Runs the case, and writes into its steps which of them are refused and why (expect_error). Errors: out of memory. Release with
 * assay_fuzz_reference_free. */
assay_status assay_fuzz_reference_make(assay_fuzz_reference *out, assay_case *c, assay_error *err);

void assay_fuzz_reference_free(assay_fuzz_reference *reference);

#ifdef __cplusplus
}
#endif

#endif
