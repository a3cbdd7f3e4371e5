/*
 * The inner loops of the metrics: branch-free, one pass over a chunk that fits L1, written to be vectorised.
 */
#ifndef ASSAY_COMPARE_METRICS_KERNELS_H
#define ASSAY_COMPARE_METRICS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/dtype.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Elements of a chunk: two of them as doubles fit the first level of cache. */
#define ASSAY_METRICS_CHUNK 1024

/* Elements that are made float32 at a time, where they are to be: several chunks, of which few are measured twice. */
#define ASSAY_METRICS_ROOM (8 * ASSAY_METRICS_CHUNK)

/* Sums and maxima over the pairs of a chunk; names as in assay_metrics and its state. */
typedef struct {
    int64_t different;
    double max_abs, max_rel, max_ulp, golden_max;
    double diff2, golden2, candidate2, product;
} assay_chunk_sums;

/* True for the floating types that float32 holds exactly: it, float16 and bfloat16. */
bool assay_chunk_is_narrow(assay_dtype dtype);

/* out (n) = src (n) of a narrow dtype. */
void assay_chunk_load_f32(float *out, const void *src, assay_dtype dtype, size_t n);

/* out (n) = src (n) of any dtype as doubles. int64 beyond 2^53 is rounded. */
void assay_chunk_load(double *out, const void *src, assay_dtype dtype, size_t n);

/* True when no element is NaN or infinite, judged by the bits. */
bool assay_chunk_is_finite(const double *x, size_t n);

/* Largest |x|; x (n) is finite. */
double assay_chunk_max_abs(const double *x, size_t n);

/* Measures golden g (n) against candidate c (n), all finite. ULPs are those of ulp_dtype. */
void assay_chunk_measure(assay_chunk_sums *out, const double *g, const double *c, size_t n, assay_dtype ulp_dtype);

/* The same for at most ASSAY_METRICS_CHUNK float32 values, faster. False, and *out means nothing, when one is not finite. max_abs and
 * max_rel are bounds, hardly above the maxima; assay_chunk_maxima_f32 has these. All else is exact. */
bool assay_chunk_measure_f32(assay_chunk_sums *out, const float *g, const float *c, size_t n, assay_dtype ulp_dtype);

/* max |g - c| of finite float32 values, and the first place that has it; `bound` is what assay_chunk_measure_f32 says of them. */
double assay_chunk_max_abs_f32(const float *g, const float *c, size_t n, double bound, size_t *at);

/* max |g - c| / max(|g|, |c|) of them, likewise. */
double assay_chunk_max_rel_f32(const float *g, const float *c, size_t n, double bound);

/* Takes hidden scores out of a chunk: where g <= clamps[0] or c <= clamps[1], both become 0, and *hidden counts them. False when one of
 * those is not the same number on both sides; the chunk then means nothing. */
bool assay_chunk_take_hidden(float *g, float *c, size_t n, const float clamps[2], int64_t *hidden);

#ifdef __cplusplus
}
#endif

#endif
