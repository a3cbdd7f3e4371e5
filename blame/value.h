/*
 * A value on the way through the model: the candidate's own tensor, or what follows from its inputs where it dumped none.
 */
#ifndef ASSAY_BLAME_VALUE_H
#define ASSAY_BLAME_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "blame/operation.h"
#include "compare/source.h"
#include "core/status.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* tensor: owned, float64. via: the stages between the candidate's own tensors and this one; empty for a tensor of its own. */
typedef struct {
    assay_tensor tensor;
    bool known;
    assay_stage_set via;
} assay_value;

void assay_value_free(assay_value *v);

/* Frees *v and takes over *from, which is cleared. */
void assay_value_move(assay_value *v, assay_value *from);

/* A float64 copy of a tensor of any type. */
assay_status assay_value_copy(assay_value *out, const assay_tensor *from, assay_stage_set via, assay_error *err);

/* The values of an item of a source. Errors: as assay_source_read. */
assay_status assay_value_read(assay_value *out, const assay_source *source, const assay_source_item *item,
                              assay_error *err);

/* A known value of these sizes, zeroed. */
assay_status assay_value_zeros(assay_value *out, int rank, const int64_t *shape, assay_error *err);

/* Indices [begin, end) of a along an axis, followed by all of b (NULL: nothing). Not known where a or b is not, or where they do not
 * fit together. */
assay_status assay_value_join(assay_value *out, const assay_value *a, const int64_t range[2], const assay_value *b,
                              int axis, assay_error *err);

/* The given indices of x along an axis. Not known where x is not, or lacks one of them. */
assay_status assay_value_pick(assay_value *out, const assay_value *x, int axis, const int64_t *indices, size_t count,
                              assay_error *err);

/* (B,T,H*D) -> (B,H,T,D). Not known where x is not, or where it has other axes. */
assay_status assay_value_split_heads(assay_value *out, const assay_value *x, int64_t heads, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
