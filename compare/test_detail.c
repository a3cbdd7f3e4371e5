#include <criterion/criterion.h>
#include <math.h>

#include "compare/compare_fixture.h"
#include "compare/detail_collect.h"

#define QUERY "steps/0/windows/0/layers/0/self_attn.rotate_one.query" /* (B,H,T,D) */

static assay_case_result compare_detailed(const fixture *g, const fixture *c) {
    assay_case_result r;
    assay_error err;
    const assay_compare_options options = {.name = "a case", .detail = true};
    cr_assert_eq(assay_compare(&r, &g->source, &c->source, &options, &err), ASSAY_OK, "%s", err.message);
    return r;
}

/* Two heads, three tokens, one dimension; every golden value is 1, the tolerance 8 * 0.125 = 1. */
static assay_case_result heads_and_tokens(const float candidate[6]) {
    fixture g = fixture_new("golden.h5", true), c = fixture_new("port.h5", false);
    fixture_put_f32(&g, QUERY, 4, (int64_t[]){1, 2, 3, 1}, (float[]){1, 1, 1, 1, 1, 1});
    fixture_put_f32(&c, QUERY, 4, (int64_t[]){1, 2, 3, 1}, candidate);
    fixture_open(&g), fixture_open(&c);
    fixture_set_floor(&g, QUERY, 0.125);
    assay_case_result r = compare_detailed(&g, &c);
    fixture_free(&g);
    fixture_free(&c);
    return r;
}

Test(detail, a_failing_stage_has_maps_by_token_and_by_head) {
    assay_case_result r = heads_and_tokens((float[]){1, 1.5f, 1, 1, 1, 5});
    const assay_detail *d = r.entries[0].detail;
    cr_assert_not_null(d);
    cr_expect_eq(d->by_token.tokens, 3);
    cr_expect_eq(d->by_token.heads, 1);
    cr_expect_float_eq(d->by_token.ratios[1], 0.5, 1e-6);
    cr_expect_float_eq(d->by_token.ratios[2], 4, 1e-6);
    cr_expect_eq(d->by_head.heads, 2);
    cr_expect_float_eq(d->by_head.ratios[1], 0.5, 1e-6);
    cr_expect_float_eq(d->by_head.ratios[5], 4, 1e-6);
    cr_expect_eq(d->by_head.ratios[2], 0);
    assay_case_result_free(&r);
}

Test(detail, worst_elements_come_largest_first_with_both_values) {
    assay_case_result r = heads_and_tokens((float[]){1, 1.5f, 1, 1, 1, 5});
    const assay_detail *d = r.entries[0].detail;
    cr_assert_eq(d->worst_count, 2);
    cr_expect_eq(d->worst[0].at[1], 1);
    cr_expect_eq(d->worst[0].at[2], 2);
    cr_expect_eq(d->worst[0].candidate, 5);
    cr_expect_eq(d->worst[1].candidate, 1.5);
    assay_case_result_free(&r);
}

Test(detail, a_class_of_its_own_is_infinitely_far_and_first) {
    assay_case_result r = heads_and_tokens((float[]){1, 9, 1, 1, NAN, 5});
    const assay_detail *d = r.entries[0].detail;
    cr_assert_eq(d->worst_count, 3);
    cr_expect(isnan(d->worst[0].candidate));
    cr_expect_eq(d->worst[1].candidate, 9);
    cr_expect(isinf(d->by_head.ratios[4]));
    cr_expect(isinf(d->by_token.ratios[1]));
    assay_case_result_free(&r);
}

/* All goldens are the largest; deviations 0.5 and 4 tolerances: half decades -1 and 1 (2 log10 0.5 = -0.6, 2 log10 4 = 1.2). */
Test(detail, errors_are_counted_by_magnitude) {
    assay_case_result r = heads_and_tokens((float[]){1, 1.5f, 1, 1, 1, 5});
    const assay_error_histogram *h = &r.entries[0].detail->histogram;
    cr_expect(h->known);
    cr_expect_eq(h->counts[ASSAY_DETAIL_MAGNITUDES - 1][ASSAY_DETAIL_ERRORS / 2 - 1], 1);
    cr_expect_eq(h->counts[ASSAY_DETAIL_MAGNITUDES - 1][ASSAY_DETAIL_ERRORS / 2 + 1], 1);
    int64_t sum = 0;
    for (int m = 0; m < ASSAY_DETAIL_MAGNITUDES; m++)
        for (int e = 0; e < ASSAY_DETAIL_ERRORS; e++) sum += h->counts[m][e];
    cr_expect_eq(sum, 2);
    assay_case_result_free(&r);
}

Test(detail, a_passing_stage_has_its_tokens_only) {
    assay_case_result r = heads_and_tokens((float[]){1, 1.5f, 1, 1, 1, 1});
    const assay_detail *d = r.entries[0].detail;
    cr_assert_not_null(d);
    cr_expect_float_eq(d->by_token.ratios[1], 0.5, 1e-6);
    cr_expect_eq(d->by_head.heads, 0);
    cr_expect_eq(d->worst_count, 0);
    cr_expect_not(d->histogram.known);
    assay_case_result_free(&r);
}

Test(detail, long_axes_share_bins_and_keep_the_largest_of_each) {
    enum { TOKENS = 100000 };
    fixture g = fixture_new("golden.h5", true), c = fixture_new("port.h5", false);
    float *values = calloc(TOKENS, sizeof *values);
    fixture_put_f32(&g, "steps/0/windows/0/norm", 3, (int64_t[]){1, TOKENS, 1}, values);
    values[TOKENS - 1] = 3;
    values[50000] = 2;
    fixture_put_f32(&c, "steps/0/windows/0/norm", 3, (int64_t[]){1, TOKENS, 1}, values);
    free(values);
    fixture_open(&g), fixture_open(&c);
    fixture_set_floor(&g, "steps/0/windows/0/norm", 0.125);
    assay_case_result r = compare_detailed(&g, &c);
    const assay_heat *h = &r.entries[0].detail->by_token;
    cr_expect_eq(h->token_bins, ASSAY_DETAIL_TOKENS);
    cr_expect_float_eq(h->ratios[ASSAY_DETAIL_TOKENS - 1], 3, 1e-6);
    cr_expect_float_eq(h->ratios[ASSAY_DETAIL_TOKENS / 2], 2, 1e-6);
    cr_expect_eq(h->ratios[0], 0);
    assay_case_result_free(&r);
    fixture_free(&g);
    fixture_free(&c);
}

Test(detail, logits_show_the_largest_of_both_sides) {
    fixture g = fixture_new("golden.h5", true), c = fixture_new("port.h5", false);
    fixture_put_f32(&g, "steps/0/logits", 3, (int64_t[]){1, 2, 3}, (float[]){1, 2, 3, 1, 5, 3});
    fixture_put_f32(&c, "steps/0/logits", 3, (int64_t[]){1, 2, 3}, (float[]){1, 2, 3, 6, 5, 3});
    fixture_open(&g), fixture_open(&c);
    assay_case_result r = compare_detailed(&g, &c);
    const assay_top_logits *t = &r.entries[0].detail->top;
    cr_expect_eq(t->row, 1);
    cr_assert_eq(t->count, 3);
    cr_expect_not(t->same_winner);
    cr_expect_eq(t->golden[0].id, 1);
    cr_expect_eq(t->candidate[0].id, 0);
    cr_expect_eq(t->candidate[0].golden, 1);
    cr_expect_eq(t->candidate[0].candidate, 6);
    cr_expect_eq(t->candidate[2].id, 2);
    assay_case_result_free(&r);
    fixture_free(&g);
    fixture_free(&c);
}

Test(detail, nobody_asked_nothing_is_looked_at) {
    fixture g = fixture_new("golden.h5", true), c = fixture_new("port.h5", false);
    fixture_put_f32(&g, "steps/0/logits", 3, (int64_t[]){1, 1, 2}, (float[]){1, 2});
    fixture_put_f32(&c, "steps/0/logits", 3, (int64_t[]){1, 1, 2}, (float[]){1, 3});
    fixture_open(&g), fixture_open(&c);
    assay_case_result r = compare_fixtures(&g, &c, NULL, false);
    cr_expect_null(r.entries[0].detail);
    assay_case_result_free(&r);
    fixture_free(&g);
    fixture_free(&c);
}

/* A key in bfloat16 that is rounded the other way is one unit off, hundreds of tolerances away, and passes. */
Test(detail, what_passes_is_drawn_by_what_it_was_judged_by) {
    static const char path[] = "steps/0/windows/0/layers/0/self_attn.mem_write.key";
    const uint16_t a[] = {0x3f80, 0x3f80}, b[] = {0x3f80, 0x3f81};
    fixture g = fixture_new("golden.h5", true), c = fixture_new("port.h5", false);
    fixture_put(&g, path, assay_tensor_view(ASSAY_BF16, 4, (int64_t[]){1, 1, 2, 1}, a));
    fixture_put(&c, path, assay_tensor_view(ASSAY_BF16, 4, (int64_t[]){1, 1, 2, 1}, b));
    fixture_open(&g), fixture_open(&c);
    fixture_set_floor(&g, path, 1e-6);
    assay_case_result r = compare_detailed(&g, &c);
    cr_assert_eq(r.entries[0].verdict, ASSAY_VERDICT_PASS, "%s", r.entries[0].reason);
    cr_expect_leq(r.entries[0].detail->by_token.ratios[1], 1);
    assay_case_result_free(&r);
    fixture_free(&g);
    fixture_free(&c);
}
