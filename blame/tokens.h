/*
 * Greedy choices (GEN-1): whether the candidate's tokens are the largest logits of its own final norms.
 */
#ifndef ASSAY_BLAME_TOKENS_H
#define ASSAY_BLAME_TOKENS_H

#include "blame/judgement.h"

#ifdef __cplusplus
extern "C" {
#endif

/* For each window of a generate that a token is chosen after: how far each token's logit is below the largest, and what rounding explains
 * of that. */
typedef struct {
    assay_value *below; /* (count) of (B,V); not known where the norm is not */
    double *tolerance;  /* (count) */
    size_t count;
} assay_choices;

/* Adds the choice after the window at hand, from its final norm. */
assay_status assay_choices_add(assay_choices *c, const assay_walker *w, assay_error *err);

/* Judges the candidate's tokens by the choices. A row that has met the end token is filled, and not chosen. */
assay_status assay_choices_judge(const assay_choices *c, assay_walker *w, const assay_step *step, assay_error *err);

/* Frees and clears. */
void assay_choices_clear(assay_choices *c);

#ifdef __cplusplus
}
#endif

#endif
