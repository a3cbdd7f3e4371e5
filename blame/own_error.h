/*
 * How far one tensor is from another, as blame counts it: shape and class first, then the largest distance.
 */
#ifndef ASSAY_BLAME_OWN_ERROR_H
#define ASSAY_BLAME_OWN_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/dtype.h"
#include "core/stages.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a stage is measured by. */
typedef struct {
    assay_stage stage;
    assay_dtype run;    /* what the candidate computes in */
    assay_dtype stored; /* mem_dtype */
    assay_dtype dtype;  /* of the candidate's tensor on disk */
    bool visible;       /* scores that are hidden, or nearly, do not count */
} assay_own_kind;

/* distance: largest |wanted - found| (of stored memory: the smallest move of `wanted` that rounds to what was found); infinite where one is
 * NaN, infinite or hidden and the other is not. at: its index, -1 when there is none. */
typedef struct {
    double distance;
    int64_t at;
} assay_own_error;

/* Both are float64 and have the same shape. */
assay_own_error assay_measure_own(const assay_own_kind *kind, const assay_tensor *wanted, const assay_tensor *found);

/* Whether the stage holds memory in a half type that the run is not in. */
bool assay_own_is_stored(const assay_own_kind *kind);

/* Largest finite magnitude; hidden scores left out. */
double assay_own_scale(const assay_own_kind *kind, const assay_tensor *t);

#ifdef __cplusplus
}
#endif

#endif
