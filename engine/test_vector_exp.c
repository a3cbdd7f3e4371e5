/* The vectorisable expf against the C library's exp in double, over floats at a fine step: every exponent and many fractions. */
#include "engine/vector_exp.h"

#include <criterion/criterion.h>
#include <float.h>

static float from_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Units in the last place of the float nearest to `exact`. */
static double error_in_ulp(float found, double exact) {
    float nearest = (float)exact;
    double ulp = (double)(nextafterf(nearest, INFINITY) - nearest);
    return fabs((double)found - exact) / ulp;
}

/* Floats whose bits are a multiple of the step away from `first`, as long as they lie in [low, high]. */
static double worst_error(uint32_t first, uint32_t step, float low, float high) {
    double worst = 0;
    for (uint32_t bits = first; bits < first + 0x7f800000u; bits += step) {
        float x = from_bits(bits);
        if (!(x >= low && x <= high)) continue;
        worst = fmax(worst, error_in_ulp(assay_vector_exp_f32(x), exp((double)x)));
    }
    return worst;
}

Test(vector_exp, stays_within_its_bound_from_minus_87_to_88) {
    double positive = worst_error(0, 1013, -87, 88);
    double negative = worst_error(0x80000000u, 1009, -87, 88);
    cr_assert_leq(positive, ASSAY_VECTOR_EXP_MAX_ULP, "%g ulp", positive);
    cr_assert_leq(negative, ASSAY_VECTOR_EXP_MAX_ULP, "%g ulp", negative);
    cr_assert_gt(positive + negative, 0.5, "the error is measured at all");
}

Test(vector_exp, ends_of_the_range) {
    cr_assert_eq(assay_vector_exp_f32(0), 1.0f); /* equal scores give equal weights */
    cr_assert_eq(assay_vector_exp_f32(-0.0f), 1.0f);
    cr_assert_leq(error_in_ulp(assay_vector_exp_f32(-87), exp(-87.0)), ASSAY_VECTOR_EXP_MAX_ULP);
    cr_assert_leq(error_in_ulp(assay_vector_exp_f32(88), exp(88.0)), ASSAY_VECTOR_EXP_MAX_ULP);
}

Test(vector_exp, below_the_range_is_nothing) {
    for (uint32_t bits = 0xc2ae0001u; bits <= 0xff800000u; bits += 4099) { /* just below -87 down to -infinity */
        float y = assay_vector_exp_f32(from_bits(bits));
        cr_assert(y >= 0 && y < 0x1p-125f, "exp(%g) = %g", (double)from_bits(bits), (double)y);
    }
    cr_assert_eq(assay_vector_exp_f32(-1e6f), 0); /* a hidden key (ATT-1) has no weight at all */
    cr_assert_eq(assay_vector_exp_f32(-FLT_MAX), 0);
    cr_assert_eq(assay_vector_exp_f32(-INFINITY), 0);
}

Test(vector_exp, above_the_range_is_large_or_infinite) {
    for (uint32_t bits = 0x42b00001u; bits <= 0x7f800000u; bits += 4093) { /* just above 88 up to infinity */
        float x = from_bits(bits), y = assay_vector_exp_f32(x);
        if (x > 88.7228394f) cr_assert(isinf(y) && y > 0, "exp(%.9g) = %g", (double)x, (double)y);
        else cr_assert(y > 1.6e38f, "exp(%.9g) = %g", (double)x, (double)y);
    }
    cr_assert(isinf(assay_vector_exp_f32(INFINITY)));
    cr_assert(isinf(assay_vector_exp_f32(FLT_MAX)));
}

Test(vector_exp, nan_gives_nan) {
    cr_assert(isnan(assay_vector_exp_f32(NAN)));
    cr_assert(isnan(assay_vector_exp_f32(-NAN)));
    cr_assert(isnan(assay_vector_exp_f32(from_bits(0x7fffffffu))));
    cr_assert(isnan(assay_vector_exp_f32(from_bits(0xffffffffu))));
    cr_assert(isnan(assay_vector_exp_f64((double)NAN)));
}

Test(vector_exp, it_never_falls_on_the_way_up) {
    /* Within rounding: neighbours in steps wide enough that the exact values differ by more than the bound. */
    float before = 0;
    for (int i = -87 * 64; i <= 88 * 64; i++) {
        float y = assay_vector_exp_f32((float)i / 64);
        cr_assert_gt(y, before);
        before = y;
    }
}
