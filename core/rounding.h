/*
 * Rounding to a narrower type, and its reverse: which values round to a given one.
 */
#ifndef ASSAY_CORE_ROUNDING_H
#define ASSAY_CORE_ROUNDING_H

#include "core/dtype.h"

#ifdef __cplusplus
extern "C" {
#endif

/* `value` rounded once, to nearest even, to float16 or bfloat16 (other types: float32 rounds, float64 stays); what is
 * too large becomes infinite. NaN stays NaN. The result is exact as a double. */
double assay_round_to(double value, assay_dtype dtype);

/* The smallest move of u after which it may round to c, in float16 or bfloat16: 0 when it does already. c is
 * representable in dtype, or infinite; neither is NaN. Infinite where no finite move suffices. */
double assay_rounding_move(double u, double c, assay_dtype dtype);

#ifdef __cplusplus
}
#endif

#endif
