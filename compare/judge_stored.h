/*
 * The part of the judge that knows how memory is stored (MEM-6): see STORED in compare/judge.h.
 */
#ifndef ASSAY_COMPARE_JUDGE_STORED_H
#define ASSAY_COMPARE_JUDGE_STORED_H

#include <stdbool.h>

#include "compare/judge.h"

#ifdef __cplusplus
extern "C" {
#endif

/* True when `dtype`, a half type, can hold all finite values of a tensor in memory. */
bool assay_dtype_holds(assay_dtype dtype, const assay_tensor *t);

/* *is_cast is set when `dtype` can, of values wherever they are. Errors: as assay_judge. */
assay_status assay_judge_is_cast(const assay_values *values, assay_dtype dtype, bool *is_cast, assay_error *err);

/* Judges stored memory whose golden was cast to in->mem_dtype: a candidate that was not fails for MEM-6; another is held against the
 * golden's unrounded values where they are there, else against its stored ones. in->spans are there. Errors: as assay_judge. */
assay_status assay_judge_cast(assay_entry *e, const assay_judge_input *in, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
