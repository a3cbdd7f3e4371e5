/*
 * Choice of the next token. Source: torch.argmax; the temperature, top-k and top-p warpers of transformers, in its order;
 * Holtzman et al., "The curious case of neural text degeneration", 2020.
 */
#ifndef ASSAY_ENGINE_SAMPLE_H
#define ASSAY_ENGINE_SAMPLE_H

#include <stdint.h>

#include "core/status.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    double temperature; /* > 0; logits are divided by it */
    int64_t top_k;      /* keep the k largest (and what ties with the last); 0: all */
    double top_p;       /* keep the smallest set of most likely tokens whose probability reaches it; 1: all */
    uint64_t seed;      /* the n-th choice of row b is a function of (seed, b, n) alone */
} assay_sampling;

/* ASSAY_EINPUT when a value is out of range. */
assay_status assay_sampling_check(const assay_sampling *sampling, assay_error *err);

/* Index of the largest of n logits from element `first` on; the first one where several are equal. A NaN counts as the
 * largest, as torch has it. */
int64_t assay_argmax(const assay_tensor *logits, int64_t first, int64_t n);

/* Draws one of n logits from softmax(logits / temperature) after top-k and top-p, by `uniform` in [0, 1). */
typedef struct {
    const assay_tensor *logits;
    int64_t first, n;
    double uniform;
} assay_draw;
assay_status assay_sample(const assay_draw *draw, const assay_sampling *sampling, int64_t *out, assay_error *err);

/* The number in [0, 1) for the `step`-th choice of batch row `row`. */
double assay_sampling_uniform(const assay_sampling *sampling, int64_t row, int64_t step);

#ifdef __cplusplus
}
#endif

#endif
