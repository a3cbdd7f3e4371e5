/*
 * A subject that computes in half precision. The oracle does not: the engine is the reference, whose half-precision arithmetic is that of the
 * original, rounding for rounding.
 */
#ifndef ASSAY_FUZZ_HALF_CHECK_H
#define ASSAY_FUZZ_HALF_CHECK_H

#include "compare/compare.h"
#include "core/status.h"
#include "fuzz/subject.h"
#include "run/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Holds the answer to `q`, whose case is in a half type, against the engine. `run` is the engine's run in that type. An answer of the engine itself
 * (answer->complete) must be that run to the last bit or nearly. A port's is held against exact results, the engine's float32 run, and may
 * be 8 times as far from them as `run` is (docs/methodology.md). Release *out with assay_case_result_free. ASSAY_EINPUT: as
 * assay_compare. */
assay_status assay_half_judge(assay_case_result *out, const assay_fuzz_question *q, const assay_trace *run,
                              const assay_fuzz_answer *answer, const assay_compare_options *options, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
