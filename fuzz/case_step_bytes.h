/* The steps of a fuzzed case; for case_bytes.c. */
#ifndef ASSAY_FUZZ_CASE_STEP_BYTES_H
#define ASSAY_FUZZ_CASE_STEP_BYTES_H

#include "core/config.h"
#include "core/status.h"
#include "fuzz/case_bytes.h"
#include "fuzz/case_lengths.h"
#include "fuzz/choices.h"
#include "golden/case.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What steps are chosen by. `lengths` starts cleared and follows the steps. */
typedef struct {
    assay_choices *choices;
    const assay_fuzz_bounds *bounds;
    const assay_config *config;
    assay_fuzz_lengths lengths;
} assay_fuzz_step_maker;

/* Chooses the next step into *out, a cleared one; its tensors are *out's even on an error (out of memory). */
assay_status assay_fuzz_step_choose(assay_fuzz_step_maker *maker, assay_step *out, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
