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

static real gelu_tanh(real x, real factor) {
    real inner = factor * (x + (real)0.044715 * x * x * x);
    return (real)0.5 * x * (1 + real_tanh(inner));
}

/* log(1 + e^x), as torch's softplus: x itself beyond 20. */
static real softplus(real x) { return x > 20 ? x : real_log1p(real_exp(x)); }

static real clip(real x, real low, real high) { return x < low ? low : x > high ? high : x; }

static real activate_one(real x, assay_activation act) {
    switch (act) {
    case ASSAY_ACT_GELU:
    case ASSAY_ACT_GELU_PYTHON: return gelu(x);
    case ASSAY_ACT_GELU_NEW:
    case ASSAY_ACT_GELU_TANH: return gelu_tanh(x, (real)0.79788456080286535588); /* sqrt(2/pi) */
    case ASSAY_ACT_GELU_FAST: return gelu_tanh(x, (real)0.7978845608);           /* as transformers writes it */
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

/* ---- half precision: activations that are several operations; halving rounds nothing ---- */

static real gelu_python_half(real x, assay_dtype run) {
    real inner = real_erf(real_rounded(x / (real)M_SQRT2, run));
    return (real)0.5 * x * real_rounded(1 + real_rounded(inner, run), run);
}

static real gelu_new_half(real x, assay_dtype run) {
    real cube = real_rounded(real_rounded(x * x, run) * x, run); /* as torch.pow does */
    real sum = real_rounded(x + real_rounded((real)0.044715 * cube, run), run);
    real inner = real_rounded((real)0.79788456080286535588 * sum, run);
    real outer = real_rounded(1 + real_rounded(real_tanh(inner), run), run);
    return (real)0.5 * x * outer;
}

static real gelu_fast_half(real x, assay_dtype run) {
    real square = real_rounded(real_rounded((real)0.044715 * x, run) * x, run);
    real scaled = real_rounded(x * (real)0.7978845608, run);
    real inner = real_rounded(scaled * real_rounded(1 + square, run), run);
    real outer = real_rounded(1 + real_rounded(real_tanh(inner), run), run);
    return (real)0.5 * x * outer;
}

static real laplace_half(real x, assay_dtype run) {
    real centred = real_rounded(x - (real)0.707107, run);
    real inner = real_rounded(centred / (real)(0.282095 * M_SQRT2), run);
    return (real)0.5 * real_rounded(1 + real_rounded(real_erf(inner), run), run);
}

static real activate_half(real x, assay_activation act, assay_dtype run) {
    switch (act) {
    case ASSAY_ACT_SILU: return real_rounded(x * sigmoid(x), run);
    case ASSAY_ACT_GELU_PYTHON: return real_rounded(gelu_python_half(x, run), run);
    case ASSAY_ACT_GELU_NEW: return real_rounded(gelu_new_half(x, run), run);
    case ASSAY_ACT_GELU_FAST: return real_rounded(gelu_fast_half(x, run), run);
    case ASSAY_ACT_LAPLACE: return real_rounded(laplace_half(x, run), run);
    case ASSAY_ACT_QUICK_GELU:
        return real_rounded(x * real_rounded(sigmoid(real_rounded((real)1.702 * x, run)), run), run);
    default: return real_rounded(activate_one(x, act), run);
    }
}

void REAL(assay_activate)(real *x, int64_t n, assay_activation act, assay_dtype run) {
    if (act == ASSAY_ACT_LINEAR) return;
    bool half = assay_dtype_is_half(run);
#pragma omp parallel for schedule(static) if (n > chunk)
    for (int64_t start = 0; start < n; start += chunk) {
        int64_t count = n - start < chunk ? n - start : chunk;
        if (half)
            for (int64_t i = start; i < start + count; i++) x[i] = activate_half(x[i], act, run);
        else if (act == ASSAY_ACT_SILU) silu_chunk(x + start, count);
        else
            for (int64_t i = start; i < start + count; i++) x[i] = activate_one(x[i], act);
    }
}

void REAL(assay_multiply)(real *x, const real *y, int64_t n, assay_dtype run) {
#pragma omp parallel for simd schedule(static) if (n > chunk)
    for (int64_t i = 0; i < n; i++) x[i] *= y[i];
    real_round(x, n, run);
}

void REAL(assay_add)(real *x, const real *y, int64_t n, assay_dtype run) {
#pragma omp parallel for simd schedule(static) if (n > chunk)
    for (int64_t i = 0; i < n; i++) x[i] += y[i];
    real_round(x, n, run);
}
