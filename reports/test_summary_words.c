#include "reports/summary_words.h"

#include <criterion/criterion.h>
#include <string.h>

#include "reports/html_report.h"
#include "reports/markdown_report.h"
#include "reports/report_situations_fixture.h"
#include "reports/report_text_fixture.h"
#include "reports/text.h"

static assay_status write_text(FILE *out, const assay_result *r, assay_error *err) {
    return assay_report_text(out, r, NULL, err);
}

/* A case with so many entries of each verdict. */
static void add_case(assay_result *r, const size_t counts[ASSAY_VERDICT_COUNT]) {
    assay_case_result c = {.name = strdup("a"), .golden_name = strdup("g"), .candidate_name = strdup("c")};
    for (int v = 0; v < ASSAY_VERDICT_COUNT; v++)
        for (size_t i = 0; i < counts[v]; i++) {
            assay_entry e = {.kind = ASSAY_ENTRY_STEP, .verdict = (assay_verdict)v};
            cr_assert_eq(assay_case_result_add(&c, &e, NULL), ASSAY_OK);
        }
    assay_case_result_finish(&c);
    cr_assert_eq(assay_result_add_case(r, &c, NULL), ASSAY_OK);
}

static void check(const size_t counts[ASSAY_VERDICT_COUNT], const char *expected) {
    assay_result r = {0};
    char text[ASSAY_SUMMARY_TEXT];
    add_case(&r, counts);
    cr_expect_str_eq(assay_summary_text(&r, text), expected);
    assay_result_free(&r);
}

Test(summary_words, one_is_not_many) {
    check(
        (const size_t[ASSAY_VERDICT_COUNT]){[ASSAY_VERDICT_PASS] = 1, [ASSAY_VERDICT_MISSING] = 1},
        "1 of 1 case matches, 0 differ, 0 could not be compared; 1 stage judged, 1 that the goldens hold was missing");
    check((const size_t[ASSAY_VERDICT_COUNT]){[ASSAY_VERDICT_PASS] = 2,
                                              [ASSAY_VERDICT_FAIL] = 3,
                                              [ASSAY_VERDICT_MISSING] = 4,
                                              [ASSAY_VERDICT_MISSING_REQUIRED] = 5,
                                              [ASSAY_VERDICT_WAIVED] = 6},
          "0 of 1 case matches, 1 differ, 0 could not be compared; 5 stages judged, 6 failures waived, 9 that the "
          "goldens hold were missing (5 of them required)");
}

/* One stage that is required is missing among ten, one is waived: no report counts it as failed, nor that as judged. */
Test(summary_words, all_reports_count_the_same) {
    assay_result r = situation_result(SITUATION_MISSING);
    char *text = report_text(write_text, &r), *html = report_text(assay_report_html, &r),
         *markdown = report_text(assay_report_markdown, &r);
    assert_has(text, "\nwindows-3  fail (1 waived)      48       0       10 ");
    assert_has(text, "\npast/mem_key                     0       0 ");
    assert_has(text, "48 stages judged, 1 failure waived, 10 that the goldens hold were missing (1 of them required)");
    assert_has(markdown, "| ❌ fail | 48 | 0 | 10 |");
    assert_has(html, "<b>0</b> ✗ failed<");
    assert_has(html, "<summary>✗ Failed, or missing and required <span class=\"count\">1<");
    assert_has(html, "<summary>– Missing, and not required <span class=\"count\">9<");
    assert_has(html, "<b>10</b> – missing, 1 of them required<");
    assert_has(html, ">✗ fail</td><td>48</td><td>0</td><td>10</td>");
    assert_has(html, "48 passed, 10 missing (1 of them required)<");
    assert_has(
        html,
        "1 could not be compared; 48 stages judged, 1 failure waived, 10 that the goldens hold were missing (1 of");
    assert_has(html, "48 judged stages are within their tolerances");
    free(text), free(html), free(markdown);
    assay_result_free(&r);
}
