/*
 * The layouts that tensors may have as stages, and the first values of each: found once for all stages of one shape, since these have
 * their samples at the same places.
 */
#ifndef ASSAY_COMPARE_SAMPLE_LOOKS_H
#define ASSAY_COMPARE_SAMPLE_LOOKS_H

#include <stddef.h>

#include "compare/layout_guess.h"
#include "compare/value_sample.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A tensor as any stage of a shape. */
typedef struct {
    size_t count; /* of layouts; 0: it is no such stage */
    const assay_layout_guess *guesses;
    const size_t *offsets; /* (count, ASSAY_SAMPLE_MAX) where the sample lies in each layout */
    const double *first;   /* (count, ASSAY_SAMPLE_FIRST) the first values in each layout */
} assay_look;

typedef struct assay_looks assay_looks;

/* For `stage_count` samples, which must outlive *out, and tensors that are numbered below tensor_count. ASSAY_EINTERNAL when out of
 * memory. Release with assay_looks_destroy. */
assay_status assay_looks_create(assay_looks **out, const assay_value_sample *samples, size_t stage_count,
                                size_t tensor_count, assay_error *err);

/* A tensor in memory, by its number, as a stage. *out is good until the looks are destroyed. ASSAY_EINTERNAL when out of memory. */
assay_status assay_looks_get(assay_looks *looks, size_t stage, size_t number, const assay_tensor *tensor,
                             assay_look *out, assay_error *err);

/* NULL is fine. */
void assay_looks_destroy(assay_looks *looks);

#ifdef __cplusplus
}
#endif

#endif
