/* Element types: every half pattern, and rounding against an independent computation with integers (MEM-6). */
#include "core/dtype.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/random.h"

static float from_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* A half format: exponent and fraction bits. */
typedef struct {
    int exponent_bits, fraction_bits;
    uint16_t (*narrow)(float);
    float (*widen)(uint16_t);
} format;

static const format f16 = {5, 10, assay_f32_to_f16, assay_f16_to_f32};
static const format bf16 = {8, 7, assay_f32_to_bf16, assay_bf16_to_f32};

/* What a pattern means, by the definition of IEEE formats. */
static double meaning(const format *f, uint16_t bits) {
    int fraction = bits & ((1 << f->fraction_bits) - 1);
    int exponent = (bits >> f->fraction_bits) & ((1 << f->exponent_bits) - 1);
    int bias = (1 << (f->exponent_bits - 1)) - 1;
    double sign = bits & 0x8000 ? -1 : 1;
    if (exponent == (1 << f->exponent_bits) - 1) return fraction ? (double)NAN : sign * (double)INFINITY;
    if (exponent == 0) return sign * ldexp(fraction, 1 - bias - f->fraction_bits);
    return sign * ldexp((1 << f->fraction_bits) + fraction, exponent - bias - f->fraction_bits);
}

static void check_all_patterns(const format *f) {
    for (uint32_t bits = 0; bits < 65536; bits++) {
        double expected = meaning(f, (uint16_t)bits);
        float wide = f->widen((uint16_t)bits);
        if (isnan(expected)) {
            cr_assert(isnan(wide), "%x", bits);
            cr_assert(isnan(f->widen(f->narrow(wide))), "%x", bits);
            continue;
        }
        cr_assert_eq((double)wide, expected, "%x", bits);
        cr_assert_eq(signbit(wide) != 0, bits >> 15, "%x", bits);
        cr_assert_eq(f->narrow(wide), bits, "%x", bits);
    }
}

Test(dtype, every_f16_pattern_means_what_ieee_says_and_comes_back) { check_all_patterns(&f16); }
Test(dtype, every_bf16_pattern_means_what_ieee_says_and_comes_back) { check_all_patterns(&bf16); }

/* The pattern nearest to a finite x >= 0, ties to the even pattern: patterns of one sign are in the order of their values. */
static uint16_t nearest_pattern(const format *f, double x) {
    uint16_t largest = (uint16_t)(((1 << f->exponent_bits) - 1) << f->fraction_bits); /* infinity's */
    uint32_t low = 0, high = largest;
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (meaning(f, (uint16_t)middle) <= x) low = middle;
        else high = middle;
    }
    /* Infinity rounds as if it were the next number of the format. */
    double below = meaning(f, (uint16_t)low);
    double above = high == largest ? 2 * below - meaning(f, (uint16_t)(low - 1)) : meaning(f, (uint16_t)high);
    double to_below = x - below, to_above = above - x;
    if (to_below != to_above) return (uint16_t)(to_below < to_above ? low : high);
    return (uint16_t)(low % 2 == 0 ? low : high);
}

static void check_rounding(const format *f, float x) {
    uint16_t expected = nearest_pattern(f, fabs((double)x));
    if (signbit(x)) expected |= 0x8000;
    cr_assert_eq(f->narrow(x), expected, "%a: %x is not %x", (double)x, f->narrow(x), expected);
}

/* Around every pattern's value and every midpoint: ties, their neighbours, subnormals, overflow. */
static void check_boundaries(const format *f) {
    uint32_t last = (uint32_t)(((1 << f->exponent_bits) - 1) << f->fraction_bits) - 1;
    for (uint32_t bits = 0; bits <= last; bits += bits < 300 || bits > last - 300 ? 1 : 7) {
        double here = meaning(f, (uint16_t)bits);
        double next = bits == last ? 2 * here - meaning(f, (uint16_t)(bits - 1)) : meaning(f, (uint16_t)(bits + 1));
        float middle = (float)((here + next) / 2);
        const float around[] = {(float)here, nextafterf((float)here, INFINITY), nextafterf(middle, 0),
                                middle,      nextafterf(middle, INFINITY),      -middle};
        for (size_t i = 0; i < sizeof around / sizeof *around; i++)
            if (isfinite(around[i])) check_rounding(f, around[i]);
    }
}

static void check_random(const format *f, uint64_t seed) {
    for (uint64_t i = 0; i < 30000; i++) {
        float x = from_bits((uint32_t)assay_random_at(seed, i));
        if (isfinite(x)) check_rounding(f, x);
    }
    check_rounding(f, FLT_MAX);
    check_rounding(f, FLT_MIN);
    check_rounding(f, FLT_TRUE_MIN);
    check_rounding(f, -FLT_TRUE_MIN);
    check_rounding(f, 0.0f);
    check_rounding(f, -0.0f);
}

Test(dtype, f16_rounds_to_nearest_even_at_every_boundary) { check_boundaries(&f16); }
Test(dtype, bf16_rounds_to_nearest_even_at_every_boundary) { check_boundaries(&bf16); }
Test(dtype, f16_rounds_random_floats) { check_random(&f16, 1); }
Test(dtype, bf16_rounds_random_floats) { check_random(&bf16, 2); }

Test(dtype, nan_stays_nan_whatever_its_bits) {
    for (uint32_t shift = 0; shift < 23; shift++)
        for (uint32_t sign = 0; sign < 2; sign++) {
            float nan = from_bits((sign << 31) | 0x7f800000u | (1u << shift));
            cr_assert(isnan(assay_bf16_to_f32(assay_f32_to_bf16(nan))), "fraction bit %u", shift);
            cr_assert(isnan(assay_f16_to_f32(assay_f32_to_f16(nan))), "fraction bit %u", shift);
        }
    cr_assert(isnan(assay_bf16_to_f32(assay_f32_to_bf16(from_bits(0x7fffffffu)))));
    cr_assert(isnan(assay_f16_to_f32(assay_f32_to_f16(from_bits(0x7fffffffu)))));
}

Test(dtype, infinity_and_too_large) {
    cr_assert_eq(assay_f32_to_f16(INFINITY), 0x7c00);
    cr_assert_eq(assay_f32_to_f16(-INFINITY), 0xfc00);
    cr_assert_eq(assay_f32_to_f16(65519.996f), 0x7bff);
    cr_assert_eq(assay_f32_to_f16(65520.0f), 0x7c00);
    cr_assert_eq(assay_f32_to_bf16(INFINITY), 0x7f80);
    cr_assert_eq(assay_f32_to_bf16(-FLT_MAX), 0xff80);
}

Test(dtype, names_and_aliases_are_torchs) {
    const struct {
        const char *name, *alias;
        assay_dtype dtype;
        size_t size;
    } all[] = {{"float64", "double", ASSAY_F64, 8}, {"float32", "float", ASSAY_F32, 4},
               {"float16", "half", ASSAY_F16, 2},   {"bfloat16", "bfloat16", ASSAY_BF16, 2},
               {"int64", "long", ASSAY_I64, 8},     {"int32", "int", ASSAY_I32, 4},
               {"bool", "bool", ASSAY_BOOL, 1}};
    cr_assert_eq(sizeof all / sizeof *all, ASSAY_DTYPE_COUNT);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assay_dtype found = ASSAY_DTYPE_COUNT;
        cr_assert_str_eq(assay_dtype_name(all[i].dtype), all[i].name);
        cr_assert(assay_dtype_from_name(all[i].name, &found) && found == all[i].dtype);
        cr_assert(assay_dtype_from_name(all[i].alias, &found) && found == all[i].dtype);
        cr_assert_eq(assay_dtype_size(all[i].dtype), all[i].size);
        cr_assert_eq(assay_dtype_is_float(all[i].dtype), i < 4);
    }
    assay_dtype untouched = ASSAY_F16;
    cr_assert_not(assay_dtype_from_name("float8", &untouched));
    cr_assert_not(assay_dtype_from_name("", &untouched));
    cr_assert_not(assay_dtype_from_name("Float32", &untouched));
    cr_assert_eq(untouched, ASSAY_F16);
}

Test(dtype, limits_are_those_of_torch_finfo) {
    cr_assert_eq(assay_dtype_max(ASSAY_F64), DBL_MAX);
    cr_assert_eq(assay_dtype_max(ASSAY_F32), (double)FLT_MAX);
    cr_assert_eq(assay_dtype_max(ASSAY_F16), 65504);
    cr_assert_eq(assay_dtype_max(ASSAY_BF16), (double)assay_bf16_to_f32(0x7f7f));
    cr_assert_eq(assay_dtype_epsilon(ASSAY_F16), (double)(assay_f16_to_f32(0x3c01) - 1));
    cr_assert_eq(assay_dtype_epsilon(ASSAY_BF16), (double)(assay_bf16_to_f32(0x3f81) - 1));
    cr_assert_eq(assay_dtype_epsilon(ASSAY_F32), (double)FLT_EPSILON);
    cr_assert_eq(assay_dtype_epsilon(ASSAY_F64), DBL_EPSILON);
    cr_assert_eq(assay_dtype_epsilon(ASSAY_I64), 0);
}

/* Small whole numbers are exact in every dtype: from each to each and back. */
Test(dtype, whole_numbers_survive_every_conversion) {
    const double numbers[] = {0, 1, -1, 2, 100, -37};
    enum { n = sizeof numbers / sizeof *numbers };
    for (int from = 0; from < ASSAY_BOOL; from++)
        for (int to = 0; to < ASSAY_BOOL; to++) {
            char source[n * 8], target[n * 8];
            assay_convert(source, (assay_dtype)from, numbers, ASSAY_F64, n);
            assay_convert(target, (assay_dtype)to, source, (assay_dtype)from, n);
            for (size_t i = 0; i < n; i++)
                cr_assert_eq(assay_load_f64(target, (assay_dtype)to, i), numbers[i], "%s to %s",
                             assay_dtype_name((assay_dtype)from), assay_dtype_name((assay_dtype)to));
        }
}

Test(dtype, conversions_to_bool_and_whole_numbers) {
    const float x[] = {0, -0.0f, 0.25f, -3.75f, 2.99f, NAN};
    uint8_t truth[6];
    assay_convert(truth, ASSAY_BOOL, x, ASSAY_F32, 6);
    cr_assert_arr_eq(truth, ((uint8_t[]){0, 0, 1, 1, 1, 1}), 6);
    int64_t whole[5];
    assay_convert(whole, ASSAY_I64, x, ASSAY_F32, 5);
    cr_assert_arr_eq(whole, ((int64_t[]){0, 0, 0, -3, 2}), sizeof whole);
    const int64_t large = INT64_C(0x7123456789abcdef);
    int64_t copy;
    assay_convert(&copy, ASSAY_I64, &large, ASSAY_I64, 1);
    cr_assert_eq(copy, large);
    const int32_t small[] = {INT32_MIN, INT32_MAX};
    assay_convert(whole, ASSAY_I64, small, ASSAY_I32, 2);
    cr_assert(whole[0] == INT32_MIN && whole[1] == INT32_MAX);
}

Test(dtype, double_becomes_a_half_through_float) { /* as torch rounds: twice */
    const double x = 1 + 0x1p-8 + 0x1p-40;         /* above a tie of bf16; in float it is the tie */
    uint16_t half;
    assay_convert(&half, ASSAY_BF16, &x, ASSAY_F64, 1);
    cr_assert_eq(half, 0x3f80);
    const double y = 1 + 0x1p-11 + 0x1p-40;
    assay_convert(&half, ASSAY_F16, &y, ASSAY_F64, 1);
    cr_assert_eq(half, 0x3c00);
}

Test(dtype, nothing_to_convert_touches_nothing) { assay_convert(NULL, ASSAY_F32, NULL, ASSAY_BF16, 0); }
