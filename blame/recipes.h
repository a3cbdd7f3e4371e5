/*
 * How each stage follows from others: the table of operations that blame runs again on a candidate's own tensors.
 */
#ifndef ASSAY_BLAME_RECIPES_H
#define ASSAY_BLAME_RECIPES_H

#include <stdbool.h>
#include <stdint.h>

#include "blame/value.h"
#include "core/config.h"
#include "core/stages.h"
#include "core/status.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Values by slot: the stages of the window and layer at hand, and what is gathered from several. */
typedef enum {
    ASSAY_SLOT_HIDDEN = ASSAY_STAGE_COUNT, /* (B,T,C) input of the layer; of the final norm: the last layer's output */
    ASSAY_SLOT_EMBEDS,                     /* (B,T,C) the window's part of inputs_embeds */
    ASSAY_SLOT_LOCAL_KEY,                  /* (B,H,L,D) unrotated: cached, then new */
    ASSAY_SLOT_LOCAL_VALUE,                /* (B,H,L,D) */
    ASSAY_SLOT_LOCAL_POSITION,             /* (B,L) position ids of local keys */
    ASSAY_SLOT_LOCAL_KEEP,                 /* (B,L) 1 keeps, 0 hides */
    ASSAY_SLOT_WRITE_KEY,                  /* (B,H,n,D) what is about to join the memory, not cast yet */
    ASSAY_SLOT_WRITE_VALUE,                /* (B,H,n,D) */
    ASSAY_SLOT_WRITE_KEEP,                 /* (B,n) */
    ASSAY_SLOT_SEEN_KEY,                   /* (B,H,m,D) memory before the window's attention */
    ASSAY_SLOT_SEEN_VALUE,                 /* (B,H,m,D) */
    ASSAY_SLOT_SEEN_MASK,                  /* (B,m) */
    ASSAY_SLOT_NORMS,                      /* (B,T,C) of all windows of the call */
    ASSAY_SLOT_POOLED,                     /* (B) token that a classification reads */
    ASSAY_SLOT_PAST_KEY,                   /* the past after the step, by its six parts */
    ASSAY_SLOT_PAST_VALUE,
    ASSAY_SLOT_PAST_POSITION,
    ASSAY_SLOT_PAST_MEM_KEY,
    ASSAY_SLOT_PAST_MEM_VALUE,
    ASSAY_SLOT_PAST_MEM_MASK,
    ASSAY_SLOT_COUNT,
    ASSAY_SLOT_NONE
} assay_slot;

/* What an operation depends on besides its inputs. */
typedef struct {
    const assay_config *config;
    const assay_tensor_map *weights; /* float64, by Hugging Face names */
    const assay_tensor *labels;      /* of the step; NULL without */
    assay_problem problem;           /* of a classification's loss */
    int64_t layer;
    assay_dtype run;   /* what the candidate computes in: masks and the clamp are its (ATT-1, ATT-5) */
    assay_dtype round; /* what each step rounds to (blame/plain_math.h) */
} assay_recipe_context;

enum { ASSAY_RECIPE_INPUTS = 5 };

typedef assay_status assay_recipe_function(const assay_recipe_context *c, const assay_tensor *const *in,
                                           assay_tensor *out, assay_error *err);

typedef struct {
    assay_slot inputs[ASSAY_RECIPE_INPUTS]; /* ends with ASSAY_SLOT_NONE */
    assay_recipe_function *run;             /* NULL: the stage follows from the case alone */
} assay_recipe;

/* The recipe of a stage. */
const assay_recipe *assay_recipe_of(assay_stage stage);

/* Runs it: in (one a slot of its inputs, NULL where a slot is not known: only inputs that the function can do without may be) to *out, a
 * new float64 tensor. ASSAY_EINPUT when the inputs do not fit together. */
assay_status assay_recipe_run(assay_stage stage, const assay_recipe_context *c, const assay_tensor *const *in,
                              assay_tensor *out, assay_error *err);

/* Length of the longest sum in the stage's operation: its rounding grows with the square root. At least 1. */
double assay_recipe_terms(assay_stage stage, const assay_recipe_context *c, const assay_tensor *out);

/* Whether a slot holds whole numbers or masks, which rounding leaves alone. */
bool assay_slot_is_exact(assay_slot slot);

/* Whether an operation can do without the input. */
bool assay_slot_is_optional(assay_slot slot);

#ifdef __cplusplus
}
#endif

#endif
