#include "engine/attention_kernels.h"

#include "core/simd.h"
#include "engine/real.h"
#include "engine/vector_exp.h"

/* Up to this many query rows the keys are read once and widened in registers; beyond, a widened tile feeds a product. */
enum { few_queries = 2 };

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

static inline float widen_bf16(uint16_t bits) {
    union {
        uint32_t bits;
        float value;
    } u = {.bits = (uint32_t)bits << 16};
    return u.value;
}

ASSAY_SIMD
static void dot_bf16(real *out, const real *q, const uint16_t *keys, int64_t n, int64_t d, real scale) {
    for (int64_t j = 0; j < n; j++, keys += d) {
        real sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < d; i++) sum += q[i] * (real)widen_bf16(keys[i]);
        out[j] = sum * scale;
    }
}

ASSAY_SIMD
static void dot_real(real *out, const real *q, const real *keys, int64_t n, int64_t d, real scale) {
    for (int64_t j = 0; j < n; j++, keys += d) {
        real sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < d; i++) sum += q[i] * keys[i];
        out[j] = sum * scale;
    }
}

ASSAY_SIMD
static void mix_bf16(real *out, const real *probs, const uint16_t *values, int64_t n, int64_t d) {
    for (int64_t j = 0; j < n; j++, values += d) {
        real p = probs[j];
#pragma omp simd
        for (int64_t i = 0; i < d; i++) out[i] += p * (real)widen_bf16(values[i]);
    }
}

ASSAY_SIMD
static void mix_real(real *out, const real *probs, const real *values, int64_t n, int64_t d) {
    for (int64_t j = 0; j < n; j++, values += d) {
        real p = probs[j];
#pragma omp simd
        for (int64_t i = 0; i < d; i++) out[i] += p * values[i];
    }
}

/* The rows [from, from + count) as reals: in place where they are, else widened into the tile. */
static const real *rows_as_real(const assay_rows *rows, int64_t from, int64_t count, real *tile) {
    size_t first = (size_t)(from * rows->d);
    const char *data = (const char *)rows->data + first * assay_dtype_size(rows->dtype);
    if (rows->dtype == REAL_DTYPE) return (const real *)(const void *)data;
    assay_convert(tile, REAL_DTYPE, data, rows->dtype, (size_t)(count * rows->d));
    return tile;
}

static int64_t step_of(const assay_rows *rows) { return rows->dtype == REAL_DTYPE ? rows->n : ASSAY_ATTENTION_TILE; }

static void score_few(REAL(assay_block) scores, const real *query, const assay_rows *keys, real scale, real *tile) {
    int64_t d = keys->d;
    if (keys->dtype == ASSAY_BF16) {
        for (int64_t r = 0; r < scores.q; r++)
            dot_bf16(scores.data + r * scores.stride, query + r * d, keys->data, keys->n, d, scale);
        return;
    }
    int64_t step = step_of(keys);
    for (int64_t from = 0; from < keys->n; from += step) {
        int64_t count = smaller(step, keys->n - from);
        const real *rows = rows_as_real(keys, from, count, tile);
        for (int64_t r = 0; r < scores.q; r++)
            dot_real(scores.data + r * scores.stride + from, query + r * d, rows, count, d, scale);
    }
}

void REAL(assay_score_keys)(REAL(assay_block) scores, const real *query, const assay_rows *keys, real scale,
                            real *tile) {
    if (scores.q <= few_queries) {
        score_few(scores, query, keys, scale, tile);
        return;
    }
    int64_t step = step_of(keys), d = keys->d;
    for (int64_t from = 0; from < keys->n; from += step) {
        int64_t count = smaller(step, keys->n - from);
        const real *rows = rows_as_real(keys, from, count, tile);
        real_gemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)scores.q, (int)count, (int)d, scale, query, (int)d,
                  rows, (int)d, 0, scores.data + from, (int)scores.stride);
    }
}

static void mix_few(REAL(assay_block) out, REAL(assay_block) probs, const assay_rows *values, real *tile) {
    int64_t d = values->d;
    if (values->dtype == ASSAY_BF16) {
        for (int64_t r = 0; r < out.q; r++)
            mix_bf16(out.data + r * out.stride, probs.data + r * probs.stride, values->data, values->n, d);
        return;
    }
    int64_t step = step_of(values);
    for (int64_t from = 0; from < values->n; from += step) {
        int64_t count = smaller(step, values->n - from);
        const real *rows = rows_as_real(values, from, count, tile);
        for (int64_t r = 0; r < out.q; r++)
            mix_real(out.data + r * out.stride, probs.data + r * probs.stride + from, rows, count, d);
    }
}

void REAL(assay_mix_values)(REAL(assay_block) out, REAL(assay_block) probs, const assay_rows *values, real *tile) {
    if (out.q <= few_queries) {
        mix_few(out, probs, values, tile);
        return;
    }
    int64_t step = step_of(values), d = values->d;
    for (int64_t from = 0; from < values->n; from += step) {
        int64_t count = smaller(step, values->n - from);
        const real *rows = rows_as_real(values, from, count, tile);
        real_gemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)out.q, (int)d, (int)count, 1, probs.data + from,
                  (int)probs.stride, rows, (int)d, 1, out.data, (int)out.stride);
    }
}

ASSAY_SIMD
static void softmax_row(real *row, int64_t n) {
    real largest = row[0];
#pragma omp simd reduction(max : largest)
    for (int64_t j = 0; j < n; j++) largest = row[j] > largest ? row[j] : largest;
    real sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t j = 0; j < n; j++) {
        row[j] = REAL(assay_vector_exp)(row[j] - largest);
        sum += row[j];
    }
#pragma omp simd
    for (int64_t j = 0; j < n; j++) row[j] = row[j] / sum;
}

void REAL(assay_softmax)(real *row, int64_t n) { softmax_row(row, n); }
