/* Choice of the next token: argmax, top-k, top-p, temperature, and that a draw is a function of seed, row and step alone. */
#include "engine/sample.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/test_support.h"

static assay_tensor row_of(const double *values, int64_t n) {
    return assay_tensor_view(ASSAY_F64, 1, (int64_t[]){n}, values);
}

static int64_t argmax(const double *values, int64_t n) {
    assay_tensor t = row_of(values, n);
    return assay_argmax(&t, 0, n);
}

Test(sample, argmax_takes_the_first_of_equals) {
    cr_assert_eq(argmax((double[]){1, 3, 2}, 3), 1);
    cr_assert_eq(argmax((double[]){3, 1, 3}, 3), 0);
    cr_assert_eq(argmax((double[]){-2, -1, -1}, 3), 1);
    cr_assert_eq(argmax((double[]){-0.0, 0.0}, 2), 0);
    cr_assert_eq(argmax((double[]){5}, 1), 0);
}

Test(sample, argmax_takes_nan_as_the_largest) {
    cr_assert_eq(argmax((double[]){1, NAN, 9}, 3), 1);
    cr_assert_eq(argmax((double[]){9, NAN, NAN}, 3), 1);
    cr_assert_eq(argmax((double[]){INFINITY, NAN}, 2), 1);
    cr_assert_eq(argmax((double[]){-INFINITY, -INFINITY}, 2), 0);
    cr_assert_eq(argmax((double[]){-INFINITY, -1e300}, 2), 1);
}

Test(sample, argmax_reads_its_part_in_any_dtype) {
    float values[] = {9, 1, 2, 1, 9};
    assay_tensor t = assay_tensor_view(ASSAY_F32, 1, (int64_t[]){5}, values);
    cr_assert_eq(assay_argmax(&t, 1, 3), 1);
    uint16_t halves[] = {0x3f80, 0x4000, 0x3f80};
    t = assay_tensor_view(ASSAY_BF16, 1, (int64_t[]){3}, halves);
    cr_assert_eq(assay_argmax(&t, 0, 3), 1);
}

static int64_t draw(const double *values, int64_t n, assay_sampling s, double uniform) {
    assay_tensor t = row_of(values, n);
    assay_draw d = {&t, 0, n, uniform};
    int64_t out = -1;
    cr_assert_eq(assay_sample(&d, &s, &out, NULL), ASSAY_OK);
    cr_assert(out >= 0 && out < n);
    return out;
}

/* How often each of n tokens is drawn over an even grid of uniforms: its probability. */
static void frequencies(const double *values, int64_t n, assay_sampling s, double *out) {
    enum { draws = 20000 };
    for (int64_t i = 0; i < n; i++) out[i] = 0;
    for (int i = 0; i < draws; i++) out[draw(values, n, s, (i + 0.5) / draws)] += 1.0 / draws;
}

static const assay_sampling plain = {.temperature = 1, .top_k = 0, .top_p = 1};

/* logits = log of these, in an order that is neither rising nor falling */
static const double probabilities[] = {0.1, 0.4, 0.05, 0.25, 0.2};
static double logits[5];
static void make_logits(void) {
    for (int i = 0; i < 5; i++) logits[i] = log(probabilities[i]) + 3;
}

static void check_frequencies(assay_sampling s, const double *expected) {
    double found[5];
    frequencies(logits, 5, s, found);
    for (int i = 0; i < 5; i++)
        cr_assert_float_eq(found[i], expected[i], 2e-4, "token %d: %g is not %g", i, found[i], expected[i]);
}

Test(sample, tokens_come_as_often_as_they_are_likely, .init = make_logits) { check_frequencies(plain, probabilities); }

Test(sample, temperature_divides_the_logits, .init = make_logits) {
    assay_sampling s = plain;
    s.temperature = 0.5; /* squares the probabilities */
    double expected[5], sum = 0;
    for (int i = 0; i < 5; i++) sum += expected[i] = probabilities[i] * probabilities[i];
    for (int i = 0; i < 5; i++) expected[i] /= sum;
    check_frequencies(s, expected);
    s.temperature = 1e-3;
    check_frequencies(s, (double[]){0, 1, 0, 0, 0});
}

Test(sample, top_k_keeps_the_k_largest, .init = make_logits) {
    assay_sampling s = plain;
    s.top_k = 2;
    check_frequencies(s, (double[]){0, 0.4 / 0.65, 0, 0.25 / 0.65, 0});
    s.top_k = 1;
    check_frequencies(s, (double[]){0, 1, 0, 0, 0});
    s.top_k = 5;
    check_frequencies(s, probabilities);
    s.top_k = 500;
    check_frequencies(s, probabilities);
}

Test(sample, what_ties_with_the_last_of_top_k_stays) {
    const double ties[] = {2, 1, 2, 2, 0};
    double found[5];
    assay_sampling s = plain;
    s.top_k = 2;
    frequencies(ties, 5, s, found);
    for (int i = 0; i < 5; i++) cr_assert_float_eq(found[i], i == 1 || i == 4 ? 0 : 1.0 / 3, 2e-4);
}

Test(sample, top_p_keeps_the_smallest_set_that_reaches_it, .init = make_logits) {
    assay_sampling s = plain;
    s.top_p = 0.5; /* 0.4 is not enough, 0.4 + 0.25 is */
    check_frequencies(s, (double[]){0, 0.4 / 0.65, 0, 0.25 / 0.65, 0});
    s.top_p = 0.39;
    check_frequencies(s, (double[]){0, 1, 0, 0, 0});
    s.top_p = 1e-9; /* one token stays at least */
    check_frequencies(s, (double[]){0, 1, 0, 0, 0});
    s.top_p = 0.86;
    check_frequencies(s, (double[]){0.1 / 0.95, 0.4 / 0.95, 0, 0.25 / 0.95, 0.2 / 0.95});
}

Test(sample, top_p_counts_what_top_k_and_temperature_left, .init = make_logits) { /* transformers' order of warpers */
    assay_sampling s = plain;
    s.top_k = 3;    /* 0.4, 0.25, 0.2 of 0.85 */
    s.top_p = 0.76; /* (0.4 + 0.25) / 0.85 = 0.765 reaches it; of the whole 1 they would not */
    check_frequencies(s, (double[]){0, 0.4 / 0.65, 0, 0.25 / 0.65, 0});
    s = plain;
    s.temperature = 0.5;
    s.top_p = 0.59; /* 0.16 of 0.275 = 0.582 alone does not reach it; unsquared, three would be needed */
    check_frequencies(s, (double[]){0, 0.16 / 0.2225, 0, 0.0625 / 0.2225, 0});
}

Test(sample, the_ends_of_the_uniforms_are_tokens, .init = make_logits) {
    draw(logits, 5, plain, 0);
    draw(logits, 5, plain, 1 - 0x1p-53);
    const double hidden[] = {-INFINITY, 1, -INFINITY};
    cr_assert_eq(draw(hidden, 3, plain, 0), 1);
    cr_assert_eq(draw(hidden, 3, plain, 1 - 0x1p-53), 1);
}

Test(sample, logits_without_a_finite_largest_are_refused) {
    static const double odd[][3] = {{1, NAN, 2}, {1, INFINITY, 2}, {-INFINITY, -INFINITY, -INFINITY}};
    for (size_t i = 0; i < 3; i++) {
        assay_tensor t = row_of(odd[i], 3);
        assay_draw d = {&t, 0, 3, 0.5};
        int64_t out = -1;
        cr_assert_eq(assay_sample(&d, &plain, &out, NULL), ASSAY_EINPUT);
        cr_assert_eq(out, -1);
    }
    cr_assert_eq(draw((double[]){-INFINITY, 3, -INFINITY}, 3, plain, 0.99), 1);
}

Test(sample, uniforms_are_functions_of_seed_row_and_step) {
    assay_sampling a = plain, b = plain;
    a.seed = 5, b.seed = 6;
    cr_assert_eq(assay_sampling_uniform(&a, 1, 2), assay_sampling_uniform(&a, 1, 2));
    cr_assert_neq(assay_sampling_uniform(&a, 1, 2), assay_sampling_uniform(&b, 1, 2));
    cr_assert_neq(assay_sampling_uniform(&a, 1, 2), assay_sampling_uniform(&a, 2, 2));
    cr_assert_neq(assay_sampling_uniform(&a, 1, 2), assay_sampling_uniform(&a, 1, 3));
    cr_assert_neq(assay_sampling_uniform(&a, 1, 2), assay_sampling_uniform(&a, 2, 1));
}

Test(sample, uniforms_are_even) {
    enum { bins = 20, draws = 40000 };
    int count[bins] = {0};
    double mean = 0;
    for (int64_t i = 0; i < draws; i++) {
        double u = assay_sampling_uniform(&plain, i % 7, i / 7);
        cr_assert(u >= 0 && u < 1);
        count[(int)(u * bins)]++;
        mean += u / draws;
    }
    cr_assert_float_eq(mean, 0.5, 0.006);
    /* 2000 are expected in each; four standard deviations are 174. */
    for (int i = 0; i < bins; i++) cr_assert(abs(count[i] - draws / bins) < 180, "bin %d has %d", i, count[i]);
}

static void check_settings(double temperature, int64_t top_k, double top_p, const char *text) {
    assay_sampling s = {.temperature = temperature, .top_k = top_k, .top_p = top_p};
    assay_error err = {0};
    assay_status expected = text ? ASSAY_EINPUT : ASSAY_OK;
    cr_assert_eq(assay_sampling_check(&s, &err), expected, "%g %d %g", temperature, (int)top_k, top_p);
    if (text) cr_assert(strstr(err.message, text), "%s", err.message);
}

Test(sample, settings_out_of_range_are_refused) {
    check_settings(1, 0, 1, NULL);
    check_settings(0.01, 1000000, 0.001, NULL);
    check_settings(0, 0, 1, "temperature is 0");
    check_settings(-1, 0, 1, "temperature");
    check_settings(NAN, 0, 1, "temperature");
    check_settings(INFINITY, 0, 1, "temperature");
    check_settings(1, -1, 1, "top_k is -1");
    check_settings(1, 0, 0, "top_p is 0");
    check_settings(1, 0, 1.5, "top_p is 1.5");
    check_settings(1, 0, NAN, "top_p");
}
