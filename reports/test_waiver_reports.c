#include <stdlib.h>

#include "golden/json_strict.h"
#include "reports/report_fixture.h"
#include "reports/result_json.h"
#include "reports/text.h"

/* Two waived cases and what a policy of three waivers did there. */
static assay_result waived_result(bool expired) {
    static const char text[] =
        "{\"format\": \"assay-policy/1\", \"waivers\": ["
        "{\"stage\": \"logits\", \"reason\": \"ticket 12\", \"expires\": \"2026-12-31\"},"
        "{\"stage\": \"norm\", \"rule\": \"NORM-1\", \"reason\": \"ticket 13\", \"expires\": \"2027-12-31\"},"
        "{\"stage\": \"loss\", \"reason\": \"over\", \"expires\": \"2027-12-31\"}]}";
    assay_policy policy;
    assay_result r = {0};
    cr_assert_eq(assay_policy_parse(&policy, text, strlen(text), "policy", NULL), ASSAY_OK);
    policy.today = expired ? 20270101 : 20261231;
    for (int i = 0; i < 2; i++) {
        fixture g = fixture_new("golden.h5", true), c = fixture_new("port.h5", false);
        fixture_put_f32(&g, REPORT_NORM, 3, (int64_t[]){1, 2, 1}, (float[]){3, 4});
        fixture_put_f32(&c, REPORT_NORM, 3, (int64_t[]){1, 2, 1}, (float[]){3, 5});
        fixture_put_f32(&g, "steps/0/logits", 3, (int64_t[]){1, 1, 2}, (float[]){1, 2});
        fixture_put_f32(&c, "steps/0/logits", 3, (int64_t[]){1, 1, 2}, (float[]){1, NAN});
        fixture_open(&g), fixture_open(&c);
        assay_case_result one = compare_fixtures(&g, &c, &policy, false);
        cr_assert_eq(assay_result_add_case(&r, &one, NULL), ASSAY_OK);
        fixture_free(&g);
        fixture_free(&c);
    }
    assay_policy_free(&policy);
    return r;
}

static void expect_in_text(const assay_result *r, const char *const *parts) {
    char *text = NULL;
    size_t nbytes;
    FILE *out = open_memstream(&text, &nbytes);
    cr_assert_eq(assay_report_text(out, r, NULL, NULL), ASSAY_OK);
    fclose(out);
    for (; *parts; parts++) cr_expect(strstr(text, *parts), "'%s' is not in\n%s", *parts, text);
    free(text);
}

Test(waiver_reports, the_text_shows_what_is_waived_until_when_and_why) {
    assay_result r = waived_result(false);
    cr_expect(assay_result_passed(&r));
    expect_in_text(&r,
                   (const char *const[]){
                       "\na case  pass (2 waived)       0       0", "  waived by the policy (2):\n",
                       "      waived until 2026-12-31: ticket 12 (stage logits)\n",
                       "      waived until 2027-12-31: ticket 13 (stage norm, rule NORM-1)\n",
                       "\nwaivers of the policy:\n  used         stage logits: waives 2 failures until 2026-12-31 "
                       "(ticket 12)\n",
                       "  unused       stage loss: waives nothing (until 2027-12-31); delete it",
                       "\nmatch: 2 of 2 cases match, 0 differ, 0 could not be compared; 0 stages judged, 4 failures "
                       "waived\n",
                       NULL});
    assay_result_free(&r);
}

Test(waiver_reports, the_text_says_what_expired) {
    assay_result r = waived_result(true);
    cr_expect(!assay_result_passed(&r));
    expect_in_text(&r,
                   (const char *const[]){"\na case  fail (1 waived)", "  First divergence: logits of step 0",
                                         "      a waiver for this expired on 2026-12-31: ticket 12 (stage logits)\n",
                                         "  expired      stage logits: expired on 2026-12-31, so 2 failures stand (",
                                         "\nMISMATCH: 0 of 2 cases match, 2 differ", NULL});
    assay_result_free(&r);
}

static const cJSON *item(const cJSON *list, int index) {
    cr_assert_not_null(list);
    return cJSON_GetArrayItem(list, index);
}

Test(waiver_reports, the_json_says_the_same) {
    assay_result r = waived_result(false);
    char *text;
    cJSON *root;
    cr_assert_eq(assay_report_json_text(&text, &r, NULL), ASSAY_OK);
    cr_assert_eq(assay_json_parse(&root, text, strlen(text), "result", NULL), ASSAY_OK);
    const cJSON *one = item(assay_json_member(root, "cases"), 0);
    cr_expect_str_eq(assay_json_member(one, "verdict")->valuestring, "pass");
    cr_expect_eq(assay_json_member(assay_json_member(one, "counts"), "waived")->valueint, 2);
    const cJSON *norm = item(assay_json_member(one, "entries"), 0);
    cr_expect_str_eq(assay_json_member(norm, "verdict")->valuestring, "waived");
    cr_expect_str_eq(assay_json_member(norm, "waived_from")->valuestring, "fail");
    cr_expect_eq(assay_json_member(norm, "waiver")->valueint, 1);
    const cJSON *waiver = item(assay_json_member(one, "waivers"), 1);
    cr_expect_str_eq(assay_json_member(waiver, "rule")->valuestring, "NORM-1");
    cr_expect_str_eq(assay_json_member(waiver, "expires")->valuestring, "2027-12-31");
    cr_expect_str_eq(assay_json_member(waiver, "state")->valuestring, "used");
    cr_expect_null(assay_json_member(waiver, "case"));
    cJSON_Delete(root);
    free(text);
    assay_result_free(&r);
}
