/*
 * One engine source, three precisions. A file that includes this header is compiled twice: with `real` = float, and, with
 * ASSAY_REAL_F64 defined, with `real` = double. REAL(name) gives each its own symbol: name_f32, name_f64.
 *
 * A run in half precision is the float one, with every operation's result rounded to the run's dtype (PREC-3): its numbers are
 * floats that the half type can represent. Nothing else changes: products and sums are in float, as in PyTorch's CPU kernels.
 */
#ifndef ASSAY_ENGINE_REAL_H
#define ASSAY_ENGINE_REAL_H

#include <cblas.h>
#include <math.h>
#include <stdint.h>

#include "core/dtype.h"

#ifdef ASSAY_REAL_F64
typedef double real;
#define REAL(name) name##_f64
#define REAL_DTYPE ASSAY_F64
#define real_gemm cblas_dgemm
#define real_gemv cblas_dgemv
#define real_sqrt sqrt
#define real_exp exp
#define real_erf erf
#define real_tanh tanh
#define real_log1p log1p
#else
typedef float real;
#define REAL(name) name##_f32
#define REAL_DTYPE ASSAY_F32
#define real_gemm cblas_sgemm
#define real_gemv cblas_sgemv
#define real_sqrt sqrtf
#define real_exp expf
#define real_erf erff
#define real_tanh tanhf
#define real_log1p log1pf
#endif

/* PREC-3: a result as the run keeps it. The dtype is that of the run; nothing is rounded but in half precision. */
static inline real real_rounded(real x, assay_dtype run) {
#ifdef ASSAY_REAL_F64
    (void)run;
    return x;
#else
    return assay_round_half(x, run);
#endif
}

/* The same for n results, in place. */
static inline void real_round(real *x, int64_t n, assay_dtype run) {
    if (!assay_dtype_is_half(run)) return;
    for (int64_t i = 0; i < n; i++) x[i] = real_rounded(x[i], run);
}

#endif
