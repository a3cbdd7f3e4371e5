/* What goes into a half-precision model and comes out of it has its type: weights, embeddings, pasts, logits, taps, masks. */
#include <criterion/criterion.h>
#include <string.h>

#include "engine/engine.h"
#include "engine/test_support.h"

static test_rig rig;
static void stop(void) { test_rig_end(&rig); }
TestSuite(half_model, .fini = stop);

/* Memory in float16, and weights in float32 that no half type holds. */
static void start(assay_dtype dtype) {
    assay_config c = test_config();
    c.mem_dtype = ASSAY_F16;
    test_rig_start(&rig, &c, dtype);
}

static void expect_same(const assay_tensor *a, const assay_tensor *b) {
    cr_assert_eq(a->dtype, b->dtype);
    cr_assert_eq(memcmp(a->data, b->data, assay_tensor_nbytes(a)), 0);
}

Test(half_model, weights_are_cast_once) {
    start(ASSAY_BF16);
    assay_tensor ids = test_ids(2, 7, 1), logits = test_feed(&rig, &ids, 1), again;
    cr_assert_eq(logits.dtype, ASSAY_BF16);
    assay_tensor_map *cast = assay_tensor_map_create();
    for (size_t i = 0; i < assay_tensor_map_count(rig.weights); i++) {
        assay_tensor t;
        cr_assert_eq(assay_tensor_copy(&t, assay_tensor_map_at(rig.weights, i), ASSAY_BF16, NULL), ASSAY_OK);
        cr_assert_eq(assay_tensor_map_put(cast, assay_tensor_map_name(rig.weights, i), t, NULL), ASSAY_OK);
    }
    assay_past_destroy(rig.past);
    assay_model_destroy(rig.model);
    assay_config c = test_config();
    c.mem_dtype = ASSAY_F16;
    cr_assert_eq(assay_model_create(&rig.model, &c, ASSAY_BF16, cast, NULL), ASSAY_OK);
    cr_assert_eq(assay_past_create(&rig.past, rig.model, NULL), ASSAY_OK);
    again = test_feed(&rig, &ids, 1);
    expect_same(&logits, &again);
    assay_tensor_free(&logits), assay_tensor_free(&again), assay_tensor_free(&ids);
    assay_tensor_map_destroy(cast);
}

static void expect_half_past(assay_dtype dtype) {
    const double lowest = -assay_dtype_max(dtype);
    assay_past_layer layer;
    cr_assert_eq(assay_past_export(rig.past, 1, &layer, NULL), ASSAY_OK);
    cr_expect(layer.key.dtype == dtype && layer.value.dtype == dtype && layer.mem_mask.dtype == dtype);
    cr_expect_eq(layer.mem_key.dtype, ASSAY_F16);
    cr_assert_gt(assay_tensor_count(&layer.mem_mask), 0);
    cr_expect_eq(assay_load_f64(layer.mem_mask.data, dtype, 0), lowest, "a pad: the least number of the type (ATT-5)");
    assay_past_layer_free(&layer);
}

Test(half_model, a_past_is_in_the_type) {
    static const assay_dtype halves[] = {ASSAY_BF16, ASSAY_F16};
    for (int i = 0; i < 2; i++) {
        start(halves[i]);
        assay_tensor ids = test_ids(2, 13, 1), mask = test_left_pads(2, 13, 1);
        assay_output out =
            test_run(&rig, &(assay_call){.input_ids = &ids, .attention_mask = &mask, .use_cache = 1}, NULL);
        expect_half_past(halves[i]);
        assay_output_free(&out);
        assay_tensor_free(&ids), assay_tensor_free(&mask);
        test_rig_end(&rig);
    }
    start(ASSAY_F32);
}

/* The parts of a past that were given in float32 are cast as they come in. */
Test(half_model, an_imported_past_is_cast) {
    enum { layers = 3, count = 2 * 2 * 6 };
    start(ASSAY_BF16);
    float keys[count], values[count];
    int64_t positions[2] = {0, 1};
    for (int i = 0; i < count; i++) keys[i] = 1.0f + (float)i / 100, values[i] = (float)i / 7;
    assay_past_layer parts[layers] = {0};
    for (int i = 0; i < layers; i++) {
        parts[i].key = assay_tensor_view(ASSAY_F32, 4, (int64_t[]){1, 2, 2, 6}, keys);
        parts[i].value = assay_tensor_view(ASSAY_F32, 4, (int64_t[]){1, 2, 2, 6}, values);
        parts[i].position = assay_tensor_view(ASSAY_I64, 2, (int64_t[]){1, 2}, positions);
    }
    cr_assert_eq(assay_past_import(rig.past, parts, NULL), ASSAY_OK);
    assay_tensor ids = test_ids(1, 1, 4), first = test_feed(&rig, &ids, 1);
    assay_round_halves(keys, count, ASSAY_BF16);
    assay_round_halves(values, count, ASSAY_BF16);
    cr_assert_eq(assay_past_import(rig.past, parts, NULL), ASSAY_OK);
    assay_tensor second = test_feed(&rig, &ids, 1);
    expect_same(&first, &second);
    assay_tensor_free(&first), assay_tensor_free(&second), assay_tensor_free(&ids);
}

Test(half_model, embeddings_are_cast) { /* EMB-1 */
    enum { tokens = 3, width = 12 };
    start(ASSAY_BF16);
    float embeds[tokens * width];
    for (int i = 0; i < tokens * width; i++) embeds[i] = 0.3f + (float)i / 77;
    assay_tensor given = assay_tensor_view(ASSAY_F32, 3, (int64_t[]){1, tokens, width}, embeds);
    assay_call call = {.inputs_embeds = &given, .use_cache = 0};
    assay_output first = test_run(&rig, &call, NULL);
    assay_past_clear(rig.past);
    assay_round_halves(embeds, tokens * width, ASSAY_BF16);
    assay_output second = test_run(&rig, &call, NULL);
    expect_same(&first.logits, &second.logits);
    assay_output_free(&first);
    assay_output_free(&second);
}

/* SCHED-6: an entry that rounds to 1 keeps. */
Test(half_model, mask_entries_are_cast) {
    static const double entries[] = {0.999, 1, 1};
    static const assay_dtype types[] = {ASSAY_BF16, ASSAY_F32};
    for (int i = 0; i < 2; i++) {
        start(types[i]);
        assay_tensor ids = test_ids(1, 3, 1), mask = test_f64(1, 3, entries);
        assay_output masked =
            test_run(&rig, &(assay_call){.input_ids = &ids, .attention_mask = &mask, .use_cache = 0}, NULL);
        assay_past_clear(rig.past);
        assay_output plain = test_run(&rig, &(assay_call){.input_ids = &ids, .use_cache = 0}, NULL);
        bool same = memcmp(masked.logits.data, plain.logits.data, assay_tensor_nbytes(&plain.logits)) == 0;
        cr_expect_eq(same, types[i] == ASSAY_BF16);
        assay_output_free(&masked);
        assay_output_free(&plain);
        assay_tensor_free(&ids), assay_tensor_free(&mask);
        if (i == 0) test_rig_end(&rig);
    }
}
