/*
 * Weights made from a seed: the recipe "assay-uniform/1" of docs/golden-format.md.
 */
#ifndef ASSAY_GOLDEN_RECIPE_H
#define ASSAY_GOLDEN_RECIPE_H

#include <stdint.h>

#include "core/config.h"
#include "core/dtype.h"
#include "core/status.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The largest set of weights that is made, in bytes. */
#define ASSAY_RECIPE_MAX_NBYTES (INT64_C(8) << 30)

/* *out has every weight of the model, made in float32 and converted to `dtype`. The caller destroys it. ASSAY_EINPUT
 * when they take more than ASSAY_RECIPE_MAX_NBYTES. */
assay_status assay_recipe_weights(assay_tensor_map **out, const assay_config *config, uint64_t seed, double gain,
                                  assay_dtype dtype, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
