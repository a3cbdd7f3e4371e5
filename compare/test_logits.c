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

/* The divergence by its definition, in long double. */
static long double divergence_of(const double *g, const double *c, int64_t n) {
    long double g_sum = 0, c_sum = 0, kl = 0;
    for (int64_t i = 0; i < n; i++) g_sum += expl(g[i]), c_sum += expl(c[i]);
    for (int64_t i = 0; i < n; i++) kl += expl(g[i]) / g_sum * (logl(expl(g[i]) / g_sum) - logl(expl(c[i]) / c_sum));
    return kl;
}

Test(logits, divergence_is_what_its_definition_gives) {
    enum { N = 1003 };
    double g[N], c[N];
    for (int kind = 0; kind < 6; kind++) {
        double spread = kind < 3 ? 10 : 300, noise = kind % 3 == 0 ? 1 : kind % 3 == 1 ? 1e-3 : 100;
        for (uint64_t i = 0; i < N; i++) {
            g[i] = spread * (double)assay_random_symmetric_f32(1, i);
            c[i] = g[i] + noise * (double)assay_random_symmetric_f32(2, i);
        }
        double expected = (double)divergence_of(g, c, N);
        cr_assert_float_eq(assay_kl_divergence(g, c, N), expected, 1e-13 * fmax(1, expected), "%d", kind);
        cr_assert_eq(assay_kl_divergence(g, g, N), 0);
    }
    g[0] = 1e30, c[0] = 1e30, g[1] = c[1] = -1e30; /* what is far below counts nothing, and is no NaN */
    cr_assert_eq(assay_kl_divergence(g, c, N), 0);
}

Test(logits, rows_measured_apart_give_the_same) {
    double g[] = {0, 0, 1}, c[] = {0, 1, 0}, d[] = {0, NAN, 0};
    const double *rows[] = {g, c, d, c, g};
    assay_logits_state whole, first, second;
    assay_logits_begin(&whole);
    for (int cut = 0; cut <= 5; cut++) {
        assay_logits_begin(&whole);
        assay_logits_begin(&first);
        assay_logits_begin(&second);
        for (int i = 0; i < 5; i++) {
            assay_logits_add_row(&whole, g, rows[i], 3, i, 0.1);
            assay_logits_add_row(i < cut ? &first : &second, g, rows[i], 3, i, 0.1);
        }
        assay_logits_fold(&first, &second);
        assay_logit_metrics a = assay_logits_end(&whole), b = assay_logits_end(&first);
        cr_assert_eq(a.rows, 4);
        cr_assert(a.rows == b.rows && a.rows_skipped == b.rows_skipped && a.kl_worst_row == b.kl_worst_row);
        cr_assert(a.kl_max == b.kl_max && a.top1_differs == b.top1_differs && a.top1_wrong == b.top1_wrong);
        cr_assert(a.top1_decided == b.top1_decided && fabs(a.kl_mean - b.kl_mean) < 1e-15);
    }
}
