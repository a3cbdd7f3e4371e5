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

static void norm_row(real *out, const real *x, const real *weight, int64_t c, const assay_norm *norm) {
    real variance = mean_square(x, c), eps = (real)norm->eps;
    real root = norm->eps_place == ASSAY_EPS_INSIDE_ROOT ? real_sqrt(variance + eps) : real_sqrt(variance) + eps;
    if (norm->weight == ASSAY_NORM_WEIGHT_PLUS_ONE)
        for (int64_t i = 0; i < c; i++) out[i] = (1 + weight[i]) * (x[i] / root);
    else scale_row(out, x, weight, c, 1 / root);
}

void REAL(assay_rms_norm)(real *out, const real *x, const real *weight, int64_t rows, int64_t c,
                          const assay_norm *norm) {
#pragma omp parallel for schedule(static) if (rows * c > 65536)
    for (int64_t row = 0; row < rows; row++) norm_row(out + row * c, x + row * c, weight, c, norm);
}
