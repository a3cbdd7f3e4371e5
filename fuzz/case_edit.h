/*
 * Edits that make a case smaller and leave it a case: what fits together is cut together. A step that is refused afterwards is no
 * error; whoever edits runs the case and sees.
 *
 * Every edit works in place and needs no memory. False: there is nothing to cut; the case may then be half edited and is to be thrown
 * away, so edit copies.
 */
#ifndef ASSAY_FUZZ_CASE_EDIT_H
#define ASSAY_FUZZ_CASE_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "golden/case.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Tokens that the whole case feeds or makes: B * T of every step, and B * max_new_tokens of a generation. */
int64_t assay_fuzz_case_tokens(const assay_case *c);

/* Removes a step. The last one stays. */
bool assay_fuzz_drop_step(assay_case *c, size_t step);

/* Removes tokens [first, first + count) of a step from everything that has a column for each; of a mask those of the input, which are its last.
 * At least one token stays. */
bool assay_fuzz_drop_tokens(assay_step *step, int64_t first, int64_t count);

/* Removes row `row` of the batch from every step that has it, and what a reorder makes of it. At least one row stays everywhere. */
bool assay_fuzz_drop_row(assay_case *c, int64_t row);

/* Removes a layer of the model; the last one stays. */
bool assay_fuzz_drop_layer(assay_config *config, int64_t layer);

/* Makes the head size or the number of heads smaller; embeddings that steps bring lose the columns that are then too many. */
bool assay_fuzz_resize_heads(assay_case *c, int64_t heads, int64_t head_dim);

/* Makes the vocabulary smaller: ids, labels and end tokens beyond it wrap around, but those beyond the old one stay beyond it. */
bool assay_fuzz_resize_vocab(assay_case *c, int64_t vocab);

/* Takes a tensor out of a step; false where it has none. */
bool assay_fuzz_drop_tensor(assay_tensor *t);

#ifdef __cplusplus
}
#endif

#endif
