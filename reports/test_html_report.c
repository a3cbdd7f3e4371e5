#include "reports/html_report.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "reports/html_fixture.h"
#include "reports/report_fixture.h"

static const html_fixture_size small = {3, 3, 16, 2, 1, 5}, small_pass = {3, 3, 16, 2, -1, 5};

static char *render(const assay_result *r) {
    char *page = NULL;
    size_t nbytes = 0;
    assay_error err;
    FILE *out = open_memstream(&page, &nbytes);
    cr_assert_eq(assay_report_html(out, r, &err), ASSAY_OK, "%s", err.message);
    fclose(out);
    return page;
}

static void add(assay_result *r, assay_case_result c) { cr_assert_eq(assay_result_add_case(r, &c, NULL), ASSAY_OK); }

/* The page is XML too, so that an unclosed tag or a stray quote is an error. */
static void expect_well_formed(const char *page) {
    FILE *lint = popen("xmllint --noout - 2>&1 >/dev/null", "w");
    cr_assert_not_null(lint);
    fputs(page, lint);
    cr_expect_eq(pclose(lint), 0, "the page is not well-formed");
}

static bool has(const char *page, const char *text) { return strstr(page, text) != NULL; }

static size_t count(const char *page, const char *text) {
    size_t n = 0;
    while ((page = strstr(page, text))) n++, page++;
    return n;
}

/* What stands before the style and after the script. */
static const char *body(const char *page) { return strstr(page, "<body>"); }

Test(html_report, a_result_with_one_of_everything_is_well_formed) {
    assay_result r = report_fixture();
    char *page = render(&r);
    expect_well_formed(page);
    cr_expect(has(page, "2 of 3 cases do not match"));
    cr_expect(has(page, "broken.h5 is truncated"));
    cr_expect(has(page, "überall-falsch"));
    cr_expect(has(page, "– Missing") && has(page, "+ Extra") && has(page, "? Not compared") && has(page, "✗ Failed"));
    free(page);
    assay_result_free(&r);
}

Test(html_report, the_verdict_comes_first_in_a_sentence) {
    assay_result r = {0};
    add(&r, html_fixture_case("windows", &small));
    char *page = render(&r);
    const char *verdict = strstr(page, "<h1>");
    cr_assert_not_null(verdict);
    cr_expect(has(verdict, "✗ fail</span> The case does not match: "));
    cr_expect(has(page, "attn_scores of step 0, window 1, layer 1: max abs"));
    cr_expect(has(page, "<b>ATT-1</b> a score is q.k"));
    cr_expect(strstr(page, "First divergence") < strstr(page, "id=\"cases\""));
    expect_well_formed(page);
    free(page);
    assay_result_free(&r);
}

Test(html_report, a_pass_says_how_near_it_came) {
    assay_result r = {0};
    add(&r, html_fixture_case("windows", &small_pass));
    char *page = render(&r);
    cr_expect(has(page, "✓ pass</span> The case matches: "));
    cr_expect(has(page, "judged stages are within their tolerances; the worst uses 0.4"));
    cr_expect_not(has(body(page), "First divergence</h2>"));
    expect_well_formed(page);
    free(page);
    assay_result_free(&r);
}

Test(html_report, an_empty_result_is_no_pass) {
    assay_result r = {0};
    char *page = render(&r);
    cr_expect(has(page, "✗ fail</span> There is no case: nothing was compared."));
    expect_well_formed(page);
    free(page);
}

Test(html_report, a_case_without_anything_in_common_says_so) {
    assay_result r = {0};
    assay_case_result c = {.name = strdup("none"), .golden_name = strdup("g"), .candidate_name = strdup("c")};
    assay_case_result_finish(&c);
    add(&r, c);
    char *page = render(&r);
    cr_expect(has(page, "nothing was compared: the candidate has no tensor in common with the golden"));
    expect_well_formed(page);
    free(page);
    assay_result_free(&r);
}

#define NASTY "\"><script>alert(1)</script>' onload='x \xff\x01 ]]> <!-- &lt;"

/* Texts of files end up as text, wherever they stand. */
Test(html_report, nasty_names_stay_text) {
    assay_result r = {0};
    assay_case_result c = html_fixture_case(NASTY, &small);
    assay_entry *e = &c.entries[c.first_divergence];
    free(c.golden_name), free(c.candidate_name);
    c.golden_name = strdup(NASTY), c.candidate_name = strdup(NASTY);
    snprintf(e->reason, sizeof e->reason, "%s", NASTY);
    snprintf(e->rules, sizeof e->rules, "%s", NASTY);
    snprintf(e->path, sizeof e->path, "%s", NASTY);
    snprintf(c.reference, sizeof c.reference, "%s", NASTY);
    snprintf(c.note, sizeof c.note, "%s", NASTY);
    snprintf(c.unsupported, sizeof c.unsupported, "%s", NASTY);
    cr_assert_eq(assay_case_result_add_finding(&c, NASTY, NASTY, NASTY, NULL), ASSAY_OK);
    cr_assert_eq(assay_finding_add(&c.findings[0], NASTY, NASTY, NASTY, NASTY, NULL), ASSAY_OK);
    cr_assert_eq(assay_facts_set(&c.facts, NASTY, NASTY, NULL), ASSAY_OK);
    assay_entry stray = {
        .kind = ASSAY_ENTRY_UNKNOWN, .verdict = ASSAY_VERDICT_EXTRA, .golden = {.rank = -1}, .candidate = {.rank = -1}};
    snprintf(stray.path, sizeof stray.path, "%s", NASTY);
    cr_assert_eq(assay_case_result_add(&c, &stray, NULL), ASSAY_OK);
    assay_case_result_finish(&c);
    add(&r, c);
    cr_assert_eq(assay_result_set_fact(&r, "command", NASTY, NULL), ASSAY_OK);
    char *page = render(&r);
    expect_well_formed(page);
    cr_expect_not(has(body(page), "<script"));
    cr_expect(has(body(page), "&quot;&gt;&lt;script&gt;"));
    cr_expect_eq(count(page, "<script>"), 1);
    free(page);
    assay_result_free(&r);
}

Test(html_report, nothing_needs_what_the_policy_of_the_page_forbids) {
    assay_result r = {0};
    add(&r, html_fixture_case("windows", &small));
    char *page = render(&r);
    cr_expect(has(page, "default-src 'none'; style-src 'sha256-"));
    cr_expect(has(page, "base-uri 'none'; form-action 'none'"));
    cr_expect_not(has(body(page), " style="));
    cr_expect_not(has(body(page), " onclick="));
    cr_expect_not(has(body(page), "http"));
    cr_expect_not(has(body(page), " src="));
    free(page);
    assay_result_free(&r);
}

Test(html_report, the_same_result_makes_the_same_bytes) {
    assay_result r = {0};
    add(&r, html_fixture_case("windows", &small));
    r.cases[0].seconds = 1;
    char *one = render(&r);
    r.cases[0].seconds = 2;
    char *other = render(&r);
    cr_expect_str_eq(one, other);
    free(one), free(other);
    assay_result_free(&r);
}

Test(html_report, nan_and_infinity_are_words) {
    assay_result r = report_fixture();
    char *page = render(&r);
    cr_expect(has(page, "a NaN or an infinity stands against a number"));
    cr_expect(has(page, "candidate <code>NaN</code>") || has(page, "<td>NaN</td>") || has(page, "NaN/inf class"));
    cr_expect_not(has(body(page), "nan") || has(body(page), ">inf<"));
    free(page);
    assay_result_free(&r);
}

Test(html_report, a_run_of_26_layers_and_5_windows_is_below_3_mib) {
    const html_fixture_size size = {26, 5, 2048, 32, 9, 7};
    assay_result r = {0};
    add(&r, html_fixture_case("long-context-3b", &size));
    char *page = render(&r);
    cr_expect_lt(strlen(page), 3u << 20, "%zu bytes", strlen(page));
    cr_expect_eq(count(page, "<tr><th scope=\"row\">steps/0/windows/4/layers/25/"), 26);
    expect_well_formed(page);
    free(page);
    assay_result_free(&r);
}

/* What a page of 1200 pixels has room for in a case. */
Test(html_report, the_chart_of_a_few_windows_fits_into_a_page) {
    for (int windows = 1; windows <= 6; windows++) {
        html_fixture_size size = small;
        assay_result r = {0};
        size.windows = windows;
        add(&r, html_fixture_case("windows", &size));
        char *page = render(&r);
        const char *chart = strstr(page, "<svg class=\"chart\" role=\"img\" width=\"");
        cr_assert_not_null(chart);
        cr_expect_leq(atoi(strchr(strstr(chart, " width"), '"') + 1), 1106, "%d windows: %.60s", windows, chart);
        free(page);
        assay_result_free(&r);
    }
}

/* However much there is: what fails is kept first, and what is left out is said. */
Test(html_report, a_result_of_any_size_is_a_page_of_some_size) {
    const html_fixture_size fails = {8, 6, 64, 32, 0, 7}, passes = {8, 6, 64, 32, -1, 9};
    assay_result r = {0};
    for (int i = 0; i < 30; i++) add(&r, html_fixture_case(i % 3 ? "passes" : "fails", i % 3 ? &passes : &fails));
    for (int i = 0; i < 1500; i++) {
        assay_case_result c = {.name = strdup("none"), .golden_name = strdup("g"), .candidate_name = strdup("c")};
        assay_case_result_finish(&c);
        add(&r, c);
    }
    char *page = render(&r);
    cr_expect_lt(strlen(page), 6u << 20, "%zu bytes", strlen(page));
    cr_expect(has(page, "The first 1000 of 1530."));
    cr_expect(has(page, "more cases have no section here"));
    expect_well_formed(page);
    free(page);
    assay_result_free(&r);
}

Test(html_report, a_full_disk_is_an_error) {
    assay_result r = {0};
    assay_error err;
    FILE *full = fopen("/dev/full", "w");
    cr_assert_not_null(full);
    cr_expect_eq(assay_report_html(full, &r, &err), ASSAY_EINTERNAL);
    cr_expect_str_eq(err.message, "the HTML report: writing failed");
    fclose(full);
}

static void add_drift(assay_result *r, assay_drift_kind kind, const char *path) {
    assay_drift d = {.test_case = NASTY, .kind = kind, .before = 0.5, .now = 4, .limit = 1.5};
    snprintf(d.path, sizeof d.path, "%s", path);
    cr_assert_eq(assay_drifts_add(&r->drifts, &d, NULL), ASSAY_OK);
}

Test(html_report, what_moved_since_the_baseline_fails_a_match_and_comes_first) {
    assay_result r = {.drifts.baseline = strdup(NASTY)};
    add(&r, html_fixture_case("windows", &small_pass));
    add_drift(&r, ASSAY_DRIFT_NEW, "");
    add_drift(&r, ASSAY_DRIFT_MOVED, "steps/0/logits");
    char *page = render(&r);
    cr_expect(has(page, "✗ fail</span> The case matches, but 1 measure moved since the baseline: "));
    cr_expect(has(page, "1 moved, 1 new."));
    cr_expect_lt(strstr(page, "<th scope=\"row\">steps/0/logits</th>"), strstr(page, "the whole case"));
    expect_well_formed(page);
    free(page);
    assay_result_free(&r);
}

/* What vanished did not move. */
Test(html_report, what_moved_and_what_vanished_are_told_apart) {
    assay_result r = {.drifts.baseline = strdup("baseline.json")};
    add(&r, html_fixture_case("windows", &small_pass));
    add_drift(&r, ASSAY_DRIFT_VANISHED, "");
    char *page = render(&r);
    cr_expect(has(page, "The case matches, but 1 measure vanished since the baseline: "));
    free(page);
    add_drift(&r, ASSAY_DRIFT_VANISHED, "");
    add_drift(&r, ASSAY_DRIFT_MOVED, "steps/0/logits");
    page = render(&r);
    cr_expect(has(page, "The case matches, but 1 measure moved and 2 vanished since the baseline: "));
    free(page);
    add(&r, html_fixture_case("fails", &small));
    page = render(&r);
    cr_expect(has(page, "; 1 measure moved and 2 vanished since the baseline.</h1>"));
    free(page);
    assay_result_free(&r);
}

Test(html_report, a_run_that_did_not_move_says_so) {
    assay_result r = {.drifts.baseline = strdup("baseline.json")};
    add(&r, html_fixture_case("windows", &small_pass));
    char *page = render(&r);
    cr_expect(has(page, "✓ nothing moved beyond noise"));
    expect_well_formed(page);
    free(page);
    assay_result_free(&r);
}

Test(html_report, provenance_in_json_is_a_list_of_terms) {
    assay_result r = {0};
    add(&r, html_fixture_case("windows", &small_pass));
    const char *json = "{\"torch\": \"2.1 <b>\", \"seeds\": [1, 11], \"nested\": {\"x\": null}}";
    cr_assert_eq(assay_facts_set(&r.cases[0].facts, "provenance", json, NULL), ASSAY_OK);
    cr_assert_eq(assay_facts_set(&r.cases[0].facts, "broken", "{\"torch\": ", NULL), ASSAY_OK);
    char *page = render(&r);
    cr_expect(has(page, "<dt>torch</dt><dd>2.1 &lt;b&gt;</dd><dt>seeds</dt><dd>[1,11]</dd>"));
    cr_expect(has(page, "<dt>broken</dt><dd>{&quot;torch&quot;: </dd>"));
    expect_well_formed(page);
    free(page);
    assay_result_free(&r);
}
