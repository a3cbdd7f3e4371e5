#include "compare/logits.h"

#include "compare/compare_fixture.h"

static assay_logit_metrics one_row(const double *g, const double *c, int64_t n, double tolerance) {
    assay_logits_state s;
    assay_logits_begin(&s);
    assay_logits_add_row(&s, g, c, n, 0, tolerance);
    return assay_logits_end(&s);
}

Test(logits, divergence_of_equal_and_shifted_rows_is_zero) {
    double g[] = {1, 2, 3, -4}, shifted[] = {101, 102, 103, 96};
    cr_assert_eq(assay_kl_divergence(g, g, 4), 0);
    cr_assert_float_eq(assay_kl_divergence(g, shifted, 4), 0, 1e-14);
}

Test(logits, divergence_is_never_negative) {
    for (uint64_t row = 0; row < 2000; row++) {
        double g[16], c[16];
        for (uint64_t i = 0; i < 16; i++) {
            g[i] = 10 * (double)assay_random_symmetric_f32(31, row * 16 + i);
            c[i] = g[i] + 1e-15 * (double)assay_random_symmetric_f32(32, row * 16 + i);
        }
        double kl = assay_kl_divergence(g, c, 16);
        cr_assert(kl >= 0 && !signbit(kl) && kl < 1e-13);
    }
}

Test(logits, divergence_has_its_closed_form_for_two_outcomes) {
    double p = 0.8, q = 0.4, g[] = {log(p), log(1 - p)}, c[] = {log(q), log(1 - q)};
    double expected = p * log(p / q) + (1 - p) * log((1 - p) / (1 - q));
    double reverse = q * log(q / p) + (1 - q) * log((1 - q) / (1 - p));
    cr_assert_float_eq(assay_kl_divergence(g, c, 2), expected, 1e-15);
    cr_assert_float_eq(assay_kl_divergence(c, g, 2), reverse, 1e-15);
}

Test(logits, divergence_does_not_overflow) {
    double g[] = {1e4, -1e4}, c[] = {-1e4, 1e4};
    cr_assert_float_eq(assay_kl_divergence(g, c, 2), 2e4, 1e-9);
}

Test(logits, argmax_counts_only_where_the_margin_decides) {
    double g[] = {1.0, 0.9, 0}, c[] = {0.94, 0.96, 0};
    assay_logit_metrics m = one_row(g, c, 3, 0.06);
    cr_assert_eq(m.top1_differs, 1);
    cr_assert_eq(m.top1_decided, 0);
    cr_assert_eq(m.top1_wrong, 0);
    m = one_row(g, c, 3, 0.04);
    cr_assert_eq(m.top1_decided, 1);
    cr_assert_eq(m.top1_wrong, 1);
}

Test(logits, margin_equal_to_twice_the_tolerance_does_not_decide) {
    double g[] = {1.0, 0.5}, c[] = {0.5, 1.0};
    cr_assert_eq(one_row(g, c, 2, 0.25).top1_decided, 0);
    cr_assert_eq(one_row(g, c, 2, 0.249).top1_decided, 1);
}

Test(logits, top_five_is_a_set) {
    double g[] = {9, 8, 7, 6, 5, 1, 0}, swapped[] = {5, 6, 7, 8, 9, 1, 0}, other[] = {9, 8, 7, 6, 1, 5, 0};
    assay_logit_metrics m = one_row(g, swapped, 7, 1);
    cr_assert_eq(m.top5_differs, 0);
    cr_assert_eq(m.top1_differs, 1);
    m = one_row(g, other, 7, 1);
    cr_assert_eq(m.top5_differs, 1);
    cr_assert_eq(m.top5_decided, 1);
    cr_assert_eq(m.top5_wrong, 1);
    cr_assert_eq(one_row(g, other, 5, 1).top5_decided, 0, "five of five are always the same");
}

Test(logits, first_of_equals_is_the_argmax) {
    double g[] = {3, 3, 1}, c[] = {3, 3, 1}, d[] = {2, 3, 1};
    cr_assert_eq(one_row(g, c, 3, 0).top1_differs, 0);
    cr_assert_eq(one_row(g, d, 3, 0).top1_differs, 1);
}

Test(logits, rows_that_are_not_finite_are_counted_apart) {
    double g[] = {1, 2}, c[] = {1, NAN}, d[] = {-INFINITY, 1};
    assay_logits_state s;
    assay_logits_begin(&s);
    assay_logits_add_row(&s, g, c, 2, 0, 0);
    assay_logits_add_row(&s, d, g, 2, 1, 0);
    assay_logits_add_row(&s, g, g, 2, 2, 0);
    assay_logit_metrics m = assay_logits_end(&s);
    cr_assert_eq(m.rows_skipped, 2);
    cr_assert_eq(m.rows, 1);
    cr_assert_eq(m.kl_worst_row, 2);
}

Test(logits, mean_and_worst_row) {
    double g[] = {0, 0}, c[] = {0, 1};
    double kl = assay_kl_divergence(g, c, 2);
    assay_logits_state s;
    assay_logits_begin(&s);
    assay_logits_add_row(&s, g, g, 2, 0, 0);
    assay_logits_add_row(&s, g, c, 2, 1, 0);
    assay_logit_metrics m = assay_logits_end(&s);
    cr_assert_eq(m.kl_max, kl);
    cr_assert_float_eq(m.kl_mean, kl / 2, 1e-16);
    cr_assert_eq(m.kl_worst_row, 1);
    cr_assert_gt(kl, 0.1);
}
