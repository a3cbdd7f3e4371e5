/*
 * What the axes of a stage's tensor are.
 */
#ifndef ASSAY_COMPARE_LAYOUT_H
#define ASSAY_COMPARE_LAYOUT_H

#include <stdint.h>

#include "core/stages.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Name of an axis ("batch", "head", "token", "dim", "key", "vocab", "label", "window", "bound") of a stage's tensor of
 * this rank; "axis" where the rank is not the stage's. Static. A token of the memory or of the local cache is a "token"
 * too; the last axis of scores and probabilities, which counts them together, is "key". */
const char *assay_layout_axis(assay_stage stage, int rank, int axis);

/* The axis of tokens, along which pad rows lie; -1 when this stage, at this rank, has none. */
int assay_layout_token_axis(assay_stage stage, int rank);

/* Splits a row-major index into one along each axis: at (rank). */
void assay_layout_unravel(const assay_tensor *t, int64_t index, int64_t *at);

#ifdef __cplusplus
}
#endif

#endif
