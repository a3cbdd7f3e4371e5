/*
 * Rotary position embedding (rules ROPE-1 to ROPE-5).
 *
 * Source: LongLlamaRotaryEmbedding and rotate_one of the original; Su et al., "RoFormer", 2021, in the half-split pairing.
 */
#ifndef ASSAY_ENGINE_ROPE_H
#define ASSAY_ENGINE_ROPE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"
#include "engine/real.h"
#include "engine/semantics.h"

/* Rows of cos and sin for positions 0, 1, ...: (rows, D/2) each. The second half of the original's table repeats the
 * first (ROPE-1), so it is not stored. Grows on demand; owned by whoever owns the past. */
typedef struct {
    int64_t head_dim; /* D */
    double theta;
    assay_rotary_pairs pairs; /* zero, as the three below: the original's */
    assay_rotary_exponent exponent;
    assay_rotary_direction direction;
    assay_rotary_table_form form;
    assay_rotary_frequencies frequencies; /* PREC-2 */
    assay_dtype run;    /* dtype that cos and sin are cast to, and rotation rounds to (ROPE-3, PREC-3) */
    int64_t built_rows; /* PREC-2: rows that are made when the model is built */
    bool grown;         /* there were more at some time */
    int64_t rows, capacity;
    float *inv_freq; /* (D/2) and more; made with the first rows */
    void *cos, *sin; /* real */
} assay_rope_table;

/* ROPE-1: inv_freq (D/2), every step rounded to float32: 2i/D, the power, the reciprocal. */
void assay_rope_inv_freq(float *out, int64_t head_dim, double theta);

/* Makes sure that the table has at least `rows` rows. ROPE-1, ROPE-3: angle = pos * inv_freq in float32, cos and sin
 * rounded to float32, then taken as real. */
assay_status REAL(assay_rope_grow)(assay_rope_table *table, int64_t rows, assay_error *err);

void assay_rope_free(assay_rope_table *table);

/* ROPE-2 for one vector: out (D) = x * cos + rotate_half(x) * sin at position `pos`. out may be x. The table must have been grown
 * once; a position outside it, which the original refuses (POS-3), is computed on the spot. */
void REAL(assay_rope_rotate)(real *out, const real *x, const assay_rope_table *table, int64_t pos);

#endif
