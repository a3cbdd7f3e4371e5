/* What each mistake about windows and about the local cache does, against window lists made by hand (SCHED, CACHE, MEM-8). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/schedule.h"
#include "engine/test_lab.h"
#include "engine/variants.h"

/* ---- plans ---- */

/* W 16, C 8, use_cache, a layer with memory, no mistake. */
static assay_schedule_input input(int64_t cached, int64_t tokens) {
    return (assay_schedule_input){
        .tokens = tokens, .cached = cached, .window = 16, .last_context_length = 8, .use_cache = 1, .has_memory = true};
}

/* A window as "<dropped>(<of these to memory>)-<tokens>><to memory>": "9(9)-8" has 8 tokens and moves 9 cached ones to memory
 * before them; "16>16" moves its own 16. "L" follows what stays in the local cache. */
static void describe(char *text, size_t nbytes, const assay_window *windows, size_t count) {
    size_t at = 0;
    for (size_t k = 0; k < count; k++) {
        const assay_window *w = &windows[k];
        at += (size_t)snprintf(text + at, nbytes - at, "%s", k ? " " : "");
        if (w->dropped)
            at += (size_t)snprintf(text + at, nbytes - at, "%d(%d)-", (int)w->dropped, (int)w->to_memory_before);
        at += (size_t)snprintf(text + at, nbytes - at, "%d", (int)(w->end - w->begin));
        if (w->to_memory_after) at += (size_t)snprintf(text + at, nbytes - at, ">%d", (int)w->to_memory_after);
        at += (size_t)snprintf(text + at, nbytes - at, "%s", w->keeps_local ? "L" : "");
    }
}

static void expect_plan(const char *mistake, assay_schedule_input in, const char *expected) {
    assay_window *windows = NULL;
    size_t count = 0;
    char text[256] = "";
    assay_error err = {0};
    if (*mistake) cr_assert_eq(assay_variants_parse(mistake, &in.semantics, &err), ASSAY_OK, "%s", err.message);
    cr_assert_eq(assay_schedule_plan(&in, &windows, &count, &err), ASSAY_OK, "%s", err.message);
    describe(text, sizeof text, windows, count);
    cr_expect_str_eq(text, expected, "%s: %s, expected %s", mistake, text, expected);
    int64_t next = 0;
    for (size_t k = 0; k < count; k++) {
        cr_expect_eq(windows[k].begin, next, "%s", mistake);
        next = windows[k].end;
    }
    cr_expect_eq(next, in.tokens, "%s", mistake);
    free(windows);
}

Test(semantics_schedule, the_original) {
    expect_plan("", input(0, 8), "8L");
    expect_plan("", input(0, 12), "4>4 8L");
    expect_plan("", input(0, 33), "16>16 9>9 8L");
    expect_plan("", input(5, 28), "5(5)-16L 16(16)-4L 8L");
    expect_plan("", input(8, 8), "8L");
    expect_plan("", input(12, 8), "12(12)-8L");
}

Test(semantics_schedule, split_above_window) {
    expect_plan("split-above-window", input(0, 12), "12L");
    expect_plan("split-above-window", input(0, 16), "16L");
    expect_plan("split-above-window", input(0, 17), "9>9 8L");
    expect_plan("split-above-window", input(0, 33), "16>16 9>9 8L");
}

Test(semantics_schedule, final_window_of_w) {
    expect_plan("final-window-of-w", input(0, 12), "12L");
    expect_plan("final-window-of-w", input(0, 20), "4>4 16L");
    expect_plan("final-window-of-w", input(0, 33), "16>16 1>1 16L");
}

Test(semantics_schedule, final_window_is_remainder) {
    expect_plan("final-window-is-remainder", input(0, 12), "12L");
    expect_plan("final-window-is-remainder", input(0, 32), "16>16 16L");
    expect_plan("final-window-is-remainder", input(0, 33), "16>16 16>16 1L");
}

Test(semantics_schedule, short_window_first) {
    expect_plan("short-window-first", input(0, 24), "16>16 8L");
    expect_plan("short-window-first", input(0, 25), "1>1 16>16 8L");
    expect_plan("short-window-first", input(0, 49), "9>9 16>16 16>16 8L");
}

Test(semantics_schedule, prefix_windows_cached) {
    expect_plan("prefix-windows-cached", input(0, 8), "8L");
    expect_plan("prefix-windows-cached", input(0, 33), "16L 16(16)-9L 9(9)-8L");
    expect_plan("prefix-windows-cached", input(0, 30), "16L 16(16)-6L 8L");
    assay_schedule_input uncached = input(0, 33);
    uncached.use_cache = 0;
    expect_plan("prefix-windows-cached", uncached, "16>16 9>9 8>8");
}

Test(semantics_schedule, context_limited_to_window) {
    assay_schedule_input in = input(0, 30);
    in.last_context_length = 20;
    expect_plan("", in, "10>10 20L");
    expect_plan("context-limited-to-window", in, "14>14 16L");
    in.tokens = 18;
    expect_plan("", in, "18L");
    expect_plan("context-limited-to-window", in, "2>2 16L");
    expect_plan("context-limited-to-window", input(0, 33), "16>16 9>9 8L");
}

Test(semantics_schedule, no_split_without_memory_layers) {
    assay_schedule_input in = input(0, 33);
    expect_plan("no-split-without-memory-layers", in, "16>16 9>9 8L");
    in.has_memory = false;
    expect_plan("no-split-without-memory-layers", in, "33L");
}

Test(semantics_schedule, flip_at_window) {
    expect_plan("flip-at-window", input(8, 8), "8(8)-8L");
    expect_plan("flip-at-window", input(7, 8), "8L");
    expect_plan("flip-at-window", input(12, 8), "12(12)-8L");
}

Test(semantics_schedule, flip_overflow_only) {
    expect_plan("flip-overflow-only", input(8, 8), "8L");
    expect_plan("flip-overflow-only", input(12, 8), "4(4)-8L");
    expect_plan("flip-overflow-only", input(16, 1), "1(1)-1L");
    expect_plan("flip-overflow-only", input(5, 28), "5(5)-16L 4(4)-4L 8(8)-8L");
    assay_schedule_input longer = input(3, 20);
    longer.last_context_length = 20; /* a window above W drops no more than is there */
    expect_plan("flip-overflow-only", longer, "3(3)-20L");
}

Test(semantics_schedule, flip_discards) {
    expect_plan("flip-discards", input(12, 8), "12(0)-8L");
    expect_plan("flip-discards", input(5, 28), "5(0)-16L 16(0)-4L 8L");
    expect_plan("flip-discards", input(0, 33), "16>16 9>9 8L");
}

Test(semantics_schedule, final_window_to_memory) {
    expect_plan("final-window-to-memory", input(0, 10), "2>2 8>8");
    expect_plan("final-window-to-memory", input(5, 4), "4>9");
    expect_plan("final-window-to-memory", input(12, 8), "12(12)-8>8");
}

Test(semantics_schedule, no_memory_without_cache) {
    assay_schedule_input in = input(0, 33);
    in.use_cache = 0;
    expect_plan("", in, "16>16 9>9 8>8");
    expect_plan("no-memory-without-cache", in, "16>16 9>9 8");
    expect_plan("no-memory-without-cache", input(0, 33), "16>16 9>9 8L");
}

/* ---- on the engine: W 8, C 4, layer 1 has memory ---- */

static test_lab lab;
static assay_config config;
static void start(void) { config = test_config(); }
static void stop(void) { test_lab_end(&lab); }
TestSuite(semantics_cache, .init = start, .fini = stop);

/* Local cache and memory of each layer: "4,0 4,10 4,0". */
static void expect_lengths(const char *expected) {
    char text[96] = "";
    size_t at = 0;
    for (int64_t i = 0; i < 3; i++) {
        assay_past_layer layer;
        cr_assert_eq(assay_past_export(lab.rig.past, i, &layer, NULL), ASSAY_OK);
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%d,%d", i ? " " : "", (int)layer.key.shape[2],
                               (int)layer.mem_key.shape[2]);
        cr_assert_eq(layer.key.shape[2], layer.value.shape[2]);
        cr_assert_eq(layer.key.shape[2], layer.position.shape[1]);
        cr_assert_eq(layer.mem_key.shape[2], layer.mem_mask.shape[1]);
        assay_past_layer_free(&layer);
    }
    cr_assert_str_eq(text, expected, "%s, expected %s", text, expected);
}

/* Tokens [begin, end) of all that layer `layer` has projected as keys, over the windows so far, are `count` rows of a past's keys. */
static void expect_keys(const assay_tensor *keys, int64_t layer, int64_t begin) {
    int64_t heads = keys->shape[1], d = keys->shape[3], first = 0;
    for (int64_t k = 0; k < lab.windows; k++) {
        const assay_tensor *projected = test_lab_stage(&lab, ASSAY_STAGE_K_PROJ, k, layer);
        for (int64_t t = 0; t < projected->shape[1]; t++) {
            int64_t to = first + t - begin;
            if (to < 0 || to >= keys->shape[2]) continue;
            for (int64_t h = 0; h < heads; h++)
                for (int64_t i = 0; i < d; i++)
                    cr_assert_float_eq(test_at(keys, (h * keys->shape[2] + to) * d + i),
                                       test_at(projected, (t * heads + h) * d + i), 1e-6, "token %d", (int)to);
        }
        first += projected->shape[1];
    }
    cr_assert_leq(begin + keys->shape[2], first);
}

static void expect_past_keys(int64_t layer, int64_t local_from, int64_t memory_from) {
    assay_past_layer past;
    cr_assert_eq(assay_past_export(lab.rig.past, layer, &past, NULL), ASSAY_OK);
    expect_keys(&past.key, layer, local_from);
    if (past.mem_key.shape[2]) expect_keys(&past.mem_key, layer, memory_from);
    assay_past_layer_free(&past);
}

Test(semantics_cache, call_context_length_ignored) {
    test_lab_start(&lab, &config, "call-context-length-ignored", ASSAY_F64);
    test_lab_feed_whole(&lab, 1, 7, 1); /* says C 7, and gets windows of 3 and 4 */
    expect_lengths("4,0 4,3 4,0");
    cr_assert_eq(lab.windows, 2);
}

Test(semantics_cache, the_original_drops_all_on_every_layer) {
    test_lab_start(&lab, &config, "", ASSAY_F64);
    test_lab_feed(&lab, 1, 6, 1, 1);
    expect_lengths("4,0 4,2 4,0");
    test_lab_feed(&lab, 1, 4, 2, 1);
    expect_lengths("8,0 8,2 8,0");
    test_lab_feed(&lab, 1, 1, 3, 1);
    expect_lengths("1,0 1,10 1,0");
    expect_past_keys(1, 10, 0);
}

Test(semantics_cache, flip_overflow_only) {
    test_lab_start(&lab, &config, "flip-overflow-only", ASSAY_F64);
    test_lab_feed(&lab, 1, 6, 1, 1);
    test_lab_feed(&lab, 1, 4, 2, 1);
    expect_lengths("8,0 8,2 8,0");
    test_lab_feed(&lab, 1, 1, 3, 1);
    expect_lengths("8,0 8,3 8,0");
    test_lab_feed(&lab, 1, 3, 4, 1);
    expect_lengths("8,0 8,6 8,0");
    for (int64_t layer = 0; layer < 3; layer++) expect_past_keys(layer, 6, 0);
    test_lab_expect_row(&lab, ASSAY_STAGE_POSITION_IDS, (int64_t[]){4, -1, 0}, "11 12 13");
    test_lab_expect_row(&lab, ASSAY_STAGE_REL_POS_IDS, (int64_t[]){4, 0, 0}, "0 1 2 3 4 5 6 7");
}

Test(semantics_cache, flip_at_window) {
    test_lab_start(&lab, &config, "flip-at-window", ASSAY_F64);
    test_lab_feed(&lab, 1, 6, 1, 1);
    test_lab_feed(&lab, 1, 4, 2, 1);
    expect_lengths("4,0 4,6 4,0");
    expect_past_keys(1, 6, 0);
}

Test(semantics_cache, flip_discards) {
    test_lab_start(&lab, &config, "flip-discards", ASSAY_F64);
    test_lab_feed(&lab, 1, 6, 1, 1);
    test_lab_feed(&lab, 1, 4, 2, 1);
    test_lab_feed(&lab, 1, 1, 3, 1);
    expect_lengths("1,0 1,2 1,0");
    expect_past_keys(1, 10, 0);
}

Test(semantics_cache, flip_on_memory_layers_only) {
    test_lab_start(&lab, &config, "flip-on-memory-layers-only", ASSAY_F64);
    test_lab_feed(&lab, 1, 6, 1, 1);
    expect_lengths("4,0 4,2 4,0");
    test_lab_feed(&lab, 1, 4, 2, 1);
    expect_lengths("8,0 8,2 8,0");
    test_lab_feed(&lab, 1, 1, 3, 1);
    expect_lengths("9,0 1,10 9,0");
    test_lab_feed(&lab, 1, 3, 4, 1);
    expect_lengths("12,0 4,10 12,0");
    expect_past_keys(0, 2, 0);
    expect_past_keys(1, 10, 0);
    test_lab_expect_row(&lab, ASSAY_STAGE_REL_POS_IDS, (int64_t[]){4, 0, 0}, "0 1 2 3 4 5 6 7 8 9 10 11");
    test_lab_expect_row(&lab, ASSAY_STAGE_REL_POS_IDS, (int64_t[]){4, 1, 0}, "0 1 2 3");
    test_lab_feed(&lab, 1, 4, 5, 1);
    test_lab_feed(&lab, 1, 2, 6, 1);
    expect_lengths("18,0 2,18 18,0");
    expect_past_keys(2, 2, 0);
    expect_past_keys(1, 18, 0);
}

Test(semantics_cache, final_window_to_memory) {
    test_lab_start(&lab, &config, "final-window-to-memory", ASSAY_F64);
    test_lab_feed(&lab, 1, 14, 1, 1);
    expect_lengths("0,0 0,14 0,0");
    expect_past_keys(1, 0, 0);
    test_lab_feed(&lab, 1, 3, 2, 1);
    expect_lengths("0,0 0,17 0,0");
    expect_past_keys(1, 0, 0);
    cr_assert_eq(test_lab_stage(&lab, ASSAY_STAGE_MEM_READ_KEY, 3, 1)->shape[2], 14, "not its own window");
}

Test(semantics_cache, no_memory_without_cache) {
    test_lab_start(&lab, &config, "no-memory-without-cache", ASSAY_F64);
    test_lab_feed(&lab, 1, 14, 1, 0);
    expect_lengths("0,0 0,10 0,0");
    test_lab_feed(&lab, 1, 3, 2, 1);
    expect_lengths("3,0 3,10 3,0");
}

Test(semantics_cache, memory_lost_between_calls) {
    test_lab_start(&lab, &config, "memory-lost-between-calls", ASSAY_F64);
    test_lab_feed(&lab, 1, 14, 1, 1);
    expect_lengths("4,0 4,10 4,0");
    test_lab_feed(&lab, 1, 2, 2, 1);
    expect_lengths("6,0 6,0 6,0");
    cr_assert_null(test_record_find(&lab.record, ASSAY_STAGE_MEM_READ_KEY, 3, 1));
    test_lab_feed(&lab, 1, 4, 3, 1);
    expect_lengths("4,0 4,6 4,0");
    expect_past_keys(1, 16, 10);
}

Test(semantics_cache, relative_positions_stored) {
    test_lab_start(&lab, &config, "relative-positions-stored", ASSAY_F64);
    assay_tensor ids = test_ids(1, 3, 1), positions = test_i64(1, 3, (int64_t[]){15, 16, 17});
    test_lab_call(&lab, &(assay_call){.input_ids = &ids, .position_ids = &positions, .use_cache = 1});
    test_lab_expect_row(&lab, ASSAY_STAGE_POSITION_IDS, (int64_t[]){0, -1, 0}, "15 16 17");
    assay_past_layer past;
    cr_assert_eq(assay_past_export(lab.rig.past, 0, &past, NULL), ASSAY_OK);
    for (int64_t j = 0; j < 3; j++) cr_assert_eq(test_at(&past.position, j), (double)j);
    assay_past_layer_free(&past);
    test_lab_feed(&lab, 1, 2, 2, 1);
    test_lab_expect_row(&lab, ASSAY_STAGE_POSITION_IDS, (int64_t[]){1, -1, 0}, "3 4");
    assay_tensor_free(&ids), assay_tensor_free(&positions);
}

/* Rows of the local cache or of the memory are those of `before`, in the order of `rows`. */
static void expect_rows(const assay_tensor *now, const assay_tensor *before, const int64_t *rows) {
    size_t nbytes = assay_tensor_nbytes(now) / 2;
    cr_assert(nbytes > 0 && assay_tensor_same_shape(now, before));
    for (size_t b = 0; b < 2; b++)
        cr_assert_eq(memcmp((char *)now->data + b * nbytes, (char *)before->data + (size_t)rows[b] * nbytes, nbytes), 0,
                     "row %zu", b);
}

Test(semantics_cache, memory_not_reordered) {
    test_lab_start(&lab, &config, "memory-not-reordered", ASSAY_F64);
    test_lab_feed(&lab, 2, 14, 1, 1);
    test_snapshot before = test_snapshot_take(lab.rig.past);
    cr_assert_eq(assay_past_reorder(lab.rig.past, (int64_t[]){1, 0}, 2, NULL), ASSAY_OK);
    test_snapshot now = test_snapshot_take(lab.rig.past);
    expect_rows(&now.layer[1].key, &before.layer[1].key, (int64_t[]){1, 0});
    expect_rows(&now.layer[1].value, &before.layer[1].value, (int64_t[]){1, 0});
    expect_rows(&now.layer[1].mem_key, &before.layer[1].mem_key, (int64_t[]){0, 1});
    expect_rows(&now.layer[1].mem_value, &before.layer[1].mem_value, (int64_t[]){0, 1});
    test_snapshot_free(&before);
    test_snapshot_free(&now);
}

Test(semantics_cache, memory_layers) {
    static const struct {
        const char *mistake, *lengths;
    } choices[] = {{"memory-layer-one-earlier", "4,10 4,0 4,0"},
                   {"memory-layer-one-later", "4,0 4,0 4,10"},
                   {"memory-in-every-layer", "4,10 4,10 4,10"}};
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        test_lab_start(&lab, &config, choices[i].mistake, ASSAY_F64);
        test_lab_feed(&lab, 1, 14, 1, 1);
        expect_lengths(choices[i].lengths);
    }
    config.is_memory_layer[1] = false;
    config.is_memory_layer[0] = true; /* the layer before is none */
    test_lab_start(&lab, &config, "memory-layer-one-earlier", ASSAY_F64);
    test_lab_feed(&lab, 1, 14, 1, 1);
    expect_lengths("4,0 4,0 4,0");
}

/* ---- masks: 1 keeps ---- */

/* Feeds one window of a row with this mask (its columns may be more than local cache and tokens). */
static void feed_masked(int64_t tokens, int64_t columns, const double *mask) {
    assay_tensor ids = test_ids(1, tokens, 9), m = test_f64(1, columns, mask ? mask : (double[8]){0});
    const assay_call call = {.input_ids = &ids,
                             .attention_mask = mask ? &m : NULL,
                             .use_cache = 1,
                             .has_last_context_length = true,
                             .last_context_length = 8};
    test_lab_call(&lab, &call);
    assay_tensor_free(&ids), assay_tensor_free(&m);
}

static void expect_mask(int64_t window, const char *expected) {
    test_lab_expect_row(&lab, ASSAY_STAGE_ATTENTION_MASK, (int64_t[]){window, -1, 0}, expected);
}

/* Whether query t of a window sees local key j in layer 0, by its score. */
static bool sees(int64_t window, int64_t t, int64_t j) {
    const assay_tensor *scores = test_lab_stage(&lab, ASSAY_STAGE_ATTN_SCORES, window, 0);
    return test_at(scores, t * scores->shape[3] + j) > -1e5;
}

Test(semantics_cache, mask_nonzero_keeps) {
    const double mask[] = {0, 0.5, 2, -1, 1};
    test_lab_start(&lab, &config, "", ASSAY_F64);
    feed_masked(5, 5, mask);
    expect_mask(0, "0 0 0 0 1");
    test_lab_start(&lab, &config, "mask-nonzero-keeps", ASSAY_F64);
    feed_masked(5, 5, mask);
    expect_mask(0, "0 1 1 1 1");
}

Test(semantics_cache, mask_first_columns) {
    const double mask[] = {0, 1, 0, 1, 1};
    test_lab_start(&lab, &config, "", ASSAY_F64);
    feed_masked(3, 5, mask);
    expect_mask(0, "0 1 1");
    test_lab_start(&lab, &config, "mask-first-columns", ASSAY_F64);
    feed_masked(3, 5, mask);
    expect_mask(0, "0 1 0");
}

Test(semantics_cache, mask_ignored) {
    test_lab_start(&lab, &config, "mask-ignored", ASSAY_F64);
    feed_masked(3, 3, (double[]){0, 0, 1});
    expect_mask(0, "1 1 1");
    cr_assert(sees(0, 2, 0));
    feed_masked(6, 9, (double[]){0, 0, 1, 1, 1, 1, 1, 1, 1}); /* the drop stores a mask */
    const assay_tensor *stored = test_lab_stage(&lab, ASSAY_STAGE_MEM_WRITE_MASK, 1, 1);
    for (int64_t j = 0; j < 3; j++) cr_assert_eq(test_at(stored, j), 0);
}

Test(semantics_cache, pads_remembered) {
    for (int remembers = 0; remembers < 2; remembers++) {
        test_lab_start(&lab, &config, remembers ? "pads-remembered" : "", ASSAY_F64);
        feed_masked(3, 3, (double[]){0, 0, 1});
        feed_masked(2, 0, NULL);
        expect_mask(1, remembers ? "0 0 1 1 1" : "1 1 1 1 1");
        feed_masked(1, 0, NULL);
        expect_mask(2, remembers ? "0 0 1 1 1 1" : "1 1 1 1 1 1");
    }
}

Test(semantics_cache, mask_not_cut_at_flip) {
    const double mask[] = {0, 1, 1, 1, 1, 1, 1, 1, 0}; /* of 6 cached and 3 new tokens, which are 9 and drop 6 */
    for (int uncut = 0; uncut < 2; uncut++) {
        test_lab_start(&lab, &config, uncut ? "mask-not-cut-at-flip" : "", ASSAY_F64);
        feed_masked(6, 0, NULL);
        feed_masked(3, 9, mask);
        cr_assert_eq(sees(1, 2, 0), !uncut, "the first new key has the mask of the first column");
        cr_assert_eq(sees(1, 2, 2), uncut, "the last new key has the mask of the third column");
        cr_assert(sees(1, 2, 1));
    }
}
