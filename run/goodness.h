/* Whether a candidate is as near to exact results as a run of its arithmetic can be expected to be. */
#ifndef ASSAY_RUN_GOODNESS_H
#define ASSAY_RUN_GOODNESS_H

#include "compare/result.h"

#ifdef __cplusplus
extern "C" {
#endif

/* `out` holds a candidate against exact results, `best` a half-precision run in `dtype` against the same. Fills the goodness of
 * entries, and of the case. An entry's is the larger of two quotients, of root mean squares and of largest distances; those of `best`
 * are at least a fourth of a unit of `dtype` at the tensor's scale. The case's is the root of the mean square of them. */
void assay_goodness_measure(assay_case_result *out, const assay_case_result *best, assay_dtype dtype);

/* The same where the candidate's distances to exact results are in another result, `own`. */
void assay_goodness_copy(assay_case_result *out, const assay_case_result *own, const assay_case_result *best,
                         assay_dtype dtype);

#ifdef __cplusplus
}
#endif

#endif
