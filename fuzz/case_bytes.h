/*
 * Any bytes, read as a case: a small model and a sequence of calls on it. Random cases are random bytes; libFuzzer mutates the same
 * form. Lengths lean to where windows, caches and kernels end.
 */
#ifndef ASSAY_FUZZ_CASE_BYTES_H
#define ASSAY_FUZZ_CASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "golden/case.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How large a case may be. */
typedef struct {
    int64_t layers, heads, head_dim, intermediate, vocab;
    int64_t window; /* W */
    int64_t batch;
    int64_t tokens; /* of one call, and new ones of one generation */
    int64_t steps;
    bool
        refusals; /* also calls that must be refused: a wrong shape, a token outside the vocabulary, a gap in positions ... */
    bool plain; /* only what every port can do: forward with ids, generate and reorder on a language model; no grouping,
                      torch_attention, classification or inputs_embeds */
    assay_dtype dtype; /* of every case; in a half type without generation, as rounding decides what is generated */
} assay_fuzz_bounds;

/* Large enough for every boundary, now and then for a kernel's tiles too. */
extern const assay_fuzz_bounds assay_fuzz_bounds_default;

/* So small that more than a thousand cases run in a second under sanitizers. */
extern const assay_fuzz_bounds assay_fuzz_bounds_tiny;

/* Makes the case that the bytes stand for; every sequence of bytes, an empty one too, stands for one. It runs on weights of its own
 * recipe. out->text and out->model_json are NULL (fuzz/case_text.h makes them). ASSAY_EINTERNAL when out of memory.
 * Release with assay_case_free. */
assay_status assay_fuzz_case_decode(assay_case *out, const uint8_t *bytes, size_t nbytes,
                                    const assay_fuzz_bounds *bounds, assay_error *err);

/* The number of random bytes that make a random case. */
#define ASSAY_FUZZ_CASE_NBYTES 256

/* The case number `index` of a seed: assay_fuzz_case_decode of pseudo-random bytes. */
assay_status assay_fuzz_case_random(assay_case *out, uint64_t seed, uint64_t index, const assay_fuzz_bounds *bounds,
                                    assay_error *err);

/* Other calls, as random, on the model and weights of a case. */
assay_status assay_fuzz_case_random_calls(assay_case *out, const assay_case *of, uint64_t seed, uint64_t index,
                                          const assay_fuzz_bounds *bounds, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
