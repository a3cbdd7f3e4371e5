/*
 * One engine source, two precisions. A file that includes this header is compiled twice: with `real` = float, and, with
 * ASSAY_REAL_F64 defined, with `real` = double. REAL(name) gives each its own symbol: name_f32, name_f64.
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

#endif
