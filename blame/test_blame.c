/* Blame of runs whose mistakes are known, because the engine made them on purpose here. */
#include "blame/blame.h"

#include "run/run_fixture.h"

static run_fixture f;
static void stop(void) { run_fixture_close(&f); }
TestSuite(blame, .fini = stop);

/* Runs the case with these mistakes and keeps every stage. */
static void run_all_stages(const char *mistakes) {
    bool also[ASSAY_STAGE_COUNT];
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++) also[i] = true;
    run_fixture_drop_dump(&f);
    assay_semantics semantics = {0};
    assay_error err = {0};
    if (*mistakes) cr_assert_eq(assay_variants_parse(mistakes, &semantics, &err), ASSAY_OK, "%s", err.message);
    const assay_trace_options options = {.test_case = &f.golden.test_case,
                                         .kept = run_fixture_golden(&f),
                                         .also = also,
                                         .semantics = *mistakes ? &semantics : NULL,
                                         .tolerates = true};
    cr_assert_eq(assay_trace_run(&f.trace, &f.model, &options, &err), ASSAY_OK, "%s", err.message);
}

static assay_blame blame(const assay_source *dump) {
    assay_blame b;
    assay_error err = {0};
    assay_status st = assay_blame_run(&b, &f.golden, f.path, dump, &(assay_arithmetic){0}, &err);
    cr_assert_eq(st, ASSAY_OK, "%s", err.message);
    return b;
}

/* "rotary cache": the operations at fault. */
static const char *at_fault(const assay_blame *b) {
    static char text[300];
    text[0] = '\0';
    for (int i = 0; i < ASSAY_OPERATION_COUNT; i++)
        if (b->operations[i].faults > 0) {
            if (text[0]) strcat(text, " ");
            strcat(text, assay_operation_name((assay_operation)i));
        }
    return text;
}

static void expect_blamed(const char *mistake, const char *operations) {
    run_all_stages(mistake);
    assay_blame b = blame(run_fixture_pick(&f, ""));
    cr_expect_str_eq(at_fault(&b), operations, "%s: '%s' is blamed", mistake, at_fault(&b));
    cr_expect_eq(b.suspects, 0, "%s", mistake);
    cr_expect(assay_blame_found(&b));
    assay_blame_free(&b);
}

Test(blame, names_the_operation_of_a_mistake) {
    static const struct {
        const char *mistake, *operations;
    } table[] = {
        {"embeddings-scaled", "embedding"},
        {"norm-weight-plus-one", "norm"},
        {"final-norm-missing", "norm"},
        {"positions-absolute", "positions"},
        {"positions-reset-per-window", "positions"},
        {"queries-at-position-0", "rotary"},
        {"rotary-interleaved", "rotary"},
        {"rotary-backwards", "rotary"},
        {"rotary-exponent-halved", "rotary"},
        {"theta-1e6", "rotary"},
        {"cos-sin-in-bf16", "rotary"},
        {"memory-keys-at-position-ids", "memory-write"},
        {"memory-keys-at-relative-positions", "memory-write"},
        {"memory-mask-of-first-query", "memory-write"},
        {"own-window-in-memory", "memory-read"},
        {"memory-queries-at-position-0", "scores"},
        {"memory-causal", "scores"},
        {"scale-missing", "scores"},
        {"scale-of-hidden-size", "scores"},
        {"clamp-missing", "scores"},
        {"causal-mask-one-ahead", "scores"},
        {"two-softmaxes-added", "softmax"},
        {"softmax-in-bf16", "softmax"},
        {"activation-gelu-tanh", "mlp"},
        {"up-activated", "mlp"},
        {"gate-and-up-swapped", "mlp"},
        {"head-always-tied", "head"},
        {"relative-positions-stored", "cache"},
        {"cached-keys-rotated", "cache"},
        {"final-window-of-w", "inputs"},
    };
    f = run_fixture_open("windows-3-all");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) expect_blamed(table[i].mistake, table[i].operations);
}

Test(blame, names_the_operation_in_decoding_with_pads) {
    f = run_fixture_open("decode-pads");
    expect_blamed("mask-ignored", "inputs");
    expect_blamed("position-one-after-flip", "positions");
    expect_blamed("queries-from-first-positions", "rotary");
    expect_blamed("memory-mask-missing", "memory-write");
    expect_blamed("memory-mask-shifted", "memory-write");
    expect_blamed("mask-not-cut-at-flip", "scores");
    expect_blamed("masked-rows-zero", "softmax");
}

Test(blame, names_two_operations_of_two_mistakes) {
    f = run_fixture_open("windows-3-all");
    expect_blamed("rotary-interleaved,two-softmaxes-added", "rotary softmax");
}

/* What the original dumped itself: nothing in it is at fault, whatever the case. */
Test(blame, the_original_is_right) {
    static const char *const names[] = {
        "decode-pads",     "memory-f16",   "classify-multi",          "generate-pads",   "torch-attention",
        "inputs-embeds",   "beam-reorder", "memory-no-positions-all", "labels",          "grouping",
        "context-above-w", "act-mish",     "half-bf16-decode",        "half-f16-windows"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        f = run_fixture_open(names[i]);
        assay_blame b = blame(run_fixture_golden(&f));
        cr_expect_not(assay_blame_found(&b), "%s: '%s' is blamed", names[i], at_fault(&b));
        cr_expect_gt(b.counts[ASSAY_BLAME_RIGHT], 3, "%s", names[i]);
        assay_blame_free(&b);
        run_fixture_close(&f);
    }
    f = run_fixture_open("one-window");
}

/* A mistake shows through the roundings of half precision too. */
Test(blame, names_the_operation_in_half_precision) {
    f = run_fixture_open("half-bf16-decode");
    assay_loaded_model_free(&f.model);
    cr_assert_eq(assay_load_golden_model(&f.model, &f.golden, NULL, ASSAY_BF16, NULL), ASSAY_OK);
    expect_blamed("scale-missing", "scores");
    expect_blamed("rotary-interleaved", "rotary");
    expect_blamed("norm-weight-plus-one", "norm");
    expect_blamed("up-activated", "mlp");
    run_all_stages("");
    assay_blame b = blame(run_fixture_pick(&f, ""));
    cr_expect_not(assay_blame_found(&b), "'%s' is blamed", at_fault(&b));
    assay_blame_free(&b);
}

/* A mistake before it is inherited, and said so. */
Test(blame, tells_own_from_inherited) {
    f = run_fixture_open("windows-3-all");
    run_all_stages("rotary-backwards");
    assay_blame b = blame(run_fixture_pick(&f, ""));
    for (size_t i = 0; i < b.count; i++) {
        const assay_blame_entry *e = &b.entries[i];
        if (e->place.stage != ASSAY_STAGE_LOGITS) continue;
        cr_expect_eq(e->verdict, ASSAY_BLAME_INHERITED);
        cr_expect_leq(e->own, e->tolerance);
        cr_expect_gt(e->inherited, 1000 * e->tolerance);
        cr_expect_float_eq(e->inherited, e->total, 2 * e->tolerance);
    }
    assay_blame_free(&b);
}

/* Without the stages between, all that lie between are suspects, and none is blamed. */
Test(blame, suspects_what_was_not_dumped) {
    f = run_fixture_open("windows-3-all");
    run_all_stages("scale-missing");
    assay_blame b = blame(run_fixture_pick(&f, "attn_probs"));
    cr_expect_str_empty(at_fault(&b));
    assay_stage_set some = ASSAY_STAGE_BIT(ASSAY_STAGE_ATTN_SCORES) | ASSAY_STAGE_BIT(ASSAY_STAGE_ROTATE_QUERY) |
                           ASSAY_STAGE_BIT(ASSAY_STAGE_EMBED_TOKENS) | ASSAY_STAGE_BIT(ASSAY_STAGE_ATTN_PROBS);
    cr_expect_eq(b.suspects & some, some);
    cr_expect_eq(b.suspects & ASSAY_STAGE_BIT(ASSAY_STAGE_LOGITS), 0);
    assay_blame_free(&b);
    b = blame(run_fixture_pick(&f, "logits"));
    cr_expect_eq(b.counts[ASSAY_BLAME_SUSPECT], 1);
    assay_blame_free(&b);
}

/* A stage that is missing beside its neighbours is judged with the one that reads it. */
Test(blame, narrows_down_to_neighbours) {
    f = run_fixture_open("windows-3-all");
    run_all_stages("scale-missing");
    assay_tensor_map *dump = assay_tensor_map_create();
    for (size_t i = 0; i < assay_tensor_map_count(f.trace.tensors); i++) {
        const char *name = assay_tensor_map_name(f.trace.tensors, i);
        if (strstr(name, "attn_scores")) continue;
        cr_assert_eq(assay_tensor_map_put_copy(dump, name, assay_tensor_map_at(f.trace.tensors, i), NULL), ASSAY_OK);
    }
    assay_source source;
    cr_assert_eq(assay_source_of_map(&source, dump, &f.trace.source.info, NULL, 0, NULL), ASSAY_OK);
    assay_blame b = blame(&source);
    cr_expect_str_empty(at_fault(&b));
    cr_expect_eq(b.suspects, ASSAY_STAGE_BIT(ASSAY_STAGE_ATTN_SCORES) | ASSAY_STAGE_BIT(ASSAY_STAGE_ATTN_PROBS), "%llx",
                 (unsigned long long)b.suspects);
    assay_blame_free(&b);
    assay_source_close(&source);
    assay_tensor_map_destroy(dump);
}

static assay_tensor *tensor_named(const char *path) {
    const assay_tensor *t = assay_tensor_map_get(f.picked, path);
    cr_assert_not_null(t, "%s", path);
    return (assay_tensor *)(uintptr_t)t;
}

Test(blame, nan_and_single_numbers_are_faults) {
    f = run_fixture_open("windows-3-all");
    run_all_stages("");
    const assay_source *dump = run_fixture_pick(&f, "");
    float *logits = tensor_named("steps/0/logits")->data;
    float kept = logits[5];
    logits[5] = NAN;
    assay_blame b = blame(dump);
    cr_expect_str_eq(at_fault(&b), "head");
    assay_blame_free(&b);
    logits[5] = kept;
    ((int64_t *)tensor_named("steps/0/windows/1/layers/0/self_attn.rel_pos_ids")->data)[1]++;
    b = blame(dump);
    cr_expect(b.operations[ASSAY_OPERATION_POSITIONS].faults == 1);
    assay_blame_free(&b);
}

Test(blame, tokens_are_those_of_the_largest_logits) {
    f = run_fixture_open("generate");
    run_all_stages("");
    const assay_source *dump = run_fixture_pick(&f, "");
    assay_blame b = blame(dump);
    cr_expect_not(assay_blame_found(&b), "%s", at_fault(&b));
    assay_blame_free(&b);
    const assay_tensor *tokens = tensor_named("steps/0/tokens");
    ((int64_t *)tokens->data)[assay_tensor_count(tokens) - 1] ^= 1;
    b = blame(dump);
    cr_expect_str_eq(at_fault(&b), "tokens");
    assay_blame_free(&b);
}

Test(blame, refuses_what_it_cannot_judge) {
    f = run_fixture_open("windows-3-all");
    run_all_stages("");
    assay_blame b;
    assay_error err = {0};
    assay_status st =
        assay_blame_run(&b, &f.golden, f.path, run_fixture_pick(&f, "no such tensor"), &(assay_arithmetic){0}, &err);
    cr_expect_eq(st, ASSAY_EINPUT);
    cr_expect_not_null(strstr(err.message, "holds no tensor"));
}
