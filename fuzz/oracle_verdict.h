/*
 * A run held against the oracle: the verdict of a fuzzed case.
 */
#ifndef ASSAY_FUZZ_ORACLE_VERDICT_H
#define ASSAY_FUZZ_ORACLE_VERDICT_H

#include <stdbool.h>

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

/* Holds `run`, one of the case in float32 or float64 (run->info.dtype) whose handles are tensors in memory, against the oracle. A mismatch
 * is a result: *out has the verdict ASSAY_CASE_FAIL, and says where. Tolerances are those of docs/oracle.md; the runs that they need are
 * made only where the least floors do not do. `weights` are those of the run, in float32 or float64; `options` as of assay_compare.
 * ASSAY_EINPUT: weights that do not fit the configuration, a run in half precision, and as assay_compare. Release *out with
 * assay_case_result_free. */
assay_status assay_oracle_judge(assay_case_result *out, const assay_case *c, const assay_tensor_map *weights,
                                const assay_source *run, const assay_compare_options *options, assay_error *err);

/* What the oracle says of a run that has all results. */
typedef struct {
    bool agrees;
    assay_case_result result; /* where they differ; valid unless `agrees` */
} assay_oracle_verdict;

/* The same verdict, without a result where the run agrees, as most do: several times as fast. Release with
 * assay_oracle_verdict_free. */
assay_status assay_oracle_check(assay_oracle_verdict *out, const assay_case *c, const assay_tensor_map *weights,
                                const assay_source *run, assay_error *err);

/* Runs the case on the engine in `dtype` (float32 or float64), with the weights of the case's recipe, and checks that run.
 * `semantics`: mistakes to make; NULL: none. The case has a configuration (has_config, not config_refused) and its recipe. Errors: as
 * assay_run_case, and as above. */
assay_status assay_oracle_check_engine(assay_oracle_verdict *out, const assay_case *c, assay_dtype dtype,
                                       const assay_semantics *semantics, assay_error *err);

void assay_oracle_verdict_free(assay_oracle_verdict *verdict);

#ifdef __cplusplus
}
#endif

#endif
