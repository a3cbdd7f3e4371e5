#include "core/dtype.h"

#include <assert.h>
#include <float.h>
#include <string.h>

static const struct {
    const char *name;
    const char *alias;
    size_t size;
    bool is_float;
    double epsilon, max;
} dtypes[ASSAY_DTYPE_COUNT] = {
    [ASSAY_F64] = {"float64", "double", 8, true, DBL_EPSILON, DBL_MAX},
    [ASSAY_F32] = {"float32", "float", 4, true, FLT_EPSILON, FLT_MAX},
    [ASSAY_F16] = {"float16", "half", 2, true, 0x1p-10, 65504.0},
    [ASSAY_BF16] = {"bfloat16", "bfloat16", 2, true, 0x1p-7, 0x1.fep127},
    [ASSAY_I64] = {"int64", "long", 8, false, 0, 0},
    [ASSAY_I32] = {"int32", "int", 4, false, 0, 0},
    [ASSAY_BOOL] = {"bool", "bool", 1, false, 0, 0},
};

size_t assay_dtype_size(assay_dtype dtype) { return dtypes[dtype].size; }
const char *assay_dtype_name(assay_dtype dtype) { return dtypes[dtype].name; }
bool assay_dtype_is_float(assay_dtype dtype) { return dtypes[dtype].is_float; }
bool assay_dtype_is_half(assay_dtype dtype) { return dtype == ASSAY_F16 || dtype == ASSAY_BF16; }
double assay_dtype_epsilon(assay_dtype dtype) { return dtypes[dtype].epsilon; }
double assay_dtype_max(assay_dtype dtype) { return dtypes[dtype].max; }

bool assay_dtype_from_name(const char *name, assay_dtype *out) {
    for (int i = 0; i < ASSAY_DTYPE_COUNT; i++) {
        if (strcmp(name, dtypes[i].name) != 0 && strcmp(name, dtypes[i].alias) != 0) continue;
        *out = (assay_dtype)i;
        return true;
    }
    return false;
}

static float float_from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t bits_from_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

float assay_bf16_to_f32(uint16_t bits) { return float_from_bits((uint32_t)bits << 16); }

uint16_t assay_f32_to_bf16(float value) {
    uint32_t bits = bits_from_float(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)((bits >> 16) | 0x0040u);
    /* Adding just under half a unit, plus the kept part's lowest bit, rounds to nearest with ties to even. */
    return (uint16_t)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

float assay_f16_to_f32(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
    uint32_t exponent = (half >> 10) & 0x1fu;
    uint32_t fraction = half & 0x3ffu;
    if (exponent == 0x1f) return float_from_bits(sign | 0x7f800000u | (fraction << 13));
    if (exponent != 0) return float_from_bits(sign | ((exponent + 112) << 23) | (fraction << 13));
    float magnitude = (float)fraction * 0x1p-24f; /* zero and subnormals: exact */
    return sign ? -magnitude : magnitude;
}

uint16_t assay_f32_to_f16(float value) {
    uint32_t bits = bits_from_float(value);
    uint16_t sign = (uint16_t)((bits >> 16) & 0x8000u);
    uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) return (uint16_t)(sign | 0x7e00u | ((magnitude >> 13) & 0x3ffu));
    if (magnitude >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u); /* 65520 and more round to infinity */
    if (magnitude < 0x38800000u) {
        /* Subnormal result: adding 0.5 puts the unit of f16 subnormals (2^-24) at the last place of the sum, so the
         * addition itself rounds to nearest even. */
        float sum = float_from_bits(magnitude) + 0.5f;
        return (uint16_t)(sign | (bits_from_float(sum) - bits_from_float(0.5f)));
    }
    uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
    return (uint16_t)(sign | ((rounded - (112u << 23)) >> 13));
}

float assay_round_half(float value, assay_dtype dtype) {
    if (dtype == ASSAY_BF16) return assay_bf16_to_f32(assay_f32_to_bf16(value));
    return dtype == ASSAY_F16 ? assay_f16_to_f32(assay_f32_to_f16(value)) : value;
}

void assay_round_halves(float *values, size_t n, assay_dtype dtype) {
    for (size_t i = 0; i < n; i++) values[i] = assay_round_half(values[i], dtype);
}

double assay_load_f64(const void *data, assay_dtype dtype, size_t i) {
    switch (dtype) {
    case ASSAY_F64: return ((const double *)data)[i];
    case ASSAY_F32: return (double)((const float *)data)[i];
    case ASSAY_F16: return (double)assay_f16_to_f32(((const uint16_t *)data)[i]);
    case ASSAY_BF16: return (double)assay_bf16_to_f32(((const uint16_t *)data)[i]);
    case ASSAY_I64: return (double)((const int64_t *)data)[i];
    case ASSAY_I32: return (double)((const int32_t *)data)[i];
    case ASSAY_BOOL: return (double)((const uint8_t *)data)[i];
    case ASSAY_DTYPE_COUNT: break;
    }
    assert(false && "unknown dtype");
    return 0;
}

static void store_f64(void *data, assay_dtype dtype, size_t i, double value) {
    switch (dtype) {
    case ASSAY_F64: ((double *)data)[i] = value; return;
    case ASSAY_F32: ((float *)data)[i] = (float)value; return;
    case ASSAY_F16: ((uint16_t *)data)[i] = assay_f32_to_f16((float)value); return;
    case ASSAY_BF16: ((uint16_t *)data)[i] = assay_f32_to_bf16((float)value); return;
    case ASSAY_I64: ((int64_t *)data)[i] = (int64_t)value; return;
    case ASSAY_I32: ((int32_t *)data)[i] = (int32_t)value; return;
    case ASSAY_BOOL: ((uint8_t *)data)[i] = value != 0; return;
    case ASSAY_DTYPE_COUNT: break;
    }
    assert(false && "unknown dtype");
}

void assay_convert(void *dst, assay_dtype dst_dtype, const void *src, assay_dtype src_dtype, size_t n) {
    if (n == 0) return;
    if (dst_dtype == src_dtype) {
        memcpy(dst, src, n * assay_dtype_size(src_dtype));
    } else if (src_dtype == ASSAY_BF16 && dst_dtype == ASSAY_F32) {
        for (size_t i = 0; i < n; i++) ((float *)dst)[i] = assay_bf16_to_f32(((const uint16_t *)src)[i]);
    } else if (src_dtype == ASSAY_F32 && dst_dtype == ASSAY_BF16) {
        for (size_t i = 0; i < n; i++) ((uint16_t *)dst)[i] = assay_f32_to_bf16(((const float *)src)[i]);
    } else if (src_dtype == ASSAY_F16 && dst_dtype == ASSAY_F32) {
        for (size_t i = 0; i < n; i++) ((float *)dst)[i] = assay_f16_to_f32(((const uint16_t *)src)[i]);
    } else if (src_dtype == ASSAY_I32 && dst_dtype == ASSAY_I64) {
        for (size_t i = 0; i < n; i++) ((int64_t *)dst)[i] = ((const int32_t *)src)[i];
    } else {
        for (size_t i = 0; i < n; i++) store_f64(dst, dst_dtype, i, assay_load_f64(src, src_dtype, i));
    }
}
