#include "compare/suggest_rules.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "golden/test_scratch.h"

#define SURE 0.99

static assay_suggested entry(int64_t window, int64_t layer, assay_stage stage, const char *from) {
    return (assay_suggested){.place = {0, window, layer, stage}, .from = (char *)from, .confidence = SURE};
}

/* The rules of entries and of tensors that are no stage; the caller frees them. */
static assay_suggested_rule *rules_of(assay_suggested *entries, size_t count, const char *unused, size_t *rule_count) {
    char *spare[] = {(char *)unused};
    const assay_suggestion s = {.entries = entries, .count = count, .unused = spare, .unused_count = unused ? 1 : 0};
    assay_suggested_rule *rules;
    EXPECT_OK(assay_suggestion_rules(&rules, rule_count, &s, &expect_err));
    return rules;
}

static void expect_rules(assay_suggested *entries, size_t count, const char *unused, const char *const (*expected)[2],
                         size_t expected_count) {
    size_t n;
    assay_suggested_rule *rules = rules_of(entries, count, unused, &n);
    cr_assert_eq(n, expected_count, "%zu rules, the first from %s", n, rules[0].from);
    for (size_t i = 0; i < n; i++) {
        cr_expect_str_eq(rules[i].from, expected[i][0]);
        cr_expect_str_eq(rules[i].to, expected[i][1]);
    }
    free(rules);
}

#define PATH "steps/0/windows/"

Test(suggest_rules, numbers_become_placeholders) {
    assay_suggested entries[] = {entry(0, 0, ASSAY_STAGE_Q_PROJ, "w0.q-0"), entry(0, 1, ASSAY_STAGE_Q_PROJ, "w0.q-1"),
                                 entry(1, 0, ASSAY_STAGE_Q_PROJ, "w1.q-0"), entry(1, 1, ASSAY_STAGE_Q_PROJ, "w1.q-1"),
                                 entry(1, -1, ASSAY_STAGE_NORM, "norm")};
    static const char *const rules[][2] = {{"w{window}.q-{layer}", PATH "{window}/layers/{layer}/self_attn.q_proj"},
                                           {"norm", PATH "1/norm"}};
    expect_rules(entries, 5, NULL, rules, 2);
    expect_rules(entries, 5, "w2.k-0", rules, 2);
}

/* A rule must take nothing else: not a tensor that is no stage, not one of another layout or another place. */
Test(suggest_rules, a_rule_takes_its_entries_alone) {
    assay_suggested entries[] = {entry(0, 0, ASSAY_STAGE_Q_PROJ, "q-0"), entry(0, 1, ASSAY_STAGE_Q_PROJ, "q-1")};
    static const char *const alone[][2] = {{"q-0", PATH "0/layers/0/self_attn.q_proj"},
                                           {"q-1", PATH "0/layers/1/self_attn.q_proj"}};
    expect_rules(entries, 2, "q-2", alone, 2);
    entries[1].op_count = 1;
    expect_rules(entries, 2, NULL, alone, 2);
    entries[1].op_count = 0;
    entries[1].confidence = 0.5;
    expect_rules(entries, 2, NULL, alone, 2);
    entries[1] = entry(0, 1, ASSAY_STAGE_Q_PROJ, "q-01");
    static const char *const zeros[][2] = {{"q-{layer}", PATH "0/layers/{layer}/self_attn.q_proj"}};
    expect_rules(entries, 2, NULL, zeros, 1);
}
