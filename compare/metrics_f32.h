/*
 * The inner loops of the metrics for float32, and for what float32 holds exactly: twice as fast as in double, and as exact.
 */
#ifndef ASSAY_COMPARE_METRICS_F32_H
#define ASSAY_COMPARE_METRICS_F32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compare/metrics_kernels.h"
#include "core/dtype.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Elements that are made float32 at a time, where they are to be: several chunks, of which few are measured twice. */
#define ASSAY_METRICS_ROOM (8 * ASSAY_METRICS_CHUNK)

/* True for the floating types that float32 holds exactly: it, float16 and bfloat16. */
bool assay_chunk_is_narrow(assay_dtype dtype);

/* out (n) = src (n) of a narrow dtype. */
void assay_chunk_load_f32(float *out, const void *src, assay_dtype dtype, size_t n);

/* Measures at most ASSAY_METRICS_CHUNK float32 values, as assay_chunk_measure does doubles. False, and *out means nothing, when one is not
 * finite. max_abs and max_rel are bounds, hardly above the maxima, which the next two functions find. All else is exact. */
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
