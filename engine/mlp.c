#include "engine/mlp.h"

#include "core/simd.h"
#include "engine/real.h"
#include "engine/vector_exp.h"

/* Elements of one part of a parallel loop. */
enum { chunk = 16384 };

ASSAY_SIMD
static void silu_chunk(real *x, int64_t n) {
#pragma omp simd
    for (int64_t i = 0; i < n; i++) x[i] = x[i] / (1 + REAL(assay_vector_exp)(-x[i]));
}

static real sigmoid(real x) { return 1 / (1 + real_exp(-x)); }
static real gelu(real x) { return (real)0.5 * x * (1 + real_erf(x * (real)M_SQRT1_2)); }

static real gelu_tanh(real x) {
    real inner = (real)0.79788456080286535588 * (x + (real)0.044715 * x * x * x); /* sqrt(2/pi) */
    return (real)0.5 * x * (1 + real_tanh(inner));
}

/* log(1 + e^x), as torch's softplus: x itself beyond 20. */
static real softplus(real x) { return x > 20 ? x : real_log1p(real_exp(x)); }

static real clip(real x, real low, real high) { return x < low ? low : x > high ? high : x; }

static real activate_one(real x, assay_activation act) {
    switch (act) {
    case ASSAY_ACT_GELU: return gelu(x);
    case ASSAY_ACT_GELU_TANH: return gelu_tanh(x);
    case ASSAY_ACT_GELU_10: return clip(gelu(x), -10, 10);
    case ASSAY_ACT_QUICK_GELU: return x * sigmoid((real)1.702 * x);
    case ASSAY_ACT_RELU: return x < 0 ? 0 : x; /* NaN stays NaN */
    case ASSAY_ACT_RELU2: return x < 0 ? 0 : x * x;
    case ASSAY_ACT_RELU6: return clip(x, 0, 6);
    case ASSAY_ACT_SIGMOID: return sigmoid(x);
    case ASSAY_ACT_TANH: return real_tanh(x);
    case ASSAY_ACT_MISH: return x * real_tanh(softplus(x));
    case ASSAY_ACT_LAPLACE: return (real)0.5 * (1 + real_erf((x - (real)0.707107) / (real)(0.282095 * M_SQRT2)));
    case ASSAY_ACT_SILU:
    case ASSAY_ACT_LINEAR: break;
    }
    return x;
}

void REAL(assay_activate)(real *x, int64_t n, assay_activation act) {
    if (act == ASSAY_ACT_LINEAR) return;
#pragma omp parallel for schedule(static) if (n > chunk)
    for (int64_t start = 0; start < n; start += chunk) {
        int64_t count = n - start < chunk ? n - start : chunk;
        if (act == ASSAY_ACT_SILU) silu_chunk(x + start, count);
        else
            for (int64_t i = start; i < start + count; i++) x[i] = activate_one(x[i], act);
    }
}

void REAL(assay_multiply)(real *x, const real *y, int64_t n) {
#pragma omp parallel for simd schedule(static) if (n > chunk)
    for (int64_t i = 0; i < n; i++) x[i] *= y[i];
}

void REAL(assay_add)(real *out, const real *x, const real *y, int64_t n) {
#pragma omp parallel for simd schedule(static) if (n > chunk)
    for (int64_t i = 0; i < n; i++) out[i] = x[i] + y[i];
}
