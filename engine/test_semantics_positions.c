/* What each mistake about positions, rotary embedding and generation does, against numbers made by hand (POS, ROPE, CACHE-2, GEN). */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/generate.h"
#include "engine/test_lab.h"

static test_lab lab;
static assay_config config;
static void start(void) { config = test_config(); }
static void stop(void) { test_lab_end(&lab); }
TestSuite(semantics_positions, .init = start, .fini = stop);
TestSuite(semantics_rotary, .init = start, .fini = stop);
TestSuite(semantics_generation, .init = start, .fini = stop);

static void vary(const char *mistakes) { test_lab_start(&lab, &config, mistakes, ASSAY_F64); }

/* Feeds ids with these positions; use_cache. */
static void feed_at(int64_t batch, int64_t tokens, const int64_t *at) {
    assay_tensor ids = test_ids(batch, tokens, 5), positions = test_i64(batch, tokens, at);
    test_lab_call(&lab, &(assay_call){.input_ids = &ids, .position_ids = &positions, .use_cache = 1});
    assay_tensor_free(&ids), assay_tensor_free(&positions);
}

static void expect_ids(int64_t window, int64_t row, const char *expected) {
    test_lab_expect_row(&lab, ASSAY_STAGE_POSITION_IDS, (int64_t[]){window, -1, row}, expected);
}

static void expect_rel(int64_t window, int64_t row, const char *expected) {
    test_lab_expect_row(&lab, ASSAY_STAGE_REL_POS_IDS, (int64_t[]){window, 0, row}, expected);
}

/* ---- position ids ---- */

Test(semantics_positions, positions_from_zero_each_call) {
    vary("positions-from-zero-each-call");
    test_lab_feed(&lab, 1, 3, 1, 1);
    test_lab_feed(&lab, 1, 2, 2, 1);
    expect_ids(1, 0, "0 1");
    expect_rel(1, 0, "0 1 2 0 1");
}

Test(semantics_positions, positions_after_memory) {
    for (int mistaken = 0; mistaken < 2; mistaken++) {
        vary(mistaken ? "positions-after-memory" : "");
        test_lab_feed(&lab, 1, 6, 1, 0);
        test_lab_feed(&lab, 1, 3, 2, 1);
        expect_ids(2, 0, mistaken ? "6 7 8" : "0 1 2");
        test_lab_feed(&lab, 1, 1, 3, 1);
        expect_ids(3, 0, mistaken ? "9" : "3");
    }
}

Test(semantics_positions, positions_after_cached) {
    vary("positions-after-cached");
    feed_at(1, 3, (int64_t[]){5, 6, 7});
    test_lab_feed(&lab, 1, 2, 2, 1);
    expect_ids(1, 0, "3 4");
    expect_rel(1, 0, "2 3 4 0 1");
}

Test(semantics_positions, positions_without_pads) {
    vary("positions-without-pads");
    assay_tensor ids = test_ids(2, 4, 1), mask = test_left_pads(2, 4, 2);
    test_lab_call(&lab, &(assay_call){.input_ids = &ids, .attention_mask = &mask, .use_cache = 1});
    expect_ids(0, 0, "0 0 0 1");
    expect_ids(0, 1, "0 1 2 3");
    assay_tensor one = test_ids(2, 1, 2), longer = test_left_pads(2, 5, 2);
    test_lab_call(&lab, &(assay_call){.input_ids = &one, .attention_mask = &longer, .use_cache = 1});
    expect_ids(1, 0, "2");
    expect_ids(1, 1, "4");
    assay_tensor_free(&ids), assay_tensor_free(&mask), assay_tensor_free(&one), assay_tensor_free(&longer);
}

Test(semantics_positions, positions_reset_per_window) {
    vary("positions-reset-per-window");
    feed_at(1, 6, (int64_t[]){10, 11, 12, 13, 14, 15});
    expect_ids(0, 0, "0 1");
    expect_ids(1, 0, "0 1 2 3");
    test_lab_feed(&lab, 1, 14, 2, 1); /* windows 8, 2, 4: the first drops 4, the second what the first left */
    expect_ids(2, 0, "0 1 2 3 4 5 6 7");
    expect_ids(3, 0, "0 1");
    expect_ids(4, 0, "2 3 4 5");
    feed_at(1, 2, (int64_t[]){90, 91});
    expect_ids(5, 0, "6 7");
}

/* ---- relative positions ---- */

Test(semantics_positions, the_original_counts_from_the_smallest_of_each_row) {
    vary("");
    feed_at(2, 3, (int64_t[]){7, 5, 6, 3, 4, 5});
    expect_rel(0, 0, "2 0 1");
    expect_rel(0, 1, "0 1 2");
}

Test(semantics_positions, positions_absolute) {
    vary("positions-absolute");
    feed_at(2, 3, (int64_t[]){7, 5, 6, -1, 0, 1});
    expect_rel(0, 0, "7 5 6");
    expect_rel(0, 1, "-1 0 1");
}

Test(semantics_positions, positions_from_batch_minimum) {
    vary("positions-from-batch-minimum");
    feed_at(2, 3, (int64_t[]){7, 5, 6, 3, 4, 5});
    expect_rel(0, 0, "4 2 3");
    expect_rel(0, 1, "0 1 2");
}

Test(semantics_positions, positions_from_first_key) {
    vary("positions-from-first-key");
    feed_at(2, 3, (int64_t[]){7, 5, 6, 3, 4, 5});
    expect_rel(0, 0, "0 -2 -1");
    expect_rel(0, 1, "0 1 2");
}

Test(semantics_positions, position_one_after_flip) {
    for (int mistaken = 0; mistaken < 2; mistaken++) {
        vary(mistaken ? "position-one-after-flip" : "");
        test_lab_feed_whole(&lab, 1, 6, 1);
        expect_rel(0, 0, "0 1 2 3 4 5");
        test_lab_feed_whole(&lab, 1, 3, 2); /* 9 are more than 8: 6 are dropped */
        expect_rel(1, 0, mistaken ? "1 2 3" : "0 1 2");
    }
}

Test(semantics_positions, position_gap_accepted) {
    assay_tensor ids = test_ids(1, 3, 5), positions = test_i64(1, 3, (int64_t[]){0, 1, 70});
    const assay_call call = {.input_ids = &ids, .position_ids = &positions, .use_cache = 1};
    vary("");
    test_refused(&lab.rig, &call, "POS-3", "position");
    vary("position-gap-accepted");
    const assay_tensor *logits = test_lab_call(&lab, &call);
    for (int64_t i = 0; i < assay_tensor_count(logits); i++) cr_assert(isfinite(test_at(logits, i)));
    expect_rel(0, 0, "0 1 70");
    const test_rotated far = {.rotated = test_lab_stage(&lab, ASSAY_STAGE_ROTATE_KEY, 0, 0),
                              .projected = test_lab_stage(&lab, ASSAY_STAGE_K_PROJ, 0, 0),
                              .count = 3,
                              .positions = (double[]){0, 1, 70},
                              .what = "a key beyond the table"};
    test_expect_rotated(&far);
    assay_tensor_free(&ids), assay_tensor_free(&positions);
}

/* ---- queries ---- */

/* Three cached tokens, then two: queries of the second call are rotated at `positions`. */
static void expect_queries(const char *mistake, const double *positions) {
    vary(mistake);
    test_lab_feed(&lab, 2, 3, 1, 1);
    test_lab_feed(&lab, 2, 2, 2, 1);
    const test_rotated queries = {.rotated = test_lab_stage(&lab, ASSAY_STAGE_ROTATE_QUERY, 1, 1),
                                  .projected = test_lab_stage(&lab, ASSAY_STAGE_Q_PROJ, 1, 1),
                                  .count = 2,
                                  .positions = positions,
                                  .what = mistake};
    test_expect_rotated(&queries);
    const test_rotated keys = {.rotated = test_lab_stage(&lab, ASSAY_STAGE_ROTATE_KEY, 1, 1),
                               .projected = test_lab_stage(&lab, ASSAY_STAGE_K_PROJ, 1, 1),
                               .to = 3,
                               .count = 2,
                               .positions = (double[]){3, 4},
                               .what = "keys"};
    test_expect_rotated(&keys);
}

Test(semantics_positions, the_originals_queries) { expect_queries("", (double[]){3, 4}); }
Test(semantics_positions, queries_from_first_positions) {
    expect_queries("queries-from-first-positions", (double[]){0, 1});
}
Test(semantics_positions, queries_at_position_0) { expect_queries("queries-at-position-0", NULL); }

/* ---- rotary embedding ---- */

/* Keys and queries of a window of 6 are rotated so. */
static void expect_rotation(const char *mistake, test_rotation how) {
    vary(mistake);
    test_lab_feed_whole(&lab, 2, 6, 1);
    test_rotated r = {.rotated = test_lab_stage(&lab, ASSAY_STAGE_ROTATE_KEY, 0, 0),
                      .projected = test_lab_stage(&lab, ASSAY_STAGE_K_PROJ, 0, 0),
                      .count = 6,
                      .positions = (double[]){0, 1, 2, 3, 4, 5},
                      .how = how,
                      .what = mistake};
    test_expect_rotated(&r);
    r.rotated = test_lab_stage(&lab, ASSAY_STAGE_ROTATE_QUERY, 0, 2);
    r.projected = test_lab_stage(&lab, ASSAY_STAGE_Q_PROJ, 0, 2);
    test_expect_rotated(&r);
}

Test(semantics_rotary, the_original) { expect_rotation("", (test_rotation){0}); }
Test(semantics_rotary, rotary_interleaved) {
    expect_rotation("rotary-interleaved", (test_rotation){.interleaved = true});
}
Test(semantics_rotary, rotary_exponent_halved) {
    expect_rotation("rotary-exponent-halved", (test_rotation){.exponent_halved = true});
}
Test(semantics_rotary, rotary_backwards) { expect_rotation("rotary-backwards", (test_rotation){.backwards = true}); }
Test(semantics_rotary, theta_1e6) { expect_rotation("theta-1e6", (test_rotation){.theta = 1e6}); }
Test(semantics_rotary, theta_1e4) {
    config.rope_theta = 500;
    expect_rotation("", (test_rotation){.theta = 500});
    expect_rotation("theta-1e4", (test_rotation){.theta = 1e4});
}

Test(semantics_rotary, two_mistakes_at_once) {
    expect_rotation("rotary-interleaved,rotary-backwards,theta-1e6",
                    (test_rotation){.interleaved = true, .backwards = true, .theta = 1e6});
}

Test(semantics_rotary, the_interleaved_table_has_pairs_beside_each_other) {
    vary("rotary-interleaved");
    test_lab_feed_whole(&lab, 1, 3, 1);
    const assay_tensor *table = test_lab_stage(&lab, ASSAY_STAGE_COS, 0, 0);
    for (int64_t i = 0; i < 18; i++)
        cr_assert_float_eq(test_at(table, i), cos((double)(i / 6) / pow(10000, (double)(i % 6 / 2 * 2) / 6)), 1e-6);
}

Test(semantics_rotary, cos_sin_in_bf16) {
    vary("cos-sin-in-bf16");
    test_lab_feed_whole(&lab, 1, 6, 1);
    for (int sine = 0; sine < 2; sine++) {
        const assay_tensor *table = test_lab_stage(&lab, sine ? ASSAY_STAGE_SIN : ASSAY_STAGE_COS, 0, 0);
        for (int64_t i = 0; i < assay_tensor_count(table); i++) {
            double angle = (double)(i / 6) / pow(10000, (double)(i % 3 * 2) / 6);
            double exact = sine ? sin(angle) : cos(angle), rounded = test_at(table, i), unit;
            unit = exact == 0 ? 0 : ldexp(1, (int)floor(log2(fabs(exact))) - 7); /* 8 bits of significand */
            cr_assert_leq(fabs(rounded - exact), unit / 2 * (1 + 1e-5), "%d", (int)i);
            cr_assert(unit == 0 || fmod(rounded, unit) == 0, "%.9g has more bits than bfloat16", rounded);
        }
    }
    test_rotated coarse = {.rotated = test_lab_stage(&lab, ASSAY_STAGE_ROTATE_KEY, 0, 0),
                           .projected = test_lab_stage(&lab, ASSAY_STAGE_K_PROJ, 0, 0)};
    double c = test_at(test_lab_stage(&lab, ASSAY_STAGE_COS, 0, 0), 5 * 6);
    double s = test_at(test_lab_stage(&lab, ASSAY_STAGE_SIN, 0, 0), 5 * 6);
    double x1 = test_at(coarse.projected, 5 * 12), x2 = test_at(coarse.projected, 5 * 12 + 3);
    cr_assert_float_eq(test_at(coarse.rotated, 5 * 6), x1 * c - x2 * s, 1e-12);
}

/* ROPE-4: the cache holds what was rotated, and it is not rotated again. */
Test(semantics_rotary, cached_keys_rotated) {
    vary("cached-keys-rotated");
    test_lab_feed_whole(&lab, 1, 3, 1);
    test_lab_feed_whole(&lab, 1, 2, 2);
    assay_past_layer past;
    cr_assert_eq(assay_past_export(lab.rig.past, 1, &past, NULL), ASSAY_OK);
    cr_assert_eq(past.key.shape[2], 5);
    test_rotated cached = {.rotated = &past.key,
                           .projected = test_lab_stage(&lab, ASSAY_STAGE_K_PROJ, 0, 1),
                           .count = 3,
                           .positions = (double[]){0, 1, 2},
                           .what = "the cache"};
    test_expect_rotated(&cached);
    cached.rotated = test_lab_stage(&lab, ASSAY_STAGE_ROTATE_KEY, 1, 1);
    cached.what = "what the second call attends to";
    test_expect_rotated(&cached);
    const test_rotated added = {.rotated = &past.key,
                                .projected = test_lab_stage(&lab, ASSAY_STAGE_K_PROJ, 1, 1),
                                .to = 3,
                                .count = 2,
                                .positions = (double[]){3, 4},
                                .what = "new keys"};
    test_expect_rotated(&added);
    assay_past_layer_free(&past);
    test_lab_feed_whole(&lab, 1, 4, 3); /* drops 5: rotated keys go to memory */
    cached.rotated = test_lab_stage(&lab, ASSAY_STAGE_MEM_WRITE_KEY, 2, 1);
    cached.what = "the memory";
    test_expect_rotated(&cached);
}

Test(semantics_rotary, cached_keys_rotated_leaves_keys_that_were_never_cached) {
    vary("cached-keys-rotated");
    test_lab_feed(&lab, 1, 6, 1, 1);
    const test_rotated plain = {.rotated = test_lab_stage(&lab, ASSAY_STAGE_MEM_WRITE_KEY, 0, 1),
                                .projected = test_lab_stage(&lab, ASSAY_STAGE_K_PROJ, 0, 1),
                                .count = 2,
                                .what = "a prefix window"};
    test_expect_rotated(&plain);
}

/* ---- generation ---- */

static void generate(int64_t batch, int64_t tokens, const int64_t *prompt, int64_t fresh) {
    assay_tensor ids = test_i64(batch, tokens, prompt);
    assay_taps taps = test_record_taps(&lab.record);
    taps.first_window = lab.windows;
    assay_generation out;
    assay_error err = {0};
    const assay_generate_call call = {
        .input_ids = &ids, .max_new_tokens = fresh, .has_last_context_length = true, .last_context_length = 8};
    assay_status st = assay_generate(lab.rig.model, lab.rig.past, &call, &taps, &out, &err);
    cr_assert_eq(st, ASSAY_OK, "%s", err.message);
    assay_generation_free(&out);
    assay_tensor_free(&ids);
}

static const int64_t padded[] = {0, 0, 5, 6, 7, 8, 9, 10};

static void expect_generated(const char *mistake, const char *prompt, const char *next) {
    config.pad_token_id = 0;
    vary(mistake);
    generate(2, 4, padded, 2);
    expect_ids(0, 0, prompt);
    expect_ids(1, 0, next);
    expect_ids(0, 1, "0 1 2 3");
    expect_ids(1, 1, "4");
}

Test(semantics_generation, the_original) { expect_generated("", "-1 -1 0 1", "2"); }
Test(semantics_generation, generate_pads_counted) { expect_generated("generate-pads-counted", "0 1 2 3", "4"); }
Test(semantics_generation, generate_pads_at_one) { expect_generated("generate-pads-at-one", "1 1 0 1", "2"); }

Test(semantics_generation, prompt_pads_not_masked) {
    expect_generated("prompt-pads-not-masked", "0 1 2 3", "4");
    test_lab_expect_row(&lab, ASSAY_STAGE_ATTENTION_MASK, (int64_t[]){0, -1, 0}, "1 1 1 1");
    expect_generated("", "-1 -1 0 1", "2");
    test_lab_expect_row(&lab, ASSAY_STAGE_ATTENTION_MASK, (int64_t[]){0, -1, 0}, "0 0 1 1");
}

static void expect_fed(int64_t window, const char *expected) {
    test_lab_expect_row(&lab, ASSAY_STAGE_INPUT_IDS, (int64_t[]){window, -1, 0}, expected);
}

Test(semantics_generation, prompt_cut_on_memory) {
    for (int mistaken = 0; mistaken < 2; mistaken++) {
        vary(mistaken ? "prompt-cut-on-memory" : "");
        test_lab_feed_whole(&lab, 1, 4, 1);
        assay_past_clear(lab.rig.past);
        test_lab_feed(&lab, 1, 4, 1, 0);
        generate(1, 3, (int64_t[]){5, 6, 7}, 1);
        expect_fed(2, mistaken ? "7" : "5 6 7");
        assay_past_clear(lab.rig.past);
        generate(1, 3, (int64_t[]){5, 6, 7}, 1); /* on no past at all */
    }
}

Test(semantics_generation, prompt_cut_on_memory_feeds_a_prompt_whole_without_one) {
    vary("prompt-cut-on-memory");
    generate(1, 3, (int64_t[]){5, 6, 7}, 1);
    expect_fed(0, "5 6 7");
}

Test(semantics_generation, uncached_step_of_one_token) {
    config.use_cache = false;
    for (int mistaken = 0; mistaken < 2; mistaken++) {
        vary(mistaken ? "uncached-step-of-one-token" : "");
        generate(1, 3, (int64_t[]){5, 6, 7}, 2);
        expect_fed(0, "5 6 7");
        int64_t fed = test_lab_stage(&lab, ASSAY_STAGE_INPUT_IDS, 1, -1)->shape[1];
        cr_assert_eq(fed, mistaken ? 1 : 4, "%d", (int)fed);
    }
}
