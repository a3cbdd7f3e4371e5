/*
 * How far a stage may be off: a factor on the golden's own noise floor, what a policy says, or a default.
 *
 * The floor is the golden's, never the candidate's: a wrong candidate cannot widen it.
 */
#ifndef ASSAY_COMPARE_TOLERANCE_H
#define ASSAY_COMPARE_TOLERANCE_H

#include <stdbool.h>

#include "compare/policy.h"
#include "compare/result.h"
#include "core/dtype.h"
#include "core/stages.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the golden says of a tensor. */
typedef struct {
    assay_place place;
    assay_dtype dtype; /* of the tensor: memory has mem_dtype, all else the dtype of the run */
    bool has_floor;
    double floor;   /* absolute */
    double scale;   /* largest magnitude (assay_judge_scale) */
    bool unrounded; /* floor and scale are those of values before the cast to mem_dtype */
} assay_tolerance_input;

typedef struct {
    double value; /* absolute */
    assay_tolerance_origin origin;
} assay_tolerance;

/* The tolerance of a stage that is not judged exactly. In this order: a policy rule's atol + rtol * scale; with a
 * factor in the rules as well, the larger of that and factor * floor; factor * floor; the default times the scale. */
assay_tolerance assay_tolerance_of(const assay_policy *policy, const assay_tolerance_input *in);

/* The default, relative to the largest magnitude in the golden's tensor, for a reference without noise floors:
 *
 *                        float64   float32   float16   bfloat16
 *     rotary cos, sin    4e-6      4e-6      1e-3      8e-3
 *     stored memory      1e-6      6e-5      6e-3      6e-3
 *     all else           1e-6      6e-5      1e-2      6e-2
 *
 * float32: about 500 units in the last place, what a few layers of reordered sums reach. float64: the original computes
 * norms and softmax in f32 in every precision (PREC-1) and cos, sin from f32 angles (ROPE-3). Others: as float32. */
double assay_tolerance_default_rtol(assay_stage stage, assay_dtype dtype);

#ifdef __cplusplus
}
#endif

#endif
