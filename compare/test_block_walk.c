/* Every element is looked at once, in blocks that do not depend on threads; and a file that is not what it says is an error. */
#include "compare/block_walk.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "compare/compare_fixture.h"
#include "golden/test_scratch.h"

#define BLOCK ASSAY_BLOCK_ELEMENTS

static scratch s;
static void setup(void) { scratch_make(&s); }
static void teardown(void) { scratch_remove(&s); }
TestSuite(block_walk, .init = setup, .fini = teardown);

/* What is found: how many elements, their sum (in an order that shows in its last bits), and where the parts begin. */
typedef struct {
    int64_t count, spanned, next_begin;
    double sum;
    bool in_order;
} found;

static assay_status visit(const void *context, const assay_block *b, void *part, assay_error *err) {
    found *f = part;
    assay_span span;
    const float *golden = b->sides[ASSAY_WALK_GOLDEN].data, *candidate = b->sides[ASSAY_WALK_CANDIDATE].data;
    if (context && b->begin >= *(const int64_t *)context)
        return assay_fail(err, ASSAY_EINPUT, NULL, "block at %lld", (long long)b->begin);
    f->count = b->count;
    for (int64_t i = 0; i < b->count; i++) f->sum += (double)golden[i] / 3;
    for (size_t cursor = 0; assay_block_next(b, &cursor, &span);)
        for (int64_t i = span.begin; i < span.begin + span.count; i++) f->spanned += 1 + (golden[i] != candidate[i]);
    return ASSAY_OK;
}

static void fold(void *total, const void *part, int64_t begin) {
    found *t = total;
    const found *p = part;
    t->in_order = t->in_order && begin == t->next_begin;
    t->next_begin = begin + p->count;
    t->count += p->count;
    t->spanned += p->spanned;
    t->sum += p->sum;
}

static float *numbers(int64_t n) {
    float *data = malloc((size_t)(n + 1) * sizeof *data);
    fill_random(data, (size_t)n, 7);
    return data;
}

static assay_status walk_all(const assay_values *v, int64_t row, const assay_span *spans, size_t span_count, found *f,
                             assay_error *err) {
    const assay_block_walk walk = {.sides = {v, v},
                                   .spans = spans,
                                   .span_count = span_count,
                                   .row = row,
                                   .part_nbytes = sizeof(found),
                                   .visit = visit,
                                   .fold = fold};
    *f = (found){.in_order = true};
    return assay_block_walk_run(&walk, f, err);
}

/* The same values in a file, 3 bytes from its start. */
static assay_values in_file(const assay_tensor *t, const char *digest) {
    size_t nbytes = assay_tensor_nbytes(t);
    char *bytes = calloc(nbytes + 3, 1);
    memcpy(bytes + 3, t->data, nbytes);
    const char *path = scratch_write(&s, "values", bytes, nbytes + 3);
    free(bytes);
    assay_values v = {.tensor = *t, .is_stored = true, .stored = {.owns_file = true, .begin = 3}, .source = "a dump"};
    v.tensor.data = NULL;
    EXPECT_OK(assay_byte_file_open(&v.stored.file, path, &expect_err));
    snprintf(v.stored.name, sizeof v.stored.name, "x");
    snprintf(v.stored.xxh128, sizeof v.stored.xxh128, "%s", digest);
    return v;
}

Test(block_walk, sees_every_element_once_whatever_the_size_and_the_row) {
    const int64_t sizes[] = {0, 1, 999, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7, 66 * BLOCK + 1};
    const int64_t rows[] = {1, 7, 1000, BLOCK - 1, BLOCK + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        float *data = numbers(sizes[i]);
        assay_tensor t = vector_f32(data, sizes[i]);
        assay_values v = assay_values_of(&t);
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
            found f;
            assay_span whole = {0, sizes[i]};
            EXPECT_OK(walk_all(&v, rows[r], &whole, 1, &f, &expect_err));
            cr_assert(f.in_order);
            cr_assert_eq(f.count, sizes[i]);
            cr_assert_eq(f.spanned, sizes[i], "%lld of %lld", (long long)f.spanned, (long long)sizes[i]);
        }
        free(data);
    }
}

Test(block_walk, gives_the_same_bits_with_any_number_of_threads) {
    enum { N = 9 * BLOCK + 11 };
    float *data = numbers(N);
    assay_tensor t = vector_f32(data, N);
    char digest[ASSAY_XXH128_TEXT];
    assay_tensor_xxh128(&t, digest);
    assay_values memory = assay_values_of(&t), file = in_file(&t, digest);
    found first, f;
    omp_set_num_threads(1);
    EXPECT_OK(walk_all(&memory, 1, NULL, 0, &first, &expect_err));
    for (int threads = 1; threads <= 5; threads++) {
        omp_set_num_threads(threads);
        EXPECT_OK(walk_all(&memory, 1, NULL, 0, &f, &expect_err));
        cr_assert_eq(f.sum, first.sum);
        EXPECT_OK(walk_all(&file, 1, NULL, 0, &f, &expect_err));
        cr_assert_eq(f.sum, first.sum);
    }
    assay_values_close(&file);
    free(data);
}

Test(block_walk, gives_each_block_its_parts_of_the_spans) {
    enum { N = 3 * BLOCK };
    float *data = numbers(N);
    assay_tensor t = vector_f32(data, N);
    assay_values v = assay_values_of(&t);
    found f;
    const assay_span spans[] = {{0, 1}, {5, 10}, {BLOCK - 2, 4}, {BLOCK + 2, 3}, {BLOCK + 9, BLOCK + 100}, {N - 1, 1}};
    EXPECT_OK(walk_all(&v, 1, spans, 6, &f, &expect_err));
    cr_assert_eq(f.spanned, 1 + 10 + 4 + 3 + BLOCK + 100 + 1);
    cr_assert_eq(f.count, N);
    EXPECT_OK(walk_all(&v, 1, spans, 0, &f, &expect_err));
    cr_assert_eq(f.spanned, 0);
    free(data);
}

Test(block_walk, the_first_block_that_fails_is_reported) {
    enum { N = 20 * BLOCK };
    float *data = numbers(N);
    assay_tensor t = vector_f32(data, N);
    assay_values v = assay_values_of(&t);
    found f = {.in_order = true};
    const int64_t from = 3 * BLOCK;
    const assay_block_walk walk = {
        .sides = {&v, &v}, .row = 1, .context = &from, .part_nbytes = sizeof f, .visit = visit, .fold = fold};
    EXPECT_REFUSED(assay_block_walk_run(&walk, &f, &expect_err), "block at 393216");
    free(data);
}

Test(block_walk, another_digest_is_an_error_at_every_size) {
    const int64_t sizes[] = {1, BLOCK, 2 * BLOCK + 5};
    for (size_t i = 0; i < 3; i++) {
        float *data = numbers(sizes[i]);
        assay_tensor t = vector_f32(data, sizes[i]);
        char digest[ASSAY_XXH128_TEXT];
        found f;
        assay_tensor_xxh128(&t, digest);
        assay_values v = in_file(&t, digest);
        EXPECT_OK(walk_all(&v, 1, NULL, 0, &f, &expect_err));
        assay_values_close(&v);
        ((uint32_t *)(void *)data)[sizes[i] - 1] ^= 1;
        v = in_file(&t, digest);
        EXPECT_REFUSED(walk_all(&v, 1, NULL, 0, &f, &expect_err), "x does not have the digest");
        EXPECT_REFUSED(walk_all(&v, 1, NULL, 0, &f, &expect_err), "a dump: ");
        assay_values_close(&v);
        free(data);
    }
}

Test(block_walk, a_file_that_ends_early_is_an_error) {
    enum { N = 5 * BLOCK };
    float *data = numbers(N);
    assay_tensor t = vector_f32(data, N);
    found f;
    assay_values v = in_file(&t, "");
    for (int blocks = 4; blocks >= 0; blocks -= 2) {
        cr_assert_eq(truncate(v.stored.file.path, blocks * BLOCK * 4 + 6), 0);
        EXPECT_REFUSED(walk_all(&v, 1, NULL, 0, &f, &expect_err), "the file ends early");
    }
    assay_values_close(&v);
    free(data);
}

Test(block_walk, tells_one_element_by_its_index) {
    float data[] = {1, 2, 3};
    assay_tensor t = vector_f32(data, 3);
    assay_values memory = assay_values_of(&t), file = in_file(&t, "");
    double value;
    EXPECT_OK(assay_values_at(&memory, 2, &value, &expect_err));
    cr_assert_eq(value, 3);
    EXPECT_OK(assay_values_at(&file, 1, &value, &expect_err));
    cr_assert_eq(value, 2);
    EXPECT_REFUSED(assay_values_at(&file, 3, &value, &expect_err), "ends early");
    assay_values_close(&file);
    assay_values_close(&file);
}
