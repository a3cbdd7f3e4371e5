/*
 * What the kinds of judgement (compare/judge.h) share. For judge*.c only.
 *
 * Each kind walks over the blocks of the tensors with a part of its own, which begins with the metrics, and then draws its conclusion.
 */
#ifndef ASSAY_COMPARE_JUDGE_INTERNAL_H
#define ASSAY_COMPARE_JUDGE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compare/block_walk.h"
#include "compare/judge.h"
#include "compare/metrics.h"
#include "core/status.h"

/* What a visitor is told of the judgement. */
typedef struct {
    const assay_judge_input *in;
    assay_dtype ulp_dtype;
} assay_judge_context;

/* How a kind walks: see assay_block_walk. The context of `visit` is an assay_judge_context. */
typedef struct {
    size_t part_nbytes;
    int64_t row;
    assay_dtype ulp_dtype; /* in which ULPs are counted; of integers in float64's */
    assay_status (*visit)(const void *context, const assay_block *block, void *part, assay_error *err);
    void (*fold)(void *total, const void *part, int64_t begin);
} assay_judge_pass;

/* Walks over all tensors and spans of *in. *total must be ready to be folded into. */
assay_status assay_judge_walk(const assay_judge_input *in, const assay_judge_pass *pass, void *total, assay_error *err);

/* The metrics of a block's spans: what every visit begins with. */
void assay_judge_measure(const assay_judge_context *context, const assay_block *block, assay_metrics_state *out);

/* Starts metrics that are to be folded into. */
void assay_judge_begin(assay_metrics_state *total, assay_dtype ulp_dtype);

/* Points e->worst at an element: its index and both values. index may be -1. */
assay_status assay_judge_set_worst(assay_entry *e, const assay_judge_input *in, int64_t index, assay_error *err);

/* NaN and infinities come first: *fails is set, and *e becomes a failure, when their classes differ anywhere. */
assay_status assay_judge_classes(assay_entry *e, const assay_judge_input *in, bool *fails, assay_error *err);

/* Holds the largest distance against the tolerance. */
assay_status assay_judge_distance(assay_entry *e, const assay_judge_input *in, assay_error *err);

/* Whether `value` is the minimum of the dtype that it is stored in, or of the run's. */
bool assay_judge_is_minimum(double value, assay_dtype storage, assay_dtype run);

/* The largest value that hides a score in a run of this dtype. */
double assay_judge_clamp(assay_dtype run);

/* SCORES, see compare/judge.h. */
assay_status assay_judge_scores(assay_entry *e, const assay_judge_input *in, assay_error *err);

#endif
