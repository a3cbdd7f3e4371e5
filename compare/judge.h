/*
 * The verdict on one tensor: how each kind of stage (ASSAY_JUDGE_*) is held against its golden.
 *
 * Order, always: shape, then NaN and infinities by class and place, then numbers.
 *
 *   EXACT   equal as numbers at every place. Integer widths may differ; a mask's "minimum of its dtype" equals that of
 *           another dtype.
 *   FLOAT   max |g - c| <= tolerance.
 *   SCORES  hidden entries (at or below -1e6 rounded to the dtype, the dtype's minimum, -inf) coincide in place and
 *           value; the others as FLOAT.
 *   STORED  where mem_dtype is a half type and the run is not in it. With the golden's unrounded u: candidate c must
 *           lie between round(u - tolerance) and round(u + tolerance), round being to nearest even in mem_dtype; the
 *           deviation is the smallest move of u that makes round(u) = c. Without u: at most one unit of mem_dtype
 *           apart, or within the tolerance; the deviation is the largest distance of more than one unit. A wider
 *           candidate counts as what it holds when mem_dtype can represent all of it; else it was never cast (MEM-6),
 *           and fails for that.
 *   LOGITS  as FLOAT; and no row that the golden decides (margin above twice the tolerance) has another argmax.
 */
#ifndef ASSAY_COMPARE_JUDGE_H
#define ASSAY_COMPARE_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compare/block_walk.h"
#include "compare/result.h"
#include "compare/values.h"
#include "core/status.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is held against what. Values are borrowed, and read block by block. */
typedef struct {
    assay_stage stage;
    const assay_values *golden;
    const assay_values *candidate; /* of the golden's shape */
    const assay_values *unrounded; /* of the golden's shape; NULL without */
    const assay_span *spans;       /* (span_count) ascending, disjoint: what is judged; NULL: all */
    size_t span_count;
    assay_dtype golden_run; /* what each side's model computed in */
    assay_dtype candidate_run;
    assay_dtype mem_dtype; /* STORED only */
    double tolerance;      /* absolute; of u where there is one */
} assay_judge_input;

/* Judges into *entry: verdict, reason, rules (a failure's own, where it has one), metrics, worst (index and values),
 * deviation. Shapes must be equal. ASSAY_EINPUT: a file cannot be read or does not have the digest that it says. ASSAY_EINTERNAL when out
 * of memory. */
assay_status assay_judge(assay_entry *entry, const assay_judge_input *in, assay_error *err);

/* True when this tensor is judged as ASSAY_JUDGE_STORED says, and not as FLOAT. */
bool assay_judge_is_stored(assay_stage stage, assay_dtype golden_run, assay_dtype mem_dtype);

/* *scale becomes the largest finite magnitude of a golden tensor; of scores, hidden ones left out. It scales relative tolerances. Errors:
 * as assay_judge. */
assay_status assay_judge_scale(assay_stage stage, const assay_values *golden, assay_dtype run, double *scale,
                               assay_error *err);

/* True when `value` hides a score in a run of `run` dtype (see SCORES). */
bool assay_score_is_hidden(double value, assay_dtype run);

#ifdef __cplusplus
}
#endif

#endif
