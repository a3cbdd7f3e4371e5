/*
 * Chunks of both tensors are converted to double in L1; a chunk without NaN or infinity (the usual case) takes the
 * loops that vectorise, any other is walked element by element.
 */
#include "compare/metrics.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "compare/metrics_f32.h"
#include "compare/metrics_kernels.h"

#define CHUNK ASSAY_METRICS_CHUNK
#define GROUP 64 /* chunks whose largest differences are looked for together */

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

/* Chunks of float32 values, of which only bounds of max_abs and max_rel are known: finding these themselves takes longer, and few chunks
 * can hold the largest. */
typedef struct {
    assay_metrics_state *state;
    const float *g, *c;
    int64_t begin, n; /* of all chunks */
    double abs_bounds[GROUP], rel_bounds[GROUP];
} chunk_group;

static int64_t length_of(const chunk_group *group, int64_t chunk) {
    int64_t left = group->n - chunk * CHUNK;
    return left < CHUNK ? left : CHUNK;
}

static void add_bounded(chunk_group *group, int64_t chunk) {
    assay_chunk_sums sums;
    const float *g = group->g + chunk * CHUNK, *c = group->c + chunk * CHUNK;
    int64_t n = length_of(group, chunk);
    bool finite = assay_chunk_measure_f32(&sums, g, c, (size_t)n, group->state->m.ulp_dtype);
    group->abs_bounds[chunk] = finite ? sums.max_abs : -1;
    group->rel_bounds[chunk] = finite ? sums.max_rel : -1;
    if (finite) {
        sums.max_rel = 0;
        group->state->m.count += n;
        fold_finite(group->state, &sums, n);
        return;
    }
    double golden[CHUNK], candidate[CHUNK];
    assay_chunk_load(golden, g, ASSAY_F32, (size_t)n);
    assay_chunk_load(candidate, c, ASSAY_F32, (size_t)n);
    assay_metrics_add_f64(group->state, golden, candidate, group->begin + chunk * CHUNK, n);
}

/* Finds the largest difference of a chunk that may have a larger one than is known, or the same earlier. */
static void add_max_abs(chunk_group *group, int64_t chunk) {
    assay_metrics *m = &group->state->m;
    double bound = group->abs_bounds[chunk];
    if (bound < 0 || (m->max_abs_at >= 0 && bound < m->max_abs)) return;
    int64_t begin = chunk * CHUNK;
    size_t at = 0, n = (size_t)length_of(group, chunk);
    double max = assay_chunk_max_abs_f32(group->g + begin, group->c + begin, n, bound, &at);
    take_max_abs(m, max, group->begin + begin + (int64_t)at);
    group->abs_bounds[chunk] = -1;
}

static void add_max_rel(chunk_group *group, int64_t chunk) {
    assay_metrics *m = &group->state->m;
    double bound = group->rel_bounds[chunk];
    if (bound <= m->max_rel) return;
    const float *g = group->g + chunk * CHUNK, *c = group->c + chunk * CHUNK;
    m->max_rel = fmax(m->max_rel, assay_chunk_max_rel_f32(g, c, (size_t)length_of(group, chunk), bound));
    group->rel_bounds[chunk] = -1;
}

static int64_t largest(const double *values, int64_t n) {
    int64_t at = 0;
    for (int64_t i = 1; i < n; i++) at = values[i] > values[at] ? i : at;
    return at;
}

void assay_metrics_add_f32(assay_metrics_state *state, const float *g, const float *c, int64_t begin, int64_t n) {
    for (int64_t done = 0; done < n; done += GROUP * CHUNK) {
        int64_t length = n - done < GROUP * CHUNK ? n - done : GROUP * CHUNK, chunks = (length + CHUNK - 1) / CHUNK;
        chunk_group group = {.state = state, .g = g + done, .c = c + done, .begin = begin + done, .n = length};
        for (int64_t i = 0; i < chunks; i++) add_bounded(&group, i);
        add_max_abs(&group, largest(group.abs_bounds, chunks));
        add_max_rel(&group, largest(group.rel_bounds, chunks));
        for (int64_t i = 0; i < chunks; i++) {
            add_max_abs(&group, i);
            add_max_rel(&group, i);
        }
    }
}

static void widen_all(assay_metrics_state *state, const assay_tensor *golden, const assay_tensor *candidate,
                      int64_t begin, int64_t n) {
    enum { ROOM = ASSAY_METRICS_ROOM };
    float g[ROOM], c[ROOM];
    for (int64_t done = 0; done < n; done += ROOM) {
        int64_t length = n - done < ROOM ? n - done : ROOM;
        assay_chunk_load_f32(g, element(golden, begin + done), golden->dtype, (size_t)length);
        assay_chunk_load_f32(c, element(candidate, begin + done), candidate->dtype, (size_t)length);
        assay_metrics_add_f32(state, g, c, begin + done, length);
    }
}

static void add_narrow(assay_metrics_state *state, const assay_tensor *golden, const assay_tensor *candidate,
                       int64_t begin, int64_t n) {
    bool as_they_are = golden->dtype == ASSAY_F32 && candidate->dtype == ASSAY_F32;
    if (!as_they_are) widen_all(state, golden, candidate, begin, n);
    else assay_metrics_add_f32(state, element(golden, begin), element(candidate, begin), begin, n);
}

static void add_wide(assay_metrics_state *state, const assay_tensor *golden, const assay_tensor *candidate,
                     int64_t begin, int64_t n) {
    double g[CHUNK], c[CHUNK];
    for (int64_t done = 0; done < n; done += CHUNK) {
        int64_t length = n - done < CHUNK ? n - done : CHUNK;
        assay_chunk_load(g, element(golden, begin + done), golden->dtype, (size_t)length);
        assay_chunk_load(c, element(candidate, begin + done), candidate->dtype, (size_t)length);
        assay_metrics_add_f64(state, g, c, begin + done, length);
    }
}

void assay_metrics_add(assay_metrics_state *state, const assay_tensor *golden, const assay_tensor *candidate,
                       int64_t begin, int64_t n) {
    bool narrow = assay_chunk_is_narrow(golden->dtype) && assay_chunk_is_narrow(candidate->dtype);
    (narrow ? add_narrow : add_wide)(state, golden, candidate, begin, n);
}

void assay_metrics_fold(assay_metrics_state *state, const assay_metrics_state *part, int64_t begin) {
    assay_metrics *m = &state->m;
    const assay_metrics *p = &part->m;
    const assay_chunk_sums sums = {.different = p->different,
                                   .max_rel = p->max_rel,
                                   .max_ulp = p->max_ulp,
                                   .golden_max = p->golden_max,
                                   .diff2 = part->sum_diff2,
                                   .golden2 = part->sum_golden2,
                                   .candidate2 = part->sum_candidate2,
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
