/* Whole calls: properties that the rules promise of windows, positions, cache and memory. Refusals are in test_refusals.c. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "engine/loss.h"
#include "engine/test_support.h"

static test_rig rig;
static void start(void) {
    assay_config c = test_config();
    test_rig_start(&rig, &c, ASSAY_F32);
}
static void stop(void) { test_rig_end(&rig); }
TestSuite(forward, .init = start, .fini = stop);

/* Replaces the rig by one with this configuration. */
static void restart(const assay_config *c, assay_dtype dtype) {
    test_rig_end(&rig);
    test_rig_start(&rig, c, dtype);
}

static void check_past(int64_t local, int64_t memory) {
    cr_assert_eq(assay_past_local_length(rig.past), local, "local %d, not %d", (int)assay_past_local_length(rig.past),
                 (int)local);
    cr_assert_eq(assay_past_memory_length(rig.past), memory, "memory %d, not %d",
                 (int)assay_past_memory_length(rig.past), (int)memory);
}

/* Feeds columns [begin, end) and drops the logits. */
static void feed(const assay_tensor *ids, int64_t begin, int64_t end) {
    assay_tensor part = test_columns(ids, begin, end);
    assay_tensor logits = test_feed(&rig, &part, -1);
    assay_tensor_free(&part);
    assay_tensor_free(&logits);
}

static assay_tensor logits_of_call(const assay_call *call) {
    assay_output out = test_run(&rig, call, NULL);
    assay_tensor logits = out.logits;
    out.logits = (assay_tensor){0};
    assay_output_free(&out);
    return logits;
}

/* Tokens [begin, end) of (B,T,V) logits, as they are in memory, for a batch of 1. */
static assay_tensor token_range(const assay_tensor *logits, int64_t begin, int64_t end) {
    int64_t v = logits->shape[2];
    const char *data = (const char *)logits->data + (size_t)(begin * v) * assay_dtype_size(logits->dtype);
    return assay_tensor_view(logits->dtype, 3, (int64_t[]){1, end - begin, v}, data);
}

/* ---- positions ---- */

/* Two calls with explicit positions, all moved by `offset`: the logits of the second. */
static assay_tensor moved(const assay_tensor *ids, int64_t offset) {
    assay_past_clear(rig.past);
    int64_t first[] = {3, 4, 5, 4, 3, 3, 4, 5, 6, 7}, second[] = {6, 7, 6, 8, 9, 8};
    for (int i = 0; i < 10; i++) first[i] += offset;
    for (int i = 0; i < 6; i++) second[i] += offset;
    assay_tensor a = test_columns(ids, 0, 5), b = test_columns(ids, 5, 8);
    assay_tensor pa = test_i64(2, 5, first), pb = test_i64(2, 3, second);
    assay_call call = {.input_ids = &a, .position_ids = &pa, .use_cache = 1};
    assay_tensor logits = logits_of_call(&call);
    assay_tensor_free(&logits);
    call = (assay_call){.input_ids = &b, .position_ids = &pb, .use_cache = 1};
    logits = logits_of_call(&call);
    assay_tensor_free(&a), assay_tensor_free(&b), assay_tensor_free(&pa), assay_tensor_free(&pb);
    return logits;
}

Test(forward, a_constant_added_to_all_positions_changes_no_bit) { /* POS-2 */
    assay_tensor ids = test_ids(2, 8, 1), plain = moved(&ids, 0);
    const int64_t offsets[] = {1, -10, 1000000, INT64_C(1) << 60};
    for (size_t i = 0; i < 4; i++) {
        assay_tensor other = moved(&ids, offsets[i]);
        cr_assert(test_same_bits(&plain, &other), "offset %lld", (long long)offsets[i]);
        assay_tensor_free(&other);
    }
    assay_tensor_free(&ids), assay_tensor_free(&plain);
}

Test(forward, positions_matter) { /* or the test above would say nothing */
    assay_tensor ids = test_ids(1, 4, 1), positions = test_i64(1, 4, (int64_t[]){0, 2, 1, 3});
    assay_tensor plain = test_feed(&rig, &ids, 0);
    assay_past_clear(rig.past);
    assay_call call = {.input_ids = &ids, .position_ids = &positions, .use_cache = 0};
    assay_tensor other = logits_of_call(&call);
    cr_assert(test_difference(&plain, &other) > 1e-3);
    assay_tensor_free(&ids), assay_tensor_free(&positions), assay_tensor_free(&plain), assay_tensor_free(&other);
}

/* What layer 0's local cache says of row b's positions. */
static void check_positions(int64_t b, int64_t count, const int64_t *expected) {
    assay_past_layer layer;
    cr_assert_eq(assay_past_export(rig.past, 0, &layer, NULL), ASSAY_OK);
    cr_assert_eq(layer.position.shape[1], count);
    for (int64_t i = 0; i < count; i++)
        cr_assert_eq(((int64_t *)layer.position.data)[b * count + i], expected[i], "%d", (int)i);
    assay_past_layer_free(&layer);
}

Test(forward, default_positions_go_on_or_restart) { /* POS-1 */
    assay_tensor ids = test_ids(1, 14, 1), positions = test_i64(1, 3, (int64_t[]){7, 9, 8});
    assay_tensor part = test_columns(&ids, 0, 3);
    assay_call call = {.input_ids = &part, .position_ids = &positions, .use_cache = 1};
    assay_tensor logits = logits_of_call(&call);
    feed(&ids, 3, 5);
    check_positions(0, 5, (int64_t[]){7, 9, 8, 10, 11});
    assay_past_clear(rig.past);
    assay_tensor other = test_feed(&rig, &ids, 0);
    check_past(0, 14);
    feed(&ids, 0, 2); /* a memory-only past */
    check_positions(0, 2, (int64_t[]){0, 1});
    check_past(2, 14);
    assay_tensor_free(&ids), assay_tensor_free(&positions), assay_tensor_free(&part);
    assay_tensor_free(&logits), assay_tensor_free(&other);
}

Test(forward, without_any_rotary_positions_are_not_read) { /* MEM-7, POS-3 */
    assay_config c = test_config();
    for (int i = 0; i < 3; i++) c.is_memory_layer[i] = true;
    c.mem_positionals = false;
    restart(&c, ASSAY_F32);
    assay_tensor ids = test_ids(1, 4, 1), gaps = test_i64(1, 4, (int64_t[]){-50, 1000, 3, 3});
    assay_tensor plain = test_feed(&rig, &ids, 0);
    assay_past_clear(rig.past);
    assay_call call = {.input_ids = &ids, .position_ids = &gaps, .use_cache = 0};
    assay_tensor other = logits_of_call(&call);
    cr_assert(test_same_bits(&plain, &other));
    assay_tensor_free(&ids), assay_tensor_free(&gaps), assay_tensor_free(&plain), assay_tensor_free(&other);
}

/* ---- cache ---- */

/* Logits of 8 tokens fed as prefill of 5 and three single tokens, against one call. */
static void check_decode(assay_dtype dtype, double tolerance) {
    assay_config c = test_config();
    c.last_context_length = 8;
    restart(&c, dtype);
    assay_tensor ids = test_ids(1, 8, 2), whole = test_feed(&rig, &ids, 1);
    assay_past_clear(rig.past);
    const int64_t cuts[] = {0, 5, 6, 7, 8};
    for (int i = 0; i < 4; i++) {
        assay_tensor part = test_columns(&ids, cuts[i], cuts[i + 1]), logits = test_feed(&rig, &part, 1);
        assay_tensor expected = token_range(&whole, cuts[i], cuts[i + 1]);
        cr_assert(test_close(&logits, &expected, tolerance), "%g", test_difference(&logits, &expected));
        assay_tensor_free(&part), assay_tensor_free(&logits);
    }
    check_past(8, 0);
    assay_tensor_free(&ids), assay_tensor_free(&whole);
}

Test(forward, prefill_and_decode_are_one_call_within_the_window) {
    check_decode(ASSAY_F32, 2e-5);
    check_decode(ASSAY_F64, 1e-13);
}

Test(forward, a_drop_comes_after_w_tokens_not_at_w) { /* CACHE-1, CACHE-2, MEM-8 */
    assay_tensor ids = test_ids(2, 12, 2);
    feed(&ids, 0, 4);
    for (int64_t t = 4; t < 12; t++) {
        feed(&ids, t, t + 1);
        if (t < 8) check_past(t + 1, 0);
        else check_past(t - 7, 8);
    }
    check_positions(1, 4, (int64_t[]){8, 9, 10, 11});
    assay_tensor_free(&ids);
}

Test(forward, without_memory_a_drop_loses_the_past) { /* CACHE-2, CACHE-3 */
    assay_config c = test_config();
    c.is_memory_layer[1] = false;
    restart(&c, ASSAY_F32);
    assay_tensor ids = test_ids(1, 9, 2), last = test_columns(&ids, 8, 9);
    feed(&ids, 0, 4);
    feed(&ids, 4, 8);
    assay_tensor dropped = test_feed(&rig, &last, 1);
    check_past(1, 0);
    assay_past_clear(rig.past);
    assay_tensor alone = test_feed(&rig, &last, 1);
    cr_assert(test_same_bits(&dropped, &alone));
    assay_tensor_free(&ids), assay_tensor_free(&last), assay_tensor_free(&dropped), assay_tensor_free(&alone);
}

Test(forward, the_example_of_sched_2_leaves_its_lengths) { /* cached 5, T = 28, W = 16, C = 8 */
    assay_config c = test_config();
    c.max_position_embeddings = 16;
    c.last_context_length = 8;
    restart(&c, ASSAY_F32);
    assay_tensor ids = test_ids(1, 33, 2);
    feed(&ids, 0, 5);
    feed(&ids, 5, 33);
    check_past(12, 21);
    assay_tensor_free(&ids);
}

Test(forward, use_cache_decides_between_cache_and_memory) { /* MEM-8, SCHED-2 */
    assay_tensor ids = test_ids(1, 14, 2), logits = test_feed(&rig, &ids, 1);
    check_past(4, 10);
    assay_past_clear(rig.past);
    assay_tensor other = test_feed(&rig, &ids, 0);
    check_past(0, 14);
    cr_assert(test_same_bits(&logits, &other), "what the final window leaves does not change its logits");
    assay_tensor_free(&ids), assay_tensor_free(&logits), assay_tensor_free(&other);
}

Test(forward, a_config_without_cache_takes_a_local_past_and_leaves_none) { /* CACHE-5 */
    assay_config c = test_config();
    c.use_cache = false;
    restart(&c, ASSAY_F32);
    assay_tensor ids = test_ids(1, 10, 2), first = test_columns(&ids, 0, 4);
    assay_tensor logits = test_feed(&rig, &first, 1);
    check_past(4, 0);
    feed(&ids, 4, 6);
    check_past(0, 0); /* no local cache, and nothing written by the window that had one */
    assay_tensor_free(&ids), assay_tensor_free(&first), assay_tensor_free(&logits);
}

Test(forward, a_call_without_a_mask_sees_cached_pads) { /* CACHE-8 */
    assay_tensor ids = test_ids(2, 6, 2), first = test_columns(&ids, 0, 4), second = test_columns(&ids, 4, 6);
    assay_tensor pads = test_left_pads(2, 4, 2), ones = test_left_pads(2, 6, 0), logits[3];
    assay_tensor hidden = test_left_pads(2, 6, 2);
    const assay_tensor *masks[] = {NULL, &ones, &hidden};
    for (int i = 0; i < 3; i++) {
        assay_past_clear(rig.past);
        assay_call call = {.input_ids = &first, .attention_mask = &pads, .use_cache = 1};
        assay_tensor prefill = logits_of_call(&call);
        assay_tensor_free(&prefill);
        call = (assay_call){.input_ids = &second, .attention_mask = masks[i], .use_cache = 1};
        logits[i] = logits_of_call(&call);
    }
    cr_assert(test_same_bits(&logits[0], &logits[1]));
    cr_assert_not(test_same_bits(&logits[0], &logits[2]));
    for (int i = 0; i < 3; i++) assay_tensor_free(&logits[i]);
    assay_tensor_free(&ids), assay_tensor_free(&first), assay_tensor_free(&second);
    assay_tensor_free(&pads), assay_tensor_free(&ones), assay_tensor_free(&hidden);
}

/* ---- masks ---- */

Test(forward, only_a_1_keeps_and_a_longer_mask_is_cut) { /* SCHED-6 */
    assay_tensor ids = test_ids(1, 5, 4), logits[4];
    assay_tensor masks[] = {test_f64(1, 5, (double[]){1, 0, 0, 1, 1}), test_f64(1, 5, (double[]){1, 0.5, 2, 1, 1}),
                            test_f64(1, 8, (double[]){7, 0, 1, 1, -1, 0.999, 1, 1 + 1e-12}),
                            test_f64(1, 5, (double[]){1, 1, 1, 1, 1})};
    for (int i = 0; i < 4; i++) {
        assay_past_clear(rig.past);
        assay_call call = {.input_ids = &ids, .attention_mask = &masks[i], .use_cache = 1};
        logits[i] = logits_of_call(&call);
    }
    cr_assert(test_same_bits(&logits[0], &logits[1]));
    cr_assert(test_same_bits(&logits[0], &logits[2]), "1 + 1e-12 is 1 in the dtype of the run");
    cr_assert_not(test_same_bits(&logits[0], &logits[3]));
    for (int i = 0; i < 4; i++) assay_tensor_free(&logits[i]), assay_tensor_free(&masks[i]);
    assay_tensor_free(&ids);
}

/* Memory masks of layer 1, row b: pads hidden, all else 0. */
static void check_memory_mask(int64_t b, int64_t count, int64_t pads) {
    assay_past_layer layer;
    cr_assert_eq(assay_past_export(rig.past, 1, &layer, NULL), ASSAY_OK);
    cr_assert_eq(layer.mem_mask.shape[1], count);
    for (int64_t i = 0; i < count; i++) {
        double expected = i < pads ? -assay_dtype_max(ASSAY_F32) : 0;
        cr_assert_eq(assay_load_f64(layer.mem_mask.data, layer.mem_mask.dtype, (size_t)(b * count + i)), expected);
    }
    assay_past_layer_free(&layer);
}

Test(forward, memory_keeps_the_pads_of_its_tokens) { /* MEM-5, MEM-8, CACHE-8 */
    assay_tensor ids = test_ids(2, 20, 5), first = test_columns(&ids, 0, 14), second = test_columns(&ids, 14, 20);
    assay_tensor mask = test_left_pads(2, 14, 3);
    assay_call call = {.input_ids = &first, .attention_mask = &mask, .use_cache = 1};
    assay_tensor logits = logits_of_call(&call);
    check_memory_mask(0, 10, 3);
    check_memory_mask(1, 10, 0);
    assay_tensor more = test_feed(&rig, &second, 1); /* windows of 2 (4 + 2 <= 8) and 4 (6 + 4 > 8: six go) */
    check_past(4, 16);
    check_memory_mask(0, 16, 3);
    check_memory_mask(1, 16, 0);
    assay_tensor_free(&ids), assay_tensor_free(&first), assay_tensor_free(&second), assay_tensor_free(&mask);
    assay_tensor_free(&logits), assay_tensor_free(&more);
}

Test(forward, what_a_pad_holds_does_not_reach_real_tokens_through_memory) { /* MEM-5 with ATT-1 */
    assay_tensor a = test_ids(1, 14, 6), b = test_ids(1, 14, 6), mask = test_left_pads(1, 14, 3);
    ((int64_t *)b.data)[1] = ((int64_t *)a.data)[1] % 28 + 1;
    assay_call call = {.input_ids = &a, .attention_mask = &mask, .use_cache = 1};
    assay_tensor first = logits_of_call(&call);
    assay_past_clear(rig.past);
    call.input_ids = &b;
    assay_tensor second = logits_of_call(&call);
    assay_tensor x = token_range(&first, 3, 14), y = token_range(&second, 3, 14);
    cr_assert(test_same_bits(&x, &y));
    assay_tensor_free(&a), assay_tensor_free(&b), assay_tensor_free(&mask);
    assay_tensor_free(&first), assay_tensor_free(&second);
}

/* ---- windows ---- */

Test(forward, without_memory_the_prefix_is_ignored) { /* SCHED-5 */
    assay_config c = test_config();
    c.is_memory_layer[1] = false;
    restart(&c, ASSAY_F32);
    assay_tensor ids = test_ids(1, 21, 2), last = test_columns(&ids, 17, 21);
    assay_tensor whole = test_feed(&rig, &ids, 1), expected = test_feed(&rig, &last, 1);
    check_past(8, 0);
    assay_past_clear(rig.past);
    assay_tensor alone = test_feed(&rig, &last, 1), tail = token_range(&whole, 17, 21);
    cr_assert(test_same_bits(&tail, &alone));
    assay_tensor_free(&ids), assay_tensor_free(&last), assay_tensor_free(&whole);
    assay_tensor_free(&expected), assay_tensor_free(&alone);
}

Test(forward, with_memory_the_prefix_matters) { /* MEM-4, MEM-9: all of it, the first token too */
    assay_tensor a = test_ids(1, 21, 2), b = test_ids(1, 21, 2);
    ((int64_t *)b.data)[0] = ((int64_t *)a.data)[0] % 28 + 1;
    assay_tensor first = test_feed(&rig, &a, 1);
    assay_past_clear(rig.past);
    assay_tensor second = test_feed(&rig, &b, 1);
    assay_tensor x = token_range(&first, 17, 21), y = token_range(&second, 17, 21);
    cr_assert(test_difference(&x, &y) > 1e-6);
    assay_tensor_free(&a), assay_tensor_free(&b), assay_tensor_free(&first), assay_tensor_free(&second);
}

Test(forward, a_window_does_not_see_itself_or_the_future_through_memory) { /* MEM-2 */
    assay_tensor a = test_ids(1, 21, 2), b = test_ids(1, 21, 2);
    ((int64_t *)b.data)[12] = ((int64_t *)a.data)[12] % 28 + 1; /* in the second window */
    assay_tensor first = test_feed(&rig, &a, 1);
    assay_past_clear(rig.past);
    assay_tensor second = test_feed(&rig, &b, 1);
    assay_tensor x = token_range(&first, 0, 12), y = token_range(&second, 0, 12);
    cr_assert(test_same_bits(&x, &y));
    assay_tensor_free(&a), assay_tensor_free(&b), assay_tensor_free(&first), assay_tensor_free(&second);
}

Test(forward, one_call_is_its_windows_as_calls) { /* SCHED-1, SCHED-3, MEM-2: windows 8, 8, 1, 4 */
    assay_tensor ids = test_ids(1, 21, 2), whole = test_feed(&rig, &ids, 1);
    test_snapshot after = test_snapshot_take(rig.past);
    assay_past_clear(rig.past);
    const int64_t cuts[] = {0, 8, 16, 17, 21};
    for (int i = 0; i < 4; i++) {
        assay_tensor part = test_columns(&ids, cuts[i], cuts[i + 1]);
        assay_tensor positions = test_columns(&ids, cuts[i], cuts[i + 1]);
        for (int64_t t = cuts[i]; t < cuts[i + 1]; t++) ((int64_t *)positions.data)[t - cuts[i]] = t;
        assay_call call = {.input_ids = &part,
                           .position_ids = &positions,
                           .use_cache = i == 3,
                           .has_last_context_length = true,
                           .last_context_length = 8};
        assay_tensor logits = logits_of_call(&call), expected = token_range(&whole, cuts[i], cuts[i + 1]);
        cr_assert(test_same_bits(&logits, &expected), "window %d", i);
        assay_tensor_free(&part), assay_tensor_free(&positions), assay_tensor_free(&logits);
    }
    test_snapshot now = test_snapshot_take(rig.past);
    cr_assert(test_snapshot_equal(&after, &now));
    test_snapshot_free(&after), test_snapshot_free(&now);
    assay_tensor_free(&ids), assay_tensor_free(&whole);
}

Test(forward, a_final_window_longer_than_w_grows_the_rotary_table) { /* SCHED-4 */
    assay_tensor ids = test_ids(1, 30, 2);
    assay_call call = {.input_ids = &ids, .use_cache = 1, .has_last_context_length = true, .last_context_length = 25};
    assay_output out = test_run(&rig, &call, NULL);
    cr_assert_eq(out.window_count, 2);
    cr_assert_eq(out.windows[1].end - out.windows[1].begin, 25);
    check_past(25, 5);
    assay_output_free(&out);
    feed(&ids, 0, 1); /* 25 + 1 > 8 */
    check_past(1, 30);
    assay_tensor_free(&ids);
}

/* ---- what must not matter ---- */

Test(forward, grouping_changes_nothing) { /* MEM-10 */
    assay_tensor ids = test_ids(2, 21, 2), plain = test_feed(&rig, &ids, 1);
    assay_config c = test_config();
    c.has_attention_grouping = true;
    const int64_t groups[][2] = {{1, 1}, {2, 3}, {100, 100}};
    for (int i = 0; i < 3; i++) {
        memcpy(c.attention_grouping, groups[i], sizeof c.attention_grouping);
        restart(&c, ASSAY_F32);
        assay_tensor other = test_feed(&rig, &ids, 1);
        cr_assert(test_same_bits(&plain, &other));
        assay_tensor_free(&other);
    }
    assay_tensor_free(&ids), assay_tensor_free(&plain);
}

Test(forward, rows_of_a_batch_are_independent) {
    assay_tensor ids = test_ids(3, 14, 2), other = test_ids(3, 14, 2);
    for (int t = 0; t < 14; t++) ((int64_t *)other.data)[14 + t] = 1 + t;
    assay_tensor first = test_feed(&rig, &ids, 1);
    assay_past_clear(rig.past);
    assay_tensor second = test_feed(&rig, &other, 1);
    size_t row = assay_tensor_nbytes(&first) / 3;
    const char *a = first.data, *b = second.data;
    cr_assert_eq(memcmp(a, b, row), 0);
    cr_assert_eq(memcmp(a + 2 * row, b + 2 * row, row), 0);
    cr_assert_neq(memcmp(a + row, b + row, row), 0);
    for (int64_t i = 0; i < 3; i++) { /* each alone: other shapes of products, so within rounding */
        assay_past_clear(rig.past);
        assay_tensor one = test_i64(1, 14, (int64_t *)ids.data + 14 * i), alone = test_feed(&rig, &one, 1);
        assay_tensor expected = assay_tensor_view(ASSAY_F32, 3, (int64_t[]){1, 14, 29}, a + (size_t)i * row);
        cr_assert(test_close(&alone, &expected, 2e-5), "%g", test_difference(&alone, &expected));
        assay_tensor_free(&one), assay_tensor_free(&alone);
    }
    assay_tensor_free(&ids), assay_tensor_free(&other), assay_tensor_free(&first), assay_tensor_free(&second);
}

Test(forward, embeddings_stand_for_their_ids) { /* EMB-1 */
    assay_tensor ids = test_ids(2, 14, 2), plain = test_feed(&rig, &ids, 1), embeds;
    cr_assert_eq(assay_tensor_alloc(&embeds, ASSAY_F32, 3, (int64_t[]){2, 14, 12}, "embeds", NULL), ASSAY_OK);
    const float *table = assay_tensor_map_get(rig.weights, "model.embed_tokens.weight")->data;
    for (int64_t i = 0; i < 28; i++)
        memcpy((float *)embeds.data + i * 12, table + ((int64_t *)ids.data)[i] * 12, 12 * sizeof(float));
    assay_past_clear(rig.past);
    assay_call call = {.inputs_embeds = &embeds, .use_cache = 1};
    assay_tensor other = logits_of_call(&call);
    cr_assert(test_same_bits(&plain, &other));
    assay_tensor_free(&ids), assay_tensor_free(&plain), assay_tensor_free(&embeds), assay_tensor_free(&other);
}

Test(forward, the_last_logits_alone_are_the_last_of_all) {
    assay_tensor ids = test_ids(2, 14, 2), all = test_feed(&rig, &ids, 1);
    assay_past_clear(rig.past);
    assay_call call = {.input_ids = &ids, .use_cache = 1, .last_logits_only = true};
    assay_tensor last = logits_of_call(&call);
    cr_assert_eq(last.shape[1], 1);
    for (int64_t b = 0; b < 2; b++)
        for (int64_t i = 0; i < 29; i++)
            cr_assert_float_eq((double)((float *)last.data)[b * 29 + i],
                               (double)((float *)all.data)[(b * 14 + 13) * 29 + i], 1e-4);
    assay_tensor_free(&ids), assay_tensor_free(&all), assay_tensor_free(&last);
}

Test(forward, float_and_double_agree) {
    assay_tensor ids = test_ids(2, 21, 2), narrow = test_feed(&rig, &ids, 1);
    assay_config c = test_config();
    restart(&c, ASSAY_F64);
    assay_tensor wide = test_feed(&rig, &ids, 1);
    cr_assert_eq(wide.dtype, ASSAY_F64);
    cr_assert(test_close(&narrow, &wide, 5e-5), "%g", test_difference(&narrow, &wide));
    assay_tensor_free(&ids), assay_tensor_free(&narrow), assay_tensor_free(&wide);
}

Test(forward, tied_heads_use_the_embedding) { /* HEAD-1 */
    assay_config c = test_config();
    c.tie_word_embeddings = true;
    restart(&c, ASSAY_F32);
    assay_tensor ids = test_ids(1, 5, 2), tied = test_feed(&rig, &ids, 1);
    c.tie_word_embeddings = false;
    restart(&c, ASSAY_F32);
    memcpy(assay_tensor_map_get(rig.weights, "lm_head.weight")->data,
           assay_tensor_map_get(rig.weights, "model.embed_tokens.weight")->data, 29 * 12 * sizeof(float));
    assay_tensor other = test_feed(&rig, &ids, 1);
    cr_assert(test_same_bits(&tied, &other));
    assay_tensor_free(&ids), assay_tensor_free(&tied), assay_tensor_free(&other);
}

/* A model with enough work for every loop to be shared. */
static assay_config large_config(void) {
    assay_config c = test_config();
    c.hidden_size = 64;
    c.num_attention_heads = 4;
    c.intermediate_size = 600;
    c.vocab_size = 900;
    c.max_position_embeddings = 80;
    c.last_context_length = 70;
    c.mem_dtype = ASSAY_BF16;
    return c;
}

Test(forward, threads_do_not_change_a_bit) {
    assay_config c = large_config();
    restart(&c, ASSAY_F32);
    assay_tensor ids = test_ids(2, 230, 2), one = test_ids(2, 1, 3), first = {0}, next = {0};
    const int threads[] = {1, 2, 4};
    for (int i = 0; i < 3; i++) {
        assay_engine_init(threads[i]);
        assay_past_clear(rig.past);
        assay_tensor a = test_feed(&rig, &ids, 1), b = test_feed(&rig, &one, 1);
        if (i == 0) {
            first = a, next = b;
            continue;
        }
        cr_assert(test_same_bits(&first, &a), "%d threads", threads[i]);
        cr_assert(test_same_bits(&next, &b), "%d threads", threads[i]);
        assay_tensor_free(&a), assay_tensor_free(&b);
    }
    assay_tensor_free(&ids), assay_tensor_free(&one), assay_tensor_free(&first), assay_tensor_free(&next);
}

Test(forward, a_cleared_past_is_a_new_one) {
    assay_tensor ids = test_ids(2, 14, 2), three = test_ids(3, 6, 9), first = test_feed(&rig, &ids, 1);
    assay_past_clear(rig.past);
    check_past(0, 0);
    cr_assert_eq(assay_past_batch(rig.past), 0);
    assay_tensor other = test_feed(&rig, &three, 1); /* another batch */
    assay_past_clear(rig.past);
    assay_tensor again = test_feed(&rig, &ids, 1);
    cr_assert(test_same_bits(&first, &again));
    assay_tensor_free(&ids), assay_tensor_free(&three), assay_tensor_free(&first);
    assay_tensor_free(&other), assay_tensor_free(&again);
}

/* ---- loss ---- */

Test(forward, the_loss_is_that_of_the_logits) { /* LOSS-1, SCHED-3 */
    assay_tensor ids = test_ids(2, 14, 2), labels = test_ids(2, 14, 3);
    ((int64_t *)labels.data)[5] = -100;
    assay_call call = {.input_ids = &ids, .labels = &labels, .use_cache = 1};
    assay_output out = test_run(&rig, &call, NULL);
    cr_assert(out.has_loss);
    cr_assert_eq(out.loss, (double)(float)assay_loss_causal(&out.logits, &labels, &(assay_semantics){0}));
    assay_output_free(&out);
    assay_past_clear(rig.past);
    assay_tensor one = test_columns(&ids, 0, 1), label = test_columns(&labels, 0, 1);
    call = (assay_call){.input_ids = &one, .labels = &label, .use_cache = 1};
    out = test_run(&rig, &call, NULL);
    cr_assert(out.has_loss && isnan(out.loss));
    assay_output_free(&out);
    assay_tensor_free(&ids), assay_tensor_free(&labels), assay_tensor_free(&one), assay_tensor_free(&label);
}
