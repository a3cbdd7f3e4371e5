#include "compare/result.h"

#include "compare/compare_fixture.h"

Test(result, facts_are_replaced_by_key) {
    assay_result r = {0};
    cr_assert_eq(assay_result_set_fact(&r, "threads", "1", NULL), ASSAY_OK);
    cr_assert_eq(assay_result_set_fact(&r, "blas", "Haswell", NULL), ASSAY_OK);
    cr_assert_eq(assay_result_set_fact(&r, "threads", "2", NULL), ASSAY_OK);
    cr_assert_eq(r.facts.count, 2);
    cr_assert_str_eq(r.facts.items[0].value, "2");
    assay_result_free(&r);
}

Test(result, an_error_fails_the_run_and_keeps_its_message) {
    assay_result r = {0};
    cr_assert_not(assay_result_passed(&r), "no case is no pass");
    assay_error why = {0};
    assay_fail(&why, ASSAY_EINPUT, NULL, "cannot be read");
    assay_case_result c;
    cr_assert_eq(assay_case_result_error(&c, "a case", NULL, &why, NULL), ASSAY_OK);
    cr_assert_eq(assay_result_add_case(&r, &c, NULL), ASSAY_OK);
    cr_assert_null(c.name);
    cr_assert_eq(r.cases[0].verdict, ASSAY_CASE_ERROR);
    cr_assert_str_eq(r.cases[0].error, "cannot be read");
    cr_assert_str_eq(r.cases[0].golden_name, "");
    cr_assert_not(assay_result_passed(&r));
    assay_result_free(&r);
}

Test(result, verdict_follows_from_the_entries) {
    for (int v = 0; v < ASSAY_VERDICT_COUNT; v++) {
        assay_case_result c = {0};
        assay_entry pass = {.verdict = ASSAY_VERDICT_PASS, .has_metrics = true}, e = {.verdict = (assay_verdict)v};
        cr_assert_eq(assay_case_result_add(&c, &pass, NULL), ASSAY_OK);
        cr_assert_eq(assay_case_result_add(&c, &e, NULL), ASSAY_OK);
        assay_case_result_finish(&c);
        bool fails = v == ASSAY_VERDICT_FAIL || v == ASSAY_VERDICT_MISSING_REQUIRED;
        cr_assert_eq(c.verdict, fails ? ASSAY_CASE_FAIL : ASSAY_CASE_PASS);
        cr_assert_eq(c.first_divergence, fails ? 1 : -1);
        assay_case_result_free(&c);
    }
}

Test(result, empty_passes_are_no_evidence) {
    assay_case_result c = {0};
    assay_entry empty = {.verdict = ASSAY_VERDICT_PASS};
    cr_assert_eq(assay_case_result_add(&c, &empty, NULL), ASSAY_OK);
    assay_case_result_finish(&c);
    cr_assert_eq(c.verdict, ASSAY_CASE_FAIL);
    assay_case_result_free(&c);
}
