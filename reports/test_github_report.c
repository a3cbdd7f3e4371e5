#include "reports/github_report.h"

#include "reports/report_fixture.h"
#include "reports/report_text_fixture.h"

Test(github_report, the_worst_first_and_a_count) {
    assay_result r = report_fixture();
    char *text = report_text(assay_report_github, &r);
    assert_has(text, "::error title=broken::broken.h5 is truncated\n::error title=überall-falsch steps/");
    assert_has(text,
               "\n::error title=überall-falsch steps/0/windows/0/norm::max abs 0.5 exceeds the tolerance 0.08 (see "
               "NORM-1 OUT-1)%0Aworst element (batch 0, token 1, dim 0): golden 4, candidate 4.5\n"
               "::warning title=Assay%3A MISMATCH::1 of 3 cases match, 1 differ, 1 could not be compared; ");
    cr_assert_eq(count_of(text, "::error "), 4);
    assert_notices_a_failing_write(assay_report_github, &r);
    free(text);
    assay_result_free(&r);
}

Test(github_report, a_pass_is_one_notice) {
    assay_result r = report_fixture();
    assay_case_result_free(&r.cases[2]);
    assay_case_result_free(&r.cases[1]);
    r.case_count = 1;
    char *text = report_text(assay_report_github, &r);
    cr_assert_str_eq(text,
                     "::notice title=Assay%3A match::1 of 1 case matches, 0 differ, 0 could not be compared; 2 stages "
                     "judged\n");
    free(text);
    assay_result_free(&r);
}

Test(github_report, nothing_compared_is_an_error) {
    assay_result r = {0};
    char *text = report_text(assay_report_github, &r);
    assert_has(text, "::error title=Assay%3A MISMATCH::0 of 0 cases match");
    free(text);
}

/* GitHub shows ten errors of a step: no more are written, and the last line says how many there are. */
Test(github_report, shows_ten_of_many) {
    assay_result r = report_fixture();
    assay_case_result *c = &r.cases[1];
    for (int i = 0; i < 90; i++) {
        assay_entry e = *entry_of(c, REPORT_NORM);
        e.ratio_tolerance = i;
        snprintf(e.path, sizeof e.path, "steps/%d", i);
        cr_assert_eq(assay_case_result_add(c, &e, NULL), ASSAY_OK);
    }
    assay_case_result_finish(c);
    char *text = report_text(assay_report_github, &r);
    cr_assert_eq(count_of(text, "::error "), 10);
    assert_has(text, "::error title=überall-falsch steps/89::");
    assert_lacks(text, "steps/82::");
    assert_has(text, "::the worst 10 of 94 failures are shown; 1 of 3 cases match");
    free(text);
    assay_result_free(&r);
}

/* A line is a command of ours or none. */
Test(github_report, no_text_of_a_file_makes_a_command) {
    assay_result r = report_fixture();
    size_t lines = 0;
    make_hostile(&r);
    char *text = report_text(assay_report_github, &r);
    assert_lacks(text, "\r");
    assert_lacks(text, "\x1b");
    assert_has(text, "%0A::error::x%0D##[error]y %250A");
    assert_has(text, "www.e.x%0A%3A%3Aerror%3A%3Ax%0D");
    for (char *save, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save), lines++)
        cr_assert(strncmp(line, "::error title=", 14) == 0 || strncmp(line, "::warning title=", 16) == 0, "%s", line);
    cr_assert_eq(lines, 6);
    free(text);
    assay_result_free(&r);
}

Test(github_report, a_drift_is_an_error) {
    assay_result r = report_fixture();
    report_fixture_drift(&r);
    char *text = report_text(assay_report_github, &r);
    assert_has(
        text,
        "\n::error title=right steps/0/windows/0/norm::moved: rms 0.5 before, +inf now, the noise ends at 1.25\n");
    assert_has(text, "; 1 drift since the baseline\n");
    cr_assert_eq(count_of(text, "::error "), 5);
    free(text);
    assay_result_free(&r);
}
