/*
 * What each mistake about memory and attention does, by the stages that it leaves (MEM, ATT). W 8, C 4, layer 1 has memory: 14 tokens
 * run in windows of 8, 2 and 4, which see 0, 8 and 10 keys in memory.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/test_lab.h"

enum { H = 2, D = 6 };

static test_lab lab;
static assay_config config;
static void start(void) { config = test_config(); }
static void stop(void) { test_lab_end(&lab); }
TestSuite(semantics_memory, .init = start, .fini = stop);
TestSuite(semantics_attention, .init = start, .fini = stop);

static void vary(const char *mistakes) { test_lab_start(&lab, &config, mistakes, ASSAY_F64); }

static void feed_14(const char *mistakes, int64_t pads) {
    vary(mistakes);
    assay_tensor ids = test_ids(2, 14, 1), mask = test_left_pads(2, 14, pads);
    test_lab_call(&lab, &(assay_call){.input_ids = &ids, .attention_mask = pads ? &mask : NULL, .use_cache = 1});
    assay_tensor_free(&ids), assay_tensor_free(&mask);
}

static const assay_tensor *stage(assay_stage s, int64_t window, int64_t layer) {
    return test_lab_stage(&lab, s, window, layer);
}

/* ---- what is stored ---- */

static void expect_written(const char *mistake, int64_t window, int64_t count, const double *positions) {
    const test_rotated keys = {.rotated = stage(ASSAY_STAGE_MEM_WRITE_KEY, window, 1),
                               .projected = stage(ASSAY_STAGE_K_PROJ, window, 1),
                               .count = count,
                               .positions = positions,
                               .what = mistake};
    test_expect_rotated(&keys);
    const test_rotated values = {.rotated = stage(ASSAY_STAGE_MEM_WRITE_VALUE, window, 1),
                                 .projected = stage(ASSAY_STAGE_V_PROJ, window, 1),
                                 .count = count,
                                 .what = "values, which are never rotated"};
    test_expect_rotated(&values);
}

Test(semantics_memory, memory_keys) {
    const double from_0[] = {0, 1, 2, 3, 4, 5, 6, 7}, from_8[] = {8, 9};
    feed_14("", 0);
    expect_written("the original", 0, 8, NULL);
    expect_written("the original", 1, 2, NULL);
    feed_14("memory-keys-at-relative-positions", 0);
    expect_written("at relative positions", 0, 8, from_0);
    expect_written("at relative positions", 1, 2, from_0);
    feed_14("memory-keys-at-position-ids", 0);
    expect_written("at position ids", 0, 8, from_0);
    expect_written("at position ids", 1, 2, from_8);
}

/* Keys that a drop moves to memory: those of the call before, at positions 10 to 13. */
static void expect_dropped(const char *mistake, const double *positions) {
    feed_14(mistake, 0);
    test_lab_feed_whole(&lab, 2, 5, 3);
    const test_rotated keys = {.rotated = stage(ASSAY_STAGE_MEM_WRITE_KEY, 3, 1),
                               .projected = stage(ASSAY_STAGE_K_PROJ, 2, 1),
                               .count = 4,
                               .positions = positions,
                               .what = mistake};
    test_expect_rotated(&keys);
}

Test(semantics_memory, memory_keys_of_a_drop) {
    expect_dropped("", NULL);
    expect_dropped("memory-keys-at-relative-positions", (double[]){0, 1, 2, 3});
    expect_dropped("memory-keys-at-position-ids", (double[]){10, 11, 12, 13});
}

/* A past with a local cache comes from elsewhere: five keys are dropped, then the window's own five go to memory as well. */
Test(semantics_memory, two_writes_of_one_window_keep_their_own_positions) {
    vary("");
    test_lab_feed_whole(&lab, 1, 5, 1);
    test_snapshot past = test_snapshot_take(lab.rig.past);
    assay_tensor first = {0};
    cr_assert_eq(assay_tensor_copy(&first, stage(ASSAY_STAGE_K_PROJ, 0, 1), ASSAY_F64, NULL), ASSAY_OK);
    vary("final-window-to-memory,memory-keys-at-position-ids");
    cr_assert_eq(assay_past_import(lab.rig.past, past.layer, NULL), ASSAY_OK);
    test_lab_feed_whole(&lab, 1, 5, 2);
    assay_past_layer now;
    cr_assert_eq(assay_past_export(lab.rig.past, 1, &now, NULL), ASSAY_OK);
    cr_assert_eq(now.mem_key.shape[2], 10);
    test_rotated keys = {.rotated = &now.mem_key,
                         .projected = &first,
                         .count = 5,
                         .positions = (double[]){0, 1, 2, 3, 4},
                         .what = "dropped keys"};
    test_expect_rotated(&keys);
    keys.projected = stage(ASSAY_STAGE_K_PROJ, 0, 1);
    keys.to = 5;
    keys.positions = (double[]){5, 6, 7, 8, 9};
    keys.what = "the window's own";
    test_expect_rotated(&keys);
    assay_past_layer_free(&now);
    assay_tensor_free(&first);
    test_snapshot_free(&past);
}

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Element (row, token, i) of a projection, as (B,H,n,D) has it. */
static double projected(const assay_tensor *t, int64_t element, int64_t n) {
    int64_t i = element % D, token = element / D % n, row = element / D / n;
    return test_at(t, ((row / H * n + token) * H + row % H) * D + i);
}

Test(semantics_memory, memory_truncated_to_bf16) {
    config.mem_dtype = ASSAY_BF16;
    test_lab_start(&lab, &config, "memory-truncated", ASSAY_F32);
    test_lab_feed(&lab, 2, 14, 1, 1);
    static const assay_stage stored[] = {ASSAY_STAGE_MEM_WRITE_KEY, ASSAY_STAGE_MEM_WRITE_VALUE};
    static const assay_stage raw[] = {ASSAY_STAGE_K_PROJ, ASSAY_STAGE_V_PROJ};
    for (int which = 0; which < 2; which++) {
        const assay_tensor *t = stage(stored[which], 0, 1);
        cr_assert_eq(t->dtype, ASSAY_BF16);
        for (int64_t e = 0; e < assay_tensor_count(t); e++)
            cr_assert_eq(((uint16_t *)t->data)[e], bits_of((float)projected(stage(raw[which], 0, 1), e, 8)) >> 16,
                         "element %d", (int)e);
    }
}

/* float16 has 10 bits behind the point, and steps of 2^-24 below 2^-14. */
static double truncated_to_f16(double x) {
    int exponent;
    frexp(x, &exponent);
    double unit = ldexp(1, (exponent < -13 ? -13 : exponent) - 11);
    return trunc(x / unit) * unit;
}

Test(semantics_memory, memory_truncated_to_f16) {
    config.mem_dtype = ASSAY_F16;
    feed_14("memory-truncated", 0);
    const assay_tensor *t = stage(ASSAY_STAGE_MEM_WRITE_KEY, 0, 1);
    for (int64_t e = 0; e < assay_tensor_count(t); e++)
        cr_assert_eq(test_at(t, e), truncated_to_f16(projected(stage(ASSAY_STAGE_K_PROJ, 0, 1), e, 8)));
}

Test(semantics_memory, memory_truncated_means_nothing_in_float32) {
    feed_14("memory-truncated", 0);
    expect_written("float32", 0, 8, NULL);
}

Test(semantics_memory, memory_not_cast) {
    config.mem_dtype = ASSAY_BF16;
    feed_14("memory-not-cast", 0);
    const assay_tensor *t = stage(ASSAY_STAGE_MEM_WRITE_VALUE, 0, 1);
    cr_assert_eq(t->dtype, ASSAY_F64);
    for (int64_t e = 0; e < assay_tensor_count(t); e++)
        cr_assert_eq(test_at(t, e), projected(stage(ASSAY_STAGE_V_PROJ, 0, 1), e, 8));
}

/* Row 0 of the mask that window 0 stores, which has two pads at its left: 0 visible, 1 hidden once, 2 by -inf. */
static void expect_mask(const char *mistake, const char *expected) {
    feed_14(mistake, 2);
    const assay_tensor *mask = stage(ASSAY_STAGE_MEM_WRITE_MASK, 0, 1), *read = stage(ASSAY_STAGE_MEM_READ_MASK, 1, 1);
    char found[16] = "";
    for (int64_t j = 0; j < 8; j++) {
        double m = test_at(mask, j);
        cr_assert(m == 0 || m == -assay_dtype_max(ASSAY_F64) || m == -INFINITY);
        found[j] = m == 0 ? '0' : m == -INFINITY ? '2' : '1';
        cr_assert_eq(test_at(read, j), m, "what is read is what was written");
    }
    cr_assert_str_eq(found, expected, "%s: %s", mistake, found);
}

Test(semantics_memory, memory_masks) {
    config.mem_dtype = ASSAY_BF16;
    expect_mask("", "11000000");
    expect_mask("memory-mask-missing", "00000000");
    expect_mask("memory-mask-of-first-query", "12111111");
    expect_mask("memory-mask-shifted", "01100000");
    expect_mask("memory-mask-cast", "22000000"); /* no bfloat16 is as low as the least double: it becomes -inf */
}

/* ---- what is read ---- */

Test(semantics_memory, own_window_in_memory) {
    feed_14("own-window-in-memory", 0);
    const test_rotated own = {.rotated = stage(ASSAY_STAGE_MEM_READ_KEY, 0, 1),
                              .projected = stage(ASSAY_STAGE_K_PROJ, 0, 1),
                              .count = 8,
                              .what = "its own keys"};
    test_expect_rotated(&own);
    static const int64_t seen[] = {8, 10,
                                   10}; /* the final window goes to the local cache, and sees itself there alone */
    for (int64_t k = 0; k < 3; k++) cr_assert_eq(stage(ASSAY_STAGE_MEM_READ_KEY, k, 1)->shape[2], seen[k]);
    const assay_tensor *scores = stage(ASSAY_STAGE_ATTN_SCORES, 0, 1);
    cr_assert_eq(scores->shape[3], 16);
    cr_assert(test_at(scores, 8 + 7) > -1e5, "the first query sees the last token, through memory");
    cr_assert_eq(test_at(scores, 7), -1e6, "and not in the local context");
}

/* Score of query t of head h against vector `key` (D), where the query is rotated at `position`. */
static double score_of(int64_t t, int64_t h, double position, const assay_tensor *keys, int64_t j) {
    const assay_tensor *q = stage(ASSAY_STAGE_Q_PROJ, 2, 1);
    double x[D], y[D], sum = 0;
    for (int64_t i = 0; i < D; i++) x[i] = test_at(q, (t * H + h) * D + i);
    test_rotate(y, x, D, position, &(test_rotation){0});
    for (int64_t i = 0; i < D; i++) sum += y[i] * test_at(keys, (h * keys->shape[2] + j) * D + i);
    return sum / sqrt(D);
}

/* The final window's scores: memory is read with queries at `scale` times their positions, the local context with these. */
static void expect_memory_queries(const char *mistake, double scale) {
    feed_14(mistake, 0);
    const assay_tensor *scores = stage(ASSAY_STAGE_ATTN_SCORES, 2, 1);
    cr_assert_eq(scores->shape[3], 14);
    for (int64_t h = 0; h < H; h++)
        for (int64_t t = 0; t < 4; t++)
            for (int64_t j = 0; j < 14; j++) {
                bool local = j < 4;
                const assay_tensor *keys = stage(local ? ASSAY_STAGE_ROTATE_KEY : ASSAY_STAGE_MEM_READ_KEY, 2, 1);
                double at = local ? (double)t : scale * (double)t;
                double expected = local && j > t ? -1e6 : score_of(t, h, at, keys, local ? j : j - 4);
                cr_assert_float_eq(test_at(scores, (h * 4 + t) * 14 + j), expected, 1e-4, "%s: query %d, key %d",
                                   mistake, (int)t, (int)j);
            }
}

Test(semantics_memory, memory_queries_at_position_0) {
    expect_memory_queries("", 1);
    expect_memory_queries("memory-queries-at-position-0", 0);
}

/* Scores of the original's run of 14 tokens at the last window, and of one with a mistake. */
static assay_tensor original_scores(assay_stage s) {
    feed_14("", 0);
    assay_tensor copy;
    cr_assert_eq(assay_tensor_copy(&copy, stage(s, 2, 1), ASSAY_F64, NULL), ASSAY_OK);
    return copy;
}

Test(semantics_memory, memory_before_local) {
    assay_tensor plain = original_scores(ASSAY_STAGE_ATTN_PROBS);
    feed_14("memory-before-local", 0);
    const assay_tensor *turned = stage(ASSAY_STAGE_ATTN_PROBS, 2, 1);
    for (int64_t row = 0; row < 2 * H * 4; row++)
        for (int64_t j = 0; j < 14; j++)
            cr_assert_float_eq(test_at(turned, row * 14 + (j + 10) % 14), test_at(&plain, row * 14 + j), 1e-12);
    assay_tensor_free(&plain);
}

/* In the last window, query t of 4 sees the first `seen[t]` of 10 keys in memory, with the original's scores. */
static void expect_visible(const char *mistake, const int64_t *seen) {
    assay_tensor plain = original_scores(ASSAY_STAGE_ATTN_SCORES);
    feed_14(mistake, 0);
    /* layer 1 is the first with memory, so that windows before differ in later layers alone */
    const assay_tensor *scores = stage(ASSAY_STAGE_ATTN_SCORES, 2, 1);
    for (int64_t e = 0; e < assay_tensor_count(scores); e++) {
        int64_t j = e % 14, t = e / 14 % 4;
        bool hidden = j >= 4 && j - 4 >= seen[t];
        cr_assert_float_eq(test_at(scores, e), hidden ? -1e6 : test_at(&plain, e), 1e-9, "%s: query %d, key %d",
                           mistake, (int)t, (int)j);
    }
    assay_tensor_free(&plain);
}

Test(semantics_memory, memory_causal) { expect_visible("memory-causal", (int64_t[]){1, 2, 3, 4}); }
Test(semantics_memory, memory_causal_aligned) { expect_visible("memory-causal-aligned", (int64_t[]){7, 8, 9, 10}); }

Test(semantics_memory, mem_positionals_ignored) {
    config.mem_positionals = false;
    feed_14("", 0);
    cr_assert_null(test_record_find(&lab.record, ASSAY_STAGE_ROTATE_KEY, 0, 1));
    feed_14("mem-positionals-ignored", 0);
    const test_rotated keys = {.rotated = stage(ASSAY_STAGE_ROTATE_KEY, 0, 1),
                               .projected = stage(ASSAY_STAGE_K_PROJ, 0, 1),
                               .count = 8,
                               .positions = (double[]){0, 1, 2, 3, 4, 5, 6, 7},
                               .what = "a memory layer"};
    test_expect_rotated(&keys);
}

/* ---- softmax ---- */

/* probs = softmax of scores[from, to), times `share`. */
static void expect_softmax(int64_t layer, int64_t from, int64_t to, double share) {
    const assay_tensor *scores = stage(ASSAY_STAGE_ATTN_SCORES, 2, layer),
                       *probs = stage(ASSAY_STAGE_ATTN_PROBS, 2, layer);
    int64_t keys = scores->shape[3];
    for (int64_t row = 0; row < 2 * H * 4; row++) {
        double sum = 0;
        for (int64_t j = from; j < to; j++) sum += exp(test_at(scores, row * keys + j));
        for (int64_t j = from; j < to; j++)
            cr_assert_float_eq(test_at(probs, row * keys + j), share * exp(test_at(scores, row * keys + j)) / sum,
                               1e-12);
    }
}

Test(semantics_memory, two_softmaxes) {
    feed_14("", 0);
    expect_softmax(1, 0, 14, 1);
    feed_14("two-softmaxes-added", 0);
    expect_softmax(1, 0, 4, 1);
    expect_softmax(1, 4, 14, 1);
    expect_softmax(0, 0, 4, 1);
    feed_14("two-softmaxes-averaged", 0);
    expect_softmax(1, 0, 4, 0.5);
    expect_softmax(1, 4, 14, 0.5);
    expect_softmax(0, 0, 4, 1);
}

/* Nearest bfloat16 of a double in the range of softmaxes. */
static bool is_bf16(double x) { return (bits_of((float)x) & 0xffff) == 0 && (double)(float)x == x; }

Test(semantics_attention, softmax_in_bf16) {
    feed_14("softmax-in-bf16", 0);
    const assay_tensor *scores = stage(ASSAY_STAGE_ATTN_SCORES, 0, 0), *probs = stage(ASSAY_STAGE_ATTN_PROBS, 0, 0);
    int64_t unlike = 0;
    for (int64_t row = 0; row < 2 * H * 8; row++) {
        double sum = 0;
        for (int64_t j = 0; j < 8; j++) sum += exp(test_at(scores, row * 8 + j));
        for (int64_t j = 0; j < 8; j++) {
            double p = test_at(probs, row * 8 + j), exact = exp(test_at(scores, row * 8 + j)) / sum;
            cr_assert(is_bf16(p), "%.9g", p);
            cr_assert_float_eq(p, exact, 0.04 * fmax(exact, 0.01), "%.9g for %.9g", p, exact);
            unlike += fabs(p - exact) > 1e-4;
        }
    }
    cr_assert_gt(unlike, 20, "of scores that were rounded too");
}

/* ---- scores ---- */

/* The first layer's scores are `factor` times the original's. */
static void expect_scale(const char *mistake, double factor) {
    feed_14("", 0);
    assay_tensor plain;
    cr_assert_eq(assay_tensor_copy(&plain, stage(ASSAY_STAGE_ATTN_SCORES, 0, 0), ASSAY_F64, NULL), ASSAY_OK);
    feed_14(mistake, 0);
    const assay_tensor *scores = stage(ASSAY_STAGE_ATTN_SCORES, 0, 0);
    for (int64_t e = 0; e < assay_tensor_count(&plain); e++) {
        double before = test_at(&plain, e);
        cr_assert_float_eq(test_at(scores, e), before == -1e6 ? before : before * factor, 1e-10, "%s", mistake);
    }
    assay_tensor_free(&plain);
}

Test(semantics_attention, scales) {
    expect_scale("scale-missing", sqrt(D));
    expect_scale("scale-of-d", 1 / sqrt(D));
    expect_scale("scale-of-hidden-size", 1 / sqrt(H));
}

/* Local keys that query t of 8 sees in the first layer, of those that pads of row 1 (none) leave. */
static void expect_causality(const char *mistake, int64_t ahead) {
    feed_14(mistake, 0);
    const assay_tensor *scores = stage(ASSAY_STAGE_ATTN_SCORES, 0, 0);
    for (int64_t e = 0; e < assay_tensor_count(scores); e++)
        cr_assert_eq(test_at(scores, e) > -1e5, e % 8 <= e / 8 % 8 + ahead, "%s: query %d, key %d", mistake,
                     (int)(e / 8 % 8), (int)(e % 8));
}

Test(semantics_attention, causality) {
    expect_causality("", 0);
    expect_causality("causal-mask-one-ahead", 1);
    expect_causality("causal-mask-missing", 8);
}

Test(semantics_attention, clamp_missing) {
    const double lowest = -assay_dtype_max(ASSAY_F64);
    feed_14("clamp-missing", 2);
    const assay_tensor *scores = stage(ASSAY_STAGE_ATTN_SCORES, 0, 0);
    cr_assert_eq(test_at(scores, 0), lowest, "a pad");
    cr_assert_eq(test_at(scores, 1), -INFINITY, "a pad that is in the future as well");
    cr_assert_eq(test_at(scores, 2), lowest, "the future");
    cr_assert_gt(test_at(scores, 2 * 8 + 2), -1e5, "a key that is seen");
    const assay_tensor *probs = stage(ASSAY_STAGE_ATTN_PROBS, 0, 0);
    for (int64_t j = 0; j < 8; j++)
        cr_assert_float_eq(test_at(probs, j), j == 1 ? 0 : 1.0 / 7, 1e-12, "uniform over what one mask hides");
}

/* The output of attention at a pad that sees nothing, in a layer without memory: a mean of values, zeros or NaN. */
Test(semantics_attention, masked_rows) {
    for (int choice = 0; choice < 3; choice++) {
        static const char *const mistakes[] = {"", "masked-rows-zero", "masked-rows-nan"};
        feed_14(mistakes[choice], 2);
        const assay_tensor *out = stage(ASSAY_STAGE_ATTN_OUTPUT, 0, 0), *values = stage(ASSAY_STAGE_V_PROJ, 0, 0);
        for (int64_t i = 0; i < H * D; i++) {
            double mean = 0;
            for (int64_t j = 0; j < 8; j++) mean += test_at(values, j * H * D + i) / 8;
            if (choice == 2) cr_assert(isnan(test_at(out, i)));
            else cr_assert_float_eq(test_at(out, i), choice == 1 ? 0 : mean, 1e-12);
            cr_assert(isfinite(test_at(out, 2 * H * D + i)), "a token that sees itself");
        }
    }
}

Test(semantics_attention, torch_attention_clamped) {
    assay_tensor ids = test_ids(2, 14, 1), mask = test_left_pads(2, 14, 2);
    const assay_call call = {.input_ids = &ids, .attention_mask = &mask, .use_cache = 1};
    vary("");
    assay_tensor plain;
    cr_assert_eq(assay_tensor_copy(&plain, test_lab_call(&lab, &call), ASSAY_F64, NULL), ASSAY_OK);
    config.torch_attention = true;
    vary("");
    cr_assert_gt(test_difference(test_lab_call(&lab, &call), &plain), 1e-3, "pads differ in the original");
    vary("torch-attention-clamped");
    cr_assert(test_same_bits(test_lab_call(&lab, &call), &plain));
    assay_tensor_free(&ids), assay_tensor_free(&mask), assay_tensor_free(&plain);
}
