/*
 * Logits row by row: Kullback-Leibler divergence, and agreement of the largest one and five.
 */
#ifndef ASSAY_COMPARE_LOGITS_H
#define ASSAY_COMPARE_LOGITS_H

#include <stdint.h>

#include "compare/metrics.h"
#include "core/status.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    assay_logit_metrics m;
    double kl_sum;
} assay_logits_state;

void assay_logits_begin(assay_logits_state *state);

/* Measures row `row` (of the last axis, size V >= 1) of tensors of equal shape. golden_row and candidate_row are (V)
 * doubles. A row is decided when the golden's margin exceeds 2 * tolerance: each of two logits may move by one
 * tolerance. */
void assay_logits_add_row(assay_logits_state *state, const double *golden_row, const double *candidate_row,
                          int64_t size, int64_t row, double tolerance);

/* Adds what was measured apart of rows that come after all that *state has. */
void assay_logits_fold(assay_logits_state *state, const assay_logits_state *part);

assay_logit_metrics assay_logits_end(const assay_logits_state *state);

/* KL(softmax(golden) || softmax(candidate)) in nats of two rows of n finite logits; never negative. */
double assay_kl_divergence(const double *golden, const double *candidate, int64_t n);

#ifdef __cplusplus
}
#endif

#endif
