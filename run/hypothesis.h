/* One hypothesis of a diagnosis: the case run with some mistakes, held against the candidate. */
#ifndef ASSAY_RUN_HYPOTHESIS_H
#define ASSAY_RUN_HYPOTHESIS_H

#include "run/distance.h"
#include "run/load_model.h"
#include "run/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What hypotheses are about. */
typedef struct {
    const assay_case *test_case;
    const assay_loaded_model *model;
    const assay_loaded_model
        *others;        /* (other_count) the same in float64, or with weights moved by a unit in the last place */
    size_t other_count; /* 0: hypotheses are not refined */
    const assay_measured *candidate;
    const assay_trace *original; /* the run without a mistake */
} assay_diagnosed;

/* Runs the case with the hypothesis's mistakes and fills its distance and verdict. Any number of threads may do so at a time. */
assay_status assay_hypothesis_try(assay_hypothesis *h, const assay_diagnosed *about, const assay_distance *original,
                                  assay_error *err);

/* Again, with the noise of the hypothesis itself: some mistakes (a softmax in bfloat16) amplify rounding, so that the golden's floors
 * are too narrow for them. How far the run moves on the other models widens the floors, for the run without a mistake as well. Fills the
 * distance when it explains the candidate then. */
assay_status assay_hypothesis_refine(assay_hypothesis *h, const assay_diagnosed *about, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
