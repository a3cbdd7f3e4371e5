/* Maxima are those of integers: the bits of numbers that are not negative are in the order of the numbers, and vectorise. */
#include "compare/metrics_f32.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "compare/metrics.h"
#include "core/simd.h"

#define FEW 64 /* elements that are looked at one by one when one of them may be the largest */

#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed" /* builds with sanitizers do not vectorise, and need not */
#endif

/* ---- to float32 ---- */

static inline float f32_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t bits_of_f32(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float f32_of_bf16(uint16_t bits) { return f32_of_bits((uint32_t)bits << 16); }

/* The exponent's bias differs by 112, which a product puts right, for subnormals as well. */
static inline float f32_of_f16(uint16_t half) {
    float magnitude = f32_of_bits((uint32_t)(half & 0x7fff) << 13) * 0x1p112f;
    uint32_t bits = bits_of_f32(magnitude) | ((half & 0x7c00) == 0x7c00 ? UINT32_C(0x7f800000) : 0);
    return f32_of_bits(bits | (uint32_t)(half & 0x8000) << 16);
}

ASSAY_SIMD static void widen_bf16(float *restrict out, const uint16_t *restrict src, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = f32_of_bf16(src[i]);
}

ASSAY_SIMD static void widen_f16(float *restrict out, const uint16_t *restrict src, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = f32_of_f16(src[i]);
}

bool assay_chunk_is_narrow(assay_dtype dtype) {
    return dtype == ASSAY_F32 || dtype == ASSAY_F16 || dtype == ASSAY_BF16;
}

void assay_chunk_load_f32(float *out, const void *src, assay_dtype dtype, size_t n) {
    assert(assay_chunk_is_narrow(dtype));
    if (dtype == ASSAY_F32) memcpy(out, src, n * sizeof *out);
    else if (dtype == ASSAY_BF16) widen_bf16(out, src, n);
    else widen_f16(out, src, n);
}

/* ---- maxima and sums ---- */

/* Maxima of a chunk, as the bits of numbers that are not negative. Those of the differences are rounded. */
typedef struct {
    int32_t golden, both, abs, rel; /* |g|; max(|g|, |c|); |g - c|; |g - c| / max(|g|, |c|) */
    uint32_t ulp;
    int32_t different;
} f32_maxima;

static inline int32_t order_of_f32(float value) { return (int32_t)bits_of_f32(value); }

/* |g - c| / max(|g|, |c|), rounded. Where both are 0 it is 0 over the smallest number. */
static inline float relative_f32(float g, float c) {
    int32_t go = order_of_f32(fabsf(g)), co = order_of_f32(fabsf(c)), larger = go > co ? go : co;
    return fabsf(g - c) / f32_of_bits((uint32_t)(larger > 1 ? larger : 1));
}

ASSAY_SIMD static void measure_f32_maxima(f32_maxima *out, const float *restrict g, const float *restrict c, size_t n) {
    int32_t golden = 0, both = 0, max_abs = 0, max_rel = 0, different = 0;
    uint32_t ulp = 0;
#pragma omp simd reduction(max : golden, both, max_abs, max_rel, ulp) reduction(+ : different)
    for (size_t i = 0; i < n; i++) {
        int32_t go = order_of_f32(fabsf(g[i])), co = order_of_f32(fabsf(c[i]));
        int32_t larger = go > co ? go : co, smaller = go > co ? co : go;
        int32_t d = order_of_f32(fabsf(g[i] - c[i])), rel = order_of_f32(relative_f32(g[i], c[i]));
        bool across = (int32_t)(bits_of_f32(g[i]) ^ bits_of_f32(c[i])) < 0; /* on either side of 0 */
        uint32_t u = across ? (uint32_t)larger + (uint32_t)smaller : (uint32_t)larger - (uint32_t)smaller;
        golden = go > golden ? go : golden;
        both = larger > both ? larger : both;
        max_abs = d > max_abs ? d : max_abs;
        max_rel = rel > max_rel ? rel : max_rel;
        ulp = u > ulp ? u : ulp;
        different += u != 0;
    }
    *out = (f32_maxima){golden, both, max_abs, max_rel, ulp, different};
}

ASSAY_SIMD static int32_t max_order_f32(const float *x, size_t n) {
    int32_t max = 0;
#pragma omp simd reduction(max : max)
    for (size_t i = 0; i < n; i++) {
        int32_t order = order_of_f32(fabsf(x[i]));
        max = order > max ? order : max;
    }
    return max;
}

ASSAY_SIMD static void measure_f32_sums(assay_chunk_sums *out, const float *restrict g, const float *restrict c,
                                        size_t n) {
    double diff2 = 0, golden2 = 0, candidate2 = 0, product = 0;
#pragma omp simd reduction(+ : diff2, golden2, candidate2, product)
    for (size_t i = 0; i < n; i++) {
        double gd = (double)g[i], cd = (double)c[i], d = gd - cd;
        diff2 += d * d;
        golden2 += gd * gd;
        candidate2 += cd * cd;
        product += gd * cd;
    }
    out->diff2 = diff2, out->golden2 = golden2, out->candidate2 = candidate2, out->product = product;
}

ASSAY_SIMD static double sum_squares_f32(const float *x, size_t n) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sum;
}

/* Of bfloat16 and float16: the positions of the float32 values after rounding to it, as f32_rank has those of float32. */
static inline int32_t bf16_rank_of(float value) {
    uint32_t bits = bits_of_f32(fabsf(value));
    int32_t rank = (int32_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    return value < 0 ? -rank : rank;
}

static inline int32_t f16_rank_of(float value) {
    float magnitude = fabsf(value);
    uint32_t bits = bits_of_f32(magnitude);
    int32_t normal = (int32_t)((bits + 0xfff + (bits >> 13 & 1)) >> 13) - (112 << 10);
    float units =
        magnitude < 0x1p-14f ? magnitude * 0x1p24f : 0; /* of subnormals; adding 2^23 rounds them to whole ones */
    int32_t subnormal = (int32_t)((units + 0x1p23f) - 0x1p23f);
    int32_t rank = magnitude < 0x1p-14f ? subnormal : normal < 0x7c00 ? normal : 0x7c00;
    return value < 0 ? -rank : rank;
}

ASSAY_SIMD static int32_t max_ulp_bf16(const float *restrict g, const float *restrict c, size_t n) {
    int32_t max = 0;
#pragma omp simd reduction(max : max)
    for (size_t i = 0; i < n; i++) {
        int32_t d = bf16_rank_of(g[i]) - bf16_rank_of(c[i]);
        d = d < 0 ? -d : d;
        max = d > max ? d : max;
    }
    return max;
}

ASSAY_SIMD static int32_t max_ulp_f16(const float *restrict g, const float *restrict c, size_t n) {
    int32_t max = 0;
#pragma omp simd reduction(max : max)
    for (size_t i = 0; i < n; i++) {
        int32_t d = f16_rank_of(g[i]) - f16_rank_of(c[i]);
        d = d < 0 ? -d : d;
        max = d > max ? d : max;
    }
    return max;
}

ASSAY_SIMD static int32_t abs_reaches(const float *restrict g, const float *restrict c, size_t n, int32_t least) {
    int32_t reaches = 0;
#pragma omp simd reduction(| : reaches)
    for (size_t i = 0; i < n; i++) reaches |= order_of_f32(fabsf(g[i] - c[i])) >= least;
    return reaches;
}

ASSAY_SIMD static int32_t rel_reaches(const float *restrict g, const float *restrict c, size_t n, int32_t least) {
    int32_t reaches = 0;
#pragma omp simd reduction(| : reaches)
    for (size_t i = 0; i < n; i++) reaches |= order_of_f32(relative_f32(g[i], c[i])) >= least;
    return reaches;
}

/* What rounded numbers reach that belong to the largest one: a bound is hardly above it, unless it is very small or infinite. */
static int32_t least_order(double bound) {
    bool tells = bound > 0x1p-100 && bound <= (double)FLT_MAX;
    return tells ? order_of_f32((float)(bound * (1 - 0x1p-16))) : 0;
}

double assay_chunk_max_abs_f32(const float *g, const float *c, size_t n, double bound, size_t *at) {
    double max = -1;
    for (size_t begin = 0; begin < n; begin += FEW) {
        size_t end = n - begin < FEW ? n : begin + FEW;
        if (!abs_reaches(g + begin, c + begin, end - begin, least_order(bound))) continue;
        for (size_t i = begin; i < end; i++) {
            double d = fabs((double)g[i] - (double)c[i]);
            if (d > max) max = d, *at = i;
        }
    }
    return max;
}

double assay_chunk_max_rel_f32(const float *g, const float *c, size_t n, double bound) {
    double max = 0;
    for (size_t begin = 0; begin < n; begin += FEW) {
        size_t end = n - begin < FEW ? n : begin + FEW;
        if (!rel_reaches(g + begin, c + begin, end - begin, least_order(bound))) continue;
        for (size_t i = begin; i < end; i++) max = fmax(max, assay_relative((double)g[i], (double)c[i]));
    }
    return max;
}

static double max_ulp_of(const f32_maxima *m, const float *g, const float *c, size_t n, assay_dtype dtype) {
    double max = 0;
    switch (dtype) {
    case ASSAY_F32: return m->ulp;
    case ASSAY_BF16: return max_ulp_bf16(g, c, n);
    case ASSAY_F16: return max_ulp_f16(g, c, n);
    default:
        for (size_t i = 0; i < n; i++) max = fmax(max, assay_ulp_distance((double)g[i], (double)c[i], dtype));
        return max;
    }
}

bool assay_chunk_measure_f32(assay_chunk_sums *out, const float *g, const float *c, size_t n, assay_dtype ulp_dtype) {
    const int32_t infinity = 0x7f800000;
    f32_maxima m = {.different = 0};
    assert(n <= ASSAY_METRICS_CHUNK);
    if (memcmp(g, c, n * sizeof *g) == 0) m.golden = m.both = max_order_f32(g, n);
    else measure_f32_maxima(&m, g, c, n);
    if (m.both >= infinity) return false;
    out->max_abs = (double)f32_of_bits((uint32_t)m.abs) * (1 + 0x1p-22);
    out->max_rel =
        m.different ? (double)f32_of_bits((uint32_t)m.rel) * (1 + 0x1p-20) + 0x1p-140 : 0; /* it may underflow */
    out->golden_max = (double)f32_of_bits((uint32_t)m.golden);
    out->different = m.different;
    out->max_ulp = m.different ? max_ulp_of(&m, g, c, n, ulp_dtype) : 0;
    if (m.different) {
        measure_f32_sums(out, g, c, n);
    } else { /* as numbers they are equal */
        out->diff2 = 0;
        out->golden2 = out->candidate2 = out->product = sum_squares_f32(g, n);
    }
    return true;
}

/* ---- scores ---- */

ASSAY_SIMD static void take_hidden(float *restrict g, float *restrict c, size_t n, const float clamps[2],
                                   int32_t counts[2]) {
    int32_t hidden = 0, odd = 0;
    float golden_clamp = clamps[0], candidate_clamp = clamps[1];
#pragma omp simd reduction(+ : hidden, odd)
    for (size_t i = 0; i < n; i++) {
        float a = g[i], b = c[i];
        int32_t hides = (a <= golden_clamp) | (b <= candidate_clamp);
        hidden += hides;
        odd += hides & (a != b);
        g[i] = hides ? 0 : a;
        c[i] = hides ? 0 : b;
    }
    counts[0] = hidden, counts[1] = odd;
}

bool assay_chunk_take_hidden(float *g, float *c, size_t n, const float clamps[2], int64_t *hidden) {
    int32_t counts[2];
    take_hidden(g, c, n, clamps, counts);
    *hidden = counts[0];
    return counts[1] == 0;
}
