/*
 * Tensors: contiguous, row-major (C order), owned or viewed; and an ordered map from name to tensor.
 */
#ifndef ASSAY_CORE_TENSOR_H
#define ASSAY_CORE_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/dtype.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_MAX_RANK 8

/* A view or an owned tensor: which of the two, the holder says. rank 0 is a scalar (one element). */
typedef struct {
    assay_dtype dtype;
    int rank;
    int64_t shape[ASSAY_MAX_RANK];
    void *data;
} assay_tensor;

/* A view of `data` with `rank` sizes. */
assay_tensor assay_tensor_view(assay_dtype dtype, int rank, const int64_t *shape, const void *data);

/* Number of elements; -1 when a size is negative or the product, or the size in bytes, does not fit. */
int64_t assay_tensor_count(const assay_tensor *t);

/* Size in bytes of a tensor whose count is known to fit. */
size_t assay_tensor_nbytes(const assay_tensor *t);

bool assay_tensor_same_shape(const assay_tensor *a, const assay_tensor *b);

/* Writes the shape as "(2, 3)" into text. Returns text. */
const char *assay_tensor_shape_text(const assay_tensor *t, char *text, size_t text_nbytes);

/* Allocates zeroed storage for out (never NULL, even for a count of 0). Release with assay_tensor_free.
 * ASSAY_EINPUT when the shape overflows, ASSAY_EINTERNAL when memory is short; `what` names it in the message. */
assay_status assay_tensor_alloc(assay_tensor *out, assay_dtype dtype, int rank, const int64_t *shape, const char *what,
                                assay_error *err);

/* An owned copy of src, converted to dtype. */
assay_status assay_tensor_copy(assay_tensor *out, const assay_tensor *src, assay_dtype dtype, assay_error *err);

/* Frees t->data and clears t. Safe on a cleared tensor. */
void assay_tensor_free(assay_tensor *t);

/* Name -> tensor, in order of insertion. It owns its names and its tensors. */
typedef struct assay_tensor_map assay_tensor_map;

/* NULL when out of memory. */
assay_tensor_map *assay_tensor_map_create(void);
void assay_tensor_map_destroy(assay_tensor_map *map);

/* Takes over `owned` (its data must come from malloc): on every outcome the caller no longer owns it. A name that is
 * already there is an error (ASSAY_EINPUT). */
assay_status assay_tensor_map_put(assay_tensor_map *map, const char *name, assay_tensor owned, assay_error *err);

/* As assay_tensor_map_put, with a copy of `view`. */
assay_status assay_tensor_map_put_copy(assay_tensor_map *map, const char *name, const assay_tensor *view,
                                       assay_error *err);

/* NULL when absent. The pointer stays good until the map changes. */
const assay_tensor *assay_tensor_map_get(const assay_tensor_map *map, const char *name);

/* The name of a tensor that a map holds, as assay_tensor_map_get or assay_tensor_map_at gave it. */
const char *assay_tensor_map_name_of(const assay_tensor *held);

size_t assay_tensor_map_count(const assay_tensor_map *map);
const char *assay_tensor_map_name(const assay_tensor_map *map, size_t index);
const assay_tensor *assay_tensor_map_at(const assay_tensor_map *map, size_t index);

#ifdef __cplusplus
}
#endif

#endif
