#include "compare/policy.h"

#include <stdio.h>

#include "compare/compare_fixture.h"
#include "compare/tolerance.h"

static assay_status parse(assay_policy *p, const char *text, assay_error *err) {
    return assay_policy_parse(p, text, strlen(text), "policy.json", err);
}

static assay_policy good(const char *text) {
    assay_policy p;
    assay_error err = {0};
    cr_assert_eq(parse(&p, text, &err), ASSAY_OK, "%s", err.message);
    return p;
}

Test(policy, defaults) {
    assay_policy p = good("{\"format\": \"assay-policy/1\"}");
    cr_assert_eq(p.factor, 8);
    cr_assert_not(p.ignore_pad_rows);
    cr_assert_eq(p.required_count + p.rule_count, 0);
    assay_policy_free(&p);
}

Test(policy, everything_it_may_say) {
    assay_policy p = good(
        "{\"format\": \"assay-policy/1\", \"factor\": 4, \"ignore_pad_rows\": true,"
        " \"required\": [\"logits\", \"past/*\"],"
        " \"stages\": [{\"stage\": \"self_attn.*\", \"dtype\": \"bfloat16\", \"factor\": 2, \"atol\": 1e-6, \"rtol\": "
        "0}]}");
    cr_assert_eq(p.factor, 4);
    cr_assert(p.ignore_pad_rows);
    cr_assert_eq(p.required_count, 2);
    cr_assert_eq(p.rule_count, 1);
    cr_assert(p.rules[0].has_dtype && p.rules[0].dtype == ASSAY_BF16);
    cr_assert(p.rules[0].has_factor && p.rules[0].has_atol && p.rules[0].has_rtol);
    cr_assert_eq(p.rules[0].atol, 1e-6);
    assay_policy_free(&p);
}

Test(policy, what_is_not_a_policy_is_refused) {
    static const char *const bad[] = {
        "",
        "[]",
        "null",
        "{}",
        "{\"format\": \"assay-policy/2\"}",
        "{\"format\": 1}",
        "{\"format\": \"assay-policy/1\"} x",
        "{\"format\": \"assay-policy/1\", \"Factor\": 8}",
        "{\"format\": \"assay-policy/1\", \"factor\": 8, \"factor\": 9}",
        "{\"format\": \"assay-policy/1\", \"factor\": -1}",
        "{\"format\": \"assay-policy/1\", \"factor\": \"8\"}",
        "{\"format\": \"assay-policy/1\", \"factor\": null}",
        "{\"format\": \"assay-policy/1\", \"factor\": 1e999}",
        "{\"format\": \"assay-policy/1\", \"factor\": NaN}",
        "{\"format\": \"assay-policy/1\", \"factor\": Infinity}",
        "{\"format\": \"assay-policy/1\", \"ignore_pad_rows\": 1}",
        "{\"format\": \"assay-policy/1\", \"required\": \"logits\"}",
        "{\"format\": \"assay-policy/1\", \"required\": [1]}",
        "{\"format\": \"assay-policy/1\", \"required\": [\"logit\"]}",
        "{\"format\": \"assay-policy/1\", \"required\": [\"steps/0/logit\"]}",
        "{\"format\": \"assay-policy/1\", \"stages\": {}}",
        "{\"format\": \"assay-policy/1\", \"stages\": [[]]}",
        "{\"format\": \"assay-policy/1\", \"stages\": [{}]}",
        "{\"format\": \"assay-policy/1\", \"stages\": [{\"stage\": \"logits\"}]}",
        "{\"format\": \"assay-policy/1\", \"stages\": [{\"factor\": 8}]}",
        "{\"format\": \"assay-policy/1\", \"stages\": [{\"stage\": \"logits\", \"factor\": 8, \"tol\": 1}]}",
        "{\"format\": \"assay-policy/1\", \"stages\": [{\"stage\": \"logits\", \"atol\": -0.5}]}",
        "{\"format\": \"assay-policy/1\", \"stages\": [{\"stage\": \"logits\", \"rtol\": true}]}",
        "{\"format\": \"assay-policy/1\", \"stages\": [{\"stage\": \"logits\", \"dtype\": \"int64\", \"atol\": 1}]}",
        "{\"format\": \"assay-policy/1\", \"stages\": [{\"stage\": \"logits\", \"dtype\": \"fp8\", \"atol\": 1}]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assay_policy p;
        assay_error err = {0};
        cr_assert_eq(parse(&p, bad[i], &err), ASSAY_EINPUT, "accepted: %s", bad[i]);
        cr_assert_eq(strncmp(err.message, "policy.json", 11), 0, "%s", err.message);
    }
}

Test(policy, a_missing_file_is_an_input_error) {
    assay_policy p;
    cr_assert_eq(assay_policy_read(&p, "/nonexistent/policy.json", NULL), ASSAY_EINPUT);
}

static bool matches(const char *pattern, const char *path) {
    assay_place place;
    cr_assert(assay_place_parse(path, &place), "%s", path);
    return assay_policy_matches(pattern, &place);
}

Test(policy, patterns_match_names_or_whole_paths) {
    cr_assert(matches("logits", "steps/3/logits"));
    cr_assert(matches("self_attn.*", "steps/0/windows/1/layers/2/self_attn.mem_write.key"));
    cr_assert_not(matches("key", "steps/0/past/1/key"));
    cr_assert(matches("past/key", "steps/0/past/1/key"));
    cr_assert(matches("past/*", "steps/0/past/1/mem_mask"));
    cr_assert_not(matches("past/*", "steps/0/windows/1/norm"));
    cr_assert(matches("steps/*/layers/2/*", "steps/0/windows/1/layers/2/output"));
    cr_assert_not(matches("steps/*/layers/2/*", "steps/0/windows/1/layers/3/output"));
    cr_assert(matches("*", "steps/0/loss"));
}

Test(policy, path_patterns_with_numbers_are_accepted) {
    static const char *const patterns[] = {"steps/12/logits", "steps/*/windows/3/norm", "steps/1/windows/2/layers/33/*",
                                           "steps/[01]/logits", "steps/4/past/7/mem_key"};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        char text[200];
        snprintf(text, sizeof text, "{\"format\": \"assay-policy/1\", \"required\": [\"%s\"]}", patterns[i]);
        assay_policy p = good(text);
        assay_policy_free(&p);
    }
}

/* ---- tolerance ---- */

static assay_tolerance_input logits_input(bool has_floor) {
    return (assay_tolerance_input){.place = {0, -1, -1, ASSAY_STAGE_LOGITS},
                                   .dtype = ASSAY_F32,
                                   .has_floor = has_floor,
                                   .floor = has_floor ? 1e-5 : 0,
                                   .scale = 10};
}

static assay_tolerance with_rules(const char *rules, bool has_floor) {
    char text[400];
    snprintf(text, sizeof text, "{\"format\": \"assay-policy/1\", \"stages\": [%s]}", rules);
    assay_policy p = good(text);
    assay_tolerance_input in = logits_input(has_floor);
    assay_tolerance t = assay_tolerance_of(&p, &in);
    assay_policy_free(&p);
    return t;
}

Test(tolerance, is_eight_floors_by_default) {
    assay_tolerance t = with_rules("", true);
    cr_assert_eq(t.value, 8 * 1e-5);
    cr_assert_eq(t.origin, ASSAY_TOLERANCE_FLOOR);
}

Test(tolerance, without_a_floor_scales_with_the_golden) {
    assay_tolerance t = with_rules("", false);
    cr_assert_eq(t.value, 6e-5 * 10);
    cr_assert_eq(t.origin, ASSAY_TOLERANCE_DEFAULT);
}

Test(tolerance, values_before_the_cast_are_float32) {
    assay_policy policy;
    assay_policy_init(&policy);
    assay_tolerance_input in = {
        .place = {0, -1, 0, ASSAY_STAGE_PAST_MEM_KEY}, .dtype = ASSAY_BF16, .scale = 10, .unrounded = true};
    cr_assert_eq(assay_tolerance_of(&policy, &in).value, 6e-5 * 10);
    in.unrounded = false;
    cr_assert_eq(assay_tolerance_of(&policy, &in).value, 6e-3 * 10);
}

Test(tolerance, a_policy_overrides_field_by_field) {
    cr_assert_eq(with_rules("{\"stage\": \"logits\", \"factor\": 3}", true).value, 3 * 1e-5);
    cr_assert_eq(with_rules("{\"stage\": \"loss\", \"factor\": 3}", true).value, 8 * 1e-5);
    cr_assert_eq(with_rules("{\"stage\": \"*\", \"factor\": 3}, {\"stage\": \"logits\", \"factor\": 5}", true).value,
                 5 * 1e-5);
    cr_assert_eq(with_rules("{\"stage\": \"logits\", \"dtype\": \"float64\", \"factor\": 3}", true).value, 8 * 1e-5);
    assay_tolerance t = with_rules("{\"stage\": \"logits\", \"atol\": 0.5, \"rtol\": 0.25}", true);
    cr_assert_eq(t.value, 3);
    cr_assert_eq(t.origin, ASSAY_TOLERANCE_POLICY);
    cr_assert_eq(with_rules("{\"stage\": \"logits\", \"atol\": 0}", true).value, 0);
    cr_assert_eq(with_rules("{\"stage\": \"logits\", \"rtol\": 0.25}", true).value, 2.5);
}

Test(tolerance, with_factor_and_amount_the_larger_counts) {
    cr_assert_eq(with_rules("{\"stage\": \"logits\", \"atol\": 1e-6, \"factor\": 2}", true).value, 2 * 1e-5);
    cr_assert_eq(with_rules("{\"stage\": \"logits\", \"atol\": 1e-3, \"factor\": 2}", true).value, 1e-3);
    cr_assert_eq(with_rules("{\"stage\": \"logits\", \"atol\": 1e-3, \"factor\": 2}", false).value, 1e-3);
}

Test(tolerance, defaults_depend_on_kind_and_dtype) {
    cr_assert_eq(assay_tolerance_default_rtol(ASSAY_STAGE_Q_PROJ, ASSAY_F64), 1e-6);
    cr_assert_eq(assay_tolerance_default_rtol(ASSAY_STAGE_Q_PROJ, ASSAY_F32), 6e-5);
    cr_assert_eq(assay_tolerance_default_rtol(ASSAY_STAGE_COS, ASSAY_F32), 4e-6);
    cr_assert_eq(assay_tolerance_default_rtol(ASSAY_STAGE_PAST_MEM_KEY, ASSAY_BF16), 6e-3);
    cr_assert_eq(assay_tolerance_default_rtol(ASSAY_STAGE_Q_PROJ, ASSAY_BF16), 6e-2);
}

Test(policy, a_command_line_adds_requirements) {
    assay_policy p;
    assay_error err = {0};
    const assay_place logits = {0, -1, -1, ASSAY_STAGE_LOGITS}, key = {0, -1, 1, ASSAY_STAGE_PAST_KEY},
                      norm = {0, 0, -1, ASSAY_STAGE_NORM};
    assay_policy_init(&p);
    cr_assert_eq(assay_policy_require(&p, "logits", "--require", &err), ASSAY_OK);
    cr_assert_eq(assay_policy_require(&p, "past/*", "--require", &err), ASSAY_OK);
    cr_expect_eq(assay_policy_require(&p, "logit", "--require", &err), ASSAY_EINPUT);
    cr_expect(strstr(err.message, "--require: the pattern 'logit' matches no stage"), "%s", err.message);
    cr_expect(assay_policy_requires(&p, &logits) && assay_policy_requires(&p, &key));
    cr_expect(!assay_policy_requires(&p, &norm));
    assay_policy_free(&p);
}
