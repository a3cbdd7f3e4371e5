#include "reports/junit_report.h"

#include "core/random.h"
#include "reports/large_result_fixture.h"
#include "reports/report_fixture.h"
#include "reports/report_text_fixture.h"

/* Number of an attribute of the first element that starts like this. */
static size_t number_in(const char *text, const char *element, const char *attribute) {
    char pattern[64];
    const char *at = strstr(text, element);
    cr_assert_not_null(at);
    snprintf(pattern, sizeof pattern, " %s=\"", attribute);
    at = strstr(at, pattern);
    cr_assert_not_null(at);
    return strtoul(at + strlen(pattern), NULL, 10);
}

/* xmllint takes the text as XML that reports/junit.xsd describes. */
static void assert_valid(const char *text) {
    FILE *xmllint = popen(
        "xmllint --noout --nonet --schema reports/junit.xsd - 2>&1 |"
        " awk '/^- validates$/ {ok = 1; next} {print > \"/dev/stderr\"} END {exit !ok}'",
        "w");
    cr_assert_not_null(xmllint);
    fputs(text, xmllint);
    cr_assert_eq(pclose(xmllint), 0, "xmllint complains about\n%s", text);
}

/* The counts of the root are those of the elements, and a result that did not pass is red. */
static void assert_counts(const char *text, const assay_result *r) {
    size_t failures = count_of(text, "<failure "), errors = count_of(text, "<error ");
    cr_assert_eq(number_in(text, "<testsuites", "tests"), count_of(text, "<testcase "));
    cr_assert_eq(number_in(text, "<testsuites", "failures"), failures);
    cr_assert_eq(number_in(text, "<testsuites", "errors"), errors);
    cr_assert_eq(number_in(text, "<testsuites", "skipped"), count_of(text, "<skipped "));
    cr_assert_eq(failures + errors == 0, assay_result_passed(r), "%s", text);
}

Test(junit_report, says_what_failed_and_what_was_not_judged) {
    assay_result r = report_fixture();
    char *text = report_text(assay_report_junit, &r);
    assert_has(text, "<testsuite name=\"right\" tests=\"2\" failures=\"0\" errors=\"0\" skipped=\"0\"");
    assert_has(text,
               "<testcase classname=\"überall-falsch.step 0, window 0\" name=\"steps/0/windows/0/norm\" time=\"0\">");
    assert_has(text,
               "<failure message=\"max abs 0.5 exceeds the tolerance 0.08\" type=\"deviation\">max abs 0.5 exceeds");
    assert_has(text, "rules NORM-1 OUT-1\nworst element (batch 0, token 1, dim 0): golden 4, candidate 4.5\n");
    assert_has(text, "type=\"class\">NaN where the golden has finite, at 1 of 2 places");
    assert_has(text, "<skipped message=\"missing: the candidate lacks it\"/>");
    assert_has(text, "<skipped message=\"extra: the golden lacks it\"/>");
    assert_has(text, "<skipped message=\"not_compared: the window schedules differ\"/>");
    assert_has(text, "type=\"schedule\">another window schedule");
    assert_has(text, "<error message=\"broken.h5 is truncated\" type=\"not_compared\">broken.h5 is truncated</error>");
    assert_has(text, "<property name=\"ratio\" value=\"6.25\"/>");
    assert_has(text, "<property name=\"blas_kernel\" value=\"Haswell\"/>");
    assert_has(text, "<property name=\"first_divergence\" value=\"steps/0/windows/0/norm\"/>");
    assert_counts(text, &r);
    assert_valid(text);
    assert_notices_a_failing_write(assay_report_junit, &r);
    free(text);
    assay_result_free(&r);
}

Test(junit_report, is_legal_whatever_texts_it_holds) {
    assay_result r = report_fixture();
    make_hostile(&r);
    r.cases[0].seconds = NAN, r.cases[1].seconds = INFINITY, r.cases[2].seconds = -1;
    char *text = report_text(assay_report_junit, &r);
    assert_valid(text);
    assert_counts(text, &r);
    assert_lacks(text, "\x1b");
    assert_has(text, "&#10;::error::x&#13;##[error]y %0A&#9;\xef\xbf\xbd[31m\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd(");
    free(text);
    assay_result_free(&r);
}

/* What no case of shows anything must not be green: skipped test cases are. */
Test(junit_report, nothing_compared_is_no_pass) {
    assay_result r = {0};
    char *text = report_text(assay_report_junit, &r);
    assert_has(text, "<error message=\"there is no case: nothing was compared\" type=\"nothing_compared\">");
    assert_has(text, "<property name=\"summary\" value=\"0 of 0 cases match, ");
    assert_counts(text, &r);
    assert_valid(text);
    free(text);
    assay_case_result one;
    cr_assert_eq(assay_case_result_unsupported(&one, "long", "long.h5", "too long", NULL), ASSAY_OK);
    cr_assert_eq(assay_result_add_case(&r, &one, NULL), ASSAY_OK);
    text = report_text(assay_report_junit, &r);
    assert_has(text, "<skipped message=\"too long\"/>");
    assert_has(text, "<error message=\"the port says that it cannot run any of the cases: nothing was compared\"");
    assert_counts(text, &r);
    assert_valid(text);
    free(text);
    assay_result_free(&r);
}

/* A case whose entries are all missing fails, though none of them does. */
Test(junit_report, a_case_without_evidence_fails) {
    assay_result r = report_fixture();
    for (int i = 0; i < 2; i++) {
        assay_case_result *c = &r.cases[i];
        c->verdict = ASSAY_CASE_PASS;
        for (size_t k = 0; k < c->entry_count; k++) c->entries[k].verdict = ASSAY_VERDICT_MISSING;
        assay_case_result_finish(c);
    }
    assay_case_result_free(&r.cases[--r.case_count]);
    char *text = report_text(assay_report_junit, &r);
    assert_has(
        text,
        "<testcase classname=\"right.case\" name=\"comparison\" time=\"0\">\n<failure message=\"nothing was compared");
    assert_counts(text, &r);
    assert_valid(text);
    free(text);
    assay_result_free(&r);
}

/* Whatever the verdicts of entries and cases are, counts agree, and red is what did not pass. */
Test(junit_report, is_red_exactly_when_the_result_did_not_pass) {
    for (uint64_t seed = 0; seed < 200; seed++) {
        assay_result r = report_fixture();
        for (size_t i = 0; i < r.case_count; i++) {
            assay_case_result *c = &r.cases[i];
            uint64_t kind = assay_random_at(seed, 100 + i) % 4;
            c->verdict = kind < 2 ? ASSAY_CASE_PASS : (assay_case_verdict)kind;
            bool calm = kind == ASSAY_CASE_UNSUPPORTED || assay_random_at(seed, 200 + i) % 2;
            for (size_t k = 0; k < c->entry_count; k++)
                c->entries[k].verdict = calm
                                            ? ASSAY_VERDICT_PASS
                                            : (assay_verdict)(assay_random_at(seed, i * 20 + k) % ASSAY_VERDICT_WAIVED);
            assay_case_result_finish(c);
        }
        char *text = report_text(assay_report_junit, &r);
        assert_counts(text, &r);
        if (seed < 10) assert_valid(text);
        free(text);
        assay_result_free(&r);
    }
}

/* What GitLab takes. */
Test(junit_report, of_50000_test_cases_is_below_30_megabytes) {
    for (int fails = 0; fails < 2; fails++) {
        assay_result r = {0};
        cr_assert(large_result(&r, 10, 5000, fails));
        char *text = report_text(assay_report_junit, &r);
        cr_assert_eq(number_in(text, "<testsuites", "tests"), 50000);
        cr_assert_lt(strlen(text), 30 * 1000 * 1000);
        free(text);
        assay_result_free(&r);
    }
}

/* So are many cases of few places, with all that verify knows of each. */
Test(junit_report, of_10000_cases_is_below_30_megabytes) {
    char provenance[2000], digest[65], command[5000];
    memset(provenance, '"', sizeof provenance - 1), provenance[sizeof provenance - 1] = '\0';
    memset(command, '<', sizeof command - 1), command[sizeof command - 1] = '\0';
    for (int fails = 0; fails < 2; fails++) {
        assay_result r = {0};
        cr_assert(large_result(&r, 10000, 2, fails));
        for (size_t i = 0; i < r.case_count; i++) {
            assay_facts *facts = &r.cases[i].facts;
            snprintf(digest, sizeof digest, "%064zu", i);
            const char *all[][2] = {{"provenance", provenance},
                                    {"case_sha256", digest},
                                    {"config_sha256", digest},
                                    {"weights_xxh128", digest + 32},
                                    {"producer", "assay-export 1.0.0"},
                                    {"rules", provenance},
                                    {"model", "2 layers, hidden size 32, 2 heads, window 16, last context 8"}};
            for (size_t k = 0; k < sizeof all / sizeof *all; k++)
                cr_assert_eq(assay_facts_set(facts, all[k][0], all[k][1], NULL), ASSAY_OK);
        }
        cr_assert_eq(assay_result_set_fact(&r, "command", command, NULL), ASSAY_OK);
        char *text = report_text(assay_report_junit, &r);
        cr_assert_lt(strlen(text), 30 * 1000 * 1000, "%zu bytes", strlen(text));
        cr_assert_eq(count_of(text, "name=\"command\""), 1);
        cr_assert_eq(count_of(text, "name=\"summary\""), 1);
        cr_assert_eq(count_of(text, "name=\"producer\""), 1);
        cr_assert_eq(count_of(text, "name=\"case_sha256\""), 10000);
        assert_lacks(text, "name=\"provenance\"");
        free(text);
        assay_result_free(&r);
    }
}

/* A time that is no time is not shown. */
Test(junit_report, leaves_out_times_that_make_no_sense) {
    assay_result r = report_fixture();
    r.cases[0].seconds = 1e300, r.cases[1].seconds = 2.5;
    char *text = report_text(assay_report_junit, &r);
    assert_has(text, "<testsuite name=\"right\" tests=\"2\" failures=\"0\" errors=\"0\" skipped=\"0\" time=\"0.000\"");
    assert_has(text, "time=\"2.500\">\n<testsuite");
    assert_valid(text);
    free(text);
    assay_result_free(&r);
}

/* A run in which every case matches is red when something moved. */
Test(junit_report, a_drift_is_a_failure) {
    assay_result r = report_fixture();
    assay_case_result_free(&r.cases[--r.case_count]);
    assay_case_result_free(&r.cases[--r.case_count]);
    report_fixture_drift(&r);
    char *text = report_text(assay_report_junit, &r);
    assert_has(text,
               "<testsuite name=\"baseline baseline|.json\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"1\"");
    assert_has(
        text,
        "name=\"rms of steps/0/windows/0/norm\" time=\"0\">\n<failure message=\"moved: rms 0.5 before, +inf now, "
        "the noise ends at 1.25\" type=\"drift\">");
    assert_has(text, "<skipped message=\"new: places 0 before, 2 now\"/>");
    assert_counts(text, &r);
    assert_valid(text);
    free(text);
    assay_result_free(&r);
}

Test(junit_report, a_baseline_without_drift_passes) {
    assay_result r = report_fixture();
    r.drifts.baseline = strdup("b.json");
    char *text = report_text(assay_report_junit, &r);
    assert_has(text, "<testsuite name=\"baseline b.json\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\"");
    assert_counts(text, &r);
    assert_valid(text);
    free(text);
    assay_result_free(&r);
}
