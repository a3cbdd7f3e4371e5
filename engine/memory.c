#include "engine/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/* At least what is needed now; beyond that a quarter of what is there, so that many small appends make few blocks. */
static int64_t next_capacity(const assay_memory *memory, int64_t n) {
    int64_t capacity = smaller(memory->length / 4, 4096);
    if (capacity < 64) capacity = 64;
    return n > capacity ? n : capacity;
}

static assay_status add_block(assay_memory *memory, int64_t capacity, assay_error *err) {
    size_t nbytes;
    if (__builtin_mul_overflow((size_t)(memory->rows * memory->head_dim) * assay_dtype_size(memory->dtype),
                               (size_t)capacity, &nbytes))
        return assay_fail_nomem(err, "a memory block");
    assay_memory_block *blocks = realloc(memory->blocks, (memory->block_count + 1) * sizeof *blocks);
    if (!blocks) return assay_fail_nomem(err, "the memory's block list");
    memory->blocks = blocks;
    assay_memory_block block = {.key = malloc(nbytes), .value = malloc(nbytes), .capacity = capacity};
    if (!block.key || !block.value) {
        free(block.key);
        free(block.value);
        return assay_fail_nomem(err, "a memory block");
    }
    blocks[memory->block_count++] = block;
    return ASSAY_OK;
}

/* Casts `count` elements of one row of keys or values; offsets: where they go in dst, and where they are in src. */
static void cast_row(const assay_memory *memory, void *dst, const void *src, assay_dtype src_dtype,
                     const size_t offsets[2], size_t count) {
    assay_convert((char *)dst + offsets[0] * assay_dtype_size(memory->dtype), memory->dtype,
                  (const char *)src + offsets[1] * assay_dtype_size(src_dtype), src_dtype, count);
}

/* Casts tokens [from, from + n) of the source to the end of a block that has room for them. */
static void fill_block(const assay_memory *memory, assay_memory_block *block, const assay_memory_source *source,
                       int64_t from, int64_t n) {
    size_t count = (size_t)(n * memory->head_dim);
#pragma omp parallel for schedule(static) if (count * (size_t)memory->rows > 65536)
    for (int64_t row = 0; row < memory->rows; row++) {
        const size_t offsets[] = {(size_t)((row * block->capacity + block->length) * memory->head_dim),
                                  (size_t)(row * source->row_stride + from * memory->head_dim)};
        cast_row(memory, block->key, source->key, source->key_dtype, offsets, count);
        cast_row(memory, block->value, source->value, source->value_dtype, offsets, count);
    }
    block->length += n;
}

assay_status assay_memory_append(assay_memory *memory, const assay_memory_source *source, assay_error *err) {
    int64_t room = 0;
    if (memory->block_count > 0) {
        const assay_memory_block *last = &memory->blocks[memory->block_count - 1];
        room = last->capacity - last->length;
    }
    if (source->n > room) {
        int64_t rest = source->n - room;
        assay_status st = add_block(memory, next_capacity(memory, rest), err);
        if (st) return st;
        if (room > 0) fill_block(memory, &memory->blocks[memory->block_count - 2], source, 0, room);
        fill_block(memory, &memory->blocks[memory->block_count - 1], source, room, rest);
    } else if (source->n > 0) {
        fill_block(memory, &memory->blocks[memory->block_count - 1], source, 0, source->n);
    }
    memory->length += source->n;
    return ASSAY_OK;
}

/* Visits the parts of [begin, begin + n) block by block, and copies between them and `data` (B*H, n, D). */
static void copy_range(const assay_memory *memory, int which, int64_t begin, int64_t n, char *data, int to_memory) {
    assert(begin >= 0 && n >= 0 && begin + n <= memory->length);
    size_t token = (size_t)memory->head_dim * assay_dtype_size(memory->dtype);
    int64_t start = 0, done = 0;
    for (size_t i = 0; i < memory->block_count && done < n; i++) {
        const assay_memory_block *block = &memory->blocks[i];
        int64_t first = begin + done - start;
        start += block->length;
        if (first >= block->length) continue;
        int64_t count = smaller(block->length - first, n - done);
        char *base = which ? block->value : block->key;
        for (int64_t row = 0; row < memory->rows; row++) {
            char *stored = base + (size_t)(row * block->capacity + first) * token;
            char *other = data + (size_t)(row * n + done) * token;
            if (to_memory) memcpy(stored, other, (size_t)count * token);
            else memcpy(other, stored, (size_t)count * token);
        }
        done += count;
    }
}

void assay_memory_read(const assay_memory *memory, int which, int64_t begin, int64_t n, void *out) {
    copy_range(memory, which, begin, n, out, 0);
}

void assay_memory_write(assay_memory *memory, int which, int64_t begin, int64_t n, const void *data) {
    copy_range(memory, which, begin, n, (char *)(uintptr_t)data, 1);
}

void assay_memory_free(assay_memory *memory) {
    for (size_t i = 0; i < memory->block_count; i++) {
        free(memory->blocks[i].key);
        free(memory->blocks[i].value);
    }
    free(memory->blocks);
    memory->blocks = NULL;
    memory->block_count = 0;
    memory->length = 0;
}
