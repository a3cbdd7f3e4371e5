/*
 * A run held against the oracle: the verdict of a fuzzed case.
 */
#ifndef ASSAY_FUZZ_ORACLE_VERDICT_H
#define ASSAY_FUZZ_ORACLE_VERDICT_H

#include "compare/compare.h"
#include "compare/result.h"
#include "compare/source.h"
#include "core/status.h"
#include "core/tensor.h"
#include "engine/semantics.h"
#include "golden/case.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Holds `candidate`, a run of the case in float32 or float64 (candidate->info.dtype) whose handles are tensors in memory, against the oracle.
 * A mismatch is a result: *out has verdict ASSAY_CASE_FAIL, and says where. Tolerances are those of docs/oracle.md; the runs that they need are made only where the least floors
 * do not do. `options`: as of assay_compare. `weights`: those of the run, in float32 or float64. ASSAY_EINPUT: weights that do not fit the configuration, a candidate in half precision. Release
 * *out with assay_case_result_free. */
assay_status assay_oracle_judge(assay_case_result *out, const assay_case *c, const assay_tensor_map *weights,
                                const assay_source *candidate, const assay_compare_options *options, assay_error *err);

/* Runs the case on the engine in `dtype` (float32 or float64), with the weights of the case's recipe, and judges that run. `semantics`: mistakes to
 * make; NULL: none. Errors: as assay_trace_run, and as above. */
assay_status assay_oracle_judge_engine(assay_case_result *out, const assay_case *c, assay_dtype dtype,
                                       const assay_semantics *semantics, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
