#include "compare/compare.h"

#include <stdio.h>

#include "compare/compare_fixture.h"

#define NORM "steps/0/windows/0/norm"
#define EMBED "steps/0/windows/0/embed_tokens"
#define LOGITS "steps/0/logits"
#define SCHEDULE "steps/0/schedule"

static void put_numbers(fixture *f, const char *path, float first, float second) {
    fixture_put_f32(f, path, 3, (int64_t[]){1, 1, 2}, (float[]){first, second});
}

static void put_schedule(fixture *f, int64_t middle) {
    fixture_put_i64(f, SCHEDULE, 2, (int64_t[]){2, 2}, (int64_t[]){0, middle, middle, 17});
}

/* Three float stages and a schedule. */
static fixture small(const char *name, bool is_golden) {
    fixture f = fixture_new(name, is_golden);
    put_numbers(&f, LOGITS, 1, 2);
    put_schedule(&f, 9);
    put_numbers(&f, NORM, 3, 4);
    put_numbers(&f, EMBED, 5, 6);
    return f;
}

static void close_pair(fixture *g, fixture *c, assay_case_result *r) {
    assay_case_result_free(r);
    fixture_free(g);
    fixture_free(c);
}

Test(compare, equal_sources_pass_in_execution_order) {
    fixture g = small("golden", true), c = small("candidate", false);
    fixture_open(&g), fixture_open(&c);
    assay_case_result r = compare_fixtures(&g, &c, NULL, true);
    static const char *const order[] = {SCHEDULE, EMBED, NORM, LOGITS};
    cr_assert_eq(r.verdict, ASSAY_CASE_PASS);
    cr_assert_eq(r.entry_count, 4);
    cr_assert_eq(r.counts[ASSAY_VERDICT_PASS], 4);
    cr_assert_eq(r.first_divergence, -1);
    for (size_t i = 0; i < 4; i++) cr_assert_str_eq(r.entries[i].path, order[i]);
    close_pair(&g, &c, &r);
}

/* The n-th of 60 places, in no order; each has numbers of its own, so that a wrong alignment shows. */
static const char *scattered_place(int n, char *path, size_t path_nbytes) {
    snprintf(path, path_nbytes, "steps/%d/windows/%d/layers/%d/output", n * 7 % 5, n * 11 % 12, n * 5 % 11);
    return path;
}

Test(compare, many_places_are_aligned_and_come_in_execution_order) {
    static const assay_verdict expected[] = {ASSAY_VERDICT_EXTRA, ASSAY_VERDICT_MISSING, ASSAY_VERDICT_PASS};
    fixture g = fixture_new("golden", true), c = fixture_new("candidate", false);
    char path[120];
    for (int n = 0; n < 60; n++) {
        scattered_place(n, path, sizeof path);
        if (n % 3 != 0) put_numbers(&g, path, (float)n, 1);
        if (n % 3 != 1) put_numbers(&c, path, (float)n, 1);
    }
    fixture_open(&g), fixture_open(&c);
    assay_case_result r = compare_fixtures(&g, &c, NULL, false);
    cr_assert_eq(r.entry_count, 60);
    for (size_t i = 1; i < r.entry_count; i++)
        cr_assert_lt(assay_place_compare(&r.entries[i - 1].place, &r.entries[i].place), 0);
    for (int n = 0; n < 60; n++)
        cr_assert_eq(entry_of(&r, scattered_place(n, path, sizeof path))->verdict, expected[n % 3], "%s", path);
    close_pair(&g, &c, &r);
}

Test(compare, worst_pass_is_the_one_closest_to_its_tolerance) {
    fixture g = small("golden", true), c = fixture_new("candidate", false);
    put_numbers(&c, LOGITS, 1, 2.25f);
    put_numbers(&c, NORM, 3.5f, 4);
    put_numbers(&c, EMBED, 5, 6.25f);
    fixture_open(&g), fixture_open(&c);
    fixture_set_floor(&g, LOGITS, 0.5), fixture_set_floor(&g, NORM, 0.25), fixture_set_floor(&g, EMBED, 1);
    assay_case_result r = compare_fixtures(&g, &c, NULL, false);
    cr_assert_str_eq(r.entries[r.worst_pass].path, NORM);
    cr_assert_eq(r.entries[r.worst_pass].ratio_tolerance, 0.25);
    close_pair(&g, &c, &r);
}

Test(compare, first_divergence_is_the_earliest_in_execution) {
    fixture g = small("golden", true), c = fixture_new("candidate", false);
    put_numbers(&c, LOGITS, 9, 2);
    put_schedule(&c, 9);
    put_numbers(&c, NORM, 3, 4.5f);
    put_numbers(&c, EMBED, 5, 6);
    fixture_open(&g), fixture_open(&c);
    assay_case_result r = compare_fixtures(&g, &c, NULL, false);
    cr_assert_eq(r.verdict, ASSAY_CASE_FAIL);
    cr_assert_eq(r.counts[ASSAY_VERDICT_FAIL], 2);
    const assay_entry *first = &r.entries[r.first_divergence];
    cr_assert_str_eq(first->path, NORM);
    cr_assert_eq(first->worst.index, 1);
    cr_assert_str_eq(first->worst.axes[2], "dim");
    cr_assert_eq(first->worst.at[2], 1);
    cr_assert_str_eq(first->rules, "NORM-1 OUT-1");
    close_pair(&g, &c, &r);
}

Test(compare, floor_of_the_golden_sets_the_tolerance_and_that_of_the_candidate_does_not) {
    fixture g = fixture_new("golden", true), c = fixture_new("candidate", false);
    put_numbers(&g, NORM, 1, 2);
    put_numbers(&c, NORM, 1, 2.5f);
    fixture_open(&g), fixture_open(&c);
    fixture_set_floor(&c, NORM, 1e9);
    fixture_set_floor(&g, NORM, 0.0625);
    assay_case_result r = compare_fixtures(&g, &c, NULL, false);
    cr_assert_eq(r.verdict, ASSAY_CASE_PASS);
    cr_assert_eq(r.entries[0].tolerance, 0.5);
    cr_assert_eq(r.entries[0].ratio_floor, 8);
    cr_assert_eq(r.entries[0].ratio_tolerance, 1);
    cr_assert_eq(r.worst_pass, 0);
    assay_case_result_free(&r);
    fixture_set_floor(&g, NORM, 0.0624);
    r = compare_fixtures(&g, &c, NULL, false);
    cr_assert_eq(r.verdict, ASSAY_CASE_FAIL);
    close_pair(&g, &c, &r);
}

Test(compare, a_relative_tolerance_of_the_policy_overrides_the_floor) {
    fixture g = fixture_new("golden", true), c = fixture_new("candidate", false);
    put_numbers(&g, NORM, 1, 2);
    put_numbers(&c, NORM, 1, 2.5f);
    fixture_open(&g), fixture_open(&c);
    fixture_set_floor(&g, NORM, 1e-9);
    assay_policy_rule rule = {.stage = "norm", .has_rtol = true, .rtol = 0.25};
    assay_policy policy = {.factor = 8, .rules = &rule, .rule_count = 1};
    assay_case_result r = compare_fixtures(&g, &c, &policy, false);
    cr_assert_eq(r.verdict, ASSAY_CASE_PASS);
    cr_assert_eq(r.entries[0].tolerance, 0.5);
    cr_assert_eq(r.entries[0].origin, ASSAY_TOLERANCE_POLICY);
    close_pair(&g, &c, &r);
}

Test(compare, a_floor_that_is_no_distance_is_refused) {
    const double bad[] = {-1, INFINITY, NAN};
    for (int i = 0; i < 3; i++) {
        fixture g = small("golden", true), c = small("candidate", false);
        fixture_open(&g), fixture_open(&c);
        fixture_set_floor(&g, NORM, bad[i]);
        assay_case_result r;
        assay_compare_options options = {0};
        cr_assert_eq(assay_compare(&r, &g.source, &c.source, &options, NULL), ASSAY_EINPUT);
        fixture_free(&g);
        fixture_free(&c);
    }
}

Test(compare, shapes_must_be_equal) {
    fixture g = fixture_new("golden", true), c = fixture_new("candidate", false);
    float data[6] = {0};
    fixture_put_f32(&g, NORM, 3, (int64_t[]){1, 3, 2}, data);
    fixture_put_f32(&c, NORM, 3, (int64_t[]){1, 2, 3}, data);
    fixture_open(&g), fixture_open(&c);
    assay_case_result r = compare_fixtures(&g, &c, NULL, false);
    cr_assert_eq(r.verdict, ASSAY_CASE_FAIL);
    cr_assert_str_eq(r.entries[0].reason, "the shape is (1, 2, 3), expected (1, 3, 2)");
    cr_assert_not(r.entries[0].has_metrics);
    close_pair(&g, &c, &r);
}

/* ---- missing, required, extra, empty ---- */

Test(compare, missing_is_listed_and_fails_only_where_required) {
    fixture g = small("golden", true), c = fixture_new("candidate", false);
    put_numbers(&c, LOGITS, 1, 2);
    fixture_open(&g), fixture_open(&c);
    assay_case_result r = compare_fixtures(&g, &c, NULL, false);
    cr_assert_eq(r.verdict, ASSAY_CASE_PASS);
    cr_assert_eq(r.counts[ASSAY_VERDICT_MISSING], 3);
    assay_case_result_free(&r);

    char *required[] = {"norm"};
    assay_policy policy = {.factor = 8, .required = required, .required_count = 1};
    r = compare_fixtures(&g, &c, &policy, false);
    cr_assert_eq(r.verdict, ASSAY_CASE_FAIL);
    cr_assert_eq(r.counts[ASSAY_VERDICT_MISSING_REQUIRED], 1);
    cr_assert_str_eq(r.entries[r.first_divergence].path, NORM);
    assay_case_result_free(&r);

    r = compare_fixtures(&g, &c, NULL, true);
    cr_assert_eq(r.counts[ASSAY_VERDICT_MISSING_REQUIRED], 3);
    close_pair(&g, &c, &r);
}

Test(compare, nothing_in_common_is_no_match) {
    fixture g = small("golden", true), c = fixture_new("candidate", false);
    put_numbers(&c, "steps/5/logits", 1, 2);
    fixture_open(&g), fixture_open(&c);
    assay_case_result r = compare_fixtures(&g, &c, NULL, false);
    cr_assert_eq(r.counts[ASSAY_VERDICT_MISSING], 4);
    cr_assert_eq(r.counts[ASSAY_VERDICT_EXTRA], 1);
    cr_assert_eq(r.verdict, ASSAY_CASE_FAIL);
    cr_assert_not_null(strstr(r.note, "nothing was compared"));
    close_pair(&g, &c, &r);
}

Test(compare, tensors_that_are_no_stage_are_listed) {
    fixture g = small("golden", true), c = small("candidate", false);
    put_numbers(&c, "steps/0/windows/0/nrom", 3, 4);
    fixture_open(&g), fixture_open(&c);
    assay_case_result r = compare_fixtures(&g, &c, NULL, false);
    const assay_entry *e = entry_of(&r, "steps/0/windows/0/nrom");
    cr_assert_eq(e->kind, ASSAY_ENTRY_UNKNOWN);
    cr_assert_eq(e->verdict, ASSAY_VERDICT_EXTRA);
    cr_assert_eq(r.verdict, ASSAY_CASE_PASS);
    close_pair(&g, &c, &r);
}

Test(compare, empty_parts_equal_absent_ones) {
    float unused = 0;
    fixture g = small("golden", true), c = small("candidate", false);
    fixture_put_f32(&g, "steps/0/past/0/mem_key", 4, (int64_t[]){1, 2, 0, 4}, &unused);
    fixture_put_f32(&c, "steps/0/past/0/mem_value", 1, (int64_t[]){0}, &unused);
    fixture_put_f32(&g, "steps/0/past/1/key", 4, (int64_t[]){1, 2, 0, 4}, &unused);
    fixture_put_f32(&c, "steps/0/past/1/key", 2, (int64_t[]){0, 9}, &unused);
    fixture_open(&g), fixture_open(&c);
    assay_case_result r = compare_fixtures(&g, &c, NULL, true);
    cr_assert_eq(r.verdict, ASSAY_CASE_PASS);
    cr_assert_eq(r.counts[ASSAY_VERDICT_PASS], 7);
    close_pair(&g, &c, &r);
}

Test(compare, a_part_that_the_golden_has_empty_must_not_be_filled) {
    float data[4] = {0};
    fixture g = small("golden", true), c = small("candidate", false);
    fixture_put_f32(&g, "steps/0/past/0/mem_key", 4, (int64_t[]){1, 1, 0, 2}, data);
    fixture_put_f32(&c, "steps/0/past/0/mem_key", 4, (int64_t[]){1, 1, 2, 2}, data);
    fixture_put_f32(&c, "steps/0/past/0/mem_value", 4, (int64_t[]){1, 1, 2, 2}, data);
    fixture_put_f32(&c, "steps/0/past/7/mem_value", 4, (int64_t[]){1, 1, 2, 2}, data);
    fixture_open(&g), fixture_open(&c);
    assay_case_result r = compare_fixtures(&g, &c, NULL, true);
    cr_assert_eq(entry_of(&r, "steps/0/past/0/mem_key")->verdict, ASSAY_VERDICT_FAIL);
    cr_assert_eq(entry_of(&r, "steps/0/past/0/mem_value")->verdict, ASSAY_VERDICT_FAIL, "the golden shows this layer");
    cr_assert_eq(entry_of(&r, "steps/0/past/7/mem_value")->verdict, ASSAY_VERDICT_EXTRA, "and this one it does not");
    close_pair(&g, &c, &r);
}

/* ---- schedule ---- */

Test(compare, another_schedule_is_the_reason_and_no_number_of_that_step_counts) {
    fixture g = small("golden", true), c = fixture_new("candidate", false);
    put_numbers(&g, "steps/1/logits", 1, 2);
    put_numbers(&c, "steps/1/logits", 1, 2);
    put_numbers(&c, LOGITS, 100, 200);
    put_numbers(&c, NORM, 100, 200);
    put_schedule(&c, 16);
    fixture_open(&g), fixture_open(&c);
    assay_case_result r = compare_fixtures(&g, &c, NULL, true);
    const assay_entry *e = &r.entries[r.first_divergence];
    cr_assert_str_eq(e->path, SCHEDULE);
    cr_assert_str_eq(e->reason, "another window schedule: expected [0,9) [9,17), found [0,16) [16,17)");
    cr_assert_eq(r.counts[ASSAY_VERDICT_FAIL], 1);
    cr_assert_eq(r.counts[ASSAY_VERDICT_NOT_COMPARED], 3);
    cr_assert_not(entry_of(&r, LOGITS)->has_metrics);
    cr_assert_eq(entry_of(&r, "steps/1/logits")->verdict, ASSAY_VERDICT_PASS);
    close_pair(&g, &c, &r);
}

Test(compare, another_number_of_windows_is_another_schedule) {
    fixture g = small("golden", true), c = fixture_new("candidate", false);
    fixture_put_i64(&c, SCHEDULE, 2, (int64_t[]){1, 2}, (int64_t[]){0, 17});
    put_numbers(&c, LOGITS, 1, 2);
    fixture_open(&g), fixture_open(&c);
    assay_case_result r = compare_fixtures(&g, &c, NULL, false);
    cr_assert_str_eq(entry_of(&r, SCHEDULE)->reason, "another window schedule: expected [0,9) [9,17), found [0,17)");
    cr_assert_eq(r.verdict, ASSAY_CASE_FAIL);
    close_pair(&g, &c, &r);
}

/* ---- pairing and refusals ---- */

Test(compare, a_wrong_pairing_is_refused_and_says_what_differs) {
    fixture g = small("golden.h5", true), c = small("port.h5", false);
    g.info.case_sha256 = "aaaa", c.info.case_sha256 = "AAAA";
    g.info.config_sha256 = "1111";
    g.info.weights_xxh128 = "5555", c.info.weights_xxh128 = "6666";
    fixture_open(&g), fixture_open(&c);
    assay_case_result r;
    assay_error err = {0};
    assay_compare_options options = {0};
    cr_assert_eq(assay_compare(&r, &g.source, &c.source, &options, &err), ASSAY_EINPUT);
    cr_assert_not_null(strstr(err.message, "weights (5555.. and 6666..)"));
    cr_assert_null(strstr(err.message, "case ("));
    cr_assert_null(strstr(err.message, "configuration"));
    c.source.info.weights_xxh128 = "";
    cr_assert_eq(assay_compare(&r, &g.source, &c.source, &options, &err), ASSAY_OK);
    close_pair(&g, &c, &r);
}

/* The entry of step 0 when the golden refuses for `golden_rules` and the candidate for `candidate_rules` (NULL: runs
 * it). */
static assay_entry refusal(const char *golden_rules, const char *candidate_rules, bool candidate_has_tensors) {
    fixture g = fixture_new("golden", true), c = fixture_new("candidate", false);
    if (golden_rules) fixture_refuse(&g, 0, golden_rules, "a gap");
    else put_numbers(&g, LOGITS, 1, 2);
    if (candidate_rules) fixture_refuse(&c, 0, candidate_rules, "no");
    if (candidate_has_tensors) put_numbers(&c, LOGITS, 1, 2);
    fixture_open(&g), fixture_open(&c);
    assay_case_result r = compare_fixtures(&g, &c, NULL, false);
    assay_entry e = *entry_of(&r, "steps/0");
    cr_assert_eq(r.verdict == ASSAY_CASE_PASS, e.verdict == ASSAY_VERDICT_PASS);
    close_pair(&g, &c, &r);
    return e;
}

Test(compare, refusals_must_agree) {
    cr_assert_eq(refusal("POS-3", "ERR-1 POS-3", false).verdict, ASSAY_VERDICT_PASS);
    cr_assert_eq(refusal("POS-3", "", false).verdict, ASSAY_VERDICT_PASS);
    cr_assert_eq(refusal("ERR-1", "SCHED-6", false).verdict, ASSAY_VERDICT_PASS);
    cr_assert_eq(refusal("POS-3", "ERR-1", false).verdict, ASSAY_VERDICT_PASS);
    cr_assert_eq(refusal("ROPE-5", "ERR-1 CACHE-5", false).verdict, ASSAY_VERDICT_FAIL);
    cr_assert_eq(refusal("POS-3", "POS-33 MEM-1", false).verdict, ASSAY_VERDICT_FAIL);
    cr_assert_eq(refusal("POS-3", NULL, true).verdict, ASSAY_VERDICT_FAIL);
    cr_assert_eq(refusal("POS-3", NULL, false).verdict, ASSAY_VERDICT_MISSING);
    cr_assert_eq(refusal(NULL, "POS-3", false).verdict, ASSAY_VERDICT_FAIL);
}

Test(compare, a_step_that_both_refuse_is_a_match) {
    fixture g = fixture_new("golden", true), c = fixture_new("candidate", false);
    fixture_refuse(&g, 0, "POS-3", "a gap");
    fixture_refuse(&c, 0, "POS-3", "a gap");
    fixture_open(&g), fixture_open(&c);
    assay_case_result r = compare_fixtures(&g, &c, NULL, true);
    cr_assert_eq(r.verdict, ASSAY_CASE_PASS);
    close_pair(&g, &c, &r);
}

/* ---- kept, float64, stored, pads ---- */

Test(compare, kept_tokens_are_picked_out_of_the_candidate) {
    static const int64_t kept[] = {0, 3};
    float whole[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    fixture g = fixture_new("golden", true), c = fixture_new("candidate", false);
    fixture_put_f32(&g, NORM, 3, (int64_t[]){1, 2, 2}, (float[]){0, 1, 6, 7.5f});
    fixture_put_f32(&c, NORM, 3, (int64_t[]){1, 4, 2}, whole);
    fixture_open(&g), fixture_open(&c);
    assay_source_item *item = fixture_item(&g, NORM);
    item->kept_axis = 1, item->kept = kept, item->kept_count = 2;
    fixture_set_floor(&g, NORM, 0.5 / 8);
    assay_case_result r = compare_fixtures(&g, &c, NULL, false);
    cr_assert_eq(r.verdict, ASSAY_CASE_PASS);
    assay_case_result_free(&r);
    fixture_set_floor(&g, NORM, 0.4 / 8);
    r = compare_fixtures(&g, &c, NULL, false);
    cr_assert_eq(r.verdict, ASSAY_CASE_FAIL);
    cr_assert_eq(r.entries[0].worst.at[1], 3, "the token's index in the whole tensor");
    close_pair(&g, &c, &r);
}

Test(compare, kept_tokens_beyond_the_candidate_are_a_shape_failure) {
    static const int64_t kept[] = {0, 4}, other[] = {0, 5}, inside[] = {0, 1};
    float data[8] = {0};
    fixture g = fixture_new("golden", true), c = fixture_new("candidate", false);
    fixture_put_f32(&g, NORM, 3, (int64_t[]){1, 2, 2}, data);
    fixture_put_f32(&c, NORM, 3, (int64_t[]){1, 4, 2}, data);
    fixture_put_f32(&g, EMBED, 3, (int64_t[]){1, 2, 2}, data);
    fixture_put_f32(&c, EMBED, 3, (int64_t[]){1, 2, 2}, data);
    fixture_open(&g), fixture_open(&c);
    const char *paths[] = {NORM, EMBED};
    for (int i = 0; i < 2; i++) {
        assay_source_item *item = fixture_item(&g, paths[i]);
        item->kept_axis = 1, item->kept = kept, item->kept_count = 2;
    }
    assay_source_item *item = fixture_item(&c, EMBED);
    item->kept_axis = 1, item->kept = other, item->kept_count = 2;
    assay_case_result r = compare_fixtures(&g, &c, NULL, false);
    cr_assert_eq(r.counts[ASSAY_VERDICT_FAIL], 2);
    fixture_item(&g, EMBED)->kept = inside; /* the candidate has such indices, but they are other tokens */
    assay_case_result_free(&r);
    r = compare_fixtures(&g, &c, NULL, false);
    cr_assert_eq(entry_of(&r, EMBED)->verdict, ASSAY_VERDICT_FAIL);
    fixture_item(&g, EMBED)->kept = item->kept = kept;
    assay_case_result_free(&r);
    r = compare_fixtures(&g, &c, NULL, false);
    cr_assert_eq(entry_of(&r, EMBED)->verdict, ASSAY_VERDICT_PASS, "both keep the same");
    close_pair(&g, &c, &r);
}

Test(compare, a_float64_run_is_held_to_the_float64_golden) {
    double fine[] = {1.0000001, 2};
    int64_t shape[] = {1, 1, 2};
    fixture g = small("golden", true), c = fixture_new("candidate", false);
    fixture_put(&g, "float64/" LOGITS, assay_tensor_view(ASSAY_F64, 3, shape, fine));
    fixture_put(&c, LOGITS, assay_tensor_view(ASSAY_F64, 3, shape, fine));
    put_numbers(&c, NORM, 3, 4);
    fixture_open(&g), fixture_open(&c);
    fixture_set_floor(&g, LOGITS, 1);
    g.source.float64[0].has_floor = true;
    g.source.float64[0].floor = 1e-12;
    c.source.info.dtype = ASSAY_F64;
    assay_case_result r = compare_fixtures(&g, &c, NULL, false);
    const assay_entry *e = entry_of(&r, LOGITS);
    cr_assert(e->uses_float64);
    cr_assert_eq(e->tolerance, 8e-12);
    cr_assert_eq(e->deviation, 0);
    cr_assert_not(entry_of(&r, NORM)->uses_float64);
    assay_case_result_free(&r);
    c.source.info.dtype = ASSAY_F32;
    r = compare_fixtures(&g, &c, NULL, false);
    cr_assert_not(entry_of(&r, LOGITS)->uses_float64);
    close_pair(&g, &c, &r);
}

Test(compare, stored_memory_is_held_to_the_unrounded_keys_and_their_floor) {
    const int64_t shape[] = {1, 1, 1, 2};
    float u[] = {1 + 0x1p-8f + 0x1p-20f, 0.5f};
    uint16_t stored[] = {assay_f32_to_bf16(u[0]), assay_f32_to_bf16(u[1])},
             flipped[] = {assay_f32_to_bf16(1), stored[1]};
    const char *path = "steps/0/past/0/mem_key";
    fixture g = fixture_new("golden", true), c = fixture_new("candidate", false);
    fixture_put(&g, path, assay_tensor_view(ASSAY_BF16, 4, shape, stored));
    fixture_put(&g, "steps/0/past/0/mem_key_unrounded", assay_tensor_view(ASSAY_F32, 4, shape, u));
    fixture_put(&c, path, assay_tensor_view(ASSAY_BF16, 4, shape, flipped));
    fixture_open(&g), fixture_open(&c);
    assay_source_item *item = fixture_item(&g, path);
    cr_assert(item->has_unrounded);
    cr_assert_eq(g.source.unknown_count, 0);
    item->has_unrounded_floor = true;
    item->unrounded_floor = 0x1p-23;
    fixture_set_floor(&g, path, 100);
    assay_case_result r = compare_fixtures(&g, &c, NULL, false);
    cr_assert_eq(r.verdict, ASSAY_CASE_PASS);
    assay_case_result_free(&r);
    item->unrounded_floor = 0x1p-24;
    r = compare_fixtures(&g, &c, NULL, false);
    cr_assert_eq(r.verdict, ASSAY_CASE_FAIL);
    cr_assert_eq(r.entries[0].ratio_tolerance, 2);
    cr_assert_str_eq(r.entries[0].worst.axes[1], "head");
    close_pair(&g, &c, &r);
}

Test(compare, a_dump_with_wide_memory_as_reference_uses_the_configured_type) {
    const int64_t shape[] = {1, 1, 1, 1};
    float stored = 1, flipped = 1 + 0x1p-7f;
    fixture g = fixture_new("reference", false), c = fixture_new("candidate", false);
    fixture_put_f32(&g, "steps/0/past/0/mem_key", 4, shape, &stored);
    fixture_put_f32(&c, "steps/0/past/0/mem_key", 4, shape, &flipped);
    fixture_open(&g), fixture_open(&c);
    assay_case_result r = compare_fixtures(&g, &c, NULL, false);
    cr_assert_eq(r.verdict, ASSAY_CASE_FAIL);
    assay_case_result_free(&r);
    g.source.info.has_mem_dtype = true, g.source.info.mem_dtype = ASSAY_BF16;
    r = compare_fixtures(&g, &c, NULL, false);
    cr_assert_eq(r.verdict, ASSAY_CASE_PASS);
    close_pair(&g, &c, &r);
}

Test(compare, pads_count_unless_the_policy_leaves_them_out) {
    float right[] = {1, 2, 3}, wrong[] = {NAN, 2, 3};
    fixture g = fixture_new("golden", true), c = fixture_new("candidate", false);
    for (int i = 0; i < 2; i++) {
        fixture *f = i ? &c : &g;
        fixture_put_i64(f, "steps/0/windows/0/attention_mask", 2, (int64_t[]){1, 3}, (int64_t[]){i, 1, 1});
        fixture_put_f32(f, NORM, 3, (int64_t[]){1, 3, 1}, i ? wrong : right);
    }
    fixture_open(&g), fixture_open(&c);
    assay_policy policy = {.factor = 8};
    assay_case_result r = compare_fixtures(&g, &c, &policy, false);
    cr_assert_eq(entry_of(&r, NORM)->verdict, ASSAY_VERDICT_FAIL);
    assay_case_result_free(&r);
    policy.ignore_pad_rows = true;
    r = compare_fixtures(&g, &c, &policy, false);
    cr_assert_eq(entry_of(&r, NORM)->verdict, ASSAY_VERDICT_PASS, "the golden's mask decides");
    cr_assert_eq(entry_of(&r, "steps/0/windows/0/attention_mask")->verdict, ASSAY_VERDICT_FAIL);
    cr_assert_eq(r.pad_elements, 1);
    cr_assert(r.ignore_pad_rows);
    close_pair(&g, &c, &r);
}

/* A candidate with more tokens than the golden's axis has is another result, however its first ones agree. */
Test(compare, kept_tokens_tell_the_length_of_the_axis) {
    static const int64_t kept[] = {0, 3};
    const float few[] = {1, 2, 7, 8}, all[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 9};
    for (int64_t tokens = 4; tokens <= 5; tokens++) {
        fixture g = fixture_new("golden", true), c = fixture_new("candidate", false);
        fixture_put_f32(&g, EMBED, 3, (int64_t[]){1, 2, 2}, few);
        fixture_put_f32(&c, EMBED, 3, (int64_t[]){1, tokens, 2}, all);
        fixture_open(&g), fixture_open(&c);
        assay_source_item *item = fixture_item(&g, EMBED);
        item->kept_axis = 1, item->kept = kept, item->kept_count = 2;
        fixture_set_floor(&g, EMBED, 1e-6);
        assay_case_result r = compare_fixtures(&g, &c, NULL, false);
        cr_assert_eq(r.verdict, tokens == 4 ? ASSAY_CASE_PASS : ASSAY_CASE_FAIL);
        close_pair(&g, &c, &r);
    }
}

/* CACHE-5, MEM-8: a cache where the original has none is a failure, when the golden holds the whole past of the step. */
Test(compare, a_past_where_the_golden_has_none_fails) {
    for (int captured = -1; captured <= 1; captured++) {
        fixture g = small("golden", true), c = small("candidate", false);
        put_numbers(&c, "steps/0/past/0/key", 1, 2);
        g.steps[g.step_count++] = (assay_source_step){0, false, "forward", "", "", captured};
        fixture_open(&g), fixture_open(&c);
        assay_case_result r = compare_fixtures(&g, &c, NULL, false);
        cr_assert_eq(r.verdict, captured == 1 ? ASSAY_CASE_FAIL : ASSAY_CASE_PASS);
        close_pair(&g, &c, &r);
    }
}
