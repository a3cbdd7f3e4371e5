/* RMSNorm (rule NORM-1). Source: LongLlamaRMSNorm; Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019. */
#ifndef ASSAY_ENGINE_NORM_H
#define ASSAY_ENGINE_NORM_H

#include <stdint.h>

#include "engine/real.h"
#include "engine/semantics.h"

/* How a model normalises; zero but for eps: as the original. */
typedef struct {
    double eps;
    assay_eps_place eps_place;
    assay_norm_weight weight;
    assay_dtype run; /* in half precision: the cast before the weight, and the product's own (PREC-1, PREC-3) */
} assay_norm;

/* out (rows,C) = weight (C) * (x (rows,C) / sqrt(mean(x^2) + eps)). eps is inside the root. out may be x. A mistake in `norm` changes
 * where eps is added or how the weight is applied. */
void REAL(assay_rms_norm)(real *out, const real *x, const real *weight, int64_t rows, int64_t c,
                          const assay_norm *norm);

#endif
