/* `omp simd` allows the sums of these loops to be taken in another order, and nothing else: NaN and infinity keep their
 * meaning, as they do not under -ffast-math. */
#include "compare/metrics_kernels.h"

#include <math.h>
#include <string.h>

#include "compare/metrics.h"
#include "compare/metrics_f32.h"
#include "core/simd.h"

#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed" /* builds with sanitizers do not vectorise, and need not */
#endif

ASSAY_SIMD static void load_f32(double *restrict out, const float *restrict src, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = (double)src[i];
}

static void load_half(double *out, const void *src, assay_dtype dtype, size_t n) {
    float chunk[256];
    for (size_t done = 0; done < n; done += 256) {
        size_t length = n - done < 256 ? n - done : 256;
        assay_chunk_load_f32(chunk, (const uint16_t *)src + done, dtype, length);
        load_f32(out + done, chunk, length);
    }
}

void assay_chunk_load(double *out, const void *src, assay_dtype dtype, size_t n) {
    switch (dtype) {
    case ASSAY_F64: memcpy(out, src, n * sizeof *out); return;
    case ASSAY_F32: load_f32(out, src, n); return;
    case ASSAY_F16:
    case ASSAY_BF16: load_half(out, src, dtype, n); return;
    default:
        for (size_t i = 0; i < n; i++) out[i] = assay_load_f64(src, dtype, i);
    }
}

ASSAY_SIMD static uint64_t count_not_finite(const double *x, size_t n) {
    uint64_t count = 0;
#pragma omp simd reduction(+ : count)
    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        count += (bits & (UINT64_C(0x7ff) << 52)) == UINT64_C(0x7ff) << 52;
    }
    return count;
}

bool assay_chunk_is_finite(const double *x, size_t n) { return count_not_finite(x, n) == 0; }

ASSAY_SIMD static void measure_sums(assay_chunk_sums *out, const double *restrict g, const double *restrict c,
                                    size_t n) {
    double diff2 = 0, golden2 = 0, candidate2 = 0, product = 0;
#pragma omp simd reduction(+ : diff2, golden2, candidate2, product)
    for (size_t i = 0; i < n; i++) {
        double d = g[i] - c[i];
        diff2 += d * d;
        golden2 += g[i] * g[i];
        candidate2 += c[i] * c[i];
        product += g[i] * c[i];
    }
    *out = (assay_chunk_sums){.diff2 = diff2, .golden2 = golden2, .candidate2 = candidate2, .product = product};
}

/* Bits of a number that is not negative: they are in the order of the numbers, and their maximum vectorises. */
static inline int64_t order_of(double value) {
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double number_of(int64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

ASSAY_SIMD static void measure_maxima(assay_chunk_sums *out, const double *restrict g, const double *restrict c,
                                      size_t n) {
    int64_t max_abs = 0, max_rel = 0, golden_max = 0;
#pragma omp simd reduction(max : max_abs, max_rel, golden_max)
    for (size_t i = 0; i < n; i++) {
        int64_t d = order_of(fabs(g[i] - c[i])), rel = order_of(assay_relative(g[i], c[i])), ga = order_of(fabs(g[i]));
        max_abs = d > max_abs ? d : max_abs;
        max_rel = rel > max_rel ? rel : max_rel;
        golden_max = ga > golden_max ? ga : golden_max;
    }
    out->max_abs = number_of(max_abs), out->max_rel = number_of(max_rel), out->golden_max = number_of(golden_max);
}

ASSAY_SIMD static int64_t max_abs_order(const double *x, size_t n) {
    int64_t max = 0;
#pragma omp simd reduction(max : max)
    for (size_t i = 0; i < n; i++) {
        int64_t order = order_of(fabs(x[i]));
        max = order > max ? order : max;
    }
    return max;
}

double assay_chunk_max_abs(const double *x, size_t n) { return number_of(max_abs_order(x, n)); }

ASSAY_SIMD static int64_t count_different(const double *restrict g, const double *restrict c, size_t n) {
    int64_t different = 0;
#pragma omp simd reduction(+ : different)
    for (size_t i = 0; i < n; i++) different += g[i] != c[i];
    return different;
}

/* Position of a finite number among all representable ones: a signed count that is monotonic, 0 for both zeros. */
static inline int64_t f64_rank(double value) {
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits < 0 ? INT64_MIN - bits : bits;
}

static inline int32_t f32_rank(float value) {
    int32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits < 0 ? INT32_MIN - bits : bits;
}

static inline int32_t f16_rank(float value) {
    int32_t bits = assay_f32_to_f16(value);
    return bits & 0x8000 ? 0x8000 - bits : bits;
}

static inline int32_t bf16_rank(float value) {
    int32_t bits = assay_f32_to_bf16(value);
    return bits & 0x8000 ? 0x8000 - bits : bits;
}

ASSAY_SIMD static double max_ulp_f32(const double *g, const double *c, size_t n) {
    int64_t max = 0;
#pragma omp simd reduction(max : max)
    for (size_t i = 0; i < n; i++) {
        int64_t d = (int64_t)f32_rank((float)g[i]) - f32_rank((float)c[i]);
        d = d < 0 ? -d : d;
        max = d > max ? d : max;
    }
    return (double)max;
}

static double max_ulp_f64(const double *g, const double *c, size_t n) {
    uint64_t max = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t a = f64_rank(g[i]), b = f64_rank(c[i]);
        uint64_t d = a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
        max = d > max ? d : max;
    }
    return (double)max;
}

static double max_ulp_half(const double *g, const double *c, size_t n, assay_dtype dtype) {
    int32_t max = 0;
    for (size_t i = 0; i < n; i++) {
        float a = (float)g[i], b = (float)c[i];
        int32_t d = dtype == ASSAY_F16 ? f16_rank(a) - f16_rank(b) : bf16_rank(a) - bf16_rank(b);
        d = d < 0 ? -d : d;
        max = d > max ? d : max;
    }
    return max;
}

static double max_ulp(const double *g, const double *c, size_t n, assay_dtype dtype) {
    if (dtype == ASSAY_F32) return max_ulp_f32(g, c, n);
    if (dtype == ASSAY_F64) return max_ulp_f64(g, c, n);
    return max_ulp_half(g, c, n, dtype);
}

void assay_chunk_measure(assay_chunk_sums *out, const double *g, const double *c, size_t n, assay_dtype ulp_dtype) {
    measure_sums(out, g, c, n);
    measure_maxima(out, g, c, n);
    out->different = count_different(g, c, n);
    out->max_ulp = out->different ? max_ulp(g, c, n, ulp_dtype) : 0;
}

double assay_ulp_distance(double a, double b, assay_dtype dtype) { return max_ulp(&a, &b, 1, dtype); }
