/* Generation (GEN-1 to GEN-4, POS-4) against forward calls made by hand. */
#include "engine/generate.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/test_support.h"

static test_rig rig;
static void start(void) {
    assay_config c = test_config();
    test_rig_start(&rig, &c, ASSAY_F32);
}
static void stop(void) { test_rig_end(&rig); }
TestSuite(generate, .init = start, .fini = stop);

static void restart(const assay_config *c) {
    test_rig_end(&rig);
    test_rig_start(&rig, c, ASSAY_F32);
}

static assay_tensor generate(const assay_generate_call *call, const assay_taps *taps) {
    assay_generation g;
    assay_error err = {0};
    cr_assert_eq(assay_generate(rig.model, rig.past, call, taps, &g, &err), ASSAY_OK, "%s", err.message);
    assay_tensor tokens = g.tokens;
    g.tokens = (assay_tensor){0};
    assay_generation_free(&g);
    return tokens;
}

static int64_t token(const assay_tensor *t, int64_t b, int64_t i) { return ((int64_t *)t->data)[b * t->shape[1] + i]; }

static void check_prompt(const assay_tensor *tokens, const assay_tensor *ids, int64_t fresh) {
    cr_assert_eq(tokens->shape[0], ids->shape[0]);
    cr_assert_eq(tokens->shape[1], ids->shape[1] + fresh);
    for (int64_t b = 0; b < ids->shape[0]; b++)
        for (int64_t i = 0; i < ids->shape[1]; i++) cr_assert_eq(token(tokens, b, i), token(ids, b, i));
}

/* ---- by hand ---- */

/* GEN-1, POS-4: feeds `t` columns of ids that end at `end`, with positions and mask made from the pads; the greedy choice. */
static void step_by_hand(const int64_t *ids, int64_t room, int64_t end, int64_t t, int64_t pads, int64_t *next) {
    assay_tensor part = test_ids(2, t, 1), positions = test_ids(2, t, 1), mask = test_left_pads(2, end, pads);
    for (int64_t b = 0; b < 2; b++)
        for (int64_t i = 0; i < t; i++) {
            int64_t column = end - t + i, hidden = b == 0 ? pads : 0;
            ((int64_t *)part.data)[b * t + i] = ids[b * room + column];
            ((int64_t *)positions.data)[b * t + i] = column < hidden ? -1 : column - hidden;
        }
    assay_call call = {.input_ids = &part, .attention_mask = &mask, .position_ids = &positions, .use_cache = 1};
    assay_output out = test_run(&rig, &call, NULL);
    for (int64_t b = 0; b < 2; b++) next[b] = assay_argmax(&out.logits, (b * t + t - 1) * 29, 29);
    assay_output_free(&out);
    assay_tensor_free(&part), assay_tensor_free(&positions), assay_tensor_free(&mask);
}

static void check_by_hand(int64_t prompt, int64_t pads, int64_t fresh) {
    assay_tensor ids = test_ids(2, prompt, 4), mask = test_left_pads(2, prompt, pads);
    assay_past_clear(rig.past);
    assay_tensor found =
        generate(&(assay_generate_call){.input_ids = &ids, .attention_mask = &mask, .max_new_tokens = fresh}, NULL);
    test_snapshot first = test_snapshot_take(rig.past);
    check_prompt(&found, &ids, fresh);
    assay_past_clear(rig.past);
    int64_t all = prompt + fresh, *by_hand = calloc((size_t)(2 * all), sizeof *by_hand), next[2];
    for (int64_t b = 0; b < 2; b++)
        for (int64_t i = 0; i < prompt; i++) by_hand[b * all + i] = token(&ids, b, i);
    for (int64_t i = 0; i < fresh; i++) {
        step_by_hand(by_hand, all, prompt + i, i == 0 ? prompt : 1, pads, next);
        for (int64_t b = 0; b < 2; b++) by_hand[b * all + prompt + i] = next[b];
    }
    cr_assert_eq(memcmp(by_hand, found.data, (size_t)(2 * all) * sizeof *by_hand), 0, "prompt %d pads %d", (int)prompt,
                 (int)pads);
    test_snapshot second = test_snapshot_take(rig.past);
    cr_assert(test_snapshot_equal(&first, &second), "the past after the last call");
    test_snapshot_free(&first), test_snapshot_free(&second);
    free(by_hand);
    assay_tensor_free(&ids), assay_tensor_free(&mask), assay_tensor_free(&found);
}

Test(generate, greedy_steps_are_forward_calls) { /* GEN-1, POS-4, across drops */
    check_by_hand(3, 0, 14);
    check_by_hand(14, 0, 10);
    check_by_hand(1, 0, 3);
    check_by_hand(5, 2, 12);
    check_by_hand(14, 3, 6);
}

/* ---- masks ---- */

static void same_tokens(const assay_generate_call *a, const assay_generate_call *b, bool same) {
    assay_past_clear(rig.past);
    assay_tensor x = generate(a, NULL);
    test_snapshot first = test_snapshot_take(rig.past);
    assay_past_clear(rig.past);
    assay_tensor y = generate(b, NULL);
    test_snapshot second = test_snapshot_take(rig.past);
    cr_assert_eq(test_same_bits(&x, &y) && test_snapshot_equal(&first, &second), same);
    test_snapshot_free(&first), test_snapshot_free(&second);
    assay_tensor_free(&x), assay_tensor_free(&y);
}

Test(generate, pads_in_the_prompt_are_masked_unless_they_are_the_end_token) { /* GEN-2 */
    assay_tensor ids = test_ids(2, 6, 4), mask = test_left_pads(2, 6, 2), ones = test_left_pads(2, 6, 0);
    ((int64_t *)ids.data)[0] = ((int64_t *)ids.data)[1] = 0;
    assay_generate_call bare = {.input_ids = &ids, .max_new_tokens = 4}, masked = bare, kept = bare;
    masked.attention_mask = &mask;
    kept.attention_mask = &ones;
    same_tokens(&bare, &masked, true);
    same_tokens(&bare, &kept, false);
    bare.has_eos_token_id = kept.has_eos_token_id = true; /* the end token is 0, the pad */
    same_tokens(&bare, &kept, true);
    assay_tensor_free(&ids), assay_tensor_free(&mask), assay_tensor_free(&ones);
}

/* ---- pasts ---- */

Test(generate, on_a_local_past_the_last_token_is_fed) { /* GEN-1 */
    assay_tensor ids = test_ids(2, 5, 4), first = test_columns(&ids, 0, 4), prefill = test_feed(&rig, &first, 1);
    assay_tensor tokens = generate(&(assay_generate_call){.input_ids = &ids, .max_new_tokens = 1}, NULL);
    cr_assert_eq(assay_past_local_length(rig.past), 5);
    assay_past_clear(rig.past);
    assay_tensor again = test_feed(&rig, &first, 1), last = test_columns(&ids, 4, 5);
    assay_tensor logits = test_feed(&rig, &last, 1);
    for (int64_t b = 0; b < 2; b++) cr_assert_eq(token(&tokens, b, 5), assay_argmax(&logits, b * 29, 29));
    assay_tensor_free(&ids), assay_tensor_free(&first), assay_tensor_free(&prefill), assay_tensor_free(&tokens);
    assay_tensor_free(&again), assay_tensor_free(&last), assay_tensor_free(&logits);
}

Test(generate, on_a_memory_only_past_the_whole_prompt_is_fed) { /* GEN-3 */
    assay_tensor before = test_ids(2, 6, 3), ids = test_ids(2, 3, 4), logits = test_feed(&rig, &before, 0);
    assay_tensor tokens = generate(&(assay_generate_call){.input_ids = &ids, .max_new_tokens = 1}, NULL);
    cr_assert_eq(assay_past_local_length(rig.past), 3);
    cr_assert_eq(assay_past_memory_length(rig.past), 6);
    assay_tensor_free(&before), assay_tensor_free(&ids), assay_tensor_free(&logits), assay_tensor_free(&tokens);
}

Test(generate, without_a_cache_everything_is_fed_again_on_top_of_memory) { /* GEN-4 */
    assay_config c = test_config();
    c.use_cache = false;
    restart(&c);
    assay_tensor ids = test_ids(1, 3, 4);
    assay_tensor tokens = generate(&(assay_generate_call){.input_ids = &ids, .max_new_tokens = 4}, NULL);
    cr_assert_eq(assay_past_local_length(rig.past), 0);
    cr_assert_eq(assay_past_memory_length(rig.past), 3 + 4 + 5 + 6);
    assay_tensor_free(&ids), assay_tensor_free(&tokens);
}

/* ---- the end ---- */

Test(generate, a_row_that_has_ended_is_filled_with_pads) {
    assay_tensor ids = test_ids(2, 5, 4);
    assay_generate_call call = {.input_ids = &ids, .max_new_tokens = 12};
    assay_tensor free_run = generate(&call, NULL);
    int64_t end = token(&free_run, 0, 7), first = 5; /* where row 0 meets that token */
    while (token(&free_run, 0, first) != end) first++;
    int64_t other = 5; /* and row 1, if at all */
    while (other < 17 && token(&free_run, 1, other) != end) other++;
    call.has_eos_token_id = true;
    call.eos_token_id = end;
    assay_past_clear(rig.past);
    assay_tensor tokens = generate(&call, NULL);
    int64_t last = first > other ? first : other;
    cr_assert_eq(tokens.shape[1], last < 16 ? last + 1 : 17, "all rows done ends generation");
    for (int64_t i = 0; i < tokens.shape[1]; i++) {
        cr_assert_eq(token(&tokens, 0, i), i <= first ? token(&free_run, 0, i) : 0);
        if (i <= other) cr_assert_eq(token(&tokens, 1, i), token(&free_run, 1, i));
    }
    assay_tensor_free(&ids), assay_tensor_free(&free_run), assay_tensor_free(&tokens);
}

Test(generate, without_a_pad_token_the_end_token_fills) {
    assay_config c = test_config();
    c.pad_token_id = ASSAY_NO_TOKEN;
    restart(&c);
    assay_tensor ids = test_ids(2, 5, 4);
    assay_generate_call call = {.input_ids = &ids, .max_new_tokens = 6};
    assay_tensor free_run = generate(&call, NULL);
    call.has_eos_token_id = true;
    call.eos_token_id = token(&free_run, 0, 5);
    assay_past_clear(rig.past);
    assay_tensor tokens = generate(&call, NULL);
    for (int64_t i = 5; i < tokens.shape[1]; i++) cr_assert_eq(token(&tokens, 0, i), call.eos_token_id);
    assay_tensor_free(&ids), assay_tensor_free(&free_run), assay_tensor_free(&tokens);
}

/* ---- sampling ---- */

Test(generate, sampling_is_a_function_of_the_seed) {
    assay_tensor ids = test_ids(2, 5, 4);
    assay_sampling s = {.temperature = 1.5, .top_p = 1, .seed = 1}, t = s, one = s;
    t.seed = 2;
    one.top_k = 1;
    assay_generate_call a = {.input_ids = &ids, .max_new_tokens = 8, .sampling = &s}, b = a, greedy = a;
    same_tokens(&a, &b, true);
    b.sampling = &t;
    same_tokens(&a, &b, false);
    b.sampling = &one;
    greedy.sampling = NULL;
    same_tokens(&b, &greedy, true);
    assay_tensor_free(&ids);
}

/* ---- taps ---- */

Test(generate, taps_number_windows_on_over_the_steps) {
    assay_tensor ids = test_ids(1, 14, 4);
    test_record record = {0};
    assay_taps taps = test_record_taps(&record);
    assay_tensor tokens = generate(&(assay_generate_call){.input_ids = &ids, .max_new_tokens = 3}, &taps);
    for (int64_t k = 0; k < 5; k++) { /* windows 8, 2, 4, 1, 1 */
        const assay_tensor *fed = test_record_find(&record, ASSAY_STAGE_INPUT_IDS, k, -1);
        cr_assert(fed, "window %d", (int)k);
        cr_assert_eq(fed->shape[1], ((int64_t[]){8, 2, 4, 1, 1})[k]);
    }
    cr_assert_null(test_record_find(&record, ASSAY_STAGE_INPUT_IDS, 5, -1), "the last new token is not fed");
    cr_assert_eq(token(test_record_find(&record, ASSAY_STAGE_INPUT_IDS, 3, -1), 0, 0), token(&tokens, 0, 14));
    test_record_free(&record);
    assay_tensor_free(&ids), assay_tensor_free(&tokens);
}

/* ---- refusals ---- */

static void refused(const assay_generate_call *call, const char *rule, const char *text) {
    test_snapshot before = test_snapshot_take(rig.past);
    assay_generation g = {.window_count = 77};
    assay_error err = {0};
    assay_status status = assay_generate(rig.model, rig.past, call, NULL, &g, &err);
    cr_assert_eq(status, ASSAY_EINPUT, "%s", text);
    if (rule) test_is_refusal(status, &err, rule, text);
    cr_assert(strstr(err.message, text), "'%s' is not in '%s'", text, err.message);
    cr_assert_eq(g.window_count, 77, "untouched");
    test_snapshot after = test_snapshot_take(rig.past);
    cr_assert(test_snapshot_equal(&before, &after));
    test_snapshot_free(&before), test_snapshot_free(&after);
}

static void feed_local(void) {
    assay_tensor ids = test_ids(2, 4, 1), logits = test_feed(&rig, &ids, 1);
    assay_tensor_free(&ids), assay_tensor_free(&logits);
}

Test(generate, calls_that_are_refused) {
    feed_local();
    assay_tensor ids = test_ids(2, 5, 4), none = test_ids(2, 0, 4), mask = test_left_pads(1, 5, 0);
    refused(&(assay_generate_call){.max_new_tokens = 1}, "ERR-1", "prompt");
    refused(&(assay_generate_call){.input_ids = &none, .max_new_tokens = 1}, "ERR-1", "prompt");
    refused(&(assay_generate_call){.input_ids = &ids}, NULL, "max_new_tokens is 0");
    refused(&(assay_generate_call){.input_ids = &ids, .max_new_tokens = INT64_MIN}, NULL, "max_new_tokens");
    refused(&(assay_generate_call){.input_ids = &ids, .max_new_tokens = INT64_MAX}, NULL, "max_new_tokens");
    refused(&(assay_generate_call){.input_ids = &ids, .attention_mask = &mask, .max_new_tokens = 1}, "SCHED-6",
            "attention_mask");
    assay_sampling hot = {.temperature = 0, .top_p = 1};
    refused(&(assay_generate_call){.input_ids = &ids, .max_new_tokens = 1, .sampling = &hot}, NULL, "temperature");
    refused(&(assay_generate_call){.input_ids = &ids, .max_new_tokens = 1, .has_last_context_length = true}, "SCHED-4",
            "last_context_length");
    ((int64_t *)ids.data)[9] = 29;
    refused(&(assay_generate_call){.input_ids = &ids, .max_new_tokens = 1}, "EMB-1", "is 29");
    assay_tensor_free(&ids), assay_tensor_free(&none), assay_tensor_free(&mask);
}

Test(generate, a_mask_that_does_not_cover_the_prompt_is_refused) { /* SCHED-6 */
    assay_tensor ids = test_ids(2, 5, 4);
    for (int64_t columns = 0; columns < 5; columns++) {
        assay_tensor mask = test_left_pads(2, columns, 0);
        refused(&(assay_generate_call){.input_ids = &ids, .attention_mask = &mask, .max_new_tokens = 2}, "SCHED-6",
                "attention_mask");
        assay_tensor_free(&mask);
    }
    assay_tensor_free(&ids);
}

Test(generate, a_mask_without_columns_on_a_local_past_is_refused) { /* SCHED-6; for AddressSanitizer above all */
    feed_local();
    assay_tensor ids = test_ids(2, 5, 4), mask = test_left_pads(2, 0, 0);
    refused(&(assay_generate_call){.input_ids = &ids, .attention_mask = &mask, .max_new_tokens = 2}, "SCHED-6",
            "attention_mask");
    assay_tensor_free(&ids), assay_tensor_free(&mask);
}

Test(generate, a_local_past_without_use_cache_is_refused) { /* CACHE-5: generation says use_cache = the config's */
    assay_config c = test_config();
    c.use_cache = false;
    restart(&c);
    feed_local();
    assay_tensor ids = test_ids(2, 5, 4);
    refused(&(assay_generate_call){.input_ids = &ids, .max_new_tokens = 2}, "CACHE-5", "use_cache");
    assay_tensor_free(&ids);
}

/* A step that is refused after others have run must leave the past as it was before all of them. */
Test(generate, late_refusals_leave_the_past) {
    feed_local();
    assay_tensor ids = test_ids(2, 5, 4);
    assay_sampling sampling = {.temperature = 1, .top_p = 1};
    ((float *)assay_tensor_map_get(rig.weights, "lm_head.weight")->data)[0] = INFINITY;
    refused(&(assay_generate_call){.input_ids = &ids, .max_new_tokens = 3, .sampling = &sampling}, NULL, "not finite");
    assay_tensor_free(&ids);
}

/* GEN-4: the windows are cut anew at each step, so that a gap in the mask's positions may come into one (POS-3). */
Test(generate, a_gap_that_comes_late_leaves_the_past) {
    assay_config c = test_config();
    c.use_cache = false;
    test_rig_end(&rig);
    test_rig_start(&rig, &c, ASSAY_F32);
    assay_tensor prompt = test_ids(1, 4, 1), logits = test_feed(&rig, &prompt, 0);
    assay_tensor ids = test_ids(1, 3, 4), mask = test_f64(1, 3, (double[]){1, 1, 5});
    refused(&(assay_generate_call){.input_ids = &ids,
                                   .attention_mask = &mask,
                                   .max_new_tokens = 4,
                                   .has_last_context_length = true,
                                   .last_context_length = 1},
            "POS-3", "position");
    assay_tensor_free(&prompt), assay_tensor_free(&logits), assay_tensor_free(&ids), assay_tensor_free(&mask);
}
