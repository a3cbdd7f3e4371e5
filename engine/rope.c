#include "engine/rope.h"

#include <assert.h>
#include <stdlib.h>

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
    table->cos = table->sin = NULL;
    table->rows = table->capacity = 0;
}
#endif

static bool reserve(void **data, int64_t count) {
    void *grown = realloc(*data, (size_t)count * sizeof(real));
    if (!grown) return false;
    *data = grown;
    return true;
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
    float *inv_freq = malloc((size_t)half * sizeof *inv_freq);
    if (!inv_freq) return assay_fail_nomem(err, "the rotary frequencies");
    assay_rope_inv_freq(inv_freq, table->head_dim, table->theta);
    real *cos_rows = table->cos, *sin_rows = table->sin;
    for (int64_t pos = table->rows; pos < rows; pos++) {
        for (int64_t i = 0; i < half; i++) {
            float angle = (float)pos * inv_freq[i];
            cos_rows[pos * half + i] = (real)(float)cos((double)angle);
            sin_rows[pos * half + i] = (real)(float)sin((double)angle);
        }
    }
    free(inv_freq);
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

void REAL(assay_rope_rotate)(real *out, const real *x, const assay_rope_table *table, int64_t pos) {
    assert(pos >= 0 && pos < table->rows);
    int64_t half = table->head_dim / 2;
    rotate(out, x, (const real *)table->cos + pos * half, (const real *)table->sin + pos * half, half);
}
