#include "engine/norm.h"

#include "core/simd.h"
#include "engine/real.h"

ASSAY_SIMD
static real mean_square(const real *x, int64_t c) {
    real sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < c; i++) sum += x[i] * x[i];
    return sum / (real)c;
}

/* out = weight * (x * scale). In float32 and float64 the cast before the weight is none. */
ASSAY_SIMD
static void scale_row(real *out, const real *x, const real *weight, int64_t c, real scale) {
#pragma omp simd
    for (int64_t i = 0; i < c; i++) out[i] = weight[i] * (x[i] * scale);
}

/* In half precision there is one: the product with the weight is of two numbers of the run's dtype. */
static void scale_row_half(real *out, const real *x, const real *weight, int64_t c, const assay_norm *norm,
                           real scale) {
    bool cast_first = norm->weight != ASSAY_NORM_WEIGHT_BEFORE_CAST;
    for (int64_t i = 0; i < c; i++) {
        real normed = cast_first ? real_rounded(x[i] * scale, norm->run) : x[i] * scale;
        real factor = norm->weight == ASSAY_NORM_WEIGHT_PLUS_ONE ? real_rounded(1 + weight[i], norm->run) : weight[i];
        out[i] = real_rounded(factor * normed, norm->run);
    }
}

static void norm_row(real *out, const real *x, const real *weight, int64_t c, const assay_norm *norm) {
    real variance = mean_square(x, c), eps = (real)norm->eps;
    real root = norm->eps_place == ASSAY_EPS_INSIDE_ROOT ? real_sqrt(variance + eps) : real_sqrt(variance) + eps;
    if (assay_dtype_is_half(norm->run)) scale_row_half(out, x, weight, c, norm, 1 / root);
    else if (norm->weight == ASSAY_NORM_WEIGHT_PLUS_ONE)
        for (int64_t i = 0; i < c; i++) out[i] = (1 + weight[i]) * (x[i] / root);
    else scale_row(out, x, weight, c, 1 / root);
}

void REAL(assay_rms_norm)(real *out, const real *x, const real *weight, int64_t rows, int64_t c,
                          const assay_norm *norm) {
#pragma omp parallel for schedule(static) if (rows * c > 65536)
    for (int64_t row = 0; row < rows; row++) norm_row(out + row * c, x + row * c, weight, c, norm);
}
