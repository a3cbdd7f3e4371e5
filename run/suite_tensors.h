/*
 * The tensors of a golden as maps, for files that are not HDF5 (docs/conformance.md).
 */
#ifndef ASSAY_RUN_SUITE_TENSORS_H
#define ASSAY_RUN_SUITE_TENSORS_H

#include "core/status.h"
#include "core/tensor.h"
#include "golden/case.h"
#include "golden/golden_file.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Every tensor that the golden holds, by its path without a leading slash: "steps/0/logits", "steps/0/past/1/mem_key_unrounded",
 * "float64/steps/0/logits". Errors: those of reading. The caller destroys *out. */
assay_status assay_suite_golden_tensors(assay_tensor_map **out, const assay_golden *g, assay_error *err);

/* Every tensor that the case's steps are given: "steps/<n>/" and input_ids, position_ids, beam_idx (int64), inputs_embeds (the
 * case's dtype), attention_mask and labels (int64 when all entries are whole, else the case's dtype). The caller destroys *out. */
assay_status assay_suite_inputs(assay_tensor_map **out, const assay_case *c, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
