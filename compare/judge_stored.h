/*
 * The part of the judge that knows how memory is stored (MEM-6): see STORED in compare/judge.h.
 */
#ifndef ASSAY_COMPARE_JUDGE_STORED_H
#define ASSAY_COMPARE_JUDGE_STORED_H

#include <stdbool.h>
#include <stdint.h>

#include "compare/judge.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Index of the first finite element that `dtype`, a half type, cannot hold; -1 when it can hold all. */
int64_t assay_first_not_representable(const assay_tensor *t, assay_dtype dtype);

/* True when the candidate was cast to mem_dtype. Otherwise *e becomes a failure that names MEM-6. */
bool assay_judge_cast(assay_entry *e, const assay_judge_input *in);

/* Holds the candidate against the golden's unrounded values; in->unrounded is there, in->spans too. */
void assay_judge_against_unrounded(assay_entry *e, const assay_judge_input *in);

/* Holds the candidate against the golden's stored values: a unit apart, or within the tolerance. All classes agree. */
void assay_judge_by_unit(assay_entry *e, const assay_judge_input *in);

/* Points e->worst at an element: its index and both values (compare/judge.c). index may be -1. */
void assay_judge_set_worst(assay_entry *e, const assay_judge_input *in, int64_t index);

#ifdef __cplusplus
}
#endif

#endif
