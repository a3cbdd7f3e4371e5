/*
 * Chunks of both tensors are converted to double in L1; a chunk without NaN or infinity (the usual case) takes the
 * loops that vectorise, any other is walked element by element.
 */
#include "compare/metrics.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "compare/metrics_kernels.h"

#define CHUNK ASSAY_METRICS_CHUNK

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

assay_float_class assay_classify(double value) {
    const uint64_t infinity = UINT64_C(0x7ff) << 52;
    uint64_t bits = bits_of(value), magnitude = bits & (UINT64_MAX >> 1);
    if (magnitude < infinity) return ASSAY_CLASS_FINITE;
    if (magnitude > infinity) return ASSAY_CLASS_NAN;
    return bits >> 63 ? ASSAY_CLASS_NEG_INF : ASSAY_CLASS_POS_INF;
}

const char *assay_float_class_name(assay_float_class c) {
    static const char *const names[] = {"finite", "NaN", "+inf", "-inf"};
    return names[c];
}

void assay_metrics_begin(assay_metrics_state *state, assay_dtype ulp_dtype) {
    assert(assay_dtype_is_float(ulp_dtype));
    *state = (assay_metrics_state){.m = {.first_class_mismatch = -1, .max_abs_at = -1, .ulp_dtype = ulp_dtype}};
}

static void count_class(assay_float_class c, int64_t *nan, int64_t *inf) {
    if (c == ASSAY_CLASS_NAN) (*nan)++;
    else if (c != ASSAY_CLASS_FINITE) (*inf)++;
}

/* Keeps the earliest place with the largest difference, whatever the order of the ranges. */
static void take_max_abs(assay_metrics *m, double difference, int64_t at) {
    bool larger = m->max_abs_at < 0 || difference > m->max_abs;
    if (!larger && !(difference == m->max_abs && at < m->max_abs_at)) return;
    m->max_abs = difference;
    m->max_abs_at = at;
}

static void fold_finite(assay_metrics_state *state, const assay_chunk_sums *sums, int64_t n) {
    assay_metrics *m = &state->m;
    m->finite += n;
    m->different += sums->different;
    m->max_rel = fmax(m->max_rel, sums->max_rel);
    m->max_ulp = fmax(m->max_ulp, sums->max_ulp);
    m->golden_max = fmax(m->golden_max, sums->golden_max);
    state->sum_diff2 += sums->diff2;
    state->sum_golden2 += sums->golden2;
    state->sum_candidate2 += sums->candidate2;
    state->sum_product += sums->product;
}

/* n finite elements, the first of which is element `begin` of the tensor. */
static void add_finite(assay_metrics_state *state, const double *g, const double *c, int64_t begin, int64_t n) {
    assay_chunk_sums sums;
    assay_chunk_measure(&sums, g, c, (size_t)n, state->m.ulp_dtype);
    fold_finite(state, &sums, n);
    assay_metrics *m = &state->m;
    if (m->max_abs_at >= 0 && sums.max_abs < m->max_abs) return;
    int64_t at = 0;
    while (at < n - 1 && fabs(g[at] - c[at]) < sums.max_abs) at++;
    take_max_abs(m, sums.max_abs, begin + at);
}

static void add_mixed(assay_metrics_state *state, const double *g, const double *c, int64_t begin, int64_t n) {
    assay_metrics *m = &state->m;
    for (int64_t i = 0; i < n; i++) {
        assay_float_class gc = assay_classify(g[i]), cc = assay_classify(c[i]);
        count_class(gc, &m->golden_nan, &m->golden_inf);
        count_class(cc, &m->candidate_nan, &m->candidate_inf);
        if (gc != cc) {
            m->class_mismatches++;
            if (m->first_class_mismatch < 0 || begin + i < m->first_class_mismatch) m->first_class_mismatch = begin + i;
        } else if (gc == ASSAY_CLASS_FINITE) {
            add_finite(state, g + i, c + i, begin + i, 1);
        }
    }
}

static const void *element(const assay_tensor *t, int64_t index) {
    return (const char *)t->data + (size_t)index * assay_dtype_size(t->dtype);
}

void assay_metrics_add_f64(assay_metrics_state *state, const double *g, const double *c, int64_t begin, int64_t n) {
    bool finite = assay_chunk_is_finite(g, (size_t)n) && assay_chunk_is_finite(c, (size_t)n);
    state->m.count += n;
    if (n > 0) (finite ? add_finite : add_mixed)(state, g, c, begin, n);
}

void assay_metrics_add_f32(assay_metrics_state *state, const float *g, const float *c, int64_t begin, int64_t n) {
    assay_chunk_sums sums, known = {.max_abs = state->m.max_abs, .max_rel = state->m.max_rel};
    if (n == 0) return;
    if (assay_chunk_measure_f32(&sums, g, c, (size_t)n, state->m.ulp_dtype, &known)) {
        state->m.count += n;
        fold_finite(state, &sums, n);
        if (state->m.max_abs_at >= 0 && sums.max_abs < state->m.max_abs) return;
        int64_t at = 0;
        while (at < n - 1 && fabs((double)g[at] - (double)c[at]) < sums.max_abs) at++;
        take_max_abs(&state->m, sums.max_abs, begin + at);
        return;
    }
    double golden[CHUNK], candidate[CHUNK];
    assay_chunk_load(golden, g, ASSAY_F32, (size_t)n);
    assay_chunk_load(candidate, c, ASSAY_F32, (size_t)n);
    assay_metrics_add_f64(state, golden, candidate, begin, n);
}

/* A chunk of a narrow type as float32: where it is, or in the buffer. */
static const float *narrow_chunk(float *buffer, const assay_tensor *t, int64_t index, int64_t n) {
    if (t->dtype == ASSAY_F32) return element(t, index);
    assay_chunk_load_f32(buffer, element(t, index), t->dtype, (size_t)n);
    return buffer;
}

static void add_narrow(assay_metrics_state *state, const assay_tensor *golden, const assay_tensor *candidate,
                       int64_t begin, int64_t n) {
    float g[CHUNK], c[CHUNK];
    assay_metrics_add_f32(state, narrow_chunk(g, golden, begin, n), narrow_chunk(c, candidate, begin, n), begin, n);
}

static void add_wide(assay_metrics_state *state, const assay_tensor *golden, const assay_tensor *candidate,
                     int64_t begin, int64_t n) {
    double g[CHUNK], c[CHUNK];
    assay_chunk_load(g, element(golden, begin), golden->dtype, (size_t)n);
    assay_chunk_load(c, element(candidate, begin), candidate->dtype, (size_t)n);
    assay_metrics_add_f64(state, g, c, begin, n);
}

void assay_metrics_add(assay_metrics_state *state, const assay_tensor *golden, const assay_tensor *candidate,
                       int64_t begin, int64_t n) {
    bool narrow = assay_chunk_is_narrow(golden->dtype) && assay_chunk_is_narrow(candidate->dtype);
    for (int64_t done = 0; done < n; done += CHUNK) {
        int64_t length = n - done < CHUNK ? n - done : CHUNK;
        (narrow ? add_narrow : add_wide)(state, golden, candidate, begin + done, length);
    }
}

void assay_metrics_fold(assay_metrics_state *state, const assay_metrics_state *part, int64_t begin) {
    assay_metrics *m = &state->m;
    const assay_metrics *p = &part->m;
    const assay_chunk_sums sums = {
        .different = p->different, .max_rel = p->max_rel, .max_ulp = p->max_ulp, .golden_max = p->golden_max,
        .diff2 = part->sum_diff2, .golden2 = part->sum_golden2, .candidate2 = part->sum_candidate2,
        .product = part->sum_product};
    m->count += p->count;
    fold_finite(state, &sums, p->finite);
    m->golden_nan += p->golden_nan, m->golden_inf += p->golden_inf;
    m->candidate_nan += p->candidate_nan, m->candidate_inf += p->candidate_inf;
    m->class_mismatches += p->class_mismatches;
    int64_t first = p->first_class_mismatch < 0 ? -1 : begin + p->first_class_mismatch;
    if (first >= 0 && (m->first_class_mismatch < 0 || first < m->first_class_mismatch)) m->first_class_mismatch = first;
    if (p->max_abs_at >= 0) take_max_abs(m, p->max_abs, begin + p->max_abs_at);
}

static double cosine_of(double product, double golden2, double candidate2) {
    if (golden2 == 0 || candidate2 == 0) return golden2 == candidate2 ? 1 : 0;
    double cosine = product / (sqrt(golden2) * sqrt(candidate2));
    if (assay_classify(cosine) != ASSAY_CLASS_FINITE) return NAN;
    return fmin(1, fmax(-1, cosine));
}

assay_metrics assay_metrics_end(const assay_metrics_state *state) {
    assay_metrics m = state->m;
    m.rms = m.finite ? sqrt(state->sum_diff2 / (double)m.finite) : 0;
    m.nmse = state->sum_diff2 == 0 ? 0 : state->sum_diff2 / state->sum_golden2;
    m.cosine = cosine_of(state->sum_product, state->sum_golden2, state->sum_candidate2);
    return m;
}

assay_metrics assay_metrics_measure(const assay_tensor *golden, const assay_tensor *candidate, assay_dtype ulp_dtype) {
    assert(assay_tensor_same_shape(golden, candidate));
    assay_metrics_state state;
    assay_metrics_begin(&state, ulp_dtype);
    assay_metrics_add(&state, golden, candidate, 0, assay_tensor_count(golden));
    return assay_metrics_end(&state);
}

double assay_tensor_scale(const assay_tensor *t) {
    double chunk[CHUNK], scale = 0;
    int64_t n = assay_tensor_count(t);
    for (int64_t done = 0; done < n; done += CHUNK) {
        size_t length = (size_t)(n - done < CHUNK ? n - done : CHUNK);
        assay_chunk_load(chunk, element(t, done), t->dtype, length);
        bool finite = assay_chunk_is_finite(chunk, length);
        for (size_t i = 0; !finite && i < length; i++)
            if (assay_classify(chunk[i]) != ASSAY_CLASS_FINITE) chunk[i] = 0;
        scale = fmax(scale, assay_chunk_max_abs(chunk, length));
    }
    return scale;
}
