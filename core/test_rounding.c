#include "core/rounding.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>

#include "core/random.h"

static double value_of(uint16_t bits, assay_dtype dtype) {
    return (double)(dtype == ASSAY_F16 ? assay_f16_to_f32(bits) : assay_bf16_to_f32(bits));
}

static double cast(double value, assay_dtype dtype) {
    uint16_t bits = dtype == ASSAY_F16 ? assay_f32_to_f16((float)value) : assay_f32_to_bf16((float)value);
    return value_of(bits, dtype);
}

static const assay_dtype half_types[] = {ASSAY_F16, ASSAY_BF16};

/* core/dtype.c rounds by bits, rounding.c by arithmetic: on floats they must agree. */
Test(rounding, agrees_with_the_cast_on_every_tie_and_beside_it) {
    for (int t = 0; t < 2; t++) {
        assay_dtype dtype = half_types[t];
        uint16_t infinity = dtype == ASSAY_F16 ? 0x7c00 : 0x7f80;
        for (uint16_t bits = 0; bits < infinity - 1; bits++) {
            double low = value_of(bits, dtype), high = value_of((uint16_t)(bits + 1), dtype);
            float tie = (float)((low + high) / 2);
            float near[] = {(float)low, tie, nextafterf(tie, 0), nextafterf(tie, INFINITY)};
            for (int i = 0; i < 4; i++) {
                cr_assert_eq(assay_round_to((double)near[i], dtype), cast((double)near[i], dtype), "%a",
                             (double)near[i]);
                cr_assert_eq(assay_round_to(-(double)near[i], dtype), -cast((double)near[i], dtype));
            }
        }
    }
}

Test(rounding, overflow_becomes_infinite_at_half_a_unit_beyond_the_largest) {
    cr_assert_eq(assay_round_to(65519.999, ASSAY_F16), 65504);
    cr_assert(isinf(assay_round_to(65520, ASSAY_F16)));
    cr_assert(isinf(assay_round_to(DBL_MAX, ASSAY_BF16)));
    cr_assert(assay_round_to(-1e300, ASSAY_F16) < 0);
    cr_assert(isnan(assay_round_to(NAN, ASSAY_F16)));
}

Test(rounding, rounds_once) {
    double just_above_a_tie = 1 + 0x1p-8 + 0x1p-40; /* through float32 it would become the tie, and go down to 1 */
    cr_assert_eq(assay_round_to(just_above_a_tie, ASSAY_BF16), 1 + 0x1p-7);
    cr_assert_eq(assay_round_to(1 + 0x1p-8, ASSAY_BF16), 1);
    cr_assert_eq(assay_round_to(1 + 3 * 0x1p-8, ASSAY_BF16), 1 + 0x1p-6);
}

Test(rounding, move_is_the_least_that_reaches_the_value) {
    for (int t = 0; t < 2; t++) {
        for (uint64_t i = 0; i < 20000; i++) {
            double u = (double)assay_random_symmetric_f32(11, 2 * i) * (i % 3 ? 1 : 1e-6);
            double c =
                assay_round_to(u + 0.02 * (double)assay_random_symmetric_f32(11, 2 * i + 1) * fabs(u), half_types[t]);
            double move = assay_rounding_move(u, c, half_types[t]);
            double towards = c > u ? 1 : -1, slack = 1e-12 * (move + fabs(u));
            cr_assert_eq(assay_round_to(u + towards * (move + (move > 0 ? slack : 0)), half_types[t]), c);
            if (move > slack) cr_assert_neq(assay_round_to(u + towards * (move - slack), half_types[t]), c);
        }
    }
}

Test(rounding, move_knows_binades_zero_and_infinity) {
    cr_assert_eq(assay_rounding_move(1.3, 1, ASSAY_BF16), 1.3 - (1 + 0x1p-8));
    cr_assert_eq(assay_rounding_move(0.9, 1, ASSAY_BF16), (1 - 0x1p-9) - 0.9);
    cr_assert_eq(assay_rounding_move(-0.9, -1, ASSAY_BF16), (1 - 0x1p-9) - 0.9);
    cr_assert_eq(assay_rounding_move(1, 0, ASSAY_F16), 1 - 0x1p-25);
    cr_assert_eq(assay_rounding_move(65504, INFINITY, ASSAY_F16), 16);
    cr_assert_eq(assay_rounding_move(65536, 65504, ASSAY_F16), 16);
    cr_assert(isinf(assay_rounding_move(INFINITY, 1, ASSAY_F16)));
    cr_assert_eq(assay_rounding_move(-1, INFINITY, ASSAY_F16), 65521);
}
