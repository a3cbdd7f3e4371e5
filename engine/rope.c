#include "engine/rope.h"

#include <stdlib.h>

#include "core/rounding.h"
#include "core/simd.h"
#include "engine/real.h"

#ifndef ASSAY_REAL_F64
void assay_rope_inv_freq(float *out, int64_t head_dim, double theta) {
    for (int64_t i = 0; i < head_dim / 2; i++) {
        float exponent = (float)(2 * i) / (float)head_dim;
        float power = (float)pow((double)(float)theta, (double)exponent);
        out[i] = 1.0f / power;
    }
}

void assay_rope_free(assay_rope_table *table) {
    free(table->cos);
    free(table->sin);
    free(table->inv_freq);
    table->cos = table->sin = NULL;
    table->inv_freq = NULL;
    table->rows = table->capacity = 0;
}
#endif

static bool reserve(void **data, int64_t count) {
    void *grown = realloc(*data, (size_t)count * sizeof(real));
    if (!grown) return false;
    *data = grown;
    return true;
}

/* Frequencies of D/2 pairs. With the exponent i/D they are the first of twice as large a head. */
static bool make_inv_freq(assay_rope_table *table) {
    if (table->inv_freq) return true;
    int64_t d = table->exponent == ASSAY_EXPONENT_2I_OVER_D ? table->head_dim : 2 * table->head_dim;
    table->inv_freq = malloc((size_t)(d / 2) * sizeof *table->inv_freq);
    if (table->inv_freq) assay_rope_inv_freq(table->inv_freq, d, table->theta);
    return table->inv_freq != NULL;
}

/* ROPE-3 */
static real as_in_table(const assay_rope_table *table, double value) {
    float rounded = (float)value;
    if (table->form == ASSAY_TABLE_BF16) rounded = assay_round_half(rounded, ASSAY_BF16);
    return (real)assay_round_half(rounded, table->run);
}

/* PREC-2 of a model that was cast after it was built: positions, frequencies and angles are rounded in tables that grow. */
static bool is_recast(const assay_rope_table *table) {
    return table->frequencies == ASSAY_FREQUENCIES_CAST && table->grown;
}

/* Cosine and sine of pair i at a position: the angle is a float32 product (ROPE-1). */
static void compute_pair(const assay_rope_table *table, int64_t pos, int64_t i, real *c, real *s) {
    float angle = (float)pos * table->inv_freq[i];
    if (is_recast(table)) {
        float step = assay_round_half(table->inv_freq[i], table->run);
        angle = assay_round_half(assay_round_half((float)pos, table->run) * step, table->run);
    }
    *c = as_in_table(table, cos((double)angle));
    *s = as_in_table(table, sin((double)angle));
}

assay_status REAL(assay_rope_grow)(assay_rope_table *table, int64_t rows, assay_error *err) {
    if (rows <= table->rows) return ASSAY_OK;
    int64_t half = table->head_dim / 2;
    if (rows > table->capacity) {
        int64_t capacity = rows > 2 * table->capacity ? rows : 2 * table->capacity;
        if (!reserve(&table->cos, capacity * half) || !reserve(&table->sin, capacity * half))
            return assay_fail_nomem(err, "the rotary table");
        table->capacity = capacity;
    }
    if (!make_inv_freq(table)) return assay_fail_nomem(err, "the rotary frequencies");
    if (rows > table->built_rows && !table->grown) {
        table->grown = true;
        if (is_recast(table)) table->rows = 0; /* all rows are made anew */
    }
    real *cos_rows = table->cos, *sin_rows = table->sin;
    for (int64_t pos = table->rows; pos < rows; pos++)
        for (int64_t i = 0; i < half; i++)
            compute_pair(table, pos, i, &cos_rows[pos * half + i], &sin_rows[pos * half + i]);
    table->rows = rows;
    return ASSAY_OK;
}

ASSAY_SIMD
static void rotate(real *out, const real *x, const real *c, const real *s, int64_t half) {
#pragma omp simd
    for (int64_t i = 0; i < half; i++) {
        real x1 = x[i], x2 = x[i + half];
        out[i] = x1 * c[i] - x2 * s[i];
        out[i + half] = x2 * c[i] + x1 * s[i];
    }
}

/* In half precision both products and their sum are rounded. */
static void rotate_half(real *out, const real *x, const assay_rope_table *table, int64_t pos) {
    int64_t half = table->head_dim / 2;
    const real *c = (const real *)table->cos + pos * half, *s = (const real *)table->sin + pos * half;
    for (int64_t i = 0; i < half; i++) {
        real x1 = x[i], x2 = x[i + half];
        out[i] = real_rounded(real_rounded(x1 * c[i], table->run) - real_rounded(x2 * s[i], table->run), table->run);
        out[i + half] =
            real_rounded(real_rounded(x2 * c[i], table->run) + real_rounded(x1 * s[i], table->run), table->run);
    }
}

/* Pair by pair: any pairing and direction, and positions that the table lacks. */
static void rotate_pairs(real *out, const real *x, const assay_rope_table *table, int64_t pos) {
    int64_t half = table->head_dim / 2;
    for (int64_t i = 0; i < half; i++) {
        real c, s;
        compute_pair(table, pos, i, &c, &s);
        if (table->direction == ASSAY_ROTATES_BACKWARD) s = -s;
        bool split = table->pairs == ASSAY_PAIRS_HALF_SPLIT;
        int64_t first = split ? i : 2 * i, second = split ? i + half : 2 * i + 1;
        real x1 = x[first], x2 = x[second];
        out[first] = real_rounded(x1 * c - x2 * s, table->run);
        out[second] = real_rounded(x2 * c + x1 * s, table->run);
    }
}

void REAL(assay_rope_rotate)(real *out, const real *x, const assay_rope_table *table, int64_t pos) {
    int64_t half = table->head_dim / 2;
    bool plain = table->pairs == ASSAY_PAIRS_HALF_SPLIT && table->direction == ASSAY_ROTATES_FORWARD;
    bool in_table = plain && pos >= 0 && pos < table->rows;
    if (in_table && assay_dtype_is_half(table->run)) rotate_half(out, x, table, pos);
    else if (in_table)
        rotate(out, x, (const real *)table->cos + pos * half, (const real *)table->sin + pos * half, half);
    else rotate_pairs(out, x, table, pos);
}
