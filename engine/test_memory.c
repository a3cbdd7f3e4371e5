/* The store of one layer's memory (MEM-3, MEM-6): appending in pieces, reading and overwriting ranges, casting. */
#include "engine/memory.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "engine/test_support.h"

enum { rows = 3, head_dim = 5 };

static assay_memory empty(assay_dtype dtype) {
    return (assay_memory){.dtype = dtype, .rows = rows, .head_dim = head_dim};
}

/* Keys and values of n tokens in some dtype, with room between the rows. */
typedef struct {
    void *key, *value;
    assay_dtype dtype;
    int64_t n, row_stride;
} numbers;

static numbers new_numbers(int64_t n, assay_dtype dtype) {
    int64_t stride = (n + 2) * head_dim;
    size_t count = (size_t)(rows * stride);
    double *plain = malloc(count * sizeof *plain);
    numbers x = {malloc(count * 8), malloc(count * 8), dtype, n, stride};
    test_fill_f64(plain, count, 21, 3);
    assay_convert(x.key, dtype, plain, ASSAY_F64, count);
    test_fill_f64(plain, count, 22, 3);
    assay_convert(x.value, dtype, plain, ASSAY_F64, count);
    free(plain);
    return x;
}

static void free_numbers(numbers *x) {
    free(x->key);
    free(x->value);
}

static void append(assay_memory *m, const numbers *x, int64_t from, int64_t n) {
    size_t offset = (size_t)(from * head_dim) * assay_dtype_size(x->dtype);
    assay_memory_source source = {.key = (const char *)x->key + offset,
                                  .value = (const char *)x->value + offset,
                                  .key_dtype = x->dtype,
                                  .value_dtype = x->dtype,
                                  .row_stride = x->row_stride,
                                  .n = n};
    int64_t before = m->length;
    cr_assert_eq(assay_memory_append(m, &source, NULL), ASSAY_OK);
    cr_assert_eq(m->length, before + n);
}

/* Tokens [begin, begin + n) as they must read: each element cast alone (MEM-6). */
static void check_range(const assay_memory *m, const numbers *x, int64_t begin, int64_t n) {
    size_t size = assay_dtype_size(m->dtype), from_size = assay_dtype_size(x->dtype);
    char *found = malloc((size_t)(rows * n * head_dim) * size + 1);
    for (int which = 0; which < 2; which++) {
        const char *source = which ? x->value : x->key;
        assay_memory_read(m, which, begin, n, found);
        for (int64_t i = 0; i < rows * n * head_dim; i++) {
            int64_t row = i / (n * head_dim), at = row * x->row_stride + begin * head_dim + i % (n * head_dim);
            char expected[8];
            assay_convert(expected, m->dtype, source + (size_t)at * from_size, x->dtype, 1);
            cr_assert_eq(memcmp(expected, found + (size_t)i * size, size), 0, "which %d, element %d", which, (int)i);
        }
    }
    free(found);
}

static void check_blocks(const assay_memory *m) {
    int64_t length = 0;
    for (size_t i = 0; i < m->block_count; i++) {
        cr_assert_gt(m->blocks[i].length, 0, "no block is empty");
        cr_assert_leq(m->blocks[i].length, m->blocks[i].capacity);
        if (i + 1 < m->block_count)
            cr_assert_eq(m->blocks[i].length, m->blocks[i].capacity, "only the last block has room");
        length += m->blocks[i].length;
    }
    cr_assert_eq(length, m->length);
}

static void check_pieces(assay_dtype store, assay_dtype source, uint64_t seed) {
    const int64_t n = 1000;
    numbers x = new_numbers(n, source);
    assay_memory m = empty(store);
    uint64_t turn = 0;
    for (int64_t done = 0, piece; done < n; done += piece) {
        piece = (int64_t)(assay_random_at(seed, turn++) % 90);
        if (piece > n - done) piece = n - done;
        append(&m, &x, done, piece);
    }
    check_blocks(&m);
    cr_assert_gt(m.block_count, 2);
    check_range(&m, &x, 0, n);
    for (uint64_t i = 0; i < 20; i++) {
        int64_t begin = (int64_t)(assay_random_at(seed + 1, i) % (uint64_t)n);
        check_range(&m, &x, begin, (int64_t)(assay_random_at(seed + 2, i) % (uint64_t)(n - begin + 1)));
    }
    assay_memory_free(&m);
    free_numbers(&x);
}

Test(memory, pieces_are_one_append_in_every_dtype) {
    const assay_dtype dtypes[] = {ASSAY_F64, ASSAY_F32, ASSAY_F16, ASSAY_BF16};
    for (int i = 0; i < 16; i++) check_pieces(dtypes[i / 4], dtypes[i % 4], (uint64_t)i);
}

Test(memory, one_large_append) {
    numbers x = new_numbers(5000, ASSAY_F32);
    assay_memory m = empty(ASSAY_BF16);
    append(&m, &x, 0, 5000);
    check_range(&m, &x, 0, 5000);
    assay_memory_free(&m);
    free_numbers(&x);
}

Test(memory, one_token_at_a_time_makes_few_blocks_and_moves_nothing) {
    numbers x = new_numbers(3000, ASSAY_F32);
    assay_memory m = empty(ASSAY_F32);
    append(&m, &x, 0, 1);
    const void *first = m.blocks[0].key;
    for (int64_t i = 1; i < 3000; i++) append(&m, &x, i, 1);
    cr_assert_eq(m.blocks[0].key, first, "what is stored is not copied again");
    cr_assert_lt(m.block_count, 30);
    check_blocks(&m);
    check_range(&m, &x, 0, 3000);
    assay_memory_free(&m);
    free_numbers(&x);
}

Test(memory, nothing_appended_is_nothing_stored) {
    numbers x = new_numbers(4, ASSAY_F32);
    assay_memory m = empty(ASSAY_BF16);
    append(&m, &x, 0, 0);
    check_range(&m, &x, 0, 0);
    append(&m, &x, 0, 2);
    append(&m, &x, 2, 0);
    append(&m, &x, 2, 2);
    check_range(&m, &x, 0, 4);
    assay_memory_free(&m);
    cr_assert_eq(m.length, 0);
    cr_assert_eq(m.block_count, 0);
    append(&m, &x, 0, 3); /* a freed memory may be used again */
    check_range(&m, &x, 0, 3);
    assay_memory_free(&m);
    free_numbers(&x);
}

Test(memory, a_half_stored_value_is_rounded_to_nearest_even) { /* MEM-6 */
    const float values[head_dim] = {1.00390625f /* tie */, 1.01171875f /* tie */, 1.004f, -1.00390625f, 3.4e38f};
    const uint16_t expected[head_dim] = {0x3f80, 0x3f82, 0x3f81, 0xbf80, 0x7f80};
    float all[rows * head_dim];
    for (int i = 0; i < rows * head_dim; i++) all[i] = values[i % head_dim];
    assay_memory m = empty(ASSAY_BF16);
    assay_memory_source source = {
        .key = all, .value = all, .key_dtype = ASSAY_F32, .value_dtype = ASSAY_F32, .row_stride = head_dim, .n = 1};
    cr_assert_eq(assay_memory_append(&m, &source, NULL), ASSAY_OK);
    uint16_t found[rows * head_dim];
    assay_memory_read(&m, 0, 0, 1, found);
    for (int i = 0; i < rows * head_dim; i++) cr_assert_eq(found[i], expected[i % head_dim], "%x", found[i]);
    assay_memory_free(&m);
}

/* Overwrites a range that spans blocks and checks that only it changed. */
static void check_write(assay_memory *m, int which, int64_t begin, int64_t n) {
    size_t all = (size_t)(rows * m->length * head_dim), part = (size_t)(rows * n * head_dim);
    float *before = malloc(all * 4), *after = malloc(all * 4), *other = malloc(all * 4), *data = malloc(part * 4 + 1);
    float *other_before = malloc(all * 4);
    assay_memory_read(m, which, 0, m->length, before);
    assay_memory_read(m, !which, 0, m->length, other_before);
    test_fill_f32(data, part, 99, 7);
    assay_memory_write(m, which, begin, n, data);
    assay_memory_read(m, which, 0, m->length, after);
    assay_memory_read(m, !which, 0, m->length, other);
    cr_assert_eq(memcmp(other, other_before, all * 4), 0, "the other of keys and values stays");
    for (int64_t row = 0; row < rows; row++)
        for (int64_t i = 0; i < m->length * head_dim; i++) {
            int64_t token = i / head_dim, at = row * m->length * head_dim + i;
            bool inside = token >= begin && token < begin + n;
            float expected = inside ? data[row * n * head_dim + i - begin * head_dim] : before[at];
            cr_assert_eq(after[at], expected, "row %d token %d", (int)row, (int)token);
        }
    free(before), free(after), free(other), free(data), free(other_before);
}

Test(memory, ranges_are_overwritten_in_place) {
    numbers x = new_numbers(300, ASSAY_F32);
    assay_memory m = empty(ASSAY_F32);
    for (int64_t done = 0; done < 300; done += 30) append(&m, &x, done, 30);
    cr_assert_gt(m.block_count, 2);
    for (int which = 0; which < 2; which++) {
        check_write(&m, which, 0, 300);
        check_write(&m, which, 60, 10);
        check_write(&m, which, 63, 2);
        check_write(&m, which, 299, 1);
        check_write(&m, which, 128, 0);
    }
    assay_memory_free(&m);
    free_numbers(&x);
}

Test(memory, a_size_that_overflows_is_refused_and_changes_nothing) {
    float one = 1;
    assay_memory m = {.dtype = ASSAY_F32, .rows = INT64_C(1) << 30, .head_dim = INT64_C(1) << 20};
    assay_memory_source source = {
        .key = &one, .value = &one, .key_dtype = ASSAY_F32, .value_dtype = ASSAY_F32, .n = INT64_C(1) << 40};
    assay_error err = {0};
    cr_assert_eq(assay_memory_append(&m, &source, &err), ASSAY_EINTERNAL);
    cr_assert(strstr(err.message, "out of memory"), "%s", err.message);
    cr_assert_eq(m.length, 0);
    cr_assert_eq(m.block_count, 0);
    assay_memory_free(&m);
}
