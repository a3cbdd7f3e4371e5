#include "compare/waiver.h"

#include <stdio.h>
#include <stdlib.h>

#include "compare/compare_fixture.h"

#define LOGITS "steps/0/logits"
#define MEM_KEY "steps/0/past/0/mem_key"

static assay_status parse(assay_policy *p, const char *waivers, assay_error *err) {
    char text[2000];
    snprintf(text, sizeof text, "{\"format\": \"assay-policy/1\", \"required\": [\"loss\"], \"waivers\": %s}", waivers);
    return assay_policy_parse(p, text, strlen(text), "policy.json", err);
}

/* A policy of this list of waivers, on the 24th of November 2026. */
static assay_policy policy_of(const char *waivers) {
    assay_policy p;
    assay_error err = {0};
    cr_assert_eq(parse(&p, waivers, &err), ASSAY_OK, "%s", err.message);
    p.today = 20261124;
    return p;
}

/* A candidate whose memory key and logits differ, that lacks the required loss, and carries out what is refused. */
static assay_case_result compare_with(const char *waivers) {
    fixture g = fixture_new("golden", true), c = fixture_new("port", false);
    fixture_put_f32(&g, MEM_KEY, 4, (int64_t[]){1, 1, 1, 2}, (float[]){1, 2});
    fixture_put_f32(&c, MEM_KEY, 4, (int64_t[]){1, 1, 1, 2}, (float[]){1, 3});
    fixture_put_f32(&g, LOGITS, 3, (int64_t[]){1, 1, 2}, (float[]){1, 2});
    fixture_put_f32(&c, LOGITS, 3, (int64_t[]){1, 1, 2}, (float[]){1, NAN});
    fixture_put_f32(&g, "steps/0/windows/0/norm", 3, (int64_t[]){1, 1, 2}, (float[]){1, 2});
    fixture_put_f32(&c, "steps/0/windows/0/norm", 3, (int64_t[]){1, 1, 2}, (float[]){1, 2});
    fixture_put_f32(&g, "steps/0/loss", 0, NULL, (float[]){1});
    fixture_refuse(&g, 1, "POS-3", "a gap");
    fixture_put_f32(&c, "steps/1/loss", 0, NULL, (float[]){1});
    fixture_open(&g), fixture_open(&c);
    assay_policy p = policy_of(waivers);
    assay_case_result r = compare_fixtures(&g, &c, &p, false);
    assay_policy_free(&p);
    fixture_free(&g);
    fixture_free(&c);
    return r;
}

#define WAIVER(what, day) "{" what ", \"reason\": \"known\", \"expires\": \"" day "\"}"
#define STAGE(name) "\"stage\": \"" name "\""
#define RULE(name) "\"rule\": \"" name "\""

Test(waiver, without_any_all_four_fail) {
    assay_case_result r = compare_with("[]");
    cr_expect_eq(r.counts[ASSAY_VERDICT_FAIL], 3);
    cr_expect_eq(r.counts[ASSAY_VERDICT_MISSING_REQUIRED], 1);
    cr_expect_eq(r.waivers.count, 0);
    assay_case_result_free(&r);
}

Test(waiver, waives_by_stage_rule_and_step_and_lets_the_case_pass) {
    assay_case_result r = compare_with(
        "[" WAIVER(RULE("MEM-1"), "2026-11-24") "," WAIVER(STAGE("logits") "," RULE("HEAD-1"), "2027-01-01") "," WAIVER(
            STAGE("loss"), "2027-01-01") "," WAIVER(STAGE("steps/1") "," RULE("POS-3"), "2027-01-01") "]");
    cr_expect_eq(r.verdict, ASSAY_CASE_PASS);
    cr_expect_eq(r.first_divergence, -1);
    cr_expect_eq(r.counts[ASSAY_VERDICT_WAIVED], 4);
    cr_expect_eq(entry_of(&r, LOGITS)->verdict, ASSAY_VERDICT_WAIVED, "NaN too");
    cr_expect_eq(entry_of(&r, LOGITS)->waived_from, ASSAY_VERDICT_FAIL);
    cr_expect_eq(entry_of(&r, LOGITS)->waiver, 2);
    cr_expect_eq(entry_of(&r, "steps/0/loss")->waived_from, ASSAY_VERDICT_MISSING_REQUIRED);
    for (size_t i = 0; i < 4; i++) cr_expect_eq(r.waivers.items[i].count, 1, "%zu", i);
    cr_expect_str_eq(r.waivers.items[0].rule, "MEM-1");
    cr_expect_str_eq(r.waivers.items[0].reason, "known");
    assay_case_result_free(&r);
}

Test(waiver, the_first_divergence_is_the_first_that_is_not_waived) {
    assay_case_result r = compare_with("[" WAIVER(RULE("MEM-1"), "2027-01-01") "]");
    cr_expect_eq(r.verdict, ASSAY_CASE_FAIL);
    cr_assert_geq(r.first_divergence, 0);
    cr_expect_str_eq(r.entries[r.first_divergence].path, LOGITS);
    assay_case_result_free(&r);
}

Test(waiver, an_expired_one_waives_nothing_and_is_named) {
    assay_case_result r = compare_with("[" WAIVER(STAGE("logits"), "2026-11-23") "]");
    cr_expect_eq(entry_of(&r, LOGITS)->verdict, ASSAY_VERDICT_FAIL);
    cr_expect_eq(entry_of(&r, LOGITS)->waiver, 1);
    cr_expect(r.waivers.items[0].expired);
    cr_expect_eq(r.waivers.items[0].count, 1);
    assay_case_result_free(&r);
}

Test(waiver, one_in_force_counts_before_an_expired_one) {
    assay_case_result r =
        compare_with("[" WAIVER(STAGE("logits"), "2026-11-23") "," WAIVER(STAGE("log*"), "2026-11-24") "]");
    cr_expect_eq(entry_of(&r, LOGITS)->verdict, ASSAY_VERDICT_WAIVED);
    cr_expect_eq(entry_of(&r, LOGITS)->waiver, 2);
    cr_expect_eq(r.waivers.items[0].count, 0);
    assay_case_result_free(&r);
}

Test(waiver, stage_rule_and_case_must_all_hold) {
    assay_case_result r = compare_with("[" WAIVER(STAGE("past/*") "," RULE("CACHE-1"), "2027-01-01") "," WAIVER(
        STAGE("logits") ", \"case\": \"b*\"", "2027-01-01") "," WAIVER(STAGE("logits") ", \"case\": \"a c?se\"",
                                                                       "2027-01-01") "]");
    cr_expect_eq(entry_of(&r, MEM_KEY)->verdict, ASSAY_VERDICT_FAIL, "it does not cite CACHE-1");
    cr_expect_eq(entry_of(&r, LOGITS)->waiver, 3);
    cr_expect(!r.waivers.items[1].in_scope && r.waivers.items[2].in_scope);
    cr_expect_eq(r.waivers.items[0].count, 0);
    assay_case_result_free(&r);
}

Test(waiver, without_a_day_none_is_in_force) {
    assay_case_result c = {.name = strdup("x")};
    assay_entry e = {.verdict = ASSAY_VERDICT_FAIL, .place.stage = ASSAY_STAGE_LOGITS};
    assay_policy p = policy_of("[" WAIVER(STAGE("logits"), "9999-12-31") "]");
    p.today = 0;
    cr_assert_eq(assay_case_result_add(&c, &e, NULL), ASSAY_OK);
    cr_assert_eq(assay_waivers_apply(&c, &p, NULL), ASSAY_OK);
    cr_expect_eq(c.entries[0].verdict, ASSAY_VERDICT_FAIL);
    assay_policy_free(&p);
    assay_case_result_free(&c);
}

Test(waiver, what_several_cases_used_is_added_up) {
    assay_waiver_uses sum = {0};
    assay_case_result r = compare_with(
        "[" WAIVER(STAGE("logits"), "2027-01-01") "," WAIVER(STAGE("norm") ", \"case\": \"b*\"", "2027-01-01") "]");
    for (int i = 0; i < 2; i++) cr_assert_eq(assay_waiver_uses_add(&sum, &r.waivers, NULL), ASSAY_OK);
    assay_case_result_free(&r);
    cr_assert_eq(sum.count, 2);
    cr_expect_eq(sum.items[0].count, 2);
    cr_expect_str_eq(sum.items[1].test_case, "b*");
    cr_expect(!sum.items[1].in_scope);
    assay_waiver_uses_free(&sum);
}

Test(waiver, what_is_no_waiver_is_refused) {
    static const struct {
        const char *list, *part;
    } bad[] = {
        {"{}", "must be a list"},
        {"[1]", "element 0: must be an object"},
        {"[{\"reason\": \"r\", \"expires\": \"2026-12-31\"}]", "give 'stage', 'rule', or both"},
        {"[{\"stage\": \"logits\", \"expires\": \"2026-12-31\"}]", "the key 'reason' is missing"},
        {"[{\"stage\": \"logits\", \"reason\": \"r\"}]", "the key 'expires' is missing"},
        {"[{\"stage\": \"logits\", \"reason\": \" \", \"expires\": \"2026-12-31\"}]", "'reason' is empty"},
        {"[{\"stage\": \"logits\", \"reason\": \"a\\nb\", \"expires\": \"2026-12-31\"}]", "one line"},
        {"[" WAIVER(STAGE("logits"), "2026-02-30") "]", "'2026-02-30'; it must be a day of the calendar"},
        {"[" WAIVER(STAGE("logit"), "2026-12-31") "]", "'logit' matches no stage"},
        {"[" WAIVER(STAGE("steps/x"), "2026-12-31") "]", "'steps/x' matches no stage"},
        {"[" WAIVER(RULE("MEM-99"), "2026-12-31") "]", "'MEM-99' is no rule"},
        {"[" WAIVER(RULE("mem-1"), "2026-12-31") "]", "'mem-1' is no rule"},
        {"[" WAIVER(STAGE("logits") "," RULE("MEM-1"), "2026-12-31") "]", "no stage that 'logits' matches shows MEM-1"},
        {"[" WAIVER(STAGE("logits") ", \"cases\": \"x\"", "2026-12-31") "]", "unknown key 'cases'"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assay_policy p;
        assay_error err = {0};
        cr_expect_eq(parse(&p, bad[i].list, &err), ASSAY_EINPUT, "accepted: %s", bad[i].list);
        cr_expect(strstr(err.message, bad[i].part), "'%s' is not in '%s'", bad[i].part, err.message);
        cr_expect(strstr(err.message, "policy.json: 'waivers'"), "%s", err.message);
    }
}
