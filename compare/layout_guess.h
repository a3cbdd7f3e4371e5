/*
 * Layouts that a port's tensor may have where it is a given stage: in which order its axes lie in memory.
 */
#ifndef ASSAY_COMPARE_LAYOUT_GUESS_H
#define ASSAY_COMPARE_LAYOUT_GUESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compare/map_layout.h"
#include "core/stages.h"
#include "core/status.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_GUESS_MAX_AXES 4
#define ASSAY_GUESS_MAX 48 /* 4! orders, with either order of rotary pairs */
#define ASSAY_GUESS_MAX_OPS 5

/* The axes of a stage, those of heads apart: (B, T, C) of a projection is B, T, H, D. Axes of size 1 are left out. */
typedef struct {
    assay_tensor shape; /* of the stage, all tokens of it; data is NULL */
    int count;
    int64_t size[ASSAY_GUESS_MAX_AXES];
    bool fits;       /* false: more axes than can be looked at */
    bool has_rotary; /* the last axis has rotary pairs */
} assay_stage_axes;

/* One layout. */
typedef struct {
    int order[ASSAY_GUESS_MAX_AXES];      /* axis order[i] of the stage is the i-th in memory */
    int64_t stride[ASSAY_GUESS_MAX_AXES]; /* elements from one index of the stage's axis to the next */
    bool interleaved;                     /* rotary pairs lie side by side */
    double cost;                          /* 0 for the stage's own layout; grows with what is done to get there */
} assay_layout_guess;

/* The axes of a stage whose tensor, with all tokens, has this shape. */
assay_stage_axes assay_stage_axes_of(assay_stage stage, const assay_tensor *shape, const assay_layout_facts *facts);

/* All layouts in which a tensor of shape `candidate` can be the stage, the cheapest first. Returns how many; 0: it cannot be. */
size_t assay_layout_guesses(const assay_stage_axes *axes, const assay_tensor *candidate,
                            assay_layout_guess out[ASSAY_GUESS_MAX]);

/* Where in the candidate's memory the element of the stage with this index (row-major, all tokens) lies. */
size_t assay_layout_guess_offset(const assay_stage_axes *axes, const assay_layout_guess *guess, size_t index);

/* The operations of a mapping that make the stage of such a candidate; named ones where they do, such as split_heads. Errors:
 * ASSAY_EINTERNAL when out of memory. */
assay_status assay_layout_guess_ops(const assay_stage_axes *axes, const assay_layout_guess *guess,
                                    const assay_tensor *candidate, const assay_layout_facts *facts,
                                    assay_layout_op ops[ASSAY_GUESS_MAX_OPS], size_t *count, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
