/* RMSNorm (rule NORM-1). Source: LongLlamaRMSNorm; Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019. */
#ifndef ASSAY_ENGINE_NORM_H
#define ASSAY_ENGINE_NORM_H

#include <stdint.h>

#include "engine/real.h"

/* out (rows,C) = weight (C) * (x (rows,C) / sqrt(mean(x^2) + eps)). eps is inside the root. out may be x. */
void REAL(assay_rms_norm)(real *out, const real *x, const real *weight, int64_t rows, int64_t c, double eps);

#endif
