#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "reports/findings.h"

static assay_hypothesis hypothesis(const char *name, bool same) {
    assay_hypothesis h = {.mistakes = {assay_variant_find(name)}, .mistake_count = 1, .same_as_best = same};
    cr_assert_not_null(h.mistakes[0]);
    strcpy(h.original.first_path, "steps/0/past/1/mem_key");
    return h;
}

static assay_diagnosis diagnosis(assay_hypothesis *ranking, size_t count, assay_diagnosis_verdict verdict) {
    return (assay_diagnosis){.verdict = verdict, .ranking = ranking, .ranking_count = count};
}

static const assay_finding *add(assay_case_result *c, const assay_diagnosis *d) {
    assay_error err;
    cr_assert_eq(assay_findings_add_diagnosis(c, d, &err), ASSAY_OK);
    return assay_case_result_finding(c, "diagnosis");
}

Test(findings, an_explanation_names_its_mistake_and_its_equals) {
    assay_hypothesis ranking[] = {hypothesis("memory-keys-at-position-ids", false),
                                  hypothesis("gate-and-up-swapped", true), hypothesis("flip-at-window", false)};
    assay_diagnosis d = diagnosis(ranking, 3, ASSAY_DIAGNOSIS_EXPLAINED);
    assay_case_result c = {0};
    const assay_finding *f = add(&c, &d);
    cr_expect_str_eq(f->verdict, "explained");
    cr_expect(strstr(f->summary, "memory-keys-at-position-ids"), "%s", f->summary);
    cr_assert_eq(f->count, 2);
    cr_expect_str_eq(f->items[0].rules, "MEM-1");
    cr_expect_str_eq(f->items[0].path, "steps/0/past/1/mem_key");
    cr_expect_str_eq(f->items[1].name, "gate-and-up-swapped");
    assay_case_result_free(&c);
}

Test(findings, what_nothing_explains_has_no_items) {
    assay_hypothesis ranking[] = {hypothesis("flip-at-window", false)};
    assay_diagnosis d = diagnosis(ranking, 1, ASSAY_DIAGNOSIS_UNKNOWN);
    assay_case_result c = {0};
    const assay_finding *f = add(&c, &d);
    cr_expect_str_eq(f->verdict, "unknown");
    cr_expect_eq(f->count, 0);
    assay_case_result_free(&c);
}

Test(findings, blame_lists_operations_at_fault_alone_where_there_are_any) {
    assay_blame_entry entries[] = {
        {.place = {0, 0, 0, ASSAY_STAGE_Q_PROJ}, .path = "steps/0/windows/0/layers/0/self_attn.q_proj"},
        {.place = {0, -1, -1, ASSAY_STAGE_LOGITS}, .path = "steps/0/logits"}};
    assay_blame b = {.entries = entries, .count = 2, .suspects = 1};
    b.operations[ASSAY_OPERATION_PROJECTIONS] = (assay_blame_summary){.judged = 1, .faults = 1};
    b.operations[ASSAY_OPERATION_HEAD] = (assay_blame_summary){.judged = 1, .suspects = 1, .first = 1};
    b.counts[ASSAY_BLAME_FAULT] = 1;
    assay_case_result c = {0};
    assay_error err;
    cr_assert_eq(assay_findings_add_blame(&c, &b, &err), ASSAY_OK);
    const assay_finding *f = assay_case_result_finding(&c, "blame");
    cr_expect_str_eq(f->verdict, "fault");
    cr_expect_str_eq(f->summary, "1 of 2 stages that were judged does not follow from the candidate's own inputs.");
    cr_assert_eq(f->count, 1);
    cr_expect_str_eq(f->items[0].name, "projections");
    cr_expect_str_eq(f->items[0].rules, "HEAD-1");
    assay_case_result_free(&c);
}

Test(findings, mistakes_of_a_scorecard_are_a_diagnosis) {
    const assay_variant *mistakes[] = {assay_variant_find("flip-at-window"), assay_variant_find("gate-and-up-swapped")};
    assay_case_result c = {0};
    assay_error err;
    cr_assert_eq(assay_findings_add_mistakes(&c, mistakes, 2, "steps/1/logits", &err), ASSAY_OK);
    const assay_finding *f = assay_case_result_finding(&c, "diagnosis");
    cr_expect_str_eq(f->summary, "Any of these 2 mistakes explains it equally well.");
    cr_assert_eq(f->count, 2);
    cr_expect_str_eq(f->items[1].path, "steps/1/logits");
    assay_case_result_free(&c);
}
