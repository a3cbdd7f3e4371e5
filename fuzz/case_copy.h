/* Copies of cases and their steps, to edit. */
#ifndef ASSAY_FUZZ_CASE_COPY_H
#define ASSAY_FUZZ_CASE_COPY_H

#include "core/status.h"
#include "golden/case.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A copy of all but the texts that the case was read from: out->text and out->model_json are NULL, and there are no rules. Release with
 * assay_case_free. ASSAY_EINTERNAL when out of memory. */
assay_status assay_fuzz_case_copy(assay_case *out, const assay_case *c, assay_error *err);

/* The same of one step; its tensors are *out's even on an error. */
assay_status assay_fuzz_step_copy(assay_step *out, const assay_step *step, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
