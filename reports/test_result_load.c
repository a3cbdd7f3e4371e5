#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/report_fixture.h"
#include "reports/result_json.h"
#include "reports/result_load.h"

static char *to_text(const assay_result *r) {
    char *text = NULL;
    assay_error err;
    cr_assert_eq(assay_report_json_text(&text, r, &err), ASSAY_OK, "%s", err.message);
    return text;
}

static assay_result from_text(const char *text) {
    assay_result r;
    assay_error err;
    cr_assert_eq(assay_result_parse(&r, text, strlen(text), "r.json", &err), ASSAY_OK, "%s", err.message);
    return r;
}

static void expect_refused(const char *text, const char *why) {
    assay_result r;
    assay_error err;
    cr_assert_eq(assay_result_parse(&r, text, strlen(text), "r.json", &err), ASSAY_EINPUT, "%s", text);
    cr_expect(strstr(err.message, why), "'%s' lacks '%s'", err.message, why);
}

/* `text` with the first `from` replaced. */
static char *replaced(const char *text, const char *from, const char *to) {
    const char *at = strstr(text, from);
    cr_assert(at, "%s", from);
    char *out = malloc(strlen(text) + strlen(to) + 1);
    sprintf(out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return out;
}

static assay_waiver_use a_waiver(bool in_scope, bool expired) {
    return (assay_waiver_use){.stage = strdup("logits"),
                              .reason = strdup("known"),
                              .expires = 20301231,
                              .expired = expired,
                              .in_scope = in_scope,
                              .count = 3};
}

static void add_everything(assay_result *r) {
    assay_case_result *c = &r->cases[1];
    assay_error err;
    cr_assert_eq(assay_case_result_add_finding(c, "diagnosis", "explained", "it is so", &err), ASSAY_OK);
    cr_assert_eq(assay_finding_add(&c->findings[0], "a-mistake", "MEM-1 MEM-2", "what it does", "steps/0/logits", &err),
                 ASSAY_OK);
    cr_assert_eq(assay_facts_set(&c->facts, "provenance", "torch 2", &err), ASSAY_OK);
    c->waivers.items = calloc(3, sizeof *c->waivers.items);
    c->waivers.count = 3;
    c->waivers.items[0] = a_waiver(true, false);
    c->waivers.items[1] = a_waiver(false, false);
    c->waivers.items[2] = a_waiver(true, true);
    c->is_half = c->is_as_good = true;
    c->arithmetic = ASSAY_BF16;
    c->goodness = 1.25;
    snprintf(c->reference, sizeof c->reference, "the golden; floors of the engine's bfloat16 run");
}

/* What fails in a case that "could not be run" would be in no verdict. */
Test(result_load, a_failing_entry_of_a_case_that_was_not_judged_is_refused) {
    assay_result r = report_fixture();
    r.cases[1].verdict = ASSAY_CASE_UNSUPPORTED;
    char *text = to_text(&r);
    assay_result back;
    assay_error err;
    cr_assert_eq(assay_result_parse(&back, text, strlen(text), "r.json", &err), ASSAY_EINPUT);
    cr_assert_not_null(strstr(err.message, "'unsupported', and its entries make it 'fail'"), "%s", err.message);
    free(text);
    assay_result_free(&r);
}

Test(result_load, what_is_written_reads_back_the_same) {
    assay_result r = report_fixture();
    add_everything(&r);
    char *text = to_text(&r);
    assay_result back = from_text(text);
    char *again = to_text(&back);
    cr_expect_str_eq(again, text);
    cr_expect_eq(back.cases[0].worst_pass, r.cases[0].worst_pass);
    cr_expect_str_eq(back.cases[1].findings[0].items[0].rules, "MEM-1 MEM-2");
    cr_expect_str_eq(assay_facts_get(&back.facts, "blas_kernel"), "Haswell");
    assay_result_free(&r);
    assay_result_free(&back);
    free(text);
    free(again);
}

Test(result_load, details_read_back_the_same) {
    assay_result r = report_fixture();
    assay_detail *d = calloc(1, sizeof *d);
    d->by_token = (assay_heat){1, 2, 1, 2, calloc(2, sizeof(float))};
    d->by_token.ratios[1] = INFINITY;
    d->by_head = (assay_heat){2, 2, 2, 2, calloc(4, sizeof(float))};
    d->by_head.ratios[3] = 0.125f;
    d->histogram.known = true;
    d->histogram.counts[3][4] = 7;
    d->worst[0] = (assay_worst_element){{0, 1, 0}, 1, NAN};
    d->worst_count = 1;
    d->top = (assay_top_logits){.row = 4, .count = 1, .golden = {{5, 1, 2}}, .candidate = {{6, 0, 3}}};
    r.cases[1].entries[0].detail = d;
    char *text = to_text(&r);
    assay_result back = from_text(text);
    char *again = to_text(&back);
    cr_expect_str_eq(again, text);
    const assay_detail *b = back.cases[1].entries[0].detail;
    cr_assert_not_null(b);
    cr_expect(isinf(b->by_token.ratios[1]));
    cr_expect_eq(b->histogram.counts[3][4], 7);
    cr_expect_not(b->top.same_winner);
    assay_result_free(&r);
    assay_result_free(&back);
    free(text);
    free(again);
}

Test(result_load, verdicts_that_do_not_follow_are_refused) {
    assay_result r = report_fixture();
    char *text = to_text(&r);
    char *whole = replaced(text, "\"verdict\":\"fail\"", "\"verdict\":\"pass\"");
    expect_refused(whole, "the verdict is 'pass', and its cases make it 'fail'");
    char *one = replaced(text, "\"port.h5\",\"verdict\":\"pass\"", "\"port.h5\",\"verdict\":\"fail\"");
    expect_refused(one, "case 0: the verdict is 'fail', and its entries make it 'pass'");
    free(whole);
    free(one);
    free(text);
    assay_result_free(&r);
}

Test(result_load, what_is_no_result_is_refused_with_the_place) {
    assay_result r = report_fixture();
    char *text = to_text(&r);
    static const char *const changes[][3] = {{"assay-result/1", "assay-result/9", "the format is 'assay-result/9'"},
                                             {"\"kind\":\"stage\"", "\"kind\":\"thing\"", "entry 0: kind 'thing'"},
                                             {"windows/0/norm", "windows/0/nurm", "is no stage's"},
                                             {"\"origin\":\"floor\"", "\"origin\":\"guess\"", "origin 'guess'"},
                                             {"\"cases\"", "\"kases\"", "cases"}};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char *changed = replaced(text, changes[i][0], changes[i][1]);
        expect_refused(changed, changes[i][2]);
        free(changed);
    }
    expect_refused("[]", "r.json");
    expect_refused("{", "r.json");
    free(text);
    assay_result_free(&r);
}

/* The first case passes: its norm differs by nothing, within a floor of 0.01. */
Test(result_load, numbers_that_deny_a_pass_are_refused) {
    assay_result r = report_fixture();
    char *text = to_text(&r);
    static const char *const changes[][3] = {
        {"\"deviation\":0,", "\"deviation\":\"Infinity\",", "the verdict is 'pass', and its numbers deny it"},
        {"\"deviation\":0,", "\"deviation\":5,", "the verdict is 'pass', and its numbers deny it"},
        {"\"deviation\":0,", "\"deviation\":\"NaN\",", "negative or no number"},
        {"\"class_mismatches\":0", "\"class_mismatches\":5", "the verdict is 'pass', and its numbers deny it"},
        {"\"verdict\":\"pass\",\"reason\"", "\"verdict\":\"waived\",\"reason\"", "does not say by which waiver"}};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char *changed = replaced(text, changes[i][0], changes[i][1]);
        expect_refused(changed, changes[i][2]);
        free(changed);
    }
    free(text);
    assay_result_free(&r);
}

Test(result_load, ratios_are_computed_anew) {
    assay_result r = report_fixture();
    r.cases[0].entries[0].ratio_tolerance = 6889;
    char *text = to_text(&r);
    assay_result back = from_text(text);
    cr_expect_eq(back.cases[0].entries[0].ratio_tolerance, 0);
    assay_result_free(&back);
    assay_result_free(&r);
    free(text);
}

Test(result_load, keys_of_a_later_version_are_ignored) {
    assay_result r = report_fixture();
    char *text = to_text(&r);
    char *more = replaced(text, "\"facts\":{", "\"later\":[1],\"facts\":{");
    assay_result back = from_text(more);
    cr_expect_eq(back.case_count, 3);
    assay_result_free(&back);
    assay_result_free(&r);
    free(more);
    free(text);
}
