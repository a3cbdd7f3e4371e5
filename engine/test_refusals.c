/*
 * What a model, a call or a past is refused for (ERR-1). Each refusal cites its rule, names what is wrong, and leaves the past as it
 * was, bit for bit: test_refused checks all of that.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "engine/test_support.h"

static test_rig rig;

/* Half of the tests' refusals meet a past with a local cache of 4 and a memory of 10, of a batch of 2. */
static void start(void) {
    assay_config c = test_config();
    test_rig_start(&rig, &c, ASSAY_F32);
    assay_tensor ids = test_ids(2, 14, 1), logits = test_feed(&rig, &ids, 1);
    assay_tensor_free(&ids), assay_tensor_free(&logits);
    cr_assert_eq(assay_past_local_length(rig.past), 4);
    cr_assert_eq(assay_past_memory_length(rig.past), 10);
}
static void stop(void) { test_rig_end(&rig); }
TestSuite(refusals, .init = start, .fini = stop);

static void restart(const assay_config *c) {
    test_rig_end(&rig);
    test_rig_start(&rig, c, ASSAY_F32);
}

/* With the past of start(), and without. */
static void refused(const assay_call *call, const char *rule, const char *text) {
    test_refused(&rig, call, rule, text);
    assay_past *kept = rig.past;
    cr_assert_eq(assay_past_create(&rig.past, rig.model, NULL), ASSAY_OK);
    test_refused(&rig, call, rule, text);
    assay_past_destroy(rig.past);
    rig.past = kept;
}

static void check_id(int64_t id, const char *text) {
    assay_tensor ids = test_ids(2, 3, 1);
    ((int64_t *)ids.data)[4] = id;
    refused(&(assay_call){.input_ids = &ids, .use_cache = -1}, "EMB-1", text);
    assay_tensor_free(&ids);
}

Test(refusals, ids_outside_the_vocabulary) {
    check_id(29, "input_ids[1][1] is 29");
    check_id(-1, "input_ids[1][1] is -1");
    check_id(INT64_MIN, "input_ids[1][1]");
}

Test(refusals, ids_and_embeddings_both_or_neither) { /* EMB-1 */
    assay_tensor ids = test_ids(2, 3, 1), embeds;
    cr_assert_eq(assay_tensor_alloc(&embeds, ASSAY_F32, 3, (int64_t[]){2, 3, 12}, "e", NULL), ASSAY_OK);
    refused(&(assay_call){.input_ids = &ids, .inputs_embeds = &embeds, .use_cache = -1}, "EMB-1", "both");
    refused(&(assay_call){.use_cache = -1}, "EMB-1", "neither");
    assay_tensor absent = {0};
    refused(&(assay_call){.input_ids = &absent, .use_cache = -1}, "EMB-1", "neither");
    assay_tensor_free(&ids), assay_tensor_free(&embeds);
}

static void check_embeds(assay_dtype dtype, int rank, const int64_t *shape, const char *text) {
    assay_tensor embeds;
    cr_assert_eq(assay_tensor_alloc(&embeds, dtype, rank, shape, "e", NULL), ASSAY_OK);
    refused(&(assay_call){.inputs_embeds = &embeds, .use_cache = -1}, "EMB-1", text);
    assay_tensor_free(&embeds);
}

Test(refusals, embeddings_of_a_wrong_shape) {
    check_embeds(ASSAY_F32, 3, (int64_t[]){2, 3, 11}, "(2, 3, 11)");
    check_embeds(ASSAY_F32, 2, (int64_t[]){3, 12}, "(3, 12)");
    check_embeds(ASSAY_I64, 3, (int64_t[]){2, 3, 12}, "inputs_embeds");
}

static void check_ids_shape(assay_dtype dtype, int rank, const int64_t *shape, const char *text) {
    assay_tensor ids;
    cr_assert_eq(assay_tensor_alloc(&ids, dtype, rank, shape, "i", NULL), ASSAY_OK);
    refused(&(assay_call){.input_ids = &ids, .use_cache = -1}, "ERR-1", text);
    assay_tensor_free(&ids);
}

Test(refusals, no_tokens) {
    check_ids_shape(ASSAY_I64, 2, (int64_t[]){2, 0}, "(2, 0)");
    check_ids_shape(ASSAY_I64, 2, (int64_t[]){0, 3}, "(0, 3)");
    check_ids_shape(ASSAY_I64, 1, (int64_t[]){3}, "(3)");
    check_ids_shape(ASSAY_I64, 3, (int64_t[]){2, 3, 1}, "(2, 3, 1)");
    check_ids_shape(ASSAY_I32, 2, (int64_t[]){2, 3}, "input_ids");
}

static void check_mask(int64_t rows, int64_t columns, const char *text) {
    assay_tensor ids = test_ids(2, 3, 1), mask = test_left_pads(rows, columns, 0);
    test_refused(&rig, &(assay_call){.input_ids = &ids, .attention_mask = &mask, .use_cache = -1}, "SCHED-6", text);
    assay_tensor_free(&ids), assay_tensor_free(&mask);
}

Test(refusals, masks_that_do_not_cover_cache_and_input) { /* SCHED-6 */
    check_mask(2, 6, "(2, 6)");
    check_mask(1, 7, "(1, 7)");
    check_mask(3, 7, "(3, 7)");
    check_mask(2, 0, "(2, 0)");
    assay_past_clear(rig.past);
    check_mask(2, 2, "(2, 2)");
}

Test(refusals, positions_of_a_wrong_shape) { /* POS-5 */
    assay_tensor ids = test_ids(2, 3, 1);
    const int64_t shapes[][2] = {{2, 2}, {2, 4}, {2, 7}, {1, 3}};
    for (int i = 0; i < 4; i++) {
        assay_tensor positions = test_ids(shapes[i][0], shapes[i][1], 1);
        refused(&(assay_call){.input_ids = &ids, .position_ids = &positions, .use_cache = -1}, "POS-5", "position_ids");
        assay_tensor_free(&positions);
    }
    assay_tensor_free(&ids);
}

static void check_gap(int64_t tokens, const int64_t *row_1, int64_t last, bool accepted) {
    assay_past_clear(rig.past);
    assay_tensor ids = test_ids(2, tokens, 1), positions = test_ids(2, tokens, 1);
    for (int64_t t = 0; t < tokens; t++) {
        ((int64_t *)positions.data)[t] = t;
        ((int64_t *)positions.data)[tokens + t] = row_1[t];
    }
    assay_call call = {.input_ids = &ids,
                       .position_ids = &positions,
                       .use_cache = 1,
                       .has_last_context_length = true,
                       .last_context_length = last};
    if (accepted) {
        assay_output out = test_run(&rig, &call, NULL);
        assay_output_free(&out);
    } else {
        test_refused(&rig, &call, "POS-3", "row 1");
    }
    assay_tensor_free(&ids), assay_tensor_free(&positions);
}

Test(refusals, gaps_in_positions_of_one_context) { /* POS-3 */
    check_gap(3, (int64_t[]){5, 6, 7}, 4, true);
    check_gap(3, (int64_t[]){5, 7, 7}, 4, true);
    check_gap(3, (int64_t[]){5, 6, 8}, 4, false);
    check_gap(3, (int64_t[]){8, 5, 6}, 4, false);
    check_gap(1, (int64_t[]){INT64_MAX}, 4, true);
    check_gap(2, (int64_t[]){INT64_MIN, INT64_MAX}, 4, false);
    check_gap(5, (int64_t[]){0, 1, 2, 50, 51}, 2, true);  /* windows 3, 2: no gap within either */
    check_gap(5, (int64_t[]){0, 1, 2, 50, 51}, 1, false); /* windows 4, 1 */
    check_gap(5, (int64_t[]){0, 1, 9, 50, 51}, 2, false); /* in the first window alone */
}

Test(refusals, gaps_between_cached_and_new_positions) { /* POS-3 */
    assay_tensor ids = test_ids(2, 1, 1), positions = test_i64(2, 1, (int64_t[]){14, 30});
    test_refused(&rig, &(assay_call){.input_ids = &ids, .position_ids = &positions, .use_cache = 1}, "POS-3", "row 1");
    ((int64_t *)positions.data)[1] = 11; /* the past holds 10 to 13 */
    assay_output out =
        test_run(&rig, &(assay_call){.input_ids = &ids, .position_ids = &positions, .use_cache = 1}, NULL);
    assay_output_free(&out);
    assay_tensor_free(&ids), assay_tensor_free(&positions);
}

Test(refusals, default_positions_after_the_largest_integer) { /* POS-1, POS-3: torch's sum wraps, which is a gap */
    assay_past_clear(rig.past);
    assay_tensor ids = test_ids(1, 1, 1), positions = test_i64(1, 1, (int64_t[]){INT64_MAX});
    assay_output out =
        test_run(&rig, &(assay_call){.input_ids = &ids, .position_ids = &positions, .use_cache = 1}, NULL);
    test_refused(&rig, &(assay_call){.input_ids = &ids, .use_cache = 1}, "POS-3", "row 0");
    assay_output_free(&out);
    assay_tensor_free(&ids), assay_tensor_free(&positions);
}

Test(refusals, far_positions_without_rotary_are_no_gap) { /* MEM-7: nothing reads them */
    assay_config c = test_config();
    for (int i = 0; i < 3; i++) c.is_memory_layer[i] = true;
    c.mem_positionals = false;
    restart(&c);
    assay_tensor ids = test_ids(1, 2, 1), positions = test_i64(1, 2, (int64_t[]){INT64_MIN, INT64_MAX});
    assay_output out =
        test_run(&rig, &(assay_call){.input_ids = &ids, .position_ids = &positions, .use_cache = 1}, NULL);
    assay_output_free(&out);
    assay_tensor_free(&ids), assay_tensor_free(&positions);
}

Test(refusals, a_past_of_another_batch) { /* CACHE-5 */
    assay_tensor three = test_ids(3, 3, 1), one = test_ids(1, 3, 1);
    test_refused(&rig, &(assay_call){.input_ids = &three, .use_cache = -1}, "CACHE-5", "batch of 2");
    test_refused(&rig, &(assay_call){.input_ids = &one, .use_cache = -1}, "CACHE-5", "batch of 2");
    assay_tensor ids = test_ids(2, 1, 1), logits = test_feed(&rig, &ids, 1);
    assay_past_clear(rig.past);
    assay_tensor other = test_feed(&rig, &ids, 0); /* a memory-only past has a batch too */
    test_refused(&rig, &(assay_call){.input_ids = &one, .use_cache = -1}, "CACHE-5", "batch of 2");
    assay_tensor_free(&three), assay_tensor_free(&one), assay_tensor_free(&ids);
    assay_tensor_free(&logits), assay_tensor_free(&other);
}

Test(refusals, a_local_cache_without_use_cache) { /* CACHE-5 */
    assay_tensor ids = test_ids(2, 3, 1);
    test_refused(&rig, &(assay_call){.input_ids = &ids, .use_cache = 0}, "CACHE-5", "local cache of 4");
    assay_past_clear(rig.past);
    assay_tensor logits = test_feed(&rig, &ids, 0), more = test_feed(&rig, &ids, 0); /* memory alone is accepted */
    cr_assert_eq(assay_past_memory_length(rig.past), 6);
    assay_tensor_free(&ids), assay_tensor_free(&logits), assay_tensor_free(&more);
}

Test(refusals, a_last_context_that_is_not_positive) { /* SCHED-4 */
    assay_tensor ids = test_ids(2, 3, 1);
    assay_call call = {.input_ids = &ids, .use_cache = -1, .has_last_context_length = true};
    refused(&call, "SCHED-4", "last_context_length is 0");
    call.last_context_length = -3;
    refused(&call, "SCHED-4", "last_context_length is -3");
    assay_config c = test_config();
    c.last_context_length = 0;
    restart(&c);
    call = (assay_call){.input_ids = &ids, .use_cache = -1};
    test_refused(&rig, &call, "SCHED-4", "last_context_length is 0");
    call.has_last_context_length = true, call.last_context_length = 2; /* a call may override it */
    assay_output out = test_run(&rig, &call, NULL);
    assay_output_free(&out);
    assay_tensor_free(&ids);
}

static void check_grouping(int64_t heads, int64_t queries, bool has_memory) {
    assay_config c = test_config();
    c.has_attention_grouping = true;
    c.attention_grouping[0] = heads, c.attention_grouping[1] = queries;
    c.is_memory_layer[1] = has_memory;
    restart(&c);
    assay_tensor ids = test_ids(2, 3, 1);
    assay_call call = {.input_ids = &ids, .use_cache = -1};
    if (has_memory) {
        test_refused(&rig, &call, "MEM-10", "mem_attention_grouping");
    } else {
        assay_output out = test_run(&rig, &call, NULL);
        assay_output_free(&out);
    }
    assay_tensor_free(&ids);
}

Test(refusals, grouping_that_is_not_positive_where_it_is_read) { /* MEM-10 */
    check_grouping(0, 2, true);
    check_grouping(2, 0, true);
    check_grouping(-1, -1, true);
    check_grouping(0, 0, false);
}

Test(refusals, labels_that_do_not_fit) { /* LOSS-1 */
    assay_tensor ids = test_ids(2, 3, 1), labels = test_ids(2, 3, 2), fewer = test_ids(2, 2, 2);
    ((int64_t *)labels.data)[5] = 29;
    refused(&(assay_call){.input_ids = &ids, .labels = &labels, .use_cache = -1}, "LOSS-1", "labels[1][2] is 29");
    refused(&(assay_call){.input_ids = &ids, .labels = &fewer, .use_cache = -1}, "LOSS-1", "(2, 2)");
    assay_tensor_free(&ids), assay_tensor_free(&labels), assay_tensor_free(&fewer);
}

/* ---- models ---- */

static void model_refused(const assay_config *c, assay_dtype dtype, const assay_tensor_map *weights, const char *rule,
                          const char *text) {
    assay_model *model = (assay_model *)(uintptr_t)16;
    assay_error err = {0};
    cr_assert_eq(assay_model_create(&model, c, dtype, weights, &err), ASSAY_EINPUT);
    if (rule) cr_assert(assay_error_has_rule(&err, rule), "%s", err.rules);
    cr_assert(strstr(err.message, text), "'%s' is not in '%s'", text, err.message);
    cr_assert_eq((uintptr_t)model, 16, "untouched");
}

Test(refusals, configurations_that_make_no_model) {
    assay_config c = test_config();
    c.num_attention_heads = 5;
    model_refused(&c, ASSAY_F32, rig.weights, "ERR-1", "divisible");
    c.num_attention_heads = 4; /* D = 3 */
    model_refused(&c, ASSAY_F32, rig.weights, "ROPE-1", "odd");
    c = test_config();
    c.pad_token_id = 29;
    model_refused(&c, ASSAY_F32, rig.weights, "ERR-1", "pad_token_id");
    c = test_config();
    model_refused(&c, ASSAY_I64, rig.weights, NULL, "int64");
}

Test(refusals, weights_that_are_missing_or_of_another_shape) {
    assay_config c = test_config();
    c.num_hidden_layers = 4;
    model_refused(&c, ASSAY_F32, rig.weights, NULL, "'model.layers.3.input_layernorm.weight' is missing");
    c = test_config();
    c.intermediate_size = 21;
    model_refused(&c, ASSAY_F64, rig.weights, NULL, "(21, 12)");
    c = test_config();
    c.vocab_size = 30;
    model_refused(&c, ASSAY_F32, rig.weights, NULL, "'model.embed_tokens.weight'");
    assay_tensor_map *whole = assay_tensor_map_create();
    assay_tensor ids = test_ids(29, 12, 1);
    cr_assert_eq(assay_tensor_map_put_copy(whole, "model.embed_tokens.weight", &ids, NULL), ASSAY_OK);
    c = test_config();
    model_refused(&c, ASSAY_F32, whole, NULL, "int64");
    assay_tensor_free(&ids);
    assay_tensor_map_destroy(whole);
}

/* ---- imported pasts ---- */

static test_snapshot taken;

static void import_refused(const char *rule, const char *text) {
    test_snapshot before = test_snapshot_take(rig.past);
    assay_error err = {0};
    test_is_refusal(assay_past_import(rig.past, taken.layer, &err), &err, rule, text);
    test_snapshot after = test_snapshot_take(rig.past);
    cr_assert(test_snapshot_equal(&before, &after), "a refused import changed the past");
    test_snapshot_free(&before), test_snapshot_free(&after);
}

Test(refusals, memory_for_a_layer_without) { /* MEM-11 */
    taken = test_snapshot_take(rig.past);
    assay_past_layer *layer = &taken.layer[2];
    assay_tensor_free(&layer->mem_key);
    cr_assert_eq(assay_tensor_copy(&layer->mem_key, &taken.layer[1].mem_key, ASSAY_F32, NULL), ASSAY_OK);
    import_refused("MEM-11", "layer 2");
    test_snapshot_free(&taken);
}

/* Each tensor in turn gets a size that does not fit (CACHE-5). The data stays larger than the shape says. */
Test(refusals, pasts_whose_shapes_do_not_fit) {
    for (int part = 0; part < 6; part++)
        for (int axis = 0; axis < 4; axis++) {
            taken = test_snapshot_take(rig.past);
            assay_past_layer *layer = &taken.layer[1];
            assay_tensor *parts[] = {&layer->key,     &layer->value,     &layer->position,
                                     &layer->mem_key, &layer->mem_value, &layer->mem_mask};
            if (axis < parts[part]->rank) {
                parts[part]->shape[axis]--;
                import_refused("CACHE-5", "the past of layer");
            }
            test_snapshot_free(&taken);
        }
}

Test(refusals, pasts_with_parts_that_are_absent) { /* CACHE-5 */
    for (int part = 0; part < 6; part++) {
        taken = test_snapshot_take(rig.past);
        assay_past_layer *layer = &taken.layer[1];
        assay_tensor *parts[] = {&layer->key,     &layer->value,     &layer->position,
                                 &layer->mem_key, &layer->mem_value, &layer->mem_mask};
        assay_tensor_free(parts[part]);
        import_refused("CACHE-5", "the past of layer");
        test_snapshot_free(&taken);
    }
}
