/* Editing the steps of a form, and making new ones; for relation_*.c. After an error nothing happens (fuzz/relation_job.h). */
#ifndef ASSAY_FUZZ_RELATION_STEPS_H
#define ASSAY_FUZZ_RELATION_STEPS_H

#include "fuzz/relation_job.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Keeps the first `count` steps of both forms. */
void assay_relation_cut(assay_relation_job *job, size_t count);

/* Drops the labels of all steps of a form. */
void assay_relation_drop_labels(assay_relation_form *form);

/* Replaces all steps by `count` forwards without input, on no past, use_cache unset. False on an error. */
bool assay_relation_new_steps(assay_relation_job *job, assay_relation_form *form, size_t count);

/* The ids (B,T) of the case's first step that has some, for new steps to be made of. NULL when there are none, one is outside the
 * vocabulary, the model is no language model, or it refuses every call (MEM-10). */
const assay_tensor *assay_relation_tokens(const assay_relation_job *job);

/* Token `t` of row `b` of an endless text that starts with `tokens`. */
int64_t assay_relation_token(const assay_relation_job *job, const assay_tensor *tokens, int64_t b, int64_t t);

/* Gives the step tokens [first, first + count) of the text, in `rows` rows; row r is b_row[r] of it (NULL: r). */
void assay_relation_put_ids(assay_relation_job *job, assay_step *step, const assay_tensor *tokens, int64_t rows,
                            const int64_t *b_row, int64_t first, int64_t count);

/* Gives the step the positions first, first + 1 ... */
void assay_relation_put_positions(assay_relation_job *job, assay_step *step, int64_t first);

/* Gives the step a mask of ones (rows, columns) and returns it; NULL on an error. */
double *assay_relation_put_mask(assay_relation_job *job, assay_step *step, int64_t rows, int64_t columns);

/* The context length of a step (C), and a new one for it. */
int64_t assay_relation_context(const assay_relation_form *form, const assay_step *step);
void assay_relation_set_context(assay_step *step, int64_t context);

/* Replaces a tensor by its columns [first, first + count) (axis 1), or by its rows `rows`, n of them. Absent ones stay so. */
void assay_relation_take_columns(assay_relation_job *job, assay_tensor *t, int64_t first, int64_t count);
void assay_relation_take_rows(assay_relation_job *job, assay_tensor *t, const int64_t *rows, int64_t n);

/* take_rows of all tensors of a step but beam_idx, each of which has as many rows. */
void assay_relation_take_step_rows(assay_relation_job *job, assay_step *step, const int64_t *rows, int64_t n);

/* Whether token t of row b of the step's input is kept by its mask (SCHED-6). */
bool assay_relation_keeps(const assay_step *step, int64_t b, int64_t t);

/* Marks hidden tokens of a step's input: (B,T), 1 where hidden; NULL on an error. Free it. */
uint8_t *assay_relation_hidden(assay_relation_job *job, const assay_step *step);

#ifdef __cplusplus
}
#endif

#endif
