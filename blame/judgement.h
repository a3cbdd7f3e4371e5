/*
 * One stage on a walk: what it should be, given the candidate's inputs, and the verdict on what it is.
 */
#ifndef ASSAY_BLAME_JUDGEMENT_H
#define ASSAY_BLAME_JUDGEMENT_H

#include "blame/walk.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A walk under way. */
typedef struct {
    const assay_walk_input *in;
    assay_blame *out;
    assay_recipe_context recipe;
    assay_place at; /* step, window and layer at hand */
    assay_value slots[ASSAY_SLOT_COUNT];
    bool positions_differ; /* the candidate's past has other position ids than the original's */
} assay_walker;

/* Judges a stage that follows from others by its recipe, and puts into its slot what later operations go on with: the candidate's
 * tensor, or what follows from the inputs where it has none. */
assay_status assay_judge_own(assay_walker *w, assay_stage stage, assay_error *err);

/* Judges a stage that follows from the case: whole numbers that must equal the reference's. `inherits` says that a difference comes
 * from earlier ones. The slot gets the candidate's, else the reference's. */
assay_status assay_judge_given(assay_walker *w, assay_stage stage, bool inherits, assay_error *err);

/* Adds an entry for a tensor of the candidate that cannot be judged. */
assay_status assay_judge_not(assay_walker *w, const assay_source_item *item, const char *why, assay_error *err);

/* Adds a fault of the inputs: the candidate refuses the step at hand, which the original carries out. */
assay_status assay_judge_refusal(assay_walker *w, const char *why, assay_error *err);

/* The place of a stage at hand. */
assay_place assay_walker_place(const assay_walker *w, assay_stage stage);

#ifdef __cplusplus
}
#endif

#endif
