/*
 * Goes through a case in execution order, with the candidate's tensors as inputs of each operation.
 */
#ifndef ASSAY_BLAME_WALK_H
#define ASSAY_BLAME_WALK_H

#include "blame/blame.h"
#include "blame/recipes.h"
#include "golden/case.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a walk goes by. All of it is borrowed. */
typedef struct {
    const assay_case *test_case;
    const assay_config *config;
    const assay_tensor_map *weights; /* float64 */
    assay_dtype dtype;               /* what the candidate computes in */
    const assay_source *candidate;
    const assay_source *golden;    /* noise floors, and the original's values where it has them */
    const assay_source *reference; /* the engine's run of the case: the window schedule and all shapes */
} assay_walk_input;

/* (ASSAY_STAGE_COUNT) the stages that the reference must hold everywhere, whatever the candidate has. Static. */
const bool *assay_walk_needs(void);

/* Adds an entry for each of the candidate's tensors, in execution order, to *out, which is empty. */
assay_status assay_walk(assay_blame *out, const assay_walk_input *in, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
