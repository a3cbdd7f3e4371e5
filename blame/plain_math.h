/*
 * The operations of LongLLaMA in plain float64 loops, written from the rules and apart from the engine's kernels: what a port's stage
 * should hold, given the port's own inputs.
 *
 * `round` is the type that the original rounds to after each step (PREC-3): ASSAY_BF16 or ASSAY_F16 for a model in half precision,
 * ASSAY_F64 for no rounding. Outputs must not overlap inputs.
 */
#ifndef ASSAY_BLAME_PLAIN_MATH_H
#define ASSAY_BLAME_PLAIN_MATH_H

#include <stdint.h>

#include "core/config.h"
#include "core/dtype.h"

#ifdef __cplusplus
extern "C" {
#endif

/* out (rows,C) = weight (C) * (x (rows,C) / sqrt(mean(x^2) + eps)): NORM-1. */
void assay_plain_norm(double *out, const double *x, const double *weight, const int64_t shape[2], double eps,
                      assay_dtype round);

/* out (M,N) = x (M,K) * w (N,K)^T, shape = {M, K, N}: torch's Linear without bias. By OpenBLAS in float64. */
void assay_plain_linear(double *out, const double *x, const double *w, const int64_t shape[3], assay_dtype round);

/* cos or sin (rows, D) of the rotary table (ROPE-1): angles in float32, element i and i + D/2 alike. */
void assay_plain_rotary_table(double *out, int64_t rows, int64_t head_dim, double theta, bool sine, assay_dtype round);

/* out (D) = x * cos + rotate_half(x) * sin, of one token (ROPE-2); cos and sin (D) are the table's row. */
void assay_plain_rotate(double *out, const double *x, const double *cosine, const double *sine, int64_t head_dim,
                        assay_dtype round);

/* One score: (q . k) / sqrt(D) + mask, q and k (D); not clamped yet (ATT-1). */
double assay_plain_score(const double *q, const double *k, int64_t head_dim, double mask, assay_dtype round);

/* What hides a key in a run of `run`: the dtype's minimum (ATT-5); two of them overflow to minus infinity. */
double assay_plain_mask(int hides, assay_dtype run);

/* The least score of a run (ATT-1). */
double assay_plain_clamp(assay_dtype run);

/* In place over n scores (ATT-2). */
void assay_plain_softmax(double *row, int64_t n, assay_dtype round);

/* act(x) (MLP-1). */
double assay_plain_activation(double x, assay_activation act);

/* -log softmax(logits (n))[label] (LOSS-1); in half precision the sum and its logarithm are rounded too (PREC-3). */
double assay_plain_cross_entropy(const double *logits, int64_t n, int64_t label, assay_dtype round);

#ifdef __cplusplus
}
#endif

#endif
