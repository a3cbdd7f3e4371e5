/*
 * A walk over the values of up to three tensors of the same shape, block by block, by several threads: little of them is in memory at a
 * time. Blocks are the same, and are put together in the same order, whatever the number of threads.
 */
#ifndef ASSAY_COMPARE_BLOCK_WALK_H
#define ASSAY_COMPARE_BLOCK_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compare/values.h"
#include "core/status.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Elements of a block, or a few less: whole rows (assay_block_walk.row), of which there is at least one. Of float32 both sides fit the
 * second level of cache. */
#define ASSAY_BLOCK_ELEMENTS 131072

/* A range of elements, row-major. */
typedef struct {
    int64_t begin, count;
} assay_span;

/* The tensors of a walk. Those that it does without are absent. */
enum { ASSAY_WALK_GOLDEN, ASSAY_WALK_CANDIDATE, ASSAY_WALK_UNROUNDED, ASSAY_WALK_SIDES };

/* The same elements of all tensors: rank 1, data NULL of one that is absent. Indices count from the block's first element. */
typedef struct {
    assay_tensor sides[ASSAY_WALK_SIDES];
    int64_t begin, count;    /* which elements of the tensors these are */
    const assay_span *spans; /* (span_count) of the whole walk; assay_block_next has the block's parts */
    size_t span_count;
} assay_block;

/* Steps through what is to be looked at of a block: sets *span to the next part of a span that lies in it. *cursor is 0 at first. False
 * when there is none left. */
bool assay_block_next(const assay_block *block, size_t *cursor, assay_span *span);

/* What is done. */
typedef struct {
    const assay_values *sides[ASSAY_WALK_SIDES]; /* at least one; NULL: absent */
    const assay_span *spans; /* (span_count) ascending, disjoint; all blocks are visited all the same */
    size_t span_count;
    int64_t row; /* at least 1 */
    const void *context;
    size_t part_nbytes; /* of what is found in one block */
    /* Looks at a block, into *part, which is zero. Any number of threads may at a time. */
    assay_status (*visit)(const void *context, const assay_block *block, void *part, assay_error *err);
    /* Adds a part, whose indices count from `begin`, to what the blocks before it gave. */
    void (*fold)(void *total, const void *part, int64_t begin);
} assay_block_walk;

/* Walks. The digests that the files say their values have are checked on the way. Errors: ASSAY_EINPUT when a file cannot be read, or
 * does not hold what its digest says; ASSAY_EINTERNAL when out of memory; those of `visit`. Of several the first block's; *total then
 * means nothing. */
assay_status assay_block_walk_run(const assay_block_walk *walk, void *total, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
