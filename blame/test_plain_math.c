/* The plain operations against numbers worked out by hand. */
#include "blame/plain_math.h"

#include <criterion/criterion.h>
#include <math.h>

static void expect_near(double found, double wanted) {
    cr_expect_lt(fabs(found - wanted), 1e-12 * fmax(1, fabs(wanted)), "%.17g is not %.17g", found, wanted);
}

Test(plain_math, norm_has_eps_inside_the_root) {
    const double x[] = {3, 4, 0, 0}, w[] = {1, 2, 1, 1};
    double out[4];
    assay_plain_norm(out, x, w, (int64_t[]){1, 4}, 2.75, ASSAY_F64); /* mean square 6.25, root of 9 is 3 */
    expect_near(out[0], 1);
    expect_near(out[1], 8.0 / 3);
    expect_near(out[2], 0);
}

Test(plain_math, norm_rounds_before_the_weight_and_after) {
    const double x[] = {1.01}, w[] = {1.01};
    double out[1];
    assay_plain_norm(out, x, w, (int64_t[]){1, 1}, 3, ASSAY_BF16);
    /* 1.01 / sqrt(4.0201) = 0.503738 rounds to 129/256; times 1.01 is 0.508945, which rounds to 130/256 */
    expect_near(out[0], 130.0 / 256);
}

Test(plain_math, linear_is_x_times_w_transposed) {
    const double x[] = {1, 2, 3, 4}, w[] = {1, 0, 0, 1, 1, 1};
    double out[6];
    assay_plain_linear(out, x, w, (int64_t[]){2, 2, 3}, ASSAY_F64);
    const double wanted[] = {1, 2, 3, 3, 4, 7};
    for (int i = 0; i < 6; i++) expect_near(out[i], wanted[i]);
}

Test(plain_math, rotary_pairs_halves_and_turns_forward) {
    double cosine[8], sine[8], out[4];
    assay_plain_rotary_table(cosine, 2, 4, 10000, false, ASSAY_F64);
    assay_plain_rotary_table(sine, 2, 4, 10000, true, ASSAY_F64);
    expect_near(cosine[4], (double)(float)cos(1));
    expect_near(cosine[6], (double)(float)cos(1));
    expect_near(sine[5], (double)(float)sin((double)(1.0f / 100.0f)));
    const double x[] = {1, 0, 0, 0};
    assay_plain_rotate(out, x, cosine + 4, sine + 4, 4, ASSAY_F64);
    expect_near(out[0], (double)(float)cos(1));
    expect_near(out[2], (double)(float)sin(1)); /* the partner of element 0 is element D/2 */
    expect_near(out[1], 0);
}

Test(plain_math, scores_are_scaled_and_masked) {
    const double q[] = {1, 2, 3, 4}, k[] = {1, 1, 1, 1};
    expect_near(assay_plain_score(q, k, 4, 0, ASSAY_F64), 5);
    expect_near(assay_plain_score(q, k, 4, assay_plain_mask(1, ASSAY_F32), ASSAY_F64), -assay_dtype_max(ASSAY_F32));
    cr_expect(isinf(assay_plain_mask(2, ASSAY_F32)));
    expect_near(assay_plain_clamp(ASSAY_F32), -1e6);
    expect_near(assay_plain_clamp(ASSAY_F16), -65504);
    expect_near(assay_plain_clamp(ASSAY_BF16), -999424);
}

Test(plain_math, softmax_adds_up_to_one_and_keeps_nan) {
    double row[] = {0, log(2), log(5), -(double)INFINITY};
    assay_plain_softmax(row, 4, ASSAY_F64);
    expect_near(row[0], 1.0 / 8);
    expect_near(row[2], 5.0 / 8);
    expect_near(row[3], 0);
    double spoiled[] = {1, (double)NAN};
    assay_plain_softmax(spoiled, 2, ASSAY_F64);
    cr_expect(isnan(spoiled[0]) && isnan(spoiled[1]));
}

Test(plain_math, activations) {
    expect_near(assay_plain_activation(1, ASSAY_ACT_SILU), 1 / (1 + exp(-1)));
    expect_near(assay_plain_activation(2, ASSAY_ACT_RELU2), 4);
    expect_near(assay_plain_activation(9, ASSAY_ACT_RELU6), 6);
    expect_near(assay_plain_activation(-3, ASSAY_ACT_LINEAR), -3);
    expect_near(assay_plain_activation(1, ASSAY_ACT_GELU), 0.84134474606854294859);
    expect_near(assay_plain_activation(30, ASSAY_ACT_GELU_10), 10);
}

Test(plain_math, cross_entropy_of_large_logits) {
    const double logits[] = {1000, 1000, 1000 + log(2)};
    expect_near(assay_plain_cross_entropy(logits, 3, 2, ASSAY_F64), log(2));
}
