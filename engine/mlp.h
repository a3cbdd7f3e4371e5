/* The gated MLP's pointwise parts (rule MLP-1). Source: LongLlamaMLP and transformers' ACT2FN; Shazeer, "GLU variants", 2020. */
#ifndef ASSAY_ENGINE_MLP_H
#define ASSAY_ENGINE_MLP_H

#include <stdint.h>

#include "core/config.h"
#include "engine/real.h"

/* x (n) = act(x), in place. */
void REAL(assay_activate)(real *x, int64_t n, assay_activation act);

/* x (n) = x * y, in place. */
void REAL(assay_multiply)(real *x, const real *y, int64_t n);

/* out (n) = x + y: the residual sum. out may be x or y. */
void REAL(assay_add)(real *out, const real *x, const real *y, int64_t n);

#endif
