/* The gated MLP's pointwise parts (rule MLP-1). Source: LongLlamaMLP and transformers' ACT2FN; Shazeer, "GLU variants", 2020. */
#ifndef ASSAY_ENGINE_MLP_H
#define ASSAY_ENGINE_MLP_H

#include <stdint.h>

#include "core/config.h"
#include "engine/real.h"

/* x (n) = act(x), in place. `run` is the dtype of the run: in half precision the result is rounded to it, and so are the results
 * on the way where transformers computes the activation by several of torch's operations (PREC-3). */
void REAL(assay_activate)(real *x, int64_t n, assay_activation act, assay_dtype run);

/* x (n) = x * y, in place, rounded to the run's dtype. */
void REAL(assay_multiply)(real *x, const real *y, int64_t n, assay_dtype run);

/* x (n) = x + y, in place, rounded to the run's dtype: the residual sum. */
void REAL(assay_add)(real *x, const real *y, int64_t n, assay_dtype run);

#endif
