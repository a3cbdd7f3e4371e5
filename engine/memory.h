/*
 * The memory of one layer: keys and values in mem_dtype, older first, in storage that grows without copying what is there
 * (rules MEM-3, MEM-6). Blocks are read in place.
 *
 * Source: LongLlamaMemCache and mem_apply_update of the original.
 */
#ifndef ASSAY_ENGINE_MEMORY_H
#define ASSAY_ENGINE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "core/dtype.h"
#include "core/status.h"

/* Room for `capacity` tokens, `length` of them filled. */
typedef struct {
    void *key, *value; /* (B*H, capacity, D) in the store's dtype */
    int64_t length, capacity;
} assay_memory_block;

typedef struct {
    assay_dtype dtype;
    int64_t rows;     /* B*H */
    int64_t head_dim; /* D */
    int64_t length;   /* m: tokens in all blocks */
    assay_memory_block *blocks;
    size_t block_count;
} assay_memory;

/* Keys and values of n tokens to be stored: element (row, token, d) at data[row * row_stride + token * D + d]. */
typedef struct {
    const void *key, *value;
    assay_dtype key_dtype, value_dtype;
    int64_t row_stride; /* elements */
    int64_t n;
} assay_memory_source;

/* Appends n tokens, cast to the store's dtype with round to nearest even (MEM-6). Keys come as they are to be stored:
 * rotated as if first in the sequence, which is not at all (MEM-1). On failure the memory is as it was. */
assay_status assay_memory_append(assay_memory *memory, const assay_memory_source *source, assay_error *err);

/* Copies tokens [begin, begin + n) of all rows into out (B*H, n, D), in the store's dtype. which: 0 keys, 1 values. */
void assay_memory_read(const assay_memory *memory, int which, int64_t begin, int64_t n, void *out);

/* Overwrites tokens [begin, begin + n) with data laid out as assay_memory_read gives it. */
void assay_memory_write(assay_memory *memory, int which, int64_t begin, int64_t n, const void *data);

void assay_memory_free(assay_memory *memory);

#endif
