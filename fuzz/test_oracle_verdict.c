/* What the oracle's verdict accepts and what it does not: runs of the engine, with something changed. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

#include "fuzz/engine_sheet.h"
#include "fuzz/oracle_check.h"
#include "fuzz/oracle_verdict.h"
#include "golden/recipe.h"

/* A case and a run of it. */
typedef struct {
    assay_case test_case;
    assay_tensor_map *weights;
    assay_engine_sheet engine;
} fixture;

static void run(fixture *f, assay_dtype dtype) {
    assay_error err = {0};
    const assay_case *c = &f->test_case;
    cr_assert_eq(assay_recipe_weights(&f->weights, &c->config, c->weights_seed, c->weights_gain, dtype, &err), ASSAY_OK,
                 "%s", err.message);
    cr_assert_eq(assay_engine_sheet_run(&f->engine, c, f->weights, dtype, NULL, &err), ASSAY_OK, "%s", err.message);
}

static void release(fixture *f) {
    assay_engine_sheet_free(&f->engine);
    assay_tensor_map_destroy(f->weights);
    assay_case_free(&f->test_case);
}

/* A text that says how one call is written, on a model of W 4, C 2 whose second layer has memory in `mem_dtype`. */
static void start(fixture *f, const char *steps, const char *mem_dtype, assay_dtype dtype) {
    char text[2000];
    assay_error err = {0};
    *f = (fixture){.weights = NULL};
    int length = snprintf(
        text, sizeof text,
        "{\"format\": \"assay-case/1\", \"name\": \"verdict\", \"model\": {\"vocab_size\": 11, \"hidden_size\": 8, "
        "\"intermediate_size\": 6, \"num_hidden_layers\": 2, \"num_attention_heads\": 2, "
        "\"max_position_embeddings\": 4, \"last_context_length\": 2, \"mem_layers\": [1], "
        "\"mem_dtype\": \"%s\", \"pad_token_id\": 0, \"bos_token_id\": 1, \"eos_token_id\": 2, "
        "\"model_type\": \"longllama\"}, \"weights\": {\"seed\": 4, \"gain\": 1.5}, \"steps\": [%s]}",
        mem_dtype, steps);
    cr_assert_eq(assay_case_parse(&f->test_case, text, (size_t)length, "verdict", &err), ASSAY_OK, "%s", err.message);
    run(f, dtype);
}

/* The slow way and the fast one come to the same. */
static void expect_same_judgement(const fixture *f, bool agrees) {
    assay_case_result r;
    assay_error err = {0};
    const assay_compare_options options = {.name = "verdict", .require_all = true};
    cr_assert_eq(assay_oracle_judge(&r, &f->test_case, f->weights, &f->engine.source, &options, &err), ASSAY_OK, "%s",
                 err.message);
    cr_expect_eq(r.verdict == ASSAY_CASE_PASS, agrees);
    assay_case_result_free(&r);
}

static bool agrees(const fixture *f, const char **where) {
    static char path[160];
    assay_oracle_verdict v;
    assay_error err = {0};
    cr_assert_eq(assay_oracle_check(&v, &f->test_case, f->weights, &f->engine.source, &err), ASSAY_OK, "%s",
                 err.message);
    expect_same_judgement(f, v.agrees);
    bool same = v.agrees;
    path[0] = '\0';
    if (!same && v.result.first_divergence >= 0)
        snprintf(path, sizeof path, "%s", v.result.entries[v.result.first_divergence].path);
    assay_oracle_verdict_free(&v);
    if (where) *where = path;
    return same;
}

static assay_tensor *find(fixture *f, int64_t step, int64_t layer, assay_stage stage) {
    const assay_place place = {step, -1, layer, stage};
    assay_sheet *sheet = &f->engine.sheet;
    for (size_t i = 0; i < sheet->count; i++)
        if (assay_place_compare(&sheet->items[i].place, &place) == 0) return &sheet->items[i].tensor;
    cr_assert_fail("no such tensor");
    return NULL;
}

static const char forward[] = "{\"op\": \"forward\", \"input_ids\": [[3, 4, 5, 6, 7, 8, 9]]}";

Test(oracle_verdict, accepts_noise_and_no_more) {
    fixture f;
    const char *where;
    start(&f, forward, "float32", ASSAY_F32);
    float *logits = find(&f, 0, -1, ASSAY_STAGE_LOGITS)->data;
    cr_expect(agrees(&f, NULL));
    logits[5] += 4e-7f;
    cr_expect(agrees(&f, NULL));
    logits[5] += 1e-3f;
    cr_expect(!agrees(&f, &where));
    cr_expect_str_eq(where, "steps/0/logits");
    logits[5] = NAN;
    cr_expect(!agrees(&f, NULL));
    release(&f);
}

Test(oracle_verdict, needs_float64_to_be_float64) {
    fixture f;
    start(&f, forward, "float64", ASSAY_F64);
    cr_expect(agrees(&f, NULL));
    ((double *)find(&f, 0, -1, ASSAY_STAGE_LOGITS)->data)[0] += 1e-11;
    cr_expect(!agrees(&f, NULL));
    release(&f);
}

/* MEM-6: the next number up is no rounding, though it is near; and what follows was judged from what is stored. */
Test(oracle_verdict, judges_stored_memory_where_it_is_stored) {
    fixture f;
    const char *where;
    start(&f, forward, "bfloat16", ASSAY_F32);
    uint16_t *stored = find(&f, 0, 1, ASSAY_STAGE_PAST_MEM_KEY)->data;
    cr_expect(agrees(&f, NULL));
    stored[3]++;
    cr_expect(!agrees(&f, &where));
    cr_expect_str_eq(where, "steps/0/past/1/mem_key");
    release(&f);
}

Test(oracle_verdict, wants_masks_and_positions_exactly) {
    fixture f;
    start(&f, forward, "float32", ASSAY_F32);
    ((float *)find(&f, 0, 1, ASSAY_STAGE_PAST_MEM_MASK)->data)[0] = -1e9f;
    cr_expect(!agrees(&f, NULL));
    ((float *)find(&f, 0, 1, ASSAY_STAGE_PAST_MEM_MASK)->data)[0] = 0;
    cr_expect(agrees(&f, NULL));
    ((int64_t *)find(&f, 0, 0, ASSAY_STAGE_PAST_POSITION)->data)[1]++;
    cr_expect(!agrees(&f, NULL));
    release(&f);
}

/* A token that is not the best choice is followed, and not accepted. */
Test(oracle_verdict, does_not_take_another_token_for_its_own) {
    fixture f;
    const char *where;
    start(&f, "{\"op\": \"generate\", \"input_ids\": [[3, 4, 5]], \"max_new_tokens\": 1}", "float32", ASSAY_F32);
    int64_t *tokens = find(&f, 0, -1, ASSAY_STAGE_TOKENS)->data;
    cr_expect(agrees(&f, NULL));
    tokens[3] = (tokens[3] + 1) % 11;
    cr_expect(!agrees(&f, &where));
    cr_expect_str_eq(where, "steps/0/tokens");
    release(&f);
}

Test(oracle_verdict, a_refusal_by_one_side_is_a_mismatch) {
    fixture f;
    start(&f, "{\"op\": \"forward\", \"input_ids\": [[3, 11]], \"attention_mask\": [[1]]}", "float32", ASSAY_F32);
    assay_source_step *step = &f.engine.source.steps[0];
    cr_assert(step->refused);
    cr_expect(agrees(&f, NULL), "%s", step->refused_rules);
    step->refused_rules = "SCHED-6"; /* the other reason of the same step */
    cr_expect(agrees(&f, NULL));
    step->refused_rules = "POS-3";
    cr_expect(!agrees(&f, NULL));
    step->refused = false;
    cr_expect(!agrees(&f, NULL));
    release(&f);
}

Test(oracle_verdict, refuses_configurations_that_make_no_model) {
    assay_config c;
    assay_oracle_refusal r = {.refused = false};
    assay_config_set_defaults(&c);
    assay_oracle_check_config(&r, &c);
    cr_expect(!r.refused);
    c.hidden_size = 6;
    c.num_attention_heads = 2;
    c.pad_token_id = c.vocab_size;
    assay_oracle_check_config(&r, &c);
    cr_expect(r.refused && assay_rules_have(r.rules, "ROPE-1") && assay_rules_have(r.rules, "EMB-1"), "%s", r.rules);
}

Test(oracle_verdict, declines_half_precision) {
    fixture f;
    assay_oracle_verdict v;
    assay_error err = {0};
    start(&f, forward, "float32", ASSAY_F32);
    f.engine.source.info.dtype = ASSAY_BF16;
    cr_expect_eq(assay_oracle_check(&v, &f.test_case, f.weights, &f.engine.source, &err), ASSAY_EINPUT);
    release(&f);
}
