/*
 * expf that a compiler can vectorise: no branch, no table, no library call.
 *
 * Accuracy: within 2 units in the last place of exp for arguments in [-87, 88] (test_vector_exp.c reads the bound below and
 * tests all of it); smaller arguments give 0 or a value below 2^-125, larger ones infinity, NaN gives NaN. The double
 * version is the C library's.
 *
 * Method: exp(x) = 2^n * exp(r), n = round(x / ln 2), |r| <= ln(2)/2; exp(r) by its Taylor polynomial of degree 7, whose
 * remainder there is below 2^-27 (r^8/8! at r = 0.3466); ln 2 in two parts (Cody and Waite, 1980).
 */
#ifndef ASSAY_ENGINE_VECTOR_EXP_H
#define ASSAY_ENGINE_VECTOR_EXP_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define ASSAY_VECTOR_EXP_MAX_ULP 2.0

static inline float assay_vector_exp_f32(float x) {
    const float log2e = 1.44269504088896341f, round_shift = 12582912.0f; /* 1.5 * 2^23 */
    const float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
    float clamped = x < -104.0f ? -104.0f : x > 89.0f ? 89.0f : x; /* NaN passes through */
    float shifted = clamped * log2e + round_shift;
    float n = shifted - round_shift;
    float r = (clamped - n * ln2_high) - n * ln2_low;
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    /* 2^n in two factors, so that n = 128 and subnormal results need no branch. */
    int32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    int32_t exponent = bits - 0x4b400000;
    int32_t half = exponent / 2;
    uint32_t first_bits = ((uint32_t)half + 127u) << 23, second_bits = ((uint32_t)(exponent - half) + 127u) << 23;
    float first, second;
    memcpy(&first, &first_bits, sizeof first);
    memcpy(&second, &second_bits, sizeof second);
    return p * first * second;
}

static inline double assay_vector_exp_f64(double x) { return exp(x); }

#endif
