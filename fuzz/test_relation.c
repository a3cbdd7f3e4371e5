/* Each relation holds on the engine, says so often enough, and is broken by a mistake about its rule. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "core/rules.h"
#include "engine/variants.h"
#include "fuzz/case_bytes.h"
#include "fuzz/relation.h"

static assay_relation_result check(const assay_relation *relation, uint64_t index,
                                   const assay_relation_mistakes *mistakes) {
    const assay_fuzz_bounds *bounds = index % 16 ? &assay_fuzz_bounds_tiny : &assay_fuzz_bounds_default;
    assay_case c;
    assay_error err;
    assay_relation_result result;
    cr_assert_eq(assay_fuzz_case_random(&c, 2, index, bounds, &err), ASSAY_OK, "%s", err.message);
    cr_assert_eq(assay_relation_check(relation, &c, mistakes, &result, &err), ASSAY_OK, "%s: case %d: %s",
                 relation->name, (int)index, err.message);
    assay_case_free(&c);
    return result;
}

Test(relation, each_holds_and_applies_often) {
    for (size_t r = 0; r < assay_relation_count(); r++) {
        const assay_relation *relation = assay_relation_at(r);
        int applied = 0, cases = 160;
        for (int i = 0; i < cases; i++) {
            assay_relation_result result = check(relation, (uint64_t)i, NULL);
            cr_assert_neq(result.verdict, ASSAY_RELATION_BROKEN, "case %d: %s", i, result.message);
            cr_assert_leq(result.distance, 0.01, "%s, case %d: little is left of the tolerance", relation->name, i);
            applied += result.verdict == ASSAY_RELATION_HOLDS;
        }
        cr_assert_geq(applied, cases / 20, "%s applies to %d of %d cases", relation->name, applied, cases);
    }
}

/* A mistake that breaks each relation. `alone`: made in the second form alone, for what no mistake in both can break. */
static const struct {
    const char *relation, *mistake;
    bool alone;
} noticed[] = {
    {"position_shift", "positions-absolute", false},
    {"batch_order", "positions-from-batch-minimum", true},
    {"row_alone", "positions-from-batch-minimum", false},
    {"cache_reorder", "memory-not-reordered", false},
    {"windows_by_hand", "short-window-first", false},
    {"decode_partition", "flip-at-window", false},
    {"flip", "flip-discards", false},
    {"later_tokens", "causal-mask-one-ahead", false},
    {"shared_windows", "short-window-first", false},
    {"unused_memory", "final-window-to-memory", false},
    {"lost_prefix", "no-split-without-memory-layers", false},
    {"memory_order", "memory-causal", false},
    {"masked_removed", "memory-mask-missing", false},
    {"memory_dtype", "memory-before-local", true},
    {"grouping", "two-softmaxes-added", true},
    {"value_scale", "memory-truncated", true},
    {"silent_memory", "prefix-windows-cached", false},
    {"tied_head", "head-untied", false},
    {"pad_id", "mask-ignored", true},
    {"hidden_tokens", "mask-ignored", false},
    {"mask_form", "mask-nonzero-keeps", false},
    {"cache_default", "no-memory-without-cache", true},
    {"longer_context", "call-context-length-ignored", true},
    {"embeddings", "embeddings-scaled", true},
    {"generation_by_hand", "generate-pads-counted", false},
    {"loss_parts", "loss-over-all", false},
    {"case_text", "theta-1e4", true},
    {"weights_file", "gate-and-up-swapped", true},
    {"dump_file", "memory-truncated", true},
};

Test(relation, each_notices_a_mistake) {
    cr_assert_eq(sizeof noticed / sizeof *noticed, assay_relation_count());
    for (size_t r = 0; r < assay_relation_count(); r++) {
        const assay_relation *relation = assay_relation_at(r);
        cr_assert_str_eq(relation->name, noticed[r].relation);
        const assay_variant *mistake = assay_variant_find(noticed[r].mistake);
        cr_assert_not_null(mistake, "%s", noticed[r].mistake);
        assay_semantics semantics = assay_variants_combine(&mistake, 1);
        assay_relation_mistakes mistakes = {noticed[r].alone ? NULL : &semantics, &semantics};
        assay_relation_result result = {0};
        for (uint64_t i = 0; i < 400 && result.verdict != ASSAY_RELATION_BROKEN; i++)
            result = check(relation, i, &mistakes);
        cr_assert_eq(result.verdict, ASSAY_RELATION_BROKEN, "%s does not notice %s", relation->name, mistake->name);
        cr_assert_not_null(strstr(result.message, relation->name));
        cr_assert_null(strchr(result.message, '\n'));
    }
}

Test(relation, each_cites_rules_that_are_there) {
    for (size_t r = 0; r < assay_relation_count(); r++) {
        const assay_relation *relation = assay_relation_at(r);
        char rules[128];
        snprintf(rules, sizeof rules, "%s", relation->rules);
        for (char *save = NULL, *id = strtok_r(rules, " ", &save); id; id = strtok_r(NULL, " ", &save))
            cr_assert_not_null(assay_rule_find(id), "%s cites %s", relation->name, id);
        cr_assert_eq(assay_relation_find(relation->name), relation);
    }
    cr_assert_null(assay_relation_find("no_such_relation"));
}
