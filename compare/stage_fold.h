/*
 * A case folded by stage: of each stage how far its places are from the golden, in noise floors. Baselines and the history keep this
 * of a run.
 */
#ifndef ASSAY_COMPARE_STAGE_FOLD_H
#define ASSAY_COMPARE_STAGE_FOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "compare/result.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A root mean square of fewer elements says no more than the largest does. */
#define ASSAY_FOLD_LEAST_ELEMENTS 16

typedef struct {
    size_t places, failed, waived; /* judged; of these failing, and waived */
    double worst;                  /* largest deviation in noise floors; infinite where no distance says it */
    double rms;                    /* root mean square of the differences of all places, in noise floors */
    double ratio;                  /* largest deviation / tolerance */
    bool has_worst;                /* not of stages that are judged exactly */
    bool has_rms;                  /* not of stored memory, whose roundings may tip (MEM-6), nor of few elements */
    size_t worst_entry, rms_entry; /* the entries that are farthest */
} assay_stage_fold;

/* True for a stage that passes, fails, or fails and is waived. */
bool assay_entry_was_judged(const assay_entry *e);

/* How many refusals of a case were judged: steps that pass, fail, or fail and are waived. *failed: those that fail. */
size_t assay_fold_refusals(const assay_case_result *c, size_t *failed);

/* Folds a case. Noise floors are the golden's; where it has none, an eighth of the tolerance stands for one. places is 0 of a stage
 * that was not judged. */
void assay_stage_fold_case(const assay_case_result *c, assay_stage_fold folds[ASSAY_STAGE_COUNT]);

#ifdef __cplusplus
}
#endif

#endif
