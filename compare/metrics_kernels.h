/*
 * The inner loops of the metrics: branch-free, one pass over a chunk that fits L1, written to be vectorised.
 */
#ifndef ASSAY_COMPARE_METRICS_KERNELS_H
#define ASSAY_COMPARE_METRICS_KERNELS_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/dtype.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Elements of a chunk: two of them as doubles fit the first level of cache. */
#define ASSAY_METRICS_CHUNK 1024

/* Sums and maxima over the pairs of a chunk; names as in assay_metrics and its state. */
typedef struct {
    int64_t different;
    double max_abs, max_rel, max_ulp, golden_max;
    double diff2, golden2, candidate2, product;
} assay_chunk_sums;

/* out (n) = src (n) of any dtype as doubles. int64 beyond 2^53 is rounded. */
void assay_chunk_load(double *out, const void *src, assay_dtype dtype, size_t n);

/* True when no element is NaN or infinite, judged by the bits. */
bool assay_chunk_is_finite(const double *x, size_t n);

/* Largest |x|; x (n) is finite. */
double assay_chunk_max_abs(const double *x, size_t n);

/* |g - c| / max(|g|, |c|). Halved on both sides, so that the difference of two numbers near DBL_MAX does not overflow;
 * where both are 0 the quotient is 0 / 1. The halves of subnormals may lose a bit, which this metric does not mind. */
static inline double assay_relative(double g, double c) {
    double ga = fabs(g), ca = fabs(c);
    double larger = ga > ca ? ga : ca;
    return 2 * (fabs(0.5 * g - 0.5 * c) / (larger > 0 ? larger : 1));
}

/* Measures golden g (n) against candidate c (n), all finite. ULPs are those of ulp_dtype. */
void assay_chunk_measure(assay_chunk_sums *out, const double *g, const double *c, size_t n, assay_dtype ulp_dtype);

#ifdef __cplusplus
}
#endif

#endif
