/*
 * A golden that holds only some tokens (`kept`), and a candidate that holds all.
 */
#ifndef ASSAY_COMPARE_GATHER_H
#define ASSAY_COMPARE_GATHER_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An owned tensor with out[.., i, ..] = src[.., indices[i], ..] along `axis`. Every index must lie in [0, shape[axis]).
 * ASSAY_EINTERNAL when out of memory. */
assay_status assay_gather(assay_tensor *out, const assay_tensor *src, int axis, const int64_t *indices, size_t count,
                          assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
