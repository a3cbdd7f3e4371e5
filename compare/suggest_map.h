/*
 * Proposes a mapping (compare/map_file.h): which tensor of a port is which stage of a golden, by names, shapes and values.
 */
#ifndef ASSAY_COMPARE_SUGGEST_MAP_H
#define ASSAY_COMPARE_SUGGEST_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "compare/layout_guess.h"
#include "compare/source.h"
#include "compare/value_sample.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* From this confidence on an entry is sure. */
#define ASSAY_SUGGESTION_SURE 0.9

/* One stage, and the tensor that it is taken to be. */
typedef struct {
    assay_place place;
    char *from; /* the tensor's name in the candidate */
    assay_layout_op ops[ASSAY_GUESS_MAX_OPS];
    size_t op_count;
    assay_value_agreement values;
    double name;       /* assay_name_agreement */
    double confidence; /* in [0, 1] */
    char reason[240];  /* what the confidence rests on */
} assay_suggested;

/* Release with assay_suggestion_free. */
typedef struct {
    assay_suggested *entries; /* (count) in execution order */
    size_t count, sure_count;
    assay_place *missing; /* (missing_count) stages of the golden that no tensor is, in execution order */
    size_t missing_count;
    char **unused; /* (unused_count) tensors that are no stage of the golden */
    size_t unused_count;
} assay_suggestion;

/* Proposes at most one tensor for a stage, and one stage for a tensor. A tensor may lie in another layout than the stage: axes in another
 * order, heads split or merged, axes of size 1, rotary pairs side by side. Slices and joins are not looked for. The candidate's tensors
 * are all in memory meanwhile. Errors: as assay_source_read; ASSAY_EINTERNAL when out of memory. */
assay_status assay_suggest_map(assay_suggestion *out, const assay_source *golden, const assay_source *candidate,
                               const assay_layout_facts *facts, assay_error *err);

void assay_suggestion_free(assay_suggestion *suggestion);

#ifdef __cplusplus
}
#endif

#endif
