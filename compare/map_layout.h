/*
 * Operations on the layout of a tensor, by which a mapping turns a port's tensor into a stage's shape (docs/mapping.md).
 *
 * They move elements and never change one. Axes count from 0; a negative one counts from the last, as in NumPy.
 */
#ifndef ASSAY_COMPARE_MAP_LAYOUT_H
#define ASSAY_COMPARE_MAP_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* B batch, T token, H heads, D head size. */
typedef enum {
    ASSAY_LAYOUT_TRANSPOSE,             /* axis i of the result is axis sizes[i] */
    ASSAY_LAYOUT_RESHAPE,               /* the same elements in the same order, as sizes */
    ASSAY_LAYOUT_SPLIT_HEADS,           /* (.., T, H*D) to (.., H, T, D) */
    ASSAY_LAYOUT_MERGE_HEADS,           /* (.., H, T, D) to (.., T, H*D) */
    ASSAY_LAYOUT_SWAP_BATCH_TOKEN,      /* (T, B, ..) to (B, T, ..): the first two axes */
    ASSAY_LAYOUT_INSERT_AXIS,           /* a new one of size 1, which is `axis` of the result */
    ASSAY_LAYOUT_DROP_AXIS,             /* of size 1 */
    ASSAY_LAYOUT_INTERLEAVED_TO_HALVES, /* rotary pairs (0,1) (2,3) .. of each head to (0,D/2) (1,D/2+1) .. */
    ASSAY_LAYOUT_HALVES_TO_INTERLEAVED, /* the reverse */
    ASSAY_LAYOUT_SLICE,                 /* indices [from, to) of `axis`; `to` -1: to its end */
    ASSAY_LAYOUT_COUNT
} assay_layout_kind;

/* Sizes of a reshape that stand for something. */
#define ASSAY_SIZE_REST (-1) /* what is left; once */
#define ASSAY_SIZE_H (-2)
#define ASSAY_SIZE_D (-3)
#define ASSAY_SIZE_C (-4) /* H*D */

/* One operation. Fields that its kind does not name are 0. */
typedef struct {
    assay_layout_kind kind;
    int axis;
    int64_t from, to;
    int rank; /* number of sizes */
    int64_t sizes[ASSAY_MAX_RANK];
} assay_layout_op;

/* The golden's configuration, as far as layouts need it; 0 where it is not known. */
typedef struct {
    int64_t heads, head_dim;
} assay_layout_facts;

/* The name that a mapping file has for an operation: "split_heads". */
const char *assay_layout_name(assay_layout_kind kind);

/* The shape (and dtype) that a tensor has after `count` operations; data is NULL. ASSAY_EINPUT, `where` first, when an operation
 * does not fit the shape that it gets, or needs a fact that is not known. */
assay_status assay_layout_shape(assay_tensor *out, const assay_tensor *in, const assay_layout_op *ops, size_t count,
                                const assay_layout_facts *facts, const char *where, assay_error *err);

/* An owned tensor with the operations applied in order. Errors: as above, and ASSAY_EINTERNAL when out of memory. */
assay_status assay_layout_apply(assay_tensor *out, const assay_tensor *in, const assay_layout_op *ops, size_t count,
                                const assay_layout_facts *facts, const char *where, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
