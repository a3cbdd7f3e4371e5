/*
 * The inner loops of attention: a few query rows against the keys or values of one head. Keys and values come in the dtype in
 * which they are kept and are widened on the way, block by block: no widened copy of a memory exists.
 */
#ifndef ASSAY_ENGINE_ATTENTION_KERNELS_H
#define ASSAY_ENGINE_ATTENTION_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/dtype.h"
#include "engine/real.h"

/* Tokens that are widened at a time when several queries share them. */
#define ASSAY_ATTENTION_TILE 128

/* Queries of one block. */
#define ASSAY_ATTENTION_QUERIES 64

/* n rows of D numbers in some dtype: the keys or values of one head in one stretch of tokens. */
typedef struct {
    const void *data; /* (n,D) */
    assay_dtype dtype;
    int64_t n, d;
} assay_rows;

/* A block of q rows of numbers, `stride` apart. */
typedef struct {
    real *data;
    int64_t q, stride;
} REAL(assay_block);

/* scores (q,n) = scale * query (q,D) . keys (n,D)^T. tile: ASSAY_ATTENTION_TILE * D reals of scratch. */
void REAL(assay_score_keys)(REAL(assay_block) scores, const real *query, const assay_rows *keys, real scale,
                            real *tile);

/* out (q,D) += probs (q,n) * values (n,D). */
void REAL(assay_mix_values)(REAL(assay_block) out, REAL(assay_block) probs, const assay_rows *values, real *tile);

/* In place over n scores: softmax (ATT-2). A row of equal scores gives exactly equal weights. */
void REAL(assay_softmax)(real *row, int64_t n);

#endif
