/*
 * Leaving pads out: which elements of a golden's tensor belong to tokens that its own masks hide.
 *
 * The golden's masks decide, never the candidate's: a wrong candidate cannot hide what it got wrong.
 */
#ifndef ASSAY_COMPARE_PAD_ROWS_H
#define ASSAY_COMPARE_PAD_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "compare/judge.h"
#include "compare/source.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is judged of a tensor. */
typedef struct {
    assay_span *spans; /* (count) owned; NULL: everything is judged */
    size_t count;
    int64_t left_out; /* elements that are not */
} assay_judged_spans;

/* Finds them for `item` of `golden`. Tokens are hidden by the window's attention_mask (its last columns are the
 * window's tokens, the ones before those of the local cache; SCHED-6), those of stored memory by their stored mask
 * (MEM-5), those of the local past by the step's last window, logits by all windows of the step. Exact stages are
 * judged whole, and so is whatever the golden has no mask for. Release with assay_judged_spans_free. */
assay_status assay_pad_rows_find(assay_judged_spans *out, const assay_source *golden, const assay_source_item *item,
                                 assay_error *err);

void assay_judged_spans_free(assay_judged_spans *spans);

#ifdef __cplusplus
}
#endif

#endif
