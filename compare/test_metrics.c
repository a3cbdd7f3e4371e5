/* The comparator is tested before anything it judges: what it misses, nothing finds. */
#include "compare/metrics.h"

#include <float.h>

#include "compare/compare_fixture.h"

static assay_metrics measure_f32(const float *g, const float *c, int64_t n) {
    assay_tensor gt = vector_f32(g, n), ct = vector_f32(c, n);
    return assay_metrics_measure(&gt, &ct, ASSAY_F32);
}

Test(metrics, classes_are_told_by_bits) {
    cr_assert_eq(assay_classify(0.0), ASSAY_CLASS_FINITE);
    cr_assert_eq(assay_classify(-DBL_MAX), ASSAY_CLASS_FINITE);
    cr_assert_eq(assay_classify(double_of_bits(1)), ASSAY_CLASS_FINITE);
    cr_assert_eq(assay_classify(INFINITY), ASSAY_CLASS_POS_INF);
    cr_assert_eq(assay_classify(-INFINITY), ASSAY_CLASS_NEG_INF);
    for (uint64_t fraction = 1; fraction < UINT64_C(1) << 52; fraction <<= 1) {
        cr_assert_eq(assay_classify(double_of_bits(UINT64_C(0x7ff) << 52 | fraction)), ASSAY_CLASS_NAN);
        cr_assert_eq(assay_classify(double_of_bits(UINT64_C(0xfff) << 52 | fraction)), ASSAY_CLASS_NAN);
    }
}

Test(metrics, nan_in_candidate_is_found_at_every_place) {
    enum { N = 2051 };
    float g[N], c[N];
    fill_random(g, N, 1);
    for (int at = 0; at < N; at += 41) {
        for (int kind = 0; kind < NAN_KINDS; kind++) {
            memcpy(c, g, sizeof c);
            c[at] = nan_of_kind(kind);
            assay_metrics m = measure_f32(g, c, N);
            cr_assert_eq(m.class_mismatches, 1);
            cr_assert_eq(m.first_class_mismatch, at);
            cr_assert_eq(m.candidate_nan, 1);
            cr_assert_eq(m.golden_nan, 0);
            cr_assert_eq(m.finite, N - 1);
        }
    }
}

Test(metrics, nan_matches_only_nan_at_the_same_place) {
    float g[] = {1, nan_of_kind(0), 3}, same[] = {1, nan_of_kind(1), 3}, moved[] = {nan_of_kind(0), 2, 3};
    cr_assert_eq(measure_f32(g, same, 3).class_mismatches, 0);
    cr_assert_eq(measure_f32(g, moved, 3).class_mismatches, 2);
    cr_assert_eq(measure_f32(g, moved, 3).first_class_mismatch, 0);
}

Test(metrics, first_class_mismatch_is_the_first_place_whatever_the_order_of_ranges) {
    float g[8] = {0}, c[8] = {0, 0, INFINITY, 0, 0, NAN};
    assay_tensor gt = vector_f32(g, 8), ct = vector_f32(c, 8);
    assay_metrics_state s;
    assay_metrics_begin(&s, ASSAY_F32);
    assay_metrics_add(&s, &gt, &ct, 4, 4);
    assay_metrics_add(&s, &gt, &ct, 0, 4);
    cr_assert_eq(assay_metrics_end(&s).class_mismatches, 2);
    cr_assert_eq(assay_metrics_end(&s).first_class_mismatch, 2);
}

Test(metrics, infinities_keep_their_sign) {
    float g[] = {INFINITY, -INFINITY, 1}, same[] = {INFINITY, -INFINITY, 1}, other[] = {-INFINITY, -INFINITY, 1};
    float finite[] = {FLT_MAX, -INFINITY, 1};
    assay_metrics m = measure_f32(g, same, 3);
    cr_assert_eq(m.class_mismatches, 0);
    cr_assert_eq(m.golden_inf, 2);
    cr_assert_eq(m.finite, 1);
    cr_assert_eq(measure_f32(g, other, 3).class_mismatches, 1);
    cr_assert_eq(measure_f32(g, finite, 3).class_mismatches, 1);
}

Test(metrics, one_wrong_element_is_found_at_every_place) {
    enum { N = 1500 };
    float g[N], c[N];
    fill_random(g, N, 2);
    memcpy(c, g, sizeof c);
    for (int at = 0; at < N; at++) {
        c[at] = g[at] + 0.25f;
        assay_metrics m = measure_f32(g, c, N);
        cr_assert_eq(m.max_abs_at, at);
        cr_assert_eq(m.different, 1);
        cr_assert_float_eq(m.max_abs, 0.25, 1e-6);
        c[at] = g[at];
    }
}

Test(metrics, equal_tensors_are_at_distance_zero) {
    float g[1025];
    fill_random(g, 1025, 3);
    assay_metrics m = measure_f32(g, g, 1025);
    cr_assert_eq(m.different, 0);
    cr_assert_eq(m.max_abs, 0);
    cr_assert_eq(m.max_abs_at, 0);
    cr_assert_eq(m.max_rel, 0);
    cr_assert_eq(m.rms, 0);
    cr_assert_eq(m.nmse, 0);
    cr_assert_eq(m.max_ulp, 0);
    cr_assert_float_eq(m.cosine, 1, 1e-15);
}

Test(metrics, empty_tensors_have_no_worst_element) {
    float unused = 0;
    assay_metrics m = measure_f32(&unused, &unused, 0);
    cr_assert_eq(m.count, 0);
    cr_assert_eq(m.max_abs_at, -1);
    cr_assert_eq(m.first_class_mismatch, -1);
    cr_assert_eq(m.cosine, 1);
}

/* The same numbers by another route: one element at a time, in long double. */
typedef struct {
    long double max_abs, max_rel, diff2, golden2, candidate2, product;
} control;

static control control_of(const float *g, const float *c, size_t n) {
    control k = {0};
    for (size_t i = 0; i < n; i++) {
        long double a = (long double)g[i], b = (long double)c[i], d = fabsl(a - b), m = fmaxl(fabsl(a), fabsl(b));
        k.max_abs = fmaxl(k.max_abs, d);
        if (m > 0) k.max_rel = fmaxl(k.max_rel, d / m);
        k.diff2 += d * d, k.golden2 += a * a, k.candidate2 += b * b, k.product += a * b;
    }
    return k;
}

static void assert_close(double value, long double expected) {
    cr_assert(fabsl((long double)value - expected) <= 1e-13L * fabsl(expected), "%.17g, expected %.17Lg", value,
              expected);
}

Test(metrics, agree_with_long_double_control_at_all_lengths) {
    enum { MAX = 2100 };
    float g[MAX], c[MAX];
    fill_random(g, MAX, 4);
    for (size_t i = 0; i < MAX; i++) c[i] = g[i] + 1e-3f * assay_random_symmetric_f32(5, i);
    for (size_t n = 1; n < MAX; n = n < 40 ? n + 1 : n * 9 / 7) {
        control k = control_of(g, c, n);
        assay_metrics m = measure_f32(g, c, (int64_t)n);
        assert_close(m.max_abs, k.max_abs);
        assert_close(m.max_rel, k.max_rel);
        assert_close(m.rms, sqrtl(k.diff2 / (long double)n));
        assert_close(m.nmse, k.diff2 / k.golden2);
        assert_close(m.cosine, k.product / sqrtl(k.golden2 * k.candidate2));
    }
}

Test(metrics, ranges_in_any_order_give_the_same) {
    enum { N = 300 };
    float g[N], c[N];
    fill_random(g, N, 6);
    fill_random(c, N, 7);
    c[250] = g[250] + 4, c[20] = g[20] - 4; /* may tie: then the first place counts */
    assay_tensor gt = vector_f32(g, N), ct = vector_f32(c, N);
    assay_metrics whole = assay_metrics_measure(&gt, &ct, ASSAY_F32);
    assay_metrics_state s;
    assay_metrics_begin(&s, ASSAY_F32);
    assay_metrics_add(&s, &gt, &ct, 200, 100);
    assay_metrics_add(&s, &gt, &ct, 0, 1);
    assay_metrics_add(&s, &gt, &ct, 1, 199);
    assay_metrics parts = assay_metrics_end(&s);
    cr_assert_eq(parts.count, N);
    cr_assert_eq(parts.max_abs, whole.max_abs);
    cr_assert_eq(parts.max_abs_at, whole.max_abs_at);
    cr_assert_float_eq(parts.rms, whole.rms, 1e-14);
}

Test(metrics, among_equal_differences_the_first_place_counts) {
    float g[8] = {0}, c[8] = {0, 0, 0.5f, 0, 0, -0.5f};
    cr_assert_eq(measure_f32(g, c, 8).max_abs_at, 2);
    assay_tensor gt = vector_f32(g, 8), ct = vector_f32(c, 8);
    assay_metrics_state s;
    assay_metrics_begin(&s, ASSAY_F32);
    assay_metrics_add(&s, &gt, &ct, 4, 4);
    assay_metrics_add(&s, &gt, &ct, 0, 4);
    cr_assert_eq(assay_metrics_end(&s).max_abs_at, 2);
}

Test(metrics, relative_distance_is_bounded_and_has_no_zero_denominator) {
    float g[] = {0, 1, -1, 0}, c[] = {0, -1, -1, 1e-40f};
    assay_metrics m = measure_f32(g, c, 3);
    cr_assert_eq(m.max_rel, 2);
    cr_assert_eq(measure_f32(g + 3, c + 3, 1).max_rel, 1);
    double huge[] = {DBL_MAX}, negative[] = {-DBL_MAX};
    assay_tensor gt = vector_f64(huge, 1), ct = vector_f64(negative, 1);
    m = assay_metrics_measure(&gt, &ct, ASSAY_F64);
    cr_assert_eq(m.max_rel, 2);
    cr_assert(isinf(m.max_abs));
    cr_assert(isnan(m.cosine));
}

Test(metrics, denormals_are_numbers) {
    float tiny = float_of_bits(1), g[] = {0, tiny, -tiny}, c[] = {tiny, tiny, tiny};
    assay_metrics m = measure_f32(g, c, 3);
    cr_assert_eq(m.different, 2);
    cr_assert_eq(m.max_abs, 2 * (double)tiny);
    cr_assert_eq(m.max_abs_at, 2);
    cr_assert_eq(m.max_ulp, 2);
}

Test(metrics, zero_golden_with_an_error_has_infinite_nmse) {
    float g[] = {0, 0}, c[] = {0, 1};
    cr_assert(isinf(measure_f32(g, c, 2).nmse));
    cr_assert_eq(measure_f32(g, c, 2).cosine, 0);
}

Test(metrics, ulp_counts_representable_numbers) {
    cr_assert_eq(assay_ulp_distance(1, 1, ASSAY_F32), 0);
    cr_assert_eq(assay_ulp_distance(0.0, -0.0, ASSAY_F32), 0);
    cr_assert_eq(assay_ulp_distance(1, 1 + FLT_EPSILON, ASSAY_F32), 1);
    cr_assert_eq(assay_ulp_distance(1, 1 - FLT_EPSILON, ASSAY_F32), 2);
    cr_assert_eq(assay_ulp_distance(-1, -1 - FLT_EPSILON, ASSAY_F32), 1);
    cr_assert_eq(assay_ulp_distance((double)float_of_bits(1), -(double)float_of_bits(1), ASSAY_F32), 2);
    cr_assert_eq(assay_ulp_distance(1, 1 + DBL_EPSILON, ASSAY_F64), 1);
    cr_assert_eq(assay_ulp_distance(double_of_bits(1), -double_of_bits(1), ASSAY_F64), 2);
    cr_assert_eq(assay_ulp_distance(1, 1 + 0x1p-7, ASSAY_BF16), 1);
    cr_assert_eq(assay_ulp_distance(0x1p-133, -0x1p-133, ASSAY_BF16), 2);
    cr_assert_eq(assay_ulp_distance(1, 1 + 0x1p-10, ASSAY_F16), 1);
    cr_assert_eq(assay_ulp_distance(-1, -1 - 0x1p-9, ASSAY_F16), 2);
    cr_assert_gt(assay_ulp_distance(-DBL_MAX, DBL_MAX, ASSAY_F64), 1.8e19);
}

Test(metrics, max_ulp_of_a_tensor_is_that_of_its_worst_pair) {
    enum { N = 77 };
    float g[N], c[N];
    fill_random(g, N, 8);
    for (int at = 0; at < N; at++) {
        memcpy(c, g, sizeof c);
        c[at] = nextafterf(nextafterf(g[at], 9), 9);
        cr_assert_eq(measure_f32(g, c, N).max_ulp, 2);
    }
}

Test(metrics, all_dtypes_are_read) {
    uint16_t bf[] = {assay_f32_to_bf16(1.5f), assay_f32_to_bf16(-3)},
             half[] = {assay_f32_to_f16(1.5f), assay_f32_to_f16(-3)};
    double wide[] = {1.5, -3.25};
    int64_t n = 2, whole[] = {1, -3};
    assay_tensor b = assay_tensor_view(ASSAY_BF16, 1, &n, bf), h = assay_tensor_view(ASSAY_F16, 1, &n, half);
    assay_tensor d = vector_f64(wide, 2), i = assay_tensor_view(ASSAY_I64, 1, &n, whole);
    cr_assert_eq(assay_metrics_measure(&b, &h, ASSAY_BF16).max_abs, 0);
    cr_assert_eq(assay_metrics_measure(&b, &d, ASSAY_BF16).max_abs, 0.25);
    cr_assert_eq(assay_metrics_measure(&i, &h, ASSAY_F16).max_abs, 0.5);
}

Test(metrics, scale_ignores_what_is_not_finite) {
    float g[] = {1, -2, INFINITY, nan_of_kind(0), nan_of_kind(3), 0.5f};
    assay_tensor t = vector_f32(g, 6), finite = vector_f32(g, 2), none = vector_f32(g, 0);
    cr_assert_eq(assay_tensor_scale(&t), 2);
    cr_assert_eq(assay_tensor_scale(&finite), 2);
    cr_assert_eq(assay_tensor_scale(&none), 0);
    float many[3000] = {0};
    assay_tensor long_one = vector_f32(many, 3000);
    for (int at = 0; at < 3000; at += 37) {
        many[at] = -5;
        cr_assert_eq(assay_tensor_scale(&long_one), 5);
        many[at] = 0;
    }
}

/* ---- pairs of narrow types, against a walk in double ---- */

/* Ordinary numbers, neighbours, zeros of either sign, subnormals and the largest. */
static float any_number(uint64_t key, uint64_t n) {
    uint64_t bits = assay_random_at(key, n);
    float value = assay_random_symmetric_f32(key, n);
    switch (bits % 16) {
    case 0: return bits & 16 ? 0.0f : -0.0f;
    case 1: return value * 0x1p-130f;
    case 2: return value * FLT_MAX;
    case 3: return float_of_bits((uint32_t)(bits >> 40) % 4);
    default: return value;
    }
}

static double rank_of(float value, assay_dtype dtype) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    double magnitude = dtype == ASSAY_F32    ? (double)(bits & 0x7fffffff)
                       : dtype == ASSAY_BF16 ? (double)(assay_f32_to_bf16(value) & 0x7fff)
                                             : (double)(assay_f32_to_f16(value) & 0x7fff);
    return bits >> 31 ? -magnitude : magnitude;
}

static void check_pair(const float *g, const float *c, int64_t n, assay_dtype ulp_dtype) {
    assay_tensor gt = vector_f32(g, n), ct = vector_f32(c, n);
    assay_metrics m = assay_metrics_measure(&gt, &ct, ulp_dtype);
    double max_abs = -1, max_rel = 0, max_ulp = 0, golden_max = 0;
    int64_t at = -1, different = 0;
    for (int64_t i = 0; i < n; i++) {
        double a = (double)g[i], b = (double)c[i], larger = fmax(fabs(a), fabs(b));
        if (fabs(a - b) > max_abs) max_abs = fabs(a - b), at = i;
        if (larger > 0) max_rel = fmax(max_rel, 2 * (fabs(0.5 * a - 0.5 * b) / larger));
        max_ulp = fmax(max_ulp, fabs(rank_of(g[i], ulp_dtype) - rank_of(c[i], ulp_dtype)));
        golden_max = fmax(golden_max, fabs(a));
        different += g[i] != c[i];
    }
    cr_assert_eq(m.max_abs, max_abs);
    cr_assert_eq(m.max_abs_at, at);
    cr_assert_eq(m.max_rel, max_rel);
    cr_assert_eq(m.max_ulp, max_ulp, "%g %g", m.max_ulp, max_ulp);
    cr_assert_eq(m.golden_max, golden_max);
    cr_assert_eq(m.different, different);
    cr_assert_eq(m.finite, n);
}

Test(metrics, floats_are_measured_exactly_at_every_size_and_range) {
    enum { N = 70001 };
    static float g[N], c[N];
    const int64_t sizes[] = {1, 2, 63, 64, 65, 1023, 1024, 1025, 8193, 65536, 65537, N};
    const assay_dtype dtypes[] = {ASSAY_F32, ASSAY_BF16, ASSAY_F16};
    for (int kind = 0; kind < 5; kind++) {
        for (int64_t i = 0; i < N; i++) {
            uint64_t n = (uint64_t)i;
            float scale = kind == 3 ? 0x1p-120f : kind == 4 ? 0x1p-148f : 1;
            g[i] = kind < 2 ? any_number(11, n) : scale * assay_random_symmetric_f32(12, n);
            c[i] = kind == 0   ? any_number(13, n)
                   : kind == 1 ? g[i]
                               : g[i] * (1 + 1e-6f * assay_random_symmetric_f32(14, n));
        }
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (size_t d = 0; d < 3; d++) check_pair(g + N - sizes[s], c + N - sizes[s], sizes[s], dtypes[d]);
    }
}

Test(metrics, every_half_becomes_the_float_that_it_is) {
    static uint16_t halves[65536];
    static float widened[65536];
    int64_t n = 65536;
    for (int i = 0; i < 65536; i++) halves[i] = (uint16_t)i;
    for (int kind = 0; kind < 2; kind++) {
        assay_dtype dtype = kind ? ASSAY_F16 : ASSAY_BF16;
        for (int i = 0; i < 65536; i++) widened[i] = kind ? assay_f16_to_f32(halves[i]) : assay_bf16_to_f32(halves[i]);
        assay_tensor half = assay_tensor_view(dtype, 1, &n, halves), wide = vector_f32(widened, n);
        assay_metrics m = assay_metrics_measure(&half, &wide, dtype);
        cr_assert_eq(m.class_mismatches, 0);
        cr_assert_eq(m.different, 0);
        cr_assert_eq(m.max_ulp, 0);
        cr_assert_eq(m.golden_inf, 2);
        cr_assert_eq(m.golden_nan, m.candidate_nan);
        cr_assert_eq(m.finite + m.golden_nan + m.golden_inf, n);
        cr_assert_eq(m.golden_max, assay_dtype_max(dtype));
    }
}
