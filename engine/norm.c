#include "engine/norm.h"

#include "core/simd.h"
#include "engine/real.h"

ASSAY_SIMD
static void norm_row(real *out, const real *x, const real *weight, int64_t c, real eps) {
    real sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < c; i++) sum += x[i] * x[i];
    real scale = 1 / real_sqrt(sum / (real)c + eps);
#pragma omp simd
    for (int64_t i = 0; i < c; i++) out[i] = weight[i] * (x[i] * scale);
}

void REAL(assay_rms_norm)(real *out, const real *x, const real *weight, int64_t rows, int64_t c, double eps) {
#pragma omp parallel for schedule(static) if (rows * c > 65536)
    for (int64_t row = 0; row < rows; row++) norm_row(out + row * c, x + row * c, weight, c, (real)eps);
}
