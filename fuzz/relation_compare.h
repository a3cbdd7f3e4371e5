/* Comparing the results of two forms of a case; for relation_*.c. What is compared makes a verdict (fuzz/relation_job.h). */
#ifndef ASSAY_FUZZ_RELATION_COMPARE_H
#define ASSAY_FUZZ_RELATION_COMPARE_H

#include "core/stages.h"
#include "fuzz/relation_job.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Says that the relation is broken, unless that was said before. */
void assay_relation_break(assay_relation_job *job, const char *fmt, ...) ASSAY_PRINTF(2, 3);

/* Says that it holds so far: for a relation that compares by itself. */
void assay_relation_hold(assay_relation_job *job);

/* Two numbers that must be the same; `what` says which. `largest` is the scale that the tolerance is a part of. */
void assay_relation_same_number(assay_relation_job *job, const char *what, double a, double b, double largest);

/* Forms of as many steps: all results of all steps, refusals too. */
void assay_relation_same_results(assay_relation_job *job);

/* Some logits of a step of each. */
typedef struct {
    size_t a_step, b_step;
    int64_t a_first, b_first, count; /* tokens [a_first, a_first + count) and as many of the second form's */
    const int64_t *b_row; /* (rows of the first form) which row of the second each is; -1: none. NULL: the same */
    const uint8_t *skip;  /* (B, tokens of the first form's step) 1: not compared. NULL: none */
} assay_relation_logits;

/* Both steps must have run: one that did not breaks the relation. */
void assay_relation_same_logits(assay_relation_job *job, const assay_relation_logits *which);

/* The past after a step of each: same lengths, and the same numbers in all six tensors, but that the second form's position ids
 * are larger by `shift`. b_row as above. */
typedef struct {
    size_t a_step, b_step;
    const int64_t *b_row;
    int64_t shift;
} assay_relation_pasts;
void assay_relation_same_past(assay_relation_job *job, const assay_relation_pasts *which);

/* The same for everything that the steps give: schedule, logits, loss, tokens, past; or that they are refused by the same rules. */
void assay_relation_same_step(assay_relation_job *job, const assay_relation_pasts *which);

/* The same for one stage; both may lack it. */
void assay_relation_same_stage(assay_relation_job *job, const assay_relation_pasts *which, assay_stage stage,
                               int64_t layer);

#ifdef __cplusplus
}
#endif

#endif
