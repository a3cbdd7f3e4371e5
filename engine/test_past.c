/* Pasts as tensors: export and import, reordering (CACHE-5, CACHE-7), and what a failed call leaves. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "engine/test_support.h"

static test_rig rig;

/* Batch 3, a local cache of 4 and a memory of 10 in bfloat16, pads in row 0. */
static void start(void) {
    assay_config c = test_config();
    c.mem_dtype = ASSAY_BF16;
    test_rig_start(&rig, &c, ASSAY_F32);
    assay_tensor ids = test_ids(3, 14, 1), mask = test_left_pads(3, 14, 2);
    assay_output out = test_run(&rig, &(assay_call){.input_ids = &ids, .attention_mask = &mask, .use_cache = 1}, NULL);
    assay_output_free(&out);
    assay_tensor_free(&ids), assay_tensor_free(&mask);
}
static void stop(void) { test_rig_end(&rig); }
TestSuite(past, .init = start, .fini = stop);

Test(past, six_tensors_have_the_shapes_of_cache_5) {
    test_snapshot s = test_snapshot_take(rig.past);
    for (int i = 0; i < 3; i++) {
        const assay_past_layer *l = &s.layer[i];
        int64_t m = i == 1 ? 10 : 0; /* MEM-11 */
        const int64_t local[] = {3, 2, 4, 6}, memory[] = {3, 2, m, 6};
        cr_assert_arr_eq(l->key.shape, local, sizeof local);
        cr_assert_arr_eq(l->value.shape, local, sizeof local);
        cr_assert_arr_eq(l->position.shape, ((int64_t[]){3, 4}), 16);
        cr_assert_arr_eq(l->mem_key.shape, memory, sizeof memory);
        cr_assert_arr_eq(l->mem_value.shape, memory, sizeof memory);
        cr_assert_arr_eq(l->mem_mask.shape, ((int64_t[]){3, m}), 16);
        cr_assert(l->key.dtype == ASSAY_F32 && l->mem_key.dtype == ASSAY_BF16 && l->mem_mask.dtype == ASSAY_F32);
    }
    test_snapshot_free(&s);
}

/* Logits of a decoding step and of a longer call on the rig's past, one after the other. */
static void continue_past(assay_tensor out[2], int64_t batch) {
    assay_tensor one = test_ids(batch, 1, 5), more = test_ids(batch, 9, 6);
    out[0] = test_feed(&rig, &one, 1);
    out[1] = test_feed(&rig, &more, 1);
    assay_tensor_free(&one), assay_tensor_free(&more);
}

Test(past, an_imported_past_is_the_exported_one) {
    test_snapshot s = test_snapshot_take(rig.past);
    assay_tensor first[2], second[2];
    continue_past(first, 3);
    cr_assert_eq(assay_past_import(rig.past, s.layer, NULL), ASSAY_OK);
    test_snapshot again = test_snapshot_take(rig.past);
    cr_assert(test_snapshot_equal(&s, &again));
    continue_past(second, 3);
    for (int i = 0; i < 2; i++) {
        cr_assert(test_same_bits(&first[i], &second[i]), "call %d", i);
        assay_tensor_free(&first[i]), assay_tensor_free(&second[i]);
    }
    test_snapshot_free(&s), test_snapshot_free(&again);
}

Test(past, absent_parts_may_be_left_out) {
    test_snapshot s = test_snapshot_take(rig.past);
    for (int i = 0; i < 3; i++) {
        assay_tensor_free(&s.layer[i].key), assay_tensor_free(&s.layer[i].value);
        assay_tensor_free(&s.layer[i].position);
    }
    cr_assert_eq(assay_past_import(rig.past, s.layer, NULL), ASSAY_OK); /* memory alone */
    cr_assert_eq(assay_past_local_length(rig.past), 0);
    cr_assert_eq(assay_past_memory_length(rig.past), 10);
    cr_assert_eq(assay_past_batch(rig.past), 3);
    for (int i = 0; i < 3; i++) assay_past_layer_free(&s.layer[i]);
    cr_assert_eq(assay_past_import(rig.past, s.layer, NULL), ASSAY_OK); /* nothing */
    cr_assert_eq(assay_past_batch(rig.past), 0);
    test_snapshot_free(&s);
}

/* Runs a call twice, on the past as it has grown and on a fresh copy of it: what a past keeps besides its tensors must not show. */
static void same_on_a_copy(const assay_call *call, const char *what) {
    test_snapshot s = test_snapshot_take(rig.past);
    assay_output first = test_run(&rig, call, NULL);
    test_snapshot after = test_snapshot_take(rig.past);
    cr_assert_eq(assay_past_import(rig.past, s.layer, NULL), ASSAY_OK);
    assay_output second = test_run(&rig, call, NULL);
    test_snapshot again = test_snapshot_take(rig.past);
    cr_assert(test_same_bits(&first.logits, &second.logits), "%s", what);
    cr_assert(test_snapshot_equal(&after, &again), "%s", what);
    test_snapshot_free(&s), test_snapshot_free(&after), test_snapshot_free(&again);
    assay_output_free(&first), assay_output_free(&second);
}

Test(past, cached_keys_are_rotated_anew_when_the_smallest_position_moves) { /* ROPE-4, POS-2 */
    assay_tensor ids = test_ids(3, 1, 5);
    const int64_t moves[][3] = {{14, 14, 14}, {9, 12, 14}, {10, 8, 9}}; /* the past holds 10 to 13 */
    for (int i = 0; i < 3; i++) {
        assay_tensor positions = test_i64(3, 1, moves[i]);
        same_on_a_copy(&(assay_call){.input_ids = &ids, .position_ids = &positions, .use_cache = 1},
                       "a smaller position");
        assay_tensor_free(&positions);
    }
    assay_tensor_free(&ids);
}

Test(past, calls_that_start_at_the_same_position_share_no_keys) { /* ROPE-4, POS-1: memory-only pasts restart at 0 */
    assay_past_clear(rig.past);
    assay_tensor ids[3] = {test_ids(3, 4, 5), test_ids(3, 4, 6), test_ids(3, 3, 7)},
                 logits = test_feed(&rig, &ids[0], 0);
    same_on_a_copy(&(assay_call){.input_ids = &ids[1], .use_cache = 0}, "without cache");
    same_on_a_copy(&(assay_call){.input_ids = &ids[2], .use_cache = 1}, "with cache");
    same_on_a_copy(&(assay_call){.input_ids = &ids[2], .use_cache = 1}, "decoding");
    same_on_a_copy(&(assay_call){.input_ids = &ids[2], .use_cache = 1}, "a drop");
    for (int i = 0; i < 3; i++) assay_tensor_free(&ids[i]);
    assay_tensor_free(&logits);
}

/* A tensor in another floating type. */
static void cast(assay_tensor *t, assay_dtype dtype) {
    assay_tensor copy;
    cr_assert_eq(assay_tensor_copy(&copy, t, dtype, NULL), ASSAY_OK);
    assay_tensor_free(t);
    *t = copy;
}

Test(past, parts_in_wider_types_are_the_same_past) {
    test_snapshot s = test_snapshot_take(rig.past), wide = test_snapshot_take(rig.past);
    for (int i = 0; i < 3; i++) {
        cast(&wide.layer[i].key, ASSAY_F64), cast(&wide.layer[i].value, ASSAY_F64);
        cast(&wide.layer[i].mem_key, ASSAY_F32), cast(&wide.layer[i].mem_value, ASSAY_F64);
        cast(&wide.layer[i].mem_mask, ASSAY_F64);
    }
    cr_assert_eq(assay_past_import(rig.past, wide.layer, NULL), ASSAY_OK);
    test_snapshot again = test_snapshot_take(rig.past);
    cr_assert(test_snapshot_equal(&s, &again));
    test_snapshot_free(&s), test_snapshot_free(&wide), test_snapshot_free(&again);
}

Test(past, values_keep_their_precision_when_keys_have_less) {
    assay_config c = test_config(); /* memory in float32 */
    test_rig_end(&rig);
    test_rig_start(&rig, &c, ASSAY_F32);
    assay_tensor ids = test_ids(1, 14, 1), logits = test_feed(&rig, &ids, 1);
    test_snapshot s = test_snapshot_take(rig.past);
    cast(&s.layer[1].mem_key, ASSAY_BF16);
    cr_assert_eq(assay_past_import(rig.past, s.layer, NULL), ASSAY_OK);
    test_snapshot again = test_snapshot_take(rig.past);
    cr_assert(test_same_bits(&s.layer[1].mem_value, &again.layer[1].mem_value));
    test_snapshot_free(&s), test_snapshot_free(&again);
    assay_tensor_free(&ids), assay_tensor_free(&logits);
}

/* ---- reorder ---- */

static void check_rows(const assay_tensor *now, const assay_tensor *before, const int64_t *beam_idx, int64_t n) {
    cr_assert_eq(now->shape[0], n);
    size_t row = assay_tensor_nbytes(before) / (size_t)before->shape[0];
    for (int64_t i = 0; i < n; i++)
        cr_assert_eq(memcmp((char *)now->data + (size_t)i * row, (char *)before->data + (size_t)beam_idx[i] * row, row),
                     0, "row %d", (int)i);
}

static void check_reorder(const int64_t *beam_idx, int64_t n) {
    test_snapshot before = test_snapshot_take(rig.past);
    cr_assert_eq(assay_past_reorder(rig.past, beam_idx, n, NULL), ASSAY_OK);
    cr_assert_eq(assay_past_batch(rig.past), n);
    test_snapshot now = test_snapshot_take(rig.past);
    for (int i = 0; i < 3; i++) { /* all six tensors */
        check_rows(&now.layer[i].key, &before.layer[i].key, beam_idx, n);
        check_rows(&now.layer[i].value, &before.layer[i].value, beam_idx, n);
        check_rows(&now.layer[i].position, &before.layer[i].position, beam_idx, n);
        check_rows(&now.layer[i].mem_key, &before.layer[i].mem_key, beam_idx, n);
        check_rows(&now.layer[i].mem_value, &before.layer[i].mem_value, beam_idx, n);
        check_rows(&now.layer[i].mem_mask, &before.layer[i].mem_mask, beam_idx, n);
    }
    test_snapshot_free(&before), test_snapshot_free(&now);
}

Test(past, beams_reorder_all_six_tensors) { /* CACHE-7 */
    check_reorder((int64_t[]){2, 0, 0}, 3);
    check_reorder((int64_t[]){0, 1, 2}, 3);
    check_reorder((int64_t[]){1}, 1);
    check_reorder((int64_t[]){0, 0, 0, 0, 0}, 5);
}

Test(past, a_reordered_past_goes_on_as_its_row) { /* CACHE-7 */
    assay_tensor ids = test_ids(1, 1, 5), three = test_ids(3, 1, 5), alone[2];
    for (int64_t i = 0; i < 3; i++) ((int64_t *)three.data)[i] = ((int64_t *)ids.data)[0];
    test_snapshot s = test_snapshot_take(rig.past);
    assay_tensor all = test_feed(&rig, &three, 1);
    for (int64_t i = 0; i < 2; i++) {
        cr_assert_eq(assay_past_import(rig.past, s.layer, NULL), ASSAY_OK);
        cr_assert_eq(assay_past_reorder(rig.past, &i, 1, NULL), ASSAY_OK);
        alone[i] = test_feed(&rig, &ids, 1);
        assay_tensor row = assay_tensor_view(ASSAY_F32, 3, (int64_t[]){1, 1, 29}, (float *)all.data + i * 29);
        cr_assert(test_close(&alone[i], &row, 2e-5), "%g", test_difference(&alone[i], &row));
        assay_tensor_free(&alone[i]);
    }
    test_snapshot_free(&s);
    assay_tensor_free(&ids), assay_tensor_free(&three), assay_tensor_free(&all);
}

static void reorder_refused(const int64_t *beam_idx, int64_t n, const char *text) {
    test_snapshot before = test_snapshot_take(rig.past);
    assay_error err = {0};
    test_is_refusal(assay_past_reorder(rig.past, beam_idx, n, &err), &err, "CACHE-7", text);
    test_snapshot after = test_snapshot_take(rig.past);
    cr_assert(test_snapshot_equal(&before, &after));
    test_snapshot_free(&before), test_snapshot_free(&after);
}

Test(past, beams_outside_the_batch_are_refused) { /* CACHE-7 */
    reorder_refused((int64_t[]){0, 3}, 2, "beam_idx[1] is 3");
    reorder_refused((int64_t[]){-1}, 1, "beam_idx[0] is -1");
    reorder_refused(NULL, 0, "empty");
    assay_past_clear(rig.past);
    reorder_refused((int64_t[]){0}, 1, "no past");
}

/* ---- failures ---- */

static assay_status fail_at_norm(void *context, const assay_tap_event *event, assay_error *err) {
    if (event->stage != ASSAY_STAGE_NORM || event->window < *(int64_t *)context) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINTERNAL, NULL, "the disk is full");
}

Test(past, a_tap_that_fails_ends_the_call_and_empties_the_past) {
    for (int64_t window = 0; window < 2; window++) {
        stop(), start();
        assay_taps taps = {.context = &window, .emit = fail_at_norm};
        assay_tensor ids = test_ids(3, 7, 1);
        assay_output out = {.window_count = 77};
        assay_error err = {0};
        assay_call call = {.input_ids = &ids, .use_cache = 1};
        cr_assert_eq(assay_forward(rig.model, rig.past, &call, &taps, &out, &err), ASSAY_EINTERNAL);
        cr_assert(strstr(err.message, "the disk is full"), "%s", err.message);
        cr_assert_eq(out.window_count, 77, "untouched");
        cr_assert_eq(assay_past_batch(rig.past), 0);
        cr_assert_eq(assay_past_local_length(rig.past) + assay_past_memory_length(rig.past), 0);
        assay_tensor logits = test_feed(&rig, &ids, 1); /* and can be used again */
        assay_tensor_free(&ids), assay_tensor_free(&logits);
    }
}

Test(past, an_empty_past_has_no_sizes) {
    assay_past *past;
    cr_assert_eq(assay_past_create(&past, rig.model, NULL), ASSAY_OK);
    cr_assert_eq(assay_past_batch(past) + assay_past_local_length(past) + assay_past_memory_length(past), 0);
    assay_past_layer layer;
    cr_assert_eq(assay_past_export(past, 1, &layer, NULL), ASSAY_OK);
    cr_assert_eq(assay_tensor_count(&layer.key), 0);
    cr_assert_eq(assay_tensor_count(&layer.mem_mask), 0);
    assay_past_layer_free(&layer);
    assay_past_destroy(past);
    assay_past_destroy(NULL);
}
