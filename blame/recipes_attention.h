/* The attention's operations of the table in blame/recipes.c; signatures and errors as assay_recipe_function. */
#ifndef ASSAY_BLAME_RECIPES_ATTENTION_H
#define ASSAY_BLAME_RECIPES_ATTENTION_H

#include "blame/recipes.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Shared by both files of recipes: refuses inputs that do not fit together; makes room for a float64 result. */
assay_status assay_recipe_misfit(assay_error *err);
assay_status assay_recipe_new(assay_tensor *out, int rank, const int64_t *shape, assay_error *err);

/* (B,n) additive mask of what joins the memory, from what its columns keep (MEM-5). */
assay_recipe_function assay_recipe_memory_mask;
/* (B,L) positions minus the least of the row's local keys (POS-2). */
assay_recipe_function assay_recipe_relative;
/* (L,D) the rotary table, as long as there are local keys (ROPE-1, POS-3). */
assay_recipe_function assay_recipe_cos, assay_recipe_sin;
/* (B,H,T,D) from q_proj (B,T,C): with the last T relative positions (POS-6), or as it is where the layer has no rotary (MEM-7). */
assay_recipe_function assay_recipe_rotate_query;
/* (B,H,L,D) from unrotated local keys (ROPE-4). */
assay_recipe_function assay_recipe_rotate_key;
/* (B,H,T,L+m) local scores, then memory's (ATT-1, MEM-3, MEM-4; unclamped with torch_attention: ATT-4). */
assay_recipe_function assay_recipe_scores;
/* (B,H,T,L+m) (ATT-2, MEM-9). */
assay_recipe_function assay_recipe_softmax;
/* (B,T,C) probabilities times local values and memory's, heads joined. */
assay_recipe_function assay_recipe_values;

#ifdef __cplusplus
}
#endif

#endif
