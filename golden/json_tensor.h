/*
 * Nested lists of numbers in JSON, read as tensors.
 */
#ifndef ASSAY_GOLDEN_JSON_TENSOR_H
#define ASSAY_GOLDEN_JSON_TENSOR_H

#include <stdbool.h>

#include "core/status.h"
#include "core/tensor.h"
#include "golden/json_strict.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Number of list levels along the first elements: 0 for a number, 2 for [[1]]. Behind an empty list nothing counts. */
int assay_json_list_rank(const cJSON *value);

/* True when every number in the nested lists is whole (assay_json_is_whole). */
bool assay_json_all_whole(const cJSON *value);

/* Reads lists nested `rank` (1 to 3) deep as int64 (numbers must be whole) or float64. The outermost list must not be
 * empty; the shape of [[]] is (1, 0). ASSAY_EINPUT for ragged lists, another depth, or anything that is no number. The
 * caller frees out->data. */
assay_status assay_json_read_tensor(const cJSON *value, int rank, assay_dtype dtype, const char *where,
                                    assay_tensor *out, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
