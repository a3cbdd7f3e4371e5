#include "reports/markdown_report.h"

#include "reports/report_fixture.h"
#include "reports/report_text_fixture.h"

Test(markdown_report, says_what_a_reader_of_a_summary_needs) {
    assay_result r = report_fixture();
    char *text = report_text(assay_report_markdown, &r);
    cr_assert_eq(strncmp(text, "## ❌ Assay: MISMATCH\n\n1 of 3 cases match, 1 differ, ", 45), 0);
    assert_has(text,
               "**First divergence**, in case <code>überall-falsch</code>: <code>norm</code> of step 0, window 0: "
               "<code>max abs 0.5 exceeds the tolerance 0.08</code>\n\n- NORM-1: ");
    assert_has(text, "### Cases that do not match (2)\n");
    assert_has(text, "| <code>überall-falsch</code> | ❌ fail | ");
    assert_has(text,
               "| <code>broken</code> | ❌ error | 0 | 0 | 0 | 0 | 0 | 0 | <code>broken.h5 is truncated</code> |\n");
    assert_has(text, "### What fails (3), the worst first\n");
    assert_has(text, "| 0.5 | 0.08 | 6.25 | <code>max abs 0.5 exceeds the tolerance 0.08</code><br>worst (batch 0, ");
    assert_has(text, "<summary>Missing in the candidate (1)</summary>");
    assert_has(text, "<summary>Extra in the candidate (2)</summary>");
    assert_has(text, "<summary>Cases that match (1)</summary>");
    assert_has(text, "| <code>blas_kernel</code> | <code>Haswell</code> |\n");
    assert_notices_a_failing_write(assay_report_markdown, &r);
    free(text);
    assay_result_free(&r);
}

Test(markdown_report, a_pass_is_said_first) {
    assay_result r = report_fixture();
    assay_case_result_free(&r.cases[2]);
    assay_case_result_free(&r.cases[1]);
    r.case_count = 1;
    char *text = report_text(assay_report_markdown, &r);
    cr_assert_eq(strncmp(text, "## ✅ Assay: match\n\n1 of 1 case matches", 36), 0);
    assert_lacks(text, "❌");
    assert_lacks(text, "###");
    free(text);
    assay_result_free(&r);
}

/* Nine columns have ten borders, whatever the cells hold: nothing of a text is markup, a line or a border. */
Test(markdown_report, no_cell_breaks) {
    assay_result r = report_fixture();
    make_hostile(&r);
    char *text = report_text(assay_report_markdown, &r);
    assert_lacks(text, "<b>");
    assert_lacks(text, "](");
    assert_lacks(text, "`");
    assert_lacks(text, "@");
    assert_lacks(text, "#12 ");
    assert_lacks(text, ":tada:");
    assert_lacks(text, "www.");
    assert_lacks(text, "://");
    assert_lacks(text, "\r");
    size_t borders = 0;
    for (char *save, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (strncmp(line, "| case |", 8) == 0 || strncmp(line, "| fact |", 8) == 0) borders = count_of(line, "|");
        if (line[0] == '|') cr_assert_eq(count_of(line, "|"), borders, "%s", line);
    }
    cr_assert_eq(borders, 3, "the facts are last");
    free(text);
    assay_result_free(&r);
}

static void multiply(assay_result *r, size_t count) {
    for (size_t i = 0; i < count; i++) {
        assay_case_result c = r->cases[1];
        char name[1001];
        memset(name, i % 3 ? 'n' : '|', 1000);
        snprintf(name, sizeof name, "%zu", i);
        name[strlen(name)] = '-';
        name[1000] = '\0';
        c.name = strdup(name), c.golden_name = strdup(name), c.candidate_name = strdup(name);
        c.waivers = (assay_waiver_uses){0};
        c.entries = NULL;
        c.entry_count = c.entry_capacity = 0;
        for (size_t k = 0; k < r->cases[1].entry_count; k++) {
            assay_entry e = r->cases[1].entries[k];
            memset(e.reason, '|', sizeof e.reason - 1);
            memset(e.path, '|', sizeof e.path - 1);
            cr_assert_eq(assay_case_result_add(&c, &e, NULL), ASSAY_OK);
        }
        memset(name, '|', 1000);
        c.findings = NULL, c.finding_count = 0, c.facts = (assay_facts){0};
        assay_status st = assay_case_result_add_finding(&c, name, name, name, NULL);
        for (int k = 0; k < 5 && !st; k++) st = assay_finding_add(&c.findings[0], name, name, name, name, NULL);
        assay_drift drift = {name, "", ASSAY_DRIFT_MOVED, ASSAY_MEASURE_RMS, -1e-300, -1e-300, 1e-300};
        memset(drift.path, '|', sizeof drift.path - 1);
        cr_assert_eq(st ? st : assay_drifts_add(&r->drifts, &drift, NULL), ASSAY_OK);
        assay_case_result_finish(&c);
        cr_assert_eq(assay_result_add_case(r, &c, NULL), ASSAY_OK);
    }
}

Test(markdown_report, is_shorter_than_github_takes_whatever_the_result) {
    assay_result r = report_fixture();
    multiply(&r, 10000);
    r.drifts.baseline = strdup("b.json");
    cr_assert_eq(assay_result_set_fact(&r, "command", r.cases[9].findings[0].summary, NULL), ASSAY_OK);
    for (int i = 0; i < 500; i++) {
        char key[1001];
        snprintf(key, sizeof key, "%0999d", i);
        cr_assert_eq(assay_result_set_fact(&r, key, key, NULL), ASSAY_OK);
    }
    char *text = report_text(assay_report_markdown, &r);
    cr_assert_lt(strlen(text), ASSAY_MARKDOWN_NBYTES_MAX);
    const char *cases = strstr(text, "### Cases that do not match (10002)\n");
    cr_assert_not_null(cases);
    const char *more = strstr(cases, "\n… and ");
    cr_assert_not_null(more);
    size_t left_out = strtoul(more + strlen("\n… and "), NULL, 10), rows = 0;
    for (const char *at = strstr(cases, "\n| ---"); at < more; at = strchr(at + 1, '\n'))
        rows += strncmp(at, "\n| <", 4) == 0;
    cr_assert_eq(rows + left_out, 10002, "%zu rows, %zu left out", rows, left_out);
    cr_assert_eq(count_of(text, "\n… and "), 8);
    cr_assert_eq(count_of(text, "<details>"), count_of(text, "</details>"));
    free(text);
    assay_result_free(&r);
}

Test(markdown_report, lists_what_moved_since_the_baseline) {
    assay_result r = report_fixture();
    report_fixture_drift(&r);
    char *text = report_text(assay_report_markdown, &r);
    assert_has(text, "### Since the baseline <code>baseline&#124;.json</code> (2)\n");
    assert_has(
        text,
        "| <code>right</code> | <code>steps/0/windows/0/norm</code> | ❌ moved: rms 0.5 before, +inf now, the noise "
        "ends at 1.25 |\n| <code>right</code> | <code>the whole case</code> | new: places 0 before, 2 now |\n");
    free(text);
    assay_result_free(&r);
}
