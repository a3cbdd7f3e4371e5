/*
 * Attention against a naive double loop written from the rules (ATT-1 to ATT-5, MEM-3 to MEM-6, MEM-9). Compiled here for float;
 * test_attention_f64.c includes this file for double.
 */
#include "engine/attention.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "engine/attention_kernels.h"
#include "engine/real.h"
#include "engine/test_support.h"

static const double tolerance = sizeof(real) == 4 ? 4e-6 : 2e-14;
static real lowest(void) { return -(real)assay_dtype_max(REAL_DTYPE); }

typedef enum { PADS_NONE, PADS_LEFT, PADS_RANDOM, PADS_ALL_OF_ROW_0 } pads;

typedef struct {
    int64_t batch, heads, queries, local, head_dim, memory;
    assay_dtype mem_dtype;
    pads pads;
    bool memory_mask, unclamped;
} shape;

/* One attention with everything it reads and writes. */
typedef struct {
    shape s;
    REAL(assay_attention) a;
    real *query, *key, *value, *memory_mask, *out, *scores, *probs, *scratch;
    uint8_t *keep;
    assay_memory memory;
} fixture;

static real *random_reals(int64_t n, uint64_t seed, double scale) {
    real *data = malloc((size_t)(n + 1) * sizeof *data);
    for (int64_t i = 0; i < n; i++) data[i] = (real)(scale * (2 * assay_random_unit(seed, (uint64_t)i) - 1));
    return data;
}

/* Memory in pieces, so that it has several blocks. */
static void build_memory(fixture *f) {
    const shape *s = &f->s;
    int64_t rows = s->batch * s->heads, per_row = s->memory * s->head_dim;
    f->memory = (assay_memory){.dtype = s->mem_dtype, .rows = rows, .head_dim = s->head_dim};
    real *key = random_reals(rows * per_row, 11, 1.5), *value = random_reals(rows * per_row, 12, 1);
    for (int64_t done = 0, n = 1; done < s->memory; done += n, n = n % 90 + 37) {
        if (n > s->memory - done) n = s->memory - done;
        assay_memory_source source = {.key = key + done * s->head_dim,
                                      .value = value + done * s->head_dim,
                                      .key_dtype = REAL_DTYPE,
                                      .value_dtype = REAL_DTYPE,
                                      .row_stride = per_row,
                                      .n = n};
        cr_assert_eq(assay_memory_append(&f->memory, &source, NULL), ASSAY_OK);
    }
    free(key);
    free(value);
}

/* MEM-5 and what an imported past may hold: visible, hidden, and a finite bias. */
static void build_masks(fixture *f) {
    const shape *s = &f->s;
    f->keep = malloc((size_t)(s->batch * s->local));
    for (int64_t i = 0; i < s->batch * s->local; i++) {
        int64_t b = i / s->local, j = i % s->local;
        uint8_t keep = 1;
        if (s->pads == PADS_LEFT) keep = j >= (b + 1) * s->local / 3;
        if (s->pads == PADS_RANDOM) keep = assay_random_at(13, (uint64_t)i) % 3 != 0;
        if (s->pads == PADS_ALL_OF_ROW_0) keep = b != 0;
        f->keep[i] = keep;
    }
    f->memory_mask = random_reals(s->batch * s->memory, 14, 1);
    for (int64_t i = 0; i < s->batch * s->memory; i++) {
        real x = f->memory_mask[i];
        f->memory_mask[i] = !s->memory_mask || x < 0 ? 0 : x < (real)0.6 ? lowest() : -x;
    }
}

static void start(fixture *f, const shape *s) {
    *f = (fixture){.s = *s};
    int64_t rows = s->batch * s->heads, capacity = s->local + 3, d = s->head_dim;
    int64_t keys = s->local + s->memory;
    f->query = random_reals(rows * s->queries * d, 1, 2);
    f->key = random_reals(rows * capacity * d, 2, 1.5);
    f->value = random_reals(rows * capacity * d, 3, 1);
    f->out = random_reals(rows * s->queries * d, 4, 1);
    f->scores = malloc((size_t)(rows * s->queries * keys) * sizeof(real));
    f->probs = malloc((size_t)(rows * s->queries * keys) * sizeof(real));
    build_memory(f);
    build_masks(f);
    f->a = (REAL(assay_attention)){.batch = s->batch,
                                   .heads = s->heads,
                                   .queries = s->queries,
                                   .local = s->local,
                                   .head_dim = d,
                                   .query = f->query,
                                   .key = f->key,
                                   .value = f->value,
                                   .local_capacity = capacity,
                                   .keep = f->keep,
                                   .keep_stride = s->local,
                                   .memory = s->memory ? &f->memory : NULL,
                                   .memory_mask = s->memory ? f->memory_mask : NULL,
                                   .memory_mask_stride = s->memory,
                                   .unclamped = s->unclamped,
                                   .out = f->out,
                                   .scores = f->scores,
                                   .probs = f->probs};
    f->scratch = malloc(4 * REAL(assay_attention_scratch)(&f->a) * sizeof(real));
}

static void finish(fixture *f) {
    real *buffers[] = {f->query, f->key, f->value, f->memory_mask, f->out, f->scores, f->probs, f->scratch};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) free(buffers[i]);
    free(f->keep);
    assay_memory_free(&f->memory);
}

/* ---- the oracle ---- */

/* Keys or values that one head sees, local then memory (MEM-3), widened: (L+m, D). */
static double *seen_rows(const fixture *f, int64_t row, int which) {
    const shape *s = &f->s;
    int64_t d = s->head_dim, keys = s->local + s->memory;
    double *all = malloc((size_t)(keys * d) * sizeof *all);
    const real *local = (which ? f->value : f->key) + row * f->a.local_capacity * d;
    for (int64_t i = 0; i < s->local * d; i++) all[i] = (double)local[i];
    if (s->memory == 0) return all;
    char *stored = malloc((size_t)(s->batch * s->heads * s->memory * d) * 8);
    assay_memory_read(&f->memory, which, 0, s->memory, stored);
    for (int64_t i = 0; i < s->memory * d; i++)
        all[s->local * d + i] = assay_load_f64(stored, s->mem_dtype, (size_t)(row * s->memory * d + i));
    free(stored);
    return all;
}

/* ATT-5: masks add, in the dtype of the run. */
static real mask_of(const fixture *f, int64_t b, int64_t query, int64_t key) {
    const shape *s = &f->s;
    if (key >= s->local) return f->memory_mask[b * s->memory + key - s->local];
    real causal = key > s->local - s->queries + query ? lowest() : 0;
    real pad = f->keep[b * s->local + key] ? 0 : lowest();
    return causal + pad;
}

static void oracle_row(const fixture *f, int64_t row, int64_t query, const double *keys, double *weights) {
    const shape *s = &f->s;
    int64_t n = s->local + s->memory, d = s->head_dim;
    double largest = -INFINITY, sum = 0;
    for (int64_t j = 0; j < n; j++) {
        double dot = 0;
        for (int64_t i = 0; i < d; i++) dot += (double)f->query[(row * s->queries + query) * d + i] * keys[j * d + i];
        real score = (real)(dot / sqrt((double)d)) + mask_of(f, row / s->heads, query, j);
        weights[j] = s->unclamped ? (double)score : fmax((double)score, -1e6); /* ATT-1, ATT-4 */
        largest = fmax(largest, weights[j]);
    }
    for (int64_t j = 0; j < n; j++) sum += exp(weights[j] - largest);
    for (int64_t j = 0; j < n; j++) weights[j] = exp(weights[j] - largest) / sum; /* MEM-9: one softmax */
}

static void check_row(const fixture *f, int64_t row, int64_t query, const double *weights, const double *values) {
    const shape *s = &f->s;
    int64_t n = s->local + s->memory, d = s->head_dim;
    const real *probs = f->probs + (row * s->queries + query) * n;
    for (int64_t j = 0; j < n; j++)
        cr_assert_float_eq((double)probs[j], weights[j], tolerance, "row %d query %d key %d: %.9g is not %.9g",
                           (int)row, (int)query, (int)j, (double)probs[j], weights[j]);
    int64_t b = row / s->heads, h = row % s->heads;
    const real *out = f->out + ((b * s->queries + query) * s->heads + h) * d;
    for (int64_t i = 0; i < d; i++) {
        double sum = 0;
        for (int64_t j = 0; j < n; j++) sum += weights[j] * values[j * d + i];
        cr_assert_float_eq((double)out[i], sum, tolerance, "row %d query %d d %d: %.9g is not %.9g", (int)row,
                           (int)query, (int)i, (double)out[i], sum);
    }
}

static void check_oracle(const fixture *f) {
    const shape *s = &f->s;
    double *weights = malloc((size_t)(s->local + s->memory) * sizeof *weights);
    for (int64_t row = 0; row < s->batch * s->heads; row++) {
        double *keys = seen_rows(f, row, 0), *values = seen_rows(f, row, 1);
        for (int64_t t = 0; t < s->queries; t++) {
            oracle_row(f, row, t, keys, weights);
            check_row(f, row, t, weights, values);
        }
        free(keys);
        free(values);
    }
    free(weights);
}

static void check_shape(const shape *s) {
    fixture f;
    start(&f, s);
    REAL(assay_attend)(&f.a, f.scratch, 2);
    check_oracle(&f);
    finish(&f);
}

/* ---- tests ---- */

static shape base(int64_t queries, int64_t local, int64_t memory) {
    return (shape){.batch = 2,
                   .heads = 3,
                   .queries = queries,
                   .local = local,
                   .head_dim = 6,
                   .memory = memory,
                   .mem_dtype = ASSAY_BF16,
                   .pads = PADS_RANDOM,
                   .memory_mask = true};
}

Test(REAL(attention), block_boundaries_of_queries) {
    const int64_t queries[] = {
        1, 2, 3, ASSAY_ATTENTION_QUERIES - 1, ASSAY_ATTENTION_QUERIES, ASSAY_ATTENTION_QUERIES + 1};
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        shape s = base(queries[i], queries[i], 5);
        check_shape(&s);
        s.local += 4; /* L > T: a local cache before the queries */
        check_shape(&s);
    }
}

Test(REAL(attention), tile_boundaries_of_memory_in_each_dtype) {
    const int64_t lengths[] = {1, ASSAY_ATTENTION_TILE - 1, ASSAY_ATTENTION_TILE, ASSAY_ATTENTION_TILE + 1, 300};
    const assay_dtype dtypes[] = {ASSAY_F64, ASSAY_F32, ASSAY_F16, ASSAY_BF16};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (size_t j = 0; j < sizeof dtypes / sizeof *dtypes; j++)
            for (int64_t queries = 1; queries <= 3; queries++) { /* 1 and 2 take the path for few queries */
                shape s = base(queries, 4, lengths[i]);
                s.mem_dtype = dtypes[j];
                check_shape(&s);
            }
}

Test(REAL(attention), local_lengths_around_a_tile) {
    for (int64_t local = ASSAY_ATTENTION_TILE - 1; local <= ASSAY_ATTENTION_TILE + 1; local++)
        for (int64_t queries = 1; queries <= 3; queries++) {
            shape s = base(queries, local, 0);
            check_shape(&s);
        }
}

Test(REAL(attention), odd_sizes) {
    const int64_t dims[] = {1, 2, 7, 16, 33, 64};
    for (size_t i = 0; i < sizeof dims / sizeof *dims; i++)
        for (int64_t heads = 1; heads <= 5; heads += 2) {
            shape s = base(5, 9, 11);
            s.heads = heads;
            s.head_dim = dims[i];
            check_shape(&s);
        }
}

Test(REAL(attention), pads_of_every_kind_clamped_and_not) { /* ATT-3, ATT-4, ATT-5 */
    for (int kind = PADS_NONE; kind <= PADS_ALL_OF_ROW_0; kind++)
        for (int unclamped = 0; unclamped < 2; unclamped++)
            for (int64_t memory = 0; memory <= 6; memory += 6) {
                shape s = base(7, 10, memory);
                s.pads = (pads)kind;
                s.unclamped = unclamped;
                check_shape(&s);
                s.queries = s.local = 70;
                check_shape(&s);
            }
}

/* Weights of every query of batch row 0: on local keys and on memory keys. */
static void check_row_0(const fixture *f, double on_local, double on_memory) {
    const shape *s = &f->s;
    int64_t n = s->local + s->memory;
    for (int64_t i = 0; i < s->heads * s->queries * n; i++) {
        real expected = (real)(i % n < s->local ? on_local : on_memory);
        cr_assert(f->probs[i] == expected, "weight %d is %.9g, not exactly %.9g", (int)i, (double)f->probs[i],
                  (double)expected);
    }
}

Test(REAL(attention), a_row_without_a_visible_key_is_uniform_over_all) { /* ATT-3 */
    shape s = base(5, 8, 0);
    s.pads = PADS_ALL_OF_ROW_0;
    fixture f;
    start(&f, &s);
    REAL(assay_attend)(&f.a, f.scratch, 1);
    check_row_0(&f, 1.0 / 8, 0); /* 8 keys, the future ones among them */
    finish(&f);
}

Test(REAL(attention), hidden_memory_joins_the_uniform_row) { /* ATT-3 with MEM-5 */
    shape s = base(5, 8, 8);
    s.pads = PADS_ALL_OF_ROW_0;
    fixture f;
    start(&f, &s);
    for (int64_t i = 0; i < s.batch * s.memory; i++) f.memory_mask[i] = lowest();
    REAL(assay_attend)(&f.a, f.scratch, 1);
    check_row_0(&f, 1.0 / 16, 1.0 / 16);
    finish(&f);
}

Test(REAL(attention), visible_memory_takes_everything_of_a_hidden_row) { /* ATT-3, MEM-9 */
    shape s = base(5, 8, 1);
    s.pads = PADS_ALL_OF_ROW_0;
    s.memory_mask = false;
    fixture f;
    start(&f, &s);
    REAL(assay_attend)(&f.a, f.scratch, 1);
    check_row_0(&f, 0, 1);
    finish(&f);
}

Test(REAL(attention), an_unclamped_pad_row_is_uniform_over_finite_sums) { /* ATT-4 */
    shape s = base(6, 6, 0);
    s.batch = 1;
    s.unclamped = true;
    fixture f;
    start(&f, &s);
    for (int64_t j = 0; j < 6; j++) f.keep[j] = j >= 4;
    REAL(assay_attend)(&f.a, f.scratch, 1);
    for (int64_t t = 0; t < 4; t++)
        for (int64_t j = 0; j < 6; j++) {
            bool finite = j <= t || j >= 4; /* its own and earlier pads, and future real ones */
            real expected = finite ? (real)1 / (real)(t + 3) : 0;
            cr_assert(f.probs[t * 6 + j] == expected, "query %d key %d", (int)t, (int)j);
        }
    finish(&f);
}

Test(REAL(attention), scores_are_clamped_to_a_million) { /* ATT-1 */
    shape s = base(3, 5, 4);
    fixture f;
    start(&f, &s);
    for (int64_t i = 0; i < s.batch * s.heads * s.queries * s.head_dim; i++) f.query[i] *= (real)1e8;
    REAL(assay_attend)(&f.a, f.scratch, 1);
    real smallest = 0;
    for (int64_t i = 0; i < s.batch * s.heads * s.queries * 9; i++)
        smallest = f.scores[i] < smallest ? f.scores[i] : smallest;
    cr_assert(smallest == (real)-1e6, "%g", (double)smallest);
    finish(&f);
}

Test(REAL(attention), a_nan_spreads_over_its_row_only) {
    shape s = base(3, 5, 4);
    s.pads = PADS_NONE;
    fixture f;
    start(&f, &s);
    f.query[0] = (real)NAN; /* batch 0, head 0, query 0 */
    REAL(assay_attend)(&f.a, f.scratch, 1);
    for (int64_t d = 0; d < s.head_dim; d++) {
        cr_assert(isnan(f.out[d]));
        cr_assert(!isnan(f.out[s.head_dim + d]), "head 1");
        cr_assert(!isnan(f.out[s.heads * s.head_dim + d]), "query 1");
    }
    finish(&f);
}

Test(REAL(attention), threads_do_not_change_a_bit) {
    shape s = base(130, 140, 150);
    s.head_dim = 16;
    fixture f;
    start(&f, &s);
    size_t nbytes = (size_t)(s.batch * s.heads * s.queries * s.head_dim) * sizeof(real);
    real *first = malloc(nbytes);
    REAL(assay_attend)(&f.a, f.scratch, 1);
    memcpy(first, f.out, nbytes);
    for (int threads = 2; threads <= 4; threads++) {
        memset(f.out, 0, nbytes);
        REAL(assay_attend)(&f.a, f.scratch, threads);
        cr_assert_eq(memcmp(first, f.out, nbytes), 0, "%d threads", threads);
    }
    free(first);
    finish(&f);
}

Test(REAL(attention), taps_are_optional) {
    shape s = base(3, 5, 4);
    fixture f;
    start(&f, &s);
    size_t nbytes = (size_t)(s.batch * s.heads * s.queries * s.head_dim) * sizeof(real);
    real *with = malloc(nbytes);
    REAL(assay_attend)(&f.a, f.scratch, 1);
    memcpy(with, f.out, nbytes);
    f.a.scores = f.a.probs = NULL;
    REAL(assay_attend)(&f.a, f.scratch, 1);
    cr_assert_eq(memcmp(with, f.out, nbytes), 0);
    free(with);
    finish(&f);
}

Test(REAL(attention), equal_scores_give_equal_weights) { /* ATT-2, ATT-3 */
    real row[300];
    for (int64_t n = 1; n <= 300; n++) {
        for (int64_t j = 0; j < n; j++) row[j] = (real)-1e6;
        REAL(assay_softmax)(row, n);
        for (int64_t j = 0; j < n; j++) cr_assert(row[j] == (real)1 / (real)n, "n %d", (int)n);
    }
}

Test(REAL(attention), one_infinite_score_makes_nan_as_torch_has_it) {
    real row[3] = {1, (real)INFINITY, 2};
    REAL(assay_softmax)(row, 3);
    cr_assert(isnan(row[1]));
    real hidden[2] = {-(real)INFINITY, 0};
    REAL(assay_softmax)(hidden, 2);
    cr_assert(hidden[0] == 0 && hidden[1] == 1);
}
